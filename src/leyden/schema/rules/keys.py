"""Rules of single keys: what can be in them, and what would be surprising in them."""

from __future__ import annotations

import re

from leyden._text import did_you_mean, listed, quoted
from leyden.schema.entities import EntityDraft, Template, parse_template
from leyden.schema.faults import Report
from leyden.schema.language import KEY_TYPES, RESERVED_FIELDS
from leyden.schema.spec import AttributeSpec, EntitySpec, IndexSpec, KeySpec
from leyden.types import TYPES, type_of


def halves(index: IndexSpec) -> list[tuple[str, KeySpec]]:
    """The partition key, and the sort key where there is one, each with its option's name."""
    return [("pk", index.pk)] + ([("sk", index.sk)] if index.sk is not None else [])


def is_bare(entity: EntitySpec, key: KeySpec) -> bool:
    """Whether the key is the attribute that is stored in its field."""
    return (
        key.template is None
        and len(key.composite) == 1
        and entity.attributes[key.composite[0]].field == key.field
    )


def template_of(entity: EntitySpec, key: KeySpec) -> Template | None:
    """The template that makes the key; an attribute in its own field is one without text."""
    if key.template is not None:
        return parse_template(key.template)
    return Template(("", ""), key.composite) if is_bare(entity, key) else None


def is_lone(entity: EntitySpec, key: KeySpec) -> bool:
    """Whether the key is one attribute's value, without prefix or label."""
    if key.template is not None:
        return parse_template(key.template).is_bare
    return is_bare(entity, key)


def is_numeric(entity: EntitySpec, key: KeySpec) -> bool:
    """Whether the key is stored as a number."""
    if key.cast is not None:
        return key.cast == "number"
    return is_lone(entity, key) and type_of(entity.attributes[key.composite[0]]).kind == "N"


def casing_of(key: KeySpec) -> str:
    """How letters are written in the key, with what `default` means spelled out."""
    return "lower" if key.casing == "default" else key.casing


def key_type(entity: EntitySpec, key: KeySpec) -> str:
    """The key field's type in DynamoDB's terms: `S` or `N`."""
    return "N" if is_numeric(entity, key) else "S"


_IN_BRACES = re.compile(r"\{\s*([^{}\0]*?)\s*\}")
_MARKED = re.compile(r"[$:<%](\w+)")


def check_keys(entity: EntityDraft, report: Report) -> None:
    """Check each key of each access pattern by itself."""
    for index in entity.spec.indexes.values():
        for half, key in halves(index):
            if not _composites(entity, index, half, key, report):
                continue
            if index.type == "composite":
                continue
            _labels(entity, index, half, key, report)
            _cast(entity, index, half, key, report)
            _fields(entity, index, half, key, report)
            _strictness(entity, index, half, key, report)
            _literals(entity, index, half, key, report)
            if half == "sk":
                _numbers(entity, index, key, report)
        if index.sk is not None:
            _both(entity, index, index.sk, report)
    _padding(entity, report)


def _composites(
    entity: EntityDraft, index: IndexSpec, half: str, key: KeySpec, report: Report
) -> bool:
    """Whether all composite attributes are of known types that can be in a key."""
    good = True
    option = _option(entity, index, half)
    for i, name in enumerate(key.composite):
        kind = entity.spec.attributes[name].type
        where = f"indexes.{index.name}.{half}"
        # The values themselves are the key of a composite index, and DynamoDB has its own kinds.
        allowed = [
            name
            for name in KEY_TYPES
            if index.type != "composite" or TYPES[name].kind in ("S", "N", "B")
        ]
        if not kind:
            good = False
        elif kind not in allowed:
            good = False
            report.error(
                entity.at("indexes", index.name, half, option, i),
                "key.composite_type",
                f"{where}: {quoted(name)} is of the type {quoted(kind)}, which cannot be part "
                f"of this key; these can: {', '.join(sorted(allowed))}",
            )
        if name in key.composite[:i]:
            # A key that DynamoDB makes of the attributes has each of them once.
            note = report.error if index.type == "composite" else report.warning
            note(
                entity.at("indexes", index.name, half, option, i),
                "key.composite_repeated",
                f"{where} names {quoted(name)} twice; once says the same",
            )
    return good


def _option(entity: EntityDraft, index: IndexSpec, half: str) -> str:
    """Which option of a key names its attributes: `composite` where that is given."""
    given = entity.given.get("indexes")
    for step in (index.name, half, "composite"):
        given = given.get(step) if given is not None else None
    return "composite" if given is not None else "template"


def _labels(entity: EntityDraft, index: IndexSpec, half: str, key: KeySpec, report: Report) -> None:
    if key.template is not None or is_lone(entity.spec, key):
        return
    folded = key.casing != "none" and entity.spec.keys != "strict"
    labels: dict[str, str] = {}
    for i, name in enumerate(key.composite):
        label = entity.spec.attributes[name].label
        first = labels.setdefault(label.lower() if folded else label, name)
        if first != name:
            report.error(
                entity.at("indexes", index.name, half, "composite", i),
                "key.label_duplicate",
                f"indexes.{index.name}.{half}: {quoted(name)} and {quoted(first)} have the same "
                f"label {quoted(label)} in the key, so it cannot be read back; "
                "give one another `label`",
            )


def _cast(entity: EntityDraft, index: IndexSpec, half: str, key: KeySpec, report: Report) -> None:
    if key.cast != "number":
        return
    where = f"indexes.{index.name}.{half}"
    problem = ""
    if len(key.composite) != 1:
        problem = f"only a key of one attribute can be a number, and this has {len(key.composite)}"
    elif key.template is not None and not parse_template(key.template).is_bare:
        problem = "the template has text around the attribute, so the key cannot be a number"
    else:
        name = key.composite[0]
        attribute = entity.spec.attributes[name]
        if not (type_of(attribute).keyable and type_of(attribute).castable):
            problem = f"{quoted(name)} is of the type {quoted(attribute.type)}, which is no number"
    if problem:
        report.error(
            entity.at("indexes", index.name, half, "cast"), "key.cast", f"{where}: {problem}"
        )


def _fields(entity: EntityDraft, index: IndexSpec, half: str, key: KeySpec, report: Report) -> None:
    where = f"indexes.{index.name}.{half}"
    place = entity.at("indexes", index.name, half, "field")
    if key.field in RESERVED_FIELDS:
        report.error(
            place,
            "key.field_reserved",
            f"{where} cannot be stored in {quoted(key.field)}: that field tells "
            f"{RESERVED_FIELDS[key.field]}",
        )
    if half == "sk" and key.field == index.pk.field:
        report.error(
            place,
            "key.fields_equal",
            f"{where} is stored in the field of the partition key, {quoted(key.field)}; "
            "give it another",
        )
    for name, spec in entity.spec.attributes.items():
        if spec.field != key.field:
            continue
        alone = key.template is not None or is_lone(entity.spec, key)
        if key.composite != (name,) or not alone:
            report.error(
                entity.at("attributes", name, "field"),
                "attribute.field_is_key",
                f"{quoted(name)} is stored in {quoted(spec.field)}, the field of {where} "
                f"({place}), which is made of {listed(key.composite) or 'its prefix'}; give the "
                "attribute another `field`, or make the key of this attribute alone, with or "
                "without a `template` around it",
            )
        elif not is_lone(entity.spec, key) and not type_of(spec).is_text:
            framed = [name for name, kind in TYPES.items() if kind.is_text]
            report.error(
                entity.at("indexes", index.name, half, "template"),
                "key.template_type",
                f"{where}: {quoted(name)}, which is stored in this key's own field, is of the "
                f"type {quoted(spec.type)}; only {listed(sorted(framed))} can be stored with "
                "text around",
            )


def _strictness(
    entity: EntityDraft, index: IndexSpec, half: str, key: KeySpec, report: Report
) -> None:
    if entity.spec.keys == "strict" and key.template is not None:
        if is_lone(entity.spec, key):
            return
        report.error(
            entity.at("indexes", index.name, half, "template"),
            "key.template_not_strict",
            f"indexes.{index.name}.{half}: the template joins values with its own text, which "
            "strict keys cannot keep apart; list the attributes in `composite` instead",
        )


def _literals(
    entity: EntityDraft, index: IndexSpec, half: str, key: KeySpec, report: Report
) -> None:
    """What looks like an attribute in the text of a template, and is none."""
    if key.template is None:
        return
    text = "\0".join(parse_template(key.template).literals)
    known = entity.spec.attributes
    meant = [name for name in _IN_BRACES.findall(text) if name]
    meant += [name for name in _MARKED.findall(text) if name in known]
    for name in dict.fromkeys(meant):
        attribute = name if name in known else ""
        hint = "" if attribute else did_you_mean(name, known)
        shared = (
            ""
            if key.composite
            else (
                ", so all items have one partition key"
                if half == "pk"
                else ", so it is one key for all"
            )
        )
        report.warning(
            entity.at("indexes", index.name, half, "template"),
            "key.template_literal",
            f"indexes.{index.name}.{half}: {quoted(name)} in the template {quoted(key.template)} "
            f"is text as it stands, the same for every item{shared}; an attribute is written "
            f"${{{attribute or 'NAME'}}}{hint}",
        )


def _numbers(entity: EntityDraft, index: IndexSpec, key: KeySpec, report: Report) -> None:
    if entity.spec.keys == "strict" or is_numeric(entity.spec, key):
        return
    option = _option(entity, index, "sk")
    for i, name in enumerate(key.composite):
        spec = entity.spec.attributes[name]
        if (
            type_of(spec).is_number
            and spec.padding is None
            and not type_of(spec).has_one_width(spec)
        ):
            report.warning(
                entity.at("indexes", index.name, "sk", option, i),
                "key.number_unpadded",
                f"indexes.{index.name}.sk: the number {quoted(name)} sorts as text here (10 "
                "before 9); give it `padding`, or the entity `keys: strict`",
            )


def _both(entity: EntityDraft, index: IndexSpec, sk: KeySpec, report: Report) -> None:
    shared = [name for name in sk.composite if name in index.pk.composite]
    if shared and len(sk.composite) > 1:
        option = _option(entity, index, "sk")
        report.warning(
            entity.at("indexes", index.name, "sk", option, sk.composite.index(shared[0])),
            "key.composite_in_both",
            f"indexes.{index.name}: {listed(shared)} is in both keys; ElectroDB takes that only "
            "where the sort key has nothing else, so it cannot read this schema",
        )


def _padding(entity: EntityDraft, report: Report) -> None:
    if entity.spec.keys == "strict":
        return
    # Only a number that is text in some key is padded there.
    names = {
        name
        for index in entity.spec.indexes.values()
        if index.type != "composite"
        for _, key in halves(index)
        if not any(not entity.spec.attributes[n].type for n in key.composite)
        and not is_numeric(entity.spec, key)
        for name in key.composite
    }
    for name, spec in entity.spec.attributes.items():
        if spec.padding is None or not type_of(spec).is_number or name not in names:
            continue
        if spec.min is None or spec.min < 0:
            report.warning(
                entity.at("attributes", name, "padding"),
                "key.padding_negative",
                f"{quoted(name)} is padded in keys, where a negative number (00-5) sorts among "
                "the others; give it a `min` of 0 or more, or the entity `keys: strict`",
            )


def check_ranges(entity: EntityDraft, report: Report) -> None:
    """Note the numbers of sort keys over which a range reads more than it finds.

    Numbers that sort wrongly are noted elsewhere: those without padding, and negative ones.
    """
    attributes = entity.spec.attributes
    if entity.spec.keys == "strict":
        return
    for index in entity.spec.indexes.values():
        key = index.sk
        if key is None or index.type == "composite":
            continue
        if any(not attributes[name].type for name in key.composite) or is_numeric(entity.spec, key):
            continue
        for name in key.composite:
            spec = attributes[name]
            if type_of(spec).kind != "N" or type_of(spec).has_one_width(spec):
                continue
            remedy = _remedy(spec)
            if remedy:
                report.warning(
                    entity.at("attributes", name),
                    "key.range_unbounded",
                    f"a range over {quoted(name)} in indexes.{index.name}.sk reads all that is in "
                    f"front of it, and filters: {remedy}",
                )


def _remedy(spec: AttributeSpec) -> str:
    """What lets the key bound a range; empty where another warning says so."""
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
