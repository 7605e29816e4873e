"""Methods that are written once, as programs, and are called blocking or awaited.

A method is a generator that yields requests and is sent their answers. The descriptor `method` runs
it with the runner of its object: an object that is `Blocking` returns the result, one that is
`Awaited` returns an awaitable. A type checker sees that difference, and otherwise the arguments of
the program. If the class has an `_interface`, methods take their names and docstrings from it, as
the interface is the reference.

A program that calls methods of other objects uses `program_of` to get their programs, so that their
requests are steps of its own and can be sent together with others.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial, update_wrapper
from typing import Any, ClassVar, Concatenate, Generic, ParamSpec, TypeVar, overload

from leyden.errors import LeydenError
from leyden.program import Program, Runner

P = ParamSpec("P")
T = TypeVar("T")


class Methods:
    """The base of objects with such methods: a runner, and the methods' prefix in messages."""

    _interface: ClassVar[type | None] = None
    _called: ClassVar[str]
    """The prefix of each method's name in messages: `store.memory`."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Blocking(Methods):
    """Methods that block the calling thread until they return."""

    def _run(self, program: Program[T]) -> T:
        return self._runner.run(program)


class Awaited(Methods):
    """Methods that you await."""

    async def _run(self, program: Program[T]) -> T:
        runner: Any = self._runner
        result: T = await runner.run(program)
        return result


class method(Generic[P, T]):  # noqa: N801
    """Turns a program into a method: decorate a generator function of a `Methods` class with it."""

    def __init__(self, program: Callable[Concatenate[Any, P], Program[T]]) -> None:
        self.program = program
        self.__doc__ = program.__doc__

    def __set_name__(self, owner: type[Methods], name: str) -> None:
        operation = f"{owner._called}.{name}"
        program = self.program

        def blocking(self: Blocking, *args: P.args, **kwargs: P.kwargs) -> T:
            return self._run(named(operation, program(self, *args, **kwargs)))

        async def awaited(self: Awaited, *args: P.args, **kwargs: P.kwargs) -> T:
            return await self._run(named(operation, program(self, *args, **kwargs)))

        ways: tuple[Any, Any] = (blocking, awaited)
        for function in ways:
            if owner._interface is not None:
                # This also sets `__wrapped__`, from which `help` and `inspect` take the signature.
                update_wrapper(function, getattr(owner._interface, name))
            else:
                update_wrapper(function, program)
                function.__signature__ = _of_result(program)
                function.__annotations__ = dict(program.__annotations__)
                function.__annotations__["return"] = function.__signature__.return_annotation
            function.__module__ = owner.__module__
            function.__qualname__ = f"{owner.__qualname__}.{name}"
            function.program = program
        self._blocking, self._awaited = ways

    @overload
    def __get__(self, has: Blocking, owner: type | None = None) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, has: Awaited, owner: type | None = None
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, has: None, owner: type) -> Callable[Concatenate[Any, P], Any]: ...
    def __get__(self, has: Methods | None, owner: type | None = None) -> Any:
        is_awaited = issubclass(owner or type(has), Awaited)
        return (self._awaited if is_awaited else self._blocking).__get__(has, owner)


@overload
def program_of(bound: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Program[T]]: ...
@overload
def program_of(bound: Callable[P, T]) -> Callable[P, Program[T]]: ...
def program_of(bound: Any) -> Any:
    """Return the program of a method; call it with the arguments of the method.

    >>> thread = yield from program_of(store.memory.get_thread_by_id)("t1")   # doctest: +SKIP
    """
    return partial(bound.__func__.program, bound.__self__)


def named(operation: str, program: Program[T]) -> Program[T]:
    """Give the program, and every error that leaves it, the method's name."""
    steps = _named(operation, program)
    # Drivers take the operation's name for listeners from the generator.
    steps.__name__ = operation  # type: ignore[attr-defined]
    return steps


def _named(operation: str, program: Program[T]) -> Program[T]:
    try:
        return (yield from program)
    except LeydenError as error:
        # The steps have other names, which mean nothing to the method's caller.
        error.operation = operation
        raise


def _of_result(program: Callable[..., Any]) -> Any:
    """Return the signature of a program's method, which returns what the program returns."""
    import inspect

    signature = inspect.signature(program)
    result = str(signature.return_annotation).removeprefix("Program[").removesuffix("]")
    return signature.replace(return_annotation=result)
