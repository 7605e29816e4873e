"""Spans and metrics, as OpenTelemetry's SDK receives them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from attrs import define
from opentelemetry import trace
from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import leyden
from leyden import opentelemetry as observing
from leyden.drivers import SyncDriver
from leyden.drivers.aio import AsyncDriver
from leyden.errors import ArgumentError, InvalidOptionError, ItemExistsError, ThrottledError
from leyden.program import Gather, Request, Work
from leyden.store import DynamoDBStore
from tests.drivers.answering import answering, refusal
from tests.drivers.serving import answer, serving

PRIVATE = "PrivateValue"
SCHEMA = """
entity: order
version: "1"
service: shop
attributes:
  customer_id: {type: string, required: true}
  order_id: {type: string, required: true}
  status: {type: string, default: open}
  number: string
unique: [[number]]
indexes:
  orders:
    collection: account
    pk: {field: pk, composite: [customer_id]}
    sk: {field: sk, composite: [order_id]}
  by_status:
    index: gsi1
    pk: {field: gsi1pk, composite: [status]}
    sk: {field: gsi1sk, composite: [order_id]}
"""


@define
class Telemetry:
    """What was exported."""

    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader
    providers: dict[str, Any]

    def spans(self) -> list[ReadableSpan]:
        found = list(self.exporter.get_finished_spans())
        self.exporter.clear()
        return found

    def span(self) -> tuple[str, dict[str, Any]]:
        (one,) = self.spans()
        return one.name, dict(one.attributes or {})

    def points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        metrics = [
            metric
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]
        return [
            point for metric in metrics if metric.name == name for point in metric.data.data_points
        ]


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    meters = MeterProvider(metric_readers=[reader])
    yield Telemetry(exporter, reader, {"tracer_provider": tracers, "meter_provider": meters})
    observing.uninstrument()
    tracers.shutdown()
    meters.shutdown()


@pytest.fixture(scope="module")
def engine() -> Iterator[leyden.LocalEngine]:
    with leyden.local() as running:
        yield running


@pytest.fixture
def app(engine: leyden.LocalEngine, table_name: str) -> Iterator[leyden.Service]:
    with leyden.load(SCHEMA, table=table_name, engine=engine) as opened:
        opened.create_table()
        yield opened


def test_an_operation_is_one_span_by_the_conventions(
    telemetry: Telemetry, app: leyden.Service, engine: leyden.LocalEngine
) -> None:
    observing.instrument(**telemetry.providers)
    order: Any = app.entities.order
    order.put(customer_id=PRIVATE, order_id="o1").go()
    order.query.by_status(status="open").where(order.attr.customer_id == PRIVATE).go(
        limit=5, order="desc", pages=1
    )
    put, query = telemetry.spans()
    assert (put.name, query.name) == ("put order", "query order.by_status")
    assert query.kind is SpanKind.CLIENT
    assert query.status.status_code is StatusCode.UNSET
    port = int(engine.endpoint_url.rpartition(":")[2])
    assert dict(query.attributes or {}) == {
        "db.system.name": "aws.dynamodb",
        "db.operation.name": "Query",
        "db.collection.name": app.table,
        "server.address": "127.0.0.1",
        "server.port": port,
        "aws.dynamodb.table_names": (app.table,),
        "aws.dynamodb.index_name": "gsi1",
        "aws.dynamodb.limit": 5,
        "aws.dynamodb.scan_forward": False,
        "aws.dynamodb.count": 1,
        "aws.dynamodb.scanned_count": 1,
        "aws.dynamodb.consumed_capacity": (
            json.dumps({"TableName": app.table, "CapacityUnits": 1.0}),
        ),
        "leyden.operation": "order.query.by_status",
        "leyden.entity": "order",
        "leyden.access_pattern": "by_status",
        "leyden.requests": 1,
        "leyden.retries": 0,
        "leyden.throttles": 0,
        "leyden.consumed_capacity": 1.0,
    }


def test_nothing_that_is_stored_or_asked_for_is_told(
    telemetry: Telemetry, app: leyden.Service
) -> None:
    observing.instrument(**telemetry.providers)
    order: Any = app.entities.order
    order.create(customer_id=PRIVATE, order_id=PRIVATE, number=PRIVATE).go()
    with pytest.raises(ItemExistsError):
        order.create(customer_id=PRIVATE, order_id=PRIVATE).go()
    order.patch(customer_id=PRIVATE, order_id=PRIVATE).set(number=PRIVATE + "2").go()
    list(order.query.orders(customer_id=PRIVATE))
    order.scan.where(order.attr.number == PRIVATE).go()
    told = " ".join(span.to_json() for span in telemetry.spans())
    told += telemetry.reader.get_metrics_data().to_json()  # type: ignore[union-attr]
    assert PRIVATE.lower() not in told.lower()
    assert "order" in told


def test_names_say_what_was_asked_for(telemetry: Telemetry, app: leyden.Service) -> None:
    order: Any = app.entities.order
    observing.instrument(**telemetry.providers)
    key = {"customer_id": "c1", "order_id": "o1"}
    order.create(**key, number="n1").go()
    order.get(**key).go()
    order.get([key]).go()
    order.scan.go()
    list(order.query.orders(customer_id="c1"))
    app.collections.account(customer_id="c1").go()
    app.transact_get([order.get(**key)]).go()
    app.check_table()
    app.driver.send(Request("ListTables", {}))
    assert [span.name for span in telemetry.spans()] == [
        "create order",
        "get order",
        "batch_get order",
        "scan order",
        "query order.orders",
        "query collections.account",
        "transact_get",
        "check_table",
        "ListTables",
    ]


def test_an_operation_of_many_requests_is_one_span_of_its_write(
    telemetry: Telemetry, app: leyden.Service
) -> None:
    order: Any = app.entities.order
    key = {"customer_id": "c1", "order_id": "o1"}
    order.create(**key, number="n1").go()
    observing.instrument(**telemetry.providers)
    order.patch(**key).set(number="n2").go()
    name, attributes = telemetry.span()
    assert (name, attributes["db.operation.name"]) == ("patch order", "TransactWriteItems")
    assert attributes["leyden.requests"] >= 2


def test_methods_of_a_store_have_their_names(
    telemetry: Telemetry, engine: leyden.LocalEngine, table_name: str
) -> None:
    with DynamoDBStore(table_name=table_name, client=engine) as store:
        store.app.create_table()
        observing.instrument(store, **telemetry.providers)
        thread = {"id": "t1", "resource_id": "alice"}
        store.memory.save_thread(thread)
        name, attributes = telemetry.span()
        observing.uninstrument(store)
        store.memory.save_thread(thread)
    assert (name, attributes["leyden.operation"]) == ("store.memory.save_thread",) * 2
    assert telemetry.spans() == []


def test_errors_are_told_by_their_kind(telemetry: Telemetry, app: leyden.Service) -> None:
    order: Any = app.entities.order
    key = {"customer_id": "c1", "order_id": "o1"}
    order.create(**key).go()
    observing.instrument(**telemetry.providers)
    with pytest.raises(ItemExistsError) as raised:
        order.create(**key).go()
    (span,) = telemetry.spans()
    attributes = dict(span.attributes or {})
    assert attributes["error.type"] == "leyden.errors.ItemExistsError"
    assert attributes["leyden.error.code"] == raised.value.code
    assert (span.status.status_code, span.status.description) == (
        StatusCode.ERROR,
        raised.value.code,
    )
    assert span.events == ()
    points = telemetry.points("db.client.operation.duration")
    assert [point.attributes["error.type"] for point in points] == ["leyden.errors.ItemExistsError"]


@pytest.mark.parametrize("transport", ["lean", "pynamodb"])
def test_retries_and_throttles_are_counted(telemetry: Telemetry, transport: Any) -> None:
    throttled = answer(refusal("ThrottlingException", "slow down"), 400)
    replies = [throttled, throttled, answer({})]
    observing.instrument(**telemetry.providers)
    get = Request("GetItem", {"TableName": "t", "Key": {"pk": {"S": "a"}}}, "task.get", "tasks")
    where: Any = {"credentials": {"access_key_id": "a", "secret_access_key": "b"}}
    with (
        serving(lambda *_: replies.pop(0)) as served,
        SyncDriver(endpoint_url=served.url, transport=transport, **where) as driver,
    ):
        driver.send(get)
    _, attributes = telemetry.span()
    assert (attributes["leyden.retries"], attributes["leyden.throttles"]) == (2, 2)
    for name in ("leyden.retries", "leyden.throttles"):
        (point,) = telemetry.points(name)
        assert (point.value, point.attributes["db.operation.name"]) == (2, "GetItem")


def test_a_request_that_stays_throttled_counts_its_last_attempt(
    telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    observing.instrument(**telemetry.providers)
    get = Request("GetItem", {"TableName": "t", "Key": {"pk": {"S": "a"}}}, "task.get", "tasks")
    where: Any = {"credentials": {"access_key_id": "a", "secret_access_key": "b"}}
    with (
        answering(refusal("ThrottlingException", "slow down"), 400) as served,
        SyncDriver(endpoint_url=served.endpoint_url, **where) as driver,
        pytest.raises(ThrottledError),
    ):
        driver.send(get)
    _, attributes = telemetry.span()
    assert attributes["db.response.status_code"] == "ThrottlingException"
    assert (attributes["leyden.retries"], attributes["leyden.throttles"]) == (1, 2)


def test_metrics_are_those_of_the_conventions(telemetry: Telemetry, app: leyden.Service) -> None:
    observing.instrument(**telemetry.providers)
    order: Any = app.entities.order
    order.put(customer_id="c1", order_id="o1").go()
    list(order.query.by_status(status="open"))
    points = telemetry.points("db.client.operation.duration")
    assert {point.attributes["db.operation.name"] for point in points} == {"PutItem", "Query"}
    bounds = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)
    assert all(tuple(point.explicit_bounds) == bounds for point in points)
    assert {"server.address", "db.collection.name"} <= set(points[0].attributes)
    requests = {
        point.attributes["db.operation.name"]: point
        for point in telemetry.points("leyden.requests")
    }
    assert requests["Query"].attributes["aws.dynamodb.index_name"] == "gsi1"
    assert (requests["PutItem"].value, requests["Query"].value) == (1, 1)
    assert sum(point.value for point in telemetry.points("leyden.consumed_capacity")) >= 2


def test_spans_are_children_of_the_callers_span_on_threads_and_in_tasks(
    telemetry: Telemetry, engine: leyden.LocalEngine, app: leyden.Service
) -> None:
    tracer = telemetry.providers["tracer_provider"].get_tracer("test")
    observing.instrument(**telemetry.providers)

    def program(kind: str) -> Any:
        def work() -> Any:
            with tracer.start_as_current_span("work"):
                return None

        async def awaited() -> Any:
            return work()

        asked = Request("DescribeTable", {"TableName": app.table}, kind)
        yield Gather((asked, Work(work, awaited), asked), 3)

    async def in_tasks() -> None:
        async with await leyden.load_async(SCHEMA, table=app.table, engine=engine) as other:
            with tracer.start_as_current_span("outer-async"):
                await asyncio.gather(
                    other.entities.order.get(customer_id="c", order_id="o").go(),
                    other.driver.run(program("of-tasks")),
                )
            assert not trace.get_current_span().get_span_context().is_valid

    with tracer.start_as_current_span("outer"):
        app.driver.run(program("of-threads"))
    assert not trace.get_current_span().get_span_context().is_valid
    asyncio.run(in_tasks())
    spans = {span.name: span for span in telemetry.spans()}
    by_id: Any = {span.context.span_id: name for name, span in spans.items() if span.context}
    parents = {
        name: by_id.get(span.parent.span_id if span.parent else None)
        for name, span in spans.items()
    }
    assert parents == {
        "outer": None,
        "of-threads": "outer",
        "outer-async": None,
        "get order": "outer-async",
        "of-tasks": "outer-async",
        # The later one, of the two that the programs made.
        "work": "of-tasks",
    }


def test_a_task_that_is_canceled_ends_its_span(telemetry: Telemetry) -> None:
    observing.instrument(**telemetry.providers)

    async def body(url: str) -> None:
        where: Any = {"credentials": {"access_key_id": "a", "secret_access_key": "b"}}
        async with AsyncDriver(endpoint_url=url, **where) as driver:
            asked = Request("GetItem", {"TableName": "t", "Key": {"pk": {"S": "a"}}}, "task.get")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await driver.send(asked)
        assert not trace.get_current_span().get_span_context().is_valid

    with answering({}, delay=0.6) as served:
        asyncio.run(body(served.endpoint_url))
    name, attributes = telemetry.span()
    assert (name, attributes["error.type"]) == ("get task", "asyncio.exceptions.CancelledError")
    assert attributes["leyden.requests"] == 1


@pytest.fixture
def botocore_spans(telemetry: Telemetry) -> Iterator[None]:
    instrumentor = BotocoreInstrumentor()
    instrumentor.instrument(tracer_provider=telemetry.providers["tracer_provider"])
    yield
    instrumentor.uninstrument()


@pytest.mark.usefixtures("botocore_spans")
@pytest.mark.parametrize("way", ["lean", "pynamodb", "client"])
def test_there_are_no_doubles_beside_botocores_instrumentation(
    telemetry: Telemetry, engine: leyden.LocalEngine, table_name: str, way: str
) -> None:
    client = boto3.client(
        "dynamodb",
        region_name="us-east-1",
        endpoint_url=engine.endpoint_url,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    keys = {"access_key_id": "a", "secret_access_key": "b"}
    named: Any = {
        "lean": {"endpoint_url": engine.endpoint_url, "credentials": keys},
        "pynamodb": {"engine": engine, "transport": "pynamodb"},
        "client": {"client": client},
    }[way]
    observing.instrument(**telemetry.providers)
    with leyden.load(SCHEMA, table=table_name, **named) as app:
        app.create_table()
        app.entities.order.put(customer_id="c1", order_id="o1").go()
    assert [span.name for span in telemetry.spans()] == ["create_table", "put order"]
    # What others do with botocore has its spans as ever.
    client.list_tables()
    assert [span.name for span in telemetry.spans()] == ["DynamoDB.ListTables"]
    observing.uninstrument()
    with leyden.load(SCHEMA, table=table_name, **named) as app:
        app.entities.order.get(customer_id="c1", order_id="o1").go()
    seen = [] if way == "lean" else ["DynamoDB.GetItem"]
    assert [span.name for span in telemetry.spans()] == seen


def test_who_instruments_twice_gets_one_span(telemetry: Telemetry, app: leyden.Service) -> None:
    for target in (None, None, app, app):
        observing.instrument(target, **telemetry.providers)
    app.check_table()
    assert [span.name for span in telemetry.spans()] == ["check_table"]
    observing.uninstrument()
    app.check_table()
    assert [span.name for span in telemetry.spans()] == ["check_table"]
    observing.uninstrument(app)
    observing.uninstrument(app)
    app.check_table()
    assert telemetry.spans() == []


def test_what_is_under_way_when_observing_ends_is_ended(
    telemetry: Telemetry, app: leyden.Service
) -> None:
    observing.instrument(**telemetry.providers)

    def program() -> Any:
        yield Request("DescribeTable", {"TableName": app.table}, "looking")
        observing.uninstrument()
        yield Request("DescribeTable", {"TableName": app.table}, "looking")

    app.driver.run(program())
    assert [span.name for span in telemetry.spans()] == ["looking"]


def test_only_what_can_be_listened_to_is_taken() -> None:
    with pytest.raises(InvalidOptionError, match="not int"):
        observing.instrument(3)
    for wrong in ({"tracer_provider": 3}, {"meter_provider": TracerProvider()}):
        with pytest.raises(
            InvalidOptionError, match=f"`{next(iter(wrong))}` takes an OpenTelemetry provider"
        ):
            observing.instrument(**wrong)
    with pytest.raises(ArgumentError, match="write instrument"):
        observing.instrument(tracer=TracerProvider())
