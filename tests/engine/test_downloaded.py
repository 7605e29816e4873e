from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leyden.drivers import SyncDriver
from leyden.engine import dynamodb_local
from leyden.errors import EngineError
from leyden.program import Request
from tests.conftest import dynamodb_local_folder


def test_a_folder_without_the_jar_is_named_with_the_variable_to_set(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="LEYDEN_DYNAMODB_LOCAL") as caught:
        dynamodb_local(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_the_variable_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LEYDEN_DYNAMODB_LOCAL", str(tmp_path / "there"))
    with pytest.raises(EngineError, match="there"):
        dynamodb_local()


def test_without_the_variable_node_modules_is_looked_into(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("LEYDEN_DYNAMODB_LOCAL", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EngineError, match="node_modules"):
        dynamodb_local()


def test_a_missing_java_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "DynamoDBLocal.jar").touch()
    with pytest.raises(EngineError, match="needs Java"):
        dynamodb_local(tmp_path, java=tmp_path / "no-java")


def test_a_program_that_ends_at_once_is_an_error_with_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "DynamoDBLocal.jar").touch()
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\nexit 3\n")
    java.chmod(0o755)
    with pytest.raises(EngineError, match="exit code 3"):
        dynamodb_local(tmp_path, java=java)


@pytest.mark.java
def test_it_starts_answers_and_stops() -> None:
    with dynamodb_local(dynamodb_local_folder()) as engine:
        driver = SyncDriver(
            endpoint_url=engine.endpoint_url, region=engine.region, credentials=engine.credentials
        )
        assert driver.send(Request("ListTables", {}))["TableNames"] == []
        process = engine._process
        assert process.poll() is None
    engine.close()
    assert process.poll() is not None


@pytest.mark.java
def test_a_process_that_forgets_to_close_leaves_no_child_behind() -> None:
    code = "import leyden.engine as e; print(e.dynamodb_local()._process.pid)"
    environment = {**os.environ, "LEYDEN_DYNAMODB_LOCAL": str(dynamodb_local_folder())}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=environment,
    )
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


@pytest.mark.java
@pytest.mark.skipif(not Path("/proc/net/tcp6").exists(), reason="only Linux lists sockets there")
def test_it_listens_on_the_loopback_address_alone() -> None:
    with dynamodb_local(dynamodb_local_folder()) as engine:
        port = f":{int(engine.endpoint_url.rpartition(':')[2]):04X}"
        rows = [
            line.split()
            for table in ("/proc/net/tcp", "/proc/net/tcp6")
            for line in Path(table).read_text().splitlines()[1:]
        ]
    listening = [row[1] for row in rows if row[1].endswith(port) and row[3] == "0A"]
    assert listening
    assert all(address.removesuffix(port).endswith("0100007F") for address in listening)


def test_a_version_that_cannot_be_kept_to_one_address_starts_with_a_warning(
    tmp_path: Path,
) -> None:
    (tmp_path / "DynamoDBLocal.jar").touch()
    java = tmp_path / "java"
    java.write_text('#!/bin/sh\ncase "$*" in *Loopback*) exit 78;; esac\nexit 3\n')
    java.chmod(0o755)
    with (
        pytest.warns(RuntimeWarning, match="listens on all interfaces"),
        pytest.raises(EngineError, match="exit code 3"),
    ):
        dynamodb_local(tmp_path, java=java)
