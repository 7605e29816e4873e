"""Print how often recall by meaning finds the right message, in Leyden and in `@mastra/memory`.

`python -m tools.memory_quality` uses the offline embedder of the extra `embedder`. Both sides
search the same vectors. With `--missed` it lists the questions for which Leyden found no right
message.
"""

from __future__ import annotations

import sys

from tests.memory.quality.measure import measured

from leyden.memory.embedders import offline_embedder


def main(*options: str) -> int:
    """Print the figures; return 1 if Leyden's is the lower one."""
    figures = measured(offline_embedder())
    for figure in figures:
        print(figure)  # noqa: T201 (a tool)
        if "--missed" in options:
            print(*(f"  {text}" for text in figure.missed(figure.ours)), sep="\n")  # noqa: T201
    return int(any(figure.right(figure.ours) < figure.right(figure.theirs) for figure in figures))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
