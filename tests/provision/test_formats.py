"""The formats of `leyden table --format`: what they say, and that what they make is the table."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
import yaml
from attrs import evolve
from botocore.validate import ParamValidator

from leyden.drivers import SyncDriver
from leyden.mapping.merging import table_definition
from leyden.program import Request
from leyden.provision import (
    DOCUMENTS,
    FORMATS,
    Wanted,
    boto3_script,
    cloudformation,
    commands_after,
    create_table_json,
    sam,
    written,
)
from leyden.provision.resource import production
from leyden.provision.script import python_literal
from leyden.schema import Capacity, Provisioned, ServiceSpec, TableSettings, TableSpec, load_service
from leyden.tables import check_table, compare_settings
from leyden.tables.comparing import compare_ttl
from tests.ministack import Ministack
from tests.provision.services import LEGACY, MULTI, SHOP
from tests.provision.test_table_settings import ALL


def having(settings: TableSettings, of: ServiceSpec = SHOP) -> ServiceSpec:
    return evolve(of, table=evolve(of.table or TableSpec(), settings=settings))


SCALED = evolve(
    ALL,
    billing=Provisioned(Capacity(5, most=50), Capacity(2, most=20, target=60)),
    replicas=("eu-west-1", "us-west-2"),
)
SERVICES = {
    "shop": SHOP,
    "legacy": LEGACY,
    "multi": MULTI,
    "settings": having(ALL),
    "scaled": having(SCALED),
}


@pytest.mark.parametrize("form", [*DOCUMENTS, *FORMATS])
@pytest.mark.parametrize("made", SERVICES.values(), ids=SERVICES)
def test_every_format_is_a_text_that_ends_with_a_line_break(form: str, made: ServiceSpec) -> None:
    for dev in (False, True):
        text = written(form, Wanted(made, "t-able", dev=dev))
        assert text.endswith("\n")
        assert not re.search(r"[ \t]\n", text), "no line ends with a space"
        assert "t-able" in text


@pytest.mark.parametrize("form", ["cloudformation", "sam", "boto3"])
def test_formats_with_comments_say_aloud_what_nobody_declared(form: str) -> None:
    assert "deletion protection are on" in " ".join(written(form, Wanted(SHOP, "t")).split())
    aside = " ".join(written(form, Wanted(SHOP, "t", dev=True)).replace("#", "").split())
    assert "off, and the table is deleted with its stack (--dev)." in aside
    declared = having(TableSettings(point_in_time_recovery=False, deletion_protection=False))
    assert "--dev" not in written(form, Wanted(declared, "t"))


def test_the_template_for_sam_is_the_one_for_cloudformation_with_its_transform() -> None:
    definition = table_definition(SHOP)
    template = sam(definition, "t", logical_id="Shop")
    assert template["Resources"] == cloudformation(definition, "t", logical_id="Shop")["Resources"]
    assert template["Transform"] == "AWS::Serverless-2016-10-31"
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    assert variables == {"TABLE_NAME": {"Ref": "Shop"}}
    assert yaml.safe_load(written("sam", Wanted(SHOP, "t"))) == sam(definition, "t")


def test_deletion_protection_is_on_in_the_input_of_create_table_unless_for_development() -> None:
    definition = table_definition(SHOP)
    assert create_table_json(definition, "t")["DeletionProtectionEnabled"] is True
    assert create_table_json(definition, "t", dev=True) == definition.create_table_params("t")


def given(command: str) -> tuple[str, dict[str, str]]:
    """A command of the AWS command line: its operation, and its options."""
    program, service, operation, *rest = shlex.split(command)
    assert program == "aws"
    options: dict[str, str] = {}
    for part in rest:
        if part.startswith("--"):
            options[part] = ""
        elif options:
            options[[*options][-1]] = part
    return f"{service} {operation}", options


def test_commands_do_what_create_table_does_not() -> None:
    assert commands_after(evolve(table_definition(SHOP), ttl=None), "t", dev=True) == []
    commands = [given(one) for one in commands_after(table_definition(SHOP), "t")]
    assert [operation for operation, _ in commands] == [
        "dynamodb wait",
        "dynamodb update-time-to-live",
        "dynamodb update-continuous-backups",
    ]
    assert all(options["--table-name"] == "t" for _, options in commands)
    live = commands[1][1]["--time-to-live-specification"]
    assert live == "Enabled=true,AttributeName=expires_at"


def test_commands_scale_capacity_and_add_replicas() -> None:
    definition = table_definition(having(SCALED))
    commands = [given(one) for one in commands_after(definition, "t")]
    scaling = [one for operation, one in commands if operation.startswith("application")]
    assert len(scaling) == 2 * 2 * (1 + len(definition.indexes))
    assert {one["--resource-id"] for one in scaling} == {
        "table/t",
        *(f"table/t/index/{name}" for name in definition.indexes),
    }
    policy = next(
        one
        for one in scaling
        if "--policy-name" in one and one["--scalable-dimension"].endswith("WriteCapacityUnits")
    )
    configuration = policy["--target-tracking-scaling-policy-configuration"]
    assert json.loads(configuration)["TargetValue"] == 60
    replicas = [one for operation, one in commands if "--replica-updates" in one]
    assert [one["--replica-updates"] for one in replicas] == [
        f"Create={{RegionName={region},KMSMasterKeyId=alias/shop,"
        "TableClassOverride=STANDARD_INFREQUENT_ACCESS}"
        for region in SCALED.replicas
    ]
    for region in SCALED.replicas:
        there = [operation for operation, one in commands if one.get("--region") == region]
        assert there == [
            "dynamodb wait",
            "dynamodb update-table",
            "dynamodb update-continuous-backups",
        ]


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, True, False, None, 'x"y\n'], "b": {}, "c": []},
        {"long": ["x" * 40] * 5, "deep": [{"a": [{"b": "y" * 90}]}]},
    ],
)
def test_literals_are_read_back_as_they_were(value: Any) -> None:
    assert eval(python_literal(value), {}) == value


def run_script(text: str, folder: Path, patch: pytest.MonkeyPatch, *arguments: str) -> None:
    script = folder / "create_table.py"
    script.write_text(text, encoding="utf-8")
    patch.setattr(sys, "argv", [str(script), *arguments])
    runpy.run_path(str(script), run_name="__main__")


def runs_on(engine: Any, name: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Run the script twice on an engine, and check the table."""
    patch.setenv("AWS_ACCESS_KEY_ID", engine.credentials.access_key_id)
    patch.setenv("AWS_SECRET_ACCESS_KEY", engine.credentials.secret_access_key)
    place = ("--endpoint-url", engine.endpoint_url, "--region", engine.region)
    # An engine for development is in one Region.
    alone = evolve(ALL, replicas=())
    definition = table_definition(having(alone))
    text = boto3_script(definition, name)
    with SyncDriver(
        endpoint_url=engine.endpoint_url, region=engine.region, credentials=engine.credentials
    ) as driver:
        for _ in range(2):
            run_script(text, folder, patch, *place)
            driver.run(check_table(evolve(definition, settings=production(alone)), name))
        off = {"TableName": name, "DeletionProtectionEnabled": False}
        driver.send(Request("UpdateTable", off))
        driver.send(Request("DeleteTable", {"TableName": name}))


def test_the_script_makes_the_table_on_every_engine_once(
    engine: Any, table_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    runs_on(engine, table_name, tmp_path, monkeypatch)
    said = capsys.readouterr().out
    assert said.startswith(f"created {table_name}\n")
    assert f"{table_name} exists\n" in said


def test_the_script_makes_it_on_ministack_too(
    ministack_engine: Ministack, table_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs_on(ministack_engine, table_name, tmp_path, monkeypatch)


class Client:
    """A client that notes what it is asked, of which botocore's model must know each part."""

    exceptions = SimpleNamespace(
        ResourceInUseException=type("ResourceInUseException", (Exception,), {}),
        ClientError=botocore.exceptions.ClientError,
    )

    def __init__(self, service: str, region: str | None, asked: list[Any]) -> None:
        self.model = botocore.session.get_session().get_service_model(service)
        self.region = region
        self.asked = asked
        self.replicas: dict[str, int] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        api = "".join(part.title() for part in name.split("_"))
        shape = self.model.operation_model(api).input_shape

        def call(**params: Any) -> Any:
            assert not ParamValidator().validate(params, shape).has_errors(), (api, params)
            self.asked.append((self.region, api, params))
            if api == "DescribeTimeToLive":
                return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
            if api == "UpdateTable" and "ReplicaUpdates" in params:
                (update,) = params["ReplicaUpdates"]
                self.replicas[update["Create"]["RegionName"]] = 2
            if api == "DescribeTable":
                for region in self.replicas:
                    self.replicas[region] -= 1
                states = {
                    region: "CREATING" if left > 0 else "ACTIVE"
                    for region, left in self.replicas.items()
                }
                found = [{"RegionName": at, "ReplicaStatus": said} for at, said in states.items()]
                return {"Table": {"Replicas": found}}
            return {}

        return call

    def get_waiter(self, name: str) -> Any:
        return SimpleNamespace(wait=lambda **params: self.asked.append((None, name, params)))


def test_in_aws_the_script_scales_capacity_and_adds_replicas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    class Session:
        def __init__(self, region_name: str, profile_name: str | None) -> None:
            self.region = region_name

        def client(self, service: str, region_name: str | None = None, **_: Any) -> Client:
            return Client(service, region_name or self.region, asked)

    monkeypatch.setitem(sys.modules, "boto3", SimpleNamespace(Session=Session))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    definition = table_definition(having(SCALED))
    run_script(boto3_script(definition, "t"), tmp_path, monkeypatch, "--region", "eu-central-1")
    (made,) = [params for _, api, params in asked if api == "CreateTable"]
    assert made == create_table_json(definition, "t")
    targets = [params for _, api, params in asked if api == "RegisterScalableTarget"]
    policies = [params for _, api, params in asked if api == "PutScalingPolicy"]
    dimensions = [(one["ResourceId"], one["ScalableDimension"]) for one in targets]
    assert dimensions == [(one["ResourceId"], one["ScalableDimension"]) for one in policies]
    assert len(set(dimensions)) == 2 * (1 + len(definition.indexes))
    added = [params for _, api, params in asked if "ReplicaUpdates" in params]
    assert [one["ReplicaUpdates"][0]["Create"]["RegionName"] for one in added] == [*SCALED.replicas]
    for region in SCALED.replicas:
        there = [api for at, api, _ in asked if at == region]
        assert there == ["UpdateTable", "UpdateContinuousBackups"]


def accepted(engine: Any, name: str, made: ServiceSpec) -> None:
    definition = table_definition(made)
    with SyncDriver(
        endpoint_url=engine.endpoint_url, region=engine.region, credentials=engine.credentials
    ) as driver:
        driver.send(Request("CreateTable", json.loads(written("json", Wanted(made, name)))))
        bare = evolve(definition, ttl=None, settings=TableSettings())
        driver.run(check_table(bare, name))
        off = {"TableName": name, "DeletionProtectionEnabled": False}
        driver.send(Request("UpdateTable", off))
        driver.send(Request("DeleteTable", {"TableName": name}))


@pytest.mark.parametrize("kind", ["shop", "legacy", "settings", "scaled"])
def test_every_engine_takes_the_input_of_create_table(
    engine: Any, table_name: str, kind: str
) -> None:
    accepted(engine, table_name, SERVICES[kind])


@pytest.mark.parametrize("kind", ["shop", "legacy", "settings", "scaled"])
def test_ministack_takes_it_too(ministack_engine: Ministack, table_name: str, kind: str) -> None:
    accepted(ministack_engine, table_name, SERVICES[kind])


def test_a_tag_named_for_begins_no_expression_in_terraform() -> None:
    tagged = having(TableSettings(tags={"for": "a", "format": "b"}))
    text = written("terraform", Wanted(tagged, "t"))
    assert '    "for"  = "a"\n    format = "b"\n' in text


HOSTILE = ("$HOME", "a`b", "it's", 'say "so"', "a b", "a,b=c", "{x}", "\u202eleft\n", "; rm -rf *")
"""Names that a shell, the AWS command line or Markdown would read as their own."""


@pytest.mark.parametrize("name", HOSTILE)
def test_commands_name_what_is_meant_whatever_it_is_called(name: str) -> None:
    definition = evolve(table_definition(having(SCALED)), ttl=name)
    for command in commands_after(definition, name):
        _, options = given(command)
        if "--table-name" in options:
            assert options["--table-name"] == name
        if "--resource-id" in options:
            assert options["--resource-id"].startswith(f"table/{name}")
        if "--time-to-live-specification" in options:
            assert json.loads(options["--time-to-live-specification"]) == {
                "Enabled": True,
                "AttributeName": name,
            }


@pytest.mark.parametrize("name", HOSTILE)
def test_remedies_name_what_is_meant_and_stand_between_backticks(name: str) -> None:
    of_another = {"TimeToLiveStatus": "ENABLED", "AttributeName": name}
    off, other = compare_ttl(name, {}, "t"), compare_ttl("x", of_another, "t")
    for (difference,), is_on in ((off, True), (other, False)):
        _, command, after = difference.remedy.split("`")
        assert after == ""
        assert command.isprintable()
        words = shlex.split(command)
        assert json.loads(words[words.index("--time-to-live-specification") + 1]) == {
            "Enabled": is_on,
            "AttributeName": name,
        }
    settings = TableSettings(tags={name: name})
    (tag,) = compare_settings(settings, {"TableArn": "arn:aws:x"}, tags={})
    words = shlex.split(tag.remedy)
    assert json.loads(words[words.index("--tags") + 1]) == {"Key": name, "Value": name}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_page_shows_any_name_as_code(name: str) -> None:
    schema = {
        "entity": "visit",
        "version": "1",
        "service": "visits",
        "attributes": {"id": {"type": "string", "required": True}},
        "indexes": {
            "own": {"pk": {"field": "a|b", "composite": ["id"]}},
            "by_id": {"index": "gsi1", "pk": {"field": name, "composite": ["id"]}},
        },
    }
    page = written("markdown", Wanted(load_service(schema), "t"))
    rows = [line for line in page.splitlines() if line.startswith("| `gsi1`")]
    assert len(rows) == 1
    assert re.sub(r"\\\|", "", rows[0]).count("|") == 7
