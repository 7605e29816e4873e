"""The asynchronous driver for suites that block: every call runs on an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from pynamodb.models import Model

from leyden.drivers import SharedConnection
from leyden.drivers.aio import AsyncDriver
from leyden.drivers.pynamodb import attach
from leyden.events import Callback, Listener
from leyden.program import Program, Request, Response

T = TypeVar("T")


class BridgedDriver:
    """Waits for what an `AsyncDriver` does on a loop on another thread."""

    def __init__(self, **options: Any) -> None:
        options.pop("transport", None)
        connection = options.get("connection")
        self.driver = AsyncDriver(**options)
        options.pop("capacity", None)
        options.pop("shared", None)
        self._models = None if connection else SharedConnection(**options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def connection(self) -> Any:
        return self.driver.connection

    def run(self, program: Program[T]) -> T:
        return self._wait(self.driver.run(program))

    def send(self, request: Request) -> Response:
        return self._wait(self.driver.send(request))

    def listen(self, callback: Callback) -> Listener:
        return self.driver.listen(callback)

    def attach(self, model: type[Model]) -> None:
        assert self._models is not None
        attach(model, self._models)

    def forget(self) -> None:
        """Close the connections; the next request opens new ones."""
        self._wait(self.driver.connection.close())

    def close(self) -> None:
        if self._thread.is_alive():
            self._wait(self.driver.connection.close())
            self._wait(self._loop.shutdown_default_executor())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
        if self._models is not None:
            self._models.close()

    def __enter__(self) -> BridgedDriver:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
