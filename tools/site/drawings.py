"""The drawings in pages: made by the page's program once, and kept while nothing changes.

`prepare` runs the programs of all pages with a `{drawing}` block whose drawings are not kept yet,
in a few processes beside each other. `kept` gives a page's drawings to the build.
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
    """The drawings of a page in their order, or why there are none."""

    drawings: tuple[str, ...] = ()
    fault: str = ""


def prepare(folder: Path) -> None:
    """Draw what pages show and `folder` does not hold yet."""
    wanted = [
        page
        for page in PAGES
        if any(block.language == DRAWING for block in blocks(page)) and kept(page, folder).fault
    ]
    count = min(len(wanted), os.cpu_count() or 1)
    command = [sys.executable, "-m", "tools.site.drawings", str(folder)]
    shares = [wanted[start::count] for start in range(count)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    # What the programs say on standard error is no fault of the build.
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
    """The drawings of a page that `prepare` has gone over."""
    place = _place(page, folder)
    if not place.is_file():
        return Kept(fault="the drawings are not made yet: run `make docs`")
    found = json.loads(place.read_text(encoding="utf-8"))
    return Kept(tuple(found["drawings"]), found["fault"])


def _place(page: Path, folder: Path) -> Path:
    """Where the drawings of a page are, as its text and the package's sources are now."""
    digest = hashlib.sha256(page.read_bytes())
    digest.update(sources_digest())
    return folder / f"{digest.hexdigest()}.json"


@cache
def sources_digest() -> bytes:
    """The digest of all that a page's drawings depend on beside its text."""
    digest = hashlib.sha256()
    for file in files_below(_SOURCES):
        digest.update(str(file.relative_to(ROOT)).encode())
        digest.update(file.read_bytes())
    return digest.digest()


def files_below(folders: Iterable[str]) -> list[Path]:
    """The files of the sources in some folders of the project, in their order."""
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
            # The caption stands below the drawing, and is not repeated in it.
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
