"""The log by itself: how many requests a call takes, and what comes of each kind of accident."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import leyden
from leyden.agents import batches
from leyden.agents.backend import Backend, shared
from leyden.agents.logs import Log
from leyden.errors import DecodeError, InvalidOptionError, ItemTooLargeError
from leyden.events import RequestSent
from leyden.program import Program, Request
from tests.agents.weaving import Slow
from tests.conftest import _new_table_name

FOLDER: Final = "agents/openai_agents"
LARGE: Final = random.Random(1).randbytes(400_000).hex()
"""400,000 bytes when compressed: an item with it does not fit in one of the table."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    with leyden.local() as running:
        yield running


def opened(engine: Any, **options: Any) -> Backend:
    backend = Backend(FOLDER, "Log", _new_table_name("logs"), engine=engine, **options)
    backend.app.create_table()
    return backend


@pytest.fixture
def backend(engine: Any) -> Iterator[Backend]:
    backend = opened(engine)
    yield backend
    backend.close()


@pytest.fixture
def log(backend: Backend) -> Log[Any]:
    return Log(backend, {"session_id": "s1"})


def raw(backend: Backend) -> list[Any]:
    """All that is in the table."""
    scan = Request("Scan", {"TableName": backend.app.table, "ConsistentRead": True})
    return list(backend.app.driver.send(scan)["Items"])


def requests(backend: Backend, program: Program[Any]) -> list[str]:
    """The requests that a call sends."""
    sent: list[str] = []
    listener = backend.app.driver.listen(
        lambda event: sent.append(event.api) if isinstance(event, RequestSent) else None
    )
    with listener:
        backend.run(program)
    return sent


def slow(backend: Backend, program: Program[Any]) -> Slow:
    return Slow(backend.app.driver.send, program)


# What a call takes.


@pytest.mark.parametrize("count", [1, 4, 98, 100])
def test_an_add_takes_two_requests(backend: Backend, log: Log[Any], count: int) -> None:
    items = [{"role": "user", "content": f"{n} " * 200} for n in range(count)]
    assert requests(backend, log.add(items)) == ["UpdateItem", "PutItem"]
    assert backend.run(log.get()) == items


def test_a_large_add_takes_a_request_for_each_hundred(backend: Backend, log: Log[Any]) -> None:
    assert requests(backend, log.add(range(250))) == ["UpdateItem", *["PutItem"] * 3]
    assert backend.run(log.get()) == [*range(250)]


def test_an_add_of_nothing_sends_nothing(backend: Backend, log: Log[Any]) -> None:
    assert requests(backend, log.add([])) == []


@pytest.mark.parametrize("limit", [1, 7, 500, None])
def test_a_get_takes_one_request(backend: Backend, log: Log[Any], limit: int | None) -> None:
    for n in range(20):
        backend.run(log.add([n, -n]))
    assert requests(backend, log.get(limit)) == ["Query"]


def test_a_get_of_nothing_sends_nothing(backend: Backend, log: Log[Any]) -> None:
    backend.run(log.add([1]))
    assert requests(backend, log.get(0)) == []
    assert backend.run(log.get(0)) == backend.run(log.get(-1)) == []


def test_a_pop_takes_two_requests(backend: Backend, log: Log[Any]) -> None:
    backend.run(log.add([1, 2]))
    assert requests(backend, log.pop()) == ["Query", "UpdateItem"]
    assert requests(backend, log.pop()) == ["Query", "UpdateItem"]
    assert requests(backend, log.pop()) == ["Query"]


def test_a_clear_takes_few_requests_and_leaves_nothing(backend: Backend, log: Log[Any]) -> None:
    assert requests(backend, log.clear()) == ["Query"]
    for n in range(20):
        backend.run(log.add([n]))
    backend.run(log.pop())
    taken = requests(backend, log.clear())
    assert taken == [
        *("Query", "UpdateItem", "Query", "BatchGetItem", "BatchWriteItem", "DeleteItem")
    ]
    assert raw(backend) == []


def test_an_item_above_400_kb_works(backend: Backend, log: Log[Any]) -> None:
    items = ["before", LARGE, "behind"]
    backend.run(log.add(items))
    assert backend.run(log.get()) == items
    assert backend.run(log.get(2)) == items[1:]
    assert [backend.run(log.pop()) for _ in range(4)] == ["behind", LARGE, "before", None]
    backend.run(log.add([LARGE]))
    backend.run(log.clear())
    assert raw(backend) == []


def test_short_items_are_stored_as_text_and_long_ones_compressed(
    backend: Backend, log: Log[Any]
) -> None:
    backend.run(log.add([{"text": "ö"}]))
    backend.run(log.add(["long " * 2000]))
    short, long = backend.app.entities.batch.query.log(session_id="s1").go(pages="all").items
    assert short.items == '[{"text":"ö"}]'
    assert len(long.packed) < 200


def test_an_item_that_cannot_be_stored_is_refused_before_anything_is_sent(
    backend: Backend, log: Log[Any]
) -> None:
    sent: list[Any] = []
    with backend.app.driver.listen(sent.append), pytest.raises(TypeError):
        backend.run(log.add([1, {2, 3}]))
    assert sent == []


def test_an_item_above_4_mb_is_refused(backend: Backend, log: Log[Any]) -> None:
    huge = random.Random(2).randbytes(4_400_000).hex()
    with pytest.raises(ItemTooLargeError):
        backend.run(log.add([1, huge]))
    assert backend.run(log.get()) == []


@pytest.mark.parametrize(
    "item",
    [
        *(None, True, 0, -1.5, 1e300, 10**30, "", "\x00", "a\ud800b", "😀" * 3000),
        *([], {}, {"": {"b": [1, 1.0, None]}}, float("inf")),
    ],
)
def test_an_item_comes_back_as_it_was(backend: Backend, log: Log[Any], item: Any) -> None:
    backend.run(log.add([item, item]))
    found = backend.run(log.get())
    assert found == [item, item]
    assert [type(one) for one in found] == [type(item)] * 2


@pytest.mark.parametrize("id", [None, 5, b"s1"])
def test_an_id_that_is_no_text_is_refused(backend: Backend, id: Any) -> None:
    with pytest.raises(InvalidOptionError, match="session_id takes a text, not"):
        Log(backend, {"session_id": id})


@pytest.mark.parametrize("id", ["a#b", "A", "ü", "", " ", "session_1", "$log", "x" * 1900])
def test_any_text_names_a_log_of_its_own(backend: Backend, log: Log[Any], id: str) -> None:
    backend.run(log.add([1]))
    other: Log[Any] = Log(backend, {"session_id": id})
    assert backend.run(other.get()) == []
    backend.run(other.add([2]))
    backend.run(other.clear())
    assert backend.run(log.get()) == [1]


# What comes of lost answers.


def test_a_reservation_whose_answer_was_lost_leaves_a_gap(backend: Backend, log: Log[Any]) -> None:
    backend.run(log.add([1]))
    adding = slow(backend, log.add([2]))
    adding.lose()
    adding.end()
    backend.run(log.add([3]))
    assert backend.run(log.get()) == [1, 2, 3]


def test_a_repeated_write_does_not_bring_back_what_was_popped(
    backend: Backend, log: Log[Any]
) -> None:
    adding = slow(backend, log.add([1, 2]))
    adding.go()
    adding.lose()
    assert [backend.run(log.pop()) for _ in range(2)] == [2, 1]
    adding.end()
    assert backend.run(log.get()) == []


def test_a_repeated_write_does_not_bring_back_what_was_cleared(
    backend: Backend, log: Log[Any]
) -> None:
    adding = slow(backend, log.add([1, 2]))
    adding.go()
    adding.lose()
    backend.run(log.clear())
    backend.run(log.add([3]))
    adding.end()
    assert backend.run(log.get()) == [3]
    backend.run(log.clear())
    assert raw(backend) == []


@pytest.mark.parametrize("items", [[1], [1, 2, 3]])
def test_a_pop_whose_answer_was_lost_takes_one_item(
    backend: Backend, log: Log[Any], items: list[int]
) -> None:
    backend.run(log.add([0]))
    backend.run(log.add(items))
    popping = slow(backend, log.pop())
    popping.go()
    popping.lose()
    assert popping.end() == items[-1]
    assert backend.run(log.get()) == [0, *items[:-1]]


def test_a_pop_whose_answer_was_lost_finds_its_signature_behind_others(
    backend: Backend, log: Log[Any]
) -> None:
    backend.run(log.add([1, 2, 3, 4]))
    popping = slow(backend, log.pop())
    popping.go()
    popping.lose()
    assert [backend.run(log.pop()) for _ in range(2)] == [3, 2]
    assert popping.end() == 4
    assert backend.run(log.get()) == [1]


def test_a_clear_whose_answer_was_lost_clears_nothing_later(
    backend: Backend, log: Log[Any]
) -> None:
    backend.run(log.add([1]))
    clearing = slow(backend, log.clear())
    clearing.go()
    clearing.lose()
    backend.run(log.add([2]))
    clearing.end()
    assert backend.run(log.get()) == [2]


def test_a_clear_whose_answer_was_lost_brings_back_no_generation(
    backend: Backend, log: Log[Any]
) -> None:
    backend.run(log.add([1]))
    clearing = slow(backend, log.clear())
    clearing.go()
    clearing.lose()
    backend.run(log.add([2]))
    other = slow(backend, log.clear())
    other.go(2)
    backend.run(log.add([3]))
    clearing.end()
    assert backend.run(log.get()) == [3]
    other.end()
    assert backend.run(log.get()) == [3]


# What comes of others who work on it at the same time.


def test_several_batches_appear_at_once(backend: Backend, log: Log[Any]) -> None:
    backend.run(log.add([-1]))
    adding = slow(backend, log.add(range(250)))
    adding.go(2)
    # Two batches are there, but not the one that completes them.
    assert backend.run(log.get()) == [-1]
    assert backend.run(log.pop()) == -1
    adding.end()
    assert backend.run(log.get()) == [*range(250)]


def test_several_batches_stay_when_the_last_of_them_is_popped(
    backend: Backend, log: Log[Any]
) -> None:
    backend.run(log.add(range(102)))
    assert [backend.run(log.pop()) for _ in range(3)] == [101, 100, 99]
    assert backend.run(log.get()) == [*range(99)]
    assert backend.run(log.get(2)) == [97, 98]


def test_a_writer_of_the_old_generation_stays_invisible(backend: Backend, log: Log[Any]) -> None:
    backend.run(log.add([1]))
    adding = slow(backend, log.add([2]))
    adding.go()
    backend.run(log.clear())
    adding.end()
    assert backend.run(log.get()) == []
    backend.run(log.add([3]))
    assert backend.run(log.get()) == [3]
    backend.run(log.clear())
    assert raw(backend) == []


def test_what_a_late_writer_left_is_cleared_also_where_nothing_else_is(
    backend: Backend, log: Log[Any]
) -> None:
    adding = slow(backend, log.add([LARGE]))
    adding.go()
    backend.run(log.clear())
    adding.end()
    assert raw(backend) != []
    assert backend.run(log.get()) == []
    assert backend.run(log.pop()) is None
    backend.run(log.clear())
    assert raw(backend) == []


def test_what_is_added_while_the_log_is_cleared_stays(backend: Backend, log: Log[Any]) -> None:
    backend.run(log.add([1]))
    for requests in range(1, 7):
        clearing = slow(backend, log.clear())
        clearing.go(requests)
        backend.run(log.add([requests]))
        clearing.end()
        # Until the generation moves, what is added is cleared as well.
        assert backend.run(log.get()) == ([] if requests == 1 else [requests])
        backend.run(log.add([0]))


def test_a_reader_never_sees_a_part_of_a_log_that_is_being_cleared(
    backend: Backend, log: Log[Any]
) -> None:
    items = [f"{n}" + LARGE[:240_000] for n in range(12)]
    for item in items:
        backend.run(log.add([item]))
    whole = slow(backend, log.get())
    whole.end()
    for requests in range(1, 6):
        reading = slow(backend, log.get())
        reading.go(requests)
        if reading.ended:
            break
        clearing = slow(backend, log.clear())
        clearing.go(5)
        assert reading.end() in ([], items)
        clearing.end()
        for item in items:
            backend.run(log.add([item]))
    assert requests > 2


def test_a_reader_sees_no_gap_where_items_are_popped(backend: Backend, log: Log[Any]) -> None:
    items = [f"{n}" + LARGE[:240_000] for n in range(12)]
    for item in items:
        backend.run(log.add([item]))
    reading = slow(backend, log.get())
    reading.go()
    for _ in range(11):
        backend.run(log.pop())
    assert reading.end() == items[:1]


def test_two_pops_of_one_item_take_two(backend: Backend, log: Log[Any]) -> None:
    backend.run(log.add([1, 2]))
    popping = slow(backend, log.pop())
    popping.go()
    assert backend.run(log.pop()) == 2
    assert popping.end() == 1


def test_two_clears_at_once_leave_nothing(backend: Backend, log: Log[Any]) -> None:
    backend.run(log.add([1]))
    one, other = (slow(backend, log.clear()) for _ in range(2))
    one.go()
    other.go()
    one.end()
    other.end()
    assert raw(backend) == []


@pytest.mark.parametrize("died_after", range(1, 6))
def test_a_clear_that_died_is_made_good_by_the_next(
    backend: Backend, log: Log[Any], died_after: int
) -> None:
    backend.run(log.add([1]))
    backend.run(log.add([LARGE]))
    slow(backend, log.clear()).go(died_after)
    assert backend.run(log.get()) == ([1, LARGE] if died_after == 1 else [])
    backend.run(log.add([2]))
    backend.run(log.clear())
    assert raw(backend) == []


@pytest.mark.parametrize("died_after", range(1, 3))
def test_an_add_that_died_has_added_nothing(
    backend: Backend, log: Log[Any], died_after: int
) -> None:
    backend.run(log.add([1]))
    slow(backend, log.add(range(250))).go(died_after)
    assert backend.run(log.get()) == [1]
    backend.run(log.add([2]))
    assert backend.run(log.get()) == [1, 2]


# What comes of time.


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_items_live_for_their_time_and_the_head_for_as_long(engine: Any) -> None:
    clock = Clock()
    backend = opened(engine, ttl=timedelta(days=2), clock=clock)
    log: Log[Any] = Log(backend, {"session_id": "s1"})
    backend.run(log.add([1]))
    clock.now += timedelta(days=1)
    backend.run(log.add([2]))
    assert {
        int(item["ttl"]["N"]) for item in raw(backend) if item["__edb_e__"]["S"] == "session"
    } == {int((clock.now + timedelta(days=2)).timestamp())}
    assert backend.run(log.get()) == [1, 2]
    clock.now += timedelta(days=1)
    # DynamoDB takes up to two days to delete what has expired.
    assert backend.run(log.get()) == [2]
    assert backend.run(log.pop()) == 2
    assert backend.run(log.pop()) is None


def test_a_head_outlives_all_batches_also_where_the_time_to_live_has_changed(engine: Any) -> None:
    clock = Clock()
    backend = opened(engine, ttl=timedelta(days=30), clock=clock)
    short = Backend(FOLDER, "Log", backend.app.table, engine=engine, clock=clock, ttl=timedelta(1))
    for_ever = Backend(FOLDER, "Log", backend.app.table, engine=engine, clock=clock)

    def head() -> Any:
        return backend.app.entities.session.get(session_id="s1").go().expires_at

    def added(on: Backend, item: int) -> list[str]:
        return requests(on, Log(on, {"session_id": "s1"}).add([item]))

    assert added(backend, 1) == ["UpdateItem", "PutItem"]
    assert added(short, 2) == ["UpdateItem", "UpdateItem", "PutItem"]
    assert head() == clock.now + timedelta(days=30)
    clock.now += timedelta(days=2)
    assert added(backend, 3) == ["UpdateItem", "PutItem"]
    assert head() == clock.now + timedelta(days=30)
    assert short.run(Log(short, {"session_id": "s1"}).get()) == [1, 3]
    added(for_ever, 4)
    added(backend, 5)
    assert head() is None
    assert short.run(Log(short, {"session_id": "s1"}).get()) == [1, 3, 4, 5]


def test_a_reservation_with_a_time_to_live_may_be_repeated(engine: Any) -> None:
    backend = opened(engine, ttl=timedelta(days=1), clock=Clock())
    log: Log[Any] = Log(backend, {"session_id": "s1"})
    adding = slow(backend, log.add([1]))
    adding.lose()
    adding.end()
    assert backend.run(log.get()) == [1]


def test_a_head_without_a_time_to_live_does_not_keep_an_old_one(engine: Any) -> None:
    backend = opened(engine, ttl=timedelta(days=2))
    backend.run(Log(backend, {"session_id": "s1"}).add([1]))
    for_ever = Backend(FOLDER, "Log", backend.app.table, engine=engine)
    for_ever.run(Log(for_ever, {"session_id": "s1"}).add([2]))
    (head,) = for_ever.app.entities.session.scan.go().items
    assert head.expires_at is None


def test_a_log_whose_head_has_expired_begins_anew(backend: Backend, log: Log[Any]) -> None:
    backend.run(log.add([1]))
    backend.app.entities.session.delete(session_id="s1").go()
    assert backend.run(log.get()) == []
    backend.run(log.add([2]))
    assert backend.run(log.get()) == [2]


def test_items_that_cannot_be_read_are_an_error(backend: Backend, log: Log[Any]) -> None:
    backend.run(log.add([1]))
    (batch,) = backend.app.entities.batch.scan.go().items
    backend.app.entities.batch.patch(batch).set(items="[1").go()
    with pytest.raises(DecodeError, match="the items of batch 1 cannot be read"):
        backend.run(log.get())


def test_a_batch_has_a_hundred_items_and_256_kb_at_most() -> None:
    assert len(batches.attributes_of(range(200))) == 2
    assert len(batches.attributes_of(range(201))) == 3
    assert len(batches.attributes_of(["x" * 200_000] * 3)) == 3
    assert len(batches.attributes_of([1, "x" * 1_000_000, 2])) == 3


def test_objects_that_are_made_alike_share_a_backend(engine: Any) -> None:
    def made(**options: Any) -> Backend:
        return shared(FOLDER, "Log", "tab", engine=engine, **options)

    assert made() is made()
    assert made(ttl=timedelta(1)) is made(ttl=timedelta(1)) is not made()
    keys = {"access_key_id": "a", "secret_access_key": "b"}

    def abroad(keys: dict[str, str]) -> Backend:
        return shared(FOLDER, "Log", "tab", region="eu-central-1", credentials=keys)

    assert abroad(keys) is abroad(dict(reversed(keys.items())))
    assert abroad({**keys, "access_key_id": "c"}) is not abroad(keys)
    assert shared(FOLDER, "Log", "other", engine=engine) is not made()


class Sessions(RuleBasedStateMachine):
    """A log and a list, to which the same happens."""

    engine: Any = None
    backend: Any = None

    @initialize()
    def begin(self) -> None:
        if Sessions.backend is None:
            Sessions.engine = leyden.local()
            Sessions.backend = opened(Sessions.engine)
        self.log: Log[Any] = Log(Sessions.backend, {"session_id": _new_table_name("s")})
        self.items: list[Any] = []

    @rule(items=st.lists(st.integers() | st.text() | st.just(LARGE[:9000]), max_size=4))
    def add(self, items: list[Any]) -> None:
        Sessions.backend.run(self.log.add(items))
        self.items += items

    @rule(count=st.integers(95, 230))
    def add_many(self, count: int) -> None:
        self.add([*range(count)])

    @rule(times=st.integers(1, 4))
    def pop(self, times: int) -> None:
        for _ in range(times):
            expected = self.items.pop() if self.items else None
            assert Sessions.backend.run(self.log.pop()) == expected

    @rule(limit=st.integers(-1, 250))
    def newest(self, limit: int) -> None:
        expected = self.items[-limit:] if limit > 0 else []
        assert Sessions.backend.run(self.log.get(limit)) == expected

    @rule()
    def clear(self) -> None:
        Sessions.backend.run(self.log.clear())
        self.items = []

    @rule()
    def all(self) -> None:
        assert Sessions.backend.run(self.log.get()) == self.items

    def teardown(self) -> None:
        if hasattr(self, "log"):
            self.all()


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=settings().max_examples // 2, stateful_step_count=15)
