from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from leyden.drivers.base import table_of
from leyden.drivers.sync import prepare
from leyden.program import Request
from leyden.results import consumed_units


def test_data_requests_ask_for_their_cost() -> None:
    assert prepare(Request("Query", {"TableName": "t"}))["ReturnConsumedCapacity"] == "TOTAL"
    assert prepare(Request("Scan", {}), "INDEXES")["ReturnConsumedCapacity"] == "INDEXES"


def test_what_a_request_says_itself_stays() -> None:
    said = {
        "ReturnConsumedCapacity": "NONE",
        "ConditionExpression": "x",
        "ReturnValuesOnConditionCheckFailure": "NONE",
    }
    assert prepare(Request("PutItem", said)) == said


def test_table_requests_get_nothing_added() -> None:
    assert prepare(Request("DescribeTimeToLive", {"TableName": "t"})) == {"TableName": "t"}


@pytest.mark.parametrize("api", ["PutItem", "UpdateItem", "DeleteItem"])
def test_conditional_writes_ask_for_the_stored_item(api: str) -> None:
    prepared = prepare(Request(api, {"ConditionExpression": "attribute_exists(pk)"}))
    assert prepared["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
    assert "ReturnValuesOnConditionCheckFailure" not in prepare(Request(api, {}))


def test_the_request_itself_is_never_changed() -> None:
    params: dict[str, Any] = {"TableName": "t", "ConditionExpression": "x"}
    before = deepcopy(params)
    prepare(Request("PutItem", params))
    assert params == before


@pytest.mark.parametrize(
    ("params", "table"),
    [
        ({"TableName": "a"}, "a"),
        ({"RequestItems": {"a": [], "b": []}}, "a, b"),
        ({"TransactItems": [{"Put": {"TableName": "b"}}, {"Delete": {"TableName": "a"}}]}, "a, b"),
        ({}, None),
        ({"TransactItems": 5}, None),
    ],
)
def test_the_table_is_read_off_every_shape_of_request(
    params: dict[str, Any], table: str | None
) -> None:
    assert table_of(params) == table


@pytest.mark.parametrize(
    ("response", "units"),
    [
        ({"ConsumedCapacity": {"CapacityUnits": 1.5}}, 1.5),
        ({"ConsumedCapacity": [{"CapacityUnits": 1.0}, {"CapacityUnits": 2.0}]}, 3.0),
        ({}, None),
    ],
)
def test_capacity_units_are_added_up(response: dict[str, Any], units: float | None) -> None:
    assert consumed_units(response) == units
