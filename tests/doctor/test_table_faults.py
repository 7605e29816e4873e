"""How a table falls short of its schemas, and that what the finding says mends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from attrs import evolve

import leyden
from leyden.mapping.table import IndexDefinition
from leyden.tables import TableDefinition, compare_table, create_table
from tests.doctor.clinic import send
from tests.doctor.conftest import Open

ORDERS: Final = """
entity: orders
alias: order
version: "1"
service: shop
attributes:
  shop: {type: string, required: true}
  id: {type: string, required: true}
  status: string
  ends: ttl
indexes:
  own: {pk: {field: pk, composite: [shop]}, sk: {field: sk, composite: [id]}}
  by_status:
    index: gsi1
    pk: {field: gsi1pk, composite: [status]}
    sk: {field: gsi1sk, composite: [id]}
"""


def with_index(**changes: Any) -> Callable[[TableDefinition], TableDefinition]:
    """The definition with another gsi1."""

    def change(definition: TableDefinition) -> TableDefinition:
        index = evolve(definition.indexes["gsi1"], **changes)
        types = {**definition.types, **dict.fromkeys((*index.hash, *index.range), "S")}
        return evolve(definition, indexes={"gsi1": index}, types=types)

    return change


def without_index(definition: TableDefinition) -> TableDefinition:
    types = {name: kind for name, kind in definition.types.items() if name in ("pk", "sk")}
    return evolve(definition, indexes={}, types=types)


def with_another_index(definition: TableDefinition) -> TableDefinition:
    more = IndexDefinition("gsi9", "gsi", ("other",), ())
    indexes = {**definition.indexes, "gsi9": more}
    return evolve(definition, indexes=indexes, types={**definition.types, "other": "S"})


def with_another_key(definition: TableDefinition) -> TableDefinition:
    types = {name: kind for name, kind in definition.types.items() if name != "sk"}
    return evolve(definition, range="sort", types={**types, "sort": "S"})


CASES: Final = {
    "an index that is missing": (without_index, "fault", "index.missing", "gsi1"),
    "an index by other fields": (
        with_index(hash=("gsi1sk",), range=("gsi1pk",)),
        "fault",
        "index.key",
        "gsi1",
    ),
    "an index of keys only": (
        with_index(projection="keys_only"),
        "fault",
        "index.projection",
        "gsi1",
    ),
    "an index that nothing uses": (with_another_index, "note", "index.unused", "gsi9"),
    "a time to live that is off": (lambda one: evolve(one, ttl=None), "fault", "ttl.off", "ends"),
    "a time to live of another field": (
        lambda one: evolve(one, ttl="expires"),
        "fault",
        "ttl.field",
        "ends",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_table_that_falls_short_is_found(open_service: Open, name: str) -> None:
    change, severity, code, subject = CASES[name]
    app = open_service(ORDERS, create=False)
    app.driver.run(create_table(change(app.table_definition), app.table))
    (finding,) = app.doctor().findings
    assert (finding.severity, finding.code, finding.subject) == (severity, code, subject)
    assert finding.remedy
    assert finding.keys == ()


def test_a_table_with_another_key_is_found(open_service: Open) -> None:
    app = open_service(ORDERS, create=False)
    app.driver.run(create_table(with_another_key(app.table_definition), app.table))
    send(app, "PutItem", {"Item": {"pk": {"S": "x"}, "sort": {"S": "y"}}})
    codes = [one.code for one in app.doctor(full=True).findings]
    assert codes == ["table.key"]


def test_a_table_that_is_not_there_is_found(open_service: Open) -> None:
    app = open_service(ORDERS, create=False)
    report = app.doctor(full=True)
    (finding,) = report.findings
    assert (finding.severity, finding.code) == ("fault", "table.missing")
    assert finding.remedy == "`leyden table FOLDER --create`"
    app.create_table()
    assert app.doctor(full=True).findings == ()


def test_a_missing_index_is_added_by_what_the_finding_says(open_service: Open) -> None:
    app = open_service(ORDERS, create=False)
    app.driver.run(create_table(without_index(app.table_definition), app.table))
    (finding,) = app.doctor().findings
    assert "leyden table FOLDER --add-indexes" in finding.remedy
    app.add_indexes()
    assert app.doctor().findings == ()


def test_time_to_live_is_turned_on_by_what_the_finding_says(open_service: Open) -> None:
    app = open_service(ORDERS, create=False)
    app.driver.run(create_table(evolve(app.table_definition, ttl=None), app.table))
    (finding,) = app.doctor().findings
    asked = finding.remedy.strip("`").split(" --time-to-live-specification ")
    assert asked[0] == f"aws dynamodb update-time-to-live --table-name {app.table}"
    said = dict(part.split("=") for part in asked[1].split(","))
    send(
        app,
        "UpdateTimeToLive",
        {
            "TimeToLiveSpecification": {
                "Enabled": said["Enabled"] == "true",
                "AttributeName": said["AttributeName"],
            }
        },
    )
    assert app.doctor().findings == ()


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ("deletion_protection: true", "deletion_protection"),
        ("stream: new_image", "stream"),
        ("point_in_time_recovery: true", "point_in_time_recovery"),
        ("tags: {team: shop}", "tags"),
        ("billing: {read: 5, write: 5}", "billing"),
        ("table_class: infrequent_access", "table_class"),
    ],
)
def test_what_table_yaml_declares_is_compared(open_service: Open, settings: str, code: str) -> None:
    app = open_service(ORDERS)
    declared = open_service(f"{ORDERS}---\ntable: any\n{settings}\n", table=app.table, create=False)
    assert [one.code for one in declared.doctor().findings] == [code]
    assert app.doctor().findings == ()


def test_the_state_of_a_table_and_its_indexes_is_told() -> None:
    from leyden.doctor.table import states_of
    from leyden.schema import load_service

    definition = leyden.tables.table_definition(load_service(ORDERS))
    (keyed,) = definition.create_table_params("t")["GlobalSecondaryIndexes"]
    description = {
        "TableStatus": "CREATING",
        "GlobalSecondaryIndexes": [
            {**keyed, "IndexStatus": "CREATING", "Backfilling": True},
        ],
        "KeySchema": definition.key_schema,
    }
    states = [*states_of(definition, description), *compare_table(definition, description)]
    found = [(one.code, one.subject) for one in states]
    assert found == [("table.not_ready", ""), ("index.not_ready", "gsi1")]
