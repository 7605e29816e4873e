"""Around the commands: help, errors, Ctrl-C, pipes, colours, and what must be installed."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from leyden.cli.application import SECTIONS
from leyden.cli.application import leyden as application
from leyden.cli.output import print_table
from leyden.cli.values import json_text, read_json
from tests.cli.conftest import ROOT, TASKAPP, OnTable, leyden_command
from tests.faults.proxy import Forward, Silence, fault_proxy

PROGRAM = (sys.executable, "-m", "leyden.cli")
COMMANDS = {name: said for section in SECTIONS.values() for name, (_, said) in section.items()}


def test_help_lists_every_command_in_its_section() -> None:
    text = leyden_command("--help").stdout
    for section, commands in SECTIONS.items():
        assert f"\n{section}:\n" in text
        for name, (_, said) in commands.items():
            assert re.search(rf"\n  {name} +{re.escape(said)}\n", text)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_with_an_example(name: str) -> None:
    result = leyden_command(name, "--help")
    assert result.exit_code == 0
    assert f"leyden {name}" in result.stdout.partition("\n\n")[2]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_list_says_of_a_command_what_its_own_help_begins_with(name: str) -> None:
    command = application.get_command(click.Context(application), name)
    assert command is not None
    assert command.name == name
    assert command.get_short_help_str(limit=200) == COMMANDS[name]


def test_help_and_check_import_only_what_they_need() -> None:
    def imported(*arguments: str) -> set[str]:
        script = (
            f"import sys; sys.argv = ['leyden', *{arguments!r}]\n"
            "import atexit, leyden_command\n"
            "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
            "leyden_command.main()"
        )
        run = [sys.executable, "-c", script]
        done = subprocess.run(run, capture_output=True, text=True, check=True)
        return set(done.stderr.split())

    listed = imported("--help")
    ours = {name for name in listed if name.partition(".")[0] == "leyden"}
    assert ours == {"leyden", "leyden.cli", "leyden.cli.application"}
    assert not listed & {"attr", "botocore", "jmespath", "pynamodb", "rich", "yaml"}
    checked = imported("check", TASKAPP)
    assert not checked & {
        "asyncio",
        "leyden.chart",
        "leyden.drivers",
        "leyden.engine",
        "leyden.porting",
        "leyden.service.service",
        "leyden.store",
        "rich",
        "socket",
        "ssl",
    }


def test_the_version_is_the_package_s() -> None:
    from importlib.metadata import version

    assert leyden_command("--version").stdout == f"leyden, version {version('leyden')}\n"


@pytest.mark.parametrize("where", ["before", "behind"])
def test_debug_shows_the_traceback(where: str) -> None:
    command = ("explain", TASKAPP, "task", "get", "projct_id=p")
    arguments = ("--debug", *command) if where == "before" else (*command, "--debug")
    result = leyden_command(*arguments)
    assert result.exit_code == 1
    assert "Traceback (most recent call last)" in result.stderr
    assert "error [input.unknown_attribute]" in result.stderr
    assert "Traceback" not in leyden_command(*command).stderr


@pytest.mark.parametrize(("variable", "coloured"), [("NO_COLOR", False), ("FORCE_COLOR", True)])
def test_colours_are_off_and_on_as_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, variable: str, coloured: bool
) -> None:
    monkeypatch.setenv(variable, "1")
    result = leyden_command("explain", TASKAPP, "task", "get", "projct_id=p")
    assert ("\x1b[" in result.stderr) is coloured


def test_an_unknown_command_is_misuse() -> None:
    assert leyden_command("chek").exit_code == 2


def test_ctrl_c_ends_with_130(on_table: OnTable, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("leyden.drivers.sync.SyncDriver._send", interrupted)
    result = on_table("scan", "task")
    assert result.exit_code == 130
    assert result.stderr.strip() == "stopped"


@pytest.mark.parametrize(("package", "command"), [("click", "--help"), ("rich", "demo")])
def test_what_is_missing_is_named_with_how_to_install_it(package: str, command: str) -> None:
    script = (
        f"import sys; sys.modules[{package!r}] = None; sys.argv[1:] = [{command!r}]\n"
        "from leyden.cli import main\nmain()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert 'pip install "leyden[cli]"' in result.stderr
    assert "Traceback" not in result.stderr


def test_a_reader_that_goes_away_is_no_error(on_table: OnTable) -> None:
    on_table.put_tasks(300)
    command = [*PROGRAM, "export", TASKAPP, *on_table.place, "--to", "-", "--page-size", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"{")
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(30) == 141
    assert errors == b""


@pytest.mark.parametrize(
    "arguments", [("check", "--strict"), ("patterns",), ("table", "--table=t")]
)
def test_nobody_reading_at_all_is_no_error_either(arguments: tuple[str, ...]) -> None:
    memory = str(ROOT / "schemas" / "memory")
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        [*PROGRAM, arguments[0], memory, *arguments[1:]],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert result.returncode == 141
    assert "Error" not in result.stderr
    assert "Traceback" not in result.stderr


def test_an_export_pipes_into_an_import(on_table: OnTable) -> None:
    on_table.put_tasks(120)
    copy = OnTable(on_table.engine, f"{on_table.table}-copy")
    assert copy("table", "--create").exit_code == 0
    exporting = subprocess.Popen(
        [*PROGRAM, "export", TASKAPP, *on_table.place, "--to", "-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    importing = subprocess.run(
        [*PROGRAM, "import", TASKAPP, *copy.place, "-"],
        stdin=exporting.stdout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert exporting.stdout is not None
    exporting.stdout.close()
    assert exporting.wait(30) == 0
    assert importing.returncode == 0
    assert "wrote 120 items" in importing.stderr
    assert len(copy.json("scan", "task", "--all")["items"]) == 120


def test_a_real_interrupt_leaves_an_export_that_goes_on(on_table: OnTable, tmp_path: Path) -> None:
    on_table.put_tasks(300)
    file = tmp_path / "all.jsonl"
    with fault_proxy(on_table.engine.endpoint_url) as proxy:
        # The export waits for an answer when the signal comes, however long that takes.
        proxy.play(*[Forward()] * 50, otherwise=Silence())
        place = ("--table", on_table.table, "--endpoint-url", proxy.url)
        process = subprocess.Popen(
            [*PROGRAM, "export", TASKAPP, *place, "--to", str(file), "--page-size", "1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        proxy.wait_until_met(51)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "--resume" in errors
    assert 0 < len(file.read_text().splitlines()) < 300
    resumed = on_table("export", "--to", str(file), "--resume")
    assert resumed.exit_code == 0
    lines = file.read_text().splitlines()
    assert len(lines) == len(set(lines)) == 300


def test_tables_are_boxed_and_coloured_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [["a", "x\x1b[31m\n"], ["b", "日本"]]
    boxed = io.StringIO()
    print_table(("n", "value"), rows)
    print_table(("n", "value"), rows, Console(file=boxed, force_terminal=True, width=80))
    assert capsys.readouterr().out == "n  value\na  x\\x1b[31m\\n\nb  日本\n"
    assert "─" in boxed.getvalue()
    assert "\x1b[31m" not in boxed.getvalue()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**38), 10**38)
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(json_values, st.sampled_from([None, 2]))
def test_json_that_is_written_reads_back_digit_by_digit(value: Any, indent: int | None) -> None:
    text = json_text(value, indent=indent)
    assert read_json(text) == value
    if indent is None:
        assert "\n" not in text


def test_a_decimal_is_written_as_a_number() -> None:
    assert json_text({"a": [Decimal("1.10"), Decimal("1E+3")]}) == '{"a": [1.1, 1000]}'


def test_the_demo_is_called_with_a_console(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[object] = []
    monkeypatch.setattr("leyden.demo.run", called.append)
    assert leyden_command("demo").exit_code == 0
    assert isinstance(called[0], Console)
