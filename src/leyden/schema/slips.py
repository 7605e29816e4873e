"""What usually goes wrong in JMESPath, and what to write instead.

People write it as they write Python or SQL, and its own messages say only where it broke off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from leyden._text import did_you_mean
from leyden.schema.spec import AttributeSpec

_WORDS: Final = {
    "and": "join conditions with &&",
    "or": "join conditions with ||",
    "not": "negate with !, as in !done",
    "in": "ask contains(list, value)",
    "is": "compare with == or !=",
}
_SYMBOLS: Final = {
    "=": "compare with ==",
    "<>": "compare with !=",
    "&": "join conditions with &&",
}
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_CONSTANTS: Final = ("true", "false", "null", "True", "False", "None")


def remedy(text: str, position: int) -> str:
    """What to write instead of what stands at `position`, where parsing broke off; or nothing."""
    rest = text[position:]
    number = _NUMBER.match(rest)
    if number is not None:
        return f"; a number stands in backticks: `{number[0]}`"
    word = re.match(r"\w+", rest)
    if word is not None and word[0].lower() in _WORDS:
        return f"; {_WORDS[word[0].lower()]}"
    # After a name, what follows the word is what cannot be there.
    before = re.search(r"(\w+)\s*\Z", text[:position])
    if rest and before is not None and before[1].lower() in _WORDS:
        return f"; {_WORDS[before[1].lower()]}"
    found = next((what for symbol, what in _SYMBOLS.items() if rest.startswith(symbol)), None)
    return f"; {found}" if found else ""


def instead_of(name: str, text: str, known: Mapping[str, AttributeSpec]) -> str:
    """What to write instead of an attribute that does not exist in the expression `text`."""
    if name in _CONSTANTS:
        constant = {"None": "null"}.get(name, name.lower())
        return f"; a constant stands in backticks: `{constant}`"
    is_value = any(name in attribute.values for attribute in known.values())
    if f'"{name}"' in text or is_value or not name.isidentifier():
        return f"; text stands in single quotes: '{name}'"
    return did_you_mean(name, known)
