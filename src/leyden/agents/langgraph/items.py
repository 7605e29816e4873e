"""The items of a store as programs: how they are stored, read, walked over and written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeAlias

from attrs import define, field, frozen

from leyden.agents.backend import Backend, worked
from leyden.agents.batches import PLAIN, json_of
from leyden.agents.langgraph.matching import Namespace, labels_of, path_of, place_of
from leyden.agents.langgraph.registry import Registry
from leyden.agents.pieces import packed, unpacked
from leyden.errors import ConditionFailedError, DecodeError, ItemTooLargeError, LeydenError
from leyden.program import Program, outcomes_of, run_together
from leyden.store.dynamodb.writing import insisting

Place: TypeAlias = tuple[Namespace, str]
"""A namespace, and a key in it."""

FEW: Final = 3
"""Up to so many items are written each by itself, which takes no reading before."""

LARGEST: Final = (4 * 1024 - 64) * 1024
"""The most bytes of a value, compressed. The rest of a transaction is for the keys of its parts."""

STEP: Final = 0.01
"""The part of its life that an item must have lost before reading it gives it a new one."""

OPTIONAL: Final = ("value", "packed", "minutes", "expires_at", "version", "vectors")
"""The attributes that a write sets or removes."""

WRITTEN: Final = ("created_at", "updated_at", "version", "vectors")
"""What a write needs of what it replaces."""


@frozen
class Found:
    """An item that was found, and its value."""

    record: Any
    value: dict[str, Any]

    @property
    def place(self) -> Place:
        """Where it is."""
        return (self.record.root, *labels_of(self.record.path)), self.record.key


def stored(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that hold a value. Raises TypeError for what JSON cannot hold.

    >>> stored({"likes": ["tea"]})
    {'value': '{"likes":["tea"]}'}
    """
    data = json_of(dict(value))
    return {"value": data.decode()} if len(data) <= PLAIN else {"packed": packed(data)}


def value_of(record: Any) -> dict[str, Any]:
    """Return the value that an item holds. Raises DecodeError."""
    try:
        text = record.value if record.value is not None else unpacked(record.packed or b"")
        value: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise DecodeError(f"the value of an item cannot be read: {error}", field="value") from error
    return value


def keys_of(place: Place) -> dict[str, Any]:
    """Return the key of an item as attributes."""
    namespace, key = place
    return {**place_of(namespace), "key": key}


class Items:
    """The programs over the items. With `shows_expired`, what has expired is there until DynamoDB
    deletes it."""

    def __init__(self, backend: Backend, *, shows_expired: bool) -> None:
        self.backend = backend
        self.entity = backend.app.entities.item
        self.registry = Registry(backend, self.is_there)
        self._shows_expired = shows_expired

    def is_there(self, record: Any) -> bool:
        """Whether an item has not expired."""
        if self._shows_expired or record.expires_at is None:
            return True
        return bool(record.expires_at > self.backend.now())

    def get(self, places: Iterable[Place]) -> Program[dict[Place, Found]]:
        """Read items; what is not there is left out."""
        keys = [keys_of(place) for place in dict.fromkeys(places)]
        if not keys:
            return {}
        if len(keys) == 1:
            records = [(yield from self.entity.get(**keys[0]).program(consistent=True))]
        else:
            reading = self.entity.get(keys)
            records = yield from reading.program(
                consistent=True, concurrency=self.backend.concurrency
            )
        found = yield from self._opened(record for record in records if record is not None)
        return {one.place: one for one in found}

    def search(
        self, prefix: Namespace, enough: int | None, is_wanted: Callable[[Found], bool] | None
    ) -> Program[list[Found]]:
        """Read the items of a namespace and its children, in the order of namespaces and keys.

        It ends once there are `enough` that are wanted.
        """
        found: list[Found] = []
        walk = Walk(self, prefix)
        size = 1 if is_wanted is None else 4
        while not walk.done and (enough is None or len(found) < enough):
            limit = None if enough is None else (enough - len(found)) * size
            page = yield from walk.page(limit if limit is not None and limit <= 1000 else None)
            found += page if is_wanted is None else filter(is_wanted, page)
            if len(found) < walk.read:
                # Some have expired, or the filter is not for them. Nobody knows how many follow.
                size *= 4
        return found

    def page(
        self, root: str, rest: Sequence[str], limit: int | None, cursor: str | None
    ) -> Program[tuple[list[Found], int, str | None]]:
        """Read a page of items below a namespace.

        Returns those that have not expired, how many were read, and the cursor of the next page.
        """
        query = self.entity.query.items(root=root)
        if rest:
            query = query.begins(path=path_of(rest))
        page = yield from query.program(
            consistent=True, limit=limit, cursor=cursor, concurrency=self.backend.concurrency
        )
        return (yield from self._opened(page)), len(page), page.cursor

    def planned(
        self, changes: Mapping[Place, Mapping[str, Any] | None], *, looks: bool
    ) -> Program[Program[dict[Place, Any]]]:
        """Return the program that writes items, given as attributes, or deletes those of None.

        What cannot be written raises its error here, before anything is sent. With `looks`, the
        program returns what was there before. One request for each of up to `FEW`; for more, two
        read a hundred, and one writes 25.
        """
        sizes = [len((change or {}).get("packed", b"")) for change in changes.values()]
        size = sum(sizes)
        if sizes and max(sizes) > LARGEST:
            # An entity lays out large values while it writes them, when others may be written.
            raise ItemTooLargeError(
                f"a value has {max(sizes):,} bytes, compressed. DynamoDB takes at most 4,194,304 "
                "in the one transaction that must write it with its keys",
                size=max(sizes),
                limit=LARGEST,
                entity=self.entity.spec.entity,
            )
        if len(changes) <= FEW:
            return (yield from worked(size, partial(self._few, changes, looks)))
        return (yield from worked(size, partial(self._many, changes)))

    def expiry(self, minutes: float, now: datetime) -> datetime:
        """When an item expires that is written or read now."""
        return now + timedelta(minutes=minutes)

    def renew(
        self,
        found: Iterable[Found],
        beside: Callable[[Any, datetime], Iterable[Any]] | None,
    ) -> Program[None]:
        """Let items live anew, as they do when they are read.

        `beside` returns the changes of what lives as long as an item. One request for each item
        that has lost a part of its life, and for each such change. The items come last, so that
        after a death between the two, the next read renews both.
        """
        now = self.backend.now()
        changes: list[Any] = []
        before: list[Any] = []
        for record in {one.place: one.record for one in found}.values():
            if record.minutes is None or record.expires_at is None:
                continue
            expires = self.expiry(record.minutes, now)
            if expires - record.expires_at < STEP * (expires - now):
                continue
            key = {name: getattr(record, name) for name in ("root", "path", "key")}
            change = self.entity.patch(**key).set(expires_at=expires)
            changes.append(change.where(self.entity.attr.updated_at == record.updated_at))
            before += beside(record, expires) if beside else ()
        yield from self._renewed(before)
        yield from self._renewed(changes)

    def _renewed(self, changes: Iterable[Any]) -> Program[None]:
        programs = [insisting(partial(change.program, response="none")) for change in changes]
        for outcome in (yield from outcomes_of(programs, self.backend.concurrency)):
            # Who writes or deletes it meanwhile decides how long it lives.
            if isinstance(outcome, LeydenError) and not isinstance(outcome, ConditionFailedError):
                raise outcome

    def _few(
        self, changes: Mapping[Place, Mapping[str, Any] | None], looks: bool
    ) -> Program[dict[Place, Any]]:
        """Write or delete each item by itself."""
        now = self.backend.now()
        response = "all_old" if looks else "none"
        begun = [self._one(place, change, now, response) for place, change in changes.items()]

        def run() -> Program[dict[Place, Any]]:
            programs = [insisting(begin) for begin in begun]
            before = yield from run_together(programs, self.backend.concurrency)
            return dict(zip(changes, before, strict=True)) if looks else {}

        return run()

    def _one(
        self, place: Place, change: Mapping[str, Any] | None, now: datetime, response: str
    ) -> Callable[[], Program[Any]]:
        """Plan a write of one item; what is returned begins it, as often as it takes."""
        key = keys_of(place)
        if change is None:
            writing: Any = self.entity.delete(**key)
        else:
            absent = [name for name in OPTIONAL if name not in change]
            writing = self.entity.update(**key).set(**change, updated_at=now)
            writing = writing.if_not_exists(created_at=now).remove(*absent)
        first = [writing.program(response=response)]
        return lambda: first.pop() if first else writing.program(response=response)

    def _many(self, changes: Mapping[Place, Mapping[str, Any] | None]) -> Program[dict[Place, Any]]:
        """Write or delete items in batches."""
        now = self.backend.now()
        concurrency = self.backend.concurrency

        def written(before: Mapping[Place, Any]) -> Program[Any]:
            writes: list[Any] = []
            for place, change in changes.items():
                key, old = keys_of(place), before.get(place)
                if change is None:
                    writes.append(self.entity.delete(**key))
                else:
                    times = {"created_at": old.created_at if old else now, "updated_at": now}
                    writes.append(self.entity.put(**key, **change, **times))
            return self.backend.app.batch_write(writes).program(concurrency=concurrency)

        first = written({})
        reading = self.entity.get([keys_of(place) for place in changes]).program(
            consistent=True, attributes=WRITTEN, concurrency=concurrency
        )

        def run() -> Program[dict[Place, Any]]:
            before = dict(zip(changes, (yield from reading), strict=True))
            yield from written(before) if any(before.values()) else first
            return before

        return run()

    def _opened(self, records: Iterable[Any]) -> Program[list[Found]]:
        """Read the values of items that have not expired."""
        there = [record for record in records if self.is_there(record)]
        size = sum(len(one.value or "") + 4 * len(one.packed or b"") for one in there)
        return (yield from worked(size, partial(_decoded, there)))


def _decoded(records: Sequence[Any]) -> list[Found]:
    return [Found(record, value_of(record)) for record in records]


@define
class Walk:
    """Reads the items of a namespace and its children, page after page.

    Those of the empty namespace are all there are: partition after partition, as the registry has
    them.
    """

    items: Items
    prefix: Namespace
    done: bool = False
    read: int = 0
    """How many items were read, with those that have expired."""
    _roots: list[str] = field(factory=list)
    _last: str | None = None
    _cursor: str | None = None

    def page(self, limit: int | None) -> Program[list[Found]]:
        """Read a page of up to `limit` items, or without it of 1 MB."""
        if self.prefix:
            root: str | None = self.prefix[0]
        else:
            root = yield from self._root()
        if root is None:
            self.done = True
            return []
        found, read, self._cursor = yield from self.items.page(
            root, self.prefix[1:], limit, self._cursor
        )
        self.read += read
        self.done = bool(self.prefix) and self._cursor is None
        return found

    def _root(self) -> Program[str | None]:
        """The first label to go on with."""
        if self._cursor is not None:
            return self._last
        if not self._roots:
            self._roots = yield from self.items.registry.roots(self._last)
        self._last = self._roots.pop(0) if self._roots else None
        return self._last
