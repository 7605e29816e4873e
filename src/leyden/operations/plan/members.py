"""The members of a collection, and checks of what a query says of their keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import takewhile
from typing import Any

from leyden._attrs import evolve, frozen
from leyden._text import did_you_mean
from leyden.errors import InvalidExpressionError, UnknownAttributeError, ValidationError
from leyden.keys import IndexKeys, KeyForm
from leyden.mapping.entity import refuse_no_mapping
from leyden.operations.bound import BoundEntity
from leyden.operations.options import Options
from leyden.operations.plan.expressions import Expressions
from leyden.operations.plan.identity import project
from leyden.operations.plan.key_condition import Range, accept_limit, refuse_gap
from leyden.program import Item, Params

Values = Mapping[str, Any]


@frozen(slots=False)
class Member:
    """One entity of a collection, and its access pattern there."""

    entity: BoundEntity
    pattern: str

    @cached_property
    def keys(self) -> IndexKeys:
        """The keys of the access pattern."""
        return self.entity.keys[self.pattern]

    @property
    def alias(self) -> str:
        """The entity's name in Python."""
        return self.entity.spec.alias

    def own(self, values: Values) -> dict[str, Any]:
        """Return the values that its key holds."""
        return {n: v for n, v in values.items() if n in self.keys.composites}


@frozen(eq=False, slots=False)
class Collection(Sequence[Member]):
    """A collection: its members, and what their keys have in common."""

    name: str
    members: tuple[Member, ...]

    def __iter__(self) -> Iterator[Member]:
        return iter(self.members)

    def __getitem__(self, place: Any) -> Any:
        return self.members[place]

    def __len__(self) -> int:
        return len(self.members)

    @property
    def entity(self) -> BoundEntity:
        """The first entity; all members have the same partition key."""
        return self.members[0].entity

    @property
    def keys(self) -> IndexKeys:
        """The index keys of the first member."""
        return self.members[0].keys

    @cached_property
    def forms(self) -> list[KeyForm]:
        """The sort keys of the members."""
        return [member.keys.sk for member in self.members if member.keys.sk is not None]

    @cached_property
    def sort_names(self) -> tuple[str, ...]:
        """The attributes with which the sort keys of all members begin."""
        names = zip(*(member.keys.sort_names for member in self.members), strict=False)
        return tuple(one[0] for one in takewhile(lambda some: len({*some}) == 1, names))

    @cached_property
    def sort_form(self) -> KeyForm:
        """The beginning of the sort key that all members share."""
        form = self.keys.sk
        assert form is not None
        columns = zip(*(form.segments for form in self.forms), strict=False)
        alike = takewhile(lambda some: len({(one.name, one.label) for one in some}) == 1, columns)
        is_clustered = self.keys.spec.type == "clustered"
        segments = tuple(column[0] for column in alike) if is_clustered else ()
        stem, numeric = self.keys.collection_stem(self.name), form.numeric and bool(segments)
        return evolve(form, prefix=stem, segments=segments, postfix="", numeric=numeric)

    def owner_of(self, item: Item) -> Member | None:
        """Return the member that owns an item."""
        for member in self.members:
            if member.entity.owns(item, member.keys):
                return member
        return None

    def read_values(self, given: Values) -> dict[str, Any]:
        """Return a query's accepted values: the partition key, and sort-key ones in order.

        A sort-key attribute of some members applies to those. Raises UnknownAttributeError,
        MissingCompositeError, InvalidExpressionError.
        """
        # A constant in the sort key belongs to one member, and would leave out the others.
        partition = self.keys.spec.pk.composite
        values: dict[str, Any] = {}
        for name, value in self.entity.mapping.completed(given, partition).items():
            owner = self._holder(name)
            try:
                values.update(owner.entity.mapping.sought({name: value}))
            except ValidationError:
                # Enums may differ: the first member that can have the value decides.
                for member in self.members:
                    if member is not owner and name in member.keys.composites:
                        with suppress(ValidationError):
                            values.update(member.entity.mapping.sought({name: value}))
                            break
                else:
                    raise
        missing = tuple(name for name in partition if name not in values)
        if missing:
            raise self.entity.mapping.missing(missing, self.keys)
        self._refuse_gaps(values, values)
        return values

    def read_range(self, values: Values, operator: str, start: Values, end: Values | None) -> Range:
        """Return a checked range after the values that are given as equal.

        Raises the errors of bad input.
        """
        low = self._limit(values, operator, start)
        if operator != "between":
            return Range(operator, low)
        assert end is not None
        return Range(operator, low, self._limit(values, operator, end))

    def _limit(self, values: Values, operator: str, given: Values) -> dict[str, Any]:
        refuse_no_mapping(given, self.entity.spec.entity)
        sorting = list(dict.fromkeys(n for member in self.members for n in member.keys.sort_names))
        accepted: dict[str, Any] = {}
        for name, value in given.items():
            self._holder(name)
            if name in values or name not in sorting:
                why = (
                    "it was given as equal already"
                    if name in values
                    else f'no entity of "{self.name}" has "{name}" in its sort key'
                )
                raise InvalidExpressionError(f'.{operator}() cannot use "{name}": {why}')
            owner = next(member for member in self.members if name in member.keys.sort_names)
            accepted.update(accept_limit(owner.entity, {name: value}, operator))
        if not accepted:
            left = ", ".join(name for name in sorting if name not in values)
            raise InvalidExpressionError(f".{operator}() needs a value of the sort keys: {left}")
        self._refuse_gaps({**values, **accepted}, accepted)
        for member in self.members:
            if accepted.keys() <= {*member.keys.sort_names}:
                return {n: accepted[n] for n in member.keys.sort_names if n in accepted}
        raise InvalidExpressionError(
            f'.{operator}() cannot use {", ".join(accepted)} together: no entity of "{self.name}" '
            "has all of them in its sort key"
        )

    def _holder(self, name: str) -> Member:
        """Return the first member whose key in the collection holds the attribute."""
        for member in self.members:
            if name in member.keys.composites:
                return member
        known = list(dict.fromkeys(n for member in self.members for n in member.keys.composites))
        if any(name in member.entity.spec.attributes for member in self.members):
            raise InvalidExpressionError(
                f'"{name}" is not in the keys of the collection "{self.name}", which are made of '
                f"{', '.join(known)}; filter with .where()"
            )
        raise UnknownAttributeError(
            f'no entity of the collection "{self.name}" has an attribute "{name}"'
            f"{did_you_mean(str(name), known)}"
        )

    def _refuse_gaps(self, values: Values, given: Values) -> None:
        """Raise MissingCompositeError where a member's sort key has a gap before a given value."""
        for member in self.members:
            if any(name in given for name in member.keys.sort_names):
                refuse_gap(member.entity, member.keys, values, of=member.entity.spec.entity)

    def project(
        self, params: Params, options: Options, expressions: Expressions, *, telling: bool
    ) -> None:
        """Project the wanted attributes of each member that has them.

        Raises UnknownAttributeError for an attribute that no member has.
        """
        known = list(dict.fromkeys(n for member in self for n in member.entity.spec.attributes))
        for name in options.attributes:
            if name not in known:
                raise UnknownAttributeError(
                    f'no entity of the collection has an attribute "{name}"'
                    f"{did_you_mean(name, known)}"
                )
        for member in self.members:
            wanted = tuple(n for n in options.attributes if n in member.entity.spec.attributes)
            if not wanted and telling:
                # Nothing of this member is wanted, but its items must still be recognized.
                wanted = member.entity.keys.primary.composites[:1]
            own = evolve(options, attributes=wanted)
            project(member.entity, params, own, expressions, telling=telling, index=member.keys)
