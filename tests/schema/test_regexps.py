"""Patterns: ordinary ones as `re` matches them, and none that takes for ever."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leyden
from leyden.errors import SchemaError, ValidationError
from leyden.schema import regexps
from leyden.schema.regexps import UnboundedPatternError, searching

ORDINARY = [
    r"^[0-9]{13}$",
    r"^[^\s@]+@[^\s@]+\.[^\s@]+$",
    r"^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$",
    r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$",
    r"^(https?)://([\w-]+\.)+[\w-]+(/[\w./?%&=-]*)?$",
    r"^[a-z0-9]+(?:-[a-z0-9]+)*$",
    r"^(?=.*[A-Z])(?=.*\d).{8,}$",
    r"^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)$",
    r"^[\s\S]{1,5000}$",
    r"^\+?[1-9]\d{1,14}$",
    r"^(open|closed|pending)$",
    r"(?i)^[a-f]+$",
    r"^#([0-9a-f]{3}|[0-9a-f]{6})$",
    r"^(?!admin$)[a-z]+$",
    r"^v?(\d+\.){2}\d+(-[\w.]+)?$",
    r"^[a-z0-9-]+$",
    r"^[\w.]+@[\w.]+\.\w+$",
    r"^\s+|\s+$",
    r"foo.*bar",
    r"^(?=.*[A-Z].*\d)\w+$",
    r"(?=.*[A-Z])(?=.*\d).{8,}",
    r"^([a-z0-9]{1,63}\.){1,8}[a-z]{2,63}$",
    r"^([01]?\d|2[0-3]):[0-5]\d$",
    r"^[0-9A-HJKMNP-TV-Z]{26}$",
    r"^\d{3}-?\d{3}-?\d{4}$",
    r"^(['\"]).*\1$",
    r"^(/[\w.-]+)+/?$",
]
ENDLESS = [
    (r"^(a+)+$", "a" * 60 + "!"),
    (r"^(a*)*$", "a" * 60 + "!"),
    (r"^(a|a)*$", "a" * 60 + "!"),
    (r"^(a|aa)+$", "a" * 60 + "!"),
    (r"^([a-zA-Z]+)*$", "a" * 60 + "!"),
    (r"^(\w+\s?)*$", "a" * 60 + "!"),
    (r"^(.*?,)*x$", ",a" * 40),
    (r"^\w+([.-]?\w+)*@\w+([.-]?\w+)*(\.\w{2,3})+$", "a" * 60),
    (r"^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 60),
    (r"(x+x+)+y", "x" * 60),
    (r"^(a{1,3})+$", "a" * 60 + "!"),
    (r"(?i)^(A+)+$", "a" * 60 + "!"),
    (r"^(\d+|[0-9a-f]+)*z$", "1" * 60),
    (r"^(a?){40}a{40}$", "a" * 39 + "!"),
    (r"^(a?){25}a{25}$", "a" * 24 + "!"),
    (r"^" + "a?" * 30 + "a" * 30 + "$", "a" * 29 + "!"),
    (r"^" + "(a|a)" * 30 + "b$", "a" * 30 + "!"),
    (r"^(a{1,3}){1,40}b$", "a" * 80),
    (r"^(\w{1,5}-?){1,20}$", "a" * 60 + "!"),
    (r".*.*.*.*.*.*.*.*b", "a" * 60),
    (r"^.*.*.*.*.*.*.*.*b", "a" * 60),
    (r"^a{0,90}a{0,90}a{0,90}a{0,90}a{0,90}b", "a" * 90),
    (r"\w*\d*\w*x", "1" * 2000),
]


@pytest.mark.parametrize("pattern", ORDINARY)
def test_an_ordinary_pattern_is_left_to_re(pattern: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(regexps, "_AllWays", None)
    searching.cache_clear()
    assert searching(pattern)("") == bool(re.search(pattern, ""))


@pytest.mark.parametrize(("pattern", "text"), ENDLESS)
def test_a_pattern_that_could_take_for_ever_is_matched_soon(pattern: str, text: str) -> None:
    started = time.thread_time()
    assert not searching(pattern)(text)
    assert time.thread_time() - started < 2
    for short in ("", "a", "aa", "aaa", "a b", "a@b.co", "abA!", "xxy", "1az", ",x", "x"):
        assert searching(pattern)(short) == bool(re.search(pattern, short))


@pytest.mark.parametrize("pattern", [r"^(?=(a+)+$)a", r"^(a+)+\1$", r"^(?!(a|a)*b)a+$"])
def test_one_that_cannot_be_matched_otherwise_is_refused(pattern: str) -> None:
    with pytest.raises(UnboundedPatternError, match="may take hours"):
        searching(pattern)


@pytest.mark.parametrize(
    "pattern", [r"^(a?){5000}a{5000}$", r"^((a?){50}){50}$", r"^((((a|b?){9}){9}){9}){9}$"]
)
def test_counts_that_would_make_too_many_steps_are_refused_soon(pattern: str) -> None:
    started = time.thread_time()
    with pytest.raises(UnboundedPatternError, match="counts are too large"):
        searching(pattern)
    assert time.thread_time() - started < 2


@pytest.mark.parametrize("pattern", [r"^(){1000000000}a+$", r"^(a+)+((){9}){1000000000}$"])
def test_a_count_of_nothing_costs_nothing(pattern: str) -> None:
    started = time.thread_time()
    search = searching(pattern)
    assert search("aaa")
    assert not search("a" * 60 + "!")
    assert time.thread_time() - started < 2


def test_a_schema_with_one_loads_or_says_so() -> None:
    def schema(pattern: str) -> dict[str, Any]:
        return {
            "entity": "e",
            "version": "1",
            "service": "s",
            "attributes": {"id": {"type": "string", "required": True, "pattern": pattern}},
            "indexes": {"main": {"pk": {"field": "pk", "composite": ["id"]}}},
        }

    e = leyden.load(schema("^(a+)+$"), table="t")["e"]
    started = time.thread_time()
    with pytest.raises(ValidationError, match="does not match the pattern"):
        e.put(id="a" * 60 + "!").params()
    assert time.thread_time() - started < 2
    assert e.put(id="aaa").params()
    with pytest.raises(SchemaError, match=r"pattern_unbounded.*may take hours"):
        leyden.load(schema(r"^(a+)+\1$"), table="t")


PIECES = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", r"\s", "A", "1", r"\b", "^", "$", r"\Z", "-"]
)
PATTERNS = st.recursive(
    PIECES,
    lambda inner: st.one_of(
        st.builds(lambda a, b: f"{a}{b}", inner, inner),
        st.builds(lambda a, b: f"(?:{a}|{b})", inner, inner),
        st.builds(lambda a, q: f"(?:{a}){q}", inner, st.sampled_from("*+?")),
        st.builds(lambda a, q: f"({a}){q}", inner, st.sampled_from(["{2}", "{0,2}", "{1,}", "*?"])),
        st.builds(lambda a, f: f"(?{f}:{a})", inner, st.sampled_from(["i", "s", "m", "-i"])),
    ),
    max_leaves=6,
)


@settings(max_examples=200)
@given(pattern=PATTERNS, texts=st.lists(st.text("aAb1 -\n", max_size=7), max_size=4))
def test_following_all_ways_finds_what_re_finds(pattern: str, texts: list[str]) -> None:
    ways = regexps._AllWays(regexps._program(regexps._parser.parse(pattern), exact=True))
    for text in texts:
        assert ways.search(text) == bool(re.search(pattern, text)), (pattern, text)
