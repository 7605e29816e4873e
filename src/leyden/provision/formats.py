"""All formats of `leyden table --format`, as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from leyden._attrs import frozen
from leyden.provision.cdk import cdk_python, cdk_typescript
from leyden.provision.commands import create_table_json
from leyden.provision.page import markdown
from leyden.provision.resource import unsaid
from leyden.provision.script import boto3_script
from leyden.provision.templates import cloudformation, cloudformation_yaml, sam
from leyden.provision.terraform import terraform
from leyden.schema import ServiceSpec
from leyden.tables import TableDefinition, table_definition

__all__ = ["DOCUMENTS", "FORMATS", "Wanted", "written"]


@frozen
class Wanted:
    """The table that a format describes, and options for the description.

    `source` is what `leyden table` was given: the schemas' folder, and its options. With `dev`,
    only what table.yaml declares is on.
    """

    service: ServiceSpec
    table: str
    source: str = "FOLDER"
    dev: bool = False

    @property
    def definition(self) -> TableDefinition:
        """The table."""
        return table_definition(self.service)

    @property
    def comment(self) -> str:
        """Settings that are on or off without table.yaml saying so, for the first lines."""
        said = unsaid(self.definition.settings, dev=self.dev)
        return f"{said[0].upper()}{said[1:]}." if said else ""


DOCUMENTS: Final[Mapping[str, Callable[[Wanted], dict[str, Any]]]] = {
    "json": lambda wanted: create_table_json(wanted.definition, wanted.table, dev=wanted.dev),
    "cloudformation-json": lambda wanted: cloudformation(
        wanted.definition, wanted.table, dev=wanted.dev
    ),
}
"""The formats in JSON, as data."""

FORMATS: Final[Mapping[str, Callable[[Wanted], str]]] = {
    "cloudformation": lambda wanted: cloudformation_yaml(
        cloudformation(wanted.definition, wanted.table, dev=wanted.dev), wanted.comment
    ),
    "sam": lambda wanted: cloudformation_yaml(
        sam(wanted.definition, wanted.table, dev=wanted.dev), wanted.comment
    ),
    "boto3": lambda wanted: boto3_script(
        wanted.definition, wanted.table, dev=wanted.dev, comment=wanted.comment
    ),
    "cdk-python": lambda wanted: cdk_python(
        wanted.definition, wanted.table, dev=wanted.dev, comment=wanted.comment
    ),
    "cdk-typescript": lambda wanted: cdk_typescript(
        wanted.definition, wanted.table, dev=wanted.dev, comment=wanted.comment
    ),
    "terraform": lambda wanted: terraform(
        wanted.definition, wanted.table, dev=wanted.dev, comment=wanted.comment
    ),
    "markdown": lambda wanted: markdown(wanted.service, wanted.table, source=wanted.source),
}
"""The other formats, as text."""


def written(form: str, wanted: Wanted) -> str:
    """Write a table in one of the formats, ending with a line break."""
    if form in DOCUMENTS:
        return json.dumps(DOCUMENTS[form](wanted), indent=2, ensure_ascii=False) + "\n"
    return FORMATS[form](wanted)
