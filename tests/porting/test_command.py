"""`leyden import-electrodb`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from leyden.cli.application import leyden as application
from leyden.schema import load_service
from tests.porting.test_layout import MODEL

HOOKS = {"total_get": len, "byStatus_when": bool}


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(application, ["import-electrodb", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def source(folder: Path, content: Any = MODEL) -> str:
    file = folder / "models.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    return str(file)


def test_it_prints_a_schema_and_says_what_is_to_be_done(tmp_path: Path) -> None:
    result = run(source(tmp_path), "--snake-case", "--table", "tasks")
    assert result.exit_code == 0
    hooks = {"total_get": lambda value, values: value, "by_status_when": bool}
    service = load_service(result.stdout, hooks=hooks)
    assert service.table.table == "tasks"
    assert list(service.entities["task_item"].attributes) == [
        "task_id", "status", "total", "detail"
    ]  # fmt: skip
    assert "task_item: attributes.total.get: hook: a callback; write it in Python" in result.stderr
    assert result.stderr.endswith(
        "1 entity, 2 functions to write in Python, 1 not carried over, 1 to look at\n"
    )


def test_it_writes_a_folder_and_overwrites_only_when_told(tmp_path: Path) -> None:
    file, folder = source(tmp_path), tmp_path / "out"
    first = run(file, "--to", str(folder), "--table", "t")
    assert first.exit_code == 0
    assert first.stdout.split() == [str(folder / "taskItem.yaml"), str(folder / "table.yaml")]
    (folder / "taskItem.yaml").write_text("mine")
    second = run(file, "--to", str(folder))
    assert second.exit_code == 1
    assert "already has taskItem.yaml" in second.stderr
    assert (folder / "taskItem.yaml").read_text() == "mine"
    assert run(file, "--to", str(folder), "--force").exit_code == 0
    assert load_service(folder, hooks=HOOKS).service == "app"


def test_it_tells_programs_everything(tmp_path: Path) -> None:
    result = run(source(tmp_path), "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 0
    (entity,) = report["entities"]
    assert entity["alias"] == "taskItem"
    assert entity["hooks"] == {
        "total_get": MODEL["attributes"]["total"]["get"]["$function"],
        "byStatus_when": MODEL["indexes"]["byStatus"]["condition"]["$function"],
    }
    assert {note["place"] for note in entity["notes"]} == {
        "attributes.total.get",
        "attributes.total.cast",
        "attributes.detail.properties.owner.readOnly",
        "indexes.byStatus.condition",
    }
    assert json.loads(run(source(tmp_path), "--query", "entities[0].alias").stdout) == "taskItem"


def test_a_model_that_makes_no_schema_is_refused(tmp_path: Path) -> None:
    model = json.loads(json.dumps(MODEL))
    model["attributes"]["status"]["default"] = "other"
    result = run(source(tmp_path, model))
    assert result.exit_code == 1
    assert "attribute.default" in result.stderr
    assert result.stdout == ""


def test_models_are_chosen_by_name(tmp_path: Path) -> None:
    other = {**MODEL, "model": {**MODEL["model"], "entity": "other"}}
    file = source(tmp_path, {"a": MODEL, "b": other})
    result = run(file, "--export", "other")
    assert load_service(result.stdout, hooks=HOOKS).entities["b"].entity == "other"
    missing = run(file, "--export", "c")
    assert missing.exit_code == 1
    assert 'the file has no model "c"; it has a, b' in missing.stderr


def test_a_single_model_is_named_where_another_is_asked_for(tmp_path: Path) -> None:
    result = run(source(tmp_path), "--export", "nope")
    assert result.exit_code == 1
    assert 'the file has no model "nope"; it has taskItem' in result.stderr


@pytest.mark.parametrize("alias", ["table", "Table"])
def test_an_entity_called_table_does_not_become_table_yaml(tmp_path: Path, alias: str) -> None:
    folder = tmp_path / "out"
    assert run(source(tmp_path, {alias: MODEL}), "--to", str(folder)).exit_code == 0
    assert [file.name for file in folder.iterdir()] == [f"{alias}_2.yaml"]
