"""`leyden patterns --html`, `--mermaid` and `--svg`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from leyden.chart import chart_html, chart_mermaid, drawing_svg
from leyden.cli.application import leyden
from leyden.schema import load_service
from tests.chart.schemas import SCHEMAS, SHOP

TASKAPP = str(SCHEMAS / "taskapp")


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(leyden, ["patterns", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_html_goes_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "design.html"
    result = run(TASKAPP, "--html", str(file))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"wrote {file}\n"
    assert file.read_text("utf-8") == chart_html(load_service(TASKAPP))


def test_a_dash_means_standard_output() -> None:
    result = run(TASKAPP, "--html", "-")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == chart_html(load_service(TASKAPP))


def test_mermaid_is_printed() -> None:
    result = run(TASKAPP, "--mermaid")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == chart_mermaid(load_service(TASKAPP))


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    result = run(TASKAPP, "--html", str(tmp_path / "missing" / "design.html"))
    assert result.exit_code == 1
    assert "No such file or directory" in result.stderr


def test_a_drawing_is_of_the_table_or_of_an_index(tmp_path: Path) -> None:
    file = tmp_path / "table.svg"
    result = run(TASKAPP, "--svg", str(file))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"wrote {file}\n"
    assert file.read_text("utf-8") == drawing_svg(load_service(TASKAPP))
    result = run(TASKAPP, "--svg", "-", "--index", "gsi2")
    assert result.stdout == drawing_svg(load_service(TASKAPP), index="gsi2")


def test_an_index_that_is_not_there_is_an_error() -> None:
    result = run(TASKAPP, "--svg", "-", "--index", "gsi9")
    assert (result.exit_code, result.stdout) == (1, "")
    assert 'the table has no index "gsi9"' in result.stderr


def test_an_index_is_for_drawings() -> None:
    result = run(TASKAPP, "--mermaid", "--index", "gsi2")
    assert result.exit_code == 2
    assert "use it with --svg FILE" in result.stderr


@pytest.mark.parametrize("other", ["--json", "--mermaid", "--svg=-", "--query=[0]"])
def test_two_kinds_of_output_are_refused(tmp_path: Path, other: str) -> None:
    result = run(TASKAPP, "--html", str(tmp_path / "design.html"), other)
    assert result.exit_code == 2
    assert "use only one of --html, --mermaid, --svg and --json" in result.stderr


def test_functions_that_schemas_call_are_not_needed(tmp_path: Path) -> None:
    schema = tmp_path / "shop.yaml"
    schema.write_text(SHOP, "utf-8")
    assert "flowchart" in run(str(schema), "--mermaid").stdout
    assert "order" in run(str(schema), "--json").stdout
