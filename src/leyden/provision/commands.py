"""The table by hand: CreateTable's input, and commands for what CreateTable does not take."""

from __future__ import annotations

import json
from typing import Any

from leyden._attrs import evolve
from leyden._shell import word
from leyden.provision.resource import production, scalings
from leyden.tables import TableDefinition, recovery_option, replica_option, ttl_option

__all__ = ["commands_after", "create_table_json"]


def create_table_json(
    definition: TableDefinition, table_name: str, *, dev: bool = False
) -> dict[str, Any]:
    """Return what `aws dynamodb create-table --cli-input-json` takes, ready for `json.dump`.

    Deletion protection is on unless table.yaml says otherwise; with `dev`, only what table.yaml
    declares is on. `commands_after` has what CreateTable does not take.
    """
    settings = production(definition.settings, dev=dev)
    return evolve(definition, settings=settings).create_table_params(table_name)


def commands_after(definition: TableDefinition, table_name: str, *, dev: bool = False) -> list[str]:
    """Return the AWS commands that complete what `create-table` began.

    Time to live, point-in-time recovery, autoscaling and replicas need calls of their own. If the
    table has none of these, the list is empty; otherwise the first command waits for the table.
    """
    settings = production(definition.settings, dev=dev)
    table = f"--table-name {word(table_name)}"
    commands: list[str] = []
    recovering: list[str] = []
    if definition.ttl:
        commands.append(f"aws dynamodb update-time-to-live {table} {ttl_option(definition.ttl)}")
    if settings.point_in_time_recovery:
        recovering = [f"aws dynamodb update-continuous-backups {table} {recovery_option(settings)}"]
        commands += recovering
    for scaling in scalings(definition):
        what = (
            f"--service-namespace dynamodb "
            f"--resource-id {word(f'table/{table_name}{scaling.path}')} "
            f"--scalable-dimension {scaling.dimension}"
        )
        commands += [
            f"aws application-autoscaling register-scalable-target {what} "
            f"--min-capacity {scaling.least} --max-capacity {scaling.most}",
            f"aws application-autoscaling put-scaling-policy {what} "
            f"--policy-name {word(scaling.policy_name(table_name))} "
            "--policy-type TargetTrackingScaling "
            "--target-tracking-scaling-policy-configuration "
            f"{word(json.dumps(scaling.configuration))}",
        ]
    # DynamoDB adds one replica at a time. A replica has its own settings, set in its own Region.
    wait = f"aws dynamodb wait table-exists {table}"
    update = f"aws dynamodb update-table {table}"
    for region in settings.replicas:
        there = f"--region {word(region)}"
        commands += [f"{update} {replica_option(settings, region)}", f"{wait} {there}"]
        if settings.deletion_protection:
            commands.append(f"{update} --deletion-protection-enabled {there}")
        commands += [f"{one} {there}" for one in recovering]
    return [wait, *commands] if commands else []
