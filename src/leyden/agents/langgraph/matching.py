"""Namespaces as text in keys, and which namespaces and values a search is for."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

from langgraph.store.base import InvalidNamespaceError, MatchCondition

Namespace: TypeAlias = tuple[str, ...]

_ESCAPES: Final = {code: f"!{chr(0x30 + code)}" for code in range(0x21)} | {0x21: "!~"}
_ESCAPED: Final = re.compile("!(.)")


def checked(namespace: Sequence[str]) -> Namespace:
    """Return a namespace as a tuple. Raises InvalidNamespaceError for one with a bad label."""
    if isinstance(namespace, str):
        # As a sequence of labels, it would be its letters.
        raise InvalidNamespaceError(f"a namespace is a tuple of labels, not the text {namespace!r}")
    for label in namespace:
        if not isinstance(label, str) or not label:
            raise InvalidNamespaceError(
                f"the labels of a namespace are text that is not empty, not {label!r}"
            )
    return tuple(namespace)


def path_of(labels: Iterable[str]) -> str:
    """Return labels as one text: that of a namespace begins that of its children, and no other's.

    Such texts sort as the tuples do. What would stand for a space is escaped.

    >>> path_of(("users", "Ada L")), path_of(())
    ('users Ada!PL ', '')
    """
    return "".join(f"{label.translate(_ESCAPES)} " for label in labels)


def labels_of(path: str) -> Namespace:
    """Return the labels of a text that `path_of` made.

    >>> labels_of("users Ada!PL ")
    ('users', 'Ada L')
    """
    return tuple(_ESCAPED.sub(_plain, label) for label in path.split(" ")[:-1])


def place_of(namespace: Namespace) -> dict[str, str]:
    """Return the attributes of an item that say which namespace it is in.

    >>> place_of(("users", "Ada"))
    {'root': 'users', 'path': 'Ada '}
    """
    root, *rest = namespace
    return {"root": root, "path": path_of(rest)}


def _plain(found: re.Match[str]) -> str:
    return "!" if found[1] == "~" else chr(ord(found[1]) - 0x30)


def begins_with(conditions: Iterable[MatchCondition]) -> Namespace:
    """Return the labels that all namespaces begin with which meet some conditions."""
    longest: Namespace = ()
    for condition in conditions:
        if condition.match_type == "prefix":
            path = (*condition.path, "*")
            literal = tuple(path[: path.index("*")])
            longest = max(longest, literal, key=len)
    return longest


def meets(namespace: Namespace, conditions: Iterable[MatchCondition]) -> bool:
    """Whether a namespace meets all conditions; `*` stands for any label.

    Raises ValueError for a condition that is neither for a prefix nor for a suffix.

    >>> meets(("a", "b"), [MatchCondition("suffix", ("*", "b"))])
    True
    """
    for condition in conditions:
        path = condition.path
        if condition.match_type not in ("prefix", "suffix"):
            raise ValueError(
                f'a namespace is matched by its "prefix" or its "suffix", not by its '
                f'"{condition.match_type}"'
            )
        place = 0 if condition.match_type == "prefix" else len(namespace) - len(path)
        labels = namespace[max(place, 0) :][: len(path)]
        if len(labels) < len(path):
            return False
        if any(wanted not in ("*", label) for wanted, label in zip(path, labels, strict=True)):
            return False
    return True


def fits(value: Any, wanted: Any) -> bool:
    """Whether a JSON value is what a filter asks for: equal to it, or as its operators say.

    An object fits if each of the filter's names fits, and a list if it fits element by element.
    Values that cannot be compared, such as a missing one with a number, are not greater, and not
    smaller. Raises ValueError for an unknown operator, and for one that needs a number or a text
    and has something else.

    >>> fits({"age": 7, "name": "Ada"}, {"age": {"$gte": 7}})
    True
    """
    if isinstance(wanted, Mapping):
        if any(str(name).startswith("$") for name in wanted):
            return all(_holds(value, operator, other) for operator, other in wanted.items())
        return isinstance(value, Mapping) and all(
            fits(value.get(name), other) for name, other in wanted.items()
        )
    if isinstance(wanted, list | tuple):
        return (
            isinstance(value, list | tuple)
            and len(value) == len(wanted)
            and all(map(fits, value, wanted))
        )
    return bool(value == wanted)


def _holds(value: Any, operator: str, other: Any) -> bool:
    if operator == "$eq":
        return bool(value == other)
    if operator == "$ne":
        return bool(value != other)
    if operator not in ("$gt", "$gte", "$lt", "$lte"):
        raise ValueError(
            f'a filter has the operators $eq, $ne, $gt, $gte, $lt and $lte, not "{operator}"'
        )
    wanted = _number(other)
    if wanted is None and not isinstance(other, str):
        raise ValueError(f'"{operator}" of a filter takes a number or a text, not {other!r}')
    left, right = _number(value), wanted
    if left is None or right is None:
        if not isinstance(value, str) or not isinstance(other, str):
            return False
        left, right = value, other
    if left == right:
        return operator in ("$gte", "$lte")
    return bool(left > right) if operator.startswith("$g") else bool(left < right)


def _number(value: Any) -> Any:
    """A number as it is, since Python compares any two exactly, or that which a text spells."""
    if isinstance(value, int | float | Decimal):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    # "Nan" is a name.
    return None if math.isnan(number) else number
