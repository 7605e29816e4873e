"""Scores: one item each, listed by what they are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from attrs import evolve, fields_dict

from leyden.operations.chains.reads import Query
from leyden.program import Program
from leyden.service.entity import Entity
from leyden.store import given
from leyden.store.dynamodb.methods import Domain, method
from leyden.store.dynamodb.programs.carrying import put_over
from leyden.store.dynamodb.programs.listed import Asked, Indexed, from_index, from_time_on
from leyden.store.dynamodb.texts import stored_text, value_of
from leyden.store.interface import Given, Scores
from leyden.store.pages import ScorePage
from leyden.store.places import newest_first, time_mark
from leyden.store.records import Score

_BLANK: Final = ("trace_id", "span_id", "resource_id", "thread_id")
"""What is stored as "" where it is absent, since indexes are made of it."""

_TEXTS: Final = ("input", "output")


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
        item = {**_attributes(timed), **texts, **living}
        yield from put_over(self._entity, item, {"id": timed.id})
        return evolve(timed, **{name: value_of(text) for name, text in texts.items()})

    @method
    def get_score_by_id(self, id: str) -> Program[Score | None]:
        """Read one item."""
        key = given.identifier(id, "id")
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
        of = {"scorer_id": given.identifier(scorer_id, "scorer_id")}
        wanted = {
            "entity_id": given.optional(given.identifier, entity_id, "entity_id"),
            "entity_type": given.optional(given.word, entity_type, "entity_type"),
            "source": given.optional(given.source, source, "source"),
            **given.tenancy(filters),
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
        of = {"run_id": given.identifier(run_id, "run_id")}
        paging = (page, per_page, cursor, include_total)
        wanted = given.tenancy(filters)
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
        kind = given.word(entity_type, "entity_type")
        of = {"entity_id": given.identifier(entity_id, "entity_id")}
        paging = (page, per_page, cursor, include_total)
        wanted = {"entity_type": kind, **given.tenancy(filters)}
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
            "trace_id": given.identifier(trace_id, "trace_id"),
            "span_id": given.identifier(span_id, "span_id"),
        }
        paging = (page, per_page, cursor, include_total)
        wanted = given.tenancy(filters)
        return (yield from self._listed(self._entity.query.by_span(**of), of, wanted, paging))

    def _listed(
        self, query: Query, of: Given, wanted: Given, paging: tuple[Any, Any, Any, Any]
    ) -> Program[ScorePage]:
        """A page of the scores that the query finds, as far as they are wanted."""
        asked = Asked.of(["scores", of, wanted], *paging)
        for name, value in wanted.items():
            if value is not None:
                query = query.where(self._entity.attr[name] == value)
        index = Indexed(
            query=query,
            direction="desc",
            read=lambda record: record,
            mark=lambda record: time_mark(record.created_at, record.id),
            order=newest_first,
            tie=lambda record: record.created_at,
            begin=from_time_on,
        )
        found = yield from from_index(index, asked, concurrency=self._concurrency)
        return ScorePage(
            scores=tuple(map(_score, found.entries)),
            total=found.total,
            page=asked.paging.page,
            per_page=asked.paging.per_page,
            has_more=found.has_more,
            cursor=found.cursor,
        )


def _attributes(score: Score) -> dict[str, Any]:
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
