"""The fast path asks for what botocore would ask for, or steps aside."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import botocore.session
import pytest
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leyden.drivers.base import DATA_APIS
from leyden.drivers.botocore import make_session
from leyden.drivers.connection import Credentials
from leyden.drivers.lean.client import install_probe, parameter_kinds, resolve_endpoint
from leyden.drivers.lean.endpoint import Destination
from leyden.drivers.lean.exchange import PARAMETERS
from leyden.drivers.lean.plain import PlainCredentials, PlainProfile, Surroundings
from leyden.drivers.lean.trust import Bundle, Trust
from leyden.drivers.pynamodb import SharedConnection

KEYS: Final = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "SECRET"}
PLACE: Final = {**KEYS, "AWS_REGION": "eu-central-1"}
LAMBDA: Final = {
    **PLACE,
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_SESSION_TOKEN": "TOKEN",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
    "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
}
SPECIAL: Final = {
    "AWS_ACCOUNT_ID": "123456789012",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "required",
    "AWS_CONFIG_FILE": "/nowhere",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/",
    "AWS_CREDENTIAL_EXPIRATION": "2030-01-01T00:00:00Z",
    "AWS_DEFAULTS_MODE": "standard",
    "AWS_DEFAULT_PROFILE": "other",
    "AWS_ENDPOINT_DISCOVERY_ENABLED": "true",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:2",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_MAX_ATTEMPTS": "7",
    "AWS_PROFILE": "other",
    "AWS_RETRY_MODE": "adaptive",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r",
    "AWS_SDK_UA_APP_ID": "app",
    "AWS_SECURITY_TOKEN": "OLD",
    "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
    "AWS_SIGV4A_SIGNING_REGION_SET": "*",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
    "BOTO_CONFIG": "/nowhere",
    "BOTOCORE_TCP_KEEPALIVE": "false",
    "HTTP_PROXY": "http://127.0.0.1:3128",
    "HTTPS_PROXY": "http://127.0.0.1:3128",
    "NO_PROXY": "*",
    "https_proxy": "http://127.0.0.1:3128",
}
OF_CREDENTIALS: Final = {
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_DEFAULT_PROFILE",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
}
FETCHED: Final = {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_WEB_IDENTITY_TOKEN_FILE"}
TOLD: Final = {
    **{name: value for name, value in SPECIAL.items() if name not in FETCHED},
    "AWS_CA_BUNDLE": "/certificates.pem",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_PAGER": "",
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_SESSION_TOKEN": "TOKEN",
    "REQUESTS_CA_BUNDLE": "/others.pem",
}
CONFIG: Final = (
    "[default]\nregion = sa-east-1\n",
    "[default]\nendpoint_url = http://127.0.0.1:9\n",
    "[default]\nuse_fips_endpoint = true\n",
    "[default]\nuse_dualstack_endpoint = true\n",
    "[default]\nretry_mode = legacy\nmax_attempts = 9\n",
    "[default]\nca_bundle = /c.pem\n",
    "[profile other]\nregion = us-west-2\naws_access_key_id = O\naws_secret_access_key = P\n",
    "",
)
REGIONS: Final = (
    "",
    "us-east-1",
    "eu-central-1",
    "cn-north-1",
    "us-gov-west-1",
    "local",
    "fips-us-east-1",
)
ENDPOINTS: Final = (
    None,
    None,
    "http://127.0.0.1:8000",
    "http://localhost:80/",
    "https://dynamodb.example.com",
    "https://example.com:8443/path?x=1",
    "http://user:word@127.0.0.1:8000",
    "http://[::1]:8000",
    "http://UPPER.example.com",
)
SAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "BatchGetItem": {"RequestItems": {"t": {"Keys": [{"k": {"S": "v"}}]}}},
    "BatchWriteItem": {"RequestItems": {"t": [{"DeleteRequest": {"Key": {"k": {"S": "v"}}}}]}},
    "DeleteItem": {"TableName": "t", "Key": {"k": {"S": "v"}}},
    "GetItem": {"TableName": "t", "Key": {"k": {"S": "v"}}},
    "PutItem": {"TableName": "t", "Item": {"k": {"S": "v"}}},
    "Query": {"TableName": "t", "KeyConditionExpression": "k = :k"},
    "Scan": {"TableName": "t"},
    "SearchVectors": {
        "TableName": "t",
        "IndexName": "by_meaning",
        "SearchVector": [{"N": "1"}],
        "TopK": 1,
    },
    "TransactGetItems": {"TransactItems": [{"Get": {"TableName": "t", "Key": {"k": {"S": "v"}}}}]},
    "TransactWriteItems": {
        "TransactItems": [{"Delete": {"TableName": "t", "Key": {"k": {"S": "v"}}}}],
        "ClientRequestToken": "token",
    },
    "UpdateItem": {"TableName": "t", "Key": {"k": {"S": "v"}}},
}


@contextmanager
def surrounding(home: Path, variables: Mapping[str, str], **files: str) -> Iterator[None]:
    """An environment of these variables and of these files in `~/.aws`, and nothing else."""
    folder = home / ".aws"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, text in files.items():
        (folder / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(("AWS_", "BOTO")) or name.lower().endswith(("_proxy", "_bundle")):
                patch.delenv(name)
        for name, value in {**variables, "HOME": str(home)}.items():
            patch.setenv(name, value)
        yield


def surroundings_of(**options: Any) -> Surroundings:
    """What a connection with these options finds itself in."""
    return Surroundings(
        options.get("region") or "",
        options.get("endpoint_url"),
        Credentials.of(options.get("credentials")),
        options.get("profile"),
    )


def session_profile_of(**options: Any) -> PlainProfile | None:
    """The profile of a session that a connection with these options makes."""
    found = surroundings_of(**options)
    return found.from_session(lambda: make_session(found.profile, found.credentials))


def make_client(**options: Any) -> None:
    """Find credentials and make a client as botocore does."""
    shared = SharedConnection(**options)
    shared.session.get_credentials()
    assert shared.client


def without_agent(request: bytes) -> list[bytes]:
    """The lines of a request but for who sends it, in any order."""
    lines = request.split(b"\r\n")
    return sorted(line for line in lines if not line.lower().startswith(b"user-agent:"))


def compare(plain: PlainProfile, **options: Any) -> None:
    """Assert that botocore finds the same, of which a request is made."""
    shared = SharedConnection(**options)
    found = shared.session.get_credentials().get_frozen_credentials()
    own = plain.credentials
    if not isinstance(own, PlainCredentials):
        own = own.get_frozen_credentials()
    assert found.account_id is None
    assert (own.access_key, own.secret_key, own.token) == found[:3]
    assert Bundle.named(None) == Bundle.named(shared.session)
    # A bundle that is not there is refused when a client is made, and here when one connects.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trust, "load", lambda self: None)
        patch.delenv("AWS_CA_BUNDLE", raising=False)
        patch.delenv("REQUESTS_CA_BUNDLE", raising=False)
        client: Any = shared.client
    assert client.meta.region_name == plain.region
    assert client.meta.config.retries["mode"] == "standard"
    for api in sorted(DATA_APIS):
        asked = resolve_endpoint(client, api, SAMPLES[api])
        assert asked is not None
        theirs, ours = Destination.like(*asked), plain.locate((api, None, None))
        assert ours is not None
        assert (ours.url, ours.route) == (theirs.url, theirs.route)
        assert ours.max_attempts == theirs.max_attempts
        ours_sent, theirs_sent = (
            each.request(own, "20260203T091500Z", b"{}", attempt=1, invocation="i")
            for each in (ours, theirs)
        )
        assert without_agent(ours_sent) == without_agent(theirs_sent)
    shared.close()


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    base=st.sampled_from([KEYS, PLACE, LAMBDA, {}, {"AWS_ACCESS_KEY_ID": "AKID"}]),
    told=st.dictionaries(st.sampled_from(sorted(TOLD)), st.none(), max_size=2),
    files=st.dictionaries(
        st.sampled_from(["config", "credentials"]), st.sampled_from(CONFIG), max_size=1
    ),
    region=st.sampled_from(REGIONS),
    endpoint_url=st.sampled_from(ENDPOINTS),
    explicit=st.booleans(),
    profile=st.sampled_from([None, None, None, "other"]),
)
def test_what_the_fast_path_finds_botocore_finds(
    tmp_path: Path,
    base: Mapping[str, str],
    told: Mapping[str, None],
    files: Mapping[str, str],
    region: str,
    endpoint_url: str | None,
    explicit: bool,
    profile: str | None,
) -> None:
    variables = {**base, **{name: TOLD[name] for name in told}}
    options: dict[str, Any] = {"region": region, "endpoint_url": endpoint_url, "profile": profile}
    if explicit:
        options["credentials"] = {
            "access_key_id": "GIVEN",
            "secret_access_key": "GIVENSECRET",
            "session_token": "GIVENTOKEN",
        }
    if base.keys() < KEYS.keys() or profile:
        # No machine's role is asked for.
        variables["AWS_EC2_METADATA_DISABLED"] = "true"
    with surrounding(tmp_path, variables, **files):
        try:
            plain = surroundings_of(**options).from_environment()
            by_files = plain or surroundings_of(**options).from_files()
            plain = plain or session_profile_of(**options)
        except BotoCoreError as error:
            with pytest.raises(type(error)):
                make_client(**options)
            return
        for found in (by_files, plain):
            if found is not None:
                compare(found, **options)


@pytest.mark.parametrize(
    ("name", "config", "credentials"),
    [
        ("other", "[profile other]\nregion = us-west-2\n", "[other]\n{KEYS}"),
        ("other", "[profile other]\nregion = us-west-2\n{KEYS}", ""),
        ("other", "[profile  other]\nregion = us-west-2\n{KEYS}", ""),
        ("other", "[profiles other]\nendpoint_url = http://127.0.0.1:9\n", "[other]\n{KEYS}"),
        ("other", "[profile o\\\\ther]\nendpoint_url = http://127.0.0.1:9\n", "[other]\n{KEYS}"),
        ("other", "[profile  other]\nendpoint_url = http://127.0.0.1:9\n", "[other]\n{KEYS}"),
        ("other", "[profile 'other']\nregion = us-west-2\n{KEYS}", "[other]\n{KEYS}"),
        ("other", "[other]\nregion = us-west-2\n{KEYS}", "[other]\n{KEYS}region = eu-west-1\n"),
        ("default", "[default]\nregion = us-west-2\n", "[default]\n{KEYS}"),
        ("default", "[profile default]\nregion = us-west-2\n", "[default]\n{KEYS}"),
        ("default", "[profile default]\nregion = us-west-2\n[default]\nregion = eu-west-1\n", ""),
        ("other", "[profile other]\nregion = us-west-2\n[profile other]\n", "[other]\n{KEYS}"),
        ("other", "[profile other]\nregion =\n  us-west-2\n", "[other]\n{KEYS}"),
        ("other", "[DEFAULT]\nregion = us-west-2\n[profile other]\n", "[other]\n{KEYS}"),
        ("other", "[profile other]\nREGION = us-west-2 # there\n", "[other]\n{KEYS}"),
        ("other", "[profile other]\nregion: us-west-2\n", "[other]\naws_access_key_id = A\n"),
        ("other", "", "[other]\n{KEYS}region = us-west-2\n"),
        ("other", "[profile other]\nrole_arn = r\nsource_profile = o\n", "[o]\n{KEYS}"),
        ("absent", "[profile other]\nregion = us-west-2\n", "[other]\n{KEYS}"),
    ],
)
def test_files_are_read_as_botocore_reads_them(
    tmp_path: Path, name: str, config: str, credentials: str
) -> None:
    keys = "aws_access_key_id = O\naws_secret_access_key = P%20\n"
    texts = {
        "config": config.replace("{KEYS}", keys),
        "credentials": credentials.replace("{KEYS}", keys),
    }
    told = {} if name == "default" else {"AWS_PROFILE": name}
    for more in ({}, {"AWS_DEFAULT_REGION": ""}, {"AWS_DEFAULT_REGION": "sa-east-1"}, PLACE):
        with surrounding(tmp_path, {**told, **more}, **texts):
            plain = surroundings_of().from_files()
            if plain is not None:
                compare(plain)


def test_keys_and_a_region_in_files_need_no_botocore(tmp_path: Path) -> None:
    keys = "[other]\naws_access_key_id = O\naws_secret_access_key = P\n"
    config = "[profile other]\nregion = us-west-2\n"
    with surrounding(tmp_path, {"AWS_PROFILE": "other"}, config=config, credentials=keys):
        plain = surroundings_of().from_files()
        assert plain is not None
        assert (plain.region, plain.credentials.access_key) == ("us-west-2", "O")
    with surrounding(tmp_path, PLACE, config="[default]\nregion = us-west-2\n"):
        plain = surroundings_of().from_files()
        assert plain is not None
        assert (plain.region, plain.credentials.access_key) == ("eu-central-1", "AKID")


def test_a_profile_of_credentials_and_region_needs_no_client(tmp_path: Path) -> None:
    config = "[profile other]\nregion = us-west-2\nrole_session_name = me\noutput = json\n"
    keys = "[other]\naws_access_key_id = O\naws_secret_access_key = P\naws_session_token = Q\n"
    with surrounding(tmp_path, {"AWS_PROFILE": "other"}, config=config, credentials=keys):
        assert surroundings_of().from_environment() is None
        plain = session_profile_of()
        assert plain is not None
        assert plain.url == "https://dynamodb.us-west-2.amazonaws.com/"
        compare(plain)


@pytest.mark.parametrize("name", sorted(SPECIAL.keys() - OF_CREDENTIALS))
def test_what_only_botocores_client_knows_steps_aside(tmp_path: Path, name: str) -> None:
    with surrounding(tmp_path, {**PLACE, name: SPECIAL[name]}):
        assert session_profile_of() is None
        assert surroundings_of().from_files() is None


@pytest.mark.parametrize("text", CONFIG[1:6])
def test_a_profile_that_says_more_steps_aside(tmp_path: Path, text: str) -> None:
    with surrounding(tmp_path, PLACE, config=text):
        assert session_profile_of() is None
        assert surroundings_of().from_files() is None
    with surrounding(tmp_path, PLACE, models=""):
        assert session_profile_of() is None


def test_credentials_of_an_account_step_aside(tmp_path: Path) -> None:
    keys = "[default]\naws_access_key_id = O\naws_secret_access_key = P\naws_account_id = 12\n"
    with surrounding(tmp_path, {"AWS_REGION": "us-west-2"}, credentials=keys):
        assert session_profile_of() is None


@pytest.mark.parametrize("endpoint_url", [None, "http://127.0.0.1:8000", "https://d.example.com"])
@pytest.mark.parametrize("base", [PLACE, LAMBDA, KEYS | {"AWS_DEFAULT_REGION": "us-west-2"}])
def test_plain_surroundings_take_the_short_way(
    tmp_path: Path, base: Mapping[str, str], endpoint_url: str | None
) -> None:
    with surrounding(tmp_path, base):
        plain = surroundings_of(endpoint_url=endpoint_url).from_environment()
        assert plain is not None
        compare(plain, endpoint_url=endpoint_url)


def test_an_emulator_needs_no_region(tmp_path: Path) -> None:
    with surrounding(tmp_path, KEYS):
        plain = surroundings_of(endpoint_url="http://127.0.0.1:8000").from_environment()
        assert plain is not None
        compare(plain, endpoint_url="http://127.0.0.1:8000")
        assert surroundings_of().from_environment() is None


@pytest.mark.parametrize("name", SPECIAL)
def test_what_only_botocore_knows_steps_aside(tmp_path: Path, name: str) -> None:
    with surrounding(tmp_path, {**PLACE, name: SPECIAL[name]}):
        assert surroundings_of().from_environment() is None


@pytest.mark.parametrize("file", ["config", "credentials", "models"])
def test_a_configuration_file_steps_aside(tmp_path: Path, file: str) -> None:
    with surrounding(tmp_path, PLACE, **{file: ""}):
        assert surroundings_of().from_environment() is None


def test_a_profile_and_a_loaded_botocore_step_aside(tmp_path: Path) -> None:
    with surrounding(tmp_path, PLACE):
        assert surroundings_of(profile="other").from_environment() is None
        # Stand-ins for AWS have their hooks in botocore, which this process has imported.
        assert (
            surroundings_of().plain_profile(lambda: pytest.fail("there is no need of a session"))
            is None
        )


def test_each_region_that_botocore_knows_has_its_endpoint_or_steps_aside(tmp_path: Path) -> None:
    session = botocore.session.Session()
    taken = 0
    with surrounding(tmp_path, KEYS):
        for partition in session.get_available_partitions():
            for region in session.get_available_regions("dynamodb", partition, True):
                plain = surroundings_of(region=region).from_environment()
                if plain is None:
                    continue
                taken += 1
                client = session.create_client("dynamodb", region)
                install_probe(client)
                asked = client.meta.endpoint_url
                searching = resolve_endpoint(client, "SearchVectors", SAMPLES["SearchVectors"])
                client.close()
                assert searching is not None
                assert plain.url == f"{asked}/", region
                assert plain.search_url == searching[0], region
    assert taken > 20


def test_parameters_are_of_the_kinds_that_botocore_says() -> None:
    service = botocore.session.Session().get_service_model("dynamodb")
    assert set(PARAMETERS) == DATA_APIS
    for api, kinds in PARAMETERS.items():
        theirs = parameter_kinds(service.operation_model(api))
        assert kinds == {name: theirs[name] for name in kinds}


def test_the_description_of_the_service_is_the_one_that_is_written_for() -> None:
    described: Any = Loader().load_service_model("dynamodb", "service-2")
    assert described["metadata"]["targetPrefix"] == "DynamoDB_20120810"
    assert described["metadata"]["jsonVersion"] == "1.0"
