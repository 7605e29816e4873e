"""What Leyden writes for deployment tools, as these tools read it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from tools import provision_tools

from leyden._attrs import evolve
from leyden.mapping.merging import table_definition
from leyden.provision import (
    Wanted,
    cloudformation,
    cloudformation_yaml,
    iam_cloudformation,
    iam_json,
    iam_terraform,
    permissions,
    sam,
    written,
)
from leyden.schema import ServiceSpec, check_service
from tests.provision.goldens import ROOT, services
from tests.provision.services import LOCAL
from tests.provision.test_formats import MULTI, SCALED, SHOP, having
from tests.provision.test_iam import ROOMS

pytestmark = pytest.mark.formats

TOOLS: Final = ROOT / ".cache" / provision_tools.FOLDER
SIDES: Final = ROOT / "tools" / "provision"

ONE_REGION: Final = evolve(SCALED, replicas=(), kms_key="alias/shop")


def rooms() -> ServiceSpec:
    checked = check_service(ROOMS)
    assert checked.service is not None
    return checked.service


SERVICES: Final = {
    **services(),
    "rooms": rooms(),
    "local": LOCAL,
    "multi": MULTI,
    "scaled": having(ONE_REGION),
    "global": having(SCALED),
    "bare": SHOP,
}
"""The shipped schemas, and others that have what these do not."""

PARTS: Final = sorted(SERVICES)

POLICIES: Final[Mapping[str, Any]] = {
    "application": permissions(SERVICES["taskapp"], "t"),
    "reading": permissions(SERVICES["taskapp"], "t", read_only=True, scan=False),
    "key": permissions(SERVICES["scaled"], "t"),
    "regions": permissions(SERVICES["global"], "t"),
    "table": permissions(SERVICES["global"], "t", purpose="table"),
    "memory": permissions(SERVICES["memory"], "t", purpose="memory"),
    "tenant": permissions(SERVICES["rooms"], "t", tenant="org"),
    "searching": permissions(SERVICES["rooms"], "t", tenant="org", searches=True),
}

UNKNOWING: Final = {"memory", "rooms"}
"""The tables with vector indexes, about which the tools below complain."""


@pytest.fixture(scope="module")
def python_side(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the tools in Python make of everything; one process."""
    folder = tmp_path_factory.mktemp("python")
    asked: dict[str, Any] = {"sam": {}, "cdk": {}, "templates": {}}
    for name, service in SERVICES.items():
        definition = table_definition(service)
        asked["sam"][name] = sam(definition, "t-able")
        asked["cdk"][name] = save(folder / f"{name}.py", written("cdk-python", wanted(service)))
        made = cloudformation_yaml(cloudformation(definition, "t-able"))
        asked["templates"][name] = save(folder / f"{name}.yaml", made)
    for name, allowed in POLICIES.items():
        for role in (None, "lambda"):
            made = cloudformation_yaml(iam_cloudformation(allowed, role=role))
            asked["templates"][f"iam {name} {role}"] = save(folder / f"{name}-{role}.yaml", made)
    asked["policies"] = {name: iam_json(one) for name, one in POLICIES.items()}
    python = TOOLS / "python" / "bin" / "python"
    return answered([str(python), str(SIDES / "python_side.py")], asked)


@pytest.fixture(scope="module")
def node_side(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the tools on Node.js make of everything: compiled first, then read in one process."""
    folder, node = tmp_path_factory.mktemp("node"), TOOLS / "node"
    (folder / "node_modules").symlink_to(node / "node_modules")
    for name, service in SERVICES.items():
        save(folder / f"{name}.ts", written("cdk-typescript", wanted(service)))
    options = {
        "target": "ES2022",
        "module": "commonjs",
        "lib": ["ES2022"],
        "types": ["node"],
        "strict": True,
        "noUnusedLocals": True,
        "skipLibCheck": True,
    }
    save(folder / "tsconfig.json", json.dumps({"compilerOptions": options}))
    compiler = node / "node_modules" / "typescript" / "bin" / "tsc"
    compiled = subprocess.run(
        ["node", str(compiler), "-p", str(folder)], capture_output=True, text=True, check=False
    )
    assert compiled.returncode == 0, compiled.stdout
    asked = {
        "hcl": {
            **{name: written("terraform", wanted(one)) for name, one in SERVICES.items()},
            **{f"iam {name}": terraform_of(name) for name in POLICIES},
        },
        "stacks": {name: str(folder / f"{name}.js") for name in SERVICES},
    }
    os.environ["LEYDEN_PROVISION_NODE"] = str(node)
    return answered(["node", "--preserve-symlinks", str(SIDES / "node_side.cjs")], asked)


def wanted(service: ServiceSpec) -> Wanted:
    return Wanted(service, "t-able")


def terraform_of(policy: str) -> str:
    return iam_terraform(POLICIES[policy], role="lambda")


def save(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    return str(file)


def answered(command: list[str], asked: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        command, input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def template(name: str) -> dict[str, Any]:
    """The template of CloudFormation, which the others are to be equal to."""
    made = cloudformation(table_definition(SERVICES[name]), "t-able")
    found: dict[str, Any] = yaml.safe_load(cloudformation_yaml(made))
    return found


@pytest.mark.parametrize("name", PARTS)
def test_cfn_lint_has_nothing_against_a_template(name: str, python_side: dict[str, Any]) -> None:
    complaints = python_side["templates"][name]
    if name in UNKNOWING:
        # Its schema of tables knows vector indexes. The rule that compares the attributes with the
        # keys does not: it wants none but those that stand in keys.
        (complaint,) = complaints
        complaints = []
        assert complaint[0] == "E3039"
        read = {
            one for index in table_definition(SERVICES[name]).vectors.values() for one in index.read
        }
        assert all(f"'{one}'" in complaint[1].partition("KeySchemas")[0] for one in read)
    assert complaints == []


def test_cfn_lint_has_nothing_against_the_templates_of_policies(
    python_side: dict[str, Any],
) -> None:
    found = {n: one for n, one in python_side["templates"].items() if n.startswith("iam ") and one}
    assert found == {}


@pytest.mark.parametrize("name", PARTS)
def test_sam_turns_its_template_into_that_of_cloudformation(
    name: str, python_side: dict[str, Any]
) -> None:
    assert python_side["sam"][name]["Resources"] == template(name)["Resources"]


@pytest.mark.parametrize("name", PARTS)
def test_both_stacks_of_the_cdk_are_synthesised_to_the_template_of_cloudformation(
    name: str, python_side: dict[str, Any], node_side: dict[str, Any]
) -> None:
    expected = with_sorted_tags(template(name)["Resources"])
    assert with_sorted_tags(python_side["cdk"][name]["Resources"]) == expected
    assert with_sorted_tags(node_side["stacks"][name]["Resources"]) == expected


def with_sorted_tags(resources: dict[str, Any]) -> dict[str, Any]:
    """The CDK sorts the tags of a table by their names; their order means nothing."""
    for resource in resources.values():
        resource["Properties"].get("Tags", []).sort(key=lambda tag: tag["Key"])
    return resources


@pytest.mark.parametrize("name", [*POLICIES])
def test_parliament_has_nothing_against_a_policy(name: str, python_side: dict[str, Any]) -> None:
    # Its lists of actions and conditions are older than searches by meaning, and than the condition
    # that names a key by its alias. It complains of these two, and of nothing else.
    expected = {
        **{key: {("UNKNOWN_ACTION", "SearchVectors")} for key in ("memory", "searching")},
        **{
            name: {("UNKNOWN_CONDITION_FOR_ACTION", "kms:ResourceAliases")}
            for name in ("key", "regions", "table")
        },
    }
    words = ("SearchVectors", "kms:ResourceAliases")
    found = {
        (issue, next((word for word in words if word in detail), detail))
        for issue, detail in python_side["policies"][name]
    }
    assert found == expected.get(name, set())


@pytest.mark.parametrize("name", PARTS)
def test_terraform_reads_the_table_that_the_template_describes(
    name: str, node_side: dict[str, Any]
) -> None:
    resources = node_side["hcl"][name]["resource"]
    given = template(name)["Resources"]["Table"]["Properties"]
    (kind,) = (one for one in resources if "_dynamodb_" in one)
    (table,) = resources[kind]["table"]
    lifecycle = table.pop("lifecycle")
    assert lifecycle[0]["prevent_destroy"] is True
    if kind.startswith("awscc_"):
        assert name in {*UNKNOWING, "multi"}
        assert spelled(table) == given
        return
    assert name not in {*UNKNOWING, "multi"}
    assert sorted((one["name"], one["type"]) for one in table["attribute"]) == sorted(
        (one["AttributeName"], one["AttributeType"]) for one in given["AttributeDefinitions"]
    )
    assert key_of(table) == given["KeySchema"]
    assert table["billing_mode"] == given["BillingMode"]
    indexes = given.get("GlobalSecondaryIndexes", [])
    assert [
        (one["name"], key_of(one), one["projection_type"], one.get("non_key_attributes"))
        for one in table.get("global_secondary_index", [])
    ] == [
        (
            one["IndexName"],
            one["KeySchema"],
            one["Projection"]["ProjectionType"],
            one["Projection"].get("NonKeyAttributes"),
        )
        for one in indexes
    ]
    local = given.get("LocalSecondaryIndexes", [])
    assert [(one["name"], one["range_key"]) for one in table.get("local_secondary_index", [])] == [
        (one["IndexName"], one["KeySchema"][1]["AttributeName"]) for one in local
    ]
    ttl = given.get("TimeToLiveSpecification")
    assert table.get("ttl") == (
        [{"attribute_name": ttl["AttributeName"], "enabled": True}] if ttl else None
    )
    replica = (given.get("Replicas") or [given])[0]
    recovery = replica["PointInTimeRecoverySpecification"]
    (kept,) = table["point_in_time_recovery"]
    assert kept["enabled"] == recovery["PointInTimeRecoveryEnabled"]
    assert kept.get("recovery_period_in_days") == recovery.get("RecoveryPeriodInDays")
    assert table["deletion_protection_enabled"] == replica["DeletionProtectionEnabled"]
    assert table.get("table_class") == replica.get("TableClass")
    assert table.get("tags") == (
        {tag["Key"]: tag["Value"] for tag in replica["Tags"]} if "Tags" in replica else None
    )
    assert [one["region_name"] for one in table.get("replica", [])] == [
        one["Region"] for one in given.get("Replicas", [])[1:]
    ]
    stream = given.get("StreamSpecification")
    assert table.get("stream_view_type") == (stream["StreamViewType"] if stream else None)


def key_of(found: Mapping[str, Any]) -> list[dict[str, str]]:
    halves = (("hash_key", "HASH"), ("range_key", "RANGE"))
    return [
        {"AttributeName": found[name], "KeyType": kind} for name, kind in halves if name in found
    ]


_SHORT: Final = {"Sse": "SSE", "Kms": "KMS"}


def spelled(value: Any) -> Any:
    """What Terraform has of CloudFormation's properties, under their own names again."""
    if isinstance(value, list):
        return [spelled(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"json"}:
        return value["json"]
    names = {
        name: "".join(_SHORT.get(word.title(), word.title()) for word in name.split("_"))
        for name in value
    }
    return {names[name]: spelled(one) for name, one in value.items()}


@pytest.mark.parametrize("name", ["scaled", "global"])
def test_terraform_scales_what_the_template_scales(name: str, node_side: dict[str, Any]) -> None:
    resources = node_side["hcl"][name]["resource"]
    one_region = cloudformation(table_definition(SERVICES["scaled"]), "t-able")["Resources"]
    targets = [
        one["Properties"] for one in one_region.values() if "ResourceId" in one["Properties"]
    ]
    prefix = "table/${aws_dynamodb_table.table.name}"
    assert sorted(
        (one[0]["resource_id"], one[0]["scalable_dimension"], one[0]["min_capacity"])
        for one in resources["aws_appautoscaling_target"].values()
    ) == sorted(
        (
            one["ResourceId"]["Fn::Sub"].replace("table/${Table}", prefix),
            one["ScalableDimension"],
            one["MinCapacity"],
        )
        for one in targets
    )
    for policy in resources["aws_appautoscaling_policy"].values():
        target = re.fullmatch(
            r"\$\{(aws_appautoscaling_target\.\w+)\.resource_id\}", policy[0]["resource_id"]
        )
        assert target is not None
        assert target[1].split(".")[1] in resources["aws_appautoscaling_target"]


@pytest.mark.parametrize("name", [*POLICIES])
def test_terraform_reads_the_policy_that_json_has(name: str, node_side: dict[str, Any]) -> None:
    found = node_side["hcl"][f"iam {name}"]
    document = found["resource"]["aws_iam_policy"]["table"][0]["policy"]["json"]
    where = found["locals"][0]["dynamodb"]
    text = json.dumps(document).replace("${local.dynamodb}", where)
    for expression, value in (
        ("${data.aws_partition.current.partition}", "aws"),
        ("${data.aws_region.current.id}", "us-east-1"),
        ("${data.aws_caller_identity.current.account_id}", "123456789012"),
    ):
        text = text.replace(expression, value)
    expected = iam_json(POLICIES[name], region="us-east-1", account="123456789012")
    # What Terraform would take for its own is written twice, and read as it is meant.
    assert json.loads(text.replace("$${", "${")) == expected


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_terraform_has_nothing_to_format(tmp_path: Path) -> None:
    for name, service in SERVICES.items():
        for dev in (False, True):
            text = written("terraform", evolve(wanted(service), dev=dev))
            save(tmp_path / f"{name}-{dev}.tf", text)
    for name in POLICIES:
        save(tmp_path / f"iam-{name}.tf", terraform_of(name))
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", "-no-color", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
