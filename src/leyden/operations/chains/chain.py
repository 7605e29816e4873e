"""What chains of reads and writes share: names on errors, conditions, and steps that copy."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import cache
from typing import Any, Final, Never, Self, TypeVar, cast

from pynamodb.expressions.condition import Condition

from leyden._attrs import fields as attr_fields
from leyden._calls import Endable, end, hand_on, misplaced, shorten
from leyden.errors import ArgumentError, LeydenError
from leyden.mapping.paths import is_operand
from leyden.operations.bound import BoundEntity
from leyden.operations.options import DEFAULT, Options, read_options
from leyden.operations.plan.expressions import check_conditions
from leyden.program import Program

T = TypeVar("T")
Step = TypeVar("Step", bound=Endable)


class Chain:
    """A chain of reads: what it has said so far, in one object that every step replaces."""

    __slots__ = ("_said",)

    def __init__(self, said: Any) -> None:
        self._said = said

    def __repr__(self) -> str:
        return f"<{self._said.name}>"

    def _with(self, **fields: Any) -> Self:
        return self.__class__(replaced(self._said, **fields))

    def _error_context(self) -> error_context:
        said = self._said
        return error_context(said.name, said.entity)

    def _named(self, program: Program[T]) -> Program[T]:
        return run_named(program, self._error_context())

    def _run(self, program: Program[Any]) -> Any:
        return self._said.entity.runner.run(program)

    def _options(
        self, ending: str, wrong: tuple[Never, ...], family: type, given: Mapping[str, Any]
    ) -> Options:
        """The options of an ending. Raises ArgumentError, InvalidOptionError."""
        if wrong:
            raise misplaced(ending, f".{ending}({_FORMS.get(ending, 'limit=10')})", len(wrong))
        return read_options(self._said.name, family, given) if given else DEFAULT


_FORMS: Final = {
    "iter": 'order="desc"',
    "first": 'order="desc"',
    "one": 'order="desc"',
    "count": "consistent=True",
}
"""An option of each ending that does not take `limit`, for its errors to show."""


def read_conditions(
    entity: BoundEntity, operation: str, given: tuple[Any, ...], wrong: Mapping[str, Any]
) -> tuple[Condition, ...]:
    """The conditions given to `where()`. Raises InvalidExpressionError, ArgumentError."""
    if wrong:
        name, alias = next(iter(wrong)), entity.spec.alias
        raise ArgumentError(
            f"where() takes conditions, not keywords: write .where({alias}.attr.{name} == ...), "
            "and join several with &"
        )
    return check_conditions(given, operation)


def changed(operation: Step, **fields: Any) -> Step:
    """The operation with other values in some fields: `attrs.evolve`, in a third of its time."""
    end(operation)
    return replaced(operation, **fields)


def replaced(one: T, **fields: Any) -> T:
    """An object with other values in some fields: `attrs.evolve` in a third of its time."""
    kind: Any = one.__class__
    kept: dict[str, Any] = {alias: getattr(one, name) for alias, name in _fields_of(kind)}
    kept.update(fields)
    return cast(T, kind(**kept))


@cache
def _fields_of(kind: Hashable) -> tuple[tuple[str, str], ...]:
    """The attributes of a class, each as an argument and by its name."""
    return tuple((field.alias or field.name, field.name) for field in attr_fields(cast(Any, kind)))


def chains_in(operation: str, entries: object) -> tuple[Any, ...]:
    """The chains that an operation on many was given, to be looked at one by one.

    Raises InputError for a single chain, and for what is no list of any.
    """
    alone = isinstance(entries, Endable | Chain) or is_operand(entries)
    if alone or not isinstance(entries, Iterable):
        hand_on([entries])
        raise ArgumentError(
            f"{operation}() takes a list of chains, not {type(entries).__name__}",
            operation=operation,
        )
    chains = tuple(entries)
    hand_on(chains)
    return chains


class error_context:  # noqa: N801 - reads as a statement: with error_context("task.create", task)
    """Puts an operation's name on errors that are raised while it is built."""

    __slots__ = ("entity", "operation")

    def __init__(self, operation: str, entity: BoundEntity) -> None:
        self.operation = operation
        self.entity = entity

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, LeydenError):
            self.name(error)

    def name(self, error: LeydenError) -> None:
        """Put the names on an error that has none, and let its traceback end at the call."""
        shorten(error)
        error.operation = error.operation or self.operation
        error.entity = error.entity or self.entity.spec.entity


def run_named(program: Program[T], named: error_context) -> Program[T]:
    """The program, with the operation's name on what it raises."""
    with named:
        return (yield from program)
