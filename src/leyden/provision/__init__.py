"""The table for deployment tools: AWS command line, CloudFormation, a page for people."""

from __future__ import annotations

from leyden.provision.cloudformation import cloudformation, cloudformation_yaml
from leyden.provision.create_table import create_table_json
from leyden.provision.setup_page import markdown

__all__ = ["cloudformation", "cloudformation_yaml", "create_table_json", "markdown"]
