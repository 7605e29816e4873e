"""The common frame of operations that find many items: pages, cursors, lazy iteration."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Never

from leyden._attrs import evolve, frozen
from leyden.arguments import misplaced, no_attribute
from leyden.errors import ArgumentError, InvalidOptionError, UnknownNameError
from leyden.keys import IndexKeys
from leyden.operations.bound import BoundEntity
from leyden.operations.expression import Expressions
from leyden.operations.guard import EMPTY, bears, owns
from leyden.operations.iteration import Records, Turns
from leyden.operations.operation import Conditional, run_named
from leyden.operations.options import Options, read_options
from leyden.operations.overflow.reading import joining_for
from leyden.operations.paging import PagePlan, read_pages
from leyden.operations.projection import held_fields, slots_reader
from leyden.operations.range_test import RangeTest
from leyden.operations.shape import shape
from leyden.operations.tally import (
    count_by_service,
    counting_options,
    find_first,
    only_one,
    with_filter,
)
from leyden.program import Item, Params, Program
from leyden.results import Page

_COUNTING: Final = frozenset(
    {"compare", "consistent", "ignore_ownership", "limit", "params", "segments", "table"}
)
"""The options of `count()`."""

_PAGING: Final = frozenset({"count", "limit", "pages", "progress", "segments"})
"""The options that `first()` and `one()` decide themselves."""


_INSTEAD: Final = {
    "filter": ".where(task.attr.points > 3)",
    "limit": ".go(limit=10)",
    "order_by": '.go(order="desc")',
    "sort": '.go(order="desc")',
    "all": '.go(pages="all")',
    "select": '.go(attributes=["points"])',
}
"""What to write for steps that reads have in other libraries."""


@frozen(eq=False, repr=False)
class ReadMany(Conditional):
    """A query or a scan.

    `go()` gives one `Page`; iterating gives the records of all pages, each page read when it
    is needed.
    """

    def __iter__(self) -> Iterator[Any]:
        return iter(self.iter())

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Never:
            """Refused, with the name that other libraries' ones have here."""
            form = _INSTEAD.get(name)
            if form is None:
                raise no_attribute(self, name)
            raise UnknownNameError(
                f"a read has no .{name}(); write {form}",
                operation=self.name,
                entity=self.entity.spec.entity,
            )

        def __getitem__(self, index: object) -> Never:
            """Refused: nothing was read yet. Raises ArgumentError."""
            raise ArgumentError(
                "a read is no list before .go(), which gives a page of records; .first() gives "
                "the first one",
                operation=self.name,
                entity=self.entity.spec.entity,
            )

    def __aiter__(self) -> AsyncIterator[Any]:
        return aiter(self.iter())

    def iter(self, /, *wrong: Never, **options: Any) -> Records:
        """Iterate over all records with options, such as `order="desc"`; `limit` is a page's size.

        Goes with `for`, and with `async for` on a service of `leyden.load_async`.

        >>> for record in task.query.project(project_id="p1").iter(order="desc"):  # doctest: +SKIP
        ...     print(record.task_id)
        """
        with self._naming():
            if wrong:
                raise misplaced("iter", '.iter(order="desc")', len(wrong))
            plan = self._plan(read_options(self.name, self.allowed - {"count", "pages"}, options))
        return Records(self.entity.runner, self.name, self._turns(plan))

    def count(self, /, *wrong: Never, **options: Any) -> Any:
        """How many items there are, over all pages: an int, to be awaited where `go()` is.

        Capacity is consumed as for reading them. Where DynamoDB cannot tell which of them count
        (an index that does not hold what tells, a range that is narrower than its key condition),
        their keys are read and counted here. Takes the options `consistent`, `ignore_ownership`,
        `table`, `params`, `limit` (a page's size), `compare`, and a scan's `segments`.

        >>> task.query.project(project_id="p1").count()                # doctest: +SKIP
        12
        """
        with self._naming():
            if wrong:
                raise misplaced("count", ".count(consistent=True)", len(wrong))
            read = read_options(self.name, self.allowed & _COUNTING, options)
            program = self._counting(read)
        return self.entity.runner.run(run_named(program, self._naming()))

    def first(self, /, *wrong: Never, **options: Any) -> Any:
        """The first record, or None where there is none; to be awaited where `go()` is.

        Reads no more than it takes. Takes the options of `go()` but for `limit`, `count`, `pages`.

        >>> task.query.project(project_id="p1").first(order="desc")    # doctest: +SKIP
        """
        program = self._leading("first", 1, wrong, options)

        def first() -> Program[Any]:
            found = yield from program
            return self._record(found[0]) if found else None

        return self.entity.runner.run(run_named(first(), self._naming()))

    def one(self, /, *wrong: Never, **options: Any) -> Any:
        """The one record there is. Raises NoResultError, MultipleResultsError for other numbers.

        To be awaited where `go()` is; takes the options that `first` takes.

        >>> task.query.project(project_id="p1", task_id="t1").one()    # doctest: +SKIP
        """
        program = self._leading("one", 2, wrong, options)

        def one() -> Program[Any]:
            found = yield from program
            return self._record(only_one(found, self.name, self.entity.spec.entity))

        return self.entity.runner.run(run_named(one(), self._naming()))

    def _leading(
        self, verb: str, wanted: int, wrong: tuple[Never, ...], options: Mapping[str, Any]
    ) -> Program[list[Any]]:
        with self._naming():
            if wrong:
                raise misplaced(verb, f'.{verb}(order="desc")', len(wrong))
            read = read_options(self.name, self.allowed - _PAGING, options)
            if read.unreadable == "collect":
                # A single record has no place beside it for the errors of others.
                raise InvalidOptionError(
                    f".{verb}() gives a record alone, so it cannot set aside what it cannot read; "
                    'leave out `unreadable`, or read a page with .go(unreadable="collect")'
                )
            return find_first(self._plan(read), wanted)

    def _counting(self, options: Options) -> Program[int]:
        """The program that counts: by DynamoDB where it can tell, else by reading."""
        request = self._request(self._describe(options, telling=False), options)
        expressions = Expressions.of(request.params)
        told = self._telling_filter(options, expressions)
        if told is not None:
            params = with_filter(request.params, expressions, told)
            return count_by_service(evolve(request, params=params), options.segments)
        turns = self._turns(self._plan(counting_options(options, self._small_attribute())))

        def read_all() -> Program[int]:
            total, program = 0, next(turns, None)
            while program is not None:
                page = yield from program
                total += len(page)
                try:
                    program = turns.send(page)
                except StopIteration:
                    program = None
            return total

        return read_all()

    def _small_attribute(self) -> str | None:
        """An attribute to read where items are only counted; None where whole items are read."""
        held = held_fields(self.entity, self._read_from())
        for name in self.entity.keys.primary.composites:
            if held is None or self.entity.spec.attributes[name].field in held:
                return name
        return None

    def _record(self, found: Any) -> Any:
        """The record in an entry of a page."""
        return found

    @abstractmethod
    def _telling_filter(self, options: Options, expressions: Expressions) -> str | None:
        """What a filter must say besides, so that nothing it lets through is left out later.

        None where no filter can say that. Names and values go to `expressions`.
        """

    def _turns(self, plan: PagePlan) -> Turns:
        """Programs that read all pages, one after the other."""
        while True:
            page = yield run_named(read_pages(plan), self._naming())
            if page.cursor is None:
                return
            plan = evolve(plan, options=evolve(plan.options, cursor=page.cursor))

    def _program(self, options: Options) -> Program[Page]:
        return read_pages(self._plan(options))

    def _plan(self, options: Options) -> PagePlan:
        request = self._request(self._describe(options, telling=True), options)
        keys, marks = self._read_from(), self._marks()
        left_in = self._left_in(options)
        record = self.entity.compiled.record
        slots_of = slots_reader(self.entity, options, keys)

        def kept(item: Item, left_in: RangeTest | None) -> bool:
            # What was read the quick way is a record of the entity already.
            if item.__class__ is record:
                return True
            if not (
                options.ignore_ownership or (owns(self.entity, item, keys) and bears(item, marks))
            ):
                return False
            return left_in is None or left_in.holds(item)

        def keep(item: Item) -> bool:
            return kept(item, left_in)

        compared = self._filters_whole(options)
        left_whole = left_in.of_whole if left_in is not None else None

        def keep_whole(item: Item) -> bool:
            return kept(item, left_whole) and all(
                item.get(field) == value for field, value in compared.items()
            )

        joined = keep_whole if options.hydrate else keep

        def shaped(item: Item) -> Any:
            if item.__class__ is record:
                return item
            return shape(self.entity, item, options, slots_of(item))

        return PagePlan(
            evolve(request, reader=None if left_in else self._quick_reader(options, marks)),
            options,
            key_fields(self._primary(), keys, self._index_fields()),
            [form.field for form in self._primary().forms],
            keep,
            shaped,
            joining_for(self.entity, self.name, request.params["TableName"], options, joined, keys),
            left_in.describe() if left_in else "",
            keep_whole if options.hydrate else None,
        )

    def _filters_whole(self, options: Options) -> Item:
        """The fields that hydrated items must have, which the request does not ask for."""
        return {}

    def _left_in(self, options: Options) -> RangeTest | None:
        """What an item must meet that the request does not ask for."""
        return None

    def _quick_reader(
        self, options: Options, marks: Mapping[str, Any]
    ) -> Callable[[bytes], dict[str, Any]] | None:
        """What reads plain records from an answer, where nothing but these is asked for."""
        plain = options.data == "attributes" and options.select is None and options.count is None
        if not plain or options.attributes or options.hydrate or options.ignore_ownership:
            return None
        rows = self.entity.compiled.rows
        if rows is None or self.entity.overflow or not rows.fields.keys() >= marks.keys():
            return None
        if EMPTY in marks.values():
            return None
        spec = self.entity.spec
        return lambda content: rows.read(content, spec.entity, spec.version, marks)

    def _build(self, options: Options) -> Params:
        return self._describe(options, telling=False)

    def _primary(self) -> IndexKeys:
        return self.entity.keys.primary

    def _index_fields(self) -> tuple[str, ...]:
        keys = self._read_from()
        if keys.forms:
            return tuple(form.field for form in keys.forms)
        return tuple(self.entity.spec.attributes[name].field for name in keys.spec.composites)

    def _page(self, params: Params, options: Options) -> None:
        """Add what the options say of the pages."""
        if options.order is not None:
            params["ScanIndexForward"] = options.order == "asc"
        if options.limit is not None:
            params["Limit"] = options.limit
        if options.consistent:
            refuse_consistent(self.entity, self._read_from(), self.name)
            params["ConsistentRead"] = True

    @abstractmethod
    def _describe(self, options: Options, *, telling: bool) -> Params:
        """The request; with `telling`, reading also what says whose item it is."""

    @abstractmethod
    def _read_from(self) -> IndexKeys: ...

    @abstractmethod
    def _marks(self) -> Any: ...


def key_fields(
    primary: IndexKeys, keys: IndexKeys, index_fields: tuple[str, ...]
) -> tuple[str, ...]:
    """The fields of a position in an index: the table's own key and the index's."""
    own = tuple(form.field for form in primary.forms)
    return tuple(dict.fromkeys(own if keys is primary else own + index_fields))


def refuse_consistent(entity: BoundEntity, keys: IndexKeys, operation: str) -> None:
    """Raise InvalidOptionError for a global secondary index, which has no consistent reads.

    A local one has.
    """
    spec = keys.spec
    if spec.index is not None and spec.index not in entity.local_indexes:
        raise InvalidOptionError(
            f'the access pattern "{spec.name}" is served by the index "{spec.index}", and a '
            "global index cannot be read consistently; leave out `consistent`",
            operation=operation,
        )
