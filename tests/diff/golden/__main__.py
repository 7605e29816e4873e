"""Writes the golden files anew: `python -m tests.diff.golden`."""

from __future__ import annotations

import sys

from leyden.errors import LeydenError
from tests.diff.golden.files import EXPECTED, cases, diff_of, shown

if __name__ == "__main__":
    for old in EXPECTED.glob("*.txt"):
        old.unlink()
    EXPECTED.mkdir(exist_ok=True)
    for name in cases():
        try:
            text = shown(diff_of(name))
        except LeydenError as error:
            sys.stderr.write(f"{name}: {error}\n")
            continue
        (EXPECTED / f"{name}.txt").write_text(text)
