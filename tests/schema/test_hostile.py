"""Whatever is put into a schema ends in a schema that works, or in a report of its faults."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

import leyden
from leyden.errors import LeydenError, SchemaError

WHOLE: dict[str, Any] = {
    "entity": "e",
    "version": "1",
    "service": "s",
    "attributes": {
        "id": {"type": "string", "required": True},
        "n": {"type": "string", "pattern": "a", "default": "a", "min_length": 1, "field": "f"},
        "choice": {"type": ["a", "b"], "default": "a"},
        "w": {"type": "string", "watch": ["n"], "derive": "n"},
        "map": {"type": "map", "properties": {"x": {"type": "string"}}},
        "list": {"type": "list", "items": {"type": "string"}},
        "count": {"type": "number", "min": 0, "max": 3, "padding": {"length": 3, "char": "0"}},
    },
    "unique": [["n"]],
    "indexes": {
        "m": {"pk": {"field": "pk", "composite": ["id"]}, "sk": {"field": "sk", "composite": []}},
        "g": {
            "index": "gsi1",
            "collection": "c",
            "type": "clustered",
            "pk": {"field": "g1pk", "composite": ["n"]},
            "sk": {"field": "g1sk", "composite": []},
        },
        "t": {
            "index": "gsi2",
            "pk": {"field": "g2pk", "template": "T#${id}"},
            "sk": {"field": "g2sk", "template": "S#${n}"},
        },
    },
}
STRANGE: list[Any] = [
    *["d\0", "\ud800", "a\ud800b", "", "\n", "a b", "é", "x" * 300, "__class__", "a.b", "a#b", "$"],
    *["1a", "{", "${id}", "%s", "\u202e", "None", "class", "self", "a/b", "(a+)+\\1", "("],
    *[0, 1.5, None, True, [], {}, [[]], {1: 2}, float("nan"), 10**400, b"x", object(), {"a"}],
]


def places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    parts = (
        node.items() if isinstance(node, dict) else enumerate(node) if type(node) is list else ()
    )
    for name, inner in parts:
        yield from places(inner, (*at, name))


def changed(at: tuple[Any, ...], value: Any) -> Iterator[Any]:
    """The schema with the value in this place, and with it as the name of the place."""
    if not at:
        yield value
        return
    for rename in (False, True):
        schema = copy.deepcopy(WHOLE)
        inner: Any = schema
        for step in at[:-1]:
            inner = inner[step]
        if not rename:
            inner[at[-1]] = value
        elif not isinstance(inner, dict) or isinstance(value, list | dict | set):
            return
        else:
            inner[value] = inner.pop(at[-1])
        yield schema


def use(schema: Any) -> None:
    app = leyden.load(schema, table="t", endpoint_url="http://127.0.0.1:1", region="us-east-1")
    for name in dir(app.entities):
        entity = app[name]
        repr(entity)
        entity.scan.params()
        put = entity.put(**{name: "a" for name in entity.spec.attributes if len(name) == 1})
        entity.parse(put.params()["Item"])
        entity.get(id="a").params()


@pytest.mark.parametrize("at", list(places(WHOLE)), ids=str)
def test_a_strange_value_in_any_place_is_an_error_of_ours(at: tuple[Any, ...]) -> None:
    for value in STRANGE:
        for schema in changed(at, value):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    use(schema)
                except LeydenError:
                    continue


@pytest.mark.parametrize("text", ['"\\uD800"', '"a\\uDFFFb"'])
def test_half_of_a_pair_is_refused_in_yaml_as_well(text: str) -> None:
    lines = [f"entity: {text}", f"version: {text}", f"{text}: 1"]
    for line in lines:
        with pytest.raises(SchemaError) as caught:
            leyden.load(f"entity: e\nservice: s\n{line}\nattributes: {{id: string}}\n", table="t")
        str(caught.value).encode()


def test_an_index_name_that_no_table_takes_is_refused_before_a_table_is_made() -> None:
    schema = copy.deepcopy(WHOLE)
    schema["indexes"]["g"]["index"] = "my index"
    with pytest.raises(SchemaError, match=r"index\.name.*3 to 255"):
        leyden.load(schema, table="t")
