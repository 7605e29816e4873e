"""Keys on the command line: a module's name, never the keys, and only where one is needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import leyden
from leyden.engine import LocalEngine
from tests.cli.conftest import leyden_command

CLINIC = """
entity: patient
version: "1"
service: clinic
attributes:
  id: {type: string, required: true}
  name: string
  secret: {type: string, encrypt: true}
indexes:
  by_id: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}
"""


@pytest.fixture
def clinic(cli_engine: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "patient.yaml").write_text(CLINIC)
    (tmp_path / "clinic_keys.py").write_text(
        "KEYS = {'one': b'1' * 32}\ndef keys():\n    return KEYS\nNONE = 3\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    table = f"clinic-{tmp_path.name}"

    def run(command: str, *arguments: str) -> Any:
        place = ("--table", table, "--endpoint-url", cli_engine.endpoint_url)
        return leyden_command(command, str(tmp_path), *arguments, *place)

    with leyden.load(
        CLINIC, table=table, engine=cli_engine, encryption_keys={"a": b"1" * 32}
    ) as app:
        app.create_table()
    return run


def test_items_are_written_and_shown_with_the_keys_of_a_module(clinic: Any, tmp_path: Path) -> None:
    keys = ("--encryption-keys", "clinic_keys:KEYS")
    assert clinic("put", "patient", "id=1", "secret=swordfish", *keys).exit_code == 0
    shown = clinic("get", "patient", "id=1", "--json", "--encryption-keys", "clinic_keys:keys")
    assert json.loads(shown.stdout)["secret"] == "swordfish"

    without = clinic("get", "patient", "id=1", "--json")
    assert without.exit_code == 1
    assert "--encryption-keys MODULE:NAME" in without.stderr
    wrong = clinic("get", "patient", "id=1", "--encryption-keys", "clinic_keys:KEY")
    assert (wrong.exit_code, 'did you mean "KEYS"?' in wrong.stderr) == (1, True)
    no_dict = clinic("get", "patient", "id=1", "--encryption-keys", "clinic_keys:NONE")
    assert (no_dict.exit_code, "not int" in no_dict.stderr) == (1, True)

    raw, records = tmp_path / "raw.jsonl", tmp_path / "records.jsonl"
    assert clinic("export", "--to", str(raw)).exit_code == 0
    assert "swordfish" not in raw.read_text()
    assert clinic("export", "--to", str(tmp_path / "no.jsonl"), "--records").exit_code == 1
    assert clinic("export", "--to", str(records), "--records", *keys).exit_code == 0
    assert "swordfish" in records.read_text()
    assert clinic("import", str(raw), *keys).exit_code == 0


def test_commands_that_need_no_value_need_no_keys(clinic: Any) -> None:
    assert clinic("put", "patient", "id=2", "name=Ada").exit_code == 0
    assert json.loads(clinic("get", "patient", "id=2", "--json").stdout)["name"] == "Ada"
    assert leyden_command("patterns", ".", "--html", "chart.html").exit_code == 0
    assert leyden_command("table", ".", "--format", "cloudformation").exit_code == 0
    refused = clinic("put", "patient", "id=3", "secret=swordfish")
    assert refused.exit_code == 1
    assert "swordfish" not in refused.stderr
