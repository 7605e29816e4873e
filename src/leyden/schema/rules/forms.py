"""What the form of a key is, as far as rules need to know."""

from __future__ import annotations

from leyden.schema.spec import EntitySpec, IndexSpec, KeySpec
from leyden.schema.templates import Template, parse_template
from leyden.types import type_of


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
