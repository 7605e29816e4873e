"""What type checkers say of generated modules, and of the code of their users.

Right code is right and wrong code is wrong for mypy, pyright and ty, each in its strict mode. Each
runs once, over all files.
"""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import assume, given, settings
from tools.site.pages import ROOT, blocks

from leyden.cli.application import leyden as application
from leyden.schema import is_name
from leyden.schema.spec import EntitySpec, ServiceSpec
from leyden.typed.writing import service_text
from tests.mapping.strategies import entities_with_values
from tests.typed.checkers import CHECKERS, GOLDEN, Found, expected, ty

USERS = Path(__file__).parent / "users"
DESK = ROOT / "examples" / "desk"
_LOADED = re.compile(r'leyden\.load\("schemas/(\w+)", ')


def tour(folder: Path) -> Path:
    """The tour, written against generated modules; what it gets wrong is marked."""
    lines = ["import shop", "import notes as notes_schemas"]
    for block in blocks(ROOT / "docs" / "tour.md"):
        if block.language == "python" and "leyden.memory" not in block.text:
            lines += block.text.splitlines()
        if "engine.close()" in block.text:
            break
    text = "\n".join(lines).replace('leyden.load("schemas/notes", ', "notes_schemas.load(")
    text = _LOADED.sub(r"\1.load(", text)
    assert text.count(".load(") == 2, "the tour loads a shop and notes"
    # The comment behind a wrong attribute tells people what happens at run time.
    text, wrong = re.subn(r"^(.*totl=1.*)$", r"\1  # error", text, flags=re.MULTILINE)
    assert wrong == 1
    file = folder / "tour.py"
    file.write_text(text + "\n", encoding="utf-8")
    return file


def page_on_types(folder: Path) -> Path:
    """The program of the page that teaches types."""
    page = ROOT / "docs" / "types.md"
    file = folder / "page_on_types.py"
    file.write_text("".join(b.text for b in blocks(page) if b.language == "python"))
    return file


def begun(folder: Path) -> list[Path]:
    """What `leyden init` writes, in one folder."""
    made = CliRunner().invoke(application, ["init", str(folder / "starter")])
    assert made.exit_code == 0, made.stderr
    written = sorted((folder / "starter").rglob("*.py"))
    assert {file.name for file in written} >= {"starter.py", "app.py", "test_app.py"}
    return [Path(shutil.copy(file, folder)) for file in written]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pages")
    written = [tour(folder), page_on_types(folder), *begun(folder)]
    return [*(file for one in (GOLDEN, USERS) for file in sorted(one.glob("*.py"))), *written]


every_checker = pytest.mark.parametrize(
    "checker",
    [pytest.param(name, marks=[pytest.mark.node] * (name == "pyright")) for name in CHECKERS],
)


@every_checker
def test_right_code_is_right_and_wrong_code_wrong(
    checker: str, files: list[Path], tmp_path: Path
) -> None:
    compare(checker, files, tmp_path)


@every_checker
def test_an_application_is_right(checker: str, tmp_path: Path) -> None:
    # By itself, since its app.py is another than that of `leyden init`.
    compare(checker, sorted(DESK.rglob("*.py")), tmp_path)


def compare(checker: str, files: list[Path], tmp_path: Path) -> None:
    """Compare what a checker says of files with what stands in them."""
    found: Found = CHECKERS[checker](files, tmp_path)
    for file in files:
        wanted = expected(file, checker)
        said = {line: text for (name, line), text in found.items() if name == file.name}
        lines = file.read_text(encoding="utf-8").splitlines()
        overlooked = [f"{n}: {lines[n - 1].strip()}" for n in sorted(wanted - said.keys())]
        invented = [
            f"{n}: {lines[n - 1].strip()}\n  {said[n]}" for n in sorted(said.keys() - wanted)
        ]
        assert not overlooked, f"{checker} overlooks in {file.name}:\n" + "\n".join(overlooked)
        assert not invented, f"{checker} says of {file.name}:\n" + "\n".join(invented)


def test_what_is_written_for_any_schema_is_right(tmp_path: Path) -> None:
    written: list[Path] = []

    @settings(max_examples=40, deadline=None, database=None)
    @given(entities_with_values())
    def write(made: tuple[EntitySpec, dict[str, Any]]) -> None:
        spec, _ = made
        # A schema cannot have other names, and the strategy may.
        assume(all(map(is_name, spec.attributes)))
        service = ServiceSpec(spec.service, {spec.alias: spec})
        file = tmp_path / f"any_{len(written)}.py"
        file.write_text(service_text(service, {"a.yaml": "a: 1\n"}, file.stem), encoding="utf-8")
        written.append(file)
        tree = ast.parse(file.read_text(encoding="utf-8"))
        (block,) = (
            part
            for part in tree.body
            if isinstance(part, ast.If) and ast.unparse(part.test) == "TYPE_CHECKING"
        )
        classes = [part.name for part in block.body if isinstance(part, ast.ClassDef)]
        assert len(classes) == len({*classes})

    write()
    # One that is asked is enough, and the quickest: it is not about its users' code.
    found = ty(written, tmp_path)
    assert not found, "\n".join(f"{file}:{line}: {said}" for (file, line), said in found.items())


def test_the_wrong_code_has_what_each_checker_is_to_find() -> None:
    for name in CHECKERS:
        assert sum(len(expected(file, name)) for file in USERS.glob("bad_*.py")) > 80
    assert all(not expected(file, name) for file in USERS.glob("good_*.py") for name in CHECKERS)
