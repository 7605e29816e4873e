"""Lines that could not be imported, kept as they are, to be mended and imported again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from attrs import define

from leyden.cli.transfer.lines import Line


@define
class Rejects:
    """A file of rejected lines; there is none for as long as no line was rejected."""

    path: Path
    size: int = 0

    def open(self, size: int) -> None:
        """Go on behind the first `size` bytes; what stands behind them was never noted."""
        self.size = size
        if self.path.exists():
            with self.path.open("r+b") as file:
                file.truncate(size)

    def add(self, lines: Iterable[Line]) -> None:
        """Add lines, each with a line break."""
        content = b"".join(
            line.content if line.content.endswith(b"\n") else line.content + b"\n" for line in lines
        )
        if content:
            with self.path.open("ab") as file:
                file.write(content)
            self.size += len(content)
