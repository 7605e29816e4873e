"""What a schema must satisfy beyond the form of its files.

Each module looks at one subject and notes all that it finds; none changes a spec.
"""

from __future__ import annotations

from collections.abc import Sequence

from leyden.schema.entities import EntityDraft, TableDraft
from leyden.schema.faults import Report
from leyden.schema.rules.attributes import check_attributes, check_derived
from leyden.schema.rules.indexes import check_indexes, check_optional
from leyden.schema.rules.keys import check_keys, check_ranges
from leyden.schema.rules.services import check_entities, check_table
from leyden.schema.rules.sharing import check_collections, check_shared_indexes

__all__ = ["check_rules"]


def check_rules(entities: Sequence[EntityDraft], table: TableDraft | None, report: Report) -> None:
    """Check all rules, within each entity, between entities, and with the table."""
    for entity in entities:
        check_attributes(entity, report)
        check_derived(entity, report)
        check_keys(entity, report)
        check_ranges(entity, report)
        check_indexes(entity, report)
        check_optional(entity, report)
    check_entities(entities, report)
    check_shared_indexes(entities, table, report)
    check_collections(entities, report)
    check_table(entities, table, report)
