"""Keys that the schema language does not build by itself, spelled out as templates."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import evolve

from leyden.porting.identity import Identity
from leyden.porting.keys import Half
from leyden.porting.patterns import Attribute, Pattern

__all__ = ["spelled_out"]


def spelled_out(
    identity: Identity, pattern: Pattern, attributes: Mapping[str, Attribute]
) -> list[tuple[str, Half]]:
    """The keys of a pattern as templates, where nothing else gives the same text.

    That is so in beta models, whose version stands in the partition key, and where a label
    is empty or stands twice in a key. Empty where the keys are built as always.
    """
    if pattern.type == "composite":
        return []
    labels = {
        half: [(name, _label(half, name, attributes)) for name in key.composite]
        for half, key in pattern.halves
    }
    plain = all(
        key.template is not None or _are_distinct(dict(labels[half]).values(), key.casing)
        for half, key in pattern.halves
    )
    if plain and not identity.beta:
        return []
    fields = {name: attribute.field for name, attribute in attributes.items()}
    entity = ("#" if pattern.collection else "$") + identity.entity
    if not identity.beta:
        entity += f"_{identity.version}"
    collection = "".join(("#" if i else "$") + name for i, name in enumerate(pattern.collection))
    clustered = pattern.type == "clustered"
    partition = f"${identity.service}" + (f"_{identity.version}" if identity.beta else "")
    if pattern.sk is None:
        partition += entity
    if pattern.scope is not None:
        partition += f"_{pattern.scope}"
    found = [("pk", _spelled(pattern.pk, partition, "", labels["pk"], fields))]
    if pattern.sk is not None:
        start, end = (collection, entity) if clustered else (collection + entity, "")
        found.append(("sk", _spelled(pattern.sk, start, end, labels["sk"], fields)))
    return found


def _label(half: str, name: str, attributes: Mapping[str, Attribute]) -> str:
    # ElectroDB takes an empty label for none in partition keys, and for a label in sort keys.
    return attributes[name].label or ("" if half == "sk" else name)


def _are_distinct(labels: Collection[str], casing: str) -> bool:
    folded = {label if casing == "none" else label.lower() for label in labels}
    return len(folded) == len(labels) and "" not in folded


def _spelled(
    half: Half, start: str, end: str, labels: list[tuple[str, str]], fields: Mapping[str, str]
) -> Half:
    if half.template is not None or half.is_lone(fields) or half.cast == "number":
        return half
    parts = []
    for i, (name, label) in enumerate(labels):
        parts.append(((start if i == 0 else "") + f"#{label}_", name))
    closing = end if parts else start + end
    if closing:
        parts.append((closing, ""))
    return evolve(half, template=tuple(parts))
