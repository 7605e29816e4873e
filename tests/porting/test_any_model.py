"""Whatever stands in a model, it is ported to what loads, or refused as a ModelError."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

import leyden
from leyden.porting import FoundModel, ModelError, port_service, write_table_yaml, write_yaml

MODEL: Final[dict[str, Any]] = {
    "model": {"entity": "user", "version": "1", "service": "app"},
    "attributes": {
        "id": {"type": "string", "required": True},
        "kind": {"type": ["a", "b"], "default": "a", "label": "K"},
        "rank": {
            "type": "number",
            "padding": {"length": 4, "char": "0"},
            "validate": {"$function": "(v) => v > 0"},
        },
        "tags": {"type": "set", "items": "string"},
        "detail": {"type": "map", "properties": {"x": {"type": "number", "default": 1}}},
        "lines": {"type": "list", "items": {"type": "map", "properties": {"y": "string"}}},
        "shown": {
            "type": "string",
            "watch": ["rank"],
            "set": {"$function": "(v) => v"},
            "get": {"$function": "(v) => v"},
        },
        "text": {"type": "string", "field": "gsi2pk", "label": ""},
        "when": {"type": "number", "watch": "*", "set": {"$function": "() => Date.now()"}},
    },
    "indexes": {
        "own": {
            "pk": {"field": "pk", "composite": ["id"], "casing": "none"},
            "sk": {"field": "sk", "composite": [], "template": ""},
        },
        "other": {
            "index": "gsi1",
            "type": "isolated",
            "scope": "x",
            "condition": {"$function": "(a) => f(a.rank)"},
            "projection": ["rank"],
            "pk": {"field": "gsi1pk", "template": "K#${kind}", "composite": ["kind"]},
            "sk": {"field": "gsi1sk", "composite": ["rank"], "cast": "number"},
        },
        "third": {
            "index": "gsi2",
            "condition": {"$function": "(a) => a.kind === 'a'"},
            "projection": ["text", "rank"],
            "pk": {"field": "gsi2pk", "template": "T#${kind}", "composite": ["kind"]},
            "sk": {"field": "kind", "composite": ["kind"]},
        },
    },
    "filters": {"mine": {"$function": "x"}},
    "table": "t",
}
_json = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 10**20),
        st.floats(allow_nan=False),
        st.sampled_from(["", "x", "${", "${id", "id", "*", "é", "\ud800", "items", "__edb_e__"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(["x", "", "$function", "$regexp", "type", "call"]), inner, max_size=2
        ),
    ),
    max_leaves=4,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += _places(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            found += _places(inner, (*path, i))
    return found


@st.composite
def broken_models(draw: st.DrawFn) -> Any:
    """A model with something else in one or two of its places."""
    model: Any = {"it": deepcopy(MODEL)}
    for _ in range(draw(st.integers(1, 2))):
        places = [place for place in _places(model) if place]
        *outer, last = draw(st.sampled_from(places))
        inside = model
        for step in outer:
            inside = inside[step]
        inside[last] = draw(_json)
    return model["it"]


@given(model=broken_models(), snake_case=st.booleans())
def test_it_loads_or_is_refused(model: Any, snake_case: bool) -> None:
    before = json.dumps(model)
    try:
        service = port_service([FoundModel(model, alias="user")], snake_case=snake_case)
    except ModelError:
        return
    finally:
        assert json.dumps(model) == before
    files = [*map(write_yaml, service.models), write_table_yaml(service)]
    hooks = dict.fromkeys(service.hooks, lambda *_: None)
    leyden.load("---\n".join(filter(None, files)), table="t", hooks=hooks)
