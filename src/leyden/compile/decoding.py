"""Reading a stored value carefully, after the quick way failed.

The compiled functions read as if every value fitted its schema. Where one does not, this
module reads it again, step by step: it takes NULL for None, and says exactly what does not fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from leyden.errors import DecodeError
from leyden.types.base import UnreadableError
from leyden.types.lacking import lacking_properties

if TYPE_CHECKING:
    from leyden.compile.attribute import CompiledAttribute


def decode_leniently(attribute: CompiledAttribute, value: Any, where: str) -> Any:
    """The Python value of a stored one; NULL is None.

    Raises DecodeError, whose `field` is the place in the item that cannot be read.
    """
    if not isinstance(value, Mapping) or len(value) != 1:
        raise _unreadable(attribute, where, "is no typed AttributeValue")
    ((kind, inner),) = value.items()
    if kind == "NULL":
        return None
    if attribute.kind and kind != attribute.kind:
        raise _unreadable(
            attribute,
            where,
            f"is stored as {kind}, and the schema says {attribute.spec.type} ({attribute.kind})",
        )
    if kind == "L" and attribute.items is not None and isinstance(inner, list | tuple):
        element = attribute.items
        return [decode_leniently(element, item, f"{where}[{i}]") for i, item in enumerate(inner)]
    if kind == "M" and attribute.properties is not None and isinstance(inner, Mapping):
        found = {}
        for name, part in attribute.properties.items():
            if part.spec.field in inner:
                item = decode_leniently(part, inner[part.spec.field], f"{where}.{part.spec.field}")
                if item is not None:
                    found[name] = item
        return lacking_properties(attribute.properties)(found, inner)
    try:
        return attribute.read(dict(value))
    except UnreadableError as error:
        raise _unreadable(attribute, where, str(error)) from None
    except Exception as error:
        reason = f"cannot be read as {attribute.spec.type} ({type(error).__name__})"
        raise _unreadable(attribute, where, reason) from None


def _unreadable(attribute: CompiledAttribute, where: str, reason: str) -> DecodeError:
    return DecodeError(f'the stored field "{where}" {reason}', field=where, entity=attribute.entity)
