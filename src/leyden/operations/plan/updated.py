"""What an update changed in an item, as DynamoDB would return it for a single request.

A transaction returns nothing of what it changed. So where an update is sent as one, the answer to
`response="updated_new"` is cut out of the whole item by the paths in the update's expression.
"""

from __future__ import annotations

import re
from functools import reduce
from typing import Final

from leyden.program import AttributeValue, Item, Params

_CLAUSES: Final = re.compile(r"(?:^|\s)(?:SET|REMOVE|ADD|DELETE) ")
_INSIDE: Final = re.compile(r"\([^()]*\)")


def updated_part(params: Params, item: Item) -> Item:
    """Return the attributes and paths that an update names, as far as an item has them.

    Where an element of a list changes, DynamoDB returns the whole list.

    >>> update = {"UpdateExpression": "SET #0.#1 = :0", "ExpressionAttributeNames": ...}
    ... # doctest: +SKIP
    >>> updated_part(update, {"detail": {"M": {"a": {"S": "x"}, "b": {"S": "y"}}}})
    ... # doctest: +SKIP
    {'detail': {'M': {'a': {'S': 'x'}}}}
    """
    text, names = params["UpdateExpression"], params["ExpressionAttributeNames"]
    while "(" in text:
        text = _INSIDE.sub("", text)
    parts = [part for clause in _CLAUSES.split(text) for part in clause.split(", ") if part]
    found: AttributeValue = {"M": {}}
    for target in (part.split()[0] for part in parts):
        path = [names[name] for name in target.partition("[")[0].split(".")]
        value: AttributeValue | None = {"M": item}
        for name in path:
            value = value.get("M", {}).get(name) if value is not None else None
        if value is not None:
            found = _merged(found, reduce(lambda one, name: {"M": {name: one}}, path[::-1], value))
    told: Item = found["M"]
    return told


def _merged(one: AttributeValue, other: AttributeValue) -> AttributeValue:
    """Merge two excerpts of one value."""
    if "M" not in one or "M" not in other:
        return other
    mine, theirs = one["M"], other["M"]
    both = {n: _merged(mine[n], theirs[n]) if n in mine else theirs[n] for n in theirs}
    return {"M": {**mine, **both}}
