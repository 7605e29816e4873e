"""DynamoDB on this machine, for development, tests and demonstrations."""

from __future__ import annotations

from leyden.engine.downloaded import DynamoDBLocal, dynamodb_local
from leyden.engine.embedded import LocalEngine, local

__all__ = ["DynamoDBLocal", "LocalEngine", "dynamodb_local", "local"]
