"""Queries and scans of one entity: their requests, and what is kept of the answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pynamodb.expressions.condition import Condition

from leyden._attrs import evolve, field, frozen
from leyden.errors import InvalidOptionError
from leyden.keys import IndexKeys, bounds_of
from leyden.mapping.entity import typed_key
from leyden.operations.bound import EMPTY, BoundEntity, Identity, matches
from leyden.operations.companions.overflow.reading import joining_for, reading_notes
from leyden.operations.options import DEFAULT, Options, finish
from leyden.operations.plan.expressions import Expressions, conjunction, fields_of
from leyden.operations.plan.identity import (
    are_filterable,
    guard_condition,
    held_fields,
    identifiers_filtered,
    identity_or_none,
    project,
    query_identity,
    refuse_unfilterable,
    refuse_unheld,
    slots_reader,
)
from leyden.operations.plan.key_condition import key_condition
from leyden.operations.plan.ranges import ExactRange, RangeTest, exact_range
from leyden.operations.plan.reads import Explanation, ReadPlan, shape, show
from leyden.operations.plan.sort_keys import Range, comparisons
from leyden.program import Item, Params, Request


@frozen(eq=False)
class PageReading(ABC):
    """A read of many items: of one entity's, unless another kind says more."""

    entity: BoundEntity
    conditions: tuple[Condition, ...] = ()

    api: ClassVar[str]

    @property
    @abstractmethod
    def name(self) -> str:
        """The operation's name in errors and events."""

    @property
    @abstractmethod
    def source(self) -> IndexKeys:
        """The access pattern that is read by."""

    @abstractmethod
    def describe(self, options: Options, *, telling: bool = False) -> Params:
        """The request; with `telling`, reading also what says whose item it is."""

    @abstractmethod
    def explain(self, options: Options) -> Explanation:
        """The read in words."""

    @abstractmethod
    def telling_filter(self, options: Options, expressions: Expressions) -> str | None:
        """What a filter must say besides, so that nothing it lets through is left out later.

        None where no filter can say that. Names and values go to `expressions`.
        """

    def request(self, options: Options, *, telling: bool) -> Request:
        """The first request."""
        params = self.describe(options, telling=telling)
        if options is not DEFAULT:
            finish(params, options)
        return Request(self.api, params, self.name, self.entity.spec.entity)

    def plan(self, options: Options) -> ReadPlan:
        """What `go()` does. Raises the errors of bad input."""
        request = self.request(options, telling=True)
        entity, keys, identity = self.entity, self.source, self.identity
        left_in = self.left_in(options)
        record = entity.mapping.record
        slots_of = slots_reader(entity, options, keys)

        def kept(item: Item, left_in: RangeTest | None) -> bool:
            # What was read the fast way is a record of the entity already.
            if item.__class__ is record:
                return True
            if not (
                options.ignore_ownership or (entity.owns(item, keys) and matches(item, identity))
            ):
                return False
            return left_in is None or left_in.holds(item)

        def keep(item: Item) -> bool:
            return kept(item, left_in)

        compared = self.filters_whole(options)
        left_whole = left_in.of_whole if left_in is not None else None

        def keep_whole(item: Item) -> bool:
            return kept(item, left_whole) and all(
                item.get(field) == value for field, value in compared.items()
            )

        joined = keep_whole if options.hydrate else keep

        def shaped(item: Item) -> Any:
            if item.__class__ is record:
                return item
            return shape(entity, item, options, slots_of(item))

        primary = entity.keys.primary
        return ReadPlan(
            evolve(request, reader=None if left_in else self._fast_reader(options, identity)),
            options,
            key_fields(entity, keys),
            [form.field for form in primary.forms],
            keep,
            shaped,
            joining_for(entity, self.name, request.params["TableName"], options, joined, keys)
            if entity.mapping.overflow
            else None,
            left_in.describe() if left_in else "",
            keep_whole if options.hydrate else None,
        )

    def small_attribute(self) -> str | None:
        """An attribute to read where items are only counted; None where whole items are read."""
        held = held_fields(self.entity, self.source)
        for name in self.entity.keys.primary.composites:
            if held is None or self.entity.spec.attributes[name].field in held:
                return name
        return None

    @property
    def identity(self) -> Identity:
        """What tells the items meant from others under their keys."""
        return {}

    def filters_whole(self, options: Options) -> Item:
        """The fields that hydrated items must have, which the request does not ask for."""
        return {}

    def left_in(self, options: Options) -> RangeTest | None:
        """What an item must meet that the request does not ask for."""
        return None

    def _fast_reader(
        self, options: Options, identity: Identity
    ) -> Callable[[bytes], dict[str, Any]] | None:
        """What reads plain records from an answer, where nothing but these is asked for."""
        plain = options.data == "attributes" and options.select is None and options.count is None
        if not plain or options.attributes or options.hydrate or options.ignore_ownership:
            return None
        rows = self.entity.mapping.rows
        if (
            rows is None
            or self.entity.mapping.overflow
            or not rows.fields.keys() >= identity.keys()
        ):
            return None
        if EMPTY in identity.values():
            return None
        spec = self.entity.spec
        return lambda content: rows.read(content, spec.entity, spec.version, identity)

    def begun(self) -> Params:
        """The request up to the index that it reads."""
        params: Params = {"TableName": self.entity.table}
        if self.source.spec.index is not None:
            params["IndexName"] = self.source.spec.index
        return params

    def paged(self, params: Params, options: Options) -> None:
        """Add what the options say of the pages. Raises InvalidOptionError."""
        if options.order is not None:
            params["ScanIndexForward"] = options.order == "asc"
        if options.limit is not None:
            params["Limit"] = options.limit
        if options.consistent:
            spec = self.source.spec
            if spec.index is not None and spec.index not in self.entity.local_indexes:
                raise InvalidOptionError(
                    f'the access pattern "{spec.name}" is served by the index "{spec.index}", and '
                    "a global index cannot be read consistently; leave out `consistent`",
                    operation=self.name,
                )
            params["ConsistentRead"] = True


@frozen(eq=False)
class RangedReading(PageReading):
    """A query, of one entity or a collection; `values` are what is given as equal, accepted."""

    values: Mapping[str, Any] = field(kw_only=True)
    range: Range | None = field(default=None, kw_only=True)

    api: ClassVar[str] = "Query"

    def is_exact(self, options: Options) -> bool:
        """Whether there is a range that means its attributes, not the text of the key."""
        limits = self.range
        return limits is not None and limits.operator != "begins" and options.compare is None

    def explained(self, options: Options, pattern: str, notes: Sequence[str]) -> Explanation:
        """The read in words; `pattern` is the access pattern, or the collection."""
        params = finish(self.describe(options), options)
        return Explanation(
            self.name,
            self.api,
            params["TableName"],
            self.source.spec.index,
            pattern,
            False,
            show(params["KeyConditionExpression"], params),
            show(params.get("FilterExpression", ""), params),
            tuple(notes),
        )


@frozen(eq=False)
class QueryReading(RangedReading):
    """A query of one access pattern of an entity."""

    keys: IndexKeys = field(kw_only=True)
    filters: Mapping[str, Any] = field(factory=dict, kw_only=True)
    """Values that the items must have besides the key; `match` sets these."""
    identified: bool = field(default=True, kw_only=True)
    """Whether to filter on whose item it is where the key does not tell; `match` leaves that."""

    @property
    def name(self) -> str:
        """The operation's name, with its access pattern: `task.query.assigned`."""
        return f"{self.entity.operation('query')}.{self.keys.spec.name}"

    @property
    def source(self) -> IndexKeys:
        """The access pattern that is read by."""
        return self.keys

    @property
    def identity(self) -> Identity:
        """What tells the items meant from others under their keys."""
        return query_identity(self.entity, self.keys, self.values)

    def describe(self, options: Options, *, telling: bool = False) -> Params:
        """The request; with `telling`, reading also what says whose item it is."""
        entity, keys = self.entity, self.keys
        for one in self.conditions:
            refuse_unfilterable(entity, keys, fields_of(one))
        params, expressions = self.begun(), Expressions()
        within = self._exact(options)
        params["KeyConditionExpression"] = key_condition(
            entity, keys, self.values, self.range, expressions, options.compare, within
        )
        filtered = within is not None and within.filters(options) and within.test
        compared = comparisons(keys, self.values, self.range, options.compare)
        condition = conjunction(
            [
                *([filtered.expression(expressions)] if filtered else ()),
                *(self._is(name, value, expressions, sign) for name, sign, value in compared),
                *self._identifiers(options, expressions),
                *self._filters(options, expressions),
                *(expressions.condition(condition) for condition in self.conditions),
            ]
        )
        if condition:
            params["FilterExpression"] = condition
        self.paged(params, options)
        if options.attributes and not options.hydrate:
            project(entity, params, options, expressions, telling=telling, index=keys)
        expressions.write_to(params)
        return params

    def explain(self, options: Options) -> Explanation:
        """The read in words."""
        within = self._exact(options)
        notes = [
            *(within.notes() if within is not None else ()),
            *self._notes(options),
            *reading_notes(self.entity, options, self.keys),
        ]
        return self.explained(options, self.keys.spec.name, notes)

    def left_in(self, options: Options) -> RangeTest | None:
        """What an item must meet that the request does not ask for."""
        within = self._exact(options)
        if self.range is None:
            test = self._parted()
        elif within is None or within.filters(options):
            return None
        else:
            test = within.test
        if test is None:
            return None
        test = evolve(test, hydrates=options.hydrate)
        test.refuse_doubt()
        return test

    def filters_whole(self, options: Options) -> Item:
        """The fields of hydrated items that `match` compares; their index may not hold them."""
        if not options.hydrate or self.keys.spec.index is None or not self.filters:
            return {}
        return self.entity.mapping.encode_few(self.filters)

    def telling_filter(self, options: Options, expressions: Expressions) -> str | None:
        """What a filter must say besides, so that nothing it lets through is left out later."""
        if self.left_in(options) is not None:
            return None
        if options.ignore_ownership:
            return ""
        identity = self.identity
        if not are_filterable(self.entity, self.keys, identity):
            return None
        told = guard_condition(identity, expressions, reading=True) if identity else ""
        if self._identifiers(options, Expressions()):
            # The request compares them already.
            return told
        if self.range is not None and self.range.operator != "begins":
            # A range may reach beyond the entity's own keys.
            return None
        whose = identity_or_none(self.entity, self.keys, expressions)
        return None if whose is None else conjunction([told, whose])

    def _is(self, name: str, value: Any, expressions: Expressions, operator: str = "=") -> str:
        attribute = self.entity.mapping.attributes[name]
        placeholder = expressions.name(attribute.spec.field)
        return f"{placeholder} {operator} {expressions.value(attribute.encode(value))}"

    def _identifiers(self, options: Options, expressions: Expressions) -> list[str]:
        """Filters on whose item it is, where the sort key alone does not tell."""
        spec = self.keys.spec
        if not identifiers_filtered(self.entity, self.keys, options):
            return []
        sort = spec.sk.composite if spec.sk else ()
        partial = sum(name in self.values for name in sort) < len(sort)
        if spec.type == "composite" or (spec.type == "clustered" and partial and self.identified):
            return [expressions.equal(name, v) for name, v in self.entity.identifiers.items()]
        return []

    def _filters(self, options: Options, expressions: Expressions) -> list[str]:
        if self.filters_whole(options):
            return []
        return [self._is(name, value, expressions) for name, value in self.filters.items()]

    def _exact(self, options: Options) -> ExactRange | None:
        if self.range is None or not self.is_exact(options):
            return None
        return exact_range(self.entity, self.keys, self.values, self.range)

    def _parted(self) -> RangeTest | None:
        """The test of the values given as equal, where what begins with them may have others.

        That is so in a template without text between its values: `1` begins `12` as well.
        """
        form = self.keys.sk
        if form is None or not form.template or not form.missing(self.values):
            return None
        if bounds_of([form], self.values, None, None).parted:
            return None
        return RangeTest(self.entity, self.keys, self.values, None, None)

    def _notes(self, options: Options) -> Iterator[str]:
        identity = self.identity
        if identity and not options.ignore_ownership:
            held = None if options.hydrate else held_fields(self.entity, self.keys)
            compared = [field for field in identity if held is None or field in held]
            others = [field for field in identity if field not in compared]
            if compared:
                yield (
                    f"the key folds or joins values; items whose {', '.join(compared)} differ are "
                    "left out after reading"
                )
            if others:
                yield (
                    "the key folds or joins values, and the index does not hold "
                    f"{', '.join(others)}: items that differ there under the same key are not left "
                    "out, unless with `hydrate=True`"
                )
        if options.count is not None:
            yield f"reads on until {options.count} items are found"
        elif options.pages == "all":
            yield "reads all pages"
        else:
            yield "reads one page, of at most 1 MB before filtering"


@frozen(eq=False)
class ScanReading(PageReading):
    """A scan of the table, or of an index."""

    keys: IndexKeys | None = field(default=None, kw_only=True)
    """The index that is read; None for the table itself."""
    filters: Mapping[str, Any] = field(factory=dict, kw_only=True)
    """Values that the items must have; `match` sets these where no index serves them."""

    api: ClassVar[str] = "Scan"

    @property
    def name(self) -> str:
        """The operation's name in errors and events: `task.scan`."""
        return self.entity.operation("scan")

    @property
    def source(self) -> IndexKeys:
        """The access pattern that is read by."""
        return self.keys or self.entity.keys.primary

    def plan(self, options: Options) -> ReadPlan:
        """What `go()` does. Raises the errors of bad input."""
        if options.segments and (options.cursor or options.count or options.pages):
            raise InvalidOptionError(
                "`segments` reads the whole table; it goes with no `cursor`, `count` or `pages`"
            )
        if options.progress is not None and options.segments is None:
            raise InvalidOptionError("`progress` of a scan goes with `segments`")
        return super().plan(options)

    def describe(self, options: Options, *, telling: bool = False) -> Params:
        """The request; with `telling`, reading also what says whose item it is."""
        entity, source = self.entity, self.source
        for one in self.conditions:
            refuse_unheld(entity, source, fields_of(one))
        params, expressions = self.begun(), Expressions()
        prefixes = {form.field: form.build({}) for form in source.forms}
        identity = entity.identifiers if identifiers_filtered(entity, source, options) else {}
        filters = entity.mapping.encode_few(self.filters)
        condition = conjunction(
            [
                *(
                    f"begins_with({expressions.name(n)}, {expressions.value(typed_key(prefix))})"
                    for n, prefix in prefixes.items()
                    if isinstance(prefix, str) and prefix
                ),
                *(expressions.equal(n, value) for n, value in (identity | filters).items()),
                *(expressions.condition(condition) for condition in self.conditions),
            ]
        )
        if condition:
            params["FilterExpression"] = condition
        self.paged(params, options)
        if options.attributes and not options.hydrate:
            project(entity, params, options, expressions, telling=telling, index=source)
        expressions.write_to(params)
        return params

    def explain(self, options: Options) -> Explanation:
        """The read in words."""
        params = finish(self.describe(options), options)
        index = self.source.spec.index
        return Explanation(
            self.name,
            self.api,
            params["TableName"],
            index,
            self.keys.spec.name if self.keys else None,
            True,
            "",
            show(params.get("FilterExpression", ""), params),
            (
                f"reads every item of the {'index' if index else 'table'}, those of other entities "
                "as well",
                *reading_notes(self.entity, options, self.source),
            ),
        )

    def telling_filter(self, options: Options, expressions: Expressions) -> str | None:
        """What a filter must say besides, so that nothing it lets through is left out later."""
        # Where the index holds them, the filter compares the identifiers already.
        filtered = identifiers_filtered(self.entity, self.source, options)
        return "" if options.ignore_ownership or filtered else None


def key_fields(entity: BoundEntity, keys: IndexKeys) -> tuple[str, ...]:
    """The fields of a position in an index: the table's own key and the index's."""
    own = tuple(form.field for form in entity.keys.primary.forms)
    if keys is entity.keys.primary:
        return own
    if keys.forms:
        fields = tuple(form.field for form in keys.forms)
    else:
        fields = tuple(entity.spec.attributes[name].field for name in keys.spec.composites)
    return tuple(dict.fromkeys(own + fields))
