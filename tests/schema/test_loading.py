from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from leyden.errors import SchemaError
from leyden.schema import check_service, load_service
from leyden.schema.spec import (
    AttributeSpec,
    Call,
    EntitySpec,
    Generate,
    JMESPath,
    Literal,
    Padding,
    ServiceSpec,
)
from tests.schema.support import entity, loaded

HOOKS = dict.fromkeys(("open_secret", "close_secret", "make", "approve"), str)


@pytest.fixture
def service(data: Path) -> ServiceSpec:
    return load_service(data / "taskapp", hooks=HOOKS)


@pytest.fixture
def task(service: ServiceSpec) -> EntitySpec:
    return service.entities["task"]


def test_the_example_has_no_faults(data: Path) -> None:
    assert check_service(data / "taskapp", hooks=HOOKS).errors == ()


def test_an_entity_has_its_options(task: EntitySpec) -> None:
    assert (task.entity, task.alias, task.version) == ("tasks", "task", "1")
    assert (task.service, task.description) == ("taskapp", "What is to be done")
    assert task.unique == (("title", "project_id"),)
    assert task.version_attribute == "revision"
    assert task.keys == "electrodb"
    assert task.span.line == 1


def test_what_is_not_said_has_its_default(service: ServiceSpec) -> None:
    user = service.entities["users"]

    assert (user.alias, user.version, user.keys) == ("users", "1", "strict")
    assert user.attributes["email"] == AttributeSpec(
        "email", "string", "email", "email", span=user.attributes["email"].span
    )
    assert user.primary.sk is not None
    assert user.primary.sk.composite == ()
    assert user.primary.type == "isolated"
    assert user.primary.collection == ()


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("task_id", "field", "taskId"),
        ("task_id", "label", "taskId"),
        ("task_id", "required", True),
        ("task_id", "default", Generate("uuid7")),
        ("title", "min_length", 1),
        ("title", "max_length", 80),
        ("title", "pattern", "^[A-Z]"),
        ("title", "description", ""),
        ("status", "type", "enum"),
        ("status", "values", ("open", "closed")),
        ("status", "default", Literal("open")),
        ("points", "padding", Padding(5, "0")),
        ("points", "min", 0),
        ("price", "default", Literal(Decimal("1.10"))),
        ("price", "max", 100.5),
        ("done", "default", Literal(True)),
        ("tags", "default", Literal(frozenset({"a", "b"}))),
        ("history", "default", Literal([])),
        ("detail", "default", Literal({"owner": "nobody"})),
        ("payload", "default", Literal({"a": [1, None, True]})),
        ("payload", "overflow", "chunk"),
        ("blob", "default", Literal(b"hello")),
        ("created_at", "read_only", True),
        ("updated_at", "on_write", Generate("now")),
        ("due_at", "default", Literal(datetime(2024, 1, 31, 10, tzinfo=UTC))),
        ("expires_at", "default", Literal(datetime.fromtimestamp(1_700_000_000, UTC))),
        ("headline", "watch", ("status", "points")),
        ("headline", "derive", JMESPath("join(' ', [status, to_string(points)])")),
        ("summary", "watch", ("title",)),
        ("everything", "watch", ("*",)),
        ("secret", "hidden", True),
        ("secret", "get", Call("open_secret")),
        ("secret", "set", Call("close_secret")),
        ("checked", "validate", JMESPath("length(@) > `3`")),
        ("checked", "default", Call("make")),
        ("checked", "on_write", Call("make")),
        ("approved", "validate", Call("approve")),
        ("approved", "watch", ("*",)),
        ("approved", "derive", Call("make")),
    ],
)
def test_an_attribute_has_its_options(task: EntitySpec, name: str, option: str, value: Any) -> None:
    assert getattr(task.attributes[name], option) == value


def test_containers_have_elements_and_properties(task: EntitySpec) -> None:
    labels, history = task.attributes["labels"].items, task.attributes["history"].items
    properties = task.attributes["detail"].properties

    assert labels is not None
    assert (labels.type, labels.values) == ("enum", ("red", "green"))
    assert history is not None
    assert (history.type, history.max_length) == ("string", 9)
    assert properties is not None
    assert list(properties) == ["owner", "effort", "any-name"]
    effort = properties["effort"]
    assert (effort.field, effort.hidden, effort.required) == ("effort-points", True, True)
    assert effort.default == Literal(1)
    deep = properties["any-name"].properties
    assert deep is not None
    assert deep["deep"].items is not None
    assert deep["deep"].items.type == "map"
    assert deep["deep"].items.properties is None


def test_an_access_pattern_has_its_options(task: EntitySpec) -> None:
    assigned, ranking, rest = (task.indexes[n] for n in ("assigned", "ranking", "rest"))

    assert task.primary.name == "project"
    assert task.primary.collection == ("overview",)
    assert assigned.index == "gsi2"
    assert assigned.collection == ("contributions", "assignments")
    assert assigned.scope == "people"
    assert assigned.when == JMESPath("status == 'open'")
    assert (assigned.pk.field, assigned.pk.casing) == ("gsi2pk", "none")
    assert ranking.type == "clustered"
    assert (ranking.pk.template, ranking.pk.composite) == ("STATUS#${status}", ("status",))
    assert ranking.sk is not None
    assert ranking.sk.cast == "number"
    assert (rest.type, rest.projection, rest.pk.field) == ("composite", "keys_only", "")
    assert rest.composites == ("status", "employee_id", "points", "due_at")


def test_the_table_is_completed_from_the_entities(service: ServiceSpec) -> None:
    table = service.table

    assert (table.table, table.ttl) == ("projectmanagement", "expires_at")
    assert {i.name: (i.kind, i.projection) for i in table.indexes.values()} == {
        "gsi2": ("gsi", ("taskId", "status", "__edb_e__", "__edb_v__")),
        "lsi1": ("lsi", "all"),
        "gsi3": ("gsi", "all"),
        "gsi4": ("gsi", "keys_only"),
    }


def test_an_access_pattern_knows_the_projection_that_only_the_table_says(
    task: EntitySpec,
) -> None:
    assert task.indexes["assigned"].projection == ("taskId", "status", "__edb_e__", "__edb_v__")
    assert task.indexes["titles"].projection is None


def test_a_silent_table_takes_the_one_ttl_field() -> None:
    result = check_service(entity({"gone": {"type": "ttl", "field": "g"}}))

    assert result.service is not None
    assert result.service.table.ttl == "g"


def test_specs_are_frozen_all_the_way(task: EntitySpec) -> None:
    with pytest.raises(TypeError):
        task.attributes["x"] = task.attributes["title"]  # type: ignore[index]
    with pytest.raises(TypeError):
        task.attributes["detail"].properties["x"] = None  # type: ignore[index]


def test_a_function_that_was_not_handed_in_is_refused_with_what_is_near(data: Path) -> None:
    with pytest.raises(SchemaError) as caught:
        load_service(data / "taskapp", hooks={"approve": 5, "mak": str})  # type: ignore[dict-item]

    errors = [fault for fault in caught.value.faults if fault.severity == "error"]
    assert {fault.code for fault in errors} == {
        "hook.missing",
        "hook.not_callable",
    }


def test_without_hooks_loading_refuses_calls_and_checking_cannot_know(data: Path) -> None:
    with pytest.raises(SchemaError, match=r"hook\.missing"):
        load_service(data / "taskapp")
    assert check_service(data / "taskapp").errors == ()


def test_hooks_inside_of_containers_are_looked_up_too() -> None:
    inner = {"type": "map", "properties": {"x": {"type": "string", "get": {"call": "fetch"}}}}
    source = entity({"b": {"type": "list", "items": inner}})

    (fault,) = check_service(source, hooks={"fetsh": str}).faults

    assert str(fault) == (
        "<dict>:attributes.b.items.properties.x.get.call: hook.missing: "
        'attributes.b.items.properties.x.get calls "fetch", which is missing from '
        '`hooks=`; did you mean "fetsh"?'
    )


@pytest.mark.parametrize(
    "indexes",
    [
        # The attribute is the key.
        {"main": {"pk": {"field": "a", "composite": ["a"]}}},
        # A constant partition.
        {"main": {"pk": {"field": "pk", "composite": []}, "sk": {"field": "sk"}}},
        {"main": {"pk": {"field": "pk", "template": "ALL"}}},
        # The sort key repeats what the partition key has, and nothing else.
        {
            "main": {
                "pk": {"field": "pk", "composite": ["a", "b"]},
                "sk": {"field": "sk", "composite": ["a"]},
            }
        },
        # An inverted index.
        {
            "main": {
                "pk": {"field": "pk", "composite": ["a"]},
                "sk": {"field": "sk", "composite": ["b"]},
            },
            "inverted": {
                "index": "gsi1",
                "pk": {"field": "sk", "composite": ["b"]},
                "sk": {"field": "pk", "composite": ["a"]},
            },
        },
        # One casing by two names.
        {
            "main": {"pk": {"field": "pk", "composite": ["a"]}, "sk": {"field": "sk"}},
            "other": {
                "index": "lsi1",
                "pk": {"field": "pk", "composite": ["a"], "casing": "lower"},
                "sk": {"field": "lsi1sk", "composite": ["b"]},
            },
        },
    ],
)
def test_unusual_keys_that_work_are_taken(indexes: dict[str, Any]) -> None:
    source = entity({"b": {"type": "string", "required": True}}, indexes=indexes)

    assert check_service(source).faults == ()
    assert list(loaded(source).indexes) == list(indexes)


def test_an_index_holds_what_its_entities_ask_for_together() -> None:
    def asking(alias: str, projection: Any) -> dict[str, Any]:
        source = entity({"a": "string", "b": "string", "c": "string"}, entity=alias)
        source["indexes"]["other"] = {
            "index": "gsi1",
            "pk": {"field": "gsi1pk", "composite": ["a"]},
            **({} if projection is None else {"projection": projection}),
        }
        return source

    for one, other, held in (
        (["b"], ["c"], ("b", "c")),
        (["b"], "keys_only", ("b",)),
        ("keys_only", "keys_only", "keys_only"),
        (["b"], "all", "all"),
        ("keys_only", None, "all"),
    ):
        spec = load_service({"entities": [asking("x", one), asking("y", other)]})
        assert spec.table.indexes["gsi1"].projection == held
        said = spec.entities["x"].indexes["other"].projection
        assert said == (tuple(one) if isinstance(one, list) else one)

    described = {"indexes": {"gsi1": {"projection": ["b", "c"]}}}
    both = {"entities": [asking("x", ["b"]), asking("y", ["c"])], "table": described}
    assert load_service(both).table.indexes["gsi1"].projection == ("b", "c")


def test_the_classes_of_specs_are_imported_without_yaml_and_rules() -> None:
    script = (
        "import sys; from leyden.schema import ENTITY_FIELD, EntitySpec\n"
        "print([name for name in ('yaml', 'leyden.schema.loading') if name in sys.modules])\n"
        "import leyden.schema as schema\n"
        "print([name for name in schema.__all__ if not hasattr(schema, name)])\n"
        "print(schema.json_schema is schema.editors.json_schema, hasattr(schema, 'json'))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["[]", "[]", "True False"]
