"""Programs that read what DescribeTable leaves out, one call each.

An engine for development may not support a call. The result is then None, and nothing is compared.
"""

from __future__ import annotations

from leyden.errors import UnsupportedError
from leyden.mapping.table import TableDefinition
from leyden.program import Params, Program, Request
from leyden.tables.differences import Description


def describe_ttl(table_name: str, operation: str) -> Program[Description]:
    """Return the time to live of a table, as DescribeTimeToLive has it."""
    answer = yield Request("DescribeTimeToLive", {"TableName": table_name}, operation)
    description: Description = answer.get("TimeToLiveDescription", {})
    return description


def describe_backups(table_name: str, operation: str) -> Program[Description | None]:
    """Return the backups of a table, or None if the engine has no DescribeContinuousBackups."""
    try:
        answer = yield Request("DescribeContinuousBackups", {"TableName": table_name}, operation)
    except UnsupportedError:
        return None
    description: Description = answer.get("ContinuousBackupsDescription", {})
    return description


def describe_tags(arn: str, operation: str) -> Program[dict[str, str] | None]:
    """Return the tags of a table by name, or None if the engine has no tags."""
    found: dict[str, str] = {}
    params: Params = {"ResourceArn": arn}
    while True:
        try:
            answer = yield Request("ListTagsOfResource", params, operation)
        except UnsupportedError:
            return None
        found.update((tag["Key"], tag["Value"]) for tag in answer.get("Tags", ()))
        if not answer.get("NextToken"):
            return found
        params = {**params, "NextToken": answer["NextToken"]}


def describe_settings(
    definition: TableDefinition, description: Description, table_name: str, operation: str
) -> Program[tuple[Description | None, dict[str, str] | None]]:
    """Return the backups and the tags of a table, each None if table.yaml declares none."""
    backups = tags = None
    if definition.settings.point_in_time_recovery is not None:
        backups = yield from describe_backups(table_name, operation)
    if definition.settings.tags and "TableArn" in description:
        tags = yield from describe_tags(description["TableArn"], operation)
    return backups, tags
