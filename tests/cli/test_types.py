"""`leyden types`: a module is written, and found to be stale."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import TASKAPP, leyden_command
from tests.typed.checkers import GOLDEN


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TASKAPP, tmp_path / "taskapp"))


def test_a_module_is_written_and_then_up_to_date(schemas: Path, tmp_path: Path) -> None:
    out = tmp_path / "taskapp.py"
    written = leyden_command("types", str(schemas), "--out", str(out))
    assert (written.exit_code, written.stdout, written.stderr) == (0, "", f"wrote {out}\n")
    assert out.read_text() == (GOLDEN / "taskapp.py").read_text()
    stamp = out.stat().st_mtime_ns
    again = leyden_command("types", str(schemas), "--out", str(out))
    assert (again.exit_code, again.stderr) == (0, f"{out} is up to date\n")
    assert out.stat().st_mtime_ns == stamp
    checked = leyden_command("types", str(schemas), "--out", str(out), "--check")
    assert (checked.exit_code, checked.stderr) == (0, f"{out} is up to date\n")


def test_without_out_the_module_is_printed(schemas: Path) -> None:
    printed = leyden_command("types", str(schemas))
    assert printed.exit_code == 0
    assert printed.stdout == (GOLDEN / "taskapp.py").read_text()


def test_check_says_why_a_module_is_stale_and_writes_nothing(schemas: Path, tmp_path: Path) -> None:
    out = tmp_path / "taskapp.py"
    check = ("types", str(schemas), "--out", str(out), "--check")
    fix = f"run `leyden types {schemas} --out {out}`\n"
    missing = leyden_command(*check)
    assert (missing.exit_code, missing.stderr) == (1, f"{out} does not exist; {fix}")
    assert not out.exists()
    leyden_command("types", str(schemas), "--out", str(out))
    whole = out.read_text()
    out.write_text(whole.replace("title: str | None", "title: int | None"))
    edited = leyden_command(*check)
    assert edited.exit_code == 1
    assert edited.stderr == f"{out} was edited, or another version of Leyden made it; {fix}"
    out.write_text(whole)
    with (schemas / "task.yaml").open("a") as file:
        file.write("# a note\n")
    stale = leyden_command(*check)
    assert stale.exit_code == 1
    assert stale.stderr == (f"{out} is stale: the schemas have changed since it was made; {fix}")
    assert out.read_text() == whole


def test_faults_of_the_schemas_stand_at_their_places(schemas: Path, tmp_path: Path) -> None:
    task = schemas / "task.yaml"
    task.write_text(task.read_text().replace("type: timestamp", "type: timestmp"))
    failed = leyden_command("types", str(schemas), "--out", str(tmp_path / "x.py"))
    assert failed.exit_code == 1
    assert f"{task}:" in failed.stderr
    assert "timestmp" in failed.stderr
    assert not (tmp_path / "x.py").exists()


@pytest.mark.parametrize("name", ["task-app.py", "taskapp", "taskapp.txt", "1.py", "class.py"])
def test_a_module_needs_the_name_of_one(schemas: Path, name: str) -> None:
    refused = leyden_command("types", str(schemas), "--out", name)
    assert refused.exit_code == 2
    assert (
        f'"{name}" is not the name of a Python module; write one such as shop.py' in refused.stderr
    )


def test_check_needs_a_module(schemas: Path) -> None:
    refused = leyden_command("types", str(schemas), "--check")
    assert refused.exit_code == 2
    assert "say which with --out FILE" in refused.stderr


def test_what_cannot_be_written_is_said(schemas: Path, tmp_path: Path) -> None:
    refused = leyden_command("types", str(schemas), "--out", str(tmp_path / "no" / "x.py"))
    assert refused.exit_code == 1
    assert "No such file or directory" in refused.stderr


def test_a_compiled_module_is_checked_as_what_it_is(schemas: Path, tmp_path: Path) -> None:
    out = tmp_path / "taskapp.py"
    written = leyden_command("types", str(schemas), "--out", str(out), "--compiled")
    assert (written.exit_code, written.stderr) == (0, f"wrote {out}\n")
    whole = out.read_text()
    assert whole.startswith((GOLDEN / "taskapp.py").read_text())
    check = ("types", str(schemas), "--out", str(out), "--check")
    for options in ([], ["--compiled"]):
        checked = leyden_command(*check, *options)
        assert (checked.exit_code, checked.stderr) == (0, f"{out} is up to date\n")
    out.write_text(whole.replace("def _code_1():", "def _code_0():"))
    edited = leyden_command(*check)
    assert edited.exit_code == 1
    assert edited.stderr == (
        f"{out} was edited, or another version of Leyden made it; "
        f"run `leyden types {schemas} --out {out} --compiled`\n"
    )
    plain = leyden_command("types", str(schemas), "--out", str(out))
    assert plain.stderr == f"wrote {out}\n"
    assert out.read_text() == (GOLDEN / "taskapp.py").read_text()
    missing = leyden_command(*check, "--compiled")
    assert missing.exit_code == 1
    assert "does not have the compiled schemas; run `leyden types" in missing.stderr
