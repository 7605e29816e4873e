from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pynamodb.settings
import pytest
from botocore.exceptions import NoRegionError

from leyden.drivers import Credentials, SharedConnection
from leyden.drivers.lean.client import resolve_endpoint
from leyden.errors import InvalidOptionError

SECRET = "wJalrXUtnFEMI"
KEYS = {"access_key_id": "AKID", "secret_access_key": SECRET}
URL = "http://127.0.0.1:1"


def region_of(**options: Any) -> str:
    return str(SharedConnection(credentials=KEYS, **options).client.meta.region_name)


def test_an_explicit_region_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert region_of(region="ap-south-1") == "ap-south-1"


def test_the_region_comes_from_aws_region_then_aws_default_region(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    assert region_of() == "eu-west-2"
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert region_of() == "eu-west-1"


def test_the_region_of_the_profile_is_used(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile team]\nregion = sa-east-1\n")
    assert region_of(profile="team") == "sa-east-1"


def test_pynamodb_region_setting_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pynamodb.settings.default_settings_dict, "region", "us-west-2")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert region_of() == "eu-west-1"


def test_an_endpoint_without_any_region_gets_us_east_1() -> None:
    assert region_of(endpoint_url=URL) == "us-east-1"


def test_without_endpoint_and_region_the_client_cannot_be_made() -> None:
    connection = SharedConnection(credentials=KEYS)
    with pytest.raises(NoRegionError):
        _ = connection.client


def test_making_a_connection_looks_nothing_up() -> None:
    assert "configured region" in repr(SharedConnection())


def test_explicit_credentials_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OTHER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other")
    used = SharedConnection(
        endpoint_url=URL, credentials={**KEYS, "session_token": "tok"}
    ).session.get_credentials()
    assert (used.access_key, used.secret_key, used.token) == ("AKID", SECRET, "tok")


def test_the_profile_gives_credentials(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(
        "[team]\naws_access_key_id = PROFILED\naws_secret_access_key = x\n"
    )
    session = SharedConnection(endpoint_url=URL, profile="team").session
    assert session.get_credentials().access_key == "PROFILED"


@pytest.mark.parametrize(
    "given", [KEYS, SimpleNamespace(**KEYS), Credentials("AKID", SECRET)], ids=lambda g: type(g)
)
def test_credentials_are_a_mapping_or_an_object(given: Any) -> None:
    assert Credentials.of(given) == Credentials("AKID", SECRET)


def test_credentials_never_show_their_secrets() -> None:
    shown = repr(Credentials("AKID", SECRET, "token-text"))
    assert SECRET not in shown
    assert "token-text" not in shown


def test_a_misspelt_credential_name_is_refused_with_the_right_one() -> None:
    with pytest.raises(InvalidOptionError, match='did you mean "secret_access_key"') as caught:
        SharedConnection(credentials={"access_key_id": "a", "secret_acess_key": SECRET})
    assert SECRET not in str(caught.value)


def test_half_of_the_credentials_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match="lack secret_access_key"):
        SharedConnection(credentials={"access_key_id": "a"})


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://host", "http://", "http://h:x", ""])
def test_an_endpoint_that_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidOptionError, match="endpoint_url"):
        SharedConnection(endpoint_url=url)


def test_the_place_in_messages_leaves_out_user_and_password() -> None:
    connection = SharedConnection(endpoint_url="http://user:pass@localhost:8000/x")
    assert connection.place == "http://localhost:8000"


def test_the_place_of_an_address_of_version_6_can_be_used_as_one() -> None:
    assert SharedConnection(endpoint_url="http://[::1]:8000").place == "http://[::1]:8000"


def test_the_place_is_the_endpoint_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:7777")
    connection = SharedConnection(region="eu-west-1", credentials=KEYS)
    assert connection.place == "region eu-west-1"
    _ = connection.client
    assert connection.place == "http://127.0.0.1:7777"


def test_threads_share_one_client_and_one_session() -> None:
    connection = SharedConnection(endpoint_url=URL, credentials=KEYS)
    with ThreadPoolExecutor(8) as pool:
        clients = {id(client) for client in pool.map(lambda _: connection.client, range(16))}
        sessions = {id(session) for session in pool.map(lambda _: connection.session, range(16))}
    assert (len(clients), len(sessions)) == (1, 1)


def test_retries_are_standard_unless_the_configuration_names_a_mode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def mode() -> str:
        client: Any = SharedConnection(endpoint_url=URL, credentials=KEYS).client
        return str(client.meta.config.retries["mode"])

    assert mode() == "standard"
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
    assert mode() == "adaptive"


def test_the_client_has_timeouts_a_pool_and_keep_alive() -> None:
    config: Any = SharedConnection(endpoint_url=URL, credentials=KEYS, pool_size=7).client.meta
    assert (config.config.connect_timeout, config.config.read_timeout) == (5.0, 30.0)
    assert config.config.max_pool_connections == 7
    assert config.config.tcp_keepalive is True


def test_a_client_without_credentials_is_made_anew_and_watched_like_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection: Any = SharedConnection(endpoint_url=URL)
    poor = connection.client
    for name, value in (("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", SECRET)):
        monkeypatch.setenv(name, value)
    made = connection.client
    assert made is not poor
    assert connection.client is made
    assert type(made._endpoint.http_session) is type(poor._endpoint.http_session)
    assert resolve_endpoint(made, "ListTables", {}) is not None
