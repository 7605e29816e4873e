"""The scores domain, in memory."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from uuid import uuid4

from attrs import evolve

from leyden.store import given
from leyden.store.in_memory.domain import Domain, methods_of
from leyden.store.in_memory.pages import page_of
from leyden.store.in_memory.shelf import Shelf
from leyden.store.interface import Given
from leyden.store.order import Place, place
from leyden.store.pages import ScorePage
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
        page: int = 0,
        per_page: int | None = 100,
    ) -> ScorePage:
        """See `Scores.list_scores_by_scorer_id`."""
        scorer = given.identifier(scorer_id, "scorer_id")
        entity = given.optional(given.identifier, entity_id, "entity_id")
        kind = given.optional(given.word, entity_type, "entity_type")
        where_from = given.optional(given.source, source, "source")
        return self._page(
            lambda score: (
                score.scorer_id == scorer
                and entity in (None, score.entity_id)
                and kind in (None, score.entity_type)
                and where_from in (None, score.source)
            ),
            page,
            per_page,
        )

    def list_scores_by_run_id(
        self, run_id: str, *, page: int = 0, per_page: int | None = 100
    ) -> ScorePage:
        """See `Scores.list_scores_by_run_id`."""
        run = given.identifier(run_id, "run_id")
        return self._page(lambda score: score.run_id == run, page, per_page)

    def list_scores_by_entity_id(
        self, entity_id: str, entity_type: str, *, page: int = 0, per_page: int | None = 100
    ) -> ScorePage:
        """See `Scores.list_scores_by_entity_id`."""
        wanted = given.identifier(entity_id, "entity_id"), given.word(entity_type, "entity_type")
        return self._page(
            lambda score: (score.entity_id, score.entity_type) == wanted, page, per_page
        )

    def list_scores_by_span(
        self, trace_id: str, span_id: str, *, page: int = 0, per_page: int | None = 100
    ) -> ScorePage:
        """See `Scores.list_scores_by_span`."""
        wanted = given.identifier(trace_id, "trace_id"), given.identifier(span_id, "span_id")
        return self._page(lambda score: (score.trace_id, score.span_id) == wanted, page, per_page)

    def _page(self, matches: Callable[[Score], bool], page: int, per_page: int | None) -> ScorePage:
        paging = given.paging(page, per_page)
        found = page_of(sorted(filter(matches, self._scores), key=_newest_first), paging)
        return ScorePage(
            scores=found.entries,
            total=found.total,
            page=paging.page,
            per_page=paging.per_page,
            has_more=found.has_more,
        )

    def _clear(self) -> None:
        self._scores.clear()


def _read(value: JSON) -> JSON:
    read = as_it_reads(value)
    return None if read == "null" else read


def _newest_first(score: Score) -> Place:
    assert score.id is not None
    return place(known(score.created_at), score.id, descending=True)
