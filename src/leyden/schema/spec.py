"""What a schema says, as frozen objects.

The loader turns YAML into these, and all later layers read only these. Nothing here has behavior
beyond small look-ups: `leyden.keys` writes keys, and `leyden.mapping` checks and stores values.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from leyden import _attrs as attrs
from leyden._attrs import frozen
from leyden.schema.settings import TableSettings

ENTITY_FIELD: Final = "__edb_e__"
"""The item field that names the entity, as ElectroDB writes it."""

VERSION_FIELD: Final = "__edb_v__"
"""The item field that holds the entity's schema version, as ElectroDB writes it."""

_NUMBERS: Final = frozenset({"number", "integer", "decimal"})

OVERFLOW_FIELD: Final = "__overflow__"
"""The item field that says which values are compressed or stored outside of the item."""


def _frozen_mapping(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(value))


def _frozen_or_none(value: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return None if value is None else _frozen_mapping(value)


@frozen
class Span:
    """The place in a schema that a spec comes from. Lines and columns count from 1.

    A schema passed as a dict has no lines: `file` then includes the path in it
    (`<dict>:attributes.points`), and line and column are 0.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    @property
    def is_written(self) -> bool:
        """Whether a schema has this place; False for specs that Leyden or Python code added."""
        return self != NOWHERE


NOWHERE: Final = Span("<built>", 1, 1)


@frozen
class Literal:
    """A value written in the schema itself."""

    value: Any


@frozen
class Generate:
    """A value that Leyden generates: `now`, `uuid4`, `uuid7` or `ulid`."""

    kind: str


@frozen
class Call:
    """A Python function, by its name in `hooks=`.

    A `set` hook with `always` is also called for new items without a value.
    """

    name: str
    always: bool = False


@frozen
class After:
    """A time counted from the write, or from the value of the attribute `of`."""

    seconds: int
    of: str | None = None


@frozen
class Bucket:
    """The hour, day, week, month, quarter or year, in UTC, of the time in `of`."""

    period: str
    of: str


@frozen
class Slug:
    """A part of a web address, made from the text in `of`: `creme-brulee`."""

    of: str
    max_length: int | None = None


@frozen
class JMESPath:
    """A JMESPath expression over an entity's attributes (names, not fields)."""

    text: str


@frozen
class Judge:
    """A Python function that decides by the attributes in `reads` if an item is in an index."""

    name: str
    reads: tuple[str, ...]

    @property
    def text(self) -> str:
        """The condition as messages show it: `is_open(status)`."""
        return f"{self.name}({', '.join(self.reads)})"


@frozen
class Padding:
    """Padding of a value in a key: on the left, to `length` characters, with `char`."""

    length: int
    char: str


@frozen
class AttributeSpec:
    """An attribute of an entity, or an element or property of a container.

    `field` is its name in the stored item, `label` its name in keys; both default to `name`.
    """

    name: str
    type: str
    field: str
    label: str
    required: bool = False
    default: Literal | Generate | Call | After | Slug | None = None
    on_write: Literal | Generate | Call | After | None = None
    read_only: bool = False
    hidden: bool = False
    padding: Padding | None = None
    normalize: tuple[str, ...] = ()
    """The normal forms of its texts, in order."""
    prefix: str | None = None
    """The text that its values begin with. Generated ids get it, too."""
    pattern: str | None = None
    min: int | float | None = None
    max: int | float | None = None
    min_length: int | None = None
    max_length: int | None = None
    validate: JMESPath | Call | None = None
    get: Call | None = None
    set: Call | None = None
    watch: tuple[str, ...] = ()
    """The attributes that it watches; `("*",)` means all."""
    derive: JMESPath | Call | Bucket | Slug | After | None = None
    items: AttributeSpec | None = None
    """The element of a `list` or `set`; None means elements of any type."""
    properties: Mapping[str, AttributeSpec] | None = attrs.field(
        default=None, converter=_frozen_or_none
    )
    """The properties of a `map`; None means any properties."""
    tag: str | None = None
    """The property of a `union` that names a value's variant."""
    variants: Mapping[str, AttributeSpec] | None = attrs.field(
        default=None, converter=_frozen_or_none
    )
    """The variants of a `union` by name, each a `map` with the tag among its properties."""
    values: tuple[str, ...] = ()
    """The values of an `enum`."""
    overflow: str | None = None
    dimensions: int | None = None
    """How many numbers a `vector` has."""
    encrypt: bool = False
    """Whether it is stored encrypted."""
    deferred: bool = False
    """Whether reads leave it out unless they name it."""
    description: str | None = None
    span: Span = NOWHERE


class TemplateError(ValueError):
    """A template that cannot be parsed. `column` counts from 1 inside the template."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"{message} (column {column} of the template)")
        self.column = column


@frozen
class Template:
    """A parsed template: `literals[0]`, `names[0]`, `literals[1]`, ... in turn.

    There is one more literal than there are names. Literals may be empty.
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
        """Whether it is a single attribute without text around it."""
        return len(self.names) == 1 and not any(self.literals)


def parse_template(text: str) -> Template:
    """Parse a template. Raises TemplateError for an unclosed or empty placeholder.

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
class KeySpec:
    """One half of an index key: the field that stores it, and the attributes that make it up."""

    field: str
    composite: tuple[str, ...]
    template: str | None = None
    casing: str = "default"
    cast: str | None = None
    span: Span = NOWHERE


@frozen
class IndexSpec:
    """An access pattern: one index of one entity.

    `index` is None for the table's own key. `collection` is empty outside of collections. A
    `composite` index (DynamoDB's multi-attribute keys) has no key fields, so `pk.field` and
    `sk.field` are empty.
    """

    name: str
    index: str | None
    pk: KeySpec
    sk: KeySpec | None = None
    collection: tuple[str, ...] = ()
    type: str = "isolated"
    scope: str | None = None
    when: JMESPath | Judge | None = None
    absent: str | None = None
    """`key` or `out`; None means the default of the entity's `keys`."""
    projection: str | tuple[str, ...] | None = None
    span: Span = NOWHERE
    description: str | None = None

    @property
    def composites(self) -> tuple[str, ...]:
        """The names of all composite attributes, those of the partition key first."""
        return self.pk.composite + (self.sk.composite if self.sk else ())


@frozen
class SearchSpec:
    """An access pattern by meaning: a vector index of the table, as one entity uses it.

    `attribute` is the vector. `partition` and `filters` name attributes; searches compare their
    values as stored. `projection` lists item fields.
    """

    name: str
    index: str
    attribute: str
    metric: str = "cosine"
    """`cosine`, `euclidean` or `dot_product`."""
    partition: str | None = None
    filters: tuple[str, ...] = ()
    projection: str | tuple[str, ...] | None = None
    span: Span = NOWHERE
    description: str | None = None


@frozen
class EntitySpec:
    """An entity: its attributes and its access patterns.

    `indexes` are the access patterns by key, `searches` those by meaning; no name is in both.
    """

    entity: str
    alias: str
    version: str
    service: str
    attributes: Mapping[str, AttributeSpec] = attrs.field(converter=_frozen_mapping)
    indexes: Mapping[str, IndexSpec] = attrs.field(converter=_frozen_mapping)
    unique: tuple[tuple[str, ...], ...] = ()
    version_attribute: str | None = None
    keys: str = "electrodb"
    """`electrodb`, or `strict`: injective and order-preserving keys."""
    identifiers: tuple[str, str] = (ENTITY_FIELD, VERSION_FIELD)
    """The item fields that hold the entity's name and its version."""
    description: str | None = None
    span: Span = NOWHERE
    searches: Mapping[str, SearchSpec] = attrs.field(factory=dict, converter=_frozen_mapping)
    never_empty: tuple[str, ...] = ()
    """The attributes that any vector index of the table compares, also those of other entities."""
    never_zero: tuple[str, ...] = ()
    """The vectors that a vector index of the table compares by cosine."""

    @property
    def primary(self) -> IndexSpec:
        """The access pattern on the table's own key."""
        return next(index for index in self.indexes.values() if index.index is None)

    @property
    def constants(self) -> dict[str, str]:
        """The values of required or defaulted enums that have only one value.

        Keys and queries fill these in.
        """
        return {
            name: attribute.values[0]
            for name, attribute in self.attributes.items()
            if attribute.type == "enum"
            and len(attribute.values) == 1
            # An item may lack an optional one, and queries must find it all the same.
            and (attribute.required or attribute.default is not None)
        }

    def leaves_out(self, index: IndexSpec) -> bool:
        """Return whether an item without an attribute of the partition key is not in the index."""
        absent = index.absent or ("out" if self.keys == "strict" else "key")
        return absent == "out" and index.index is not None

    def template_of(self, key: KeySpec) -> Template | None:
        """Return the template that builds a key; one without text for an attribute in its field."""
        if key.template is not None:
            return parse_template(key.template)
        if [self.attributes[name].field for name in key.composite] == [key.field]:
            return Template(("", ""), key.composite)
        return None

    def made_of(self, index: IndexSpec) -> tuple[str, ...]:
        """Return the attributes that Leyden needs to build the keys of an access pattern in a
        write.

        Attributes that DynamoDB itself uses as a key are not among them, since the key changes with
        them: those of a multi-attribute index, and a number in the key's own field.
        """
        halves = () if index.type == "composite" else (index.pk, index.sk)
        made = (key for key in halves if key is not None and not self._is_number(key))
        return tuple(name for key in made for name in key.composite)

    def _is_number(self, key: KeySpec) -> bool:
        template = self.template_of(key)
        if template is None or not template.is_bare or key.cast == "string":
            return False
        attribute = self.attributes[template.names[0]]
        return attribute.field == key.field and attribute.type in _NUMBERS


@frozen
class TableIndexSpec:
    """The description of an index in table.yaml."""

    name: str
    kind: str = "gsi"
    projection: str | tuple[str, ...] = "all"
    span: Span = NOWHERE


@frozen
class TableSpec:
    """The contents of table.yaml. `table` is None if it names no table."""

    table: str | None = None
    indexes: Mapping[str, TableIndexSpec] = attrs.field(factory=dict, converter=_frozen_mapping)
    ttl: str | None = None
    """The item field that DynamoDB's time to live reads."""
    settings: TableSettings = TableSettings()
    span: Span = NOWHERE


@frozen
class ServiceSpec:
    """All entities of one service, by alias, and their table."""

    service: str
    entities: Mapping[str, EntitySpec] = attrs.field(converter=_frozen_mapping)
    table: TableSpec = TableSpec()
