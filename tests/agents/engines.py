"""Engines for the tests of adapters, which run in the environments of their frameworks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from hypothesis import settings

from tests.conftest import _new_table_name, _start


@contextmanager
def table_on(kind: str) -> Iterator[dict[str, Any]]:
    """The options of an adapter for a table of its own: `embedded` or `dynamodb_local`."""
    with _start(kind) as engine:
        yield {"table_name": _new_table_name("agents"), **options_of(engine)}


def options_of(engine: Any) -> dict[str, Any]:
    """The options of an adapter on an engine of the tests."""
    keys = {"access_key_id": "local", "secret_access_key": "local"}
    where = {"endpoint_url": engine.endpoint_url, "region": engine.region}
    return {**where, "credentials": keys}


FEW: Final = settings(max_examples=max(5, settings().max_examples // 3), stateful_step_count=12)
"""For the comparison of an adapter with the framework's own class.

It finds faults of a translation. Those of the log are found by the log's own tests.
"""


class Stalls:
    """The longest time for which the event loop did nothing else: `longest`, in seconds.

    ::

        async with Stalls() as stalls:
            await something()
    """

    longest = 0.0

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        # `time.thread_time` counts what the loop's own thread computes, on a busy machine too.
        self._clock = clock

    async def __aenter__(self) -> Stalls:
        self._watching = asyncio.create_task(self._watch())
        await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            began = self._clock()
            await asyncio.sleep(0.001)
            slept = 0.001 if self._clock is time.perf_counter else 0.0
            self.longest = max(self.longest, self._clock() - began - slept)
