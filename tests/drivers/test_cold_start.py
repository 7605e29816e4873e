"""A fresh process comes to its answers without botocore, and to errors as every other process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.drivers.serving import Serving, answer, serving
from tests.drivers.test_lean import FOUND

SCRIPT = """
import json, sys
from leyden.drivers.sync import SyncDriver
from leyden.errors import LeydenError
from leyden.program import Request

{before}
found = []
with SyncDriver(endpoint_url=sys.argv[1]) as driver:
    for api, params in json.loads(sys.argv[2]):
        try:
            response = driver.send(Request(api, params))
            retries = response["ResponseMetadata"]["RetryAttempts"]
            found.append(response | {{"ResponseMetadata": retries}})
        except LeydenError as error:
            cause = type(error.__cause__).__name__
            found.append([error.code, cause, getattr(error, "unsure", None)])
others = ("attr", "asyncio", "botocore", "pynamodb", "ssl")
loaded = [name for name in others if name in sys.modules]
print(json.dumps([found, loaded]))
"""
KEY = {"pk": {"S": "a"}}
GET = ["GetItem", {"TableName": "t", "Key": KEY}]
PUT = [
    "PutItem",
    {"TableName": "t", "Item": KEY, "ConditionExpression": "attribute_not_exists(pk)"},
]
ADD = [
    "UpdateItem",
    {
        "TableName": "t",
        "Key": KEY,
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    },
]
REFUSED = answer(
    {"__type": "x#ConditionalCheckFailedException", "message": "The conditional request failed"},
    400,
)


def in_a_process(
    server: Serving, tmp_path: Path, requests: list[Any], *, before: str = "", **variables: str
) -> tuple[list[Any], list[str]]:
    """What these requests come to in a process of their own, and what that has imported."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "BOTO")) and not name.lower().endswith("_proxy")
    }
    keys = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "S", "AWS_REGION": "eu-west-1"}
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(before=before), server.url, json.dumps(requests)],
        env={**kept, **keys, "HOME": str(tmp_path), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found, loaded = json.loads(ended.stdout)
    return found, loaded


def test_good_answers_need_neither_botocore_nor_pynamodb(tmp_path: Path) -> None:
    with serving(lambda n: answer(FOUND)) as server:
        found, loaded = in_a_process(server, tmp_path, [GET, GET])
    assert found == [FOUND | {"ResponseMetadata": 0}] * 2
    assert loaded == []
    assert server.opened == 1


@pytest.mark.parametrize(
    ("replies", "request_sent", "expected", "sent"),
    [
        ([REFUSED], PUT, ["condition.failed", "ConditionalCheckFailedException", False], 1),
        ([answer({}, 500), answer(FOUND)], GET, FOUND | {"ResponseMetadata": 1}, 2),
        ([None, answer(FOUND)], GET, FOUND | {"ResponseMetadata": 1}, 2),
        ([None], ADD, ["aws.connection", "ConnectionClosedError", True], 1),
    ],
)
def test_what_is_no_good_answer_is_left_to_botocore(
    tmp_path: Path, replies: list[Any], request_sent: Any, expected: Any, sent: int
) -> None:
    def reply(n: int) -> Any:
        return replies[n] if n < len(replies) else answer(FOUND)

    with serving(reply) as server:
        found, loaded = in_a_process(server, tmp_path, [request_sent, GET])
        assert found[0] == expected
        assert found[1] == FOUND | {"ResponseMetadata": 0}
        assert "botocore" in loaded
        assert "pynamodb" not in loaded
        assert len(server.bodies) == sent + 1


def test_every_attempt_of_a_request_has_its_id_and_its_number(tmp_path: Path) -> None:
    replies = [answer({}, 500), answer({}, 503), answer(FOUND)]
    with serving(lambda n: replies[n]) as server:
        found, _ = in_a_process(server, tmp_path, [GET])
        assert found[0]["ResponseMetadata"] == 2
        heads = [dict(_headers(head)) for head in server.heads]
    assert len({head["amz-sdk-invocation-id"] for head in heads}) == 1
    attempts = [head["amz-sdk-request"] for head in heads]
    assert attempts == [f"attempt={n}; max=4" for n in (1, 2, 3)]


def _headers(head: str) -> list[tuple[str, str]]:
    lines = (line.partition(":") for line in head.split("\r\n")[1:] if line)
    return [(name.lower(), value.strip()) for name, _, value in lines]


def test_other_calls_and_wrong_parameters_are_botocores_to_judge(tmp_path: Path) -> None:
    wrong = ["GetItem", {"TableName": "t", "Key": KEY, "Nonsense": 1}]
    with serving(lambda n: answer({"TableNames": ["t"]})) as server:
        found, loaded = in_a_process(server, tmp_path, [wrong, ["ListTables", {}]])
        assert len(server.bodies) == 1
    assert found[0][0] == "option.invalid"
    assert found[1]["TableNames"] == ["t"]
    assert "botocore" in loaded


def test_a_stand_in_for_the_service_answers_in_its_place(tmp_path: Path) -> None:
    stand_in = """
import botocore.client
def answer(self, operation_name, api_params):
    return {"Item": {"stood": {"S": "in"}}, "ResponseMetadata": {"RetryAttempts": 0}}
botocore.client.BaseClient._make_api_call = answer
"""
    with serving(lambda n: answer(FOUND)) as server:
        found, _ = in_a_process(server, tmp_path, [GET], before=stand_in)
        assert not server.bodies
    assert found[0]["Item"] == {"stood": {"S": "in"}}


def test_a_setting_of_botocores_is_followed(tmp_path: Path) -> None:
    with serving(lambda n: answer({}, 500)) as server:
        found, _ = in_a_process(server, tmp_path, [GET], AWS_MAX_ATTEMPTS="1")
        assert len(server.bodies) == 1
    assert found[0][0] == "aws.failed"


def test_a_profile_of_credentials_needs_botocores_session_and_no_pynamodb(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nregion = eu-west-1\nrole_session_name = me\n")
    with serving(lambda n: answer(FOUND)) as server:
        found, loaded = in_a_process(server, tmp_path, [GET, GET], AWS_CONFIG_FILE=str(config))
    assert found == [FOUND | {"ResponseMetadata": 0}] * 2
    assert "botocore" in loaded
    assert "pynamodb" not in loaded


def test_a_process_with_an_event_loop_needs_neither_botocore_nor_pynamodb(tmp_path: Path) -> None:
    script = """
import asyncio, sys
from leyden.drivers.aio import AsyncDriver
from leyden.program import Request

async def main():
    async with AsyncDriver(endpoint_url=sys.argv[1]) as driver:
        key = {"pk": {"S": "a"}}
        return await driver.send(Request("GetItem", {"TableName": "t", "Key": key}))

assert asyncio.run(main())["Item"] == {"pk": {"S": "a"}}
others = [name for name in ("botocore", "pynamodb") if name in sys.modules]
print("[[], " + str(others).replace("'", '"') + "]")
sys.exit()
"""
    with serving(lambda n: answer(FOUND)) as server:
        _, loaded = in_a_process(server, tmp_path, [], before=script)
        assert len(server.bodies) == 1
    assert loaded == []


def test_a_service_is_loaded_and_read_without_what_a_read_does_not_use(tmp_path: Path) -> None:
    schemas = Path(__file__).parents[2] / "schemas" / "memory"
    script = f"""
import sys, leyden
with leyden.load({str(schemas)!r}, table="t", endpoint_url=sys.argv[1]) as app:
    assert app.entities.thread.get(id="t1").go() is None
others = ("attr", "asyncio", "botocore", "jmespath", "logging", "pynamodb.attributes", "ssl")
others += ("leyden.operations.chains.write", "leyden.store", "leyden.porting", "leyden.chart")
print("[[], " + str([name for name in others if name in sys.modules]).replace("'", '"') + "]")
sys.exit()
"""
    with serving(lambda n: answer({})) as server:
        _, loaded = in_a_process(server, tmp_path, [], before=script)
        assert len(server.bodies) == 1
    assert loaded == []
