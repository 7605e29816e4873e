"""What goes with an item that moves: the guards of its unique values, and its large values."""

from __future__ import annotations

from typing import Any

import pytest

from leyden.operations.companions.moving.company import Prepared, prepare
from leyden.operations.companions.moving.moving import Moving
from leyden.operations.companions.overflow.format import (
    OVERFLOW_FIELD,
    Packing,
    arrange,
    unfold,
    write_manifest,
)
from leyden.program import Item
from tests.operations.moving.support import entity, moving, stored


def prepared(moving: Moving, item: Item, **options: Any) -> Prepared:
    """What a move comes to for which nothing needs to be read."""
    program = prepare(moving, [item], "moving", "migrate", **options)
    with pytest.raises(StopIteration) as ended:
        next(program)
    (found,) = ended.value.value
    assert isinstance(found, Prepared)
    return found


def test_guards_of_unique_values_go_with_their_item_and_are_then_left_alone() -> None:
    unique = {"email": {"type": "string"}}
    found = moving(
        entity(unique, unique=[["email"]]), entity(unique, unique=[["email"]], version="2")
    )
    item = stored(found.earlier, project="p", task_id="t", email="a@x")

    there = prepared(found, item)

    assert there.moves
    assert [guard.taken for guard in there.guards] == [True, False]
    taken, released = there.guards
    assert taken.owner == there.new_key
    assert released.owner == there.old_key
    assert taken.claim.text != released.claim.text
    # A second look finds nothing to do, there or back.
    assert prepared(found, there.after).is_nothing
    back = prepared(found, there.after, direction="back")
    assert back.after == item
    assert [guard.claim.text for guard in back.guards] == [
        released.claim.text,
        taken.claim.text,
    ]
    assert prepared(found, item, direction="back").is_nothing


def test_a_guard_of_another_owner_key_is_taken_over_from_it() -> None:
    unique = {"email": {"type": "string"}}
    key = {
        "pk": {"field": "pk", "composite": ["task_id"]},
        "sk": {"field": "sk", "composite": ["project"]},
    }
    found = moving(
        entity(unique, unique=[["email"]]), entity(unique, {"task": key}, unique=[["email"]])
    )
    item = stored(found.earlier, project="p", task_id="t", email="a@x")

    (guard,) = prepared(found, item).guards

    assert guard.taken
    assert guard.owner == prepared(found, item).new_key
    assert prepared(found, item).old_key in guard.others


def test_a_compressed_value_goes_along_as_it_is_stored() -> None:
    large = {"type": "string", "overflow": "chunk"}
    found = moving(
        entity({"text": large}),
        entity({"body": large}),
        {"attributes": {"body": {"from": "text"}}},
    )
    item = stored(found.earlier, project="p", task_id="t")
    text = {"text": {"S": "to and fro " * 60_000}}
    key = {name: item[name] for name in ("pk", "sk")}
    layout = arrange(found.earlier, key, text, 500, {}, Packing())
    assert layout.inside
    assert not layout.parts
    item |= {**layout.inside, OVERFLOW_FIELD: write_manifest(layout.entries)}

    there = prepared(found, item)

    assert there.parts == ()
    assert there.after["body"] == item["text"]
    assert "text" not in there.after
    assert unfold(there.after).item["body"] == text["text"]
    assert found.back(there.after) == item
    assert prepared(found, there.after).is_nothing
