from __future__ import annotations

import sys
import threading
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from leyden._late import imported
from leyden.drivers import sync
from leyden.drivers.base import table_of
from leyden.drivers.sync import observe, prepare
from leyden.events import Listeners
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


def test_a_module_that_another_thread_imports_is_not_there_before_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python shows it to all threads when its import begins, without its names."""
    (tmp_path / "slow_to_import.py").write_text(
        "from threads_of_a_test import begun, ended\nbegun.set()\nassert ended.wait(30)\nname = 1\n"
    )
    shared: Any = ModuleType("threads_of_a_test")
    shared.begun, shared.ended = threading.Event(), threading.Event()
    monkeypatch.setitem(sys.modules, shared.__name__, shared)
    monkeypatch.syspath_prepend(tmp_path)
    thread = threading.Thread(target=import_module, args=("slow_to_import",))
    assert imported("slow_to_import") is None
    thread.start()
    try:
        assert shared.begun.wait(30)
        assert "slow_to_import" in sys.modules
        assert imported("slow_to_import") is None
    finally:
        shared.ended.set()
        thread.join()
    assert imported("slow_to_import").name == 1
    del sys.modules["slow_to_import"]


def test_a_request_does_not_wait_for_logging_that_another_thread_imports(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = ModuleType("logging")
    begun.__spec__ = type("Spec", (), {"_initializing": True})()
    monkeypatch.setitem(sys.modules, "logging", begun)
    monkeypatch.setattr(sync, "_log", None)
    request = Request("GetItem", {"TableName": "t"})
    assert observe(Listeners(), request, {}) is None
