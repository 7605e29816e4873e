"""Plain expressions, evaluated without jmespath's interpreter: the results are its own."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jmespath.exceptions import JMESPathError

from leyden.mapping.expressions import UnusualError, evaluator, shortcut

NAMES = st.sampled_from(["a", "b", "status"])
VALUES = st.sampled_from(
    [None, True, False, 0, 1, 0.0, "", "open", "a", [], [0], {}, {"a": 1}, "null"]
)
TEXTS = st.sampled_from(["'open'", "'a'", "''", "'null'"])


def _joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("!{}".format, parts),
        st.builds("({} && {})".format, parts, parts),
        st.builds("({} || {})".format, parts, parts),
    )


PLAIN = st.recursive(
    st.one_of(
        NAMES,
        st.builds("({} {} {})".format, NAMES, st.sampled_from(["==", "!="]), TEXTS),
        st.builds("({} {} {})".format, TEXTS, st.sampled_from(["==", "!="]), NAMES),
    ),
    _joined,
    max_leaves=6,
)


@given(PLAIN, st.one_of(st.dictionaries(NAMES, VALUES), st.just([]), st.none()))
def test_a_shortcut_finds_what_jmespath_finds(text: str, data: Any) -> None:
    compiled = jmespath.compile(text)
    evaluate = shortcut(compiled.parsed)
    assert evaluate is not None
    found, expected = evaluate(data), compiled.search(data)
    assert found == expected
    assert type(found) is type(expected)


TOLD = st.recursive(
    st.one_of(NAMES, TEXTS, st.sampled_from(["`1`", "`null`", "`true`", '`"a"`'])),
    lambda parts: st.one_of(
        st.builds("to_string({})".format, parts),
        st.builds("join({}, {})".format, parts, parts),
        st.lists(parts, min_size=1, max_size=3).map(lambda some: f"[{', '.join(some)}]"),
        st.builds("({} || {})".format, parts, parts),
    ),
    max_leaves=8,
)


def _outcome(evaluate: Any, data: Any) -> Any:
    try:
        found = evaluate(data)
    except (TypeError, JMESPathError) as error:
        return type(error), str(error)
    return type(found), found


@given(TOLD, st.one_of(st.dictionaries(NAMES, VALUES), st.just([]), st.none()))
def test_texts_put_together_are_those_of_jmespath_and_so_are_refusals(text: str, data: Any) -> None:
    compiled = jmespath.compile(text)
    assert _outcome(evaluator(compiled), data) == _outcome(compiled.search, data)


def test_texts_are_put_together_without_jmespath_where_all_are_texts_or_whole_numbers() -> None:
    evaluate = shortcut(jmespath.compile("join(' ', [a, to_string(b)])").parsed)
    assert evaluate is not None
    assert evaluate({"a": "open", "b": 5}) == "open 5"
    with pytest.raises(UnusualError):
        evaluate({"a": "open", "b": 0.5})


@pytest.mark.parametrize(
    "text",
    ["a == `1`", "a == b", "a > `1`", "a.b", "a[0]", "length(a)", "!length(a)", "a == `true`"],
)
def test_what_has_rules_of_its_own_is_left_to_jmespath(text: str) -> None:
    assert shortcut(jmespath.compile(text).parsed) is None
