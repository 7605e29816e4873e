"""Writing JSON, with Decimals digit by digit."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import click

from leyden.cli.options import Output
from leyden.cli.output.plain import searchable
from leyden.keys.text import number_text


def json_text(value: Any, *, indent: int | None = None) -> str:
    """The JSON text of a plain value: on one line, or indented by `indent` spaces a level."""
    return _written(value, indent, "\n" if indent is not None else "")


def print_json(value: Any, output: Output) -> None:
    """Print a plain value, or what `--query` finds in it."""
    if output.query is not None:
        value = output.query.search(searchable(value))
    click.echo(json_text(value, indent=2))


def _written(value: Any, indent: int | None, line: str) -> str:
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, dict):
        inner = _in(line, indent)
        entries = [
            f"{json.dumps(key, ensure_ascii=False)}: {_written(part, indent, inner)}"
            for key, part in value.items()
        ]
        return _enclosed("{", entries, "}", indent, line)
    if isinstance(value, list | tuple):
        entries = [_written(item, indent, _in(line, indent)) for item in value]
        return _enclosed("[", entries, "]", indent, line)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _in(line: str, indent: int | None) -> str:
    return line + " " * (indent or 0)


def _enclosed(opening: str, entries: list[str], closing: str, indent: int | None, line: str) -> str:
    if not entries:
        return opening + closing
    if indent is None:
        return opening + ", ".join(entries) + closing
    inner = _in(line, indent)
    return opening + inner + f",{inner}".join(entries) + line + closing
