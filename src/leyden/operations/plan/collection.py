"""Queries of collections: items of several entities in one partition of an index.

A range applies to the members whose sort keys have its attributes. The other members' items are not
limited by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from pynamodb.expressions.condition import Condition

from leyden._attrs import evolve, field, frozen
from leyden.errors import InvalidExpressionError
from leyden.keys import IndexKeys
from leyden.operations.bound import BoundEntity, matches, reader_of
from leyden.operations.companions.overflow.reading import OverflowRead, wanted_fields
from leyden.operations.options import Options
from leyden.operations.plan.expressions import Expressions, fields_of
from leyden.operations.plan.identity import (
    are_filterable,
    guard_condition,
    identifiers_filtered,
    query_identity,
    refuse_unfilterable,
    slots_reader,
)
from leyden.operations.plan.key_condition import (
    SortCondition,
    comparisons,
    key_condition,
    partition_condition,
    shifted,
    sort_condition,
)
from leyden.operations.plan.members import Collection, Member
from leyden.operations.plan.queries import RangedReading
from leyden.operations.plan.ranges import (
    RangeTest,
    condition_of,
    exact_range,
    key_bounds,
    range_test,
)
from leyden.operations.plan.reads import Keep, ReadPlan, shape
from leyden.program import Item, Params


@frozen(eq=False, slots=False)
class CollectionReading(RangedReading):
    """A query of the members' items in one partition, in key order."""

    collection: Collection = field(kw_only=True)

    @property
    def name(self) -> str:
        """The operation's name, such as `collections.contributions`."""
        return f"collections.{self.collection.name}"

    @property
    def source(self) -> IndexKeys:
        """The access pattern of the first member; all members have the same partition key."""
        return self.collection.keys

    @property
    def pattern(self) -> str | None:
        """The collection's name."""
        return self.collection.name

    @property
    def is_moving(self) -> bool:
        """Whether items of a member may be in an earlier form."""
        return any(member.entity.moving is not None for member in self.collection)

    @property
    def small_attribute(self) -> str | None:
        """None: each member has attributes of its own."""
        return None

    def clauses(self, params: Params, options: Options, expressions: Expressions) -> Iterator[str]:
        """Set the key condition, and yield the parts of the filter besides `where()`."""
        params["KeyConditionExpression"] = self._key_condition(options, expressions)
        yield from self._comparisons(options, expressions)
        # An index that does not hold the identifiers leaves this to the keys, after reading.
        if identifiers_filtered(self.entity, self.source, options):
            each = [_identified(member, expressions) for member in self.collection]
            yield each[0] if len(each) == 1 else f"({' OR '.join(f'({one})' for one in each)})"

    def applied(self, condition: Condition, expressions: Expressions) -> str:
        """Return a condition that exempts the members without its attributes."""
        fields = fields_of(condition)
        concerned = [
            member
            for member in self.collection
            if fields <= {a.field for a in member.entity.spec.attributes.values()}
        ]
        if not concerned:
            names = ", ".join(sorted(fields))
            raise InvalidExpressionError(
                f'no entity of the collection "{self.collection.name}" has all of {names}'
            )
        for member in concerned:
            refuse_unfilterable(member.entity, member.keys, fields)
        # PynamoDB itself puts parentheses around what it joins.
        text = expressions.condition(condition)
        named = {member.entity.spec.entity for member in concerned}
        exempt = []
        for member in self.collection:
            if member in concerned:
                continue
            if member.entity.spec.entity in named:
                # Another version of an entity that the condition applies to.
                exempt.append(f"({_identified(member, expressions)})")
            else:
                exempt.append(expressions.equal(*next(iter(member.entity.identifiers.items()))))
        return " OR ".join([*exempt, text])

    def project(
        self, params: Params, options: Options, expressions: Expressions, *, telling: bool
    ) -> None:
        """Add the projection. Raises UnknownAttributeError, InvalidOptionError."""
        self.collection.project(params, options, expressions, telling=telling)

    def _key_condition(self, options: Options, expressions: Expressions) -> str:
        entity, keys, values = self.entity, self.source, self.values
        if keys.pk is None:
            # The attributes themselves are the keys, and all members share them.
            if self.range is not None and self.is_exact(options):
                return exact_range(entity, keys, values, self.range).key_condition(expressions)
            return key_condition(entity, keys, values, self.range, expressions)
        partition = partition_condition(entity, keys.pk, values, expressions)
        condition = self._sort_condition(options)
        if condition is None:
            return partition
        return f"{partition} AND {condition.expression(expressions)}"

    def _sort_condition(self, options: Options) -> SortCondition | None:
        """Return the condition on the sort key; None where the whole partition is read."""
        form, limits = self.collection.sort_form, self.range
        is_clustered = self.source.spec.type == "clustered"
        if limits is not None and not is_clustered and options.compare is not None:
            raise InvalidExpressionError(
                f'"{self.collection.name}" is on an isolated index, where ElectroDB has no '
                f"ranges; leave out `compare` for an exact .{limits.operator}()"
            )
        if is_clustered and self.is_exact(options):
            first, forms = self._concerned, self.collection.forms
            own, test = first.keys.sk, self._range_test(first, options)
            assert own is not None
            if own.numeric and len({one.names for one in forms}) > 1:
                return None
            ordered = [own, *(one for one in forms if one is not own)]
            return condition_of(form.field, key_bounds(first.entity, ordered, test))
        if limits is None or not any(name in form.names for name in limits.start):
            # Without a closing label, longer values match too; they are left out after reading.
            beginning = form.stem(self.values)
            if beginning is None or beginning == "":
                return None
            return SortCondition(form.field, "=" if form.numeric else "begins_with", beginning)
        found = sort_condition(self.entity, form, self.values, limits)
        assert found is not None
        return shifted(found) if options.compare == "v2" else found

    @cached_property
    def _concerned(self) -> Member:
        """The first member that has all attributes of the range."""
        assert self.range is not None
        names = {*self.range.start, *(self.range.end or ())}
        members = self.collection.members
        return next((m for m in members if names <= {*m.keys.sort_names}), members[0])

    def _comparisons(self, options: Options, expressions: Expressions) -> Iterator[str]:
        """Yield what ElectroDB's `compare` filters by: attributes of the first member."""
        if options.compare is None or self.source.spec.type != "clustered":
            return
        attributes, limits = self.entity.mapping.attributes, self.range
        shared = self.collection.sort_names
        if limits is not None:
            start = {name: value for name, value in limits.start.items() if name in shared}
            end = {name: value for name, value in (limits.end or {}).items() if name in shared}
            limits = evolve(limits, start=start, end=end if limits.end is not None else None)
        for name, operator, value in comparisons(
            self.source, self.values, limits, options.compare, shared
        ):
            if name in attributes:
                yield expressions.compare(attributes[name], operator, value)

    def _range_test(self, member: Member, options: Options) -> RangeTest:
        """Return the test of an exact range for a member's items. Raises InvalidExpressionError."""
        own, limits = member.own(self.values), self.range
        assert limits is not None
        if not any(name in member.keys.sort_names for name in limits.start):
            return RangeTest(member.entity, member.keys, own, None, None, options.hydrate)
        test = range_test(member.entity, member.keys, own, limits)
        test = evolve(test, hydrates=options.hydrate)
        test.refuse_doubt()
        return test

    def _test(self, member: Member, options: Options) -> RangeTest | SortCondition | None:
        """Return the test that a member's items must pass after reading, if any."""
        form, limits = member.keys.sk, self.range
        if self.is_exact(options):
            return self._range_test(member, options)
        if form is None or options.ignore_ownership:
            return None
        elsewhere = limits is not None and not any(name in form.names for name in limits.start)
        if elsewhere or options.compare in ("attributes", "v2"):
            limits = None
        return sort_condition(member.entity, form, member.own(self.values), limits)

    def plan(self, options: Options) -> ReadPlan:
        """Return the plan that `go()` runs. Raises the errors of bad input."""
        entities = [member.entity for member in self.collection]
        reader = reader_of(entities, options.data)
        request = self.request(options, telling=True, reader=reader)
        owner_of, is_lawless = self.collection.owner_of, options.ignore_ownership
        tests = {m.alias: self._test(m, options) for m in self.collection}
        identities = {
            m.alias: query_identity(m.entity, m.keys, m.own(self.values)) for m in self.collection
        }
        slots_of = {m.alias: slots_reader(m.entity, options, m.keys) for m in self.collection}

        def keep(item: Item, *, is_whole: bool = False) -> bool:
            member = owner_of(item)
            if member is None:
                return False
            test = tests[member.alias]
            if is_whole and isinstance(test, RangeTest):
                test = test.of_whole
            if test is not None and not test.holds(item):
                return False
            return is_lawless or matches(item, identities[member.alias])

        def keep_whole(item: Item) -> bool:
            return keep(item, is_whole=True)

        def shaped(item: Item) -> Any:
            member = owner_of(item)
            assert member is not None
            shown = slots_of[member.alias](item)
            return member.alias, shape(member.entity, item, options, shown)

        whole = keep_whole if options.hydrate else None
        is_range = self.range is not None and self.is_exact(options)
        return ReadPlan(
            request,
            options,
            self.entity.positions[self.source.spec.name],
            self.entity.key_fields,
            keep,
            shaped,
            self._joining(request.params["TableName"], options, whole or keep),
            self._range_test(self._concerned, options).describe() if is_range else "",
            whole,
        )

    def _joining(self, table: str, options: Options, keep: Keep) -> OverflowRead | None:
        if options.data == "raw" or not any(
            member.entity.mapping.overflow for member in self.collection
        ):
            return None
        keys = {id(member.entity): member.keys for member in self.collection}

        def entity_of(item: Item) -> BoundEntity | None:
            member = self.collection.owner_of(item)
            return None if member is None else member.entity

        def wanted(entity: BoundEntity) -> frozenset[str]:
            return wanted_fields(entity, options, keys[id(entity)])

        return OverflowRead(self.name, table, options, entity_of, wanted, keep)

    def telling_filter(self, options: Options, expressions: Expressions) -> str | None:
        """Return the filter with which no item that passes it is left out after reading, if any."""
        partition = self.source.spec.pk.composite
        if options.ignore_ownership or self.range is not None:
            return None
        if any(name not in partition for name in self.values):
            return None
        told = []
        for member in self.collection:
            entity, keys = member.entity, member.keys
            if not identifiers_filtered(entity, keys, options):
                return None
            if keys.sk is not None and (keys.sk.template or keys.sk.numeric):
                return None
            identity = query_identity(entity, keys, member.own(self.values))
            if not are_filterable(entity, keys, identity):
                return None
            whose = _identified(member, expressions)
            if identity:
                whose += f" AND ({guard_condition(identity, expressions, reading=True)})"
            told.append(f"({whose})")
        return " OR ".join(told)

    def notes(self, options: Options) -> Iterator[str]:
        """Yield what the explanation should mention."""
        if self.range is not None and self.is_exact(options):
            names = self.range.start
            listed = ", ".join(f'"{name}"' for name in names)
            yield f"items outside the range of {listed} are left out after reading"
            others = [
                m.alias for m in self.collection if not any(n in m.keys.sort_names for n in names)
            ]
            if others:
                yield f"the range does not limit {', '.join(others)}"
        yield f"gives {', '.join(member.alias for member in self.collection)} in key order"


def _identified(member: Member, expressions: Expressions) -> str:
    """Return the condition that an item has a member's identifiers."""
    return " AND ".join(expressions.equal(*pair) for pair in member.entity.identifiers.items())
