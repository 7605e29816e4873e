"""Laws of every migration, over schemas, files and items that are made up at random."""

from __future__ import annotations

from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from leyden.errors import ConversionError
from leyden.mapping.index_keys import put_keys
from leyden.operations.bound import BoundEntity
from leyden.program import Item
from leyden.schema import BEFORE_FIELD
from tests.operations.moving.plans import Plan, plans, words

few = settings(max_examples=min(settings().max_examples, 60))
"""Each example makes two schemas, which takes most of its time."""


def values_of(entity: BoundEntity, item: Item) -> dict[str, Any]:
    return dict(entity.mapping.decode_values(item))


def written(entity: BoundEntity, item: Item, name: str, value: Any) -> Item:
    """The item after an update of one attribute by code of this schema: all else stays."""
    attribute = entity.mapping.attributes[name]
    after = {**item, attribute.spec.field: attribute.encode(value)}
    values = entity.mapping.decode_values(after)
    return {**after, **put_keys(entity.mapping, values)}


@few
@given(plans())
def test_an_item_moves_and_comes_back_as_it_was(plan: Plan) -> None:
    moving, item = plan.moving, plan.item
    before = {name: dict(value) for name, value in item.items()}

    after = moving.forward(item)

    assert {name: dict(value) for name, value in item.items()} == before
    back = moving.back(after)
    if after is item:
        # Where there was nothing to do, indexes that only the old schema has may be filled.
        assert values_of(moving.earlier, back) == plan.values
        assert {name: back[name] for name in item} == item
    else:
        assert back == item
    assert moving.owns(item)
    assert moving.owns(after)
    event(f"keeps {'something' if BEFORE_FIELD in after else 'nothing'}")
    event(f"moves {moving.moves}")


@few
@given(plans())
def test_a_moved_item_is_what_the_steps_say_and_is_left_as_it_is(plan: Plan) -> None:
    moving, entity = plan.moving, plan.moving.entity
    after = moving.forward(plan.item)

    # It reads so, and a record shows it.
    assert values_of(entity, after) == plan.expected()
    record = entity.mapping.decode(after)
    assert (record.project, record.group) == (plan.values["project"], plan.values["group"])
    # It has the keys of a put, and the identifiers.
    written = put_keys(entity.mapping, entity.mapping.decode_values(after)) | entity.identifiers
    assert {name: after.get(name) for name in written} == written
    # It is left as it is from then on.
    assert moving.forward(after) is after
    assert not moving.needs(after)
    assert not moving.is_earlier(after)
    assert moving.needs(plan.item) == (after is not plan.item)
    again = moving.forward(moving.back(after))
    assert values_of(entity, again) == values_of(entity, after)
    # No field is lost.
    for name, value in plan.item.items():
        if name not in moving.earlier.mapping.known_fields:
            assert after[name] == value
    final = moving.final(after)
    assert BEFORE_FIELD not in final
    assert values_of(entity, final) == plan.expected()


@few
@given(plans(), words)
def test_a_later_write_goes_back_as_the_old_schema_would_write_it(plan: Plan, text: str) -> None:
    moving = plan.moving
    after = moving.forward(plan.item)
    later = written(moving.entity, after, "group", text)
    if any(later[name] != after[name] for name in moving.entity.key_fields):
        # The group is in the key, which no update changes.
        later = after

    back = moving.back(later)

    group = text if later is not after else plan.values["group"]
    assert values_of(moving.earlier, back) == {**plan.values, "group": group}
    keys = put_keys(moving.earlier.mapping, moving.earlier.mapping.decode_values(back))
    if later != after:
        assert {name: back.get(name) for name in keys} == keys
    assert BEFORE_FIELD not in back
    assert values_of(moving.earlier, moving.back(back)) == values_of(moving.earlier, back)


@few
@given(plans(), words)
def test_a_write_of_the_old_code_on_a_moved_item_is_brought_over(plan: Plan, text: str) -> None:
    moving = plan.moving
    after = moving.forward(plan.item)
    if moving.tells_form or moving.moves:
        # It does not find the item.
        return
    if "group" in moving.earlier.keys.primary.composites:
        # No update changes a key.
        text = plan.values["group"]
    later = written_by_old_code(plan, after, text)

    again = moving.forward(later)

    assert not moving.is_earlier(again)
    old = {**plan.values, "group": text}
    assert values_of(moving.entity, again) == plan.expected(old)
    assert values_of(moving.earlier, moving.back(again)) == old
    # Rolled back before anybody brought it over, it has nothing of the new form.
    back = moving.back(later)
    assert values_of(moving.earlier, back) == old
    assert values_of(moving.entity, moving.forward(back)) == plan.expected(old)


def written_by_old_code(plan: Plan, item: Item, text: str) -> Item:
    """A moved item after an update by the old code of the group, and of every renamed attribute."""
    mapping = plan.moving.earlier.mapping
    changed = {"group": text}
    for column in plan.columns:
        for name in column.old:
            if name in plan.values and name not in column.new:
                changed[name] = plan.values[name]
    fields = {
        mapping.attributes[n].spec.field: mapping.attributes[n].encode(changed[n]) for n in changed
    }
    if mapping.sealer is not None:
        fields = mapping.sealer.sealed(fields, item)
    keys = put_keys(mapping, {**plan.values, **changed})
    return {**item, **fields, **keys}


@few
@given(plans(), st.data())
def test_a_part_of_the_item_tells_its_form_as_well(plan: Plan, data: st.DataObject) -> None:
    moving = plan.moving
    keys = {*moving.earlier.key_fields, *moving.earlier.identifiers, "project", "task_id", "group"}
    optional = sorted(plan.item.keys() - keys)
    left = data.draw(st.sets(st.sampled_from(optional))) if optional else set()
    item = {name: value for name, value in plan.item.items() if name not in left}

    try:
        after = moving.forward(item)
    except ConversionError:
        # An expression is not made for what was left out, and says so.
        return

    assert moving.forward(after) is after
    assert after is item or moving.back(after) == item
    assert not moving.is_earlier(after)
    if moving.tells_form:
        assert moving.is_earlier(item)
