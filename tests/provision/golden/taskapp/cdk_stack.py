"""The table projectmanagement, as a stack of the AWS CDK.

Point-in-time recovery and deletion protection are on, since table.yaml does not say
(--dev leaves them off).
"""

from typing import Any

from aws_cdk import App, RemovalPolicy, Stack
from aws_cdk.aws_dynamodb import CfnTable
from constructs import Construct


class TableStack(Stack):
    """The table."""

    def __init__(self, scope: Construct, construct_id: str, **options: Any) -> None:
        """Make the table; the options are those of a stack."""
        super().__init__(scope, construct_id, **options)
        self.table = CfnTable(
            self,
            "Table",
            table_name="projectmanagement",
            billing_mode="PAY_PER_REQUEST",
            attribute_definitions=[
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="pk",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="sk",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="gsi2pk",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="gsi2sk",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="gsi3pk",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="gsi3sk",
                    attribute_type="S",
                ),
            ],
            key_schema=[
                CfnTable.KeySchemaProperty(attribute_name="pk", key_type="HASH"),
                CfnTable.KeySchemaProperty(attribute_name="sk", key_type="RANGE"),
            ],
            global_secondary_indexes=[
                CfnTable.GlobalSecondaryIndexProperty(
                    index_name="gsi2",
                    key_schema=[
                        CfnTable.KeySchemaProperty(
                            attribute_name="gsi2pk",
                            key_type="HASH",
                        ),
                        CfnTable.KeySchemaProperty(
                            attribute_name="gsi2sk",
                            key_type="RANGE",
                        ),
                    ],
                    projection=CfnTable.ProjectionProperty(projection_type="ALL"),
                ),
                CfnTable.GlobalSecondaryIndexProperty(
                    index_name="gsi3",
                    key_schema=[
                        CfnTable.KeySchemaProperty(
                            attribute_name="gsi3pk",
                            key_type="HASH",
                        ),
                        CfnTable.KeySchemaProperty(
                            attribute_name="gsi3sk",
                            key_type="RANGE",
                        ),
                    ],
                    projection=CfnTable.ProjectionProperty(projection_type="ALL"),
                ),
            ],
            deletion_protection_enabled=True,
            time_to_live_specification=CfnTable.TimeToLiveSpecificationProperty(
                attribute_name="expires_at",
                enabled=True,
            ),
            point_in_time_recovery_specification=CfnTable.PointInTimeRecoverySpecificationProperty(
                point_in_time_recovery_enabled=True,
            ),
        )
        self.table.apply_removal_policy(RemovalPolicy.RETAIN)


if __name__ == "__main__":
    app = App()
    TableStack(app, "TableStack")
    app.synth()
