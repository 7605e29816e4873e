"""The canonical form says what the request says, and no more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vectors.canonical import Guard, canonical, without_guards
from tests.vectors.expressions import (
    ExpressionSyntaxError,
    read_condition,
    read_projection,
    read_update,
)

NAMES = {"#a": "a", "#b": "b", "#c": "c d"}
VALUES = {":x": 1, ":y": 2, ":z": [3]}


def tree(text: str) -> Any:
    return read_condition(text, NAMES, VALUES)


def test_and_binds_closer_than_or_and_not_closer_than_both() -> None:
    a, b, c = (["attribute_exists", {"path": name}] for name in ("a", "b", "c d"))
    text = "attribute_exists(#a) OR attribute_exists(#b) and not attribute_exists(#c)"
    assert tree(text) == ["or", ["and", b, ["not", c]], a]
    grouped = "(attribute_exists(#a) OR attribute_exists(#b)) AND attribute_exists(#c)"
    assert tree(grouped) == ["and", c, ["or", a, b]]


def test_the_order_and_the_parentheses_of_conjuncts_do_not_matter() -> None:
    left = tree("#a = :x AND (#b > :y AND attribute_exists(#c))")
    right = tree("((attribute_exists(#c)) AND #a = :x) AND (#b > :y)")
    assert left == right


def test_the_and_of_a_between_is_not_a_conjunction() -> None:
    assert tree("#a BETWEEN :x AND :y AND #b = :x") == [
        "and",
        ["=", {"path": "b"}, {"value": 1}],
        ["between", {"path": "a"}, {"value": 1}, {"value": 2}],
    ]


def test_sizes_choices_and_deep_paths_are_read() -> None:
    assert tree("size(#a.#b[2].tail) >= :y") == [
        ">=",
        ["size", {"path": "a.b[2].tail"}],
        {"value": 2},
    ]
    assert tree("#a IN (:y, :x)") == ["in", {"path": "a"}, {"value": 1}, {"value": 2}]


@pytest.mark.parametrize(
    "text", ["#a", "#a =", "#a = :x AND", "(#a = :x", "#a = :q", "#q = :x", ""]
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ExpressionSyntaxError):
        tree(text)


def test_an_update_is_a_map_of_its_clauses() -> None:
    text = (
        "SET #a = if_not_exists(#a, :x) + :y, #b = list_append(#b, :z) "
        "REMOVE #c, plain[0] ADD other :x DELETE another :z"
    )
    assert read_update(text, NAMES, VALUES) == {
        "SET": {
            "a": ["+", ["if_not_exists", {"path": "a"}, {"value": 1}], {"value": 2}],
            "b": ["list_append", {"path": "b"}, {"value": [3]}],
        },
        "REMOVE": {"c d": True, "plain[0]": True},
        "ADD": {"other": {"value": 1}},
        "DELETE": {"another": {"value": [3]}},
    }


def test_an_update_that_writes_a_path_twice_is_refused() -> None:
    with pytest.raises(ExpressionSyntaxError):
        read_update("SET #a = :x, #a = :y", NAMES, VALUES)


def test_a_projection_is_a_list_of_paths() -> None:
    assert read_projection("#b, plain.#a, #a", NAMES) == ["b", "plain.a", "a"]


def test_a_projection_that_names_a_path_twice_is_refused_of_ours_alone() -> None:
    request = {"TableName": "t", "ProjectionExpression": "b, a, b"}
    with pytest.raises(ValueError, match="twice"):
        canonical(request)
    assert canonical(request, typed=False)["ProjectionExpression"] == ["a", "b"]


def test_typed_and_plain_requests_meet() -> None:
    typed = {
        "TableName": "t",
        "Item": {"n": {"N": "10.50"}, "i": {"N": "1E2"}, "s": {"SS": ["b", "a"]}, "m": {"M": {}}},
    }
    plain = {"TableName": "t", "Item": {"n": 10.5, "i": 100, "s": {"$set": ["a", "b"]}, "m": {}}}
    for keep_sets in (True, False):
        ours = canonical(typed, keep_sets=keep_sets)
        assert ours == canonical(plain, typed=False, keep_sets=keep_sets)
    assert canonical(typed, keep_sets=True)["Item"]["s"] == {"$set": ["a", "b"]}
    assert canonical(typed)["Item"]["s"] == ["a", "b"]


def test_a_placeholder_that_nothing_uses_is_refused() -> None:
    request = {
        "TableName": "t",
        "ConditionExpression": "#a = :x",
        "ExpressionAttributeNames": {"#a": "a"},
        "ExpressionAttributeValues": {":x": {"N": "1"}, ":x1": {"N": "1"}},
    }
    with pytest.raises(ValueError, match=":x1"):
        canonical(request)


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(ValueError, match="Mystery"):
        canonical({"TableName": "t", "Mystery": 1})


GUARD = Guard(["pk", "sk"], {"id": "A"})
ABSENT = ["attribute_not_exists", {"path": "pk"}]
SAME = ["=", {"path": "id"}, {"value": "A"}]
OTHER = ["=", {"path": "id"}, {"value": "B"}]
WANTED = ["=", {"path": "done"}, {"value": True}]


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        (["or", SAME, ABSENT], None),
        (["and", WANTED, ["or", SAME, ABSENT]], WANTED),
        (["and", WANTED, SAME], WANTED),
        (["and", WANTED, OTHER], ["and", WANTED, OTHER]),
        (["or", OTHER, ABSENT], ["or", OTHER, ABSENT]),
        (ABSENT, ABSENT),
    ],
)
def test_only_a_true_guard_is_taken_off(condition: Any, left: Any) -> None:
    expected = {"TableName": "t", "ConditionExpression": WANTED}
    stripped = without_guards({"TableName": "t", "ConditionExpression": condition}, expected, GUARD)
    assert stripped.get("ConditionExpression") == left


def test_a_condition_that_was_asked_for_is_never_taken_for_a_guard() -> None:
    request = {"TableName": "t", "ConditionExpression": SAME}
    assert without_guards(request, request, GUARD) == request


def test_filters_keep_their_conjuncts_unless_said_otherwise() -> None:
    request = {"TableName": "t", "FilterExpression": SAME}
    assert without_guards(request, {"TableName": "t"}, GUARD) == request
    assert without_guards(request, {"TableName": "t"}, GUARD, in_filter=True) == {"TableName": "t"}
