"""Port access patterns to the form of a schema file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from attrs import evolve

from leyden.porting.callbacks import reads, when
from leyden.porting.context import Context, ModelError, Place, function_source
from leyden.porting.keys import Attribute, Half, Pattern
from leyden.porting.models import Identity


def spelled_out(
    identity: Identity,
    pattern: Pattern,
    attributes: Mapping[str, Attribute],
    fields: Mapping[str, str],
) -> list[tuple[str, Half]]:
    """Return a pattern's keys as templates, if nothing else builds the same text.

    That is the case in beta models, whose partition keys contain the version, and in keys with an
    empty label or with the same label twice. The list is empty if keys are built as usual.
    """
    if pattern.type == "composite":
        return []
    # In ElectroDB, an empty label counts as missing in partition keys, but as a label in sort keys.
    labels = {
        half: [(n, attributes[n].label or ("" if half == "sk" else n)) for n in key.composite]
        for half, key in pattern.halves
    }
    plain = all(
        key.template is not None or _are_distinct(dict(labels[half]).values(), key.casing)
        for half, key in pattern.halves
    )
    if plain and not identity.beta:
        return []
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
    """Return one access pattern in the form of a schema file."""
    raw, place = pattern.raw, pattern.place
    fields = {name: attribute.field for name, attribute in attributes.items()}
    spelled = spelled_out(identity, pattern, attributes, fields)
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
            "gt may return, and lte may leave out, items that equal the bound",
        )
    if pattern.scope is not None and not spelled:
        spec["scope"] = pattern.scope
    if "condition" in raw:
        spec["when"] = _when(pattern, attributes, context)
    if "project" in raw:
        context.adapt(
            place.at("project"),
            "an old name of `projection`, which ElectroDB no longer reads",
            "write `projection: keys_only` if the table's index has that",
        )
    if "projection" in raw:
        held = fields | {name: name for name in identity.fields}
        spec["projection"] = _projection(raw["projection"], place.at("projection"), held, context)
    for half, key in spelled or pattern.halves:
        spec[half] = _key(key, attributes, fields, context)
        _note_other_name(key, place.at(half), attributes, context)
    return spec


def _key(
    key: Half,
    attributes: Mapping[str, Attribute],
    fields: Mapping[str, str],
    context: Context,
) -> dict[str, Any]:
    names = context.names
    spec: dict[str, Any] = {} if key.field is None else {"field": key.field}
    # A key cast to a number is only the number, whatever its template says.
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
    lone = attributes[key.composite[0]] if len(key.composite) == 1 else None
    # For ElectroDB, an enum is never a number, even if all its values are.
    if lone and lone.kind.numeric_enum and (cast == "number" or key.is_lone(fields)):
        cast = "string"
    if cast is not None:
        spec["cast"] = cast
    return spec


def _note_other_name(
    key: Half, place: Place, attributes: Mapping[str, Attribute], context: Context
) -> None:
    """Note if ElectroDB shows an attribute with the text of the key that is stored in its field.

    It does so if the attribute's name is not that of the field.
    """
    name = key.composite[0] if len(key.composite) == 1 else None
    if name is None or name == key.field or attributes[name].field != key.field:
        return
    if any(literal for literal, _ in key.template or ()):
        context.adapt(
            place.at("template"),
            f'"{name}" is stored in the key\'s own field, "{key.field}", and ElectroDB '
            "shows it with the key's text around it, because the names differ",
            "records show the value alone here",
        )


def _when(pattern: Pattern, attributes: Mapping[str, Attribute], context: Context) -> Any:
    """Return the condition as an expression, or as a hook with the attributes that it reads."""
    place = pattern.place.at("condition", "when")
    source = function_source(pattern.raw["condition"])
    if source is None:
        raise ModelError("must be a function", place=str(place))
    kinds = {name: attribute.kind.name for name, attribute in attributes.items()}
    text = when(source, context.names, kinds)
    if text is not None:
        return text
    read = reads(source, context.names)
    remark = f"called with the attributes {'in `reads`' if read else 'of the key'} by name"
    hook = context.hook(place, source, remark, owner=pattern.place.here[-1])
    return {**hook, "reads": read} if read else hook


def _projection(
    raw: Any, place: Place, fields: Mapping[str, str], context: Context
) -> str | list[str]:
    if isinstance(raw, str) and raw.lower() in ("all", "keys_only"):
        return raw.lower()
    if not isinstance(raw, list) or not raw:
        raise ModelError("must be all, keys_only or a list of attributes", place=str(place))
    for name in raw:
        # Every index holds its own keys and those of the table.
        if name not in fields and name not in context.key_texts:
            raise ModelError(f'"{name}" is not an attribute of the model', place=str(place))
    return [fields[name] for name in raw if name in fields]
