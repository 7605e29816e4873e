"""`leyden table`."""

from __future__ import annotations

import json

import pytest
import yaml

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


def test_the_table_is_printed_for_people() -> None:
    result = leyden_command("table", TASKAPP, "--format", "markdown")
    app = leyden.load(TASKAPP)
    assert result.stdout == provision.markdown(app.spec, "projectmanagement")


def test_a_table_is_created_once_and_then_compared(missing_table: OnTable) -> None:
    missing = missing_table("table", "--check")
    assert missing.exit_code == 1
    assert "`leyden table FOLDER --create`" in missing.stderr
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
    monkeypatch.setattr("leyden.tables.creating.TTL_GRACE", 0.0)
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


@pytest.mark.parametrize(
    "arguments",
    [("--create", "--check"), ("--format", "markdown", "--json"), ("--format", "pdf")],
)
def test_misuse_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert leyden_command("table", TASKAPP, *arguments).exit_code == 2
