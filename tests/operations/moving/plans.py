"""Migrations made up at random: schemas before and after, the file between, and items.

Each column is an attribute, or a few, with what the migration makes of it, said twice: as the file
says it, and as a function of this module. So what an item must come to is known without asking the
code under test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import define, field
from hypothesis import strategies as st

from leyden.operations.companions.moving.moving import Moving
from leyden.program import Item
from tests.operations.moving.support import entity, moving, stored

Values = dict[str, Any]

KEYS = {"new": b"n" * 32, "old": b"o" * 32}

words = st.text("abcXYZ 09", min_size=1, max_size=6).filter(lambda text: text == text.strip())
instants = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)

HOOKS: dict[str, Callable[..., Any]] = {
    "first_of": lambda value, values: value.partition(" ")[0] or None,
    "rest_of": lambda value, values: value.partition(" ")[2] or None,
    "joined": lambda value, values: f"{value} {values['rest']}" if "rest" in values else value,
}


@define
class Column:
    """Attributes before and after, what the file says, and what the values come to."""

    old: Values = field(factory=dict)
    new: Values = field(factory=dict)
    changes: Values = field(factory=dict)
    defaults: list[str] = field(factory=list)
    values: st.SearchStrategy[Values] = field(factory=lambda: st.just({}))
    """Old values, stored in canonical form."""
    ahead: Callable[[Values], Values] = dict
    """The new values of old ones."""
    behind: Callable[[Values], Values] = dict
    """The old values of new ones that somebody wrote."""
    lossy: bool = False
    needs_telling: bool = False
    """Whether only the item as a whole can tell that it was converted."""


def _optional(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Values]:
    return st.one_of(st.just({}), values.map(lambda value: {name: value}))


_TYPES: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "string": ({"type": "string"}, words),
    "number": ({"type": "number"}, st.integers(-(10**9), 10**9)),
    "enum": ({"type": ["red", "green"]}, st.sampled_from(["red", "green"])),
    "boolean": ({"type": "boolean"}, st.booleans()),
    "binary": ({"type": "binary"}, st.binary(min_size=1, max_size=5)),
    "timestamp": ({"type": "timestamp"}, instants),
    "set": ({"type": "set", "items": "string"}, st.frozensets(words, min_size=1, max_size=3)),
    "list": ({"type": "list", "items": {"type": "number"}}, st.lists(st.integers(0, 9))),
    "any": ({"type": "any"}, st.dictionaries(words, st.integers(0, 9) | words, max_size=2)),
    "json": ({"type": "json"}, st.lists(st.integers(0, 9) | words, max_size=2)),
    "map": (
        {"type": "map", "properties": {"owner": "string", "effort": {"type": "number"}}},
        st.fixed_dictionaries({}, optional={"owner": words, "effort": st.integers(0, 9)}),
    ),
    "secret": ({"type": "string", "encrypt": True}, words),
}


@st.composite
def columns(draw: st.DrawFn, number: int) -> Column:
    """One column; `number` keeps its names apart from others'."""
    made = draw(st.sampled_from(sorted(_MAKERS)))
    return _MAKERS[made](draw, number)


def _plain(draw: st.DrawFn, number: int) -> tuple[str, Any, st.SearchStrategy[Any]]:
    spec, values = _TYPES[draw(st.sampled_from(sorted(_TYPES)))]
    return f"a{number}", spec, values


def _same(draw: st.DrawFn, number: int) -> Column:
    name, spec, values = _plain(draw, number)
    return Column({name: spec}, {name: spec}, values=_optional(name, values))


def _renamed(draw: st.DrawFn, number: int) -> Column:
    name, spec, values = _plain(draw, number)
    other = f"b{number}"
    return Column(
        {name: spec},
        {other: spec},
        {other: {"from": name}},
        values=_optional(name, values),
        ahead=lambda old: {other: old[name]} if name in old else {},
        behind=lambda new: {name: new[other]} if other in new else {},
    )


def _stored_elsewhere(draw: st.DrawFn, number: int) -> Column:
    name, spec, values = _plain(draw, number)
    before, after = ({**spec, "field": f"{half}{number}"} for half in ("x", "y"))
    return Column({name: before}, {name: after}, values=_optional(name, values))


def _retyped(draw: st.DrawFn, number: int) -> Column:
    name = f"a{number}"
    return Column(
        {name: {"type": "string"}},
        {name: {"type": "number"}},
        {name: {"value": f"to_number({name})", "back": f"to_string({name})"}},
        values=_optional(name, st.integers(0, 999).map(str) | st.just("007") | st.just("1.50")),
        ahead=lambda old: {name: float(old[name])} if name in old else {},
        behind=lambda new: {name: f"{new[name]:g}"} if name in new else {},
    )


def _same_kind(draw: st.DrawFn, number: int) -> Column:
    name = f"a{number}"
    return Column(
        {name: {"type": "string"}},
        {name: {"type": "string"}},
        {name: {"value": f"join('', [{name}, '!'])"}},
        values=_optional(name, words),
        ahead=lambda old: {name: old[name] + "!"} if name in old else {},
        behind=lambda new: {},
        lossy=True,
        needs_telling=True,
    )


def _split(draw: st.DrawFn, number: int) -> Column:
    name = f"a{number}"
    first, rest = f"first{number}", f"rest{number}"

    def ahead(old: Values) -> Values:
        parts = old.get(name, "").partition(" ")
        return {key: part for key, part in ((first, parts[0]), (rest, parts[2])) if part}

    back = f"{rest} && join(' ', [{first}, {rest}]) || {first}"
    return Column(
        {name: {"type": "string"}},
        {first: {"type": "string"}, rest: {"type": "string"}},
        {
            first: {"from": name, "call": "first_of", "back": {name: back}},
            rest: {"from": name, "call": "rest_of"},
        },
        values=_optional(name, words),
        ahead=ahead,
        behind=lambda new: (
            {name: " ".join(new[n] for n in (first, rest) if n in new)} if first in new else {}
        ),
    )


def _merged(draw: st.DrawFn, number: int) -> Column:
    one, two, name = f"a{number}", f"b{number}", f"c{number}"
    both = st.tuples(words, words).map(lambda pair: {one: pair[0], two: pair[1]})
    return Column(
        {one: {"type": "string"}, two: {"type": "string"}},
        {name: {"type": "string"}},
        {name: {"value": f"join('-', [{one}, {two}])"}},
        values=st.one_of(st.just({}), both),
        ahead=lambda old: {name: f"{old[one]}-{old[two]}"} if one in old else {},
        behind=lambda new: {},
        lossy=True,
    )


def _made_beside(draw: st.DrawFn, number: int) -> Column:
    name, other = f"a{number}", f"b{number}"
    spec = {"type": "string"}
    return Column(
        {name: spec},
        {name: spec, other: {"type": "number"}},
        {other: {"value": f"length({name})"}},
        values=_optional(name, words),
        ahead=lambda old: {name: old[name], other: len(old[name])} if name in old else {},
        behind=lambda new: {name: new[name]} if name in new else {},
    )


def _derived(draw: st.DrawFn, number: int) -> Column:
    name, other = f"a{number}", f"b{number}"
    spec = {"type": "string"}
    return Column(
        {name: spec},
        {name: spec, other: {"type": "string", "derive": f"join('', [{name}, '?'])"}},
        values=words.map(lambda text: {name: text}),
        ahead=lambda old: {name: old[name], other: old[name] + "?"},
        behind=lambda new: {name: new[name]} if name in new else {},
    )


def _dropped(draw: st.DrawFn, number: int) -> Column:
    name, spec, values = _plain(draw, number)
    return Column(
        {name: spec},
        values=_optional(name, values),
        ahead=lambda old: {},
        behind=lambda new: {},
        lossy=True,
    )


def _added(draw: st.DrawFn, number: int) -> Column:
    name = f"a{number}"
    return Column(
        {},
        {name: {"type": "string", "default": "fresh"}},
        defaults=[name],
        ahead=lambda old: {name: "fresh"},
        behind=lambda new: {},
    )


def _inside(draw: st.DrawFn, number: int) -> Column:
    name = f"a{number}"

    def spec(field: str) -> Values:
        inner = {"owner": {"type": "string", "field": field}, "effort": {"type": "number"}}
        return {"type": "map", "properties": inner, "field": f"{field}{number}"}

    values = st.fixed_dictionaries({}, optional={"owner": words, "effort": st.integers(0, 9)})
    return Column({name: spec("o")}, {name: spec("w")}, values=_optional(name, values))


def _sealed(draw: st.DrawFn, number: int) -> Column:
    name = f"a{number}"
    plain, secret = {"type": "string"}, {"type": "string", "encrypt": True}
    old, new = draw(st.sampled_from([(plain, secret), (secret, plain)]))
    return Column({name: old}, {name: new}, values=_optional(name, words))


_MAKERS: dict[str, Callable[[st.DrawFn, int], Column]] = {
    function.__name__: function
    for function in (
        *(_same, _renamed, _stored_elsewhere, _retyped, _same_kind, _split, _merged),
        *(_made_beside, _derived, _dropped, _added, _inside, _sealed),
    )
}


def _half(name: str, *composite: str, **more: Any) -> Values:
    return {"field": name, "composite": [*composite], **more}


_KEY: dict[str, Values] = {
    "same": {"pk": _half("pk", "project"), "sk": _half("sk", "task_id")},
    "swapped": {"pk": _half("pk", "task_id"), "sk": _half("sk", "project")},
    "unfolded": {"pk": _half("pk", "project"), "sk": _half("sk", "task_id", casing="none")},
    "upper": {"pk": _half("pk", "project", casing="upper"), "sk": _half("sk", "task_id")},
    "template": {"pk": _half("pk", template="P#${project}"), "sk": _half("sk", "task_id")},
    "longer": {"pk": _half("pk", "project"), "sk": _half("sk", "task_id", "group")},
}
for _name in ("template",):
    del _KEY[_name]["pk"]["composite"]

_INDEX: dict[str, Values] = {
    "none": {},
    "group": {"g": {"index": "gsi1", "pk": _half("g1pk", "group"), "sk": _half("g1sk", "task_id")}},
    "upper": {
        "g": {
            "index": "gsi1",
            "pk": _half("g1pk", "group", casing="upper"),
            "sk": _half("g1sk", "task_id"),
        }
    },
    "other": {"h": {"index": "gsi2", "pk": _half("g2pk", "group"), "sk": _half("g2sk", "project")}},
}


@define
class Plan:
    """A migration with an item in its old form, and the values of that item."""

    moving: Moving
    columns: list[Column]
    values: Values
    item: Item

    def __repr__(self) -> str:
        change = self.moving.change
        specs = [
            {name: index.index or "" for name, index in entity.spec.indexes.items()}
            for entity in (self.moving.earlier, self.moving.entity)
        ]
        columns = [(c.old, c.new, c.changes, c.defaults) for c in self.columns]
        return f"<{columns}, {specs}, {change.defaults}, {self.values}, {self.item}>"

    def expected(self, values: Mapping[str, Any] | None = None) -> Values:
        """The new values of old ones, those of the item unless told."""
        old = dict(self.values if values is None else values)
        found = {name: old[name] for name in ("project", "task_id", "group")}
        for column in self.columns:
            mine = {name: value for name, value in old.items() if name in column.old}
            found |= column.ahead(mine)
        return found

    def returned(self, values: Mapping[str, Any]) -> Values:
        """The old values of new ones that somebody wrote, but for those that are lost."""
        found = {name: values[name] for name in ("project", "task_id", "group")}
        for column in self.columns:
            found |= column.behind({n: v for n, v in values.items() if n in column.new})
        return found


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A migration, and an item in the form that it had before."""
    made = [draw(columns(number)) for number in range(draw(st.integers(0, 4)))]
    version = draw(st.sampled_from(["1", "1", "2"]))
    if any(column.needs_telling for column in made):
        version = "2"
    before, after = draw(st.sampled_from(["same", *_KEY])), draw(st.sampled_from(sorted(_KEY)))
    if draw(st.booleans()):
        after = before
    strict = draw(st.booleans())
    indexes = [draw(st.sampled_from(sorted(_INDEX))) for _ in range(2)]

    def schema(half: str, key: str, index: str, **options: Any) -> Values:
        attributes = {"group": {"type": "string", "required": True}}
        for column in made:
            attributes |= getattr(column, half)
        return entity(attributes, {"task": _KEY[key], **_INDEX[index]}, **options)

    change: Values = {"attributes": {}, "defaults": []}
    for column in made:
        change["attributes"] |= column.changes
        change["defaults"] += column.defaults
    if before != after or version == "2":
        # What is encrypted under one key cannot be dropped with it.
        made = [c for c in made if c.new or not any("encrypt" in spec for spec in c.old.values())]
    keys = {"keys": "strict"} if strict and "template" not in (before, after) else {}
    found = moving(
        schema("old", before, indexes[0], **keys),
        schema("new", after, indexes[1], version=version, **keys),
        {name: value for name, value in change.items() if value},
        hooks=HOOKS,
        encryption_keys=KEYS,
    )
    values = {name: draw(words) for name in ("project", "task_id", "group")}
    for column in made:
        values |= draw(column.values)
    item = stored(found.earlier, **values)
    if draw(st.booleans()):
        item["legacy"] = {"L": [{"N": "1"}, {"M": {"x": {"NULL": True}}}]}
    if indexes[0] != "none" and draw(st.booleans()):
        # The access pattern came later than the item.
        for name in ("g1pk", "g1sk", "g2pk", "g2sk"):
            item.pop(name, None)
    for name, value in item.items():
        if value.get("S", "").endswith(".000Z"):
            item[name] = {"S": value["S"].replace(".000Z", "Z")}
        if "M" in value and name[0] in "ow":
            value["M"]["unknown"] = {"S": "kept"}
    return Plan(found, made, values, item)
