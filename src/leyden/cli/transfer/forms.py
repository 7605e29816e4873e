"""Recognize what a file to import holds by its beginning, so that nobody has to say it.

Lines are records, or items with typed values, as `leyden export` and DynamoDB's exports to S3 write
them. A file may also be one JSON document with all items, as `aws dynamodb scan` prints it, and it
may be compressed with gzip.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from leyden.cli.transfer.lines import Line, is_typed_item, lines_of
from leyden.cli.values import json_text, read_json
from leyden.errors import InputError

if TYPE_CHECKING:
    from leyden import Entity, Service

RAW: Final = "raw"
RECORDS: Final = "records"

_GZIP: Final = b"\x1f\x8b"
_ITEMS: Final = "Items"
_MORE: Final = ("NextToken", "LastEvaluatedKey")
_CHANGE: Final = frozenset({"Metadata", "Keys"})
"""The keys of each line in an incremental export to S3, beside the images of the item."""
_IMAGES: Final = frozenset({"OldImage", "NewImage"})


def unpacked(stream: BinaryIO) -> BinaryIO:
    """Return the stream, decompressed if it is gzip. It must be seekable."""
    packed = stream.read(len(_GZIP)) == _GZIP
    stream.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=stream)) if packed else stream


def lines_in(stream: Iterable[bytes]) -> Iterator[Line]:
    """Return the lines of a file, or the items of one JSON document as lines.

    Raises InputError for a document that is one of several pages.
    """
    lines = lines_of(stream)
    before: list[Line] = []
    for line in lines:
        before.append(line)
        if not line.is_blank:
            break
    if not before or not _begins_document(before[-1]):
        return chain(before, lines)
    rest = [*before, *lines]
    found = _document("".join(line.text for line in rest))
    return iter(rest) if found is None else iter(found)


def _begins_document(line: Line) -> bool:
    text = line.text.strip()
    if text.startswith("["):
        return True
    try:
        return _ITEMS in (value := json.loads(text)) and isinstance(value[_ITEMS], list)
    except (ValueError, TypeError, RecursionError):
        return text.startswith("{")


def _document(text: str) -> list[Line] | None:
    """Return the items of a document; None for invalid JSON, which its line then reports."""
    try:
        value = read_json(text)
    except ValueError:
        return None
    items = [value]
    if isinstance(value, list):
        items = value
    elif isinstance(value.get(_ITEMS), list):
        items = value[_ITEMS]
        if any(value.get(name) for name in _MORE):
            raise InputError(
                "the file is one page of a scan or query, and says that there are more items; run "
                "`aws dynamodb scan` without --max-items, or use `leyden export`"
            )
    return [
        Line(number, f"{json_text(item)}\n".encode(), "item")
        for number, item in enumerate(items, 1)
    ]


def form_of(line: Line, service: Service) -> str:
    """Recognize by the first line what the lines of a file hold; in doubt, it is records.

    Raises InputError for a stored item without types, and for an incremental export.
    """
    try:
        value = line.json()
    except ValueError:
        return RECORDS
    definition = service.table_definition
    keys = {name for name in (definition.hash, definition.range) if name is not None}
    if is_typed_item(value, keys):
        return RAW
    known = {name for one in service.entities.values() for name in one.spec.attributes}
    if isinstance(value, dict) and _CHANGE <= value.keys() <= _CHANGE | _IMAGES:
        raise InputError(
            "the file is from an incremental export to S3, which holds changes, not items; import "
            "a full export, or use `leyden export`"
        )
    if isinstance(value, dict) and keys <= value.keys() and not keys <= known:
        raise InputError(
            f"the {line.what} is a stored item without the types of its values, as boto3's Table "
            "and JavaScript's DocumentClient return it; write it with types, as `leyden export` "
            "and `aws dynamodb scan` do"
        )
    return RECORDS


def entity_of_records(line: Line, service: Service) -> Entity | None:
    """Return the service's entity for records that do not name theirs, if it has only one.

    If it has several, raises InputError, with those that the record fits.
    """
    try:
        value: Any = line.json()
    except ValueError:
        return None
    if not isinstance(value, dict) or {*value} == {"entity", "record"}:
        return None
    entities = service.entities
    if len(entities) == 1:
        return next(iter(entities.values()))
    fits = [name for name, one in entities.items() if value.keys() <= one.spec.attributes.keys()]
    which = f"--entity {' or --entity '.join(fits or ['NAME'])}"
    raise InputError(
        f"the {line.what} is a record that does not name its entity: pass {which}, or write "
        'lines such as {"entity": "task", "record": {...}}'
    )
