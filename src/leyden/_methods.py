"""Methods that are written once, as programs, and called blocking or awaited.

A method is a generator that yields requests and is sent their answers. The descriptor `method`
runs it with the runner of the object that it is called on: an object that is `Blocking` gives its
result, one that is `Awaited` gives what is to be awaited. To a type checker the ways differ in just
that, and all take the arguments that the program takes. Where the class names an `_interface`, name
and docstring are those of the interface, which is the reference then.

A program that calls methods of other objects takes their programs, by `program_of`, so that their
requests are steps of its own and can go beside others.
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
    """What has methods of this kind: a runner, and what its methods are called in messages."""

    _interface: ClassVar[type | None] = None
    _called: ClassVar[str]
    """Stands before the name of each method: `store.memory`."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Blocking(Methods):
    """Methods that run on the calling thread, one at a time for each caller."""

    def _run(self, program: Program[T]) -> T:
        return self._runner.run(program)


class Awaited(Methods):
    """Methods that are awaited."""

    async def _run(self, program: Program[T]) -> T:
        runner: Any = self._runner
        result: T = await runner.run(program)
        return result


class method(Generic[P, T]):  # noqa: N801
    """Makes a method of a program: `@method` on a generator function of a class of `Methods`."""

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
                # This brings `__wrapped__`, too, of which `help` and `inspect` take the signature.
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
    """The program of a method, to be called with what the method takes.

    >>> thread = yield from program_of(store.memory.get_thread_by_id)("t1")   # doctest: +SKIP
    """
    return partial(bound.__func__.program, bound.__self__)


def named(operation: str, program: Program[T]) -> Program[T]:
    """The program, with the method's name on it, and on every error that leaves it."""
    steps = _named(operation, program)
    # A generator may have a name of its own. Listeners are told of the operation by it.
    steps.__name__ = operation  # type: ignore[attr-defined]
    return steps


def _named(operation: str, program: Program[T]) -> Program[T]:
    try:
        return (yield from program)
    except LeydenError as error:
        # The steps have names of their own, which say nothing to the method's caller.
        error.operation = operation
        raise


def _of_result(program: Callable[..., Any]) -> Any:
    """The signature of a program's method, which gives what the program returns."""
    import inspect

    signature = inspect.signature(program)
    result = str(signature.return_annotation).removeprefix("Program[").removesuffix("]")
    return signature.replace(return_annotation=result)
