"""Compares a table's settings with those that table.yaml declares, and no others.

DescribeTable returns the ARN of a KMS key. So if table.yaml declares an alias, or the AWS managed
key of the account, the comparison can only tell that the table is encrypted with a KMS key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from leyden._shell import structure, word
from leyden.mapping.table import TABLE_CLASSES, recovery_params, replica_params, setting_params
from leyden.schema.settings import TableSettings
from leyden.tables.differences import Description, Difference

_IS_DYNAMODB_LOCAL: Final = ":ddblocal:"
"""A part of the ARN of DynamoDB Local's tables, which keep fewer settings."""

_OWN_WORDS: Final[Mapping[str, str]] = {kind: word for word, kind in TABLE_CLASSES.items()}


def is_provisioned(description: Description) -> bool:
    """Return whether a table is provisioned. One that was never on demand has no billing mode."""
    mode = (description.get("BillingModeSummary") or {}).get("BillingMode")
    units = (description.get("ProvisionedThroughput") or {}).get("ReadCapacityUnits", 0)
    return mode == "PROVISIONED" or (mode is None and bool(units))


def compare_settings(
    settings: TableSettings,
    description: Description,
    backups: Description | None = None,
    tags: Mapping[str, str] | None = None,
) -> Iterable[Difference]:
    """Say in words how a table's settings differ from the declared ones.

    `description` is DescribeTable's `Table`, `backups` is DescribeContinuousBackups'
    `ContinuousBackupsDescription`, and `tags` are the table's tags by name. What is None is not
    compared.
    """
    update = f"aws dynamodb update-table {table_option(description)}"
    yield from _compare_billing(settings, description, update)
    if backups is not None:
        yield from _compare_recovery(settings, description, backups)
    protected = bool(description.get("DeletionProtectionEnabled"))
    if settings.deletion_protection not in (None, protected):
        flag = "--deletion-protection-enabled"
        yield Difference(
            f"deletion protection is {_on(protected)}, and table.yaml says {_on(not protected)}",
            "deletion_protection",
            remedy=f"{update} {flag if not protected else flag.replace('--', '--no-', 1)}",
        )
    yield from _compare_stream(settings, description, update)
    if tags is not None:
        for name, value in settings.tags.items():
            if tags.get(name) != value:
                has = "is missing" if name not in tags else f'is "{tags[name]}"'
                yield Difference(
                    f'the tag "{name}" {has}, and table.yaml says "{value}"',
                    "tags",
                    name,
                    "aws dynamodb tag-resource "
                    f"--resource-arn {word(description.get('TableArn', 'ARN'))} "
                    f"--tags {structure({'Key': name, 'Value': value})}",
                )
    if _IS_DYNAMODB_LOCAL not in description.get("TableArn", ""):
        yield from _compare_in_aws(settings, description, update)


def table_option(description: Description) -> str:
    """Return the option that names a table in commands of the AWS command line."""
    return f"--table-name {word(description.get('TableName', 'NAME'))}"


def replica_option(settings: TableSettings, region: str) -> str:
    """Return the option of `aws dynamodb update-table` that adds a replica."""
    return f"--replica-updates {structure({'Create': replica_params(settings, region)})}"


def recovery_option(settings: TableSettings) -> str:
    """Return the option of `aws dynamodb update-continuous-backups` for the declared recovery."""
    return f"--point-in-time-recovery-specification {structure(recovery_params(settings))}"


def ttl_option(field: str, *, is_on: bool = True) -> str:
    """Return the option of `aws dynamodb update-time-to-live` that turns it on, or off."""
    specification = {"Enabled": is_on, "AttributeName": field}
    return f"--time-to-live-specification {structure(specification)}"


def _on(is_on: bool) -> str:
    return "on" if is_on else "off"


def _compare_billing(
    settings: TableSettings, description: Description, update: str
) -> Iterable[Difference]:
    declared, provisioned = settings.provisioned, is_provisioned(description)
    if declared is None:
        if settings.billing is not None and provisioned:
            yield Difference(
                "the table is billed for provisioned capacity, and table.yaml says on_demand",
                "billing",
                remedy=f"{update} --billing-mode PAY_PER_REQUEST",
            )
        return
    units = {"ReadCapacityUnits": declared.read.units, "WriteCapacityUnits": declared.write.units}
    own = f"--provisioned-throughput {structure(units)}"
    indexes = {
        name: structure({"Update": {"IndexName": name, "ProvisionedThroughput": units}})
        for index in description.get("GlobalSecondaryIndexes") or ()
        for name in [index["IndexName"]]
    }
    of_indexes = "--global-secondary-index-updates"
    if not provisioned:
        every = f" {of_indexes} {' '.join(indexes.values())}" if indexes else ""
        yield Difference(
            "the table is billed on demand, and table.yaml says provisioned capacity",
            "billing",
            remedy=f"{update} --billing-mode PROVISIONED {own}{every}",
        )
        return
    for index in ({}, *(description.get("GlobalSecondaryIndexes") or ())):
        name = index.get("IndexName", "")
        found = (index or description).get("ProvisionedThroughput") or {}
        for verb, capacity in (("Read", declared.read), ("Write", declared.write)):
            has = found.get(f"{verb}CapacityUnits", 0)
            if not capacity.units <= has <= (capacity.most or capacity.units):
                scaled = f" to {capacity.most}" if capacity.is_scaled else ""
                what = f'the index "{name}"' if name else "the table"
                yield Difference(
                    f"{what} has {has} {verb.lower()} capacity units, and table.yaml says "
                    f"{capacity.units}{scaled}",
                    "billing",
                    name,
                    f"{update} {of_indexes} {indexes[name]}" if name else f"{update} {own}",
                )


def _compare_recovery(
    settings: TableSettings, description: Description, backups: Description
) -> Iterable[Difference]:
    if settings.point_in_time_recovery is None:
        return
    found = backups.get("PointInTimeRecoveryDescription") or {}
    is_on = found.get("PointInTimeRecoveryStatus") == "ENABLED"
    days = settings.recovery_days
    remedy = (
        f"aws dynamodb update-continuous-backups {table_option(description)} "
        f"{recovery_option(settings)}"
    )
    if is_on != settings.point_in_time_recovery:
        said = f"point-in-time recovery is {_on(is_on)}, and table.yaml says {_on(not is_on)}"
        yield Difference(said, "point_in_time_recovery", remedy=remedy)
    elif is_on and days is not None and found.get("RecoveryPeriodInDays", days) != days:
        has = found["RecoveryPeriodInDays"]
        said = f"point-in-time recovery goes back {has} days, and table.yaml says {days}"
        yield Difference(said, "point_in_time_recovery", remedy=remedy)


def _compare_stream(
    settings: TableSettings, description: Description, update: str
) -> Iterable[Difference]:
    wanted = setting_params(settings).get("StreamSpecification")
    found = description.get("StreamSpecification") or {}
    if wanted is None or found.get("StreamViewType") == wanted["StreamViewType"]:
        return
    is_on = bool(found.get("StreamEnabled"))
    has = f"a stream of {found['StreamViewType'].lower()}" if is_on else "no stream"
    view = wanted["StreamViewType"]
    # DynamoDB cannot change a stream. It must be turned off, and on again with another view.
    off = f"{update} --stream-specification StreamEnabled=false, then " if is_on else ""
    yield Difference(
        f"the table has {has}, and table.yaml says {view.lower()}",
        "stream",
        remedy=f"{off}{update} --stream-specification StreamEnabled=true,StreamViewType={view}",
    )


def _compare_in_aws(
    settings: TableSettings, description: Description, update: str
) -> Iterable[Difference]:
    """Compare the settings that DynamoDB Local does not keep."""
    encryption: Mapping[str, Any] = description.get("SSEDescription") or {}
    by_kms = encryption.get("Status", "DISABLED") not in ("DISABLED", "DISABLING")
    key, found = settings.kms_key, str(encryption.get("KMSMasterKeyArn", ""))
    if settings.encryption is not None:
        says = "a key of AWS KMS" if by_kms else "a key that DynamoDB owns"
        specification = structure(setting_params(settings)["SSESpecification"])
        remedy = f"{update} --sse-specification {specification}"
        unlike = ""
        if by_kms != (settings.encryption != "aws_owned"):
            unlike = settings.encryption
        elif key is not None and "alias/" not in (key + found) and not found.endswith(key):
            unlike = "another one"
        if unlike:
            said = f"{says} encrypts the table, and table.yaml says {unlike}"
            yield Difference(said, "encryption", remedy=remedy)
    kind = (description.get("TableClassSummary") or {}).get("TableClass", "STANDARD")
    if settings.table_class is not None and kind != TABLE_CLASSES[settings.table_class]:
        yield Difference(
            f"the table class is {_OWN_WORDS.get(kind, kind)}, and table.yaml says "
            f"{settings.table_class}",
            "table_class",
            remedy=f"{update} --table-class {TABLE_CLASSES[settings.table_class]}",
        )
    there = {replica["RegionName"] for replica in description.get("Replicas") or ()}
    here = description.get("TableArn", "").split(":")[3:4]
    for region in settings.replicas:
        if region not in there and region not in here:
            yield Difference(
                f"the table has no replica in {region}, and table.yaml lists one",
                "replicas",
                region,
                f"{update} {replica_option(settings, region)}",
            )
