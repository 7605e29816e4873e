"""What the domains share: how their methods run, and whose name errors bear."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from leyden.errors import LeydenError
from leyden.program import Program, Runner

P = TypeVar("P")
T = TypeVar("T")


class Domain(Generic[P]):
    """A domain of the store: runs the programs of its methods, one at a time for each caller."""

    __slots__ = ("_programs", "_runner")

    def __init__(self, programs: P, runner: Runner) -> None:
        self._programs = programs
        self._runner = runner

    def _run(self, method: str, program: Program[T]) -> T:
        return self._runner.run(named(f"store.{method}", program))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class AsyncRunner(Protocol):
    """Runs programs on an event loop."""

    async def run(self, program: Program[T]) -> T:
        """The program's result. Errors of the service arrive as `LeydenError`."""
        ...


class AsyncDomain(Generic[P]):
    """A domain of an asynchronous store: its methods are awaited."""

    __slots__ = ("_programs", "_runner")

    def __init__(self, programs: P, runner: AsyncRunner) -> None:
        self._programs = programs
        self._runner = runner

    async def _run(self, method: str, program: Program[T]) -> T:
        return await self._runner.run(named(f"store.{method}", program))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def named(operation: str, program: Program[T]) -> Program[T]:
    """The program, with the method's name on every error that leaves it."""
    try:
        return (yield from program)
    except LeydenError as error:
        # The steps have names of their own, which say nothing to the method's caller.
        error.operation = operation
        raise
