"""Tab completion: commands, options, and names in the schemas.

click finds the option or argument at the cursor, and `offers` lists what it may be. Each shell has
a script that calls `leyden` with the line in an environment variable. It reads lines with three
columns: the kind, the word, and its meaning. After any error there are no completions, since a
message would appear in the middle of the line.
"""

from __future__ import annotations

from leyden.cli.completion.shells import SHELLS, answer, script

__all__ = ["SHELLS", "answer", "script"]
