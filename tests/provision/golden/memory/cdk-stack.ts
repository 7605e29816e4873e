// Point-in-time recovery and deletion protection are on, since table.yaml does not say
// (--dev leaves them off).
import * as cdk from "aws-cdk-lib";
import { aws_dynamodb as dynamodb } from "aws-cdk-lib";
import { Construct } from "constructs";

export class TableStack extends cdk.Stack {
  readonly table: dynamodb.CfnTable;

  constructor(scope: Construct, id: string, props?: cdk.StackProps) {
    super(scope, id, props);
    this.table = new dynamodb.CfnTable(this, "Table", {
      tableName: "mastra-single-table",
      billingMode: "PAY_PER_REQUEST",
      attributeDefinitions: [
        { attributeName: "pk", attributeType: "S" },
        { attributeName: "sk", attributeType: "S" },
        { attributeName: "gsi1pk", attributeType: "S" },
        { attributeName: "gsi1sk", attributeType: "S" },
        { attributeName: "gsi2pk", attributeType: "S" },
        { attributeName: "gsi2sk", attributeType: "S" },
        { attributeName: "gsi3pk", attributeType: "S" },
        { attributeName: "gsi3sk", attributeType: "S" },
        { attributeName: "gsi4pk", attributeType: "S" },
        { attributeName: "gsi4sk", attributeType: "S" },
        { attributeName: "gsi5pk", attributeType: "S" },
        { attributeName: "gsi5sk", attributeType: "S" },
        { attributeName: "gsi6pk", attributeType: "S" },
        { attributeName: "gsi6sk", attributeType: "S" },
        { attributeName: "gsi7pk", attributeType: "S" },
        { attributeName: "gsi7sk", attributeType: "S" },
        { attributeName: "resource_id", attributeType: "S" },
        { attributeName: "thread_id", attributeType: "S" },
        { attributeName: "message_role", attributeType: "S" },
        { attributeName: "__edb_e__", attributeType: "S" },
        { attributeName: "__edb_v__", attributeType: "S" },
      ],
      keySchema: [
        { attributeName: "pk", keyType: "HASH" },
        { attributeName: "sk", keyType: "RANGE" },
      ],
      globalSecondaryIndexes: [
        {
          indexName: "gsi1",
          keySchema: [
            { attributeName: "gsi1pk", keyType: "HASH" },
            { attributeName: "gsi1sk", keyType: "RANGE" },
          ],
          projection: { projectionType: "ALL" },
        },
        {
          indexName: "gsi2",
          keySchema: [
            { attributeName: "gsi2pk", keyType: "HASH" },
            { attributeName: "gsi2sk", keyType: "RANGE" },
          ],
          projection: { projectionType: "ALL" },
        },
        {
          indexName: "gsi3",
          keySchema: [
            { attributeName: "gsi3pk", keyType: "HASH" },
            { attributeName: "gsi3sk", keyType: "RANGE" },
          ],
          projection: { projectionType: "ALL" },
        },
        {
          indexName: "gsi4",
          keySchema: [
            { attributeName: "gsi4pk", keyType: "HASH" },
            { attributeName: "gsi4sk", keyType: "RANGE" },
          ],
          projection: { projectionType: "ALL" },
        },
        {
          indexName: "gsi5",
          keySchema: [
            { attributeName: "gsi5pk", keyType: "HASH" },
            { attributeName: "gsi5sk", keyType: "RANGE" },
          ],
          projection: { projectionType: "ALL" },
        },
        {
          indexName: "gsi6",
          keySchema: [
            { attributeName: "gsi6pk", keyType: "HASH" },
            { attributeName: "gsi6sk", keyType: "RANGE" },
          ],
          projection: { projectionType: "ALL" },
        },
        {
          indexName: "gsi7",
          keySchema: [
            { attributeName: "gsi7pk", keyType: "HASH" },
            { attributeName: "gsi7sk", keyType: "RANGE" },
          ],
          projection: { projectionType: "ALL" },
        },
      ],
      vectorIndexes: [
        {
          indexName: "memory_messages_256",
          vectorAttribute: { attributeName: "vector_256" },
          dimensions: 256,
          distanceFunction: "COSINE",
          searchSchema: [
            { attributeName: "resource_id", searchSchemaElementType: "HASH" },
            { attributeName: "thread_id", searchSchemaElementType: "INLINE_FILTER" },
            { attributeName: "message_role", searchSchemaElementType: "INLINE_FILTER" },
            { attributeName: "__edb_e__", searchSchemaElementType: "INLINE_FILTER" },
            { attributeName: "__edb_v__", searchSchemaElementType: "INLINE_FILTER" },
          ],
          projection: {
            projectionType: "INCLUDE",
            nonKeyAttributes: ["message_id", "chunk", "message_time"],
          },
        },
      ],
      deletionProtectionEnabled: true,
      timeToLiveSpecification: { attributeName: "ttl", enabled: true },
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    });
    this.table.applyRemovalPolicy(cdk.RemovalPolicy.RETAIN);
  }
}
