"""Reads of one entity: `task.get(...)`, `task.query.NAME(...)`, `task.scan`.

A chain holds one object of `plan.reads` or `plan.queries` with everything said so far, and every
step replaces it. The endings ask it for a plan, which the programs of `run.pages` run.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Never, Self, TypeVar, Unpack

from pynamodb.expressions.condition import Condition

from leyden._attrs import evolve, frozen
from leyden._calls import fitting, misplaced, no_attribute, not_called
from leyden.errors import (
    ArgumentError,
    InvalidExpressionError,
    InvalidOptionError,
    MultipleResultsError,
    NoResultError,
    UnknownNameError,
)
from leyden.operations.bound import BoundEntity, error_context, run_named
from leyden.operations.chains.records import Records
from leyden.operations.options import (
    DEFAULT,
    FirstOptions,
    GetOptions,
    Options,
    QueryCountOptions,
    QueryFirstOptions,
    QueryIterOptions,
    QueryOptions,
    ScanCountOptions,
    ScanIterOptions,
    ScanOptions,
    finish,
    read_options,
)
from leyden.operations.plan.expressions import Expressions, read_conditions
from leyden.operations.plan.key_condition import Range, read_composites, read_range
from leyden.operations.plan.queries import PageReading, QueryReading, RangedReading, ScanReading
from leyden.operations.plan.reads import Explanation, GetReading, ReadPlan
from leyden.operations.run.pages import (
    count_by_reading,
    count_by_service,
    find_first,
    pages_of,
    read_all_segments,
    read_item,
    read_pages,
    with_filter,
)
from leyden.program import Params, Program
from leyden.results import Counted

T = TypeVar("T")

_INSTEAD: Final = {
    "filter": ".where(task.attr.points > 3)",
    "limit": ".go(limit=10)",
    "order_by": '.go(order="desc")',
    "sort": '.go(order="desc")',
    "all": '.go(pages="all")',
    "select": '.go(attributes=["points"])',
}
"""What to write here for steps that reads have in other libraries."""


def either_form(said: Any) -> Any:
    """Return a read that finds items in either form, where an entity is under a migration."""
    if not said.is_moving:
        return said
    # Imported here because only services under a migration read two forms.
    from leyden.operations.plan.merged import merged

    return merged(said)


class Chain:
    """A chain of reads. One object holds everything said so far, and every step replaces it."""

    __slots__ = ("_said",)

    _option: ClassVar[str] = "limit=10"
    """An option that most endings take, for error messages."""

    def __init__(self, said: Any) -> None:
        self._said = said

    def __repr__(self) -> str:
        return f"<{self._said.name}>"

    def _with(self, **fields: Any) -> Self:
        return self.__class__(evolve(self._said, **fields))

    def _error_context(self) -> error_context:
        said = self._said
        return error_context(said.name, said.entity)

    def _named(self, program: Program[T]) -> Program[T]:
        return run_named(program, self._error_context())

    def _run(self, program: Program[Any]) -> Any:
        return self._said.entity.runner.run(program)

    def _options(
        self, ending: str, wrong: tuple[Never, ...], family: type, given: Mapping[str, Any]
    ) -> Options:
        """Return the options of an ending. Raises ArgumentError, InvalidOptionError."""
        if wrong:
            raise misplaced(ending, f".{ending}({_FORMS.get(ending, self._option)})", len(wrong))
        return read_options(self._said.name, family, given) if given else DEFAULT


_FORMS: Final = {
    "iter": 'order="desc"',
    "first": 'order="desc"',
    "one": 'order="desc"',
    "count": "consistent=True",
}
"""For endings that do not take `limit`: an option that they take, for error messages."""


class Get(Chain):
    """`task.get(...)`: the record with this key, or None.

    An item of another entity counts as none. So does an item that shares the key but has other key
    attributes. `ignore_ownership=True` reads both all the same.
    """

    __slots__ = ()

    _said: GetReading

    def params(self, /, *wrong: Never, **options: Unpack[GetOptions]) -> Params:
        """Return the low-level request, in the shape of the boto3 client; nothing is sent.

        `go()` adds to it only what it needs for its result: the consumed capacity, and in a
        projection the fields that identify the item.
        """
        with self._error_context():
            read = self._options("params", wrong, GetOptions, options)
            params = self._said.describe(read)
            return params if read is DEFAULT else finish(params, read)

    def go(self, /, *wrong: Never, **options: Unpack[GetOptions]) -> Any:
        """Read the item. Returns its record, or None; awaited on a service of `load_async`.

        Raises the errors of `leyden.errors`; bad input is refused before anything is sent.

        >>> task.get(project_id="p1", task_id="t1").go()                    # doctest: +SKIP
        """
        return self._run(self.program(*wrong, **options))

    def program(self, /, *wrong: Never, **options: Unpack[GetOptions]) -> Program[Any]:
        """Return what `go()` runs as a program, for use in a larger program.

        Bad input is refused here, not when the program runs.

        >>> found = yield from task.get(project_id="p1", task_id="t1").program()  # doctest: +SKIP
        """
        with self._error_context():
            plan = self._said.plan(self._options("go", wrong, GetOptions, options))
        return self._named(read_item(plan))

    def explain(self, /, *wrong: Never, **options: Unpack[GetOptions]) -> Explanation:
        """Say in words what is read."""
        with self._error_context():
            return self._said.explain(self._options("explain", wrong, GetOptions, options))


class ReadMany(Chain):
    """A query or a scan.

    `go()` returns one `Page`. Iterating yields the records of all pages, and reads each page when
    it is needed.
    """

    __slots__ = ()

    _said: PageReading

    def where(self, /, *conditions: Condition, **wrong: Never) -> Self:
        """Add conditions, all of which must hold: `.where(task.attr.points > 3)`.

        They filter the items after these are read, so they do not reduce the cost. Raises
        InvalidExpressionError for anything that is not a condition, ArgumentError for keywords.
        """
        said = self._said
        with self._error_context():
            added = read_conditions(said.entity, said.name, conditions, wrong)
            return self._with(conditions=said.conditions + added)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._records({}))

    def __aiter__(self) -> AsyncIterator[Any]:
        return aiter(self._records({}))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Never:
            """Refuse the name, and say what names from other libraries are here."""
            form = _INSTEAD.get(name)
            if form is None:
                raise no_attribute(self, name)
            with self._error_context():
                raise UnknownNameError(f"a read has no .{name}(); write {form}")

        def __getitem__(self, index: object) -> Never:
            """Refuse indexing, because nothing has been read yet. Raises ArgumentError."""
            with self._error_context():
                raise ArgumentError(
                    "nothing has been read yet: .go() returns a page of records, .first() returns "
                    "the first one"
                )

    def _params(self, wrong: tuple[Never, ...], family: type, given: Mapping[str, Any]) -> Params:
        with self._error_context():
            options = self._options("params", wrong, family, given)
            return finish(self._said.describe(options), options)

    def _program(
        self, wrong: tuple[Never, ...], family: type, given: Mapping[str, Any]
    ) -> Program[Any]:
        with self._error_context():
            plan = self._said.plan(self._options("go", wrong, family, given))
        return self._named(self._pages(plan))

    def _pages(self, plan: ReadPlan) -> Program[Any]:
        return read_pages(plan)

    def _explain(
        self, wrong: tuple[Never, ...], family: type, given: Mapping[str, Any]
    ) -> Explanation:
        with self._error_context():
            return self._said.explain(self._options("explain", wrong, family, given))

    def _records(
        self,
        given: Mapping[str, Any],
        family: type = FirstOptions,
        wrong: tuple[Never, ...] = (),
    ) -> Records:
        with self._error_context():
            plan = self._said.plan(self._options("iter", wrong, family, given))
        runner = self._said.entity.runner
        return Records(runner, self._error_context(), pages_of(plan), self._record)

    def _count(self, wrong: tuple[Never, ...], family: type, given: Mapping[str, Any]) -> Any:
        with self._error_context():
            options = self._options("count", wrong, family, given)
            program = self._counting(options)

        def count() -> Program[int]:
            counted = yield from program
            return counted.count

        return self._run(self._named(count()))

    def _counting(self, options: Options) -> Program[Counted]:
        """Let DynamoDB count where it can tell which items count; otherwise read them."""
        said = self._said
        request = said.request(options, telling=False)
        expressions = Expressions.of(request.params)
        told = said.telling_filter(options, expressions)
        if told is not None:
            params = with_filter(request.params, expressions, told)
            return count_by_service(evolve(request, params=params), options.segments)
        name = said.small_attribute
        small = evolve(options, data="raw", attributes=() if name is None else (name,), pages=None)
        return count_by_reading(pages_of(said.plan(small)))

    def _first(self, wrong: tuple[Never, ...], family: type, given: Mapping[str, Any]) -> Any:
        program = self._leading("first", 1, wrong, family, given)

        def first() -> Program[Any]:
            found = yield from program
            return self._record(found[0]) if found else None

        return self._run(self._named(first()))

    def _one(self, wrong: tuple[Never, ...], family: type, given: Mapping[str, Any]) -> Any:
        program = self._leading("one", 2, wrong, family, given)

        def one() -> Program[Any]:
            found = yield from program
            if not found:
                raise NoResultError(
                    "no record was found, and .one() needs exactly one; .first() returns None then"
                )
            if len(found) > 1:
                raise MultipleResultsError(
                    "more than one record was found, and .one() needs exactly one; .first() "
                    "returns the first of several"
                )
            return self._record(found[0])

        return self._run(self._named(one()))

    def _leading(
        self,
        ending: str,
        wanted: int,
        wrong: tuple[Never, ...],
        family: type,
        given: Mapping[str, Any],
    ) -> Program[list[Any]]:
        with self._error_context():
            options = self._options(ending, wrong, family, given)
            if options.unreadable == "collect":
                # A single record has no place for the errors of others.
                raise InvalidOptionError(
                    f".{ending}() returns a single record, so it cannot collect what it cannot "
                    'read; leave out `unreadable`, or read a page with .go(unreadable="collect")'
                )
            return find_first(self._said.plan(options), wanted)

    def _record(self, found: Any) -> Any:
        """Return the record in an entry of a page."""
        return found


class Ranged(ReadMany, ABC):
    """A query that takes one range, after the sort-key attributes that are given as equal."""

    __slots__ = ()

    _said: RangedReading

    def begins(self, /, *wrong: Never, **attributes: Any) -> Self:
        """Keep items whose sort key begins with these values, the last of which may be partial."""
        return self._within("begins", attributes, wrong=wrong)

    @fitting('.between({"task_id": "a"}, {"task_id": "f"})')
    def between(self, start: Mapping[str, Any], end: Mapping[str, Any]) -> Self:
        """Keep items from `start` to `end`, both included.

        Each attribute compares by the order of its type: numbers as numbers, times as times, text
        as the key holds it. With several attributes, the first that differs decides. The two ends
        may name different numbers of them.

        >>> task.query.project(project_id="p1").between(             # doctest: +SKIP
        ...     {"task_id": "a"}, {"task_id": "f"})
        """
        return self._within("between", start, end)

    def gt(self, /, *wrong: Never, **attributes: Any) -> Self:
        """Keep items above these values: `gt(priority=3)` leaves out all of priority 3."""
        return self._within("gt", attributes, wrong=wrong)

    def gte(self, /, *wrong: Never, **attributes: Any) -> Self:
        """Keep items from these values on, these included."""
        return self._within("gte", attributes, wrong=wrong)

    def lt(self, /, *wrong: Never, **attributes: Any) -> Self:
        """Keep items below these values."""
        return self._within("lt", attributes, wrong=wrong)

    def lte(self, /, *wrong: Never, **attributes: Any) -> Self:
        """Keep items up to these values: `lte(priority=3)` includes all of priority 3."""
        return self._within("lte", attributes, wrong=wrong)

    def params(self, /, *wrong: Never, **options: Unpack[QueryOptions]) -> Params:
        """Return the low-level request, in the shape of the boto3 client; nothing is sent.

        `go()` adds to it only what it needs for its result: the consumed capacity, and in a
        projection the fields that identify the items.
        """
        return self._params(wrong, QueryOptions, options)

    def go(self, /, *wrong: Never, **options: Unpack[QueryOptions]) -> Any:
        """Read one page, or as many as the options say; awaited on a service of `load_async`.

        Raises the errors of `leyden.errors`; bad input is refused before anything is sent.

        >>> page = task.query.project(project_id="p1").go(limit=10)         # doctest: +SKIP
        >>> page.items, page.cursor                                         # doctest: +SKIP
        """
        return self._run(self.program(*wrong, **options))

    def program(self, /, *wrong: Never, **options: Unpack[QueryOptions]) -> Program[Any]:
        """Return what `go()` runs as a program, for use in a larger program.

        Bad input is refused here, not when the program runs.
        """
        return self._program(wrong, QueryOptions, options)

    def explain(self, /, *wrong: Never, **options: Unpack[QueryOptions]) -> Explanation:
        """Say in words which index serves the read, and what it reads."""
        return self._explain(wrong, QueryOptions, options)

    def iter(self, /, *wrong: Never, **options: Unpack[QueryIterOptions]) -> Records:
        """Iterate over all records with options, such as `order="desc"`; `limit` is the page size.

        Use `for`, or `async for` on a service of `leyden.load_async`.

        >>> for record in task.query.project(project_id="p1").iter(order="desc"):  # doctest: +SKIP
        ...     print(record.task_id)
        """
        return self._records(options, QueryIterOptions, wrong)

    def count(self, /, *wrong: Never, **options: Unpack[QueryCountOptions]) -> Any:
        """Count the items of all pages. Returns an int; awaited where `go()` is.

        Counting consumes as much capacity as reading. Where DynamoDB cannot tell which items count,
        Leyden reads their keys and counts them. That happens where an index does not hold the
        fields that identify items, and where a range is narrower than its key condition. The
        options are `consistent`, `ignore_ownership`, `table`, `params`, `limit` (the page size),
        and `compare`.

        >>> task.query.project(project_id="p1").count()                # doctest: +SKIP
        12
        """
        return self._count(wrong, QueryCountOptions, options)

    def counting(self, /, *wrong: Never, **options: Unpack[QueryCountOptions]) -> Program[Counted]:
        """Return what `count()` runs as a program, whose result also has the cost.

        >>> counted = yield from task.query.project(project_id="p1").counting()  # doctest: +SKIP
        """
        with self._error_context():
            program = self._counting(self._options("count", wrong, QueryCountOptions, options))
        return self._named(program)

    def first(self, /, *wrong: Never, **options: Unpack[QueryFirstOptions]) -> Any:
        """Return the first record, or None where there is none; awaited where `go()` is.

        It reads no more than that takes, and takes the options of `go()` except `limit`, `count`
        and `pages`.

        >>> task.query.project(project_id="p1").first(order="desc")    # doctest: +SKIP
        """
        return self._first(wrong, QueryFirstOptions, options)

    def one(self, /, *wrong: Never, **options: Unpack[QueryFirstOptions]) -> Any:
        """Return the only record. Raises NoResultError for none, MultipleResultsError for more.

        It is awaited where `go()` is, and takes the options that `first` takes.

        >>> task.query.project(project_id="p1", task_id="t1").one()    # doctest: +SKIP
        """
        return self._one(wrong, QueryFirstOptions, options)

    def _within(
        self,
        operator: str,
        start: Mapping[str, Any],
        end: Mapping[str, Any] | None = None,
        wrong: Sequence[Never] = (),
    ) -> Self:
        with self._error_context():
            if wrong:
                raise misplaced(operator, f".{operator}({self._next_name()}=...)", len(wrong))
            limits = self._said.range
            if limits is not None:
                raise InvalidExpressionError(
                    f"the query has a range already, by .{limits.operator}(), and takes only "
                    f"one; use .between(), or filter with .where() instead of .{operator}()"
                )
            for limit in (start, end) if operator == "between" else ():
                if not isinstance(limit, Mapping):
                    name = self._next_name()
                    raise ArgumentError(
                        ".between() takes its two ends as mappings, not as "
                        f'{type(limit).__name__}; write .between({{"{name}": ...}}, '
                        f'{{"{name}": ...}})'
                    )
            return self._with(range=self._range(operator, start, end))

    def _next_name(self) -> str:
        """Return the attribute that a range would be over."""
        sort, values = self._said.source.spec.sk, self._said.values
        left = [n for n in (sort.composite if sort else ()) if n not in values]
        return left[0] if left else "name"

    @abstractmethod
    def _range(
        self, operator: str, start: Mapping[str, Any], end: Mapping[str, Any] | None
    ) -> Range:
        """Return a checked range. Raises the errors of bad input."""


class Query(Ranged):
    """`task.query.NAME(...)`: the items of one partition of an access pattern, in key order.

    Give all partition-key attributes, and as many of the sort key's as you know, from the left. The
    next one may then have one of `begins`, `between`, `gt`, `gte`, `lt`, `lte`.
    """

    __slots__ = ()

    _said: QueryReading

    def _range(
        self, operator: str, start: Mapping[str, Any], end: Mapping[str, Any] | None
    ) -> Range:
        said = self._said
        return read_range(said.entity, said.keys, said.values, operator, start, end)


class Scan(ReadMany):
    """`task.scan`: all items of the entity. DynamoDB reads the whole table for it.

    `task.scan.index("assigned")` reads an index instead. `segments=4` reads four parts at the same
    time, up to the end of the table, and calls `progress` with how many items were found and how
    many were read.
    """

    __slots__ = ()

    _said: ScanReading

    def __call__(self, /, *wrong: Never, **options: Never) -> Self:
        """Return the scan itself, so that `task.scan()` begins a chain like the other verbs."""
        if wrong or options:
            with self._error_context():
                raise ArgumentError(
                    "scan() takes no arguments: conditions go to .where(), options to .go(limit=10)"
                )
        return self

    @fitting('.scan.index("assigned")')
    def index(self, access_pattern: str) -> Self:
        """Read the index of an access pattern instead of the table.

        Raises InvalidExpressionError where the entity has no such access pattern.
        """
        with self._error_context():
            return self._with(keys=self._said.entity.mapping.access_pattern(access_pattern))

    def params(self, /, *wrong: Never, **options: Unpack[ScanOptions]) -> Params:
        """Return the low-level request, in the shape of the boto3 client; nothing is sent."""
        return self._params(wrong, ScanOptions, options)

    def go(self, /, *wrong: Never, **options: Unpack[ScanOptions]) -> Any:
        """Read one page, or as many as the options say; with `segments`, all of the table.

        Raises the errors of `leyden.errors`; bad input is refused before anything is sent.
        """
        return self._run(self.program(*wrong, **options))

    def program(self, /, *wrong: Never, **options: Unpack[ScanOptions]) -> Program[Any]:
        """Return what `go()` runs as a program, for use in a larger program."""
        return self._program(wrong, ScanOptions, options)

    def explain(self, /, *wrong: Never, **options: Unpack[ScanOptions]) -> Explanation:
        """Say in words what is read."""
        return self._explain(wrong, ScanOptions, options)

    def iter(self, /, *wrong: Never, **options: Unpack[ScanIterOptions]) -> Records:
        """Iterate over all records with options; `limit` is the page size.

        Use `for`, or `async for` on a service of `leyden.load_async`.
        """
        return self._records(options, ScanIterOptions, wrong)

    def count(self, /, *wrong: Never, **options: Unpack[ScanCountOptions]) -> Any:
        """Count all items of the entity. Returns an int; awaited where `go()` is.

        It takes `segments`, and the options of a query's `count()` except `compare`.
        """
        return self._count(wrong, ScanCountOptions, options)

    def counting(self, /, *wrong: Never, **options: Unpack[ScanCountOptions]) -> Program[Counted]:
        """Return what `count()` runs as a program, whose result also has the cost."""
        with self._error_context():
            program = self._counting(self._options("count", wrong, ScanCountOptions, options))
        return self._named(program)

    def first(self, /, *wrong: Never, **options: Unpack[FirstOptions]) -> Any:
        """Return the first record that the scan finds, or None; awaited where `go()` is."""
        return self._first(wrong, FirstOptions, options)

    def one(self, /, *wrong: Never, **options: Unpack[FirstOptions]) -> Any:
        """Return the only record. Raises NoResultError for none, MultipleResultsError for more."""
        return self._one(wrong, FirstOptions, options)

    def _pages(self, plan: ReadPlan) -> Program[Any]:
        return read_pages(plan) if plan.options.segments is None else read_all_segments(plan)


@frozen(repr=False)
class Queries:
    """`task.query`: one method for each access pattern of the entity."""

    __entity: BoundEntity

    def __getattr__(self, name: str) -> Callable[..., Query]:
        keys = self.__entity.keys.by_name.get(name)
        if keys is None:
            spec = self.__entity.spec
            if name in spec.searches:
                raise UnknownNameError(
                    f'"{name}" of "{spec.entity}" is an access pattern by meaning; write '
                    f"{spec.alias}.search.{name}(vector, ...)"
                )
            raise UnknownNameError(
                f'"{spec.entity}" has no access pattern "{name}"; it has '
                f"{', '.join(self.__entity.keys)}"
            )

        def start(*wrong: Never, **composites: Any) -> Query:
            with error_context(f"{self.__entity.operation('query')}.{name}", self.__entity):
                if wrong:
                    given = ", ".join(f"{one}=..." for one in keys.spec.pk.composite)
                    raise misplaced(name, f".{name}({given})", len(wrong))
                values = read_composites(self.__entity, keys, composites)
            return Query(either_form(QueryReading(self.__entity, keys=keys, values=values)))

        start.__name__ = name
        start.__doc__ = f"Query the access pattern {name!r} by {', '.join(keys.composites)}."
        return start

    def __getitem__(self, name: str) -> Callable[..., Query]:
        return self.__getattr__(name)

    def __call__(self, /, *wrong: Any, **composites: Any) -> Query:
        """Refuse the call, because a query needs an access pattern. Raises ArgumentError."""
        keys = self.__entity.keys.primary.spec
        given = ", ".join(f"{one}=..." for one in keys.pk.composite)
        raise not_called(f"{self.__entity.spec.alias}.query.{keys.name}({given})")

    def __iter__(self) -> Iterator[str]:
        return iter(self.__entity.keys)

    def __repr__(self) -> str:
        return f"<access patterns {', '.join(self)}>"

    def __dir__(self) -> list[str]:
        return [*self.__entity.keys]
