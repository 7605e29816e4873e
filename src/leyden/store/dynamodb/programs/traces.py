"""Spans of traces: one item each, listed by name or scope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import evolve, fields_dict

from leyden.operations.chains.reads import Query, Scan
from leyden.program import Program
from leyden.service.entity import Entity
from leyden.store import given
from leyden.store.dynamodb.methods import Domain, method
from leyden.store.dynamodb.programs.batching import save_all
from leyden.store.dynamodb.programs.listed import (
    Asked,
    Indexed,
    Listed,
    ends,
    from_index,
    of_all,
    within,
)
from leyden.store.interface import Given, Traces
from leyden.store.pages import TracePage
from leyden.store.places import Mark, is_time, newest_start_first
from leyden.store.records import Trace


class TraceMethods(Domain):
    """The methods of `leyden.store.interface.Traces`."""

    _interface = Traces

    @property
    def _entity(self) -> Entity:
        return self._app.entities.trace

    @method
    def batch_trace_insert(self, records: Sequence[Trace | Given]) -> Program[None]:
        """Write items in batches."""
        now = self._now()
        living = self._ttl.fields(self._entity.spec.alias, now)
        items = [{**_attributes(span, now), **living} for span in given.traces(records)]
        yield from save_all(self._app, self._entity, items, id="id", concurrency=self._concurrency)

    @method
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
    ) -> Program[TracePage]:
        """Read the spans of a name or scope as far as the page goes, or all by scanning.

        Keys have the starts as numbers of any length, which sort as text: that is the order of
        times. Starts that are no times come last, and where there are such only all tell it.
        """
        named = given.optional(given.identifier, name, "name")
        scoped = given.optional(given.identifier, scope, "scope")
        dates = given.dates(from_date, to_date)
        query = ["traces", named, scoped, ends(dates)]
        asked = Asked.of(query, page, per_page, cursor, include_total)
        created = self._entity.attr.created_at
        if named is None and scoped is None:
            found = yield from self._all(within(self._entity.scan, created, dates), asked)
        else:
            index = Indexed(
                query=within(self._query(named, scoped), created, dates),
                direction="desc",
                read=lambda record: record,
                mark=_mark,
                order=newest_start_first,
                tie=lambda record: record.start_time,
                begin=_from_start_on,
                late=lambda record: not is_time(record.start_time),
            )
            found = yield from from_index(index, asked, concurrency=self._concurrency)
        return TracePage(
            traces=tuple(map(_trace, found.entries)),
            total=found.total,
            page=asked.paging.page,
            per_page=asked.paging.per_page,
            has_more=found.has_more,
            cursor=found.cursor,
        )

    def _all(self, scan: Scan, asked: Asked) -> Program[Listed[Any]]:
        records = () if asked.is_empty else (yield from scan.program(pages="all"))
        return of_all(records, _mark, newest_start_first, asked)

    def _query(self, name: str | None, scope: str | None) -> Query:
        entity = self._entity
        if name is None:
            return entity.query.by_scope(scope=scope)
        query = entity.query.by_name(name=name)
        return query if scope is None else query.where(entity.attr.scope == scope)


def _mark(span: Any) -> Mark:
    return [span.start_time, span.id]


def _from_start_on(query: Query, mark: Mark) -> Query:
    """The query of what the index has from a place on; of all where spans without a time are left.

    Those are anywhere in the index.
    """
    start, _, *passed = mark
    return query.lte(start_time=start) if is_time(start) and not passed else query


def _attributes(span: Trace, now: datetime) -> dict[str, Any]:
    timed = evolve(span, created_at=span.created_at or now, updated_at=span.updated_at or now)
    return {
        name: value for name in fields_dict(Trace) if (value := getattr(timed, name)) is not None
    }


def _trace(stored: Any) -> Trace:
    return Trace(**{name: getattr(stored, name) for name in fields_dict(Trace)})
