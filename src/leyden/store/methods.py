"""How a domain's methods run: each is written once, as a program, and called in every store.

A method is a generator that yields requests and is sent their answers. The descriptor `method`
runs it: a domain of `DynamoDBStore` gives its result, one of `AsyncDynamoDBStore` is awaited, and
one of `InMemoryStore` has nothing to ask for. To a type checker the ways differ in just that, and
all take the arguments that the program takes. Name and docstring are those of the interface, which
is the reference. What a method needs of its backend are steps, which are programs as well.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import update_wrapper
from typing import Any, ClassVar, Concatenate, Generic, ParamSpec, TypeVar, overload

from leyden.errors import LeydenError
from leyden.program import Program, Runner
from leyden.store.values import Clock

P = ParamSpec("P")
T = TypeVar("T")


class Domain:
    """What the methods of a domain have: a runner, and `_now`, the time cut to milliseconds."""

    _interface: ClassVar[type]

    def __init__(self, runner: Runner, now: Clock) -> None:
        self._runner = runner
        self._now = now

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Blocking(Domain):
    """A domain whose methods run on the calling thread, one at a time for each caller."""

    def _run(self, program: Program[T]) -> T:
        return self._runner.run(program)


class Awaited(Domain):
    """A domain whose methods are awaited."""

    async def _run(self, program: Program[T]) -> T:
        runner: Any = self._runner
        result: T = await runner.run(program)
        return result


class method(Generic[P, T]):  # noqa: N801
    """Makes a method of a program: `@method` on a generator function of a `Domain`."""

    def __init__(self, program: Callable[Concatenate[Any, P], Program[T]]) -> None:
        self.program = program

    def __set_name__(self, owner: type[Domain], name: str) -> None:
        operation = f"store.{name_of(owner)}.{name}"
        program = self.program

        def blocking(self: Blocking, *args: P.args, **kwargs: P.kwargs) -> T:
            return self._run(named(operation, program(self, *args, **kwargs)))

        async def awaited(self: Awaited, *args: P.args, **kwargs: P.kwargs) -> T:
            return await self._run(named(operation, program(self, *args, **kwargs)))

        declared: Callable[..., object] = getattr(owner._interface, name)
        ways: tuple[Any, Any] = (blocking, awaited)
        for function in ways:
            # This brings `__wrapped__`, too, of which `help` and `inspect` take the signature.
            update_wrapper(function, declared)
            function.__module__ = owner.__module__
            function.__qualname__ = f"{owner.__qualname__}.{name}"
        self._blocking, self._awaited = ways

    @overload
    def __get__(self, domain: Blocking, owner: type | None = None) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, domain: Awaited, owner: type | None = None
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, domain: None, owner: type) -> Callable[Concatenate[Any, P], Any]: ...
    def __get__(self, domain: Domain | None, owner: type | None = None) -> Any:
        is_awaited = issubclass(owner or type(domain), Awaited)
        return (self._awaited if is_awaited else self._blocking).__get__(domain, owner)


def name_of(domain: type[Domain]) -> str:
    """What a store calls a domain, as in `store.memory`."""
    return domain._interface.__name__.lower()


def named(operation: str, program: Program[T]) -> Program[T]:
    """The program, with the method's name on every error that leaves it."""
    try:
        return (yield from program)
    except LeydenError as error:
        # The steps have names of their own, which say nothing to the method's caller.
        error.operation = operation
        raise
