"""Queries and scans of one entity: their requests, and which items of the answers are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from pynamodb.expressions.condition import Condition

from leyden._attrs import evolve, field, frozen
from leyden.errors import InvalidOptionError
from leyden.keys import IndexKeys, bounds_of
from leyden.operations.bound import EMPTY, BoundEntity, Identity, matches, reader_of
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
from leyden.operations.plan.key_condition import Range, comparisons, key_condition
from leyden.operations.plan.ranges import ExactRange, RangeTest, exact_range
from leyden.operations.plan.reads import Explanation, Keep, ReadPlan, shape, show
from leyden.program import Item, Params, Request

if TYPE_CHECKING:
    from leyden.mapping.answers import Reader


@frozen(eq=False, slots=False)
class PageReading(ABC):
    """A read of many items; of one entity, unless a subclass says otherwise."""

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
        """The access pattern that the read uses."""

    @abstractmethod
    def clauses(self, params: Params, options: Options, expressions: Expressions) -> Iterable[str]:
        """Set the key condition, and yield the parts of the filter besides `where()`."""

    @abstractmethod
    def notes(self, options: Options) -> Iterable[str]:
        """Yield what the explanation should mention."""

    @abstractmethod
    def telling_filter(self, options: Options, expressions: Expressions) -> str | None:
        """Return the filter with which no item that passes it is left out after reading.

        None where no filter can do that. Names and values go to `expressions`.
        """

    @property
    def pattern(self) -> str | None:
        """The name of the access pattern or collection; None for a scan of the table."""
        return self.source.spec.name

    @property
    def is_moving(self) -> bool:
        """Whether items may be in an earlier form."""
        return self.entity.moving is not None

    def describe(self, options: Options, *, telling: bool = False) -> Params:
        """Return the request. With `telling` it also reads the fields that identify items."""
        spec = self.source.spec
        params: Params = {"TableName": self.entity.table}
        if spec.index is not None:
            params["IndexName"] = spec.index
        expressions = Expressions()
        filters = [*self.clauses(params, options, expressions)]
        filters += [self.applied(condition, expressions) for condition in self.conditions]
        condition = conjunction(filters)
        if condition:
            params["FilterExpression"] = condition
        if options.order is not None:
            params["ScanIndexForward"] = options.order == "asc"
        if options.limit is not None:
            params["Limit"] = options.limit
        if options.consistent:
            if spec.index is not None and spec.index not in self.entity.local_indexes:
                raise InvalidOptionError(
                    f'the access pattern "{spec.name}" is served by the index "{spec.index}", and '
                    "a global index cannot be read consistently; leave out `consistent`",
                    operation=self.name,
                )
            params["ConsistentRead"] = True
        if options.attributes and not options.hydrate:
            self.project(params, options, expressions, telling=telling)
        expressions.write_to(params)
        return params

    def applied(self, condition: Condition, expressions: Expressions) -> str:
        """Return a condition of `where()`. Raises InvalidExpressionError if it cannot filter."""
        refuse = refuse_unheld if self.api == "Scan" else refuse_unfilterable
        refuse(self.entity, self.source, fields_of(condition))
        return expressions.condition(condition)

    def project(
        self, params: Params, options: Options, expressions: Expressions, *, telling: bool
    ) -> None:
        """Add the projection. Raises UnknownAttributeError, InvalidOptionError."""
        project(self.entity, params, options, expressions, telling=telling, index=self.source)

    def request(
        self,
        options: Options,
        *,
        telling: bool,
        reader: Callable[[bytes], dict[str, Any]] | None = None,
    ) -> Request:
        """Return the first request."""
        params = self.describe(options, telling=telling)
        if options is not DEFAULT:
            finish(params, options)
        return Request(self.api, params, self.name, self.entity.spec.entity, reader)

    def plan(self, options: Options) -> ReadPlan:
        """Return the plan that `go()` runs. Raises the errors of bad input."""
        entity, keys, identity = self.entity, self.source, self.identity
        left_in, is_lawless = self.left_in(options), options.ignore_ownership
        record = entity.mapping.record
        slots_of = slots_reader(entity, options, keys)
        reader = None if left_in else self.rows_reader(options)
        if entity.mapping.vectors:
            reader = _either(reader, reader_of([entity], options.data))
        request = self.request(options, telling=True, reader=reader)

        def keep(item: Item, left_in: RangeTest | None = left_in) -> bool:
            # The fast reader has made it a record of the entity already.
            if isinstance(item, record):
                return True
            if not is_lawless and not (entity.owns(item, keys) and matches(item, identity)):
                return False
            return left_in is None or left_in.holds(item)

        keep_whole: Keep | None = None
        if options.hydrate:
            compared, of_whole = self.filters_whole(options), left_in and left_in.of_whole

            def keep_hydrated(item: Item) -> bool:
                agrees = all(item.get(field) == value for field, value in compared.items())
                return agrees and keep(item, of_whole)

            keep_whole = keep_hydrated

        def shaped(item: Item) -> Any:
            if isinstance(item, record):
                return item
            return shape(entity, item, options, slots_of(item))

        joining = None
        if entity.mapping.overflow:
            table: str = request.params["TableName"]
            joining = joining_for(entity, self.name, table, options, keep_whole or keep, keys)
        return ReadPlan(
            request,
            options,
            entity.positions[keys.spec.name],
            entity.key_fields,
            keep,
            shaped,
            joining,
            left_in.describe() if left_in else "",
            keep_whole,
        )

    def explain(self, options: Options) -> Explanation:
        """Explain the read in words."""
        params = finish(self.describe(options), options)
        return Explanation(
            self.name,
            self.api,
            params["TableName"],
            self.source.spec.index,
            self.pattern,
            self.api == "Scan",
            show(params.get("KeyConditionExpression", ""), params),
            show(params.get("FilterExpression", ""), params),
            tuple(self.notes(options)),
        )

    @property
    def small_attribute(self) -> str | None:
        """An attribute to read where items are only counted; None to read whole items."""
        held = held_fields(self.entity, self.source)
        for name in self.entity.keys.primary.composites:
            if held is None or self.entity.spec.attributes[name].field in held:
                return name
        return None

    @property
    def identity(self) -> Identity:
        """What tells the intended items from others with the same keys."""
        return {}

    def filters_whole(self, options: Options) -> Item:
        """Return the fields of hydrated items that are compared after reading."""
        return {}

    def left_in(self, options: Options) -> RangeTest | None:
        """Return the test for what the request lets through, if it lets through too much."""
        return None

    def rows_reader(self, options: Options) -> Callable[[bytes], dict[str, Any]] | None:
        """Return a reader of plain records; None where the options ask for anything else."""
        plain = options.data == "attributes" and options.select is None and options.count is None
        if not plain or options.attributes or options.hydrate or options.ignore_ownership:
            return None
        rows, identity, spec = self.entity.mapping.rows, self.identity, self.entity.spec
        if (
            rows is None
            or self.entity.mapping.overflow
            or not rows.fields.keys() >= identity.keys()
        ):
            return None
        if EMPTY in identity.values():
            return None
        return lambda content: rows.read(content, spec.entity, spec.version, identity)


def _either(rows: Reader | None, others: Reader | None) -> Reader | None:
    """Return a reader that tries to read rows, and falls back to the other reader."""
    if rows is None or others is None:
        return rows or others

    def read(content: bytes) -> dict[str, Any]:
        try:
            return rows(content)
        except ValueError:
            return others(content)

    return read


@frozen(eq=False, slots=False)
class RangedReading(PageReading):
    """A query of an entity or a collection. `values` are the accepted values given as equal."""

    values: Mapping[str, Any] = field(kw_only=True)
    range: Range | None = field(default=None, kw_only=True)

    api: ClassVar[str] = "Query"

    def is_exact(self, options: Options) -> bool:
        """Whether there is a range that compares attributes, and not the text of the key."""
        limits = self.range
        return limits is not None and limits.operator != "begins" and options.compare is None


@frozen(eq=False, slots=False)
class QueryReading(RangedReading):
    """A query of one access pattern of an entity."""

    keys: IndexKeys = field(kw_only=True)
    filters: Mapping[str, Any] = field(factory=dict, kw_only=True)
    """Values that the items must have besides the key. `match` sets these."""
    identified: bool = field(default=True, kw_only=True)
    """Whether to filter by the identifiers where the key does not name the entity.

    `match` does not, as in ElectroDB's requests.
    """

    @property
    def name(self) -> str:
        """The operation's name with its access pattern, such as `task.query.assigned`."""
        return f"{self.entity.operation('query')}.{self.keys.spec.name}"

    @property
    def source(self) -> IndexKeys:
        """The access pattern that the read uses."""
        return self.keys

    @cached_property
    def identity(self) -> Identity:
        """What tells the intended items from others with the same keys."""
        return query_identity(self.entity, self.keys, self.values)

    @cached_property
    def _exact_range(self) -> ExactRange:
        assert self.range is not None
        return exact_range(self.entity, self.keys, self.values, self.range)

    def clauses(self, params: Params, options: Options, expressions: Expressions) -> Iterator[str]:
        """Set the key condition, and yield the parts of the filter besides `where()`."""
        entity, keys, values = self.entity, self.keys, self.values
        attributes = entity.mapping.attributes
        if self.is_exact(options):
            within = self._exact_range
            params["KeyConditionExpression"] = within.key_condition(expressions)
            if within.filters(options) and within.test:
                yield within.test.expression(expressions)
        else:
            params["KeyConditionExpression"] = key_condition(
                entity, keys, values, self.range, expressions, options.compare
            )
        for name, sign, value in comparisons(keys, values, self.range, options.compare):
            yield expressions.compare(attributes[name], sign, value)
        if self.compares_identifiers(options):
            for pair in entity.identifiers.items():
                yield expressions.equal(*pair)
        if self.filters and not self.filters_whole(options):
            for name, value in self.filters.items():
                yield expressions.compare(attributes[name], "=", value)

    def compares_identifiers(self, options: Options) -> bool:
        """Whether to filter by the identifiers, because the sort key does not name the entity."""
        spec = self.keys.spec
        if not identifiers_filtered(self.entity, self.keys, options):
            return False
        if spec.type == "clustered":
            return self.identified and any(name not in self.values for name in self.keys.sort_names)
        return spec.type == "composite"

    def left_in(self, options: Options) -> RangeTest | None:
        """Return the test for what the request lets through, if it lets through too much."""
        entity, keys, form = self.entity, self.keys, self.keys.sk
        test = None
        if self.is_exact(options):
            within = self._exact_range
            test = None if within.filters(options) else within.test
        elif self.range is None and form is not None and form.template:
            # In a template without text between its values, a key that begins with these values may
            # belong to others: `1` also begins `12`.
            partial = form.missing(self.values)
            if partial and not bounds_of([form], self.values, None, None).parted:
                test = RangeTest(entity, keys, self.values, None, None)
        if test is None:
            return None
        test = evolve(test, hydrates=options.hydrate)
        test.refuse_doubt()
        return test

    def filters_whole(self, options: Options) -> Item:
        """Return the fields that `match` compares after hydrating; the index may lack them."""
        if not options.hydrate or self.keys.spec.index is None or not self.filters:
            return {}
        return self.entity.mapping.encode_few(self.filters)

    def telling_filter(self, options: Options, expressions: Expressions) -> str | None:
        """Return the filter with which no item that passes it is left out after reading."""
        if self.left_in(options) is not None:
            return None
        if options.ignore_ownership:
            return ""
        if not are_filterable(self.entity, self.keys, self.identity):
            return None
        told = guard_condition(self.identity, expressions, reading=True)
        if self.compares_identifiers(options):
            return told
        if self.range is not None and self.range.operator != "begins":
            # A range may reach beyond the entity's own keys.
            return None
        whose = identity_or_none(self.entity, self.keys, expressions)
        return None if whose is None else conjunction([told, whose])

    def notes(self, options: Options) -> Iterator[str]:
        """Yield what the explanation should mention."""
        if self.is_exact(options):
            yield from self._exact_range.notes()
        if self.identity and not options.ignore_ownership:
            held = None if options.hydrate else held_fields(self.entity, self.keys)
            compared = [field for field in self.identity if held is None or field in held]
            others = [field for field in self.identity if field not in compared]
            if compared:
                yield (
                    f"other values of {', '.join(compared)} can share this key (another letter "
                    "case, or # in a value); their items are left out after reading"
                )
            if others:
                yield (
                    f"other values of {', '.join(others)} can share this key (another letter case, "
                    "or # in a value), and the index does not hold them: their items are left out "
                    "only with `hydrate=True`"
                )
        yield _extent(options)
        yield from reading_notes(self.entity, options, self.keys)


def _extent(options: Options) -> str:
    """Say how far a query reads."""
    if options.count is not None:
        return f"reads on until {options.count} items are found"
    if options.pages == "all":
        return "reads all pages"
    size = "of at most 1 MB" if options.limit is None else f"with a limit of {options.limit}"
    if options.pages is None or options.pages == 1:
        return f"reads one page, {size} before filtering"
    return f"reads up to {options.pages} pages, each {size} before filtering"


@frozen(eq=False, slots=False)
class ScanReading(PageReading):
    """A scan of the table, or of an index."""

    keys: IndexKeys | None = field(default=None, kw_only=True)
    """The index that is read; None for the table itself."""
    filters: Mapping[str, Any] = field(factory=dict, kw_only=True)
    """Values that the items must have. `match` sets these where no index serves them."""

    api: ClassVar[str] = "Scan"

    @property
    def name(self) -> str:
        """The operation's name in errors and events, such as `task.scan`."""
        return self.entity.operation("scan")

    @property
    def source(self) -> IndexKeys:
        """The access pattern that the read uses."""
        return self.keys or self.entity.keys.primary

    @property
    def pattern(self) -> str | None:
        """The name of the index's access pattern; None for the table itself."""
        return self.keys.spec.name if self.keys else None

    def plan(self, options: Options) -> ReadPlan:
        """Return the plan that `go()` runs. Raises the errors of bad input."""
        if options.segments and (options.cursor or options.count or options.pages):
            raise InvalidOptionError(
                "`segments` reads the whole table; it does not go with `cursor`, `count` or `pages`"
            )
        if options.progress is not None and options.segments is None:
            raise InvalidOptionError("`progress` of a scan needs `segments`")
        return super().plan(options)

    def clauses(self, params: Params, options: Options, expressions: Expressions) -> Iterator[str]:
        """Yield the parts of the filter besides the conditions of `where()`."""
        entity, source = self.entity, self.source
        prefixes = [(form.field, form.build({})) for form in source.forms]
        for name, prefix in prefixes:
            if isinstance(prefix, str) and prefix:
                yield f"begins_with({expressions.name(name)}, {expressions.value({'S': prefix})})"
        identifiers = entity.identifiers if identifiers_filtered(entity, source, options) else {}
        for pair in (identifiers | entity.mapping.encode_few(self.filters)).items():
            yield expressions.equal(*pair)

    def telling_filter(self, options: Options, expressions: Expressions) -> str | None:
        """Return the filter with which no item that passes it is left out after reading."""
        # Where the index holds the identifiers, the filter compares them already.
        filtered = identifiers_filtered(self.entity, self.source, options)
        return "" if options.ignore_ownership or filtered else None

    def notes(self, options: Options) -> Iterator[str]:
        """Yield what the explanation should mention."""
        what = "table" if self.source.spec.index is None else "index"
        yield f"reads every item of the {what}, including those of other entities"
        yield from reading_notes(self.entity, options, self.source)
