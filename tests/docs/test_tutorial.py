"""The tutorial goes on where the page before ended, and ends where the desk example is."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from tools.site import programs
from tools.site.pages import DOCS, ROOT, Block, blocks
from tools.site.programs import file_of, run_page

from tests.cli.conftest import leyden_command

STEPS: Final = sorted((DOCS / "tutorial").glob("[0-9]-*.md"))
DESK: Final = ROOT / "examples" / "desk"

_NOT_KEPT: Final = {"draft.yaml", "report.py"}
"""Files that a page tells the reader to delete."""
_FOR_EDITORS: Final = "# yaml-language-server: "


def files(found: list[Block]) -> dict[str, str]:
    """The files that blocks write, the last of each path."""
    named = ((file_of(block), block.text.partition("\n")[2]) for block in found)
    return {path: text for path, text in named if path and path not in _NOT_KEPT}


def parts(page: Path) -> tuple[list[Block], list[Block]]:
    """The blocks in the box that a page starts from, and those behind it."""
    before, box, _ = page.read_text(encoding="utf-8").partition("</details>")
    end = before.count("\n") + 1 if box else 0
    found = blocks(page)
    return [one for one in found if one.line < end], [one for one in found if one.line >= end]


@pytest.mark.parametrize(("before", "page"), [*pairwise(STEPS)], ids=lambda page: page.stem)
def test_a_step_starts_from_the_files_of_the_step_before(
    before: Path, page: Path, tmp_path: Path
) -> None:
    ended, begun = files(blocks(before)), files(parts(page)[0])
    if before == STEPS[0]:
        # Its other files come from `leyden init`, and nobody copies one that is for editors.
        assert leyden_command("init", str(tmp_path / "desk"), "--empty").exit_code == 0
        for path in ("pyproject.toml", "schemas/desk/table.yaml"):
            ended[path] = (tmp_path / "desk" / path).read_text(encoding="utf-8")
    assert begun == {path: ended.get(path) for path in begun}
    left_out = ended.keys() - begun.keys()
    # A page shows a file of its own in place of the one before, or does not touch the code at all.
    assert left_out <= files(blocks(page)).keys() or all(path.endswith(".py") for path in left_out)


def test_who_follows_the_pages_in_one_folder_sees_what_they_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "blocks", lambda page: parts(page)[1])
    for page in STEPS:
        project = tmp_path / "desk"
        run_page(page, project if project.exists() else tmp_path)
        for left in _NOT_KEPT:
            (project / left).unlink(missing_ok=True)


def test_each_step_leads_to_the_next() -> None:
    assert [page.stem[0] for page in STEPS] == [*"12345678"]
    for page, after in pairwise(STEPS):
        assert f"]({after.name})" in page.read_text(encoding="utf-8").rpartition("## ")[2]


def test_the_tutorial_ends_where_the_example_is() -> None:
    written: dict[str, str] = {}
    for page in STEPS[:-1]:
        written |= files(blocks(page))
    for path, text in written.items():
        shown = text.removeprefix(_FOR_EDITORS + "$schema=../leyden.schema.json\n")
        assert (DESK / path).read_text(encoding="utf-8") == shown, path
    made = {"desk.py", "__main__.py", "README.md", "ruff.toml"}
    there = {file.relative_to(DESK).as_posix() for file in DESK.rglob("*.*") if file.is_file()}
    kinds = (".py", ".yaml", ".toml", ".md")
    assert {path for path in there if path.endswith(kinds)} == {*written, *made}
