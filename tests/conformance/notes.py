"""A schema with large values, and what a table must look like: no part without its item."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import leyden
from leyden.operations.companions.overflow import format as overflow
from leyden.operations.companions.overflow.format import (
    OWNER_FIELD,
    is_part,
    part_keys,
    read_manifest,
)
from leyden.operations.plan import expressions as size
from leyden.program import Item, Request

NOTES = """
entity: notes
alias: note
version: "1"
service: shelf
attributes:
  book: {type: string, required: true}
  page: {type: string, required: true}
  title: string
  remark: string
  text: {type: string, overflow: chunk}
  data: {type: json, overflow: chunk}
  tags: {type: list, overflow: chunk}
  blob: {type: binary, overflow: chunk, field: b}
  reads: {type: integer, default: 0}
  expires_at: {type: ttl, field: expiresAt}
indexes:
  book:
    collection: shelf
    pk: {field: pk, composite: [book]}
    sk: {field: sk, composite: [page]}
  titled:
    index: gsi1
    pk: {field: gsi1pk, composite: [title]}
    sk: {field: gsi1sk, composite: [page]}
"""

KEY = {"book": "b", "page": "1"}


def small_limits(monkeypatch: Any, item: int = 3000, part: int = 1000) -> None:
    """Make values large that are not, so that tests are quick."""
    monkeypatch.setattr(size, "ITEM_LIMIT", item)
    monkeypatch.setattr(overflow, "PART_BYTES", part)


def noise(length: int, seed: int = 0) -> str:
    """A text that does not become much shorter when it is compressed."""
    return random.Random(seed).randbytes(length // 2 + 1).hex()[:length]


def raw_items(app: leyden.Service) -> Iterator[Item]:
    """All items of the table, as they are stored."""
    start: Any = None
    while True:
        params: dict[str, Any] = {"TableName": app.table, "ConsistentRead": True}
        if start:
            params["ExclusiveStartKey"] = start
        answer = app.driver.run(_one(Request("Scan", params)))
        yield from answer.get("Items", ())
        start = answer.get("LastEvaluatedKey")
        if not start:
            return


def _one(request: Request) -> Any:
    return (yield request)


def parts_of(app: leyden.Service) -> list[Item]:
    """The parts in the table."""
    return [item for item in raw_items(app) if is_part(item)]


def check_whole(app: leyden.Service) -> Counter[str]:
    """Every part is named by its item's manifest, and every part named is there.

    Gives how many items and parts there are.
    """
    items = list(raw_items(app))
    parts = {(item["pk"]["S"], item["sk"]["S"]): item for item in items if is_part(item)}
    named = set()
    for item in items:
        if is_part(item):
            continue
        key = {"pk": item["pk"], "sk": item["sk"]}
        for name, entry in read_manifest(item).items():
            assert (name in item) == (entry.parts == 0), "a value is inside or outside, not both"
            for own in part_keys(key, "sk", entry):
                place = own["pk"]["S"], own["sk"]["S"]
                assert place in parts, "a part is missing"
                assert parts[place][OWNER_FIELD] == {"M": key}
                named.add(place)
    assert named == parts.keys(), "a part belongs to no item"
    return +Counter(items=len(items) - len(parts), parts=len(parts))
