"""Reading many items by key, over any of a service's entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Unpack

from leyden._attrs import frozen
from leyden._calls import fitting
from leyden.errors import InputError, LeydenError
from leyden.operations.bound import (
    BoundEntity,
    error_context,
    item_id,
    reader_of,
    refuse_duplicates,
)
from leyden.operations.chains.reads import Get
from leyden.operations.companions.overflow.reading import (
    Joined,
    OverflowRead,
    join_items,
    wanted_fields,
)
from leyden.operations.options import BatchGetOptions, Options, read_options
from leyden.operations.plan.expressions import Expressions
from leyden.operations.plan.identity import project, shown_slots
from leyden.operations.plan.reads import Explanation, attempt_to, is_mine, shape
from leyden.operations.run.sending import (
    GET_LIMIT,
    Wanted,
    chunks,
    found_in,
    name_entry,
    send_all,
    settle,
)
from leyden.program import Item, Params, Program, Runner
from leyden.results import BatchResult, add_units


@frozen(eq=False, repr=False)
class BatchGet:
    """`task.get([...])` and `app.batch_get([...])`: the records with these keys."""

    _runner: Runner
    _name: str
    _entries: Sequence[Get]

    @fitting(".params()")
    def params(self, /, **options: Unpack[BatchGetOptions]) -> list[Params]:
        """Return the low-level requests, of at most 100 keys each; nothing is sent."""
        read = self._read(options)
        return self._requests(self._prepare(read), read, telling=False)

    @fitting(".go()")
    def go(self, /, **options: Unpack[BatchGetOptions]) -> BatchResult:
        """Read the items, and retry what is unprocessed for `budget` seconds.

        Returns a BatchResult with a record for each key, or None where there is no item. Raises
        BatchIncompleteError, with what was read, where some could not be read.

        >>> task.get([{"project_id": "p1", "task_id": "t1"}]).go()          # doctest: +SKIP
        """
        return self._runner.run(self.program(**options))

    @fitting(".program()")
    def program(self, /, **options: Unpack[BatchGetOptions]) -> Program[BatchResult]:
        """Return what `go()` runs as a program, for use in a larger program."""
        read = self._read(options)
        wanted = self._prepare(read)
        return self._program(wanted, self._requests(wanted, read, telling=True), read)

    @fitting(".explain()")
    def explain(self, /, **options: Unpack[BatchGetOptions]) -> Explanation:
        """Say in words what is read."""
        requests = self.params(**options)
        table = self._entries[0]._said.entity.table if self._entries else ""
        note = f"{len(self._entries)} items by their keys, in {len(requests)} requests"
        return Explanation(self._name, "BatchGetItem", table, None, None, False, "", "", (note,))

    def __repr__(self) -> str:
        return f"<{self._name} of {len(self._entries)}>"

    def _read(self, options: Mapping[str, Any]) -> Options:
        return read_options(self._name, BatchGetOptions, options)

    def _prepare(self, options: Options) -> list[Wanted]:
        wanted = []
        for position, entry in enumerate(self._entries):
            if not isinstance(entry, Get):
                raise InputError(
                    f"entry {position} is not a get: batch gets take chains such as task.get(...)",
                    operation=self._name,
                )
            entity = entry._said.entity
            try:
                values = entity.mapping.own_values(entry._said.given)
                key = entity.mapping.primary_key(values)
                old = None if entity.moving is None else entity.moving.earlier_key(values)
            except LeydenError as error:
                name_entry(error, position, self._name, entity)
                raise
            table = options.table or entity.table
            wanted.append(Wanted(entity, table, key, entity.identity_by(values), old))
        refuse_duplicates(self._name, (one.id for one in wanted))
        return wanted

    def _requests(self, wanted: list[Wanted], options: Options, *, telling: bool) -> list[Params]:
        bodies: list[Params] = []
        for chunk in chunks(wanted, GET_LIMIT):
            tables: dict[str, Params] = {}
            for one in chunk:
                if one.table not in tables:
                    tables[one.table] = self._shared(one.entity, options, telling)
                tables[one.table]["Keys"].append(one.key)
            bodies.append({"RequestItems": tables})
        return bodies

    def _shared(self, entity: BoundEntity, options: Options, telling: bool) -> Params:
        shared: Params = {}
        expressions = Expressions()
        if options.consistent:
            shared["ConsistentRead"] = True
        if options.attributes and len({id(entry._said.entity) for entry in self._entries}) > 1:
            raise InputError(
                "a batch over several entities reads whole items; leave out `attributes`",
                operation=self._name,
            )
        with error_context(self._name, entity):
            project(entity, shared, options, expressions, telling=telling)
        expressions.write_to(shared)
        return {**shared, "Keys": []}

    def _program(
        self, wanted: list[Wanted], bodies: list[Params], options: Options
    ) -> Program[BatchResult]:
        moved = [one for one in wanted if one.entity.moving is not None]
        looking = None
        if moved:
            # Imported here because only services under a migration read two forms.
            from leyden.operations.run.looking import LookUps

            looking = LookUps(moved, options, self._name)
            bodies = looking.widened(bodies)
            yield from looking.read_earlier()
        sent = yield from send_all(
            "BatchGetItem",
            self._name,
            bodies,
            options,
            left_in="UnprocessedKeys",
            reader=None if moved else reader_of((one.entity for one in wanted), options.data),
        )
        key_fields = {one.table: one.entity.key_fields for one in wanted}
        found = found_in(sent.responses, key_fields)
        if looking is not None:
            sent = yield from looking.present(found, sent)
        whole: dict[int, Item] = {}
        for place, one in enumerate(wanted):
            item = found.get(one.id)
            if item is not None and is_mine(one.entity, item, one.identity, options):
                whole[place] = item
        consumed, requests = sent.consumed, sent.requests
        unreadable: list[Any] = [] if looking is None else looking.unreadable
        for table in dict.fromkeys(one.table for one in wanted if one.entity.mapping.overflow):
            joined = yield from self._joined(wanted, whole, table, options)
            consumed, requests = add_units(consumed, joined.consumed), requests + joined.requests
            unreadable += joined.unreadable
        # Only a batch over one entity takes `attributes`.
        shown = shown_slots(wanted[0].entity, options) if options.attributes and wanted else None
        records: list[Any] = [None] * len(wanted)
        for place, item in whole.items():
            make = partial(shape, wanted[place].entity, options=options, shown=shown)
            records[place], error = attempt_to(make, item, options, self._name)
            if error is not None:
                unreadable.append(error)
        result = BatchResult(tuple(records), sent.unread, consumed, requests, tuple(unreadable))
        return settle(sent, result, options, self._name)

    def _joined(
        self, wanted: list[Wanted], whole: dict[int, Item], table: str, options: Options
    ) -> Program[Joined]:
        """Join the large values of a table's items; items that are gone by now are removed."""
        places = [place for place in whole if wanted[place].table == table]
        owners = {wanted[place].id: wanted[place] for place in places}

        def wanted_of(item: Item) -> Wanted:
            fields = wanted[places[0]].key
            return owners[item_id(table, {name: item[name] for name in fields})]

        def keep(item: Item) -> bool:
            one = wanted_of(item)
            return is_mine(one.entity, item, one.identity, options)

        joining = OverflowRead(
            self._name,
            table,
            options,
            lambda item: wanted_of(item).entity,
            lambda entity: wanted_fields(entity, options),
            keep,
        )
        given = [whole[place] for place in places]
        joined = yield from join_items(None if options.data == "raw" else joining, given)
        for place, item in zip(places, joined.items, strict=True):
            if item is None:
                del whole[place]
            else:
                whole[place] = item
        return joined
