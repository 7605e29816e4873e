"""The fixtures for pytest, as a project sees them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent
from typing import Any, ClassVar, Final

import pytest
from tools.site.pages import blocks
from tools.site.programs import write_file

import leyden
from leyden import pytest_plugin
from leyden.program import Request
from leyden.pytest_plugin import AppFactory, AsyncAppFactory

SCHEMA = """
entity: note
version: "1"
service: notes
attributes: {x: {type: string, required: true}, y: string}
indexes: {own: {pk: {field: pk, composite: [x]}, sk: {field: sk, composite: []}}}
"""
USING = '''
import asyncio
import leyden

SCHEMA = """{schema}"""
names = set()

def test_first(leyden_app, leyden_table):
    app = leyden_app(SCHEMA)
    assert app.table == leyden_table
    app.entities.note.put(x="1").go()
    names.add(app.table)

def test_a_fresh_table(leyden_app):
    app = leyden_app(SCHEMA)
    assert app.entities.note.get(x="1").go() is None
    assert app.table not in names

def test_two_services(leyden_app):
    one, other = leyden_app(SCHEMA), leyden_app(SCHEMA)
    again = leyden_app(SCHEMA, table=one.table)
    one.entities.note.put(x="1").go()
    assert other.entities.note.get(x="1").go() is None
    assert again.entities.note.get(x="1").go().x == "1"

def test_awaited(leyden_app_async):
    async def body():
        app = await leyden_app_async(SCHEMA)
        await app.entities.note.put(x="1").go()
        return await app.entities.note.get(x="1").go()
    assert asyncio.run(body()).x == "1"

def test_engine(leyden_engine, leyden_app):
    app = leyden_app(SCHEMA)
    with leyden.load(SCHEMA, table=app.table, engine=leyden_engine) as same:
        same.check_table()
'''.replace("{schema}", SCHEMA)


class Project:
    """A folder with tests, which a pytest of its own runs.

    pytest's own `pytester` would unload what a test has imported, and break it for the next one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "pytest.ini").write_text("[pytest]\n")

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(dedent(text))

    def run(self, *options: str) -> tuple[str, str]:
        """The last line of what pytest says, and all of it."""
        # Where the package is installed, pytest has the plugin from there.
        named = () if INSTALLED else ("-p", "leyden.pytest_plugin")
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
        }
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *named, *options],
            cwd=self.folder,
            env={**environment, "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said = done.stdout + done.stderr
        found = re.search(r"=+ (.*) in [\d.]+s", said.rstrip().rpartition("\n")[2])
        return (found[1] if found else "", said)


ROOT: Final = Path(__file__).parents[2]
INSTALLED: Final = any(one.name == "leyden" for one in entry_points(group="pytest11"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_each_test_has_a_service_on_a_table_of_its_own_in_each_worker(project: Project) -> None:
    project.write(test_it=USING)
    assert project.run("-n", "2")[0] == "5 passed"


def test_another_endpoint_is_used_and_left_without_tables(project: Project) -> None:
    project.write(test_it=USING)
    with leyden.local() as engine, leyden.load(SCHEMA, table="t", engine=engine) as app:
        asked = app.driver.send(Request("ListTables", {}))["TableNames"]
        option = f"--leyden-endpoint-url={engine.endpoint_url}"
        assert project.run(option, "-n", "2")[0] == "5 passed"
        ini = "[pytest]\nleyden_endpoint_url = http://127.0.0.1:1\n"
        (project.folder / "pytest.ini").write_text(ini)
        assert project.run("-k", "first")[0] == "1 failed, 4 deselected"
        assert app.driver.send(Request("ListTables", {}))["TableNames"] == asked == []


def test_schemas_and_functions_may_be_configured(project: Project) -> None:
    folder = project.folder / "schemas"
    folder.mkdir()
    (folder / "note.yaml").write_text(
        SCHEMA.replace("y: string", "y: {type: string, default: {call: why}}")
    )
    (project.folder / "pyproject.toml").write_text(
        '[tool.leyden]\nschemas = "schemas"\nhooks = "hooks_of_notes:HOOKS"\n'
    )
    project.write(hooks_of_notes="HOOKS = {'why': lambda *_: 'because'}")
    project.write(
        test_it="""
        def test_it(leyden_app):
            note = leyden_app().entities.note
            note.put(x="1").go()
            assert note.get(x="1").go().y == "because"
        """
    )
    assert project.run()[0] == "1 passed"


def test_without_schemas_the_error_says_how_to_name_them(project: Project) -> None:
    project.write(test_it="def test_it(leyden_app): leyden_app()")
    assert re.search(r"leyden_app\('schemas/shop'\).*pyproject\.toml", project.run()[1])


def test_a_project_that_does_not_use_it_imports_nothing_of_it(project: Project) -> None:
    project.write(
        test_it="""
        import sys

        def test_it():
            assert "leyden.pytest_plugin" in sys.modules
            costly = {"attrs", "boto3", "botocore", "jmespath", "moto", "msgspec", "yaml"}
            assert not costly & set(sys.modules)
            ours = {name for name in sys.modules if name.startswith("leyden.")}
            assert ours == {"leyden.pytest_plugin"}
        """
    )
    assert project.run("-p", "no:hypothesispytest")[0] == "1 passed"


def test_pytest_does_not_rewrite_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hook:
        _must_rewrite: ClassVar = {"leyden", "other"}

        def find_spec(self, *_: Any) -> None:
            return None

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Hook()])
    pytest_plugin._leave_asserts_as_they_are()
    assert Hook._must_rewrite == {"other"}


def test_schemas_are_read_again_when_they_have_changed(
    leyden_app: AppFactory, tmp_path: Path
) -> None:
    file = tmp_path / "note.yaml"
    file.write_text(SCHEMA)
    assert "z" not in leyden_app(tmp_path).spec.entities["note"].attributes
    file.write_text(SCHEMA.replace("y: string", "y: string, z: string"))
    assert "z" in leyden_app(tmp_path).spec.entities["note"].attributes


class Generated:
    """What a generated module has."""

    @staticmethod
    def load(**options: Any) -> leyden.Service:
        return leyden.load(SCHEMA, **options)

    @staticmethod
    async def load_async(**options: Any) -> leyden.AsyncService:
        return await leyden.load_async(SCHEMA, **options)


def test_encrypted_attributes_take_their_keys(leyden_app: AppFactory, tmp_path: Path) -> None:
    (tmp_path / "note.yaml").write_text(
        SCHEMA.replace("y: string", "y: {type: json, encrypt: true}")
    )
    note = leyden_app(tmp_path, encryption_keys={"k": bytes(32)}).entities.note
    note.put(x="1", y="swordfish").go()
    assert note.get(x="1").go().y == "swordfish"
    assert set(note.get(x="1").go(data="raw")["y"]) == {"B"}
    with pytest.raises(leyden.errors.InvalidOptionError, match="encryption_keys"):
        leyden_app(tmp_path)


@pytest.mark.parametrize("kind", ["blocking", "awaited"])
def test_a_generated_module_is_a_source(
    leyden_app: AppFactory, leyden_app_async: AsyncAppFactory, kind: str
) -> None:
    import asyncio

    async def awaited() -> Any:
        app = await leyden_app_async(Generated)
        await app.entities.note.put(x="1").go()
        return await app.entities.note.get(x="1").go()

    if kind == "awaited":
        assert asyncio.run(awaited()).x == "1"
    else:
        app = leyden_app(Generated)
        app.entities.note.put(x="1").go()
        assert app.entities.note.get(x="1").go().x == "1"


def test_services_are_closed_after_the_test(project: Project) -> None:
    project.write(
        test_it=f"""
        import asyncio, gc
        SCHEMA = {SCHEMA!r}
        kept = []

        def test_one(leyden_app, leyden_app_async):
            kept.append(leyden_app(SCHEMA))
            async def body():
                kept.append(await leyden_app_async(SCHEMA))
            asyncio.run(body())

        def test_two():
            sync, waiting = kept
            assert not any(sync.driver.connection._pool._idle.values())
            assert not waiting.driver.connection._pools
            gc.collect()
        """
    )
    assert project.run("-W", "error")[0] == "2 passed"


@pytest.mark.parametrize("folder", ["memory", "taskapp"])
def test_a_fresh_table_costs_next_to_nothing(leyden_app: AppFactory, folder: str) -> None:
    source = leyden.schemas_folder(folder)
    leyden_app(source)
    costs = []
    for _ in range(8):
        begun = time.process_time()
        leyden_app(source)
        costs.append(time.process_time() - begun)
    # A few milliseconds where the machine is quiet; it took a hundred and more.
    assert min(costs) < 0.03, sys.version


def test_the_tests_on_the_page_pass(project: Project) -> None:
    for block in blocks(ROOT / "docs" / "tour.md"):
        if block.language == "yaml":
            write_file(block, project.folder)
    shown = [
        block.text for block in blocks(ROOT / "docs" / "testing.md") if "def test_" in block.text
    ]
    project.write(test_shown="\n".join(shown))
    assert project.run("-p", "anyio", "-k", "not trio")[0].startswith(f"{len(shown)} passed")


def test_a_table_that_is_there_is_compared(leyden_app: AppFactory, leyden_engine: Any) -> None:
    from leyden.errors import TableMismatchError

    app = leyden_app(SCHEMA)
    assert leyden_app(SCHEMA, table=app.table).table == app.table
    other = leyden.load(SCHEMA, table="elsewhere", engine=leyden_engine)
    assert other.create_table().created
    other.close()
    assert leyden_app(SCHEMA, table="elsewhere").table == "elsewhere"
    with pytest.raises(TableMismatchError):
        leyden_app(leyden.schemas_folder("taskapp"), table="elsewhere")
