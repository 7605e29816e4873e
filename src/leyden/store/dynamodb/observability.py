"""Scores, spans of traces and evaluations: one item each, listed by what they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import uuid4

from attrs import evolve, fields_dict

from leyden import Entity
from leyden.operations.chains.reads import Query
from leyden.program import Program
from leyden.store import checks, given
from leyden.store.dynamodb.methods import Domain, method
from leyden.store.dynamodb.streams import Indexed, from_all, from_index, newest, within
from leyden.store.dynamodb.writing import put_over, save_all
from leyden.store.interface import Evals, Given, Scores, Traces
from leyden.store.order import Mark, is_time, newest_first, newest_start_first, time_mark
from leyden.store.pages import Asked, ends
from leyden.store.records import (
    DateRange,
    Eval,
    EvalPage,
    Score,
    ScorePage,
    Trace,
    TracePage,
)
from leyden.store.values import as_it_reads, kind_of, stored_text, value_of

_BLANK: Final = ("trace_id", "span_id", "resource_id", "thread_id")
"""What is stored as "" where a score has none, since indexes are made of it."""

_TEXTS: Final = ("input", "output")
_KINDS: Final = ("test", "live")


class ScoreMethods(Domain):
    """The methods of `leyden.store.interface.Scores`."""

    _interface = Scores

    @property
    def _entity(self) -> Entity:
        return self._app.entities.score

    @method
    def save_score(self, score: Score | Given) -> Program[Score]:
        """Write one item, over what has its id."""
        checked = given.score(score)
        now = self._now()
        timed = evolve(checked, id=checked.id or str(uuid4()), created_at=now, updated_at=now)
        texts = {name: stored_text(getattr(timed, name)) for name in _TEXTS}
        living = self._ttl.fields(self._entity.spec.alias, now)
        item = {**_score_values(timed), **texts, **living}
        yield from put_over(self._entity, item, {"id": timed.id})
        return evolve(timed, **{name: value_of(text) for name, text in texts.items()})

    @method
    def get_score_by_id(self, id: str) -> Program[Score | None]:
        """Read one item."""
        key = checks.identifier(id, "id")
        stored = yield from self._entity.get(id=key).program(consistent=True)
        return None if stored is None else _score(stored)

    @method
    def list_scores_by_scorer_id(
        self,
        scorer_id: str,
        *,
        entity_id: str | None = None,
        entity_type: str | None = None,
        source: str | None = None,
        filters: Mapping[str, str | None] | None = None,
        page: int = 0,
        per_page: int | None = 100,
        cursor: str | None = None,
        include_total: bool = False,
    ) -> Program[ScorePage]:
        """Read the scorer's scores, those that the table lets through."""
        of = {"scorer_id": checks.identifier(scorer_id, "scorer_id")}
        wanted = {
            "entity_id": checks.optional(checks.identifier, entity_id, "entity_id"),
            "entity_type": checks.optional(checks.word, entity_type, "entity_type"),
            "source": checks.optional(checks.source, source, "source"),
            **checks.tenancy(filters),
        }
        paging = (page, per_page, cursor, include_total)
        return (yield from self._listed(self._entity.query.by_scorer(**of), of, wanted, paging))

    @method
    def list_scores_by_run_id(
        self,
        run_id: str,
        *,
        filters: Mapping[str, str | None] | None = None,
        page: int = 0,
        per_page: int | None = 100,
        cursor: str | None = None,
        include_total: bool = False,
    ) -> Program[ScorePage]:
        """Read the run's scores."""
        of = {"run_id": checks.identifier(run_id, "run_id")}
        paging = (page, per_page, cursor, include_total)
        wanted = checks.tenancy(filters)
        return (yield from self._listed(self._entity.query.by_run(**of), of, wanted, paging))

    @method
    def list_scores_by_entity_id(
        self,
        entity_id: str,
        entity_type: str,
        *,
        filters: Mapping[str, str | None] | None = None,
        page: int = 0,
        per_page: int | None = 100,
        cursor: str | None = None,
        include_total: bool = False,
    ) -> Program[ScorePage]:
        """Read the scores of what was scored, those of its kind."""
        kind = checks.word(entity_type, "entity_type")
        of = {"entity_id": checks.identifier(entity_id, "entity_id")}
        paging = (page, per_page, cursor, include_total)
        wanted = {"entity_type": kind, **checks.tenancy(filters)}
        return (yield from self._listed(self._entity.query.by_entity(**of), of, wanted, paging))

    @method
    def list_scores_by_span(
        self,
        trace_id: str,
        span_id: str,
        *,
        filters: Mapping[str, str | None] | None = None,
        page: int = 0,
        per_page: int | None = 100,
        cursor: str | None = None,
        include_total: bool = False,
    ) -> Program[ScorePage]:
        """Read the span's scores."""
        of = {
            "trace_id": checks.identifier(trace_id, "trace_id"),
            "span_id": checks.identifier(span_id, "span_id"),
        }
        paging = (page, per_page, cursor, include_total)
        wanted = checks.tenancy(filters)
        return (yield from self._listed(self._entity.query.by_span(**of), of, wanted, paging))

    def _listed(
        self, query: Query, of: Given, wanted: Given, paging: tuple[Any, Any, Any, Any]
    ) -> Program[ScorePage]:
        """A page of the scores that the query finds, as far as they are wanted."""
        asked = Asked.of(["scores", of, wanted], *paging)
        for name, value in wanted.items():
            if value is not None:
                query = query.where(self._entity.attr[name] == value)
        index = newest(query, _itself, "id")
        found = yield from from_index(index, asked, concurrency=self._concurrency)
        return found.page(ScorePage, scores=tuple(map(_score, found.entries)))


def _score_values(score: Score) -> dict[str, Any]:
    """The attributes of a score's item, but for the texts."""
    named = {
        name: value
        for name in fields_dict(Score)
        if (value := getattr(score, name)) is not None and name not in ("entity", *_TEXTS)
    }
    return {**dict.fromkeys(_BLANK, ""), **named, "entity_data": score.entity}


def _score(stored: Any) -> Score:
    """The score in an item."""
    named: dict[str, Any] = {
        name: getattr(stored, name) for name in fields_dict(Score) if name != "entity"
    }
    named |= {name: named[name] or None for name in _BLANK}
    named |= {name: value_of(named[name]) for name in _TEXTS}
    return Score(**named, entity=stored.entity_data)


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
        items = {span.id: {**_span_values(span, now), **living} for span in given.traces(records)}
        yield from save_all(
            self._app,
            self._entity,
            items,
            id="id",
            what="spans",
            concurrency=self._concurrency,
        )

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
        named = checks.optional(checks.identifier, name, "name")
        scoped = checks.optional(checks.identifier, scope, "scope")
        dates = checks.dates(from_date, to_date)
        query = ["traces", named, scoped, ends(dates)]
        asked = Asked.of(query, page, per_page, cursor, include_total)
        created = self._entity.attr.created_at
        if named is None and scoped is None:
            scan = within(self._entity.scan, created, dates)
            found = yield from from_all(scan, _itself, _start_mark, newest_start_first, asked)
        else:
            spans: Query = within(self._query(named, scoped), created, dates)

            def begin(mark: Mark) -> Query:
                # Spans whose start is no time are anywhere in the index: where such are left, all
                # of it is read.
                start, _, *passed = mark
                return spans.lte(start_time=start) if is_time(start) and not passed else spans

            index = Indexed(
                query=spans,
                descending=True,
                read=_itself,
                mark=_start_mark,
                order=newest_start_first,
                begin=begin,
                late=lambda record: not is_time(record.start_time),
                compare="keys",
            )
            found = yield from from_index(index, asked, concurrency=self._concurrency)
        return found.page(TracePage, traces=tuple(map(_trace, found.entries)))

    def _query(self, name: str | None, scope: str | None) -> Query:
        entity = self._entity
        if name is None:
            return entity.query.by_scope(scope=scope)
        query = entity.query.by_name(name=name)
        return query if scope is None else query.where(entity.attr.scope == scope)


def _start_mark(span: Any) -> Mark:
    return [span.start_time, span.id]


def _span_values(span: Trace, now: datetime) -> dict[str, Any]:
    timed = evolve(span, created_at=span.created_at or now, updated_at=span.updated_at or now)
    return {
        name: value for name in fields_dict(Trace) if (value := getattr(timed, name)) is not None
    }


def _trace(stored: Any) -> Trace:
    return Trace(**{name: getattr(stored, name) for name in fields_dict(Trace)})


class EvalMethods(Domain):
    """The methods of `leyden.store.interface.Evals`."""

    _interface = Evals

    @property
    def _entity(self) -> Entity:
        return self._app.entities.eval

    @method
    def insert_evals(self, records: Sequence[Eval | Given]) -> Program[None]:
        """Write items in batches."""
        now = self._now()
        living = self._ttl.fields(self._entity.spec.alias, now)
        items = {one.run_id: {**_eval_values(one, now), **living} for one in given.evals(records)}
        yield from save_all(
            self._app,
            self._entity,
            items,
            id="run_id",
            what="evaluations",
            concurrency=self._concurrency,
        )

    @method
    def get_evals(
        self,
        *,
        agent_name: str | None = None,
        type: Literal["test", "live"] | None = None,
        from_date: datetime | None = None,
        to_date: datetime | None = None,
        page: int = 0,
        per_page: int | None = 100,
        cursor: str | None = None,
        include_total: bool = False,
    ) -> Program[EvalPage]:
        """Read an agent's as far as the page goes, or all; look at their tests here."""
        agent = checks.optional(checks.identifier, agent_name, "agent_name")
        dates = checks.dates(from_date, to_date)
        paging = (page, per_page, cursor, include_total)
        return (yield from self._evals(agent, type, dates, paging))

    @method
    def get_evals_by_agent_name(
        self, agent_name: str, *, type: Literal["test", "live"] | None = None
    ) -> Program[list[Eval]]:
        """Read all of an agent's."""
        agent = checks.identifier(agent_name, "agent_name")
        found = yield from self._evals(agent, type, DateRange(), (0, None, None, False))
        return list(found.evals)

    def _evals(
        self, agent: str | None, type: Any, dates: DateRange, paging: tuple[Any, Any, Any, Any]
    ) -> Program[EvalPage]:
        kind = None if type is None else checks.choice(type, "type", _KINDS)
        query = ["evals", agent, kind, ends(dates)]
        asked = Asked.of(query, *paging)
        created = self._entity.attr.created_at

        def read(record: Any) -> Any:
            return record if kind in (None, kind_of(record.test_info)) else None

        if agent is None:
            scan = within(self._entity.scan, created, dates)
            found = yield from from_all(scan, read, _eval_mark, newest_first, asked)
        else:
            query = within(self._entity.query.by_agent(agent_name=agent), created, dates)
            found = yield from from_index(
                newest(query, read, "run_id"),
                asked,
                concurrency=self._concurrency,
                told_here=kind is not None,
            )
        return found.page(EvalPage, evals=tuple(map(_eval, found.entries)))


def _eval_values(record: Eval, now: datetime) -> dict[str, Any]:
    timed = evolve(record, created_at=record.created_at or now)
    attributes = {
        name: value for name in fields_dict(Eval) if (value := getattr(timed, name)) is not None
    }
    texts = {name: stored_text(getattr(record, name)) for name in _TEXTS}
    return {**attributes, **texts, "stored_at": now, "updated_at": now}


def _eval_mark(stored: Any) -> Mark:
    return time_mark(stored.created_at, stored.run_id)


def _eval(stored: Any) -> Eval:
    named = {name: getattr(stored, name) for name in fields_dict(Eval)}
    return Eval(**{**named, **{name: as_it_reads(named[name]) for name in _TEXTS}})


def _itself(record: Any) -> Any:
    return record
