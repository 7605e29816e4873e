"""The table as a stack of the AWS CDK, in Python and in TypeScript.

The stack uses the constructs for CloudFormation's own resources (`CfnTable`), because higher-level
constructs do not support vector indexes. They take the properties of `table_resources`, with other
names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from textwrap import wrap
from typing import Any, Final

from leyden.provision.resource import (
    GLOBAL_TABLE,
    SCALABLE_TARGET,
    SCALING_POLICY,
    TABLE,
    table_resources,
)
from leyden.tables import TableDefinition

__all__ = ["cdk_python", "cdk_typescript"]

_CLASSES: Final = {
    TABLE: "CfnTable",
    GLOBAL_TABLE: "CfnGlobalTable",
    SCALABLE_TARGET: "CfnScalableTarget",
    SCALING_POLICY: "CfnScalingPolicy",
}

_STRUCTS: Final = {
    "AttributeDefinitions": "AttributeDefinition",
    "GlobalSecondaryIndexes": "GlobalSecondaryIndex",
    "LocalSecondaryIndexes": "LocalSecondaryIndex",
    "VectorIndexes": "VectorIndex",
    "SearchSchema": "SearchSchemaElement",
    "Replicas": "ReplicaSpecification",
    "ReadCapacityAutoScalingSettings": "CapacityAutoScalingSettings",
    "WriteCapacityAutoScalingSettings": "CapacityAutoScalingSettings",
}
"""The classes of properties whose names differ from the property's."""

_OF_REPLICAS: Final = {
    "GlobalSecondaryIndexes": "ReplicaGlobalSecondaryIndexSpecification",
    "SSESpecification": "ReplicaSSESpecification",
}
"""The classes of properties that have another class inside a replica."""

_WIDTH: Final = 88


_TYPESCRIPT: Final = """\
{comment}import * as cdk from "aws-cdk-lib";
{imports}import {{ Construct }} from "constructs";

export class TableStack extends cdk.Stack {{
  readonly table: {owner};

  constructor(scope: Construct, id: string, props?: cdk.StackProps) {{
    super(scope, id, props);
{body}  }}
}}
"""

_PYTHON: Final = '''\
"""The table {table}, as a stack of the AWS CDK.{comment}"""

from typing import Any

from aws_cdk import {names}
{imports}from constructs import Construct


class TableStack(Stack):
    """The table."""

    def __init__(self, scope: Construct, construct_id: str, **options: Any) -> None:
        """Make the table; the options are those of a stack."""
        super().__init__(scope, construct_id, **options)
{body}

if __name__ == "__main__":
    app = App()
    TableStack(app, "TableStack")
    app.synth()
'''


def cdk_python(
    definition: TableDefinition, table_name: str, *, dev: bool = False, comment: str = ""
) -> str:
    """Return a Python module with the stack `TableStack`; run as a program, it is an app with it.

    `comment` goes into its docstring. With `dev`, only what table.yaml declares is on, and the
    table is deleted with its stack.
    """
    resources = table_resources(definition, table_name, dev=dev)
    writers = {logical_id: _Python(one["Type"]) for logical_id, one in resources.items()}
    body = ""
    for logical_id, writer in writers.items():
        resource = resources[logical_id]
        properties = [
            f"            {line},\n"
            for line in ("self", json.dumps(logical_id), *writer.parts(resource["Properties"], 12))
        ]
        target = {TABLE: "self.table = ", GLOBAL_TABLE: "self.table = "}.get(resource["Type"], "")
        if resource["Type"] == SCALABLE_TARGET:
            target = f"{_snake(logical_id)} = "
        body += f"        {target}{writer.owner}(\n{''.join(properties)}        )\n"
        if "self" in target:
            policy = "DESTROY" if dev else "RETAIN"
            body += f"        self.table.apply_removal_policy(RemovalPolicy.{policy})\n"
    names = {"App", "RemovalPolicy", "Stack"}.union(*(one.used for one in writers.values()))
    table, *scaling = sorted({one.owner for one in writers.values()}, key=lambda n: "Scal" in n)
    imports = f"from aws_cdk.aws_dynamodb import {table}\n"
    if scaling:
        scaled = ", ".join(sorted(scaling))
        imports = f"from aws_cdk.aws_applicationautoscaling import {scaled}\n{imports}"
    return _PYTHON.format(
        table=table_name,
        comment="".join(f"\n{line}" for line in ("", *wrap(comment, _WIDTH), ""))
        if comment
        else "",
        names=", ".join(sorted(names)),
        imports=imports,
        body=body,
    )


def cdk_typescript(
    definition: TableDefinition, table_name: str, *, dev: bool = False, comment: str = ""
) -> str:
    """Return a TypeScript module with the stack `TableStack`; see `cdk_python`."""
    resources = table_resources(definition, table_name, dev=dev)
    body, owner = "", ""
    for logical_id, resource in resources.items():
        writer = _TypeScript(resource["Type"])
        properties = [f"      {line},\n" for line in writer.parts(resource["Properties"], 6)]
        is_table = resource["Type"] in (TABLE, GLOBAL_TABLE)
        target = "this.table = " if is_table else ""
        if resource["Type"] == SCALABLE_TARGET:
            target = f"const {_camel(logical_id)} = "
        module = "dynamodb" if is_table else "scaling"
        made = f"new {module}.{writer.owner}(this, {json.dumps(logical_id)}, "
        body += f"    {target}{made}{{\n{''.join(properties)}    }});\n"
        if is_table:
            owner = f"dynamodb.{writer.owner}"
            policy = "DESTROY" if dev else "RETAIN"
            body += f"    this.table.applyRemovalPolicy(cdk.RemovalPolicy.{policy});\n"
    modules = ['import { aws_dynamodb as dynamodb } from "aws-cdk-lib";\n']
    if len(resources) > 1:
        scaling = 'import { aws_applicationautoscaling as scaling } from "aws-cdk-lib";\n'
        modules.insert(0, scaling)
    heading = "".join(f"// {line}\n" for line in wrap(comment, _WIDTH))
    return _TYPESCRIPT.format(comment=heading, imports="".join(modules), owner=owner, body=body)


def _camel(name: str) -> str:
    """Return a CloudFormation name as the CDK writes it in TypeScript: `sseSpecification`."""
    return re.sub(r"^([A-Z]+(?=[A-Z][a-z])|[A-Z])", lambda found: found[0].lower(), name)


def _snake(name: str) -> str:
    """Return a CloudFormation name as the CDK writes it in Python: `sse_specification`."""
    return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda found: f"_{found[0].lower()}", _camel(name))


class _TypeScript:
    """Writes the properties of a resource. A value that fits on its line stays on it."""

    step = 2
    sign = ": "
    brackets = ("{ ", " }")

    def __init__(self, kind: str) -> None:
        self.owner = _CLASSES[kind]
        self.used: set[str] = set()
        """The names that the text uses from the CDK's own module."""

    name = staticmethod(_camel)

    def parts(self, properties: Mapping[str, Any], column: int) -> list[str]:
        """Write each property with its value; lines after the first have this indent or more."""
        return [
            start + self.value(one, (name,), column, len(start))
            for name, one in properties.items()
            for start in (self.name(name) + self.sign,)
        ]

    def value(self, value: Any, path: tuple[str, ...], column: int, used: int) -> str:
        """Write a value on a line with an indent of `column`, behind `used` characters."""
        if isinstance(value, Mapping):
            function = self.function(value)
            if function is not None:
                return function
            opening, closing = self.brackets
            opening = self.struct(path) + opening
            parts = [
                (self.name(name) + self.sign, one, (*path, name)) for name, one in value.items()
            ]
        elif isinstance(value, list):
            opening, closing = "[", "]"
            parts = [("", one, path) for one in value]
        else:
            return self.literal(value)
        flat = ", ".join(f"{start}{self.value(one, at, 0, -(10**6))}" for start, one, at in parts)
        if column + used + len(opening + flat + closing) < _WIDTH:
            return f"{opening}{flat}{closing}"
        inner = column + self.step
        lines = [
            f"{' ' * inner}{start}{self.value(one, at, inner, len(start))},\n"
            for start, one, at in parts
        ]
        return f"{opening.rstrip()}\n{''.join(lines)}{' ' * column}{closing.lstrip()}"

    def struct(self, path: tuple[str, ...]) -> str:
        """Return what comes before the properties of a value."""
        return ""

    def function(self, value: Mapping[str, Any]) -> str | None:
        """Write a CloudFormation function; return None for any other value."""
        match value:
            case {"Ref": "AWS::Region"}:
                return "this.region"
            case {"Ref": name}:
                return f"{_camel(name)}.ref"
            case {"Fn::Sub": text}:
                return f"cdk.Fn.sub({json.dumps(text)})"
        return None

    def literal(self, value: Any) -> str:
        """Write a text, a number or a boolean."""
        return json.dumps(value, ensure_ascii=False)


class _Python(_TypeScript):
    step = 4
    sign = "="
    brackets = ("(", ")")
    name = staticmethod(_snake)

    def struct(self, path: tuple[str, ...]) -> str:
        """Return the class of a value."""
        if path[-1] == "Tags":
            self.used.add("CfnTag")
            return "CfnTag"
        classes = {**_STRUCTS, **(_OF_REPLICAS if "Replicas" in path[:-1] else {})}
        return f"{self.owner}.{classes.get(path[-1], path[-1])}Property"

    def function(self, value: Mapping[str, Any]) -> str | None:
        """Write a CloudFormation function; return None for any other value."""
        match value:
            case {"Ref": "AWS::Region"}:
                return "self.region"
            case {"Ref": name}:
                return f"{_snake(name)}.ref"
            case {"Fn::Sub": text}:
                self.used.add("Fn")
                return f"Fn.sub({json.dumps(text)})"
        return None

    def literal(self, value: Any) -> str:
        """Write a text, a number or a boolean."""
        return str(value) if isinstance(value, bool) else super().literal(value)
