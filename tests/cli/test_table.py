"""`leyden table`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import Result

import leyden
from leyden import provision
from tests.cli.conftest import TASKAPP, OnTable, leyden_command


def test_the_table_is_printed_for_the_aws_command_line() -> None:
    result = leyden_command("table", TASKAPP)
    assert result.exit_code == 0
    app = leyden.load(TASKAPP)
    expected = provision.create_table_json(app.table_definition, "projectmanagement")
    assert json.loads(result.stdout) == expected
    assert (
        leyden_command("table", TASKAPP, "--query", "TableName").stdout == '"projectmanagement"\n'
    )


def test_the_table_is_printed_for_cloudformation() -> None:
    as_yaml = leyden_command("table", TASKAPP, "--format", "cloudformation", "--table", "mine")
    as_json = leyden_command("table", TASKAPP, "--format", "cloudformation-json", "--table", "mine")
    template = json.loads(as_json.stdout)
    assert yaml.safe_load(as_yaml.stdout) == template
    assert template["Resources"]["Table"]["Properties"]["TableName"] == "mine"


@pytest.mark.parametrize("form", ["cloudformation", "sam", "json", "boto3", "cloudformation-json"])
def test_what_nobody_declared_is_said_aloud_beside_what_is_printed(form: str) -> None:
    result = leyden_command("table", TASKAPP, "--format", form)
    wanted = provision.Wanted(leyden.load(TASKAPP).spec, "projectmanagement", source=TASKAPP)
    assert result.stdout == provision.written(form, wanted)
    assert "point-in-time recovery and deletion protection are on" in result.stderr
    assert ("update-time-to-live" in result.stderr) == (form == "json")
    for_dev = leyden_command("table", TASKAPP, "--format", form, "--dev")
    assert "are off" in for_dev.stderr
    assert for_dev.stdout != result.stdout


def test_the_old_name_of_the_json_stays() -> None:
    old = leyden_command("table", TASKAPP, "--format", "create-table-json")
    assert old.stdout == leyden_command("table", TASKAPP, "--format", "json").stdout
    picked = leyden_command("table", TASKAPP, "--format", "json", "--query", "BillingMode")
    assert picked.stdout == '"PAY_PER_REQUEST"\n'


def test_the_table_is_printed_for_people() -> None:
    result = leyden_command("table", TASKAPP, "--format", "markdown")
    app = leyden.load(TASKAPP)
    assert result.stdout == provision.markdown(app.spec, "projectmanagement", source=TASKAPP)


def test_a_table_is_created_once_and_then_compared(missing_table: OnTable) -> None:
    missing = missing_table("table", "--check")
    assert missing.exit_code == 1
    assert f"`leyden table {TASKAPP} --table {missing_table.table} --create`" in missing.stderr
    assert "--endpoint-url" in missing.stderr
    for python in ("create_table()", "endpoint_url=", "table="):
        assert python not in missing.stderr
    assert "error [table.not_found]" in missing.stderr
    assert missing_table.json("table", "--create")["created"] is True
    again = missing_table("table", "--create")
    assert again.exit_code == 0
    assert again.stdout == f"the table {missing_table.table} exists and matches the schemas\n"
    check = missing_table("table", "--check")
    assert check.exit_code == 0
    assert check.stdout == f"the table {missing_table.table} matches the schemas\n"


def test_a_table_that_differs_is_reported(
    missing_table: OnTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leyden.tables.creating.GRACE", 0.0)
    with leyden.load(
        "entity: other\nversion: '1'\nservice: other\nattributes: {id: string}\n"
        "indexes: {own: {pk: {field: id, composite: [id]}}}\n",
        table=missing_table.table,
        engine=missing_table.engine,
    ) as app:
        app.create_table()
    for action in ("--check", "--create"):
        result = missing_table("table", action)
        assert result.exit_code == 1
        assert "error [table.mismatch]" in result.stderr
        assert 'the index "gsi2"' in result.stderr


NOTE = """
entity: note
version: "1"
service: notes
attributes:
  note_id: {type: string, required: true}
  embedding: {type: vector, dimensions: 3}
indexes:
  notes:
    pk: {field: pk, composite: [note_id]}
    sk: {field: sk, composite: []}
"""
SIMILAR = """
  similar:
    vector: {index: vec1, attribute: embedding}
"""


def test_vector_indexes_that_a_table_lacks_are_added(
    missing_table: OnTable, tmp_path: Path
) -> None:
    schema = tmp_path / "note.yaml"

    def table(*arguments: str) -> Result:
        return leyden_command("table", str(tmp_path), *arguments, *missing_table.place)

    schema.write_text(NOTE, encoding="utf-8")
    assert table("--create").exit_code == 0
    schema.write_text(NOTE + SIMILAR, encoding="utf-8")
    lacking = table("--check")
    assert lacking.exit_code == 1
    assert f"`leyden table {tmp_path} --table" in lacking.stderr
    assert "--add-indexes`" in lacking.stderr
    assert json.loads(table("--add-indexes", "--json").stdout)["added"] == ["vec1"]
    assert table("--check").exit_code == 0
    again = table("--add-indexes")
    assert again.stdout == f"the table {missing_table.table} has all indexes of the schemas\n"
    schema.write_text(NOTE + SIMILAR.replace("vec1", "vec2"), encoding="utf-8")
    assert table("--add-indexes").stdout == f"added vec2 to the table {missing_table.table}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--create", "--check"),
        ("--check", "--add-indexes"),
        ("--format", "markdown", "--json"),
        ("--format", "sam", "--json"),
        ("--create", "--dev"),
        ("--format", "pdf"),
    ],
)
def test_misuse_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert leyden_command("table", TASKAPP, *arguments).exit_code == 2
