"""What a shell is offered for the rest of a line: commands, options, and names in the schemas.

click finds the option or argument that the cursor is in; `offers` says what it may be. Each shell
has a script that asks `leyden` with the line in a variable, and reads lines of three columns: the
kind, the word, and what it means. Faults of any kind offer nothing: nobody wants to read of them in
the middle of a line.
"""

from __future__ import annotations

from leyden.cli.completion.shells import SHELLS, answer, script

__all__ = ["SHELLS", "answer", "script"]
