"""The common frame of operations that find many items: pages, cursors, lazy iteration."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Never

from attrs import evolve, frozen

from leyden.arguments import misplaced
from leyden.errors import InvalidOptionError
from leyden.keys import IndexKeys
from leyden.operations.bound import BoundEntity
from leyden.operations.guard import bears, owns
from leyden.operations.iteration import Records, Turns
from leyden.operations.operation import Conditional, run_named
from leyden.operations.options import Options, read_options
from leyden.operations.outcome import Page, shape
from leyden.operations.overflow.reading import joining_for
from leyden.operations.paging import PagePlan, read_pages
from leyden.operations.projection import slots_reader
from leyden.operations.range_test import RangeTest
from leyden.operations.request import Item, Params, Program


@frozen(eq=False, repr=False)
class ReadMany(Conditional):
    """A query or a scan.

    `go()` gives one `Page`; iterating gives the records of all pages, each page read when it
    is needed.
    """

    def __iter__(self) -> Iterator[Any]:
        return iter(self.iter())

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

        def keep(item: Item) -> bool:
            # What was read the quick way is a record of the entity already.
            if item.__class__ is record:
                return True
            if not (
                options.ignore_ownership or (owns(self.entity, item, keys) and bears(item, marks))
            ):
                return False
            return left_in is None or left_in.holds(item)

        compared = self._filters_whole(options)

        def keep_whole(item: Item) -> bool:
            return keep(item) and all(item.get(f) == value for f, value in compared.items())

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
            joining_for(self.entity, self.name, request.params["TableName"], options, keep, keys),
            left_in.describe() if left_in else "",
            keep_whole if compared else None,
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
