from __future__ import annotations

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.schema import ExpressionError, parse_expression
from leyden.schema.spec import TemplateError, parse_template

ALL = None


@pytest.mark.parametrize(
    ("text", "roots"),
    [
        ("a", {"a"}),
        ("a.b.c", {"a"}),
        ('"a-b".c', {"a-b"}),
        ("@", ALL),
        ("@.a", {"a"}),
        ("@ | a", {"a"}),
        ("*", ALL),
        ("*.a", ALL),
        ("keys(@)", ALL),
        ("[a, b]", {"a", "b"}),
        ("{x: a, y: b.c}", {"a", "b"}),
        ("join(' ', [a, to_string(b)])", {"a", "b"}),
        ("a[*].b", {"a"}),
        ("a[?b == c].d", {"a"}),
        ("a[?@ == 'x']", {"a"}),
        ("a[]", {"a"}),
        ("a[0:2]", {"a"}),
        ("a.*.b", {"a"}),
        ("a.[b, c]", {"a"}),
        ("a.{x: b}", {"a"}),
        ("sort_by(a, &b)[0].c", {"a"}),
        ("map(&x, a)", {"a"}),
        ("a | b", {"a"}),
        ("(a || b).c", {"a", "b"}),
        ("!a && b > `3`", {"a", "b"}),
        ("`1`", set()),
        ("'x'", set()),
    ],
)
def test_the_roots_of_an_expression_are_what_it_reads(text: str, roots: set[str] | None) -> None:
    assert parse_expression(text).roots == roots


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("a ==", 5),
        ("a b", 3),
        ("a..b", 3),
        ("", 1),
        ("#", 1),
        ("a == 'x", 6),
        ("nonsense(a)", 1),
        ("a || to_strng(b)", 6),
        ("abs(a, b)", 1),
        ("merge()", 1),
        ("(" * 2000 + "a" + ")" * 2000, 1),
        ("a" * 5000, 4097),
    ],
)
def test_an_expression_that_cannot_work_is_refused_with_its_column(text: str, column: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)

    assert caught.value.column == column
    assert f"column {column} of the expression" in str(caught.value)


NAMES = st.sampled_from("abc")
EXPRESSIONS = st.recursive(
    st.one_of(NAMES, st.just("@"), st.just("`1`"), st.just("'a'")),
    lambda inner: st.one_of(
        st.tuples(inner, NAMES).map(".".join),
        st.tuples(inner, inner).map("({0[0]} || {0[1]})".format),
        st.tuples(inner, inner).map("({0[0]} | {0[1]})".format),
        st.tuples(inner, inner).map("{0[0]}[?{0[1]}]".format),
        st.tuples(inner, inner).map("[{0[0]}, {0[1]}]".format),
        st.tuples(inner, inner).map("{{x: {0[0]}, a: {0[1]}}}".format),
        st.tuples(inner, inner).map("{0[0]}.[{0[1]}]".format),
        inner.map("to_array({0})".format),
        inner.map("{0}[*]".format),
        inner.map("{0}.*".format),
        st.tuples(inner, inner).map("map(&{0[0]}, to_array({0[1]}))".format),
    ),
    max_leaves=6,
)
VALUES = st.recursive(
    st.one_of(st.none(), st.integers(0, 3), st.just("a")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abcx"), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(EXPRESSIONS, st.dictionaries(st.sampled_from("abcx"), VALUES, min_size=1), VALUES)
def test_what_is_not_a_root_does_not_change_the_result(
    text: str, document: dict[str, object], other: object
) -> None:
    roots = parse_expression(text).roots
    if roots is None:
        return
    changed = {name: value if name in roots else other for name, value in document.items()}

    assert jmespath.search(text, changed) == jmespath.search(text, document)


def test_a_template_is_taken_apart() -> None:
    template = parse_template("A#${a}${ b }#Z")

    assert template.literals == ("A#", "", "#Z")
    assert template.names == ("a", "b")
    assert not template.is_bare
    assert parse_template("${a}").is_bare
    assert parse_template("ALL").names == ()


@pytest.mark.parametrize(("text", "column"), [("A${a", 2), ("${a}${}", 5), ("${a${b}}", 1)])
def test_a_broken_template_is_refused_with_its_column(text: str, column: int) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template(text)

    assert caught.value.column == column


@given(
    st.lists(st.tuples(st.text("#A-_$", max_size=3), st.sampled_from(["a", "bc"]))), st.text("#Z")
)
def test_the_parts_of_a_template_make_it_again(parts: list[tuple[str, str]], tail: str) -> None:
    text = "".join(f"{literal}${{{name}}}" for literal, name in parts) + tail
    template = parse_template(text)

    pieces = [x + "${" + n + "}" for x, n in zip(template.literals, template.names, strict=False)]
    assert "".join(pieces) + template.literals[-1] == text
