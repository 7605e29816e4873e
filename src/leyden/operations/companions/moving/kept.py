"""What an item keeps of its old form until the migration is committed.

A rollback computes the old form from the new one. Whatever it could not compute exactly is kept in
one field of the item: the old fields that would differ, the names of fields that the old item did
not have, and a digest of the new form. As long as the digest matches, nobody has written the item,
and the rollback restores the old bytes. If an earlier migration has not been committed, what it
keeps is one of the old fields.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any, Final

from leyden._attrs import field, frozen
from leyden.program import AttributeValue, Item
from leyden.schema.migrations import BEFORE_FIELD


@frozen
class Kept:
    """What is kept: old `fields`, and the `absent` ones that the old item did not have.

    `digest` is that of the new form without this field. `of` is the name of the migration that
    keeps it, "" if that has none.
    """

    digest: bytes
    fields: Item = field(repr=False)
    absent: tuple[str, ...] = ()
    of: str = ""

    def encode(self) -> AttributeValue:
        """Return the value as it is stored."""
        found: dict[str, AttributeValue] = {"digest": {"B": self.digest}}
        if self.fields:
            found["fields"] = {"M": self.fields}
        if self.absent:
            found["absent"] = {"L": [{"S": name} for name in self.absent]}
        if self.of:
            found["of"] = {"S": self.of}
        return {"M": found}


def kept_of(item: Item) -> Kept | None:
    """Return what an item keeps; None for nothing, or for a value that Leyden did not write."""
    stored = item.get(BEFORE_FIELD, {}).get("M")
    try:
        return (
            None
            if stored is None
            else Kept(
                bytes(stored["digest"]["B"]),
                dict(stored["fields"]["M"]) if "fields" in stored else {},
                tuple(one["S"] for one in stored["absent"]["L"]) if "absent" in stored else (),
                str(stored["of"]["S"]) if "of" in stored else "",
            )
        )
    except (AttributeError, KeyError, TypeError):
        return None


def keepers(item: Item) -> list[str]:
    """Return the names of the migrations that keep something in an item, the latest first."""
    found = []
    kept = kept_of(item)
    while kept is not None:
        found.append(kept.of)
        kept = kept_of(kept.fields)
    return found


def without_kept(item: Item) -> Item:
    """Return the item without what it keeps."""
    return {name: value for name, value in item.items() if name != BEFORE_FIELD}


def difference(after: Item, before: Item, computed: Item, of: str) -> Kept | None:
    """Return what `after` must keep to turn `computed` into `before`; None if they are equal.

    `of` is the name of the migration.
    """
    fields = {
        name: value
        for name, value in before.items()
        if name not in computed or not alike(value, computed[name])
    }
    absent = tuple(sorted(computed.keys() - before.keys()))
    return Kept(digest_of(after), fields, absent, of) if fields or absent else None


def digest_of(item: Item) -> bytes:
    """Return a digest of an item, without what it keeps.

    DynamoDB may change the digits of a number and the order of a set, so both are normalized.
    """
    plain = {name: canonical(value) for name, value in item.items() if name != BEFORE_FIELD}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).digest()[:16]


def alike(one: AttributeValue, other: AttributeValue) -> bool:
    """Whether two stored values are equal to DynamoDB."""
    return one == other or canonical(one) == canonical(other)


def same_items(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two items are equal to DynamoDB."""
    return one.keys() == other.keys() and all(alike(one[name], other[name]) for name in one)


def canonical(value: Mapping[str, Any]) -> Any:
    """Return a stored value as JSON that is the same for all values equal to DynamoDB."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return [kind, _digits(content)]
        case "NS":
            return [kind, sorted(map(_digits, content))]
        case "SS":
            return [kind, sorted(content)]
        case "B":
            return [kind, b64encode(bytes(content)).decode()]
        case "BS":
            return [kind, sorted(b64encode(bytes(one)).decode() for one in content)]
        case "L":
            return [kind, [canonical(one) for one in content]]
        case "M":
            return [kind, {name: canonical(one) for name, one in content.items()}]
        case _:
            return [kind, content]


_EXACT: Final = Context(prec=60)
"""More digits than any stored number has; Python's default context rounds to 28."""


def _digits(text: Any) -> str:
    number = Decimal(str(text))
    return "0" if not number else str(_EXACT.normalize(number))
