"""ElectroDB's own ranges: what its option `compare` makes of a query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from leyden._attrs import evolve
from leyden.keys import IndexKeys
from leyden.operations.sort_condition import Range, SortCondition

Comparison: TypeAlias = tuple[str, str, Any]
"""An attribute, an operator, and the value beside it."""

_FILTERS: Final[dict[str, dict[str, str]]] = {
    "keys": {},
    "attributes": {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "between": ">="},
    "v2": {"gt": ">", "lte": "<="},
}
_SHIFTED: Final = {">": ">=", "<=": "<"}


def comparisons(
    keys: IndexKeys,
    values: Mapping[str, Any],
    limits: Range | None,
    compare: str | None,
    shared: tuple[str, ...] | None = None,
) -> Iterator[Comparison]:
    """The comparisons that ElectroDB filters by, beside the condition on the key.

    `shared` are the attributes of the sort key that the members of a collection share. A
    multi-attribute index has none: its attributes are its key, which DynamoDB does not filter by.
    """
    spec = keys.spec
    if compare in (None, "keys") or spec.sk is None or spec.type == "composite":
        return
    assert compare is not None
    names = spec.sk.composite if shared is None else shared
    several = len(names) > 1
    if several:
        partition = {name for name in spec.pk.composite if name not in names}
        yield from ((n, "=", v) for n, v in values.items() if n not in partition)
    if limits is None or (keys.sk is not None and keys.sk.bare):
        return
    operator = _FILTERS[compare].get(limits.operator)
    if operator is not None and (several or limits.operator != "gte"):
        yield from ((name, operator, value) for name, value in limits.start.items())
    if limits.end is not None:
        yield from ((name, "<=", value) for name, value in limits.end.items())


def shifted(condition: SortCondition) -> SortCondition:
    """The condition as `compare="v2"` has it: an end moves on by its last character.

    So `gt` leaves out what goes on behind its value, and `lte` takes it.
    """
    if not isinstance(condition.low, str):
        return condition
    if condition.operator == "BETWEEN":
        return evolve(condition, high=_shift(str(condition.high)))
    operator = _SHIFTED.get(condition.operator)
    if operator is None:
        return condition
    return evolve(condition, operator=operator, low=_shift(condition.low))


def _shift(text: str) -> str:
    """The text with its last UTF-16 unit one higher, as JavaScript counts characters."""
    units = text.encode("utf-16-le", "surrogatepass")
    if not units:
        return text
    last = chr(int.from_bytes(units[-2:], "little") + 1).encode("utf-16-le", "surrogatepass")
    return (units[:-2] + last).decode("utf-16-le", "replace")
