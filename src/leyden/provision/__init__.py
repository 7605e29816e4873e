"""The table for deployment tools: AWS command line, CloudFormation, AWS SAM, boto3, a page."""

from leyden.provision.cdk import cdk_python, cdk_typescript
from leyden.provision.commands import commands_after, create_table_json
from leyden.provision.formats import DOCUMENTS, FORMATS, Wanted, written
from leyden.provision.iam import iam_cloudformation, iam_json, iam_terraform
from leyden.provision.page import markdown
from leyden.provision.resource import table_resources, unsaid
from leyden.provision.script import boto3_script
from leyden.provision.statements import Permissions, permissions
from leyden.provision.templates import cloudformation, cloudformation_yaml, sam
from leyden.provision.terraform import terraform

__all__ = [
    "DOCUMENTS",
    "FORMATS",
    "Permissions",
    "Wanted",
    "boto3_script",
    "cdk_python",
    "cdk_typescript",
    "cloudformation",
    "cloudformation_yaml",
    "commands_after",
    "create_table_json",
    "iam_cloudformation",
    "iam_json",
    "iam_terraform",
    "markdown",
    "permissions",
    "sam",
    "table_resources",
    "terraform",
    "unsaid",
    "written",
]
