"""Normal forms of text, and slugs: pure functions from text to text.

White space and case follow JavaScript, so that a TypeScript client that writes
`value.trim().toLowerCase()` stores the same bytes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Final

_SPACE: Final = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
"""What `trim()` and `\\s` mean in JavaScript. Python's `strip()` strips other characters."""

_AROUND: Final = re.compile(rf"\A[{_SPACE}]+|[{_SPACE}]+\Z")
_IN_FRONT: Final = re.compile(rf"\A[{_SPACE}]+")
_RUN: Final = re.compile(rf"[{_SPACE}]+")
_NO_DIGIT: Final = re.compile("[^0-9]+")

FORMS: Final[dict[str, Callable[[str], str]]] = {
    "trim": partial(_AROUND.sub, ""),
    "collapse": partial(_RUN.sub, " "),
    "compact": partial(_RUN.sub, ""),
    "digits": partial(_NO_DIGIT.sub, ""),
    "lower": str.lower,
    "upper": str.upper,
    "casefold": str.casefold,
    "nfc": partial(unicodedata.normalize, "NFC"),
    "nfkc": partial(unicodedata.normalize, "NFKC"),
}
"""The normal forms by name."""

FORM_MEANINGS: Final[dict[str, str]] = {
    "trim": "no white space at the ends",
    "collapse": "one space in place of each run of white space",
    "compact": "no white space at all",
    "digits": "the digits 0 to 9 and nothing else",
    "lower": "lowercase letters",
    "upper": "uppercase letters",
    "casefold": "letters without case: ß becomes ss",
    "nfc": "one code point for a letter with its accents, where there is one",
    "nfkc": "the same, and plain characters in place of ligatures, wide letters and the like",
}
"""The result of each normal form, in words."""

EXCLUDING: Final = (
    frozenset({"lower", "upper", "casefold"}),
    frozenset({"nfc", "nfkc"}),
    frozenset({"collapse", "compact"}),
)
"""Sets of forms of which an attribute can have only one."""

_MOST_ROUNDS: Final = 8
"""More rounds than any text needs: a change of case may undo a composition, but not vice versa."""


@lru_cache(maxsize=256)
def normal_form(names: tuple[str, ...]) -> Callable[[str], str]:
    """Return the function that applies the normal forms with these names, in their order.

    A later form may undo an earlier one: `nfkc`, for example, turns `¨` into a space. So the forms
    are repeated until nothing changes, and text in its normal form stays as it is.

    >>> normal_form(("trim", "lower"))("  Ada@Example.COM ")
    'ada@example.com'
    """
    steps = [FORMS[name] for name in names]

    def normal(text: str) -> str:
        for _ in range(_MOST_ROUNDS):
            before = text
            for step in steps:
                text = step(text)
            if text == before:
                break
        return text

    return normal


def part_form(names: Iterable[str], *, at_start: bool) -> Callable[[str], str]:
    """Return the function that normalizes a part of a text, or with `at_start` its beginning.

    White space at an end of the part may be inside the whole text, so it is kept there.

    >>> part_form(("trim", "lower"), at_start=True)("  Ada ")
    'ada '
    """
    kept = tuple(name for name in names if name != "trim")
    normal = normal_form(kept)
    if at_start and len(kept) < len(tuple(names)):
        return lambda text: normal(_IN_FRONT.sub("", text))
    return normal


_LETTERS: Final = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ħ": "h",
        "ŧ": "t",
        "ı": "i",
        "'": "",
        "\u2019": "",
    }
)
"""Letters that do not decompose into a plain letter and accents, and apostrophes as in `don't`."""

_BETWEEN: Final = re.compile("[^a-z0-9]+")
_LAST_WORD: Final = re.compile("-[^-]*$")


def slug_of(text: str, max_length: int | None = None) -> str | None:
    """Return a text for use in a URL: lowercase ASCII letters, digits, and hyphens between words.

    Accents are dropped. A slug that is longer than `max_length` ends with the last word that fits.
    The result is None if nothing is left, for example of a text in another script.

    >>> slug_of("Crème brûlée & Straßenkaffee")
    'creme-brulee-strassenkaffee'
    >>> slug_of("The quick brown fox", 12)
    'the-quick'
    """
    apart = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in apart if not unicodedata.category(c).startswith("M")).lower()
    slug = _BETWEEN.sub("-", plain.translate(_LETTERS)).strip("-")
    if max_length is not None and len(slug) > max_length:
        slug = _LAST_WORD.sub("", slug[: max_length + 1])[:max_length]
    return slug or None
