"""Build the documentation in `site`, below the folder in the only argument.

Does nothing if the site is up to date. Any warning fails the build.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tools.node_packages import say
from tools.site.drawings import files_below, prepare
from tools.site.install import FOLDER, installed, python
from tools.site.pages import DOCS, ROOT

_SOURCES: Final = ("docs", "src", "schemas", "tools/site")
_FILES: Final = ("README.md", "CHANGELOG.md", "pyproject.toml")
_STAMP: Final = "built.txt"


class BuildError(RuntimeError):
    """The site cannot be built; the message is Sphinx's."""


def build(cache: Path) -> Path:
    """Build the site if a source has changed; return its folder. Raises BuildError."""
    site, work = cache / "site", cache / FOLDER
    if not installed(cache):
        raise BuildError("Sphinx is not installed; run `make docs-tools`")
    with _alone(work / "build.lock"):
        digest = _digest()
        stamp = work / _STAMP
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != digest:
            stamp.unlink(missing_ok=True)
            prepare(work / "drawings")
            _run_sphinx(cache, site, work)
            stamp.write_text(digest, encoding="utf-8")
    return site


def _run_sphinx(cache: Path, site: Path, work: Path) -> None:
    doctrees = work / "doctrees"
    # Build beside the site, which can be read meanwhile. Deleted pages do not remain.
    built = work / "site"
    shutil.rmtree(built, ignore_errors=True)
    command = [str(python(cache)), "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going"]
    command += ["--nitpicky", "--jobs", "auto", "--doctree-dir", str(doctrees)]
    command += [str(DOCS), str(built)]
    environment = {**os.environ, "LEYDEN_DRAWINGS": str(work / "drawings")}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    shutil.rmtree(site, ignore_errors=True)
    if built.is_dir():
        built.rename(site)
    if done.returncode != 0:
        # Sphinx would not read unchanged pages again, and so would not repeat their warnings.
        shutil.rmtree(doctrees, ignore_errors=True)
        raise BuildError(done.stderr.strip() or done.stdout.strip())


def _digest() -> str:
    """Return the digest of all sources of the site."""
    digest = hashlib.sha256()
    for file in [*files_below(_SOURCES), *(ROOT / name for name in _FILES)]:
        digest.update(f"{file.relative_to(ROOT)}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let only one process build at a time."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    begun = time.monotonic()
    try:
        folder = build(Path(sys.argv[1]).resolve())
    except BuildError as error:
        sys.exit(str(error))
    say(f"{folder / 'index.html'} is built ({time.monotonic() - begun:.0f} s)")
