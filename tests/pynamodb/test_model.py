"""The PynamoDB model, against a table in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from moto import mock_aws
from pynamodb.connection import Connection
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.indexes import GlobalSecondaryIndex, LocalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

import leyden
from leyden.errors import MissingCompositeError, ValidationError
from leyden.mapping import compile_entity
from leyden.mapping.index_keys import put_keys
from leyden.pynamodb import AttributePaths
from leyden.pynamodb.model import build_model
from leyden.schema.spec import Call, IndexSpec, KeySpec, TableIndexSpec, TableSpec
from tests.mapping.schemas import TASK, entity

MAPPING = compile_entity(TASK)
ATTR: Any = AttributePaths(MAPPING.attributes, TASK.entity)
TEAM = """
entity: member
version: "1"
service: team
attributes: {id: {type: string, required: true}}
indexes:
  main: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}
"""
NOON = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)
VALUES: dict[str, Any] = {
    "task_id": "T1",
    "project_id": "p1",
    "employee_id": "e1",
    "points": 2.5,
    "tags": {"b", "a"},
    "history": ["x"],
    "detail": {"owner": "ada", "effort": 3},
    "payload": {"a": [1, None]},
    "extra": {"deep": [Decimal("0.1234567890123456789"), {b"x"}]},
    "blob": b"\x00\xff",
    "done": False,
    "price": Decimal("12.50"),
    "count_": 7,
    "created_at": NOON,
    "expires_at": NOON,
    "secret": "s",
}


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Any]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        model: Any = build_model(MAPPING, table_name="projects")
        model.create_table(billing_mode="PAY_PER_REQUEST")
        yield model


def raw(task: type[Any]) -> list[dict[str, Any]]:
    client = boto3.client("dynamodb", region_name="eu-central-1")
    items: list[dict[str, Any]] = client.scan(TableName="projects")["Items"]
    return items


def test_the_model_is_made_once_and_only_when_asked_for() -> None:
    app = leyden.load(TEAM, table="t", region="eu-central-1")
    model = app.entities.member.model
    assert app.entities.member.model is model
    assert issubclass(model, Model)
    assert model.__name__ == "MemberModel"
    assert model.Meta.table_name == "t"


def test_saving_writes_a_whole_item_with_keys_and_identity(task: type[Any]) -> None:
    task(**VALUES).save()
    (item,) = raw(task)
    assert item["pk"] == {"S": "$taskapp#project_id_p1"}
    assert item["sk"] == {"S": "$overview#tasks_1#taskid_t1"}
    assert item["gsi2pk"] == {"S": "$taskapp#employee_id_e1"}
    assert item["__edb_e__"] == {"S": "tasks"}
    assert item["__edb_v__"] == {"S": "1"}
    assert item["headline"] == {"S": "open 2.5"}
    assert item["price"] == {"N": "12.5"}
    assert item["createdAt"] == {"S": "2026-02-03T09:15:00.000Z"}
    given = {("count" if name == "count_" else name): value for name, value in VALUES.items()}
    values = MAPPING.decode_values(item)
    assert {name: values[name] for name in given} == given


def test_what_was_saved_is_read_back_by_every_way(task: type[Any]) -> None:
    saved = task(**VALUES)
    saved.save()
    key = ("$taskapp#project_id_p1", "$overview#tasks_1#taskid_t1")
    found: list[Any] = [
        task.get(*key),
        *task.query(key[0]),
        *task.query(key[0], task.sk.startswith("$overview#tasks")),
        *task.scan(task.points > 2),
        *task.assigned.query("$taskapp#employee_id_e1"),
        *task.batch_get([key]),
    ]
    assert len(found) == 6
    for instance in found:
        assert instance.points == 2.5
        assert instance.detail == {"owner": "ada", "effort": 3}
        assert instance.extra == VALUES["extra"]
        assert instance.updated_at == saved.updated_at
        assert instance.headline == saved.headline == "open 2.5"


def test_index_queries_take_sort_key_conditions_and_filters(task: type[Any]) -> None:
    for number in range(3):
        task(project_id=f"p{number}", employee_id="e1", points=number).save()
    index: Any = task.assigned
    found = list(
        index.query(
            "$taskapp#employee_id_e1",
            index.gsi2sk >= "$tasks_1#project_id_p1",
            ATTR.points < 2,
        )
    )
    assert [item.project_id for item in found] == ["p1"]
    assert index.count("$taskapp#employee_id_e1") == 3


def test_a_closed_task_leaves_the_sparse_index(task: type[Any]) -> None:
    task(**{**VALUES, "status": "closed"}).save()
    (item,) = raw(task)
    assert "gsi2pk" not in item


def test_conditions_of_the_entity_work_with_the_model(task: type[Any]) -> None:
    instance = task(**VALUES)
    instance.save(ATTR.task_id.does_not_exist())
    with pytest.raises(PutError):
        instance.save(ATTR.task_id.does_not_exist())
    attr: Any = ATTR
    for condition in (
        attr.created_at == NOON,
        attr.tags.contains("a"),
        attr.detail.effort >= 2,
        attr.detail["owner"].startswith("a"),
        attr.extra["deep"].exists(),
        attr.price.between(12, Decimal("12.50")),
        attr.payload == {"a": [1, None]},
        attr.blob == b"\x00\xff",
        attr.tags.size() == 2,
    ):
        assert len(list(task.scan(condition))) == 1
        assert list(task.scan(~condition)) == []


def test_update_actions_write_exactly_and_touch_on_write(task: type[Any]) -> None:
    instance = task(**{**VALUES, "updated_at": NOON})
    instance.save()
    attr: Any = ATTR
    instance.update(
        [
            attr.count.add(2),
            attr.tags.add("c"),
            attr.history.set(attr.history.append(["y"])),
            attr.detail.effort.set(4.0),
            attr.done.remove(),
        ],
        attr.count == 7,
    )
    assert instance.count_ == 9
    assert instance.tags == {"a", "b", "c"}
    assert instance.history == ["x", "y"]
    assert instance.detail["effort"] == 4
    assert instance.done is None
    assert instance.updated_at > NOON
    with pytest.raises(UpdateError):
        instance.update([attr.count.add(1)], attr.count == 7)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("project_id", "p2", 'key of "assigned"'),
        ("status", "closed", "key of"),
        ("points", 1, 'derived attribute "headline"'),
    ],
)
def test_updates_that_would_leave_keys_or_derived_values_stale_are_refused(
    task: type[Any], name: str, value: Any, says: str
) -> None:
    instance = task(**VALUES)
    instance.save()
    with pytest.raises(ValidationError, match=says):
        instance.update([ATTR[name].set(value)])


def test_saving_a_loaded_item_renews_what_every_write_sets(task: type[Any]) -> None:
    task(**{**VALUES, "updated_at": NOON}).save()
    loaded: Any = next(iter(task.scan()))
    written = loaded.updated_at
    assert written > NOON
    loaded.points = 8
    loaded.updated_at = NOON
    loaded.save()
    again: Any = next(iter(task.scan()))
    assert again.updated_at >= written
    assert again.headline == "open 8"


def test_saving_twice_keeps_the_generated_id(task: type[Any]) -> None:
    instance = task(project_id="p1")
    first = instance.task_id
    instance.save()
    instance.save()
    assert instance.task_id == first
    assert len(raw(task)) == 1


def test_set_hooks_run_once_on_each_value() -> None:
    spec = entity({"x": {"set": Call("mark")}, "y": "string"})
    made = compile_entity(spec, hooks={"mark": lambda value, values: f"{value}!"})
    model = build_model(made)
    instance = model(id="1", x="a")
    assert instance.serialize()["x"] == {"S": "a!"}
    instance.y = "changed"
    assert instance.serialize()["x"] == {"S": "a!"}
    loaded = model.from_raw_data(instance.serialize())
    assert loaded.serialize()["x"] == {"S": "a!"}
    loaded.x = "b"
    assert loaded.serialize()["x"] == {"S": "b!"}


def test_an_own_key_needs_its_own_composites_only() -> None:
    instance = build_model(MAPPING)(task_id="T1", project_id="p1", points="no number")
    assert instance._get_keys() == {
        "pk": "$taskapp#project_id_p1",
        "sk": "$overview#tasks_1#taskid_t1",
    }


def test_delete_and_refresh_find_the_key_from_the_attributes(task: type[Any]) -> None:
    task(**VALUES).save()
    same: Any = task(project_id="p1", task_id="T1")
    same.refresh()
    assert same.points == 2.5
    task(project_id="p1", task_id="T1").delete()
    assert raw(task) == []


def test_batches_and_transactions_write_the_same_items(task: type[Any]) -> None:
    with task.batch_write() as batch:
        batch.save(task(**VALUES))
    with TransactWrite(connection=Connection(region="eu-central-1")) as transaction:
        transaction.save(task(**{**VALUES, "task_id": "t2"}))
    by_key = {item["sk"]["S"]: item for item in raw(task)}
    assert set(by_key) == {"$overview#tasks_1#taskid_t1", "$overview#tasks_1#taskid_t2"}
    with task.batch_write() as batch:
        batch.delete(task(project_id="p1", task_id="T1"))
    assert len(raw(task)) == 1


def test_other_entities_in_the_table_are_not_seen(task: type[Any]) -> None:
    task(**VALUES).save()
    client = boto3.client("dynamodb", region_name="eu-central-1")
    client.put_item(
        TableName="projects",
        Item={
            "pk": {"S": "$taskapp#project_id_p1"},
            "sk": {"S": "$overview#employees_1"},
            "__edb_e__": {"S": "employees"},
            "__edb_v__": {"S": "1"},
        },
    )
    assert len(list(task.query("$taskapp#project_id_p1"))) == 1
    assert task.count("$taskapp#project_id_p1") == 1
    assert len(list(task.scan())) == 1


def test_the_table_has_the_indexes_and_the_time_to_live(task: type[Any]) -> None:
    client = boto3.client("dynamodb", region_name="eu-central-1")
    table = client.describe_table(TableName="projects")["Table"]
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["gsi2"]
    ttl = client.describe_time_to_live(TableName="projects")["TimeToLiveDescription"]
    assert ttl["AttributeName"] == "ttl"


def test_invalid_values_are_refused_at_save(task: type[Any]) -> None:
    with pytest.raises(ValidationError, match='"points"'):
        task(**{**VALUES, "points": "many"}).save()
    assert raw(task) == []


def test_a_key_that_cannot_be_made_is_named() -> None:
    model = build_model(compile_entity(entity({"x": "string"})))
    with pytest.raises(MissingCompositeError, match='"id"'):
        model(x="1").serialize()


def test_the_keys_are_those_of_a_put() -> None:
    values = {"task_id": "t1", "project_id": "p1", "employee_id": "e1", "points": 2.0}
    item = build_model(MAPPING)(**values).serialize()
    keys = put_keys(MAPPING, MAPPING.prepare_create(values))
    assert {"pk", "sk", "gsi2pk", "gsi2sk"} == keys.keys()
    assert {field: item[field] for field in keys} == keys


def test_simple_dicts_are_written_without_saving() -> None:
    instance = build_model(MAPPING)(task_id="t1", points=2.0)
    found = instance.to_simple_dict()
    assert found["points"] == 2
    assert found["taskId"] == "t1"
    assert "updated_at" not in found


INDEXES = {
    "primary": IndexSpec("primary", None, KeySpec("pk", ("id",)), KeySpec("sk", ("kind",))),
    "save": IndexSpec("save", "gsi1", KeySpec("gsi1pk", ("kind",)), projection="keys_only"),
    "by_time": IndexSpec("by_time", "lsi1", KeySpec("pk", ("id",)), KeySpec("when", ("when",))),
    "many": IndexSpec("many", "gsi3", KeySpec("", ("id", "kind")), type="composite"),
    "some": IndexSpec(
        "some", "gsi4", KeySpec("gsi4pk", ("n",), cast="number"), projection=("kind",)
    ),
}


def test_indexes_are_compiled_by_kind_projection_and_key_type() -> None:
    spec = entity(
        {"id": "string", "kind": "string", "when": "timestamp", "n": "number", "query": "string"},
        indexes=INDEXES,
    )
    model: Any = build_model(compile_entity(spec))
    assert isinstance(model.save_, GlobalSecondaryIndex)
    assert isinstance(model.by_time, LocalSecondaryIndex)
    assert not hasattr(model, "many")
    schema = model._get_schema()
    kinds = {d["AttributeName"]: d["AttributeType"] for d in schema["attribute_definitions"]}
    assert kinds == {"pk": "S", "sk": "S", "gsi1pk": "S", "when": "S", "gsi4pk": "N"}
    projections = {
        index["index_name"]: index["projection"] for index in schema["global_secondary_indexes"]
    }
    assert projections == {
        "gsi1": {"ProjectionType": "KEYS_ONLY"},
        "gsi4": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["kind"]},
    }
    instance = model(id="1", kind="k", when=NOON, n=3, query_="q")
    item = instance.serialize()
    assert item["gsi4pk"] == {"N": "3"}
    assert item["query"] == {"S": "q"}


def test_the_table_file_decides_on_kind_projection_and_time_to_live() -> None:
    table = TableSpec(indexes={"gsi2": TableIndexSpec("gsi2", "lsi", "keys_only")}, ttl="elsewhere")
    model: Any = build_model(MAPPING, table=table)
    assert isinstance(model.assigned, LocalSecondaryIndex)
    assert model.assigned.Meta.projection.projection_type == "KEYS_ONLY"
    assert model._ttl_attribute() is None


def test_an_attribute_that_is_itself_the_key_is_the_hash_key() -> None:
    spec = entity(
        {"id": {"field": "pk"}, "n": {"type": "number", "field": "sk"}},
        indexes={
            "primary": IndexSpec("primary", None, KeySpec("pk", ("id",)), KeySpec("sk", ("n",)))
        },
    )
    model: Any = build_model(compile_entity(spec))
    assert model._hash_keyname == "id"
    assert model._range_keyname == "n"
    item = model("ABC", 5).serialize()
    assert item["pk"] == {"S": "abc"}
    assert item["sk"] == {"N": "5"}
