"""Every example in the documentation runs, and gives what the page says."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest
import yaml

from leyden.errors import SchemaError
from leyden.schema import load_service
from tests.docs.examples import (
    PAGES,
    ROOT,
    Block,
    blocks,
    expectation,
    matches,
    run_block,
    run_page,
)
from tests.memory.pinecone_service import serving

WITH_PROGRAMS = [
    page for page in PAGES if any(block.language == "python" for block in blocks(page))
]


@pytest.mark.parametrize("page", WITH_PROGRAMS, ids=lambda page: page.name)
def test_the_examples_of_a_page_do_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # Pinecone's client asks this address where a page has one. A page may turn on the log.
    with serving() as pinecone, caplog.at_level(logging.NOTSET, logger="leyden.drivers"):
        monkeypatch.setenv("PINECONE_CONTROLLER_HOST", pinecone.host)
        assert run_page(page, tmp_path) > 0


def test_the_pages_that_teach_have_programs() -> None:
    names = {page.name for page in WITH_PROGRAMS}
    assert names >= {"README.md", "schema.md", "keys.md", "operations.md", "errors.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_entities_that_a_page_shows_in_part_are_accepted(page: Path) -> None:
    for block in blocks(page):
        shown = yaml.safe_load(block.text) if block.language == "yaml" else None
        if isinstance(shown, dict) and {"attributes", "indexes"} <= shown.keys():
            whole = {"entity": "shown", "version": "1", "service": "shown"} | shown
            try:
                load_service(whole)
            except SchemaError as error:
                raise AssertionError(f"{page.name}:{block.line}: {error}") from error


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if path.startswith(("http:", "https:")):
            continue
        linked = page.parent / path if path else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
            assert anchor in slugs, target


def block(text: str) -> Block:
    return Block(Path("page.md"), "python", text, 10)


def test_a_wrong_value_names_page_and_line() -> None:
    with pytest.raises(AssertionError, match=r"page.md:11\n.*says: 3\n.*is: +2"):
        run_block(block("x = 1\nx + 1  # -> 3\n"), {})


def test_a_missing_and_an_unexpected_exception_are_told() -> None:
    with pytest.raises(AssertionError, match=r"page\.md:10: nothing was raised"):
        run_block(block("1\n# raises ValueError: ...\n"), {})
    with pytest.raises(AssertionError, match=r"page\.md:10: ZeroDivisionError"):
        run_block(block("1 / 0\n"), {})
    assert run_block(block("1 / 0\n# raises ZeroDivisionError: ...\n"), {}) == 1


def test_what_is_printed_counts_before_the_value() -> None:
    assert run_block(block("print('a')\nprint('b')  # -> b\n"), {}) == 1


def test_expectations_go_on_over_comment_lines_and_end_with_them() -> None:
    found = expectation(["f()", "# -> one", "#    two", "", "# three"])
    assert found is not None
    assert " ".join(found.text.split()) == "one two"
    assert expectation(["f()", "# a remark"]) is None


def test_dots_stand_for_anything_and_nothing_else_does() -> None:
    assert matches("Task(a=1, ...)", "Task(a=1, b=2)")
    assert not matches("Task(a=1, ...)", "Task(a=2, b=2)")
    assert not matches("a.c", "abc")
