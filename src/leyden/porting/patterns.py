"""Access patterns as a model says them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from attrs import evolve, frozen

from leyden.porting.context import Context, Place, function_source
from leyden.porting.errors import ModelError
from leyden.porting.keys import Half, read_half
from leyden.porting.types import Kind

__all__ = ["Attribute", "Pattern", "read_index", "shared_scopes", "without_idle_conditions"]

_TYPES: Final = frozenset({"isolated", "clustered", "composite"})
_KNOWN: Final = frozenset(
    {"index", "collection", "type", "scope", "condition", "projection", "project", "pk", "sk"}
)


@frozen
class Attribute:
    """What keys need to know of an attribute: its label in the model, and its type."""

    field: str
    label: str
    kind: Kind


@frozen
class Pattern:
    """One access pattern as the model says it."""

    raw: Mapping[str, Any]
    place: Place
    index: str | None
    type: str
    collection: tuple[str, ...]
    scope: str | None
    pk: Half
    sk: Half | None

    @property
    def halves(self) -> list[tuple[str, Half]]:
        """Both keys, or the one there is."""
        return [("pk", self.pk)] + ([("sk", self.sk)] if self.sk is not None else [])


def read_index(raw: Any, place: Place, context: Context, fields: Mapping[str, str]) -> Pattern:
    """Read one access pattern. `fields` are the stored names of the model's attributes."""
    if not isinstance(raw, Mapping):
        raise ModelError("must be an object", place=str(place))
    raw = {option: value for option, value in raw.items() if value is not None}
    kind = raw.get("type", "isolated")
    if kind not in _TYPES:
        raise ModelError("must be isolated, clustered or composite", place=str(place.at("type")))
    multi = kind == "composite"
    if "pk" not in raw:
        raise ModelError("is missing", place=str(place.at("pk")))
    collection = raw.get("collection") or ()
    names = (collection,) if isinstance(collection, str) else tuple(collection)
    if not all(isinstance(name, str) for name in names):
        raise ModelError("must be a name or a list of names", place=str(place.at("collection")))
    for option in raw:
        if option not in _KNOWN:
            context.adapt(
                place.at(option), "without effect: ElectroDB has no such option", "it is left out"
            )
    sk = None
    if "sk" in raw:
        sk = read_half(raw["sk"], place.at("sk"), context, multi=multi, fields=fields)
    return Pattern(
        raw=raw,
        place=place,
        index=raw.get("index") or None,
        type=kind,
        collection=names,
        scope=raw.get("scope") or None,
        pk=read_half(raw["pk"], place.at("pk"), context, multi=multi, fields=fields),
        # Where DynamoDB makes the keys of attributes, no attributes are no sort key.
        sk=None if multi and sk is not None and not sk.composite else sk,
    )


def shared_scopes(patterns: Mapping[str, Pattern], context: Context) -> dict[str, Pattern]:
    """The patterns, with one scope for all that store their partition key in one field.

    ElectroDB builds a key once: what the first pattern says of its field holds for all.
    """
    first: dict[str, Pattern] = {}
    found = {}
    for name, pattern in patterns.items():
        other = first.setdefault(pattern.pk.field or f"({name})", pattern)
        if other.scope != pattern.scope:
            context.adapt(
                pattern.place.at("scope"),
                f"another scope than that of {other.place}, which shares the field "
                f'"{pattern.pk.field}" and whose scope ElectroDB uses for both',
                "it has that scope here",
            )
            pattern = evolve(pattern, scope=other.scope)
        found[name] = pattern
    return found


def without_idle_conditions(
    patterns: Mapping[str, Pattern], fields: Collection[str], context: Context
) -> dict[str, Pattern]:
    """The patterns, without the conditions that cannot keep an item out of their index.

    The item keeps all fields of such an index's key: as attributes, whose `fields` are given, or
    for another pattern.
    """
    found = {}
    for name, pattern in patterns.items():
        kept = {*fields}
        for other in patterns.values():
            if other is not pattern and not (other.index and "condition" in other.raw):
                kept.update(half.field for _, half in other.halves if half.field is not None)
        if (
            pattern.index
            and "condition" in pattern.raw
            and all(half.field in kept for _, half in pattern.halves)
        ):
            context.lost(
                pattern.place.at("condition", "when"),
                "a condition that keeps no item out: all fields of the key stay in the item, as "
                "attributes or for another access pattern",
                "store a half of the key in a field of its own where it is meant to",
                function_source(pattern.raw["condition"]),
            )
            raw = {option: value for option, value in pattern.raw.items() if option != "condition"}
            pattern = evolve(pattern, raw=raw)
        found[name] = pattern
    return found
