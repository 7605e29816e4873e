"""The evals domain, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from threading import RLock
from typing import Literal

from attrs import evolve

from leyden.store import given
from leyden.store.in_memory.domain import Domain, methods_of
from leyden.store.in_memory.pages import page_of
from leyden.store.in_memory.shelf import Shelf
from leyden.store.interface import Given
from leyden.store.matching import is_within, kind_of
from leyden.store.pages import EvalPage
from leyden.store.places import newest_first, time_mark
from leyden.store.records import Eval
from leyden.store.texts import as_it_reads
from leyden.store.times import Clock, known


@methods_of("evals")
class InMemoryEvals(Domain):
    """Evaluations of an `InMemoryStore`; see `Evals`."""

    def __init__(self, lock: RLock, clock: Clock) -> None:
        super().__init__(lock, clock)
        self._evals: Shelf[Eval] = Shelf("eval")

    def insert_evals(self, records: Sequence[Eval | Given]) -> None:
        """See `Evals.insert_evals`."""
        now = self._now()
        evals = {record.run_id: record for record in given.evals(records)}
        self._evals.check(evals)
        for run_id, record in evals.items():
            self._evals.put(
                run_id,
                evolve(
                    record,
                    input=as_it_reads(record.input),
                    output=as_it_reads(record.output),
                    created_at=record.created_at or now,
                ),
            )

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
    ) -> EvalPage:
        """See `Evals.get_evals`."""
        agent = given.optional(given.identifier, agent_name, "agent_name")
        kind = None if type is None else given.choice(type, "type", ("test", "live"))
        dates = given.dates(from_date, to_date)
        paging = given.paging(page, per_page, cursor)
        with_total = given.flag(include_total, "include_total")
        evals = [
            one
            for one in self._evals
            if agent in (None, one.agent_name)
            and kind in (None, kind_of(one.test_info))
            and is_within(known(one.created_at), dates)
        ]
        found = page_of(
            evals,
            lambda one: time_mark(known(one.created_at), one.run_id),
            newest_first,
            paging,
            ["evals", agent, kind, repr(dates)],
            include_total=with_total,
        )
        return EvalPage(
            evals=found.entries,
            total=found.total,
            page=paging.page,
            per_page=paging.per_page,
            has_more=found.has_more,
            cursor=found.cursor,
        )

    def get_evals_by_agent_name(
        self, agent_name: str, *, type: Literal["test", "live"] | None = None
    ) -> list[Eval]:
        """See `Evals.get_evals_by_agent_name`."""
        agent = given.identifier(agent_name, "agent_name")
        return list(self.get_evals(agent_name=agent, type=type, per_page=None).evals)

    def _clear(self) -> None:
        self._evals.clear()
