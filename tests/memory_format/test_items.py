"""The shipped memory schemas have the format of the items that the TypeScript client writes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

import leyden
from leyden.schema.spec import ENTITY_FIELD

ROOT: Final = Path(__file__).resolve().parents[2]


def _read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


ITEMS: Final = _read(ROOT / "src" / "leyden" / "demo" / "mastra-items.jsonl")
"""What the client wrote: threads, messages, resources, workflow snapshots, scores."""

EARLIER: Final = _read(Path(__file__).with_name("earlier_items.jsonl"))
"""A trace and an evaluation, as ElectroDB stores them with the earlier client's models."""


@cache
def memory() -> Any:
    return leyden.load(ROOT / "schemas" / "memory", table="memory")


def rebuilt(item: dict[str, Any]) -> dict[str, Any]:
    """The item again, from the record that it decodes to."""
    record = memory().parse(item)
    values = {
        field.name: getattr(record, field.name)
        for field in attrs.fields(type(record))
        if getattr(record, field.name) is not None
    }
    made: dict[str, Any] = memory()[item[ENTITY_FIELD]["S"]].put(**values).params()["Item"]
    return made


def _title(item: dict[str, Any]) -> str:
    return "-".join(item.get(name, {}).get("S", "") for name in (ENTITY_FIELD, "id", "run_id"))


@pytest.mark.parametrize("item", ITEMS + EARLIER, ids=_title)
def test_every_stored_item_is_rebuilt_byte_for_byte_from_its_attributes(
    item: dict[str, Any],
) -> None:
    assert rebuilt(item) == item


def test_all_the_items_are_there() -> None:
    assert len(ITEMS) == 31
    assert {item[ENTITY_FIELD]["S"] for item in ITEMS} == {
        *("thread", "message", "resource", "workflow_snapshot", "score")
    }


@pytest.mark.parametrize(
    "text",
    [
        '{"z":1,"a":2,"nested":{"b":[1,2.5,null,true]}}',
        '{"small":1e-7,"tiny":0.000001,"large":1e+21,"long":123456789012345680000}',
        '{"unicode":"93 °C — 日本 😀","escaped":"\\n\\t\\"\\\\\\u0001\\u001f"}',
        '{"lone":"\\ud800","separator":"\u2028"}',
        '{"":"","0":[],"1":{}}',
        "[]",
        "{}",
    ],
)
def test_what_json_stringify_writes_survives_decoding_and_encoding(text: str) -> None:
    thread = next(item for item in ITEMS if item[ENTITY_FIELD]["S"] == "thread")
    assert rebuilt({**thread, "metadata": {"S": text}})["metadata"] == {"S": text}


def test_text_that_looks_like_json_stays_text() -> None:
    message = next(item for item in ITEMS if item[ENTITY_FIELD]["S"] == "message")
    for text in ("hello", "[not json", "{}", '"quoted"', "12", ""):
        item = {**message, "content": {"S": text}}
        assert memory().parse(item).content == text
        assert rebuilt(item) == item
