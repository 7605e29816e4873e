"""The members of a collection, and what a query may say of their keys and attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from leyden._attrs import evolve, frozen
from leyden._text import did_you_mean
from leyden.errors import (
    InvalidExpressionError,
    MissingCompositeError,
    UnknownAttributeError,
    ValidationError,
)
from leyden.keys import IndexKeys
from leyden.mapping.entity import refuse_no_mapping
from leyden.operations.bound import BoundEntity
from leyden.operations.options import Options
from leyden.operations.plan.expressions import Expressions
from leyden.operations.plan.identity import project
from leyden.operations.plan.key_condition import accept_limit, first_gap
from leyden.operations.plan.sort_keys import Range
from leyden.program import Params

Values = Mapping[str, Any]


@frozen
class Member:
    """One entity of a collection, and its access pattern there."""

    entity: BoundEntity
    keys: IndexKeys

    @property
    def alias(self) -> str:
        """The entity's name in Python."""
        return self.entity.spec.alias

    @property
    def sort_names(self) -> tuple[str, ...]:
        """The attributes of its sort key, in their order."""
        sort = self.keys.spec.sk
        return sort.composite if sort else ()

    def own(self, values: Values) -> dict[str, Any]:
        """Those of the values that stand in its key."""
        return {n: v for n, v in values.items() if n in self.keys.spec.composites}


def read_shared(members: Sequence[Member], collection: str, given: Values) -> dict[str, Any]:
    """The accepted values of a collection query: the partition key, and sort-key ones in order.

    A sort-key attribute that only some members have concerns those. Raises UnknownAttributeError,
    MissingCompositeError, InvalidExpressionError.
    """
    first = members[0]
    # A constant in the sort key is one member's own, and would leave out the others.
    partition = first.keys.spec.pk.composite
    values: dict[str, Any] = {}
    for name, value in first.entity.mapping.completed(given, partition).items():
        values.update(_accepted(members, collection, name, value))
    missing = tuple(name for name in partition if name not in values)
    if missing:
        raise first.entity.mapping.missing(missing, first.keys)
    _refuse_gaps(members, values, values)
    return values


def read_limits(
    members: Sequence[Member],
    collection: str,
    values: Values,
    operator: str,
    start: Values,
    end: Values | None,
) -> Range:
    """A checked range behind the values that are given as equal. Raises the errors of bad input."""
    both = (start, end) if operator == "between" else (start,)
    limits = []
    for given in both:
        refuse_no_mapping(given, members[0].entity.spec.entity)
        assert given is not None
        limits.append(_limit(members, collection, values, operator, given))
    return Range(operator, limits[0], limits[1] if len(limits) > 1 else None)


def project_members(
    members: Sequence[Member],
    params: Params,
    options: Options,
    expressions: Expressions,
    *,
    telling: bool,
) -> None:
    """Ask for the wanted attributes of each member that has them.

    Raises UnknownAttributeError for an attribute that no member has.
    """
    if not options.attributes:
        return
    known = list(dict.fromkeys(name for m in members for name in m.entity.spec.attributes))
    for name in options.attributes:
        if name not in known:
            raise UnknownAttributeError(
                f'no entity of the collection has an attribute "{name}"{did_you_mean(name, known)}'
            )
    for member in members:
        wanted = tuple(n for n in options.attributes if n in member.entity.spec.attributes)
        if not wanted and telling:
            # Nothing of it was asked for, but its items must still be told from the others.
            wanted = member.entity.keys.primary.composites[:1]
        own = evolve(options, attributes=wanted)
        project(member.entity, params, own, expressions, telling=telling, index=member.keys)


def _limit(
    members: Sequence[Member], collection: str, values: Values, operator: str, given: Values
) -> dict[str, Any]:
    sorting = list(dict.fromkeys(name for member in members for name in member.sort_names))
    accepted: dict[str, Any] = {}
    for name, value in given.items():
        _owner(members, collection, name)
        if name in values or name not in sorting:
            why = (
                "it was given as equal already"
                if name in values
                else f'no entity of "{collection}" has "{name}" in its sort key'
            )
            raise InvalidExpressionError(f'.{operator}() cannot use "{name}": {why}')
        owner = next(member for member in members if name in member.sort_names)
        accepted.update(accept_limit(owner.entity, {name: value}, operator))
    if not accepted:
        left = ", ".join(name for name in sorting if name not in values)
        raise InvalidExpressionError(f".{operator}() needs a value of the sort keys: {left}")
    _refuse_gaps(members, {**values, **accepted}, accepted)
    whole = [member for member in members if accepted.keys() <= set(member.sort_names)]
    if not whole:
        names = ", ".join(accepted)
        raise InvalidExpressionError(
            f'.{operator}() cannot use {names} together: no entity of "{collection}" has all of '
            "them in its sort key"
        )
    return {n: accepted[n] for n in whole[0].sort_names if n in accepted}


def _accepted(members: Sequence[Member], collection: str, name: str, value: Any) -> dict[str, Any]:
    """The value as the first member takes it whose attribute can have it: enums may differ."""
    owner = _owner(members, collection, name)
    try:
        return owner.entity.mapping.sought({name: value})
    except ValidationError:
        for member in members:
            if member is not owner and name in member.keys.spec.composites:
                with suppress(ValidationError):
                    return member.entity.mapping.sought({name: value})
        raise


def _owner(members: Sequence[Member], collection: str, name: str) -> Member:
    """The first member whose key in the collection holds the attribute."""
    for member in members:
        if name in member.keys.spec.composites:
            return member
    known = list(dict.fromkeys(n for member in members for n in member.keys.spec.composites))
    if any(name in member.entity.spec.attributes for member in members):
        raise InvalidExpressionError(
            f'"{name}" is in no key of the collection "{collection}", whose keys are made of '
            f"{', '.join(known)}; filter with .where()"
        )
    raise UnknownAttributeError(
        f'no entity of the collection "{collection}" has an attribute "{name}"'
        f"{did_you_mean(str(name), known)}"
    )


def _refuse_gaps(members: Sequence[Member], values: Values, given: Values) -> None:
    """Raise where a member's sort key lacks an attribute in front of one that is given."""
    for member in members:
        gap = first_gap(member.keys, values)
        if gap is not None and any(name in given for name in member.sort_names):
            absent, behind = gap
            raise MissingCompositeError(
                f'the sort key of "{member.entity.spec.entity}" has "{absent}" in front of '
                f'"{behind}"; give "{absent}" as well, or filter on "{behind}" with .where()',
                missing=(absent,),
                entity=member.entity.spec.entity,
            )
