"""The registry of namespaces: which ones have items, for those who ask for namespaces.

**No namespace with items is missing.** A writer *touches* the entry of a namespace before it writes
an item there, and relies on its touch for `LEASE`. An entry is deleted only if nobody has touched
it for `GRACE`, and on the condition that nobody does so meanwhile. A writer that was held up for
longer than its lease touches the entry again, once it has written. Clocks may differ by as much as
`GRACE` is longer than `LEASE`.

**None without items is listed.** An entry names an item of its namespace, its *witness*. Whoever
lists namespaces reads the witnesses, a hundred in a request. Where one is gone, another is looked
for and noted. If there is none, the namespace is left out, and its entry is deleted after `GRACE`.
So it does not matter whether items were deleted, have expired, or never came because their writer
died.

All entries are in one partition, in the order of the namespaces. It is written to when a namespace
is new and then once an hour, however many items are written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from langgraph.store.base import ListNamespacesOp

from leyden import Put
from leyden.agents.backend import Backend
from leyden.agents.langgraph.matching import (
    Namespace,
    begins_with,
    labels_of,
    meets,
    path_of,
    place_of,
)
from leyden.agents.latest import Latest
from leyden.errors import ConditionFailedError
from leyden.program import Program, run_together

LEASE: Final = timedelta(hours=1)
"""For how long a writer relies on an entry that was touched."""

GRACE: Final = 2 * LEASE
"""For how long an entry stays that nobody touches, and whose namespace is empty."""

NAMESPACES: Final = 4096
"""Of how many namespaces a store knows that their entries are there."""

PAGE: Final = 100
"""How many entries are read, and looked after, at a time."""


class Registry:
    """The programs over the entries. `is_there` says of an item whether it has not expired."""

    def __init__(self, backend: Backend, is_there: Callable[[Any], bool]) -> None:
        self._backend = backend
        self._entity = backend.app.entities.namespace
        self._items = backend.app.entities.item
        self._is_there = is_there
        self._touched = Latest[str, datetime](NAMESPACES)

    def touch(self, keys: Mapping[Namespace, str], beside: Sequence[Put] = ()) -> Program[None]:
        """Make sure that namespaces have entries, and write other items beside these.

        `keys` has for each namespace a key of an item that is about to be there.
        """
        now = self._backend.now()
        concurrency = self._backend.concurrency
        paths = {path_of(namespace): key for namespace, key in keys.items()}
        unknown = [path for path in paths if not self._is_fresh(self._touched.get(path), now)]
        stale = []
        if unknown:
            # An old answer shows an earlier touch, so this need not be consistent.
            reading = self._entity.get([{"path": path} for path in unknown])
            found = yield from reading.program(concurrency=concurrency)
            for path, entry in zip(unknown, found, strict=True):
                if entry is not None and self._is_fresh(entry.touched_at, now):
                    self._touched.set(path, entry.touched_at)
                else:
                    stale.append(path)
        puts = [self._entity.put(path=one, witness=paths[one], touched_at=now) for one in stale]
        if puts or beside:
            writing = self._backend.app.batch_write([*puts, *beside])
            yield from writing.program(concurrency=concurrency)
        for path in stale:
            self._touched.set(path, now)

    def namespaces(self, op: ListNamespacesOp) -> Program[list[Namespace]]:
        """Return the namespaces that an operation asks for, in their order."""
        conditions = op.match_conditions or ()
        beginning = begins_with(conditions)
        query = self._entries(beginning)
        # What is cut to a depth of at least one label comes in order as well.
        in_order = min(op.offset, op.limit) >= 0 and (op.max_depth is None or op.max_depth > 0)
        enough = op.offset + op.limit if in_order else None
        found: dict[Namespace, None] = {}
        cursor: str | None = None
        while enough is None or len(found) < enough:
            page = yield from query.program(limit=PAGE, cursor=cursor, consistent=True)
            named = [(labels_of(entry.path)[: op.max_depth], entry) for entry in page]
            wanted = [
                (cut, entry)
                for cut, entry in named
                if cut not in found and meets(labels_of(entry.path), conditions)
            ]
            with_items = yield from self._with_items([entry for _, entry in wanted])
            found |= {cut: None for cut, entry in wanted if entry.path in with_items}
            cursor = page.cursor
            if cursor is None:
                break
            last, _ = named[-1]
            if len(last) == op.max_depth and last in found:
                # All that is below it would be cut to the same.
                if len(last) <= len(beginning):
                    break
                query, cursor = self._entries(beginning, last), None
        return sorted(found)[op.offset : op.offset + op.limit]

    def roots(self, after: str | None) -> Program[list[str]]:
        """Return some first labels of namespaces, those that come behind another one; or none."""
        query = self._entries((), () if after is None else (after,))
        page = yield from query.program(limit=PAGE, attributes=("path",), consistent=True)
        return [*dict.fromkeys(labels_of(entry.path)[0] for entry in page)]

    def _entries(self, beginning: Namespace, after: Namespace = ()) -> Any:
        """The query for the entries below a namespace; for those behind another one and its own."""
        query = self._entity.query.namespaces()
        if not after:
            return query.begins(path=path_of(beginning)) if beginning else query
        # Behind a label there is a space in its children, and "!" or more in other labels.
        start = f"{path_of(after)[:-1]}!"
        if not beginning:
            return query.gte(path=start)
        return query.between({"path": start}, {"path": f"{path_of(beginning)[:-1]}!"})

    def _is_fresh(self, touched_at: datetime | None, now: datetime) -> bool:
        return touched_at is not None and touched_at > now - LEASE

    def _with_items(self, entries: Sequence[Any]) -> Program[set[str]]:
        """The paths of those entries whose namespaces have items."""
        if not entries:
            return set()
        concurrency = self._backend.concurrency
        keys = [{**place_of(labels_of(entry.path)), "key": entry.witness} for entry in entries]
        witnesses = yield from self._items.get(keys).program(
            consistent=True, attributes=("key", "expires_at"), concurrency=concurrency
        )
        with_items, alone = set(), []
        for entry, witness in zip(entries, witnesses, strict=True):
            if witness is not None and self._is_there(witness):
                with_items.add(entry.path)
            else:
                alone.append(entry)
        others = yield from run_together(map(self._look_again, alone), concurrency)
        return with_items | {one.path for one, there in zip(alone, others, strict=True) if there}

    def _look_again(self, entry: Any) -> Program[bool]:
        """Whether a namespace has an item other than its witness; this is noted."""
        witness = yield from self._other(entry)
        untouched = self._entity.attr.touched_at == entry.touched_at
        changing: Any = None
        if witness is not None:
            changing = self._entity.patch(path=entry.path).set(witness=witness).where(untouched)
        elif entry.touched_at <= self._backend.now() - GRACE:
            changing = self._entity.delete(path=entry.path).where(untouched)
        if changing is not None:
            # Unless somebody has touched it, or deleted it.
            with suppress(ConditionFailedError):
                yield from changing.program(response="none")
        return witness is not None

    def _other(self, entry: Any) -> Program[str | None]:
        """The key of an item in a namespace itself, not in its children."""
        query = self._items.query.items(**place_of(labels_of(entry.path)))
        cursor, size = None, 1
        while True:
            page = yield from query.program(
                consistent=True, attributes=("key", "expires_at"), limit=size, cursor=cursor
            )
            found: str | None = next((one.key for one in page if self._is_there(one)), None)
            cursor, size = page.cursor, PAGE
            if found is not None or cursor is None:
                return found
