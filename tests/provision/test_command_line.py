"""The commands that Leyden prints, as the AWS command line runs them on an engine."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from tools import provision_tools

from leyden.drivers import SyncDriver
from leyden.errors import TableMismatchError
from leyden.mapping.merging import table_definition
from leyden.provision import commands_after, create_table_json
from leyden.provision.resource import production
from leyden.schema import TableSettings
from leyden.tables import check_table, create_table
from tests.ministack import Ministack
from tests.provision.goldens import ROOT
from tests.provision.test_formats import having
from tests.provision.test_table_settings import ALL, BARE

pytestmark = pytest.mark.formats

PYTHON = ROOT / ".cache" / provision_tools.FOLDER / "python" / "bin" / "python"

# One process for all of them: each command alone would spend most of its time on starting.
SCRIPT = """
import json, sys
from awscli.clidriver import create_clidriver

driver = create_clidriver()
for arguments in json.load(sys.stdin):
    code = driver.main(arguments)
    if code != 0:
        sys.exit(f"{code}: {arguments}")
"""


def run(commands: list[str], engine: Any) -> None:
    place = ("--endpoint-url", engine.endpoint_url)
    given = []
    for command in commands:
        for one in command.split(", then "):
            program, *arguments = shlex.split(one)
            assert program == "aws"
            given.append([*arguments, *place])
    here = {
        "AWS_DEFAULT_REGION": engine.region,
        "AWS_ACCESS_KEY_ID": engine.credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": engine.credentials.secret_access_key,
    }
    done = subprocess.run(
        [str(PYTHON), "-c", SCRIPT],
        input=json.dumps(given),
        env={**os.environ, **here},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def driver(ministack_engine: Ministack) -> Iterator[SyncDriver]:
    engine = ministack_engine
    with SyncDriver(
        endpoint_url=engine.endpoint_url, region=engine.region, credentials=engine.credentials
    ) as driver:
        yield driver


def test_the_commands_of_the_page_make_the_table(
    driver: SyncDriver, ministack_engine: Ministack, table_name: str, tmp_path: Path
) -> None:
    # The engine scales nothing.
    definition = table_definition(having(evolve(ALL, billing="on_demand")))
    file = tmp_path / "table.json"
    file.write_text(json.dumps(create_table_json(definition, table_name)), encoding="utf-8")
    create = f"aws dynamodb create-table --cli-input-json file://{file}"
    run([create, *commands_after(definition, table_name)], ministack_engine)
    wanted = evolve(definition, settings=production(definition.settings))
    assert driver.run(check_table(wanted, table_name))["TableName"] == table_name


def test_the_remedies_of_differences_repair_the_table(
    driver: SyncDriver, ministack_engine: Ministack, table_name: str
) -> None:
    wanted = evolve(BARE, settings=ALL)
    # A stream is not changed: it is turned off, and on again.
    old = evolve(BARE, settings=TableSettings(stream="keys_only"))
    driver.run(create_table(old, table_name))
    with pytest.raises(TableMismatchError) as caught:
        driver.run(check_table(wanted, table_name))
    differences: Any = caught.value.differences
    assert {one.code for one in differences} == {
        *("billing", "point_in_time_recovery", "encryption", "deletion_protection"),
        *("stream", "tags", "table_class", "replicas"),
    }
    run([difference.remedy for difference in differences], ministack_engine)
    driver.run(check_table(wanted, table_name))


@pytest.mark.parametrize("name", ["$HOME", "a`b's", "a,b={c}", "\u202eleft"])
def test_commands_run_whatever_things_are_called(
    name: str, driver: SyncDriver, ministack_engine: Ministack, table_name: str
) -> None:
    definition = evolve(BARE, ttl=name, settings=TableSettings(tags={"cost center": "a, b = c"}))
    driver.run(create_table(BARE, table_name))
    with pytest.raises(TableMismatchError) as caught:
        driver.run(check_table(definition, table_name))
    differences: Any = caught.value.differences
    assert {one.code for one in differences} == {"ttl.off", "tags"}
    run([one.remedy.strip("`") for one in differences], ministack_engine)
    driver.run(check_table(definition, table_name))
