"""Scans: reading the whole table, for the items of one entity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Never, Self

from leyden._attrs import evolve, field, frozen
from leyden.arguments import fitting
from leyden.errors import ArgumentError, InvalidOptionError
from leyden.keys import IndexKeys
from leyden.operations.bound import typed_key
from leyden.operations.explain import Explanation, show
from leyden.operations.expression import Expressions, conjunction, fields_of
from leyden.operations.iteration import Turns
from leyden.operations.operation import run_named
from leyden.operations.options import SCAN, Options
from leyden.operations.overflow.reading import reading_notes
from leyden.operations.paging import (
    PagePlan,
    read_all_segments,
    read_segments,
    segments_at_start,
)
from leyden.operations.projection import identifiers_filtered, project, refuse_unheld
from leyden.operations.read_many import ReadMany
from leyden.program import Params, Program
from leyden.results import Page


@frozen(eq=False, repr=False)
class Scan(ReadMany):
    """`task.scan`: all items of the entity. DynamoDB reads the whole table for it.

    `task.scan.index("assigned")` reads an index instead. With `segments=4` four parts are read
    at the same time, up to the end of the table; `progress` is then told how many items were
    found and how many were read.
    """

    keys: IndexKeys | None = field(default=None, kw_only=True)
    """The index that is read; None for the table itself."""
    filters: Mapping[str, Any] = field(factory=dict, kw_only=True)
    """Values that the items must have; `match` sets these where no index serves them."""

    verb: ClassVar[str] = "scan"
    api: ClassVar[str] = "Scan"
    allowed: ClassVar[frozenset[str]] = SCAN

    def __call__(self, /, *wrong: Never, **options: Never) -> Self:
        """The scan itself, so that `task.scan()` begins a chain as the other verbs do."""
        if wrong or options:
            raise ArgumentError(
                "scan() takes nothing: conditions go to .where(), options to .go(limit=10)",
                operation=self.name,
                entity=self.entity.spec.entity,
            )
        return self

    @fitting('.scan.index("assigned")')
    def index(self, access_pattern: str) -> Self:
        """Read the index of an access pattern in place of the table.

        Raises InvalidExpressionError where the entity has no such access pattern.
        """
        with self._naming():
            return evolve(self, keys=self.entity.access_pattern(access_pattern))

    def _program(self, options: Options) -> Program[Page]:
        """Read one page, or as many as the options say; with `segments`, all of the table."""
        if options.segments is None:
            return super()._program(options)
        return read_all_segments(self._plan(options))

    def _plan(self, options: Options) -> PagePlan:
        if options.segments and (options.cursor or options.count or options.pages):
            raise InvalidOptionError(
                "`segments` reads the whole table; it goes with no `cursor`, `count` or `pages`"
            )
        if options.progress is not None and options.segments is None:
            raise InvalidOptionError("`progress` of a scan goes with `segments`")
        return super()._plan(options)

    def _turns(self, plan: PagePlan) -> Turns:
        if plan.options.segments is None:
            yield from super()._turns(plan)
            return
        read = segments_at_start(plan.options.segments)

        def turn() -> Program[Page]:
            nonlocal read
            read = yield from read_segments(plan, read)
            return read.page

        while read.positions:
            yield run_named(turn(), self._naming())

    def _describe(self, options: Options, *, telling: bool) -> Params:
        params: Params = {"TableName": self.entity.table}
        keys = self._read_from()
        if keys.spec.index is not None:
            params["IndexName"] = keys.spec.index
        for one in self.conditions:
            refuse_unheld(self.entity, keys, fields_of(one))
        expressions = Expressions()
        condition = conjunction(
            [
                *self._key_prefixes(expressions),
                *self._identifiers(options, expressions),
                *self._filters(expressions),
                *(expressions.condition(condition) for condition in self.conditions),
            ]
        )
        if condition:
            params["FilterExpression"] = condition
        self._page(params, options)
        if not options.hydrate:
            project(self.entity, params, options, expressions, telling=telling, index=keys)
        expressions.write_to(params)
        return params

    def _key_prefixes(self, expressions: Expressions) -> list[str]:
        parts = []
        for form in self._read_from().forms:
            prefix = form.build({})
            if isinstance(prefix, str) and prefix:
                name = expressions.name(form.field)
                parts.append(f"begins_with({name}, {expressions.value(typed_key(prefix))})")
        return parts

    def _identifiers(self, options: Options, expressions: Expressions) -> list[str]:
        if not identifiers_filtered(self.entity, self._read_from(), options):
            return []
        return [expressions.equal(name, value) for name, value in self.entity.identity.items()]

    def _filters(self, expressions: Expressions) -> list[str]:
        attributes = self.entity.compiled.attributes
        return [
            expressions.equal(attributes[name].spec.field, attributes[name].encode(value))
            for name, value in self.filters.items()
        ]

    def _telling_filter(self, options: Options, expressions: Expressions) -> str | None:
        # Where the index holds them, the filter compares the identifiers already.
        filtered = identifiers_filtered(self.entity, self._read_from(), options)
        told = options.ignore_ownership or filtered
        return "" if told else None

    def _read_from(self) -> IndexKeys:
        return self.keys or self.entity.keys.primary

    def _marks(self) -> Any:
        return {}

    def _explain(self, params: Params, options: Options) -> Explanation:
        place = "index" if self._read_from().spec.index else "table"
        return Explanation(
            self.name,
            self.api,
            params["TableName"],
            self._read_from().spec.index,
            self.keys.spec.name if self.keys else None,
            True,
            "",
            show(params.get("FilterExpression", ""), params),
            (
                f"reads every item of the {place}, those of other entities as well",
                *reading_notes(self.entity, options, self._read_from()),
            ),
        )
