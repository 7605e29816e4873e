"""Phrases of messages: quoted words, lists, suggestions; and JavaScript's white space."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

WHITE_IN_JAVASCRIPT: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What `trim()` strips and `\\s` matches in JavaScript, which differs from Python's white space."""

_LONGEST_WORD: Final = 60
_MOST_CANDIDATES: Final = 1000


def did_you_mean(word: str, known: Iterable[str], *, closeness: float = 0.6) -> str:
    """Return a suggestion that ends a message (`; did you mean "pattern"?`), or an empty string.

    `closeness` is how similar two words must be, from 0 to 1.
    """
    candidates = list(known)
    if len(word) > _LONGEST_WORD or len(candidates) > _MOST_CANDIDATES:
        return ""
    # Most processes compare no words, so they should not import this.
    from difflib import get_close_matches

    near = get_close_matches(word, candidates, n=1, cutoff=closeness)
    # The same word in another case is nearest of all: `ON_DEMAND`.
    near = [one for one in candidates if one.casefold() == word.casefold()] or near
    return f'; did you mean "{near[0]}"?' if near else ""


def quoted(word: str) -> str:
    """Return a word of a schema in quotes, on one line, and shortened if it is very long."""
    text = word if len(word) <= _LONGEST_WORD else word[: _LONGEST_WORD - 3] + "..."
    return f'"{visible(text)}"'


def visible(text: str) -> str:
    """Return a text on one line, with every character escaped that does not print.

    Terminals and pages act on some of these or hide them: line ends, escape sequences, and marks
    that change the direction of text.

    >>> visible("a\\x1b[31m")
    'a\\\\x1b[31m'
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def a(noun: str) -> str:
    """Return a noun with its article: `an integer`."""
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Return words as a phrase: `"a"`, `"a" and "b"`, `"a", "b" and "c"`."""
    quotes = [quoted(word) for word in words]
    if len(quotes) < 2:
        return "".join(quotes)
    return f"{', '.join(quotes[:-1])} {last} {quotes[-1]}"
