"""The store: how it is made, checked, cleared and closed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

import leyden
from leyden.errors import (
    InputError,
    InvalidOptionError,
    ItemTooLargeError,
    SchemaError,
    TableMismatchError,
    TableNotFoundError,
)
from leyden.program import Request
from leyden.store import TTL, DynamoDBStore, InMemoryStore
from tests.store.dynamodb.conftest import Clock, Requests, raw_items
from tests.store.dynamodb.test_schemas import NOTE
from tests.store.dynamodb.test_scores import SCORE
from tests.store.dynamodb.test_traces_and_evals import evaluation, span


@pytest.fixture
def table(module_table_name: str, request: pytest.FixtureRequest) -> str:
    return f"{module_table_name}-{abs(hash(request.node.name)) % 10**8}"


@pytest.fixture
def store(embedded: Any, table: str) -> Iterator[DynamoDBStore]:
    with DynamoDBStore(table_name=table, client=embedded) as opened:
        opened.app.create_table()
        yield opened


def fill(store: Any) -> None:
    memory = store.memory
    memory.save_thread({"id": "t1", "resource_id": "alice"})
    memory.save_messages(
        [
            {"id": f"m{n}", "thread_id": "t1", "role": "user", "content": {"parts": []}}
            for n in range(30)
        ]
    )
    memory.save_resource({"id": "alice", "working_memory": "likes tea"})
    store.workflows.persist_workflow_snapshot("w", "r", {"status": "running"})
    store.scores.save_score(SCORE)
    store.traces.batch_trace_insert([span("s1")])
    store.evals.insert_evals([evaluation("e1")])


def counts(store: Any) -> dict[str, int]:
    return {
        "memory": len(store.memory.list_messages_by_id([f"m{n}" for n in range(30)]))
        + store.memory.list_threads(include_total=True).total
        + bool(store.memory.get_resource_by_id("alice")),
        "workflows": store.workflows.list_workflow_runs(include_total=True).total,
        "scores": store.scores.list_scores_by_run_id("run-1", include_total=True).total,
        "traces": store.traces.get_traces(include_total=True).total,
        "evals": store.evals.get_evals(include_total=True).total,
    }


FULL = {"memory": 32, "workflows": 1, "scores": 1, "traces": 1, "evals": 1}


@pytest.mark.parametrize("domain", FULL)
def test_clearing_empties_one_domain_and_leaves_the_others(
    store: DynamoDBStore, domain: Any
) -> None:
    for backend in (store, InMemoryStore()):
        fill(backend)
        assert counts(backend) == FULL
        backend.clear(domain)
        assert counts(backend) == {**FULL, domain: 0}
        backend.clear(domain)


def test_clearing_deletes_in_batches_and_a_domain_that_is_none_is_refused(
    store: DynamoDBStore,
) -> None:
    fill(store)
    with Requests(store.app) as sent:
        store.clear("memory")
    assert sent.apis.count("Scan") == 4  # The vectors of messages are looked for first.
    assert sent.apis.count("BatchWriteItem") == 4
    with pytest.raises(InputError, match=r"store\.clear"):
        store.clear("memories")  # type: ignore[arg-type]


def test_clearing_takes_items_along_that_lack_what_a_record_must_have(
    store: DynamoDBStore,
) -> None:
    store.app.entities.thread.update(id="partial").set(title="no resource").go()
    store.clear("memory")
    assert raw_items(store.app) == []


def test_init_asks_once_and_many_threads_may_call_it(store: DynamoDBStore) -> None:
    with Requests(store.app) as sent:
        threads = [threading.Thread(target=store.init) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        store.init()
    assert sent.apis == ["DescribeTable"]


def test_init_says_where_the_table_comes_from_and_asks_again_after_a_failure(
    embedded: Any, table: str
) -> None:
    store = DynamoDBStore(table_name=table, client=embedded)
    with pytest.raises(TableNotFoundError) as caught:
        store.init()
    assert caught.value.operation == "store.init"
    assert "leyden table" in str(caught.value)
    assert "TABLE_SETUP.md" in str(caught.value)
    store.app.create_table()
    store.init()


def test_init_lists_what_a_table_lacks_and_how_to_add_it(embedded: Any, table: str) -> None:
    rules = {"message": timedelta(days=1)}
    store = DynamoDBStore(table_name=table, client=embedded, ttl=rules)
    params = store.app.table_definition.create_table_params(table)
    indexes = params["GlobalSecondaryIndexes"]
    params["GlobalSecondaryIndexes"] = [
        {**index, "Projection": {"ProjectionType": "KEYS_ONLY"}}
        if index["IndexName"] == "gsi1"
        else index
        for index in indexes
        if index["IndexName"] != "gsi2"
    ]
    names = {"gsi2pk", "gsi2sk"}
    params["AttributeDefinitions"] = [
        one for one in params["AttributeDefinitions"] if one["AttributeName"] not in names
    ]
    store.app.driver.send(Request("CreateTable", params))
    with pytest.raises(TableMismatchError) as caught:
        store.init()
    differences = " ".join(caught.value.differences)
    assert len(caught.value.differences) == 3
    assert 'the index "gsi2"' in differences
    assert 'the index "gsi1" projects KEYS_ONLY' in differences
    assert "time to live is off" in differences
    said = str(caught.value)
    assert "aws dynamodb update-table" in said
    assert "AttributeName=ttl" in said
    assert table in said


def test_the_time_to_live_is_looked_at_only_where_something_expires(
    embedded: Any, table: str
) -> None:
    plain = DynamoDBStore(table_name=table, client=embedded)
    params = plain.app.table_definition.create_table_params(table)
    plain.app.driver.send(Request("CreateTable", params))
    plain.init()
    rule = TTL(after=timedelta(hours=1), attribute="expiresAt")
    living = DynamoDBStore(table_name=table, client=embedded, ttl={"thread": rule})
    with pytest.raises(TableMismatchError, match=r'time to live is off.*"expiresAt"'):
        living.init()
    living.app.driver.send(
        Request(
            "UpdateTimeToLive",
            {
                "TableName": table,
                "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expiresAt"},
            },
        )
    )
    living.init()


def test_what_is_saved_expires_as_the_rules_say(embedded: Any, table: str, clock: Clock) -> None:
    rules: Any = {
        "thread": timedelta(days=1),
        "message": timedelta(days=2),
        "resource": timedelta(days=3),
        "score": timedelta(days=4),
        "workflow_snapshot": timedelta(days=5),
    }
    with DynamoDBStore(table_name=table, client=embedded, ttl=rules, clock=clock) as store:
        store.app.create_table()
        store.init()
        fill(store)
        found = {
            item["__edb_e__"]["S"]: item.get("ttl", {}).get("N") for item in raw_items(store.app)
        }
    start = int(clock.time.timestamp())
    expected = {alias: str(start + int(after.total_seconds())) for alias, after in rules.items()}
    assert found == {**expected, "trace": None, "eval": None}


def test_entities_of_your_own_live_in_the_same_table(embedded: Any, table: str) -> None:
    with DynamoDBStore(table_name=table, client=embedded, entities=NOTE) as store:
        store.app.create_table()
        store.init()
        fill(store)
        store.entities.note.create(id="n1", owner="alice", text="hello").go()
        (note,) = store.app.entities.note.query.by_owner(owner="alice")
        assert note.text == "hello"
        for domain in FULL:
            store.clear(domain)  # type: ignore[arg-type]
        assert len(raw_items(store.app)) == 1


def test_a_boto3_client_is_used_and_stays_open(embedded: Any, store: DynamoDBStore) -> None:
    client = boto3.client(
        "dynamodb",
        region_name=embedded.region,
        endpoint_url=embedded.endpoint_url,
        aws_access_key_id="given",
        aws_secret_access_key="given",
    )
    with DynamoDBStore(table_name=store.table_name, client=client) as other:
        other.init()
        other.memory.save_thread({"id": "t1", "resource_id": "alice"})
    assert store.memory.get_thread_by_id("t1") is not None
    assert store.table_name in client.list_tables()["TableNames"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"table_name": ""}, "is blank"),
        ({"table_name": "  "}, "is blank"),
        ({"table_name": "ab"}, "3 to 255"),
        ({"table_name": "a" * 256}, "3 to 255"),
        ({"table_name": "täble"}, "3 to 255"),
        ({"table_name": "table\n"}, "3 to 255"),
        ({"name": ""}, "name must be a text"),
        ({"concurrency": 0}, "concurrency"),
        ({"large_values": "split"}, "large_values"),
        ({"ttl": {"mesage": timedelta(1)}}, "message"),
        ({"clock": datetime(2026, 1, 1, tzinfo=UTC)}, "clock"),
        ({"client": "dynamodb"}, "boto3.client"),
        ({"credentials": {"access_key_id": "a"}}, "secret_access_key"),
        ({"client": object(), "region": "eu-west-1"}, "brings its own"),
        ({"endpoint_url": "localhost"}, "http"),
    ],
)
def test_a_store_that_could_not_work_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidOptionError, match=words):
        DynamoDBStore(**{"table_name": "memory", **options})


def test_faults_of_your_own_entities_are_told_with_their_place() -> None:
    with pytest.raises(SchemaError, match="<text>:2:1"):
        DynamoDBStore(table_name="memory", entities="\nentity: note\n")


def test_credentials_never_show() -> None:
    secret = {"access_key_id": "AKIASHOWN", "secret_access_key": "hidden-secret"}
    store = DynamoDBStore(table_name="memory", name="mine", region="eu-west-1", credentials=secret)
    for shown in (repr(store), str(store), repr(store.memory), repr(store.app)):
        assert "AKIA" not in shown
        assert "secret" not in shown
    assert repr(store) == "<DynamoDBStore mine on table memory>"


def test_errors_name_the_method_that_was_called(store: DynamoDBStore) -> None:
    for call, name in (
        (lambda: store.memory.get_thread_by_id(""), "store.memory.get_thread_by_id"),
        (lambda: store.scores.save_score({}), "store.scores.save_score"),
        (lambda: store.memory.update_thread("nobody", title="x"), "store.memory.update_thread"),
    ):
        with pytest.raises(leyden.LeydenError) as caught:
            call()
        assert caught.value.operation == name
        assert str(caught.value).startswith(f"{name}: ")


_WRITER = """
import sys
from leyden.store import DynamoDBStore

endpoint, table, first = sys.argv[1], sys.argv[2], int(sys.argv[3])
secret = {"access_key_id": "local", "secret_access_key": "local"}
store = DynamoDBStore(
    table_name=table, endpoint_url=endpoint, region="us-east-1", credentials=secret
)
for number in range(first, first + 15):
    store.workflows.update_workflow_results("w", "r", step_id=f"s{number}", result=number)
"""


def test_no_result_is_lost_where_several_processes_update_one_run(
    embedded: Any, store: DynamoDBStore
) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, embedded.endpoint_url, store.table_name, str(first)],
            env={**os.environ, "AWS_EC2_METADATA_DISABLED": "true"},
        )
        for first in range(0, 60, 15)
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0, 0]
    state = store.workflows.load_workflow_snapshot("w", "r")
    assert state is not None
    assert state["context"] == {f"s{number}": number for number in range(60)}


def test_an_atomic_save_is_one_transaction(store: DynamoDBStore) -> None:
    messages = [
        {"id": f"m{n}", "thread_id": "t1", "role": "user", "content": "x"} for n in range(101)
    ]
    with Requests(store.app) as sent:
        store.memory.save_messages(messages[:100], atomic=True)
    assert sent.apis.count("TransactWriteItems") == 1
    for backend in (store, InMemoryStore()):
        with pytest.raises(InputError):
            backend.memory.save_messages(messages, atomic=True)


def test_values_over_the_limit_are_refused_before_they_are_sent_or_split(
    embedded: Any, store: DynamoDBStore
) -> None:
    large = "".join(chr(33 + number * 7919 % 90) for number in range(450_000))
    state = {"status": "running", "context": {"text": large}}
    store.workflows.persist_workflow_snapshot("w", "small", {"status": "running"})
    message = {"id": "m1", "thread_id": "t1", "role": "user", "content": large}
    calls: list[Any] = [
        lambda: store.workflows.persist_workflow_snapshot("w", "r", state),
        lambda: store.workflows.update_workflow_results("w", "small", step_id="s", result=large),
        lambda: store.memory.save_messages([message]),
        lambda: store.memory.save_messages([message, {**message, "id": "m2"}]),
        lambda: store.scores.save_score({**SCORE, "input": large}),
    ]
    for call in calls:
        with Requests(store.app) as sent, pytest.raises(ItemTooLargeError) as caught:
            call()
        assert caught.value.size > 450_000
        assert set(sent.apis) <= {"GetItem"}
    with DynamoDBStore(
        table_name=store.table_name, client=embedded, large_values="chunk"
    ) as chunking:
        chunking.workflows.persist_workflow_snapshot("w", "r", state)
        assert chunking.workflows.load_workflow_snapshot("w", "r") == state
        chunking.workflows.update_workflow_results("w", "r", step_id="s", result=1)
        (run, _) = chunking.workflows.list_workflow_runs(workflow_name="w").runs
        assert run.snapshot["context"] == {"text": large, "s": 1}
        chunking.memory.save_messages([message])
        assert chunking.memory.list_messages("t1").messages[0].content == large
        score = chunking.scores.save_score({**SCORE, "input": large})
        assert chunking.scores.get_score_by_id(score.id or "") == score
        for domain in FULL:
            chunking.clear(domain)  # type: ignore[arg-type]
        assert raw_items(store.app) == []
