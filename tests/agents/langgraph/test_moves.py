"""Checkpoints of langgraph-checkpoint-aws are moved, read-only, and as often as one likes."""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from leyden.agents import importing, move
from leyden.agents.langgraph import LeydenSaver
from leyden.agents.langgraph.moves import AwsCheckpoints
from leyden.agents.moves import Progress, moved
from leyden.program import Request
from tests.agents.chaos import Dead, dies_after
from tests.agents.foreign import WRITTEN, new_table, one, raw, write
from tests.agents.langgraph.conftest import new_saver, sent
from tests.agents.langgraph.test_requests import at

pytestmark = pytest.mark.once

_number = count()


@pytest.fixture
def source(embedded: Any) -> tuple[LeydenSaver, str]:
    saver = new_saver(embedded)
    return saver, new_table(saver.app.driver, "langgraph", f"source-{next(_number)}")


def shown(saver: LeydenSaver) -> dict[str, Any]:
    return {
        thread: [
            {
                "id": one.config["configurable"]["checkpoint_id"],
                "parent": one.parent_config and one.parent_config["configurable"]["checkpoint_id"],
                "metadata": one.metadata,
                "log": one.checkpoint["channel_values"].get("log"),
                "messages": [
                    m.content for m in one.checkpoint["channel_values"].get("messages", [])
                ],
                "writes": sorted([task, channel] for task, channel, _ in one.pending_writes or ()),
            }
            for one in saver.list(at(thread))
        ]
        for thread in WRITTEN["langgraph_expected"]
    }


def test_all_that_the_other_saver_shows_is_there(embedded: Any, source: Any) -> None:
    saver, table = source
    with sent() as sending:
        done = move("langgraph-aws", table, saver.app.table, engine=embedded)
    assert (done.conversations, done.refused) == (2, {})
    assert done.entries == sum(len(found) for found in WRITTEN["langgraph_expected"].values())
    assert shown(saver) == WRITTEN["langgraph_expected"]
    # Nothing is written to the source.
    assert {one.table for one in sending if "Write" in one.api or "Put" in one.api} == {
        saver.app.table
    }
    # Twelve writes of one task are in their order, which the other saver does not keep.
    newest = saver.get_tuple(at("t1"))
    assert newest is not None
    twelve = [channel for task, channel, _ in newest.pending_writes or () if "twelve" in task]
    assert twelve == [f"c{n}" for n in range(12)]


def test_a_move_that_is_repeated_adds_what_is_new(embedded: Any, source: Any) -> None:
    saver, table = source
    move("langgraph-aws", table, saver.app.table, engine=embedded)
    again = move("langgraph-aws", table, saver.app.table, engine=embedded)
    assert (again.conversations, again.entries) == (2, 0)
    assert shown(saver) == WRITTEN["langgraph_expected"]
    # A thread that the old saver has gone on with.
    write(
        saver.app.driver,
        table,
        [
            raw(item) | {"PK": {"S": item["PK"]["S"].replace("_t1", "_t3")}}
            for item in WRITTEN["langgraph"]
            if item["PK"]["S"].startswith(("CHECKPOINT_t1", "WRITES_t1"))
        ],
    )
    once_more = move("langgraph-aws", table, saver.app.table, engine=embedded)
    assert once_more.conversations == 3
    assert len([*saver.list(at("t3"))]) == len(WRITTEN["langgraph_expected"]["t1"])


def test_a_move_that_died_goes_on_where_it_stopped(embedded: Any, source: Any) -> None:
    saver, table = source
    heard: list[Progress] = []
    reader = AwsCheckpoints.of(saver._backend, table)
    for requests in (5, 30, 200, 2000):
        begun = heard[-1] if heard else Progress()
        try:
            with dies_after(saver._backend, requests):
                moving = moved(reader, saver._backend, table, begun, heard.append)
                saver._backend.run(moving, "move")
        except Dead:
            continue
        break
    assert heard[-1].is_done
    assert shown(saver) == WRITTEN["langgraph_expected"]


def test_a_thread_lives_as_long_as_it_would_have_lived(embedded: Any, source: Any) -> None:
    saver, table = source
    now = int(time.time())
    # The last checkpoint of the one lives for a time, and all of the other have expired.
    ends = {"CHECKPOINT_t1": iter(range(now - 1000, now + 10**6, 1000)), "CHECKPOINT_t#2": None}
    items = [one for one in WRITTEN["langgraph"] if one["PK"]["S"] in ends]
    last = now
    for item in items:
        times = ends[item["PK"]["S"]]
        end = now - 5 if times is None else next(times)
        last = max(last, end)
        write(saver.app.driver, table, [raw(item) | {"ttl": {"N": f"{end}"}}])
    live = {"Enabled": True, "AttributeName": "ttl"}
    params = {"TableName": table, "TimeToLiveSpecification": live}
    saver.app.driver.run(one(Request("UpdateTimeToLive", params)))
    done = move("langgraph-aws", table, saver.app.table, engine=embedded)
    assert (done.conversations, done.expired, done.refused) == (1, 1, {})
    assert [*saver.list(at("t#2"))] == []
    assert len([*saver.list(at("t1"))]) == len(WRITTEN["langgraph_expected"]["t1"])
    found = saver.app.entities.checkpoint.scan.go(pages="all").items
    assert all(abs(one.expires_at.timestamp() - last) <= 2 for one in found)


def test_items_of_something_else_are_named(embedded: Any, source: Any) -> None:
    saver, table = source
    odd = {"PK": {"S": "CHECKPOINT_odd"}, "SK": {"S": "x"}}
    write(saver.app.driver, table, [odd, {"PK": {"S": "else"}, "SK": {"S": "x"}}])
    done = move("langgraph-aws", table, saver.app.table, engine=embedded)
    assert [*done.refused] == ["odd"]
    assert "its item is not in the format of this source" in done.refused["odd"]
    assert shown(saver) == WRITTEN["langgraph_expected"]


def test_an_object_that_s3_does_not_give_holds_up_no_other_thread(
    embedded: Any, source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    saver, table = source

    class Client:
        def get_object(self, **given: Any) -> Any:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")

    monkeypatch.setattr(importing, "_s3", lambda options: Client())
    items = [one for one in WRITTEN["langgraph"] if one["PK"]["S"] == "CHECKPOINT_t1"]
    write(saver.app.driver, table, [raw(item) | {"ref_loc": {"S": "S3"}} for item in items])
    done = move("langgraph-aws", table, saver.app.table, engine=embedded, bucket="large")
    assert (done.conversations, [*done.refused]) == (1, ["t1"])
    assert "cannot be read from the bucket large" in done.refused["t1"]


def test_what_was_deleted_is_moved_once_more(embedded: Any, source: Any) -> None:
    saver, table = source
    move("langgraph-aws", table, saver.app.table, engine=embedded)
    # The process that deletes it dies when it is deleted, and before all of it is gone.
    for requests in range(10):
        with suppress(Dead), dies_after(saver._backend, requests):
            saver.delete_thread("t1")
        if saver.get_tuple(at("t1")) is None:
            break
    assert saver.app.entities.piece.query.pieces(thread_id="t1").go().items
    done = move("langgraph-aws", table, saver.app.table, engine=embedded)
    assert done.entries == len(WRITTEN["langgraph_expected"]["t1"])
    assert shown(saver) == WRITTEN["langgraph_expected"]


def test_checkpoints_in_s3_need_their_bucket(embedded: Any, source: Any) -> None:
    saver, table = source
    payloads = {}
    items = []
    for item in WRITTEN["langgraph"]:
        if item["PK"]["S"].startswith("CHUNK_t1"):
            payloads[item["PK"]["S"]] = raw(item)["payload"]["B"]
        elif item["PK"]["S"].startswith(("CHECKPOINT_t1", "WRITES_t1")):
            items.append(raw(item) | {"ref_loc": {"S": "S3"}})
    write(saver.app.driver, table, items)
    done = move("langgraph-aws", table, saver.app.table, engine=embedded)
    assert [*done.refused] == ["t1"]
    assert "bucket" in done.refused["t1"]
    assert [*saver.list(at("t1"))] == []
    reader = AwsCheckpoints.of(saver._backend, table, payloads.__getitem__)
    done = saver._backend.run(moved(reader, saver._backend, table, Progress(), print), "move")
    assert done.refused == {}
    assert shown(saver) == WRITTEN["langgraph_expected"]
