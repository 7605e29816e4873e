"""The question that each access pattern answers, and where partitions may get hot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from leyden.schema import AttributeSpec, Bucket, EntitySpec, IndexSpec, SearchSpec
from leyden.types import type_of

_FEW: Final = 100
"""Up to how many values a partition key has few of them."""


def question_of(spec: EntitySpec, index: IndexSpec) -> str:
    """Return the question that an access pattern answers, or its description in the schema.

    >>> question_of(order, order.indexes["by_status"])              # doctest: +SKIP
    'Which orders have this status, sorted by placed_at?'
    """
    if index.description:
        return index.description
    constant = spec.constants
    pk = [name for name in index.pk.composite if name not in constant]
    sk = [name for name in (index.sk.composite if index.sk else ()) if name not in constant]
    where = f" Only where {index.when.text}." if index.when is not None else ""
    if index.index is None and not sk:
        return f"Which {words_of(spec.alias)} has this {_listed(pk)}?" if pk else _the_only(spec)
    many = f"Which {plural_of(spec.alias)} {_with(pk)}{_sorted_by(sk)}?{where}"
    if index.index is None:
        return f"Which {words_of(spec.alias)} has this {_listed([*pk, *sk])}? {many}"
    return many


def question_of_collection(members: Sequence[EntitySpec], index: IndexSpec) -> str:
    """Return the question that a collection answers."""
    constant = members[0].constants
    pk = [name for name in index.pk.composite if name not in constant]
    return f"Which {_listed([plural_of(spec.alias) for spec in members])} {_with(pk)}?"


def question_of_search(spec: EntitySpec, search: SearchSpec) -> str:
    """Return the question that an access pattern by meaning answers, or its description."""
    if search.description:
        return search.description
    parted = f" with this {search.partition}" if search.partition is not None else ""
    return f"Which {plural_of(spec.alias)}{parted} are nearest in meaning to a vector?"


def heat_of(spec: EntitySpec, composites: Iterable[str]) -> str | None:
    """Return why a partition key puts many items or writes into one partition; None if it does not.

    Enums and booleans have few values. A time bucket has many, but only one at a time.
    """
    named: list[str] = []
    counts: list[int] = []
    bucket: AttributeSpec | None = None
    for name in composites:
        attribute = spec.attributes[name]
        choices = type_of(attribute).choices(attribute)
        if choices is not None:
            named.append(name)
            counts.append(len(choices))
        elif isinstance(attribute.derive, Bucket):
            bucket = attribute
        else:
            return None
    several = [name for name, count in zip(named, counts, strict=True) if count > 1]
    if bucket is not None and isinstance(bucket.derive, Bucket):
        with_same = f" with the same {_listed(several)}" if several else ""
        period = bucket.derive.period
        return f"All writes of one {period}{with_same} go to one partition."
    total = math.prod(counts)
    if total > _FEW:
        return None
    if total == 1:
        return f"All {plural_of(spec.alias)} are in one partition."
    values = f"{_listed(several)} {'has' if len(several) == 1 else 'have'} {total} values"
    return f"{values}, so all {plural_of(spec.alias)} are in {total} partitions."


# ---- words


def words_of(alias: str) -> str:
    """Return an alias as words: `workflow snapshot`."""
    return alias.replace("_", " ")


def plural_of(alias: str) -> str:
    """Return the plural of an alias: `orders`, `categories`, `statuses`."""
    words = words_of(alias)
    lower = words.lower()
    if lower.endswith(("s", "x", "z", "ch", "sh")):
        return f"{words}es"
    if lower.endswith("y") and lower[-2:-1] not in ("", *"aeiou"):
        return f"{words[:-1]}ies"
    return f"{words}s"


def _with(names: Sequence[str]) -> str:
    return f"have this {_listed(names)}" if names else "are there"


def _sorted_by(names: Sequence[str]) -> str:
    return f", sorted by {_listed(names)}" if names else ""


def _the_only(spec: EntitySpec) -> str:
    return f"What is the {words_of(spec.alias)}?"


def _listed(words: Sequence[str]) -> str:
    *before, end = words
    return f"{', '.join(before)} and {end}" if before else end
