"""Conditions that Leyden judges, beside the filters of DynamoDB Local on the same items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from pynamodb.expressions import condition as given
from pynamodb.expressions.operand import Path, Value, _Size

from leyden.operations.plan.evaluation import holds
from leyden.program import Request
from tests.conformance.conftest import Open

SCHEMA: Final = """
entity: anything
version: "1"
service: judged
attributes: {id: {type: string, required: true}}
indexes:
  id: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}
"""
VALUES: Final[list[dict[str, Any]]] = [
    *({"S": text} for text in ("", "abc", "ab", "b", "ü𝄞")),
    *({"N": number} for number in ("1", "2.50", "-1")),
    *({"B": content} for content in (b"ab", b"abc")),
    *({"BOOL": truth} for truth in (True, False)),
    {"NULL": True},
    *({"SS": members} for members in (["a", "b"], ["b", "a", "c"])),
    {"NS": ["1", "2.5"]},
    {"BS": [b"ab"]},
    {"L": []},
    {"L": [{"S": "b"}, {"N": "1.0"}, {"L": [{"S": "x"}]}]},
    {"M": {}},
    {"M": {"x": {"N": "1"}, "l": {"L": [{"N": "1"}, {"M": {"y": {"S": "b"}}}]}}},
]
BESIDE: Final[list[dict[str, Any] | None]] = [None, {"S": "b"}, {"N": "1"}, {"SS": ["a", "b"]}]
ONE, OTHER, NONE = (Path([name]) for name in ("a", "b", "nothing"))
PATHS: Final = [
    OTHER,
    *map(Path, (["a", "x"], ["a", "l[0]"], ["a", "l[1]", "y"], ["a[1]"], ["a[2][0]"])),
]


def compared(sign: str, one: Any, other: Any) -> Any:
    return given.Comparison(sign, one, other)  # type: ignore[no-untyped-call]


def on(path: Path, values: list[dict[str, Any]]) -> Iterator[Any]:
    """Conditions on what stands at a path, each with each of these values that it takes."""
    yield given.Exists(path)  # type: ignore[no-untyped-call]
    yield given.NotExists(path)  # type: ignore[no-untyped-call]
    for content in values:
        value, (kind,) = Value(content), content
        yield from (compared(sign, path, value) for sign in ("=", "<>"))
        yield given.Contains(path, value)  # type: ignore[no-untyped-call]
        yield given.In(path, value, Value({"S": "zz"}))  # type: ignore[no-untyped-call]
        if kind in ("S", "N", "B"):
            yield from (compared(sign, path, value) for sign in ("<", "<=", ">", ">="))
            yield given.Between(path, value, value)  # type: ignore[no-untyped-call]
        if kind in ("S", "B"):
            yield given.BeginsWith(path, value)  # type: ignore[no-untyped-call]
    for kind in ("S", "N", "B", "SS", "L", "M", "BOOL", "NULL"):
        yield given.IsType(path, Value({"S": kind}))  # type: ignore[no-untyped-call]
    for size in range(6):
        value = Value({"N": str(size)})
        yield from (compared(sign, _Size(path), value) for sign in ("=", "<>", "<", ">="))


def between_operands() -> Iterator[Any]:
    for sign in ("=", "<>", "<", "<="):
        yield compared(sign, ONE, OTHER)
        yield compared(sign, ONE, NONE)
        yield compared(sign, _Size(ONE), _Size(OTHER))
        yield compared(sign, _Size(ONE), OTHER)
    yield given.Contains(ONE, OTHER)  # type: ignore[no-untyped-call]
    yield given.BeginsWith(ONE, OTHER)  # type: ignore[no-untyped-call]
    yield given.In(ONE, OTHER, NONE)  # type: ignore[no-untyped-call]
    yield given.Between(ONE, OTHER, Value({"N": "9"}))  # type: ignore[no-untyped-call]
    either = given.Or(compared("=", ONE, OTHER), given.Exists(OTHER))  # type: ignore[no-untyped-call]
    yield given.Not(either)
    yield given.And(given.Not(compared("<", ONE, OTHER)), given.Exists(ONE))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    "engine", [pytest.param("dynamodb_local", marks=pytest.mark.java)], indirect=True
)
def test_conditions_are_judged_as_dynamodb_filters(open_service: Open) -> None:
    app = open_service(SCHEMA)
    send: Any = app.driver.send
    contents: list[dict[str, Any] | None] = [None, *VALUES]
    for number, (one, other) in enumerate((a, b) for a in contents for b in BESIDE):
        item: dict[str, Any] = {"pk": {"S": f"k{number}"}, "sk": {"S": "s"}}
        item |= {name: v for name, v in (("a", one), ("b", other)) if v is not None}
        send(Request("PutItem", {"TableName": app.table, "Item": item}))
    stored = send(Request("Scan", {"TableName": app.table}))["Items"]
    conditions = [*between_operands(), *on(ONE, VALUES)]
    conditions += [condition for path in PATHS for condition in on(path, VALUES[1:9:2])]
    assert len(stored) * len(conditions) > 30_000
    wrong = []
    for condition in conditions:
        names: dict[str, str] = {}
        values: dict[str, Any] = {}
        params = {"TableName": app.table, "FilterExpression": condition.serialize(names, values)}
        params["ExpressionAttributeNames"] = {short: name for name, short in names.items()}
        if values:
            params["ExpressionAttributeValues"] = values
        filtered = {item["pk"]["S"] for item in send(Request("Scan", params))["Items"]}
        if filtered != {item["pk"]["S"] for item in stored if holds(condition, item)}:
            wrong.append(str(condition))
    assert wrong == []
