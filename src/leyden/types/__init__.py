"""The attribute types: one object each, which every layer asks.

To add a type, write its class beside the one that it is most like, and name it in `_ALL` below.

>>> TYPES["integer"].kind
'N'
"""

from leyden.types.anything import AnyType, JsonType
from leyden.types.base import TYPES, UNKNOWN, AttributeType, type_of
from leyden.types.containers import ListType, MapType, SetType
from leyden.types.numbers import DecimalType, IntegerType, NumberType
from leyden.types.text import BinaryType, BooleanType, EnumType, StringType
from leyden.types.times import TimestampType, TtlType

__all__ = ["TYPES", "UNKNOWN", "AttributeType", "type_of"]

_ALL = (
    *(StringType, NumberType, IntegerType, DecimalType, BooleanType, BinaryType, EnumType),
    *(JsonType, TimestampType, TtlType, ListType, SetType, MapType, AnyType),
)
TYPES.update({kind.name: kind() for kind in _ALL})
