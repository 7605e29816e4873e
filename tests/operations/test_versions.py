"""Versioned records: what their requests say."""

from __future__ import annotations

from typing import Any

import pytest

import leyden
from leyden.errors import (
    ConditionFailedError,
    InputError,
    ReadOnlyAttributeError,
    VersionConflictError,
)
from tests.operations.conftest import TASKS

KEY = {"project_id": "p", "task_id": "t"}


@pytest.fixture(scope="module")
def task() -> leyden.Entity:
    source = TASKS + "version_attribute: rev\n"
    source = source.replace("  area: string\n", "  area: string\n  rev: {type: number, field: r}\n")
    return leyden.load(source, table="tasks").entities.task


def test_creates_and_puts_write_the_first_version(task: leyden.Entity, shown: Any) -> None:
    created = task.create(**KEY).params()
    assert created["Item"]["r"] == {"N": "1"}
    assert shown(created, "ConditionExpression") == (
        "attribute_not_exists(pk) AND attribute_not_exists(sk)"
    )
    put = task.put(**KEY).params()
    assert put["Item"]["r"] == {"N": "1"}
    assert shown(put, "ConditionExpression").endswith(" AND attribute_not_exists(r)")


@pytest.mark.parametrize("seen", [4, 4.0])
def test_a_put_over_a_version_writes_the_next(task: leyden.Entity, shown: Any, seen: Any) -> None:
    for chain in (task.put(**KEY).expecting(seen), task.put(**KEY, rev=seen)):
        put = chain.params()
        assert put["Item"]["r"] == {"N": "5"}
        assert shown(put, "ConditionExpression").endswith(" AND r = 4")


@pytest.mark.parametrize("verb", ["update", "patch"])
def test_updates_count_in_the_same_request(task: leyden.Entity, shown: Any, verb: str) -> None:
    params = getattr(task, verb)(**KEY).set(title="x").composite(status="open").params()
    assert "r = if_not_exists(r, 0) + 1" in shown(params, "UpdateExpression")
    assert "r =" not in shown(params, "ConditionExpression")
    chain = getattr(task, verb)(**KEY).add(points=1).expecting(2)
    assert shown(chain.params(), "ConditionExpression").endswith(" AND r = 2")


def test_an_upsert_counts_and_takes_the_version_for_the_one_seen(
    task: leyden.Entity, shown: Any
) -> None:
    params = task.upsert(**KEY, rev=3).composite(employee_id=None).params()
    assert shown(params, "UpdateExpression").count("r = ") == 1
    assert "r = if_not_exists(r, 0) + 1" in shown(params, "UpdateExpression")
    condition = shown(params, "ConditionExpression")
    assert condition.endswith(" AND attribute_not_exists(employee_id) AND r = 3")


def test_deletes_and_checks_depend_on_versions_too(task: leyden.Entity, shown: Any) -> None:
    record = task.record(rev=7, **KEY)
    for chain in (task.delete(**KEY), task.remove(**KEY), task.check(**KEY)):
        condition = shown(chain.expecting(record).params(), "ConditionExpression")
        assert condition.endswith(" AND r = 7")
        assert "r = 7" not in shown(chain.params(), "ConditionExpression")


def test_a_record_without_a_version_stands_for_an_item_without_one(
    task: leyden.Entity, shown: Any
) -> None:
    record = task.record(**KEY)
    condition = shown(task.update(**KEY).expecting(record).params(), "ConditionExpression")
    assert condition.endswith(
        "attribute_exists(pk) AND attribute_exists(sk) AND attribute_not_exists(r)"
    )
    condition = shown(task.update(**KEY).expecting(0).params(), "ConditionExpression")
    assert condition.endswith(" AND attribute_not_exists(r)")
    assert "attribute_exists(pk)" not in condition


def test_the_version_is_not_written_by_hand(task: leyden.Entity) -> None:
    for write in (
        lambda: task.patch(**KEY).set(rev=3),
        lambda: task.update(**KEY).add(rev=1),
        lambda: task.update(**KEY).remove("rev"),
        lambda: task.upsert(**KEY).set(rev=3),
        lambda: task.upsert(**KEY).add(rev=3),
        lambda: task.create(**KEY, rev=1).params(),
    ):
        with pytest.raises(ReadOnlyAttributeError, match='"rev" is the version'):
            write()
    assert task.create(task.record(rev=4, **KEY), rev=None).params()["Item"]["r"] == {"N": "1"}


@pytest.mark.parametrize("seen", [-1, 1.5, float("nan"), float("inf"), True, None, "1"])
def test_what_is_no_version_is_refused(task: leyden.Entity, seen: Any) -> None:
    with pytest.raises(InputError, match="a version is a whole number from 0 up"):
        task.patch(**KEY).expecting(seen)


def test_expectations_that_make_no_sense_are_refused(task: leyden.Entity) -> None:
    with pytest.raises(InputError, match="a create expects no version"):
        task.create(**KEY).expecting(1)
    with pytest.raises(InputError, match="carries another"):
        task.put(**KEY, rev=2).expecting(3).params()
    plain = leyden.load(TASKS, table="tasks").entities.task
    with pytest.raises(InputError, match="has no versions to expect"):
        plain.patch(**KEY).expecting(1)


def test_an_explanation_says_what_versions_cost(task: leyden.Entity) -> None:
    assert "in a second request" in str(task.put(**KEY).explain())
    assert 'only over the "rev" that was seen' in str(task.put(**KEY).expecting(1).explain())


@pytest.mark.parametrize("unsure", [False, True])
def test_a_conflict_says_whether_an_earlier_attempt_may_have_made_it(
    task: leyden.Entity, unsure: bool
) -> None:
    program = task.patch(**KEY).add(points=1).expecting(1).program()
    request = next(program)
    stored = {**task.put(**KEY, title="x").params()["Item"], "r": {"N": "2"}}

    with pytest.raises(VersionConflictError) as caught:
        program.throw(ConditionFailedError("no", item=stored, request=request, unsure=unsure))

    assert caught.value.unsure is unsure
    assert caught.value.stored.rev == 2
    assert ("Nothing was changed" in str(caught.value)) is not unsure
    assert ("got no answer" in str(caught.value)) is unsure
