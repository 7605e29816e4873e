"""The store beside LangGraph's own in memory: the same calls, the same answers."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from langgraph.store.base import GetOp, ListNamespacesOp, MatchCondition, PutOp, SearchOp
from langgraph.store.memory import InMemoryStore

import leyden
from leyden.agents.langgraph import LeydenStore
from tests.agents.langgraph.stores import WORDS, index, new_store

pytestmark = pytest.mark.once

ENGINE = leyden.local()
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
ALL = 100_000

LABELS = st.sampled_from(("a", "b", "a b", "a:b", "c"))
NAMESPACES = st.lists(LABELS, min_size=1, max_size=6).map(tuple)
PREFIXES = st.lists(LABELS, max_size=5).map(tuple)
KEYS = st.sampled_from(("k", "K", "k#1", ""))
INTEGERS = st.integers(-(2**70), 2**70)
NUMBERS = st.one_of(st.integers(0, 3), st.floats(allow_nan=False, allow_infinity=False))
TEXTS = st.lists(st.sampled_from((*WORDS, "and")), max_size=4).map(" ".join)
JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | NUMBERS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
VALUES = st.fixed_dictionaries(
    {"n": NUMBERS, "text": TEXTS},
    optional={"any": JSON, "long": st.integers(1, 3).map(lambda n: "x" * 3000 * n)},
)
OPERATORS = st.sampled_from(("$eq", "$ne", "$gt", "$gte", "$lt", "$lte"))
FILTERS = st.one_of(
    st.none(),
    st.fixed_dictionaries({"n": st.integers(0, 3)}),
    st.fixed_dictionaries({"n": st.dictionaries(OPERATORS, NUMBERS, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"any": JSON}),
    st.fixed_dictionaries({"text": TEXTS, "missing": st.none()}),
)
CONDITIONS = st.lists(
    st.builds(
        MatchCondition,
        st.sampled_from(("prefix", "suffix")),
        st.lists(LABELS | st.just("*"), max_size=3).map(tuple),
    ),
    max_size=2,
).map(tuple)
PUTS = st.tuples(NAMESPACES, KEYS, VALUES | st.none()).map(lambda given: PutOp(*given))


class Stores(RuleBasedStateMachine):
    """Values that come, change and go, in namespaces that are within each other."""

    options: ClassVar[dict[str, Any]] = {}

    @initialize()
    def begin(self) -> None:
        self.oracle = InMemoryStore(**self.options)
        self.store = new_store(ENGINE, **self.options)

    @rule(ops=st.lists(PUTS, min_size=1, max_size=8))
    def write(self, ops: list[PutOp]) -> None:
        self._put_in_memory(ops)
        assert self.store.batch(ops) == [None] * len(ops)

    @rule(ops=st.lists(PUTS, min_size=1, max_size=3), namespace=NAMESPACES, key=KEYS)
    def write_and_read_awaited(
        self, ops: list[PutOp], namespace: tuple[str, ...], key: str
    ) -> None:
        before = _shown(self.oracle.get(namespace, key))
        self._put_in_memory(ops)

        async def act() -> Any:
            found = await self.store.abatch([*ops, GetOp(namespace, key)])
            await self.store._backend._awaiting.driver.close()  # type: ignore[union-attr]
            self.store._backend._awaiting = None
            return found

        assert _shown(asyncio.run(act())[-1]) == before

    @rule(namespace=NAMESPACES, key=KEYS)
    def get(self, namespace: tuple[str, ...], key: str) -> None:
        found = self.store.get(namespace, key)
        assert _shown(found) == _shown(self.oracle.get(namespace, key))
        assert found is None or found.created_at <= found.updated_at

    @rule(prefix=PREFIXES, filter=FILTERS, limit=st.integers(0, 4), offset=st.integers(0, 3))
    def search(self, prefix: tuple[str, ...], filter: Any, limit: int, offset: int) -> None:
        (all_found,) = self.oracle.batch([SearchOp(prefix, filter, limit=ALL)])
        theirs = sorted(map(_shown, all_found or ()), key=lambda one: one[:2])
        ours = self.store.search(prefix, filter=filter, limit=limit, offset=offset)
        assert [_shown(one) for one in ours] == theirs[offset : offset + limit]

    @rule(
        prefix=PREFIXES,
        filter=FILTERS,
        query=TEXTS,
        limit=st.integers(0, 4),
        offset=st.integers(0, 3),
    )
    def search_by_meaning(
        self, prefix: tuple[str, ...], filter: Any, query: str, limit: int, offset: int
    ) -> None:
        has_direction = any(word in query for word in WORDS)
        (all_found,) = self.oracle.batch(
            [SearchOp(prefix, filter, limit=ALL, query=query if has_direction else None)]
        )
        theirs: Any = {_shown(one)[:2]: one for one in all_found or ()}
        ours = self.store.search(prefix, filter=filter, limit=limit, offset=offset, query=query)
        # In memory, a vector of zeros has the score 0; here it is not there.
        scores = sorted((_score(one) for one in theirs.values()), reverse=True)
        assert [_score(one) for one in ours] == scores[offset : offset + limit]
        for one in ours:
            assert _shown(one) == _shown(theirs[_shown(one)[:2]])
            assert _score(one) == _score(theirs[_shown(one)[:2]])

    @rule(
        conditions=CONDITIONS,
        depth=st.none() | st.integers(-1, 3),
        limit=st.integers(0, 6),
        offset=st.integers(0, 2),
    )
    def list_namespaces(self, conditions: Any, depth: int | None, limit: int, offset: int) -> None:
        # In memory, a namespace whose items are gone is listed for ever.
        for empty in [name for name, items in self.oracle._data.items() if not items]:
            del self.oracle._data[empty]
        op = ListNamespacesOp(conditions, depth, limit, offset)
        assert self.store.batch([op]) == self.oracle.batch([op])

    @rule()
    def begin_anew(self) -> None:
        """Another process goes on."""
        self.store = LeydenStore(self.store.app.table, engine=ENGINE, **self.options)

    def _put_in_memory(self, ops: list[PutOp]) -> None:
        for op in ops:
            # In memory, vectors of fields that a value has no more stay, unless it is deleted, and
            # a batch with the same text twice fails.
            self.oracle.batch([op._replace(value=None)])
            self.oracle.batch([op])


class StoresWithIndex(Stores):
    """The same with an index."""

    options: ClassVar[dict[str, Any]] = {"index": index()}


def _shown(found: Any) -> Any:
    return found and (found.namespace, found.key, repr(found.value))


def _score(found: Any) -> float:
    return round(found.score or 0.0, 4)


TestStores = Stores.TestCase
TestStoresWithIndex = StoresWithIndex.TestCase
TestStores.settings = TestStoresWithIndex.settings = settings(
    max_examples=12, stateful_step_count=30, deadline=None, phases=NO_SHRINKING
)
