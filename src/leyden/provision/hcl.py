"""Terraform's language, formatted as `terraform fmt` would."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from leyden._attrs import field, frozen

__all__ = ["Block", "Encoded", "Raw", "write_hcl"]

_NAME: Final = re.compile(r"(?!for\Z)[A-Za-z_][A-Za-z0-9_-]*")
"""A name that needs no quotes; `for` would begin an expression."""
_WIDTH: Final = 100


@frozen
class Raw:
    """An expression that is written as it is: `aws_iam_role.function.arn`."""

    text: str


@frozen
class Encoded:
    """A value that Terraform should turn into JSON."""

    value: Any


@frozen
class Block:
    """A block: its kind, its labels, its arguments, and then its inner blocks."""

    kind: str
    labels: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(factory=dict)
    blocks: tuple[Block, ...] = ()


def write_hcl(blocks: Iterable[Block], *, heading: str = "") -> str:
    """Write blocks one after another, behind a comment with the lines of `heading`.

    >>> print(write_hcl([Block("variable", ("name",), {"default": "tasks"})]), end="")
    variable "name" {
      default = "tasks"
    }
    """
    comment = "".join(f"# {line}".rstrip() + "\n" for line in heading.splitlines())
    parts = ["\n".join(_block(block, "")) + "\n" for block in blocks]
    return "\n".join([comment, *parts] if comment else parts)


def _block(block: Block, indent: str) -> list[str]:
    head = " ".join([block.kind, *map(json.dumps, block.labels)])
    if not block.arguments and not block.blocks:
        return [f"{indent}{head} {{}}"]
    inner = f"{indent}  "
    lines = [f"{indent}{head} {{", *_arguments(block.arguments, inner)]
    for one in block.blocks:
        if len(lines) > 1:
            lines.append("")
        lines += _block(one, inner)
    return [*lines, f"{indent}}}"]


def _arguments(given: Mapping[str, Any], indent: str) -> list[str]:
    """Return lines of `name = value`, aligning the signs of adjacent single-line arguments."""
    lines: list[str] = []
    neighbours: list[tuple[str, str]] = []

    def align() -> None:
        width = max((len(name) for name, _ in neighbours), default=0)
        lines.extend(f"{indent}{name:{width}} = {text}" for name, text in neighbours)
        neighbours.clear()

    for name, value in given.items():
        written = name if _NAME.fullmatch(name) else _text(name)
        text = _value(value, indent)
        if "\n" in text:
            align()
            lines.append(f"{indent}{written} = {text}")
        else:
            neighbours.append((written, text))
    align()
    return lines


def _value(value: Any, indent: str) -> str:
    """Write a value, with all lines but the first indented."""
    inner = f"{indent}  "
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, Encoded):
        return f"jsonencode({_value(value.value, indent)})"
    if isinstance(value, Mapping):
        if not value:
            return "{}"
        return "\n".join(["{", *_arguments(value, inner), f"{indent}}}"])
    if isinstance(value, list | tuple):
        parts = [_value(one, inner) for one in value]
        line = f"[{', '.join(parts)}]"
        if "\n" not in line and len(indent) + len(line) <= _WIDTH:
            return line
        return "\n".join(["[", *(f"{inner}{part}," for part in parts), f"{indent}]"])
    if isinstance(value, str):
        return _text(value)
    return json.dumps(value)


def _text(text: str) -> str:
    """Write a text in quotes, without templates in it."""
    quoted = json.dumps(text, ensure_ascii=False)
    return re.sub(r"([$%])(?=\{)", r"\1\1", quoted)
