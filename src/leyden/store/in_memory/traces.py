"""The traces domain, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from threading import RLock

from attrs import evolve

from leyden.store import given
from leyden.store.in_memory.domain import Domain, methods_of
from leyden.store.in_memory.pages import page_of
from leyden.store.in_memory.shelf import Shelf
from leyden.store.interface import Given
from leyden.store.matching import is_within
from leyden.store.pages import TracePage
from leyden.store.places import newest_start_first
from leyden.store.records import Trace
from leyden.store.times import Clock, known


@methods_of("traces")
class InMemoryTraces(Domain):
    """Spans of an `InMemoryStore`; see `Traces`."""

    def __init__(self, lock: RLock, clock: Clock) -> None:
        super().__init__(lock, clock)
        self._traces: Shelf[Trace] = Shelf("trace")

    def batch_trace_insert(self, records: Sequence[Trace | Given]) -> None:
        """See `Traces.batch_trace_insert`."""
        now = self._now()
        traces = {trace.id: trace for trace in given.traces(records)}
        self._traces.check(traces)
        for id, trace in traces.items():
            self._traces.put(
                id,
                evolve(
                    trace,
                    created_at=trace.created_at or now,
                    updated_at=trace.updated_at or now,
                ),
            )

    def get_traces(
        self,
        *,
        name: str | None = None,
        scope: str | None = None,
        from_date: datetime | None = None,
        to_date: datetime | None = None,
        page: int = 0,
        per_page: int | None = 100,
        cursor: str | None = None,
        include_total: bool = False,
    ) -> TracePage:
        """See `Traces.get_traces`."""
        wanted_name = given.optional(given.identifier, name, "name")
        wanted_scope = given.optional(given.identifier, scope, "scope")
        dates = given.dates(from_date, to_date)
        paging = given.paging(page, per_page, cursor)
        with_total = given.flag(include_total, "include_total")
        traces = [
            trace
            for trace in self._traces
            if wanted_name in (None, trace.name)
            and wanted_scope in (None, trace.scope)
            and is_within(known(trace.created_at), dates)
        ]
        found = page_of(
            traces,
            lambda trace: [trace.start_time, trace.id],
            newest_start_first,
            paging,
            ["traces", wanted_name, wanted_scope, repr(dates)],
            include_total=with_total,
        )
        return TracePage(
            traces=found.entries,
            total=found.total,
            page=paging.page,
            per_page=paging.per_page,
            has_more=found.has_more,
            cursor=found.cursor,
        )

    def _clear(self) -> None:
        self._traces.clear()
