#!/usr/bin/env python3
"""Create the DynamoDB table projectmanagement, with boto3.

Run it again and again: it makes what is missing, and changes no table that exists, but for turning
on what the table should have and does not.

Point-in-time recovery and deletion protection are on, since table.yaml does not say (--dev leaves
them off).

    python create_table.py --region eu-central-1
    python create_table.py --endpoint-url http://127.0.0.1:8000 --region us-east-1
"""

import argparse
import time

import boto3

TABLE = "projectmanagement"

CREATE = {
    "TableName": "projectmanagement",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
        {"AttributeName": "gsi2pk", "AttributeType": "S"},
        {"AttributeName": "gsi2sk", "AttributeType": "S"},
        {"AttributeName": "gsi3pk", "AttributeType": "S"},
        {"AttributeName": "gsi3sk", "AttributeType": "S"},
    ],
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "gsi2",
            "KeySchema": [
                {"AttributeName": "gsi2pk", "KeyType": "HASH"},
                {"AttributeName": "gsi2sk", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        },
        {
            "IndexName": "gsi3",
            "KeySchema": [
                {"AttributeName": "gsi3pk", "KeyType": "HASH"},
                {"AttributeName": "gsi3sk", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        },
    ],
    "DeletionProtectionEnabled": True,
}

TIME_TO_LIVE = "expires_at"

RECOVERY = {"PointInTimeRecoveryEnabled": True}


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


def main():
    parser = argparse.ArgumentParser(description=f"Create the DynamoDB table {TABLE}.")
    for option in ("--region", "--profile", "--endpoint-url"):
        parser.add_argument(option)
    given = parser.parse_args()
    session = boto3.Session(region_name=given.region, profile_name=given.profile)
    dynamodb = session.client("dynamodb", endpoint_url=given.endpoint_url)
    try:
        dynamodb.create_table(**CREATE)
        print(f"created {TABLE}")
    except dynamodb.exceptions.ResourceInUseException:
        print(f"{TABLE} exists")
    dynamodb.get_waiter("table_exists").wait(TableName=TABLE)
    found = dynamodb.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    if found["TimeToLiveStatus"] == "DISABLED":
        dynamodb.update_time_to_live(
            TableName=TABLE,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": TIME_TO_LIVE},
        )
    recover(dynamodb)


if __name__ == "__main__":
    main()
