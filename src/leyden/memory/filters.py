"""Filters on metadata, which are read here for every vector store."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from leyden._attrs import frozen
from leyden._text import did_you_mean, quoted
from leyden.errors import VectorInputError
from leyden.memory.protocols import Filter

__all__ = ["Condition", "conditions_of", "members_of"]


@frozen
class Condition:
    """One field of a filter, whose value must be one of `values`; `is_in` if the filter has a list.

    All conditions of a filter must hold, however its mappings are nested.
    """

    field: str
    values: tuple[Any, ...]
    is_in: bool = False


def conditions_of(filter: Filter | None) -> tuple[Condition, ...]:
    """Return the conditions of a filter, which must all hold; none without a filter.

    Raises VectorInputError, which names the field, for an operator other than `in` and `and`, and
    for values that cannot be compared.

    >>> conditions_of({"thread_id": "t1", "and": [{"role": {"in": ["user"]}}]})
    (Condition(field='thread_id', values=('t1',), is_in=False), \
Condition(field='role', values=('user',), is_in=True))
    """
    if filter is None:
        return ()
    if not isinstance(filter, Mapping):
        raise VectorInputError(f"A filter is a mapping, not {_kind(filter)}")
    found: list[Condition] = []
    for field, wanted in filter.items():
        if not isinstance(field, str) or not field:
            raise VectorInputError("A filter names fields of the metadata, each a text")
        if field == "and":
            if not _is_list(wanted):
                raise VectorInputError(f'"and" takes a list of filters, not {_kind(wanted)}')
            for part in wanted:
                if part is None:
                    raise VectorInputError('"and" takes a list of filters, and one of them is None')
                found.extend(conditions_of(part))
        elif isinstance(wanted, Mapping):
            found.append(_inclusion(field, wanted))
        else:
            found.append(Condition(field, (_value(field, wanted),)))
    return tuple(found)


def _inclusion(field: str, wanted: Mapping[str, Any]) -> Condition:
    """Return the condition of `{"in": [values]}`."""
    operators = [operator for operator in wanted if operator != "in"]
    if operators or not wanted:
        shown = quoted(str(operators[0])) if operators else "no operator"
        raise VectorInputError(
            f"The filter on {quoted(field)} has {shown}; "
            'a field takes a value or {"in": [values]}'
            + (did_you_mean(str(operators[0]), ["in"]) if operators else "")
        )
    values = wanted["in"]
    if not _is_list(values):
        raise VectorInputError(
            f'"in" of the filter on {quoted(field)} takes a list of values, not {_kind(values)}'
        )
    return Condition(field, tuple(_value(field, value) for value in values), is_in=True)


def members_of(value: Any) -> frozenset[tuple[bool, Any]]:
    """Return what a value of metadata is compared by: itself, or the members of a list.

    Two values are equal if these are. As in JSON, True and 1 differ, while 1 and 1.0 are equal. A
    value that no filter can ask for, such as an object, has no members.
    """
    values = value if _is_list(value) else (value,)
    return frozenset((isinstance(each, bool), each) for each in values if _is_comparable(each))


def _value(field: str, value: Any) -> Any:
    if _is_comparable(value):
        return value
    raise VectorInputError(
        f"The filter on {quoted(field)} compares with {_kind(value)}; "
        "it takes a text, a finite number or a boolean"
    )


def _is_comparable(value: Any) -> bool:
    return isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value))


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray))


def _kind(value: Any) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__}"
