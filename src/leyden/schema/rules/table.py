"""Rules of the description of the table."""

from __future__ import annotations

from collections.abc import Sequence

from leyden._text import did_you_mean, listed, quoted
from leyden.schema.drafts import EntityDraft, TableDraft
from leyden.schema.faults import Report
from leyden.schema.spec import AttributeSpec, Span
from leyden.types import type_of


def _counts_seconds(spec: AttributeSpec) -> bool:
    return type_of(spec).expires or type_of(spec).countable


def check_table(entities: Sequence[EntityDraft], table: TableDraft | None, report: Report) -> None:
    """Check that what the table is said to have is there."""
    if table is not None and all(entity.whole for entity in entities):
        _unused(entities, table, report)
    if table is not None and table.spec.indexes:
        _unlisted(entities, table, report)
    ttl = table.given.get("ttl") if table is not None else None
    if ttl is not None:
        _ttl(entities, ttl.value, ttl.span, report)
        return
    fields: dict[str, Span] = {}
    for entity in entities:
        for name, spec in entity.spec.attributes.items():
            if type_of(spec).expires:
                fields.setdefault(spec.field, entity.at("attributes", name))
    if len(fields) > 1:
        report.warning(
            list(fields.values())[1],
            "table.ttl_ambiguous",
            f"attributes of the type ttl are stored in {listed(fields)}, and a table has one TTL "
            "field; store all in one, or say which with `ttl` in table.yaml",
        )


def _unused(entities: Sequence[EntityDraft], table: TableDraft, report: Report) -> None:
    used = {i.index for entity in entities for i in entity.spec.indexes.values() if i.index}
    for name, described in table.spec.indexes.items():
        if name not in used:
            report.warning(
                described.span,
                "table.index_unused",
                f"no access pattern uses the index {quoted(name)}{did_you_mean(name, used)}",
            )


def _unlisted(entities: Sequence[EntityDraft], table: TableDraft, report: Report) -> None:
    used = {i.index for entity in entities for i in entity.spec.indexes.values()}
    unused = [name for name in table.spec.indexes if name not in used]
    for entity in entities:
        for name, index in entity.spec.indexes.items():
            if index.index is not None and index.index not in table.spec.indexes:
                hint = did_you_mean(index.index, unused)
                report.warning(
                    entity.at("indexes", name, "index"),
                    "table.index_unlisted",
                    f"the table's description ({table.spec.span}) lists indexes, but not "
                    f"{quoted(index.index)}{hint or '; list it there as well'}",
                )


def _ttl(entities: Sequence[EntityDraft], field: str, span: Span, report: Report) -> None:
    stored = [
        (entity, spec)
        for entity in entities
        for spec in entity.spec.attributes.values()
        if spec.field == field
    ]
    if not stored:
        if all(entity.whole for entity in entities):
            known = {
                spec.field
                for entity in entities
                for spec in entity.spec.attributes.values()
                if _counts_seconds(spec)
            }
            report.warning(
                span,
                "table.ttl_unknown",
                f"no entity has an attribute that is stored in {quoted(field)}, so none of their "
                f"items will expire{did_you_mean(field, known)}",
            )
        return
    for entity, spec in stored:
        if spec.type and not _counts_seconds(spec):
            report.error(
                entity.at("attributes", spec.name, "type"),
                "table.ttl",
                f"{quoted(spec.name)} is stored in {quoted(field)}, the table's TTL field "
                f"({span}), but is of the type {quoted(spec.type)}, which never expires; "
                "make it a ttl",
            )
