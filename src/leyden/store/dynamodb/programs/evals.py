"""Evaluations: one item each, listed by agent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

from attrs import evolve, fields_dict, frozen

from leyden.operations.request import Program
from leyden.service.entity import Entity
from leyden.store import given
from leyden.store.dynamodb.programs.base import Programs
from leyden.store.dynamodb.programs.batching import save_all
from leyden.store.dynamodb.programs.listed import page_of, within
from leyden.store.dynamodb.texts import stored_text
from leyden.store.interface import Given
from leyden.store.matching import kind_of
from leyden.store.order import place
from leyden.store.pages import EvalPage
from leyden.store.records import Eval
from leyden.store.texts import as_it_reads

_TEXTS: Final = ("input", "output")
_KINDS: Final = ("test", "live")


@frozen
class EvalPrograms(Programs):
    """The methods of `leyden.store.interface.Evals`."""

    @property
    def _entity(self) -> Entity:
        return self.app.entities.eval

    def insert_evals(self, records: Sequence[Eval | Given]) -> Program[None]:
        """Write items in batches."""
        now = self.now()
        living = self.ttl.fields(self._entity.spec.alias, now)
        items = [{**_attributes(one, now), **living} for one in given.evals(records)]
        yield from save_all(self._entity, items, id="run_id", concurrency=self.concurrency)

    def get_evals(
        self,
        *,
        agent_name: str | None = None,
        type: Literal["test", "live"] | None = None,
        from_date: datetime | None = None,
        to_date: datetime | None = None,
        page: int = 0,
        per_page: int | None = 100,
    ) -> Program[EvalPage]:
        """Read all evaluations that the table lets through, and look at their tests here."""
        paging = given.paging(page, per_page)
        agent = given.optional(given.identifier, agent_name, "agent_name")
        kind = None if type is None else given.choice(type, "type", _KINDS)
        dates = given.dates(from_date, to_date)
        entity = self._entity
        reading = entity.scan if agent is None else entity.query.by_agent(agent_name=agent)
        reading = within(reading, entity.attr.created_at, dates)
        found = yield from reading.program(pages="all")
        kept = [one for one in found if kind is None or kind_of(one.test_info) == kind]
        kept.sort(key=lambda one: place(one.created_at, one.run_id, descending=True))
        shown, has_more = page_of(kept, paging)
        return EvalPage(
            evals=tuple(map(_eval, shown)),
            total=len(kept),
            page=paging.page,
            per_page=paging.per_page,
            has_more=has_more,
        )

    def get_evals_by_agent_name(
        self, agent_name: str, *, type: Literal["test", "live"] | None = None
    ) -> Program[list[Eval]]:
        """Read all of an agent's."""
        agent = given.identifier(agent_name, "agent_name")
        found = yield from self.get_evals(agent_name=agent, type=type, per_page=None)
        return list(found.evals)


def _attributes(record: Eval, now: datetime) -> dict[str, Any]:
    timed = evolve(record, created_at=record.created_at or now)
    attributes = {
        name: value for name in fields_dict(Eval) if (value := getattr(timed, name)) is not None
    }
    texts = {name: stored_text(getattr(record, name)) for name in _TEXTS}
    return {**attributes, **texts, "stored_at": now, "updated_at": now}


def _eval(stored: Any) -> Eval:
    named = {name: getattr(stored, name) for name in fields_dict(Eval)}
    return Eval(**{**named, **{name: as_it_reads(named[name]) for name in _TEXTS}})
