from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from leyden.errors import InvalidOptionError, SchemaError
from leyden.mapping.merging import table_definition
from leyden.schema.spec import IndexSpec, Span, TableIndexSpec, TableSpec
from tests.provision.services import (
    ITEM,
    LEGACY,
    MULTI,
    ORDER,
    PRIMARY,
    SHOP,
    attribute,
    entity,
    key,
    service,
)


def codes(caught: pytest.ExceptionInfo[SchemaError]) -> list[str]:
    return [fault.code for fault in caught.value.faults]


def test_all_entities_together_make_the_table() -> None:
    definition = table_definition(SHOP)
    assert (definition.table, definition.hash, definition.range) == ("shop-table", "pk", "sk")
    assert {
        name: (index.kind, index.hash, index.range, index.projection)
        for name, index in definition.indexes.items()
    } == {
        "gsi1": ("gsi", ("gsi1pk",), ("gsi1sk",), "all"),
        "gsi2": ("gsi", ("gsi2pk",), ("gsi2sk",), "all"),
        "gsi10": ("gsi", ("gsi10pk",), (), "all"),
    }
    assert set(definition.types.values()) == {"S"}


def test_indexes_are_in_the_order_of_their_numbers() -> None:
    assert list(table_definition(SHOP).indexes) == ["gsi1", "gsi2", "gsi10"]


def test_a_bare_numeric_attribute_makes_a_number_key() -> None:
    definition = table_definition(LEGACY)
    assert (definition.hash, definition.range) == ("accountId", "invoice")
    assert definition.types == {"accountId": "S", "invoice": "N", "gsi1pk": "S", "gsi1sk": "S"}


def test_a_cast_makes_a_number_key_and_a_bare_binary_attribute_a_binary_one() -> None:
    made = entity(
        "blob",
        {"digest": "binary", "at": "string"},
        IndexSpec("main", None, key("digest", "digest"), key("sk", "at", cast="number")),
    )
    assert table_definition(service(made)).types == {"digest": "B", "sk": "N"}


def test_a_table_without_sort_key_has_none() -> None:
    made = entity("device", {"id": "string"}, IndexSpec("main", None, key("pk", "id")))
    assert table_definition(service(made)).range is None


def test_a_multi_attribute_index_is_keyed_by_the_attributes_own_fields_and_types() -> None:
    definition = table_definition(MULTI)
    index = definition.indexes["places"]
    assert (index.hash, index.range) == (("c", "city"), ("day", "score"))
    assert {name: definition.types[name] for name in (*index.hash, *index.range)} == {
        "c": "S",
        "city": "S",
        "day": "S",
        "score": "N",
    }


def test_the_ttl_field_is_that_of_the_ttl_attribute_unless_the_table_names_one() -> None:
    assert table_definition(SHOP).ttl == "expires_at"
    assert table_definition(evolve(SHOP, table=TableSpec(ttl="gone_at"))).ttl == "gone_at"
    assert table_definition(LEGACY).ttl is None


def test_what_table_yaml_says_of_an_index_is_used() -> None:
    table = TableSpec(
        indexes={
            "gsi1": TableIndexSpec("gsi1", "gsi", "keys_only"),
            "gsi2": TableIndexSpec("gsi2", projection=("sku", "pk", "gsi2sk")),
        }
    )
    indexes = table_definition(evolve(SHOP, table=table)).indexes
    assert indexes["gsi1"].projection == "keys_only"
    # Keys are in every index; DynamoDB refuses them in a list of further fields.
    assert indexes["gsi2"].projection == ("sku",)


@pytest.mark.parametrize(
    ("one", "other", "projection"),
    [
        ("keys_only", "keys_only", "keys_only"),
        ("keys_only", ("city",), ("city",)),
        (("city",), ("c", "city"), ("city", "C")),
        ("keys_only", "all", "all"),
        ("keys_only", None, "all"),
        (None, None, "all"),
    ],
)
def test_the_widest_projection_that_entities_ask_for_is_used(
    one: Any, other: Any, projection: Any
) -> None:
    attributes = {"id": "string", "city": "string", "c": attribute("c", "string", "C")}
    made = [
        entity(name, attributes, PRIMARY, IndexSpec("x", "gsi1", key("g", "id"), projection=asked))
        for name, asked in (("a", one), ("b", other))
    ]
    assert table_definition(service(*made)).indexes["gsi1"].projection == projection


def test_every_contradiction_between_entities_is_reported_with_its_place() -> None:
    wrong = entity(
        "wrong",
        {"id": "string", "sku": "string", "n": "number", "late": attribute("late", "ttl", "late")},
        IndexSpec("main", None, key("pk", "id"), span=Span("wrong.yaml", 3, 1)),
        IndexSpec("x", "gsi1", key("gsi1pk", "sku"), key("gsi1sk", "n", cast="number")),
    )
    with pytest.raises(SchemaError) as caught:
        table_definition(service(ORDER, wrong, ITEM))
    assert codes(caught) == ["table.key_fields", "table.key_type", "table.ttl_ambiguous"]
    assert str(caught.value.faults[0]).startswith("wrong.yaml:3:1: ")
    assert 'wrong.main stores the table\'s own key in "pk", but order.by_id' in str(caught.value)


def test_an_index_that_no_entity_uses_has_no_known_key() -> None:
    table = TableSpec(indexes={"gsi7": TableIndexSpec("gsi7")})
    with pytest.raises(SchemaError) as caught:
        table_definition(service(ORDER, table=table))
    assert codes(caught) == ["table.index_unused"]


def test_a_local_index_needs_a_sort_key() -> None:
    table = TableSpec(indexes={"gsi10": TableIndexSpec("gsi10", "lsi")})
    with pytest.raises(SchemaError) as caught:
        table_definition(service(ITEM, table=table))
    assert codes(caught) == ["table.not_local"]


def test_a_local_index_needs_the_partition_key_of_the_table() -> None:
    table = TableSpec(indexes={"gsi2": TableIndexSpec("gsi2", "lsi")})
    with pytest.raises(SchemaError) as caught:
        table_definition(service(ITEM, table=table))
    assert codes(caught) == ["table.not_local"]


def test_an_index_on_the_tables_partition_key_is_local_unless_table_yaml_says_global() -> None:
    made = entity(
        "order",
        {"id": "string", "total": "number"},
        PRIMARY,
        IndexSpec("by_total", "by-total", key("pk", "id"), key("total_sk", "total")),
    )
    assert table_definition(service(made)).indexes["by-total"].kind == "lsi"
    said = TableSpec(indexes={"by-total": TableIndexSpec("by-total", "gsi")})
    assert table_definition(service(made, table=said)).indexes["by-total"].kind == "gsi"


def test_a_multi_attribute_key_takes_four_attributes_and_no_booleans() -> None:
    names = ["a", "b", "c", "d", "e"]
    made = entity(
        "wide",
        {"id": "string", "flag": "boolean", **dict.fromkeys(names, "string")},
        PRIMARY,
        IndexSpec("x", "gsi1", key("", *names), key("", "flag"), type="composite"),
    )
    with pytest.raises(SchemaError) as caught:
        table_definition(service(made))
    assert sorted(codes(caught)) == ["table.key_type", "table.too_many_key_attributes"]


def test_create_table_params_are_dynamodbs() -> None:
    local = TableSpec(indexes={"lsi1": TableIndexSpec("lsi1", "lsi", ("total",))})
    made = entity(
        "order",
        {"id": "string", "total": "number"},
        PRIMARY,
        IndexSpec("by_total", "lsi1", key("pk", "id"), key("lsi1sk", "total")),
        IndexSpec("all", "gsi1", key("gsi1pk"), key("gsi1sk", "id")),
    )
    assert table_definition(service(made, table=local)).create_table_params("orders") == {
        "TableName": "orders",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"}
            for name in ("pk", "sk", "gsi1pk", "gsi1sk", "lsi1sk")
        ],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "gsi1",
                "KeySchema": [
                    {"AttributeName": "gsi1pk", "KeyType": "HASH"},
                    {"AttributeName": "gsi1sk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        "LocalSecondaryIndexes": [
            {
                "IndexName": "lsi1",
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "lsi1sk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total"]},
            }
        ],
    }


def test_provisioned_throughput_goes_to_the_table_and_its_global_indexes() -> None:
    params = table_definition(SHOP).create_table_params("t", "PROVISIONED", throughput=(5, 2))
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 2}
    assert params["ProvisionedThroughput"] == units
    assert [i["ProvisionedThroughput"] for i in params["GlobalSecondaryIndexes"]] == [units] * 3


@pytest.mark.parametrize(
    ("billing", "throughput"),
    [("PROVISIONED", None), ("PAY_PER_REQUEST", (1, 1)), ("FREE", None)],
)
def test_billing_and_throughput_that_do_not_fit_are_refused(
    billing: str, throughput: tuple[int, int] | None
) -> None:
    with pytest.raises(InvalidOptionError, match="billing"):
        table_definition(SHOP).create_table_params("t", billing, throughput=throughput)


def test_a_definition_cannot_be_changed() -> None:
    definition = table_definition(SHOP)
    with pytest.raises(TypeError):
        definition.types["pk"] = "N"  # type: ignore[index]
