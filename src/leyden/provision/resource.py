"""A table as CloudFormation resources: the one description from which all formats are made.

`table_resources` returns the resources by logical id, in CloudFormation's own terms. The templates
contain them unchanged, and the writers for CDK and Terraform translate them. So each setting is
spelled out only once, here.

A table with replicas is one `AWS::DynamoDB::GlobalTable`, which scales by itself. Any other table
is an `AWS::DynamoDB::Table`, and autoscaling adds a `ScalableTarget` and a `ScalingPolicy` for each
capacity that it changes.

Three CloudFormation functions occur, each in one place:

- `{"Ref": "AWS::Region"}` is the Region of a global table's first replica;
- `{"Fn::Sub": "table/${Table}"}` and `{"Fn::Sub": "table/${Table}/index/gsi1"}` are the
  `ResourceId` of a scalable target, where `Table` is the table's logical id;
- `{"Ref": "TableReadTarget"}` is the `ScalingTargetId` of a scaling policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from leyden._attrs import evolve, frozen
from leyden.schema import Capacity, TableSettings
from leyden.tables import TableDefinition, recovery_params

__all__ = ["GLOBAL_TABLE", "SCALABLE_TARGET", "SCALING_POLICY", "TABLE", "Resources", "Scaling"]
__all__ += ["production", "scalings", "table_resources", "unsaid"]

TABLE: Final = "AWS::DynamoDB::Table"
GLOBAL_TABLE: Final = "AWS::DynamoDB::GlobalTable"
SCALABLE_TARGET: Final = "AWS::ApplicationAutoScaling::ScalableTarget"
SCALING_POLICY: Final = "AWS::ApplicationAutoScaling::ScalingPolicy"

Resources = dict[str, dict[str, Any]]
"""Resources by logical id, each with `Type` and `Properties`; the table also has its policies."""


def table_resources(
    definition: TableDefinition,
    table_name: str,
    *,
    logical_id: str = "Table",
    dev: bool = False,
) -> Resources:
    """Return the table and its autoscaling as CloudFormation resources, by logical id.

    Unless table.yaml says otherwise, point-in-time recovery and deletion protection are on. The
    table outlives its stack. With `dev`, only what table.yaml declares is on, and the table is
    deleted with its stack.

    >>> table_resources(app.table_definition, "tasks")["Table"]["Type"]     # doctest: +SKIP
    'AWS::DynamoDB::Table'
    """
    settings = production(definition.settings, dev=dev)
    definition = evolve(definition, settings=settings)
    policy = "Delete" if dev else "Retain"
    is_global = bool(settings.replicas)
    made = _global_table if is_global else _table
    resources: Resources = {
        logical_id: {
            "Type": GLOBAL_TABLE if is_global else TABLE,
            "DeletionPolicy": policy,
            "UpdateReplacePolicy": policy,
            "Properties": made(definition, table_name),
        }
    }
    for scaling in () if is_global else scalings(definition):
        name = f"{logical_id}{scaling.letters}{scaling.verb}"
        target = _free(f"{name}Target", resources)
        resources[target] = {
            "Type": SCALABLE_TARGET,
            "Properties": {
                "ServiceNamespace": "dynamodb",
                "ResourceId": {"Fn::Sub": f"table/${{{logical_id}}}{scaling.path}"},
                "ScalableDimension": scaling.dimension,
                "MinCapacity": scaling.least,
                "MaxCapacity": scaling.most,
            },
        }
        resources[_free(f"{name}Policy", resources)] = {
            "Type": SCALING_POLICY,
            "Properties": {
                "PolicyName": scaling.policy_name(table_name),
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": scaling.configuration,
                "ScalingTargetId": {"Ref": target},
            },
        }
    return resources


@frozen
class Scaling:
    """Capacity that autoscaling changes: reads or writes, of the table or of a global index.

    `index` is None for the table itself; `verb` is `Read` or `Write`. `target` is in percent.
    """

    index: str | None
    verb: str
    least: int
    most: int
    target: int

    @property
    def path(self) -> str:
        """The part of a scaled resource's id behind the table's name."""
        return "" if self.index is None else f"/index/{self.index}"

    @property
    def letters(self) -> str:
        """The index's name as part of a logical id, which may have only letters and digits."""
        return "".join(filter(str.isalnum, (self.index or "").title()))

    @property
    def dimension(self) -> str:
        """The scaled dimension, in Application Auto Scaling's terms."""
        kind = "table" if self.index is None else "index"
        return f"dynamodb:{kind}:{self.verb}CapacityUnits"

    @property
    def configuration(self) -> dict[str, Any]:
        """The configuration that keeps the utilization at its target."""
        metric = f"DynamoDB{self.verb}CapacityUtilization"
        return {
            "TargetValue": self.target,
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
        }

    def policy_name(self, table_name: str) -> str:
        """Return the name of the scaling policy."""
        return f"{table_name}{self.path}/{self.verb.lower()}-utilization"


def scalings(definition: TableDefinition) -> list[Scaling]:
    """Return all capacity of a table and its global indexes that autoscaling changes."""
    provisioned = definition.settings.provisioned
    if provisioned is None:
        return []
    indexes = [index.name for index in definition.indexes.values() if index.kind == "gsi"]
    return [
        Scaling(index, verb, capacity.units, capacity.most, capacity.target)
        for index in (None, *indexes)
        for verb, capacity in (("Read", provisioned.read), ("Write", provisioned.write))
        if capacity.most is not None
    ]


def production(settings: TableSettings, *, dev: bool = False) -> TableSettings:
    """Return the settings with production's defaults for what table.yaml omits, unless `dev`."""
    if dev:
        return settings
    recovery, protection = settings.point_in_time_recovery, settings.deletion_protection
    return evolve(
        settings,
        point_in_time_recovery=True if recovery is None else recovery,
        deletion_protection=True if protection is None else protection,
    )


def unsaid(settings: TableSettings, *, dev: bool = False) -> str:
    """Return one sentence about what is on, or off, without table.yaml saying so.

    It is empty if table.yaml declares everything.

    >>> unsaid(TableSettings(deletion_protection=True))
    'point-in-time recovery is on, since table.yaml does not say (--dev leaves it off)'
    """
    names = [
        name
        for name, said in (
            ("point-in-time recovery", settings.point_in_time_recovery),
            ("deletion protection", settings.deletion_protection),
        )
        if said is None
    ]
    if not names:
        return ""
    be, it = ("are", "them") if len(names) > 1 else ("is", "it")
    what = f"{' and '.join(names)} {be}"
    if dev:
        return f"{what} off, and the table is deleted with its stack (--dev)"
    return f"{what} on, since table.yaml does not say (--dev leaves {it} off)"


def _table(definition: TableDefinition, table_name: str) -> dict[str, Any]:
    """Return the properties of an AWS::DynamoDB::Table: CreateTable's input with other names."""
    properties = definition.create_table_params(table_name)
    if "StreamSpecification" in properties:
        del properties["StreamSpecification"]["StreamEnabled"]
    encryption = properties.get("SSESpecification")
    if encryption is not None:
        encryption = {"SSEEnabled": encryption.pop("Enabled"), **encryption}
        properties["SSESpecification"] = encryption
    if definition.ttl:
        properties["TimeToLiveSpecification"] = {"AttributeName": definition.ttl, "Enabled": True}
    settings = definition.settings
    if settings.point_in_time_recovery is not None:
        properties["PointInTimeRecoverySpecification"] = recovery_params(settings)
    return properties


_OF_REPLICAS: Final = (
    "PointInTimeRecoverySpecification",
    "DeletionProtectionEnabled",
    "TableClass",
    "Tags",
)
"""Properties of a table that each replica of a global table has for itself."""


def _global_table(definition: TableDefinition, table_name: str) -> dict[str, Any]:
    """Return the properties of an AWS::DynamoDB::GlobalTable with identical replicas."""
    properties = _table(definition, table_name)
    settings = definition.settings
    replica: dict[str, Any] = {
        name: properties.pop(name) for name in _OF_REPLICAS if name in properties
    }
    key = properties.get("SSESpecification", {}).pop("KMSMasterKeyId", None)
    if key is not None:
        replica["SSESpecification"] = {"KMSMasterKeyId": key}
    capacity = settings.provisioned
    if capacity is not None:
        indexes = properties.get("GlobalSecondaryIndexes", [])
        for part in (properties, *indexes):
            del part["ProvisionedThroughput"]
            part["WriteProvisionedThroughputSettings"] = {
                "WriteCapacityAutoScalingSettings": _settings_of_scaling(capacity.write)
            }
        reading = {
            "ReadProvisionedThroughputSettings": {
                "ReadCapacityAutoScalingSettings": _settings_of_scaling(capacity.read)
            }
            if capacity.read.is_scaled
            else {"ReadCapacityUnits": capacity.read.units}
        }
        replica.update(reading)
        if indexes:
            replica["GlobalSecondaryIndexes"] = [
                {"IndexName": index["IndexName"], **reading} for index in indexes
            ]
    here = {"Ref": "AWS::Region"}
    properties["Replicas"] = [
        {"Region": region, **replica} for region in (here, *settings.replicas)
    ]
    return properties


def _settings_of_scaling(capacity: Capacity) -> dict[str, Any]:
    return {
        "MinCapacity": capacity.units,
        "MaxCapacity": capacity.most,
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": capacity.target},
    }


def _free(name: str, taken: Iterable[str]) -> str:
    """Return a logical id that is not taken, since `gsi-1` and `gsi1` have the same letters."""
    names, count = set(taken), 2
    found = name
    while found in names:
        found, count = f"{name}{count}", count + 1
    return found
