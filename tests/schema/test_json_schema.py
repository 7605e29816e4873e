"""The JSON Schema and the parser agree about the form of schema files."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from leyden.errors import SchemaError
from leyden.schema import check_service, json_schema, load_migration
from leyden.schema.examples import EXAMPLES
from leyden.schema.faults import Report
from leyden.schema.language import ENTITY, SHAPES
from leyden.schema.migration_language import MIGRATION
from leyden.schema.nodes import plain
from leyden.schema.reading import read_yaml
from leyden.schema.shapes import (
    Choice,
    Either,
    ListOf,
    Making,
    Named,
    Options,
    Shape,
    Source,
)
from leyden.schema.table_language import TABLE
from tests.schema.support import entity

HERE = Path(__file__).parent


def documents(path: Path) -> list[Any]:
    nodes, _ = read_yaml(path.read_text(encoding="utf-8"), path.name, Report())
    return [plain(node) for node in nodes]


TASK, USER, TABLE_FILE = (
    documents(HERE / "data" / "taskapp" / name)[0]
    for name in ("task.yaml", "user.yml", "table.yaml")
)
TASK_ALONE = {
    **TASK,
    "indexes": {
        name: {k: v for k, v in index.items() if k != "projection"}
        for name, index in TASK["indexes"].items()
    },
}


NOTE = {
    **entity({"b": {"type": "vector", "dimensions": 3}, "c": "string"}),
    "indexes": {
        "main": {"pk": {"field": "pk", "composite": ["a"]}, "sk": {"field": "sk"}},
        "near": {
            "vector": {
                "index": "vec1",
                "attribute": "b",
                "metric": "euclidean",
                "partition": "a",
                "filters": ["c"],
                "projection": ["c"],
            }
        },
    },
}


MIGRATION_FILE = {
    "migration": "assignee",
    "from": str(HERE / "data" / "taskapp"),
    "decide": ["whether it goes on"],
    "entities": {
        "task": {
            "from": "task",
            "decide": [],
            "attributes": {
                "owner": {"from": "title"},
                "points": {"value": "to_number(points)", "back": "to_string(points)"},
                "first": {"from": "title", "call": "f", "back": {"title": {"call": "g"}}},
                "status": {"call": "f", "back": {"call": "g"}},
            },
            "defaults": ["status"],
            "unique": True,
            "remove": ["legacy"],
        },
        "job": {"from": "task"},
    },
    "copy": {"table": "other"},
}


@functools.cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(json_schema())


def schema_accepts(document: Any) -> bool:
    return bool(validator().is_valid(document))


def faults_of(document: Any) -> list[Any]:
    """What the parser that is for such a document has against it."""
    if not set(document) & {"entity", "attributes"}:
        if set(document) & MIGRATION.options.keys():
            try:
                load_migration(document)
            except SchemaError as error:
                return [*error.faults]
            return []
        document = {"entities": [TASK_ALONE], "table": document}
    result = check_service(document)
    return [fault for fault in result.faults if fault.severity == "error"]


def parser_accepts(document: Any) -> bool:
    return faults_of(document) == []


def test_a_vector_is_accepted_by_both() -> None:
    vector = {"type": "vector", "dimensions": 4096, "deferred": True}
    parts = {"type": "list", "items": {"type": "vector", "dimensions": 1}}
    attributes = {**TASK["attributes"], "v": vector, "w": parts}
    document = {**TASK, "attributes": attributes}
    assert list(validator().iter_errors(document)) == []
    assert parser_accepts(document)


def test_it_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(json_schema())
    assert json_schema()["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize(
    "document",
    [TASK, USER, NOTE, TABLE_FILE, MIGRATION_FILE, {**MIGRATION_FILE, "from": TASK_ALONE}],
    ids=["task", "user", "note", "table", "migration", "migration_from_a_mapping"],
)
def test_valid_documents_are_accepted_by_both(document: Any) -> None:
    assert list(validator().iter_errors(document)) == []
    assert parser_accepts(document)


STRUCTURAL = ("option_", "name_invalid", "attribute_nested")


@pytest.mark.parametrize(
    "name",
    sorted(p.name for p in (HERE / "faults").iterdir() if p.name.startswith(STRUCTURAL)),
)
def test_documents_of_a_broken_form_are_refused_by_both(name: str) -> None:
    folder = HERE / "faults" / name
    expected = (folder / "expected.txt").read_text(encoding="utf-8").splitlines()
    refused = {
        line.split(":")[0].split("/")[1]
        for line in expected
        if line.split(": ")[1].startswith(("option.", "name."))
    }
    for path in folder.glob("*.yaml"):
        verdicts = {schema_accepts(document) for document in documents(path)}
        # The alias that an entity's name would make is no matter of form.
        if path.name in refused and name != "name_invalid":
            assert False in verdicts, path


BROKEN = [
    ("attributes", []),
    ("attributes", {}),
    ("attributes", {"a": 5}),
    ("attributes", {"a": {}}),
    ("attributes", {"a": {"type": "strin"}}),
    ("attributes", {"a": {"type": []}}),
    ("attributes", {"a": {"type": [1]}}),
    ("attributes", {"a": {"type": "string", "nonsense": 1}}),
    ("attributes", {"a": {"type": "string", "min": 1}}),
    ("attributes", {"a": {"type": "number", "pattern": "x"}}),
    ("attributes", {"a": {"type": ["x"], "items": "string"}}),
    ("attributes", {"a": {"type": "string", "required": "yes"}}),
    ("attributes", {"a": {"type": "string", "default": None}}),
    ("attributes", {"a": {"type": "string", "default": {"generate": "x"}}}),
    ("attributes", {"a": {"type": "string", "default": {"call": 5}}}),
    ("attributes", {"a": {"type": "string", "padding": {"length": 0, "char": "0"}}}),
    ("attributes", {"a": {"type": "string", "padding": {"length": 3}}}),
    ("attributes", {"a": {"type": "string", "get": "f"}}),
    ("attributes", {"a": {"type": "string", "watch": "all", "derive": "b"}}),
    ("attributes", {"a": {"type": "list", "items": {"type": "string", "required": True}}}),
    ("attributes", {"a": {"type": "map", "properties": {"b": {"type": "string", "label": "x"}}}}),
    ("attributes", {"a": {"type": "map", "properties": {"": "string"}}}),
    ("attributes", {"class": "string", "a": "string"}),
    ("attributes", {"a": "string", "2b": "string"}),
    ("attributes", {"a": "string", "__b": "string"}),
    ("indexes", {}),
    ("indexes", {"main": {}}),
    ("indexes", {"main": {"pk": {"field": 5, "composite": ["a"]}}}),
    ("indexes", {"main": {"pk": {"field": "pk", "composite": "a"}}}),
    ("indexes", {"main": {"pk": {"field": "pk", "composite": ["a"], "casing": "x"}}}),
    ("indexes", {"main": {"pk": {"field": "pk", "composite": ["a"]}, "sk": None}}),
    ("indexes", {"main": {"pk": {"field": "pk", "composite": ["a"]}, "collection": []}}),
    ("indexes", {"near": {"vector": {"index": "vec1"}}}),
    ("indexes", {"near": {"vector": {"index": "vec1", "attribute": "a", "metric": "cosin"}}}),
    ("indexes", {"near": {"vector": {"index": "vec1", "attribute": "a", "filters": "b"}}}),
    ("indexes", {"near": {"vector": {"index": "vec1", "attribute": "a"}, "index": "gsi1"}}),
    ("indexes", {"near": {"vector": "vec1"}}),
    ("attributes", {"a": "string", "v": "vector"}),
    ("attributes", {"a": "string", "v": {"type": "vector"}}),
    ("attributes", {"a": "string", "v": {"type": "vector", "dimensions": 4097}}),
    ("attributes", {"a": "string", "v": {"type": "list", "items": "vector"}}),
    ("attributes", {"a": "string", "v": {"type": "list", "items": {"type": "vector"}}}),
    ("attributes", {"a": "string", "v": {"type": "list", "deferred": True}}),
    ("version", 1.5),
    ("version", True),
    ("version", None),
    ("entity", ""),
    ("service", 5),
    ("alias", "2x"),
    ("alias", "for"),
    ("unique", [[]]),
    ("unique", ["a"]),
    ("keys", "loose"),
    ("nonsense", 1),
]


@pytest.mark.parametrize(("option", "value"), BROKEN)
def test_a_broken_option_is_refused_by_both(option: str, value: Any) -> None:
    document = {**entity({}), option: value}

    assert not schema_accepts(document)
    assert not parser_accepts(document)


@pytest.mark.parametrize(
    "document",
    [
        {"tabel": "t"},
        {"table": ""},
        {"indexes": {"gsi1": {"kind": "x"}}},
        {"indexes": {"gsi1": {"projection": []}}},
        {"indexes": {"": {}}},
        {"ttl": 5},
    ],
)
def test_a_broken_table_description_is_refused_by_both(document: Any) -> None:
    assert not schema_accepts(document)
    assert not parser_accepts(document)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("migration", ""),
        ("migration", None),
        ("from", ["old"]),
        ("from", 5),
        ("from", ""),
        ("decide", "whether"),
        ("decide", [""]),
        ("decide", None),
        ("entities", ["task"]),
        ("entities", {"task": None}),
        ("entities", {"task": {"attribute": {}}}),
        ("entities", {"task": {"attributes": {"owner": {}}}}),
        ("entities", {"task": {"attributes": {"owner": {"back": "title"}}}}),
        ("entities", {"task": {"attributes": {"owner": {"value": "title", "call": "f"}}}}),
        ("entities", {"task": {"attributes": {"owner": "title"}}}),
        ("entities", {"task": {"attributes": {"owner": {"from": "title", "back": {}}}}}),
        ("entities", {"task": {"unique": "yes"}}),
        ("copy", "other"),
        ("copy", {}),
        ("nonsense", 1),
    ],
)
def test_a_broken_migration_is_refused_by_both(option: str, value: Any) -> None:
    document = {**MIGRATION_FILE, option: value}

    assert not schema_accepts(document)
    assert not parser_accepts(document)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of everything in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in inner:
        yield (*path, key)
        if isinstance(part, dict | list):
            yield from places(part, (*path, key))


WORDS = ["", "x", "string", "composite", "list"]
MAPPINGS = [{"call": "f"}, {"generate": "now"}, {"type": "string"}, {"length": 2, "char": "0"}]
SUBSTITUTES = st.sampled_from(
    [None, True, 0, 3, -1, 1.5, *WORDS, [], ["a"], [1], {}, {"a": 1}, *MAPPINGS]
)
NEW_NAMES = st.sampled_from(
    [
        "x",
        "",
        "class",
        "type",
        "field",
        "items",
        "min",
        "pattern",
        "call",
        "required",
        "label",
        "vector",
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A valid document with one to three things dropped, renamed or retyped."""
    document = copy.deepcopy(draw(st.sampled_from([TASK, USER, NOTE, TABLE_FILE, MIGRATION_FILE])))
    for _ in range(draw(st.integers(1, 3))):
        *above, last = draw(st.sampled_from(sorted(places(document), key=repr)))
        holder = functools.reduce(lambda inner, key: inner[key], above, document)
        change = draw(st.sampled_from(["drop", "rename", "retype"]))
        if change == "drop":
            del holder[last]
        elif change == "rename" and isinstance(holder, dict):
            holder[draw(NEW_NAMES)] = holder.pop(last)
        else:
            holder[last] = copy.deepcopy(draw(SUBSTITUTES))
        if not document:
            document = {"table": "t"}
    return document


@given(mutated())
@settings(max_examples=400)
def test_what_the_json_schema_refuses_the_parser_refuses(document: Any) -> None:
    if not schema_accepts(document):
        assert not parser_accepts(document)


FORM = {
    *("option.unknown", "option.missing", "option.type", "option.value", "option.not_for_type"),
    "option.alone",
}


@given(mutated())
@settings(max_examples=200)
def test_the_form_that_the_parser_refuses_the_json_schema_refuses(document: Any) -> None:
    for fault in faults_of(document):
        # A key's `field` may be absent in one type of index, which only the parser knows.
        if (
            fault.code in FORM
            and '"field"' not in fault.message
            and "a set cannot hold" not in fault.message
        ):
            assert not schema_accepts(document), fault


def described(shape: Shape) -> Iterator[str]:
    if isinstance(shape, Options):
        for option in shape.options.values():
            yield option.description
            yield from described(option.shape)
    elif isinstance(shape, ListOf):
        yield from described(shape.element)
    elif isinstance(shape, Named):
        yield from described(shape.value)
    elif isinstance(shape, Either):
        for inner in (shape.text, shape.plain, shape.listing, shape.mapping):
            if inner is not None:
                yield from described(inner)


def test_every_option_is_described_for_editors() -> None:
    texts = [
        text for shape in (ENTITY, TABLE, MIGRATION, *SHAPES.values()) for text in described(shape)
    ]

    assert all(texts)
    assert texts
    rendered = repr(json_schema())
    assert all(repr(text)[1:-1] in rendered for text in texts)


def tables(shape: Shape) -> Iterator[Options]:
    """Every table of options in a shape."""
    if isinstance(shape, Options):
        yield shape
        for option in shape.options.values():
            yield from tables(option.shape)
    elif isinstance(shape, ListOf):
        yield from tables(shape.element)
    elif isinstance(shape, Named):
        yield from tables(shape.value)
    elif isinstance(shape, Either):
        for inner in (shape.text, shape.plain, shape.listing, shape.mapping):
            if inner is not None:
                yield from tables(inner)
    elif isinstance(shape, Source | Making):
        for made in shape.kinds.values():
            yield from tables(made)


TABLES = [one for shape in (ENTITY, TABLE, MIGRATION, *SHAPES.values()) for one in tables(shape)]


def test_every_option_has_examples_and_nothing_else_has() -> None:
    """Give a new option a row in leyden/schema/examples.py."""
    asked = {(one.name, name) for one in TABLES for name in one.options}
    assert asked == {(table, name) for table, rows in EXAMPLES.items() for name in rows}
    assert all(rows for table in EXAMPLES.values() for rows in table.values())


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_examples_are_what_the_option_takes(name: str) -> None:
    definitions = json_schema()["$defs"]
    for table in (one for one in TABLES if one.name == name):
        for option, shape in ((n, table.options[n].shape) for n in table.options):
            judge = Draft202012Validator({**shape.json(), "$defs": definitions})
            for example in EXAMPLES[name][option]:
                assert list(judge.iter_errors(example)) == [], (option, example)


def test_words_that_have_a_meaning_are_those_of_the_choice() -> None:
    choices = [
        one.text
        for table in TABLES
        for option in table.options.values()
        for one in (option.shape if isinstance(option.shape, Either) else Either("", option.shape),)
        if isinstance(one.text, Choice)
    ]
    assert choices
    for choice in choices:
        assert choice.meanings.keys() >= {*choice.values}, choice.values
        assert all(choice.meanings[word] for word in choice.values)


def test_the_schema_has_a_name_of_its_own() -> None:
    assert json_schema()["$id"] == "urn:leyden:schema:1"


@pytest.mark.parametrize(
    ("document", "accepted"),
    [
        ({}, False),
        ({"indexes": {"gsi1": {}}}, True),
        ({"ttl": "expires"}, True),
        ({"deletion_protection": True}, True),
        ({"billing": {"read": 1, "write": {"min": 1, "max": 2}}}, True),
        ({"billing": {"read": 1}}, False),
        ({"point_in_time_recovery": {"days": 36}}, False),
        ({"replicas": []}, False),
        ({"table": "t", "service": "s"}, False),
        ({"service": "s"}, False),
        ({"indexes": {"gsi1": {}}, "service": "s"}, False),
        ({"migration": "m"}, False),
        ({"entities": {}}, False),
        ({**MIGRATION_FILE, "table": "t"}, False),
        ({**MIGRATION_FILE, "entity": "task"}, False),
    ],
)
def test_a_document_is_an_entity_unless_it_says_what_only_another_kind_says(
    document: Any, accepted: bool
) -> None:
    assert schema_accepts(document) == accepted
    if document:
        assert parser_accepts(document) == accepted
