"""ministack, another engine that has vector indexes; a fresh one a session."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.interop.node_process import ROOT

PYTHON = ROOT / ".cache" / "ministack" / "bin" / "python"
STARTING_SECONDS = 60.0


def client_of(endpoint_url: str, **settings: Any) -> Any:
    """A plain client that sends even what the service's model rules out."""
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}, **settings),
    )


@pytest.fixture(scope="session")
def ministack() -> Iterator[Any]:
    """A client of it. It listens on 127.0.0.1 only because hypercorn is told so."""
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
    try:
        client = client_of(f"http://127.0.0.1:{port}")
        wait_for(lambda: answers(client, process))
        yield client
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(client: Any, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "ministack ended"
    try:
        client.list_tables()
    except Exception:
        return False
    return True


def wait_for(happens: Callable[[], bool]) -> None:
    end = time.monotonic() + STARTING_SECONDS
    while not happens():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
