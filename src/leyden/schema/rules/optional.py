"""Rules of attributes that an item may lack, and that an index's keys are made of."""

from __future__ import annotations

from leyden._text import listed
from leyden.schema.drafts import EntityDraft
from leyden.schema.expressions import ExpressionError, parse_expression
from leyden.schema.faults import Report
from leyden.schema.rules.forms import halves
from leyden.schema.spec import AttributeSpec, IndexSpec, Judge


def check_optional(entity: EntityDraft, report: Report) -> None:
    """Note what an item may lack of an index of which it always has the rest."""
    primary = {
        name
        for index in entity.spec.indexes.values()
        if index.index is None
        for name in index.composites
    }
    there = {
        name
        for name, spec in entity.spec.attributes.items()
        if name in primary or _always_there(entity, spec)
    }
    for index in entity.spec.indexes.values():
        if index.index is None or index.type == "composite":
            continue
        lacking = [name for name in dict.fromkeys(index.composites) if name not in there]
        if lacking and any(name in there for name in index.composites):
            _note(entity, index, set(lacking) - _asked_for(index), there, report)


def _always_there(entity: EntityDraft, spec: AttributeSpec) -> bool:
    return (
        spec.required
        or spec.default is not None
        or spec.on_write is not None
        or spec.name == entity.spec.version_attribute
        or (len(spec.values) == 1)
    )


def _asked_for(index: IndexSpec) -> frozenset[str]:
    """What the condition of a sparse index reads: it decides on items without these."""
    if index.when is None:
        return frozenset()
    if isinstance(index.when, Judge):
        return frozenset(index.when.reads)
    try:
        roots = parse_expression(index.when.text).roots
    except ExpressionError:
        roots = None
    return frozenset(index.composites) if roots is None else roots


def _left_out(entity: EntityDraft, index: IndexSpec) -> bool:
    """Whether an item that lacks an attribute of the partition key is not in the index."""
    return index.absent == "out" if index.absent else entity.spec.keys == "strict"


def _note(
    entity: EntityDraft, index: IndexSpec, lacking: set[str], there: set[str], report: Report
) -> None:
    for half, key in halves(index):
        names = [name for name in dict.fromkeys(key.composite) if name in lacking]
        if not names or (half == "pk" and _left_out(entity, index)):
            continue
        option = "composite" if key.template is None else "template"
        which = listed(names, "or")
        if any(name in there for name in key.composite):
            means = (
                "is refused, as half of a key cannot be written; make it required, give it a "
                "default, or say which items are in the index with `when`"
                + (" or `absent: out`" if half == "pk" else "")
            )
        elif half == "pk":
            means = (
                "is in the index under one partition key with all others like it; say "
                "`absent: out` to leave such items out of the index"
            )
        else:
            means = (
                "is in the index in front of those that have it, and no range or value finds it; "
                "say with `when` which items are in the index where that is not meant"
            )
        report.warning(
            entity.at("indexes", index.name, half, option),
            "index.optional_composite",
            f"indexes.{index.name}.{half}: an item without {which} {means}",
        )
