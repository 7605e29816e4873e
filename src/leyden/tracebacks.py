"""Tracebacks that end at the caller's own line.

An error leaves some forty frames of generators and transports behind, which say nothing that its
message, its request and its cause do not. So whoever runs a program cuts them off, as does whoever
takes input that may be refused, and the last thing that is printed above the message is the call.
`LEYDEN_TRACEBACKS=full` keeps them, as does the `leyden` logger at debug level.
"""

from __future__ import annotations

import os
import sys
import threading
from types import FrameType
from typing import Final

from leyden.errors import LeydenError

VARIABLE: Final = "LEYDEN_TRACEBACKS"
FULL: Final = "full"


class _Latest(threading.local):
    """Where the latest error of a thread came from: its frames, each with its instruction."""

    places: frozenset[tuple[int, int]] = frozenset()


_latest: Final = _Latest()


def shorten(error: LeydenError) -> None:
    """Cut the frames inside of the package off an error and its causes.

    A cause that is neither Leyden's nor botocore's keeps its frames: it comes from a hook.
    """
    places = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        places.append((id(frame), frame.f_lasti))
        frame = frame.f_back
    _latest.places = frozenset(places)
    if os.environ.get(VARIABLE) == FULL:
        return
    # Who has not imported logging has set no level.
    logging = sys.modules.get("logging")
    if logging is not None and logging.getLogger("leyden").isEnabledFor(logging.DEBUG):
        return
    seen: set[int] = set()
    one: BaseException | None = error
    # Who has not imported botocore has none of its errors.
    botocore = sys.modules.get("botocore.exceptions")
    cut: tuple[type[BaseException], ...] = (LeydenError,)
    if botocore is not None:
        cut += (botocore.BotoCoreError, botocore.ClientError)
    while isinstance(one, cut) and id(one) not in seen:
        seen.add(id(one))
        one.__traceback__ = None
        one = one.__cause__


def is_left_by_error(frame: FrameType) -> bool:
    """Whether the latest error came out of the very call that a frame is in.

    What the frame drops there, it drops because of the error.
    """
    return (id(frame), frame.f_lasti) in _latest.places
