"""The table for deployment tools: AWS command line, CloudFormation, a page for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from leyden.provision.resource import table_resources
from leyden.schema import ServiceSpec
from leyden.tables import TableDefinition, table_definition

__all__ = ["cloudformation", "cloudformation_yaml", "create_table_json", "markdown"]


def create_table_json(definition: TableDefinition, table_name: str) -> dict[str, Any]:
    """Return what `aws dynamodb create-table --cli-input-json` takes, ready for `json.dump`."""
    return definition.create_table_params(table_name)


def cloudformation(
    definition: TableDefinition, table_name: str, *, logical_id: str = "Table", dev: bool = False
) -> dict[str, Any]:
    """Return a whole template of the table, and of what scales it; `logical_id` is its name there.

    Point-in-time recovery and deletion protection are on unless table.yaml says otherwise, and the
    table outlives its stack: it is retained when the stack is deleted, or when a change would
    replace it. With `dev`, only what table.yaml declares is on, and the table goes with its stack.
    """
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": table_resources(definition, table_name, logical_id=logical_id, dev=dev),
    }


def cloudformation_yaml(template: dict[str, Any]) -> str:
    """Write a template as YAML, with its lists indented and its order kept."""
    return yaml.dump(template, Dumper=_Dumper, sort_keys=False, width=100)


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def markdown(
    service: ServiceSpec, table_name: str, *, title: str = "Table setup", source: str = "FOLDER"
) -> str:
    """Return the page that tells an operator how to create a service's table, as Markdown.

    It holds the key, the indexes with the access patterns that use them, the input of the
    AWS command line, the CloudFormation template and the time to live. `source` is what the page
    gives to `leyden table` in its commands: the folder of the schemas.
    """
    definition = table_definition(service)
    keys = [("partition key", definition.hash)]
    if definition.range:
        keys.append(("sort key", definition.range))
    parts = [
        f"# {title}\n",
        f"One DynamoDB table holds all entities of the service `{service.service}`: "
        f"{_listed(entity.entity for entity in service.entities.values())}. The default name here "
        f"is `{table_name}`; any other works.\n",
        "## Key\n",
        _table(
            ("Key", "Field", "Type"),
            [(half, f"`{name}`", definition.types[name]) for half, name in keys],
        )
        + "\nTypes are DynamoDB's: S is a string, N a number, B binary.\n",
        "## Indexes\n",
        _index_table(service, definition) if definition.indexes else "The table has none.\n",
        *(_vectors(service, definition, table_name, source) if definition.vectors else ()),
        "## Time to live\n",
        _ttl(definition, table_name),
        "## AWS command line\n",
        "Save as `table.json`:\n",
        _fenced("json", json.dumps(create_table_json(definition, table_name), indent=2)),
        _fenced("sh", "aws dynamodb create-table --cli-input-json file://table.json"),
        "## CloudFormation\n",
        _fenced("yaml", cloudformation_yaml(cloudformation(definition, table_name)).rstrip("\n")),
    ]
    return "\n".join(parts)


def _index_table(service: ServiceSpec, definition: TableDefinition) -> str:
    def fields(names: Iterable[str]) -> str:
        return ", ".join(f"`{name}` ({definition.types[name]})" for name in names)

    rows = [
        (
            f"`{index.name}`",
            {"gsi": "global", "lsi": "local"}[index.kind],
            fields(index.hash),
            fields(index.range) or "none",
            {"all": "all fields", "keys_only": "keys only"}[index.projection]
            if isinstance(index.projection, str)
            else f"keys and {_listed(index.projection)}",
            # Every access pattern on the index, with the attributes that it finds items by.
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
    """The section on vector indexes: how to leave them out, and to add each of them later."""

    def fields(names: Iterable[str]) -> str:
        return ", ".join(f"`{name}` ({definition.types[name]})" for name in names)

    rows = [
        (
            f"`{index.name}`",
            f"`{index.field}` ({index.dimensions} numbers)",
            index.params["DistanceFunction"],
            fields([index.hash]) if index.hash is not None else "none",
            fields(index.filters),
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
    # DynamoDB refuses a table with definitions of attributes that neither a key nor an index has.
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


def _ttl(definition: TableDefinition, table_name: str) -> str:
    if not definition.ttl:
        return "The service uses none.\n"
    command = (
        f"aws dynamodb update-time-to-live --table-name {table_name} "
        f'--time-to-live-specification "Enabled=true, AttributeName={definition.ttl}"'
    )
    return (
        f"DynamoDB deletes an item some time after the moment in its field `{definition.ttl}` "
        "(epoch seconds). `create-table` cannot turn this on; CloudFormation does, and so does:\n\n"
        + _fenced("sh", command)
    )


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```\n"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
