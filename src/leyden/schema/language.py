"""The schema language as tables: every option, what it takes, and what it is for.

The parser and the JSON Schema for editors both work from these tables, so that each option is
described in one place only.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from leyden.schema.examples import MEANINGS
from leyden.schema.shapes import (
    SHAPES,
    TAKEN_ALIASES,
    TAKEN_ATTRIBUTES,
    Choice,
    Duration,
    Either,
    Flag,
    ListOf,
    Making,
    Name,
    Named,
    Number,
    Option,
    Options,
    Reference,
    Source,
    Text,
    Whole,
)
from leyden.schema.spec import (
    ENTITY_FIELD,
    OVERFLOW_FIELD,
    VERSION_FIELD,
)
from leyden.schema.table_language import PROJECTION
from leyden.types import MAX_DIMENSIONS, TYPES
from leyden.types.normal import FORM_MEANINGS, FORMS
from leyden.types.periods import PERIODS

TYPE_NAMES: Final = tuple(name for name in TYPES if name != "enum")
"""The types that have a name. An enum has none: it is written as the list of its values."""


def _having(option: str) -> frozenset[str]:
    """Return the types that have an option which other types lack."""
    return frozenset(name for name, kind in TYPES.items() if option in kind.options)


def _needing(option: str) -> frozenset[str]:
    """Return the types that require an option."""
    return frozenset(name for name, kind in TYPES.items() if option in kind.needs)


KEY_TYPES: Final = frozenset(name for name, kind in TYPES.items() if kind.keyable)
"""The types of attributes that can be part of a key."""

SET_TYPES: Final = frozenset(name for name, kind in TYPES.items() if kind.in_sets)
"""The types of the elements of a set."""

PATTERN_TYPES: Final = _having("pattern")

RESERVED_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        ENTITY_FIELD: "which entity an item belongs to",
        VERSION_FIELD: "which entity an item belongs to",
        OVERFLOW_FIELD: "where large values are",
    }
)
"""The fields that Leyden itself writes into items, and what each of them holds."""

GENERATED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        made: frozenset(name for name, kind in TYPES.items() if made in kind.generates)
        for made in ("now", "uuid4", "uuid7", "ulid")
    }
)
"""What Leyden can generate, and the attribute types that each kind fits."""

CALL: Final = Options(
    {
        "call": Option(
            Text(), "The function's name in the dict that you pass as `hooks=`.", required=True
        )
    },
    "A Python function, by its name in the dict that you pass as `hooks=`.",
    name="call",
)

JUDGE: Final = Options(
    {
        **CALL.options,
        "reads": Option(
            ListOf(Text(), least=1),
            "The attributes that Leyden passes to the function. Default: those of the index's key.",
        ),
    },
    "A Python function that takes attributes by name, and says whether the item is in the index.",
    name="judge",
)

SET_CALL: Final = Options(
    {
        **CALL.options,
        "always": Option(
            Flag(),
            "Call it for a new item without a value too, with None. Default: `false`.",
        ),
    },
    "A Python function, by its name in the dict that you pass as `hooks=`.",
    name="set call",
)

GENERATE: Final = Options(
    {
        "generate": Option(
            Choice(tuple(GENERATED), meanings=MEANINGS["generate"]),
            "What to generate: the current time, or a new id.",
            required=True,
        )
    },
    "A value that Leyden generates for each write.",
    name="generate",
)

AFTER: Final = Options(
    {
        "after": Option(
            Duration(),
            "The length of time: `90 days`, `1 hour 30 minutes`. Units are seconds, minutes, "
            "hours, days and weeks.",
            required=True,
        ),
        "of": Option(Text(), "The attribute to count from. Default: the time of the write."),
    },
    "A time counted from the write, or from the time in another attribute.",
    name="after",
)

_BUCKETS: Final = {name: f"Such as `{period.example}`." for name, period in PERIODS.items()}

BUCKET: Final = Options(
    {
        "bucket": Option(
            Choice(tuple(PERIODS), meanings=_BUCKETS),
            "The length of the bucket, in UTC.",
            required=True,
        ),
        "of": Option(Text(), "The attribute that holds the time.", required=True),
    },
    "The hour, day, week, month, quarter or year of a time, as text that sorts by time.",
    name="bucket",
)

SLUG: Final = Options(
    {
        "slug": Option(Text(), "The attribute that holds the text.", required=True),
        "max_length": Option(
            Whole(1, 1000), "The maximum length. A longer slug ends after the last word that fits."
        ),
    },
    "Text for a web address: lowercase ASCII letters, digits, and hyphens between words.",
    name="slug",
)

PADDING: Final = Options(
    {
        "length": Option(
            Whole(1, 1024),
            "The length to pad to, in characters. A longer value stays as it is.",
            required=True,
        ),
        "char": Option(Text(), "The character to pad with.", required=True),
    },
    "Pads the value on the left, in keys only, so that numbers sort as numbers.",
    name="padding",
)

_EXPRESSION_OR_CALL: Final = Either("a JMESPath expression or {call: NAME}", Text(), mapping=CALL)
_WORDS: Final = {
    "enum": "an enum is written as the list of its values: [open, closed]",
    **{
        word: f'did you mean "{name}"?' for name, kind in TYPES.items() for word in kind.also_called
    },
}
_MEANINGS: Final = {name: f"{kind.meaning} `{kind.example}`" for name, kind in TYPES.items()}
_TYPE: Final = Either(
    "a type or a list of the values of an enum",
    Choice(TYPE_NAMES, _WORDS, _MEANINGS),
    listing=ListOf(Text(), least=1),
)
_ALONE: Final = Choice(
    tuple(name for name in TYPE_NAMES if not TYPES[name].needs),
    {
        **_WORDS,
        **{
            name: f"write {{type: {name}, {': ..., '.join(sorted(kind.needs))}: ...}}"
            for name, kind in TYPES.items()
            if kind.needs
        },
    },
    _MEANINGS,
)
"""The types that need no other option."""
_SOURCE: Final = Source({"generate": GENERATE, "call": CALL, "after": AFTER})
_DEFAULT: Final = Source({**_SOURCE.kinds, "slug": SLUG})
_DERIVATION: Final = Either(
    "a JMESPath expression, or a mapping with `call`, `bucket`, `slug` or `after`",
    Text(),
    mapping=Making({"call": CALL, "bucket": BUCKET, "slug": SLUG, "after": AFTER}),
)
_FORM: Final = Choice(
    tuple(FORMS),
    {"lowercase": 'did you mean "lower"?', "uppercase": 'did you mean "upper"?'},
    {name: f"{said[0].upper()}{said[1:]}." for name, said in FORM_MEANINGS.items()},
)

_ELEMENT: Final[dict[str, Option]] = {
    "type": Option(_TYPE, "The type, or a list of texts: the values of an enum.", required=True),
    "items": Option(
        Reference("element"), "The type of the elements. Default: any.", types=_having("items")
    ),
    "properties": Option(
        Named("a property", Reference("property"), Text()),
        "The properties of a map. Leyden refuses all others. Default: any property.",
        types=_having("properties"),
    ),
    "normalize": Option(
        Either("a normal form or a list of them", _FORM, listing=ListOf(_FORM, least=1)),
        "The normal forms that Leyden gives to texts before it checks, stores or looks for "
        "them, in keys too.",
        types=_having("normalize"),
    ),
    "prefix": Option(
        Text(),
        "What every text must begin with. Generated ids get it.",
        types=_having("prefix"),
    ),
    "tag": Option(
        Text(),
        "The property that names the variant of a value.",
        types=_having("tag"),
        needed_by=_needing("tag"),
    ),
    "variants": Option(
        Named("a variant", Reference("variant"), Text(), least=1),
        "The variants of a union, by the value of its tag.",
        types=_having("variants"),
        needed_by=_needing("variants"),
    ),
    "pattern": Option(
        Text(),
        "A regular expression that must match somewhere in the text. Anchor it with `^` and `$`.",
        types=_having("pattern"),
    ),
    "min": Option(
        Number(), "The smallest value. For a ttl, in seconds since 1970.", types=_having("min")
    ),
    "max": Option(
        Number(), "The largest value. For a ttl, in seconds since 1970.", types=_having("min")
    ),
    "min_length": Option(
        Whole(0, 2**31),
        "The minimum number of characters, bytes or elements.",
        types=_having("min_length"),
    ),
    "max_length": Option(
        Whole(0, 2**31),
        "The maximum number of characters, bytes or elements.",
        types=_having("min_length"),
    ),
    "dimensions": Option(
        Whole(1, MAX_DIMENSIONS),
        "How many numbers a vector has.",
        types=_having("dimensions"),
        needed_by=_needing("dimensions"),
    ),
    "validate": Option(
        _EXPRESSION_OR_CALL,
        "A check of the value: a JMESPath expression over it (`@`) that must be true, or a "
        "function.",
    ),
    "get": Option(CALL, "A function that converts the stored value after a read."),
    "set": Option(CALL, "A function that converts the value before a write."),
    "description": Option(Text(empty=True), "What the attribute means. For people only."),
}

VARIANT: Final = Options(
    {
        "properties": Option(
            Named("a property", Reference("property"), Text()),
            "The properties beside the tag. Default: none.",
        ),
        "description": Option(Text(empty=True), "What the variant means. For people only."),
    },
    "A variant of a union.",
    name="variant",
)

_PROPERTY: Final[dict[str, Option]] = {
    **_ELEMENT,
    "required": Option(
        Flag(), "Refuse an item without a value, and an update that removes it. Default: `false`."
    ),
    "default": Option(
        _SOURCE,
        "The value of a new item if you give none: a literal, `{generate: ...}`, `{after: ...}` or "
        "`{call: NAME}`.",
    ),
    "hidden": Option(Flag(), "Store it, and leave it out of records. Default: `false`."),
    "field": Option(Text(), "Its name in the stored item. Default: the attribute's name."),
}

_ATTRIBUTE: Final[dict[str, Option]] = {
    **_PROPERTY,
    "default": Option(
        _DEFAULT,
        "The value of a new item if you give none: a literal, `{generate: ...}`, `{after: ...}`, "
        "`{slug: ...}` or `{call: NAME}`.",
    ),
    "set": Option(
        SET_CALL,
        "A function that converts the value before a write. With `watch`, Leyden calls it also "
        "when a write changes a watched attribute, with None if there is no value.",
    ),
    "read_only": Option(
        Flag(), "Set it when the item is created, and never again. Default: `false`."
    ),
    "label": Option(Text(), "Its name inside of keys. Default: the attribute's name."),
    "on_write": Option(
        _SOURCE,
        "What every write sets anew: a literal, `{generate: ...}`, `{after: ...}` or `{call: "
        "NAME}`.",
    ),
    "padding": Option(
        PADDING,
        "Pads the value on the left, in keys only, so that numbers sort as numbers.",
        types=KEY_TYPES,
    ),
    "watch": Option(
        Either(
            'a list of attributes, or "*" for all',
            Choice(("*",), meanings=MEANINGS["watch"]),
            listing=ListOf(Text(), least=1),
        ),
        "The attributes whose changes make Leyden derive it again, or call `set` again. "
        "Default: those that the expression in `derive` reads.",
    ),
    "derive": Option(
        _DERIVATION,
        "Computes the value from other attributes: a JMESPath expression, `{bucket: ...}`, "
        "`{slug: ...}`, `{after: ...}` or `{call: NAME}`.",
    ),
    "encrypt": Option(
        Flag(),
        "Encrypt it before a write, with a key that you pass as `encryption_keys=`. Default: "
        "`false`.",
    ),
    "deferred": Option(
        Flag(),
        "Leave it out of records, unless the read's option `attributes` names it. Default: "
        "`false`.",
        types=_having("deferred"),
    ),
    "overflow": Option(
        Choice(
            ("chunk",),
            meanings=MEANINGS["overflow"],
        ),
        "`chunk`: compress a value that is too large for its item, and if that is not enough, "
        "split it over sibling items.",
        types=_having("overflow"),
    ),
}

ATTRIBUTE: Final = Options(_ATTRIBUTE, "An attribute.", name="attribute")
PROPERTY: Final = Options(_PROPERTY, "A property of a map.", name="attribute")
ELEMENT: Final = Options(_ELEMENT, "An element of a list or set.", name="attribute")

KEY: Final = Options(
    {
        "field": Option(
            Text(), "The item's field that stores the key. Required, except on a `composite` index."
        ),
        "composite": Option(
            ListOf(Text()),
            "The attributes that make up the key, in order. A sort key may have none: `[]`.",
        ),
        "template": Option(
            Text(),
            "The key as text with attributes in it: `REGION#${region}`. Leyden adds no prefix.",
        ),
        "casing": Option(
            Choice(
                ("default", "upper", "lower", "none"),
                meanings=MEANINGS["casing"],
            ),
            "The case of letters in the key. Default: `default`, which is `lower`.",
        ),
        "cast": Option(
            Choice(
                ("string", "number"),
                meanings=MEANINGS["cast"],
            ),
            "The type that stores the key. Only a key of one attribute can be a `number`.",
        ),
    },
    "A partition key or a sort key.",
    name="key",
)

VECTOR: Final = Options(
    {
        "index": Option(Text(), "The name of the table's vector index.", required=True),
        "attribute": Option(
            Text(), "The attribute to search, of the type `vector`.", required=True
        ),
        "metric": Option(
            Choice(
                ("cosine", "euclidean", "dot_product"),
                meanings=MEANINGS["metric"],
            ),
            "How to compare two vectors. Default: `cosine`.",
        ),
        "partition": Option(
            Text(),
            "An attribute that divides the index. Every search names a value of it, and reads "
            "only items with that value.",
        ),
        "filters": Option(
            ListOf(Text()), "The attributes that a search may filter by, each with one value."
        ),
        "projection": Option(PROJECTION, "Which fields of an item the index holds."),
    },
    "The vector index that an access pattern searches.",
    name="vector",
)

INDEX: Final = Options(
    {
        "index": Option(
            Text(),
            "The name of the table's index. Without it, the access pattern is the table's own key.",
        ),
        "collection": Option(
            Either("a name or a list of names", Text(), listing=ListOf(Text(), least=1)),
            "The collection that the entity joins on this index. A list names sub-collections, "
            "the outermost first.",
        ),
        "type": Option(
            Choice(
                ("isolated", "clustered", "composite"),
                meanings=MEANINGS["sharing"],
            ),
            "How entities share the index: each in a range of its own (`isolated`, the "
            "default), sorted together (`clustered`), or with multi-attribute keys "
            "(`composite`).",
        ),
        "scope": Option(
            Text(),
            "A word in the partition key that keeps these items apart from others in the index.",
        ),
        "when": Option(
            Either("a JMESPath condition or {call: NAME, reads: [...]}", Text(), mapping=JUDGE),
            "A condition, as JMESPath or as a function. Only items that meet it are in the index.",
        ),
        "absent": Option(
            Choice(
                ("key", "out"),
                meanings=MEANINGS["absent"],
            ),
            "What happens to an item that lacks an attribute of the partition key: `key` ends "
            "the key before the missing value, `out` leaves the item out of the index. Default:"
            " `key`, and `out` with `keys: strict`.",
        ),
        "projection": Option(PROJECTION, "Which fields of an item the index holds."),
        "pk": Option(KEY, "The partition key.", required=True),
        "sk": Option(KEY, "The sort key."),
        "vector": Option(
            VECTOR,
            "The vector index of a search by meaning. Such an access pattern has no other option "
            "than a description.",
        ),
        "description": Option(Text(empty=True), "What the access pattern is for. For people only."),
    },
    "An access pattern.",
    alone="vector",
    also=("description",),
    name="access pattern",
)

ALIAS: Final = Name("give one with `alias:`", TAKEN_ALIASES)
"""The name of an entity in Python."""

IDENTIFIERS: Final = Options(
    {
        "entity": Option(
            Text(), f"The field that holds the entity's name. Default: `{ENTITY_FIELD}`."
        ),
        "version": Option(Text(), f"The field that holds the version. Default: `{VERSION_FIELD}`."),
    },
    "The item fields that say which entity an item belongs to.",
    name="identifiers",
)

ENTITY: Final = Options(
    {
        "entity": Option(
            Text(), "The entity's name, stored in items and in sort keys.", required=True
        ),
        "alias": Option(
            ALIAS,
            "The name in Python. Default: the entity's name.",
        ),
        "version": Option(
            Text(numbers=True),
            "The version of the stored format. It is part of every item and of its keys.",
            required=True,
        ),
        "service": Option(
            Text(),
            "The service that the entity belongs to. Partition keys begin with it.",
            required=True,
        ),
        "attributes": Option(
            Named(
                "an attribute",
                Reference("attribute"),
                Name(
                    "give the stored name with `field:` and the attribute another name",
                    TAKEN_ATTRIBUTES,
                ),
                least=1,
            ),
            "The attributes, by their names in Python.",
            required=True,
        ),
        "indexes": Option(
            Named("an access pattern", INDEX, Name("give it another name"), least=1),
            "The access patterns, by name. Exactly one has no `index`: it is the table's own key.",
            required=True,
        ),
        "unique": Option(
            ListOf(ListOf(Text(), least=1)),
            "Lists of attributes. No two items may share the values of a whole list.",
        ),
        "version_attribute": Option(
            Text(),
            "The `integer` or `number` attribute that counts an item's writes, for optimistic "
            "locking.",
        ),
        "keys": Option(
            Choice(
                ("electrodb", "strict"),
                meanings=MEANINGS["keys"],
            ),
            "The format of keys: `electrodb` (the default), or `strict`, whose keys cannot "
            "collide and sort as the values do.",
        ),
        "identifiers": Option(
            IDENTIFIERS,
            "The item fields that say which entity an item belongs to, if they are not the "
            "usual ones.",
        ),
        "description": Option(Text(empty=True), "What the entity is. For people only."),
    },
    "An entity: its attributes and its access patterns.",
    name="entity",
)

_IN_FULL: Final = "an enum is written with its values under `type`: {type: [open, closed]}"

SHAPES.update(
    {
        name: Either(
            "a type, or a mapping of options", _ALONE, mapping=shape, instead_of_list=_IN_FULL
        )
        for name, shape in (("attribute", ATTRIBUTE), ("property", PROPERTY))
    },
    variant=VARIANT,
    element=Either(
        "a type, a list of the values of an enum, or a mapping of options",
        _ALONE,
        _TYPE.listing,
        ELEMENT,
    ),
)


def is_table_description(keys: frozenset[str]) -> bool:
    """Return whether a document with these keys describes the table rather than an entity."""
    return bool(keys) and not keys & {"entity", "attributes"}
