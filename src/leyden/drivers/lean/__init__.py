"""Requests written, signed, sent and read without botocore and PynamoDB."""
