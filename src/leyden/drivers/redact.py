"""AWS's own words, without the values that they may quote.

DynamoDB's messages are mostly about names, and worth showing. Some quote what was sent:
`cannot be converted to a numeric value: ...`, `Value '...' at 'key' failed`, `Input
collection [...] contains duplicates`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

WITHHELD: Final = "(value withheld)"

_QUOTING: Final = (
    re.compile(r"(?<=\bValue )'.*'(?= at ')", re.DOTALL),
    re.compile(r"(?<=\bnumeric value: ).*", re.DOTALL),
    re.compile(r"(?<=\bInput collection )\[.*\]", re.DOTALL),
    # botocore's own, on parameters that it cannot write.
    re.compile(r"(?<=, value: ).*?(?=, (?:type|valid types|valid m\w+ \w+): )", re.DOTALL),
)
_LONG_ENOUGH: Final = 4


def without_values(message: str, *sources: Mapping[str, Any]) -> str:
    """Return `message` with every value of the items and keys in these taken out.

    `sources` are a request's parameters, and the response to it.

    Too much is taken out rather than too little: a short value goes wherever it stands as
    a word of its own, a longer one also inside words.
    """
    for quoting in _QUOTING:
        message = quoting.sub(WITHHELD, message)
    present = {value for value in _values(sources) if value and value in message}
    if not present:
        return message
    # One pass over the text, so that nothing is looked for in what was just put in.
    wanted = "|".join(
        re.escape(value) if len(value) >= _LONG_ENOUGH else rf"(?<!\w){re.escape(value)}(?!\w)"
        for value in sorted(present, key=len, reverse=True)
    )
    return re.sub(rf"{re.escape(WITHHELD)}|{wanted}", WITHHELD, message)


def _values(sources: Sequence[Any]) -> Iterator[str]:
    """Every string and number inside the AttributeValues of a request, however deep."""
    waiting: list[Any] = list(sources)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            for name, inner in node.items():
                if name in {"S", "N"} and isinstance(inner, str):
                    yield inner
                elif name in {"SS", "NS"} and isinstance(inner, list | tuple | set | frozenset):
                    yield from (value for value in inner if isinstance(value, str))
                else:
                    waiting.append(inner)
        elif isinstance(node, list | tuple):
            waiting.extend(node)
