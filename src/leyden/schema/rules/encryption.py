"""Rules of encrypted attributes: nothing may reveal their values in the table."""

from __future__ import annotations

from collections.abc import Iterator

from leyden._text import listed, quoted
from leyden.schema.entities import EntityDraft
from leyden.schema.expressions import ExpressionError, parse_expression
from leyden.schema.nodes import Given
from leyden.schema.spec import After, AttributeSpec, Bucket, Call, JMESPath, Judge, Slug
from leyden.types import type_of

_LEAK = "so its value would be stored readable there"


def check_encryption(entity: EntityDraft) -> None:
    """Check that nothing reads an encrypted attribute in the table, or copies its value there."""
    encrypted = {n for n, spec in entity.spec.attributes.items() if spec.encrypt}
    if not encrypted:
        return
    for at, why in (
        *_own_faults(entity, encrypted),
        *_in_patterns(entity, encrypted),
        *_in_others(entity, encrypted),
    ):
        at.error("attribute.encrypt", why)


def _own_faults(entity: EntityDraft, encrypted: set[str]) -> Iterator[tuple[Given, str]]:
    for name in encrypted:
        spec = entity.spec.attributes[name]
        at = entity.at("attributes", name, "encrypt")
        if spec.type == "vector":
            yield at, f"{quoted(name)} is a vector, and an index could not find it encrypted"
        elif type_of(spec).expires:
            yield (
                at,
                f"{quoted(name)} is a ttl, which DynamoDB reads to delete the item; make it a "
                "timestamp, or leave it as it is",
            )
        if name == entity.spec.version_attribute:
            yield at, f"{quoted(name)} is the `version_attribute`, which conditions compare"
    for i, names in enumerate(entity.spec.unique):
        for j, name in enumerate(names):
            if name in encrypted:
                yield (
                    entity.at("unique", i, j),
                    f"unique[{i}]: {quoted(name)} is encrypted, and a guard item holds its values "
                    f"in its key, {_LEAK}",
                )


def _in_patterns(entity: EntityDraft, encrypted: set[str]) -> Iterator[tuple[Given, str]]:
    for pattern in entity.patterns:
        index = pattern.index
        for half, key in (("pk", index.pk), ("sk", index.sk)):
            for name in dict.fromkeys(key.composite if key is not None else ()):
                if name in encrypted:
                    yield (
                        pattern.at(half),
                        f"{pattern.where}.{half}: {quoted(name)} is encrypted, and keys are made "
                        f"of values, {_LEAK}",
                    )
        reads = index.when.reads if isinstance(index.when, Judge) else _roots(index.when)
        found = sorted(encrypted if reads is None else encrypted.intersection(reads))
        if found:
            verb = "is" if len(found) == 1 else "are"
            yield (
                pattern.at("when"),
                f"{pattern.where}.when reads {listed(found)}, which {verb} encrypted: whether an "
                "item is in the index would reveal something about the value",
            )
    for search in entity.searches:
        for option in ("partition", "filters"):
            named = getattr(search.search, option) or ()
            for name in (named,) if isinstance(named, str) else named:
                if name in encrypted:
                    yield (
                        search.at(option),
                        f"{search.where}.{option}: {quoted(name)} is encrypted, and a search "
                        "could not compare it",
                    )


def _in_others(entity: EntityDraft, encrypted: set[str]) -> Iterator[tuple[Given, str]]:
    """Yield attributes that are stored readable but computed from encrypted ones."""
    for name, spec in entity.spec.attributes.items():
        if name in encrypted:
            continue
        for option, reads in _inputs(spec):
            found = sorted(encrypted if reads is None else encrypted.intersection(reads))
            if found:
                at = entity.at("attributes", name)
                verb = "is" if len(found) == 1 else "are"
                yield (
                    at.at(option),
                    f"{quoted(name)} is computed from {listed(found)}, which {verb} encrypted, "
                    f"{_LEAK}; encrypt {quoted(name)} as well",
                )


def _inputs(spec: AttributeSpec) -> Iterator[tuple[str, frozenset[str] | None]]:
    """Yield the options that compute an attribute, each with what it reads; None is everything."""
    watched = None if "*" in spec.watch else frozenset(spec.watch)
    for option in ("default", "on_write", "derive"):
        made = getattr(spec, option)
        if isinstance(made, After | Bucket | Slug) and made.of is not None:
            yield option, frozenset({made.of})
    if isinstance(spec.derive, JMESPath):
        roots = _roots(spec.derive)
        yield "derive", None if roots is None or watched is None else roots | watched
    elif isinstance(spec.derive, Call) or (spec.set is not None and spec.watch):
        yield "watch", watched


def _roots(expression: object) -> frozenset[str] | None:
    """Return the attributes that an expression reads; None for all, nothing if it has faults."""
    if not isinstance(expression, JMESPath):
        return frozenset()
    try:
        return parse_expression(expression.text).roots
    except ExpressionError:
        return frozenset()
