"""Entities as PynamoDB models, and as the operands of its conditions."""
