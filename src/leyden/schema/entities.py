"""Entities, their indexes and the table: from checked options to specs, with all their places."""

from __future__ import annotations

from collections.abc import Mapping

from leyden import _attrs as attrs
from leyden._attrs import frozen
from leyden._text import did_you_mean, listed, quoted
from leyden.schema.attributes import build_attributes, refuse_shared_fields
from leyden.schema.expressions import ExpressionError, parse_expression
from leyden.schema.faults import Report
from leyden.schema.language import ALIAS, ENTITY, TABLE
from leyden.schema.spec import (
    ENTITY_FIELD,
    VERSION_FIELD,
    AttributeSpec,
    EntitySpec,
    IndexSpec,
    JMESPath,
    Judge,
    KeySpec,
    Span,
    TableIndexSpec,
    TableSpec,
)
from leyden.schema.structure import Given, Node, check, refuse_name
from leyden.schema.structure import Mapping as MappingNode


class TemplateError(ValueError):
    """A template that cannot be read. `column` counts from 1 inside the template."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"{message} (column {column} of the template)")
        self.column = column


@frozen
class Template:
    """A template taken apart: `literals[0]`, `names[0]`, `literals[1]`, ... in turn.

    There is one literal more than there are names; literals may be empty.
    """

    literals: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def text(self) -> str:
        """The template as a schema writes it."""
        pairs = zip(self.names, self.literals[1:], strict=True)
        return self.literals[0] + "".join(f"${{{name}}}{literal}" for name, literal in pairs)

    @property
    def is_bare(self) -> bool:
        """Whether it is a single attribute with no text around it."""
        return len(self.names) == 1 and not any(self.literals)


def parse_template(text: str) -> Template:
    """Take a template apart. Raises TemplateError at an unclosed or an empty placeholder.

    >>> parse_template("A#${a}").names
    ('a',)
    """
    literals: list[str] = []
    names: list[str] = []
    position = 0
    while (start := text.find("${", position)) >= 0:
        end = text.find("}", start)
        inner = text[start + 2 : end] if end >= 0 else ""
        if end < 0 or "${" in inner:
            raise TemplateError('"${" is not closed by "}"', start + 1)
        if not inner.strip():
            raise TemplateError('"${}" names no attribute', start + 1)
        literals.append(text[position:start])
        names.append(inner.strip())
        position = end + 1
    literals.append(text[position:])
    return Template(tuple(literals), tuple(names))


@frozen
class EntityDraft:
    """An entity as far as it was understood.

    An attribute whose type was refused has the type `""` here, and an access pattern whose
    keys were refused is missing; `whole` says that none is. Names that were refused are empty.
    """

    spec: EntitySpec
    given: Given
    whole: bool

    def at(self, *path: str | int) -> Span:
        """The place of what is at `path`, or of the nearest thing around it."""
        return self.given.at(*path)

    @property
    def title(self) -> str:
        """The entity's name for messages."""
        return f'the entity "{self.spec.alias or self.spec.entity}"'


@frozen
class TableDraft:
    """The description of the table, with the places of all that it says."""

    spec: TableSpec
    given: Given


def build_index(
    name: str, given: Given, attributes: frozenset[str], report: Report
) -> IndexSpec | None:
    """One access pattern; None where it cannot be understood, which then is in the report.

    `attributes` holds the names of all attributes, that of refused ones included.
    """
    where = f"indexes.{name}"
    multi = given.plain("type") == "composite"
    pk = _key(given, "pk", where, attributes, multi, report)
    sk = _key(given, "sk", where, attributes, multi, report) if "sk" in given.value else None
    refused = any(inner is None for inner in given.value.values())
    if pk is None or refused or ("sk" in given.value and sk is None):
        return None
    collection = given.plain("collection", [])
    projection = given.plain("projection")
    return IndexSpec(
        name=name,
        index=given.plain("index"),
        pk=pk,
        sk=sk,
        collection=(collection,) if isinstance(collection, str) else tuple(collection),
        type=given.plain("type", "isolated"),
        scope=given.plain("scope"),
        when=_when(given.get("when"), pk, sk),
        absent=given.plain("absent"),
        projection=tuple(projection) if isinstance(projection, list) else projection,
        span=given.key or given.span,
    )


def _when(given: Given | None, pk: KeySpec, sk: KeySpec | None) -> JMESPath | Judge | None:
    if given is None:
        return None
    if isinstance(given.value, str):
        return JMESPath(given.value)
    composites = dict.fromkeys(pk.composite + (sk.composite if sk is not None else ()))
    reads = given.get("reads")
    name = given.plain("call")
    if name is None:
        return None
    return Judge(name, tuple(composites if reads is None else dict.fromkeys(reads.bare())))


def _key(
    given: Given,
    half: str,
    where: str,
    attributes: frozenset[str],
    multi: bool,
    report: Report,
) -> KeySpec | None:
    key = given.get(half)
    if key is None:
        return None
    where = f"{where}.{half}"
    field = key.get("field")
    if field is None and "field" not in key.value and not multi:
        report.error(key.place, "option.missing", f'{where} needs the option "field"')
    template_names = _template_names(key, where, report)
    if any(inner is None for inner in key.value.values()) or (field is None and not multi):
        return None
    if key.get("template") is not None and template_names is None:
        return None
    composite = key.get("composite")
    if composite is None and template_names is None and half == "pk":
        report.error(
            key.place,
            "key.composite_missing",
            f"{where} needs `composite`, the attributes that make it, or a `template`",
        )
        return None
    names = tuple(composite.bare()) if composite is not None else template_names or ()
    if not _agree(key, names, template_names, where, attributes, report):
        return None
    return KeySpec(
        field=field.value if field is not None else "",
        composite=names,
        template=key.plain("template"),
        casing=key.plain("casing", "default"),
        cast=key.plain("cast"),
        span=key.key or key.span,
    )


def _agree(
    key: Given,
    names: tuple[str, ...],
    template_names: tuple[str, ...] | None,
    where: str,
    attributes: frozenset[str],
    report: Report,
) -> bool:
    """Whether all attributes that make a key exist, and its template names the same ones."""
    option = "composite" if key.get("composite") is not None else "template"
    for i, name in enumerate(names):
        if name not in attributes:
            report.error(
                key.at(option, i),
                "key.unknown_attribute",
                f"{where}.{option}: there is no attribute {quoted(name)}"
                f"{did_you_mean(name, attributes)}",
            )
    if template_names in (None, names):
        return attributes.issuperset(names)
    report.error(
        key.at("template"),
        "key.template_mismatch",
        f"{where}: the template has {listed(template_names or ()) or 'no attributes'}, and "
        f"`composite` lists {listed(names) or 'none'}; they must be the same, in the same order",
    )
    return False


def _template_names(key: Given, where: str, report: Report) -> tuple[str, ...] | None:
    template = key.get("template")
    if template is None:
        return None
    try:
        return parse_template(template.value).names
    except TemplateError as error:
        report.error(template.span, "key.template", f"{where}.template: {error}")
        return None


def build_entity(
    node: Node, report: Report, listed_as: tuple[str, Span] | None = None
) -> EntityDraft | None:
    """An entity from its document; None where that is no mapping.

    `listed_as` is the alias under which a dict lists the entity, with its place.
    """
    given = check(ENTITY, node, "the entity", report)
    if given is None:
        return None
    attributes = _attributes(given, report)
    indexes, whole = _indexes(given, frozenset(attributes), report)
    spec = EntitySpec(
        entity=given.plain("entity", ""),
        alias=_alias(given, report, listed_as),
        version=given.plain("version", ""),
        service=given.plain("service", ""),
        attributes=attributes,
        indexes=indexes,
        unique=tuple(tuple(names) for names in given.plain("unique", [])),
        version_attribute=given.plain("version_attribute"),
        keys=given.plain("keys", "electrodb"),
        identifiers=_identifiers(given.get("identifiers")),
        description=given.plain("description"),
        span=given.at("entity") if given.get("entity") else given.span,
    )
    return EntityDraft(spec, given, whole and all(a.type for a in attributes.values()))


def _identifiers(given: Given | None) -> tuple[str, str]:
    if given is None:
        return ENTITY_FIELD, VERSION_FIELD
    return given.plain("entity", ENTITY_FIELD), given.plain("version", VERSION_FIELD)


def _alias(given: Given, report: Report, listed_as: tuple[str, Span] | None) -> str:
    alias: str | None = given.plain("alias")
    if listed_as is not None:
        name, span = listed_as
        if alias is not None and alias != name:
            report.error(
                given.at("alias"),
                "service.alias_conflict",
                f"the entity is listed as {quoted(name)}, but its alias is {quoted(alias)}",
            )
            return alias
        if alias is None:
            refuse_name(ALIAS, name, span, "the name under which an entity is listed", report)
            return name
    if alias is None and "alias" not in given.value:
        alias = given.plain("entity", "")
        assert alias is not None
        if alias:
            where = "the entity's name in Python"
            refuse_name(ALIAS, alias, given.at("entity"), where, report)
    return alias or ""


def _attributes(given: Given, report: Report) -> dict[str, AttributeSpec]:
    found = given.get("attributes")
    if found is None:
        return {}
    attributes = build_attributes(found, report)
    refuse_shared_fields(attributes, found, "attributes", report)
    return {name: _watching(spec, attributes) for name, spec in attributes.items()}


def _watching(spec: AttributeSpec, attributes: Mapping[str, AttributeSpec]) -> AttributeSpec:
    """The attribute with `watch` filled in: what its expression reads, in the schema's order."""
    if spec.watch or not isinstance(spec.derive, JMESPath):
        return spec
    try:
        roots = parse_expression(spec.derive.text).roots
    except ExpressionError:
        return spec
    names = ("*",) if roots is None else tuple(name for name in attributes if name in roots)
    return attrs.evolve(spec, watch=names)


def _indexes(
    given: Given, attributes: frozenset[str], report: Report
) -> tuple[dict[str, IndexSpec], bool]:
    found = given.get("indexes")
    if found is None or given.get("attributes") is None:
        return {}, False
    indexes: dict[str, IndexSpec] = {}
    for name, inner in found.value.items():
        index = None if inner is None else build_index(name, inner, attributes, report)
        if index is not None:
            indexes[name] = index
    return indexes, len(indexes) == len(found.value)


def build_table(node: Node, report: Report) -> TableDraft | None:
    """The description of the table from its document; None where that is no mapping."""
    if isinstance(node, MappingNode) and node.entries.keys() & {"entity", "attributes"}:
        report.error(
            node.span,
            "table.is_entity",
            "this describes the table, but it has the options of an entity; "
            "move the entity to a file of its own",
        )
        return None
    given = check(TABLE, node, "the table description", report)
    if given is None:
        return None
    indexes: dict[str, TableIndexSpec] = {}
    described = given.get("indexes")
    for name, inner in described.value.items() if described is not None else ():
        if inner is None:
            continue
        projection = inner.plain("projection", "all")
        indexes[name] = TableIndexSpec(
            name=name,
            kind=inner.plain("kind", "gsi"),
            projection=tuple(projection) if isinstance(projection, list) else projection,
            span=inner.key or inner.span,
        )
    spec = TableSpec(
        table=given.plain("table"), indexes=indexes, ttl=given.plain("ttl"), span=given.span
    )
    return TableDraft(spec, given)
