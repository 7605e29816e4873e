"""How the demo shows a step: its code, its request, its result, and its cost."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from leyden import events
from leyden.errors import LeydenError

Chain = Callable[..., Any]

_LONGEST_CELL: Final = 100


class Stage:
    """A console, with a listener that counts requests while the stage is open."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.answers: list[events.ResponseReceived] = []
        self.failures: list[events.RequestFailed] = []
        self._listener = events.listen(self._hear)

    def close(self) -> None:
        """Stop counting."""
        self._listener.close()

    def _hear(self, event: events.Event) -> None:
        if isinstance(event, events.ResponseReceived):
            self.answers.append(event)
        elif isinstance(event, events.RequestFailed):
            self.failures.append(event)

    def chapter(self, title: str, words: str) -> None:
        """Begin a chapter."""
        self.console.print()
        self.console.rule(Text(title, style="bold"))
        self.say(words)

    def say(self, words: str) -> None:
        """Print a paragraph, behind a blank line."""
        self.console.print()
        self._indented(Text(" ".join(words.split())), 0)

    def step(self, title: str) -> None:
        """Begin a step."""
        self.console.print()
        self._indented(Text(f"▸ {title}", style="bold cyan"), 0, hanging=2)

    def code(self, text: str) -> None:
        """Show Python code."""
        syntax = Syntax("", "python", theme="ansi_dark", background_color="default")
        for line in text.splitlines():
            shown = syntax.highlight(line.strip())
            shown.rstrip()
            shown.no_wrap = False
            self._indented(shown, 2 + _indent(line), hanging=4)

    def go(
        self, title: str, chain: Chain, *arguments: Any, request: bool = True, **options: Any
    ) -> Any:
        """Show the code of `chain` and its request, in words and as data; send it.

        `chain` is a function of `arguments` whose last statement returns an operation, and the demo
        shows the source of that expression. `options` are those of `.go()`. Returns the result.
        """
        self.step(title)
        keywords = {name: json.dumps(value) for name, value in options.items()}
        if "cursor" in keywords:
            keywords["cursor"] = "page.cursor"
        given = ", ".join(f"{name}={text}" for name, text in keywords.items())
        self.code(f"{source(chain)}.go({given})")
        operation = chain(*arguments)
        if request:
            self._words(str(operation.explain(**options)))
            params = operation.params(**options)
            # Sets in a fixed order, so that every run shows the same text.
            data = json.dumps(
                params,
                ensure_ascii=False,
                default=lambda v: sorted(v) if isinstance(v, set | frozenset) else str(v),
            )
            self._indented(JSONHighlighter()(Text(data)), 4)
        before = len(self.answers)
        result = operation.go(**options)
        answers = self.answers[before:]
        parts = [_counted(len(answers), "request")]
        scanned = [a.scanned_count for a in answers if a.scanned_count is not None]
        if scanned:
            parts.append(_counted(sum(scanned), "item") + " read")
        parts.append(_counted(sum(a.consumed or 0 for a in answers), "capacity unit"))
        seconds = sum(answer.seconds for answer in answers)
        parts.append(f"{seconds * 1000:.0f} ms")
        self._indented(Text(", ".join(parts), style="dim"), 4)
        return result

    def refused(self, title: str, chain: Chain, *arguments: Any) -> LeydenError:
        """Show and send an operation that must be refused; return its error. Raises without one."""
        self.step(title)
        self.code(f"{source(chain)}.go()")
        try:
            chain(*arguments).go()
        except LeydenError as error:
            self.console.print(
                Panel(
                    Text(str(error)),
                    title=Text(f"{type(error).__name__} ({error.code})"),
                    title_align="left",
                    border_style="red",
                )
            )
            return error
        raise AssertionError(f"{title}: nothing was refused")

    def explain(self, chain: Chain, *arguments: Any) -> None:
        """Show the code of `chain` and what it would do, without sending anything."""
        self.code(f"print({source(chain)}.explain())")
        self._words(str(chain(*arguments).explain()))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Show rows of values."""
        table = Table(*columns, header_style="bold", box=box.ROUNDED)
        for row in rows:
            table.add_row(*(Text(cell(value)) for value in row))
        self.console.print(table)

    def costs(self) -> None:
        """Show what all requests so far consumed, by kind of request."""
        totals: dict[str, tuple[int, float]] = {}
        for answer in self.answers:
            requests, consumed = totals.get(answer.api, (0, 0.0))
            totals[answer.api] = requests + 1, consumed + (answer.consumed or 0)
        rows: list[tuple[Any, ...]] = [(api, *total) for api, total in totals.items()]
        rows.append(("all", len(self.answers), self.consumed))
        self.table(("request", "sent", "capacity units"), rows)

    @property
    def consumed(self) -> float:
        """What all requests so far consumed, in capacity units."""
        return sum(answer.consumed or 0 for answer in self.answers)

    def _words(self, words: str) -> None:
        for line in words.splitlines():
            self._indented(Text(line.strip()), 4 + _indent(line), hanging=2)

    def _indented(self, text: Text, by: int, *, hanging: int = 0) -> None:
        """Print indented text; lines that wrap are indented further."""
        width = max(self.console.width - by - hanging, 20)
        for number, line in enumerate(text.wrap(self.console, width)):
            line.rstrip()
            self.console.print(Text(" " * (by + (hanging if number else 0))) + line)


def source(chain: Chain) -> str:
    """Return the source of the expression that a function returns."""
    text = textwrap.dedent(inspect.getsource(chain))
    function = ast.parse(text).body[0]
    assert isinstance(function, ast.FunctionDef)
    returned = ast.get_source_segment(text, function.body[-1], padded=True) or ""
    return textwrap.dedent(returned).strip().removeprefix("return ")


def cell(value: Any) -> str:
    """Return a value as the one-line text of a table cell."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, frozenset | set):
        return ", ".join(sorted(map(str, value)))
    if isinstance(value, float):
        return f"{value:g}"
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"


def _counted(number: float, what: str) -> str:
    return f"{number:g} {what}{'' if number == 1 else 's'}"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
