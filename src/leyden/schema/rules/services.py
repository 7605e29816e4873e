"""Rules of all entities together: their names, their table, the functions that they call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from leyden._text import did_you_mean, listed, quoted
from leyden.schema.attributes import calls_of
from leyden.schema.entities import EntityDraft, TableDraft
from leyden.schema.faults import Report
from leyden.schema.spec import AttributeSpec, EntitySpec, Judge, Span
from leyden.types import type_of


def check_entities(entities: Sequence[EntityDraft], report: Report) -> None:
    """Check that entities share one service and can be told apart."""
    first = next((entity for entity in entities if entity.spec.service), None)
    aliases: dict[str, EntityDraft] = {}
    names: dict[tuple[str, str], EntityDraft] = {}
    for entity in entities:
        spec = entity.spec
        if first is not None and spec.service and spec.service != first.spec.service:
            report.error(
                entity.at("service"),
                "service.mismatch",
                f"this entity belongs to the service {quoted(spec.service)}, and the one in "
                f"{first.at('service')} to {quoted(first.spec.service)}; "
                "entities that are loaded together belong to one service",
            )
        if spec.alias:
            other = aliases.setdefault(spec.alias, entity)
            if other is not entity:
                report.error(
                    entity.at("alias") if entity.given.get("alias") else spec.span,
                    "service.alias_duplicate",
                    f"the alias {quoted(spec.alias)} is taken by the entity in "
                    f"{other.spec.span}; give another with `alias:`",
                )
        if spec.entity and spec.version:
            _told_apart(entity, names, report)


def _told_apart(
    entity: EntityDraft, names: dict[tuple[str, str], EntityDraft], report: Report
) -> None:
    spec = entity.spec
    other = names.setdefault((spec.entity.lower(), spec.version), entity)
    if other is entity:
        return
    if other.spec.entity == spec.entity:
        report.error(
            entity.at("entity"),
            "service.entity_duplicate",
            f"there is an entity {quoted(spec.entity)} of version {quoted(spec.version)} in "
            f"{other.spec.span} already; change the name or the version",
        )
    else:
        report.warning(
            entity.at("entity"),
            "service.entity_case",
            f"{quoted(spec.entity)} differs only in case from the entity in {other.spec.span}; "
            "keys are lower-cased, so their items can meet under one key",
        )


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


def check_hooks(
    entities: Sequence[EntityDraft], hooks: Mapping[str, Callable[..., Any]], report: Report
) -> None:
    """Check that each `{call: NAME}` names a function in `hooks`."""
    for entity in entities:
        for path, call in _calls(entity.spec):
            if call not in hooks:
                report.error(
                    entity.at(*path),
                    "hook.missing",
                    f"{'.'.join(path[:-1])} calls {quoted(call)}, which was not handed "
                    f"in with `hooks=`{did_you_mean(call, hooks)}",
                )
            elif not callable(hooks[call]):
                report.error(
                    entity.at(*path),
                    "hook.not_callable",
                    f"the hook {quoted(call)} is not a function, but "
                    f"a {type(hooks[call]).__name__}",
                )


def _calls(spec: EntitySpec) -> Iterator[tuple[tuple[str, ...], str]]:
    """The names of all functions that an entity calls, each with its path."""
    for name, attribute in spec.attributes.items():
        for path, call in calls_of(attribute, "attributes", name):
            yield path, call.name
    for name, index in spec.indexes.items():
        if isinstance(index.when, Judge):
            yield ("indexes", name, "when", "call"), index.when.name
