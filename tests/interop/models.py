"""Hypothesis strategies for ElectroDB models, as plain JSON."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from tests.interop.values import COLORS

KEY_NAMES: Final = ("alpha", "betaId", "Gamma", "delta", "unit", "rank", "tier", "zone")
TABLE: Final = "models"
ENTITY: Final = "thing"
"""The alias of the entity in every generated model."""

_CASINGS: Final = ("default", "lower", "upper", "none")
_LITERALS: Final = ("KIND", "Pre-", "x:", "Mixed/", "z.")
_SEPARATORS: Final = ("#", "/", ":", "##", "-N-")


@st.composite
def _key_attribute(draw: st.DrawFn, name: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(["string"] * 4 + ["number"] * 2 + ["boolean", "enum"]))
    attribute: dict[str, Any] = {"type": list(COLORS) if kind == "enum" else kind}
    if draw(st.integers(0, 4)) == 0:
        attribute["field"] = f"{name}_f"
    if draw(st.integers(0, 3)) == 0:
        attribute["label"] = f"{name[:2]}L"
    if kind in ("string", "number") and draw(st.integers(0, 4)) == 0:
        attribute["padding"] = {
            "length": draw(st.integers(2, 8)),
            "char": draw(st.sampled_from(["0", " ", "x"])),
        }
    return attribute


_PLAIN_ATTRIBUTES: Final[dict[str, dict[str, Any]]] = {
    "note": {"type": "string"},
    "count": {"type": "number"},
    "done": {"type": "boolean"},
    "color": {"type": list(COLORS)},
    "tags": {"type": "set", "items": "string"},
    "sizes": {"type": "set", "items": "number"},
    "history": {"type": "list", "items": {"type": "string"}},
    "steps": {"type": "list", "items": {"type": "number"}},
    "detail": {
        "type": "map",
        "properties": {
            "owner": {"type": "string"},
            "effort": {"type": "number", "field": "eff"},
            "inner": {"type": "map", "properties": {"deep": {"type": "boolean"}}},
        },
    },
    "extra": {"type": "any"},
}
_DEFAULTS: Final[dict[str, Any]] = {"note": "none yet", "count": 0, "done": False}


@st.composite
def _plain_attributes(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(list(_PLAIN_ATTRIBUTES)), unique=True, max_size=6))
    attributes = {}
    for name in names:
        attribute = dict(_PLAIN_ATTRIBUTES[name])
        if draw(st.integers(0, 5)) == 0:
            attribute["field"] = f"{name[0]}_{name}"
        if draw(st.integers(0, 7)) == 0:
            attribute["required"] = True
        if draw(st.integers(0, 9)) == 0:
            attribute["readOnly"] = True
        if draw(st.integers(0, 9)) == 0:
            attribute["hidden"] = True
        if name in _DEFAULTS and draw(st.integers(0, 4)) == 0:
            attribute["default"] = _DEFAULTS[name]
        attributes[name] = attribute
    return attributes


@st.composite
def _template(draw: st.DrawFn, names: list[str]) -> str:
    text = draw(st.sampled_from(_LITERALS))
    for position, name in enumerate(names):
        if position:
            text += draw(st.sampled_from(_SEPARATORS))
        text += f"${{{name}}}"
    return text + draw(st.sampled_from(["", "", "#end"]))


@st.composite
def _half(
    draw: st.DrawFn, field: str, names: list[str], types: dict[str, Any], *, in_collection: bool
) -> dict[str, Any]:
    half: dict[str, Any] = {"field": field, "composite": names}
    if draw(st.integers(0, 2)) == 0:
        half["casing"] = draw(st.sampled_from(_CASINGS))
    if names and not in_collection and draw(st.integers(0, 4)) == 0:
        half["template"] = draw(_template(names))
    elif len(names) == 1 and types[names[0]] == "number" and draw(st.integers(0, 4)) == 0:
        half["cast"] = draw(st.sampled_from(["number", "string"]))
    return half


@st.composite
def _composites(draw: st.DrawFn, names: list[str], *, least: int, most: int) -> list[str]:
    chosen: list[str] = draw(
        st.lists(st.sampled_from(names), unique=True, min_size=least, max_size=most)
    )
    return chosen


@st.composite
def _index(draw: st.DrawFn, number: int, attributes: dict[str, Any]) -> dict[str, Any]:
    names = list(attributes)
    types = {name: attribute["type"] for name, attribute in attributes.items()}
    index: dict[str, Any] = {}
    if number:
        index["index"] = f"gsi{number}"
    prefix = f"gsi{number}" if number else ""
    has_sort_key = draw(st.integers(0, 6)) != 0
    clustered = has_sort_key and draw(st.integers(0, 3)) == 0
    if clustered:
        index["type"] = "clustered"
    elif draw(st.booleans()):
        index["type"] = "isolated"
    if has_sort_key and draw(st.integers(0, 2)) == 0:
        one = st.just(f"gathering{number}")
        nested = st.just([f"gathering{number}", f"inner{number}"])
        index["collection"] = draw(one if clustered else st.one_of(one, nested))
    if draw(st.integers(0, 5)) == 0:
        index["scope"] = draw(st.sampled_from(["eu", "Tenant", "s1"]))
    in_collection = "collection" in index
    partition = draw(_composites(names, least=1, most=2))
    index["pk"] = draw(_half(f"{prefix}pk", partition, types, in_collection=in_collection))
    if has_sort_key:
        rest = [name for name in names if name not in partition]
        sorting = draw(_composites(rest, least=0, most=3)) if rest else []
        index["sk"] = draw(_half(f"{prefix}sk", sorting, types, in_collection=in_collection))
    if number and draw(st.integers(0, 5)) == 0:
        index["condition"] = {"when": draw(_when(index, types))}
    return index


@st.composite
def _when(draw: st.DrawFn, index: dict[str, Any], types: dict[str, Any]) -> list[Any]:
    """A condition on the index's own composites: Leyden asks for every attribute it reads."""
    composites = [
        name for half in ("pk", "sk") if half in index for name in index[half]["composite"]
    ]
    name = draw(st.sampled_from(composites))
    match types[name]:
        case "string":
            return [draw(st.sampled_from(["eq", "ne"])), name, draw(st.sampled_from(["a", "B"]))]
        case "number":
            return [draw(st.sampled_from(["eq", "gt", "lt"])), name, draw(st.integers(0, 9))]
        case "boolean":
            return ["eq", name, draw(st.booleans())]
    return ["ne", name, draw(st.sampled_from(COLORS))]


def _names_of(attributes: dict[str, Any], *types: str) -> list[str]:
    return [name for name, attribute in attributes.items() if attribute["type"] in types]


def _framed(draw: st.DrawFn, name: str) -> str:
    """A template with text in front of one attribute, behind it, or both."""
    before, after = draw(
        st.sampled_from([("", "#End"), *((text, "") for text in _LITERALS), ("User#", "/x")])
    )
    return f"{before}${{{name}}}{after}"


@st.composite
def _bare_index(draw: st.DrawFn, number: int, attributes: dict[str, Any]) -> dict[str, Any]:
    """An index whose key fields are attributes themselves, with or without text around them.

    On a secondary index such an attribute keeps its case: ElectroDB's patch forgets to fold it.
    """
    first = draw(st.sampled_from(_names_of(attributes, "string")))
    attributes[first] = {"type": "string"}
    index: dict[str, Any] = {"pk": {"field": first, "composite": [first]}}
    if draw(st.booleans()):
        index["pk"]["template"] = _framed(draw, first)
    if number:
        index = {"index": f"gsi{number}", "pk": {**index["pk"], "casing": "none"}}
    elif draw(st.booleans()):
        index["pk"]["casing"] = draw(st.sampled_from(_CASINGS))
    others = [name for name in _names_of(attributes, "string", "number") if name != first]
    if others and draw(st.booleans()):
        second = draw(st.sampled_from(others))
        attributes[second] = {"type": attributes[second]["type"]}
        index["sk"] = {"field": second, "composite": [second]}
        if attributes[second]["type"] == "string" and draw(st.booleans()):
            index["sk"]["template"] = _framed(draw, second)
        if number and attributes[second]["type"] == "string":
            index["sk"]["casing"] = "none"
    return index


@st.composite
def _local_index(
    draw: st.DrawFn, number: int, primary: dict[str, Any], attributes: dict[str, Any]
) -> dict[str, Any]:
    """An index that shares the partition key of the table."""
    index = {**draw(_index(number, attributes)), "pk": primary["pk"], "index": f"lsi{number}"}
    index.pop("condition", None)
    for option in ("collection", "scope"):
        index.pop(option, None)
        if option == "scope" and option in primary:
            index[option] = primary[option]
    rest = [name for name in attributes if name not in primary["pk"]["composite"]]
    types = {name: attribute["type"] for name, attribute in attributes.items()}
    sorting = draw(_composites(rest, least=1, most=2))
    index["sk"] = draw(_half(f"lsi{number}sk", sorting, types, in_collection=False))
    return index


@st.composite
def _indexes(draw: st.DrawFn, attributes: dict[str, Any]) -> dict[str, Any]:
    indexes: dict[str, Any] = {}
    bare = False
    for number in range(draw(st.integers(1, 4))):
        choice = draw(st.integers(0, 7))
        if choice == 0 and number and "sk" in indexes["primary"]:
            index = draw(_local_index(number, indexes["primary"], attributes))
        elif choice == 1 and not bare and _names_of(attributes, "string"):
            bare = True  # one a model: a field must be cased alike in all its indexes
            index = draw(_bare_index(number, attributes))
        else:
            index = draw(_index(number, attributes))
        indexes[f"pattern{number}" if number else "primary"] = index
    return indexes


@st.composite
def key_text_models(draw: st.DrawFn) -> dict[str, Any]:
    """One entity with an attribute that is stored in a key's own field."""
    names = draw(st.lists(st.sampled_from(KEY_NAMES), unique=True, min_size=3, max_size=4))
    attributes = {name: draw(_key_attribute(name)) for name in names}
    attributes[names[0]] = {"type": "string"}
    place = draw(st.integers(0, 1))
    indexes = {
        name: draw(
            _bare_index(number, attributes) if number == place else _index(number, attributes)
        )
        for number, name in enumerate(("primary", "pattern1"))
    }
    return draw(_model(attributes, indexes))


@st.composite
def models(draw: st.DrawFn) -> dict[str, Any]:
    """One entity: one to four access patterns over three to six key attributes, and others."""
    names = draw(st.lists(st.sampled_from(KEY_NAMES), unique=True, min_size=3, max_size=6))
    attributes = {name: draw(_key_attribute(name)) for name in names}
    indexes = draw(_indexes(attributes))
    return draw(_model(attributes, indexes))


@st.composite
def _model(draw: st.DrawFn, attributes: dict[str, Any], indexes: dict[str, Any]) -> dict[str, Any]:
    identifiers = {"identifiers": {"entity": "_e", "version": "_v"}}
    return {
        "model": {
            "entity": draw(st.sampled_from(["things", "Thing", "thing_row"])),
            "version": draw(st.sampled_from(["1", "2", "v1"])),
            "service": draw(st.sampled_from(["svc", "MyService"])),
        },
        **(
            {"identifiers": {"entity": "_e", "version": "_v"}}
            if draw(st.integers(0, 4)) == 0
            else {}
        ),
        **(identifiers if draw(st.integers(0, 4)) == 0 else {}),
        "attributes": {**attributes, **draw(_plain_attributes())},
        "indexes": indexes,
    }
