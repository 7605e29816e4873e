from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from attrs import evolve

import leyden.engine
from leyden.drivers import SyncDriver
from leyden.errors import AwsError, TableError, TableMismatchError, TableNotFoundError
from leyden.mapping.merging import table_definition
from leyden.mapping.table import TableDefinition
from leyden.program import Pause, Program, Request
from leyden.schema.spec import TableIndexSpec, TableSpec
from leyden.tables import (
    CreateTableResult,
    check_table,
    compare_table,
    create_table,
)
from tests.provision.services import LEGACY, LOCAL, MULTI, ORDER, SHOP, service

DEFINITION = table_definition(SHOP)
NO_TTL = evolve(DEFINITION, ttl=None)


class Account:
    """Answers the steps of a program like DynamoDB, in memory, and notes them."""

    def __init__(self) -> None:
        self.table: dict[str, Any] | None = None
        self.ttl: dict[str, Any] = {"TimeToLiveStatus": "DISABLED"}
        self.steps: list[str] = []
        self.waited = 0.0
        self.ready_after = 0.0
        self.taken = False

    def describe(self, definition: TableDefinition, **changes: Any) -> None:
        """There is a table like this."""
        params = definition.create_table_params("t")
        self.table = {**deepcopy(params), "TableStatus": "ACTIVE", **changes}

    def run(self, program: Program[Any]) -> Any:
        answer: Any = None
        error: Exception | None = None
        while True:
            try:
                step = program.throw(error) if error else program.send(answer)
            except StopIteration as end:
                return end.value
            answer, error = None, None
            try:
                answer = self.answer(step)
            except (TableNotFoundError, AwsError) as raised:
                error = raised

    def answer(self, step: Any) -> Any:
        if isinstance(step, Pause):
            self.waited += step.seconds
            return None
        assert isinstance(step, Request)
        self.steps.append(step.api)
        if step.api == "CreateTable":
            self.table = {**step.params, "TableStatus": "CREATING"}
            if self.taken:
                raise AwsError("in use", aws_code="ResourceInUseException")
            return {}
        if self.table is None:
            raise TableNotFoundError("no table")
        if step.api == "UpdateTimeToLive":
            self.ttl = {
                "TimeToLiveStatus": "ENABLING",
                "AttributeName": step.params["TimeToLiveSpecification"]["AttributeName"],
            }
            return {}
        if step.api == "DescribeTimeToLive":
            return {"TimeToLiveDescription": self.ttl}
        assert step.api == "DescribeTable"
        status = self.table["TableStatus"]
        if status == "CREATING" and self.waited >= self.ready_after:
            status = "ACTIVE"
        return {"Table": {**self.table, "TableStatus": status}}


@pytest.fixture
def account() -> Account:
    return Account()


def test_a_missing_table_is_created_with_its_time_to_live(account: Account) -> None:
    assert account.run(create_table(DEFINITION, "t")) == CreateTableResult("t", created=True)
    assert account.steps == ["DescribeTable", "CreateTable", "DescribeTable", "UpdateTimeToLive"]
    assert account.ttl["AttributeName"] == "expires_at"


def test_a_table_without_time_to_live_needs_no_further_call(account: Account) -> None:
    account.run(create_table(NO_TTL, "t"))
    assert account.steps == ["DescribeTable", "CreateTable", "DescribeTable"]


def test_creating_again_changes_nothing(account: Account) -> None:
    account.run(create_table(DEFINITION, "t"))
    account.steps.clear()
    assert account.run(create_table(DEFINITION, "t")) == CreateTableResult("t", created=False)
    assert set(account.steps) == {"DescribeTable", "DescribeTimeToLive"}


def test_creating_waits_until_the_table_is_ready(account: Account) -> None:
    account.ready_after = 20.0
    account.run(create_table(DEFINITION, "t"))
    assert 20.0 <= account.waited < 26.0


def test_creating_waits_for_the_indexes_too(account: Account) -> None:
    account.describe(NO_TTL)
    assert account.table is not None
    account.table["GlobalSecondaryIndexes"][1]["IndexStatus"] = "CREATING"
    with pytest.raises(TableError, match="not ready after 12 seconds"):
        account.run(create_table(NO_TTL, "t", time_limit=12.0))
    assert account.waited == 12.0


def test_a_table_that_is_never_ready_ends_in_an_error_with_its_status(account: Account) -> None:
    account.ready_after = 1e9
    with pytest.raises(TableError, match="CREATING"):
        account.run(create_table(DEFINITION, "t", time_limit=30.0))
    assert account.waited == 30.0


def test_another_process_may_create_the_table_at_the_same_time(account: Account) -> None:
    account.taken = True
    account.ttl = {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    assert account.run(create_table(DEFINITION, "t")) == CreateTableResult("t", created=False)
    assert "UpdateTimeToLive" not in account.steps


def test_another_refusal_to_create_is_raised() -> None:
    program = create_table(DEFINITION, "t")
    next(program)
    assert program.throw(TableNotFoundError("no")).api == "CreateTable"  # type: ignore[union-attr]
    with pytest.raises(AwsError, match="limit"):
        program.throw(AwsError("limit", aws_code="LimitExceededException"))


def test_time_to_live_that_is_off_on_an_existing_table_is_reported_after_a_moment(
    account: Account,
) -> None:
    account.describe(DEFINITION)
    with pytest.raises(TableMismatchError, match=r'time to live is off.*"expires_at"'):
        account.run(create_table(DEFINITION, "t"))
    assert 0 < account.waited <= 5
    assert "UpdateTimeToLive" not in account.steps


def test_checking_creates_nothing(account: Account) -> None:
    with pytest.raises(TableNotFoundError):
        account.run(check_table(DEFINITION, "t"))
    account.describe(NO_TTL)
    assert account.run(check_table(NO_TTL, "t"))["TableStatus"] == "ACTIVE"
    assert set(account.steps) == {"DescribeTable"}


def test_all_differences_are_in_one_error(account: Account) -> None:
    account.describe(table_definition(LEGACY))
    account.ttl = {"TimeToLiveStatus": "ENABLED", "AttributeName": "other"}
    with pytest.raises(TableMismatchError) as caught:
        account.run(check_table(DEFINITION, "t"))
    assert caught.value.differences == (
        'the table\'s own key is "accountId" HASH, "invoice" RANGE, and the schemas need '
        '"pk" HASH, "sk" RANGE',
        'the index "gsi2" ("gsi2pk" HASH, "gsi2sk" RANGE) is missing; app.add_indexes() adds it',
        'the index "gsi10" ("gsi10pk" HASH) is missing; app.add_indexes() adds it',
        'time to live reads the field "other", and the schemas need "expires_at"',
    )
    for difference in caught.value.differences:
        assert difference in str(caught.value)


def described(definition: TableDefinition) -> dict[str, Any]:
    return deepcopy(definition.create_table_params("t"))


@pytest.mark.parametrize("made", [SHOP, LEGACY, MULTI], ids=["shop", "legacy", "multi"])
def test_a_table_made_from_the_definition_fits_it(made: Any) -> None:
    definition = table_definition(made)
    assert compare_table(definition, described(definition)) == ()


def test_more_than_is_needed_is_fine() -> None:
    table = TableSpec(indexes={"gsi1": TableIndexSpec("gsi1", projection=("total",))})
    narrow = table_definition(service(ORDER, table=table))
    assert compare_table(narrow, described(DEFINITION)) == ()


def test_a_local_index_serves_in_place_of_a_global_one() -> None:
    description = described(NO_TTL)
    description["LocalSecondaryIndexes"] = description.pop("GlobalSecondaryIndexes")
    assert compare_table(NO_TTL, description) == ()


def test_a_global_index_does_not_serve_in_place_of_a_local_one() -> None:
    indexes = {
        name: evolve(index, kind="lsi") if name == "gsi1" else index
        for name, index in NO_TTL.indexes.items()
    }
    (difference,) = compare_table(evolve(NO_TTL, indexes=indexes), described(NO_TTL))
    assert difference.startswith('the index "gsi1" is global, and the schemas need it local')


def test_another_type_of_a_key_field_is_a_difference() -> None:
    description = described(NO_TTL)
    description["AttributeDefinitions"][1]["AttributeType"] = "N"
    assert compare_table(NO_TTL, description) == (
        'the table\'s own key: the field "sk" is of type N, and the schemas need S',
    )


@pytest.mark.parametrize(
    ("projection", "differences"),
    [
        ({"ProjectionType": "KEYS_ONLY"}, 1),
        ({"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a"]}, 1),
        ({"ProjectionType": "ALL"}, 0),
    ],
)
def test_a_projection_narrower_than_all_is_a_difference(
    projection: dict[str, Any], differences: int
) -> None:
    description = described(NO_TTL)
    description["GlobalSecondaryIndexes"][0]["Projection"] = projection
    assert len(compare_table(NO_TTL, description)) == differences


def test_fields_that_an_index_does_not_project_are_named() -> None:
    indexes = {name: evolve(index, projection=("a", "b")) for name, index in NO_TTL.indexes.items()}
    wanted = evolve(NO_TTL, indexes={"gsi1": indexes["gsi1"]})
    description = described(NO_TTL)
    description["GlobalSecondaryIndexes"][0]["Projection"] = {
        "ProjectionType": "INCLUDE",
        "NonKeyAttributes": ["a"],
    }
    (difference,) = compare_table(wanted, description)
    assert difference.startswith('the index "gsi1" does not project the fields b (DynamoDB cannot ')


def test_the_order_of_multi_attribute_keys_matters() -> None:
    definition = table_definition(MULTI)
    description = described(definition)
    schema = description["GlobalSecondaryIndexes"][0]["KeySchema"]
    schema[0], schema[1] = schema[1], schema[0]
    assert len(compare_table(definition, description)) == 1


@pytest.fixture
def driver(engine: Any, table_name: str) -> Iterator[SyncDriver]:
    with SyncDriver(
        endpoint_url=engine.endpoint_url, region=engine.region, credentials=engine.credentials
    ) as driver:
        yield driver
        driver.send(Request("DeleteTable", {"TableName": table_name}))


@pytest.mark.parametrize("made", [SHOP, LEGACY, LOCAL], ids=["shop", "legacy", "local"])
def test_every_engine_makes_a_table_that_fits(
    driver: SyncDriver, table_name: str, made: Any
) -> None:
    definition = table_definition(made)
    with pytest.raises(TableNotFoundError, match=table_name):
        driver.run(check_table(definition, table_name))
    assert driver.run(create_table(definition, table_name)).created
    assert not driver.run(create_table(definition, table_name)).created
    assert driver.run(check_table(definition, table_name))["TableName"] == table_name


def test_the_embedded_engine_makes_multi_attribute_indexes(table_name: str) -> None:
    definition = table_definition(MULTI)
    with (
        leyden.engine.local() as engine,
        SyncDriver(endpoint_url=engine.endpoint_url, credentials=engine.credentials) as driver,
    ):
        driver.run(create_table(definition, table_name))
        assert driver.run(check_table(definition, table_name))["TableStatus"] == "ACTIVE"


def test_every_engine_shows_that_another_table_does_not_fit(
    driver: SyncDriver, table_name: str
) -> None:
    driver.run(create_table(table_definition(LEGACY), table_name))
    with pytest.raises(TableMismatchError) as caught:
        driver.run(check_table(NO_TTL, table_name))
    assert len(caught.value.differences) == 3
