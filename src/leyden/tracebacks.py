"""Tracebacks that end at the caller's own line.

An error leaves some forty frames of generators and transports behind, which say nothing that its
message, its request and its cause do not. So whoever runs a program cuts them off, as does whoever
takes input that may be refused, and the last thing that is printed above the message is the call.
`LEYDEN_TRACEBACKS=full` keeps them, as does the `leyden` logger at debug level.
"""

from __future__ import annotations

import logging
import os
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from leyden.errors import LeydenError

VARIABLE: Final = "LEYDEN_TRACEBACKS"
FULL: Final = "full"

_logger: Final = logging.getLogger("leyden")


def shorten(error: LeydenError) -> None:
    """Cut the frames inside of the package off an error and its causes.

    A cause that is neither Leyden's nor botocore's keeps its frames: it comes from a hook.
    """
    if os.environ.get(VARIABLE) == FULL or _logger.isEnabledFor(logging.DEBUG):
        return
    seen: set[int] = set()
    one: BaseException | None = error
    while isinstance(one, LeydenError | BotoCoreError | ClientError) and id(one) not in seen:
        seen.add(id(one))
        one.__traceback__ = None
        one = one.__cause__
