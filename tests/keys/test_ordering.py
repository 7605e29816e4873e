"""The bounds of a range in keys: nothing of the range is outside, and `exact` is true."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import event, given, note
from hypothesis import strategies as st

import leyden
from leyden.keys import Bounds, Limit, bounds_of, entity_keys, sorts_by_values
from leyden.types import type_of
from tests.conformance.ranging import (
    entities,
    in_range,
    item_values,
    placing,
    ranges,
    starts_behind_its_end,
)


def limits_of(operator: str, limits: list[dict[str, Any]]) -> tuple[Limit | None, Limit | None]:
    match operator:
        case "gt" | "gte":
            return Limit(limits[0], operator == "gte"), None
        case "lt" | "lte":
            return None, Limit(limits[0], operator == "lte")
    return Limit(limits[0], included=True), Limit(limits[1], included=True)


def lets_through(bounds: Bounds, key: Any) -> bool:
    """Whether DynamoDB finds the key within the bounds."""
    if bounds.operator is None:
        return True
    low = bounds.low.encode() if isinstance(bounds.low, str) else bounds.low
    high = bounds.high.encode() if isinstance(bounds.high, str) else bounds.high
    key = key.encode() if isinstance(key, str) else key
    match bounds.operator:
        case "begins_with":
            return bool(key.startswith(low))
        case "BETWEEN":
            return bool(low <= key <= high)
        case ">":
            return bool(key > low)
        case ">=":
            return bool(key >= low)
        case "<":
            return bool(key < low)
    return bool(key <= low)


@given(data=st.data())
def test_bounds_hold_the_whole_range_and_only_it_where_they_say_so(data: st.DataObject) -> None:
    schema = data.draw(entities())
    app = leyden.load({"entities": [schema]}, table="t")
    keys = entity_keys(app["row"].spec)["sorted"]
    names = schema["indexes"]["sorted"]["sk"]["composite"]
    form = keys.sk
    assert form is not None
    place = placing(schema)
    equal, operator, limits = data.draw(ranges(names))
    if starts_behind_its_end(place, operator, limits):
        return
    bounds = bounds_of([form], equal, *limits_of(operator, limits))
    note(f"{bounds}")
    event(f"exact: {bounds.exact}")
    for item in data.draw(st.lists(item_values(tuple(names)), min_size=1, max_size=12)):
        key = form.build(item)
        if key is None or key == "":
            continue
        wanted = in_range(place, item, equal, operator, limits)
        found = lets_through(bounds, key)
        assert found or not wanted, key
        folded = {n: place(n, v) for n, v in item.items()}
        same = all(folded.get(n) == place(n, v) for n, v in equal.items())
        if bounds.exact and found and same:
            assert wanted, key


PADDED = '{type: integer, min: 0, max: 99, padding: {length: 2, char: "0"}}'


@pytest.mark.parametrize(
    ("attribute", "one_width"),
    [
        (PADDED, True),
        (PADDED.replace("99", "100"), False),
        (PADDED.replace("min: 0", "min: -1"), False),
        (PADDED.replace("integer", "number"), False),
        (PADDED.replace('"0"', '"x"'), False),
        (PADDED.replace('"0"', '" "'), True),
        ("{type: integer, min: 1, max: 5}", True),
        ("{type: integer, min: 1, max: 10}", False),
        ("{type: integer, min: 10, max: 99}", True),
        ("{type: integer, max: 5}", False),
        ("integer", False),
    ],
)
def test_numbers_of_one_width(attribute: str, *, one_width: bool) -> None:
    schema = f"""
entity: rows
alias: row
version: "1"
service: s
attributes: {{part: string, n: {attribute}}}
indexes: {{main: {{pk: {{field: pk, composite: [part]}}, sk: {{field: sk, composite: [n]}}}}}}
"""
    row = leyden.load(schema, table="t")["row"]
    spec = row.spec.attributes["n"]
    assert type_of(spec).has_one_width(spec) is one_width


@pytest.mark.parametrize(
    ("sort", "options", "by_values"),
    [
        (["text"], {}, True),
        (["padded"], {}, True),
        (["padded", "text"], {}, True),
        (["text", "padded"], {}, False),
        (["loose"], {}, False),
        ([], {}, True),
        (["text"], {"collection": "c", "type": "clustered"}, False),
        (["padded"], {"collection": "c", "type": "clustered"}, True),
        (["when", "text"], {}, True),
    ],
)
def test_keys_sort_by_their_values_where_no_text_between_them_decides(
    sort: list[str], options: dict[str, Any], by_values: bool
) -> None:
    padding = {"length": 2, "char": "0"}
    schema = {
        "entity": "rows",
        "alias": "row",
        "version": "1",
        "service": "s",
        "attributes": {
            "id": "string",
            "text": "string",
            "loose": "integer",
            "padded": {"type": "integer", "min": 0, "max": 99, "padding": padding},
            "when": "timestamp",
        },
        "indexes": {
            "row": {"pk": {"field": "pk", "composite": ["id"]}},
            "by": {
                "index": "gsi1",
                "pk": {"field": "gsi1pk", "composite": ["id"]},
                "sk": {"field": "gsi1sk", "composite": sort},
                **options,
            },
        },
    }
    form = leyden.load(schema, table="t", region="eu-west-1")["row"].mapping.keys["by"].sk
    assert form is not None
    assert sorts_by_values(form) is by_values
