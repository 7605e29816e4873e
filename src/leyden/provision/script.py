"""A script that creates the table with boto3 and can be run repeatedly."""

from __future__ import annotations

import json
from textwrap import fill
from typing import Any, Final

from leyden.provision.commands import create_table_json
from leyden.provision.resource import production, scalings
from leyden.tables import TableDefinition, recovery_params, replica_params

__all__ = ["boto3_script", "python_literal"]

WIDTH: Final = 100


def boto3_script(
    definition: TableDefinition, table_name: str, *, dev: bool = False, comment: str = ""
) -> str:
    """Return a Python script that creates the table, with everything that CreateTable cannot set.

    If the table exists, the script does not change its keys, indexes and billing. It enables time
    to live, point-in-time recovery and autoscaling if they are off, and adds missing replicas.
    `comment` is a sentence for its docstring. With `dev`, only what table.yaml declares is on.
    """
    settings = production(definition.settings, dev=dev)
    create = create_table_json(definition, table_name, dev=dev)
    constants = [f"TABLE = {python_literal(table_name)}", f"CREATE = {python_literal(create)}"]
    steps = [_CREATE]
    if definition.ttl:
        constants.append(f"TIME_TO_LIVE = {python_literal(definition.ttl)}")
        steps.append(_TIME_TO_LIVE)
    if settings.point_in_time_recovery:
        constants.append(f"RECOVERY = {python_literal(recovery_params(settings))}")
        steps.append("    recover(dynamodb)\n")
    if scaled := scalings(definition):
        targets = [
            {
                "ResourceId": f"table/{table_name}{scaling.path}",
                "ScalableDimension": scaling.dimension,
                "MinCapacity": scaling.least,
                "MaxCapacity": scaling.most,
                "Policy": scaling.policy_name(table_name),
                "Configuration": scaling.configuration,
            }
            for scaling in scaled
        ]
        constants.append(f"SCALED = {python_literal(targets)}")
        steps.append(_SCALING)
    if settings.replicas:
        replicas = [replica_params(settings, region) for region in settings.replicas]
        constants.append(f"REPLICAS = {python_literal(replicas)}")
        protecting = _PROTECTED if settings.deletion_protection else ""
        recovering = "        recover(there)\n" if settings.point_in_time_recovery else ""
        steps.append(_REPLICAS + (_THERE + protecting + recovering) * bool(protecting + recovering))
    waits = settings.point_in_time_recovery or settings.replicas
    imports = ["import argparse", *(["import time"] if waits else [])]
    paragraphs = [_DOCSTRING, *([f"{fill(comment, WIDTH)}\n"] if comment else []), _USAGE]
    functions = [_RECOVER] if settings.point_in_time_recovery else []
    return "\n\n".join(
        [
            f'#!/usr/bin/env python3\n"""Create the DynamoDB table {table_name}, with boto3.\n\n'
            + "\n".join(paragraphs)
            + '"""',
            "\n".join(imports),
            "import boto3",
            "\n\n".join(constants),
            *("\n" + function.rstrip("\n") for function in functions),
            "\n" + "".join((_MAIN, *steps)).rstrip("\n"),
            '\nif __name__ == "__main__":\n    main()\n',
        ]
    )


def python_literal(value: Any, indent: int = 0) -> str:
    """Write JSON values as Python, with lines of at most 100 characters where they can be split.

    >>> python_literal({"Enabled": True})
    '{"Enabled": True}'
    """
    flat = _flat(value)
    if not isinstance(value, dict | list) or not value or len(flat) + 4 * indent + 20 <= WIDTH:
        return flat
    inner = "    " * (indent + 1)
    if isinstance(value, dict):
        parts = [f"{_flat(name)}: {python_literal(one, indent + 1)}" for name, one in value.items()]
    else:
        parts = [python_literal(one, indent + 1) for one in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    lines = "".join(f"{inner}{part},\n" for part in parts)
    return f"{opening}\n{lines}{'    ' * indent}{closing}"


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flat(key)}: {_flat(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flat, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


_DOCSTRING: Final = """\
Run it again and again: it makes what is missing, and changes no table that exists, but for turning
on what the table should have and does not.
"""

_USAGE: Final = """\
    python create_table.py --region eu-central-1
    python create_table.py --endpoint-url http://127.0.0.1:8000 --region us-east-1
"""

_RECOVER: Final = '''\
def recover(dynamodb):
    """Turn on point-in-time recovery, which takes a moment to become possible."""
    for attempt in range(60):
        try:
            dynamodb.update_continuous_backups(
                TableName=TABLE, PointInTimeRecoverySpecification=RECOVERY
            )
            return
        except dynamodb.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "UnknownOperationException":
                print("this engine has no point-in-time recovery")
                return
            if code != "ContinuousBackupsUnavailableException" or attempt == 59:
                raise
        time.sleep(5)
'''

_MAIN: Final = """\
def main():
    parser = argparse.ArgumentParser(description=f"Create the DynamoDB table {TABLE}.")
    for option in ("--region", "--profile", "--endpoint-url"):
        parser.add_argument(option)
    given = parser.parse_args()
    session = boto3.Session(region_name=given.region, profile_name=given.profile)
    dynamodb = session.client("dynamodb", endpoint_url=given.endpoint_url)
"""

_CREATE: Final = """\
    try:
        dynamodb.create_table(**CREATE)
        print(f"created {TABLE}")
    except dynamodb.exceptions.ResourceInUseException:
        print(f"{TABLE} exists")
    dynamodb.get_waiter("table_exists").wait(TableName=TABLE)
"""

_TIME_TO_LIVE: Final = """\
    found = dynamodb.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    if found["TimeToLiveStatus"] == "DISABLED":
        dynamodb.update_time_to_live(
            TableName=TABLE,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": TIME_TO_LIVE},
        )
"""

_SCALING: Final = """\
    # An engine for development, at an address of its own, does not scale.
    if given.endpoint_url is None:
        scaling = session.client("application-autoscaling")
        for target in SCALED:
            what = {
                "ServiceNamespace": "dynamodb",
                "ResourceId": target["ResourceId"],
                "ScalableDimension": target["ScalableDimension"],
            }
            scaling.register_scalable_target(
                **what, MinCapacity=target["MinCapacity"], MaxCapacity=target["MaxCapacity"]
            )
            scaling.put_scaling_policy(
                **what,
                PolicyName=target["Policy"],
                PolicyType="TargetTrackingScaling",
                TargetTrackingScalingPolicyConfiguration=target["Configuration"],
            )
"""

_REPLICAS: Final = """\
    # Nor does it have other Regions. DynamoDB adds one replica at a time.
    for replica in REPLICAS if given.endpoint_url is None else []:
        region = replica["RegionName"]
        asked = False
        while True:
            table = dynamodb.describe_table(TableName=TABLE)["Table"]
            states = {one["RegionName"]: one["ReplicaStatus"] for one in table.get("Replicas", [])}
            if states.get(region) == "ACTIVE":
                break
            if region not in states and not asked:
                dynamodb.update_table(TableName=TABLE, ReplicaUpdates=[{"Create": replica}])
                print(f"adding the replica in {region}")
                asked = True
            time.sleep(10)
"""

_THERE: Final = """\
        there = session.client("dynamodb", region_name=region)
"""

_PROTECTED: Final = """\
        there.update_table(TableName=TABLE, DeletionProtectionEnabled=True)
"""
