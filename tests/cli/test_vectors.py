"""Vectors on the command line: typed as JSON, shown in short, and moved as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import frozen
from click.testing import Result

import leyden
from tests.cli.conftest import OnTable, leyden_command

SCHEMA: Final = """
entity: passages
alias: passage
version: "1"
service: search
attributes:
  id: {type: string, required: true}
  near: {type: vector, dimensions: 4}
  far: {type: vector, dimensions: 3, deferred: true, required: true}
  weights: {type: list, items: number}
indexes:
  passages:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
"""
NEAR: Final = "[0.1, -0.25, 1, 0.5]"


@frozen
class Passages:
    """`leyden` on a table of passages."""

    folder: Path
    on_table: OnTable

    def __call__(self, command: str, *arguments: str) -> Result:
        return leyden_command(command, str(self.folder), *arguments, *self.on_table.place)

    def json(self, command: str, *arguments: str) -> Any:
        result = self(command, *arguments, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)


@pytest.fixture
def passages(on_table: OnTable, tmp_path: Path) -> Passages:
    folder = tmp_path / "schema"
    folder.mkdir()
    (folder / "passage.yaml").write_text(SCHEMA, encoding="utf-8")
    found = Passages(folder, on_table)
    put = found("put", "passage", "id=a", f"near={NEAR}", "far=[1, 2, 3]", "weights=[1, 2, 3, 4]")
    assert put.exit_code == 0, put.stderr
    return found


def test_people_see_the_beginning_and_programs_all(passages: Passages) -> None:
    for command in (("get", "passage", "id=a"), ("scan", "passage")):
        shown = passages(*command).stdout
        assert "[0.1, -0.25, 1, ... 4 numbers]" in shown
        assert "[1, 2, 3, 4]" in shown, "a list that is no vector is shown as it was"
        assert "far" not in shown
        found = passages.json(*command)
        record = found if command[0] == "get" else found["items"][0]
        assert record["near"] == [0.1, -0.25, 1, 0.5]
        assert "far" not in record
    text = passages("get", "passage", "id=a", "--json").stdout
    assert '"near": [0.1, -0.25, 1.0, 0.5]' in text


def test_a_deferred_vector_is_shown_where_it_is_named(passages: Passages) -> None:
    asked = ("scan", "passage", "--attributes", "id,far")
    assert passages.json(*asked)["items"] == [{"id": "a", "far": [1, 2, 3]}]
    assert "[1, 2, 3]" in passages(*asked).stdout


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[1, 2]", '"near" must have 4 numbers, not 2'),
        ("[1, 2, 3, true]", '"near[3]" must be a number, not bool'),
        ("1, 2", "write a vector as '[0.25, -0.5]'"),
        ("1", '"near" must be a sequence of numbers, not int'),
    ],
)
def test_what_is_no_vector_is_refused(passages: Passages, value: str, said: str) -> None:
    result = passages("put", "passage", "id=b", f"near={value}", "far=[1, 2, 3]")
    assert result.exit_code != 0
    assert said in result.stderr


@pytest.mark.parametrize("form", [("--records",), ()])
def test_an_export_has_the_deferred_ones_and_an_import_brings_them_back(
    passages: Passages, form: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "out.jsonl"
    service = leyden.load(
        passages.folder, table=passages.on_table.table, engine=passages.on_table.engine
    )
    passage = service.entities.passage
    before = passage.get(id="a").go(data="raw")
    result = passages("export", "--to", str(file), *form)
    assert result.exit_code == 0, result.stderr
    passage.delete(id="a").go()
    result = passages("import", str(file), *form)
    assert result.exit_code == 0, result.stderr
    assert passage.get(id="a").go(data="raw") == before
    assert passage.get(id="a").go(attributes=["far"]).far == (1.0, 2.0, 3.0)


def test_a_chart_shows_the_beginning(passages: Passages, tmp_path: Path) -> None:
    page = tmp_path / "chart.html"
    folder = str(passages.folder)
    text = SCHEMA.replace("dimensions: 4", "dimensions: 1536")
    (passages.folder / "passage.yaml").write_text(text, encoding="utf-8")
    result = leyden_command("patterns", folder, "--html", str(page))
    assert result.exit_code == 0, result.stderr
    shown = page.read_text(encoding="utf-8")
    assert "... 1,536 numbers]" in shown
    assert len(shown) < 100_000
