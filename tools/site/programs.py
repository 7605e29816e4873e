"""The programs in the pages of the documentation: find them, run them, and compare the results.

All `python` blocks of a page are one program, which runs from top to bottom in an empty folder. A
comment behind or below a statement says what it returns:

    task.get(...).go()            # -> Task(task_id='t1', ...)
    print(page.cursor)            # -> None
    task.create(...).go()
    # raises KeyCollisionError: ...

`# ->` shows what the statement prints, or else the repr of an expression's value. The comment lines
after it belong to it. `...` stands for anything, and white space counts as one blank.

A `yaml`, `json`, `toml` or `python` block whose first line is a comment with a path (`#
schemas/shop/order.yaml`) becomes that file. `yaml faulty` marks a file that must be refused. The
commands of a `console` block run in the same folder (see `commands.py`). A `{drawing}` block keeps
the items of a service's table at that place of the program; its options are `:index:` and
`:caption:`.
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

from attrs import define, field, frozen
from tools.site.commands import console, run_command
from tools.site.pages import DRAWING, Block, blocks

import leyden
from leyden.program import Item

RUN: Final = frozenset({"python", "console", DRAWING})
"""The languages of the blocks that make up a page's program."""

_EXPECTED: Final = re.compile(r"#\s*(->|raises)\s?(.*)$")
_FILES: Final = {"yaml": "yaml|yml", "json": "json", "toml": "toml", "python": "py"}
_OPTIONS: Final = frozenset({"index", "caption"})


@frozen
class Expectation:
    """What a statement should do: return the text (`->`), or raise it (`raises`)."""

    kind: str
    text: str


@frozen
class Drawing:
    """What a `{drawing}` block shows: the items of a service's table at that place."""

    block: Block
    service: leyden.Service
    items: tuple[Item, ...]

    @property
    def index(self) -> str | None:
        """The index to draw; None for the table."""
        return self.block.options.get("index")

    @property
    def caption(self) -> str:
        """The line below the drawing."""
        return self.block.options.get("caption", "")


@define
class Run:
    """The result of a page's program: how many expectations it met, and its drawings."""

    met: int = 0
    drawings: list[Drawing] = field(factory=list)


def run_page(page: Path, folder: Path, *, to_last_drawing: bool = False) -> Run:
    """Run a page's program in `folder`, all of it or up to its last drawing.

    Raises AssertionError with file and line if something differs from what the page says.
    """
    namespace: dict[str, Any] = {"__name__": "example"}
    run = Run()
    program = blocks(page)
    while to_last_drawing and program and program[-1].language != DRAWING:
        program.pop()
    with contextlib.chdir(folder), importing_from(folder), contextlib.ExitStack() as opened:
        namespace["_opened"] = opened
        for block in program:
            if file_of(block) is not None:
                write_file(block, Path.cwd())
            elif block.language == "python":
                run.met += run_block(block, namespace)
            elif block.language == "console":
                run.met += run_console(block, namespace)
            elif block.language == DRAWING:
                run.drawings.append(drawing(block, namespace))
    return run


@contextlib.contextmanager
def importing_from(folder: Path) -> Iterator[None]:
    """Let programs import the modules in a folder, as from the current one."""
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


def file_of(block: Block) -> str | None:
    """Return the path in a block's first line, if the block is a file."""
    if block.language not in _FILES:
        return None
    first = block.text.partition("\n")[0].strip()
    found = re.fullmatch(rf"#\s*([\w./-]+\.(?:{_FILES[block.language]}))", first)
    return found[1] if found else None


def write_file(block: Block, folder: Path) -> None:
    """Write a block that begins with a path to that file."""
    named = file_of(block)
    if named is not None:
        path = folder / named
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text.partition("\n")[2], encoding="utf-8")
        importlib.invalidate_caches()


def run_block(block: Block, namespace: dict[str, Any]) -> int:
    """Run a block's statements, and compare each with what the page says."""
    tree = ast.parse(block.text)
    lines = block.text.splitlines()
    met = 0
    for position, statement in enumerate(tree.body):
        assert statement.end_lineno is not None
        end = tree.body[position + 1].lineno - 1 if position + 1 < len(tree.body) else len(lines)
        expected = expectation(lines[statement.end_lineno - 1 : end])
        place = block.place(statement.lineno - 1)
        shown = _run(statement, block, namespace, expected, place)
        if expected is not None:
            _compare(place, expected.text, shown)
            met += 1
    return met


def run_console(block: Block, namespace: dict[str, Any]) -> int:
    """Run the commands of a `console` block, and compare each with what the page shows."""
    met = 0
    for shown in console(block):
        place = block.place(shown.offset)
        try:
            printed, code = run_command(shown.command, namespace)
        except Exception as error:
            raise AssertionError(f"{place}: {type(error).__name__}: {error}") from error
        assert code == shown.code, f"{place}: the exit code is {code}\n{printed}"
        _compare(place, shown.output, printed)
        met += 1
    return met


def drawing(block: Block, namespace: dict[str, Any]) -> Drawing:
    """Return what a `{drawing}` block shows, read from the table now."""
    place = block.place()
    unknown = block.options.keys() - _OPTIONS
    assert not unknown, f"{place}: a drawing has no option {sorted(unknown)}"
    service = namespace.get(block.argument)
    assert isinstance(service, leyden.Service), (
        f"{place}: the program has no service {block.argument!r} here"
    )
    items: list[Item] = []
    position: Item | None = None
    while True:
        reading = leyden.tables.read_items(service.table, position=position, consistent=True)
        page = service.driver.run(reading)
        items += page.items
        position = page.position
        if position is None:
            break
    assert items, f"{place}: the table {service.table!r} has no items to draw"
    return Drawing(block, service, tuple(items))


def expectation(lines: list[str]) -> Expectation | None:
    """Return what the comments behind and below a statement expect.

    `lines` start with the statement's last one.
    """
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
    """Return whether texts match, with `...` for anything and white space as one blank."""
    parts = " ".join(expected.split()).split("...")
    pattern = ".*".join(re.escape(part) for part in parts)
    return re.fullmatch(pattern, " ".join(shown.split()), re.DOTALL) is not None


def _compare(place: str, expected: str, shown: str) -> None:
    assert matches(expected, shown), (
        f"{place}\n  the page says: {expected or 'nothing'}\n  it is:         {shown}"
    )


def _run(
    statement: ast.stmt,
    block: Block,
    namespace: dict[str, Any],
    expected: Expectation | None,
    place: str,
) -> str:
    ast.increment_lineno(statement, block.line - 1)
    printed = io.StringIO()
    name = str(block.page)
    value = None
    # A page is a program by itself, so it does not inherit this module's postponed annotations.
    try:
        with contextlib.redirect_stdout(printed):
            if isinstance(statement, ast.Expr):
                code = compile(ast.Expression(statement.value), name, "eval", dont_inherit=True)
                value = eval(code, namespace)
            else:
                code = compile(ast.Module([statement], []), name, "exec", dont_inherit=True)
                exec(code, namespace)
    except Exception as error:
        if expected is None or expected.kind != "raises":
            raise AssertionError(f"{place}: {type(error).__name__}: {error}") from error
        return f"{_public_name(type(error))}: {error}"
    assert expected is None or expected.kind == "->", f"{place}: nothing was raised"
    return printed.getvalue() or repr(value)


def _public_name(kind: type[BaseException]) -> str:
    """Return the class that a caller would catch: the nearest one with a public name."""
    return next(base.__name__ for base in kind.__mro__ if not base.__name__.startswith("_"))
