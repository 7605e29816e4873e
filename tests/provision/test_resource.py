"""The one description of a table, from which every format is written."""

from __future__ import annotations

from typing import Any

import pytest

from leyden._attrs import evolve
from leyden.provision import table_resources
from leyden.provision.resource import unsaid
from leyden.schema import Capacity, Provisioned, TableSettings
from leyden.tables import TableDefinition, table_definition
from tests.provision.services import LOCAL, PRIMARY, SHOP, entity, service

SCALED = Provisioned(read=Capacity(5, most=50, target=60), write=Capacity(2))


def having(settings: TableSettings, of: Any = SHOP) -> TableDefinition:
    return evolve(table_definition(of), settings=settings)


def properties(settings: TableSettings, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = table_resources(having(settings), "t", **options)["Table"]["Properties"]
    return found


def test_what_table_yaml_does_not_say_suits_production() -> None:
    table = table_resources(table_definition(SHOP), "t")["Table"]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert table["Properties"]["DeletionProtectionEnabled"] is True
    recovery = table["Properties"]["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True}


def test_a_table_for_development_has_only_what_table_yaml_says() -> None:
    table = table_resources(table_definition(SHOP), "t", dev=True)["Table"]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Delete", "Delete")
    assert not {"DeletionProtectionEnabled", "PointInTimeRecoverySpecification"} & set(
        table["Properties"]
    )
    said = properties(TableSettings(deletion_protection=True), dev=True)
    assert said["DeletionProtectionEnabled"] is True


def test_what_table_yaml_turns_off_stays_off() -> None:
    made = properties(TableSettings(deletion_protection=False, point_in_time_recovery=False))
    assert made["DeletionProtectionEnabled"] is False
    assert made["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": False}


@pytest.mark.parametrize(
    ("settings", "dev", "said"),
    [
        (TableSettings(), False, "point-in-time recovery and deletion protection are on, since"),
        (TableSettings(), True, "point-in-time recovery and deletion protection are off, and"),
        (TableSettings(deletion_protection=False), False, "point-in-time recovery is on, since"),
        (TableSettings(point_in_time_recovery=True), True, "deletion protection is off, and"),
    ],
)
def test_it_says_aloud_what_nobody_declared(settings: TableSettings, dev: bool, said: str) -> None:
    assert unsaid(settings, dev=dev).startswith(said)
    assert "--dev" in unsaid(settings, dev=dev)


def test_there_is_nothing_to_say_where_all_is_declared() -> None:
    declared = TableSettings(deletion_protection=True, point_in_time_recovery=False)
    assert (unsaid(declared), unsaid(declared, dev=True)) == ("", "")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            TableSettings(point_in_time_recovery=True, recovery_days=7),
            {
                "PointInTimeRecoverySpecification": {
                    "PointInTimeRecoveryEnabled": True,
                    "RecoveryPeriodInDays": 7,
                }
            },
        ),
        (TableSettings(encryption="aws_owned"), {"SSESpecification": {"SSEEnabled": False}}),
        (
            TableSettings(encryption="aws_managed"),
            {"SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"}},
        ),
        (
            TableSettings(encryption="kms_key", kms_key="alias/shop"),
            {
                "SSESpecification": {
                    "SSEEnabled": True,
                    "SSEType": "KMS",
                    "KMSMasterKeyId": "alias/shop",
                }
            },
        ),
        (
            TableSettings(stream="new_and_old_images"),
            {"StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"}},
        ),
        (TableSettings(tags={"team": "shop"}), {"Tags": [{"Key": "team", "Value": "shop"}]}),
        (
            TableSettings(table_class="infrequent_access"),
            {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
        ),
        (TableSettings(billing="on_demand"), {"BillingMode": "PAY_PER_REQUEST"}),
    ],
)
def test_settings_are_cloudformations(settings: TableSettings, expected: dict[str, Any]) -> None:
    made = properties(settings)
    assert {name: made[name] for name in expected} == expected


def test_capacity_that_scales_has_a_target_and_a_policy_for_the_table_and_each_index() -> None:
    resources = table_resources(having(TableSettings(billing=SCALED)), "shop", logical_id="Shop")
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 2}
    table = resources["Shop"]["Properties"]
    assert table["ProvisionedThroughput"] == units
    assert {str(index["ProvisionedThroughput"]) for index in table["GlobalSecondaryIndexes"]} == {
        str(units)
    }
    assert [*resources] == [
        "Shop",
        *(f"Shop{part}Read{kind}" for part in ("", "Gsi1", "Gsi2", "Gsi10") for kind in KINDS),
    ]
    target = resources["ShopGsi2ReadTarget"]["Properties"]
    assert target == {
        "ServiceNamespace": "dynamodb",
        "ResourceId": {"Fn::Sub": "table/${Shop}/index/gsi2"},
        "ScalableDimension": "dynamodb:index:ReadCapacityUnits",
        "MinCapacity": 5,
        "MaxCapacity": 50,
    }
    policy = resources["ShopReadPolicy"]["Properties"]
    assert policy["ScalingTargetId"] == {"Ref": "ShopReadTarget"}
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 60


KINDS = ("Target", "Policy")


def test_local_indexes_do_not_scale_and_have_no_capacity() -> None:
    resources = table_resources(having(TableSettings(billing=SCALED), LOCAL), "t")
    assert (
        "ProvisionedThroughput" not in resources["Table"]["Properties"]["LocalSecondaryIndexes"][0]
    )
    assert not [name for name in resources if "Lsi" in name]


def test_indexes_of_the_same_letters_have_logical_ids_of_their_own() -> None:
    from leyden.schema.spec import IndexSpec
    from tests.provision.services import key

    alike = entity(
        "one",
        {"id": "string", "a": "string"},
        PRIMARY,
        IndexSpec("first", "gsi-1", key("apk", "a")),
        IndexSpec("second", "gsi1", key("bpk", "a")),
    )
    resources = table_resources(having(TableSettings(billing=SCALED), service(alike)), "t")
    dimensions = [
        one["Properties"]["ResourceId"]["Fn::Sub"]
        for one in resources.values()
        if "ResourceId" in one["Properties"]
    ]
    assert sorted(dimensions) == [
        "table/${Table}",
        "table/${Table}/index/gsi-1",
        "table/${Table}/index/gsi1",
    ]
    for one in resources.values():
        if "ScalingTargetId" in one["Properties"]:
            target = resources[one["Properties"]["ScalingTargetId"]["Ref"]]["Properties"]
            index = target["ResourceId"]["Fn::Sub"].removeprefix("table/${Table}")
            assert one["Properties"]["PolicyName"] == f"t{index}/read-utilization"


def test_a_table_with_replicas_is_a_global_one() -> None:
    settings = TableSettings(
        billing=Provisioned(read=Capacity(5), write=Capacity(2, most=20)),
        encryption="kms_key",
        kms_key="alias/shop",
        table_class="standard",
        tags={"team": "shop"},
        replicas=("eu-west-1", "us-west-2"),
    )
    resources = table_resources(having(settings), "t")
    assert [*resources] == ["Table"], "a global table scales by itself"
    assert resources["Table"]["Type"] == "AWS::DynamoDB::GlobalTable"
    made = resources["Table"]["Properties"]
    assert made["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert made["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    writing = {
        "WriteCapacityAutoScalingSettings": {
            "MinCapacity": 2,
            "MaxCapacity": 20,
            "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70},
        }
    }
    assert made["WriteProvisionedThroughputSettings"] == writing
    for index in made["GlobalSecondaryIndexes"]:
        assert index["WriteProvisionedThroughputSettings"] == writing
        assert "ProvisionedThroughput" not in index
    reading = {"ReadProvisionedThroughputSettings": {"ReadCapacityUnits": 5}}
    replica = {
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "DeletionProtectionEnabled": True,
        "TableClass": "STANDARD",
        "Tags": [{"Key": "team", "Value": "shop"}],
        "SSESpecification": {"KMSMasterKeyId": "alias/shop"},
        **reading,
        "GlobalSecondaryIndexes": [
            {"IndexName": name, **reading} for name in ("gsi1", "gsi2", "gsi10")
        ],
    }
    regions = [{"Ref": "AWS::Region"}, "eu-west-1", "us-west-2"]
    assert made["Replicas"] == [{"Region": region, **replica} for region in regions]
    assert not {"Tags", "TableClass", "DeletionProtectionEnabled"} & set(made)
