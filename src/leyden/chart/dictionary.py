"""Describe an entity in words: its attributes, and what each may hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from leyden.chart.contents import AttributeEntry, EntityEntry
from leyden.schema import (
    After,
    AttributeSpec,
    Bucket,
    Call,
    EntitySpec,
    Generate,
    JMESPath,
    Literal,
    Slug,
)
from leyden.types import duration_words, type_of

_BOUNDS: Final = {
    "min": "at least {}",
    "max": "at most {}",
    "min_length": "at least {} long",
    "max_length": "at most {} long",
    "pattern": "matches {}",
    "prefix": "begins with {}",
}
_INSTANT: Final = "the write"


def entry_of(spec: EntitySpec, writes: str | None) -> EntityEntry:
    """Return an entity's part of the dictionary; `writes` is the cost of creating an example."""
    attributes: list[AttributeEntry] = []
    for attribute in spec.attributes.values():
        attributes += _entries(attribute, attribute.name, spec)
    return EntityEntry(
        alias=spec.alias,
        entity=spec.entity,
        version=spec.version,
        description=spec.description,
        attributes=tuple(attributes),
        writes=writes,
        sparse=tuple((i.name, i.when.text) for i in spec.indexes.values() if i.when),
    )


def _listed(words: Iterable[str]) -> str:
    *before, end = words
    return f"{', '.join(before)} and {end}" if before else end


# ---- attributes


def _entries(attribute: AttributeSpec, name: str, entity: EntitySpec) -> Iterator[AttributeEntry]:
    """Yield the entries of an attribute and of its parts."""
    is_whole = attribute is entity.attributes.get(name)
    yield AttributeEntry(
        name=name,
        field=attribute.field if is_whole else "",
        type=_type(attribute),
        rules=tuple(_rules(attribute, entity if is_whole else None)),
        default=_default(attribute),
        description=attribute.description,
    )
    for inner, prefix in _parts(attribute, name):
        yield from _entries(inner, prefix, entity)


def _parts(attribute: AttributeSpec, name: str) -> Iterator[tuple[AttributeSpec, str]]:
    for part, inner in (attribute.properties or {}).items():
        yield inner, f"{name}.{part}"
    for variant, shape in (attribute.variants or {}).items():
        for part, inner in (shape.properties or {}).items():
            if part != attribute.tag:
                yield inner, f"{name}.{part} ({variant})"
    element = attribute.items
    if element is not None:
        # The type of the container already names that of a plain element.
        yield from _parts(element, f"{name}[]")


def _type(attribute: AttributeSpec) -> str:
    if attribute.type == "enum":
        return " | ".join(attribute.values)
    if attribute.type == "vector":
        return f"vector of {attribute.dimensions:,} numbers"
    if attribute.type == "union":
        return f"union by {attribute.tag}: {' | '.join(attribute.variants or ())}"
    if attribute.items is not None:
        return f"{attribute.type} of {_type(attribute.items)}"
    return attribute.type


def _rules(attribute: AttributeSpec, entity: EntitySpec | None) -> Iterator[str]:
    if entity is not None and attribute.name in entity.primary.composites:
        yield "key"
    if attribute.required:
        yield "required"
    if entity is not None:
        for names in entity.unique:
            if attribute.name in names:
                others = [name for name in names if name != attribute.name]
                yield f"unique with {_listed(others)}" if others else "unique"
        if entity.version_attribute == attribute.name:
            yield "counts versions"
    if type_of(attribute).expires:
        yield "time to live"
    for said, name in (("read only", "read_only"), ("hidden", "hidden"), ("encrypted", "encrypt")):
        if getattr(attribute, name):
            yield said
    if attribute.deferred:
        yield "read when named"
    for option, words in _BOUNDS.items():
        bound = getattr(attribute, option)
        if bound is not None:
            yield words.format(bound)
    if attribute.normalize:
        yield f"normalized: {', '.join(attribute.normalize)}"
    if isinstance(attribute.validate, JMESPath):
        yield f"checked: {attribute.validate.text}"
    elif attribute.validate is not None:
        yield f"checked by {attribute.validate.name}()"


def _default(attribute: AttributeSpec) -> str:
    said = []
    if attribute.derive is not None:
        said.append(f"derived: {_source(attribute.derive)}")
    if attribute.default is not None:
        said.append(_source(attribute.default))
    if attribute.on_write is not None:
        said.append(f"at every write: {_source(attribute.on_write)}")
    return "; ".join(said)


def _source(source: Any) -> str:
    """Describe where a value comes from."""
    match source:
        case Literal(value):
            return _json(value)
        case Generate(kind):
            return "the time of the write" if kind == "now" else f"a new {kind}"
        case Call(name):
            return f"{name}()"
        case After(seconds, of):
            return f"{duration_words(seconds)} after {of or _INSTANT}"
        case Bucket(period, of):
            return f"the {period} of {of}"
        case Slug(of):
            return f"a slug of {of}"
        case JMESPath(text):
            return text
    raise AssertionError(f"a value comes from {source!r}")


def _json(value: Any) -> str:
    plain = dict(value) if isinstance(value, Mapping) else value
    return json.dumps(plain, ensure_ascii=False, default=str)
