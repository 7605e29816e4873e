"""Queries: reading part of an index, by partition key and a range of sort keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Never, Self

from leyden._attrs import evolve, field, frozen
from leyden.arguments import misplaced, not_called
from leyden.errors import UnknownNameError
from leyden.keys import IndexKeys, bounds_of
from leyden.operations.bound import BoundEntity
from leyden.operations.compare import comparisons
from leyden.operations.exact_range import ExactRange, exact_range
from leyden.operations.explain import Explanation
from leyden.operations.expression import Expressions, conjunction, fields_of
from leyden.operations.guard import (
    are_filterable,
    guard_condition,
    identity_or_none,
    query_marks,
)
from leyden.operations.key_condition import key_condition, read_composites, read_range
from leyden.operations.operation import changed, naming
from leyden.operations.options import QUERY, Options
from leyden.operations.overflow.reading import reading_notes
from leyden.operations.projection import (
    held_fields,
    identifiers_filtered,
    project,
    refuse_unfilterable,
)
from leyden.operations.range_test import RangeTest
from leyden.operations.ranged import Ranged
from leyden.program import Item, Params


@frozen(eq=False, repr=False)
class Query(Ranged):
    """`task.query.NAME(...)`: the items of one partition of an access pattern, in key order.

    Give all partition-key attributes, and as many of the sort key's as are known, from the
    left; then at most one of `begins`, `between`, `gt`, `gte`, `lt`, `lte` for the next one.
    """

    keys: IndexKeys = field(kw_only=True)
    filters: Mapping[str, Any] = field(factory=dict, kw_only=True)
    """Values that the items must have besides the key; `match` sets these."""
    identified: bool = field(default=True, kw_only=True)
    """Whether to filter on whose item it is where the key does not tell; `match` leaves that."""

    verb: ClassVar[str] = "query"
    api: ClassVar[str] = "Query"
    allowed: ClassVar[frozenset[str]] = QUERY

    @property
    def name(self) -> str:
        """The operation's name, with its access pattern: `task.query.assigned`."""
        return f"{self.entity.operation(self.verb)}.{self.keys.spec.name}"

    def _ranged(
        self, operator: str, start: Mapping[str, Any], end: Mapping[str, Any] | None
    ) -> Self:
        limits = read_range(self.entity, self.keys, self.values, operator, start, end)
        return changed(self, range=limits)

    def _describe(self, options: Options, *, telling: bool) -> Params:
        params = self._begun(self.keys)
        for one in self.conditions:
            refuse_unfilterable(self.entity, self.keys, fields_of(one))
        expressions = Expressions()
        within = self._exact(options)
        params["KeyConditionExpression"] = self._key_condition(options, within, expressions)
        filtered = within is not None and within.filters(options) and within.test
        condition = conjunction(
            [
                *([filtered.expression(expressions)] if filtered else ()),
                *self._comparisons(options, expressions),
                *self._identifiers(options, expressions),
                *self._filters(options, expressions),
                *(expressions.condition(condition) for condition in self.conditions),
            ]
        )
        if condition:
            params["FilterExpression"] = condition
        self._page(params, options)
        if not options.hydrate:
            project(self.entity, params, options, expressions, telling=telling, index=self.keys)
        expressions.write_to(params)
        return params

    def _equal(self, name: str, value: Any, expressions: Expressions, operator: str = "=") -> str:
        attribute = self.entity.compiled.attributes[name]
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
            return [expressions.equal(name, v) for name, v in self.entity.identity.items()]
        return []

    def _filters(self, options: Options, expressions: Expressions) -> list[str]:
        if self._filters_whole(options):
            return []
        return [self._equal(name, value, expressions) for name, value in self.filters.items()]

    def _filters_whole(self, options: Options) -> Item:
        """The fields of hydrated items that `match` compares; their index may not hold them."""
        if not options.hydrate or self.keys.spec.index is None or not self.filters:
            return {}
        return self.entity.compiled.encode_few(self.filters)

    def _comparisons(self, options: Options, expressions: Expressions) -> list[str]:
        """What ElectroDB's `compare` filters by."""
        compared = comparisons(self.keys, self.values, self.range, options.compare)
        return [
            self._equal(name, value, expressions, operator) for name, operator, value in compared
        ]

    def _exact(self, options: Options) -> ExactRange | None:
        if self.range is None or not self._is_exact(options):
            return None
        return exact_range(self.entity, self.keys, self.values, self.range)

    def _left_in(self, options: Options) -> RangeTest | None:
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

    @property
    def is_left_out_here(self) -> bool:
        """Whether DynamoDB gives items that the range leaves out only after reading."""
        return self._left_in(Options()) is not None

    def _key_condition(
        self, options: Options, within: ExactRange | None, expressions: Expressions
    ) -> str:
        return key_condition(
            self.entity,
            self.keys,
            self.values,
            self.range,
            expressions,
            options.compare,
            within,
        )

    def _telling_filter(self, options: Options, expressions: Expressions) -> str | None:
        if self._left_in(options) is not None:
            return None
        if options.ignore_ownership:
            return ""
        marks = self._marks()
        if not are_filterable(self.entity, self.keys, marks):
            return None
        told = guard_condition(marks, expressions, reading=True) if marks else ""
        if self._identifiers(options, Expressions()):
            # The request compares them already.
            return told
        if self.range is not None and self.range.operator != "begins":
            # A range may reach beyond the entity's own keys.
            return None
        whose = identity_or_none(self.entity, self.keys, expressions)
        return None if whose is None else conjunction([told, whose])

    def _read_from(self) -> IndexKeys:
        return self.keys

    def _marks(self) -> Any:
        return query_marks(self.entity, self.keys, self.values)

    def _explain(self, params: Params, options: Options) -> Explanation:
        within = self._exact(options)
        notes = [
            *(within.notes() if within is not None else ()),
            *self._notes(options),
            *reading_notes(self.entity, options, self.keys),
        ]
        return self._explanation(params, self.keys.spec.name, notes)

    def _differing(self, options: Options) -> Iterator[str]:
        """What becomes of items under the same keys with other values, in words."""
        held = None if options.hydrate else held_fields(self.entity, self.keys)
        compared = [field for field in self._marks() if held is None or field in held]
        others = [field for field in self._marks() if field not in compared]
        if compared:
            yield (
                f"the key folds or joins values; items whose {', '.join(compared)} differ are "
                "left out after reading"
            )
        if others:
            yield (
                f"the key folds or joins values, and the index does not hold {', '.join(others)}: "
                "items that differ there under the same key are not left out, unless with "
                "`hydrate=True`"
            )

    def _notes(self, options: Options) -> list[str]:
        notes: list[str] = []
        if self._marks() and not options.ignore_ownership:
            notes += self._differing(options)
        if options.count is not None:
            notes.append(f"reads on until {options.count} items are found")
        elif options.pages == "all":
            notes.append("reads all pages")
        else:
            notes.append("reads one page, of at most 1 MB before filtering")
        return notes


@frozen(repr=False)
class Queries:
    """`task.query`: one method for each access pattern of the entity."""

    __entity: BoundEntity

    def __getattr__(self, name: str) -> Callable[..., Query]:
        keys = self.__entity.keys.by_name.get(name)
        if keys is None:
            raise UnknownNameError(
                f'"{self.__entity.spec.entity}" has no access pattern "{name}"; it has '
                f"{', '.join(self.__entity.keys)}"
            )

        def start(*wrong: Never, **composites: Any) -> Query:
            with naming(f"{self.__entity.operation(Query.verb)}.{name}", self.__entity):
                if wrong:
                    given = ", ".join(f"{one}=..." for one in keys.spec.pk.composite)
                    raise misplaced(name, f".{name}({given})", len(wrong))
                values = read_composites(self.__entity, keys, composites)
            return Query(self.__entity, keys=keys, values=values)

        start.__name__ = name
        start.__doc__ = f"Query the access pattern {name!r} by {', '.join(keys.spec.composites)}."
        return start

    def __getitem__(self, name: str) -> Callable[..., Query]:
        return self.__getattr__(name)

    def __call__(self, /, *wrong: Any, **composites: Any) -> Query:
        """Refused: a query needs an access pattern. Raises ArgumentError."""
        keys = self.__entity.keys.primary.spec
        given = ", ".join(f"{one}=..." for one in keys.pk.composite)
        raise not_called(f"{self.__entity.spec.alias}.query.{keys.name}({given})")

    def __iter__(self) -> Iterator[str]:
        return iter(self.__entity.keys)

    def __repr__(self) -> str:
        return f"<access patterns {', '.join(self)}>"

    def __dir__(self) -> list[str]:
        return [*self.__entity.keys]
