"""Taking a program one step further, whoever performs the steps."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from leyden._attrs import frozen
from leyden.errors import LeydenError
from leyden.program import Program, Step

T = TypeVar("T")


@frozen
class Done(Generic[T]):
    """A program's end and its result."""

    value: T


def advance(program: Program[T], result: Any) -> Step | Done[T]:
    """The program's next step, after the last one gave `result`."""
    try:
        return program.send(result)
    except StopIteration as end:
        return Done(end.value)


def fail(program: Program[T], error: LeydenError) -> Step | Done[T]:
    """The program's next step, after the last one ended in `error`."""
    try:
        return program.throw(error)
    except StopIteration as end:
        return Done(end.value)
