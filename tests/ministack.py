"""ministack, another engine that has vector indexes; it is fetched by `make ministack`."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any, Final

import botocore.session
from attrs import define, field
from botocore.config import Config

from leyden.drivers.connection import Credentials
from tests.interop.node_process import ROOT

PYTHON: Final = ROOT / ".cache" / "ministack" / "bin" / "python"
STARTING_SECONDS: Final = 60.0


@define(eq=False)
class Ministack:
    """A running one, with what an engine has: an address, a region, credentials, `close`."""

    endpoint_url: str
    _process: subprocess.Popen[bytes]
    region: str = "us-east-1"
    credentials: Credentials = field(factory=lambda: Credentials("a", "b"))

    @classmethod
    def start(cls) -> Ministack:
        """Start it and wait until it answers. Only because hypercorn is told so, it is local."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen(
            [PYTHON, "-m", "hypercorn", "ministack.app:app", "--bind", f"127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "SERVICES": "dynamodb"},
        )
        started = cls(f"http://127.0.0.1:{port}", process)
        try:
            client = client_of(started.endpoint_url)
            wait_for(lambda: _answers(client, process), STARTING_SECONDS)
        except BaseException:
            started.close()
            raise
        return started

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def client_of(endpoint_url: str, **settings: Any) -> Any:
    """A plain client that sends even what the service's model rules out."""
    return botocore.session.Session().create_client(
        "dynamodb",
        "us-east-1",
        endpoint_url=endpoint_url,
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}, **settings),
    )


def _answers(client: Any, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "ministack ended"
    try:
        client.list_tables()
    except Exception:
        return False
    return True


def wait_for(happens: Callable[[], bool], seconds: float) -> None:
    """Wait until it happens, and fail where it does not in time."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
