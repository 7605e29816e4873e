"""The memory store under faults: what it wrote is said, by ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leyden.errors import LeydenError, SaveIncompleteError
from leyden.store.dynamodb.settings import TtlRules, memory_schemas
from leyden.store.dynamodb.store import DynamoDBMemory
from tests.conftest import _new_table_name
from tests.faults.bank import Bank, open_bank
from tests.faults.conftest import TRANSPORTS
from tests.faults.proxy import Fault, Forward, Refuse, Reset
from tests.faults.test_outcomes import PLANS

IDS = [f"m{n}" for n in range(4)]
IN_PROGRESS = Refuse("TransactionInProgressException", forward=True, only="TransactWriteItems")


@pytest.fixture(scope="session", params=TRANSPORTS)
def one_store(engine: Any, request: pytest.FixtureRequest) -> Iterator[Bank]:
    name = _new_table_name(f"faultystore-{request.param}")
    with open_bank(engine, name, request.param, memory_schemas(ttl=TtlRules())) as store:
        yield store


@pytest.fixture
def store(one_store: Bank) -> Bank:
    """A thread with four messages."""
    one_store.renew()
    fill(one_store)
    return one_store


def call(app: Any, method: str, *arguments: Any, **more: Any) -> Any:
    """Run a method of memory over a service."""
    memory = DynamoDBMemory(app, now=lambda: datetime.now(UTC), ttl=TtlRules(), concurrency=3)
    return getattr(memory, method)(*arguments, **more)


def message(id: str, text: str) -> dict[str, Any]:
    return {"id": id, "thread_id": "t", "role": "user", "content": {"text": text}}


def fill(store: Bank) -> None:
    call(store.direct, "save_thread", {"id": "t", "resource_id": "r", "title": "T"})
    call(store.direct, "save_messages", [message(id, "before") for id in IDS])


def texts(store: Bank) -> dict[str, Any]:
    """The texts of the stored messages, by id."""
    found = call(store.direct, "list_messages_by_id", IDS)
    return {one.id: one.content["text"] for one in found}


METHODS: dict[str, Callable[[Any], Any]] = {
    "save": lambda app: call(app, "save_messages", [message(id, "after") for id in IDS]),
    "save_one": lambda app: call(app, "save_messages", [message("m0", "after")]),
    "save_atomically": lambda app: call(
        app, "save_messages", [message(id, "after") for id in IDS], atomic=True
    ),
    "update": lambda app: call(
        app, "update_messages", [{"id": id, "content": {"text": "after"}} for id in IDS]
    ),
    "update_one": lambda app: call(
        app, "update_messages", [{"id": "m0", "content": {"text": "after"}}]
    ),
    "delete": lambda app: call(app, "delete_messages", IDS),
    "delete_thread": lambda app: call(app, "delete_thread", "t"),
    "move": lambda app: call(app, "update_thread_resource_id", "t", "other"),
}


def check(store: Bank, method: str) -> LeydenError | None:
    """Run a method, and fail where the messages are not what it said of them."""
    before, items = texts(store), store.table.items()
    failed: LeydenError | None = None
    try:
        METHODS[method](store.app)
    except LeydenError as error:
        failed = error
    store.proxy.play()
    after = texts(store)
    wanted = None if method.startswith("delete") else "after"
    touched = ["m0"] if method.endswith("_one") else IDS
    if method == "move":
        assert after == before
    elif failed is None:
        assert all(after.get(id) == wanted for id in touched)
    if failed is not None and not failed.outcome:
        assert store.table.items() == items, failed
    if failed is not None:
        assert failed.tells_outcome or bool(failed.unsure) is bool(failed.outcome.unsure)
    if isinstance(failed, SaveIncompleteError) and method != "move":
        said = (*failed.saved, *failed.unsaved, *failed.unsure)
        assert sorted(said) == sorted(touched), failed
        assert all(after.get(id) == wanted for id in failed.saved), failed
        assert all(after.get(id) == before.get(id) for id in failed.unsaved), failed
    return failed


@settings(
    max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(calls=st.lists(st.tuples(st.sampled_from([*METHODS]), PLANS), min_size=1, max_size=3))
def test_the_messages_are_what_the_store_said(store: Bank, calls: list[Any]) -> None:
    store.renew()
    for method, (plan, otherwise) in calls:
        fill(store)
        store.proxy.play(*plan, otherwise=otherwise)
        check(store, method)


@pytest.mark.parametrize(("method", "good"), [("update", 2), ("delete", 2), ("save", 2)])
def test_messages_are_written_though_their_thread_cannot_be_touched(
    store: Bank, method: str, good: int
) -> None:
    # They read, they write, and then the thread's turn comes.
    plan: list[Fault] = [Forward()] * good
    store.proxy.play(*plan, otherwise=Reset())
    error = check(store, method)
    assert isinstance(error, SaveIncompleteError)
    assert sorted(error.saved) == IDS
    assert not error.unsaved
    assert not error.unsure
    assert error.outcome.written


def test_an_atomic_save_that_is_still_in_progress_is_unsure(store: Bank) -> None:
    store.proxy.play(Forward(), otherwise=IN_PROGRESS)
    error = check(store, "save_atomically")
    assert isinstance(error, SaveIncompleteError)
    assert sorted(error.unsure) == IDS


def test_a_copy_that_cannot_be_cleaned_up_is_said(store: Bank) -> None:
    # Three reads, and the thread is there; its messages do not come through.
    store.proxy.play(*[Forward()] * 4, otherwise=Reset())
    with pytest.raises(SaveIncompleteError) as caught:
        call(store.app, "clone_thread", "t", new_thread_id="copy")
    assert caught.value.unsure[0] == "copy"
    assert len(caught.value.unsure) == 5
    store.proxy.play()
    call(store.app, "delete_thread", caught.value.unsure[0])
    assert call(store.direct, "get_thread_by_id", "copy") is None


def test_a_message_that_replaced_an_unreadable_one_is_saved(store: Bank) -> None:
    key = next(key for key in store.table.items() if "m0" in key[0])
    item = {**store.table.items()[key], "createdAt": {"S": "no time"}}
    store.table.client.put_item(TableName=store.table.name, Item=item)
    METHODS["save_one"](store.app)
    assert texts(store)["m0"] == "after"
