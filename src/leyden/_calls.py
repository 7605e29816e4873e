"""Calls that go wrong: writes that nobody sent, tracebacks, and arguments that do not fit.

A write that is dropped without `.go()` warns. What sends, shows or explains a chain ends it, and
each step extends it by a new object, so only the last object of a chain can be left over. One slot
says whether anything was done with it, which costs a write next to nothing.

An error leaves some forty frames of generators and transports behind, which say nothing that its
message, its request and its cause do not. They are cut off, so that the last thing above the
message is the call. `LEYDEN_TRACEBACKS=full` keeps them, and so does the `leyden` logger at debug
level.

Python's own TypeError for a wrong call names a function inside of the package. Functions that take
anything by keyword take what is misplaced too, and refuse it in words of ours; others are looked at
by `fitting` after they were refused, which costs a right call next to nothing.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterable
from functools import wraps
from types import FrameType
from typing import Any, Final, TypeVar, cast

from leyden._late import imported
from leyden.errors import ArgumentError, LeydenError, UnsentWriteWarning


class Endable:
    """Something with one slot that says that it was ended, extended, or handed on."""

    __slots__ = ("_ended",)


end: Final[Callable[[Endable, bool], None]] = Endable._ended.__set__  # type: ignore[attr-defined]
"""`end(chain, True)` notes that something is done with a chain, which is frozen otherwise."""


def hand_on(entries: Iterable[object]) -> None:
    """Note that chains go into a batch or a transaction, which is to be ended in their place."""
    for entry in entries:
        if isinstance(entry, Endable):
            end(entry, True)


def warn_unended(one: Endable, name: str) -> None:
    """Warn that a write goes away with which nothing was done; for `__del__`.

    What an error leaves behind is dropped because of that error.
    """
    # At the end of the process nobody is there who drops it.
    frame = sys._getframe(1).f_back
    if frame is None or not is_left_by_error(frame):
        warnings.warn(
            f"{name} was dropped without .go(), and nothing was sent; end the chain with .go(), "
            "or with .params() to see the request",
            UnsentWriteWarning,
            stacklevel=3,
            source=one,
        )


VARIABLE: Final = "LEYDEN_TRACEBACKS"
FULL: Final = "full"


class _Latest(threading.local):
    """Where the latest error of a thread came from: its frames, each with its instruction."""

    places: frozenset[tuple[int, int]] = frozenset()


_latest: Final = _Latest()


def shorten(error: LeydenError) -> None:
    """Cut the frames inside of the package off an error and its causes.

    A cause that is neither Leyden's nor botocore's keeps its frames: it comes from a hook.
    """
    places = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        places.append((id(frame), frame.f_lasti))
        frame = frame.f_back
    _latest.places = frozenset(places)
    if os.environ.get(VARIABLE) == FULL:
        return
    # Who has not imported logging has set no level.
    logging = imported("logging")
    if logging is not None and logging.getLogger("leyden").isEnabledFor(logging.DEBUG):
        return
    seen: set[int] = set()
    one: BaseException | None = error
    # Who has not imported botocore has none of its errors.
    botocore = imported("botocore.exceptions")
    cut: tuple[type[BaseException], ...] = (LeydenError,)
    if botocore is not None:
        cut += (botocore.BotoCoreError, botocore.ClientError)
    while isinstance(one, cut) and id(one) not in seen:
        seen.add(id(one))
        one.__traceback__ = None
        one = one.__cause__


def is_left_by_error(frame: FrameType) -> bool:
    """Whether the latest error came out of the very call that a frame is in.

    What the frame drops there, it drops because of the error.
    """
    return (id(frame), frame.f_lasti) in _latest.places


F = TypeVar("F", bound=Callable[..., Any])


def misplaced(call: str, form: str, count: int, *, operation: str | None = None) -> ArgumentError:
    """The error for `count` values that stand without a name.

    >>> str(misplaced("go", ".go(limit=10)", 1))
    'go() takes what it is given by name, as in .go(limit=10), and got 1 value without one'
    """
    values = "1 value without one" if count == 1 else f"{count} values without one"
    return ArgumentError(
        f"{call}() takes what it is given by name, as in {form}, and got {values}",
        operation=operation,
    )


def not_called(form: str) -> ArgumentError:
    """The error for a group of names that is called; `form` reaches one of them."""
    return ArgumentError(f"this is no function: write {form}")


def no_attribute(thing: object, name: str) -> AttributeError:
    """Python's own error for an attribute that there is not."""
    message = f"{type(thing).__name__!r} object has no attribute {name!r}"
    return AttributeError(message, name=name, obj=thing)


def fitting(form: str) -> Callable[[F], F]:
    """Let a function refuse arguments that do not fit its signature with an ArgumentError.

    `form` shows a right call.
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            try:
                return function(*arguments, **named)
            except LeydenError as error:
                shorten(error)
                raise
            except TypeError:
                # Its import takes as long as a request.
                from inspect import signature

                try:
                    signature(function).bind(*arguments, **named)
                except TypeError as unfitting:
                    # The call has failed for all to see, so no chain in it was forgotten.
                    for given in (*arguments, *named.values()):
                        hand_on(given if isinstance(given, list | tuple) else [given])
                    refused = ArgumentError(f"{function.__name__}(): {unfitting}; write {form}")
                    shorten(refused)
                    raise refused from None
                raise

        return cast(F, call)

    return decorate
