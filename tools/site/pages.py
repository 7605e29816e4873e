"""The pages of the documentation, their fenced blocks and their tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import field, frozen

ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = ROOT / "docs"
PAGES: Final = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))

DRAWING: Final = "{drawing}"
"""The language of the blocks that draw a table's contents."""

_FENCE: Final = re.compile(
    r"^(?P<fence>`{3,})(?P<language>\{[\w:-]+\}|[\w+-]*)[ \t]*(?P<argument>[^\n`]*)\n"
    r"(?P<text>.*?)^(?P=fence)`*[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_OPTION: Final = re.compile(r":([\w-]+):[ \t]*(.*)\n")
_SITE: Final = frozenset({"index", "tour"})
_LINK: Final = re.compile(r"\[([^]]*)\]\([^)]*\)")
_SHORT: Final = 60
_CODE: Final = "{code-block}"


@frozen
class Block:
    """A fenced block: its language, its text, and the line of the page where the text begins.

    The `language` of a directive is its name in braces, as in `{drawing}`. `argument` is the rest
    of that line. `options` are the lines `:name: value` at a directive's beginning, which are not
    part of its text. A `{code-block}` has the language in its argument.
    """

    page: Path
    language: str
    text: str
    line: int
    argument: str = ""
    options: dict[str, str] = field(factory=dict)

    def place(self, offset: int = 0) -> str:
        """Return the place of a line in the block, for messages."""
        return f"{name_of(self.page)}:{self.line + offset}"


def name_of(page: Path) -> str:
    """Return a page's name in messages and tests: its path below docs, or its file name."""
    return str(page.relative_to(DOCS)) if page.is_relative_to(DOCS) else page.name


def blocks(page: Path) -> list[Block]:
    """Return all fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        _block(page, found, text.count("\n", 0, found.start("text")) + 1)
        for found in _FENCE.finditer(text)
    ]


def prose_pages() -> list[Path]:
    """Return the pages written for readers of the site, and the README."""
    return [page for page in PAGES if page.parent != DOCS or page.stem in _SITE]


def without_blocks(text: str) -> str:
    """Return the text of a page without its fenced blocks."""
    return _FENCE.sub("", text)


def summary(text: str) -> str:
    """Return how a page begins, without links: one sentence, or two if the first is short."""
    for paragraph in re.split(r"\n\s*\n", without_blocks(text)):
        words = " ".join(paragraph.split())
        if words and words[0] not in "#:<|(":
            first, *more = re.split(r"(?<=[.?!])\s", _LINK.sub(r"\1", words))
            said = f"{first} {more[0]}" if more and len(first) < _SHORT else first
            return re.sub(r":$", ".", said)
    return ""


def _block(page: Path, found: re.Match[str], line: int) -> Block:
    language, argument, text = found["language"], found["argument"].strip(), found["text"]
    options: dict[str, str] = {}
    while language.startswith("{") and (option := _OPTION.match(text)):
        options[option[1]] = option[2].strip()
        text = text[option.end() :]
        line += 1
    if language == _CODE:
        language, argument = argument, ""
    return Block(page, language, text, line, argument, options)


def rows(page: Path, heading: str) -> Iterator[list[str]]:
    """Yield the rows of the first table below a heading, as lists of cells."""
    text = without_blocks(page.read_text(encoding="utf-8"))
    found = re.search(rf"^#+ {re.escape(heading)}$(.*?)(?=^#+ |\Z)", text, re.M | re.S)
    assert found, f"{name_of(page)} has no heading {heading!r}"
    table = [line for line in found[1].splitlines() if line.startswith("|")]
    assert len(table) > 2, f"{name_of(page)}: no table below {heading!r}"
    for line in table[2:]:
        yield [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
