"""The rules that a schema must satisfy beyond the form of its files.

Each rule reports all that it finds about one subject, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from leyden.schema.entities import EntityDraft, TableDraft
from leyden.schema.rules import (
    attributes,
    encryption,
    indexes,
    keys,
    making,
    searches,
    services,
    settings,
)
from leyden.schema.rules.collections import check_collections

__all__ = ["check_rules"]

_OF_ENTITIES: Final[tuple[Callable[[EntityDraft], None], ...]] = (
    attributes.check_attributes,
    attributes.check_expiry,
    attributes.check_identifiers,
    attributes.check_unique,
    attributes.check_version_attribute,
    attributes.check_expressions,
    attributes.check_derived,
    attributes.check_watched,
    attributes.check_unwatched,
    encryption.check_encryption,
    making.check_forms,
    making.check_made,
    keys.check_composites,
    keys.check_labels,
    keys.check_casts,
    keys.check_key_fields,
    keys.check_templates,
    keys.check_padding,
    keys.check_numbers,
    indexes.check_primary,
    indexes.check_index_names,
    indexes.check_multi_attribute,
    indexes.check_sparse,
    indexes.check_memberships,
    indexes.check_shared_fields,
    indexes.check_optional,
    searches.check_searches,
)


def check_rules(entities: Sequence[EntityDraft], table: TableDraft | None) -> None:
    """Check all rules: within each entity, between entities, and against the table."""
    for entity in entities:
        for check in _OF_ENTITIES:
            check(entity)
    services.check_entities(entities)
    services.check_shared_indexes(entities)
    services.check_projections(entities, table)
    searches.check_vector_indexes(entities, table)
    check_collections(entities)
    if table is not None:
        services.check_table_indexes(entities, table)
        services.check_listed(entities, table)
        settings.check_settings(entities, table)
    services.check_ttl(entities, table)
