"""What shells are offered, by the protocol and by the shells themselves."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leyden.cli.completion import SHELLS, answer
from leyden.cli.completion.sketch import sketched
from leyden.schema import load_service
from tests.cli.conftest import ROOT, TASKAPP, leyden_command

BREAKS = " \t\n\"'><=;|&(:"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose configuration names schemas; it is the current one."""
    (tmp_path / "pyproject.toml").write_text(f'[tool.leyden]\nschemas = "{TASKAPP}"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def offered(line: str, monkeypatch: pytest.MonkeyPatch, shell: str = "zsh") -> list[str]:
    monkeypatch.setenv("_LEYDEN_LINE", line)
    monkeypatch.setenv("_LEYDEN_BREAKS", BREAKS)
    rows = [row.split("\t") for row in answer(shell).splitlines()]
    return [word if kind == "plain" else f"{word} ({kind})" for kind, word, _ in rows]


MEMORY = str(ROOT / "schemas" / "memory")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("leyden qu", ["query"]),
        ("leyden get ", ["employee", "project_member", "task"]),
        ("leyden get ta", ["task"]),
        ("leyden get task ", ["project_id= (open)", "task_id= (open)"]),
        ("leyden get task project_id=p1 ", ["task_id= (open)"]),
        ("leyden query task.", ["task.project", "task.assigned"]),
        ("leyden query task.assigned ", ["employee_id= (open)", "project_id= (open)"]),
        ("leyden query task.assigned --begins p", ["project_id= (open)"]),
        ("leyden query task.assigned --json --order ", ["asc", "desc"]),
        ("leyden query task.assigned --order=d", ["--order=desc"]),
        ("leyden query task.project --hy", ["--hydrate"]),
        ("leyden query collections.over", ["collections.overview"]),
        ("leyden query collections.overview ", ["project_id= (open)"]),
        ("leyden put task sta", ["status= (open)"]),
        ("leyden put task status=", ["status=open", "status=closed"]),
        ("leyden scan task --where sta", ["status"]),
        ("leyden scan task --attributes poi", ["points"]),
        ("leyden scan task --index a", ["assigned"]),
        ("leyden export --entity em", ["employee"]),
        ("leyden keys task proj", ["project_id= (open)"]),
        ("leyden explain task query.a", ["query.assigned"]),
        ("leyden explain task query.assigned emp", ["employee_id= (open)"]),
        ("leyden explain task patch set:sta", ["set:status= (open)"]),
        ("leyden explain task patch set:status=o", ["set:status=open"]),
        ("leyden explain collections over", ["overview"]),
        (f"leyden get {MEMORY} thr", ["thread"]),
        (f"leyden query {MEMORY} thread.", [f"thread.{n}" for n in ("primary", "by_resource")]),
        ("leyden get sche", ["sche (file)"]),
        ("leyden check sche", ["sche (file)"]),
        ("leyden import ", [" (file)"]),
        ("leyden completion ", list(SHELLS)),
        ("leyden get task 'project", ["project_id= (open)"]),
    ],
)
def test_a_line_is_offered_what_may_follow(
    line: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert offered(line, monkeypatch) == expected


def test_bash_is_given_what_follows_the_break_in_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered("leyden put task status=o", monkeypatch, "bash") == ["open"]
    assert offered("leyden query task.project --order=", monkeypatch, "bash") == ["asc", "desc"]
    assert offered("leyden explain task patch set:st", monkeypatch, "bash") == ["status= (open)"]


def test_without_a_configuration_the_first_argument_is_a_folder(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "pyproject.toml").unlink()
    assert offered("leyden get ", monkeypatch) == [" (file)"]
    assert offered(f"leyden get {TASKAPP} ta", monkeypatch) == ["task"]


@pytest.mark.parametrize("name", ["taskapp", "memory"])
def test_a_sketch_has_the_names_of_the_schemas(name: str) -> None:
    folder = ROOT / "schemas" / name
    service = load_service(folder)
    drawn = {entity.alias: entity for entity in sketched(folder)}
    assert drawn.keys() == service.entities.keys()
    for alias, spec in service.entities.items():
        entity = drawn[alias]
        assert [*entity.attributes] == [*spec.attributes]
        assert entity.key == tuple(dict.fromkeys(spec.primary.composites))
        assert {n: set(c) for n, c in entity.patterns.items()} == {
            n: set(index.composites) for n, index in spec.indexes.items()
        }
        assert {*entity.collections} == {
            c for index in spec.indexes.values() for c in index.collection
        }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: [",
        "- 1\n- 2",
        "entity: 3",
        "entity: task\nattributes: 3\nindexes: {a: 1, b: {pk: 2}}",
    ],
)
def test_a_sketch_of_half_written_schemas_leaves_out_what_it_does_not_understand(
    text: str, tmp_path: Path
) -> None:
    (tmp_path / "half.yaml").write_text(text)
    shutil.copy(Path(TASKAPP) / "task.yaml", tmp_path)
    assert "task" in {entity.alias for entity in sketched(tmp_path)}


def asked(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "leyden"],
        env={**os.environ, "_LEYDEN_COMPLETE": "zsh", "_LEYDEN_LINE": line, **environment},
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.parametrize(
    "fault",
    [
        "[tool.leyden]\nschemas = 'nowhere'\n",
        "[tool.leyden]\nschemas = 3\n",
        "[tool.leyden]\nnonsense = 'x'\n",
        "[tool.leyden\n",
    ],
)
def test_faults_are_silent(project: Path, fault: str) -> None:
    (project / "pyproject.toml").write_text(fault)
    for line in ("leyden get ta", "leyden query x."):
        done = asked(line)
        assert done.stderr == ""
        assert "task" not in done.stdout
    assert asked("leyden ge").stdout.startswith("plain\tget\t")
    assert asked("leyden get ta", _LEYDEN_COMPLETE="nonsense").stderr == ""


def test_it_is_quick_since_it_imports_little() -> None:
    script = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "import leyden_command; leyden_command.main()\n"
    )
    for command in ("query task.", "export --en", "table --fo", "explain "):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "_LEYDEN_COMPLETE": "zsh", "_LEYDEN_LINE": f"leyden {command}"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout
        parts = {name.partition(".")[2].partition(".")[0] for name in done.stderr.split()}
        heavy = {"operations", "service", "mapping", "drivers", "tables", "provision", "engine"}
        assert not parts & heavy, command
        assert not {"botocore", "pynamodb", "rich", "asyncio"} & set(done.stderr.split()), command


# The shells themselves.


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `leyden` that shells find; it is this one."""
    place = tmp_path / "bin"
    place.mkdir()
    (place / "leyden").write_text(f'#!/bin/sh\nexec {sys.executable} -m leyden "$@"\n')
    (place / "leyden").chmod(0o755)
    for shell in SHELLS:
        (tmp_path / f"script.{shell}").write_text(leyden_command("completion", shell).stdout)
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


class Typing:
    """A shell on a terminal of its own, at which something types."""

    def __init__(self, command: list[str]) -> None:
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.environ.update(TERM="dumb", PS1="$ ")
            os.execvp(command[0], command)

    def type(self, text: str, until: str, seconds: float = 30.0) -> str:
        """Type something, and read until a text shows; gives all that was read."""
        os.write(self.terminal, text.encode())
        read, end = "", time.monotonic() + seconds
        while until not in read and time.monotonic() < end:
            if select.select([self.terminal], [], [], 0.1)[0]:
                read += os.read(self.terminal, 4096).decode(errors="replace")
        return read

    def close(self) -> None:
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)
        os.close(self.terminal)


SHELL_COMMANDS: dict[str, tuple[list[str], str]] = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source"),
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit && compinit -D && source"),
    "fish": (["fish", "--no-config", "-i"], "source"),
}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, program: Path) -> Iterator[Any]:
    name = request.param
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    command, source = SHELL_COMMANDS[name]
    typing = Typing(command)
    try:
        ready = typing.type(f"{source} {program}/script.{name}; echo rea''dy\r", "ready\r\n")
        assert "ready" in ready
        yield typing
    finally:
        typing.close()


def test_a_real_shell_completes_at_tab(shell: Typing) -> None:
    # zsh shows no more than what it adds.
    assert "sk" in shell.type("leyden get ta\t", "sk")
    assert "loyee_id=" in shell.type("\x15leyden query task.assigned emp\t", "loyee_id=")
    assert "osed" in shell.type("\x15leyden put task status=cl\t", "osed")
    assert "rate" in shell.type("\x15leyden query task.assigned --hyd\t", "rate")
