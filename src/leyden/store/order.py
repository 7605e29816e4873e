"""The order of every listing: by time, number or name, and by id where these are equal.

Both backends use these orders. The place of an entry is a mark, which is JSON so that cursors can
hold it.

Ids are in the order of JavaScript's `localeCompare`, by which the TypeScript client sorts: white
space, punctuation, digits, then letters regardless of case. Small letters come before capitals only
where everything else is equal. Control characters count last of all. This order is exact for ASCII
ids. Among other characters, letters with accents come next to the letters without, punctuation and
symbols come before the digits, and other letters come after Z by code point. That is a total order
as well, although JavaScript's may differ.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import total_ordering
from typing import Any, Final, TypeAlias

from leyden.store.records import JSON
from leyden.store.values import known
from leyden.types import epoch_milliseconds, number_text

IdKey: TypeAlias = tuple[str, str, str, str]
Mark: TypeAlias = Sequence[JSON]
"""The place of an entry, as JSON."""

Order: TypeAlias = Callable[[Mark], Any]
"""Returns the sort key of a mark."""

_SIGNS: Final = "\t\n\x0b\x0c\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_OTHER_SIGN: Final = chr(100)  # before signs that sort between the listed signs and the digits
_FIRST_DIGIT: Final = 110
_FIRST_LETTER: Final = 130
_OTHER_LETTER: Final = chr(200)  # before letters that sort after Z
_DIGITS_OF_TIMES: Final = 13

_PRIMARY: Final[dict[int, str | None]] = {
    **dict.fromkeys(range(128), None),
    **{ord(sign): chr(1 + i) for i, sign in enumerate(_SIGNS)},
    **{ord("0") + i: chr(_FIRST_DIGIT + i) for i in range(10)},
    **{ord("a") + i: chr(_FIRST_LETTER + i) for i in range(26)},
    **{ord("A") + i: chr(_FIRST_LETTER + i) for i in range(26)},
}
_CASE: Final[dict[int, str | None]] = {
    code: None if weight is None else "1" if chr(code).isupper() else "0"
    for code, weight in _PRIMARY.items()
}


def id_key(id: str) -> IdKey:
    """Return the sort key of an id.

    >>> sorted(["b", "a2", "A", "a", "_x"], key=id_key)
    ['_x', 'a', 'A', 'a2', 'b']
    """
    if id.isascii():
        letters = id.translate(_PRIMARY)
        return letters, "0" * len(letters), id.translate(_CASE), id
    letters = marks = case = ""
    for char in unicodedata.normalize("NFD", id):
        category = unicodedata.category(char)
        if category == "Mn":
            marks += char
            continue
        if char.isascii():
            weight = _PRIMARY[ord(char)] or ""
        elif category[0] == "C":
            weight = ""
        else:
            weight = (_OTHER_SIGN if category[0] in "PSZ" else _OTHER_LETTER) + char.lower()
        if weight:
            letters, marks = letters + weight, marks + "0"
            case += "1" if char.isupper() else "0"
    return letters, marks, case, id


def time_mark(time: datetime, id: str) -> Mark:
    """Return the place of an entry that is listed by time."""
    return [epoch_milliseconds(time), id]


def time_marks(id: str) -> Callable[[Any], Mark]:
    """Return a function for the places of records by creation time; `id` names their id's field."""
    return lambda one: time_mark(known(one.created_at), getattr(one, id))


def start_mark(span: Any) -> Mark:
    """Return the place of a span."""
    return [span.start_time, span.id]


def run_mark(run: Any) -> Mark:
    """Return the place of a workflow run."""
    return [run.workflow_name, run.run_id]


def newest_first(mark: Mark) -> Any:
    """Sort from the latest time to the earliest, and by ascending id within the same time."""
    return -mark[0], id_key(mark[1])


def oldest_first(mark: Mark) -> Any:
    """Sort from the earliest time to the latest, and by ascending id within the same time."""
    return +mark[0], id_key(mark[1])


def latest_first(mark: Mark) -> Any:
    """Sort in the reverse of `oldest_first`, so ids descend within the same time as well."""
    return -mark[0], _Backwards(id_key(mark[1]))


@total_ordering
class _Backwards:
    """A key that sorts in reverse."""

    __slots__ = ("key",)

    def __init__(self, key: IdKey) -> None:
        self.key = key

    def __lt__(self, other: _Backwards) -> bool:
        return other.key < self.key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Backwards) and other.key == self.key


def is_time(start: float) -> bool:
    """Return whether a number is a time in milliseconds or finer units, as tracers count them.

    Such numbers have 13 or more digits, for all times since September 2001.
    """
    digits = number_text(start).partition(".")[0]
    return digits.isdecimal() and len(digits) >= _DIGITS_OF_TIMES


def newest_start_first(mark: Mark) -> Any:
    """Sort spans from the latest start to the earliest; their marks are start and id.

    Times are compared digit by digit, as they are in the index, so milliseconds and nanoseconds
    together are in the order of time. Numbers that are not times come after them, by size.
    """
    start, id = mark[:2]
    if not is_time(start):
        return 1, -start, id_key(id)
    # If one number's digits are the beginning of another's, the longer one is larger.
    return 0, (*(-ord(digit) for digit in number_text(start)), 1), id_key(id)


def by_name(mark: Mark) -> Any:
    """Sort runs by the names of workflow and run, as their keys sort in the table."""
    workflow, run = mark
    return workflow.lower(), run.lower()
