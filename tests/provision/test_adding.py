"""Global indexes that a table lacks are added, one after another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

import leyden
from leyden.drivers import SyncDriver
from leyden.engine import dynamodb_local
from leyden.errors import AwsError, InvalidOptionError, TableError, TableMismatchError
from leyden.mapping.merging import table_definition
from leyden.program import Pause, Program, Request
from leyden.schema import Capacity, Provisioned, TableSettings
from leyden.tables import (
    AddedIndexes,
    IndexProgress,
    TableDefinition,
    add_indexes,
    add_vector_indexes,
    check_table,
    create_table,
)
from tests.conftest import dynamodb_local_folder
from tests.ministack import Ministack
from tests.provision.services import LOCAL, SHOP

DEFINITION = evolve(table_definition(SHOP), ttl=None)


def without(definition: TableDefinition, *names: str) -> TableDefinition:
    """The definition before these indexes came: neither they nor their fields are in it."""
    indexes = {name: one for name, one in definition.indexes.items() if name not in names}
    used = {definition.hash, definition.range}.union(
        *((*one.hash, *one.range) for one in indexes.values())
    )
    types = {name: kind for name, kind in definition.types.items() if name in used}
    return evolve(definition, indexes=indexes, types=types)


OLD = without(DEFINITION, "gsi2", "gsi10")


class Account:
    """One table, whose new indexes are built for nine seconds each."""

    def __init__(self, definition: TableDefinition, **changes: Any) -> None:
        self.table: dict[str, Any] = {
            **definition.create_table_params("t"),
            "TableStatus": "ACTIVE",
            **changes,
        }
        self.updates: list[dict[str, Any]] = []
        self.ready: dict[str, float] = {}
        self.waited = 0.0

    def run(self, program: Program[Any]) -> Any:
        step = next(program)
        while True:
            try:
                if isinstance(step, Pause):
                    self.waited += step.seconds
                    step = program.send(None)
                else:
                    assert isinstance(step, Request)
                    step = program.send(self.answer(step))
            except StopIteration as end:
                return end.value

    def answer(self, step: Request) -> Any:
        if step.api == "UpdateTable":
            assert all(at <= self.waited for at in self.ready.values()), "one at a time"
            self.updates.append(dict(step.params))
            (update,) = step.params["GlobalSecondaryIndexUpdates"]
            self.table["AttributeDefinitions"] = step.params["AttributeDefinitions"]
            self.table.setdefault("GlobalSecondaryIndexes", []).append(update["Create"])
            self.ready[update["Create"]["IndexName"]] = self.waited + 9.0
            return {}
        assert step.api == "DescribeTable"
        indexes = [
            {
                **index,
                "IndexStatus": "CREATING" if self.left(index) > 0 else "ACTIVE",
                "Backfilling": 0 < self.left(index) <= 5,
            }
            for index in self.table.get("GlobalSecondaryIndexes", ())
        ]
        return {"Table": {**self.table, "GlobalSecondaryIndexes": indexes}}

    def left(self, index: dict[str, Any]) -> float:
        return self.ready.get(index["IndexName"], 0.0) - self.waited


def test_missing_global_indexes_are_added_one_after_another() -> None:
    account, told = Account(OLD), list[IndexProgress]()
    result = account.run(add_indexes(DEFINITION, "t", progress=told.append))
    assert result == AddedIndexes("t", ("gsi2", "gsi10"))
    assert account.waited >= 18.0
    states = list(dict.fromkeys((step.index, step.state) for step in told))
    assert states == [
        (index, state)
        for index in ("gsi2", "gsi10")
        for state in ("creating", "backfilling", "ready")
    ]
    create = account.updates[0]["GlobalSecondaryIndexUpdates"][0]["Create"]
    assert create == DEFINITION.create_table_params("t")["GlobalSecondaryIndexes"][1]
    assert account.run(add_indexes(DEFINITION, "t")) == AddedIndexes("t", ())
    assert account.run(check_table(DEFINITION, "t"))["TableStatus"] == "ACTIVE"


def test_the_fields_of_all_keys_are_said_and_no_others() -> None:
    account = Account(OLD)
    account.table["AttributeDefinitions"] = [
        *account.table["AttributeDefinitions"],
        {"AttributeName": "filter", "AttributeType": "S"},
    ]
    account.run(add_indexes(without(DEFINITION, "gsi10"), "t"))
    said = {each["AttributeName"] for each in account.updates[0]["AttributeDefinitions"]}
    assert said == {"pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk"}


@pytest.mark.parametrize(
    ("settings", "units"),
    [
        (TableSettings(), (3, 1)),
        (TableSettings(billing=Provisioned(Capacity(5, most=50), Capacity(2))), (5, 2)),
    ],
)
def test_an_index_of_a_provisioned_table_has_capacity(
    settings: TableSettings, units: tuple[int, int]
) -> None:
    throughput = {"ReadCapacityUnits": 3, "WriteCapacityUnits": 1}
    account = Account(OLD, BillingMode="PROVISIONED", ProvisionedThroughput=throughput)
    account.run(add_indexes(evolve(DEFINITION, settings=settings), "t"))
    for update in account.updates:
        made = update["GlobalSecondaryIndexUpdates"][0]["Create"]["ProvisionedThroughput"]
        assert tuple(made.values()) == units


def test_an_index_that_is_still_being_built_is_waited_for() -> None:
    account = Account(OLD)
    with pytest.raises(TableError, match=r'the index "gsi2".*not ready after 3 seconds'):
        account.run(add_indexes(DEFINITION, "t", time_limit=3.0))
    assert account.run(add_indexes(DEFINITION, "t")).added == ("gsi10",)


def test_an_index_that_is_being_built_serves_nobody_yet() -> None:
    account = Account(OLD)
    with pytest.raises(TableError):
        account.run(add_indexes(without(DEFINITION, "gsi10"), "t", time_limit=3.0))
    with pytest.raises(TableMismatchError, match="queries miss items") as caught:
        account.run(check_table(without(DEFINITION, "gsi10"), "t"))
    (difference,) = caught.value.differences
    assert difference.startswith('the index "gsi2" is not ready yet (CREATING')
    assert difference.code == "index.not_ready"
    account.waited += 9.0
    account.run(check_table(without(DEFINITION, "gsi10"), "t"))


def test_an_index_that_is_being_deleted_is_added_anew_when_it_is_gone() -> None:
    account, told = Account(OLD), list[IndexProgress]()
    keyed_otherwise = [{"AttributeName": "gsi1pk", "KeyType": "HASH"}]
    going = {"IndexName": "gsi2", "IndexStatus": "DELETING", "KeySchema": keyed_otherwise}
    indexes = account.table["GlobalSecondaryIndexes"]

    def answer(step: Request) -> Any:
        if step.api == "DescribeTable" and account.waited < 5.0:
            return {"Table": {**account.table, "GlobalSecondaryIndexes": [*indexes, going]}}
        return Account.answer(account, step)

    account.answer = answer  # type: ignore[method-assign]
    with pytest.raises(TableMismatchError, match=r'the index "gsi2".*is missing'):
        account.run(check_table(without(DEFINITION, "gsi10"), "t"))
    with pytest.raises(TableError, match="still being deleted after 1 seconds"):
        account.run(add_indexes(DEFINITION, "t", time_limit=1.0))
    assert account.updates == []
    added = account.run(add_indexes(DEFINITION, "t", progress=told.append))
    assert added.added == ("gsi2", "gsi10")
    assert told[0].state == "waiting"


@pytest.mark.parametrize("is_alike", [True, False])
def test_an_index_that_another_process_adds_meanwhile_is_taken_or_refused(is_alike: bool) -> None:
    account = Account(OLD)
    refusal = AwsError("it exists already", aws_code="ValidationException")

    def answer(step: Request) -> Any:
        if step.api == "UpdateTable" and not account.ready:
            Account.answer(account, step)
            if not is_alike:
                account.table["GlobalSecondaryIndexes"][-1]["Projection"] = {
                    "ProjectionType": "KEYS_ONLY"
                }
            raise refusal
        return Account.answer(account, step)

    def run(program: Program[Any]) -> Any:
        step = next(program)
        while True:
            try:
                if isinstance(step, Pause):
                    account.waited += step.seconds
                    step = program.send(None)
                    continue
                assert isinstance(step, Request)
                try:
                    given = answer(step)
                except AwsError as error:
                    step = program.throw(error)
                else:
                    step = program.send(given)
            except StopIteration as end:
                return end.value

    if is_alike:
        assert run(add_indexes(DEFINITION, "t")).added == ("gsi10",)
    else:
        with pytest.raises(TableMismatchError, match="DynamoDB cannot change an index"):
            run(add_indexes(DEFINITION, "t"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}, "the table's own key"),
        (
            {"AttributeDefinitions": [{"AttributeName": "gsi2pk", "AttributeType": "N"}]},
            'the index "gsi2": the field "gsi2pk" is of type N',
        ),
    ],
)
def test_nothing_is_added_to_a_table_that_differs(changed: dict[str, Any], said: str) -> None:
    account = Account(OLD, **changed)
    with pytest.raises(TableMismatchError, match=said):
        account.run(add_indexes(DEFINITION, "t"))
    assert account.updates == []


def test_a_local_index_cannot_be_added() -> None:
    definition = table_definition(LOCAL)
    account = Account(evolve(definition, indexes={}))
    with pytest.raises(TableMismatchError, match=r'the index "by-total".*is missing') as caught:
        account.run(add_indexes(definition, "t"))
    (difference,) = caught.value.differences
    assert "make a new table" in difference.remedy
    assert account.updates == []


def test_adding_vector_indexes_leaves_out_all_others() -> None:
    account = Account(OLD)
    assert account.run(add_vector_indexes(DEFINITION, "t")) == AddedIndexes("t", ())
    assert account.updates == []


def test_the_request_for_an_index_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match='no global index "gsi20"; did you mean "gsi2"'):
        DEFINITION.add_index_params("t", "gsi20")


def on_an_engine(engine: Any, name: str) -> None:
    with SyncDriver(
        endpoint_url=engine.endpoint_url, region=engine.region, credentials=engine.credentials
    ) as driver:
        driver.run(create_table(OLD, name))
        for number in range(3):
            item = {
                "pk": {"S": "a"},
                "sk": {"S": str(number)},
                "gsi2pk": {"S": "x"},
                "gsi2sk": {"S": str(number)},
            }
            driver.send(Request("PutItem", {"TableName": name, "Item": item}))
        assert driver.run(add_indexes(DEFINITION, name, time_limit=60)).added == ("gsi2", "gsi10")
        assert driver.run(add_indexes(DEFINITION, name)).added == ()
        driver.run(check_table(DEFINITION, name))
        asked = {
            "TableName": name,
            "IndexName": "gsi2",
            "KeyConditionExpression": "gsi2pk = :x",
            "ExpressionAttributeValues": {":x": {"S": "x"}},
        }
        assert driver.send(Request("Query", asked))["Count"] == 3
        driver.send(Request("DeleteTable", {"TableName": name}))


def test_the_embedded_engine_fills_an_index_that_is_added(table_name: str) -> None:
    with leyden.local() as engine:
        on_an_engine(engine, table_name)


@pytest.mark.java
def test_dynamodb_local_fills_it_too(table_name: str) -> None:
    # One of its own: beside the hundreds of tables of other tests, it takes minutes for an index.
    running = dynamodb_local(jar_folder=dynamodb_local_folder())
    try:
        on_an_engine(running, table_name)
    finally:
        running.close()


def test_ministack_fills_it_too(ministack_engine: Ministack, table_name: str) -> None:
    on_an_engine(ministack_engine, table_name)


NOTE = """
entity: note
version: "1"
service: notes
attributes:
  note_id: {type: string, required: true}
  tag: string
  embedding: {type: vector, dimensions: 2}
indexes:
  notes: {pk: {field: pk, composite: [note_id]}, sk: {field: sk, composite: []}}
"""
GROWN = (
    NOTE
    + """
  by_tag: {index: gsi1, pk: {field: gsi1pk, composite: [tag]}, sk: {field: gsi1sk, composite: []}}
  similar: {vector: {index: vec1, attribute: embedding}}
"""
)


def test_a_service_adds_global_and_vector_indexes(new_table_name: Callable[[], str]) -> None:
    with leyden.local() as engine:
        names = new_table_name(), new_table_name()
        for name in names:
            leyden.load(NOTE, table=name, engine=engine).create_table()
        app = leyden.load(GROWN, table=names[0], engine=engine)
        told: list[IndexProgress] = []
        assert app.add_indexes(progress=told.append) == AddedIndexes(names[0], ("gsi1", "vec1"))
        assert {step.index for step in told} == {"gsi1", "vec1"}
        app.check_table()

        async def grown() -> AddedIndexes:
            app = await leyden.load_async(GROWN, table=names[1], engine=engine)
            async with app:
                return await app.add_indexes()

        assert asyncio.run(grown()).added == ("gsi1", "vec1")
