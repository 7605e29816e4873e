"""The table mastra-single-table, as a stack of the AWS CDK.

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
            table_name="mastra-single-table",
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
                    attribute_name="gsi1pk",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="gsi1sk",
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
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="gsi4pk",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="gsi4sk",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="gsi5pk",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="gsi5sk",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="gsi6pk",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="gsi6sk",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="gsi7pk",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="gsi7sk",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="resource_id",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="thread_id",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="message_role",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="__edb_e__",
                    attribute_type="S",
                ),
                CfnTable.AttributeDefinitionProperty(
                    attribute_name="__edb_v__",
                    attribute_type="S",
                ),
            ],
            key_schema=[
                CfnTable.KeySchemaProperty(attribute_name="pk", key_type="HASH"),
                CfnTable.KeySchemaProperty(attribute_name="sk", key_type="RANGE"),
            ],
            global_secondary_indexes=[
                CfnTable.GlobalSecondaryIndexProperty(
                    index_name="gsi1",
                    key_schema=[
                        CfnTable.KeySchemaProperty(
                            attribute_name="gsi1pk",
                            key_type="HASH",
                        ),
                        CfnTable.KeySchemaProperty(
                            attribute_name="gsi1sk",
                            key_type="RANGE",
                        ),
                    ],
                    projection=CfnTable.ProjectionProperty(projection_type="ALL"),
                ),
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
                CfnTable.GlobalSecondaryIndexProperty(
                    index_name="gsi4",
                    key_schema=[
                        CfnTable.KeySchemaProperty(
                            attribute_name="gsi4pk",
                            key_type="HASH",
                        ),
                        CfnTable.KeySchemaProperty(
                            attribute_name="gsi4sk",
                            key_type="RANGE",
                        ),
                    ],
                    projection=CfnTable.ProjectionProperty(projection_type="ALL"),
                ),
                CfnTable.GlobalSecondaryIndexProperty(
                    index_name="gsi5",
                    key_schema=[
                        CfnTable.KeySchemaProperty(
                            attribute_name="gsi5pk",
                            key_type="HASH",
                        ),
                        CfnTable.KeySchemaProperty(
                            attribute_name="gsi5sk",
                            key_type="RANGE",
                        ),
                    ],
                    projection=CfnTable.ProjectionProperty(projection_type="ALL"),
                ),
                CfnTable.GlobalSecondaryIndexProperty(
                    index_name="gsi6",
                    key_schema=[
                        CfnTable.KeySchemaProperty(
                            attribute_name="gsi6pk",
                            key_type="HASH",
                        ),
                        CfnTable.KeySchemaProperty(
                            attribute_name="gsi6sk",
                            key_type="RANGE",
                        ),
                    ],
                    projection=CfnTable.ProjectionProperty(projection_type="ALL"),
                ),
                CfnTable.GlobalSecondaryIndexProperty(
                    index_name="gsi7",
                    key_schema=[
                        CfnTable.KeySchemaProperty(
                            attribute_name="gsi7pk",
                            key_type="HASH",
                        ),
                        CfnTable.KeySchemaProperty(
                            attribute_name="gsi7sk",
                            key_type="RANGE",
                        ),
                    ],
                    projection=CfnTable.ProjectionProperty(projection_type="ALL"),
                ),
            ],
            vector_indexes=[
                CfnTable.VectorIndexProperty(
                    index_name="memory_messages_256",
                    vector_attribute=CfnTable.VectorAttributeProperty(
                        attribute_name="vector_256",
                    ),
                    dimensions=256,
                    distance_function="COSINE",
                    search_schema=[
                        CfnTable.SearchSchemaElementProperty(
                            attribute_name="resource_id",
                            search_schema_element_type="HASH",
                        ),
                        CfnTable.SearchSchemaElementProperty(
                            attribute_name="thread_id",
                            search_schema_element_type="INLINE_FILTER",
                        ),
                        CfnTable.SearchSchemaElementProperty(
                            attribute_name="message_role",
                            search_schema_element_type="INLINE_FILTER",
                        ),
                        CfnTable.SearchSchemaElementProperty(
                            attribute_name="__edb_e__",
                            search_schema_element_type="INLINE_FILTER",
                        ),
                        CfnTable.SearchSchemaElementProperty(
                            attribute_name="__edb_v__",
                            search_schema_element_type="INLINE_FILTER",
                        ),
                    ],
                    projection=CfnTable.ProjectionProperty(
                        projection_type="INCLUDE",
                        non_key_attributes=["message_id", "chunk", "message_time"],
                    ),
                ),
            ],
            deletion_protection_enabled=True,
            time_to_live_specification=CfnTable.TimeToLiveSpecificationProperty(
                attribute_name="ttl",
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
