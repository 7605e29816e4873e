"""The scores domain, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from threading import RLock
from uuid import uuid4

from attrs import evolve

from leyden.store import given
from leyden.store.in_memory.domain import Domain, methods_of
from leyden.store.in_memory.pages import page_of
from leyden.store.in_memory.shelf import Shelf
from leyden.store.interface import Given
from leyden.store.pages import ScorePage
from leyden.store.places import newest_first, time_mark
from leyden.store.records import JSON, Score
from leyden.store.texts import as_it_reads
from leyden.store.times import Clock, known


@methods_of("scores")
class InMemoryScores(Domain):
    """Scores of an `InMemoryStore`; see `Scores`."""

    def __init__(self, lock: RLock, clock: Clock) -> None:
        super().__init__(lock, clock)
        self._scores: Shelf[Score] = Shelf("score")

    def save_score(self, score: Score | Given) -> Score:
        """See `Scores.save_score`."""
        new, now = given.score(score), self._now()
        id = new.id or str(uuid4())
        saved = evolve(
            new,
            id=id,
            input=_read(new.input),
            output=_read(new.output),
            created_at=now,
            updated_at=now,
        )
        self._scores.put(id, saved)
        return saved

    def get_score_by_id(self, id: str) -> Score | None:
        """See `Scores.get_score_by_id`."""
        return self._scores.get(given.identifier(id, "id"))

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
    ) -> ScorePage:
        """See `Scores.list_scores_by_scorer_id`."""
        wanted = {
            "scorer_id": given.identifier(scorer_id, "scorer_id"),
            "entity_id": given.optional(given.identifier, entity_id, "entity_id"),
            "entity_type": given.optional(given.word, entity_type, "entity_type"),
            "source": given.optional(given.source, source, "source"),
        }
        return self._page(wanted, filters, (page, per_page, cursor), include_total)

    def list_scores_by_run_id(
        self,
        run_id: str,
        *,
        filters: Mapping[str, str | None] | None = None,
        page: int = 0,
        per_page: int | None = 100,
        cursor: str | None = None,
        include_total: bool = False,
    ) -> ScorePage:
        """See `Scores.list_scores_by_run_id`."""
        wanted = {"run_id": given.identifier(run_id, "run_id")}
        return self._page(wanted, filters, (page, per_page, cursor), include_total)

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
    ) -> ScorePage:
        """See `Scores.list_scores_by_entity_id`."""
        kind = given.word(entity_type, "entity_type")
        wanted = {"entity_id": given.identifier(entity_id, "entity_id"), "entity_type": kind}
        return self._page(wanted, filters, (page, per_page, cursor), include_total)

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
    ) -> ScorePage:
        """See `Scores.list_scores_by_span`."""
        wanted = {
            "trace_id": given.identifier(trace_id, "trace_id"),
            "span_id": given.identifier(span_id, "span_id"),
        }
        return self._page(wanted, filters, (page, per_page, cursor), include_total)

    def _page(
        self,
        wanted: Mapping[str, str | None],
        filters: Mapping[str, str | None] | None,
        paging: tuple[int, int | None, str | None],
        include_total: bool,
    ) -> ScorePage:
        asked = {**wanted, **given.tenancy(filters)}
        which = given.paging(*paging)
        found = page_of(
            [
                score
                for score in self._scores
                if all(value in (None, getattr(score, name)) for name, value in asked.items())
            ],
            lambda score: time_mark(known(score.created_at), known(score.id)),
            newest_first,
            which,
            ["scores", asked],
            include_total=given.flag(include_total, "include_total"),
        )
        return ScorePage(
            scores=found.entries,
            total=found.total,
            page=which.page,
            per_page=which.per_page,
            has_more=found.has_more,
            cursor=found.cursor,
        )

    def _clear(self) -> None:
        self._scores.clear()


def _read(value: JSON) -> JSON:
    read = as_it_reads(value)
    return None if read == "null" else read
