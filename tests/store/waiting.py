"""The asynchronous store for a suite that blocks: each call is awaited on a loop of its own."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from leyden.store import AsyncDynamoDBStore


class WaitingStore:
    """An `AsyncDynamoDBStore`, of which every call waits for its end; threads may share it."""

    def __init__(self, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._store = AsyncDynamoDBStore(**options)
        self.table_name = options["table_name"]
        for domain in ("memory", "workflows", "scores", "traces", "evals"):
            setattr(self, domain, _Waiting(getattr(self._store, domain), self._wait))

    def create_table(self) -> Any:
        return self._wait(self._store.app.create_table)

    def init(self) -> None:
        self._wait(self._store.init)

    def clear(self, *given: Any, **named: Any) -> None:
        self._wait(self._store.clear, *given, **named)

    def close(self) -> None:
        if self._thread.is_alive():
            self._wait(self._store.close)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def __enter__(self) -> WaitingStore:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _wait(self, method: Callable[..., Any], *given: Any, **named: Any) -> Any:
        # Called on the loop: bad input must be refused by the call or by awaiting it.
        async def call() -> Any:
            return await method(*given, **named)

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result()


class _Waiting:
    """A domain of the store."""

    def __init__(self, domain: Any, wait: Callable[..., Any]) -> None:
        self._domain = domain
        self._wait = wait

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._domain, name)
        assert inspect.iscoroutinefunction(method)
        return wraps(method)(partial(self._wait, method))
