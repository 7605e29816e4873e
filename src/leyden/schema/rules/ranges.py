"""Ranges over sort keys: where the key cannot bound what a range reads."""

from __future__ import annotations

from leyden._text import quoted
from leyden.schema.drafts import EntityDraft
from leyden.schema.faults import Report
from leyden.schema.rules.forms import is_numeric
from leyden.schema.spec import AttributeSpec
from leyden.schema.widths import has_one_width
from leyden.types import type_of


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
            if type_of(spec).kind != "N" or has_one_width(spec):
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
