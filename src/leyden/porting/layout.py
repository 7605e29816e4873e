"""Schema files as people write them, with a comment for whatever was not carried over."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

from leyden.porting.context import Note, PortedModel, PortedService

_WIDTH: Final = 100
_WIDEST_NAMES: Final = 20
_MOST_SOURCE: Final = 12
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*([./-][A-Za-z0-9_]+)*\Z")
_AS_KEY: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_.$-]*\Z")
_UNPRINTABLE: Final = yaml.reader.Reader.NON_PRINTABLE
_RESOLVER: Final[Any] = yaml.resolver.Resolver()

Path = tuple[str, ...]


def write_yaml(ported: PortedModel) -> str:
    """Return the text of an entity's schema file.

    Whatever was not carried over becomes a comment in its place, with the original JavaScript.

    >>> print(write_yaml(port_model(model)))                            # doctest: +SKIP
    """
    return _Writer(ported.notes).entity(ported.entity)


def write_table_yaml(service: PortedService) -> str:
    """Return the text of table.yaml; empty if the entities say everything."""
    if not service.table:
        return ""
    lines = []
    for name, value in service.table.items():
        if name == "indexes":
            lines.append("indexes:")
            for index, options in value.items():
                note = "  # its partition key is the table's" if "kind" in options else ""
                lines.append(f"  {_key(index)}: {_flow(options)}{note}")
        else:
            lines.append(f"{name}: {_flow(value)}")
    return "\n".join(lines) + "\n"


class _Writer:
    """Writes one entity, with `notes` as comments in their places."""

    def __init__(self, notes: Iterable[Note]) -> None:
        self.notes: dict[Path, list[Note]] = {}
        for note in notes:
            self.notes.setdefault(note.path, []).append(note)

    def entity(self, entity: Mapping[str, Any]) -> str:
        lines: list[str] = []
        for name, value in entity.items():
            if name in ("attributes", "indexes"):
                lines += ["", f"{name}:", *self._children(value, (name,))]
            else:
                lines += [*self._comments((name,), 0), f"{name}: {_flow(value)}"]
        written = set(self._paths(entity, ()))
        rest = [
            path
            for path in self.notes
            if not written & {path[:length] for length in range(1, len(path) + 1)}
        ]
        closing = [line for path in rest for line in self._comments(path, 0, name=".".join(path))]
        if closing:
            lines += ["", *closing]
        return "\n".join(lines) + "\n"

    def _paths(self, value: Any, path: Path) -> Iterable[Path]:
        if isinstance(value, Mapping):
            for name, inner in value.items():
                yield (*path, name)
                yield from self._paths(inner, (*path, name))

    def _children(self, entries: Mapping[str, Any], path: Path) -> list[str]:
        """Return the lines of attributes or access patterns; short ones have aligned values."""
        compact = path == ("attributes",)
        short = [name for name in entries if compact and self._fits(name, entries[name], path, 2)]
        width = max(
            (len(_key(name)) + 1 for name in short if len(_key(name)) < _WIDEST_NAMES), default=0
        )
        lines: list[str] = []
        for name, value in entries.items():
            if name in short:
                head = f"{_key(name)}:".ljust(width)
                line = f"  {head} {_flow(value)}"
                if len(line) > _WIDTH:
                    line = f"  {_key(name)}: {_flow(value)}"
                lines += [*self._comments((*path, name), 2), line]
            else:
                lines += self._entry(name, value, (*path, name), 2, block=True)
        return lines + self._missing(entries, path, 2)

    def _entry(
        self, name: str, value: Any, path: Path, indent: int, *, block: bool = False
    ) -> list[str]:
        comments = self._comments(path, indent)
        margin = " " * indent
        fits = self._fits(name, value, path[:-1], indent)
        if not isinstance(value, Mapping) or not value or (fits and not block):
            return [*comments, f"{margin}{_key(name)}: {_flow(value)}"]
        lines = [*comments, f"{margin}{_key(name)}:"]
        for inner, part in value.items():
            lines += self._entry(inner, part, (*path, inner), indent + 2)
        return lines + self._missing(value, path, indent + 2)

    def _fits(self, name: str, value: Any, path: Path, indent: int) -> bool:
        """Return whether an entry fits on one line and has no comment inside."""
        place = (*path, name)
        if any(len(p) > len(place) and p[: len(place)] == place for p in self.notes):
            return False
        return indent + len(_key(name)) + 2 + len(_flow(value)) <= _WIDTH

    def _missing(self, entries: Mapping[str, Any], path: Path, indent: int) -> list[str]:
        """Return comments for options of this place that have no counterpart in the schema."""
        lines = []
        for place in self.notes:
            if place[: len(path)] == path and len(place) > len(path):
                inner = entries.get(place[len(path)])
                if place[len(path)] not in entries or (
                    len(place) > len(path) + 1 and not isinstance(inner, Mapping)
                ):
                    name = ".".join(place[len(path) :])
                    lines += self._comments(place, indent, name=name)
        return lines

    def _comments(self, path: Path, indent: int, name: str | None = None) -> list[str]:
        """Return the notes of a place, each with its original JavaScript."""
        margin = " " * indent + "# "
        lines = []
        for note in self.notes.get(path, ()):
            lines += textwrap.wrap(
                _one_line(note.text if name is None else f"{name}: {note.text}"),
                width=_WIDTH,
                initial_indent=margin,
                subsequent_indent=margin,
                break_long_words=False,
                break_on_hyphens=False,
            )
            # The first line of a function has lost its indentation, the others have not.
            first, _, others = (note.source or "").partition("\n")
            source = [first, *textwrap.dedent(others).splitlines()] if note.source else []
            lines += [f"{margin}  {_one_line(line)}".rstrip() for line in source[:_MOST_SOURCE]]
            if len(source) > _MOST_SOURCE:
                lines.append(f"{margin}  ... ({len(source) - _MOST_SOURCE} more lines)")
        return lines


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " if c.isspace() else _escaped(c) for c in text)


def _key(name: str) -> str:
    return name if _AS_KEY.match(name) and _is_text(name) else _quoted(name)


def _flow(value: Any) -> str:
    """Return a value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        written = repr(value)
        mantissa, exponent, power = written.partition("e")
        # YAML reads 1e+20 as text.
        return written if "." in mantissa or not exponent else f"{mantissa}.0e{power}"
    if isinstance(value, int):
        return str(value)
    return str(value) if _PLAIN.match(value) and _is_text(value) else _quoted(value)


def _is_text(word: str) -> bool:
    """Return whether YAML reads the bare word as text."""
    kind = _RESOLVER.resolve(yaml.nodes.ScalarNode, word, (True, False))
    return bool(kind == "tag:yaml.org,2002:str") and word.lower() not in ("y", "n")


def _quoted(text: str) -> str:
    inner = "".join(
        {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(c)
        or (c if c.isprintable() and not _UNPRINTABLE.match(c) else _escaped(c))
        for c in text
    )
    return f'"{inner}"'


def _escaped(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
