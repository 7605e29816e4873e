"""Where schemas come from: a folder, a file, YAML text or a dict, as documents."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping as AnyMapping
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

from leyden._attrs import frozen
from leyden._text import did_you_mean, listed, quoted
from leyden.schema.faults import Report
from leyden.schema.language import is_table_description
from leyden.schema.nodes import Listing, Mapping, Node, Scalar, described
from leyden.schema.reading import read_data, read_yaml
from leyden.schema.spec import Span

Source: TypeAlias = str | os.PathLike[str] | AnyMapping[str, Any]
"""A folder or a file by its path, YAML text (any str with a line break), or a dict."""

MAX_BYTES: Final = 1 << 20
"""How large a schema file may be, in bytes."""

_TEXT: Final = "<text>"
_DICT: Final = "<dict>"
_SUFFIXES: Final = (".yaml", ".yml")
_MOST_INSIDE: Final = 100
_IS_ENTITY: Final = re.compile(rb"^entity[ \t]*:", re.MULTILINE)
_TABLE_FILES: Final = ("table.yaml", "table.yml")


@frozen
class Document:
    """One entity, or the description of the table.

    `listed_as` is the alias under which a dict lists the entity, with its place.
    """

    node: Node
    is_table: bool
    listed_as: tuple[str, Span] | None = None


@frozen
class Contents:
    """All documents of a source. `whole` says that none of them had to be left out."""

    documents: tuple[Document, ...]
    whole: bool
    place: Span


def read_source(source: Source, report: Report) -> Contents:
    """Read all documents of a source; whatever cannot be read is noted in `report`."""
    if isinstance(source, AnyMapping):
        return _data(source, report)
    if isinstance(source, str) and ("\n" in source or "\r" in source):
        return _text(source, report)
    if isinstance(source, (str, os.PathLike)):
        return _path(os.fspath(source), report)
    span = Span("<source>", 0, 0)
    report.error(
        span,
        "source.invalid",
        f"a value of the type {type(source).__name__} is no schema; "
        "give a path, YAML text or a dict",
    )
    return Contents((), False, span)


def _text(text: str, report: Report) -> Contents:
    span = Span(_TEXT, 1, 1)
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        report.error(span, "source.too_large", f"the text is over {MAX_BYTES} bytes")
        return Contents((), False, span)
    documents, whole = _documents(text, _TEXT, report, is_table=None)
    return Contents(tuple(documents), whole, span)


def _path(path: str | bytes, report: Report) -> Contents:
    name = os.fsdecode(path)
    span = Span(name or '""', 0, 0)
    try:
        place = Path(name)
        if not name or not place.exists():
            near = _near(place) if name else ""
            if not near and ": " in name:
                near = "; YAML text is told from a path by its line breaks: end it with one"
            message = f"there is no such file or folder{near}"
            report.error(span, "source.missing", message)
            return Contents((), False, span)
        if place.is_dir():
            return _folder(place, span, report)
    except (OSError, ValueError) as error:
        report.error(span, "source.unreadable", f"cannot be read: {_reason(error)}")
        return Contents((), False, span)
    documents, whole = _file(place, report)
    return Contents(tuple(documents), whole, span)


def _near(place: Path) -> str:
    try:
        return did_you_mean(place.name, os.listdir(place.parent))
    except OSError:
        return ""


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _folder(folder: Path, span: Span, report: Report) -> Contents:
    files = sorted(
        (inner for inner in folder.iterdir() if inner.suffix in _SUFFIXES and not inner.is_dir()),
        # The table first: any other description of it is the one too many.
        key=lambda inner: (inner.name not in _TABLE_FILES, inner.name),
    )
    inside = _entities_inside(folder)
    if not files:
        hint = f"; there are entities in {inside[0].parent}, give that" if inside else ""
        message = f"there are no .yaml or .yml files in this folder{hint}"
        report.error(span, "source.empty", message)
        return Contents((), False, span)
    for file in inside:
        report.warning(
            Span(str(file), 1, 1),
            "source.subfolder",
            f"this entity is not read: it is in a folder inside of {folder}, and a service is one "
            "folder; move the file there, or load its own folder as another service",
        )
    found: list[Document] = []
    whole = True
    for file in files:
        documents, complete = _file(file, report)
        whole = whole and complete
        found += documents
    return Contents(tuple(found), whole, span)


def _entities_inside(folder: Path) -> list[Path]:
    """The files with entities in the folders of a folder, of a limited number of files."""
    found: list[Path] = []
    inner = (one for one in sorted(folder.iterdir()) if one.is_dir() and one.name[:1] != ".")
    files = (file for one in inner for file in _listed(one) if file.suffix in _SUFFIXES)
    for file in islice(files, _MOST_INSIDE):
        try:
            with file.open("rb") as stream:
                text = stream.read(MAX_BYTES)
        except OSError:
            continue
        if _IS_ENTITY.search(text):
            found.append(file)
    return found


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _file(file: Path, report: Report) -> tuple[list[Document], bool]:
    """The documents of a file, and whether that is all of them."""
    data = _bytes(file, report)
    text = _decoded(data, str(file), report) if data is not None else None
    if text is None:
        return [], False
    is_table = True if file.name in _TABLE_FILES else None
    return _documents(text, str(file), report, is_table=is_table)


def _bytes(file: Path, report: Report) -> bytes | None:
    start = Span(str(file), 1, 1)
    try:
        if not file.is_file():
            report.error(start, "source.unreadable", "this is no regular file, or a broken link")
            return None
        size = file.stat().st_size
        if size > MAX_BYTES:
            report.error(
                start,
                "source.too_large",
                f"the file has {size} bytes; a schema file has at most {MAX_BYTES}",
            )
            return None
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        report.error(start, "source.unreadable", f"cannot be read: {_reason(error)}")
        return None
    if len(data) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES} bytes"
        report.error(start, "source.too_large", message)
        return None
    return data


def _decoded(data: bytes, name: str, report: Report) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        offset = error.start
        before = data[:offset]
        line_start = before.rfind(b"\n") + 1
        column = len(before[line_start:].decode("utf-8", "replace")) + 1
        report.error(
            Span(name, before.count(b"\n") + 1, column),
            "yaml.encoding",
            f"the file is not UTF-8: byte {offset} (0x{data[offset]:02x}) cannot be there; "
            "save it as UTF-8",
        )
        return None


def _documents(
    text: str, name: str, report: Report, *, is_table: bool | None
) -> tuple[list[Document], bool]:
    """The documents of YAML text, and whether that is all of them."""
    nodes, whole = read_yaml(text.removeprefix("\ufeff"), name, report)
    if not nodes and whole:
        report.error(Span(name, 1, 1), "yaml.empty", "there is nothing in it, or only comments")
        whole = False
    found: list[Document] = []
    for node in nodes:
        if isinstance(node, Scalar) and node.value is None:
            report.error(node.span, "yaml.empty", "this document is empty; leave out its ---")
            whole = False
        else:
            found.append(_document(node, is_table))
    return found, whole


def _document(node: Node, is_table: bool | None) -> Document:
    if is_table is None:
        keys = frozenset(node.entries) if isinstance(node, Mapping) else frozenset()
        is_table = is_table_description(keys)
    return Document(node, is_table)


def _data(source: AnyMapping[str, Any], report: Report) -> Contents:
    span = Span(_DICT, 0, 0)
    node = read_data(source, _DICT, report)
    if not isinstance(node, Mapping):
        return Contents((), False, span)
    if "entities" not in node.entries:
        return Contents((Document(node, is_table=False),), True, span)
    found: list[Document] = []
    whole = True
    for name, entry in node.entries.items():
        if name == "table":
            found.append(Document(entry.value, is_table=True))
        elif name == "entities":
            if isinstance(entry.value, Listing):
                found += [Document(item, is_table=False) for item in entry.value.items]
            elif isinstance(entry.value, Mapping):
                found += [
                    Document(inner.value, is_table=False, listed_as=(alias, inner.span))
                    for alias, inner in entry.value.entries.items()
                ]
            else:
                whole = False
                message = f"entities must be a list or a dict, not {described(entry.value)}"
                report.error(entry.span, "option.type", message)
        else:
            known = ("entities", "table")
            hint = did_you_mean(name, known) or f"; it has {listed(known)}"
            message = f"a service has no option {quoted(name)}{hint}"
            report.error(entry.span, "option.unknown", message)
    return Contents(tuple(found), whole, span)
