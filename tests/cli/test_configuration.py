"""`[tool.leyden]`, `LEYDEN_*` and options: which counts, and when FOLDER may be left out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from leyden.cli.application import SECTIONS
from leyden.cli.application import leyden as application
from leyden.cli.folders import SchemasPath, TargetCommand
from leyden.configuration import SETTINGS, variable_of
from tests.cli.conftest import ROOT, TASKAPP, OnTable, leyden_command

KEY = ("project_id=p1", "task_id=t1")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own, whose pyproject.toml names its schemas; it is the current folder."""
    shutil.copytree(TASKAPP, tmp_path / "schemas" / "app")
    configure(tmp_path, 'schemas = "schemas/app"\ntable = "from-file"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configure(folder: Path, section: str) -> None:
    (folder / "pyproject.toml").write_text(f'[project]\nname = "x"\n\n[tool.leyden]\n{section}')


def where(*arguments: str) -> str:
    """The table that a command would send to."""
    result = leyden_command("table", *arguments, "--query", "TableName")
    assert result.exit_code == 0, result.stderr
    name: str = json.loads(result.stdout)
    return name


def test_commands_stand_as_printed(project: Path, on_table: OnTable) -> None:
    configure(
        project,
        f'schemas = "schemas/app"\ntable = "{on_table.table}"\n'
        f'endpoint_url = "{on_table.engine.endpoint_url}"\nregion = "{on_table.engine.region}"\n',
    )
    assert leyden_command("put", "task", *KEY, "employee_id=e1").exit_code == 0
    assert leyden_command("get", "task", *KEY, "--query", "task_id").stdout == '"t1"\n'
    found = leyden_command("query", "task.project", "project_id=p1", "--json")
    assert [each["task_id"] for each in json.loads(found.stdout)["items"]] == ["t1"]
    both = leyden_command("query", "collections.overview", "project_id=p1", "--json")
    assert len(json.loads(both.stdout)["items"]) == 1
    assert leyden_command("scan", "task").exit_code == 0
    assert leyden_command("table", "--check").exit_code == 0
    lines = leyden_command("export", "--to", "-").stdout
    (project / "lines.jsonl").write_text(lines)
    assert "wrote 1 item" in leyden_command("import", "lines.jsonl").stderr
    (project / "data").mkdir()
    (project / "lines.jsonl").rename(project / "data" / "lines.jsonl")
    assert "wrote 1 item" in leyden_command("import", "data/lines.jsonl").stderr
    assert leyden_command("keys", "task", *KEY).exit_code == 0
    assert leyden_command("explain", "task", "get", *KEY).exit_code == 0
    assert "has no unique constraints" in leyden_command("adopt", "employee").stderr


def test_options_stand_over_variables_and_these_over_the_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert where() == "from-file"
    monkeypatch.setenv("LEYDEN_TABLE", "from-variable")
    assert where() == "from-variable"
    assert where("--table", "from-option") == "from-option"


def test_an_empty_text_takes_back_what_stands_below(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = json.loads(leyden_command("table", TASKAPP, "--query", "TableName").stdout)
    assert where("--table", "") == own
    monkeypatch.setenv("LEYDEN_TABLE", "")
    assert where() == own


def test_the_file_is_found_from_a_folder_inside_and_paths_are_relative_to_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = project / "src" / "deep"
    deep.mkdir(parents=True)
    # One that says nothing of Leyden, and one that is not even TOML, are not ours.
    (deep / "pyproject.toml").write_text('[project]\nname = "y"\n')
    (deep.parent / "pyproject.toml").write_text("not = = toml")
    monkeypatch.chdir(deep)
    assert where() == "from-file"
    result = leyden_command("check")
    assert result.exit_code == 0
    assert result.stderr.startswith(f"{Path('..', '..', 'schemas', 'app')}: ")


def test_a_variable_s_path_is_relative_to_the_current_folder(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "schemas" / "memory", project / "other")
    monkeypatch.setenv("LEYDEN_SCHEMAS", "other")
    assert '"entity": "thread"' in leyden_command("patterns", "--json").stdout


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('tabel = "t"', '[tool.leyden] has no key "tabel"; did you mean "table"?'),
        ('nonsense = "t"', 'has no key "nonsense"; it takes schemas, table, region'),
        ("table = 3", '"table" in [tool.leyden] must be a string, not an integer'),
        ("schemas = ['a']", '"schemas" in [tool.leyden] must be a string, not an array'),
        ("table = ", "pyproject.toml cannot be read as TOML"),
        ('schemas = "schemas/ap"', 'names the schemas "schemas/ap", but'),
    ],
)
def test_faults_of_the_file_are_told_with_file_and_key(
    project: Path, section: str, said: str
) -> None:
    configure(project, section)
    result = leyden_command("check")
    assert result.exit_code in (1, 2)
    assert "pyproject.toml" in result.stderr
    assert said in result.stderr
    assert leyden_command("check", "--help").exit_code == 0


def test_a_section_that_is_no_table_is_a_fault(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool]\nleyden = 3\n")
    assert "tool.leyden must be a table" in leyden_command("check").stderr


def test_a_misspelt_variable_is_noted(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEYDEN_TABEL", "t")
    monkeypatch.setenv("LEYDEN_SOMETHING_ELSE", "t")
    result = leyden_command("check")
    assert result.exit_code == 0
    assert 'does not read LEYDEN_TABEL; did you mean "LEYDEN_TABLE"?' in result.stderr
    assert "SOMETHING_ELSE" not in result.stderr


def test_what_belongs_to_the_configured_schemas_is_not_used_with_others(project: Path) -> None:
    shutil.copytree(TASKAPP, project / "copy")
    (project / "copy" / "table.yaml").unlink()
    assert where("schemas/app") == "from-file"
    assert where("./schemas/../schemas/app") == "from-file"
    assert where("./copy") == "taskapp"
    result = leyden_command("get", "./copy", "task", *KEY)
    assert result.exit_code == 2
    assert "`table` of [tool.leyden] of pyproject.toml belongs to other schemas" in result.stderr


# The rule on the first argument, by its cases.


@pytest.mark.parametrize("folder", ["./task", "task/", "app2", "schemas/app"])
def test_a_path_or_the_name_of_a_folder_is_folder(project: Path, folder: str) -> None:
    for name in ("task", "app2"):
        shutil.copytree(TASKAPP, project / name)
        (project / name / "table.yaml").write_text("table: of-the-folder\n")
    (project / "schemas" / "app" / "table.yaml").write_text("table: of-the-folder\n")
    configure(project, 'schemas = "schemas/app"\n')
    result = leyden_command("explain", folder, "task", "get", *KEY)
    assert '"of-the-folder"' in result.stdout
    if folder != "schemas/app":
        # The configured ones are others, and their entity counts before a folder of that name.
        (project / "schemas" / "app" / "table.yaml").write_text("table: configured\n")
        assert '"configured"' in leyden_command("explain", "task", "get", *KEY).stdout


def test_a_single_file_is_folder(project: Path) -> None:
    shutil.copy(project / "schemas" / "app" / "task.yaml", project / "task.yaml")
    result = leyden_command("keys", "task.yaml", "task", *KEY)
    assert result.exit_code == 0
    assert "task: " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        # A path that leads nowhere.
        (("get", "schemsa/app", "task", *KEY), 'no file or folder "schemsa/app"; did you mean'),
        (("get", "schemas/ap", "task", *KEY), 'did you mean "schemas/app"?'),
        # One argument too many to be without FOLDER.
        (("scan", "schemsa", "task"), 'no file or folder "schemsa"; did you mean "schemas"?'),
        (("import", "schemsa", "f"), 'no file or folder "schemsa"; did you mean "schemas"?'),
        (("table", "schemsa"), 'no file or folder "schemsa"; did you mean "schemas"?'),
        (("check", "schemsa"), "leave it out to use the configured ones"),
        # It could be either.
        (("get", "schemsa", "task", *KEY), 'no folder "schemsa" either; did you mean "schemas"?'),
        (("get", "tsk", *KEY), 'has no entity "tsk"; did you mean "task"? (no folder was given'),
        (("query", "schemsa", "task.project"), '"schemsa" must be ENTITY.PATTERN'),
        (("query", "schemsa", "task.project"), 'no folder "schemsa" either; did you mean "schem'),
        (("explain", "schemsa", "task", "get"), 'no folder "schemsa" either; did you mean'),
        (("get", "tsk"), "the schemas are those of [tool.leyden] of pyproject.toml"),
        # A value is no path, however it looks.
        (("get", "project_id=a/b"), 'has no entity "project_id=a/b"'),
    ],
)
def test_a_misspelt_first_argument_is_told_by_the_rule_that_it_fell_under(
    project: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = leyden_command(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr.replace("\n", " ")


def test_shipped_schemas_are_found_by_their_path_from_anywhere(project: Path) -> None:
    result = leyden_command("table", "schemas/agents/strands", "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["TableName"] == "agents"
    assert "note: schemas/agents/strands is the folder that comes with Leyden" in result.stderr
    # A folder that is there comes first.
    own = project / "schemas" / "agents" / "strands"
    own.mkdir(parents=True)
    shutil.copy(project / "schemas" / "app" / "task.yaml", own)
    result = leyden_command("keys", "schemas/agents/strands", "task", *KEY)
    assert result.exit_code == 0
    assert "note: schemas/agents" not in result.stderr


def test_without_a_configuration_the_message_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (("get", "task", *KEY), ("check",), ("table",)):
        result = leyden_command(*arguments)
        assert result.exit_code == 2
        assert 'schemas = "FOLDER"` under [tool.leyden]' in result.stderr
        assert "LEYDEN_SCHEMAS" in result.stderr


def test_every_command_with_a_folder_may_leave_it_out() -> None:
    import click

    for name in (name for section in SECTIONS.values() for name in section):
        command = application.get_command(click.Context(application), name)
        assert command is not None
        has_folder = any(isinstance(param.type, SchemasPath) for param in command.params)
        assert isinstance(command, TargetCommand) is has_folder, name


# Functions.


HOOKED = """
entity: task
version: "1"
service: app
attributes:
  id: string
  made: {type: string, default: {call: make}}
indexes:
  own: {pk: {field: pk, composite: [id]}}
"""


def test_configured_functions_are_imported_when_one_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "task.yaml").write_text(HOOKED)
    (tmp_path / "late_hooks_of_a_test.py").write_text(
        "from pathlib import Path\n"
        "Path(__file__).with_name('imported').touch()\n"
        "HOOKS = {'make': lambda: 'made here'}\nLESS = {'mak': len}\n"
    )
    configure(tmp_path, 'schemas = "schemas"\ntable = "t"\nhooks = "late_hooks_of_a_test:HOOKS"\n')
    inner = tmp_path / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)
    monkeypatch.syspath_prepend(str(inner))
    for arguments in (("keys", "task", "id=a"), ("table",), ("explain", "task", "get", "id=a")):
        assert leyden_command(*arguments).exit_code == 0
    assert not (tmp_path / "imported").exists()
    result = leyden_command("explain", "task", "put", "id=a", "--params")
    assert result.exit_code == 0
    assert "made here" in result.stdout
    configure(tmp_path, 'schemas = "schemas"\ntable = "t"\nhooks = "late_hooks_of_a_test:LESS"\n')
    less = leyden_command("explain", "task", "put", "id=a")
    assert less.exit_code == 1
    assert '"make" here, which "late_hooks_of_a_test:LESS"' in less.stderr
    assert 'did you mean "mak"?' in less.stderr
    assert leyden_command("check").exit_code == 1
    configure(tmp_path, 'schemas = "schemas"\ntable = "t"\nhooks = "no_such_module:X"\n')
    gone = leyden_command("explain", "task", "put", "id=a")
    assert gone.exit_code == 1
    assert "pyproject.toml names the functions" in gone.stderr
    assert 'cannot import the module "no_such_module"' in gone.stderr


# Around it.


def test_config_shows_values_and_where_they_come_from(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEYDEN_REGION", "eu-west-1")
    shown = json.loads(leyden_command("config", "--json").stdout)
    assert list(shown) == list(SETTINGS)
    assert shown["table"] == {"value": "from-file", "origin": "[tool.leyden] of pyproject.toml"}
    assert shown["region"] == {"value": "eu-west-1", "origin": "LEYDEN_REGION"}
    assert shown["profile"] is None
    text = leyden_command("config").stdout
    assert variable_of("profile") in text
    assert "from-file" in text


@pytest.mark.parametrize("module", ["leyden", "leyden.cli"])
def test_python_m_is_the_command(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, "--version"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    from leyden import __version__

    assert done.stdout == f"leyden, version {__version__}\n"
