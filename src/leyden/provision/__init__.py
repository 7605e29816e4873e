"""The table for deployment tools: AWS command line, CloudFormation, AWS SAM, boto3, a page."""

from leyden.provision.commands import commands_after, create_table_json
from leyden.provision.formats import DOCUMENTS, FORMATS, Wanted, written
from leyden.provision.page import markdown
from leyden.provision.resource import table_resources, unsaid
from leyden.provision.script import boto3_script
from leyden.provision.templates import cloudformation, cloudformation_yaml, sam

__all__ = [
    "DOCUMENTS",
    "FORMATS",
    "Wanted",
    "boto3_script",
    "cloudformation",
    "cloudformation_yaml",
    "commands_after",
    "create_table_json",
    "markdown",
    "sam",
    "table_resources",
    "unsaid",
    "written",
]
