"""Documents into drafts of entities and of the table."""

from __future__ import annotations

from collections.abc import Mapping

from leyden import _attrs as attrs
from leyden._text import quoted
from leyden.schema.attributes import build_attributes, refuse_shared_fields
from leyden.schema.drafts import EntityDraft, TableDraft
from leyden.schema.expressions import ExpressionError, parse_expression
from leyden.schema.faults import Report
from leyden.schema.indexes import build_index
from leyden.schema.language import ALIAS, ENTITY, TABLE
from leyden.schema.nodes import Mapping as MappingNode
from leyden.schema.nodes import Node
from leyden.schema.spec import (
    ENTITY_FIELD,
    VERSION_FIELD,
    AttributeSpec,
    EntitySpec,
    IndexSpec,
    JMESPath,
    Span,
    TableIndexSpec,
    TableSpec,
)
from leyden.schema.structure import Given, check, refuse_name


def build_entity(
    node: Node, report: Report, listed_as: tuple[str, Span] | None = None
) -> EntityDraft | None:
    """An entity from its document; None where that is no mapping.

    `listed_as` is the alias under which a dict lists the entity, with its place.
    """
    given = check(ENTITY, node, "the entity", report)
    if given is None:
        return None
    attributes = _attributes(given, report)
    indexes, whole = _indexes(given, frozenset(attributes), report)
    spec = EntitySpec(
        entity=given.plain("entity", ""),
        alias=_alias(given, report, listed_as),
        version=given.plain("version", ""),
        service=given.plain("service", ""),
        attributes=attributes,
        indexes=indexes,
        unique=tuple(tuple(names) for names in given.plain("unique", [])),
        version_attribute=given.plain("version_attribute"),
        keys=given.plain("keys", "electrodb"),
        identifiers=_identifiers(given.get("identifiers")),
        description=given.plain("description"),
        span=given.at("entity") if given.get("entity") else given.span,
    )
    return EntityDraft(spec, given, whole and all(a.type for a in attributes.values()))


def _identifiers(given: Given | None) -> tuple[str, str]:
    if given is None:
        return ENTITY_FIELD, VERSION_FIELD
    return given.plain("entity", ENTITY_FIELD), given.plain("version", VERSION_FIELD)


def _alias(given: Given, report: Report, listed_as: tuple[str, Span] | None) -> str:
    alias: str | None = given.plain("alias")
    if listed_as is not None:
        name, span = listed_as
        if alias is not None and alias != name:
            report.error(
                given.at("alias"),
                "service.alias_conflict",
                f"the entity is listed as {quoted(name)}, but its alias is {quoted(alias)}",
            )
            return alias
        if alias is None:
            refuse_name(ALIAS, name, span, "the name under which an entity is listed", report)
            return name
    if alias is None and "alias" not in given.value:
        alias = given.plain("entity", "")
        assert alias is not None
        if alias:
            where = "the entity's name in Python"
            refuse_name(ALIAS, alias, given.at("entity"), where, report)
    return alias or ""


def _attributes(given: Given, report: Report) -> dict[str, AttributeSpec]:
    found = given.get("attributes")
    if found is None:
        return {}
    attributes = build_attributes(found, report)
    refuse_shared_fields(attributes, found, "attributes", report)
    return {name: _watching(spec, attributes) for name, spec in attributes.items()}


def _watching(spec: AttributeSpec, attributes: Mapping[str, AttributeSpec]) -> AttributeSpec:
    """The attribute with `watch` filled in: what its expression reads, in the schema's order."""
    if spec.watch or not isinstance(spec.derive, JMESPath):
        return spec
    try:
        roots = parse_expression(spec.derive.text).roots
    except ExpressionError:
        return spec
    names = ("*",) if roots is None else tuple(name for name in attributes if name in roots)
    return attrs.evolve(spec, watch=names)


def _indexes(
    given: Given, attributes: frozenset[str], report: Report
) -> tuple[dict[str, IndexSpec], bool]:
    found = given.get("indexes")
    if found is None or given.get("attributes") is None:
        return {}, False
    indexes: dict[str, IndexSpec] = {}
    for name, inner in found.value.items():
        index = None if inner is None else build_index(name, inner, attributes, report)
        if index is not None:
            indexes[name] = index
    return indexes, len(indexes) == len(found.value)


def build_table(node: Node, report: Report) -> TableDraft | None:
    """The description of the table from its document; None where that is no mapping."""
    if isinstance(node, MappingNode) and node.entries.keys() & {"entity", "attributes"}:
        report.error(
            node.span,
            "table.is_entity",
            "this describes the table, but it has the options of an entity; "
            "move the entity to a file of its own",
        )
        return None
    given = check(TABLE, node, "the table description", report)
    if given is None:
        return None
    indexes: dict[str, TableIndexSpec] = {}
    described = given.get("indexes")
    for name, inner in described.value.items() if described is not None else ():
        if inner is None:
            continue
        projection = inner.plain("projection", "all")
        indexes[name] = TableIndexSpec(
            name=name,
            kind=inner.plain("kind", "gsi"),
            projection=tuple(projection) if isinstance(projection, list) else projection,
            span=inner.key or inner.span,
        )
    spec = TableSpec(
        table=given.plain("table"), indexes=indexes, ttl=given.plain("ttl"), span=given.span
    )
    return TableDraft(spec, given)
