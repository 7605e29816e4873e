"""A document as a tree of nodes, each of which knows its place."""

from __future__ import annotations

from typing import Any, TypeAlias

from leyden._attrs import define, frozen
from leyden.schema.spec import Span


@frozen
class Odd:
    """A YAML scalar that readers of YAML understand differently, such as `010` or `.inf`.

    It is never a valid value; `what` says what it is, and quoting it makes it text.
    """

    what: str


@define(slots=True)
class Scalar:
    """A single value: None, bool, int, float, str, `Odd`; bytes and times from dicts only.

    `text` is what was written, None outside YAML.
    """

    span: Span
    value: Any
    text: str | None = None
    size: int = 1


@define(slots=True)
class Listing:
    """A list of nodes. `size` counts all nodes in it, itself included."""

    span: Span
    items: list[Node]
    size: int = 1


@define(slots=True)
class Entry:
    """A key with its place, and its value."""

    key: str
    span: Span
    value: Node


@define(slots=True)
class Mapping:
    """Named nodes, in the order in which they were written; no name stands twice."""

    span: Span
    entries: dict[str, Entry]
    size: int = 1


Node: TypeAlias = Scalar | Listing | Mapping


def plain(node: Node) -> Any:
    """The node as plain Python data: dicts, lists and values."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Listing):
        return [plain(item) for item in node.items]
    return {entry.key: plain(entry.value) for entry in node.entries.values()}


def described(node: Node) -> str:
    """What the node is, for a message; never its value."""
    if isinstance(node, Listing):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    value = node.value
    if isinstance(value, Odd):
        return value.what
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        if node.text is not None and node.text.lower() not in ("true", "false"):
            return "a boolean (YAML reads the bare words yes, no, on and off so)"
        return "a boolean"
    if isinstance(value, int):
        return "a whole number"
    if isinstance(value, float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return f"a value of the type {type(value).__name__}"
