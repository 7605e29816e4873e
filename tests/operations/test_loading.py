"""Loading a service: what is refused, and what the service then says of itself."""

from __future__ import annotations

import subprocess
import sys

import pytest
from attrs import evolve

import leyden
from leyden._calls import hand_on
from leyden.errors import DecodeError, InvalidOptionError, SchemaError
from leyden.schema import load_service
from tests.operations.conftest import TASKS

LARGE = TASKS.replace(
    "  area: string\n", "  area: string\n  body: {type: string, overflow: chunk}\n"
)


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        (TASKS + "version_attribute: points\nunique: [[points]]\n", "entity.unique", "every write"),
        (
            TASKS.replace(
                "{field: pk, composite: [project_id]}", "{field: taskId, composite: [task_id]}"
            ).replace("{field: sk, composite: [task_id]}", "{field: sk, composite: [project_id]}")
            + "unique: [[title]]\n",
            "entity.unique",
            '"taskId" is itself an attribute',
        ),
        (
            TASKS.replace("composite: [task_id]}", "composite: [rank], cast: number}")
            + "unique: [[title]]\n",
            "entity.unique",
            '"sk" holds numbers',
        ),
        (
            TASKS.replace("[status, title])", "[status, to_string(points)])")
            + "version_attribute: points\n",
            "entity.version_attribute",
            '"headline" reads "points"',
        ),
        (
            TASKS.replace("status == 'open'", "points > `1`") + "version_attribute: points\n",
            "entity.version_attribute",
            'the condition of "assigned" reads "points"',
        ),
        (
            LARGE.replace("    sk: {field: sk, composite: [task_id]}\n", "").replace(
                "composite: [project_id]}", "composite: [project_id, task_id]}"
            ),
            "attribute.overflow",
            "without a sort key",
        ),
        (
            LARGE.replace("composite: [task_id]}", "composite: [rank], cast: number}"),
            "attribute.overflow",
            '"sk" holds numbers',
        ),
        (
            LARGE.replace(
                "{field: sk, composite: [task_id]}", '{field: sk, template: "${task_id}"}'
            ),
            "attribute.overflow",
            '"sk" do not start with fixed text',
        ),
        (
            LARGE.replace(
                "{field: sk, composite: [task_id]}", "{field: taskId, composite: [task_id]}"
            ),
            "attribute.overflow",
            '"taskId" do not start with fixed text',
        ),
        (
            LARGE.replace("    index: gsi1\n", "    index: gsi1\n    projection: [body, title]\n"),
            "attribute.overflow",
            'the index "gsi1" holds "body", but not the field "__overflow__"',
        ),
    ],
)
def test_what_could_not_be_kept_is_refused(source: str, code: str, said: str) -> None:
    with pytest.raises(SchemaError) as caught:
        leyden.load(source, table="tasks")
    (fault,) = caught.value.faults
    assert fault.code == code
    assert said in fault.message
    assert fault.span.line > 1


def test_a_table_must_be_named() -> None:
    with pytest.raises(InvalidOptionError, match="no table is named"):
        leyden.load(TASKS)


def test_an_engine_brings_its_own_endpoint() -> None:
    with leyden.local() as engine, pytest.raises(InvalidOptionError, match="brings its own"):
        leyden.load(TASKS, table="t", engine=engine, region="us-east-1")


def test_entities_are_found_by_attribute_and_by_name() -> None:
    app = leyden.load(TASKS, table="tasks")
    assert app.entities.task is app["task"]
    assert list(app.entities) == ["task"]
    with pytest.raises(AttributeError, match='no entity "tsk"; did you mean "task"'):
        app.entities.tsk  # noqa: B018
    with pytest.raises(AttributeError, match="it has none"):
        app.collections.any  # noqa: B018


def test_an_item_of_nobody_is_refused() -> None:
    app = leyden.load(TASKS, table="tasks")
    with pytest.raises(DecodeError, match="does not say whose it is"):
        app.parse({"pk": {"S": "x"}, "sk": {"S": "y"}})
    key = {"pk": {"S": "$taskapp#project_id_p"}, "sk": {"S": "$tasks_1#taskid_t"}}
    assert app.parse({**key, "title": {"S": "by its keys"}}).title == "by its keys"


def test_conversions_turn_attributes_keys_and_cursors_into_each_other() -> None:
    task = leyden.load(TASKS, table="tasks").entities.task
    keys = task.conversions.attributes_to_keys({"project_id": "P", "task_id": "T", "area": "X"})
    assert keys == {"pk": "$taskapp#project_id_p", "sk": "$tasks_1#taskid_t"}
    assert task.conversions.keys_to_attributes(keys) == {"project_id": "p", "task_id": "t"}
    cursor = task.conversions.keys_to_cursor(keys)
    assert task.conversions.cursor_to_keys(cursor) == keys
    assert task.conversions.cursor_to_attributes(cursor) == {"project_id": "p", "task_id": "t"}
    with pytest.raises(leyden.errors.InputError, match='was not made by "tasks"'):
        task.conversions.keys_to_attributes({"pk": "$other#x"})
    with pytest.raises(leyden.errors.InvalidExpressionError, match='did you mean "ranked"'):
        task.conversions.attributes_to_keys({}, "rankd")


def test_an_alias_that_would_be_hidden_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"give one with `alias:`, such as \"items_\""):
        leyden.load(TASKS.replace("alias: task", "alias: items"), table="t")
    with pytest.raises(SchemaError, match="give one with `alias:`"):
        leyden.load(TASKS.replace("alias: task\n", "").replace(": tasks", ": values"), table="t")


def test_the_package_imports_what_it_shows_when_that_is_asked_for() -> None:
    script = (
        "import sys, leyden\n"
        "print([name for name in sys.modules if name.startswith('leyden.')])\n"
        "print([name for name in leyden.__all__ if not hasattr(leyden, name)])\n"
        "print(leyden.load is leyden.__dict__['load'])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["[]", "[]", "True"]


def test_what_belongs_to_event_loops_and_engines_is_imported_when_it_is_asked_for():
    late = "leyden.service.asynchronous", "leyden.engine", "asyncio"
    script = (
        "import sys; from leyden import load\n"
        f"print([name for name in {late} if name in sys.modules])\n"
        "import leyden; leyden.AsyncService, leyden.AsyncEntity, leyden.local\n"
        f"print([name for name in {late} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    before, after = ran.stdout.splitlines()
    assert before == "[]"
    assert "leyden.service.asynchronous" in after
    assert "leyden.engine" in after


def test_every_call_and_what_it_gives_has_a_public_class_for_annotations() -> None:
    both = TASKS.replace("  project:\n", "  project:\n    collection: work\n")
    app = leyden.load(
        both + "---\n" + both.replace("entity: tasks\nalias: task", "entity: notes"), table="t"
    )
    task, key = app.entities.task, {"project_id": "p", "task_id": "t"}
    writes = [task.put(**key), task.create(**key), task.upsert(**key)]
    changes = [task.update(**key), task.patch(**key), task.delete(**key), task.remove(**key)]
    many = [task.get([key]), task.put([key]), app.transact_get([]), app.transact_write([])]
    collected = app.collections.work(project_id="p")
    reads = [task.get(**key), task.query.project(project_id="p"), task.scan, collected]
    for one in (*writes, *changes, task.check(**key), *many, *reads, task.scan.iter()):
        hand_on([one])
        assert getattr(leyden, type(one).__name__) is type(one)
    for program in (
        collected.program(),
        task.scan.program(),
        task.query.project(project_id="p").counting(),
    ):
        program.send(None)
        with pytest.raises(StopIteration) as ended:
            program.send({"Items": [], "Count": 0, "ScannedCount": 0})
        assert type(ended.value.value) in (leyden.CollectionPage, leyden.Page, leyden.Counted)


def test_an_engine_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match=r"`engine` takes an engine of .*, not int"):
        leyden.load(TASKS, table="t", engine=3)  # type: ignore[arg-type]


def test_schemas_that_are_read_already_are_bound() -> None:
    spec = load_service(TASKS)
    app = leyden.bind(spec, table="t", region="eu-west-1")
    assert list(app.entities) == list(spec.entities)
    assert isinstance(leyden.bind_async(spec, table="t", region="eu-west-1"), leyden.AsyncService)
    refused = evolve(spec, entities={"task": evolve(spec.entities["task"], unique=(("points",),))})
    refused = evolve(
        refused, entities={"task": evolve(refused.entities["task"], version_attribute="points")}
    )
    with pytest.raises(SchemaError, match="changes with every write"):
        leyden.bind(refused, table="t")
    with pytest.raises(InvalidOptionError, match="`client` brings its own"):
        leyden.bind(spec, table="t", region="eu-west-1", client=object())
    with pytest.raises(InvalidOptionError, match="client takes boto3"):
        leyden.bind(spec, table="t", client=object())


def test_all_faults_of_schemas_are_told_without_raising_them() -> None:
    assert leyden.check_schemas(TASKS).errors == ()
    wrong = leyden.check_schemas(TASKS + "version_attribute: points\nunique: [[points]]\n")
    assert "entity.unique" in {fault.code for fault in wrong.errors}
    assert leyden.check_schemas(TASKS.replace("type: number", "type: numbr")).errors
