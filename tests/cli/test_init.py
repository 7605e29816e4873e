"""`leyden init`: what it writes works as it stands, and nothing is overwritten.

tests/typed has type checkers look at it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import leyden
from tests.cli.conftest import leyden_command

FILES = {
    "schemas/my_shop/customer.yaml",
    "schemas/my_shop/order.yaml",
    "schemas/my_shop/table.yaml",
    "schemas/leyden.schema.json",
    "my_shop.py",
    "tests/test_orders.py",
    "pyproject.toml",
    "README.md",
    ".gitignore",
}
APP = {"app.py", "tests/test_app.py"}


def files_in(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def plugin() -> tuple[str, ...]:
    """What lets pytest find the plugin where this checkout was installed before it had one."""
    from importlib.metadata import entry_points

    found = any(each.value == "leyden.pytest_plugin" for each in entry_points(group="pytest11"))
    return () if found else ("-p", "leyden.pytest_plugin")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_it_writes_passes_its_tests_and_checks(elsewhere: Path) -> None:
    made = leyden_command("init", "my-shop")
    assert made.exit_code == 0
    folder = elsewhere / "my-shop"
    assert files_in(folder) == FILES | APP
    assert made.stdout.split("\n")[:3] == [
        "  cd my-shop",
        "  python -m pytest",
        "  leyden local --data .leyden.jsonl",
    ]
    run(folder, "pytest", "-q", "-p", "no:cacheprovider", *plugin())
    rules = ("--select", "E,F,W,I,B,UP,N,D1,PT,RUF,ANN", "--isolated", "--no-cache")
    run(folder, "ruff", "check", *rules, ".")
    run(folder, "ruff", "format", "--check", "--isolated", "--no-cache", ".")
    os.chdir(folder)
    assert leyden_command("check", "--strict").exit_code == 0
    assert leyden_command("types", "--out", "my_shop.py", "--check").exit_code == 0
    assert leyden_command("query", "order.by_status", "--help").exit_code == 0


def test_an_empty_project_waits_for_its_first_entity(elsewhere: Path) -> None:
    made = leyden_command("init", "shop", "--empty")
    assert made.exit_code == 0
    folder = elsewhere / "shop"
    settings = {"schemas/shop/table.yaml", "schemas/leyden.schema.json"}
    assert files_in(folder) == {*settings, "pyproject.toml", ".gitignore"}
    assert "Write your first entity into shop/schemas/shop, and go on with:" in made.stderr
    next_steps = [shlex.split(line) for line in made.stdout.splitlines()]
    assert next_steps[0] == ["cd", "shop"]
    os.chdir(folder)
    entity = "entity: cup\nversion: 1\nservice: shop\nattributes: {id: string}\n"
    keys = "indexes: {cup: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}}\n"
    Path("schemas/shop/cup.yaml").write_text(entity + keys)
    for _, *arguments in next_steps[1:]:
        result = leyden_command(*arguments)
        assert result.exit_code == 0, result.stderr
    run(folder, "mypy", "--strict", "shop.py")
    again = leyden_command("init", "--name", "shop", "--empty")
    assert "already has schemas/shop/table.yaml" in again.stderr


def test_the_commands_of_its_readme_work(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert leyden_command("init", "shop", "--no-app").exit_code == 0
    monkeypatch.chdir(elsewhere / "shop")
    lines = (elsewhere / "shop" / "README.md").read_text().splitlines()
    commands = [shlex.split(line)[1:] for line in lines if line.startswith("leyden ")]
    assert [command[0] for command in commands] == ["local", "put", "put", "query", "query"]
    with leyden.local(one_region=True) as engine:
        monkeypatch.setenv("LEYDEN_ENDPOINT_URL", engine.endpoint_url)
        assert leyden_command("table", "--create").exit_code == 0
        for command in commands[1:]:
            result = leyden_command(*command)
            assert result.exit_code == 0, result.stderr
        assert "o1" in result.stdout
        assert "Ada" in result.stdout
    assert not (APP & files_in(elsewhere / "shop"))
    assert "uvicorn" not in (elsewhere / "shop" / "README.md").read_text()
    project = tomllib.loads((elsewhere / "shop" / "pyproject.toml").read_text())
    assert project["project"]["dependencies"] == ["leyden"]


def test_nothing_is_overwritten(elsewhere: Path) -> None:
    folder = elsewhere / "shop"
    (folder / "tests").mkdir(parents=True)
    for name in ("shop.py", "tests/test_orders.py"):
        (folder / name).write_text("mine")
    result = leyden_command("init", "shop")
    assert result.exit_code == 1
    assert "already has shop.py, tests/test_orders.py; nothing was written" in result.stderr
    assert files_in(folder) == {"shop.py", "tests/test_orders.py"}
    assert (folder / "shop.py").read_text() == "mine"


def test_in_a_project_that_began_already_it_says_what_to_add(elsewhere: Path) -> None:
    (elsewhere / "pyproject.toml").write_text('[project]\nname = "mine"\n')
    (elsewhere / "README.md").write_text("mine")
    result = leyden_command("init", "--name", "shop")
    assert result.exit_code == 0
    assert (elsewhere / "pyproject.toml").read_text() == '[project]\nname = "mine"\n'
    assert (elsewhere / "README.md").read_text() == "mine"
    assert "left README.md as it is" in result.stderr
    assert '[tool.leyden]\nschemas = "schemas/shop"' in result.stderr
    assert result.stdout.startswith("  leyden patterns\n")
    with (elsewhere / "pyproject.toml").open("a") as file:
        file.write(result.stderr.partition(":\n\n")[2].partition("\n\nGo on")[0])
    assert leyden_command("patterns").exit_code == 0


@pytest.mark.parametrize("name", ["app", "types", "class", "my-shop", "Shop", "1st", "leyden"])
def test_a_name_that_cannot_be_a_module_s_is_refused(elsewhere: Path, name: str) -> None:
    result = leyden_command("init", "x", "--name", name)
    assert result.exit_code == 2
    assert "--name shop" in result.stderr
    assert not (elsewhere / "x").exists()


def test_a_folder_s_name_becomes_the_service_s(elsewhere: Path) -> None:
    assert leyden_command("init", "My Little.Shop", "--no-app").exit_code == 0
    assert (elsewhere / "My Little.Shop" / "my_little_shop.py").exists()
    result = leyden_command("init", "app")
    assert result.exit_code == 2
    assert '"app", the name of the folder' in result.stderr
