"""Collections: the items of several entities from one partition of one index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, ClassVar, Self

from attrs import evolve, field, frozen
from pynamodb.expressions.condition import Condition

from leyden.errors import InvalidExpressionError
from leyden.keys import IndexKeys, KeyForm
from leyden.operations.bound import BoundEntity, typed_key
from leyden.operations.explain import Explanation, show
from leyden.operations.expression import Expressions, conjunction, fields_of
from leyden.operations.guard import Marks, bears, query_marks
from leyden.operations.iteration import Records
from leyden.operations.key_condition import accept_limit, key_condition
from leyden.operations.options import QUERY, Options, read_options
from leyden.operations.outcome import shape
from leyden.operations.overflow_read import Joining, wanted_fields
from leyden.operations.paging import PagePlan, read_pages
from leyden.operations.ranged import Ranged
from leyden.operations.read_many import key_fields
from leyden.operations.request import Item, Params, Program
from leyden.operations.sort_condition import Range, SortCondition, sort_condition
from leyden.schema.spec import ENTITY_FIELD


@frozen
class Member:
    """One entity of a collection, and its access pattern there."""

    entity: BoundEntity
    keys: IndexKeys

    @property
    def alias(self) -> str:
        """The entity's name in Python."""
        return self.entity.spec.alias


@frozen
class CollectionPage(Sequence[Any]):
    """What a collection query found: `.items` in key order, and one list an entity.

    The lists are attributes by the entities' aliases: `page.task`. `cursor`, `consumed`,
    `scanned` and `requests` are those of a `Page`.
    """

    entries: tuple[tuple[str, Any], ...]
    """Pairs of alias and record, in key order."""
    aliases: tuple[str, ...]
    cursor: str | None
    consumed: float | None
    scanned: int
    requests: int

    @property
    def items(self) -> tuple[Any, ...]:
        """The records of all entities, in key order."""
        return tuple(record for _, record in self.entries)

    def __getattr__(self, alias: str) -> list[Any]:
        if alias not in self.aliases:
            raise AttributeError(
                f'the collection has no entity "{alias}"; it has {", ".join(self.aliases)}'
            )
        return [record for name, record in self.entries if name == alias]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]


@frozen(eq=False, repr=False)
class CollectionQuery(Ranged):
    """`app.collections.NAME(...)`: the members' items in one partition, in key order."""

    members: tuple[Member, ...] = field(kw_only=True)
    collection: str = field(kw_only=True)
    values: Mapping[str, Any] = field(kw_only=True)
    range: Range | None = field(default=None, kw_only=True)

    verb: ClassVar[str] = "collection"
    api: ClassVar[str] = "Query"
    allowed: ClassVar[frozenset[str]] = QUERY - {"attributes", "compare"}

    @property
    def name(self) -> str:
        """The operation's name: `collections.contributions`."""
        return f"collections.{self.collection}"

    def _ranged(
        self, operator: str, start: Mapping[str, Any], end: Mapping[str, Any] | None
    ) -> Self:
        if self.keys.spec.type == "isolated":
            raise InvalidExpressionError(
                f'"{self.collection}" stands on an isolated index, where each entity has its '
                f"own range of sort keys; .{operator}() works on clustered ones"
            )
        low = self._limit(start, operator)
        high = None if end is None else self._limit(end, operator)
        return evolve(self, range=Range(operator, low, high))

    def _limit(self, given: Mapping[str, Any], operator: str) -> dict[str, Any]:
        names = {n for member in self.members for n in _sort_names(member)}
        for name in given:
            if name not in names:
                raise InvalidExpressionError(
                    f'no entity of "{self.collection}" has "{name}" in its sort key'
                )
        owner = {n: m.entity for m in self.members for n in given if n in _sort_names(m)}
        limit = {}
        for name, value in given.items():
            limit.update(accept_limit(owner[name], {name: value}, operator))
        return limit

    @property
    def keys(self) -> IndexKeys:
        """The index keys of the first member; partition keys are alike in all."""
        return self.members[0].keys

    def _describe(self, options: Options, *, telling: bool) -> Params:
        spec = self.keys.spec
        params: Params = {"TableName": self.entity.table}
        if spec.index is not None:
            params["IndexName"] = spec.index
        expressions = Expressions()
        params["KeyConditionExpression"] = self._key_condition(expressions)
        identities = [
            " AND ".join(expressions.equal(*pair) for pair in member.entity.identity.items())
            for member in self.members
        ]
        whose = identities[0]
        if len(identities) > 1:
            whose = "(" + " OR ".join(f"({identity})" for identity in identities) + ")"
        condition = conjunction(
            [
                "" if options.ignore_ownership else whose,
                *(self._applied(condition, expressions) for condition in self.conditions),
            ]
        )
        if condition:
            params["FilterExpression"] = condition
        self._page(params, options)
        expressions.write_to(params)
        return params

    def _applied(self, condition: Condition, expressions: Expressions) -> str:
        """A condition, which says nothing of the members that do not have its attributes."""
        fields = fields_of(condition)
        concerned = [
            member
            for member in self.members
            if fields <= {a.field for a in member.entity.spec.attributes.values()}
        ]
        text = expressions.condition(condition)
        if len(concerned) == len(self.members):
            return text
        others = [m for m in self.members if m not in concerned]
        if not concerned:
            names = ", ".join(sorted(fields))
            raise InvalidExpressionError(
                f'no entity of the collection "{self.collection}" has {names} all together'
            )
        # PynamoDB puts what it joins in parentheses by itself.
        exempt = [expressions.equal(ENTITY_FIELD, m.entity.identity[ENTITY_FIELD]) for m in others]
        return " OR ".join([*exempt, text])

    def _key_condition(self, expressions: Expressions) -> str:
        pk, sk = self.keys.pk, self.keys.sk
        if pk is None:
            return key_condition(self.entity, self.keys, self.values, self.range, expressions)
        assert sk is not None
        partition = expressions.equal(pk.field, typed_key(self.entity.build(pk, self.values)))
        stem = self.keys.collection_stem(self.collection)
        if not stem:
            return partition
        shared = self._shared_form(stem)
        limits = self.range
        if limits is None or not any(name in shared.names for name in limits.start):
            # Without a closing label this also takes longer values; they are left out later.
            condition = SortCondition(shared.field, "begins_with", str(shared.stem(self.values)))
        else:
            found = sort_condition(self.entity, shared, self.values, limits)
            assert found is not None
            condition = found
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
        return evolve(sk, prefix=stem, segments=tuple(alike), postfix="")

    def _plan(self, options: Options) -> PagePlan:
        request = self._request(self._describe(options, telling=True), options)
        tests = {member.alias: self._test(member) for member in self.members}
        marks = {m.alias: query_marks(m.entity, m.keys, self._own(m)) for m in self.members}

        def keep(item: Item) -> bool:
            member = self._member_of(item)
            if member is None:
                return False
            return options.ignore_ownership or (
                bears(item, marks[member.alias]) and _meets(item, tests[member.alias])
            )

        def shaped(item: Item) -> Any:
            member = self._member_of(item)
            assert member is not None
            return member.alias, shape(member.entity, item, options)

        fields = self._index_fields()
        primary = self.entity.keys.primary
        return PagePlan(
            request,
            options,
            key_fields(primary, self.keys, fields),
            [form.field for form in primary.forms],
            keep,
            shaped,
            self._joining(request.params["TableName"], options, keep),
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

    def _own(self, member: Member) -> Mapping[str, Any]:
        return {n: v for n, v in self.values.items() if n in member.keys.spec.composites}

    def _test(self, member: Member) -> SortCondition | None:
        """What a member's sort keys must meet, as far as the condition is on its attributes."""
        form, limits = member.keys.sk, self.range
        if form is None:
            return None
        if limits is not None and not any(name in form.names for name in limits.start):
            limits = None
        return sort_condition(member.entity, form, self._own(member), limits)

    def _member_of(self, item: Item) -> Member | None:
        for member in self.members:
            identity = member.entity.identity
            if all(item.get(name) == value for name, value in identity.items()):
                return member
        return None

    def _program(self, options: Options) -> Program[Any]:
        plan = self._plan(options)

        def program() -> Program[CollectionPage]:
            page = yield from read_pages(plan)
            return CollectionPage(
                page.items,
                tuple(member.alias for member in self.members),
                page.cursor,
                page.consumed,
                page.scanned,
                page.requests,
            )

        return program()

    def iter(self, **options: Any) -> Records:
        """Iterate over the records of all entities in key order, page after page.

        Goes with `for`, and with `async for` on a service of `leyden.load_async`.
        """
        with self._naming():
            plan = self._plan(read_options(self.name, self.allowed - {"count", "pages"}, options))
        return Records(self.entity.runner, self.name, self._turns(plan), itemgetter(1))

    def _read_from(self) -> IndexKeys:
        return self.keys

    def _marks(self) -> Marks:
        return {}

    def _explain(self, params: Params, options: Options) -> Explanation:
        names = ", ".join(member.alias for member in self.members)
        return Explanation(
            self.name,
            self.api,
            params["TableName"],
            self.keys.spec.index,
            self.collection,
            False,
            show(params["KeyConditionExpression"], params),
            show(params.get("FilterExpression", ""), params),
            (f"gives {names} in key order",),
        )


def _meets(item: Item, condition: SortCondition | None) -> bool:
    return condition is None or condition.holds(item)


def _sort_names(member: Member) -> tuple[str, ...]:
    sort = member.keys.spec.sk
    return sort.composite if sort else ()
