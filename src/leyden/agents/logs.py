"""An ordered log on a table: a session's messages, which several frameworks keep alike.

**What is stored.** A log has a *head*, with its generation and the last number that was reserved,
and *batches*: the items of one `add`, as JSON, under generation and number. All are in one
partition, and the head sorts behind the batches, so one descending query reads the head first and
then the newest batches. It is consistent.

**add** reserves numbers by an atomic add on the head, then writes. Items that were added together
are one item of the table, so they appear at once; up to 100 items and 256 KB make one. More become
several batches, which name the last of them in `until`: they are written first, and the last one,
written last, makes all of them visible. A writer that dies has reserved numbers that nobody uses,
or has left batches that nobody sees.

When the answer to the reservation is lost, it is made again, and a number stays unused. A batch is
written under a number that nobody else has, on the condition that nothing is there yet. So when
that answer is lost, repeating the write changes nothing, whatever has happened to the batch since.

**pop** takes the last item out of the newest batch, on the condition that nobody has popped from it
since it was read, and signs the batch. So no two calls get the same item, and a call whose answer
was lost finds its own signature, also behind those of others. An empty batch stays for a day, where
the table has a time to live, or else until the log is cleared: a writer that is still repeating its
write must find it.

**clear** moves the generation of the head. From then on nobody sees the old batches, and a writer
that reserved its numbers before writes into the old generation: it was there before the log was
cleared. Then the old batches are deleted, and the head, if nothing was added since. If clearing
dies in between, the log is empty, and the next `clear` deletes what is left. A head that is made
anew begins with a generation of its own, so nothing of an earlier life appears again.

**get** is one request as long as the answer fits a page of 1 MB. If it took several, the newest
batch and the head are looked at once more: where somebody cleared or popped in between, the pages
do not belong together, and the log is read again.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, Final, Generic, TypeVar

from attrs import define, field, frozen

from leyden import Create, Entity, Update
from leyden.agents import batches
from leyden.agents.backend import Backend, worked
from leyden.errors import (
    AwsError,
    ConditionFailedError,
    InvalidOptionError,
    ItemExistsError,
    VersionConflictError,
)
from leyden.program import Program, Work, run_together
from leyden.store.dynamodb.writing import PATIENCE, insisting, pause

T = TypeVar("T")

REMEMBERED: Final = timedelta(days=1)
"""For how long an empty batch stays: longer than any writer tries to write it."""

_REPEATED: Final = 4
"""How often a reservation is made again whose answer was lost."""


@frozen
class _Batch(Generic[T]):
    """A batch, and its items: as JSON values and as they were given."""

    record: Any
    values: list[Any]
    items: list[T]


def _same(value: Any) -> Any:
    return value


@define
class _Reading(Generic[T]):
    """What was read of a log, the newest batches first."""

    head: Any = None
    batches: list[_Batch[T]] = field(factory=list)
    requests: int = 0

    @property
    def items(self) -> list[T]:
        """All items, the oldest first."""
        return [item for batch in reversed(self.batches) for item in batch.items]

    def __len__(self) -> int:
        return sum(len(batch.items) for batch in self.batches)


@frozen
class Log(Generic[T]):
    """One log. All methods are programs, for `Backend.run` and `Backend.arun`.

    `key` has the attributes that name the log in the schemas of the backend, whose entities are
    `session`, the head, and `batch`. `plain` makes a JSON value of an item, and `whole` an item of
    a JSON value, where items are not JSON themselves. Both may take long, so an event loop runs
    them on a thread.

    Raises InvalidOptionError for a key that is no text.

    >>> log = Log(backend, {"session_id": "s1"})                            # doctest: +SKIP
    >>> backend.run(log.add([{"role": "user", "content": "Hello"}]))        # doctest: +SKIP
    """

    backend: Backend
    key: Mapping[str, str]
    plain: Callable[[T], Any] = _same
    whole: Callable[[Any], T] = _same

    def __attrs_post_init__(self) -> None:
        for name, value in self.key.items():
            if not isinstance(value, str):
                raise InvalidOptionError(f"{name} takes a text, not {type(value).__name__}")

    def add(self, items: Iterable[T]) -> Program[None]:
        """Append items, all or none of them.

        Two requests for up to 100 items and 256 KB, and one more for each such batch beyond. An
        item above 400 KB, compressed, takes another one. Raises TypeError for an item that JSON
        cannot hold, and ItemTooLargeError for one above 4 MB, compressed.
        """
        parts = yield Work(partial(self._encoded, tuple(items)))
        if not parts:
            return
        now = self.backend.now()
        living = self.backend.expiry(now)
        head = yield from self._reserved(len(parts), now, living)
        first = head.last - len(parts) + 1
        together = {"until": head.last} if len(parts) > 1 else {}
        *others, last = [
            self._batch.create(
                **self.key,
                generation=head.generation,
                number=first + place,
                **part,
                **together,
                **living,
            )
            for place, part in enumerate(parts)
        ]
        yield from run_together(map(_written, others), self.backend.concurrency)
        yield from _written(last)

    def get(self, limit: int | None = None) -> Program[list[T]]:
        """Return the newest `limit` items, or all, the oldest first.

        One request for each MB; above one, or with items above 400 KB, two small ones more.
        """
        if limit is not None and limit <= 0:
            return []
        deadline = time.monotonic() + PATIENCE
        while True:
            reading = yield from self._read(limit)
            at_once = reading.head is None or reading.requests == 1
            if at_once or (yield from self._holds(reading)):
                return reading.items[-limit:] if limit is not None else reading.items
            if time.monotonic() >= deadline:
                raise self._outrun("read")

    def pop(self) -> Program[T | None]:
        """Take the newest item out of the log and return it; None if the log is empty.

        Two requests, and two more whenever another call was faster.
        """
        signature = secrets.token_urlsafe(9)
        deadline = time.monotonic() + PATIENCE
        attempt = 0
        while True:
            reading = yield from self._read(1)
            if not reading.batches:
                return None
            batch = reading.batches[0]
            try:
                yield from self._shortened(batch, signature)
            except ConditionFailedError as error:
                if signature not in (yield from self._signatures(batch.record, error)):
                    if time.monotonic() >= deadline:
                        raise self._outrun("changed") from error
                    yield pause(attempt)
                    attempt += 1
                    continue
            return batch.items[-1]

    def clear(self) -> Program[None]:
        """Remove all items.

        One request if there are none; else four, and for each 25 batches one that deletes them
        and at most one that reads them.
        """
        page = yield from self._page(limit=1)
        if page.session:
            (head,) = page.session
        elif page.batch:
            # Writers that came late have left them. Beside a head they are of an old generation.
            now = self.backend.now()
            head = yield from self._reserved(0, now, self.backend.expiry(now))
        else:
            return
        attr = self._session.attr
        new = head.generation + 1
        move = self._session.patch(**self.key).set(generation=new)
        moved = None
        try:
            moving = move.where(attr.generation == head.generation)
            moved = yield from moving.program(response="all_new")
        except ConditionFailedError:
            # It has moved all the same, by another call or by an attempt without an answer.
            pass
        yield from self._delete(head.generation)
        if moved is None:
            return
        unchanged = (attr.generation == new) & (attr.last == moved.last)
        try:
            yield from self._session.remove(**self.key).where(unchanged).program()
        except ConditionFailedError:
            # Something was added since, or an attempt without an answer has deleted it.
            return

    # The steps of these.

    @property
    def _session(self) -> Entity:
        return self.backend.app.entities["session"]

    @property
    def _batch(self) -> Entity:
        return self.backend.app.entities["batch"]

    def _reserved(self, numbers: int, now: datetime, living: Mapping[str, Any]) -> Program[Any]:
        """Reserve so many numbers; returns the head afterwards."""
        # Later than that of any life of this log before, and no other's, even in the same
        # millisecond.
        fresh = int(now.timestamp() * 1000) << 20 | secrets.randbits(20)
        update = self._session.update(**self.key).if_not_exists(generation=fresh).add(last=numbers)
        if not living:
            return (yield from self._counted(update.remove("expires_at")))
        # A head must not expire before its batches, of which some may live longer than this one.
        attr = self._session.attr
        sooner = attr.expires_at <= living["expires_at"]
        is_new = attr.last.does_not_exist()
        try:
            return (yield from self._counted(update.set(**living).where(is_new | sooner)))
        except ConditionFailedError:
            return (yield from self._counted(update))

    def _counted(self, update: Update) -> Program[Any]:
        """Change the head by adding to its numbers."""
        for attempt in count():
            try:
                return (yield from update.program(response="all_new"))
            except AwsError as error:
                # The driver does not repeat what adds. Here a number that is reserved twice is no
                # harm: it leaves a gap.
                if not error.unsure or attempt == _REPEATED:
                    raise
            yield pause(attempt)

    def _shortened(self, batch: _Batch[T], signature: str) -> Program[None]:
        """Take the last item out of a batch, on the condition that it is as it was read."""
        record, attr = batch.record, self._batch.attr
        values: dict[str, Any] = {"popped": [*(record.popped or ()), signature]}
        if left := batch.values[:-1]:
            values |= yield Work(partial(batches.shortened, left))
        elif record.until is None:
            # One with `until` goes on saying that the others of its call are complete.
            values["expires_at"] = self.backend.now() + REMEMBERED
        forms = [
            name
            for name in batches.FORMS
            if name not in values and getattr(record, name) is not None
        ]
        seen = attr.popped == record.popped if record.popped else attr.popped.does_not_exist()
        change = self._batch.patch(**self._key(record)).set(**values).remove(*forms).where(seen)
        yield from insisting(partial(change.program, response="none"))

    def _signatures(self, record: Any, error: ConditionFailedError) -> Program[Sequence[str]]:
        """The calls that have popped from a batch that could not be changed."""
        if error.item is None:
            reading = self._batch.get(**self._key(record))
            stored = yield from reading.program(consistent=True, attributes=["number", "popped"])
        else:
            stored = self._batch.parse(error.item)
        return () if stored is None else stored.popped or ()

    def _key(self, record: Any) -> dict[str, Any]:
        return {**self.key, "generation": record.generation, "number": record.number}

    def _read(self, limit: int | None) -> Program[_Reading[T]]:
        """Read the log from its end until there are `limit` items, or all."""
        reading: _Reading[T] = _Reading()
        complete: set[int] = set()
        cursor: str | None = None
        # The head comes first, and each batch has at least one item. Where there are empty ones
        # among them, each page reads more.
        size = None if limit is None else limit + 1
        while True:
            page = yield from self._page(limit=size, cursor=cursor)
            reading.requests += page.requests
            if cursor is None and page.session:
                reading.head = page.session[0]
            if reading.head is None:
                return reading
            visible = [*self._visible(page.batch, reading.head.generation, complete)]
            decode = partial(self._decoded, visible)
            reading.batches += yield from worked(sum(map(batches.size_of, visible)), decode)
            past = any(one.generation < reading.head.generation for one in page.batch)
            enough = limit is not None and len(reading) >= limit
            if page.cursor is None or past or enough:
                return reading
            cursor = page.cursor
            size = None if size is None else min(2 * size, 1000)

    def _page(self, **options: Any) -> Program[Any]:
        query = self.backend.app.collections["log"](**self.key)
        return query.program(
            order="desc", consistent=True, concurrency=self.backend.concurrency, **options
        )

    def _visible(
        self, records: Iterable[Any], generation: int, complete: set[int]
    ) -> Iterator[Any]:
        """The batches, the newest first, that have items to show.

        `complete` collects the numbers of those that make others visible.
        """
        now = self.backend.now()
        for one in records:
            if one.generation != generation:
                continue
            complete.add(one.number)
            expired = one.expires_at is not None and one.expires_at <= now
            whole = one.until is None or one.until in complete
            if whole and not expired and batches.size_of(one):
                yield one

    def _holds(self, reading: _Reading[T]) -> Program[bool]:
        """Whether what several requests have read was there at one time.

        Items are popped from the newest batch, and batches are deleted after the generation has
        moved. So if neither changed, nothing was taken away meanwhile.
        """
        asked: list[Program[Any]] = [self._session.get(**self.key).program(consistent=True)]
        if reading.batches:
            newest = reading.batches[0].record
            again = self._batch.get(**self._key(newest))
            asked.append(again.program(consistent=True, attributes=["number", "popped"]))
        head, *found = yield from run_together(asked, self.backend.concurrency)
        if head is None or head.generation != reading.head.generation:
            return False
        return all(one is not None and one.popped == newest.popped for one in found)

    def _delete(self, generation: int) -> Program[None]:
        """Delete the batches of a generation, and of those before."""
        query = self._batch.query.log(**self.key).lte(generation=generation)
        names = [*self.key, "generation", "number"]
        cursor: str | None = None
        while True:
            page = yield from query.program(consistent=True, attributes=names, cursor=cursor)
            if keys := [self._key(one) for one in page.items]:
                yield from self._batch.delete(keys).program(concurrency=self.backend.concurrency)
            if page.cursor is None:
                return
            cursor = page.cursor

    def _encoded(self, items: Sequence[T]) -> list[dict[str, Any]]:
        return batches.attributes_of(map(self.plain, items))

    def _decoded(self, records: Iterable[Any]) -> list[_Batch[T]]:
        values = [(record, batches.values_of(record)) for record in records]
        return [_Batch(record, found, [*map(self.whole, found)]) for record, found in values]

    def _outrun(self, done: str) -> VersionConflictError:
        return VersionConflictError(
            f"the log was changed by others for {PATIENCE:g} seconds, each time before it could be "
            f"{done}. Nothing was changed; try again later",
            entity=self._session.name,
        )


def _written(batch: Create) -> Program[None]:
    """Write a batch under its own number."""
    try:
        yield from insisting(partial(batch.program, response="none"))
    except ItemExistsError:
        # Only this very call writes there: an attempt without an answer did.
        return
