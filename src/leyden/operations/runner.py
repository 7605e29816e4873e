"""What operations need of whoever runs their programs."""

from __future__ import annotations

from typing import Protocol, TypeVar

from leyden.operations.request import Program

T = TypeVar("T")


class Runner(Protocol):
    """Runs a program to its end: sends what it yields, and returns what it returns."""

    def run(self, program: Program[T]) -> T:
        """The program's result. Errors of the service arrive as `LeydenError`.

        An asynchronous runner, whose `asynchronous` is True, gives an awaitable of it.
        """
        ...


def is_asynchronous(runner: Runner) -> bool:
    """Whether what the runner gives is to be awaited."""
    return bool(getattr(runner, "asynchronous", False))
