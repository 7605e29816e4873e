"""Read YAML text and Python dicts into nodes with their places.

The reader processes YAML event by event and without recursion. It can therefore limit depth and
size while it reads, and does not expand aliases.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as AnyMapping
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any, Final, NoReturn

import yaml

from leyden._text import quoted
from leyden.schema.faults import Report
from leyden.schema.nodes import Entry, Listing, Mapping, Node, Odd, Scalar
from leyden.schema.spec import Span

MAX_DEPTH: Final = 40
MAX_NODES: Final = 50_000

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE: Final = yaml.reader.Reader.NON_PRINTABLE
_PLAIN_INT: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_PLAIN_FLOAT: Final = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_MOST_DIGITS: Final = 400
_TAG: Final = "tag:yaml.org,2002:"
_HALF_PAIR: Final = "text with half of a surrogate pair, which cannot be stored as UTF-8"


def is_storable(text: str) -> bool:
    """Return whether a text can be encoded as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _RefusedError(Exception):
    """Reading cannot go on; the fault is in the report."""


def _stop(report: Report, span: Span, code: str, message: str) -> NoReturn:
    report.error(span, code, message)
    raise _RefusedError


def read_yaml(text: str, name: str, report: Report) -> tuple[list[Node], bool]:
    """Return the documents of YAML text, and whether these are all of them.

    Reading stops at the first syntax error, and returns the documents before it. `name` is the
    file's name for places. Faults go to `report`.
    """
    found = _UNPRINTABLE.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        character = f"U+{ord(found[0]):04X}"
        report.error(
            Span(name, line, column), "yaml.character", f"YAML does not allow {character} in a file"
        )
        return [], False
    reader = _Reader(text, name, report)
    try:
        reader.run()
    except _RefusedError:
        return reader.documents, False
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        span = Span(name, mark.line + 1, mark.column + 1) if mark else Span(name, 1, 1)
        said = ", ".join(part for part in (error.context, error.problem) if part)
        report.error(span, "yaml.syntax", f"not YAML: {said}")
        return reader.documents, False
    return reader.documents, True


class _Open:
    """A list or mapping that has not ended yet."""

    __slots__ = ("anchor", "dropped", "in_braces", "key", "key_end", "key_span", "node")

    def __init__(self, node: Listing | Mapping, anchor: str | None, *, in_braces: bool) -> None:
        self.node = node
        self.anchor = anchor
        self.in_braces = in_braces
        self.key: str | None = None
        self.key_end = 0
        self.key_span: Span | None = None
        self.dropped = False


class _Reader:
    def __init__(self, text: str, name: str, report: Report) -> None:
        self.text = text
        self.loader = _Loader(text)
        self.name = name
        self.report = report
        self.documents: list[Node] = []
        self.stack: list[_Open] = []
        self.anchors: dict[str, Node | None] = {}

    def run(self) -> None:
        loader = self.loader
        try:
            while loader.check_event():
                event = loader.get_event()
                if isinstance(event, yaml.ScalarEvent):
                    self._scalar(event)
                elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                    self._open(event)
                elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                    done = self.stack.pop()
                    if done.anchor is not None:
                        self.anchors[done.anchor] = done.node
                    self._place(done.node)
                elif isinstance(event, yaml.AliasEvent):
                    self._alias(event)
                elif isinstance(event, yaml.DocumentStartEvent):
                    self.anchors = {}
        finally:
            loader.dispose()

    @property
    def waiting(self) -> _Open | None:
        """The innermost mapping, if it expects a key next."""
        if self.stack:
            top = self.stack[-1]
            if top.key is None and isinstance(top.node, Mapping):
                return top
        return None

    def _span(self, event: yaml.Event) -> Span:
        mark = event.start_mark
        assert mark is not None
        return Span(self.name, mark.line + 1, mark.column + 1)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        span = self._span(event)
        tag = event.tag
        text = event.value
        if tag not in (None, "!", _TAG + "str"):
            self._refuse_tag(span, tag)
        top, bare = self.waiting, tag is None and event.implicit[0]
        if top is not None:
            self._key(top, text, span, bare)
            assert event.end_mark is not None
            top.key_end = event.end_mark.index
            if event.anchor is not None:
                self.anchors[event.anchor] = Scalar(span, text, text)
            return
        if bare and not text:
            self._check_colon(event)
        value = self._resolve(text) if bare else text
        if not is_storable(text):
            value = Odd(_HALF_PAIR)
        node = Scalar(span, value, text)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        self._place(node)

    def _resolve(self, text: str) -> Any:
        """Return the value of a bare word by YAML 1.1, where parsers agree; times stay text."""
        tag = self.loader.resolve(yaml.ScalarNode, text, (True, False))
        kind = tag[len(_TAG) :]
        if kind == "int":
            if _PLAIN_INT.fullmatch(text) and len(text) <= _MOST_DIGITS:
                return int(text)
            return Odd("a number in a notation that readers of YAML understand differently")
        if kind == "float":
            if _PLAIN_FLOAT.fullmatch(text) and isfinite(float(text)):
                return float(text)
            return Odd("a number that is not finite or not written in plain decimals")
        if kind == "bool":
            return text.lower() in ("true", "yes", "on")
        if kind == "null":
            return None
        return text

    def _key(self, top: _Open, text: str, span: Span, bare: bool) -> None:
        assert isinstance(top.node, Mapping)
        if bare and text == "<<":
            self.report.error(
                span,
                "yaml.merge",
                "merge keys (<<) are not supported; write the options out, "
                "or use an alias for a whole value",
            )
        earlier = top.node.entries.get(text)
        if earlier is not None:
            self.report.error(
                span,
                "yaml.duplicate_key",
                f"{quoted(text)} occurs twice in this mapping, first in line {earlier.span.line}",
            )
        if not is_storable(text):
            self.report.error(span, "yaml.key", f"a key must be text, not {_HALF_PAIR}")
        top.key = text
        top.key_span = span
        top.dropped = earlier is not None or (bare and text == "<<")

    def _check_colon(self, event: yaml.ScalarEvent) -> None:
        """Report a word that stands alone in braces: YAML reads it as a key without a value.

        Nobody writes that on purpose. It is what follows the comma of an unquoted text.
        """
        top = self.stack[-1] if self.stack else None
        if top is None or top.key is None or top.key_span is None or not top.in_braces:
            return
        assert event.start_mark is not None
        if ":" in self.text[top.key_end : event.start_mark.index]:
            return
        self.report.error(
            top.key_span,
            "yaml.no_value",
            f"{quoted(top.key)} has no value: inside of braces, YAML ends a text at the comma; "
            "put a text that has a comma in quotes, or write a colon and a value here",
        )
        top.dropped = True

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        span = self._span(event)
        if event.tag is not None and event.tag != "!":
            self._refuse_tag(span, event.tag)
        if self.waiting is not None:
            _stop(self.report, span, "yaml.key", "a key must be plain text")
        if len(self.stack) >= MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} levels deep; flatten it"
            _stop(self.report, span, "yaml.too_deep", message)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        node: Listing | Mapping = Mapping(span, {}) if is_mapping else Listing(span, [])
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        self.stack.append(
            _Open(node, event.anchor, in_braces=is_mapping and bool(event.flow_style))
        )

    def _alias(self, event: yaml.AliasEvent) -> None:
        span = self._span(event)
        assert event.anchor is not None
        name = quoted(event.anchor)
        if event.anchor not in self.anchors:
            message = f"there is no anchor {name} before this"
            _stop(self.report, span, "yaml.alias_unknown", message)
        node = self.anchors[event.anchor]
        if node is None:
            message = f"the alias {name} is inside of what it stands for"
            _stop(self.report, span, "yaml.alias_recursive", message)
        if self.waiting is not None:
            _stop(self.report, span, "yaml.key", "a key must be plain text, not an alias")
        if isinstance(node, Scalar):
            node = Scalar(span, node.value, node.text)
        self._place(node)

    def _place(self, node: Node) -> None:
        if not self.stack:
            self.documents.append(node)
            return
        top = self.stack[-1]
        top.node.size += node.size
        if top.node.size > MAX_NODES:
            message = f"with its aliases expanded, the document has more than {MAX_NODES} values"
            _stop(self.report, node.span, "yaml.too_many_nodes", message)
        if isinstance(top.node, Listing):
            top.node.items.append(node)
            return
        assert top.key is not None
        assert top.key_span is not None
        if not top.dropped:
            top.node.entries[top.key] = Entry(top.key, top.key_span, node)
        top.key = None

    def _refuse_tag(self, span: Span, tag: str) -> None:
        shown = quoted(tag.replace(_TAG, "!!"))
        message = f"the tag {shown} is not allowed; write a plain value"
        _stop(self.report, span, "yaml.tag", message)


def read_data(value: Any, place: str, report: Report) -> Node | None:
    """Return a Python dict as nodes, or None if it cannot be a schema.

    `place` is its name in messages (`<dict>`).
    """
    try:
        return _DataReader(place, report).read(value, place, ())
    except _RefusedError:
        return None


class _DataReader:
    def __init__(self, root: str, report: Report) -> None:
        self.root = root
        self.report = report
        self.count = 0

    def read(self, value: Any, place: str, above: tuple[int, ...]) -> Node:
        span = Span(place, 0, 0)
        self.count += 1
        if self.count > MAX_NODES:
            message = f"the schema has more than {MAX_NODES} values"
            _stop(self.report, span, "yaml.too_many_nodes", message)
        if isinstance(value, (AnyMapping, list, tuple)):
            if id(value) in above:
                _stop(self.report, span, "yaml.alias_recursive", "the value contains itself")
            if len(above) >= MAX_DEPTH:
                message = f"nested more than {MAX_DEPTH} levels deep"
                _stop(self.report, span, "yaml.too_deep", message)
            inner = (*above, id(value))
            if isinstance(value, AnyMapping):
                return self._mapping(value, span, inner)
            items = [self.read(v, f"{place}[{i}]", inner) for i, v in enumerate(value)]
            return Listing(span, items)
        if isinstance(value, float) and not isfinite(value):
            return Scalar(span, Odd("a number that is not finite"))
        if isinstance(value, str) and not is_storable(value):
            return Scalar(span, Odd(_HALF_PAIR))
        if value is None or isinstance(value, (bool, int, float, str, bytes, Decimal, date)):
            return Scalar(span, value)
        message = f"a value of the type {type(value).__name__} cannot be part of a schema"
        _stop(self.report, span, "source.invalid", message)

    def _mapping(self, value: AnyMapping[Any, Any], span: Span, above: tuple[int, ...]) -> Mapping:
        entries: dict[str, Entry] = {}
        for key, inner in value.items():
            if not isinstance(key, str) or not is_storable(key):
                what = _HALF_PAIR if isinstance(key, str) else type(key).__name__
                self.report.error(span, "yaml.key", f"a key must be text, not {what}")
                continue
            start = span.file + (":" if span.file == self.root else ".")
            place = start + (key if key.isprintable() and len(key) < 100 else quoted(key))
            entries[key] = Entry(key, Span(place, 0, 0), self.read(inner, place, above))
        return Mapping(span, entries)
