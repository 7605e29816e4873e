"""Help with wrong calls: warnings of unsent writes, short tracebacks, and errors of arguments.

A write that is dropped without `.go()` warns. A method that sends, shows or explains a chain ends
it, and each step returns a new object, so only the last object of a chain can be left over. One
slot says whether anything was done with it, which costs a write next to nothing.

The traceback of an error has some forty frames of generators and transports, which say nothing that
the message, the request and the cause do not say. Leyden cuts them off, so that the last frame
above the message is the caller's. `LEYDEN_TRACEBACKS=full` keeps them, and so does the `leyden`
logger at debug level.

Python's own TypeError for a wrong call names a function inside the package. Functions that take any
keyword also take positional arguments, and refuse them with a message of Leyden's. The others are
decorated with `fitting`, which checks the arguments only after Python has refused them, so a right
call costs next to nothing.
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
    """An object with a slot that says whether it was ended, extended, or passed on."""

    __slots__ = ("_ended",)


end: Final[Callable[[Endable, bool], None]] = Endable._ended.__set__  # type: ignore[attr-defined]
"""`end(chain, True)` notes that the chain was used. Chains are frozen apart from this slot."""


def hand_on(entries: Iterable[object]) -> None:
    """Note that chains go into a batch or a transaction, which must be ended in their place."""
    for entry in entries:
        if isinstance(entry, Endable):
            end(entry, True)


def warn_unended(one: Endable, name: str) -> None:
    """Warn that a write was dropped and never used; for `__del__`.

    A chain that is dropped because an error was raised does not warn.
    """
    # At the end of the process there is no frame that drops it.
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
    """The frames that the latest error of a thread passed through, each with its instruction."""

    places: frozenset[tuple[int, int]] = frozenset()


_latest: Final = _Latest()


def shorten(error: LeydenError) -> None:
    """Cut the frames inside the package off the traceback of an error and its causes.

    A cause that is neither Leyden's nor botocore's keeps its frames, because it comes from a hook.
    """
    places = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        places.append((id(frame), frame.f_lasti))
        frame = frame.f_back
    _latest.places = frozenset(places)
    if os.environ.get(VARIABLE) == FULL:
        return
    # If logging is not imported, nobody has set a level.
    logging = imported("logging")
    if logging is not None and logging.getLogger("leyden").isEnabledFor(logging.DEBUG):
        return
    seen: set[int] = set()
    one: BaseException | None = error
    # If botocore is not imported, none of the causes is its error.
    botocore = imported("botocore.exceptions")
    cut: tuple[type[BaseException], ...] = (LeydenError,)
    if botocore is not None:
        cut += (botocore.BotoCoreError, botocore.ClientError)
    while isinstance(one, cut) and id(one) not in seen:
        seen.add(id(one))
        one.__traceback__ = None
        one = one.__cause__


def is_left_by_error(frame: FrameType) -> bool:
    """Return whether the latest error came out of the call that the frame is at.

    If so, the frame drops its objects because of the error.
    """
    return (id(frame), frame.f_lasti) in _latest.places


F = TypeVar("F", bound=Callable[..., Any])


def misplaced(call: str, form: str, count: int, *, operation: str | None = None) -> ArgumentError:
    """Return the error for `count` positional arguments of a call that takes keywords only.

    >>> str(misplaced("go", ".go(limit=10)", 1))
    'go() takes keyword arguments only, as in .go(limit=10), but got 1 positional argument'
    """
    values = "1 positional argument" if count == 1 else f"{count} positional arguments"
    return ArgumentError(
        f"{call}() takes keyword arguments only, as in {form}, but got {values}",
        operation=operation,
    )


def not_called(form: str) -> ArgumentError:
    """Return the error for calling a group of names; `form` shows how to reach one of them."""
    return ArgumentError(f"this is not a function; write {form}")


def no_attribute(thing: object, name: str) -> AttributeError:
    """Return the error that Python raises for an attribute that does not exist."""
    message = f"{type(thing).__name__!r} object has no attribute {name!r}"
    return AttributeError(message, name=name, obj=thing)


def fitting(form: str) -> Callable[[F], F]:
    """Make a function raise ArgumentError for arguments that do not fit its signature.

    `form` is an example of a right call.
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
                # Importing it takes as long as a request.
                from inspect import signature

                try:
                    signature(function).bind(*arguments, **named)
                except TypeError as unfitting:
                    # The error tells the caller already, so the chains in the call do not warn.
                    for given in (*arguments, *named.values()):
                        hand_on(given if isinstance(given, list | tuple) else [given])
                    refused = ArgumentError(f"{function.__name__}(): {unfitting}; write {form}")
                    shorten(refused)
                    raise refused from None
                raise

        return cast(F, call)

    return decorate
