"""Searches of vector indexes: their own host, answers and refusals, over each way to send."""

from __future__ import annotations

import asyncio
import json
import threading
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import boto3
import botocore
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.loaders import Loader

from leyden.drivers import SharedConnection, SyncDriver
from leyden.drivers.aio import AsyncConnection, AsyncDriver
from leyden.drivers.lean.aio_sockets import AsyncPool
from leyden.drivers.lean.client import install_probe, resolve_endpoint
from leyden.drivers.lean.plain import Surroundings
from leyden.drivers.lean.sockets import Pool
from leyden.errors import (
    AwsError,
    ConnectionFailedError,
    InvalidOptionError,
    ThrottledError,
    UnsupportedError,
)
from leyden.program import Request
from tests.drivers.answering import refusal
from tests.drivers.sending import EVERY_WAY, OURS, send_over
from tests.drivers.serving import answer, make_certificate, serving
from tests.drivers.test_lean import FOUND, GET, KEYS

SEARCH: Final = Request(
    "SearchVectors",
    {
        "TableName": "t",
        "IndexName": "by_meaning",
        "SearchVector": [{"N": "0.5"}, {"N": "-1"}],
        "TopK": 3,
        "SearchConditionExpression": "#k = :k",
        "ExpressionAttributeNames": {"#k": "kind"},
        "ExpressionAttributeValues": {":k": {"S": "x"}},
    },
    "note.search",
    "note",
)
MATCHES: Final = {
    "SearchResults": [
        {"Item": {"pk": {"S": "a"}, "raw": {"B": "AAEC"}}, "Score": 0.25},
        {"Item": {"pk": {"S": "b"}}, "Score": 1},
    ],
    "ConsumedCapacity": {"VectorSearchRequestBytes": 4096.0},
}
READ: Final = [
    {"Item": {"pk": {"S": "a"}, "raw": {"B": b"\x00\x01\x02"}}, "Score": 0.25},
    {"Item": {"pk": {"S": "b"}}, "Score": 1.0},
]

# Where a search goes.

ACCOUNT: Final = {"AWS_ACCOUNT_ID": "123456789012"}
FIPS: Final = {"AWS_USE_FIPS_ENDPOINT": "true"}
DUAL: Final = {"AWS_USE_DUALSTACK_ENDPOINT": "true"}
MINE: Final = "https://mine.example:8443"
ARN: Final = "arn:aws:dynamodb:us-east-1:210987654321:table/t"
PLACES: Final[list[tuple[str, Mapping[str, str], str, str]]] = [
    ("us-east-1", {}, "t", "https://search-dynamodb.us-east-1.amazonaws.com/"),
    ("us-east-1", FIPS, "t", "https://search-dynamodb-fips.us-east-1.amazonaws.com/"),
    ("us-east-1", DUAL, "t", "https://search-dynamodb.us-east-1.api.aws/"),
    ("us-east-1", FIPS | DUAL, "t", "https://search-dynamodb-fips.us-east-1.api.aws/"),
    ("cn-north-1", {}, "t", "https://search-dynamodb.cn-north-1.amazonaws.com.cn/"),
    ("cn-north-1", DUAL, "t", "https://search-dynamodb.cn-north-1.api.amazonwebservices.com.cn/"),
    ("us-gov-west-1", {}, "t", "https://search-dynamodb.us-gov-west-1.amazonaws.com/"),
    ("us-gov-west-1", FIPS, "t", "https://search-dynamodb.us-gov-west-1.amazonaws.com/"),
    ("us-iso-east-1", {}, "t", "https://search-dynamodb.us-iso-east-1.c2s.ic.gov/"),
    ("us-east-1", ACCOUNT, "t", "https://123456789012.search-ddb.us-east-1.amazonaws.com/"),
    ("us-east-1", ACCOUNT | DUAL, "t", "https://123456789012.search-ddb.us-east-1.api.aws/"),
    ("us-east-1", ACCOUNT | FIPS, "t", "https://search-dynamodb-fips.us-east-1.amazonaws.com/"),
    (
        "us-east-1",
        ACCOUNT | {"AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled"},
        "t",
        "https://search-dynamodb.us-east-1.amazonaws.com/",
    ),
    ("us-east-1", {}, ARN, "https://210987654321.search-ddb.us-east-1.amazonaws.com/"),
    ("us-east-1", ACCOUNT, ARN, "https://210987654321.search-ddb.us-east-1.amazonaws.com/"),
    ("eu-west-1", {}, ARN, "https://search-dynamodb.eu-west-1.amazonaws.com/"),
    ("local", {}, "t", "http://localhost:8000/"),
    ("us-east-1", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9/"}, "t", "http://127.0.0.1:9/"),
    ("us-east-1", {"AWS_ENDPOINT_URL_DYNAMODB": "http://h.example"}, "t", "http://h.example/"),
]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that Leyden's own transports would call; nobody is there."""
    urls: list[str] = []

    def call(pool: Any, destination: Any, data: bytes) -> Any:
        urls.append(destination.url)
        assert b"/dynamodb/aws4_request" in data
        raise EndpointConnectionError(endpoint_url=destination.url)

    async def call_and_wait(pool: Any, destination: Any, data: bytes) -> Any:
        return call(pool, destination, data)

    monkeypatch.setattr(Pool, "exchange", call)
    monkeypatch.setattr(AsyncPool, "exchange", call_and_wait)
    return urls


@pytest.mark.parametrize(
    ("region", "told", "table", "place", "endpoint_url"),
    [
        *((*case, None) for case in PLACES),
        # botocore refuses an endpoint beside FIPS and dual stack.
        *((*case, MINE) for case in PLACES if not case[1].keys() & (FIPS | DUAL).keys()),
    ],
)
def test_it_goes_to_the_host_that_botocore_resolves(
    region: str,
    told: Mapping[str, str],
    table: str,
    place: str,
    endpoint_url: str | None,
    called: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if endpoint_url is not None:
        place = f"{endpoint_url}/"
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRETKEY")
    params = SEARCH.params | {"TableName": table}
    options: dict[str, Any] = {"region": region, "endpoint_url": endpoint_url, "credentials": None}
    theirs = boto3.Session().client("dynamodb", region, endpoint_url=endpoint_url)
    install_probe(theirs)
    shared = SharedConnection(**options)
    for client in (theirs, shared.client):
        asked = resolve_endpoint(client, "SearchVectors", params)
        assert asked is not None
        assert asked[0] == place
        assert "/dynamodb/aws4_request" in asked[1]["Authorization"]
        client.close()
    for way in OURS:
        with pytest.raises(ConnectionFailedError) as caught:
            send_over(way, "", Request("SearchVectors", params), **options)
        assert called.pop() == place
        assert f"{place.rstrip('/')} cannot be reached" in str(caught.value)


@pytest.mark.parametrize("way", EVERY_WAY)
def test_an_endpoint_that_is_given_gets_searches_as_well(way: str) -> None:
    with serving(lambda n: answer(MATCHES)) as server:
        assert send_over(way, server.url, SEARCH)["SearchResults"] == READ
        assert server.bodies == [{**SEARCH.params, "ReturnConsumedCapacity": "TOTAL"}]
        assert "X-Amz-Target: DynamoDB_20120810.SearchVectors".lower() in server.heads[0].lower()


def test_each_host_has_connections_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tls, bundle = make_certificate(tmp_path, "*.us-east-1.amazonaws.com")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    options: dict[str, Any] = {"region": "us-east-1", "credentials": KEYS}

    def reply(n: int) -> bytes:
        return answer(MATCHES if "SearchVector" in proxy.bodies[n] else FOUND)

    def hosts() -> list[str]:
        asked = [head.split()[1] for head in proxy.heads if head.startswith("CONNECT")]
        proxy.heads.clear()
        return asked

    async def main() -> None:
        async with AsyncDriver(**options) as driver:
            for _ in range(3):
                assert (await driver.send(GET))["Item"] == FOUND["Item"]
                assert (await driver.send(SEARCH))["SearchResults"] == READ

    both = ["dynamodb.us-east-1.amazonaws.com:443", "search-dynamodb.us-east-1.amazonaws.com:443"]
    with serving(reply, tls=tls, proxy=True) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with SyncDriver(**options) as driver:
            for _ in range(3):
                assert driver.send(GET)["Item"] == FOUND["Item"]
                assert driver.send(SEARCH)["SearchResults"] == READ
        assert hosts() == both
        asyncio.run(main())
        assert hosts() == both


def test_searches_that_take_long_leave_room_for_other_requests(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tls, bundle = make_certificate(tmp_path, "*.us-east-1.amazonaws.com")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    released = threading.Event()

    def reply(n: int) -> bytes:
        if "SearchVector" not in proxy.bodies[n]:
            return answer(FOUND)
        released.wait(10)
        return answer(MATCHES)

    async def main() -> None:
        connection = AsyncConnection(region="us-east-1", credentials=KEYS, pool_size=1)
        driver = AsyncDriver(connection=connection)
        searches = [asyncio.create_task(driver.send(SEARCH)) for _ in range(2)]
        await asyncio.sleep(0.05)
        async with asyncio.timeout(5):
            assert (await driver.send(GET))["Item"] == FOUND["Item"]
        released.set()
        assert [one["SearchResults"] for one in await asyncio.gather(*searches)] == [READ] * 2
        await connection.close()

    with serving(reply, tls=tls, proxy=True) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        asyncio.run(main())
        assert len([head for head in proxy.heads if head.startswith("CONNECT")]) == 2


# Who does not know of searches.


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last botocore that does not know of them."""
    load: Any = Loader.load_service_model

    def load_older(self: Any, service: str, kind: str, api_version: str | None = None) -> Any:
        model = load(self, service, kind, api_version)
        if (service, kind) == ("dynamodb", "service-2"):
            operations = {**model["operations"]}
            del operations["SearchVectors"]
            return {**model, "operations": operations}
        return model

    monkeypatch.setattr(Loader, "load_service_model", load_older)
    monkeypatch.setattr(botocore, "__version__", "1.43.63")


@pytest.mark.usefixtures("older")
@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_botocore_that_is_too_old_is_named(way: str) -> None:
    with serving(lambda n: answer(FOUND)) as server:
        with pytest.raises(UnsupportedError) as caught:
            send_over(way, server.url, SEARCH)
        assert server.bodies == []
        assert send_over(way, server.url)["Item"] == FOUND["Item"]
    error = caught.value
    assert str(error).startswith(
        "note.search: botocore 1.43.63, which is installed here, does not know SearchVectors; "
        'SearchVectors needs version 1.43.64: pip install "botocore>=1.43.64"'
    )
    assert (error.code, error.unsure, error.entity) == ("aws.unsupported", False, "note")


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ("1.43.63", False),
        ("1.9.99", False),
        ("1.43.64", True),
        ("1.44.0", True),
        ("2.0.0dev1", True),
    ],
)
def test_the_way_without_botocore_asks_for_its_version(
    version: str, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(botocore, "__version__", version)
    environment = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S"}
    plain = Surroundings("us-east-1", None, environment=environment).from_environment()
    assert plain is not None
    assert plain.locate(("GetItem", None, None)) is not None
    found = plain.locate(("SearchVectors", None, None))
    assert bool(found) == known
    if found:
        assert found.url == plain.search_url == "https://search-dynamodb.us-east-1.amazonaws.com/"


@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_call_that_nobody_knows_is_refused_by_its_name(way: str) -> None:
    with (
        serving(lambda n: answer({})) as server,
        pytest.raises(UnsupportedError, match="does not know FindItems; check the name"),
    ):
        send_over(way, server.url, Request("FindItems", {}))


# What it is answered.


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize(
    "found",
    [{"SearchResults": []}, {"ConsumedCapacity": {"VectorSearchRequestBytes": 1.0}}],
)
def test_nothing_may_be_found(way: str, found: dict[str, Any]) -> None:
    with serving(lambda n: answer(found)) as server:
        assert not send_over(way, server.url, SEARCH).get("SearchResults")


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"SearchResults": {}},
        {"SearchResults": [1]},
        {"SearchResults": [{"Item": {"pk": "a"}, "Score": 1.0}]},
        {"SearchResults": [{"Item": {"raw": {"B": "!!!a"}}, "Score": 1.0}]},
        {"SearchResults": [{"Item": {}, "Score": "near"}]},
        {"Items": [], "Count": 0},
    ],
)
def test_what_dynamodb_does_not_answer_is_no_empty_answer(way: str, body: dict[str, Any]) -> None:
    with serving(lambda n: answer(body)) as server, pytest.raises(AwsError) as caught:
        send_over(way, server.url, SEARCH)
    assert "is not DynamoDB's: it cannot be read" in str(caught.value)
    assert not caught.value.unsure


LARGE: Final = json.dumps(
    {
        "SearchResults": [
            {"Item": {"text": {"S": "x" * 160_000}}, "Score": n / 100} for n in range(100)
        ],
        "ConsumedCapacity": {"VectorSearchRequestBytes": 1.0},
    }
).encode()


@pytest.mark.parametrize("way", EVERY_WAY)
def test_an_answer_of_16_mb_is_read(way: str) -> None:
    with serving(lambda n: answer(LARGE, 200, f"x-amz-crc32: {zlib.crc32(LARGE)}")) as server:
        found = send_over(way, server.url, SEARCH)["SearchResults"]
    assert len(found) == 100
    assert {len(one["Item"]["text"]["S"]) for one in found} == {160_000}


@pytest.fixture
def three_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", no_delay)


def no_delay(self: Any, context: Any) -> float:
    return 0.0


GOOD: Final = json.dumps(MATCHES).encode()
PASSING: Final = {
    "throttled": answer(refusal("ThrottlingException", "slow down"), 400),
    "over the limit": answer(refusal("RequestLimitExceeded", "slow down"), 400),
    "failed": answer(refusal("InternalServerError", "sorry"), 500),
    "closed": None,
    "wrong checksum": answer(GOOD, 200, "x-amz-crc32: 1"),
}


@pytest.mark.usefixtures("three_attempts")
@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_tried_again(way: str, name: str) -> None:
    with serving(lambda n: PASSING[name] if n < 2 else answer(MATCHES)) as server:
        found = send_over(way, server.url, SEARCH)
        assert found["SearchResults"] == READ
        assert found["ResponseMetadata"]["RetryAttempts"] == 2
        assert server.bodies[0] == server.bodies[1] == server.bodies[2]


@pytest.mark.usefixtures("three_attempts")
@pytest.mark.parametrize("way", EVERY_WAY)
def test_what_does_not_pass_says_so(way: str) -> None:
    with serving(lambda n: PASSING["throttled"]) as server:
        with pytest.raises(ThrottledError, match=r"t \(index by_meaning\) was throttled"):
            send_over(way, server.url, SEARCH)
        assert len(server.bodies) == 3
    with serving(lambda n: None) as server, pytest.raises(ConnectionFailedError) as caught:
        send_over(way, server.url, SEARCH)
    assert not caught.value.unsure


@pytest.mark.parametrize("way", OURS)
@pytest.mark.parametrize("changes", [{"TopK": "3"}, {"SearchVector": "0.5"}])
def test_parameters_of_another_kind_are_not_sent(way: str, changes: dict[str, Any]) -> None:
    with serving(lambda n: answer(MATCHES)) as server:
        with pytest.raises(InvalidOptionError, match="SearchVectors cannot be written"):
            send_over(way, server.url, Request("SearchVectors", SEARCH.params | changes))
        assert server.bodies == []
