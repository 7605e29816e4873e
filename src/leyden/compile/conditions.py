"""Conditions that say what is wrong where Python's own operators cannot do what they say.

PynamoDB's conditions are joined by `&` and `|`. Python's `and`, `or`, `not`, `in` and chained
comparisons ask a condition for its truth instead, which it does not have. The conditions that an
entity's attributes make are PynamoDB's own classes, with errors that name the right form.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

from pynamodb.expressions import condition as pynamodb
from pynamodb.expressions.condition import Condition

from leyden.errors import ArgumentError

__all__ = ["own"]

Any_Condition = TypeVar("Any_Condition", bound=Condition)


class _Joinable(Condition):
    """A condition that is joined to others by `&`, `|` and `~`, and by nothing else."""

    def __and__(self, other: Any) -> Any:
        return _And(self, _joined(other, "&"))

    def __rand__(self, other: Any) -> Any:
        # PynamoDB's special case: None & condition begins a chain.
        return self if other is None else _And(_joined(other, "&"), self)

    def __or__(self, other: Any) -> Any:
        return _Or(self, _joined(other, "|"))

    def __ror__(self, other: Any) -> Any:
        return _Or(_joined(other, "|"), self)

    def __invert__(self) -> Any:
        return _Not(self)

    def __bool__(self) -> bool:
        raise ArgumentError(
            "a condition is neither true nor false here: `and`, `or`, `not`, `in`, `if` and "
            "comparisons in a chain do not work on it. Join conditions with &, | and ~, each in "
            "parentheses: (task.attr.points > 3) & ~(task.attr.points > 9), or .between(3, 9)"
        )


class _Comparison(_Joinable, pynamodb.Comparison):
    pass


class _Between(_Joinable, pynamodb.Between):
    pass


class _In(_Joinable, pynamodb.In):
    pass


class _Exists(_Joinable, pynamodb.Exists):
    pass


class _NotExists(_Joinable, pynamodb.NotExists):
    pass


class _IsType(_Joinable, pynamodb.IsType):
    pass


class _BeginsWith(_Joinable, pynamodb.BeginsWith):
    pass


class _Contains(_Joinable, pynamodb.Contains):
    pass


class _And(_Joinable, pynamodb.And):
    pass


class _Or(_Joinable, pynamodb.Or):
    pass


class _Not(_Joinable, pynamodb.Not):
    pass


_OWN: Final[dict[type[Condition], type[Condition]]] = {
    kind.__mro__[2]: kind
    for kind in (
        _Comparison,
        _Between,
        _In,
        _Exists,
        _NotExists,
        _IsType,
        _BeginsWith,
        _Contains,
        _And,
        _Or,
        _Not,
    )
}


def own(condition: Any_Condition) -> Any_Condition:
    """The condition, which PynamoDB made, as one with errors of Leyden's."""
    condition.__class__ = _OWN[type(condition)]  # type: ignore[assignment]
    return condition


def _joined(other: Any, operator: str) -> Condition:
    if not isinstance(other, Condition):
        raise ArgumentError(
            f"{operator} joins conditions, and {type(other).__name__} is none; put each condition "
            f"in parentheses: (task.attr.points > 3) {operator} (task.attr.points < 9)"
        )
    return other
