"""Writes that nobody sent: a chain that was dropped without `.go()` warns.

What sends, shows or explains a chain ends it, and each of its steps extends it by a new object. So
only the last object of a chain can be left over, and only that one warns. One slot says whether
anything was done with an object: that costs a write next to nothing. A chain that goes away with
an error, as in `task.put(...).where(task.attr.titel == "x")`, was not forgotten.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable

from leyden.errors import UnsentWriteWarning
from leyden.tracebacks import is_left_by_error


class Endable:
    """Something with one slot that says that it was ended, extended, or handed on."""

    __slots__ = ("_ended",)


_mark = Endable._ended.__set__  # type: ignore[attr-defined]


def end(one: Endable) -> None:
    """Note that something is done with a chain; those of attrs are frozen otherwise."""
    _mark(one, True)


def hand_on(entries: Iterable[object]) -> None:
    """Note that chains go into a batch or a transaction, which is to be ended in their place."""
    for entry in entries:
        if isinstance(entry, Endable):
            _mark(entry, True)


def warn_if_unended(one: Endable, name: str) -> None:
    """Warn that a write goes away with which nothing was done; for `__del__`."""
    if not hasattr(one, "_ended") and not is_left_by_error(sys._getframe(2)):
        warnings.warn(
            f"{name} was dropped without .go(), and nothing was sent; end the chain with .go(), "
            "or with .params() to see the request",
            UnsentWriteWarning,
            stacklevel=3,
            source=one,
        )
