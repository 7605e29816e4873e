"""Rules of single keys: what can be part of them, and what in them would surprise users."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from leyden._text import did_you_mean, listed, quoted
from leyden.schema.entities import EntityDraft, KeyDraft
from leyden.schema.language import KEY_TYPES, RESERVED_FIELDS
from leyden.schema.spec import AttributeSpec, parse_template
from leyden.types import TYPES, type_of

_IN_BRACES = re.compile(r"\{\s*([^{}\0]*?)\s*\}")
_MARKED = re.compile(r"[$:<%](\w+)")


def _keys_of(entity: EntityDraft, types: Container[str] = KEY_TYPES) -> Iterator[KeyDraft]:
    """Yield the keys that have fields of their own and consist of attributes of these types."""
    for pattern in entity.patterns:
        for key in pattern.halves if pattern.index.type != "composite" else ():
            if all(attribute.type in types for attribute in key.attributes):
                yield key


def check_composites(entity: EntityDraft) -> None:
    """Check that keys consist of attributes that can be part of one, each of them once."""
    for pattern in entity.patterns:
        # A composite index uses the values themselves as its key, in DynamoDB's own types.
        multi = pattern.index.type == "composite"
        allowed = [n for n in KEY_TYPES if not multi or TYPES[n].kind in ("S", "N", "B")]
        for key in pattern.halves:
            for i, spec in enumerate(key.attributes):
                if spec.type and spec.type not in allowed:
                    key.at(key.listing, i).error(
                        "key.composite_type",
                        f"{key.where}: {quoted(spec.name)} is of the type {quoted(spec.type)}, "
                        "which cannot be part of this key; these can: "
                        f"{', '.join(sorted(allowed))}",
                    )
                if spec.name in key.spec.composite[:i]:
                    # DynamoDB refuses a multi-attribute key that has an attribute twice.
                    here = key.at(key.listing, i)
                    note = here.error if multi else here.warning
                    message = f"{key.where} names {quoted(spec.name)} twice; once is enough"
                    note("key.composite_repeated", message)
            shared = [name for name in key.spec.composite if name in pattern.index.pk.composite]
            if key.half == "sk" and shared and len(key.spec.composite) > 1:
                key.at(key.listing, key.spec.composite.index(shared[0])).warning(
                    "key.composite_in_both",
                    f"{pattern.where}: {listed(shared)} is in both keys; ElectroDB allows that "
                    "only if the sort key has nothing else, so it cannot use this schema",
                )


def check_labels(entity: EntityDraft) -> None:
    """Check that labels keep the values of a key apart."""
    for key in _keys_of(entity):
        labels: dict[str, str] = {}
        for i, spec in enumerate(key.attributes) if key.template is None else ():
            folded = key.casing != "none" and entity.spec.keys != "strict"
            first = labels.setdefault(spec.label.lower() if folded else spec.label, spec.name)
            if first != spec.name:
                key.at("composite", i).error(
                    "key.label_duplicate",
                    f"{key.where}: {quoted(spec.name)} and {quoted(first)} have the same label "
                    f"{quoted(spec.label)} in the key, so it cannot be read back; give one of them "
                    "another `label`",
                )


def check_casts(entity: EntityDraft) -> None:
    """Check that a key which is to be stored as a number can be one."""
    for key in _keys_of(entity):
        if key.spec.cast != "number":
            continue
        count, template = len(key.spec.composite), key.spec.template
        problem = ""
        if count != 1:
            problem = f"only a key of one attribute can be a number, and this has {count}"
        elif template is not None and not parse_template(template).is_bare:
            problem = "the template has text around the attribute, so the key cannot be a number"
        elif not type_of(key.attributes[0]).castable:
            (spec,) = key.attributes
            problem = f"{quoted(spec.name)} is of the type {quoted(spec.type)}, which is no number"
        if problem:
            key.at("cast").error("key.cast", f"{key.where}: {problem}")


def check_key_fields(entity: EntityDraft) -> None:
    """Check that the fields of keys hold nothing else."""
    for key in _keys_of(entity):
        field = key.spec.field
        if field in RESERVED_FIELDS:
            key.at("field").error(
                "key.field_reserved",
                f"{key.where} cannot be stored in {quoted(field)}: that field says "
                f"{RESERVED_FIELDS[field]}",
            )
        if key.half == "sk" and field == key.pattern.index.pk.field:
            key.at("field").error(
                "key.fields_equal",
                f"{key.where} is stored in the field of the partition key, {quoted(field)}; "
                "give it another",
            )
        for name, spec in entity.spec.attributes.items():
            if spec.field != field:
                continue
            if key.spec.composite != (name,) or key.template is None:
                entity.at("attributes", name, "field").error(
                    "attribute.field_is_key",
                    f"{quoted(name)} is stored in {quoted(field)}, the field of {key.where} "
                    f"({key.at('field').place}), which is built from "
                    f"{listed(key.spec.composite) or 'its prefix'}; give the attribute another "
                    "`field`, or let the key consist of this attribute alone, with or without a "
                    "`template` around it",
                )
            elif not key.is_lone and not type_of(spec).is_text:
                framed = [name for name, kind in TYPES.items() if kind.is_text]
                key.at("template").error(
                    "key.template_type",
                    f"{key.where}: {quoted(name)}, which is stored in this key's own field, is of "
                    f"the type {quoted(spec.type)}; only {listed(sorted(framed))} can be stored "
                    "with text around",
                )


def check_templates(entity: EntityDraft) -> None:
    """Warn about text in templates that looks as if it was meant as an attribute."""
    known = entity.spec.attributes
    for key in _keys_of(entity):
        if key.spec.template is None:
            continue
        if entity.spec.keys == "strict" and not key.is_lone:
            key.at("template").error(
                "key.template_not_strict",
                f"{key.where}: the template joins values with its own text, which strict keys "
                "cannot keep apart; list the attributes in `composite` instead",
            )
        text = "\0".join(parse_template(key.spec.template).literals)
        meant = [name for name in _IN_BRACES.findall(text) if name]
        meant += [name for name in _MARKED.findall(text) if name in known]
        same = ""
        if not key.spec.composite:
            what = (
                "all items have one partition key" if key.half == "pk" else "it is one key for all"
            )
            same = f", so {what}"
        for name in dict.fromkeys(meant):
            written = f"${{{name}}}" if name in known else f"${{NAME}}{did_you_mean(name, known)}"
            key.at("template").warning(
                "key.template_literal",
                f"{key.where}: {quoted(name)} in the template {quoted(key.spec.template)} is plain "
                f"text, the same for every item{same}; write an attribute as {written}",
            )


def check_padding(entity: EntityDraft) -> None:
    """Warn about padded numbers that may be negative, because these do not sort as numbers."""
    if entity.spec.keys == "strict":
        return
    in_texts = {
        name for key in _keys_of(entity, TYPES) if not key.is_numeric for name in key.spec.composite
    }
    for name, spec in entity.spec.attributes.items():
        is_padded = spec.padding is not None and type_of(spec).is_number and name in in_texts
        if is_padded and (spec.min is None or spec.min < 0):
            entity.at("attributes", name, "padding").warning(
                "key.padding_negative",
                f"{quoted(name)} is padded in keys, where a negative number (00-5) sorts among "
                "the others; give it a `min` of 0 or more, or the entity `keys: strict`",
            )


def check_numbers(entity: EntityDraft) -> None:
    """Warn about numbers that sort as text, or over which a range reads more than it finds."""
    for key in _keys_of(entity, TYPES):
        if key.half == "pk" or key.is_numeric or entity.spec.keys == "strict":
            continue
        sound = all(attribute.type in KEY_TYPES for attribute in key.attributes)
        for i, spec in enumerate(key.attributes):
            kind = type_of(spec)
            if kind.kind != "N" or kind.has_one_width(spec):
                continue
            if sound and kind.is_number and spec.padding is None:
                key.at(key.listing, i).warning(
                    "key.number_unpadded",
                    f"{key.where}: the number {quoted(spec.name)} sorts as text here (10 "
                    "before 9); give it `padding`, or the entity `keys: strict`",
                )
            remedy = _remedy(spec)
            if remedy:
                entity.at("attributes", spec.name).warning(
                    "key.range_unbounded",
                    f"a range over {quoted(spec.name)} in {key.where} reads all items "
                    f"before it and filters them out: {remedy}",
                )


def _remedy(spec: AttributeSpec) -> str:
    """Return what would let the key bound a range; empty if another warning says so."""
    if type_of(spec).expires:
        return "seconds sort as text there; use a timestamp, or the entity `keys: strict`"
    if spec.padding is None or spec.min is None or spec.min < 0:
        return ""
    if not type_of(spec).is_integer:
        return (
            f"a {spec.type} may have fractions, which sort as text; make it an integer with a "
            "`max`, or the entity `keys: strict`"
        )
    if len(spec.padding.char) != 1 or spec.padding.char > "0":
        return 'pad it with "0", or make the entity `keys: strict`'
    return f"give it a `max` of at most {spec.padding.length} digits"
