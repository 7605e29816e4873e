"""Processes that append to one session: they read it again whenever another one was faster."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from leyden.agents.adk import LeydenSessionService, StaleSessionError
from tests.agents.adk.support import read, said

PROCESSES = 8
EACH = 3


async def write(options: dict[str, Any], process: int) -> int:
    """Append events, each of which sets state of all scopes; how often it was too late."""
    late = 0
    async with LeydenSessionService(**options) as service:
        for n in range(EACH):
            name = f"{process}-{n}"
            event = said(name, **{name: n, f"app:{name}": n, "user:shared": name, "temp:t": n})
            while True:
                session = await read(service, "s1")
                assert [one.author for one in session.events] == ["user"] * len(session.events)
                try:
                    await service.append_event(session, event)
                    break
                except StaleSessionError:
                    late += 1
    return late


def fork(options: dict[str, Any]) -> None:
    """Let them do their work, and say how often each was too late."""
    children = []
    for process in range(PROCESSES):
        child = os.fork()
        if child == 0:
            late = asyncio.run(write(options, process))
            os.write(sys.stdout.fileno(), b"%d\n" % late)
            os._exit(0)
        children.append(child)
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)


if __name__ == "__main__":
    fork(json.load(sys.stdin))
