"""Templates for CloudFormation and AWS SAM."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

import yaml

from leyden.provision.resource import table_resources
from leyden.tables import TableDefinition

__all__ = ["cloudformation", "cloudformation_yaml", "sam"]


def cloudformation(
    definition: TableDefinition, table_name: str, *, logical_id: str = "Table", dev: bool = False
) -> dict[str, Any]:
    """Return a template with the table and its autoscaling; `logical_id` names the table in it.

    Point-in-time recovery and deletion protection are on unless table.yaml says otherwise. The
    table outlives its stack: it is retained when the stack is deleted, or when a change would
    replace it. With `dev`, only what table.yaml declares is on, and the table is deleted with its
    stack.
    """
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": table_resources(definition, table_name, logical_id=logical_id, dev=dev),
    }


def sam(
    definition: TableDefinition, table_name: str, *, logical_id: str = "Table", dev: bool = False
) -> dict[str, Any]:
    """Return an AWS SAM template with the table, to which you add functions.

    The table is the one of `cloudformation`. Each function in the template gets its name in the
    variable `TABLE_NAME`.
    """
    template = cloudformation(definition, table_name, logical_id=logical_id, dev=dev)
    resources = template.pop("Resources")
    return {
        **template,
        "Transform": "AWS::Serverless-2016-10-31",
        "Globals": {
            "Function": {"Environment": {"Variables": {"TABLE_NAME": {"Ref": logical_id}}}}
        },
        "Resources": resources,
    }


def cloudformation_yaml(template: dict[str, Any], comment: str = "") -> str:
    """Write a template as YAML, with indented lists and the order kept.

    `comment` goes to the top, as lines that begin with `#`.
    """
    head = "".join(f"# {line}\n" for line in wrap(comment, 98))
    return head + yaml.dump(template, Dumper=_Dumper, sort_keys=False, width=100)


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True
