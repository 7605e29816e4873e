"""The progress of a transfer: small JSON files beside the data, always replaced as a whole.

This module also keeps the file of an import's rejected lines, which grows in step with them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import asdict, define, field, frozen

from leyden.errors import InputError

_FORMAT: Final = 1


@frozen
class Purpose:
    """What a transfer does. Only the same transfer may continue it."""

    what: str
    table: str
    service: str
    entity: str | None
    form: str


@frozen
class ExportState:
    """The progress of an export: the valid `size` of the file, and the `position` in the table.

    `foreign` counts items written that belong to no entity, `skipped` those left out. A `position`
    of None is the beginning.
    """

    purpose: Purpose
    position: dict[str, Any] | None = None
    size: int = 0
    items: int = 0
    foreign: int = 0
    skipped: int = 0


@frozen
class ImportState:
    """The progress of an import: the number of `lines` that are done, and their `digest`."""

    purpose: Purpose
    lines: int = 0
    digest: str = ""
    written: int = 0
    foreign: int = 0
    skipped: int = 0
    failed: int = 0
    rejected_size: int = 0


def replace_whole(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON file, so that a reader finds either the old one or the new one."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(values, file, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


@frozen
class StateFile:
    """The progress file beside a data file."""

    path: Path = field(converter=Path)

    def exists(self) -> bool:
        """Return whether a transfer was interrupted."""
        return self.path.exists()

    def save(self, state: ExportState | ImportState) -> None:
        """Save the progress, so that a reader finds either the old one or the new one."""
        replace_whole(self.path, {"format": _FORMAT, **asdict(state)})

    def load_export(self, purpose: Purpose) -> ExportState:
        """Load the progress of an export. Raises InputError if it belongs to another transfer."""
        return ExportState(**self._load(purpose))

    def load_import(self, purpose: Purpose) -> ImportState:
        """Load the progress of an import. Raises InputError if it belongs to another transfer."""
        return ImportState(**self._load(purpose))

    def interrupted(self) -> str | None:
        """Describe an interrupted import; return None if there is none.

        Raises InputError if the file is damaged.
        """
        if not self.exists():
            return None
        found = self._read()
        noted = Purpose(**found["purpose"])
        form = noted.form if noted.entity is None else f'{noted.form} of "{noted.entity}"'
        return f'into the table "{noted.table}" ({form}) was interrupted at line {found["lines"]}'

    def remove(self) -> None:
        """Delete the progress file: the transfer is complete."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            if found.pop("format") != _FORMAT:
                raise ValueError
            Purpose(**found["purpose"])
            return found
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(
                f"{self.path} is damaged, so nothing says how far the transfer came; remove it "
                "and start over"
            ) from None

    def _load(self, purpose: Purpose) -> dict[str, Any]:
        found = self._read()
        noted = found.pop("purpose")
        differing = [name for name, value in asdict(purpose).items() if noted[name] != value]
        if differing:
            raise InputError(
                f"{self.path} belongs to a transfer with a different {' and '.join(differing)}; "
                "repeat its arguments, or start over"
            )
        return {**found, "purpose": purpose}


@define
class Rejects:
    """A file of rejected lines, unchanged. It does not exist until a line is rejected."""

    path: Path
    size: int = 0

    def open(self, size: int) -> None:
        """Continue after the first `size` bytes, and cut off what was never recorded."""
        self.size = size
        if self.path.exists():
            with self.path.open("r+b") as file:
                file.truncate(size)

    def add(self, lines: Iterable[bytes]) -> None:
        """Add lines, each with a line break."""
        content = b"".join(line if line.endswith(b"\n") else line + b"\n" for line in lines)
        if content:
            with self.path.open("ab") as file:
                file.write(content)
            self.size += len(content)
