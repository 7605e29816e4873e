"""How often operations try again, and how long they wait in between: every number of theirs.

The transport has numbers of its own, which AWS's configuration may set. These are about what
DynamoDB refused for a cause that passes: another write was under way, the item had changed, a
batch was not taken up as a whole.
"""

from __future__ import annotations

import random
from typing import Final

from leyden.program import Pause

WRITES: Final = 12
"""How often a write is planned and sent, as its item changed under it."""

READS: Final = 6
"""How often an item is read whose large value is written meanwhile."""

RESENDS: Final = 6
"""How often one transaction is sent, as it is, while only passing causes are in its way."""

SIZES: Final = 4
"""How often a write leaves more room in an item that the service says is too large."""

IMPORTS: Final = 10
"""How often an item of an import is sent that the table does not take up."""

_FIRST: Final = 0.05
_LONGEST: Final = 1.6
_LONGEST_OF_BATCHES: Final = 5.0


def wait_before(attempt: int) -> float:
    """How many seconds to wait after this many attempts: longer each time, with full jitter.

    The jitter keeps writers that met once from meeting again.
    """
    return _jittered(attempt, _LONGEST)


def pause_before(attempt: int) -> Pause:
    """The pause after this many attempts."""
    return Pause(wait_before(attempt))


def batch_wait_before(attempt: int) -> float:
    """How many seconds to wait before what a table did not take up is sent to it again."""
    return _jittered(attempt - 1, _LONGEST_OF_BATCHES)


def _jittered(doublings: int, longest: float) -> float:
    return random.uniform(0, min(longest, _FIRST * 2**doublings))
