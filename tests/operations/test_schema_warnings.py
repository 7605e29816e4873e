"""What `leyden.load` warns of: schemas that load, and would lose or hide items in silence."""

from __future__ import annotations

import asyncio
import warnings
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import leyden
from leyden.cli.application import leyden as command_line
from leyden.schema import check_service
from leyden.schema.faults import DANGERS

ROOT = Path(__file__).parents[2]

TENANTS = """
entity: task
version: "1"
service: shop
attributes:
  org: {type: string, required: true}
  id: {type: string, required: true}
  at: {type: timestamp, required: true}
  rank: integer
indexes:
  main: {pk: {field: pk, template: "ORG#{org}"}, sk: {field: sk, composite: [id]}}
  recent:
    index: gsi1
    when: "at[0:4] == '2026'"
    pk: {field: gsi1pk, composite: [org]}
    sk: {field: gsi1sk, composite: [rank]}
"""


def load(source: Any) -> leyden.Service:
    return leyden.load(source, table="t")


async def load_async(source: Any) -> Any:
    return await leyden.load_async(source, table="t")


@pytest.mark.parametrize("start", [load, lambda source: asyncio.run(load_async(source))])
def test_loading_warns_once_of_what_is_dangerous(start: Any) -> None:
    with pytest.warns(leyden.SchemaWarning) as caught:
        start(TENANTS)
    (warning,) = caught
    lines = str(warning.message).splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "key.template_literal",
        "expression.always_null",
    ]
    assert warning.filename == __file__
    # What only surprises is for `leyden check`.
    noted = {fault.code for fault in check_service(TENANTS).warnings}
    assert {"key.number_unpadded", "index.optional_composite"} <= noted - DANGERS


def test_python_shows_the_same_warning_once() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            load(TENANTS)
    assert len(caught) == 1


def test_a_warning_can_be_made_an_error() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", leyden.SchemaWarning)
        with pytest.raises(leyden.SchemaWarning, match=r"key\.template_literal"):
            load(TENANTS)


@pytest.mark.parametrize(
    "folder",
    [p for p in (*ROOT.glob("schemas/*/"), *ROOT.glob("examples/*/")) if [*p.glob("*.yaml")]],
)
def test_the_shipped_schemas_load_without_a_warning(folder: Path) -> None:
    hooks = dict.fromkeys(("never",), str)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        leyden.load(folder, table="t", hooks=hooks)


def test_the_command_line_prints_it_as_a_line(tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text(TENANTS)
    told = CliRunner().invoke(command_line, ["explain", str(tmp_path), "task", "scan"])
    assert told.exit_code == 0
    assert "warning: " in told.stderr
    assert "key.template_literal" in told.stderr
    assert "key.template_literal" not in told.stdout


def test_a_folder_of_folders_says_where_the_entities_are(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "task.yaml").write_text(TENANTS)
    with pytest.raises(leyden.errors.SchemaError, match=r"entities in .*shop; name that"):
        load(tmp_path)
