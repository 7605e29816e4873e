"""The schema language as tables: every option, what it takes, and what it is for.

The parser and the JSON Schema for editors are both driven by these tables, so that an option is
described in one place.
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
"""The types that have a name; an enum is written as the list of its values."""


def _having(option: str) -> frozenset[str]:
    """The types that have an option which others do not have."""
    return frozenset(name for name, kind in TYPES.items() if option in kind.options)


def _needing(option: str) -> frozenset[str]:
    """The types that say too little without an option."""
    return frozenset(name for name, kind in TYPES.items() if option in kind.needs)


KEY_TYPES: Final = frozenset(name for name, kind in TYPES.items() if kind.keyable)
"""The types of attributes that can be in a key."""

SET_TYPES: Final = frozenset(name for name, kind in TYPES.items() if kind.in_sets)
"""The types of the elements of a set."""

PATTERN_TYPES: Final = _having("pattern")

RESERVED_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        ENTITY_FIELD: "whose item it is",
        VERSION_FIELD: "whose item it is",
        OVERFLOW_FIELD: "where large values are",
    }
)
"""The fields that Leyden itself writes into items, and what each of them tells."""

GENERATED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        made: frozenset(name for name, kind in TYPES.items() if made in kind.generates)
        for made in ("now", "uuid4", "uuid7", "ulid")
    }
)
"""What can be generated, and the attribute types that it fits."""

CALL: Final = Options(
    {
        "call": Option(
            Text(), "The name of a Python function handed in with `hooks=`.", required=True
        )
    },
    "A Python function, by the name under which it is handed in with `hooks=`.",
    name="call",
)

JUDGE: Final = Options(
    {
        **CALL.options,
        "reads": Option(
            ListOf(Text(), least=1),
            "The attributes that it is given; by default those that the key is made of.",
        ),
    },
    "A Python function that is called with attributes by name, and says whether an item is in.",
    name="judge",
)

SET_CALL: Final = Options(
    {
        **CALL.options,
        "always": Option(
            Flag(),
            "Whether a new item asks it where no value is given as well, with None.",
        ),
    },
    "A Python function, by the name under which it is handed in with `hooks=`.",
    name="set call",
)

GENERATE: Final = Options(
    {
        "generate": Option(
            Choice(tuple(GENERATED), meanings=MEANINGS["generate"]),
            "What to make: the current time, or a new id.",
            required=True,
        )
    },
    "A value that is made anew each time.",
    name="generate",
)

AFTER: Final = Options(
    {
        "after": Option(
            Duration(),
            "How much later, in words: `90 days`, `1 hour 30 minutes`. The units are seconds, "
            "minutes, hours, days and weeks.",
            required=True,
        ),
        "of": Option(
            Text(), "The attribute whose time it is counted from; by default the write's instant."
        ),
    },
    "A time that is counted from the instant of the write, or from that of another attribute.",
    name="after",
)

_BUCKETS: Final = {name: f"Such as `{period.example}`." for name, period in PERIODS.items()}

BUCKET: Final = Options(
    {
        "bucket": Option(
            Choice(tuple(PERIODS), meanings=_BUCKETS),
            "The length of the bucket, as UTC counts it.",
            required=True,
        ),
        "of": Option(Text(), "The attribute whose time falls into the bucket.", required=True),
    },
    "The hour, day, week, month, quarter or year that a time falls into, as text that sorts.",
    name="bucket",
)

SLUG: Final = Options(
    {
        "slug": Option(Text(), "The attribute whose text it is made of.", required=True),
        "max_length": Option(
            Whole(1, 1000), "The greatest length; a longer slug ends with the last word that fits."
        ),
    },
    "A part of a web address: small ASCII letters, digits, and hyphens between words.",
    name="slug",
)

PADDING: Final = Options(
    {
        "length": Option(Whole(1, 1024), "The length in characters to fill up to.", required=True),
        "char": Option(Text(), "The character to fill with.", required=True),
    },
    "Fills the value up on the left, in keys only, so that numbers sort as numbers.",
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
"""The types that say all by their name."""
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
    "type": Option(_TYPE, "The type; a list of texts is an enum of these values.", required=True),
    "items": Option(Reference("element"), "The elements of a list or set.", types=_having("items")),
    "properties": Option(
        Named("a property", Reference("property"), Text()),
        "The properties of a map; without it, the map takes any.",
        types=_having("properties"),
    ),
    "normalize": Option(
        Either("a normal form or a list of them", _FORM, listing=ListOf(_FORM, least=1)),
        "The normal forms that texts are brought into before they are checked, stored, looked for "
        "and put into keys.",
        types=_having("normalize"),
    ),
    "prefix": Option(
        Text(),
        "What texts must begin with; generated ones get it.",
        types=_having("prefix"),
    ),
    "tag": Option(
        Text(),
        "The property of a union that says which variant a value is.",
        types=_having("tag"),
        needed_by=_needing("tag"),
    ),
    "variants": Option(
        Named("a variant", Reference("variant"), Text(), least=1),
        "The variants of a union, by the texts that its tag can be.",
        types=_having("variants"),
        needed_by=_needing("variants"),
    ),
    "pattern": Option(
        Text(), "A regular expression that a text must match.", types=_having("pattern")
    ),
    "min": Option(
        Number(), "The least value; of a ttl, in seconds since 1970.", types=_having("min")
    ),
    "max": Option(
        Number(), "The greatest value; of a ttl, in seconds since 1970.", types=_having("min")
    ),
    "min_length": Option(
        Whole(0, 2**31),
        "The least length: characters, bytes or elements.",
        types=_having("min_length"),
    ),
    "max_length": Option(
        Whole(0, 2**31),
        "The greatest length: characters, bytes or elements.",
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
        "A JMESPath expression, or a function, that must hold for the value.",
    ),
    "get": Option(CALL, "A function that changes the value after it is read."),
    "set": Option(CALL, "A function that changes the value before it is stored."),
    "description": Option(Text(empty=True), "What the attribute means, for people."),
}

VARIANT: Final = Options(
    {
        "properties": Option(
            Named("a property", Reference("property"), Text()),
            "The properties beside the tag; without it, there are none.",
        ),
        "description": Option(Text(empty=True), "What the variant means, for people."),
    },
    "A variant of a union: what a value has whose tag is its name.",
    name="variant",
)

_PROPERTY: Final[dict[str, Option]] = {
    **_ELEMENT,
    "required": Option(Flag(), "Whether it must have a value."),
    "default": Option(_SOURCE, "The value where none is given."),
    "hidden": Option(Flag(), "Whether it is left out of records."),
    "field": Option(Text(), "The name in the stored item; by default the attribute's name."),
}

_ATTRIBUTE: Final[dict[str, Option]] = {
    **_PROPERTY,
    "default": Option(_DEFAULT, "The value where none is given."),
    "set": Option(
        SET_CALL,
        "A function that changes the value before it is stored; with `watch`, it is called with "
        "None as well, where an attribute that it watches is written.",
    ),
    "read_only": Option(Flag(), "Whether it can be set only when the item is created."),
    "label": Option(Text(), "The name in keys; by default the attribute's name."),
    "on_write": Option(_SOURCE, "The value that every write sets again."),
    "padding": Option(
        PADDING,
        "Fills the value up on the left, in keys only, so that numbers sort as numbers.",
        types=KEY_TYPES,
    ),
    "watch": Option(
        Either(
            'a list of attributes, or "*" for all',
            Choice(("*",), meanings=MEANINGS["watch"]),
            listing=ListOf(Text(), least=1),
        ),
        "The attributes after whose change it is derived again, or `set` is called again; by "
        "default those that the expression in `derive` reads.",
    ),
    "derive": Option(
        _DERIVATION,
        "What makes the value of the item's other attributes: a JMESPath expression, a function, "
        "a time bucket, a slug, or a time counted from another one.",
    ),
    "encrypt": Option(
        Flag(),
        "Whether it is stored encrypted, by a key that is handed in with `encryption_keys=`.",
    ),
    "deferred": Option(
        Flag(),
        "Whether reads leave it out unless their `attributes` name it.",
        types=_having("deferred"),
    ),
    "overflow": Option(
        Choice(
            ("chunk",),
            meanings=MEANINGS["overflow"],
        ),
        "`chunk`: a value too large for an item is compressed and split over sibling items.",
        types=_having("overflow"),
    ),
}

ATTRIBUTE: Final = Options(_ATTRIBUTE, "An attribute.", name="attribute")
PROPERTY: Final = Options(_PROPERTY, "A property of a map.", name="attribute")
ELEMENT: Final = Options(_ELEMENT, "An element of a list or set.", name="attribute")

KEY: Final = Options(
    {
        "field": Option(Text(), "The item's field that stores this key."),
        "composite": Option(ListOf(Text()), "The attributes that make the key, in their order."),
        "template": Option(
            Text(), "The key with attributes in place: `REGION#${region}`. It gets no prefix."
        ),
        "casing": Option(
            Choice(
                ("default", "upper", "lower", "none"),
                meanings=MEANINGS["casing"],
            ),
            "How letters are written in the key; `default` is `lower`.",
        ),
        "cast": Option(
            Choice(
                ("string", "number"),
                meanings=MEANINGS["cast"],
            ),
            "The type in which the key is stored.",
        ),
    },
    "One half of an index key.",
    name="key",
)

VECTOR: Final = Options(
    {
        "index": Option(Text(), "The name of the table's vector index.", required=True),
        "attribute": Option(
            Text(), "The attribute of the type `vector` that is searched.", required=True
        ),
        "metric": Option(
            Choice(
                ("cosine", "euclidean", "dot_product"),
                meanings=MEANINGS["metric"],
            ),
            "How near two vectors are; by default `cosine`.",
        ),
        "partition": Option(
            Text(), "The attribute that parts the index; every search then names its value."
        ),
        "filters": Option(
            ListOf(Text()), "The attributes that a search may ask for, each with one value."
        ),
        "projection": Option(PROJECTION, "What the index holds of an item."),
    },
    "A vector index of the table, as this entity uses it.",
    name="vector",
)

INDEX: Final = Options(
    {
        "index": Option(
            Text(), "The name of the table's index; without it, this is the table's own key."
        ),
        "collection": Option(
            Either("a name or a list of names", Text(), listing=ListOf(Text(), least=1)),
            "The collection that the entity joins here; a list for sub-collections.",
        ),
        "type": Option(
            Choice(
                ("isolated", "clustered", "composite"),
                meanings=MEANINGS["sharing"],
            ),
            "How entities share the index: apart (`isolated`), sorted together "
            "(`clustered`), or by multi-attribute keys (`composite`).",
        ),
        "scope": Option(Text(), "A word that joins the partition key, to keep it apart."),
        "when": Option(
            Either("a JMESPath condition or {call: NAME, reads: [...]}", Text(), mapping=JUDGE),
            "A JMESPath condition, or a function; items that do not meet it are not in the index.",
        ),
        "absent": Option(
            Choice(
                ("key", "out"),
                meanings=MEANINGS["absent"],
            ),
            "What becomes of an item that lacks a partition-key attribute: `key` lets the key "
            "end where the value is missing, `out` leaves the item out of the index. The "
            "default is `key`, and `out` under `keys: strict`.",
        ),
        "projection": Option(PROJECTION, "What the index holds of an item."),
        "pk": Option(KEY, "The partition key.", required=True),
        "sk": Option(KEY, "The sort key."),
        "vector": Option(
            VECTOR,
            "The vector index of an access pattern by meaning, which has no other option but a "
            "description.",
        ),
        "description": Option(Text(empty=True), "What the access pattern is for, for people."),
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
        "entity": Option(Text(), f"The field of the entity's name; by default `{ENTITY_FIELD}`."),
        "version": Option(Text(), f"The field of the version; by default `{VERSION_FIELD}`."),
    },
    "The item fields that tell whose item it is.",
    name="identifiers",
)

ENTITY: Final = Options(
    {
        "entity": Option(
            Text(), "The entity's name, stored in items and in sort keys.", required=True
        ),
        "alias": Option(
            ALIAS,
            "The name in Python; by default the entity's name.",
        ),
        "version": Option(
            Text(numbers=True),
            "The version of the stored format, part of the keys.",
            required=True,
        ),
        "service": Option(
            Text(), "The service that the entity belongs to, part of the keys.", required=True
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
            "The access patterns, by name. One of them, without `index`, is the table's key.",
            required=True,
        ),
        "unique": Option(
            ListOf(ListOf(Text(), least=1)),
            "Lists of attributes whose values no two items may share.",
        ),
        "version_attribute": Option(
            Text(), "The number attribute that counts the item's changes, for locking."
        ),
        "keys": Option(
            Choice(
                ("electrodb", "strict"),
                meanings=MEANINGS["keys"],
            ),
            "How keys are written; `strict` keys cannot collide and sort as the values do.",
        ),
        "identifiers": Option(
            IDENTIFIERS, "The item fields that tell whose item it is, where not the usual ones."
        ),
        "description": Option(Text(empty=True), "What the entity is, for people."),
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
    """Whether a document with these keys describes the table rather than an entity."""
    return bool(keys) and not keys & {"entity", "attributes"}
