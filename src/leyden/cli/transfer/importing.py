"""From JSON lines into a table, batch by batch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from attrs import define, evolve, field, frozen

from leyden import Rejection, Service
from leyden.cli.progress import Bar
from leyden.cli.transfer.lines import Line, LineReader, lines_of
from leyden.cli.transfer.rejects import Rejects
from leyden.cli.transfer.state import ImportState, Purpose, StateFile
from leyden.errors import (
    AwsError,
    ConditionFailedError,
    InputError,
    ItemExistsError,
    ItemNotFoundError,
    ItemTooLargeError,
    KeyCollisionError,
    LeydenError,
    ThrottledError,
    TransactionCanceledError,
    UniqueConstraintError,
    VersionConflictError,
)
from leyden.operations.overflow.layout import TRANSACTION_BYTES, TRANSACTION_LIMIT
from leyden.operations.put import Put
from leyden.operations.transactions.limits import transaction_size
from leyden.operations.transfer import ATTEMPTS, IMPORT, WRITE_LIMIT, write_items
from leyden.program import Item

_KEY_BYTES: Final = 10
"""Of each key, for telling whether a later line has it too."""

_PASSING: Final = frozenset({"conflict", "throttled"})
"""Reasons of a refusal that say nothing against the item."""

_CODES: Final = {
    "exists": ItemExistsError.code,
    "not_found": ItemNotFoundError.code,
    "condition": ConditionFailedError.code,
    "collision": KeyCollisionError.code,
    "version": VersionConflictError.code,
    "unique": UniqueConstraintError.code,
}
"""The codes that single writes have for the reasons of a refusal."""

_REFUSED: Final = "ValidationException"
"""AWS's name for a request with something in it that DynamoDB does not store."""


@frozen
class Pending:
    """An item that waits to be written, with the line that it came from."""

    line: Line
    item: Item
    foreign: bool
    write: Put | None = None


@define
class Importer:
    """Writes the lines of a file. `state` says how far it came, at every moment.

    With `rejects` bad lines go there, else the first one ends the import. `notes` keeps the
    state beside the file, where there is one. With `guard` the puts of records go in transactions,
    with their conditions and the guards of unique values.
    """

    service: Service
    reader: LineReader
    purpose: Purpose
    name: str
    bar: Bar
    tell: Callable[[str], None]
    rejects: Rejects | None = None
    notes: StateFile | None = None
    guard: bool = False
    state: ImportState = field(init=False)
    _pending: list[Pending] = field(init=False, factory=list)
    _bad: list[Line] = field(init=False, factory=list)
    _skipped: int = field(init=False, default=0)
    _seen: set[bytes] = field(init=False, factory=set)
    _digest: Any = field(init=False, factory=lambda: hashlib.blake2b(digest_size=16))
    """Over all lines so far; it tells on resuming whether the file is still the same."""
    _bytes: int = field(init=False, default=0)
    _key_fields: list[str] = field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        self.state = ImportState(self.purpose)
        definition = self.service.table_definition
        self._key_fields = [n for n in (definition.hash, definition.range) if n is not None]

    def run(self, stream: BinaryIO, *, resume: bool = False) -> None:
        """Write all lines; with `resume`, those behind the notes.

        Raises InputError for a bad line, or where the file is not the one of the notes, and
        ThrottledError where the table does not take up items.
        """
        if resume and self.notes is not None and self.notes.exists():
            self.state = self.notes.load_import(self.purpose)
        if self.rejects is not None:
            self.rejects.open(self.state.rejected_size)
        if self.notes is not None:
            self.notes.save(self.state)
        done, last = self.state.lines, 0
        for line in lines_of(stream):
            last = line.number
            if line.number <= done:
                self._remember(line)
            else:
                self._take(line)
            self._digest.update(line.content)
            self._bytes += len(line.content)
            if line.number == done:
                self._check_same_file()
            elif len(self._pending) + len(self._bad) >= WRITE_LIMIT:
                self._flush(line.number)
        if last < done:
            raise self._other_file()
        self._flush(last)
        if self.notes is not None:
            self.notes.remove()

    def _take(self, line: Line) -> None:
        if line.is_blank:
            return
        try:
            found = self.reader.read(line)
            if found.item is None:
                self._skipped += 1
                return
            self._refuse_repeated(found.item)
        except (ValueError, LeydenError) as error:
            self._refuse(line, error)
        else:
            self._pending.append(Pending(line, found.item, found.foreign, found.write))

    def _remember(self, line: Line) -> None:
        """Keep the key of a line that an earlier run dealt with."""
        try:
            found = None if line.is_blank else self.reader.read(line)
        except (ValueError, LeydenError):
            return
        if found is not None and found.item is not None:
            self._seen.add(self._key(found.item))

    def _refuse(self, line: Line, error: Exception) -> None:
        place = f"{self.name}:{line.number}: {_said(error)}"
        if self.rejects is None:
            # The lines before it are good: they are written, and noted.
            self._flush(line.number - 1)
            raise InputError(place) from error
        self.tell(place)
        self._bad.append(line)

    def _refuse_repeated(self, item: Item) -> None:
        key = self._key(item)
        if key in self._seen:
            raise InputError(
                "an earlier line has the same key, and would be overwritten (keys fold the case "
                "of letters unless told otherwise)"
            )
        self._seen.add(key)

    def _key(self, item: Item) -> bytes:
        key = repr([item[name] for name in self._key_fields])
        return hashlib.blake2b(key.encode(), digest_size=_KEY_BYTES).digest()

    def _flush(self, lines: int) -> None:
        """Write what waits, and note that all lines up to this one are dealt with."""
        failed = self._write()
        bad = [*self._bad, *(pending.line for pending in failed)]
        if self.rejects is not None:
            self.rejects.add(sorted(bad, key=lambda line: line.number))
        good = [pending for pending in self._pending if pending not in failed]
        state = self.state
        self.state = evolve(
            state,
            lines=lines,
            digest=self._digest.hexdigest(),
            written=state.written + len(good),
            foreign=state.foreign + sum(pending.foreign for pending in good),
            skipped=state.skipped + self._skipped,
            failed=state.failed + len(bad),
            rejected_size=self.rejects.size if self.rejects else 0,
        )
        self._pending, self._bad, self._skipped = [], [], 0
        if self.notes is not None:
            self.notes.save(self.state)
        self.bar.show(items=self.state.written, done=self._bytes)

    def _write(self) -> list[Pending]:
        """Write what waits; gives what could not be written, where that may be."""
        if not self.guard:
            return self._write_these(self._pending) if self._pending else []
        failed = []
        for together in self._transactions():
            failed += self._write_these(together)
        return failed

    def _transactions(self) -> Iterator[list[Pending]]:
        """What waits, in runs that DynamoDB takes as one transaction."""
        run: list[Pending] = []
        count = size = 0
        for one in self._pending:
            assert one.write is not None, "the records' reader makes writes"
            draft = one.write.draft()
            parts, own = draft.most_parts, transaction_size(draft)
            if run and (count + parts > TRANSACTION_LIMIT or size + own > TRANSACTION_BYTES):
                yield run
                run, count, size = [], 0, 0
            run.append(one)
            count += parts
            size += own
        if run:
            yield run

    def _write_these(self, pending: list[Pending]) -> list[Pending]:
        try:
            return self._send(pending)
        except TransactionCanceledError as error:
            return self._rejected(pending, error)
        except (AwsError, ItemTooLargeError) as error:
            if isinstance(error, AwsError) and error.aws_code != _REFUSED:
                raise
            if self.rejects is None:
                error.message = f"{self.name}: one of {_lines(pending)}: {error.message}"
                raise
        # One of them is refused, and takes the others with it: find out which.
        failed = []
        for one in pending:
            try:
                failed += self._send([one])
            except TransactionCanceledError as error:
                failed += self._rejected([one], error)
            except (AwsError, ItemTooLargeError) as error:
                if isinstance(error, AwsError) and error.aws_code != _REFUSED:
                    raise
                self.tell(f"{self.name}:{one.line.number}: {_said(error)}")
                failed.append(one)
        return failed

    def _rejected(self, pending: list[Pending], error: TransactionCanceledError) -> list[Pending]:
        """The lines that a transaction was refused for; the others are written without them.

        Raises InputError for the first, where there is nowhere to put them.
        """
        found = {rejection.position: rejection for rejection in error.rejections}
        final = {n: r for n, r in found.items() if r.reason not in _PASSING}
        if not final:
            raise error
        places = {n: f"{self.name}:{pending[n].line.number}: {_why(r)}" for n, r in final.items()}
        if self.rejects is None:
            first = min(final)
            raise InputError(f"{places[first]}; the {_lines(pending)} were not written") from error
        for place in places.values():
            self.tell(place)
        failed = [pending[n] for n in sorted(final)]
        rest = [one for n, one in enumerate(pending) if n not in final]
        return failed + (self._write_these(rest) if rest else [])

    def _send(self, pending: list[Pending]) -> list[Pending]:
        writes = [one.write for one in pending if one.write is not None]
        if self.guard:
            self.service.transact_write(writes).go()
            return []
        outcome = self.service.driver.run(
            write_items(self.service.table, [one.item for one in pending])
        )
        if not outcome.unprocessed:
            return []
        left = {self._key(item) for item in outcome.unprocessed}
        failed = [one for one in pending if self._key(one.item) in left]
        reason = f"not taken up by the table after {ATTEMPTS} attempts; go on when it has capacity"
        if self.rejects is None:
            raise ThrottledError(f"{self.name}: {_lines(failed)}: {reason}", operation=IMPORT)
        for one in failed:
            self.tell(f"{self.name}:{one.line.number}: {ThrottledError.code}: {reason}")
        return failed

    def _check_same_file(self) -> None:
        if self._digest.hexdigest() != self.state.digest:
            raise self._other_file()

    def _other_file(self) -> InputError:
        return InputError(
            f"{self.name} is not the file that the import began with: its first "
            f"{self.state.lines} lines differ; begin again with --restart"
        )


def notes_path(path: Path) -> Path:
    """Where the notes on a file's import are."""
    return path.with_name(path.name + ".import-state")


def _said(error: Exception) -> str:
    if isinstance(error, LeydenError):
        return f"{error.code}: {error.message}"
    return f"{InputError.code}: {error}"


def _why(rejection: Rejection) -> str:
    """What stands in the way of a line, as the code of an error and in words."""
    return f"{_CODES.get(rejection.reason, TransactionCanceledError.code)}: {rejection.why}"


def _lines(pending: list[Pending]) -> str:
    first, last = pending[0].line.number, pending[-1].line.number
    return f"line {first}" if first == last else f"the lines {first} to {last}"
