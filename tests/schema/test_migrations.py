"""Reading a migration's file, with every fault at its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leyden.errors import SchemaError
from leyden.schema import (
    Call,
    JMESPath,
    MigrationSpec,
    check_against,
    load_migration,
    load_service,
)

OLD = """\
entity: tasks
alias: task
version: "1"
service: app
attributes:
  task_id: {type: string, required: true}
  employee_id: string
  points: string
  name: string
indexes:
  task:
    pk: {field: pk, composite: [task_id]}
    sk: {field: sk, composite: []}
"""
NEW = OLD.replace("employee_id: string", "assignee: {type: string, default: nobody}").replace(
    "  name: string", "  first: string\n  last: string"
)
FILE = """\
migration: assignee
from: old
entities:
  task:
    attributes:
      assignee: {from: employee_id}
      points: {value: "to_number(points)", back: "to_string(points)"}
      first: {from: name, call: first_of, back: {name: "join(' ', [first, last])"}}
      last: {call: last_of}
    defaults: [assignee]
    remove: [legacy]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "task.yaml").write_text(OLD, encoding="utf-8")
    return tmp_path


def read(folder: Path, text: str = FILE, **options: Any) -> MigrationSpec:
    path = folder / "assignee.yaml"
    path.write_text(text, encoding="utf-8")
    return load_migration(path, **options)


def faults(folder: Path, text: str, **options: Any) -> list[str]:
    with pytest.raises(SchemaError) as caught:
        read(folder, text, **options)
    return [str(fault).removeprefix(f"{folder}/") for fault in caught.value.faults]


def test_a_file_is_read_with_the_old_schemas_beside_it(folder: Path) -> None:
    found = read(folder)

    assert (found.name, found.copy_to) == ("assignee", None)
    assert [*found.earlier.entities] == ["task"]
    task = found.entities["task"]
    assert (task.alias, task.source, task.unique) == ("task", "task", False)
    assert (task.defaults, task.remove) == (("assignee",), ("legacy",))
    changes = task.attributes
    assert (changes["assignee"].source, changes["assignee"].value) == ("employee_id", None)
    assert changes["points"].value == JMESPath("to_number(points)")
    assert changes["points"].back == {"points": JMESPath("to_string(points)")}
    assert (changes["first"].source, changes["first"].value) == ("name", Call("first_of"))
    assert changes["first"].back == {"name": JMESPath("join(' ', [first, last])")}
    assert changes["last"].back == {}


def test_a_mapping_may_hold_the_old_schemas_themselves() -> None:
    old = {
        "entity": "tasks",
        "alias": "task",
        "version": "1",
        "service": "app",
        "attributes": {"task_id": "string"},
        "indexes": {"task": {"pk": {"field": "pk", "composite": ["task_id"]}}},
    }
    given = {"migration": "m", "from": old, "entities": {"job": {"from": "task"}}}

    found = load_migration({**given, "copy": {"table": "other"}})

    assert found.entities["job"].source == "task"
    assert found.copy_to == "other"


def test_a_hook_may_make_the_way_back(folder: Path) -> None:
    text = FILE.replace('back: "to_string(points)"', "back: {call: as_text}")

    assert read(folder, text).entities["task"].attributes["points"].back == {
        "points": Call("as_text")
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("from: old", "from: odl", "2:7: source.missing"),
        ("  task:\n", "  taks:\n", "4:3: migration.unknown"),
        ("from: employee_id", "from: employee", "6:24: migration.unknown"),
        ("to_number(points)", "to_number(", "7:23: expression.syntax"),
        ("to_number(points)", "to_number(point)", "7:23: expression.unknown_attribute"),
        ("{name: ", "{names: ", "8:57: migration.unknown"),
        ("{call: last_of}", "{call: last_of, value: name}", "9:20: option.alone"),
        ("{call: last_of}", "{back: name}", "9:7: option.missing"),
        ("defaults: [assignee]", "default: [assignee]", "10:5: option.unknown"),
        ("remove: [legacy]", "remove: legacy", "11:13: option.type"),
        ("migration: assignee\n", "", "1:1: option.missing"),
    ],
)
def test_a_fault_is_told_at_its_place(folder: Path, before: str, after: str, expected: str) -> None:
    assert before in FILE
    found = faults(folder, FILE.replace(before, after, 1))

    assert f"assignee.yaml:{expected}" in {": ".join(one.split(": ")[:2]) for one in found}


def test_hooks_are_checked_where_they_are_handed_in(folder: Path) -> None:
    assert read(folder, hooks={"first_of": str, "last_of": str})
    (fault,) = faults(folder, FILE, hooks={"first_of": str})
    assert "hook.missing" in fault
    assert '"last_of"' in fault


def test_what_the_new_schemas_lack_is_told_as_soon_as_they_are_at_hand(folder: Path) -> None:
    found = read(folder)
    check_against(found, load_service(NEW))

    with pytest.raises(SchemaError) as caught:
        check_against(found, load_service(OLD))

    places = {fault.span.line for fault in caught.value.faults}
    assert places == {4, 6, 8, 9}
    assert {fault.code for fault in caught.value.faults} == {"migration.unknown"}


ASKING = FILE.replace("entities:\n", "decide: [which table it is]\nentities:\n").replace(
    "    defaults:", "    decide:\n    - whether it goes on\n    - 'what else: `x`'\n    defaults:"
)


def test_nothing_runs_while_questions_are_open(folder: Path) -> None:
    found = read(folder, ASKING)
    asked = [(question.text, question.span.line) for question in found.questions]
    assert asked == [("which table it is", 3), ("whether it goes on", 12), ("what else: `x`", 13)]

    with pytest.raises(SchemaError) as caught:
        check_against(found, load_service(NEW))

    told = [str(fault).removeprefix(f"{folder}/") for fault in caught.value.faults]
    assert told == [
        f"assignee.yaml:{place}: migration.undecided: still to decide: {text} "
        "(when the file has the answer, delete this from `decide`)"
        for place, text in (
            ("3:10", "which table it is"),
            ("12:7", "whether it goes on"),
            ("13:7", "what else: `x`"),
        )
    ]
    answered = ASKING.replace("[which table it is]", "[]").replace(
        "    decide:\n    - whether it goes on\n    - 'what else: `x`'\n", ""
    )
    check_against(read(folder, answered), load_service(NEW))


def test_what_is_asked_is_told_beside_what_is_wrong(folder: Path) -> None:
    found = read(folder, ASKING)
    with pytest.raises(SchemaError) as caught:
        check_against(found, load_service(OLD))
    codes = [fault.code for fault in caught.value.faults]
    assert (codes.count("migration.undecided"), codes.count("migration.unknown")) == (3, 6)


def test_questions_are_texts(folder: Path) -> None:
    (fault,) = faults(folder, FILE.replace("entities:\n", "decide:\nentities:\n"))
    assert fault.startswith("assignee.yaml:3:8: option.type: decide must be a list")


def test_unique_and_defaults_need_what_they_name(folder: Path) -> None:
    text = FILE.replace("remove: [legacy]", "remove: [points]\n    unique: true")
    text = text.replace("defaults: [assignee]", "defaults: [points]")
    with pytest.raises(SchemaError) as caught:
        check_against(read(folder, text), load_service(NEW))

    said = [fault.message for fault in caught.value.faults]
    assert len(said) == 3
    assert any("no unique constraints" in one for one in said)
    assert any("has no default" in one for one in said)
    assert any("an attribute is stored in it" in one for one in said)
