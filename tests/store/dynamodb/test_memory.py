"""The memory domain on its table: what it writes, and what it says where something fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

import leyden
from leyden.errors import (
    AwsError,
    ConnectionFailedError,
    InputError,
    InvalidCursorError,
    ItemTooLargeError,
    KeyCollisionError,
    LeydenError,
    NotFoundError,
    SaveIncompleteError,
    ThrottledError,
)
from leyden.program import Gather, Program, Request, run_together
from leyden.schema.spec import ENTITY_FIELD
from leyden.store.dynamodb.settings import TtlRules
from leyden.store.dynamodb.store import DynamoDBMemory
from tests.store.dynamodb.conftest import Clock, Requests, raw_items

_FILE: Final = Path(leyden.__file__).parent / "demo" / "mastra-items.jsonl"
ITEMS: Final = [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]

Fail = Callable[[Request], LeydenError | None]


class Memory(DynamoDBMemory):
    """The domain on a runner of its own: `failing` says which requests fail, and are not sent."""

    def __init__(self, app: leyden.Service, clock: Clock) -> None:
        super().__init__(app, clock, TtlRules(), 4)
        self.app = app
        self.failing: Fail = lambda request: None

    def _run(self, program: Program[Any]) -> Any:
        try:
            step: Any = program.send(None)
            while True:
                try:
                    answer = self._perform(step)
                except LeydenError as error:
                    step = program.throw(error)
                else:
                    step = program.send(answer)
        except StopIteration as end:
            return end.value

    def _perform(self, step: Any) -> Any:
        if isinstance(step, Gather):
            return [self._outcome(request) for request in step.requests]
        if isinstance(step, Request):
            failure = self.failing(step)
            if failure is not None:
                raise failure
        return self.app.driver.run(_only(step))

    def _outcome(self, request: Request) -> Any:
        try:
            return self._perform(request)
        except LeydenError as error:
            return error


def _only(step: Any) -> Program[Any]:
    return (yield step)


@pytest.fixture
def memory(app: leyden.Service, clock: Clock) -> Memory:
    return Memory(app, clock)


def message(number: int, **changed: Any) -> dict[str, Any]:
    content = {"format": 2, "parts": [], "content": str(number)}
    given = {"id": f"m{number:03}", "thread_id": "t1", "role": "user", "content": content}
    return {**given, **changed}


def nth(api: str, number: int, error: LeydenError) -> Fail:
    """Fail the request of this number, among those of an API."""
    seen = 0

    def fail(request: Request) -> LeydenError | None:
        nonlocal seen
        if request.api != api:
            return None
        seen += 1
        return error if seen == number + 1 else None

    return fail


def _of(kind: str) -> list[dict[str, Any]]:
    return [item for item in ITEMS if item[ENTITY_FIELD]["S"] == kind]


@pytest.mark.parametrize("item", _of("message"), ids=lambda item: item["id"]["S"])
def test_a_message_is_stored_byte_for_byte_as_the_typescript_client_stores_it(
    memory: Memory, clock: Clock, item: dict[str, Any]
) -> None:
    memory.app.driver.send(Request("PutItem", {"TableName": memory.app.table, "Item": item}))
    (read,) = memory.list_messages_by_id([item["id"]["S"]])
    memory.delete_messages([read.id])
    clock.time = read.updated_at
    memory.save_messages([read])
    assert raw_items(memory.app) == [item]
    memory.save_messages([read, message(1)])
    assert item in raw_items(memory.app)
    memory.delete_messages(["m001"])
    memory.save_messages([read, message(1)], atomic=True)
    assert item in raw_items(memory.app)


@pytest.mark.parametrize("item", _of("thread"), ids=lambda item: item["id"]["S"])
def test_a_thread_is_stored_byte_for_byte_as_the_typescript_client_stores_it(
    memory: Memory, item: dict[str, Any]
) -> None:
    memory.app.driver.send(Request("PutItem", {"TableName": memory.app.table, "Item": item}))
    read = memory.get_thread_by_id(item["id"]["S"])
    memory.delete_thread(read.id)
    assert memory.save_thread(read) == read
    assert raw_items(memory.app) == [item]


@pytest.mark.parametrize("item", _of("resource"), ids=lambda item: item["id"]["S"])
def test_a_resource_is_stored_byte_for_byte_as_the_typescript_client_stores_it(
    memory: Memory, clock: Clock, item: dict[str, Any]
) -> None:
    memory.app.driver.send(Request("PutItem", {"TableName": memory.app.table, "Item": item}))
    read = memory.get_resource_by_id(item["id"]["S"])
    memory.app.entities.resource.delete(id=read.id).go()
    clock.time = read.updated_at
    assert memory.save_resource(read) == read
    assert raw_items(memory.app) == [item]


def test_a_change_and_a_move_write_what_a_put_of_the_whole_message_would(
    memory: Memory, clock: Clock
) -> None:
    made = datetime(2026, 2, 3, tzinfo=UTC)
    memory.save_messages([message(n, created_at=made) for n in range(3)])
    clock.advance(seconds=1)
    metadata = {"content": {"metadata": {"a": 1}}, "thread_id": "t2", "resource_id": "alice"}
    memory.update_messages([{"id": "m000", **metadata}])
    memory.update_messages([{"id": id, **metadata} for id in ("m001", "m002")])
    changed = {item["id"]["S"]: item for item in raw_items(memory.app)}
    memory.delete_messages(list(changed))
    content = {"format": 2, "parts": []}
    memory.save_messages(
        [
            message(
                n,
                created_at=made,
                thread_id="t2",
                resource_id="alice",
                content={**content, "content": str(n), "metadata": {"a": 1}},
            )
            for n in range(3)
        ]
    )
    assert {item["id"]["S"]: item for item in raw_items(memory.app)} == changed


def test_what_is_left_of_a_thread_that_was_only_touched_is_no_thread(memory: Memory) -> None:
    memory.app.entities.thread.update(id="t1").set(updated_at=datetime.now(UTC)).go()
    assert memory.get_thread_by_id("t1") is None
    assert memory.list_threads().threads == ()
    with pytest.raises(NotFoundError):
        memory.update_thread("t1", title="New")
    with pytest.raises(NotFoundError):
        memory.copy_thread("t1")
    saved = memory.save_thread({"id": "t1", "resource_id": "alice"})
    assert memory.list_threads(resource_id="alice").threads == (saved,)


def test_a_save_that_failed_in_part_says_what_was_written(memory: Memory) -> None:
    memory.failing = nth("BatchWriteItem", 1, ConnectionFailedError("gone", unsure=True))
    with pytest.raises(SaveIncompleteError, match="35 of 60 messages were written") as caught:
        memory.save_messages([message(n) for n in range(60)])
    error = caught.value
    unsure = [f"m{n:03}" for n in range(25, 50)]
    assert list(error.unsure) == unsure
    assert error.unsaved == ()
    assert set(error.saved) == {f"m{n:03}" for n in range(60)} - set(unsure)
    assert [type(failure) for failure in error.failures] == [ConnectionFailedError]
    assert {item["id"]["S"] for item in raw_items(memory.app)} == set(error.saved)
    memory.failing = lambda request: None
    memory.save_messages([message(n) for n in range(60)])
    assert memory.list_messages("t1", include_total=True).total == 60


def test_an_atomic_save_that_failed_has_written_nothing_or_is_in_doubt(memory: Memory) -> None:
    ids = ("m000", "m001")
    memory.failing = nth("TransactWriteItems", 0, ThrottledError("full"))
    with pytest.raises(SaveIncompleteError) as refused:
        memory.save_messages([message(0), message(1)], atomic=True)
    assert (refused.value.saved, refused.value.unsaved, refused.value.unsure) == ((), ids, ())
    memory.failing = nth("TransactWriteItems", 0, ConnectionFailedError("gone", unsure=True))
    with pytest.raises(SaveIncompleteError) as doubtful:
        memory.save_messages([message(0), message(1)], atomic=True)
    assert (doubtful.value.unsaved, doubtful.value.unsure) == ((), ids)
    assert raw_items(memory.app) == []


def test_a_save_says_where_only_the_thread_was_not_touched(memory: Memory) -> None:
    memory.save_thread({"id": "t1", "resource_id": "alice"})
    memory.failing = nth("UpdateItem", 0, ThrottledError("full"))
    with pytest.raises(SaveIncompleteError, match="all 2 messages were written") as caught:
        memory.save_messages([message(0), message(1)])
    assert caught.value.saved == ("m000", "m001")
    assert (caught.value.unsaved, caught.value.unsure) == ((), ())
    assert memory.list_messages("t1", include_total=True).total == 2


def test_a_collision_is_found_before_anything_of_a_save_is_written(memory: Memory) -> None:
    memory.save_messages([message(1)])
    for atomic in (False, True):
        with (
            Requests(memory.app) as sent,
            pytest.raises(KeyCollisionError, match="case of its letters"),
        ):
            memory.save_messages([message(0), message(1, id="M001")], atomic=atomic)
        assert sent.apis == ["BatchGetItem"]
    with Requests(memory.app) as sent, pytest.raises(KeyCollisionError):
        memory.save_messages([message(2), message(2, id="M002")])
    assert sent.apis == []


def test_bad_messages_are_refused_before_anything_is_sent(memory: Memory) -> None:
    with Requests(memory.app) as sent:
        with pytest.raises(leyden.errors.ItemTooLargeError):
            memory.save_messages([message(0), message(1, content="x" * 500_000)])
        with pytest.raises(InputError):
            memory.save_messages([message(n) for n in range(101)], atomic=True)
    assert sent.apis == []


def test_changes_that_meet_another_writer_are_merged_one_by_one(memory: Memory) -> None:
    memory.save_messages([message(n) for n in range(30)])

    def meddle(request: Request) -> None:
        if request.api == "TransactWriteItems" and not meddled:
            meddled.append(True)
            content = json.dumps({"metadata": {"theirs": 1}})
            memory.app.entities.message.patch(id="m003").set(content=content).go()

    meddled: list[bool] = []
    memory.failing = meddle
    ours = [{"id": f"m{n:03}", "content": {"metadata": {"ours": n}}} for n in range(30)]
    changed = memory.update_messages(ours)
    assert [m.id for m in changed] == [f"m{n:03}" for n in range(30)]
    by_id = {
        m.id: m.content["metadata"] for m in memory.list_messages_by_id([o["id"] for o in ours])
    }
    assert by_id.pop("m003") == {"theirs": 1, "ours": 3}
    assert by_id == {f"m{n:03}": {"ours": n} for n in range(30) if n != 3}
    assert changed[3].content == {"metadata": {"theirs": 1, "ours": 3}}


def test_changes_too_large_for_one_transaction_are_made_in_several(memory: Memory) -> None:
    large = {"parts": [], "content": "x" * 190_000}
    memory.save_messages([message(n, content=large) for n in range(25)])
    changed = memory.update_messages(
        [{"id": f"m{n:03}", "content": {"metadata": {"n": n}}} for n in range(25)]
    )
    assert [m.content["metadata"]["n"] for m in changed] == list(range(25))
    found = memory.list_messages("t1", per_page=None).messages
    assert {m.content["metadata"]["n"] for m in found} == set(range(25))


def test_a_change_that_makes_a_message_too_large_is_named_and_none_is_made(memory: Memory) -> None:
    large = {"parts": [], "content": "x" * 380_000}
    memory.save_messages([message(n, content=large if n == 7 else "short") for n in range(30)])
    before = sorted(raw_items(memory.app), key=lambda item: item["pk"]["S"])
    grown = {"metadata": {"more": "y" * 40_000}}
    with pytest.raises(ItemTooLargeError, match=r"messages\[8\], changed: .* Nothing was changed"):
        memory.update_messages(
            [{"id": "missing"}, *({"id": f"m{n:03}", "content": grown} for n in range(30))]
        )
    assert sorted(raw_items(memory.app), key=lambda item: item["pk"]["S"]) == before


def test_changes_of_which_some_fail_say_which(memory: Memory, clock: Clock) -> None:
    memory.save_thread({"id": "t1", "resource_id": "alice"})
    memory.save_messages([message(n) for n in range(30)])
    then = clock.advance(minutes=1)
    changes = [{"id": f"m{n:03}", "role": "system"} for n in range(30)]
    memory.failing = nth("TransactWriteItems", 1, ConnectionFailedError("gone", unsure=True))
    with pytest.raises(SaveIncompleteError, match=r"5 of 30 .* messages\[25\]: gone") as caught:
        memory.update_messages(changes)
    assert caught.value.saved == tuple(f"m{n:03}" for n in range(25))
    assert caught.value.unsaved == ()
    assert caught.value.unsure == tuple(f"m{n:03}" for n in range(25, 30))
    roles = [m.role for m in memory.list_messages_by_id([change["id"] for change in changes])]
    assert roles == ["system"] * 25 + ["user"] * 5
    assert memory.get_thread_by_id("t1").updated_at == then
    memory.failing = lambda request: None
    assert {m.role for m in memory.update_messages(changes)} == {"system"}


def test_a_save_that_was_refused_in_part_is_not_in_doubt(memory: Memory) -> None:
    refused = AwsError("not allowed", aws_code="AccessDeniedException")
    memory.failing = nth("BatchWriteItem", 1, refused)
    with pytest.raises(
        SaveIncompleteError, match="25 of 30 messages were written, 5 were not;"
    ) as caught:
        memory.save_messages([message(n) for n in range(30)])
    assert (len(caught.value.saved), caught.value.unsure) == (25, ())
    assert caught.value.unsaved == tuple(f"m{n:03}" for n in range(25, 30))


def test_a_read_before_a_save_that_fails_is_that_error(memory: Memory) -> None:
    memory.failing = nth("BatchGetItem", 0, ConnectionFailedError("gone"))
    with pytest.raises(ConnectionFailedError, match="gone"):
        memory.save_messages([message(1), message(2)])


def test_a_copy_under_an_id_of_another_case_is_a_collision(memory: Memory) -> None:
    memory.save_thread({"id": "t1", "resource_id": "alice"})
    with pytest.raises(KeyCollisionError):
        memory.copy_thread("t1", new_thread_id="T1")


def test_a_time_of_creation_that_is_written_in_another_way_is_kept(
    memory: Memory, clock: Clock
) -> None:
    memory.save_thread({"id": "t1", "resource_id": "alice"})
    created = clock()
    clock.advance(minutes=1)
    set_created = {
        "TableName": memory.app.table,
        "Key": memory.app.entities.thread.get(id="t1").params()["Key"],
        "UpdateExpression": "SET createdAt = :c",
        "ExpressionAttributeValues": {":c": {"S": "2026-03-01T12:00:00Z"}},
    }
    memory.app.driver.send(Request("UpdateItem", set_created))
    saved = memory.save_thread({"id": "t1", "resource_id": "bob"})
    assert (saved.created_at, saved.resource_id) == (created, "bob")


@pytest.mark.parametrize(
    "write",
    [
        lambda memory: memory.save_thread({"id": "t1", "resource_id": "alice"}),
        lambda memory: memory.save_resource({"id": "alice"}),
        lambda memory: memory.delete_thread("t1"),
    ],
)
def test_writes_wait_for_a_transaction_that_is_under_way(memory: Memory, write: Any) -> None:
    conflict = AwsError("in a transaction", aws_code="TransactionConflictException")
    refused: list[str] = []

    def refuse(request: Request) -> LeydenError | None:
        if request.api in ("UpdateItem", "DeleteItem") and not refused:
            refused.append(request.api)
            return conflict
        return None

    memory.failing = refuse
    write(memory)
    assert len(refused) == 1


def test_a_message_that_the_index_still_has_in_a_deleted_thread_stays_where_it_moved(
    memory: Memory,
) -> None:
    memory.save_messages([message(n) for n in range(5)])
    moved: list[Any] = []

    def move(request: Request) -> None:
        # Behind the look into the index, which is what a look into one that lags behind is.
        if request.api == "BatchGetItem" and not moved:
            moved.append(memory.app.entities.message.patch(id="m003").set(thread_id="t2").go())

    memory.failing = move
    memory.delete_thread("t1")
    assert [item["id"]["S"] for item in raw_items(memory.app)] == ["m003"]


def test_a_copy_that_fails_leaves_nothing(memory: Memory) -> None:
    memory.save_thread({"id": "t1", "resource_id": "alice"})
    memory.save_messages([message(n) for n in range(40)])
    before = sorted(raw_items(memory.app), key=lambda item: item["pk"]["S"])
    memory.failing = nth("BatchWriteItem", 1, ConnectionFailedError("gone", unsure=True))
    with pytest.raises(LeydenError, match="incomplete"):
        memory.copy_thread("t1")
    assert sorted(raw_items(memory.app), key=lambda item: item["pk"]["S"]) == before


def test_a_thread_whose_id_differs_by_case_is_another_one(memory: Memory) -> None:
    thread = memory.save_thread({"id": "t1", "resource_id": "alice"})
    memory.save_messages([message(1), message(2, thread_id="T1")])
    with pytest.raises(KeyCollisionError):
        memory.save_thread({"id": "T1", "resource_id": "alice"})
    assert memory.get_thread_by_id("T1") is None
    assert (
        memory.list_messages("t1", include_total=True).total
        == memory.list_messages("T1", include_total=True).total
        == 1
    )
    memory.delete_thread("T1")
    assert memory.get_thread_by_id("t1").id == thread.id
    assert [m.id for m in memory.list_messages("t1").messages] == ["m001"]
    assert memory.list_messages("T1", include_total=True).total == 0


def test_counting_takes_no_items_and_tells_folded_keys_apart(memory: Memory) -> None:
    memory.save_messages([message(n, thread_id="T1" if n % 3 else "t1") for n in range(30)])
    query = memory.app.entities.message.query.by_thread
    counted = memory._run(
        run_together([query(thread_id=id).counting() for id in ("t1", "T1", "t2")], 4)
    )
    assert [one.count for one in counted] == [10, 20, 0]
    assert all(one.requests == 1 for one in counted)


def test_two_who_save_a_new_thread_at_once_keep_the_first_time(
    memory: Memory, clock: Clock
) -> None:
    def meddle(request: Request) -> None:
        if request.api == "UpdateItem" and not meddled:
            meddled.append(True)
            theirs = DynamoDBMemory(memory.app, now=clock, ttl=TtlRules(), concurrency=1)
            theirs.save_thread({"id": "t1", "resource_id": "bob"})
            clock.advance(seconds=5)

    meddled: list[bool] = []
    first = clock()
    memory.failing = meddle
    saved = memory.save_thread(
        {"id": "t1", "resource_id": "alice", "created_at": datetime(2026, 5, 1, tzinfo=UTC)}
    )
    assert (saved.created_at, saved.resource_id) == (first, "alice")
    assert memory.get_thread_by_id("t1") == saved
    assert memory.list_threads(resource_id="bob").threads == ()


def test_a_cursor_of_another_query_is_refused_before_anything_is_read(memory: Memory) -> None:
    memory.save_thread({"id": "t1", "resource_id": "alice"})
    memory.save_messages([message(n) for n in range(3)])
    cursor = memory.list_messages("t1", per_page=1).cursor
    with Requests(memory.app) as sent:
        with pytest.raises(InvalidCursorError, match="another query"):
            memory.list_messages_by_resource_id("alice", cursor=cursor)
        with pytest.raises(InvalidCursorError, match="another query"):
            memory.list_messages("t2", cursor=cursor, include=[{"id": "m0"}])
        with pytest.raises(InvalidCursorError, match="another query"):
            memory.list_threads(resource_id="alice", cursor=cursor)
        with pytest.raises(InvalidCursorError, match="another query"):
            memory.list_threads(cursor=cursor)
    assert sent.apis == []
