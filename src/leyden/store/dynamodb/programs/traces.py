"""Spans of traces: one item each, listed by name or scope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import evolve, fields_dict, frozen

from leyden.operations.query import Query
from leyden.operations.request import Program
from leyden.operations.scan import Scan
from leyden.service.entity import Entity
from leyden.store import given
from leyden.store.dynamodb.programs.base import Programs
from leyden.store.dynamodb.programs.batching import save_all
from leyden.store.dynamodb.programs.listed import page_of, within
from leyden.store.interface import Given
from leyden.store.order import id_key
from leyden.store.pages import TracePage
from leyden.store.records import Trace


@frozen
class TracePrograms(Programs):
    """The methods of `leyden.store.interface.Traces`."""

    @property
    def _entity(self) -> Entity:
        return self.app.entities.trace

    def batch_trace_insert(self, records: Sequence[Trace | Given]) -> Program[None]:
        """Write items in batches."""
        now = self.now()
        living = self.ttl.fields(self._entity.spec.alias, now)
        items = [{**_attributes(span, now), **living} for span in given.traces(records)]
        yield from save_all(self._entity, items, id="id", concurrency=self.concurrency)

    def get_traces(
        self,
        *,
        name: str | None = None,
        scope: str | None = None,
        from_date: datetime | None = None,
        to_date: datetime | None = None,
        page: int = 0,
        per_page: int | None = 100,
    ) -> Program[TracePage]:
        """Read all spans that the table lets through, and sort them here.

        Keys have the times of start as numbers of any length, which sort as text.
        """
        paging = given.paging(page, per_page)
        reading = self._reading(
            given.optional(given.identifier, name, "name"),
            given.optional(given.identifier, scope, "scope"),
        )
        dates = given.dates(from_date, to_date)
        reading = within(reading, self._entity.attr.created_at, dates)
        found = yield from reading.program(pages="all")
        spans = sorted(found, key=lambda span: (-span.start_time, id_key(span.id)))
        shown, has_more = page_of(spans, paging)
        return TracePage(
            traces=tuple(map(_trace, shown)),
            total=len(spans),
            page=paging.page,
            per_page=paging.per_page,
            has_more=has_more,
        )

    def _reading(self, name: str | None, scope: str | None) -> Query | Scan:
        entity = self._entity
        if name is None:
            return entity.scan if scope is None else entity.query.by_scope(scope=scope)
        query = entity.query.by_name(name=name)
        return query if scope is None else query.where(entity.attr.scope == scope)


def _attributes(span: Trace, now: datetime) -> dict[str, Any]:
    timed = evolve(span, created_at=span.created_at or now, updated_at=span.updated_at or now)
    return {
        name: value for name in fields_dict(Trace) if (value := getattr(timed, name)) is not None
    }


def _trace(stored: Any) -> Trace:
    return Trace(**{name: getattr(stored, name) for name in fields_dict(Trace)})
