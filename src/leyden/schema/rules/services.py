"""Rules of the names of entities within their service."""

from __future__ import annotations

from collections.abc import Sequence

from leyden._text import quoted
from leyden.schema.drafts import EntityDraft
from leyden.schema.faults import Report


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
