"""What an update sends, and what it refuses before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

import leyden
from leyden.errors import (
    CompositeConflictError,
    InvalidExpressionError,
    ItemTooLargeError,
    MissingCompositeError,
    ReadOnlyAttributeError,
    RequiredAttributeError,
    UnknownAttributeError,
    ValidationError,
)

KEY = {"project_id": "p", "task_id": "t"}


def test_a_sparse_index_is_judged_again_when_what_its_condition_reads_changes(
    task: leyden.Entity, shown: Any
) -> None:
    change = task.patch(**KEY).set(status="closed").composite(employee_id="e", title="x")
    assert "REMOVE gsi1pk, gsi1sk" in shown(change.params(), "UpdateExpression")
    change = task.patch(**KEY).set(status="open").composite(employee_id="e", title="x")
    text = shown(change.params(), "UpdateExpression")
    assert 'gsi1pk = "$taskapp#employee_id_e"' in text
    assert 'gsi1sk = "$tasks_1"' in text


def test_a_sparse_index_is_left_alone_by_what_does_not_concern_it(
    task: leyden.Entity, shown: Any
) -> None:
    assert "gsi1" not in shown(task.patch(**KEY).set(points=1).params(), "UpdateExpression")


def test_a_derived_attribute_needs_all_that_it_is_derived_from(
    task: leyden.Entity, shown: Any
) -> None:
    with pytest.raises(MissingCompositeError, match='reads "status" as well'):
        task.patch(**KEY).set(title="new").params()
    change = task.patch(**KEY).set(title="new").composite(status="open", employee_id="e")
    assert 'headline = "open new"' in shown(change.params(), "UpdateExpression")


def test_composites_become_conditions(task: leyden.Entity, shown: Any) -> None:
    params = task.patch(**KEY).set(rank=3).composite(made_at="2026-01-01T00:00:00Z").params()
    assert 'made_at = "2026-01-01T00:00:00.000Z"' in shown(params, "ConditionExpression")
    assert "#rank_0003#made_at_2026-01-01t00:00:00.000z" in shown(params, "UpdateExpression")


def test_the_message_for_a_key_that_would_be_half_known(task: leyden.Entity) -> None:
    with pytest.raises(MissingCompositeError) as caught:
        task.patch(**KEY).set(rank=3).params()
    assert str(caught.value) == (
        'task.patch: without "made_at" the key of the access pattern "ranked" cannot be written; '
        "give it as well, with .set() if it changes or with .composite() if the stored value "
        "stays (None if the item has none)"
    )
    assert caught.value.missing == ("made_at",)
    assert caught.value.code == "key.missing_composite"


def test_removing_part_of_a_key_is_refused(task: leyden.Entity, shown: Any) -> None:
    with pytest.raises(MissingCompositeError, match="remove all attributes of that key"):
        task.patch(**KEY).remove("rank").params()
    text = shown(task.patch(**KEY).remove("area").params(), "UpdateExpression")
    assert text.endswith("REMOVE area, gsi2pk")


@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        (lambda u: u.set(nope=1), UnknownAttributeError, 'no attribute "nope"'),
        (lambda u: u.set(pionts=1), UnknownAttributeError, 'did you mean "points"'),
        (lambda u: u.set(task_id="x"), ReadOnlyAttributeError, "part of the item's own key"),
        (lambda u: u.set(made_at="2026-01-01T00:00:00Z"), ReadOnlyAttributeError, "read-only"),
        (lambda u: u.set(points=None), ValidationError, r'\.remove\("points"\)'),
        (lambda u: u.set(points=-1), ValidationError, "points"),
        (lambda u: u.set(status="shut"), ValidationError, "status"),
        (lambda u: u.set({"detail.effort": "much"}), ValidationError, r"detail\.effort"),
        (lambda u: u.set({"detail.nope": 1}), UnknownAttributeError, "nope"),
        (lambda u: u.set({"history[": 1}), InvalidExpressionError, "history"),
        (lambda u: u.remove("title"), RequiredAttributeError, "required and cannot be removed"),
        (lambda u: u.add(title=1), InvalidExpressionError, r"\.add\(\) works on"),
        (lambda u: u.append(tags=["x"]), InvalidExpressionError, r"\.append\(\) works on"),
        (lambda u: u.delete(history=["x"]), InvalidExpressionError, r"\.delete\(\) works on"),
        (lambda u: u.add(rank=1), InvalidExpressionError, 'part of the key of "ranked"'),
        (lambda u: u.set(points=1).add(points=1), InvalidExpressionError, "the same place"),
        (
            lambda u: u.set({"detail.effort": 1}).set(detail={}),
            InvalidExpressionError,
            "the same place",
        ),
        (lambda u: u.where("points > 3"), InvalidExpressionError, "not str"),
        (lambda u: u.composite(area="x").composite(area="y"), CompositeConflictError, "twice"),
    ],
)
def test_a_step_that_cannot_work_is_refused_at_once(
    task: leyden.Entity, step: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        step(task.update(**KEY))


def test_what_an_attribute_is_derived_from_cannot_be_counted_up(task: leyden.Entity) -> None:
    with pytest.raises(InvalidExpressionError, match='"headline" is derived from it'):
        task.patch(**KEY).if_not_exists(title="x").params()


def test_different_places_inside_one_attribute_go_together(task: leyden.Entity, shown: Any) -> None:
    change = task.patch(**KEY).set({"detail.effort": 1, "detail.owner": "x", "history[1]": "y"})
    text = shown(change.params(), "UpdateExpression")
    assert 'detail.effort = 1, detail.owner = "x", history[1] = "y"' in text


def test_a_chain_can_be_kept_and_continued_in_two_ways(task: leyden.Entity) -> None:
    start = task.patch(**KEY).set(points=1)
    one = start.remove("tags")
    other = start.add(tags={"x"})
    assert start.params() != one.params() != other.params()
    assert "REMOVE" not in start.params()["UpdateExpression"]


def test_an_upsert_takes_whole_attributes_once(task: leyden.Entity) -> None:
    with pytest.raises(InvalidExpressionError, match='"points" is written twice'):
        task.upsert(**KEY, points=1).add(points=1)
    with pytest.raises(InvalidExpressionError, match="whole attributes"):
        task.upsert(**KEY).add(**{"detail.effort": 1})


def test_a_record_or_a_mapping_can_be_written(task: leyden.Entity) -> None:
    given = {"project_id": "p", "task_id": "t", "points": 3}
    item = task.put(**given).params()["Item"]
    record = task.parse(item)
    assert task.put(record).params()["Item"] == item
    assert task.put(given).params()["Item"] == item
    assert task.put([record]).params() == task.put([given]).params()
    changed = task.create(record, points=4).params()["Item"]
    assert changed == {**item, "points": {"N": "4"}}
    with pytest.raises(leyden.errors.InputError, match="or a record of"):
        task.put("text")


def test_a_record_that_hides_something_is_not_written_without_it() -> None:
    app = leyden.load(leyden.schemas_folder("taskapp"))
    task = app.entities.task
    record = task.parse(task.put(project_id="p", task_id="t", employee_id="e").params()["Item"])
    with pytest.raises(
        leyden.errors.InputError, match=r"does not show hidden attributes \(secret\)"
    ):
        task.put(record)
    assert "secret" in task.put(record, secret="s").params()["Item"]


def test_a_key_that_does_not_name_its_entity_is_guarded_by_the_identifiers(shown: Any) -> None:
    template = """
entity: %s
version: "1"
service: x
attributes: {id: {type: string, required: true}}
indexes: {main: {pk: {field: pk, template: "X#${id}"}, sk: {field: sk, template: meta}}}
"""
    app = leyden.load(f"{template % 'alpha'}---{template % 'beta'}", table="t")
    condition = shown(app["beta"].put(id="1").params(), "ConditionExpression")
    assert '(attribute_not_exists(__edb_e__) OR __edb_e__ = "beta")' in condition


@pytest.mark.parametrize(
    "step",
    [
        lambda u: u.add(points=1),
        lambda u: u.subtract(points=1),
        lambda u: u.if_not_exists(points=1),
        lambda u: u.set({"detail.effort": 1}),
        lambda u: u.remove("detail.effort"),
    ],
)
def test_what_a_sparse_index_depends_on_must_be_known(step: Any) -> None:
    schema = """
entity: tasks
alias: task
version: "1"
service: s
attributes:
  id: {type: string, required: true}
  points: number
  detail: {type: map, properties: {effort: number}}
indexes:
  main: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}
  busy:
    index: gsi1
    when: "points > `5` || detail.effort > `5`"
    pk: {field: gsi1pk, composite: []}
    sk: {field: gsi1sk, composite: [id]}
"""
    task = leyden.load(schema, table="t").entities.task
    with pytest.raises(InvalidExpressionError, match='the index of "busy" depends on it'):
        step(task.patch(id="1")).params()


def test_what_an_expression_derives_is_not_set_by_hand(task: leyden.Entity) -> None:
    with pytest.raises(ReadOnlyAttributeError, match="is derived from other attributes"):
        task.patch(**KEY).set(headline="x")
    with pytest.raises(
        ValidationError, match="the value that you gave differs from the derived one"
    ):
        task.put(**KEY, headline="x").params()
    assert task.put(**KEY, headline="open untitled").params()
    with pytest.raises(InvalidExpressionError, match='"headline" is derived from it'):
        task.upsert(**KEY).if_not_exists(title="x").params()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda t: t.query.ranked(area="a").between("x", None), "not as str"),
        (lambda t: t.patch(**KEY).set([("points", 1)]), "not as list"),
        (lambda t: t.patch(**KEY).set({1: 2}), "not int"),
        (lambda t: t.patch(**KEY).remove(["points"]), "not list"),
        (lambda t: t.get([5]).params(), "not as int"),
        (lambda t: t.scan.params(attributes=[[]]), "a list of attribute names"),
        (lambda t: t.put(**KEY).params(response="updated_new"), '"all_old"'),
        (lambda t: t.delete(**KEY).params(response="all_new"), '"all_old"'),
        (lambda t: t.parse({"pk": 5}), "not a raw item"),
        (lambda t: t.parse(None), "not a raw item"),
    ],
)
def test_input_of_the_wrong_form_is_refused_in_words(
    task: leyden.Entity, build: Any, message: str
) -> None:
    with pytest.raises(leyden.LeydenError, match=message):
        build(task)


def test_a_chain_keeps_its_values_when_the_caller_changes_his(task: leyden.Entity) -> None:
    history = ["one"]
    put = task.put(**KEY, history=history)
    history.append("two")
    assert put.params()["Item"]["history"] == {"L": [{"S": "one"}]}
    given = {**KEY, "points": 1}
    put = task.put(given)
    given["points"] = 2
    assert put.params()["Item"]["points"] == {"N": "1"}


@pytest.mark.parametrize("verb", ["update", "patch", "upsert"])
def test_an_update_that_sets_more_than_an_item_holds_is_refused_with_its_size(
    task: leyden.Entity, verb: str
) -> None:
    change = getattr(task, verb)(**KEY)
    employee = {"employee_id": "e", "title": "t"} if verb == "upsert" else {}
    with pytest.raises(ItemTooLargeError, match=r"what is set has 41\d,") as caught:
        change.set(history=["x" * 410_000], **employee).params()
    assert caught.value.size > caught.value.limit == 400 * 1024
    assert change.set(history=["x" * 400_000], **employee).params()


NESTED = """
entity: parcel
version: "1"
service: post
attributes:
  id: {type: string, required: true}
  to:
    type: map
    default: {}
    properties:
      city: {type: string, required: true}
      street: string
      lock: {type: map, properties: {code: {type: string, required: true}}}
  stops: {type: list, items: {type: map, properties: {at: {type: string, required: true}}}}
indexes:
  main: {pk: {field: pk, composite: [id]}}
"""


@pytest.mark.parametrize("verb", ["update", "patch"])
def test_what_is_required_is_not_removed_by_its_path_either(verb: str) -> None:
    parcel = leyden.load(NESTED, table="t")["parcel"]
    for path in ("to.city", 'to["city"]', "to.lock.code", "stops[0].at"):
        with pytest.raises(RequiredAttributeError) as refused:
            getattr(parcel, verb)(id="1").remove(path)
        assert refused.value.path == path
    for path in ("to", "to.street", "to.lock", "stops[0]"):
        assert "REMOVE" in getattr(parcel, verb)(id="1").remove(path).params()["UpdateExpression"]


def test_a_default_without_a_required_property_is_refused_only_where_it_is_used() -> None:
    parcel = leyden.load(NESTED, table="t")["parcel"]
    with pytest.raises(RequiredAttributeError, match=r'"to\.city" is required'):
        parcel.put(id="1").params()
    given = parcel.put(id="1", to={"city": "Ulm"}).params()["Item"]
    assert given["to"] == {"M": {"city": {"S": "Ulm"}}}
