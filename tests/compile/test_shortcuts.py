"""Plain expressions, evaluated without jmespath's interpreter: the results are its own."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.compile.shortcuts import shortcut

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


@pytest.mark.parametrize(
    "text",
    ["a == `1`", "a == b", "a > `1`", "a.b", "a[0]", "length(a)", "!length(a)", "a == `true`"],
)
def test_what_has_rules_of_its_own_is_left_to_jmespath(text: str) -> None:
    assert shortcut(jmespath.compile(text).parsed) is None
