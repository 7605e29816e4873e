"""Schema files in a real editor's language server: what it offers, says, and marks as faults."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from leyden.diff import compare, draft_migration, read_side
from leyden.schema import load_migration, load_service
from tests.editors.goldens import COMPLETIONS, FIRST_LINE, GOLDEN, HOVERS, SCHEMAS, said
from tests.editors.language_server import LanguageServer
from tests.interop.node_process import ROOT

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    with LanguageServer(SCHEMAS) as started:
        yield started


def schema_files() -> list[Path]:
    """Every schema file that ships, or that an example has."""
    found = [*SCHEMAS.glob("*/*.yaml"), *(ROOT / "examples").glob("**/*.yaml")]
    return sorted(path for path in found if path.read_text("utf-8").startswith("# yaml-language"))


@pytest.mark.parametrize(
    ("kind", "name"),
    [*(("completion", name) for name in COMPLETIONS), *(("hover", name) for name in HOVERS)],
)
def test_an_editor_says_what_the_golden_file_has(
    server: LanguageServer, kind: str, name: str
) -> None:
    """Write them anew with `python -m tests.editors.goldens`."""
    expected = (GOLDEN / f"{kind}_{name}.txt").read_text("utf-8")
    assert said(server, kind, name) == expected


def test_every_golden_file_belongs_to_a_place() -> None:
    places = {*(f"completion_{name}" for name in COMPLETIONS), *(f"hover_{n}" for n in HOVERS)}
    assert {path.stem for path in GOLDEN.iterdir()} == places


@pytest.mark.parametrize("path", schema_files(), ids=lambda path: path.stem)
def test_a_good_file_has_no_marks(server: LanguageServer, path: Path) -> None:
    assert server.open(path, path.read_text("utf-8")).diagnostics() == []


FAULTY = """\
entity: task
version: 1.5
service: desk
attributes:
  task_id: {type: strin, required: true}
  title: {type: string, max_lenght: 80}
  body: {type: string, items: string}
  embedding: {type: vector}
  class: string
indexes:
  main:
    pk: {field: pk, composite: task_id}
  by_status:
    index: gsi1
    sk: {field: gsi1sk, composite: []}
colour: red
"""


def test_marks_point_at_the_faults(server: LanguageServer) -> None:
    document = server.open(SCHEMAS / "edited" / "faulty.yaml", FIRST_LINE + FAULTY)
    lines = FAULTY.splitlines()
    marked = set()
    for mark in document.diagnostics():
        start, end = mark["range"]["start"], mark["range"]["end"]
        text = lines[start["line"] - 1]
        stop = end["character"] if end["line"] == start["line"] else len(text)
        marked.add((start["line"], text[start["character"] : stop]))
    assert marked == {
        (2, "1.5"),
        (5, "strin"),
        (6, "max_lenght"),
        (7, "items"),
        (8, "embedding"),
        (9, "class"),
        (12, "task_id"),
        (13, "by_status"),
        (16, "colour"),
    }


def test_a_table_is_told_from_an_entity(server: LanguageServer) -> None:
    document = server.open(SCHEMAS / "edited" / "table.yaml", f"{FIRST_LINE}table: t\nversion: 1\n")
    (mark,) = document.diagnostics()
    assert mark["message"] == "Property version is not allowed."


FAULTY_MIGRATION = """\
migration: assignee
from: [before]
entities:
  task:
    decide: whether
    attribute: {}
    attributes:
      assignee: {from: employee_id, back: {}}
      points: {back: points}
      title: {value: a, call: b}
    unique: maybe
copy: other
"""


def test_marks_point_at_the_faults_of_a_migration(server: LanguageServer) -> None:
    document = server.open(SCHEMAS / "edited" / "moving.yaml", FIRST_LINE + FAULTY_MIGRATION)
    marked = {mark["range"]["start"]["line"] for mark in document.diagnostics()}
    assert marked == {2, 5, 6, 8, 9, 10, 11, 12}


def test_what_is_drafted_has_no_marks(server: LanguageServer, tmp_path: Path) -> None:
    diff = compare(load_service(SCHEMAS / "taskapp"), load_service(changed_schemas(tmp_path)))
    draft = draft_migration(diff, read_side(SCHEMAS / "taskapp"), "assignee")
    assert draft.asks
    files = draft.files(
        SCHEMAS / "migrations" / "assignee.yaml", read_side(SCHEMAS / "taskapp").json_schema
    )
    for path, text in files.items():
        assert "schema=../" in text.splitlines()[0]
        assert server.open(path, text).diagnostics() == [], path


def changed_schemas(folder: Path) -> Path:
    """The shipped schemas with a change of an entity's attributes and of its version."""
    for path in (SCHEMAS / "taskapp").glob("*.yaml"):
        text = path.read_text("utf-8")
        if path.stem == "task":
            text = text.replace('version: "1"', 'version: "2"')
            text = text.replace(
                "attributes:\n", "attributes:\n  effort: {type: integer, required: true}\n", 1
            )
        (folder / path.name).write_text(text, "utf-8")
    return folder


def test_what_an_empty_file_is_offered_is_a_schema(server: LanguageServer, tmp_path: Path) -> None:
    """The skeletons, with their places left as they are, load."""
    document = server.open(SCHEMAS / "edited" / "new.yaml", FIRST_LINE)
    offered = {item["label"]: item["insertText"] for item in document.completions(1, 0)}
    filled = re.sub(r"\$\{\d+:([^}]*)\}", r"\1", offered["new entity"])
    assert [*load_service(yaml.safe_load(filled)).entities] == ["task"]
    table = yaml.safe_load(re.sub(r"\$\{\d+:([^}]*)\}", r"\1", offered["new table"]))
    assert load_service({"entities": [yaml.safe_load(filled)], "table": {"table": table["table"]}})
    migration = re.sub(r"\$\{\d+:([^}]*)\}", r"\1", offered["new migration"])
    (tmp_path / "assignee.from").mkdir()
    old = filled.replace("title", "employee_id")
    (tmp_path / "assignee.from" / "task.yaml").write_text(old, "utf-8")
    (tmp_path / "assignee.yaml").write_text(migration, "utf-8")
    found = load_migration(tmp_path / "assignee.yaml")
    assert found.entities["task"].attributes["assignee"].source == "employee_id"
