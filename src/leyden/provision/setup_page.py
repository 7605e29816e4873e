"""The page that tells an operator how to create the table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from leyden.compile.table import IndexDefinition, TableDefinition, table_definition
from leyden.provision.cloudformation import cloudformation, cloudformation_yaml
from leyden.provision.create_table import create_table_json
from leyden.schema.spec import ServiceSpec

_KIND = {"gsi": "global", "lsi": "local"}


def markdown(service: ServiceSpec, table_name: str, *, title: str = "Table setup") -> str:
    """Return the page for a service's table, as Markdown.

    It holds the key, the indexes with the access patterns that use them, the input of the
    AWS command line, the CloudFormation template and the time to live.
    """
    definition = table_definition(service)
    parts = [
        f"# {title}\n",
        f"One DynamoDB table holds all entities of the service `{service.service}`: "
        f"{_listed(entity.entity for entity in service.entities.values())}. The default name here "
        f"is `{table_name}`; any other works.\n",
        "## Key\n",
        _key_table(definition),
        "## Indexes\n",
        _index_table(service, definition) if definition.indexes else "The table has none.\n",
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


def _key_table(definition: TableDefinition) -> str:
    rows = [("partition key", definition.hash)]
    if definition.range:
        rows.append(("sort key", definition.range))
    return (
        _table(
            ("Key", "Field", "Type"),
            [(half, f"`{name}`", definition.types[name]) for half, name in rows],
        )
        + "\nTypes are DynamoDB's: S is a string, N a number, B binary.\n"
    )


def _index_table(service: ServiceSpec, definition: TableDefinition) -> str:
    rows = [
        (
            f"`{index.name}`",
            _KIND[index.kind],
            _fields(index.hash, definition),
            _fields(index.range, definition) or "none",
            _projected(index),
            _patterns(service, index.name),
        )
        for index in definition.indexes.values()
    ]
    return _table(("Index", "Kind", "Partition key", "Sort key", "Projects", "Serves"), rows)


def _patterns(service: ServiceSpec, index_name: str) -> str:
    """Name every access pattern on an index, with the attributes that it finds items by."""
    return "; ".join(
        f"`{entity.alias}.{pattern.name}` ({', '.join(pattern.composites) or 'no attributes'})"
        for entity in service.entities.values()
        for pattern in entity.indexes.values()
        if pattern.index == index_name
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


def _fields(names: Iterable[str], definition: TableDefinition) -> str:
    return ", ".join(f"`{name}` ({definition.types[name]})" for name in names)


def _projected(index: IndexDefinition) -> str:
    if isinstance(index.projection, tuple):
        return "keys and " + _listed(index.projection)
    return {"all": "all fields", "keys_only": "keys only"}[index.projection]


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```\n"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
