"""Whom the drivers trust: certificates, the settings that name them, and hosts that are others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from leyden.drivers import SyncDriver
from leyden.errors import ConnectionFailedError, InvalidOptionError
from tests.drivers.sending import WAYS, send_over
from tests.drivers.serving import Serving, answer, make_certificate, serving
from tests.drivers.test_lean import FOUND, GET, KEYS

Send = Callable[..., dict[str, Any]]


@pytest.fixture(params=WAYS)
def send(request: pytest.FixtureRequest) -> Send:
    """Sends one request to a URL, over each way."""
    return partial(send_over, request.param)


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[Serving, str, Path]]:
    """A server behind TLS, its URL, and the certificates to trust."""
    tls, bundle = make_certificate(tmp_path)
    with serving(lambda n: answer(FOUND), tls=tls) as server:
        yield server, server.url.replace("http", "https"), bundle


Configure = Callable[[str], dict[str, Any]]


@pytest.fixture(params=["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "profile", "default profile"])
def configured(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> tuple[str, Configure]:
    """Each setting by the name that errors give it, and what sets it and returns the options."""

    def configure(path: str) -> dict[str, Any]:
        if not request.param.endswith("profile"):
            monkeypatch.setenv(request.param, path)
            return {}
        section = "[default]" if request.param.startswith("default") else "[profile team]"
        (tmp_path / "config").write_text(f"{section}\nca_bundle = {path}\n")
        return {} if request.param.startswith("default") else {"profile": "team"}

    names = {
        "profile": 'ca_bundle of the AWS profile "team"',
        "default profile": 'ca_bundle of the AWS profile "default"',
    }
    return names.get(request.param, request.param), configure


def test_each_setting_names_whom_to_trust(
    send: Send, secured: tuple[Serving, str, Path], configured: tuple[str, Configure]
) -> None:
    _, url, bundle = secured
    _, configure = configured
    assert send(url, **configure(str(bundle)))["Item"] == FOUND["Item"]


@pytest.mark.parametrize("kind", ["missing", "text", "folder"])
def test_certificates_that_cannot_be_read_are_named_with_their_setting(
    send: Send,
    secured: tuple[Serving, str, Path],
    configured: tuple[str, Configure],
    kind: str,
    tmp_path: Path,
) -> None:
    server, url, _ = secured
    name, configure = configured
    (tmp_path / "text").write_text("no certificate")
    (tmp_path / "folder").mkdir()
    why = {
        "missing": "does not exist",
        "text": "holds no certificates in PEM format",
        "folder": "cannot be read",
    }[kind]
    with pytest.raises(InvalidOptionError) as caught:
        send(url, **configure(str(tmp_path / kind)))
    assert str(caught.value).startswith(f"{name} names a file of certificates to trust")
    assert f'"{tmp_path / kind}" {why}' in str(caught.value)
    assert server.opened == 0


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
@pytest.mark.parametrize("path", ["", " "])
def test_a_setting_without_a_name_in_it_is_not_taken_for_none(
    send: Send,
    secured: tuple[Serving, str, Path],
    name: str,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(name, path)
    with pytest.raises(InvalidOptionError, match=f"^{name} is set and empty"):
        send(secured[1])


def test_a_setting_is_looked_at_again_after_it_was_wrong(
    secured: tuple[Serving, str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, url, bundle = secured
    for transport in ("lean", "pynamodb"):
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "missing"))
        with SyncDriver(
            endpoint_url=url,
            credentials=KEYS,
            transport=transport,  # type: ignore[arg-type]
        ) as driver:
            for _ in range(2):
                with pytest.raises(InvalidOptionError, match="AWS_CA_BUNDLE"):
                    driver.send(GET)
            (tmp_path / "missing").write_bytes(bundle.read_bytes())
            assert driver.send(GET)["Item"] == FOUND["Item"]
        (tmp_path / "missing").unlink()


def test_certificates_do_not_matter_where_nothing_is_secured(
    send: Send, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "missing"))
    with serving(lambda n: answer(FOUND)) as server:
        assert send(server.url)["Item"] == FOUND["Item"]


def test_a_certificate_for_another_host_is_refused(
    send: Send, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tls, bundle = make_certificate(tmp_path, "127.0.0.2")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    with (
        serving(lambda n: answer(FOUND), tls=tls) as server,
        pytest.raises(ConnectionFailedError, match=r"SSLError.*AWS_CA_BUNDLE"),
    ):
        send(server.url.replace("http", "https"))
    assert server.bodies == []


def test_a_certificate_of_an_unknown_authority_is_refused(
    send: Send, secured: tuple[Serving, str, Path]
) -> None:
    server, url, _ = secured
    with pytest.raises(ConnectionFailedError, match=r"SSLError.*AWS_CA_BUNDLE"):
        send(url)
    assert server.bodies == []


def test_a_proxy_that_does_not_answer_is_looked_for_in_the_settings_of_proxies(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with pytest.raises(ConnectionFailedError, match=r"ProxyConnectionError\); check HTTP_PROXY"):
        send("https://dynamodb.example")


def test_a_certificate_for_another_host_is_refused_behind_a_proxy_as_well(
    send: Send, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tls, bundle = make_certificate(tmp_path, "elsewhere.example")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    with serving(lambda n: answer(FOUND), tls=tls, proxy=True) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(ConnectionFailedError, match="SSLError"):
            send("https://dynamodb.example")
    assert proxy.heads[0].startswith("CONNECT dynamodb.example:443")
    assert proxy.bodies == []


def test_the_host_behind_a_proxy_is_reached_when_its_certificate_fits(
    send: Send, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tls, bundle = make_certificate(tmp_path, "dynamodb.example")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    with serving(lambda n: answer(FOUND), tls=tls, proxy=True) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert send("https://dynamodb.example")["Item"] == FOUND["Item"]
    assert proxy.heads[0].startswith("CONNECT dynamodb.example:443")
    assert len(proxy.bodies) == 1
