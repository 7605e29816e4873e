"""The table for deployment tools: AWS command line, CloudFormation, a page for people."""

from leyden.provision.documents import (
    cloudformation,
    cloudformation_yaml,
    create_table_json,
    markdown,
)
from leyden.provision.resource import table_resources

__all__ = [
    "cloudformation",
    "cloudformation_yaml",
    "create_table_json",
    "markdown",
    "table_resources",
]
