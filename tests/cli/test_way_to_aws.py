"""Where a region, credentials or a server are missing: the message has the fix."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import leyden
from leyden.errors import AwsError, CredentialsError
from tests.cli.conftest import TASKAPP, leyden_command

KEY = {"project_id": "p1", "task_id": "t1"}
NOBODY = ("--endpoint-url", "http://127.0.0.1:9", "--region", "eu-west-1")


@pytest.fixture(autouse=True)
def nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aws_environment: None
) -> pytest.MonkeyPatch:
    """A machine on which nothing tells of AWS."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def told(*arguments: str) -> str:
    """What the command line says of a read that cannot be made."""
    key = [f"{name}={value}" for name, value in KEY.items()]
    result = leyden_command("get", TASKAPP, "task", *key, *arguments)
    assert result.exit_code == 1
    assert "=, " not in result.stderr
    return result.stderr


def raised(**options: Any) -> AwsError:
    with (
        leyden.load(TASKAPP, table="t", **options) as app,
        pytest.raises(AwsError) as error,
    ):
        app.entities.task.get(**KEY).go()
    return error.value


def raised_by_pynamodb(**options: Any) -> AwsError:
    return raised(**options, transport="pynamodb")


@pytest.mark.parametrize("raised", [raised, raised_by_pynamodb])
def test_a_program_is_told_which_argument_or_variable(raised: Callable[..., AwsError]) -> None:
    region = raised()
    assert "no AWS region is set: pass region=, set AWS_REGION" in region.message
    assert "`leyden local`" in region.message
    credentials = raised(region="eu-west-1")
    assert isinstance(credentials, CredentialsError)
    for fix in ("credentials=", "AWS_ACCESS_KEY_ID", "profile= or AWS_PROFILE", "`leyden local`"):
        assert fix in credentials.message
    profile = raised(profile="nobody")
    assert isinstance(profile, CredentialsError)
    assert 'the AWS profile "nobody" does not exist' in profile.message
    assert "check profile=, AWS_PROFILE" in profile.message


def test_the_command_line_is_told_which_option_or_variable(nothing: pytest.MonkeyPatch) -> None:
    assert "no AWS region is set: pass --region, set AWS_REGION" in told()
    credentials = told("--region", "eu-west-1")
    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in credentials
    assert "with --profile or AWS_PROFILE" in credentials
    assert 'profile "nobody" does not exist' in told("--profile", "nobody")
    assert "check --profile, AWS_PROFILE" in told("--profile", "nobody")
    nothing.setenv("AWS_ACCESS_KEY_ID", "any")
    nothing.setenv("AWS_SECRET_ACCESS_KEY", "any")
    assert "`leyden local` starts one here" in told(*NOBODY)


def test_what_is_configured_is_named_where_it_leads_nowhere(nothing: pytest.MonkeyPatch) -> None:
    Path("pyproject.toml").write_text('[tool.leyden]\nprofile = "nobody"\n')
    said = told("--region", "eu-west-1")
    assert "(configured: profile is from [tool.leyden] of pyproject.toml)" in said
    nothing.setenv("LEYDEN_PROFILE", "")
    assert "configured" not in told("--region", "eu-west-1")
