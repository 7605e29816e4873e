"""A migration at work: passes over the table, and which entity each item belongs to.

A pass reads all segments of the table at once, one page of each at a time, and moves the items of
these pages. So memory never holds more than a page for each segment, however large the table is.
Further passes look for items that are left, until one finds nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Final

from leyden._attrs import evolve, frozen
from leyden.errors import (
    BatchIncompleteError,
    ConnectionFailedError,
    LeydenError,
    MigrationError,
    ThrottledError,
)
from leyden.mapping.table import TableDefinition
from leyden.migration.logbook import STORED_FAILURES, Entry, Logbook, is_progress
from leyden.migration.results import (
    Counts,
    Direction,
    Failure,
    MigrationProgress,
    MigrationReport,
    Phase,
)
from leyden.operations.companions.moving.moving import Moving
from leyden.operations.run.moving import Moved, Moves
from leyden.operations.run.pacing import Pace, paced
from leyden.operations.run.sending import WRITES, cause_of, pause_before
from leyden.program import Gather, Item, Params, Program, Request, Response

OPERATION: Final = "migrate"

MOST_FAILURES: Final = 1000
"""How many failures are kept in memory; all are counted."""

MOST_TURNS: Final = 10
"""After this many passes that all found something, others must be writing the old form."""

PATIENCE: Final = 300.0
"""After this many seconds without a success, throttling or lost connections end the run."""

_FIRST_PAGE: Final = 100
_MOST_PAGE: Final = 250
_SHORT, _LONG = 2.0, 4.0
"""Seconds: pages grow after a shorter round, and shrink after a longer one."""

_UNITS_OF_ITEM: Final = 4
"""The assumed capacity units of an item, until the first answers tell more."""

_CONCURRENCY: Final = 16

_WORKING: Final[Mapping[Direction, Phase]] = {
    "forward": "running",
    "back": "rolling_back",
    "commit": "committing",
}
_VERBS: Final[Mapping[Direction, str]] = {
    "forward": "moved",
    "back": "moved back",
    "commit": "settled",
}
_DONE: Final[Mapping[Direction, Phase]] = {
    "forward": "verified",
    "back": "rolled_back",
    "commit": "committed",
}


@frozen(slots=False)
class Migration:
    """A migration: the entities to move, and their table.

    `definition` describes the table as the old schemas have it.
    """

    name: str
    table: str
    definition: TableDefinition
    movings: tuple[Moving, ...]
    copy_to: str | None = None

    def owned(self, items: Iterable[Item]) -> list[tuple[Moving, Item]]:
        """Return the items that the migration concerns, each with its entity."""
        found = []
        for item in items:
            candidates: Sequence[Moving] = self.movings
            for name, version in self._fields:
                said = item.get(name, {}).get("S"), item.get(version, {}).get("S")
                if None not in said:
                    candidates = self._by_identifiers.get((name, version, *said), ())
                    break
            moving = next((one for one in candidates if one.owns(item)), None)
            if moving is not None and not is_progress(item):
                found.append((moving, item))
        return found

    @cached_property
    def _fields(self) -> tuple[tuple[str, str], ...]:
        """The pairs of fields that identify an item's entity and version."""
        entities = (one for moving in self.movings for one in (moving.earlier, moving.entity))
        return tuple(dict.fromkeys(entity.spec.identifiers for entity in entities))

    @cached_property
    def _by_identifiers(self) -> Mapping[tuple[str | None, ...], Sequence[Moving]]:
        found: dict[tuple[str | None, ...], dict[Moving, None]] = {}
        for moving in self.movings:
            for entity in (moving.earlier, moving.entity):
                said = (value["S"] for value in entity.identifiers.values())
                found.setdefault((*entity.identifiers, *said), {})[moving] = None
        return {place: tuple(some) for place, some in found.items()}

    def page(
        self, segment: int, segments: int, position: Item | None, limit: int, *, consistent: bool
    ) -> Request:
        """Return the request for a segment's next page, behind a position."""
        params: Params = {"TableName": self.table, "Limit": limit}
        if segments > 1:
            params.update(Segment=segment, TotalSegments=segments)
        if position:
            params["ExclusiveStartKey"] = position
        if consistent:
            params["ConsistentRead"] = True
        return Request("Scan", params, OPERATION)


class Reading:
    """Reads all segments of a table, one page of each in a round.

    Pages grow and shrink so that a round takes a few seconds.
    """

    def __init__(
        self, migration: Migration, pace: Pace, positions: Sequence[Item | None], consistent: bool
    ) -> None:
        self.positions = tuple(positions)
        self._migration = migration
        self._pace = pace
        self._consistent = consistent
        limit = _FIRST_PAGE
        if pace.rate is not None:
            affordable = pace.rate * _LONG / (_UNITS_OF_ITEM * len(self.positions))
            limit = max(1, min(limit, int(affordable)))
        self._limit = limit
        self._began = 0.0

    @property
    def is_over(self) -> bool:
        """Whether all segments have been read."""
        return all(position is None for position in self.positions)

    def next(self) -> Program[tuple[list[Item], tuple[Item | None, ...]]]:
        """Return the items of each segment's next page, and the positions behind them."""
        self._began = time.monotonic()
        segments = len(self.positions)
        open_ones = [(n, p) for n, p in enumerate(self.positions) if p is not None]
        requests = tuple(
            self._migration.page(n, segments, p, self._limit, consistent=self._consistent)
            for n, p in open_ones
        )
        answers = yield from paced(_all_of(requests), self._pace)
        positions = list(self.positions)
        items: list[Item] = []
        for (segment, _), answer in zip(open_ones, answers, strict=True):
            items += answer.get("Items", ())
            positions[segment] = answer.get("LastEvaluatedKey") or None
        return items, tuple(positions)

    def went_on(self, positions: tuple[Item | None, ...]) -> None:
        """Continue behind these positions."""
        self.positions = positions
        seconds = time.monotonic() - self._began
        if seconds < _SHORT:
            self._limit = min(self._limit * 2, _MOST_PAGE)
        elif seconds > _LONG:
            self._limit = max(self._limit // 2, 1)


def _all_of(requests: tuple[Request, ...]) -> Program[list[Response]]:
    answers = yield Gather(requests, len(requests))
    for answer in answers:
        if isinstance(answer, LeydenError):
            raise answer
    return list(answers)


def segments_for(segments: int, rate: float | None) -> int:
    """Return how many segments to read at once: fewer if the rate is too low for all of them."""
    return segments if rate is None else max(1, min(segments, int(rate / _UNITS_OF_ITEM)))


class Job:
    """A migration in one direction, as one process works on it."""

    def __init__(
        self,
        migration: Migration,
        direction: Direction,
        logbook: Logbook,
        *,
        rate: float | None,
        segments: int,
        progress: Callable[[MigrationProgress], object] | None,
    ) -> None:
        self._migration = migration
        self._direction = direction
        self._logbook = logbook
        self._pace = Pace(rate, meanwhile=self._keep)
        self._segments = segments_for(segments, rate)
        self._tell_to = progress
        self._began = time.monotonic()
        self._entry = Entry(migration.name, _WORKING[direction])
        self._failures: list[Failure] = []
        self._moves: Moves | None = None
        """The items of the last page, while they are being moved."""

    def run(self) -> Program[MigrationReport]:
        """Work until nothing is left to do, or until others write faster than the job can follow.

        Raises MigrationError if the migration is in another phase, MigrationBusyError if another
        process works on it, and the errors of requests that failed for good.
        """
        try:
            report = yield from self._work()
        except MigrationError:
            raise
        except LeydenError as error:
            if self._logbook.entry is not None:
                self._count_moved()
                count = self._entry.moved
                items = "1 item was" if count == 1 else f"{count:,} items were"
                done = f"{items} {_VERBS[self._direction]} so far"
                error.message += f"; {done}; run it again, and it goes on from there"
            raise
        return report

    def give_back(self) -> Program[None]:
        """Save the progress and release the lease if this process has it, as after an error."""
        if self._logbook.holds:
            self._count_moved()
            yield from self._logbook.save(self._entry, release=True)

    def _work(self) -> Program[MigrationReport]:
        found = yield from self._logbook.take(lambda: self._tell(waiting=True))
        entry = self._entered(found)
        if entry is None:
            assert found is not None
            self._entry = found
            return self._report()
        self._entry = entry
        self._failures = list(entry.failures)
        yield from self._save()
        # Only passes of this process count: an earlier one says nothing about what is left.
        turns = 0
        while True:
            yield from self._pass()
            turns += 1
            counts = self._entry.counts
            is_settled = not (counts.moved or counts.conflicts)
            if self._entry.turn > 1 and is_settled:
                phase = _DONE[self._direction]
                if counts.failed and self._direction == "commit":
                    phase = "committing"
                break
            if turns >= MOST_TURNS:
                phase = "unsettled" if self._direction == "forward" else self._entry.phase
                break
            self._failures = []
            self._entry = evolve(
                self._entry,
                turn=self._entry.turn + 1,
                counts=Counts(),
                positions=self._beginning(),
                failures=(),
            )
        self._entry = evolve(self._entry, phase=phase, positions=())
        yield from self._save(release=True)
        self._tell()
        return self._report()

    # --- steps

    def _entered(self, found: Entry | None) -> Entry | None:
        """Return where to begin, or None if everything is done already. Raises MigrationError."""
        direction = self._direction
        refuse_step(self._migration.name, direction, found)
        if found is not None and found.phase == "committed":
            return None
        working, beginning = _WORKING[direction], self._beginning()
        goes_on = {working, _DONE[direction]} | ({"unsettled"} if direction == "forward" else set())
        if found is None or found.phase not in goes_on:
            began = "" if found is None else found.began
            return Entry(self._migration.name, working, positions=beginning, began=began)
        if found.phase == working and found.positions:
            return found
        # Every item has been read once, so continue with the passes that look for the rest.
        turn = max(found.turn, 2)
        return evolve(
            found, phase=working, turn=turn, counts=Counts(), positions=beginning, failures=()
        )

    def _beginning(self) -> tuple[Item | None, ...]:
        return tuple({} for _ in range(self._segments))

    def _pass(self) -> Program[None]:
        """Read the rest of the table in this pass, and move the items found."""
        consistent = self._entry.turn > 1
        reading = Reading(self._migration, self._pace, self._entry.positions, consistent)
        positions = reading.positions
        scanned = misses = 0
        last = time.monotonic()
        while not reading.is_over:
            try:
                if self._moves is None:
                    items, positions = yield from reading.next()
                    scanned = len(items)
                    self._moves = Moves(
                        self._migration.owned(items),
                        self._migration.table,
                        direction=self._direction,
                        copy_to=self._migration.copy_to,
                        concurrency=_CONCURRENCY,
                        operation=OPERATION,
                    )
                moved = yield from paced(self._moves.run(), self._pace)
            except (ThrottledError, ConnectionFailedError, BatchIncompleteError) as error:
                if not may_pass(error) or time.monotonic() - last > PATIENCE:
                    raise
                misses += 1
                yield pause_before(misses)
                yield from self._keep()
                continue
            self._moves = None
            misses, last = 0, time.monotonic()
            reading.went_on(positions)
            self._count(scanned, moved, positions)
            yield from self._keep()
            self._tell()

    def _count_moved(self) -> None:
        """Count the items moved from a page that was not finished."""
        if self._moves is not None:
            moved, counts, entry = self._moves.moved, self._entry.counts, self._entry
            counts = evolve(counts, moved=counts.moved + moved)
            self._entry = evolve(entry, counts=counts, moved=entry.moved + moved)
            self._moves = None

    def _count(
        self, scanned: int, moved: Sequence[Moved], positions: tuple[Item | None, ...]
    ) -> None:
        counts, entry = self._entry.counts, self._entry
        outcomes = [one.outcome for one in moved]
        for one in moved:
            if one.error is not None and len(self._failures) < MOST_FAILURES:
                self._failures.append(failure_of(one.alias, one.key, one.error))
        written = outcomes.count("moved") + sum(one.beside for one in moved)
        counts = Counts(
            counts.scanned + scanned,
            counts.moved + written,
            counts.done + outcomes.count("done"),
            counts.conflicts + outcomes.count("conflict"),
            counts.failed + outcomes.count("failed"),
        )
        self._entry = evolve(
            entry,
            counts=counts,
            moved=entry.moved + written,
            positions=positions,
            failures=tuple(self._failures[:STORED_FAILURES]),
        )

    def _keep(self) -> Program[None]:
        """Save the progress if that is due, which also renews the lease."""
        if self._logbook.is_due:
            # If this fails, there is time to try again before the lease expires.
            with suppress(ThrottledError, ConnectionFailedError):
                yield from self._save(attempts=1)

    def _save(self, *, release: bool = False, attempts: int = WRITES) -> Program[None]:
        for attempt in range(1, attempts + 1):
            try:
                request, response = yield from self._logbook.save(self._entry, release=release)
            except (ThrottledError, ConnectionFailedError):
                if attempt == attempts:
                    raise
                yield pause_before(attempt)
            else:
                self._pace.note(request, response)
                return

    # --- progress and report

    def _tell(self, *, waiting: bool = False) -> None:
        if self._tell_to is None:
            return
        entry, pace = self._entry, self._pace
        allowed = None if pace.allowed == float("inf") else pace.allowed
        self._tell_to(
            MigrationProgress(
                self._migration.name,
                self._migration.table,
                entry.phase,
                entry.turn,
                entry.counts,
                entry.moved,
                waiting,
                time.monotonic() - self._began,
                pace.consumed,
                allowed,
                pace.throttles,
            )
        )

    def _report(self) -> MigrationReport:
        entry, pace = self._entry, self._pace
        return MigrationReport(
            self._migration.name,
            self._migration.table,
            entry.phase,
            entry.turn,
            entry.counts,
            entry.moved,
            tuple(self._failures),
            pace.consumed,
            time.monotonic() - self._began,
            pace.throttles,
            self._migration.copy_to,
        )


def may_pass(error: LeydenError) -> bool:
    """Return whether the cause of a failure may pass by itself: throttling, a lost connection."""
    cause = cause_of(error) if isinstance(error, BatchIncompleteError) else error
    return isinstance(cause, ThrottledError | ConnectionFailedError | BatchIncompleteError)


def failure_of(alias: str, key: Item, error: LeydenError) -> Failure:
    """Return the failure of an item that cannot be moved."""
    return Failure(alias, key, error.code, error.message)


def refuse_step(name: str, direction: Direction, found: Entry | None) -> None:
    """Raise MigrationError if the migration's phase does not allow this direction."""
    phase = None if found is None else found.phase
    why = None
    if direction == "forward":
        why = {
            "rolling_back": "a rollback is under way; finish it first, with `rollback=True`",
            "committing": "a commit is under way; finish it, with `commit=True`",
        }.get(phase or "")
    elif direction == "back":
        if phase in ("committing", "committed"):
            why = (
                "it was committed, and what rolling back needs is gone; write a migration that "
                "leads from the new schemas to the old ones"
            )
    elif phase not in ("verified", "committing", "committed"):
        said = {
            None: "it has not run",
            "rolled_back": "it was rolled back",
            "rolling_back": "a rollback is under way",
        }.get(phase, "it has not run to its end")
        why = f"{said}; run it until all items are verified, and commit then"
    elif found is not None and phase == "verified" and found.counts.failed:
        several = "1 item" if found.counts.failed == 1 else f"{found.counts.failed:,} items"
        why = (
            f"{several} could not be moved, and a commit would leave them behind for good; fix "
            "what the report lists, and run it again"
        )
    if why is not None:
        raise MigrationError(why, name=name, operation=OPERATION)
