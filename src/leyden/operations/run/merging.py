"""Reads that merge items in two forms, in order, while a migration is under way.

The index of a query has the items in their present form. Items that have not moved are elsewhere:
in an access pattern of the earlier schema, or in the same index with the keys that they will have.
Each is converted when it is read, so all later steps (ranges, conditions, projections, records) see
only the present form.

The result stays correct while items move. An item moves in one step, so it is in one form at every
moment. The earlier form is read first and the present form after it, so an item that moves in
between is found there. An item that is in both forms was written by a program of the earlier schema
after it had moved; the present form counts until the migration has moved the later one. A page ends
at the position up to which all places were read, and the next page reads every place on from there.
It keeps no items, because they may have moved since. Where the earlier place cannot be read in the
present order, each call reads it whole.

Items with the same sort key have an arbitrary order in an index, and a different one in each index.
Here they are ordered by the table's key, and read together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pynamodb.expressions.condition import Condition

from leyden._attrs import define, evolve, field, frozen
from leyden.errors import ConversionError, InputError, LeydenError
from leyden.operations.bound import item_id, shown_key
from leyden.operations.plan.evaluation import holds
from leyden.operations.plan.reads import ReadPlan
from leyden.operations.run.cursor import read_cursor, starts_in, with_starts, write_cursor
from leyden.operations.run.looking import cut, is_present, present_form, whole_forms
from leyden.operations.run.pages import complete, request_at
from leyden.operations.run.sending import get_items
from leyden.program import Item, Program, Request
from leyden.results import Page, add_units, consumed_units

if TYPE_CHECKING:
    from leyden.operations.companions.moving.moving import Moving

MOST_SORTED: Final = 100_000
"""The most items in their earlier form that a read sorts; all of them are held in memory."""

_MORE: Final = 4
"""The factor by which `Limit` grows when a request continues within a page."""

_PRESENT: Final = -1
"""The number of the place that has the present form."""

Place: TypeAlias = tuple[tuple[Any, ...], tuple[Any, ...]]
"""The position of an item: its sort key, then the table's key where sort keys are equal."""


@frozen
class Origin:
    """One place that is read: a request without filters, and what it finds.

    `moving` converts the items of an earlier form; None for the place of the present form. `fields`
    are those of a position there. `narrow` means that the place does not hold whole items,
    `ordered` that its items come in the present order.
    """

    request: Request
    fields: Sequence[str]
    narrow: bool
    moving: Moving | None = None
    ordered: bool = True


@define
class Merging:
    """A read of several places.

    `present` is the place of the present form, whose order the result has. `movings` are those of
    all entities that are read. `asked` is the key condition and `filtered` the filter, for items in
    the present form. `index_fields` are the keys of the index, `sort_fields` those that sort it.
    `shown` are the fields that were asked for. `held` returns the fields of an item that the index
    holds.
    """

    present: Origin
    earlier: tuple[Origin, ...]
    movings: tuple[Moving, ...]
    index_fields: tuple[str, ...]
    sort_fields: tuple[str, ...]
    primary_fields: Sequence[str]
    asked: Condition | None
    filtered: Condition | None
    shown: frozenset[str] | None
    held: Callable[[Item], frozenset[str] | None]
    whole: dict[int, list[_Entry]] = field(factory=dict)
    """The places that were read whole, by number."""

    def read(self, plan: ReadPlan) -> Program[Page]:
        """Read as many pages as the options ask for, as one, like `read_pages` for one form."""
        return _Reading(self, plan).pages()


@frozen
class _Entry:
    """An item that was read: its key in its place, and its present form (None if left out)."""

    key: Item
    item: Item | None = None
    place: Place | None = None
    moved: Moving | None = None
    """What gave it another key of the table; None where it has its own."""


@define
class _Reading:
    """One call: the position in each place, and what was read so far."""

    merging: Merging
    plan: ReadPlan
    position: Place | None = None
    """The position of the last item that was returned or passed; None at the beginning."""
    key: Item | None = None
    """The key of that item, for cursors."""
    starts: dict[int, Item] = field(factory=dict)
    """The key after which each place is read on, by its number."""
    read: dict[int, list[_Entry]] = field(factory=dict)
    """What the last page read in each place, in the order of arrival."""
    consumed: float | None = None
    requests: int = 0
    scanned: int = 0
    unreadable: list[Any] = field(factory=list)

    @property
    def is_backward(self) -> bool:
        """Whether the order is descending."""
        return not self.plan.request.params.get("ScanIndexForward", True)

    @property
    def is_unique(self) -> bool:
        """Whether no two items have the same sort key, which holds only in the table itself."""
        return {*self.merging.present.fields} == {*self.merging.primary_fields}

    def pages(self) -> Program[Page]:
        """Read the pages that the options ask for, as one."""
        options = self.plan.options
        wanted = options.count
        most = options.pages if options.pages is not None else ("all" if wanted else 1)
        self.begin()
        kept: list[Item] = []
        done, ended = 0, False
        while not ended and (most == "all" or done < most):
            try:
                entries, ended = yield from self.next_page()
            except LeydenError as error:
                if self.key is not None:
                    error.page = yield from self.salvaged(kept)
                raise
            done += 1
            for number, entry in enumerate(entries, 1):
                item = self.seen(entry.item)
                if item is not None:
                    kept.append(item if options.hydrate else cut(item, self.merging.shown))
                if len(kept) == wanted:
                    ended = ended and number == len(entries)
                    entries = entries[:number]
                    break
            if entries and not ended:
                self.go_on_behind(entries[-1])
            if len(kept) == wanted:
                break
        return (yield from self.give(kept, None if ended else self.cursor()))

    def begin(self) -> None:
        plan, options = self.plan, self.plan.options
        if options.cursor is None:
            return
        params, foreign = plan.request.params, options.cursor_from == "electrodb"
        key = read_cursor(options.cursor, params, plan.key_fields, plan.asked, foreign=foreign)
        self.key, self.position = key, self.place_of(key)
        # A cursor of a single place continues the present form; the others start over.
        starts = starts_in(options.cursor, params) if self.merging.earlier else None
        self.starts = {_PRESENT: key} if starts is None else starts

    def cursor(self) -> str | None:
        if self.key is None:
            return None
        params = self.plan.request.params
        cursor = write_cursor(self.key, params, self.plan.asked)
        return with_starts(cursor, self.starts, params) if self.merging.earlier else cursor

    def give(self, kept: list[Item], cursor: str | None) -> Program[Page]:
        # The items are whole already. Another read might find them in their earlier form.
        plan = evolve(self.plan, options=evolve(self.plan.options, hydrate=False))
        page = Page((), cursor, self.consumed, self.scanned, self.requests)
        page = yield from complete(plan, kept, page)
        return evolve(page, unreadable=(*self.unreadable, *page.unreadable))

    def salvaged(self, kept: list[Item]) -> Program[Page | None]:
        self.plan = evolve(self.plan, options=evolve(self.plan.options, unreadable="collect"))
        try:
            return (yield from self.give(kept, self.cursor()))
        except LeydenError:
            return None

    def seen(self, item: Item | None) -> Item | None:
        """Return an item as the index shows it; None where it does not match the query."""
        plan, filtered = self.plan, self.merging.filtered
        if item is None:
            return None
        if not plan.options.hydrate:
            item = cut(item, self.merging.held(item))
        if filtered is not None and not holds(filtered, item):
            return None
        return item if (plan.keep_whole or plan.keep)(item) else None

    # Positions.

    def place_of(self, item: Item) -> Place:
        merging = self.merging
        return (
            tuple(_comparable(item[name]) for name in merging.sort_fields),
            tuple(_comparable(item[name]) for name in merging.primary_fields),
        )

    def is_ahead(self, one: Any, other: Any) -> bool:
        return bool(one > other if self.is_backward else one < other)

    def is_behind(self, entry: _Entry) -> bool:
        """Whether an entry comes after what was returned."""
        if entry.item is None:
            return False
        return self.position is None or self.is_ahead(self.position, entry.place)

    def is_within(self, entry: _Entry, end: Place | None) -> bool:
        """Whether a place that was read up to `end` has all items up to this entry.

        More items with the sort key of the end may follow, unless the sort key is unique.
        """
        if end is None or entry.place is None:
            return end is None
        ahead = self.is_ahead(entry.place[0], end[0])
        return ahead or (self.is_unique and entry.place[0] == end[0])

    def go_on_behind(self, entry: _Entry) -> None:
        """Continue after an entry: in each place, after the last key that surely precedes it."""
        if not self.merging.earlier:
            self.key, self.starts = entry.key, {_PRESENT: entry.key}
            return
        assert entry.item is not None
        assert entry.place is not None
        self.position = entry.place
        self.key = {name: entry.item[name] for name in self.merging.present.fields}
        for number, entries in self.read.items():
            for one in entries:
                if one.place is not None and not self.is_within(one, entry.place):
                    break
                self.starts[number] = one.key

    # Reading.

    def next_page(self) -> Program[tuple[list[_Entry], bool]]:
        """Return the next items in order (at most `limit`), and whether they are the last."""
        merging = self.merging
        limit: int | None = self.plan.request.params.get("Limit")
        self.read = {}
        if not merging.earlier:
            request = merging.present.request
            sized = request.params if limit is None else {**request.params, "Limit": limit}
            response = yield request_at(request, sized, self.starts.get(_PRESENT))
            entries = yield from self.take(merging.present, response)
            start = response.get("LastEvaluatedKey")
            if start and not entries:
                # Nothing was read, or every item was deleted before it was hydrated.
                entries = [_Entry(start)]
            return entries, not start
        merged: list[_Entry] = []
        ends: list[Place] = []
        # If everything on a page moved while it was read, the page is read again.
        while not merged:
            found: list[_Entry] = []
            ends = []
            for number, origin in enumerate(merging.earlier):
                if not origin.ordered:
                    found += yield from self.read_all(number, origin)
                    continue
                some, end = yield from self.read_on(number, origin, limit, [], [])
                found += some
                ends += [] if end is None else [end]
            own, end = yield from self.read_on(_PRESENT, merging.present, limit, found, ends)
            ends += [] if end is None else [end]
            merged = self.merge(found, own, ends)
            if not ends:
                break
        merged.sort(key=lambda one: one.place or (), reverse=self.is_backward)
        return merged[:limit], not ends and (limit is None or len(merged) <= limit)

    def merge(self, found: list[_Entry], own: list[_Entry], ends: Sequence[Place]) -> list[_Entry]:
        """Return the entries after the position, as far as all places were read."""
        there = {one.place[1]: one for one in own if one.place is not None and one.moved is None}
        left = []
        for one in found:
            if self.stands_in(there, one):
                continue
            left.append(one)
            if one.place is not None:
                there.setdefault(one.place[1], one)
        return [
            one
            for one in (*left, *own)
            if self.is_behind(one) and all(self.is_within(one, end) for end in ends)
        ]

    def stands_in(self, there: Mapping[Any, _Entry], entry: _Entry) -> bool:
        """Whether the present form of an entry's item is there as well.

        Raises ConversionError where another item has the same position: the present key does not
        tell the two apart, and the order has room for only one of them.
        """
        other = None if entry.place is None else there.get(entry.place[1])
        if other is None or other.item is None or entry.item is None or entry.moved is None:
            return other is not None
        if is_present(entry.moved, other.item, entry.item):
            return True
        if other.place != entry.place or not self.is_behind(entry):
            return False
        error = ConversionError(
            f"another item has its key in the present form{shown_key(entry.key)}; change or delete "
            "one of the two",
            key=entry.key,
            operation=self.plan.request.operation,
            entity=entry.moved.entity.spec.entity,
        )
        if self.plan.options.unreadable != "collect":
            raise error
        if all(one.key != entry.key for one in self.unreadable):
            self.unreadable.append(error)
        return True

    def read_on(
        self,
        number: int,
        origin: Origin,
        limit: int | None,
        found: list[_Entry],
        ends: list[Place],
    ) -> Program[tuple[list[_Entry], Place | None]]:
        """Read on in one place until the result surely has an entry after the position.

        Returns what was read, and the position up to which; None where that is all. `found` are
        entries of other places, which were read up to `ends`.
        """
        entries: list[_Entry] = []
        start = self.starts.get(number)
        # One item is read again, and one more shows whether others with the same sort key follow.
        size = None if limit is None else limit + 2
        while True:
            params = origin.request.params
            sized = params if size is None else {**params, "Limit": size}
            response = yield request_at(origin.request, sized, start)
            entries += yield from self.take(origin, response)
            self.read[number] = entries
            start = response.get("LastEvaluatedKey")
            if not start:
                return entries, None
            end = next((one.place for one in reversed(entries) if one.place is not None), None)
            if end is not None and self.merge(found, entries, (*ends, end)):
                return entries, end
            size = None if size is None else size * _MORE

    def read_all(self, number: int, origin: Origin) -> Program[list[_Entry]]:
        """Read all items in the earlier form of one place, once a call."""
        known = self.merging.whole
        if number not in known:
            entries: list[_Entry] = []
            start: Item | None = None
            while True:
                response = yield request_at(origin.request, origin.request.params, start)
                found = yield from self.take(origin, response)
                entries += [one for one in found if one.item is not None]
                if len(entries) > MOST_SORTED:
                    raise InputError(
                        f"more than {MOST_SORTED:,} items of the partition are in their earlier "
                        "form, and their order differs there, so Leyden would have to sort them "
                        "all in memory; narrow the query, or migrate the items first"
                    )
                start = response.get("LastEvaluatedKey")
                if not start:
                    break
            known[number] = entries
        return known[number]

    def take(self, origin: Origin, response: Any) -> Program[list[_Entry]]:
        """Return the items of an answer in the present form, without those that do not belong."""
        self.consumed = add_units(self.consumed, consumed_units(response))
        self.scanned += response.get("ScannedCount", 0)
        self.requests += 1
        items: list[Item] = response.get("Items", [])
        keys = [{name: item[name] for name in origin.fields} for item in items]
        if items and (origin.narrow or self.plan.options.hydrate):
            found = yield from self.get(items)
            whole = [found.get(self.id_of(item)) for item in items]
        else:
            whole = [*items]
        joined = yield from self.join([item for item in whole if item is not None])
        whole = [None if item is None else joined[self.id_of(item)] for item in whole]
        entries = [self.entry_of(origin, *pair) for pair in zip(keys, whole, strict=True)]
        return (yield from self.settle(origin, entries))

    def join(self, items: list[Item]) -> Program[dict[Any, Item | None]]:
        """Return items by their ids, those in an earlier form with their large values in place."""
        table, operation = self.plan.request.params["TableName"], self.plan.request.operation
        joined = yield from whole_forms(
            self.merging.movings, items, table, self.plan.options, operation
        )
        self.consumed = add_units(self.consumed, joined.consumed)
        self.requests += joined.requests
        self.unreadable += joined.unreadable
        return {self.id_of(one): item for one, item in zip(items, joined.items, strict=True)}

    def entry_of(self, origin: Origin, key: Item, item: Item | None) -> _Entry:
        merging = self.merging
        if item is None:
            return _Entry(key)
        movings = merging.movings if origin.moving is None else (origin.moving,)
        moving = next((one for one in movings if one.owns(item)), None)
        if moving is None:
            # Items of other entities are expected only in the place of the present form.
            return (
                _Entry(key) if origin.moving is not None else _Entry(key, item, self.place_of(item))
            )
        try:
            present = present_form(moving, item, self.plan.request.operation)
        except ConversionError as error:
            if self.plan.options.unreadable != "collect":
                raise
            self.unreadable.append(error)
            return _Entry(key)
        names = merging.index_fields
        stays = all(item.get(name) == present.get(name) for name in names)
        if stays != (origin.moving is None):
            # Its present form is elsewhere, or it is already there.
            return _Entry(key)
        if merging.asked is not None and not holds(merging.asked, present):
            return _Entry(key)
        has_moved = self.id_of(item) != self.id_of(present)
        return _Entry(key, present, self.place_of(present), moving if has_moved else None)

    def settle(self, origin: Origin, entries: list[_Entry]) -> Program[list[_Entry]]:
        """Drop the entries whose present form is also in the table.

        In the table itself both forms have the same position, and `merge` finds them there. In an
        index they may have different positions, so the table is read: half a read unit for each
        item.
        """
        if self.is_unique:
            return entries
        moved = [
            (entry, entry.item, entry.moved)
            for entry in entries
            if entry.moved is not None and entry.item is not None and self.seen(entry.item)
        ]
        if not moved:
            return entries
        there = {self.id_of(one.item) for one in entries if one.item is not None and not one.moved}
        found = yield from self.get([item for _, item, _ in moved], consistent=False)
        twins = {
            id(entry): (item, twin)
            for entry, item, moving in moved
            if (twin := found.get(self.id_of(item))) is not None and is_present(moving, twin, item)
        }
        settled = []
        for entry in entries:
            pair = twins.get(id(entry))
            if pair is None:
                settled.append(entry)
                continue
            item, twin = pair
            # It may have moved after its new place was read, so nothing else would find it.
            stays = origin.moving is None and all(
                twin.get(field) == item.get(field) for field in self.merging.index_fields
            )
            is_new = stays and self.id_of(twin) not in there
            settled.append(_Entry(entry.key, twin, entry.place) if is_new else _Entry(entry.key))
        return settled

    def id_of(self, item: Item) -> Any:
        table = self.plan.request.params["TableName"]
        return item_id(table, {name: item[name] for name in self.merging.primary_fields})

    def get(self, items: Iterable[Item], *, consistent: bool = True) -> Program[dict[Any, Item]]:
        """Read the whole items with the keys of these, as they are now."""
        keys = {
            self.id_of(item): {name: item[name] for name in self.merging.primary_fields}
            for item in items
        }
        found, consumed, requests = yield from get_items(
            self.plan.request.params["TableName"],
            [*keys.values()],
            self.plan.options,
            self.plan.request.operation,
            consistent=consistent,
        )
        self.consumed = add_units(self.consumed, consumed)
        self.requests += requests
        return found


def _comparable(value: Any) -> Any:
    ((kind, content),) = value.items()
    return Decimal(content) if kind == "N" else content
