"""Access patterns in the words of a schema file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from attrs import evolve

from leyden.porting.callbacks import reads, when
from leyden.porting.context import Context, Place, function_source
from leyden.porting.keys import Attribute, Half, Pattern
from leyden.porting.models import Identity
from leyden.porting.ported import ModelError

__all__ = ["port_index"]


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


def port_index(
    pattern: Pattern,
    attributes: Mapping[str, Attribute],
    identity: Identity,
    context: Context,
) -> dict[str, Any]:
    """One access pattern in the words of a schema file."""
    raw, place = pattern.raw, pattern.place
    spelled = spelled_out(identity, pattern, attributes)
    spec: dict[str, Any] = {}
    if pattern.index is not None:
        spec["index"] = pattern.index
    if pattern.collection:
        if spelled:
            context.lost(
                place.at("collection"),
                "a collection whose keys are written without the entity's version",
                "its items stay as they are, but cannot be read as a collection",
            )
        else:
            single = len(pattern.collection) == 1 and isinstance(raw["collection"], str)
            spec["collection"] = pattern.collection[0] if single else list(pattern.collection)
    if "type" in raw:
        spec["type"] = pattern.type
    if spelled and pattern.type == "clustered":
        context.adapt(
            place.at("type"),
            "clustered keys that are written out: a range whose bound has every attribute of the "
            "sort key ends in the entity's name there, and in the last value here",
            "gt may give, and lte may leave out, what equals its bound",
        )
    if pattern.scope is not None and not spelled:
        spec["scope"] = pattern.scope
    _condition(pattern, attributes, spec, context)
    _projection(pattern, attributes, identity.fields, spec, context)
    for half, key in spelled or pattern.halves:
        spec[half] = _key(key, attributes, context)
        _prefixed(key, place.at(half), attributes, context)
    return spec


def _key(key: Half, attributes: Mapping[str, Attribute], context: Context) -> dict[str, Any]:
    names = context.names
    spec: dict[str, Any] = {} if key.field is None else {"field": key.field}
    # A key that is cast to a number is the number alone, whatever its template says.
    template = None if key.cast == "number" and len(key.composite) == 1 else key.template
    if key.listed or template is None:
        spec["composite"] = [names[name] for name in key.composite]
    if template is not None:
        spec["template"] = "".join(
            literal + (f"${{{names[name]}}}" if name else "") for literal, name in template
        )
    if key.casing != "default":
        spec["casing"] = key.casing
    cast = key.cast
    if len(key.composite) == 1 and attributes[key.composite[0]].kind.numeric_enum:
        fields = {name: attribute.field for name, attribute in attributes.items()}
        # An enum is never a number to ElectroDB, even where all its values are.
        if key.is_lone(fields) or cast == "number":
            cast = "string"
    if cast is not None:
        spec["cast"] = cast
    return spec


def _prefixed(
    key: Half, place: Place, attributes: Mapping[str, Attribute], context: Context
) -> None:
    if key.template is None or len(key.composite) != 1:
        return
    attribute = attributes[key.composite[0]]
    if key.field == key.composite[0]:
        return
    if attribute.field == key.field and any(literal for literal, _ in key.template):
        context.adapt(
            place.at("template"),
            f'"{key.composite[0]}" is stored in the key\'s own field, "{key.field}", and ElectroDB '
            "shows it with the key's text around it, since it goes by another name",
            "the value alone is read here",
        )


def _condition(
    pattern: Pattern,
    attributes: Mapping[str, Attribute],
    spec: dict[str, Any],
    context: Context,
) -> None:
    raw = pattern.raw.get("condition")
    if raw is None:
        return
    place = pattern.place.at("condition", "when")
    source = function_source(raw)
    if source is None:
        raise ModelError("must be a function", place=str(place))
    kinds = {name: attribute.kind.name for name, attribute in attributes.items()}
    text = when(source, context.names, kinds)
    if text is None:
        read = reads(source, context.names)
        remark = f"called with the attributes {'in `reads`' if read else 'of the key'} by name"
        spec["when"] = context.hook(place, source, remark, owner=pattern.place.here[-1])
        if read:
            spec["when"]["reads"] = read
        return
    spec["when"] = text


def _projection(
    pattern: Pattern,
    attributes: Mapping[str, Attribute],
    identifiers: tuple[str, str],
    spec: dict[str, Any],
    context: Context,
) -> None:
    if "project" in pattern.raw:
        context.adapt(
            pattern.place.at("project"),
            "an old name of `projection`, which ElectroDB no longer reads",
            "give `projection: keys_only` where the table's index is so",
        )
    raw = pattern.raw.get("projection")
    if raw is None:
        return
    place = pattern.place.at("projection")
    if isinstance(raw, str) and raw.lower() in ("all", "keys_only"):
        spec["projection"] = raw.lower()
        return
    if not isinstance(raw, list) or not raw:
        raise ModelError("must be all, keys_only or a list of attributes", place=str(place))
    fields = {name: attribute.field for name, attribute in attributes.items()}
    fields |= {name: name for name in identifiers}
    for name in raw:
        # Every index holds the text of its own keys and of the table's.
        if name not in fields and name not in context.key_texts:
            raise ModelError(f'"{name}" is no attribute', place=str(place))
    spec["projection"] = [fields[name] for name in raw if name in fields]
