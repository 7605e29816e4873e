"""Comparisons that come out alike for every value, and hints that lead nowhere."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.schema import check_service, parse_expression
from leyden.schema.expressions import Shape, always_alike
from tests.schema.support import entity, loaded

ATTRIBUTES = loaded(
    entity({"st": {"type": ["open", "closed"]}, "n": "integer", "b": "boolean", "at": "timestamp"})
).attributes
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "st": st.sampled_from(["open", "closed"]),
        "n": st.integers(0, 2),
        "b": st.booleans(),
        "at": st.sampled_from(["2026", "open"]),
    },
)
SIDES = st.sampled_from(
    ["st", "n", "b", "at", "'open'", "'opn'", "'1'", "`1`", "`true`", "`null`", '`"closed"`']
)


def noted(text: str) -> list[str]:
    return always_alike(parse_expression(text).tree, Shape("a map", properties=ATTRIBUTES))


@given(SIDES, st.sampled_from(["==", "!="]), SIDES, st.lists(VALUES, min_size=1, max_size=5))
def test_what_is_said_to_come_out_alike_does(
    one: str, operator: str, other: str, values: list[dict[str, Any]]
) -> None:
    text = f"{one} {operator} {other}"
    for note in noted(text):
        expected = operator == "!="
        assert note.startswith("always holds" if expected else "never holds")
        assert all(jmespath.search(text, value) is expected for value in values)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (
            "st == 'opn'",
            'never holds: "st" is "open" or "closed", and not \'opn\'; did you mean "open"?',
        ),
        ("n > `1` && 'gone' != st", 'always holds: "st" is "open" or "closed", and not \'gone\''),
        (
            "n > '1'",
            "never holds: \"n\" is a number, and '1' is text; a number stands in backticks: `1`",
        ),
        ("n == 'one'", "never holds: \"n\" is a number, and 'one' is text"),
        ("b == 'true'", "never holds: \"b\" is true or false, and 'true' is text"),
        ("at != `5`", 'always holds: "at" is text, and `5` is a number'),
    ],
)
def test_a_comparison_to_no_purpose_is_noted(text: str, note: str) -> None:
    assert noted(text) == [note]


@pytest.mark.parametrize(
    "text", ["st == 'open'", "n > `1`", "b == `true`", "at > '2026'", "st == at", "st != `null`"]
)
def test_one_with_a_purpose_is_not(text: str) -> None:
    assert noted(text) == []


def checked(attribute: str, when: str = "st") -> list[str]:
    document = (
        'entity: doc\nversion: "1"\nservice: s\nattributes:\n'
        f"  id: string\n  st: {{type: [open, closed]}}\n  x: {attribute}\n"
        "indexes:\n  main: {pk: {field: pk, composite: [id]}}\n"
        f"  by: {{index: gsi1, when: {when!r}, pk: {{field: gsi1pk, composite: [id]}}}}\n"
    )
    return [str(fault) for fault in check_service(document).faults]


def test_the_check_says_so_of_a_condition() -> None:
    assert any("expression.always_alike" in fault for fault in checked("string", "st == 'opn'"))
    assert not any("expression" in fault for fault in checked("string", "st == 'open'"))


def test_a_list_for_an_attribute_is_told_how_an_enum_is_written() -> None:
    hint = "not a list; an enum is written with its values under `type`: {type: [open, closed]}"
    assert any(hint in fault for fault in checked("[a, b]"))
    assert any(hint in fault for fault in checked("{type: map, properties: {y: [a, b]}}"))


@pytest.mark.parametrize("name", ["lower", "substring", "count", "concat", "upper"])
def test_no_function_is_named_for_one_of_another_language(name: str) -> None:
    faults = checked("string", f"{name}(st)")
    assert any("JMESPath has no function" in fault for fault in faults)
    assert not any("did you mean" in fault for fault in faults)


def test_a_misspelled_function_is_named() -> None:
    assert any('did you mean "starts_with"?' in f for f in checked("string", "startswith(st)"))


def test_an_element_of_an_element_is_checked() -> None:
    assert not any("expression" in fault for fault in checked("{type: list}", "x[0][0]"))
    faults = checked("{type: list, items: string}", "x[0][0]")
    assert any("expression.always_null" in fault for fault in faults)
