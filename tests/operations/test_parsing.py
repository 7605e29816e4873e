"""Expressions of requests, read back and judged on items."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.errors import InvalidExpressionError
from leyden.operations.plan.evaluation import holds
from leyden.operations.plan.expressions import Expressions
from leyden.operations.plan.parsing import condition_in, fields_in
from leyden.program import Item

CLAUSE = "FilterExpression"


def params(text: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
    """A request with a filter, whose names are `#a` and `#b`."""
    names = {"#a": "a", "#b": "b"}
    typed = {f":{name}": value for name, value in (values or {}).items()}
    return {
        CLAUSE: text,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": typed,
    }


ONE: Item = {"a": {"N": "1"}, "b": {"M": {"c": {"L": [{"S": "xy"}]}}}}


@pytest.mark.parametrize(
    ("text", "is_true"),
    [
        ("#a = :one", True),
        ("#a <> :one", False),
        ("NOT #a = :one", False),
        ("#a = :two OR #a = :one AND #a < :two", True),
        ("(#a = :two OR #a = :one) AND #a > :two", False),
        ("#a BETWEEN :one AND :two AND attribute_exists(#b)", True),
        ("#a IN (:two, :one)", True),
        ("attribute_not_exists(#c)", True),
        ("begins_with(#b.c[0], :x)", True),
        ("contains (#b.c, :xy)", True),
        ("size (#b.c[0]) > :one", True),
        ("attribute_type (#a, :N)", True),
        ("(NOT (#a = :two)) AND (attribute_not_exists(#c) OR (#c = :one))", True),
    ],
)
def test_a_filter_is_judged_as_it_is_written(text: str, is_true: bool) -> None:
    values = {"one": {"N": "1"}, "two": {"N": "2"}, "x": {"S": "x"}, "xy": {"S": "xy"}}
    condition = condition_in(params(text, {**values, "N": {"S": "N"}}), CLAUSE)
    assert condition is not None
    assert holds(condition, ONE) is is_true


@pytest.mark.parametrize(
    "text",
    ["#a", "#a = ", "#a = :one )", "(#a = :one", "#a LIKE :one", "a; b", "size(:one) = :one"],
)
def test_what_is_no_filter_of_ours_is_refused(text: str) -> None:
    with pytest.raises(InvalidExpressionError, match="does not write"):
        condition_in(params(text, {"one": {"N": "1"}}), CLAUSE)


def test_a_request_without_a_clause_has_no_condition() -> None:
    assert condition_in({}, CLAUSE) is None
    assert fields_in({}) is None


def test_the_fields_of_a_projection_are_found_by_their_names() -> None:
    asked = {"ProjectionExpression": "#0, #1", "ExpressionAttributeNames": {"#0": "x", "#1": "y"}}
    assert fields_in(asked) == frozenset({"x", "y"})


@given(
    st.recursive(
        st.tuples(st.sampled_from(["=", "<>", "<", ">="]), st.integers(0, 3)),
        lambda inner: st.tuples(st.sampled_from(["&", "|", "~"]), inner, inner),
        max_leaves=8,
    ),
    st.integers(0, 3),
)
def test_a_condition_means_the_same_when_it_was_written_and_read(made: Any, number: int) -> None:
    from pynamodb.expressions import condition as given_as
    from pynamodb.expressions.operand import Path, Value

    def built(part: Any) -> Any:
        if len(part) == 2:
            sign, value = part
            make: Any = given_as.Comparison
            return make(sign, Path(["a"]), Value({"N": str(value)}))
        sign, left, right = part
        if sign == "~":
            return ~built(left)
        return built(left) & built(right) if sign == "&" else built(left) | built(right)

    condition, expressions = built(made), Expressions()
    request: dict[str, Any] = {CLAUSE: expressions.condition(condition)}
    expressions.write_to(request)
    read = condition_in(request, CLAUSE)
    item: Item = {"a": {"N": str(number)}}
    assert read is not None
    assert holds(read, item) == holds(condition, item)
