"""`leyden iam`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import leyden
from leyden import provision
from tests.cli.conftest import TASKAPP, leyden_command

NOTES = """
entity: note
version: "1"
service: notes
attributes:
  org: {type: string, required: true, pattern: "^[a-z]+$"}
  note_id: {type: string, required: true}
  meaning: {type: vector, dimensions: 2}
indexes:
  note:
    pk: {field: pk, composite: [org]}
    sk: {field: sk, composite: [note_id]}
  similar:
    vector: {index: vec1, attribute: meaning}
"""


@pytest.fixture
def notes(tmp_path: Path) -> str:
    (tmp_path / "note.yaml").write_text(NOTES, encoding="utf-8")
    return str(tmp_path)


def test_the_policy_names_the_table_in_its_account_and_region() -> None:
    result = leyden_command("iam", TASKAPP, "--region", "cn-north-1", "--account", "123456789012")
    policy = json.loads(result.stdout)
    assert result.stderr == ""
    assert policy["Statement"][0]["Resource"] == [
        "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/projectmanagement"
    ]
    spec = leyden.load(TASKAPP).spec
    plain = leyden_command("iam", TASKAPP, "--json")
    assert json.loads(plain.stdout) == provision.iam_json(
        provision.permissions(spec, "projectmanagement")
    )


def test_the_policy_is_printed_for_cloudformation_and_terraform() -> None:
    template = leyden_command("iam", TASKAPP, "--format", "cloudformation", "--role", "lambda")
    made = yaml.safe_load(template.stdout)["Resources"]
    assert {one["Type"] for one in made.values()} == {"AWS::IAM::ManagedPolicy", "AWS::IAM::Role"}
    hcl = leyden_command("iam", TASKAPP, "--format", "terraform", "--read-only").stdout
    assert 'resource "aws_iam_policy" "table" {' in hcl
    assert "PutItem" not in hcl


def test_what_a_tenants_policy_leaves_out_is_said_aloud(notes: str) -> None:
    result = leyden_command("iam", notes, "--tenant", "org")
    assert "SearchVectors" not in result.stdout
    assert "left out, all searches: dynamodb:LeadingKeys does not apply" in result.stderr
    assert "left out, scans" in result.stderr
    searching = leyden_command("iam", notes, "--tenant", "org", "--searches")
    assert "dynamodb:SearchVectors" in searching.stdout
    assert "searches reach the vectors of all tenants" in searching.stderr


def test_schemas_that_cannot_keep_tenants_apart_end_in_an_error() -> None:
    result = leyden_command("iam", TASKAPP, "--tenant", "employee_id")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "task.project, the table's own key: employee_id does not lead" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--format", "terraform", "--json"),
        ("--format", "cloudformation", "--account", "1"),
        ("--for", "everything"),
        ("--role", "nobody"),
    ],
)
def test_options_that_do_not_go_together_are_refused(arguments: tuple[str, ...]) -> None:
    assert leyden_command("iam", TASKAPP, *arguments).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("--searches",),
        ("--tenant-value", "a"),
        ("--for", "table", "--read-only"),
        ("--tenant", "org", "--role", "lambda"),
        ("--tenant", "org", "--tenant-value", "a", "--role", "lambda", "--format", "terraform"),
    ],
)
def test_options_that_make_no_policy_are_refused(arguments: tuple[str, ...], notes: str) -> None:
    result = leyden_command("iam", notes, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error [option.invalid]" in result.stderr
