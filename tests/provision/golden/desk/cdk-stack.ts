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
      tableName: "desk",
      billingMode: "PAY_PER_REQUEST",
      attributeDefinitions: [
        { attributeName: "pk", attributeType: "S" },
        { attributeName: "sk", attributeType: "S" },
        { attributeName: "gsi1pk", attributeType: "S" },
        { attributeName: "gsi1sk", attributeType: "S" },
        { attributeName: "gsi2pk", attributeType: "S" },
        { attributeName: "gsi2sk", attributeType: "S" },
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
      ],
      deletionProtectionEnabled: true,
      timeToLiveSpecification: { attributeName: "expires_at", enabled: true },
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    });
    this.table.applyRemovalPolicy(cdk.RemovalPolicy.RETAIN);
  }
}
