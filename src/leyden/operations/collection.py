"""Collections: the items of several entities from one partition of one index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from operator import itemgetter
from typing import Any, ClassVar, Never, Self

from pynamodb.expressions.condition import Condition

from leyden._attrs import evolve, field, frozen
from leyden.arguments import misplaced
from leyden.errors import (
    InvalidExpressionError,
    LeydenError,
)
from leyden.keys import IndexKeys, KeyForm
from leyden.operations.bound import BoundEntity, typed_key
from leyden.operations.compare import shifted
from leyden.operations.exact_range import condition_of
from leyden.operations.explain import Explanation
from leyden.operations.expression import Expressions, conjunction, fields_of
from leyden.operations.guard import (
    Marks,
    are_filterable,
    bears,
    guard_condition,
    owns,
    query_marks,
)
from leyden.operations.iteration import Records
from leyden.operations.key_condition import key_condition
from leyden.operations.member_projection import project_members
from leyden.operations.member_range import MemberRange
from leyden.operations.members import Member, read_limits
from leyden.operations.options import QUERY, Options, read_options
from leyden.operations.overflow.reading import Joining, wanted_fields
from leyden.operations.paging import PagePlan, read_pages
from leyden.operations.projection import (
    identifiers_filtered,
    refuse_unfilterable,
    slots_reader,
)
from leyden.operations.range_test import RangeTest
from leyden.operations.ranged import Ranged
from leyden.operations.read_many import key_fields
from leyden.operations.shape import shape
from leyden.operations.sort_condition import SortCondition, sort_condition
from leyden.program import Item, Params, Program
from leyden.results import CollectionPage, Page


@frozen(eq=False, repr=False)
class CollectionQuery(Ranged):
    """`app.collections.NAME(...)`: the members' items in one partition, in key order."""

    members: tuple[Member, ...] = field(kw_only=True)
    collection: str = field(kw_only=True)

    verb: ClassVar[str] = "collection"
    api: ClassVar[str] = "Query"
    allowed: ClassVar[frozenset[str]] = QUERY

    @property
    def name(self) -> str:
        """The operation's name: `collections.contributions`."""
        return f"collections.{self.collection}"

    def _ranged(
        self, operator: str, start: Mapping[str, Any], end: Mapping[str, Any] | None
    ) -> Self:
        if operator == "begins" and self.keys.spec.type == "isolated":
            raise InvalidExpressionError(
                f'"{self.collection}" stands on an isolated index, where the sort keys of each '
                "entity begin with its name; .begins() works on clustered ones, .between() and "
                ".gte() on both"
            )
        limits = read_limits(self.members, self.collection, self.values, operator, start, end)
        return evolve(self, range=limits)

    @property
    def keys(self) -> IndexKeys:
        """The index keys of the first member; partition keys are alike in all."""
        return self.members[0].keys

    def _describe(self, options: Options, *, telling: bool) -> Params:
        params = self._begun(self.keys)
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
        self._page(params, options)
        if not options.hydrate:
            project_members(self.members, params, options, expressions, telling=telling)
        expressions.write_to(params)
        return params

    def _within_members(self, options: Options) -> MemberRange:
        return MemberRange(
            self.members, self.values, self.range, self._is_exact(options), options.hydrate
        )

    def _whose(self, options: Options, expressions: Expressions) -> str:
        """The filter on whose item it is; where the index does not hold that, keys tell later."""
        if not identifiers_filtered(self.entity, self.keys, options):
            return ""
        identities = [
            " AND ".join(expressions.equal(*pair) for pair in member.entity.identity.items())
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
                expressions, member.entity.identity, whole=member.entity.spec.entity in named
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
        partition = expressions.equal(pk.field, typed_key(self.entity.build(pk, self.values)))
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

    def _plan(self, options: Options) -> PagePlan:
        request = self._request(self._describe(options, telling=True), options)
        within = self._within_members(options)
        tests = {
            member.alias: within.test(member) or self._test(member, options)
            for member in self.members
        }
        marks = {m.alias: query_marks(m.entity, m.keys, m.own(self.values)) for m in self.members}
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
            return lawless or bears(item, marks[member.alias])

        slots_of = {m.alias: slots_reader(m.entity, options, m.keys) for m in self.members}

        def shaped(item: Item) -> Any:
            member = self._member_of(item)
            assert member is not None
            shown = slots_of[member.alias](item)
            return member.alias, shape(member.entity, item, options, shown)

        fields = self._index_fields()
        primary = self.entity.keys.primary
        return PagePlan(
            request,
            options,
            key_fields(primary, self.keys, fields),
            [form.field for form in primary.forms],
            partial(keep, is_whole=False),
            shaped,
            self._joining(request.params["TableName"], options, keep),
            within.describe(),
            keep if options.hydrate else None,
        )

    def _joining(
        self, table: str, options: Options, keep: Callable[[Item], bool]
    ) -> Joining | None:
        if options.data == "raw" or not any(member.entity.overflow for member in self.members):
            return None
        keys = {id(member.entity): member.keys for member in self.members}

        def entity_of(item: Item) -> BoundEntity | None:
            member = self._member_of(item)
            return None if member is None else member.entity

        def wanted(entity: BoundEntity) -> frozenset[str]:
            return wanted_fields(entity, options, keys[id(entity)])

        return Joining(self.name, table, options, entity_of, wanted, keep)

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
        return next((m for m in self.members if owns(m.entity, item, m.keys)), None)

    def _program(self, options: Options) -> Program[Any]:
        plan = self._plan(options)

        def program() -> Program[CollectionPage]:
            try:
                page = yield from read_pages(plan)
            except LeydenError as error:
                if isinstance(error.page, Page):
                    error.page = self._collected(error.page)
                raise
            return self._collected(page)

        return program()

    def _collected(self, page: Page) -> CollectionPage:
        aliases = tuple(member.alias for member in self.members)
        return CollectionPage(
            page.items,
            aliases,
            page.cursor,
            page.consumed,
            page.scanned,
            page.requests,
            page.unreadable,
        )

    def iter(self, /, *wrong: Never, **options: Any) -> Records:
        """Iterate over the records of all entities in key order, page after page.

        Goes with `for`, and with `async for` on a service of `leyden.load_async`.
        """
        with self._naming():
            if wrong:
                raise misplaced("iter", '.iter(order="desc")', len(wrong))
            plan = self._plan(read_options(self.name, self.allowed - {"count", "pages"}, options))
        return Records(self.entity.runner, self.name, self._turns(plan), itemgetter(1))

    def _telling_filter(self, options: Options, expressions: Expressions) -> str | None:
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
            marks = query_marks(member.entity, member.keys, member.own(self.values))
            if not are_filterable(member.entity, member.keys, marks):
                return None
            whose = [expressions.equal(*pair) for pair in member.entity.identity.items()]
            if marks:
                whose.append(f"({guard_condition(marks, expressions, reading=True)})")
            told.append(f"({' AND '.join(whose)})")
        return " OR ".join(told)

    def _small_attribute(self) -> str | None:
        return None

    def _record(self, found: Any) -> Any:
        return found[1]

    def _read_from(self) -> IndexKeys:
        return self.keys

    def _marks(self) -> Marks:
        return {}

    def _explain(self, params: Params, options: Options) -> Explanation:
        names = ", ".join(member.alias for member in self.members)
        notes = [*self._within_members(options).notes(), f"gives {names} in key order"]
        return self._explanation(params, self.collection, notes)


def _equal_all(expressions: Expressions, identity: Item, *, whole: bool) -> str:
    """That an item is this entity's; `whole` also compares its version."""
    if not whole:
        return expressions.equal(*next(iter(identity.items())))
    return "(" + " AND ".join(expressions.equal(*pair) for pair in identity.items()) + ")"
