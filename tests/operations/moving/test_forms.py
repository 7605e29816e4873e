"""Single migrations: what becomes of an item, and that it always tells its form."""

from __future__ import annotations

from typing import Any

import pytest

from leyden.errors import ConversionError, SchemaError
from leyden.operations.companions.moving.moving import Moving
from leyden.operations.plan.expressions import Expressions
from leyden.program import Item
from leyden.schema import BEFORE_FIELD
from tests.operations.moving.support import entity, moving, stored

BY_POINTS = {
    "index": "gsi1",
    "pk": {"field": "gsi1pk", "composite": ["points"]},
    "sk": {"field": "gsi1sk", "composite": ["task_id"]},
}


def check(moving: Moving, item: Item) -> Item:
    """The item moved, once what holds for every move is seen to."""
    after = moving.forward(item)
    assert moving.forward(after) == after
    assert not moving.is_earlier(after)
    assert not moving.needs(after)
    assert moving.needs(item)
    assert moving.back(after) == item
    assert BEFORE_FIELD not in moving.final(after)
    return after


def test_a_renamed_attribute_leaves_its_old_field() -> None:
    found = moving(
        entity({"employee": "string"}),
        entity({"assignee": "string"}),
        {"attributes": {"assignee": {"from": "employee"}}},
    )
    item = stored(found.earlier, project="p", task_id="t", employee="ann")

    after = check(found, item)

    assert after == stored(found.entity, project="p", task_id="t", assignee="ann")
    assert found.is_earlier(item)
    expressions = Expressions()
    assert found.settled(expressions) == "attribute_not_exists(#0)"


def test_a_new_access_pattern_is_filled() -> None:
    found = moving(entity({"points": "number"}), entity({"points": "number"}, {"p": BY_POINTS}))
    item = stored(found.earlier, project="p", task_id="t", points=5)

    after = check(found, item)

    assert after == stored(found.entity, project="p", task_id="t", points=5)
    assert not found.is_earlier(item)
    assert found.settled(Expressions()) == ""
    assert found.forward(after) is after


def test_another_key_moves_the_item() -> None:
    found = moving(
        entity({}),
        entity(
            {},
            {
                "task": {
                    "pk": {"field": "pk", "composite": ["task_id"]},
                    "sk": {"field": "sk", "composite": ["project"]},
                }
            },
        ),
    )
    item = stored(
        found.earlier,
        project="P",
        task_id="T",
    )

    after = check(found, {**item, "legacy": {"S": "x"}})

    assert found.moves
    assert found.finds_by_key
    assert after == {**stored(found.entity, project="P", task_id="T"), "legacy": {"S": "x"}}
    key = {name: item[name] for name in ("pk", "sk")}
    assert found.earlier_key({"project": "P", "task_id": "T"}) == key


def test_another_version_is_told_by_the_identifiers() -> None:
    found = moving(
        entity({"points": "string"}),
        entity({"points": "string"}, version="2"),
        {"attributes": {"points": {"value": "join('', [points, '0'])"}}},
    )
    item = stored(found.earlier, project="p", task_id="t", points="5")

    after = check(found, item)

    assert after["points"] == {"S": "50"}
    assert after["__edb_v__"] == {"S": "2"}
    assert found.earlier_key({"project": "p", "task_id": "t"}) == {
        name: item[name] for name in ("pk", "sk")
    }


def test_a_number_is_told_from_the_text_that_it_was() -> None:
    found = moving(
        entity({"points": "string"}),
        entity({"points": "number"}),
        {"attributes": {"points": {"value": "to_number(points)", "back": "to_string(points)"}}},
    )
    item = stored(found.earlier, project="p", task_id="t", points="05")

    after = check(found, item)

    assert after["points"] == {"N": "5"}
    later = {**after, "points": {"N": "7"}}
    assert found.back(later)["points"] == {"S": "7"}
    assert found.settled(Expressions()) == "(NOT attribute_type(#0, :0))"


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ({"note": "string"}, {"note": "string"}, {"note": {"value": "join('', [note, '!'])"}}),
        (
            {"a": "string", "b": "string"},
            {"b": "string", "c": "string"},
            {"b": {"from": "a"}, "c": {"from": "b"}},
        ),
    ],
)
def test_a_change_that_items_would_not_tell_is_refused(
    old: dict[str, Any], new: dict[str, Any], change: dict[str, Any]
) -> None:
    with pytest.raises(SchemaError) as caught:
        moving(entity(old), entity(new), {"attributes": change})
    (fault,) = caught.value.faults
    assert fault.code == "migration.change"
    assert "give the entity a new version" in fault.message


def test_a_field_of_another_type_needs_a_step() -> None:
    with pytest.raises(SchemaError, match="say how with `value` or `call`"):
        moving(entity({"points": "string"}), entity({"points": "number"}))


def test_an_item_that_cannot_be_converted_is_named() -> None:
    found = moving(
        entity({"points": "string"}),
        entity({"points": "number"}),
        {"attributes": {"points": {"call": "number"}}},
        hooks={"number": lambda value, values: "none"},
    )
    item = stored(found.earlier, project="p", task_id="t", points="secret")

    with pytest.raises(ConversionError) as caught:
        found.forward(item)

    assert caught.value.path == "points"
    assert caught.value.key == {name: item[name] for name in ("pk", "sk")}
    assert "sk='$tasks_1#task_id_t'" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert found.needs(item)
