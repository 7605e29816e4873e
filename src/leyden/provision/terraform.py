"""The table for Terraform.

It is usually an `aws_dynamodb_table`. That resource supports neither vector indexes nor indexes
whose key has several attributes. A table with these is an `awscc_dynamodb_table`: its provider is
made from CloudFormation's own schemas, so it takes the same properties as the template.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap
from typing import Any, Final

from leyden._attrs import evolve
from leyden.provision.hcl import Block, Encoded, Raw, write_hcl
from leyden.provision.resource import SCALABLE_TARGET, TABLE, Resources, production, table_resources
from leyden.schema.settings import TableSettings
from leyden.tables import TableDefinition

__all__ = ["terraform"]

_KINDS: Final = {TABLE: "awscc_dynamodb_table"}
_GLOBAL: Final = "awscc_dynamodb_global_table"
_REGION: Final = Raw("data.aws_region.table.id")

_CAPACITY: Final = {"read_capacity": "ReadCapacityUnits", "write_capacity": "WriteCapacityUnits"}
_SWITCHES: Final = {
    "table_class": "TableClass",
    "deletion_protection_enabled": "DeletionProtectionEnabled",
}
_PROJECTION: Final = {
    "projection_type": "ProjectionType",
    "non_key_attributes": "NonKeyAttributes",
}
_NESTED: Final = (
    (
        *("ttl", "TimeToLiveSpecification"),
        {"attribute_name": "AttributeName", "enabled": "Enabled"},
    ),
    (
        *("point_in_time_recovery", "PointInTimeRecoverySpecification"),
        {
            "enabled": "PointInTimeRecoveryEnabled",
            "recovery_period_in_days": "RecoveryPeriodInDays",
        },
    ),
    (
        *("server_side_encryption", "SSESpecification"),
        {"enabled": "SSEEnabled", "kms_key_arn": "KMSMasterKeyId"},
    ),
)
"""Inner blocks, the properties that they are made of, and their arguments."""

_CLOUD_CONTROL: Final = (
    "The provider is awscc, since aws_dynamodb_table has no vector indexes, and no indexes whose "
    "key has several attributes."
)
_SCALED: Final = (
    "Autoscaling changes the capacity of the indexes, so Terraform ignores what changes in them; "
    "leyden table --add-indexes adds one to the live table."
)


def terraform(
    definition: TableDefinition, table_name: str, *, dev: bool = False, comment: str = ""
) -> str:
    """Return the table and its autoscaling in Terraform's language.

    `comment` goes to the top. With `dev`, only what table.yaml declares is on, and Terraform may
    destroy the table.
    """
    keys = (index.hash + index.range[1:] for index in definition.indexes.values())
    if definition.vectors or any(len(names) > 1 for names in keys):
        resources = table_resources(definition, table_name, dev=dev)
        blocks = _cloud_control(resources, dev)
        said = [comment, _CLOUD_CONTROL]
    else:
        blocks, said = _plain(definition, table_name, dev), [comment]
        if (
            any(one.labels[0] == "aws_appautoscaling_target" for one in blocks)
            and definition.indexes
        ):
            said.append(_SCALED)
    return write_hcl(blocks, heading="\n".join(wrap(" ".join(filter(None, said)), 98)))


def _cloud_control(resources: Resources, dev: bool) -> list[Block]:
    """Return the table for `awscc`: CloudFormation's properties in snake case."""
    table, *scaling = resources.items()
    logical_id, resource = table
    kind = _KINDS.get(resource["Type"], _GLOBAL)

    def translated(value: Any) -> Any:
        if value == {"Ref": "AWS::Region"}:
            return _REGION
        if isinstance(value, Mapping):
            return {_snake(name): translated(one) for name, one in value.items()}
        return [translated(one) for one in value] if isinstance(value, list) else value

    arguments = translated(resource["Properties"])
    if kind != _GLOBAL:
        # CloudFormation accepts two forms of this, so the provider takes it as JSON.
        arguments["key_schema"] = Encoded(resource["Properties"]["KeySchema"])
    found = [Block("data", ("aws_region", "table"))] if kind == _GLOBAL else []
    inner = () if dev else (Block("lifecycle", (), {"prevent_destroy": True}),)
    made = Block("resource", (kind, "table"), arguments, inner)
    name = f"{kind}.table.table_name"
    return [*found, made, *_scaling(dict(scaling), logical_id, name)]


def _plain(definition: TableDefinition, table_name: str, dev: bool) -> list[Block]:
    """Return the table for the provider `aws`."""
    settings = production(definition.settings, dev=dev)
    # Here, replicas are blocks of the table. They follow each other by their streams.
    alone = evolve(
        definition.settings,
        replicas=(),
        stream="new_and_old_images" if settings.replicas else settings.stream,
    )
    one = evolve(definition, settings=alone)
    (logical_id, resource), *scaling = table_resources(one, table_name, dev=dev).items()
    given = resource["Properties"]
    key, found = _key(settings.kms_key)
    arguments: dict[str, Any] = {
        "name": table_name,
        "billing_mode": given["BillingMode"],
        **_capacity(given),
        **_key_schema(given),
    }
    if "StreamSpecification" in given:
        arguments["stream_enabled"] = True
        arguments["stream_view_type"] = given["StreamSpecification"]["StreamViewType"]
    arguments |= _taken(given, _SWITCHES)
    if given.get("Tags"):
        arguments["tags"] = {tag["Key"]: tag["Value"] for tag in given["Tags"]}
    blocks = [
        Block("attribute", (), {"name": each["AttributeName"], "type": each["AttributeType"]})
        for each in given["AttributeDefinitions"]
    ]
    for index in given.get("GlobalSecondaryIndexes", ()):
        whole = {**_key_schema(index), **_taken(index["Projection"], _PROJECTION)}
        whole = {"name": index["IndexName"], **whole, **_capacity(index)}
        blocks.append(Block("global_secondary_index", (), whole))
    for index in given.get("LocalSecondaryIndexes", ()):
        # A local index has the table's own partition key.
        key_schema = {"range_key": _key_schema(index)["range_key"]}
        whole = {"name": index["IndexName"], **key_schema}
        whole |= _taken(index["Projection"], _PROJECTION)
        blocks.append(Block("local_secondary_index", (), whole))
    if key is not None:
        # The provider accepts only the key's ARN.
        given["SSESpecification"]["KMSMasterKeyId"] = key
    for name, source, taken in _NESTED:
        if source in given:
            blocks.append(Block(name, (), _taken(given[source], taken)))
    blocks += _replicas(settings, key)
    if settings.replicas and key is not None:
        found.append(Block("data", ("aws_region", "table")))
    lifecycle: dict[str, Any] = {} if dev else {"prevent_destroy": True}
    if scaling:
        changed = ["read_capacity", "write_capacity"]
        changed += ["global_secondary_index"] if "GlobalSecondaryIndexes" in given else []
        lifecycle["ignore_changes"] = [Raw(name) for name in changed]
    if lifecycle:
        blocks.append(Block("lifecycle", (), lifecycle))
    made = Block("resource", ("aws_dynamodb_table", "table"), arguments, tuple(blocks))
    name = "aws_dynamodb_table.table.name"
    return [*found, made, *_scaling(dict(scaling), logical_id, name)]


def _replicas(settings: TableSettings, key: Raw | str | None) -> Iterable[Block]:
    """Yield the other Regions of a global table, each with a replica's own settings."""
    own = {
        "point_in_time_recovery": settings.point_in_time_recovery,
        "deletion_protection_enabled": settings.deletion_protection,
        "propagate_tags": bool(settings.tags) or None,
    }
    own = {name: value for name, value in own.items() if value is not None}
    for region in settings.replicas:
        replica: dict[str, Any] = {"region_name": region}
        if key is not None:
            # A multi-Region key has the same id in each Region.
            named = key.text if isinstance(key, Raw) else f'"{key}"'
            replica["kms_key_arn"] = Raw(f'replace({named}, data.aws_region.table.id, "{region}")')
        yield Block("replica", (), {**replica, **own})


def _key(kms_key: str | None) -> tuple[Raw | str | None, list[Block]]:
    """Return the ARN of a customer's key, with the block that looks up any other name."""
    if kms_key is None or kms_key.startswith("arn:"):
        return kms_key, []
    return Raw("data.aws_kms_key.table.arn"), [
        Block("data", ("aws_kms_key", "table"), {"key_id": kms_key})
    ]


def _taken(given: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the properties that are present, under Terraform's names."""
    return {ours: given[theirs] for ours, theirs in names.items() if theirs in given}


def _capacity(given: Mapping[str, Any]) -> dict[str, Any]:
    return _taken(given.get("ProvisionedThroughput", {}), _CAPACITY)


def _key_schema(given: Mapping[str, Any]) -> dict[str, str]:
    return {f"{each['KeyType'].lower()}_key": each["AttributeName"] for each in given["KeySchema"]}


def _scaling(resources: Resources, logical_id: str, name: str) -> Iterator[Block]:
    """Yield the blocks that scale a table, whose name is the value of the expression `name`."""
    for resource_id, resource in resources.items():
        given = resource["Properties"]
        if resource["Type"] == SCALABLE_TARGET:
            path = given["ResourceId"]["Fn::Sub"].replace(f"${{{logical_id}}}", f"${{{name}}}")
            arguments = {_snake(key): value for key, value in given.items()}
            arguments["resource_id"] = Raw(f'"{path}"')
            yield Block("resource", ("aws_appautoscaling_target", _snake(resource_id)), arguments)
            continue
        target = f"aws_appautoscaling_target.{_snake(given['ScalingTargetId']['Ref'])}"
        tracking = given["TargetTrackingScalingPolicyConfiguration"]
        metric = tracking["PredefinedMetricSpecification"]["PredefinedMetricType"]
        yield Block(
            "resource",
            ("aws_appautoscaling_policy", _snake(resource_id)),
            {
                "name": given["PolicyName"],
                "policy_type": given["PolicyType"],
                **{
                    key: Raw(f"{target}.{key}")
                    for key in ("resource_id", "scalable_dimension", "service_namespace")
                },
            },
            (
                Block(
                    "target_tracking_scaling_policy_configuration",
                    (),
                    {"target_value": tracking["TargetValue"]},
                    (
                        Block(
                            "predefined_metric_specification",
                            (),
                            {"predefined_metric_type": metric},
                        ),
                    ),
                ),
            ),
        )


def _snake(name: str) -> str:
    """Return a CloudFormation name as Terraform writes it: `sse_specification`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
