"""Normal forms and slugs: laws of pure functions."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leyden.types.normal import EXCLUDING, FORM_MEANINGS, FORMS, normal_form, part_form, slug_of

ODD = st.text(
    st.sampled_from("aA \t\u00a0\ufeff\u0301\u0345\u0308ΣσςİıßſﬁÅΐ¨Ａ１9\u2003-"), max_size=6
)
TEXTS = st.text(max_size=12) | ODD


@st.composite
def forms(draw: st.DrawFn) -> tuple[str, ...]:
    """Normal forms that an attribute may have together, in any order."""
    names: list[str] = draw(st.permutations([*FORMS]))
    for group in EXCLUDING:
        kept = draw(st.sampled_from(sorted(group)))
        names = [name for name in names if name not in group or name == kept]
    return tuple(names[: draw(st.integers(1, len(names)))])


@given(forms(), TEXTS)
@example(("trim", "nfkc"), "¨")
@example(("nfc", "upper"), "ΐ")
def test_a_normal_form_stays_what_it_is(names: tuple[str, ...], text: str) -> None:
    normal = normal_form(names)
    assert normal(normal(text)) == normal(text)


@given(forms(), TEXTS)
@example(("casefold", "nfkc"), "ΐ")
def test_a_normal_text_has_all_of_its_forms(names: tuple[str, ...], text: str) -> None:
    normal = normal_form(names)(text)
    for name in names:
        # A case mapping may take apart what a composition puts together: the same text to Unicode.
        assert decomposed(FORMS[name](normal)) == decomposed(normal)


def decomposed(text: str) -> str:
    """What is the same for all spellings of a text that Unicode counts as one."""
    return unicodedata.normalize("NFD", text)


@given(TEXTS, TEXTS, st.sampled_from([("trim", "lower"), ("upper",), ("trim",), ("compact",)]))
def test_a_part_of_ascii_text_is_found_where_it_stands(
    start: str, rest: str, names: tuple[str, ...]
) -> None:
    # Beyond ASCII, what a letter becomes may depend on those beside it.
    start, rest = (re.sub(r"[^\x20-\x7e]", "", text) for text in (start, rest + "x"))
    whole = normal_form(names)(start + rest)
    assert whole.startswith(part_form(names, at_start=True)(start))
    inner = part_form(names, at_start=False)(start)
    assert inner in whole or (start[:1] == " " and "trim" in names)


def test_white_space_is_that_of_javascript() -> None:
    assert normal_form(("trim",))("\ufeff\u2003 a\u00a0b \u2029") == "a\u00a0b"
    assert normal_form(("trim",))("\x1ca\x85") == "\x1ca\x85"
    assert normal_form(("collapse",))("a \u3000\tb") == "a b"


@pytest.mark.parametrize(
    ("name", "text", "normal"),
    [
        ("trim", " a b ", "a b"),
        ("collapse", "a  b", "a b"),
        ("compact", "DE12 3456", "DE123456"),
        ("digits", "+49 (30) 12-34", "49301234"),
        ("lower", "ΑΣ", "ας"),
        ("upper", "straße", "STRASSE"),
        ("casefold", "Straße", "strasse"),
        ("nfc", "e\u0301", "é"),
        ("nfkc", "ﬁＡ", "fiA"),
    ],
)
def test_each_form_leaves_what_it_says(name: str, text: str, normal: str) -> None:
    assert normal_form((name,))(text) == normal
    assert FORM_MEANINGS.keys() == FORMS.keys()


@given(TEXTS, st.none() | st.integers(1, 12))
def test_a_slug_is_made_of_words_of_ascii(text: str, longest: int | None) -> None:
    slug = slug_of(text, longest)
    if slug is not None:
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", slug)
        assert longest is None or len(slug) <= longest
        assert slug_of(slug, longest) == slug


@pytest.mark.parametrize(
    ("text", "longest", "slug"),
    [
        ("Crème brûlée", None, "creme-brulee"),
        ("Don't stop — Straße №5!", None, "dont-stop-strasse-no5"),
        ("abc-def", 3, "abc"),
        ("abcdef", 3, "abc"),
        ("abc def", 6, "abc"),
        ("日本", None, None),
        ("", None, None),
    ],
)
def test_slugs(text: str, longest: int | None, slug: str | None) -> None:
    assert slug_of(text, longest) == slug
