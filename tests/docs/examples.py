"""The examples in the documentation, found, run and compared.

In a page, all blocks marked `python` are one program, run from top to bottom in an empty
folder. A comment behind or below a statement says what it gives:

    task.get(...).go()            # -> Task(task_id='t1', ...)
    print(page.cursor)            # -> None
    task.create(...).go()
    # raises KeyCollisionError: ...

`# ->` is the repr of an expression's value, or what the statement prints where that is
something; comment lines that follow belong to it. `...` stands for anything, and white space
counts as one blank. A block marked `yaml` or `json` whose first line is a comment with a path
(`# schemas/shop/order.yaml`) becomes that file.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from attrs import frozen

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXPECTED: Final = re.compile(r"#\s*(->|raises)\s?(.*)$")
_FILE: Final = re.compile(r"#\s*([\w./-]+\.(?:yaml|yml|json))$")


@frozen
class Block:
    """A fenced block: its language, its text, and the line of the page on which that begins."""

    page: Path
    language: str
    text: str
    line: int


@frozen
class Expectation:
    """What a statement is to do: `->` give this, or `raises` this."""

    kind: str
    text: str


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, found[1], found[2], text.count("\n", 0, found.start(2)) + 1)
        for found in _FENCE.finditer(text)
    ]


def run_page(page: Path, folder: Path) -> int:
    """Run a page's program in `folder`; gives the number of expectations that it met.

    Raises AssertionError with file and line where something is otherwise than the page says.
    """
    namespace: dict[str, Any] = {"__name__": "example"}
    met = 0
    with contextlib.chdir(folder), importing_from(folder), contextlib.ExitStack() as opened:
        namespace["_opened"] = opened
        for block in blocks(page):
            if block.language in ("yaml", "json"):
                write_file(block, folder)
            elif block.language == "python":
                met += run_block(block, namespace)
    return met


@contextlib.contextmanager
def importing_from(folder: Path) -> Iterator[None]:
    """Let programs import modules that stand in a folder, as they do in the current one."""
    before = {*sys.modules}
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in {*sys.modules} - before:
            if str(getattr(sys.modules[name], "__file__", None)).startswith(str(folder)):
                del sys.modules[name]


def write_file(block: Block, folder: Path) -> None:
    """Write a block that begins with a path to that path."""
    first, _, rest = block.text.partition("\n")
    named = _FILE.fullmatch(first.strip())
    if named:
        path = folder / named[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rest, encoding="utf-8")


def run_block(block: Block, namespace: dict[str, Any]) -> int:
    """Run one block's statements, each against what the page says of it."""
    tree = ast.parse(block.text)
    lines = block.text.splitlines()
    met = 0
    for position, statement in enumerate(tree.body):
        assert statement.end_lineno is not None
        end = tree.body[position + 1].lineno - 1 if position + 1 < len(tree.body) else len(lines)
        expected = expectation(lines[statement.end_lineno - 1 : end])
        place = f"{block.page.name}:{block.line + statement.lineno - 1}"
        shown = _run(statement, block, namespace, expected, place)
        if expected is not None:
            assert matches(expected.text, shown), (
                f"{place}\n  the page says: {expected.text}\n  it is:         {shown}"
            )
            met += 1
    return met


def expectation(lines: list[str]) -> Expectation | None:
    """What the comments behind and below a statement expect; `lines` start with its last one."""
    for position, line in enumerate(lines):
        found = _EXPECTED.search(line)
        if found and (position == 0 or line.lstrip().startswith("#")):
            text = [found[2]]
            for more in lines[position + 1 :]:
                if not more.lstrip().startswith("#"):
                    break
                text.append(more.lstrip().lstrip("#"))
            return Expectation(found[1], " ".join(text))
        if position and line.strip() and not line.lstrip().startswith("#"):
            break
    return None


def matches(expected: str, shown: str) -> bool:
    """Whether texts agree, with `...` for anything and white space as one blank."""
    parts = " ".join(expected.split()).split("...")
    pattern = ".*".join(re.escape(part) for part in parts)
    return re.fullmatch(pattern, " ".join(shown.split()), re.DOTALL) is not None


def _run(
    statement: ast.stmt,
    block: Block,
    namespace: dict[str, Any],
    expected: Expectation | None,
    place: str,
) -> str:
    ast.increment_lineno(statement, block.line - 1)
    printed = io.StringIO()
    value = None
    try:
        with contextlib.redirect_stdout(printed):
            if isinstance(statement, ast.Expr):
                code = compile(ast.Expression(statement.value), str(block.page), "eval")
                value = eval(code, namespace)
            else:
                code = compile(ast.Module([statement], []), str(block.page), "exec")
                exec(code, namespace)
    except Exception as error:
        if expected is None or expected.kind != "raises":
            raise AssertionError(f"{place}: {type(error).__name__}: {error}") from error
        return f"{_public_name(type(error))}: {error}"
    assert expected is None or expected.kind == "->", f"{place}: nothing was raised"
    return printed.getvalue() or repr(value)


def _public_name(kind: type[BaseException]) -> str:
    """The class that a caller would catch: the nearest whose name is not private."""
    return next(base.__name__ for base in kind.__mro__ if not base.__name__.startswith("_"))


def rows(page: Path, heading: str) -> Iterator[list[str]]:
    """The rows of the first table below a heading, as lists of cells."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    found = re.search(rf"^#+ {re.escape(heading)}$(.*?)(?=^#+ |\Z)", text, re.M | re.S)
    assert found, f"{page.name} has no heading {heading!r}"
    table = [line for line in found[1].splitlines() if line.startswith("|")]
    assert len(table) > 2, f"{page.name}: no table below {heading!r}"
    for line in table[2:]:
        yield [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
