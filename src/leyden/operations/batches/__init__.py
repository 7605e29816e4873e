"""Reading and writing many items, in as few requests as DynamoDB allows."""
