"""Numbers that are as long as each other in keys, and so sort there as numbers."""

from __future__ import annotations

import math

from leyden.schema.spec import AttributeSpec
from leyden.types import type_of
from leyden.types.numbers import WRITTEN_OUT


def has_one_width(attribute: AttributeSpec) -> bool:
    """Whether all values of a number are whole, from 0 up, and as long as each other in a key.

    Then they sort as numbers there. `padding` does that where `max` has no more digits than it.
    """
    least, most, padding = attribute.min, attribute.max, attribute.padding
    if not type_of(attribute).is_integer or least is None or most is None or least < 0:
        return False
    if most >= WRITTEN_OUT or most < least:
        return False
    longest, shortest = len(str(math.floor(most))), len(str(math.ceil(least)))
    if padding is None or padding.length <= shortest:
        return longest == shortest
    return len(padding.char) == 1 and padding.char <= "0" and longest <= padding.length
