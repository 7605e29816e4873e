"""PynamoDB's connection with a lean way to DynamoDB: signed, sent and read here."""

from __future__ import annotations

import time
from typing import Any

from leyden.drivers.connection import SharedConnection
from leyden.drivers.sockets import Pool
from leyden.drivers.wire.exchange import Call, Exchange, Reader, Send, Wait


class LeanConnection(SharedConnection):
    """A `SharedConnection` whose requests take a fraction of the processor time.

    botocore still finds credentials, region and endpoint, and decides on retries; PynamoDB's
    models go through it as ever. Requests are written, signed and read by `leyden.drivers.wire`
    and sent over connections of its own.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._exchange = Exchange(self)
        self._pool = Pool(
            self.trust,
            connect_timeout=self._connect_timeout_seconds,
            read_timeout=self._read_timeout_seconds,
            size=self._max_pool_connections or 1,
        )

    def dispatch(
        self,
        operation_name: str,
        operation_kwargs: dict[str, Any],
        reader: Reader | None = None,
    ) -> dict[str, Any]:
        """Send one request. `operation_kwargs` stays as it is; `reader` is a `Request`'s."""
        steps = self._exchange.of(operation_name, operation_kwargs, reader)
        try:
            step = next(steps)
            while True:
                try:
                    result: Any = None
                    match step:
                        case Send(destination, data):
                            result = self._pool.exchange(destination, data)
                        case Wait(seconds):
                            time.sleep(seconds)
                        case Call(function):
                            result = function()
                except Exception as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(result)
        except StopIteration as end:
            response: dict[str, Any] = end.value
            return response

    def close(self) -> None:
        """Close the open connections. A later request opens new ones."""
        self._exchange.forget()
        self._pool.close()
        super().close()
