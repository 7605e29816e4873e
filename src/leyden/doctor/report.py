"""The result of a check-up: findings and measures, as an object, as JSON, and as a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leyden._attrs import field, frozen
from leyden.doctor.findings import FAULT, NOTE, WARNING, Finding, plain_finding
from leyden.doctor.measures import IndexMeasure, Partition, Tally


@frozen
class Report:
    """The health of a table.

    `findings` are sorted, the gravest first. `complete` says whether all items were read rather
    than a sample. `read` counts these items, and `entities` counts them by alias (with `guards`,
    `parts` and the names that foreign items carry). `items` and `bytes` are what DescribeTable
    reports for the whole table, up to six hours old; None if that call was not possible. `by_items`
    and `by_bytes` are the largest partitions of the table, and each of the `indexes` has its own.
    `calls` has the outcome of each API call: `ok`, `refused` or `unknown`. `consumed` is in
    capacity units.
    """

    table: str
    service: str
    complete: bool
    findings: tuple[Finding, ...]
    read: Tally
    entities: Mapping[str, Tally]
    indexes: tuple[IndexMeasure, ...]
    by_items: tuple[Partition, ...]
    by_bytes: tuple[Partition, ...]
    calls: Mapping[str, str]
    consumed: float
    items: int | None = None
    bytes: int | None = None
    billing: str | None = field(default=None)

    @property
    def is_healthy(self) -> bool:
        """Whether there is no fault. Warnings and notes do not count."""
        return not self.faults

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings that are wrong."""
        return self._of(FAULT)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that may be intended, or that do no harm for now."""
        return self._of(WARNING)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """The findings that are good to know."""
        return self._of(NOTE)

    def _of(self, severity: str) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.severity == severity)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON; bytes in keys are base64 text.

        >>> app.doctor().to_dict()["healthy"]                            # doctest: +SKIP
        True
        """
        return {
            "table": self.table,
            "service": self.service,
            "healthy": self.is_healthy,
            "complete": self.complete,
            "findings": [plain_finding(one) for one in self.findings],
            "read": plain_tally(self.read),
            "items": self.items,
            "bytes": self.bytes,
            "billing": self.billing,
            "entities": {name: plain_tally(tally) for name, tally in self.entities.items()},
            "indexes": [
                {
                    "index": index.name,
                    "entries": plain_tally(index.entries),
                    "stored": index.stored,
                    "write_units": round(index.unit_share, 3),
                    "items": index.items,
                    "bytes": index.bytes,
                    "by_items": [_plain_partition(one) for one in index.by_items],
                    "by_bytes": [_plain_partition(one) for one in index.by_bytes],
                }
                for index in self.indexes
            ],
            "partitions": {
                "by_items": [_plain_partition(one) for one in self.by_items],
                "by_bytes": [_plain_partition(one) for one in self.by_bytes],
            },
            "calls": dict(self.calls),
            "consumed": self.consumed,
        }

    def to_html(self) -> str:
        """Return the report as one HTML page with charts, which needs no other files.

        >>> Path("table.html").write_text(app.doctor(full=True).to_html())   # doctest: +SKIP
        """
        # Most check-ups end without a page.
        from leyden.doctor.page import page

        return page(self.to_dict())


def plain_tally(tally: Tally) -> dict[str, int]:
    """Return a tally as JSON."""
    return {"items": tally.items, "bytes": tally.bytes, "largest": tally.largest}


def _plain_partition(partition: Partition) -> dict[str, Any]:
    return {
        "key": partition.key,
        "items": partition.items,
        "bytes": partition.bytes,
        "spare": partition.spare,
    }
