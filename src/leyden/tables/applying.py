"""Programs that give a new table the settings that CreateTable does not take."""

from __future__ import annotations

from typing import Final

from leyden.errors import AwsError, TableError, UnsupportedError
from leyden.mapping.table import Params, TableDefinition, recovery_params, replica_params
from leyden.program import Program, Request
from leyden.tables.adding import NOTHING_TO_UPDATE, SEEN_WITHIN
from leyden.tables.waiting import Waits, describe

_NOT_YET: Final = frozenset({"ContinuousBackupsUnavailableException", "ResourceInUseException"})
"""The errors of DynamoDB while it still prepares backups for a table, or changes it."""


def apply_settings(
    definition: TableDefinition, table_name: str, operation: str, waits: Waits
) -> Program[None]:
    """Turn on time to live and point-in-time recovery of a new table, and add its replicas.

    Settings that an engine for development does not support are skipped.
    """
    if definition.ttl:
        specification = {"Enabled": True, "AttributeName": definition.ttl}
        params = {"TableName": table_name, "TimeToLiveSpecification": specification}
        yield Request("UpdateTimeToLive", params, operation)
    if definition.settings.point_in_time_recovery:
        yield from _enable_recovery(definition, table_name, operation, waits)
    for region in definition.settings.replicas:
        replica = replica_params(definition.settings, region)
        yield from _add_replica(table_name, replica, operation, waits)


def _enable_recovery(
    definition: TableDefinition, table_name: str, operation: str, waits: Waits
) -> Program[None]:
    specification = recovery_params(definition.settings)
    params = {"TableName": table_name, "PointInTimeRecoverySpecification": specification}
    while True:
        try:
            yield Request("UpdateContinuousBackups", params, operation)
        except UnsupportedError:
            return
        except AwsError as error:
            if error.aws_code not in _NOT_YET or waits.are_over:
                raise
        else:
            return
        yield waits.next()


def _add_replica(table_name: str, replica: Params, operation: str, waits: Waits) -> Program[None]:
    """Add a replica, and wait until it is active, because DynamoDB adds one at a time."""
    params = {"TableName": table_name, "ReplicaUpdates": [{"Create": replica}]}
    region = replica["RegionName"]
    asked: float | None = None
    while True:
        if asked is None:
            try:
                yield Request("UpdateTable", params, operation)
                asked = waits.waited
            except AwsError as error:
                if error.aws_code == "ValidationException":
                    if NOTHING_TO_UPDATE in error.message.lower():
                        return
                    raise TableError(
                        f'the table "{table_name}" was created without its replica in {region}: '
                        f"{error.message}; with provisioned capacity, AWS requires autoscaling "
                        "first: deploy the table from `leyden table --format cloudformation`",
                        operation=operation,
                    ) from error
                if error.aws_code != "ResourceInUseException" or waits.are_over:
                    raise
        else:
            description = yield from describe(table_name, operation)
            found = {
                replica["RegionName"]: replica.get("ReplicaStatus")
                for replica in (description or {}).get("Replicas") or ()
            }
            if found.get(region) == "ACTIVE":
                return
            if region not in found and waits.waited - asked >= SEEN_WITHIN:
                # The engine accepts the request, but has one Region only.
                return
            if waits.are_over:
                raise TableError(
                    f'the replica of the table "{table_name}" in {region} is not ready after '
                    f"{waits.waited:.0f} seconds; DynamoDB goes on making it",
                    operation=operation,
                )
        yield waits.next()
