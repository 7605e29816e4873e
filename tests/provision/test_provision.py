from __future__ import annotations

import json
import re
from typing import Any

import boto3
import pytest
import yaml
from botocore.validate import ParamValidator

import leyden.engine
from leyden.drivers import SyncDriver
from leyden.mapping.merging import table_definition
from leyden.program import Request
from leyden.provision import cloudformation, cloudformation_yaml, create_table_json, markdown
from leyden.tables import check_table
from tests.provision.services import LEGACY, MULTI, SHOP

SERVICES = pytest.mark.parametrize("made", [SHOP, LEGACY, MULTI], ids=["shop", "legacy", "multi"])


@SERVICES
def test_the_json_is_what_create_table_takes(made: Any) -> None:
    given = json.loads(json.dumps(create_table_json(table_definition(made), "my-table")))
    model = boto3.client("dynamodb", region_name="us-east-1").meta.service_model
    shape = model.operation_model("CreateTable").input_shape
    report = ParamValidator().validate(given, shape)
    assert not report.has_errors(), report.generate_report()


@SERVICES
def test_cloudformation_describes_the_same_table(made: Any) -> None:
    definition = table_definition(made)
    resource = cloudformation(definition, "my-table", logical_id="Store")["Resources"]["Store"]
    properties = dict(resource["Properties"])
    assert properties.pop("PointInTimeRecoverySpecification") == {
        "PointInTimeRecoveryEnabled": True
    }
    assert properties.pop("TimeToLiveSpecification", None) == (
        {"AttributeName": definition.ttl, "Enabled": True} if definition.ttl else None
    )
    assert properties == create_table_json(definition, "my-table")
    assert resource["Type"] == "AWS::DynamoDB::Table"
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_yaml_reads_back_as_the_template_with_lists_indented() -> None:
    template = cloudformation(table_definition(SHOP), "my-table")
    text = cloudformation_yaml(template)
    assert yaml.safe_load(text) == template
    assert text.startswith("AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Table:\n")
    assert re.search(r"\n      KeySchema:\n        - AttributeName: pk\n", text)


def test_a_table_that_the_json_made_fits_the_definition() -> None:
    definition = table_definition(LEGACY)
    with (
        leyden.engine.local() as engine,
        SyncDriver(endpoint_url=engine.endpoint_url, credentials=engine.credentials) as driver,
    ):
        driver.send(Request("CreateTable", create_table_json(definition, "my-table")))
        assert driver.run(check_table(definition, "my-table"))["TableName"] == "my-table"


def fenced(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)\n```", page, re.DOTALL)


@SERVICES
def test_the_page_holds_the_json_and_the_template(made: Any) -> None:
    definition = table_definition(made)
    page = markdown(made, "my-table")
    assert json.loads(fenced(page, "json")[0]) == create_table_json(definition, "my-table")
    assert yaml.safe_load(fenced(page, "yaml")[0]) == cloudformation(definition, "my-table")


def test_the_page_names_every_index_its_key_and_the_access_patterns_that_use_it() -> None:
    page = markdown(SHOP, "my-table", title="Shop")
    assert page.startswith("# Shop\n")
    row = next(line for line in page.splitlines() if line.startswith("| `gsi1` "))
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        "`gsi1`",
        "global",
        "`gsi1pk` (S)",
        "`gsi1sk` (S)",
        "all fields",
        "`order.by_customer` (customer, placed); `item.by_customer_too` (sku, id)",
    ]


def test_the_page_says_how_time_to_live_is_turned_on_or_that_there_is_none() -> None:
    assert "--table-name my-table" in markdown(SHOP, "my-table")
    assert "AttributeName=expires_at" in markdown(SHOP, "my-table")
    assert "The service uses none." in markdown(LEGACY, "my-table")


def test_the_page_describes_a_multi_attribute_index() -> None:
    assert "| `c` (S), `city` (S) | `day` (S), `score` (N) |" in markdown(MULTI, "t")
