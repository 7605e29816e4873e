"""The page that tells an operator how to create a service's table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Final

from leyden._shell import word
from leyden._text import visible
from leyden.provision.cdk import cdk_python
from leyden.provision.commands import commands_after, create_table_json
from leyden.provision.iam import iam_json
from leyden.provision.resource import production, unsaid
from leyden.provision.statements import permissions
from leyden.provision.templates import cloudformation, cloudformation_yaml
from leyden.provision.terraform import terraform
from leyden.schema import ServiceSpec
from leyden.tables import TableDefinition, table_definition

__all__ = ["markdown"]

_MEMORY: Final = "mastra"
"""The service of an agent's memory, whose store needs fewer permissions than an application."""


def markdown(
    service: ServiceSpec, table_name: str, *, title: str = "Table setup", source: str = "FOLDER"
) -> str:
    """Return the page that tells an operator how to create a service's table, as Markdown.

    It has the key, the indexes with the access patterns that use them, the time to live, the
    settings, how to create the table with the AWS command line, CloudFormation, the CDK or
    Terraform, and the policy for the programs that use it. `source` is the argument of
    `leyden table` in the page's commands: the folder of the schemas.
    """
    definition = table_definition(service)
    keys = [("partition key", definition.hash)]
    if definition.range:
        keys.append(("sort key", definition.range))
    parts = [
        f"# {title}\n",
        f"One DynamoDB table holds all entities of the service `{service.service}`: "
        f"{_listed(entity.entity for entity in service.entities.values())}. The default name here "
        f"is {_code(table_name)}; any other works.\n",
        "## Key\n",
        _table(
            ("Key", "Field", "Type"),
            [(half, _code(name), definition.types[name]) for half, name in keys],
        )
        + "\nTypes are DynamoDB's: S is a string, N a number, B binary.\n",
        "## Indexes\n",
        _index_table(service, definition) if definition.indexes else "The table has none.\n",
        *(_vectors(service, definition, table_name, source) if definition.vectors else ()),
        "## Time to live\n",
        _ttl(definition),
        "## Settings\n",
        *_settings(definition, source),
        *_ways(definition, table_name, source),
        *_access(service, table_name, source),
    ]
    return "\n".join(parts)


def _ways(definition: TableDefinition, table_name: str, source: str) -> Iterable[str]:
    """Yield the ways to create the table, each with its file and its commands."""
    yield from ("## AWS command line\n", "Save as `table.json`:\n")
    yield _fenced("json", json.dumps(create_table_json(definition, table_name), indent=2))
    create = "aws dynamodb create-table --cli-input-json file://table.json"
    yield _fenced("sh", "\n".join((create, *commands_after(definition, table_name))))
    yield from ("## CloudFormation\n", "Save as `template.yaml`:\n")
    template = cloudformation(definition, table_name)
    yield _fenced("yaml", cloudformation_yaml(template).rstrip("\n"))
    # A stack's name has letters, digits and hyphens only.
    stack = re.sub("[^A-Za-z0-9]", "-", table_name)
    deploy = f"aws cloudformation deploy --stack-name {stack} --template-file template.yaml"
    yield _fenced("sh", deploy)
    yield from ("## AWS CDK\n", "Save as `table_stack.py`, in a project with `aws-cdk-lib`:\n")
    yield _fenced("python", cdk_python(definition, table_name).rstrip("\n"))
    yield _fenced("sh", 'cdk deploy --app "python table_stack.py"')
    yield f"`leyden table {source} --format cdk-typescript` prints the stack in TypeScript.\n"
    yield from ("## Terraform\n", "Save as `table.tf`:\n")
    yield _fenced("hcl", terraform(definition, table_name).rstrip("\n"))
    yield _fenced("sh", "terraform init\nterraform apply")


def _access(service: ServiceSpec, table_name: str, source: str) -> Iterable[str]:
    """Yield the policy for programs that use the table."""
    purpose, option, who = "application", "", "An application that uses all operations"
    further = "; `--read-only` and `--tenant ATTRIBUTE` allow less"
    if service.service == _MEMORY:
        purpose, option, who = "memory", " --for memory", "A program with an agent's memory"
        further = ""
    allowed = permissions(service, table_name, purpose=purpose)
    yield "## Permissions\n"
    yield (
        f"{who} needs this policy, and no more. `leyden iam {source}{option}` prints it, with your "
        "`--region` and `--account` in its ARNs, and as `--format cloudformation` or `terraform`"
        f"{further}. Save as `policy.json`:\n"
    )
    yield _fenced("json", json.dumps(iam_json(allowed), indent=2))
    yield _fenced(
        "sh",
        f"aws iam create-policy --policy-name {word(table_name)} "
        "--policy-document file://policy.json",
    )
    for note in allowed.notes:
        yield f"{note[0].upper()}{note[1:]}.\n"


def _index_table(service: ServiceSpec, definition: TableDefinition) -> str:
    rows = [
        (
            f"`{index.name}`",
            {"gsi": "global", "lsi": "local"}[index.kind],
            _typed(definition, index.hash),
            _typed(definition, index.range) or "none",
            {"all": "all fields", "keys_only": "keys only"}[index.projection]
            if isinstance(index.projection, str)
            else f"keys and {_listed(index.projection)}",
            # Every access pattern on the index, with the attributes of its key.
            "; ".join(
                f"`{entity.alias}.{pattern.name}` "
                f"({', '.join(pattern.composites) or 'no attributes'})"
                for entity in service.entities.values()
                for pattern in entity.indexes.values()
                if pattern.index == index.name
            ),
        )
        for index in definition.indexes.values()
    ]
    return _table(("Index", "Kind", "Partition key", "Sort key", "Projects", "Serves"), rows)


_PROJECTED = {"all": "all fields", "keys_only": "keys, vector and filters"}


def _vectors(
    service: ServiceSpec, definition: TableDefinition, table_name: str, source: str
) -> Sequence[str]:
    """Return the section about vector indexes: how to leave them out, and how to add each later."""

    rows = [
        (
            f"`{index.name}`",
            f"{_code(index.field)} ({index.dimensions} numbers)",
            index.params["DistanceFunction"],
            _typed(definition, [index.hash]) if index.hash is not None else "none",
            _typed(definition, index.filters),
            _PROJECTED[index.projection]
            if isinstance(index.projection, str)
            else f"{_PROJECTED['keys_only']}, and {_listed(index.projection)}",
            "; ".join(
                f"`{entity.alias}.{search.name}`"
                for entity in service.entities.values()
                for search in entity.searches.values()
                if search.index == index.name
            ),
        )
        for index in definition.vectors.values()
    ]
    head = ("Index", "Vector", "Distance", "Partition", "Filters", "Projects", "Serves")
    adding = [
        json.dumps(definition.add_vector_index_params(table_name, name), indent=2)
        for name in definition.vectors
    ]
    # DynamoDB refuses definitions of attributes that neither a key nor an index uses.
    keys = {definition.hash, definition.range}.union(
        *((*index.hash, *index.range) for index in definition.indexes.values())
    )
    compared = dict.fromkeys(
        name
        for index in definition.vectors.values()
        for name in (*([index.hash] if index.hash is not None else []), *index.filters)
        if name not in keys
    )
    left_out = f" and the `AttributeDefinitions` of {_listed(compared)}" if compared else ""
    return (
        "## Vector indexes\n",
        _table(head, rows),
        "DynamoDB has vector indexes on tables that are billed on demand only, and changes none of "
        "them later. The dimensions must be those of the embedding model; "
        f"`leyden table {source} --format markdown` writes this page. The AWS command line must "
        "know vector indexes, as `aws dynamodb search-vectors help` shows; DynamoDB Local does not "
        "have them.\n",
        "To create the table without them, leave `VectorIndexes`"
        f"{left_out} out of the input or the template below.\n",
        "To add them to a table that exists, send one `update-table` at a time, and wait until "
        "`describe-table` says that the index is `ACTIVE` and not `Backfilling`; "
        f"`leyden table {source} --add-indexes` does both. Save as `index.json`:\n",
        *(_fenced("json", text) for text in adding),
        _fenced("sh", "aws dynamodb update-table --cli-input-json file://index.json"),
    )


def _ttl(definition: TableDefinition) -> str:
    if not definition.ttl:
        return "The service uses none.\n"
    return (
        f"DynamoDB deletes an item some time after the moment in its field {_code(definition.ttl)} "
        "(epoch seconds). `create-table` cannot turn this on, so a command of its own follows it "
        "below; the templates turn it on.\n"
    )


_SETTINGS: Final = {
    "billing": "billing",
    "point_in_time_recovery": "point-in-time recovery",
    "deletion_protection": "deletion protection",
    "encryption": "encryption",
    "stream": "stream",
    "table_class": "table class",
    "replicas": "replicas",
    "tags": "tags",
}


def _settings(definition: TableDefinition, source: str) -> Sequence[str]:
    """Return the settings as a table, and a note about those that table.yaml does not mention."""
    settings = production(definition.settings)
    said = {name: getattr(settings, name) for name in _SETTINGS}
    provisioned = settings.provisioned
    said["billing"] = "on demand"
    if provisioned is not None:
        read, write = (
            f"{half.units} to {half.most} units at {half.target} % utilization"
            if half.is_scaled
            else f"{half.units} units"
            for half in (provisioned.read, provisioned.write)
        )
        said["billing"] = f"provisioned: {read} for reads, {write} for writes"
    for name in ("encryption", "stream", "table_class"):
        said[name] = said[name] and said[name].replace("_", " ")
    days = settings.recovery_days
    if days is not None:
        said["point_in_time_recovery"] = f"on, {days} days back"
    if settings.kms_key is not None:
        said["encryption"] = f"with the key {_code(settings.kms_key)}"
    said["replicas"] = _listed(settings.replicas)
    said["tags"] = ", ".join(f"{_code(name)}: {value}" for name, value in settings.tags.items())
    words = {True: "on", False: "off"}
    rows = [
        (_SETTINGS[name], words[value] if isinstance(value, bool) else value)
        for name, value in said.items()
        if value is not None and value != ""
    ]
    aloud = unsaid(definition.settings)
    if aloud:
        aloud = (
            f"Here, {aloud}. `leyden table {source} --format cloudformation --dev` writes a "
            "template for a table that you may throw away.\n"
        )
    return (_table(("Setting", "Value"), rows), *([aloud] if aloud else []))


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    shown = ([visible(cell).replace("|", r"\|") for cell in cells] for cells in lines)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in shown)


def _typed(definition: TableDefinition, names: Iterable[str]) -> str:
    """Return fields with their types."""
    return ", ".join(f"{_code(name)} ({definition.types[name]})" for name in names)


def _code(text: str) -> str:
    """Return a name as code in a line of Markdown, whatever it contains."""
    runs = [len(run) for run in re.findall("`+", text)]
    fence = "`" * (max(runs) + 1 if runs else 1)
    space = " " if runs else ""
    return f"{fence}{space}{visible(text)}{space}{fence}"


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```\n"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(_code, names))
