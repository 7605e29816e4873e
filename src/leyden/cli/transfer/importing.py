"""Import JSON lines into a table, batch by batch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from attrs import define, evolve, field

from leyden._late import Late
from leyden.cli.output import Bar, for_the_command_line
from leyden.cli.transfer.lines import Found, Line, LineReader
from leyden.cli.transfer.state import ImportState, Purpose, Rejects, StateFile
from leyden.errors import (
    AwsError,
    ConditionFailedError,
    ConnectionFailedError,
    CredentialsError,
    InputError,
    ItemExistsError,
    ItemNotFoundError,
    ItemTooLargeError,
    KeyCollisionError,
    LeydenError,
    TableNotFoundError,
    ThrottledError,
    TransactionCanceledError,
    UniqueConstraintError,
    VersionConflictError,
)
from leyden.program import Item

if TYPE_CHECKING:
    from leyden import Service, tables
else:
    # Completion imports this module for the command's options, and should not wait for more.
    tables = Late("leyden.tables")

_KEY_BYTES: Final = 10
"""How many bytes to keep of each key's hash, to find later lines with the same key."""

_PASSING: Final = frozenset({"conflict", "throttled"})
"""Reasons for a refusal that are not the item's fault."""

_CODES: Final = {
    "exists": ItemExistsError.code,
    "not_found": ItemNotFoundError.code,
    "condition": ConditionFailedError.code,
    "collision": KeyCollisionError.code,
    "version": VersionConflictError.code,
    "unique": UniqueConstraintError.code,
}
"""The error codes that single writes use for the same reasons."""

_REFUSED: Final = "ValidationException"
"""AWS's error code for a request with a value that DynamoDB does not store."""


@define
class Importer:
    """Writes the lines of a file. `state` is the progress at any moment.

    With `rejects`, bad lines go there; otherwise the first one ends the import. `notes` keeps the
    progress beside the file. With `guard`, records are written in transactions, with their
    conditions and the guards of unique values.
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
    _pending: list[Found] = field(init=False, factory=list)
    _bad: list[Line] = field(init=False, factory=list)
    _skipped: int = field(init=False, default=0)
    _seen: set[bytes] = field(init=False, factory=set)
    _digest: Any = field(init=False, factory=lambda: hashlib.blake2b(digest_size=16))
    """The digest of all lines so far, which shows when resuming whether the file is still the same.
    """
    _bytes: int = field(init=False, default=0)
    _sent: bool = field(init=False, default=False)
    """Whether anything may have been written."""
    _key_fields: list[str] = field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        self.state = ImportState(self.purpose)
        definition = self.service.table_definition
        self._key_fields = [n for n in (definition.hash, definition.range) if n is not None]

    def run(self, lines: Iterable[Line], *, resume: bool = False) -> None:
        """Write all lines; with `resume`, those after the saved progress.

        Raises InputError for a bad line, or if the file has changed since the progress was saved.
        Raises ThrottledError if the table does not accept all items.
        """
        try:
            self._run(lines, resume=resume)
        except BaseException:
            touched = self._sent or self.state.written or self.state.failed
            if self.notes is not None and not touched:
                # Nothing was written, so the next run may differ from this one.
                self.notes.remove()
            raise

    def _run(self, lines: Iterable[Line], *, resume: bool) -> None:
        if resume and self.notes is not None and self.notes.exists():
            self.state = self.notes.load_import(self.purpose)
        if self.rejects is not None:
            self.rejects.open(self.state.rejected_size)
        if self.notes is not None:
            self.notes.save(self.state)
        done, last = self.state.lines, 0
        for line in lines:
            last = line.number
            self._take(line, known=line.number <= done)
            self._digest.update(line.content)
            self._bytes += len(line.content)
            if line.number == done:
                self._refuse_other_file(self._digest.hexdigest() != self.state.digest)
            elif len(self._pending) + len(self._bad) >= tables.WRITE_LIMIT:
                self._flush(line.number)
        self._refuse_other_file(last < done)
        self._flush(last)
        if self.notes is not None:
            self.notes.remove()

    def _refuse_other_file(self, differs: bool) -> None:
        if differs:
            raise InputError(
                f"{self.name} is not the file that the import began with: its first "
                f"{self.state.lines} lines differ; start over with --restart"
            )

    def _take(self, line: Line, *, known: bool) -> None:
        """Collect what a line has to write, or only the key of a line from an earlier run."""
        if line.is_blank:
            return
        try:
            found = self.reader.read(line)
            if found is None:
                self._skipped += not known
                return
            key = self._key(found.item)
            if key in self._seen and not known:
                raise InputError(
                    "an earlier line has the same key, so this one would overwrite its item "
                    "(keys ignore the case of letters unless the schema says otherwise)"
                )
        except (ValueError, LeydenError) as error:
            if known:
                return
            place = f"{self.name}{line.place_of(error)}: {_said(error)}"
            if self.rejects is None:
                # Write the good lines before this one, and save the progress.
                self._flush(line.number - 1)
                raise InputError(place) from error
            self.tell(place)
            self._bad.append(line)
            return
        self._seen.add(key)
        if not known:
            self._pending.append(found)

    def _key(self, item: Item) -> bytes:
        key = repr([item[name] for name in self._key_fields])
        return hashlib.blake2b(key.encode(), digest_size=_KEY_BYTES).digest()

    def _flush(self, lines: int) -> None:
        """Write what is pending, and record that all lines up to this one are done."""
        failed: list[Found] = []
        sizes = [len(self._pending)] if self._pending else []
        if self.guard:
            writes = [found.write for found in self._pending if found.write is not None]
            sizes = [len(run) for run in tables.transactions_of(writes)]
        waiting = iter(self._pending)
        for size in sizes:
            failed += self._write([*islice(waiting, size)])
        bad = [*self._bad, *(found.line for found in failed)]
        if self.rejects is not None:
            bad.sort(key=lambda line: line.number)
            self.rejects.add(line.content for line in bad)
        good = [found for found in self._pending if found not in failed]
        state = self.state
        self.state = evolve(
            state,
            lines=lines,
            digest=self._digest.hexdigest(),
            written=state.written + len(good),
            foreign=state.foreign + sum(found.foreign for found in good),
            skipped=state.skipped + self._skipped,
            failed=state.failed + len(bad),
            rejected_size=self.rejects.size if self.rejects else 0,
        )
        self._pending, self._bad, self._skipped = [], [], 0
        if self.notes is not None:
            self.notes.save(self.state)
        self.bar(self.state.written, self._bytes)

    def _write(self, pending: list[Found]) -> list[Found]:
        """Write what is pending; return the lines that could not be written, if that is allowed."""
        try:
            return self._send(pending)
        except TransactionCanceledError as error:
            return self._rejected(pending, error)
        except (AwsError, ItemTooLargeError) as error:
            if isinstance(error, AwsError) and error.aws_code != _REFUSED:
                raise
            if self.rejects is None:
                some = "" if len(pending) == 1 else "one of "
                error.message = f"{self.name}: {some}{_lines(pending)}: {error.message}"
                raise
            if len(pending) == 1:
                self.tell(f"{self.name}{pending[0].line.place}: {_said(error)}")
                return pending
        # One of them was refused, and the others with it: write them one by one to find it.
        return [failed for one in pending for failed in self._write([one])]

    def _rejected(self, pending: list[Found], error: TransactionCanceledError) -> list[Found]:
        """Write the lines of a refused transaction without those at fault, and return these.

        Raises InputError for the first line at fault if there is no file for bad lines.
        """
        final = {r.position: r for r in error.rejections if r.reason not in _PASSING}
        if not final:
            raise error
        for position, rejection in sorted(final.items()):
            code = _CODES.get(rejection.reason, TransactionCanceledError.code)
            place = f"{self.name}{pending[position].line.place}: {code}: {rejection.why}"
            if self.rejects is None:
                raise InputError(f"{place}; nothing was written of {_lines(pending)}") from error
            self.tell(place)
        failed = [pending[n] for n in sorted(final)]
        rest = [one for n, one in enumerate(pending) if n not in final]
        return failed + (self._write(rest) if rest else [])

    def _send(self, pending: list[Found]) -> list[Found]:
        before, self._sent = self._sent, True
        try:
            return self._sending(pending)
        except (TableNotFoundError, CredentialsError, ConnectionFailedError) as error:
            # These errors come before anything is written, except for an attempt without an answer.
            self._sent = before or getattr(error, "unsure", False)
            raise

    def _sending(self, pending: list[Found]) -> list[Found]:
        if self.guard:
            writes = [one.write for one in pending if one.write is not None]
            self.service.transact_write(writes).go()
            return []
        outcome = self.service.driver.run(
            tables.write_items(self.service.table, [one.item for one in pending])
        )
        if not outcome.unprocessed:
            return []
        left = {self._key(item) for item in outcome.unprocessed}
        failed = [one for one in pending if self._key(one.item) in left]
        reason = (
            f"the write was throttled; retries are used up after {tables.WRITE_ATTEMPTS} attempts"
        )
        if self.rejects is None:
            raise ThrottledError(
                f"{self.name}: {_lines(failed)}: {reason}; --resume continues when the table has "
                "capacity",
                operation=tables.IMPORT,
            )
        for one in failed:
            self.tell(f"{self.name}{one.line.place}: {ThrottledError.code}: {reason}")
        return failed


def _said(error: Exception) -> str:
    if isinstance(error, LeydenError):
        return f"{error.code}: {for_the_command_line(error.message)}"
    return f"{InputError.code}: {error}"


def _lines(pending: list[Found]) -> str:
    first, last = pending[0].line.number, pending[-1].line.number
    what = pending[0].line.what
    return f"{what} {first}" if first == last else f"{what}s {first} to {last}"
