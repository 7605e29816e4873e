from __future__ import annotations

import logging
from typing import Any

import pytest

import leyden.events
from leyden.drivers import SyncDriver
from leyden.drivers.sync import observe
from leyden.errors import TableNotFoundError
from leyden.events import (
    Event,
    Listeners,
    OperationEnded,
    OperationStarted,
    RequestFailed,
    RequestSent,
    ResponseReceived,
)
from leyden.program import Pause, Request
from tests.drivers.answering import answering, refusal

pytestmark = pytest.mark.usefixtures("each_transport")

KEYS = {"access_key_id": "a", "secret_access_key": "b"}
PRIVATE = "private-value"
QUERY = Request(
    "Query",
    {"TableName": "t", "IndexName": "gsi1", "ExpressionAttributeValues": {":a": {"S": PRIVATE}}},
    "task.query.assigned",
    "tasks",
)
ANSWER = {
    "Items": [{"pk": {"S": PRIVATE}}],
    "Count": 1,
    "ScannedCount": 4,
    "ConsumedCapacity": {"CapacityUnits": 0.5},
}


def send_query() -> None:
    with (
        answering(ANSWER) as server,
        SyncDriver(endpoint_url=server.endpoint_url, credentials=KEYS) as driver,
    ):
        driver.send(QUERY)


def test_a_listener_hears_the_request_and_its_cost() -> None:
    heard: list[Event] = []
    with leyden.events.listen(heard.append):
        send_query()
    sent, answered = heard
    assert isinstance(sent, RequestSent)
    assert sent.params["ExpressionAttributeValues"] == {":a": {"S": PRIVATE}}
    assert isinstance(answered, ResponseReceived)
    for event in (sent, answered):
        where = (event.operation, event.entity, event.api, event.table, event.index)
        assert where == ("task.query.assigned", "tasks", "Query", "t", "gsi1")
    assert (answered.consumed, answered.count, answered.scanned_count) == (0.5, 1, 4)
    assert 0 < answered.seconds < 5


def test_a_listener_hears_the_bytes_that_vector_indexes_are_metered_by() -> None:
    searched = {"SearchResults": [], "ConsumedCapacity": {"VectorSearchRequestBytes": 4096.0}}
    indexes = {name: {"VectorWriteRequestBytes": 1024.0} for name in ("vec1", "vec2")}
    written = {"ConsumedCapacity": {"CapacityUnits": 1.0, "VectorIndexes": indexes}}
    together = {"ConsumedCapacity": [written["ConsumedCapacity"], written["ConsumedCapacity"]]}
    search = {"TableName": "t", "IndexName": "vec1", "SearchVector": [{"N": "1"}], "TopK": 1}
    put = {"TableName": "t", "Item": {"pk": {"S": "1"}}}
    both: Any = {"TransactItems": [{"Put": put}]}
    for api, params, answer, told in (
        ("SearchVectors", search, searched, (None, 4096, None)),
        ("PutItem", put, written, (1.0, None, 2048)),
        ("TransactWriteItems", both, together, (2.0, None, 4096)),
    ):
        heard: list[Event] = []
        with (
            answering(answer) as server,
            SyncDriver(endpoint_url=server.endpoint_url, credentials=KEYS) as driver,
            leyden.events.listen(heard.append),
        ):
            driver.send(Request(api, params))
        (_, answered) = heard
        assert isinstance(answered, ResponseReceived)
        assert (answered.consumed, answered.bytes_searched, answered.bytes_written) == told


def test_a_listener_hears_the_error_that_the_caller_gets() -> None:
    heard: list[Event] = []
    with (
        answering(refusal("ResourceNotFoundException", "not found"), 400) as server,
        SyncDriver(endpoint_url=server.endpoint_url, credentials=KEYS) as driver,
    ):
        driver.listen(heard.append)
        with pytest.raises(TableNotFoundError) as caught:
            driver.send(QUERY)
    assert isinstance(heard[1], RequestFailed)
    assert heard[1].error is caught.value


def test_a_drivers_own_listener_hears_that_driver_only() -> None:
    heard: list[Event] = []
    with answering({"TableNames": []}) as server:
        first = SyncDriver(endpoint_url=server.endpoint_url, credentials=KEYS)
        second = SyncDriver(endpoint_url=server.endpoint_url, credentials=KEYS)
        first.listen(heard.append)
        second.send(Request("ListTables", {}))
        assert heard == []
        first.send(Request("ListTables", {}))
        assert len(heard) == 2
        first.close()
        second.close()


def test_a_closed_listener_hears_nothing_more_and_may_be_closed_again() -> None:
    heard: list[Event] = []
    listener = leyden.events.listen(heard.append)
    listener.close()
    listener.close()
    send_query()
    assert heard == []


def test_closing_one_of_two_equal_listeners_keeps_the_other() -> None:
    heard: list[Event] = []
    listeners = Listeners()
    first = listeners.listen(heard.append)
    listeners.listen(heard.append)
    first.close()
    listeners.tell(RequestSent("", None, "Scan", None, None, {}))
    assert len(heard) == 1


def test_a_listener_that_fails_breaks_nothing_and_is_logged_without_contents(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[Event] = []

    def broken(event: Event) -> None:
        raise RuntimeError(PRIVATE)

    with leyden.events.listen(broken), leyden.events.listen(heard.append):
        send_query()
    assert len(heard) == 2
    assert "RuntimeError" in caplog.text
    assert PRIVATE not in caplog.text


def test_the_repr_of_an_event_shows_no_values() -> None:
    heard: list[Event] = []
    with leyden.events.listen(heard.append):
        send_query()
    assert PRIVATE not in repr(heard)


def test_the_log_has_the_cost_and_no_contents(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="leyden"):
        send_query()
    lines = [record.getMessage() for record in caplog.records if record.name == "leyden.drivers"]
    assert len(lines) == 1
    for part in ("task.query.assigned", "entity=tasks", "api=Query", "table=t", "index=gsi1"):
        assert part in lines[0]
    assert "consumed=0.5" in lines[0]
    assert PRIVATE not in lines[0]


def test_a_listener_hears_of_a_request_that_an_interrupt_broke_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[Event] = []
    with SyncDriver(endpoint_url="http://127.0.0.1:1", credentials=KEYS) as driver:

        def interrupted(*arguments: Any) -> Any:
            raise KeyboardInterrupt

        monkeypatch.setattr(driver.connection, "dispatch", interrupted)
        driver.listen(heard.append)
        with pytest.raises(KeyboardInterrupt):
            driver.send(QUERY)
    sent, failed = heard
    assert isinstance(sent, RequestSent)
    assert isinstance(failed, RequestFailed)
    assert "before it was answered" in str(failed.error)


def test_nothing_is_observed_when_nobody_listens_and_the_log_is_off(
    caplog: pytest.LogCaptureFixture,
) -> None:
    params: dict[str, Any] = {}
    with caplog.at_level(logging.INFO, logger="leyden"):
        assert observe(Listeners(), QUERY, params) is None
        own = Listeners()
        own.listen(lambda event: None)
        assert observe(own, QUERY, params) is not None


def test_operations_are_told_to_those_who_ask_for_them() -> None:
    def program() -> Any:
        yield Pause(0)
        yield QUERY
        yield QUERY

    plain: list[Any] = []
    whole: list[Any] = []
    with (
        answering(ANSWER) as server,
        SyncDriver(endpoint_url=server.endpoint_url, credentials=KEYS) as driver,
        driver.listen(plain.append),
        leyden.events.listen(whole.append, operations=True),
    ):
        driver.run(program())
        driver.run(iter_nothing())
    assert [type(event) for event in plain] == [RequestSent, ResponseReceived] * 2
    kinds = [OperationStarted, *[RequestSent, ResponseReceived] * 2, OperationEnded]
    assert [type(event) for event in whole] == kinds
    assert len({event.within for event in whole}) == 1
    started, *_, ended = whole
    assert (started.operation, started.entity) == ("task.query.assigned", "tasks")
    assert (ended.operation, ended.entity, ended.error) == ("task.query.assigned", "tasks", None)
    assert 0 < ended.seconds < 5


def iter_nothing() -> Any:
    yield Pause(0)


def test_an_operation_that_fails_is_told_with_its_error() -> None:
    whole: list[Any] = []
    answer = refusal("ResourceNotFoundException", "no table")
    with (
        answering(answer, 400) as server,
        SyncDriver(endpoint_url=server.endpoint_url, credentials=KEYS) as driver,
        leyden.events.listen(whole.append, operations=True),
        pytest.raises(TableNotFoundError) as raised,
    ):
        driver.send(QUERY)
    ended = whole[-1]
    assert isinstance(ended, OperationEnded)
    assert ended.error is raised.value
    assert isinstance(whole[-2], RequestFailed)
    assert whole[-2].endpoint
    assert whole[-2].endpoint.startswith("http://127.0.0.1")
