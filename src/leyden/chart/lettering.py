"""Text in a drawing: its width, its line breaks, and its ellipsis.

SVG has no layout of its own, so widths are counted in cells of a monospaced font.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from leyden.chart.contents import Piece

ADVANCE: Final = 0.602
"""The width of a cell in ems. Monospaced fonts differ little, and `textLength` corrects that."""

_ELLIPSIS: Final = "\u2026"
_BLANK: Final = re.compile(r"[\t\n\r]+")


def cells_of(character: str) -> int:
    """Return how many cells a character takes: wide ones two, combining marks none."""
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 0 if unicodedata.category(character) in ("Mn", "Me", "Cf") else 1


def cells(text: str) -> int:
    """Return how many cells a text takes."""
    return len(text) if text.isascii() else sum(map(cells_of, text))


def one_line(text: str) -> str:
    """Return a text without line breaks."""
    return _BLANK.sub(" ", text)


def shortened(text: str, most: int) -> str:
    """Return at most `most` cells of a text, with an ellipsis if it is cut."""
    if cells(text) <= most:
        return text
    room, kept = most - 1, []
    for character in text:
        room -= cells_of(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + _ELLIPSIS


def lines_of(pieces: Iterable[Piece], width: int, most: int) -> list[list[Piece]]:
    """Split a key into at most `most` lines of `width` cells.

    Lines break before the `#` of a label, or before a value. What does not fit is replaced by an
    ellipsis.
    """
    letters = [(c, piece.name) for piece in pieces for c in one_line(piece.text)]
    lines: list[list[Piece]] = []
    while letters and len(lines) < most:
        end = _end(letters, width)
        line, letters = letters[:end], letters[end:]
        if letters and len(lines) == most - 1:
            line = [*line[: _end(line, width - 1)], (_ELLIPSIS, None)]
        lines.append(
            [
                Piece("".join(c for c, _ in run), name)
                for name, run in groupby(line, key=lambda letter: letter[1])
            ]
        )
    return lines or [[]]


def _end(letters: Sequence[tuple[str, str | None]], width: int) -> int:
    """Return where the first line ends."""
    taken = 0
    for end, (character, _) in enumerate(letters):
        taken += cells_of(character)
        if taken > width:
            inside = range(end, 0, -1)
            labels = (place for place in inside if letters[place][0] == "#")
            values = (place for place in inside if _begins_value(letters, place))
            return next(labels, None) or next(values, None) or max(end, 1)
    return len(letters)


def _begins_value(letters: Sequence[tuple[str, str | None]], place: int) -> bool:
    return letters[place][1] is not None and letters[place - 1][1] != letters[place][1]
