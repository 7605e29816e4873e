from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from leyden._ledger import Ledger
from leyden.drivers import Driver, SharedConnection, SyncDriver
from leyden.errors import ConditionFailedError, LeydenError, TableNotFoundError
from leyden.program import Gather, Pause, Program, Request
from tests.drivers.answering import answering, refusal

pytestmark = pytest.mark.usefixtures("each_transport")

KEYS = {"access_key_id": "a", "secret_access_key": "b"}


class Scripted(SharedConnection):
    """Answers from a function instead of the network."""

    def __init__(self, answer: Any) -> None:
        super().__init__(endpoint_url="http://127.0.0.1:1", credentials=KEYS)
        self.answer = answer
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        self.sent.append((operation_name, operation_kwargs))
        result: dict[str, Any] = self.answer(operation_name, operation_kwargs)
        return result


def driver_of(answer: Any) -> SyncDriver:
    return SyncDriver(connection=Scripted(answer))


def get(number: int) -> Request:
    return Request("GetItem", {"TableName": "t", "Key": {"n": {"N": str(number)}}})


def echo(api: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"Item": params["Key"]}


def test_a_program_gets_each_answer_and_returns_its_result() -> None:
    def program() -> Program[list[Any]]:
        first = yield get(1)
        second = yield get(2)
        return [first["Item"], second["Item"]]

    assert driver_of(echo).run(program()) == [{"n": {"N": "1"}}, {"n": {"N": "2"}}]


def test_a_program_without_steps_returns_at_once() -> None:
    def program() -> Program[str]:
        return "done"
        yield

    assert driver_of(echo).run(program()) == "done"


def test_a_program_may_return_none() -> None:
    def program() -> Program[None]:
        yield get(1)

    assert driver_of(echo).run(program()) is None


def test_a_pause_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("leyden.drivers.sync.pause", waited.append)

    def program() -> Program[Any]:
        return (yield Pause(2.5))

    assert driver_of(echo).run(program()) is None
    assert waited == [2.5]


def missing(api: str, params: dict[str, Any]) -> dict[str, Any]:
    raise TableNotFoundError("there is no table")


def test_an_error_is_raised_at_the_yield_so_that_the_program_may_handle_it() -> None:
    def program() -> Program[str]:
        try:
            yield get(1)
        except TableNotFoundError:
            return "handled"
        return "not raised"

    assert driver_of(missing).run(program()) == "handled"


def test_a_program_goes_on_after_an_error_that_it_handles() -> None:
    def program() -> Program[Any]:
        try:
            yield get(1)
        except TableNotFoundError:
            return (yield Gather(()))

    assert driver_of(missing).run(program()) == []


def test_an_error_that_the_program_does_not_handle_is_raised_and_the_program_ends() -> None:
    ended: list[bool] = []

    def program() -> Program[None]:
        try:
            yield get(1)
        finally:
            ended.append(True)

    with pytest.raises(TableNotFoundError):
        driver_of(missing).run(program())
    assert ended == [True]


def test_a_program_is_closed_when_something_else_goes_wrong() -> None:
    ended: list[bool] = []

    def interrupted(api: str, params: dict[str, Any]) -> dict[str, Any]:
        raise KeyboardInterrupt

    def program() -> Program[None]:
        try:
            yield get(1)
        finally:
            ended.append(True)

    with pytest.raises(KeyboardInterrupt):
        driver_of(interrupted).run(program())
    assert ended == [True]


@pytest.mark.parametrize("concurrency", [1, 3, 50])
def test_gathered_answers_come_in_the_order_of_the_requests(concurrency: int) -> None:
    def slow_first(api: str, params: dict[str, Any]) -> dict[str, Any]:
        time.sleep(0.03 if params["Key"]["n"]["N"] == "0" else 0)
        return echo(api, params)

    def program() -> Program[list[Any]]:
        answers: list[Any] = yield Gather(tuple(get(n) for n in range(8)), concurrency)
        return [answer["Item"]["n"]["N"] for answer in answers]

    assert driver_of(slow_first).run(program()) == [str(n) for n in range(8)]


def test_gathering_sends_at_most_as_many_at_a_time_as_asked() -> None:
    lock, now, most = threading.Lock(), 0, 0
    # All three of a round are there before any of them goes on, however slow threads begin.
    together = threading.Barrier(3)

    def counting(api: str, params: dict[str, Any]) -> dict[str, Any]:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait(20)
        # A fourth, if there were one, would be seen now.
        time.sleep(0.02)
        with lock:
            now -= 1
        return {}

    def program() -> Program[Any]:
        return (yield Gather(tuple(get(n) for n in range(9)), 3))

    driver_of(counting).run(program())
    assert most == 3


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_failing_request_does_not_keep_the_other_answers_back(concurrency: int) -> None:
    def second_fails(api: str, params: dict[str, Any]) -> dict[str, Any]:
        if params["Key"]["n"]["N"] == "1":
            raise TableNotFoundError("no")
        return echo(api, params)

    def program() -> Program[list[Any]]:
        answers: list[Any] = yield Gather(tuple(get(n) for n in range(3)), concurrency)
        return answers

    # Errors of the service only: the scripted one stands for a translated error.
    answers = driver_of(second_fails).run(program())
    assert [isinstance(answer, LeydenError) for answer in answers] == [False, True, False]


def test_the_request_on_the_wire_asks_for_cost_and_the_stored_item() -> None:
    with answering({"ConsumedCapacity": {"CapacityUnits": 1.0}}) as server:
        with SyncDriver(endpoint_url=server.endpoint_url, credentials=KEYS) as driver:
            request = Request(
                "DeleteItem",
                {"TableName": "t", "Key": {"pk": {"S": "a"}}, "ConditionExpression": "x"},
            )
            driver.send(request)
            driver.send(Request("DescribeTimeToLive", {"TableName": "t"}))
        assert server.received == [
            (
                "DeleteItem",
                {
                    "TableName": "t",
                    "Key": {"pk": {"S": "a"}},
                    "ConditionExpression": "x",
                    "ReturnConsumedCapacity": "TOTAL",
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                },
            ),
            ("DescribeTimeToLive", {"TableName": "t"}),
        ]
    assert "ReturnConsumedCapacity" not in request.params


def test_a_driver_works_again_after_close() -> None:
    with answering({"TableNames": []}) as server:
        driver = SyncDriver(endpoint_url=server.endpoint_url, credentials=KEYS)
        driver.send(Request("ListTables", {}))
        driver.close()
        assert driver.send(Request("ListTables", {}))["TableNames"] == []


def test_a_given_connection_stays_open_when_its_driver_closes() -> None:
    connection = SharedConnection(endpoint_url="http://127.0.0.1:1", credentials=KEYS)
    client = connection.client
    SyncDriver(connection=connection).close()
    assert connection.client is client


def test_the_sync_driver_is_a_driver() -> None:
    driver: Driver = driver_of(echo)
    assert driver.send(get(1)) == {"Item": {"n": {"N": "1"}}}


@pytest.fixture
def table(engine: Any, table_name: str) -> Iterator[tuple[SyncDriver, str]]:
    with SyncDriver(
        endpoint_url=engine.endpoint_url, region=engine.region, credentials=engine.credentials
    ) as driver:
        driver.send(
            Request(
                "CreateTable",
                {
                    "TableName": table_name,
                    "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                },
            )
        )
        yield driver, table_name
        driver.send(Request("DeleteTable", {"TableName": table_name}))


@pytest.mark.parametrize(
    ("api", "more"),
    [
        ("PutItem", {"Item": {"pk": {"S": "a"}}}),
        ("DeleteItem", {"Key": {"pk": {"S": "a"}}}),
        ("UpdateItem", {"Key": {"pk": {"S": "a"}}, "UpdateExpression": "REMOVE x"}),
    ],
)
def test_every_engine_returns_the_stored_item_of_a_failed_condition(
    table: tuple[SyncDriver, str], api: str, more: dict[str, Any]
) -> None:
    driver, name = table
    stored = {"pk": {"S": "a"}, "n": {"N": "1"}}
    driver.send(Request("PutItem", {"TableName": name, "Item": stored}))
    condition = {"TableName": name, "ConditionExpression": "attribute_not_exists(pk)"}
    with pytest.raises(ConditionFailedError) as caught:
        driver.send(Request(api, {**condition, **more}))
    assert caught.value.item == stored


def test_every_engine_reports_an_unknown_index_as_missing(table: tuple[SyncDriver, str]) -> None:
    driver, name = table
    query = {
        "TableName": name,
        "IndexName": "nowhere",
        "KeyConditionExpression": "pk = :a",
        "ExpressionAttributeValues": {":a": {"S": "a"}},
    }
    with pytest.raises(TableNotFoundError, match='its index "nowhere"'):
        driver.send(Request("Query", query))


def test_every_engine_reports_an_unknown_table_as_missing(table: tuple[SyncDriver, str]) -> None:
    driver, _ = table
    with pytest.raises(TableNotFoundError, match='"absent-table"'):
        driver.send(Request("GetItem", {"TableName": "absent-table", "Key": {"pk": {"S": "a"}}}))


def test_a_refusal_inside_a_program_keeps_its_cause() -> None:
    def program() -> Program[None]:
        yield Request("Query", {"TableName": "t"})

    with (
        answering(refusal("ResourceNotFoundException", "not found"), 400) as server,
        SyncDriver(endpoint_url=server.endpoint_url, credentials=KEYS) as driver,
        pytest.raises(TableNotFoundError) as caught,
    ):
        driver.run(program())
    assert caught.value.__cause__ is not None


def test_a_stop_iteration_of_a_request_is_no_end_of_its_program() -> None:
    def exhausted(api: str, params: dict[str, Any]) -> dict[str, Any]:
        return next(iter(()))

    def program() -> Program[Any]:
        return (yield get(1))

    with pytest.raises(RuntimeError, match="StopIteration"):
        driver_of(exhausted).run(program())


def test_only_a_program_that_writes_keeps_a_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    class Counted(Ledger):
        __slots__ = ()

        def __init__(self) -> None:
            super().__init__()
            made.append(1)

    def program(*steps: Any) -> Program[None]:
        for step in steps:
            _ = yield step

    monkeypatch.setattr("leyden.drivers.sync.Ledger", Counted)
    put = Request("PutItem", {"TableName": "t", "Item": {"n": {"N": "1"}}})
    driver = driver_of(lambda api, params: {})
    driver.run(program(get(1), Pause(0), Gather((get(2), get(3)))))
    assert made == []
    driver.run(program(get(1), Gather((get(2), put)), put))
    assert made == [1]
