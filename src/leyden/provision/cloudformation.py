"""A table as a CloudFormation template."""

from __future__ import annotations

from typing import Any

import yaml

from leyden.compile.table import TableDefinition


def cloudformation(
    definition: TableDefinition,
    table_name: str,
    *,
    logical_id: str = "Table",
    billing: str = "PAY_PER_REQUEST",
    throughput: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Return a whole template with one resource, the table; `logical_id` is its name there.

    The table outlives its stack: it is retained when the stack is deleted, or when a change
    would replace it.
    """
    properties = definition.create_table_params(table_name, billing, throughput=throughput)
    if definition.ttl:
        properties["TimeToLiveSpecification"] = {"AttributeName": definition.ttl, "Enabled": True}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            logical_id: {
                "Type": "AWS::DynamoDB::Table",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": properties,
            }
        },
    }


def cloudformation_yaml(template: dict[str, Any]) -> str:
    """Write a template as YAML, with its lists indented and its order kept."""
    return yaml.dump(template, Dumper=_Dumper, sort_keys=False, width=100)


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True
