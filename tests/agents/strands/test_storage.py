"""The storage of Strands beside its own, and many writers of one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from strands.storage import InMemoryStorage, Storage
from strands.storage.storage import _resolve_namespace
from strands.types.exceptions import StorageError

import leyden
from leyden.agents.strands import LeydenStorage
from leyden.errors import ItemTooLargeError, TableNotFoundError
from leyden.events import RequestSent
from tests.agents.engines import FEW, table_on
from tests.conftest import _new_table_name


@pytest.fixture(scope="module")
def embedded() -> Iterator[dict[str, Any]]:
    with table_on("embedded") as options:
        LeydenStorage(**options).app.create_table()
        yield options


@pytest.fixture(scope="module")
def local() -> Iterator[dict[str, Any]]:
    with table_on("dynamodb_local") as options:
        LeydenStorage(**options).app.create_table()
        yield options


def opened(options: dict[str, Any], **more: Any) -> LeydenStorage:
    return LeydenStorage(name=_new_table_name("storage"), **options, **more)


def test_it_is_a_storage(embedded: dict[str, Any]) -> None:
    storage = LeydenStorage(**embedded)
    assert isinstance(storage, Storage)
    assert repr(storage) == f"<LeydenStorage on table {embedded['table_name']}>"


def test_bytes_come_back_as_they_were(embedded: dict[str, Any]) -> None:
    async def main() -> None:
        storage = opened(embedded)
        for data in (b"", b"\x00\xff", b"text " * 10_000, random.Random(1).randbytes(900_000)):
            await storage.write("a/b", data)
            assert await storage.read("a//b/") == data
        assert await storage.list() == ["a/b"]
        await storage.delete("a/b")
        await storage.delete("a/b")
        assert await storage.read("a/b") is None
        assert await storage.list() == []

    asyncio.run(main())


def test_names_and_prefixes_keep_entries_apart(embedded: dict[str, Any]) -> None:
    async def main() -> None:
        one, other = opened(embedded), opened(embedded)
        below = one.namespace("a").namespace("/b/")
        await one.write("a/b/c", b"1")
        await one.write("a/bc", b"2")
        assert await other.list() == []
        assert await below.list() == ["c"]
        assert await below.read("c") == b"1"
        assert [result.key for result in await below.search("1")] == ["c"]
        await below.delete("c")
        assert await one.list("a/b") == ["a/bc"]
        assert _resolve_namespace(below, "more") is below
        scoped: Any = _resolve_namespace(one, "a")
        assert await scoped.read("bc") == b"2"

    asyncio.run(main())


@pytest.mark.parametrize("key", ["", "/", "a/../b", "a\\b"])
def test_keys_that_strands_refuses_are_refused(embedded: dict[str, Any], key: str) -> None:
    storage = opened(embedded)
    with pytest.raises(StorageError):
        asyncio.run(storage.write(key, b""))


def test_errors_are_those_of_strands(embedded: dict[str, Any]) -> None:
    storage = opened(embedded)
    with pytest.raises(StorageError, match="Failed to write 'k'") as caught:
        asyncio.run(storage.write("k", random.Random(1).randbytes(5_000_000)))
    assert isinstance(caught.value.__cause__, ItemTooLargeError)
    absent = LeydenStorage(**{**embedded, "table_name": "absent"})
    with pytest.raises(TableNotFoundError, match=r"LeydenStorage\.app\.create_table"):
        asyncio.run(absent.check_table())
    asyncio.run(storage.check_table())


def test_a_search_strategy_is_told_of_writes_and_searches(embedded: dict[str, Any]) -> None:
    told: list[Any] = []

    class Strategy:
        async def index(self, storage: Any, key: str, data: bytes) -> None:
            if data == b"bad":
                raise ValueError
            told.append((key, data))

        async def search(self, storage: Any, query: str) -> Any:
            return [query]

    async def main() -> None:
        storage = opened(embedded, search_strategy=Strategy()).namespace("n")
        await storage.write("/k", b"data")
        assert told == [("k", b"data")]
        assert await storage.search("what") == ["what"]
        with pytest.raises(StorageError, match="Wrote 'k' but indexing failed"):
            await storage.write("k", b"bad")
        assert await storage.read("k") == b"bad"

    asyncio.run(main())


def test_what_calls_take(embedded: dict[str, Any]) -> None:
    async def main() -> None:
        storage = opened(embedded)
        await storage.read("warm")
        sent: list[str] = []

        def listen(event: Any) -> None:
            if isinstance(event, RequestSent):
                sent.append(event.api)

        async def taken(call: Any) -> list[str]:
            sent.clear()
            await call
            return [*sent]

        assert storage._backend._awaiting is not None
        with storage._backend._awaiting.driver.listen(listen):
            new = ["UpdateItem", "GetItem", "TransactWriteItems"]
            assert await taken(storage.write("k", b"1")) == new
            assert await taken(storage.write("k", b"2")) == ["UpdateItem"]
            assert await taken(storage.read("k")) == ["GetItem"]
            assert await taken(storage.list()) == ["Query"]
            assert await taken(storage.search("2")) == ["Query", "BatchGetItem"]
            assert await taken(storage.delete("k")) == ["TransactWriteItems"]

    asyncio.run(main())


def test_an_entry_and_its_name_expire_together(embedded: dict[str, Any]) -> None:
    storage = opened(embedded, ttl=timedelta(days=1))
    asyncio.run(storage.write("k", b"1"))
    (name,) = storage.app.entities.name.query.names(storage=storage.name).go().items
    entry = storage.app.entities.entry.get(storage=storage.name, key="k").go()
    assert entry.expires_at == name.expires_at is not None


def test_what_has_expired_is_gone_before_dynamodb_deletes_it(embedded: dict[str, Any]) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)

    async def main() -> None:
        nonlocal now
        storage = opened(embedded, ttl=timedelta(days=1), clock=lambda: now)
        await storage.write("old", b"old")
        now += timedelta(days=1)
        await storage.write("new", b"old")
        assert await storage.read("old") is None
        assert await storage.list() == ["new"]
        assert [one.key for one in await storage.search("old")] == ["new"]

    asyncio.run(main())


def test_an_entry_that_no_longer_expires_keeps_its_name(embedded: dict[str, Any]) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)

    async def main() -> None:
        nonlocal now
        expiring = opened(embedded, ttl=timedelta(days=1), clock=lambda: now)
        for_ever = LeydenStorage(name=expiring.name, **embedded, clock=lambda: now)
        await expiring.write("k", b"1")
        await for_ever.write("k", b"2")
        now += timedelta(days=2)
        assert await for_ever.list() == ["k"]
        assert await for_ever.read("k") == b"2"

    asyncio.run(main())


@pytest.mark.once
@pytest.mark.java
def test_writers_and_deleters_at_once_keep_entries_and_names_together(
    local: dict[str, Any],
) -> None:
    async def main() -> None:
        storage = opened(local)
        chance = random.Random(3)
        large = chance.randbytes(500_000)

        async def work(n: int) -> None:
            for _ in range(6):
                key = f"k{chance.randrange(3)}"
                if chance.random() < 0.3:
                    await storage.delete(key)
                else:
                    await storage.write(key, chance.choice([b"small", large]))

        await asyncio.gather(*map(work, range(6)))
        listed = await storage.list()
        for key in ("k0", "k1", "k2"):
            found = await storage.read(key)
            assert found in (None, b"small", large)
            assert (key in listed) is (found is not None)
        await storage.close()

    asyncio.run(main())


KEYS = st.text("aB/#$_ é.", max_size=4)


class Storages(RuleBasedStateMachine):
    """A storage of Leyden and one of Strands, to which the same happens."""

    options: Any = None

    @initialize()
    def begin(self) -> None:
        if Storages.options is None:
            Storages.options = {"table_name": "storages", "engine": leyden.local()}
            LeydenStorage(**Storages.options).app.create_table()
        self.ours = opened(Storages.options)
        self.theirs = InMemoryStorage()
        self.runner = asyncio.Runner()

    def both(self, name: str, *given: Any) -> None:
        def call(storage: Any) -> Any:
            async def main() -> Any:
                return await getattr(storage, name)(*given)

            try:
                return self.runner.run(main())
            except StorageError as error:
                return str(error)

        assert call(self.ours) == call(self.theirs)

    @rule(key=KEYS, data=st.binary() | st.sampled_from([b"red green", b"Green blue", b"the red"]))
    def write(self, key: str, data: bytes) -> None:
        self.both("write", key, data)

    @rule(key=KEYS)
    def read(self, key: str) -> None:
        self.both("read", key)

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        self.both("delete", key)

    @rule(prefix=KEYS)
    def list_some(self, prefix: str) -> None:
        self.both("list", prefix)

    @rule(query=st.sampled_from(["red", "the green", "a", "", "blue red b"]))
    def search(self, query: str) -> None:
        self.both("search", query)

    @rule()
    def all(self) -> None:
        self.both("list", "")

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.all()
            self.runner.close()


TestStorages = Storages.TestCase
TestStorages.settings = FEW
