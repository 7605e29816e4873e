"""Generated sort keys, items and ranges, and what a range over them must find.

The expectation is written down apart from the code that it checks: an item is in a range where its
own values are, one attribute after the other.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st

TEXTS: Final = ("", " ", "!", "a", "A", "a b", "a!", "a$", "ab", "aB", "a~", "b", "0", "9", "10")
CHOICES: Final = ("Open", "on hold", "on", "b", "closed")
TIMES: Final = tuple(
    datetime(*day, hour, tzinfo=UTC)
    for day in ((999, 1, 2), (2025, 12, 31), (2026, 1, 1))
    for hour in (0, 9)
)
NUMBERS: Final = (-1000, -5, -1, 0, 1, 2, 9, 10, 99, 100, 200, 999, 1000, 12345)
ZERO: Final = {"length": 3, "char": "0"}

ATTRIBUTES: Final[dict[str, tuple[dict[str, Any], tuple[Any, ...]]]] = {
    "word": ({"type": "string"}, TEXTS),
    "code": ({"type": "string", "padding": ZERO}, ("1", "20", "a", "A", "0b", "1000")),
    "state": ({"type": list(CHOICES)}, CHOICES),
    "count": ({"type": "integer"}, NUMBERS),
    "level": ({"type": "integer", "min": 1, "max": 5}, (1, 2, 3, 4, 5)),
    "rank": ({"type": "integer", "min": 0, "max": 999, "padding": ZERO}, (0, 1, 9, 10, 99, 999)),
    "grown": ({"type": "integer", "padding": ZERO}, NUMBERS),
    "size": ({"type": "number", "padding": ZERO}, (-2.5, 0.5, 2.5, 10, 99.75, 100, 1e21)),
    "price": ({"type": "decimal"}, tuple(map(Decimal, ("-1.5", "0.25", "3", "10", "10.5")))),
    "done": ({"type": "boolean"}, (False, True)),
    "at": ({"type": "timestamp"}, TIMES),
    "until": ({"type": "ttl"}, TIMES),
}
OPERATORS: Final = ("gt", "gte", "lt", "lte", "between")
_SEPARATORS: Final = ("#", "/", "-", "~", ".x.")


@st.composite
def entities(draw: st.DrawFn, *, service: str = "ranges") -> dict[str, Any]:
    """An entity with an index whose sort key has one to three attributes, in any form."""
    names = draw(st.lists(st.sampled_from(list(ATTRIBUTES)), unique=True, min_size=1, max_size=3))
    strict = draw(st.integers(0, 3)) == 0
    sort: dict[str, Any] = {"field": "gsi1sk", "composite": names}
    if draw(st.booleans()):
        sort["casing"] = draw(st.sampled_from(["default", "lower", "upper", "none"]))
    alone_is_number = len(names) == 1
    if not strict and not alone_is_number and draw(st.integers(0, 3)) == 0:
        places = [f"${{{name}}}" for name in names]
        sort["template"] = draw(st.sampled_from(["", "KIND#"])) + draw(
            st.sampled_from(_SEPARATORS)
        ).join(places)
    index: dict[str, Any] = {
        "index": "gsi1",
        "pk": {"field": "gsi1pk", "composite": ["part"]},
        "sk": sort,
    }
    if draw(st.integers(0, 3)) == 0 and "template" not in sort:
        index["type"] = "clustered"
    if draw(st.integers(0, 4)) == 0:
        index["projection"] = "keys_only"
    return {
        "entity": "rows",
        "alias": "row",
        "version": "1",
        "service": service,
        **({"keys": "strict"} if strict else {}),
        "attributes": {
            "id": {"type": "string", "required": True},
            "part": {"type": "string", "required": True},
            **{name: ATTRIBUTES[name][0] for name in names},
        },
        "indexes": {
            "main": {
                "pk": {"field": "pk", "composite": ["part"]},
                "sk": {"field": "sk", "composite": ["id"]},
            },
            "sorted": index,
        },
    }


@st.composite
def collections(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Two entities of one collection on an isolated or a clustered index.

    In a clustered one they share the first attribute of their sort keys.
    """
    first = draw(entities())
    index = first["indexes"]["sorted"]
    index.pop("projection", None)
    index["collection"] = "both"
    index["sk"].pop("template", None)
    shared = index["sk"]["composite"][:1]
    others = [name for name in ATTRIBUTES if name not in shared]
    more = draw(st.lists(st.sampled_from(others), unique=True, max_size=2))
    names = [*shared, *more] if draw(st.booleans()) or index.get("type") else more or shared
    second = {
        **first,
        "entity": "others",
        "alias": "other",
        "attributes": {
            **{name: first["attributes"][name] for name in ("id", "part")},
            **{name: ATTRIBUTES[name][0] for name in names},
        },
        "indexes": {
            **first["indexes"],
            "sorted": {**index, "sk": {**index["sk"], "composite": names}},
        },
    }
    return [first, second]


@st.composite
def ranges(draw: st.DrawFn, names: list[str]) -> tuple[dict[str, Any], str, list[dict[str, Any]]]:
    """Values given as equal, an operator, and its one or two limits."""
    values = {name: draw(st.sampled_from(ATTRIBUTES[name][1])) for name in names}
    equal = draw(st.integers(0, len(names) - 1))
    operator = draw(st.sampled_from(OPERATORS))
    limits = []
    for _ in range(2 if operator == "between" else 1):
        last = draw(st.integers(equal + 1, len(names)))
        limits.append(
            {name: draw(st.sampled_from(ATTRIBUTES[name][1])) for name in names[equal:last]}
        )
    return {name: values[name] for name in names[:equal]}, operator, limits


def applied(query: Any, operator: str, limits: list[dict[str, Any]]) -> Any:
    """The query with the range."""
    if operator == "between":
        return query.between(*limits)
    return getattr(query, operator)(**limits[0])


def placing(entity: dict[str, Any], index: str = "sorted") -> Callable[[str, Any], Any]:
    """Where a value stands among those of its attribute: text as the key holds it."""
    sort = entity["indexes"][index]["sk"]
    strict = entity.get("keys") == "strict"
    casing = "none" if strict else sort.get("casing", "default")
    if entity["indexes"][index].get("type") == "composite":
        casing, strict = "none", True
    fold = {"none": str, "upper": str.upper}.get(casing, str.lower)

    def place(name: str, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        padding = entity["attributes"][name].get("padding")
        return fold(value if padding is None or strict else value.rjust(3, "0"))

    return place


def in_range(
    place: Callable[[str, Any], Any],
    item: dict[str, Any],
    equal: dict[str, Any],
    operator: str,
    limits: list[dict[str, Any]],
) -> bool:
    """Whether an item's own values are in the range."""
    if any(item.get(name) != value for name, value in equal.items()):
        return False

    def compare(limit: dict[str, Any]) -> int | None:
        for name, value in limit.items():
            if item.get(name) is None:
                return None
            mine, other = place(name, item[name]), place(name, value)
            if mine != other:
                return -1 if mine < other else 1
        return 0

    sides = [compare(limit) for limit in limits]
    if any(side is None for side in sides):
        return False
    first = sides[0]
    assert first is not None
    match operator:
        case "gt":
            return first > 0
        case "gte":
            return first >= 0
        case "lt":
            return first < 0
        case "lte":
            return first <= 0
    last = sides[1]
    assert last is not None
    return first >= 0 and last <= 0


def starts_behind_its_end(
    place: Callable[[str, Any], Any], operator: str, limits: list[dict[str, Any]]
) -> bool:
    """Whether a `between` is refused."""
    if operator != "between":
        return False
    for name, value in limits[0].items():
        if name not in limits[1]:
            return False
        low, high = place(name, value), place(name, limits[1][name])
        if low != high:
            return bool(low > high)
    return False


@functools.cache
def item_values(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """The sort-key attributes of an item: all of them, or now and then none."""
    whole = st.fixed_dictionaries({n: st.sampled_from(ATTRIBUTES[n][1]) for n in names})
    return st.one_of(whole, whole, whole, whole, st.just({}))
