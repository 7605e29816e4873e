"""Merges what the entities of a service declare into the one table that all of them need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from leyden._attrs import frozen
from leyden.errors import SchemaError
from leyden.keys import KeyForm, entity_keys
from leyden.mapping.table import IndexDefinition, TableDefinition, VectorIndexDefinition
from leyden.schema.faults import Fault
from leyden.schema.spec import (
    AttributeSpec,
    EntitySpec,
    IndexSpec,
    ServiceSpec,
    Span,
    TableIndexSpec,
)
from leyden.schema.vectors import (
    FILTER_KINDS,
    VectorUse,
    differences,
    filters_of,
    projection_of,
    uses_of,
)
from leyden.types import type_of

MULTI_ATTRIBUTE_LIMIT: Final = 4
"""The largest number of attributes in each half of a multi-attribute key."""


def table_definition(service: ServiceSpec) -> TableDefinition:
    """Return the table of a service, from all its entities and its table.yaml.

    Key fields are strings, except for a `cast: number` key or a single numeric attribute that is
    the key itself (N), and a binary attribute that is the key itself (B). An index projects
    everything unless table.yaml or the entities say otherwise. It is global unless table.yaml says
    otherwise or its partition key field is that of the table. The time to live field is
    table.yaml's, or else the field of the attributes of type `ttl`. A vector index has the filters
    of all entities that use it, and projects what any of them needs.

    Raises SchemaError with all contradictions between entities.

    >>> leyden.tables.table_definition(app.spec).indexes["gsi1"].projection  # doctest: +SKIP
    'all'
    """
    return _Merge(service).definition()


class _Merge:
    """Merges the declarations of the entities, and collects their contradictions."""

    def __init__(self, service: ServiceSpec) -> None:
        self.service = service
        self.faults: list[Fault] = []
        self.types: dict[str, str] = {}
        self.said_by: dict[str, str] = {}

    def definition(self) -> TableDefinition:
        """Return the merged table. Raises SchemaError with all faults."""
        uses: dict[str | None, list[_Use]] = {}
        for entity in self.service.entities.values():
            for use in _uses_of(entity):
                uses.setdefault(use.index.index, []).append(use)
        primary = self.agree(uses.pop(None), "the table's own key")
        named = {
            name: self.index(name, uses[name], primary)
            for name in sorted(uses, key=_natural)
            if name is not None
        }
        for name, declared in self.service.table.indexes.items():
            if name not in named:
                self.fault(
                    declared.span,
                    "table.index_unused",
                    f'no access pattern uses the index "{name}", so its key is not known',
                )
        ttl = self.ttl()
        key = (*primary.hash, *primary.range)
        vectors = {
            name: self.vector_index(name, using, key)
            for name, using in sorted(
                uses_of(self.service.entities.values()).items(), key=lambda pair: _natural(pair[0])
            )
        }
        if self.faults:
            raise SchemaError(self.faults)
        return TableDefinition(
            table=self.service.table.table,
            hash=primary.hash[0],
            range=primary.range[0] if primary.range else None,
            types=self.types,
            indexes={
                name: _without_keys(index, primary, self.types) for name, index in named.items()
            },
            ttl=ttl,
            vectors=vectors,
            settings=self.service.table.settings,
        )

    def vector_index(
        self, name: str, uses: list[VectorUse], key: tuple[str, ...]
    ) -> VectorIndexDefinition:
        first = uses[0]
        for use in uses:
            for option, mine, theirs in differences(use, first):
                self.fault(
                    use.search.span,
                    "search.mismatch",
                    f'the {option} of the vector index "{name}" is {mine} in {use.who}, but '
                    f"{theirs} in {first.who}",
                )
            for field_, kind in use.kinds.items():
                self.learn(field_, kind if kind in FILTER_KINDS else "", use.who, use.search.span)
        return VectorIndexDefinition(
            name,
            first.field,
            first.dimensions,
            first.search.metric,
            first.partition,
            filters_of(uses),
            projection_of(uses, key),
        )

    def index(self, name: str, uses: list[_Use], primary: _Use) -> IndexDefinition:
        use = self.agree(uses, f'the index "{name}"')
        declared = self.service.table.indexes.get(name)
        # An index with the table's partition key field can be a local index.
        may_be_local = use.hash == primary.hash and len(use.range) == 1 and bool(primary.range)
        kind = declared.kind if declared else "lsi" if may_be_local else "gsi"
        if kind == "lsi" and not may_be_local:
            self.fault(
                use.index.span,
                "table.not_local",
                f'the index "{name}" cannot be an lsi: a local index has the partition key of the '
                "table and one sort key of its own, and the table has a sort key as well",
            )
        for half in (use.hash, use.range):
            if len(half) > MULTI_ATTRIBUTE_LIMIT:
                self.fault(
                    use.index.span,
                    "table.too_many_key_attributes",
                    f'half of the key of the index "{name}" has {len(half)} attributes; DynamoDB '
                    f"takes {MULTI_ATTRIBUTE_LIMIT}",
                )
        return IndexDefinition(name, kind, use.hash, use.range, _projection(declared, uses))

    def agree(self, uses: list[_Use], what: str) -> _Use:
        """Return the first use of an index, after comparing all others with it."""
        first = uses[0]
        for use in uses:
            if (use.hash, use.range) != (first.hash, first.range):
                self.fault(
                    use.index.span,
                    "table.key_fields",
                    f"{use.who} stores {what} in {_shown(use)}, but {first.who} in "
                    f"{_shown(first)}; one table needs one pair of fields",
                )
                continue
            for name, kind in use.types.items():
                self.learn(name, kind, use.who, use.index.span)
        return first

    def learn(self, name: str, kind: str, who: str, span: Span) -> None:
        """Note the type of a field that an index reads, once and for all of its uses."""
        if not kind:
            self.fault(
                span,
                "table.key_type",
                f'{who} has the key field "{name}", whose type DynamoDB does not accept in a key; '
                "only strings, numbers and binary values can be keys",
            )
            return
        known = self.types.setdefault(name, kind)
        self.said_by.setdefault(name, who)
        if known != kind:
            self.fault(
                span,
                "table.key_type",
                f'the key field "{name}" is of type {kind} in {who}, but {known} in '
                f"{self.said_by[name]}",
            )

    def ttl(self) -> str | None:
        """Return the time to live field: declared, or the one that the entities share."""
        if self.service.table.ttl:
            return self.service.table.ttl
        found: dict[str, AttributeSpec] = {}
        for entity in self.service.entities.values():
            for attribute in entity.attributes.values():
                if type_of(attribute).expires:
                    found.setdefault(attribute.field, attribute)
        if len(found) > 1:
            self.fault(
                list(found.values())[1].span,
                "table.ttl_ambiguous",
                f"attributes of the type ttl are stored in {_listed(found)}, and a table has one "
                "TTL field; store all in one, or say which with `ttl` in table.yaml",
            )
        return next(iter(found), None)

    def fault(self, span: Span, code: str, message: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(span, code, message))


@frozen
class _Use:
    """One access pattern's use of an index: its key fields and their types ('' if none fits)."""

    who: str
    index: IndexSpec
    hash: tuple[str, ...]
    range: tuple[str, ...]
    types: Mapping[str, str]
    projection: str | tuple[str, ...] | None


def _uses_of(entity: EntitySpec) -> Iterable[_Use]:
    for name, keys in entity_keys(entity).items():
        index = keys.spec
        who = f"{entity.alias}.{name}"
        projection = index.projection
        if isinstance(projection, tuple):
            fields = {name: attribute.field for name, attribute in entity.attributes.items()}
            projection = tuple(fields.get(name, name) for name in projection)
        if keys.pk is None:
            pk = [entity.attributes[part] for part in index.pk.composite]
            sk = [entity.attributes[part] for part in index.sk.composite] if index.sk else []
            kinds = {attribute.field: type_of(attribute).kind for attribute in (*pk, *sk)}
            types = {name: kind if kind in ("S", "N", "B") else "" for name, kind in kinds.items()}
            hash_, range_ = tuple(a.field for a in pk), tuple(a.field for a in sk)
        else:
            types = {form.field: _key_type(form) for form in keys.forms}
            hash_, range_ = (keys.pk.field,), (keys.sk.field,) if keys.sk else ()
        yield _Use(who, index, hash_, range_, types, projection)


def _key_type(form: KeyForm) -> str:
    if form.numeric:
        return "N"
    return "B" if form.bare and type_of(form.segments[0].attribute).kind == "B" else "S"


def _projection(declared: TableIndexSpec | None, uses: list[_Use]) -> str | tuple[str, ...]:
    """Return the declared projection, or else the widest that an entity asks for."""
    if declared:
        return declared.projection
    asked = [use.projection for use in uses if use.projection is not None]
    # An entity that asks for nothing relies on the default.
    if not asked or len(asked) < len(uses) or "all" in asked:
        return "all"
    fields = {name: None for one in asked if isinstance(one, tuple) for name in one}
    return tuple(fields) or "keys_only"


def _without_keys(
    index: IndexDefinition, primary: _Use, types: Mapping[str, str]
) -> IndexDefinition:
    """Remove from an index's projected fields the key fields, which every index has anyway."""
    if isinstance(index.projection, str):
        return index
    keys = {*primary.hash, *primary.range, *index.hash, *index.range}
    fields = tuple(name for name in index.projection if name not in keys)
    return IndexDefinition(index.name, index.kind, index.hash, index.range, fields or "keys_only")


def _natural(name: str | None) -> list[tuple[int, str]]:
    """Sort gsi2 before gsi10."""
    parts = re.split(r"(\d+)", name or "")
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _shown(use: _Use) -> str:
    return _listed((*use.hash, *use.range))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
