"""Whether a table is consistent, by its raw items."""

from __future__ import annotations

from typing import Any

import attrs

import leyden
from leyden.program import Request
from leyden.schema.spec import ENTITY_FIELD

Item = dict[str, Any]


def raw_items(app: leyden.Service) -> list[Item]:
    """All items of the table as they are stored."""
    items: list[Item] = []
    params: dict[str, Any] = {"TableName": app.table, "ConsistentRead": True}
    while True:
        answer = app.driver.send(Request("Scan", params))
        items += answer["Items"]
        if not answer.get("LastEvaluatedKey"):
            return items
        params["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def check_items(app: leyden.Service) -> dict[str, dict[str, Item]]:
    """Check that every item is whole: its keys, and those in indexes, are of its attributes.

    Gives the items by entity and id.
    """
    found: dict[str, dict[str, Item]] = {"thread": {}, "message": {}}
    for item in raw_items(app):
        record = app.parse(item)
        values = attrs.asdict(record, recurse=False)
        entity = app.entities[item[ENTITY_FIELD]["S"]]
        given = {name: value for name, value in values.items() if value is not None}
        assert entity.put(**given).params()["Item"] == item
        found[entity.name][item["id"]["S"]] = item
    return found


def check_table(app: leyden.Service) -> dict[str, dict[str, Item]]:
    """Check the items, and that no message is of a thread that there is not."""
    found = check_items(app)
    for message in found["message"].values():
        assert message["threadId"]["S"] in found["thread"], "a message without its thread"
    return found
