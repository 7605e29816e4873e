"""Documents: what was read, with its places, checked against the tables of the language."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any, TypeAlias

from leyden._attrs import define, frozen
from leyden._text import did_you_mean, listed, quoted
from leyden.schema.faults import Report
from leyden.schema.language import SHAPES
from leyden.schema.shapes import (
    NAME_PATTERN,
    RESERVED_NAMES,
    Choice,
    Either,
    Flag,
    ListOf,
    Name,
    Named,
    Number,
    Options,
    Reference,
    Shape,
    Source,
    Text,
    Whole,
)
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


_NAME = re.compile(NAME_PATTERN.removesuffix("$") + r"\Z")


@frozen
class Given:
    """A value that was given, with its place.

    `value` is a dict or list of further ones for mappings and lists, a node for literals, and
    a plain Python value otherwise. `key` is the place of the name in front of it.
    """

    value: Any
    span: Span
    key: Span | None = None

    @property
    def place(self) -> Span:
        """Where to point: at the name of a mapping, at the value of anything else."""
        return self.key if self.key is not None and isinstance(self.value, dict) else self.span

    def get(self, name: str) -> Given | None:
        """The option `name` of a mapping, None where it is not given or was refused."""
        found = self.value.get(name) if isinstance(self.value, dict) else None
        return found if isinstance(found, Given) else None

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

    def at(self, *path: str | int) -> Span:
        """The place of what is at `path`, or of the nearest thing around it that was given."""
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
        return here.place


def check(
    shape: Shape, node: Node, where: str, report: Report, key: Span | None = None
) -> Given | None:
    """The node's value by `shape`, None where it does not fit; faults go to `report`.

    `where` is the path for messages. What fits inside of a mapping is kept even where
    something beside it does not.
    """
    return _Checker(report).check(shape, node, where, key)


class _Checker:
    def __init__(self, report: Report) -> None:
        self.report = report

    def check(self, shape: Shape, node: Node, where: str, key: Span | None) -> Given | None:
        if isinstance(shape, Reference):
            return self.check(SHAPES[shape.name], node, where, key)
        if isinstance(shape, Options):
            return self._options(shape, node, where, key)
        if isinstance(shape, Named):
            return self._named(shape, node, where, key)
        if isinstance(shape, ListOf):
            return self._list(shape, node, where, key)
        if isinstance(shape, Either):
            return self._either(shape, node, where, key)
        if isinstance(shape, Source):
            return self._source(shape, node, where, key)
        return self._scalar(shape, node, where, key)

    def _wrong(self, node: Node, where: str, what: str, hint: str = "") -> None:
        if isinstance(node, Scalar) and node.text and "text" in what:
            hint = "; put it in quotes"
        self.report.error(
            node.span, "option.type", f"{where} must be {what}, not {described(node)}{hint}"
        )

    def _scalar(
        self,
        shape: Text | Name | Choice | Whole | Number | Flag,
        node: Node,
        where: str,
        key: Span | None,
    ) -> Given | None:
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(shape, (Text, Name, Choice)):
            if (
                isinstance(shape, Text)
                and shape.numbers
                and isinstance(value, int)
                and not isinstance(value, bool)
            ):
                value = str(value)
            if not isinstance(value, str):
                self._wrong(node, where, "text")
                return None
            if not self._word(shape, value, node.span, where):
                return None
        elif isinstance(shape, Flag):
            if not isinstance(value, bool):
                self._wrong(node, where, "true or false")
                return None
        elif isinstance(shape, Whole):
            if not isinstance(value, int) or isinstance(value, bool):
                self._wrong(node, where, "a whole number")
                return None
            if not shape.least <= value <= shape.most:
                self.report.error(
                    node.span,
                    "option.value",
                    f"{where} must be from {shape.least} to {shape.most}",
                )
                return None
        elif not isinstance(value, (int, float)) or isinstance(value, bool):
            self._wrong(node, where, "a number")
            return None
        return Given(value, node.span, key)

    def _word(self, shape: Text | Name | Choice, value: str, span: Span, where: str) -> bool:
        if isinstance(shape, Choice):
            if value in shape.values:
                return True
            if value in shape.hints:
                hint = f"; {shape.hints[value]}"
            else:
                hint = did_you_mean(value, shape.values)
            choices = listed(shape.values, "or")
            self.report.error(
                span,
                "option.value",
                f"{where} must be {choices}, not {quoted(value)}{hint}",
            )
            return False
        if isinstance(shape, Name):
            return self._name(shape, value, span, f"the {where}")
        if not value and not shape.empty:
            self.report.error(span, "option.value", f"{where} must not be empty")
            return False
        return True

    def _name(self, shape: Name | Text, name: str, span: Span, where: str) -> bool:
        if isinstance(shape, Text):
            if not name:
                self.report.error(span, "name.invalid", f"{where} has an empty name")
            return bool(name)
        refuse_name(shape, name, span, where, self.report)
        return is_name(name, shape.taken)

    def _options(self, shape: Options, node: Node, where: str, key: Span | None) -> Given | None:
        if not isinstance(node, Mapping):
            self._wrong(node, where, f"a mapping of options ({', '.join(shape.options)})")
            return None
        values: dict[str, Given | None] = {}
        for name, entry in node.entries.items():
            option = shape.options.get(name)
            if option is None:
                self.report.error(
                    entry.span,
                    "option.unknown",
                    f"{where} has no option {quoted(name)}{_options_hint(name, shape)}",
                )
                continue
            values[name] = self.check(option.shape, entry.value, _path(where, name), entry.span)
        for name, option in shape.options.items():
            if option.required and name not in node.entries:
                self.report.error(
                    key or node.span, "option.missing", f'{where} needs the option "{name}"'
                )
        return Given(values, node.span, key)

    def _named(self, shape: Named, node: Node, where: str, key: Span | None) -> Given | None:
        if not isinstance(node, Mapping):
            self._wrong(node, where, "a mapping of names")
            return None
        if len(node.entries) < shape.least:
            self.report.error(key or node.span, "option.value", f"{where} must not be empty")
        values: dict[str, Given | None] = {}
        for name, entry in node.entries.items():
            # A name that was refused is kept: what refers to it is not unknown on top.
            self._name(shape.name, name, entry.span, f"the name of {shape.what}")
            values[name] = self.check(shape.value, entry.value, _path(where, name), entry.span)
        return Given(values, node.span, key)

    def _list(self, shape: ListOf, node: Node, where: str, key: Span | None) -> Given | None:
        if not isinstance(node, Listing):
            self._wrong(node, where, "a list")
            return None
        if len(node.items) < shape.least:
            self.report.error(node.span, "option.value", f"{where} must not be empty")
            return None
        checked = [
            self.check(shape.element, item, f"{where}[{i}]", None)
            for i, item in enumerate(node.items)
        ]
        found = [item for item in checked if item is not None]
        return Given(found, node.span, key) if len(found) == len(checked) else None

    def _either(self, shape: Either, node: Node, where: str, key: Span | None) -> Given | None:
        if isinstance(node, Mapping):
            inner = shape.mapping
        elif isinstance(node, Listing):
            inner = shape.listing
        else:
            inner = shape.text if isinstance(node.value, str) else None
        if inner is None:
            hint = shape.instead_of_list if isinstance(node, Listing) else ""
            self._wrong(node, where, shape.what, f"; {hint}" if hint else "")
            return None
        return self.check(inner, node, where, key)

    def _source(self, shape: Source, node: Node, where: str, key: Span | None) -> Given | None:
        if isinstance(node, Mapping) and len(node.entries) == 1:
            (name,) = node.entries
            if name == "generate":
                return self._options(shape.generate, node, where, key)
            if name == "call":
                return self._options(shape.call, node, where, key)
        return self._literal(node, where, key)

    def _literal(self, node: Node, where: str, key: Span | None) -> Given | None:
        if isinstance(node, Scalar) and (node.value is None or isinstance(node.value, Odd)):
            what = "a value, text or number" if isinstance(node.value, Odd) else "a value"
            self._wrong(node, where, what)
            return None
        return Given(node, node.span, key)


def is_name(text: str, taken: Container[str] = ()) -> bool:
    """Whether `text` can be a name in Python, where those in `taken` mean something else."""
    return bool(_NAME.match(text)) and text not in RESERVED_NAMES and text not in taken


def refuse_name(shape: Name, name: str, span: Span, where: str, report: Report) -> None:
    """Note why `name` cannot be the name `where`; nothing where it can."""
    if name in shape.taken:
        report.error(
            span,
            "name.taken",
            f"{quoted(name)} cannot be {where}: it is {shape.taken[name]}; {shape.instead}, "
            f'such as "{name}_"',
        )
        return
    if name in RESERVED_NAMES:
        why = "is a keyword of Python"
    elif name.startswith("__"):
        why = "starts with two underscores, which are kept for Leyden's own fields"
    elif not _NAME.match(name):
        why = "is not made of letters (a to z), digits and underscores, with no digit first"
    else:
        return
    report.error(
        span, "name.invalid", f"{quoted(name)} cannot be {where}: it {why}; {shape.instead}"
    )


def _path(where: str, name: str) -> str:
    shown = name if len(name) <= 60 and name.isprintable() else quoted(name)
    return shown if where.startswith("the ") else f"{where}.{shown}"


def _options_hint(name: str, shape: Options) -> str:
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    if snake in shape.options:
        return f'; did you mean "{snake}"?'
    return did_you_mean(name, shape.options) or f"; it has {listed(shape.options)}"
