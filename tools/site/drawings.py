"""The drawings in pages: the page's program makes them, and they are kept until something changes.

`prepare` runs the programs of all pages with a `{drawing}` block without kept drawings, in several
processes. `kept` returns a page's drawings to the build.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from attrs import frozen
from tools.site.pages import DRAWING, PAGES, ROOT, blocks, name_of

_SOURCES: Final = ("src", "schemas", "tools/site")


@frozen
class Kept:
    """The drawings of a page in order, or why there are none."""

    drawings: tuple[str, ...] = ()
    fault: str = ""


def prepare(folder: Path) -> None:
    """Make the drawings of pages that `folder` does not have yet."""
    wanted = [
        page
        for page in PAGES
        if any(block.language == DRAWING for block in blocks(page)) and kept(page, folder).fault
    ]
    count = min(len(wanted), os.cpu_count() or 1)
    command = [sys.executable, "-m", "tools.site.drawings", str(folder)]
    shares = [wanted[start::count] for start in range(count)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    # The build only fails if a program does, not if it writes to standard error.
    running = [
        subprocess.Popen(
            [*command, *map(str, share)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for share in shares
    ]
    said = [process.communicate()[1] for process in running]
    for process, text in zip(running, said, strict=True):
        if process.returncode != 0:
            raise RuntimeError(f"a process that draws ended in an error:\n{text}")


def kept(page: Path, folder: Path) -> Kept:
    """Return the drawings of a page, after `prepare` has made them."""
    place = _place(page, folder)
    if not place.is_file():
        return Kept(fault="the drawings are not made yet: run `make docs`")
    found = json.loads(place.read_text(encoding="utf-8"))
    return Kept(tuple(found["drawings"]), found["fault"])


def _place(page: Path, folder: Path) -> Path:
    """Return the file for the drawings of a page, which depends on its text and the sources."""
    digest = hashlib.sha256(page.read_bytes())
    digest.update(sources_digest())
    return folder / f"{digest.hexdigest()}.json"


@cache
def sources_digest() -> bytes:
    """Return the digest of everything that drawings depend on beside the page's text."""
    digest = hashlib.sha256()
    for file in files_below(_SOURCES):
        digest.update(str(file.relative_to(ROOT)).encode())
        digest.update(file.read_bytes())
    return digest.digest()


def files_below(folders: Iterable[str]) -> list[Path]:
    """Return the files in some folders of the project, sorted."""
    return sorted(
        file
        for folder in folders
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    )


def _draw(page: Path) -> Kept:
    from tools.site.programs import run_page

    from leyden.chart import drawing_svg

    with tempfile.TemporaryDirectory() as folder:
        try:
            run = run_page(page, Path(folder), to_last_drawing=True)
            # The page shows the caption below the drawing, so the drawing does not repeat it.
            drawn = (drawing_svg(one.service, one.items, index=one.index) for one in run.drawings)
            return Kept(tuple(drawn))
        except AssertionError as error:
            return Kept(fault=str(error))
        except Exception:
            return Kept(fault=f"{name_of(page)}: {traceback.format_exc()}")


def main(folder: Path, pages: Sequence[Path]) -> None:
    """Draw pages in this process, one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in pages:
        drawn = _draw(page)
        text = json.dumps({"drawings": drawn.drawings, "fault": drawn.fault})
        _place(page, folder).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(page) for page in sys.argv[2:]])
