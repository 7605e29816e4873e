"""The parts of a schema with their places: nodes as they were read, and options as checked.

`leyden.schema.reading` builds nodes from YAML and from dicts. The shapes of the language check
them, and turn valid ones into `Given`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from leyden._attrs import define, frozen
from leyden.schema.faults import Report
from leyden.schema.spec import Span


@frozen
class Odd:
    """A YAML scalar that YAML parsers interpret differently, such as `010` or `.inf`.

    It is never a valid value. `what` describes it for messages; in quotes, it would be text.
    """

    what: str


@define(slots=True)
class Scalar:
    """A single value: None, bool, int, float, str or `Odd`; from dicts also bytes and times.

    `text` is the value as written in YAML; None outside of YAML.
    """

    span: Span
    value: Any
    text: str | None = None
    size: int = 1


@define(slots=True)
class Listing:
    """A list of nodes. `size` counts all nodes in it, including itself."""

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
    """Named nodes in the order of the source; each name occurs once."""

    span: Span
    entries: dict[str, Entry]
    size: int = 1


Node: TypeAlias = Scalar | Listing | Mapping


def plain(node: Node) -> Any:
    """Return the node as plain Python data: dicts, lists and values."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Listing):
        return [plain(item) for item in node.items]
    return {entry.key: plain(entry.value) for entry in node.entries.values()}


def described(node: Node) -> str:
    """Describe the node for a message, without showing its value."""
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
    """A checked value with its place, and the report that collects faults.

    `value` is a dict or list of further `Given` for mappings and lists, a node for literals, and a
    plain Python value otherwise. `where` is the value's path for messages, `key` the place of the
    name in front of it.
    """

    value: Any
    span: Span
    key: Span | None
    where: str
    report: Report

    @property
    def place(self) -> Span:
        """The place that a fault points to: the name of a mapping, the value of anything else."""
        return self.key if self.key is not None and isinstance(self.value, dict) else self.span

    def get(self, name: str) -> Given | None:
        """Return the option `name` of a mapping; None if it is missing or was refused."""
        found = self.value.get(name) if isinstance(self.value, dict) else None
        return found if isinstance(found, Given) else None

    def has(self, option: str) -> bool:
        """Return whether the option is present, even if it was refused."""
        return isinstance(self.value, dict) and option in self.value

    def plain(self, name: str, default: Any = None) -> Any:
        """Return the value of the option `name`, without its place."""
        found = self.get(name)
        return default if found is None else found.bare()

    def bare(self) -> Any:
        """Return the value without any places."""
        if isinstance(self.value, dict):
            return {name: given.bare() for name, given in self.value.items() if given}
        if isinstance(self.value, list):
            return [given.bare() for given in self.value]
        return self.value

    def at(self, *path: str | int) -> Given:
        """Return what is at `path`, or the nearest value around it that exists."""
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
        """Report an error at this place: something that cannot work."""
        self.report.error(self.place, code, message)

    def warning(self, code: str, message: str) -> None:
        """Report a warning at this place: something that works but will surprise the user."""
        self.report.warning(self.place, code, message)
