"""A table as input of the AWS command line."""

from __future__ import annotations

from leyden.compile.table import TableDefinition
from leyden.program import Params


def create_table_json(definition: TableDefinition, table_name: str) -> Params:
    """Return what `aws dynamodb create-table --cli-input-json` takes, ready for `json.dump`."""
    return definition.create_table_params(table_name)
