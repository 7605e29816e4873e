"""`tools/figures.py` as a program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tools.figures import MOST, figures

SCRIPT = Path(__file__).parents[1] / "tools" / "figures.py"
SOURCE = Path(__file__).parents[1] / "src" / "leyden"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False
    )


def test_help_says_what_is_counted() -> None:
    result = run("--help")
    assert result.returncode == 0
    assert "One-use" in result.stdout


def test_a_folder_without_python_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        result = run(str(folder))
        assert result.returncode == 2
        assert f"{folder} is not a folder with Python files" in result.stderr


def test_a_folder_may_have_no_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.figures.trips", lambda folder: {})
    (tmp_path / "data.py").write_text("A = 1\n")
    rows = dict(line.split("  ", 1) for line in figures(tmp_path))
    assert rows["functions"].strip() == "0"
    assert rows["one-use helpers"].split()[0] == "0"


def test_no_function_is_too_complex_and_no_modules_import_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tools.figures.trips", lambda folder: {})
    rows = {line[:24].strip(): line[24:].strip() for line in figures(SOURCE)}
    assert rows[f"functions above {MOST}"] == "0", rows["highest complexity"]
    assert rows["modules in circles"] == "0"
