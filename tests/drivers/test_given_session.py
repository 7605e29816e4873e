"""A session that a caller hands in brings its credentials, region and profile."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.credentials import RefreshableCredentials

import leyden
from leyden.drivers import SyncDriver
from leyden.drivers.aio import AsyncDriver
from leyden.errors import CredentialsError, InvalidOptionError
from leyden.schema import load_service
from leyden.store import AsyncDynamoDBStore, DynamoDBStore
from tests.drivers.sending import EVERY_WAY, send_over
from tests.drivers.serving import Serving, answer, serving
from tests.drivers.test_lean import GET

SCHEMA = """
entity: note
version: "1"
service: notes
attributes: {x: string}
indexes: {own: {pk: {field: pk, composite: [x]}, sk: {field: sk, composite: []}}}
"""
WAYS = [way for way in EVERY_WAY if way != "given"]


@pytest.fixture(scope="module")
def engine() -> Iterator[leyden.LocalEngine]:
    with leyden.local() as running:
        yield running


def session_of(key: str = "KEYA", region: str | None = "eu-west-3") -> boto3.Session:
    return boto3.Session(key, "secret", region_name=region)


def signed_by(served: Serving) -> list[tuple[str, str]]:
    """The key and the region that each request was signed with."""
    found = [re.search(r"Credential=(\w+)/\d+/([\w-]+)/", head) for head in served.heads]
    return [(one[1], one[2]) for one in found if one]


@pytest.mark.parametrize("way", WAYS)
def test_requests_are_signed_with_what_the_session_says(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ENVIRONMENT")
    with serving(lambda *_: answer({})) as served:
        for session in (session_of(), session_of()._session):
            send_over(way, served.url, credentials=None, region=None, session=session)
        send_over(way, served.url, credentials=None, region="sa-east-1", session=session_of())
    assert signed_by(served) == [
        ("KEYA", "eu-west-3"),
        ("KEYA", "eu-west-3"),
        ("KEYA", "sa-east-1"),
    ]


@pytest.mark.parametrize("way", ["lean", "async"])
def test_credentials_are_asked_for_again_when_they_expire(way: str) -> None:
    asked: list[str] = []

    def fetch() -> dict[str, str]:
        asked.append(f"KEY{len(asked)}")
        # So close to its end that the next request must have others.
        until = datetime.now(UTC) + timedelta(seconds=30)
        return {
            "access_key": asked[-1],
            "secret_key": "secret",
            "token": "token",
            "expiry_time": until.isoformat(),
        }

    inner = botocore.session.Session()
    inner._credentials = RefreshableCredentials.create_from_metadata(fetch(), fetch, "test")
    session = boto3.Session(botocore_session=inner, region_name="eu-west-3")

    async def awaited(url: str) -> None:
        async with AsyncDriver(endpoint_url=url, session=session) as driver:
            for _ in range(3):
                await driver.send(GET)

    with serving(lambda *_: answer({})) as served:
        if way == "async":
            asyncio.run(awaited(served.url))
        else:
            with SyncDriver(endpoint_url=served.url, session=session) as driver:
                for _ in range(3):
                    driver.send(GET)
    keys = [key for key, _ in signed_by(served)]
    assert len(keys) == len(set(keys)) == 3
    assert set(keys) <= set(asked)


def test_a_session_of_a_profile_brings_it(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile dev]\nregion = ap-south-1\n")
    (tmp_path / "credentials").write_text(
        "[dev]\naws_access_key_id = KEYDEV\naws_secret_access_key = secret\n"
    )
    with serving(lambda *_: answer({})) as served:
        session = boto3.Session(profile_name="dev")
        send_over("lean", served.url, credentials=None, session=session)
    assert signed_by(served) == [("KEYDEV", "ap-south-1")]


def test_a_session_without_credentials_says_so() -> None:
    with (
        SyncDriver(region="eu-west-1", session=boto3.Session()) as driver,
        pytest.raises(CredentialsError),
    ):
        driver.send(GET)


def test_a_session_stays_as_it_is_and_keeps_its_configuration() -> None:
    inner = botocore.session.Session()
    inner.set_default_client_config(Config(user_agent_extra="ours", retries={"mode": "legacy"}))
    inner.set_credentials("KEYA", "secret")
    with (
        serving(lambda *_: answer({})) as served,
        SyncDriver(endpoint_url=served.url, session=inner) as driver,
    ):
        driver.send(GET)
        client: Any = driver.connection.client
    assert client.meta.config.user_agent_extra == "ours leyden"
    assert client.meta.config.retries["mode"] == "legacy"
    assert inner.get_default_client_config().user_agent_extra == "ours"
    assert inner.create_client("dynamodb", "eu-west-1").meta.config.user_agent_extra == "ours"


class AioSession(botocore.session.Session):
    """What an asynchronous library has for a session."""

    async def get_credentials(self, *_: Any, **__: Any) -> None:  # type: ignore[override]
        """Not to be asked without an event loop."""


@pytest.mark.parametrize(
    ("unfit", "words"),
    [
        (object(), r"session takes a boto3.Session\(...\).* not object"),
        ({"region": "eu-west-1"}, "not dict"),
        (AioSession(), "session is asynchronous"),
    ],
)
def test_anything_but_a_session_is_refused(unfit: Any, words: str) -> None:
    with pytest.raises(InvalidOptionError, match=words):
        leyden.load(SCHEMA, table="t", session=unfit)


@pytest.mark.parametrize(
    ("name", "other", "words"),
    [
        ("session", {"credentials": {"access_key_id": "a"}}, "leave those out .got `credentials`"),
        ("session", {"profile": "dev"}, "`session` brings its own credentials and profile"),
        ("engine", {"session": "S"}, "`engine` brings its own"),
        ("client", {"session": "S"}, "`client` brings its own .* .got `session`"),
        ("client", {"engine": "E"}, "`client` brings its own .* .got `engine`"),
        ("client", {"region": "eu-west-1", "endpoint_url": "http://x"}, "`endpoint_url`, `region`"),
    ],
)
def test_what_says_the_same_twice_is_refused(name: str, other: Any, words: str) -> None:
    options: Any = {name: "X", **other}
    spec = load_service(SCHEMA)
    with pytest.raises(InvalidOptionError, match=words):
        leyden.load(SCHEMA, table="t", **options)
    with pytest.raises(InvalidOptionError, match=words):
        asyncio.run(leyden.load_async(SCHEMA, table="t", **options))
    with pytest.raises(InvalidOptionError, match=words):
        leyden.bind(spec, table="t", **options)
    with pytest.raises(InvalidOptionError, match=words):
        leyden.bind_async(spec, table="t", **options)


def test_services_take_a_session_or_a_client(engine: leyden.LocalEngine, table_name: str) -> None:
    where: Any = {"endpoint_url": engine.endpoint_url, "session": session_of()}
    client = session_of().client("dynamodb", endpoint_url=engine.endpoint_url)
    spec = load_service(SCHEMA)

    async def awaited() -> Any:
        async with await leyden.load_async(SCHEMA, table=table_name, **where) as app:
            return await app["note"].get(x="1").go()

    with leyden.load(SCHEMA, table=table_name, client=client) as app:
        app.create_table()
        app["note"].put(x="1").go()
    with leyden.load(SCHEMA, table=table_name, **where) as app:
        assert app["note"].get(x="1").go().x == "1"
    with leyden.bind(spec, table=table_name, **where) as app:
        assert app["note"].get(x="1").go().x == "1"
    assert asyncio.run(awaited()).x == "1"
    # An engine may be called a client, as the store calls it.
    with leyden.load(SCHEMA, table="another", client=engine) as app:
        assert app.create_table().created


def test_an_event_loop_takes_the_session_of_a_client_that_would_block_it() -> None:
    client = session_of().client("dynamodb")
    with pytest.raises(InvalidOptionError, match=r"block the event loop; .*session="):
        asyncio.run(leyden.load_async(SCHEMA, table="t", client=client))
    with pytest.raises(InvalidOptionError, match=r"block the event loop; .*session="):
        leyden.bind_async(load_service(SCHEMA), table="t", client=client)


def test_stores_take_a_session(engine: leyden.LocalEngine, table_name: str) -> None:
    where: Any = {"endpoint_url": engine.endpoint_url, "session": session_of()}

    async def initialised() -> None:
        async with AsyncDynamoDBStore(table_name=table_name, **where) as store:
            await store.init()

    with DynamoDBStore(table_name=table_name, **where) as store:
        store.app.create_table()
        store.init()
    asyncio.run(initialised())
