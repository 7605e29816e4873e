"""Entities, their indexes and the table: build specs from checked options, with all places."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from leyden import _attrs as attrs
from leyden._attrs import frozen
from leyden._text import did_you_mean, listed, quoted
from leyden.schema import nodes
from leyden.schema.attributes import build_attributes
from leyden.schema.expressions import ExpressionError, parse_expression
from leyden.schema.faults import Report
from leyden.schema.language import ALIAS, ENTITY
from leyden.schema.nodes import Given, Node
from leyden.schema.shapes import Part
from leyden.schema.spec import (
    ENTITY_FIELD,
    VERSION_FIELD,
    After,
    AttributeSpec,
    Bucket,
    EntitySpec,
    IndexSpec,
    JMESPath,
    Judge,
    KeySpec,
    SearchSpec,
    Slug,
    Span,
    TableIndexSpec,
    TableSpec,
    Template,
    TemplateError,
    parse_template,
)
from leyden.schema.table_language import TABLE, settings_of
from leyden.schema.vectors import VectorUse, use_of
from leyden.types import type_of


@frozen(slots=False)
class EntityDraft:
    """An entity, as far as its document could be understood.

    An attribute whose type was refused has the type `""`. An access pattern whose keys were refused
    is missing, and `whole` is False then. Names that were refused are empty.
    """

    spec: EntitySpec
    given: Given
    whole: bool

    def at(self, *path: str | int) -> Given:
        """Return the option at `path`, or the nearest one around it that the file has."""
        return self.given.at(*path)

    @cached_property
    def patterns(self) -> list[PatternDraft]:
        """The access patterns."""
        return [PatternDraft(self, index) for index in self.spec.indexes.values()]

    @property
    def primary_halves(self) -> list[KeyDraft]:
        """Both halves of the table's own key; empty if it was refused."""
        own = (pattern for pattern in self.patterns if pattern.index.index is None)
        return next((pattern.halves for pattern in own), [])

    @cached_property
    def searches(self) -> list[SearchDraft]:
        """The access patterns by meaning."""
        return [SearchDraft(self, search) for search in self.spec.searches.values()]


@frozen(slots=False)
class PatternDraft:
    """An access pattern of an entity."""

    entity: EntityDraft
    index: IndexSpec

    def at(self, *path: str | int) -> Given:
        """Return the option at `path`, or the nearest one around it that the file has."""
        return self.entity.at("indexes", self.index.name, *path)

    @property
    def where(self) -> str:
        """Its path, for messages."""
        return f"indexes.{self.index.name}"

    @property
    def is_known(self) -> bool:
        """Whether the types of all attributes in its keys are known."""
        attributes = self.entity.spec.attributes
        return all(attributes[name].type for name in self.index.composites)

    @cached_property
    def halves(self) -> list[KeyDraft]:
        """The partition key, and the sort key if there is one."""
        both = (("pk", self.index.pk), ("sk", self.index.sk))
        return [KeyDraft(self, half, key) for half, key in both if key is not None]


@frozen(slots=False)
class SearchDraft:
    """An access pattern by meaning, which a vector index serves."""

    entity: EntityDraft
    search: SearchSpec

    def at(self, *path: str | int) -> Given:
        """Return the option at `path`, or the nearest one around it that the file has."""
        return self.entity.at("indexes", self.search.name, "vector", *path)

    @property
    def where(self) -> str:
        """Its path, for messages."""
        return f"indexes.{self.search.name}.vector"

    @cached_property
    def use(self) -> VectorUse | None:
        """What it needs from the table's vector index; None if it names an unknown attribute."""
        return use_of(self.entity.spec, self.search)


@frozen(slots=False)
class KeyDraft:
    """One half of the key of an access pattern: `pk` or `sk`."""

    pattern: PatternDraft
    half: str
    spec: KeySpec

    def at(self, *path: str | int) -> Given:
        """Return the option at `path`, or the nearest one around it that the file has."""
        return self.pattern.at(self.half, *path)

    @property
    def where(self) -> str:
        """Its path, for messages."""
        return f"{self.pattern.where}.{self.half}"

    @property
    def entity(self) -> EntitySpec:
        """The entity that the key belongs to."""
        return self.pattern.entity.spec

    @cached_property
    def attributes(self) -> list[AttributeSpec]:
        """The attributes that make the key, in order."""
        return [self.entity.attributes[name] for name in self.spec.composite]

    @property
    def listing(self) -> str:
        """The option that names the attributes: `composite`, or `template` if the file has none."""
        return "template" if self.at().get("composite") is None else "composite"

    @cached_property
    def template(self) -> Template | None:
        """The template that builds the key; one without text for an attribute in its own field."""
        return self.entity.template_of(self.spec)

    @property
    def is_lone(self) -> bool:
        """Whether the key is one attribute's value, without prefix or label."""
        template = self.template
        return template is not None and template.is_bare

    @cached_property
    def is_numeric(self) -> bool:
        """Whether the key is stored as a number."""
        if self.spec.cast is not None:
            return self.spec.cast == "number"
        return self.is_lone and type_of(self.attributes[0]).kind == "N"

    @property
    def casing(self) -> str:
        """How the key writes letters, with `default` spelled out."""
        return "lower" if self.spec.casing == "default" else self.spec.casing


@frozen
class TableDraft:
    """The description of the table, with the place of each part."""

    spec: TableSpec
    given: Given


def build_entity(
    node: Node, report: Report, listed_as: tuple[str, Span] | None = None
) -> EntityDraft | None:
    """Build an entity from its document; return None if that is not a mapping.

    `listed_as` is the alias under which a dict lists the entity, with its place.
    """
    given = ENTITY.check(Part(node, "the entity", report))
    if given is None:
        return None
    declared, patterns = given.get("attributes"), given.get("indexes")
    attributes = build_attributes(declared) if declared is not None else {}
    indexes: dict[str, IndexSpec] = {}
    searches: dict[str, SearchSpec] = {}
    whole = False
    if declared is not None and patterns is not None:
        for name, inner in patterns.value.items():
            if inner is None:
                continue
            if inner.has("vector"):
                search = _build_search(name, inner)
                if search is not None:
                    searches[name] = search
            elif (index := _build_index(name, inner, attributes)) is not None:
                indexes[name] = index
        known = all(attribute.type for attribute in attributes.values())
        whole = known and len(indexes) + len(searches) == len(patterns.value)
    identifiers = given.plain("identifiers", {})
    spec = EntitySpec(
        entity=given.plain("entity", ""),
        alias=_alias(given, listed_as),
        version=given.plain("version", ""),
        service=given.plain("service", ""),
        attributes={name: _watching(spec, attributes) for name, spec in attributes.items()},
        indexes=indexes,
        unique=tuple(tuple(names) for names in given.plain("unique", [])),
        version_attribute=given.plain("version_attribute"),
        keys=given.plain("keys", "electrodb"),
        identifiers=(
            identifiers.get("entity", ENTITY_FIELD),
            identifiers.get("version", VERSION_FIELD),
        ),
        description=given.plain("description"),
        span=given.at("entity").place,
        searches=searches,
    )
    return EntityDraft(spec, given, whole)


def _alias(given: Given, listed_as: tuple[str, Span] | None) -> str:
    alias: str | None = given.plain("alias")
    if listed_as is not None and alias is None:
        ALIAS.check_key(*listed_as, "the name under which an entity is listed", given.report)
        return listed_as[0]
    if listed_as is not None and alias != listed_as[0]:
        given.at("alias").error(
            "service.alias_conflict",
            f"the entity is listed as {quoted(listed_as[0])}, but its alias is "
            f"{quoted(alias or '')}",
        )
    if not given.has("alias"):
        name: str = given.plain("entity", "")
        if name:
            place = given.at("entity").place
            ALIAS.check_key(name, place, "the entity's name in Python", given.report)
        return name
    return alias or ""


def _watching(spec: AttributeSpec, attributes: Mapping[str, AttributeSpec]) -> AttributeSpec:
    """Fill in the attribute's `watch`: what its derivation reads, in the order of the schema."""
    if isinstance(spec.derive, Bucket | Slug | After) and not spec.watch:
        return attrs.evolve(spec, watch=() if spec.derive.of is None else (spec.derive.of,))
    if spec.watch or not isinstance(spec.derive, JMESPath):
        return spec
    try:
        roots = parse_expression(spec.derive.text).roots
    except ExpressionError:
        return spec
    names = ("*",) if roots is None else tuple(name for name in attributes if name in roots)
    return attrs.evolve(spec, watch=names)


def _build_index(
    name: str, given: Given, attributes: Mapping[str, AttributeSpec]
) -> IndexSpec | None:
    """Build an access pattern; return None if it was refused, after a fault in the report."""
    multi = given.plain("type") == "composite"
    pk, sk = (
        _key(key, half, attributes, multi) if (key := given.get(half)) is not None else None
        for half in ("pk", "sk")
    )
    # No partition key, or an option that was refused.
    refused = None in given.value.values() or (sk is None and given.has("sk"))
    if pk is None or refused:
        return None
    collection = given.plain("collection", ())
    return IndexSpec(
        name=name,
        index=given.plain("index"),
        pk=pk,
        sk=sk,
        collection=(collection,) if isinstance(collection, str) else tuple(collection),
        type=given.plain("type", "isolated"),
        scope=given.plain("scope"),
        when=_when(given.get("when"), pk.composite + (sk.composite if sk is not None else ())),
        absent=given.plain("absent"),
        projection=_projection(given, None),
        span=given.key or given.span,
        description=given.plain("description"),
    )


def _build_search(name: str, given: Given) -> SearchSpec | None:
    """Build an access pattern by meaning; return None if it was refused."""
    vector = given.get("vector")
    if vector is None or None in vector.value.values():
        return None
    index, attribute = vector.plain("index"), vector.plain("attribute")
    if index is None or attribute is None:
        return None
    return SearchSpec(
        name=name,
        index=index,
        attribute=attribute,
        metric=vector.plain("metric", "cosine"),
        partition=vector.plain("partition"),
        filters=tuple(vector.plain("filters", ())),
        projection=_projection(vector, None),
        span=given.key or given.span,
        description=given.plain("description"),
    )


def _when(given: Given | None, composites: tuple[str, ...]) -> JMESPath | Judge | None:
    if given is not None and isinstance(given.value, str):
        return JMESPath(given.value)
    name = given.plain("call") if given is not None else None
    if given is None or name is None:
        return None
    return Judge(name, tuple(dict.fromkeys(given.plain("reads", composites))))


def _projection(given: Given, default: Any) -> Any:
    projection = given.plain("projection", default)
    return tuple(projection) if isinstance(projection, list) else projection


def _key(
    key: Given, half: str, attributes: Mapping[str, AttributeSpec], multi: bool
) -> KeySpec | None:
    if not key.has("field") and not multi:
        key.error("option.missing", f'{key.where} needs the option "field"')
    template, template_names = key.get("template"), None
    try:
        template_names = None if template is None else parse_template(template.value).names
    except TemplateError as error:
        here = key.at("template")
        here.error("key.template", f"{here.where}: {error}")
    if None in key.value.values() or (template is not None and template_names is None):
        return None
    if key.get("field") is None and not multi:
        return None
    names = key.plain("composite", template_names)
    if names is None and half == "pk":
        key.error(
            "key.composite_missing",
            f"{key.where} needs `composite`, the attributes that make it, or a `template`",
        )
        return None
    composite = tuple(names or ())
    if not _agree(key, composite, template_names, attributes):
        return None
    return KeySpec(
        field=key.plain("field", ""),
        composite=composite,
        template=key.plain("template"),
        casing=key.plain("casing", "default"),
        cast=key.plain("cast"),
        span=key.key or key.span,
    )


def _agree(
    key: Given,
    composite: tuple[str, ...],
    template_names: tuple[str, ...] | None,
    attributes: Mapping[str, AttributeSpec],
) -> bool:
    """Return whether all attributes of a key exist, and its template names the same ones."""
    option = "composite" if key.has("composite") else "template"
    for i, name in enumerate(composite):
        if name not in attributes:
            key.at(option, i).error(
                "key.unknown_attribute",
                f"{key.where}.{option}: there is no attribute {quoted(name)}"
                f"{did_you_mean(name, attributes)}",
            )
    if template_names in (None, composite):
        return attributes.keys() >= {*composite}
    key.at("template").error(
        "key.template_mismatch",
        f"{key.where}: the template has {listed(template_names or ()) or 'no attributes'}, and "
        f"`composite` lists {listed(composite) or 'none'}; they must be the same, in the same "
        "order",
    )
    return False


def build_table(node: Node, report: Report) -> TableDraft | None:
    """Build the description of the table; return None if its document is not a mapping."""
    if isinstance(node, nodes.Mapping) and node.entries.keys() & {"entity", "attributes"}:
        report.error(
            node.span,
            "table.is_entity",
            "this describes the table, but it has the options of an entity; "
            "move the entity to a file of its own",
        )
        return None
    given = TABLE.check(Part(node, "the table description", report))
    if given is None:
        return None
    described = given.get("indexes")
    indexes = {
        name: TableIndexSpec(
            name=name,
            kind=inner.plain("kind", "gsi"),
            projection=_projection(inner, "all"),
            span=inner.key or inner.span,
        )
        for name, inner in (described.value.items() if described is not None else ())
        if inner is not None
    }
    spec = TableSpec(
        table=given.plain("table"),
        indexes=indexes,
        ttl=given.plain("ttl"),
        settings=settings_of(given),
        span=given.span,
    )
    return TableDraft(spec, given)
