"""Evaluations: one item each, listed by agent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from attrs import evolve, fields_dict

from leyden.operations.chains.reads import Scan
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
    from_time_on,
    of_all,
    within,
)
from leyden.store.dynamodb.texts import stored_text
from leyden.store.interface import Evals, Given
from leyden.store.matching import kind_of
from leyden.store.pages import EvalPage
from leyden.store.places import Mark, newest_first, time_mark
from leyden.store.records import DateRange, Eval
from leyden.store.texts import as_it_reads

_TEXTS: Final = ("input", "output")
_KINDS: Final = ("test", "live")


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
        items = [{**_attributes(one, now), **living} for one in given.evals(records)]
        yield from save_all(
            self._app, self._entity, items, id="run_id", concurrency=self._concurrency
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
        agent = given.optional(given.identifier, agent_name, "agent_name")
        dates = given.dates(from_date, to_date)
        paging = (page, per_page, cursor, include_total)
        return (yield from self._evals(agent, type, dates, paging))

    @method
    def get_evals_by_agent_name(
        self, agent_name: str, *, type: Literal["test", "live"] | None = None
    ) -> Program[list[Eval]]:
        """Read all of an agent's."""
        agent = given.identifier(agent_name, "agent_name")
        found = yield from self._evals(agent, type, DateRange(), (0, None, None, False))
        return list(found.evals)

    def _evals(
        self, agent: str | None, type: Any, dates: DateRange, paging: tuple[Any, Any, Any, Any]
    ) -> Program[EvalPage]:
        kind = None if type is None else given.choice(type, "type", _KINDS)
        query = ["evals", agent, kind, ends(dates)]
        asked = Asked.of(query, *paging)
        created = self._entity.attr.created_at

        def read(record: Any) -> Any:
            return record if kind in (None, kind_of(record.test_info)) else None

        if agent is None:
            found = yield from self._all(within(self._entity.scan, created, dates), read, asked)
        else:
            index = Indexed(
                query=within(self._entity.query.by_agent(agent_name=agent), created, dates),
                direction="desc",
                read=read,
                mark=_mark,
                order=newest_first,
                tie=lambda record: record.created_at,
                begin=from_time_on,
            )
            found = yield from from_index(
                index, asked, concurrency=self._concurrency, told_here=kind is not None
            )
        return EvalPage(
            evals=tuple(map(_eval, found.entries)),
            total=found.total,
            page=asked.paging.page,
            per_page=asked.paging.per_page,
            has_more=found.has_more,
            cursor=found.cursor,
        )

    def _all(self, scan: Scan, read: Callable[[Any], Any], asked: Asked) -> Program[Listed[Any]]:
        if asked.is_empty:
            return of_all((), _mark, newest_first, asked)
        found = yield from scan.program(pages="all")
        records = [record for record in found if read(record) is not None]
        return of_all(records, _mark, newest_first, asked)


def _attributes(record: Eval, now: datetime) -> dict[str, Any]:
    timed = evolve(record, created_at=record.created_at or now)
    attributes = {
        name: value for name in fields_dict(Eval) if (value := getattr(timed, name)) is not None
    }
    texts = {name: stored_text(getattr(record, name)) for name in _TEXTS}
    return {**attributes, **texts, "stored_at": now, "updated_at": now}


def _mark(stored: Any) -> Mark:
    return time_mark(stored.created_at, stored.run_id)


def _eval(stored: Any) -> Eval:
    named = {name: getattr(stored, name) for name in fields_dict(Eval)}
    return Eval(**{**named, **{name: as_it_reads(named[name]) for name in _TEXTS}})
