"""A repository of git with schemas in it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from tests.diff.golden.files import base

Git: TypeAlias = Callable[..., str]

IDENTITY: Final = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Runs git in a new repository, whose working directory this is, with one commit.

    `schemas/desk` has the schemas of the golden cases.
    """
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *IDENTITY, *arguments], cwd=tmp_path, capture_output=True, check=True
        )
        return done.stdout.decode()

    run("init", "-q", "-b", "main")
    folder = tmp_path / "schemas" / "desk"
    folder.mkdir(parents=True)
    for name, text in base()[0].items():
        (folder / name).write_text(text)
    run("add", ".")
    run("commit", "-q", "-m", "Begin")
    return run


@pytest.fixture
def edit(tmp_path: Path) -> Callable[[str, str, str], None]:
    """Changes a file of `schemas/desk`."""

    def change(file: str, before: str, after: str) -> None:
        path = tmp_path / "schemas" / "desk" / file
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    return change
