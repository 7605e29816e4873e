"""Amazon's DynamoDB Local, if it is on this machine: a development tool."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import threading
import time
import warnings
from pathlib import Path
from types import TracebackType
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from leyden.drivers.connection import Access, Credentials
from leyden.errors import EngineError

HOST: Final = "127.0.0.1"
REGION: Final = "us-east-1"
JAR: Final = "DynamoDBLocal.jar"
FOLDER_VARIABLE: Final = "LEYDEN_DYNAMODB_LOCAL"

_BELOW: Final = Path("node_modules", "amplify-dynamodb-simulator", "emulator")
_LAUNCHER: Final = Path(__file__).parent / "loopback"
"""The folder of the Java class that makes it listen on one address only."""

_UNKNOWN_VERSION: Final = 78
_STARTING_SECONDS: Final = 30.0
_STOPPING_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.1


def dynamodb_local(
    jar_folder: str | os.PathLike[str] | None = None,
    java: str | os.PathLike[str] | None = None,
) -> DynamoDBLocal:
    """Start DynamoDB Local as a child process, on a free port of 127.0.0.1, and wait for it.

    `jar_folder` contains `DynamoDBLocal.jar` and `DynamoDBLocal_lib`; the default is the folder in
    `LEYDEN_DYNAMODB_LOCAL`, or `node_modules/amplify-dynamodb-simulator/emulator` below the current
    directory. `java` is the Java program; the default is `JAVA_HOME`'s, or the one on the PATH.

    Tables are kept in memory, separately for each access key id and region, so clients share tables
    only if they use the same two. For that, use the engine's `credentials` and `region`.

    Raises EngineError if Java or the jar is missing, or if it does not start.
    """
    folder = Path(jar_folder or os.environ.get(FOLDER_VARIABLE) or Path.cwd() / _BELOW)
    if not (folder / JAR).is_file():
        raise EngineError(
            f"{JAR} was not found in {folder}; set {FOLDER_VARIABLE} to the folder that holds it"
        )
    folder = folder.resolve()
    program = _find_java(java)
    jar = str(folder / JAR)
    classes = os.pathsep.join((jar, str(_LAUNCHER)))
    engine = _start(folder, [program, "-cp", classes, "Loopback", jar, HOST])
    if engine is None:
        warnings.warn(
            f"this version of {JAR} listens on all interfaces of this machine, not only on "
            f"{HOST}; block its port with a firewall",
            RuntimeWarning,
            stacklevel=2,
        )
        engine = _start(folder, [program, "-jar", jar])
    assert engine is not None
    return engine


def _start(folder: Path, command: list[str]) -> DynamoDBLocal | None:
    """Start it with a Java command; return None if the command cannot start this version."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [
            command[0],
            f"-Djava.library.path={folder / 'DynamoDBLocal_lib'}",
            *command[1:],
            "-inMemory",
            "-port",
            str(port),
        ],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    engine = DynamoDBLocal(process, port)
    try:
        known = _wait(process, engine.endpoint_url)
    except BaseException:
        engine.close()
        raise
    if not known:
        engine.close()
        return None
    return engine


class DynamoDBLocal:
    """A running DynamoDB Local, with the same interface as `LocalEngine`."""

    region: str = REGION

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self._closing = threading.Lock()
        self.endpoint_url = f"http://{HOST}:{port}"
        # Letters and digits only, because later versions refuse any other access key id.
        self.credentials = Credentials("local", "local")
        self.access = Access(
            region=REGION, endpoint_url=self.endpoint_url, credentials=self.credentials
        )
        atexit.register(self.close)

    def __repr__(self) -> str:
        return f"DynamoDBLocal({self.endpoint_url})"

    def close(self) -> None:
        """Stop the process and wait for its end. Closing it twice does no harm."""
        with self._closing:
            atexit.unregister(self.close)
            self.access.forget_client()
            if self._process.poll() is not None:
                return
            self._process.terminate()
            try:
                self._process.wait(_STOPPING_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def __enter__(self) -> DynamoDBLocal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _find_java(given: str | os.PathLike[str] | None) -> str:
    home = os.environ.get("JAVA_HOME")
    usual = [*([str(Path(home, "bin", "java"))] if home else []), "java"]
    candidates = [str(given)] if given else usual
    for candidate in candidates:
        found = shutil.which(candidate)
        if found:
            return found
    raise EngineError(
        f"DynamoDB Local needs Java, but {' or '.join(candidates)} was not found; install a Java "
        "runtime (17 or newer), or pass java="
    )


def _wait(process: subprocess.Popen[bytes], endpoint_url: str) -> bool:
    """Wait until it answers; return False if the launcher does not know this version."""
    deadline = time.monotonic() + _STARTING_SECONDS
    while time.monotonic() < deadline:
        code = process.poll()
        if code == _UNKNOWN_VERSION:
            return False
        if code is not None:
            raise EngineError(
                f"DynamoDB Local stopped at once with exit code {code}; start it by hand to see "
                "why: java -jar DynamoDBLocal.jar -inMemory"
            )
        try:
            urlopen(endpoint_url, timeout=1).close()
        except HTTPError as answer:
            # It refuses a request without a signature, so it is running.
            answer.close()
            return True
        except (URLError, OSError):
            time.sleep(_POLL_SECONDS)
        else:
            return True
    raise EngineError(f"DynamoDB Local did not answer within {_STARTING_SECONDS:.0f} seconds")
