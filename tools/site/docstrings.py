"""Convert docstrings to reStructuredText: plain text with code in backticks, and doctests."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from leyden import errors

_CODE: Final = re.compile(r"(`[^`]+`)")
_SPECIAL: Final = re.compile(r"([\\*|]|_\b)")
_ERROR: Final = re.compile(rf"\b({'|'.join(errors.__all__)})\b")
_FLAG: Final = re.compile(r"\s*# doctest: [+\w, ]+$")
_BULLET: Final = re.compile(r"[*-] ")


def restructured(lines: Iterable[str]) -> list[str]:
    """Return a docstring's lines as reStructuredText.

    Backticks become literals, and other marks are escaped. Names of errors become links, and the
    flags of doctests are left out.
    """
    made: list[str] = []
    prompt = literal = False
    for line in lines:
        text = line.strip()
        prompt = bool(text) and (prompt or text.startswith(">>>"))
        literal = literal and (not text or line.startswith(" "))
        if prompt:
            made.append(_FLAG.sub("", line))
        elif literal or not text:
            made.append(line)
        else:
            made.append(_prose(line))
            literal = text.endswith("::")
    return made


def _prose(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    text = line[len(indent) :]
    bullet = _BULLET.match(text)
    if bullet:
        indent += bullet[0]
        text = text[bullet.end() :]
    parts = _CODE.split(text)
    return indent + "".join(
        f"`{part}`" if number % 2 else _linked(_SPECIAL.sub(r"\\\1", part))
        for number, part in enumerate(parts)
    )


def _linked(text: str) -> str:
    return _ERROR.sub(r":py:exc:`~leyden.errors.\1`", text)
