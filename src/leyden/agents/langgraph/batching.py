"""What a store does with a batch of operations: first it reads, then it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from attrs import define, field
from langgraph.store.base import (
    GetOp,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
)

from leyden.agents.langgraph.items import Found, Items, Place, stored
from leyden.agents.langgraph.matching import checked, fits
from leyden.agents.langgraph.meaning import Meaning, Near, Vector
from leyden.errors import InputError
from leyden.program import Program, Work, run_together

LONGEST: Final = 10**9
"""The longest time to live, in minutes."""


def is_minutes(value: Any) -> bool:
    """Whether a value says how long an item may live."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= LONGEST


@define
class _Asked:
    """The operations of a batch, by kind; those that read by their places in the batch."""

    gets: dict[int, tuple[Place, bool]] = field(factory=dict)
    searches: dict[int, SearchOp] = field(factory=dict)
    lists: dict[int, ListNamespacesOp] = field(factory=dict)
    puts: dict[Place, PutOp] = field(factory=dict)

    def add(self, number: int, op: Op) -> None:
        """Take an operation. Raises InputError and InvalidNamespaceError."""
        if isinstance(op, GetOp):
            self.gets[number] = (checked(op.namespace), op.key), op.refresh_ttl
        elif isinstance(op, SearchOp):
            prefix = checked(op.namespace_prefix)
            self.searches[number] = op._replace(namespace_prefix=prefix)
        elif isinstance(op, ListNamespacesOp):
            self.lists[number] = op
        elif isinstance(op, PutOp):
            namespace = checked(op.namespace)
            if not namespace:
                raise InputError("a value needs a namespace of at least one label")
            if op.value is not None and not isinstance(op.value, Mapping):
                raise InputError(f"a value is a mapping, not {type(op.value).__name__}")
            if op.ttl is not None and not is_minutes(op.ttl):
                raise InputError(f"ttl takes minutes, from 0 to {LONGEST:,}, not {op.ttl!r}")
            self.puts[namespace, op.key] = op
        else:
            raise InputError(f"a batch takes operations of LangGraph, not {type(op).__name__}")


class Batches:
    """The program of a store, over its items and, with an index, over their vectors."""

    def __init__(self, items: Items, meaning: Meaning | None) -> None:
        self._items = items
        self._meaning = meaning
        self._backend = items.backend

    def batch(self, ops: Sequence[Op]) -> Program[list[Result]]:
        """Execute operations; those that read see what was there before those that write."""
        asked = _Asked()
        for number, op in enumerate(ops):
            asked.add(number, op)
        values: dict[Place, Any] = {}
        if asked.puts:
            values = yield Work(partial(_stored, asked.puts))
        queries: dict[str, Vector] = {}
        vectors: dict[Place, list[Vector]] = {}
        if self._meaning is not None:
            texts = [op.query for op in asked.searches.values() if op.query]
            queries, vectors = yield from self._meaning.embedded(texts, asked.puts)
        results = yield from self._read(ops, asked, queries)
        if asked.puts:
            yield from self._write(asked.puts, values, vectors)
        return results

    def _read(
        self, ops: Sequence[Op], asked: _Asked, queries: Mapping[str, Vector]
    ) -> Program[list[Result]]:
        programs: list[Program[Any]] = [
            self._search(op, queries.get(op.query or "")) for op in asked.searches.values()
        ]
        programs += [self._items.registry.namespaces(op) for op in asked.lists.values()]
        if asked.gets:
            # Nothing is in the empty namespace.
            places = [place for place, _ in asked.gets.values() if place[0]]
            programs.append(self._items.get(places))
        answers = yield from run_together(programs, self._backend.concurrency)
        results: list[Result] = [None] * len(ops)
        read: list[Found] = []
        for (number, op), near in zip(asked.searches.items(), answers, strict=False):
            results[number] = [_search_item(one) for one in near]
            if op.refresh_ttl:
                read += [found for _, found in near]
        for number, namespaces in zip(asked.lists, answers[len(asked.searches) :], strict=False):
            results[number] = namespaces
        for number, (place, renews) in asked.gets.items():
            if (found := answers[-1].get(place)) is not None:
                results[number] = Item(**_attributes(found))
                read += [found] if renews else []
        beside = self._meaning.renewed if self._meaning is not None else None
        yield from self._items.renew(read, beside)
        return results

    def _search(self, op: SearchOp, query: Vector | None) -> Program[list[Near]]:
        asked = op.filter or {}

        def is_wanted(found: Found) -> bool:
            return all(fits(found.value.get(name), wanted) for name, wanted in asked.items())

        wanted = is_wanted if asked else None
        # Python counts negative places from the end.
        enough = op.offset + op.limit if min(op.offset, op.limit) >= 0 else None
        if enough == op.offset:
            return []
        near: list[Near]
        if self._meaning is not None and query is not None and any(query):
            near = yield from self._meaning.search(op.namespace_prefix, query, enough, wanted)
        else:
            found = yield from self._items.search(op.namespace_prefix, enough, wanted)
            near = [(None, one) for one in found]
        return near[op.offset : op.offset + op.limit]

    def _write(
        self,
        puts: Mapping[Place, PutOp],
        values: Mapping[Place, dict[str, Any] | None],
        vectors: Mapping[Place, Sequence[Vector]],
    ) -> Program[None]:
        now = self._backend.now()
        beside = []
        for place, op in puts.items():
            value = values[place]
            if value is None:
                continue
            if op.ttl is not None:
                value["minutes"] = op.ttl
                value["expires_at"] = self._items.expiry(op.ttl, now)
            if self._meaning is not None:
                more, own = self._meaning.written(
                    place, vectors.get(place, ()), value.get("expires_at")
                )
                value |= more
                beside += own
        keys = {namespace: key for namespace, key in puts if values[namespace, key] is not None}
        writing = yield from self._items.planned(values, looks=self._meaning is not None)
        yield from self._items.registry.touch(keys, beside)
        before = yield from writing
        # This takes no request, unless the writing has taken an hour.
        yield from self._items.registry.touch(keys)
        if self._meaning is not None:
            yield from self._meaning.drop(before, values)


def _stored(puts: Mapping[Place, PutOp]) -> dict[Place, dict[str, Any] | None]:
    return {place: None if op.value is None else stored(op.value) for place, op in puts.items()}


def _search_item(near: Near) -> SearchItem:
    score, found = near
    return SearchItem(**_attributes(found), score=score)


def _attributes(found: Found) -> dict[str, Any]:
    namespace, key = found.place
    return {
        "namespace": namespace,
        "key": key,
        "value": found.value,
        "created_at": found.record.created_at,
        "updated_at": found.record.updated_at,
    }
