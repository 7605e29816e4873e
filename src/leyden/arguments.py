"""Calls whose arguments do not fit: errors of Leyden's, which show the right form.

Python's own TypeError for a wrong call names a function inside of the package. Two ways to say it
better: functions that take anything by keyword take what is misplaced too, and refuse it; others
are looked at by `fitting` after they were refused, which costs a right call next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from leyden.errors import ArgumentError, LeydenError
from leyden.operations.unended import hand_on
from leyden.tracebacks import shorten

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
                _refuse_unfitting(function, form, arguments, named)
                raise

        return cast(F, call)

    return decorate


def _refuse_unfitting(
    function: Callable[..., Any], form: str, arguments: tuple[Any, ...], named: dict[str, Any]
) -> None:
    # Its import takes as long as a request.
    from inspect import signature

    try:
        signature(function).bind(*arguments, **named)
    except TypeError as error:
        # The call has failed for all to see, so no chain in it was forgotten.
        for given in (*arguments, *named.values()):
            hand_on(given if isinstance(given, list | tuple) else [given])
        refused = ArgumentError(f"{function.__name__}(): {error}; write {form}")
        shorten(refused)
        raise refused from None
