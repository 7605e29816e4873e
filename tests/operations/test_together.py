"""Operations on many: what they take, and what they say of what they do not take."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

import leyden
from leyden.errors import AwsError, InputError, TransactionCanceledError
from leyden.program import Pause, Request
from tests.operations.conftest import TASKS

KEY = {"project_id": "p", "task_id": "t"}


@pytest.fixture(scope="module")
def app() -> leyden.Service:
    return leyden.load(TASKS, table="tasks")


@pytest.mark.parametrize("verb", ["transact_write", "transact_get", "batch_write", "batch_get"])
def test_what_is_no_list_of_chains_is_refused(app: leyden.Service, verb: str) -> None:
    for wrong in (None, 5, app["task"].create(**KEY)):
        with pytest.raises(InputError, match=rf"{verb}\(\) takes a list of chains, not "):
            getattr(app, verb)(wrong)


def test_a_generator_of_chains_will_do(app: leyden.Service) -> None:
    chains = (app["task"].get(project_id="p", task_id=name) for name in "ab")
    assert len(app.transact_get(chains).params()["TransactItems"]) == 2


def _canceled(*codes: str) -> AwsError:
    reasons = [{"Code": code} for code in codes]
    return AwsError(
        "refused",
        aws_code="TransactionCanceledException",
        response={"CancellationReasons": reasons},
    )


def _refused(program: Generator[Any, Any, Any], error: AwsError) -> int:
    """Answers every request with the error; gives how many there were."""
    sent = 0
    step = next(program)
    while True:
        if isinstance(step, Request):
            sent += 1
            step = program.throw(error)
        else:
            assert isinstance(step, Pause)
            step = program.send(None)


def test_a_canceled_read_says_which_items_were_in_the_way(app: leyden.Service) -> None:
    task = app["task"]
    gets = app.transact_get([task.get(project_id="p", task_id=name) for name in "ab"])
    with pytest.raises(TransactionCanceledError) as caught:
        _refused(gets.program(), _canceled("None", "TransactionConflict"))
    (rejection,) = caught.value.rejections
    assert (rejection.position, rejection.reason) == (1, "conflict")
    assert rejection.key == {"project_id": "p", "task_id": "b"}
    assert (
        "nothing was read: operation 1, task.get: another write to the item was in progress"
        in str(caught.value)
    )


def test_a_transaction_under_way_is_asked_for_again_with_its_own_token() -> None:
    task = leyden.load(TASKS + "unique: [[title]]\n", table="tasks")["task"]
    program = task.create(**KEY).program()
    first = next(program)
    busy = AwsError("busy", aws_code="TransactionInProgressException")
    assert isinstance(program.throw(busy), Pause)
    again = program.send(None)
    assert again.params["ClientRequestToken"] == first.params["ClientRequestToken"]
    with pytest.raises(StopIteration) as done:
        program.send({})
    assert done.value.value.title == "untitled"
