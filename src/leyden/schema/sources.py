"""Where schemas come from: read a folder, a file, YAML text or a dict into documents."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping as AnyMapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

from leyden._attrs import frozen
from leyden._text import did_you_mean, listed, quoted
from leyden.schema.faults import Report
from leyden.schema.language import is_table_description
from leyden.schema.nodes import Listing, Mapping, Node, Scalar, described
from leyden.schema.reading import read_data, read_yaml
from leyden.schema.spec import Span


@frozen
class Texts:
    """The texts of schema files by name, as `texts_of` returns them."""

    by_name: AnyMapping[str, str]


Source: TypeAlias = str | os.PathLike[str] | AnyMapping[str, Any] | Texts
"""The path of a folder or file, YAML text (any str with a line break), a dict, or texts."""

MAX_BYTES: Final = 1 << 20
"""The maximum size of a schema file, in bytes."""

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
    """All documents of a source. `whole` is False if some could not be read."""

    documents: tuple[Document, ...]
    whole: bool
    place: Span


def read_source(source: Source, report: Report) -> Contents:
    """Read all documents of a source, and report whatever cannot be read."""
    if isinstance(source, AnyMapping):
        return _data(source, report)
    if isinstance(source, Texts):
        read = [_text(name, text, report) for name, text in source.by_name.items()]
        return _together(read, Span("<texts>", 1, 1))
    if isinstance(source, str) and ("\n" in source or "\r" in source):
        span = Span(_TEXT, 1, 1)
        if len(source.encode("utf-8", "surrogatepass")) <= MAX_BYTES:
            return _documents(source, span, report)
        report.error(span, "source.too_large", f"the text is over {MAX_BYTES} bytes")
        return Contents((), False, span)
    if isinstance(source, (str, os.PathLike)):
        return _path(os.fsdecode(source), report)
    span = Span("<source>", 0, 0)
    report.error(
        span,
        "source.invalid",
        f"a value of the type {type(source).__name__} is not a schema; "
        "pass a path, YAML text or a dict",
    )
    return Contents((), False, span)


def _path(name: str, report: Report) -> Contents:
    span = Span(name or '""', 0, 0)
    try:
        place = Path(name)
        if name and place.is_dir():
            return _folder(place, span, report)
        if name and place.exists():
            return _file(place, report, span)
        near = ""
        if name:
            with suppress(OSError):
                near = did_you_mean(place.name, os.listdir(place.parent))
            if not near and ": " in name:
                near = "; if this is YAML text, end it with a line break, or it is taken for a path"
        report.error(span, "source.missing", f"there is no such file or folder{near}")
    except (OSError, ValueError) as error:
        report.error(span, "source.unreadable", f"cannot be read: {_reason(error)}")
    return Contents((), False, span)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _folder(folder: Path, span: Span, report: Report) -> Contents:
    files = _files_of(folder)
    inside = _entities_inside(folder)
    if not files:
        hint = f"; there are entities in {inside[0].parent}; name that folder" if inside else ""
        message = f"there are no .yaml or .yml files in this folder{hint}"
        report.error(span, "source.empty", message)
        return Contents((), False, span)
    for file in inside:
        report.warning(
            Span(str(file), 1, 1),
            "source.subfolder",
            f"this entity is not read: it is in a subfolder of {folder}, and a service is one "
            "folder; move the file there, or load the subfolder as another service",
        )
    read = [_file(file, report, span) for file in files]
    return _together(read, span)


def texts_of(source: str | os.PathLike[str]) -> Texts:
    """Return the texts of a schema file, or of the schema files in a folder.

    As a source, they mean the same as the file or folder, except that their places name no folder.
    Raises OSError or ValueError.
    """
    place = Path(source)
    files = _files_of(place) if place.is_dir() else [place]
    return Texts({file.name: file.read_text(encoding="utf-8-sig") for file in files})


def _files_of(folder: Path) -> list[Path]:
    """Return the schema files of a folder in reading order."""
    return sorted(
        (inner for inner in folder.iterdir() if inner.suffix in _SUFFIXES and not inner.is_dir()),
        # Read table.yaml first, so that any other description of the table is the duplicate.
        key=lambda inner: (inner.name not in _TABLE_FILES, inner.name),
    )


def _text(name: str, text: str, report: Report) -> Contents:
    return _documents(text, Span(name, 1, 1), report, is_table=name in _TABLE_FILES)


def _together(read: list[Contents], place: Span) -> Contents:
    documents = tuple(document for contents in read for document in contents.documents)
    return Contents(documents, all(contents.whole for contents in read), place)


def _entities_inside(folder: Path) -> list[Path]:
    """Return the files in direct subfolders that look like entities, up to a limit."""
    files: list[Path] = []
    for inner in sorted(folder.iterdir()):
        if len(files) < _MOST_INSIDE and inner.is_dir() and inner.name[:1] != ".":
            with suppress(OSError):
                files += sorted(file for file in inner.iterdir() if file.suffix in _SUFFIXES)
    found: list[Path] = []
    for file in files[:_MOST_INSIDE]:
        with suppress(OSError), file.open("rb") as stream:
            if _IS_ENTITY.search(stream.read(MAX_BYTES)):
                found.append(file)
    return found


def _file(file: Path, report: Report, place: Span) -> Contents:
    """Return the documents of a file; `place` is that of the source it belongs to."""
    start = Span(str(file), 1, 1)
    data = _bytes(file, start, report)
    if data is None:
        return Contents((), False, place)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        offset, before = error.start, data[: error.start]
        line_start = before.rfind(b"\n") + 1
        column = len(before[line_start:].decode("utf-8", "replace")) + 1
        report.error(
            Span(start.file, before.count(b"\n") + 1, column),
            "yaml.encoding",
            f"the file is not UTF-8: byte {offset} (0x{data[offset]:02x}) cannot be there; "
            "save it as UTF-8",
        )
        return Contents((), False, place)
    return _documents(text, start, report, place, is_table=file.name in _TABLE_FILES)


def _bytes(file: Path, start: Span, report: Report) -> bytes | None:
    try:
        if not file.is_file():
            report.error(
                start, "source.unreadable", "this is not a regular file, or it is a broken link"
            )
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


def _documents(
    text: str, start: Span, report: Report, place: Span | None = None, *, is_table: bool = False
) -> Contents:
    """Return the documents of YAML text; with `is_table`, all of them describe the table."""
    nodes, whole = read_yaml(text.removeprefix("\ufeff"), start.file, report)
    if not nodes and whole:
        report.error(start, "yaml.empty", "the file is empty, or has only comments")
        whole = False
    found: list[Document] = []
    for node in nodes:
        if isinstance(node, Scalar) and node.value is None:
            report.error(node.span, "yaml.empty", "this document is empty; leave out its ---")
            whole = False
        else:
            keys = frozenset(node.entries) if isinstance(node, Mapping) else frozenset()
            found.append(Document(node, is_table or is_table_description(keys)))
    return Contents(tuple(found), whole, place or start)


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
