"""Prints how often recall by meaning finds the right message, here and by `@mastra/memory`.

`python -m tools.memory_quality` embeds with the offline embedder, of the extra `embedder`; both
sides search among the same vectors. With `--missed` it lists the questions that found no message
which is right.
"""

from __future__ import annotations

import sys

from tests.memory.quality.measure import measured

from leyden.memory.embedders import offline_embedder


def main(*options: str) -> int:
    """Print the figures; 1 where ours is the lower one."""
    figures = measured(offline_embedder())
    for figure in figures:
        print(figure)  # noqa: T201 (a tool)
        if "--missed" in options:
            print(*(f"  {text}" for text in figure.missed(figure.ours)), sep="\n")  # noqa: T201
    return int(any(figure.right(figure.ours) < figure.right(figure.theirs) for figure in figures))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
