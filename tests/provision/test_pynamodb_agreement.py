"""The PynamoDB model of an entity and the table definition say the same of the table."""

from __future__ import annotations

from typing import Any

import pytest

from leyden.mapping import compile_entity
from leyden.mapping.merging import table_definition
from leyden.pynamodb.model import build_model
from leyden.schema.spec import EntitySpec, IndexSpec, TableIndexSpec, TableSpec
from tests.provision.services import ITEM, LEGACY, LOCAL, ORDER, entity, key, service

BINARY = entity(
    "blob",
    {"digest": "binary", "at": "string", "title": "string"},
    IndexSpec("main", None, key("digest", "digest"), key("sk", "at", cast="number")),
    IndexSpec("titled", "gsi1", key("gsi1pk", "title")),
)
SOME_FIELDS = TableSpec(indexes={"gsi1": TableIndexSpec("gsi1", projection=("title",))})

Indexes = dict[str, tuple[str, tuple[tuple[str, str], ...], Any]]


def by_name(params: dict[str, Any]) -> Indexes:
    """The indexes of CreateTable's parameters: kind, key and projection."""
    return {
        index["IndexName"]: (
            kind,
            tuple((part["AttributeName"], part["KeyType"]) for part in index["KeySchema"]),
            (
                index["Projection"]["ProjectionType"],
                tuple(index["Projection"].get("NonKeyAttributes", ())),
            ),
        )
        for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        for index in params.get(kind, ())
    }


def as_params(schema: dict[str, Any]) -> dict[str, Any]:
    """PynamoDB's schema in the names of the API."""
    return {
        kind: [
            {
                "IndexName": index["index_name"],
                "KeySchema": sorted(index["key_schema"], key=lambda part: part["KeyType"]),
                "Projection": index["projection"],
            }
            for index in schema[ours]
        ]
        for kind, ours in (
            ("GlobalSecondaryIndexes", "global_secondary_indexes"),
            ("LocalSecondaryIndexes", "local_secondary_indexes"),
        )
    }


@pytest.mark.parametrize(
    ("spec", "table"),
    [
        (ORDER, TableSpec()),
        (ITEM, TableSpec()),
        (LEGACY.entities["account"], TableSpec()),
        (LOCAL.entities["invoice"], TableSpec()),
        (BINARY, TableSpec()),
        (BINARY, SOME_FIELDS),
    ],
    ids=["order", "item", "account", "local", "binary", "some-fields"],
)
def test_the_model_and_the_definition_describe_the_same_table(
    spec: EntitySpec, table: TableSpec
) -> None:
    definition = table_definition(service(spec, table=table))
    params = definition.create_table_params("t")
    schema: Any = build_model(compile_entity(spec), table=table)._get_schema()
    assert sorted(schema["key_schema"], key=lambda part: part["KeyType"]) == params["KeySchema"]
    assert {
        part["AttributeName"]: part["AttributeType"] for part in schema["attribute_definitions"]
    } == dict(definition.types)
    assert by_name(as_params(schema)) == by_name(params)
