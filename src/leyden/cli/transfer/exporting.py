"""Export a table to JSON lines, page by page."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from attrs import define, evolve, field, frozen

from leyden._late import Late
from leyden.cli.output import Bar
from leyden.cli.transfer.lines import goes_along, item_from_json, item_to_json, record_line
from leyden.cli.transfer.state import ExportState, Purpose, StateFile
from leyden.cli.values import plain_record, survives_json
from leyden.errors import DecodeError, InputError
from leyden.program import Item
from leyden.results import add_units

if TYPE_CHECKING:
    from leyden import Entity, Service, tables
else:
    # Completion imports this module for the command's options, and should not wait for more.
    tables = Late("leyden.tables")


@frozen
class Plan:
    """What to export: everything, or only an `entity`. `page_size` is in items."""

    service: Service
    entity: Entity | None
    records: bool
    page_size: int | None
    consistent: bool
    collects: bool = False
    """Whether to continue past items that cannot be read as records."""

    @property
    def purpose(self) -> Purpose:
        """What the saved progress says the export is for."""
        return Purpose(
            "export",
            self.service.table,
            self.service.name,
            self.entity.name if self.entity else None,
            "records" if self.records else "raw",
        )


@define
class Cost:
    """The cost of this run. `reshaped` counts records that JSON cannot restore exactly."""

    requests: int = 0
    consumed: float | None = None
    reshaped: int = 0
    unreadable: list[DecodeError] = field(factory=list)


@define
class Exporter:
    """Runs a plan. `state` is the progress at any moment."""

    plan: Plan
    bar: Bar
    state: ExportState = field(init=False)
    cost: Cost = field(factory=Cost)

    def __attrs_post_init__(self) -> None:
        self.state = ExportState(self.plan.purpose)

    def to_stream(self, out: BinaryIO, notes: StateFile | None = None) -> None:
        """Write all lines to a stream.

        Without `notes`, an interruption ends the export. With them, the progress is saved after
        each page that is safely in the file.
        """
        plan = self.plan
        position = None if self.state.position is None else item_from_json(self.state.position)
        while True:
            program = tables.read_items(
                plan.service.table,
                position=position,
                limit=plan.page_size,
                consistent=plan.consistent,
            )
            page = plan.service.driver.run(program)
            self.cost.requests += 1
            self.cost.consumed = add_units(self.cost.consumed, page.consumed)
            lines, state = self._lines(page)
            out.write(lines)
            out.flush()
            position = page.position
            if notes is not None:
                os.fsync(out.fileno())
                if position is not None:
                    notes.save(state)
            self.state = state
            self.bar(state.items, state.size)
            if position is None:
                return

    def to_file(self, path: Path, *, resume: bool, overwrite: bool) -> None:
        """Write all lines to a file, and keep the progress beside it until the file is complete.

        Raises InputError if the file already exists, or if there is no export to continue.
        """
        notes = StateFile(path.with_name(path.name + ".state"))
        if resume and notes.exists():
            self.state = notes.load_export(self.plan.purpose)
            if not path.exists() or path.stat().st_size < self.state.size:
                raise InputError(
                    f"{path} is shorter than the {self.state.size:,} bytes that were exported, so "
                    "it was changed or moved; start over with --overwrite"
                )
        elif notes.exists() and not overwrite:
            raise InputError(
                f"an export to {path} was interrupted; --resume continues it, --overwrite starts "
                "over"
            )
        elif path.exists() and not overwrite:
            why = f"no export to {path} was interrupted, so the file is complete"
            said = why if resume else f"{path} already exists"
            raise InputError(f"{said}; --overwrite replaces it")
        else:
            path.write_bytes(b"")
            notes.save(self.state)
        with path.open("r+b") as out:
            # Cut off what an incomplete page has written after the last save.
            out.truncate(self.state.size)
            out.seek(self.state.size)
            self.to_stream(out, notes)
        notes.remove()

    def _lines(self, page: tables.ItemsPage) -> tuple[bytes, ExportState]:
        """Return the lines of a page, and the progress once they are written."""
        plan = self.plan
        lines: list[str] = []
        foreign = skipped = 0
        for item in page.items:
            try:
                owner: Entity | None = plan.service.entity_of(item)
            except DecodeError:
                owner = None
            along = owner is None and goes_along(item, plan.service, plan.entity)
            if owner is None:
                wanted = not plan.records and (plan.entity is None or along)
            else:
                wanted = plan.entity is None or owner.name == plan.entity.name
            if not wanted:
                # A record includes its large values, so their parts are not lines of their own;
                # neither are guards.
                skipped += not (along and plan.records)
            elif plan.records and owner is not None:
                lines += self._record(owner, item)
            else:
                foreign += owner is None and not along
                raw = item_to_json(item)
                lines.append(json.dumps(raw, ensure_ascii=False, separators=(",", ":")))
        written = "".join(f"{line}\n" for line in lines).encode()
        state = self.state
        return written, evolve(
            state,
            position=None if page.position is None else item_to_json(page.position),
            size=state.size + len(written),
            items=state.items + len(lines),
            foreign=state.foreign + foreign,
            skipped=state.skipped + skipped,
        )

    def _record(self, owner: Entity, item: Item) -> list[str]:
        """Return the line of a record; none if it is unreadable and such records are collected."""
        try:
            record = owner.parse(item, deferred=True)
        except DecodeError as error:
            error.message += "; --raw exports items as they are"
            if not self.plan.collects:
                raise
            self.cost.unreadable.append(error)
            return []
        self.cost.reshaped += not all(
            survives_json(owner.spec.attributes[name], getattr(record, slot, None))
            for name, slot in owner.mapping.slots.items()
        )
        return [record_line(owner, plain_record(owner, record))]
