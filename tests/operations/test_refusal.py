"""What a refusal is made of: what came back with it, what a second look shows, what stays open."""

from __future__ import annotations

from typing import Any

import pytest

import leyden
from leyden.errors import (
    AwsError,
    ConditionFailedError,
    ItemExistsError,
    ItemNotFoundError,
    LeydenError,
)
from leyden.operations.plan.refusal import Asked, why_refused
from leyden.program import Item

KEY = {"project_id": "p", "task_id": "t"}
STORED: Item = {"projectId": {"S": "p"}, "taskId": {"S": "t"}, "area": {"S": "west"}}
NOTHING: Any = object()


def ending(
    chain: Any, *, item: Item | None = None, look: Any = NOTHING, unsure: bool = False
) -> tuple[LeydenError, int]:
    """What a chain ends in whose write is refused with `item`, and how often it looked after it.

    `look` is what the second look finds, or the error that it ends in.
    """
    program = chain.program()
    request = next(program)
    looks = 0
    try:
        program.throw(ConditionFailedError("no", item=item, request=request, unsure=unsure))
        while True:
            looks += 1
            assert look is not NOTHING, "nothing was to be read here"
            if isinstance(look, LeydenError):
                program.throw(look)
            else:
                program.send({"Item": look} if look else {})
    except LeydenError as error:
        return error, looks


# An engine that returns no item with a refusal, as those before 2023 did.
def test_the_verb_alone_needs_no_second_look(strict: leyden.Entity) -> None:
    error, looks = ending(strict.create(id="a"))
    assert (type(error), looks) == (ItemExistsError, 0)
    error, looks = ending(strict.patch(id="a").set(label="x"))
    assert (type(error), looks) == (ItemNotFoundError, 0)
    error, looks = ending(strict.remove(id="a"))
    assert (type(error), looks) == (ItemNotFoundError, 0)


def test_one_look_tells_the_verb_from_the_callers_condition(strict: leyden.Entity) -> None:
    many = strict.attr.amount > 3
    stored: Item = {"id": {"S": "a"}, "label": {"S": "x"}}
    create, patch = strict.create(id="a").where(many), strict.patch(id="a").set(label="y")
    for chain, look, kind in (
        (create, stored, ItemExistsError),
        (create, None, ConditionFailedError),
        (patch.where(many), None, ItemNotFoundError),
        (patch.where(many), stored, ConditionFailedError),
        (patch.composite(amount=3), None, ItemNotFoundError),
        (patch.composite(amount=3), stored, ConditionFailedError),
    ):
        error, looks = ending(chain, look=look)
        assert (type(error), looks) == (kind, 1)
        assert error.item == look  # type: ignore[attr-defined]
    assert error.message.startswith('the stored item has another "amount" than .composite() says')


def test_a_look_that_fails_says_what_is_not_known(strict: leyden.Entity) -> None:
    many = strict.attr.amount > 3
    down = AwsError("down")
    error, looks = ending(strict.create(id="a").where(many), look=down)
    assert (type(error), looks) == (ConditionFailedError, 1)
    assert error.message == (
        "either the item already exists or a condition of .where() did not hold, and DynamoDB "
        "does not say which; nothing was changed"
    )
    error, _ = ending(strict.patch(id="a").set(label="x").composite(amount=1), look=down)
    assert error.message == (
        "either the item does not exist or the stored item is not what .composite() says, and "
        "DynamoDB does not say which; nothing was changed"
    )


def test_a_folded_key_is_looked_at_once_for_all_questions(task: leyden.Entity) -> None:
    error, looks = ending(task.patch(**KEY).set(area="x").where(task.attr.points > 3), look=None)
    assert (type(error), looks) == (ItemNotFoundError, 1)


@pytest.mark.parametrize(
    ("verb", "kind"), [("create", ItemExistsError), ("remove", ItemNotFoundError)]
)
def test_an_unsure_refusal_says_that_it_may_be_its_own_doing(
    strict: leyden.Entity, verb: str, kind: type[ConditionFailedError]
) -> None:
    other: Item = {"id": {"S": "a"}, "label": {"S": "x"}}
    look = other if verb == "create" else None
    error, _ = ending(getattr(strict, verb)(id="a"), look=look, unsure=True)
    assert type(error) is kind
    assert error.unsure
    assert error.message.endswith(
        "; an earlier attempt of the request got no answer, and may have made the change"
    )


def test_an_update_is_not_looked_at_again(strict: leyden.Entity) -> None:
    many = strict.attr.amount > 3
    error, looks = ending(strict.update(id="a").set(label="x").where(many))
    assert (type(error), looks) == (ConditionFailedError, 0)
    assert error.message == "a condition of .where() did not hold; nothing was changed"


def test_numbers_that_are_written_differently_agree() -> None:
    asked = Asked("an item", where=True, composite={"n": {"N": "1.0"}})
    assert why_refused(asked, {"n": {"N": "1"}}, is_known=True) == "where"
    assert why_refused(asked, {"n": {"N": "2"}}, is_known=True) == "composite"


@pytest.fixture(scope="module")
def strict() -> leyden.Entity:
    return leyden.load(
        {
            "entity": "parts",
            "service": "parts",
            "version": "1",
            "keys": "strict",
            "attributes": {
                "id": {"type": "string", "required": True},
                "label": "string",
                "amount": "integer",
            },
            "indexes": {
                "all": {"pk": {"field": "pk", "composite": ["id"]}, "sk": {"field": "sk"}},
            },
        },
        table="parts",
    )["parts"]
