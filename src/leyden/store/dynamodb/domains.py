"""Workflow runs, scores, spans and evaluations on a table: one item each, listed by an index."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, Final

from attrs import fields_dict

from leyden import Query, Scan
from leyden.errors import KeyCollisionError
from leyden.program import Program
from leyden.store.domains import (
    TEXTS,
    Change,
    EvalMethods,
    RunKey,
    RunListing,
    ScoreMethods,
    TraceMethods,
    WorkflowMethods,
    kind_of,
)
from leyden.store.dynamodb.messages import set_fields
from leyden.store.dynamodb.streams import Indexed, by_time, from_all, from_index, within
from leyden.store.dynamodb.writing import OnTable, insisting, merge, put_over
from leyden.store.interface import Given
from leyden.store.order import (
    Mark,
    by_name,
    is_time,
    newest_first,
    newest_start_first,
    run_mark,
    start_mark,
    time_marks,
)
from leyden.store.pages import Asked, Listed
from leyden.store.records import Eval, Score, Trace, WorkflowRun
from leyden.store.values import Span, as_it_reads, known, stored_text, value_of

_BLANK: Final = ("trace_id", "span_id", "resource_id", "thread_id")
"""Fields that are stored as "" if a score has none, because they are keys of indexes."""


def _named(kind: type[Any], stored: Any, but: str = "") -> dict[str, Any]:
    """Return the fields of a record that its item stores under the same names."""
    return {name: getattr(stored, name) for name in fields_dict(kind) if name != but}


class WorkflowSteps(OnTable, WorkflowMethods):
    """The steps of `WorkflowMethods`: each run is one item, with its state as JSON text."""

    _alias = "workflow_snapshot"

    def _save(self, run: WorkflowRun, now: datetime) -> Program[None]:
        resource = {} if run.resource_id is None else {"resource_id": run.resource_id}
        write = self._entity.upsert(
            **_attributes((run.workflow_name, run.run_id)),
            snapshot=run.snapshot,
            created_at=run.created_at,
            updated_at=run.updated_at,
            **resource,
            **self._living(self._entity, now),
        )
        yield from insisting(lambda: write.program(response="none"))

    def _get(self, key: RunKey) -> Program[WorkflowRun | None]:
        stored = yield from self._entity.get(**_attributes(key)).program(consistent=True)
        return None if stored is None else _run(stored)

    def _find(self, run_id: str) -> Program[WorkflowRun | None]:
        found = yield from self._entity.query.by_run(run_id=run_id).program(count=1)
        return _run(found[0]) if found else None

    def _change(self, key: RunKey, change: Change) -> Program[Any]:
        def changed(stored: Any) -> Mapping[str, Any] | None:
            now = self._now()
            state = change(stored, now)
            if state is None:
                return None
            times = {"created_at": now} if stored is None else {}
            return {"snapshot": state, **times, **self._living(self._entity, now)}

        return (yield from merge(self._entity, _attributes(key), changed, now=self._now))

    def _list(self, listing: RunListing) -> Program[Listed[WorkflowRun]]:
        """Read a workflow's runs as far as the page needs, or all runs; filter by status here."""
        resource = listing.resource
        owned = None if resource is None else self._entity.attr.resource_id == resource

        def meant(reading: Query | Scan) -> Any:
            mine = reading if owned is None else reading.where(owned)
            return within(mine, self._entity.attr.created_at, listing.span)

        def read(record: Any) -> WorkflowRun | None:
            return _run(record) if listing.lets_through(record) else None

        if listing.workflow is None:
            scan = meant(self._entity.scan)
            return (yield from from_all(scan, read, run_mark, by_name, listing.page))
        runs = meant(self._entity.query.primary(workflow_name=listing.workflow))
        index = Indexed(
            query=runs,
            descending=False,
            read=read,
            mark=run_mark,
            order=by_name,
            begin=lambda mark: runs.gte(run_id=mark[1]),
            tie=itemgetter(1),
            compare="keys",
        )
        told_here = listing.status is not None
        return (
            yield from from_index(
                index, listing.page, concurrency=self._concurrency, told_here=told_here
            )
        )

    def _delete(self, key: RunKey) -> Program[None]:
        deletion = self._entity.delete(**_attributes(key))
        try:
            yield from insisting(lambda: deletion.program(response="none"))
        except KeyCollisionError:
            # Another run is stored under the key, so this one does not exist.
            return


def _attributes(key: RunKey) -> dict[str, str]:
    return {"workflow_name": key[0], "run_id": key[1]}


def _run(stored: Any) -> WorkflowRun:
    return WorkflowRun(**_named(WorkflowRun, stored))


class ScoreSteps(OnTable, ScoreMethods):
    """The steps of `ScoreMethods`."""

    _alias = "score"

    def _save(self, score: Score, texts: Mapping[str, str]) -> Program[None]:
        others = ("entity", *TEXTS)
        item: dict[str, Any] = {
            **dict.fromkeys(_BLANK, ""),
            **{name: value for name, value in set_fields(score).items() if name not in others},
            "entity_data": score.entity,
            **texts,
            **self._living(self._entity, known(score.created_at)),
        }
        yield from put_over(self._entity, item, {"id": score.id})

    def _get(self, id: str) -> Program[Score | None]:
        stored = yield from self._entity.get(id=id).program(consistent=True)
        return None if stored is None else _score(stored)

    def _list(self, asked: Asked, pattern: str, of: Given, wanted: Given) -> Program[Listed[Score]]:
        query = self._entity.query[pattern](**of)
        for name, value in wanted.items():
            query = query.where(self._entity.attr[name] == value)
        index = by_time(query, _score, newest_first, compare="keys")
        return (yield from from_index(index, asked, concurrency=self._concurrency))


def _score(stored: Any) -> Score:
    """Return the score in an item."""
    named = _named(Score, stored, but="entity")
    named |= {name: named[name] or None for name in _BLANK}
    named |= {name: value_of(named[name]) for name in TEXTS}
    return Score(**named, entity=stored.entity_data)


class TraceSteps(OnTable, TraceMethods):
    """The steps of `TraceMethods`."""

    _alias = "trace"

    def _save(self, spans: Mapping[str, Trace], now: datetime) -> Program[None]:
        living = self._living(self._entity, now)
        items = {id: {**set_fields(span), **living} for id, span in spans.items()}
        yield from self._save_all(self._entity, items, id="id", what="spans")

    def _list(
        self, asked: Asked, name: str | None, scope: str | None, span: Span
    ) -> Program[Listed[Trace]]:
        """Read the spans of a name or scope as far as the page needs, or scan for all of them.

        Keys hold the starts as numbers of any length, which sort as text; for times, that is the
        order of time. Starts that are not times must come last, wherever the index has them, so
        a page that reaches them takes reading the whole index.
        """
        entity = self._entity
        if name is not None:
            reading: Any = entity.query.by_name(name=name)
            if scope is not None:
                reading = reading.where(entity.attr.scope == scope)
        else:
            reading = entity.scan if scope is None else entity.query.by_scope(scope=scope)
        spans: Any = within(reading, entity.attr.created_at, span)
        if name is None and scope is None:
            return (yield from from_all(spans, _trace, start_mark, newest_start_first, asked))

        def begin(mark: Mark) -> Query:
            # Spans whose start is not a time may be anywhere in the index. If some are left to
            # return, the whole index is read.
            start, _, *passed = mark
            query: Query = spans.lte(start_time=start) if is_time(start) and not passed else spans
            return query

        index = Indexed(
            query=spans,
            descending=True,
            read=_trace,
            mark=start_mark,
            order=newest_start_first,
            begin=begin,
            late=lambda one: not is_time(one.start_time),
            compare="keys",
        )
        return (yield from from_index(index, asked, concurrency=self._concurrency))


def _trace(stored: Any) -> Trace:
    return Trace(**_named(Trace, stored))


class EvalSteps(OnTable, EvalMethods):
    """The steps of `EvalMethods`."""

    _alias = "eval"

    def _save(self, evals: Mapping[str, Eval], now: datetime) -> Program[None]:
        living = self._living(self._entity, now)
        items = {
            id: {
                **set_fields(one),
                **{name: stored_text(getattr(one, name)) for name in TEXTS},
                "stored_at": now,
                "updated_at": now,
                **living,
            }
            for id, one in evals.items()
        }
        yield from self._save_all(self._entity, items, id="run_id", what="evaluations")

    def _list(
        self, asked: Asked, agent: str | None, kind: str | None, span: Span
    ) -> Program[Listed[Eval]]:
        """Read an agent's evaluations as far as the page needs, or all; filter by kind here."""
        at = self._entity.attr.created_at

        def read(record: Any) -> Eval | None:
            return _eval(record) if kind in (None, kind_of(record.test_info)) else None

        if agent is None:
            scan = within(self._entity.scan, at, span)
            return (yield from from_all(scan, read, time_marks("run_id"), newest_first, asked))
        query = within(self._entity.query.by_agent(agent_name=agent), at, span)
        return (
            yield from from_index(
                by_time(query, read, newest_first, id="run_id", compare="keys"),
                asked,
                concurrency=self._concurrency,
                told_here=kind is not None,
            )
        )


def _eval(stored: Any) -> Eval:
    named = _named(Eval, stored)
    return Eval(**{**named, **{name: as_it_reads(named[name]) for name in TEXTS}})
