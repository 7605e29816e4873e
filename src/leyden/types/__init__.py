"""The attribute types: one object per type, which all layers use.

To add a type, write its class next to the most similar one, and add it to `_ALL` below.

>>> TYPES["integer"].kind
'N'
"""

from leyden.types.anything import (
    AnyType,
    JsonType,
    accept_any,
    accept_json,
    decode_any,
    encode_any,
    encode_any_set,
    json_ready,
    json_text,
    json_writer,
    plain_any,
    plain_numbers,
    without_decimals,
)
from leyden.types.base import (
    MAX_DEPTH,
    TYPES,
    UNKNOWN,
    Accept,
    AttributeType,
    AttributeValue,
    Item,
    UnreadableError,
    WrongLiteralError,
    refuse,
    type_of,
    wrong_type,
)
from leyden.types.containers import ListType, MapType, SetType, object_schema
from leyden.types.from_json import value_from_json
from leyden.types.lacking import (
    LackingList,
    LackingMap,
    excerpt,
    has_properties,
    lacking_properties,
    places_lacking,
)
from leyden.types.normal import normal_form, slug_of
from leyden.types.numbers import (
    DecimalType,
    IntegerType,
    NumberType,
    accept_decimal,
    epoch_milliseconds,
    number_text,
)
from leyden.types.periods import bucket_of, duration_words
from leyden.types.portable import portable_text, portable_value
from leyden.types.text import (
    BinaryType,
    BooleanType,
    EnumType,
    StringType,
    accept_binary,
    accept_string,
    escape,
)
from leyden.types.times import (
    TimestampType,
    TtlType,
    accept_timestamp,
    epoch_seconds,
    timestamp_text,
)
from leyden.types.union import (
    UnionType,
    properties_of_variants,
    shared_part,
    shared_properties,
    variant_spec,
)
from leyden.types.vector import MAX_DIMENSIONS, VectorType, accept_vector, vector_excerpt

__all__ = [
    "MAX_DEPTH",
    "MAX_DIMENSIONS",
    "TYPES",
    "UNKNOWN",
    "Accept",
    "AttributeType",
    "AttributeValue",
    "Item",
    "LackingList",
    "LackingMap",
    "UnreadableError",
    "WrongLiteralError",
    "accept_any",
    "accept_binary",
    "accept_decimal",
    "accept_json",
    "accept_string",
    "accept_timestamp",
    "accept_vector",
    "bucket_of",
    "decode_any",
    "duration_words",
    "encode_any",
    "encode_any_set",
    "epoch_milliseconds",
    "epoch_seconds",
    "escape",
    "excerpt",
    "has_properties",
    "json_ready",
    "json_text",
    "json_writer",
    "lacking_properties",
    "normal_form",
    "number_text",
    "object_schema",
    "places_lacking",
    "plain_any",
    "plain_numbers",
    "portable_text",
    "portable_value",
    "properties_of_variants",
    "refuse",
    "shared_part",
    "shared_properties",
    "slug_of",
    "timestamp_text",
    "type_of",
    "value_from_json",
    "variant_spec",
    "vector_excerpt",
    "without_decimals",
    "wrong_type",
]

_ALL = (
    *(StringType, NumberType, IntegerType, DecimalType, BooleanType, BinaryType, EnumType),
    *(JsonType, TimestampType, TtlType, ListType, SetType, MapType, VectorType),
    *(UnionType, AnyType),
)
TYPES.update({kind.name: kind() for kind in _ALL})
