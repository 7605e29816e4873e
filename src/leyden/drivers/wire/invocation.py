"""Ids of invocations: one for all attempts of a call, and never that of another call."""

from __future__ import annotations

import os
from random import Random
from typing import Final
from uuid import UUID

_BITS: Final = Random()


def new_invocation() -> str:
    """A UUID of version 4, as text.

    `uuid4()` asks the system for the bits of each, which may cost as much as half a request; ids
    need to differ, not to be secret.
    """
    return str(UUID(int=_BITS.getrandbits(128), version=4))


if hasattr(os, "register_at_fork"):
    # Two processes that went on from one state would make the same ids.
    os.register_at_fork(after_in_child=_BITS.seed)
