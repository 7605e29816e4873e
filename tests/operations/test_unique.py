"""Unique constraints: what their requests say, and that guards are never mistaken."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import leyden
from leyden.errors import (
    AwsError,
    InputError,
    InvalidExpressionError,
    InvalidOptionError,
    ItemTooLargeError,
)
from leyden.operations.companions.unique import claims_of
from leyden.program import Pause
from tests.operations.conftest import TASKS

KEY = {"project_id": "p", "task_id": "t"}
SOURCE = TASKS.replace("status, title]", "status, status]") + (
    "unique: [[title], [area, status], [points], [made_at, area]]\n"
)


def _load(source: str) -> leyden.Entity:
    return leyden.load(source, table="tasks").entities.task


@pytest.fixture(scope="module")
def task() -> leyden.Entity:
    return _load(SOURCE)


def texts(entity: leyden.Entity, **values: Any) -> list[str]:
    bound = entity._bound
    return [*claims_of(bound, bound.mapping.encode(values))]


def test_a_create_shows_the_whole_transaction(task: leyden.Entity, shown: Any) -> None:
    params = task.create(**KEY, title="T").params()
    main, guard = params["TransactItems"]
    assert main["Put"]["Item"]["title"] == {"S": "T"}
    item = guard["Put"]["Item"]
    assert item["pk"] == {"S": "$taskapp$unique#tasks#1#title#T"}
    assert item["sk"] == {"S": "$unique"}
    assert item["__edb_e__"] == {"S": "tasks#unique"}
    key = task.delete(**KEY).params()["Key"]
    assert item["__leyden_owner__"] == {"M": key}
    condition = shown(guard["Put"], "ConditionExpression")
    assert condition.startswith("attribute_not_exists(pk) OR __leyden_owner__ = ")


def test_another_table_holds_the_guards_as_well(task: leyden.Entity) -> None:
    params = task.create(**KEY).params(table="elsewhere")
    tables = {body["TableName"] for part in params["TransactItems"] for body in part.values()}
    assert tables == {"elsewhere"}


def test_what_must_be_read_first_is_shown_plain_and_explained(task: leyden.Entity) -> None:
    assert "Item" in task.put(**KEY).params()
    chain = task.patch(**KEY).set(title="x")
    assert "UpdateExpression" in chain.params()
    assert "reads the stored item first" in str(chain.explain())
    assert "reads the stored item first" in str(task.delete(**KEY).explain())
    assert "in one transaction (title; area with status" in str(task.create(**KEY).explain())
    assert task.create(**KEY).explain().api == "TransactWriteItems"


def test_writes_of_other_attributes_are_what_they_were(task: leyden.Entity) -> None:
    plain = _load(SOURCE.replace("unique: ", "description: x\n#"))
    chains = [e.patch(**KEY).append(history=["x"]) for e in (task, plain)]
    assert chains[0].params() == chains[1].params()
    assert str(chains[0].explain()) == str(chains[1].explain())


def test_steps_whose_outcome_is_not_known_are_refused(task: leyden.Entity) -> None:
    for step in ("add", "subtract"):
        with pytest.raises(InvalidExpressionError, match=f"unique, and after .{step}"):
            getattr(task.patch(**KEY), step)(points=1)
        with pytest.raises(InvalidExpressionError, match=f"unique, and after .{step}"):
            getattr(task.upsert(**KEY), step)(points=1)


def test_options_that_a_transaction_does_not_have_are_refused(task: leyden.Entity) -> None:
    chain = task.patch(**KEY).set(title="x")
    with pytest.raises(InvalidOptionError, match='does not return "updated_new"'):
        chain.params(response="updated_new")
    with pytest.raises(InvalidOptionError, match="`params` cannot be merged"):
        chain.go(params={"ReturnItemCollectionMetrics": "SIZE"})
    task.patch(**KEY).append(history=["x"]).params(response="updated_new")


def test_a_value_too_long_for_a_key_is_refused(task: leyden.Entity) -> None:
    with pytest.raises(ItemTooLargeError, match='unique "title" make a key of'):
        task.create(**KEY, title="x" * 2100).params()


def test_a_constraint_on_key_attributes_is_kept_where_items_are_made() -> None:
    task = _load(TASKS + "unique: [[task_id]]\n")
    assert len(task.create(**KEY).params()["TransactItems"]) == 2
    assert "reads the stored item" in str(
        task.update(**KEY)
        .set(area="x")
        .composite(rank=1, made_at=datetime(2026, 1, 1, tzinfo=UTC))
        .explain()
    )
    assert "reads the stored item" not in str(task.patch(**KEY).append(history=["x"]).explain())
    app = leyden.load(TASKS + "unique: [[task_id]]\n", table="tasks")
    with pytest.raises(InputError, match=r"\.patch\(\) is an update"):
        app.transact_write([app["task"].update(**KEY).append(history=["x"])]).params()


def test_guards_go_by_fields_and_not_by_the_order_of_a_constraint() -> None:
    one = _load(TASKS + "unique: [[area, title]]\n")
    two = _load(TASKS + "unique: [[title, area]]\n")
    values = {"area": "a", "title": "t"}
    assert texts(one, **values) == texts(two, **values)


def test_numbers_claim_by_value(task: leyden.Entity) -> None:
    assert texts(task, points=1) == texts(task, points=1.0)
    assert texts(task, points=0) != texts(task, points=1)
    bound = task._bound
    assert [*claims_of(bound, {"points": {"N": "10.0"}})] == texts(task, points=10)


@pytest.mark.parametrize("name", ["upsert", "update", "put", "delete"])
def test_an_item_that_was_gone_for_a_moment_is_written_all_the_same(
    task: leyden.Entity, name: str
) -> None:
    values = {**KEY, "title": "new"}
    chain: Any = {
        "upsert": lambda: task.upsert(**values).composite(employee_id=None),
        "update": lambda: task.update(**KEY).set(title="new"),
        "put": lambda: task.put(**values),
        "delete": lambda: task.delete(**KEY),
    }[name]()
    stored = task.put(**KEY, title="old").params()["Item"]
    refused = AwsError(
        "canceled",
        aws_code="TransactionCanceledException",
        response={"CancellationReasons": [{"Code": "ConditionalCheckFailed"}]},
    )
    sent: list[str] = []
    program = chain.program()
    step = next(program)
    while True:
        try:
            if isinstance(step, Pause):
                step = program.send(None)
                continue
            sent.append(step.api)
            if sent.count("TransactWriteItems") == 1 and step.api == "TransactWriteItems":
                # Whoever looks for the item now finds it as it was.
                step = program.throw(refused)
            else:
                step = program.send({"Item": stored} if step.api == "GetItem" else {})
        except StopIteration:
            break
    assert sent == ["GetItem", "TransactWriteItems"] * 2


_TEXT = st.text(alphabet=st.sampled_from("ab#$_,~%S"), max_size=6) | st.text(max_size=4)


@given(one=st.tuples(_TEXT, _TEXT), two=st.tuples(_TEXT, _TEXT))
def test_different_values_have_different_guards(one: Any, two: Any) -> None:
    def guards(pair: tuple[str, str]) -> set[str]:
        return {*texts(_PAIRED, title=pair[0], area=pair[1])}

    first, second = guards(one), guards(two)
    assert len(first) == len(second) == 3
    assert len(first & second) == (one == two) + (one[0] == two[0]) + (one[1] == two[1])


_PAIRED = _load(TASKS + "unique: [[title, area], [title], [area]]\n")
