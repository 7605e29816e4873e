"""The names in a folder of schemas, read without checking them.

Completion must be fast, and people ask for it while their schemas are half written. So this module
reads nothing but names, uses PyYAML's C parser if there is one, and skips what it does not
understand. Everything else reads schemas with `leyden.schema`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

_SUFFIXES: Final = (".yaml", ".yml")
_IN_TEMPLATE: Final = re.compile(r"\$\{(\w+)\}")


class Entity(NamedTuple):
    """An entity: its attributes, each with the values that its schema lists.

    `key` has the attributes of the table's own key, `patterns` and `searches` those of each access
    pattern. `described` has the descriptions of the entity and of its attributes.
    """

    alias: str
    attributes: Mapping[str, tuple[str, ...]]
    key: tuple[str, ...]
    patterns: Mapping[str, tuple[str, ...]]
    searches: Mapping[str, tuple[str, ...]]
    collections: Mapping[str, tuple[str, ...]]
    described: Mapping[str, str]


def sketched(place: Path) -> list[Entity]:
    """Return the entities of a folder or a file, as far as they can be recognized."""
    files = (
        sorted(file for file in place.iterdir() if file.suffix in _SUFFIXES)
        if place.is_dir()
        else [place]
    )
    return [entity for file in files for entity in _entities_of(file)]


def _entities_of(file: Path) -> Iterator[Entity]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: list[Any] = []
    with suppress(OSError, ValueError, yaml.YAMLError):
        found.extend(yaml.load_all(file.read_text(encoding="utf-8"), loader))
    for document in found:
        if isinstance(document, Mapping) and isinstance(document.get("entity"), str):
            yield _entity(document)


def _entity(document: Mapping[str, Any]) -> Entity:
    attributes = dict(_pairs(document.get("attributes")))
    key: tuple[str, ...] = ()
    patterns: dict[str, tuple[str, ...]] = {}
    searches: dict[str, tuple[str, ...]] = {}
    collections: dict[str, tuple[str, ...]] = {}
    for name, index in _pairs(document.get("indexes")):
        vector = index.get("vector") if isinstance(index, Mapping) else None
        if isinstance(vector, Mapping):
            searches[name] = (*_texts(vector.get("partition")), *_texts(vector.get("filters")))
            continue
        if not isinstance(index, Mapping):
            continue
        partition = _composites(index.get("pk"))
        patterns[name] = tuple(dict.fromkeys((*partition, *_composites(index.get("sk")))))
        if "index" not in index:
            key = patterns[name]
        collections |= dict.fromkeys(_texts(index.get("collection")), partition)
    described = {
        name: spec["description"]
        for name, spec in (*attributes.items(), ("", document))
        if isinstance(spec, Mapping) and isinstance(spec.get("description"), str)
    }
    return Entity(
        str(document.get("alias", document["entity"])),
        {name: _values(spec) for name, spec in attributes.items()},
        key,
        patterns,
        searches,
        collections,
        described,
    )


def _pairs(mapping: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(mapping, Mapping):
        yield from ((name, value) for name, value in mapping.items() if isinstance(name, str))


def _composites(key: Any) -> tuple[str, ...]:
    if not isinstance(key, Mapping):
        return ()
    listed = _texts(key.get("composite"))
    return listed or tuple(_IN_TEMPLATE.findall(str(key.get("template", ""))))


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _values(spec: Any) -> tuple[str, ...]:
    kind = spec.get("type") if isinstance(spec, Mapping) else spec
    if kind == "boolean":
        return ("true", "false")
    return _texts(kind) if isinstance(kind, list) else ()
