"""Merging: what others write between reading and writing is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import leyden
from leyden.errors import (
    AwsError,
    ConnectionFailedError,
    InputError,
    KeyCollisionError,
    LeydenError,
    TransactionCanceledError,
    VersionConflictError,
)
from leyden.program import Pause, Program, Request
from leyden.store.dynamodb.writing import merge
from tests.store.dynamodb.conftest import Clock, Requests

START = datetime(2026, 3, 1, tzinfo=UTC)
WRITES = ("UpdateItem", "PutItem", "TransactWriteItems")


def put_thread(app: leyden.Service, **changed: Any) -> None:
    given = {"id": "t1", "resource_id": "r1", "title": "A thread", "metadata": {"a": 1}}
    times = {"created_at": START, "updated_at": START}
    app.entities.thread.put(**{**given, **times, **changed}).go()


def adding(**keys: Any) -> Callable[[Any], Mapping[str, Any]]:
    return lambda thread: {"metadata": {**(thread.metadata or {}), **keys}}


def merging(app: leyden.Service, clock: Clock, change: Any, **options: Any) -> Program[Any]:
    return merge(
        app.entities.thread,
        {"id": "t1"},
        change,
        now=clock,
        **options,
    )


def drive(app: leyden.Service, program: Program[Any], between: Callable[[int], None]) -> Any:
    """Run a program, with `between` called before each of its writes, which it counts."""
    writes = 0
    step = program.send(None)
    try:
        while True:
            if isinstance(step, Request) and step.api in WRITES:
                between(writes)
                writes += 1
            try:
                answer = app.driver.run(once(step))
            except LeydenError as error:
                step = program.throw(error)
            else:
                step = program.send(answer)
    except StopIteration as end:
        return end.value


def once(step: Any) -> Program[Any]:
    return (yield step)


def stored(app: leyden.Service) -> Any:
    return app.entities.thread.get(id="t1").go()


def test_a_change_is_made_in_two_requests(app: leyden.Service, clock: Clock) -> None:
    put_thread(app)
    with Requests(app) as sent:
        record = app.driver.run(merging(app, clock, adding(b=2)))
    assert record.metadata == {"a": 1, "b": 2}
    assert record == stored(app)
    assert record.updated_at == clock()
    assert sent.apis == ["GetItem", "UpdateItem"]


def test_what_was_written_in_between_is_merged_too(app: leyden.Service, clock: Clock) -> None:
    put_thread(app)

    def other(write: int) -> None:
        if write < 3:
            metadata = {**stored(app).metadata, f"other{write}": write}
            app.entities.thread.patch(id="t1").set(
                metadata=metadata, updated_at=clock.advance(seconds=1)
            ).go()

    record = drive(app, merging(app, clock, adding(mine=True)), other)
    expected = {"a": 1, "other0": 0, "other1": 1, "other2": 2, "mine": True}
    assert record.metadata == expected
    assert stored(app).metadata == expected


@pytest.mark.parametrize(("refused", "reads"), [(0, 1), (2, 1), (3, 2), (5, 4)])
def test_the_item_is_read_again_once_the_pauses_are_long(
    app: leyden.Service, clock: Clock, refused: int, reads: int
) -> None:
    put_thread(app)

    def other(write: int) -> None:
        if write < refused:
            app.entities.thread.patch(id="t1").set(metadata={"other": write}).go()

    with Requests(app) as sent:
        record = drive(app, merging(app, clock, adding(mine=1)), other)
    assert record.metadata == ({"other": refused - 1} if refused else {"a": 1}) | {"mine": 1}
    assert sent.apis.count("GetItem") == reads


def test_another_writer_in_the_same_millisecond_is_noticed(
    app: leyden.Service, clock: Clock
) -> None:
    put_thread(app, updated_at=clock())

    def other(write: int) -> None:
        if write == 0:
            app.entities.thread.patch(id="t1").set(metadata={"a": 1, "other": 1}).go()

    record = drive(app, merging(app, clock, adding(mine=1)), other)
    assert record.metadata == {"a": 1, "other": 1, "mine": 1}


def test_times_of_changes_only_go_on(app: leyden.Service, clock: Clock) -> None:
    put_thread(app, updated_at=clock() + timedelta(hours=1))
    before = stored(app).updated_at
    record = app.driver.run(merging(app, clock, adding(b=2)))
    assert record.updated_at == before + timedelta(milliseconds=1)


def test_text_that_is_written_in_another_way_can_still_be_merged(
    app: leyden.Service, clock: Clock
) -> None:
    put_thread(app)
    key = app.entities.thread.get(id="t1").params()["Key"]
    spaced = {":m": {"S": '{ "a" : 1 }'}}
    app.driver.send(
        Request(
            "UpdateItem",
            {
                "TableName": app.table,
                "Key": key,
                "UpdateExpression": "SET metadata = :m",
                "ExpressionAttributeValues": spaced,
            },
        )
    )
    assert app.driver.run(merging(app, clock, adding(b=2))).metadata == {"a": 1, "b": 2}


@pytest.mark.parametrize("letter", ["x", "é"])
def test_long_values_are_merged_as_well(app: leyden.Service, clock: Clock, letter: str) -> None:
    put_thread(app, metadata={"long": letter * 100_000})

    def other(write: int) -> None:
        if write == 0:
            longer = {"long": letter * 100_000, "other": 1}
            app.entities.thread.patch(id="t1").set(
                metadata=longer, updated_at=clock.advance(seconds=1)
            ).go()

    record = drive(app, merging(app, clock, adding(mine=1)), other)
    assert record.metadata == {"long": letter * 100_000, "other": 1, "mine": 1}


def test_a_missing_item_is_made_where_the_change_says_what_it_holds(
    app: leyden.Service, clock: Clock
) -> None:
    def change(thread: Any) -> dict[str, Any]:
        if thread is not None:
            return {"metadata": {**thread.metadata, "mine": 1}}
        return {"resource_id": "r1", "title": "New", "created_at": clock(), "metadata": {"new": 1}}

    assert app.driver.run(merging(app, clock, change)).metadata == {"new": 1}
    assert stored(app).metadata == {"new": 1}
    app.entities.thread.delete(id="t1").go()

    def other(write: int) -> None:
        if write == 0:
            put_thread(app, metadata={"other": 1})

    record = drive(app, merging(app, clock, change), other)
    assert record.metadata == stored(app).metadata == {"other": 1, "mine": 1}


def test_an_item_that_is_deleted_in_between_is_a_missing_one(
    app: leyden.Service, clock: Clock
) -> None:
    put_thread(app)

    def change(thread: Any) -> dict[str, Any] | None:
        return None if thread is None else {"title": "New"}

    def other(write: int) -> None:
        app.entities.thread.delete(id="t1").go()

    assert drive(app, merging(app, clock, change), other) is None
    assert stored(app) is None


def test_nothing_is_written_where_the_change_says_none(app: leyden.Service, clock: Clock) -> None:
    put_thread(app)
    before = stored(app)
    assert app.driver.run(merging(app, clock, lambda thread: None)) == before
    assert stored(app) == before


def test_what_the_change_raises_ends_the_merge(app: leyden.Service, clock: Clock) -> None:
    put_thread(app)

    def refuse(thread: Any) -> dict[str, Any]:
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        app.driver.run(merging(app, clock, refuse))


def test_a_record_that_was_just_read_is_not_read_again(app: leyden.Service, clock: Clock) -> None:
    put_thread(app)
    record = stored(app)
    with Requests(app) as sent:
        app.driver.run(merging(app, clock, adding(b=2), seen=record))
    assert sent.apis == ["UpdateItem"]


def test_another_item_under_the_key_is_a_collision(app: leyden.Service, clock: Clock) -> None:
    put_thread(app, id="T1")
    with pytest.raises(KeyCollisionError):
        app.driver.run(merging(app, clock, lambda t: {"resource_id": "r", "title": "x"}))


def test_patience_ends_in_a_conflict_that_shows_what_is_stored(
    app: leyden.Service, clock: Clock
) -> None:
    put_thread(app)

    def other(write: int) -> None:
        app.entities.thread.patch(id="t1").set(
            metadata={"write": write}, updated_at=clock.advance(seconds=1)
        ).go()

    with pytest.raises(
        VersionConflictError, match=r"changed by others for 0\.05 seconds"
    ) as caught:
        drive(app, merging(app, clock, adding(mine=1), patience=0.05), other)
    assert caught.value.stored.metadata == stored(app).metadata
    assert "mine" not in stored(app).metadata


def test_a_change_whose_answer_was_lost_is_not_made_twice(
    app: leyden.Service, clock: Clock
) -> None:
    put_thread(app)
    program = merging(app, clock, adding(count=1))
    read = program.send(None)
    write = program.send(app.driver.run(once(read)))
    app.driver.run(once(write))
    with pytest.raises(LeydenError) as refused:
        app.driver.run(once(write))
    refused.value.unsure = True  # type: ignore[attr-defined]
    with pytest.raises(StopIteration) as end:
        program.throw(refused.value)
    assert end.value.value.metadata == {"a": 1, "count": 1}


def test_other_errors_are_passed_on(app: leyden.Service, clock: Clock) -> None:
    put_thread(app)
    program = merging(app, clock, adding(b=2))
    program.send(None)
    with pytest.raises(ConnectionFailedError):
        program.throw(ConnectionFailedError("gone"))


def test_a_transaction_under_way_on_the_item_is_waited_for(
    app: leyden.Service, clock: Clock
) -> None:
    put_thread(app)
    program = merging(app, clock, adding(b=2))
    write = program.send(app.driver.run(once(program.send(None))))
    conflict = AwsError("in a transaction", aws_code="TransactionConflictException")
    assert isinstance(program.throw(conflict), Pause)
    again = program.send(None)
    assert again == write
    with pytest.raises(StopIteration) as end:
        program.send(app.driver.run(once(again)))
    assert end.value.value.metadata == {"a": 1, "b": 2}


def rewrite(app: leyden.Service, **texts: str) -> None:
    """Set fields of the thread as another program does, that leaves its time as it was."""
    names = {f"#{n}": name for n, name in enumerate(texts)}
    values = {f":{n}": {"S": text} for n, text in enumerate(texts.values())}
    sets = ", ".join(f"#{n} = :{n}" for n in range(len(texts)))
    app.driver.send(
        Request(
            "UpdateItem",
            {
                "TableName": app.table,
                "Key": app.entities.thread.get(id="t1").params()["Key"],
                "UpdateExpression": f"SET {sets}",
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": values,
            },
        )
    )


@pytest.mark.parametrize("letter", ["x", "é"])
def test_another_writer_of_a_long_value_of_the_same_size_and_time_is_noticed(
    app: leyden.Service, clock: Clock, letter: str
) -> None:
    long = letter * 100_000
    put_thread(app, metadata={"long": long, "by": "a"})

    def other(write: int) -> None:
        if write == 0:
            rewrite(app, metadata=f'{{"long":"{long}","by":"b"}}')

    record = drive(app, merging(app, clock, adding(mine=1)), other)
    assert record.metadata == stored(app).metadata == {"long": long, "by": "b", "mine": 1}


def test_another_writer_of_text_that_is_written_in_another_way_is_noticed(
    app: leyden.Service, clock: Clock
) -> None:
    put_thread(app)
    rewrite(app, metadata='{ "a" : 1 }')

    def other(write: int) -> None:
        if write == 0:
            rewrite(app, metadata='{ "a" : 2 }')

    record = drive(app, merging(app, clock, adding(b=2)), other)
    assert record.metadata == stored(app).metadata == {"a": 2, "b": 2}


def test_a_record_is_read_again_where_its_text_is_written_in_another_way(
    app: leyden.Service, clock: Clock
) -> None:
    put_thread(app)
    rewrite(app, metadata='{ "a" : 1 }')
    seen = stored(app)

    def other(write: int) -> None:
        if write == 1:
            rewrite(app, metadata='{ "a" : 2 }')

    record = drive(app, merging(app, clock, adding(b=2), seen=seen), other)
    assert record.metadata == stored(app).metadata == {"a": 2, "b": 2}


def test_transactions_that_are_in_the_way_are_waited_for(app: leyden.Service, clock: Clock) -> None:
    put_thread(app)
    program = merging(app, clock, adding(b=2))
    program.send(app.driver.run(once(program.send(None))))
    assert isinstance(program.throw(TransactionCanceledError("others were faster")), Pause)
    again = program.send(None)
    with pytest.raises(StopIteration) as end:
        program.send(app.driver.run(once(again)))
    assert end.value.value.metadata == {"a": 1, "b": 2}
