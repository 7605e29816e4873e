"""What is said to be null for every value is null, for every value."""

from __future__ import annotations

from typing import Any

import jmespath
from hypothesis import assume, example, given
from hypothesis import strategies as st

from leyden.schema import parse_expression
from leyden.schema.expressions import Shape, always_null
from tests.schema.support import entity, loaded

ATTRIBUTES = loaded(
    entity(
        {
            "at": "timestamp",
            "n": "number",
            "done": "boolean",
            "tags": {"type": "list", "items": "string"},
            "place": {"type": "map", "properties": {"city": "string", "lanes": {"type": "list"}}},
            "rows": {
                "type": "list",
                "items": {"type": "map", "properties": {"at": "string", "n": "number"}},
            },
            "free": "json",
        }
    )
).attributes
TEXTS = st.text("ab1", max_size=3)
NUMBERS = st.integers(-3, 3)
JSON = st.recursive(
    TEXTS | NUMBERS | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["at", "n"]), inner)
    ),
    max_leaves=4,
)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "a": TEXTS,
        "at": TEXTS,
        "n": NUMBERS,
        "done": st.booleans(),
        "tags": st.lists(TEXTS, max_size=2),
        "place": st.fixed_dictionaries(
            {}, optional={"city": TEXTS, "lanes": st.lists(JSON, max_size=2)}
        ),
        "rows": st.lists(
            st.fixed_dictionaries({}, optional={"at": TEXTS, "n": NUMBERS}), max_size=2
        ),
        "free": JSON,
    },
)
STEPS = st.sampled_from(
    [".city", ".lanes", ".at", ".n", "[0]", "[0:1]", "[*]", "[]", ".*", "[?at]", " | at", " | [0]"]
)
PATHS = st.builds(
    lambda root, steps: root + "".join(steps),
    st.sampled_from([*ATTRIBUTES, "@"]),
    st.lists(STEPS, max_size=3),
)
EXPRESSIONS = PATHS | st.builds(
    "({}) {} {}".format,
    PATHS,
    st.sampled_from(["<", "<=", ">", ">="]),
    st.sampled_from(["`1`", "'a'", "n", "at"]),
)


def search(text: str, value: Any) -> Any:
    """What an expression gives; a text and a number have no order, which raises TypeError."""
    try:
        return jmespath.search(text, value)
    except TypeError:
        return None


def noted(text: str) -> list[str]:
    return always_null(parse_expression(text).tree, Shape("a map", properties=ATTRIBUTES))


@given(EXPRESSIONS, st.lists(VALUES, min_size=1, max_size=4))
@example("a | [0][0]", [{"a": "x"}])
@example("tags[0][0][0]", [{"tags": ["x"]}])
def test_what_is_said_to_be_null_is_null_or_an_empty_list(
    text: str, values: list[dict[str, Any]]
) -> None:
    assume(noted(text))
    for value in values:
        assert search(text, value) in (None, []), (text, value)


@given(EXPRESSIONS, VALUES)
def test_what_gives_something_is_not_said_to_be_null(text: str, value: dict[str, Any]) -> None:
    if search(text, value) not in (None, []):
        assert not noted(text), (text, value)
