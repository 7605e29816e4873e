"""Scores: one item each, listed by what they are of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final
from uuid import uuid4

from attrs import evolve, fields_dict, frozen

from leyden.operations.query import Query
from leyden.operations.request import Program
from leyden.service.entity import Entity
from leyden.store import given
from leyden.store.dynamodb.programs.base import Programs
from leyden.store.dynamodb.programs.merging import insisting
from leyden.store.dynamodb.texts import stored_text, value_of
from leyden.store.interface import Given
from leyden.store.order import id_key
from leyden.store.pages import ScorePage
from leyden.store.records import Score

_BLANK: Final = ("trace_id", "span_id", "resource_id", "thread_id")
"""What is stored as "" where it is absent, since indexes are made of it."""

_TEXTS: Final = ("input", "output")


@frozen
class ScorePrograms(Programs):
    """The methods of `leyden.store.interface.Scores`."""

    @property
    def _entity(self) -> Entity:
        return self.app.entities.score

    def save_score(self, score: Score | Given) -> Program[Score]:
        """Write one item, over what has its id."""
        checked = given.score(score)
        now = self.now()
        timed = evolve(checked, id=checked.id or str(uuid4()), created_at=now, updated_at=now)
        texts = {name: stored_text(getattr(timed, name)) for name in _TEXTS}
        living = self.ttl.fields(self._entity.spec.alias, now)
        item = {**_attributes(timed), **texts, **living}
        write = self._entity.put(**item)
        yield from insisting(lambda: write.program(response="none"))
        return evolve(timed, **{name: value_of(text) for name, text in texts.items()})

    def get_score_by_id(self, id: str) -> Program[Score | None]:
        """Read one item."""
        key = given.identifier(id, "id")
        stored = yield from self._entity.get(id=key).program(consistent=True)
        return None if stored is None else _score(stored)

    def list_scores_by_scorer_id(
        self,
        scorer_id: str,
        *,
        entity_id: str | None = None,
        entity_type: str | None = None,
        source: str | None = None,
        page: int = 0,
        per_page: int | None = 100,
    ) -> Program[ScorePage]:
        """Read the scorer's scores, those that the table lets through."""
        scorer = given.identifier(scorer_id, "scorer_id")
        query = self._entity.query.by_scorer(scorer_id=scorer)
        wanted = {
            "entity_id": given.optional(given.identifier, entity_id, "entity_id"),
            "entity_type": given.optional(given.word, entity_type, "entity_type"),
            "source": given.optional(given.source, source, "source"),
        }
        for name, value in wanted.items():
            if value is not None:
                query = query.where(self._entity.attr[name] == value)
        return (yield from _listed(query, page, per_page))

    def list_scores_by_run_id(
        self, run_id: str, *, page: int = 0, per_page: int | None = 100
    ) -> Program[ScorePage]:
        """Read the run's scores."""
        query = self._entity.query.by_run(run_id=given.identifier(run_id, "run_id"))
        return (yield from _listed(query, page, per_page))

    def list_scores_by_entity_id(
        self, entity_id: str, entity_type: str, *, page: int = 0, per_page: int | None = 100
    ) -> Program[ScorePage]:
        """Read the scores of what was scored, those of its kind."""
        kind = given.word(entity_type, "entity_type")
        query = self._entity.query.by_entity(entity_id=given.identifier(entity_id, "entity_id"))
        query = query.where(self._entity.attr.entity_type == kind)
        return (yield from _listed(query, page, per_page))

    def list_scores_by_span(
        self, trace_id: str, span_id: str, *, page: int = 0, per_page: int | None = 100
    ) -> Program[ScorePage]:
        """Read the span's scores."""
        query = self._entity.query.by_span(
            trace_id=given.identifier(trace_id, "trace_id"),
            span_id=given.identifier(span_id, "span_id"),
        )
        return (yield from _listed(query, page, per_page))


def _listed(query: Query, page: int, per_page: int | None) -> Program[ScorePage]:
    """A page of the scores that the query finds; the others are only counted."""
    paging = given.paging(page, per_page)
    end = paging.end
    total = 0
    kept: list[Any] = []
    waiting: list[Any] = []
    cursor: str | None = None
    reading = True
    while reading:
        found = yield from query.program(order="desc", cursor=cursor)
        cursor, reading = found.cursor, found.cursor is not None
        waiting += found
        # The last of them may share their time with the first of the next page.
        settled = list(_settled(waiting, reading))
        waiting = waiting[len(settled) :]
        for stored in settled:
            if paging.offset <= total and (end is None or total < end):
                kept.append(stored)
            total += 1
    return ScorePage(
        scores=tuple(map(_score, kept)),
        total=total,
        page=paging.page,
        per_page=paging.per_page,
        has_more=end is not None and end < total,
    )


def _settled(newest_first: list[Any], more_follow: bool) -> Iterator[Any]:
    """Scores in order, those of one time by id; without the last time where more may follow."""
    last = newest_first[-1].created_at if newest_first and more_follow else None
    for time, together in groupby(newest_first, key=lambda stored: stored.created_at):
        if time != last:
            yield from sorted(together, key=lambda stored: id_key(stored.id))


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
