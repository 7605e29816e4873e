"""The first hour of a new user, in an environment that has never seen Leyden.

    python tools/newcomer.py FOLDER

Builds the wheel, checks that its description needs no repository, installs it alone, and tries what
must work without extras. Then it installs what the README says, creates a project with `leyden
init`, and follows the printed steps: tests, types, app and table. Everything goes below FOLDER. It
prints the time of each step, and exits with 1 if one fails.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LONGEST_SECONDS = 600
CHECKED_BY = ("mypy", "ruff")


class FailedError(RuntimeError):
    """A step that a new user could not take; the text is what they would see."""


def main(folder: Path) -> None:
    """Take all steps."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    python = folder / "venv" / "bin" / "python"
    started = time.monotonic()
    with step("build the wheel"):
        wheels = folder / "wheels"
        options = ["--quiet", "--no-deps", "--wheel-dir", str(wheels), str(ROOT)]
        run([sys.executable, "-m", "pip", "wheel", *options])
        (wheel,) = wheels.glob("leyden-*.whl")
    with step("read its description without the repository"):
        links = re.findall(r"\]\(([^)]*)\)", description_in(wheel))
        assert links, "the description lost all of its links"
        assert all(link.startswith(("http", "#")) for link in links), links
    with step("install it without extras"):
        run([str(ROOT / "tools" / "make-venv"), str(python.parents[1])])
        install(python, str(wheel))
    with step("use it without extras"):
        schemas = ROOT / "examples" / "desk" / "schemas" / "desk"
        run([str(python), "-I", str(ROOT / "tools" / "bare_install.py"), str(schemas)], folder)
    with step("install what a project needs"):
        install(python, f"{wheel}[cli,local]", "fastapi", "uvicorn", "httpx", "pytest", *CHECKED_BY)
    leyden = str(python.with_name("leyden"))
    with step("leyden init bookshop"):
        printed = run([leyden, "init", "bookshop"], folder)
    project = folder / "bookshop"
    commands = [line.strip() for line in printed.splitlines() if line.startswith("  ")]
    assert commands[0] == "cd bookshop", commands
    environment = {
        **os.environ,
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "MYPY_CACHE_DIR": str(folder / "mypy"),
    }
    for command in commands[1:]:
        with step(command):
            if command.startswith("leyden local"):
                serve(command.split(), project, environment)
            else:
                run(command.split(), project, environment)
    # Isolated, since the folder may be inside of a project with settings of its own, as in CI.
    for command in ("leyden check", "mypy --strict .", "ruff check --isolated ."):
        with step(command):
            run(command.split(), project, environment)
    say(f"a typed service with its tests in {time.monotonic() - started:.0f} s")


def serve(command: list[str], project: Path, environment: dict[str, str]) -> None:
    """Run DynamoDB and the app, and use both as the project's page says."""
    local = [*command, "--port", "0"]
    with running(local, project, environment, "DynamoDB listens at ") as endpoint:
        there = {**environment, "LEYDEN_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1"}
        there |= {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
        there |= {"AWS_ENDPOINT_URL_DYNAMODB": endpoint}
        run(["leyden", "create", "customer", "customer_id=c1", "name=Ada"], project, there)
        found = run(["leyden", "get", "customer", "customer_id=c1", "--json"], project, there)
        assert json.loads(found)["name"] == "Ada", found
        app = ["uvicorn", "app:api", "--port", "0"]
        with (
            running(app, project, there, "Uvicorn running on ") as address,
            urllib.request.urlopen(f"{address}/openapi.json", timeout=30) as answer,
        ):
            assert "paths" in json.load(answer)


@contextmanager
def running(
    command: list[str], folder: Path, environment: dict[str, str], sign: str
) -> Iterator[str]:
    """Run a server; yield the address that it prints after `sign`, and stop it as Ctrl-C does."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        seen = []
        for line in process.stdout:
            seen.append(line)
            if sign in line:
                break
        else:
            raise FailedError(f"{' '.join(command)} ended\n{''.join(seen)}")
        yield line.partition(sign)[2].split()[0].rstrip(".")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def install(python: Path, *packages: str) -> None:
    """Install packages into the environment of this interpreter."""
    options = ["--quiet", "--disable-pip-version-check"]
    run([str(python), "-m", "pip", "install", *options, *packages])


def run(command: list[str], folder: Path = ROOT, environment: dict[str, str] | None = None) -> str:
    """Run a command and return what it prints. Raises FailedError with all of its output."""
    path = (environment or os.environ)["PATH"]
    found = shutil.which(command[0], path=path)
    if found is None:
        raise FailedError(f"there is no command {command[0]}")
    done = subprocess.run(
        [found, *command[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise FailedError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def description_in(wheel: Path) -> str:
    """Return what package indexes show: the text after the header of the metadata."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        return archive.read(name).decode().partition("\n\n")[2]


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print how long a step takes."""
    begun = time.monotonic()
    yield
    say(f"{time.monotonic() - begun:6.1f} s  {what}")


def say(line: str) -> None:
    """Print a line of progress."""
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]).resolve())
    except FailedError as failed:
        say(f"FAILED: {failed}")
        sys.exit(1)
