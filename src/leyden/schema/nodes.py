"""What was read of a schema, with its places: nodes as they stand there, and what was given.

`leyden.schema.reading` makes nodes of YAML and of dicts. The shapes of the language check them,
and what fits becomes a `Given`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from leyden._attrs import define, frozen
from leyden.schema.faults import Report
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
    for kind, name in ((int, "a whole number"), (float, "a number"), (str, "text")):
        if isinstance(value, kind):
            return name
    return f"a value of the type {type(value).__name__}"


@define(slots=True, eq=False)
class Given:
    """A value that was given, with its place, and the report that takes what is wrong with it.

    `value` is a dict or list of further ones for mappings and lists, a node for literals, and
    a plain Python value otherwise. `where` is its path for messages, `key` the place of the name
    in front of it.
    """

    value: Any
    span: Span
    key: Span | None
    where: str
    report: Report

    @property
    def place(self) -> Span:
        """Where to point: at the name of a mapping, at the value of anything else."""
        return self.key if self.key is not None and isinstance(self.value, dict) else self.span

    def get(self, name: str) -> Given | None:
        """The option `name` of a mapping, None where it is not given or was refused."""
        found = self.value.get(name) if isinstance(self.value, dict) else None
        return found if isinstance(found, Given) else None

    def has(self, option: str) -> bool:
        """Whether the option is given, be it refused."""
        return isinstance(self.value, dict) and option in self.value

    def plain(self, name: str, default: Any = None) -> Any:
        """The value of the option `name`, without its place."""
        found = self.get(name)
        return default if found is None else found.bare()

    def bare(self) -> Any:
        """The value with all places left out."""
        if isinstance(self.value, dict):
            return {name: given.bare() for name, given in self.value.items() if given}
        if isinstance(self.value, list):
            return [given.bare() for given in self.value]
        return self.value

    def at(self, *path: str | int) -> Given:
        """What is at `path`, or the nearest thing around it that was given."""
        here = self
        for step in path:
            inner: Given | None = None
            if isinstance(step, int):
                if isinstance(here.value, list) and step < len(here.value):
                    inner = here.value[step]
            else:
                inner = here.get(step)
            if inner is None:
                break
            here = inner
        return here

    def error(self, code: str, message: str) -> None:
        """Note at this place what cannot work."""
        self.report.error(self.place, code, message)

    def warning(self, code: str, message: str) -> None:
        """Note at this place what works, but will surprise."""
        self.report.warning(self.place, code, message)
