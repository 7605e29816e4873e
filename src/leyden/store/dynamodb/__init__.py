"""The memory store on DynamoDB, in the item format of @mastra/dynamodb."""
