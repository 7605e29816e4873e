"""Collections: the items of several entities from one partition of one index.

A range concerns the members whose sort keys have its attributes, and leaves the others alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from itertools import takewhile
from typing import Any

from pynamodb.expressions.condition import Condition

from leyden._attrs import evolve, field, frozen
from leyden.errors import (
    InvalidExpressionError,
)
from leyden.keys import Bounds, IndexKeys, KeyForm
from leyden.mapping.entity import typed_key
from leyden.operations.bound import BoundEntity, matches
from leyden.operations.companions.overflow.reading import OverflowRead, wanted_fields
from leyden.operations.options import Options
from leyden.operations.plan.expressions import Expressions, conjunction, fields_of
from leyden.operations.plan.identity import (
    are_filterable,
    guard_condition,
    identifiers_filtered,
    query_identity,
    refuse_unfilterable,
    slots_reader,
)
from leyden.operations.plan.key_condition import key_condition
from leyden.operations.plan.members import Member, project_members
from leyden.operations.plan.queries import RangedReading, key_fields
from leyden.operations.plan.ranges import (
    ExactRange,
    RangeTest,
    condition_of,
    exact_range,
    key_bounds,
    range_test,
)
from leyden.operations.plan.reads import Explanation, ReadPlan, shape
from leyden.operations.plan.sort_keys import (
    Range,
    SortCondition,
    comparisons,
    shifted,
    sort_condition,
)
from leyden.program import Item, Params


@frozen(eq=False)
class CollectionReading(RangedReading):
    """A query of the members' items in one partition, in key order."""

    members: tuple[Member, ...] = field(kw_only=True)
    collection: str = field(kw_only=True)

    @property
    def name(self) -> str:
        """The operation's name: `collections.contributions`."""
        return f"collections.{self.collection}"

    @property
    def keys(self) -> IndexKeys:
        """The index keys of the first member; partition keys are alike in all."""
        return self.members[0].keys

    @property
    def source(self) -> IndexKeys:
        """The access pattern that is read by."""
        return self.keys

    def describe(self, options: Options, *, telling: bool = False) -> Params:
        """The request; with `telling`, reading also what says whose item it is."""
        params = self.begun()
        expressions = Expressions()
        within = self._within_members(options)
        params["KeyConditionExpression"] = self._key_condition(options, within, expressions)
        condition = conjunction(
            [
                *within.comparisons(options, expressions),
                self._whose(options, expressions),
                *(self._applied(condition, expressions) for condition in self.conditions),
            ]
        )
        if condition:
            params["FilterExpression"] = condition
        self.paged(params, options)
        if not options.hydrate:
            project_members(self.members, params, options, expressions, telling=telling)
        expressions.write_to(params)
        return params

    def _within_members(self, options: Options) -> MemberRange:
        return MemberRange(
            self.members, self.values, self.range, self.is_exact(options), options.hydrate
        )

    def _whose(self, options: Options, expressions: Expressions) -> str:
        """The filter on whose item it is; where the index does not hold that, keys tell later."""
        if not identifiers_filtered(self.entity, self.keys, options):
            return ""
        identities = [
            " AND ".join(expressions.equal(*pair) for pair in member.entity.identifiers.items())
            for member in self.members
        ]
        if len(identities) == 1:
            return identities[0]
        return "(" + " OR ".join(f"({identity})" for identity in identities) + ")"

    def _applied(self, condition: Condition, expressions: Expressions) -> str:
        """A condition, which says nothing of the members that do not have its attributes."""
        fields = fields_of(condition)
        concerned = [
            member
            for member in self.members
            if fields <= {a.field for a in member.entity.spec.attributes.values()}
        ]
        if not concerned:
            names = ", ".join(sorted(fields))
            raise InvalidExpressionError(
                f'no entity of the collection "{self.collection}" has {names} all together'
            )
        for member in concerned:
            refuse_unfilterable(member.entity, member.keys, fields)
        text = expressions.condition(condition)
        if len(concerned) == len(self.members):
            return text
        # PynamoDB puts what it joins in parentheses by itself.
        named = {member.entity.spec.entity for member in concerned}
        exempt = [
            _equal_all(
                expressions, member.entity.identifiers, whole=member.entity.spec.entity in named
            )
            for member in self.members
            if member not in concerned
        ]
        return " OR ".join([*exempt, text])

    def _key_condition(
        self, options: Options, within: MemberRange, expressions: Expressions
    ) -> str:
        pk, sk = self.keys.pk, self.keys.sk
        if pk is None:
            return key_condition(
                self.entity,
                self.keys,
                self.values,
                self.range,
                expressions,
                exact=within.on_attributes(),
            )
        assert sk is not None
        partition = expressions.equal(
            pk.field, typed_key(self.entity.mapping.build_key(pk, self.values))
        )
        shared = self._shared_form(self.keys.collection_stem(self.collection))
        limits = self.range
        clustered = self.keys.spec.type == "clustered"
        if limits is not None and not clustered and options.compare is not None:
            raise InvalidExpressionError(
                f'"{self.collection}" stands on an isolated index, where ElectroDB has no ranges; '
                f"leave out `compare` for an exact .{limits.operator}()"
            )
        if clustered and within.is_exact:
            bounds = within.bounds()
            found = condition_of(shared.field, bounds)
            if found is None:
                return partition
            condition = found
        elif limits is None or not any(name in shared.names for name in limits.start):
            # Without a closing label this also takes longer values; they are left out later.
            beginning = shared.stem(self.values)
            if beginning is None or beginning == "":
                return partition
            operator = "=" if shared.numeric else "begins_with"
            condition = SortCondition(shared.field, operator, beginning)
        else:
            found = sort_condition(self.entity, shared, self.values, limits)
            assert found is not None
            condition = shifted(found) if options.compare == "v2" else found
        return f"{partition} AND {condition.expression(expressions)}"

    def _shared_form(self, stem: str) -> KeyForm:
        """The sort key as far as all members write it alike."""
        sk = self.keys.sk
        assert sk is not None
        shared = []
        for position, segment in enumerate(sk.segments):
            others = [m.keys.sk.segments for m in self.members if m.keys.sk is not None]
            if not all(
                len(other) > position
                and other[position].name == segment.name
                and other[position].label == segment.label
                for other in others
            ):
                break
            shared.append(segment)
        alike = shared if self.keys.spec.type == "clustered" else []
        numeric = sk.numeric and bool(alike)
        return evolve(sk, prefix=stem, segments=tuple(alike), postfix="", numeric=numeric)

    def plan(self, options: Options) -> ReadPlan:
        """What `go()` does. Raises the errors of bad input."""
        request = self.request(options, telling=True)
        within = self._within_members(options)
        tests = {
            member.alias: within.test(member) or self._test(member, options)
            for member in self.members
        }
        identity = {
            m.alias: query_identity(m.entity, m.keys, m.own(self.values)) for m in self.members
        }
        lawless = options.ignore_ownership

        def keep(item: Item, *, is_whole: bool = options.hydrate) -> bool:
            member = self._member_of(item)
            if member is None:
                return False
            test = tests[member.alias]
            if is_whole and isinstance(test, RangeTest):
                test = test.of_whole
            if test is not None and (within.is_exact or not lawless) and not test.holds(item):
                return False
            return lawless or matches(item, identity[member.alias])

        slots_of = {m.alias: slots_reader(m.entity, options, m.keys) for m in self.members}

        def shaped(item: Item) -> Any:
            member = self._member_of(item)
            assert member is not None
            shown = slots_of[member.alias](item)
            return member.alias, shape(member.entity, item, options, shown)

        primary = self.entity.keys.primary
        return ReadPlan(
            request,
            options,
            key_fields(self.entity, self.keys),
            [form.field for form in primary.forms],
            partial(keep, is_whole=False),
            shaped,
            self._joining(request.params["TableName"], options, keep),
            within.describe(),
            keep if options.hydrate else None,
        )

    def _joining(
        self, table: str, options: Options, keep: Callable[[Item], bool]
    ) -> OverflowRead | None:
        if options.data == "raw" or not any(
            member.entity.mapping.overflow for member in self.members
        ):
            return None
        keys = {id(member.entity): member.keys for member in self.members}

        def entity_of(item: Item) -> BoundEntity | None:
            member = self._member_of(item)
            return None if member is None else member.entity

        def wanted(entity: BoundEntity) -> frozenset[str]:
            return wanted_fields(entity, options, keys[id(entity)])

        return OverflowRead(self.name, table, options, entity_of, wanted, keep)

    def _test(self, member: Member, options: Options) -> SortCondition | None:
        """What a member's sort keys must meet, as far as the condition is on its attributes."""
        form, limits = member.keys.sk, self.range
        if form is None:
            return None
        elsewhere = limits is not None and not any(name in form.names for name in limits.start)
        if elsewhere or options.compare in ("attributes", "v2"):
            limits = None
        return sort_condition(member.entity, form, member.own(self.values), limits)

    def _member_of(self, item: Item) -> Member | None:
        return next((m for m in self.members if m.entity.owns(item, m.keys)), None)

    def telling_filter(self, options: Options, expressions: Expressions) -> str | None:
        """What a filter must say besides, so that nothing it lets through is left out later."""
        partition = self.keys.spec.pk.composite
        if options.ignore_ownership or self.range is not None:
            return None
        if any(name not in partition for name in self.values):
            return None
        if not all(identifiers_filtered(m.entity, m.keys, options) for m in self.members):
            return None
        told = []
        for member in self.members:
            if member.keys.sk is not None and (member.keys.sk.template or member.keys.sk.numeric):
                return None
            identity = query_identity(member.entity, member.keys, member.own(self.values))
            if not are_filterable(member.entity, member.keys, identity):
                return None
            whose = [expressions.equal(*pair) for pair in member.entity.identifiers.items()]
            if identity:
                whose.append(f"({guard_condition(identity, expressions, reading=True)})")
            told.append(f"({' AND '.join(whose)})")
        return " OR ".join(told)

    def small_attribute(self) -> str | None:
        """None: members have attributes of their own."""
        return None

    def explain(self, options: Options) -> Explanation:
        """The read in words."""
        names = ", ".join(member.alias for member in self.members)
        notes = [*self._within_members(options).notes(), f"gives {names} in key order"]
        return self.explained(options, self.collection, notes)


def _equal_all(expressions: Expressions, identity: Item, *, whole: bool) -> str:
    """That an item is this entity's; `whole` also compares its version."""
    if not whole:
        return expressions.equal(*next(iter(identity.items())))
    return "(" + " AND ".join(expressions.equal(*pair) for pair in identity.items()) + ")"


@frozen(slots=False)
class MemberRange:
    """The range of one collection query; `limits` is None where it has none."""

    members: tuple[Member, ...]
    values: Mapping[str, Any]
    limits: Range | None
    is_exact: bool
    hydrates: bool

    @property
    def _keys(self) -> IndexKeys:
        return self.members[0].keys

    def test(self, member: Member) -> RangeTest | None:
        """What a member's items must meet; None where the range is none of attributes.

        Raises InvalidExpressionError.
        """
        if not self.is_exact or self.limits is None:
            return None
        own = member.own(self.values)
        if not any(name in member.sort_names for name in self.limits.start):
            return RangeTest(member.entity, member.keys, own, None, None, self.hydrates)
        test = range_test(member.entity, member.keys, own, self.limits)
        test = evolve(test, hydrates=self.hydrates)
        test.refuse_doubt()
        return test

    @cached_property
    def _concerned(self) -> Member:
        """The first member that has all attributes of the range."""
        assert self.limits is not None
        names = {*self.limits.start, *(self.limits.end or ())}
        return next((m for m in self.members if names <= set(m.sort_names)), self.members[0])

    def on_attributes(self) -> ExactRange | None:
        """The range on an index whose keys are the attributes, which are one for all members."""
        if not self.is_exact or self.limits is None:
            return None
        first = self.members[0]
        return exact_range(first.entity, first.keys, self.values, self.limits)

    def bounds(self) -> Bounds:
        """The part of a clustered index to read. Raises ValidationError."""
        test = self.test(self._concerned)
        assert test is not None
        forms = [member.keys.sk for member in self.members if member.keys.sk is not None]
        first = self._concerned.keys.sk
        assert first is not None
        ordered = [first, *(form for form in forms if form is not first)]
        if first.numeric and len({form.names for form in forms}) > 1:
            return Bounds(None, exact=False)
        return key_bounds(self._concerned.entity, ordered, test)

    @cached_property
    def _shared(self) -> tuple[str, ...]:
        """The attributes that the sort keys of all members begin with."""
        names = zip(*(member.sort_names for member in self.members), strict=False)
        return tuple(one[0] for one in takewhile(lambda some: len(set(some)) == 1, names))

    def comparisons(self, options: Options, expressions: Expressions) -> Iterator[str]:
        """What ElectroDB's `compare` filters by: attributes of the first member."""
        first, limits = self.members[0], self.limits
        if options.compare is None or self._keys.spec.type != "clustered":
            return
        attributes = first.entity.mapping.attributes
        if limits is not None:
            shared = self._shared
            start = {name: value for name, value in limits.start.items() if name in shared}
            end = {name: value for name, value in (limits.end or {}).items() if name in shared}
            limits = evolve(limits, start=start, end=end if limits.end is not None else None)
        compared = comparisons(first.keys, self.values, limits, options.compare, self._shared)
        for name, operator, value in compared:
            if name in attributes:
                field = expressions.name(attributes[name].spec.field)
                yield f"{field} {operator} {expressions.value(attributes[name].encode(value))}"

    def describe(self) -> str:
        """The range in one text, the same for the same range; empty for none."""
        if not self.is_exact or self.limits is None:
            return ""
        test = self.test(self._concerned)
        assert test is not None
        return test.describe()

    def notes(self) -> list[str]:
        """What is read beyond the range, in words."""
        if not self.is_exact or self.limits is None:
            return []
        listed = ", ".join(f'"{name}"' for name in self.limits.start)
        others = [
            m.alias for m in self.members if not any(n in m.sort_names for n in self.limits.start)
        ]
        notes = [f"items outside of the range of {listed} are left out after reading"]
        if others:
            notes.append(f"the range says nothing of {', '.join(others)}")
        return notes
