"""Items that other packages wrote for agent frameworks, in tables of their own.

`foreign.json` has what langgraph-checkpoint-aws 1.2.6, langchain-community 0.4.2 and
openai-agents-session wrote to DynamoDB Local, and what each of them then read.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Final

from leyden import tables
from leyden.program import Item, Request

WRITTEN: Final[dict[str, Any]] = json.loads(
    Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
)

KEYS: Final = {
    "langgraph": ("PK", "SK"),
    "langchain": ("SessionId",),
    "openai": ("session_id",),
}


def new_table(driver: Any, kind: str, name: str) -> str:
    """Create a table with the items that a package wrote."""
    fields = KEYS[kind]
    key_types = zip(fields, ("HASH", "RANGE"), strict=False)
    create = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": f, "AttributeType": "S"} for f in fields],
        "KeySchema": [{"AttributeName": f, "KeyType": kind} for f, kind in key_types],
    }
    driver.run(one(Request("CreateTable", create)))
    write(driver, name, [raw(item) for item in WRITTEN[kind]])
    return name


def write(driver: Any, name: str, items: list[Item]) -> None:
    """Write raw items."""
    for at in range(0, len(items), tables.WRITE_LIMIT):
        driver.run(tables.write_items(name, items[at : at + tables.WRITE_LIMIT]))


def one(request: Request) -> Any:
    """The program of one request."""
    return (yield request)


def raw(item: dict[str, Any]) -> Item:
    """An item of the file as DynamoDB has it."""
    return {name: _value(value) for name, value in item.items()}


def _value(value: dict[str, Any]) -> dict[str, Any]:
    ((kind, inner),) = value.items()
    match kind:
        case "B":
            return {"B": base64.b64decode(inner)}
        case "L":
            return {"L": [_value(one) for one in inner]}
        case "M":
            return {"M": raw(inner)}
    return value
