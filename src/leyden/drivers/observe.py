"""Events and log lines around each request."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import Any

from leyden.drivers.prepare import consumed_of, table_of
from leyden.errors import LeydenError
from leyden.events import (
    EVERYWHERE,
    Event,
    Listeners,
    RequestFailed,
    RequestSent,
    ResponseReceived,
)
from leyden.program import Params, Request, Response

log = logging.getLogger("leyden.drivers")


class Observation:
    """One request under observation, from the moment before it is sent."""

    def __init__(self, own: Listeners, request: Request, params: Params) -> None:
        self._own = own
        index = params.get("IndexName")
        self._where: dict[str, Any] = {
            "operation": request.operation,
            "entity": request.entity,
            "api": request.api,
            "table": table_of(params),
            "index": None if index is None else str(index),
        }
        self._tell(RequestSent(**self._where, params=params))
        self._started = perf_counter()

    @classmethod
    def begin(cls, own: Listeners, request: Request, params: Params) -> Observation | None:
        """Observe a request if anyone wants to know of it, else return None."""
        if own or EVERYWHERE or log.isEnabledFor(logging.DEBUG):
            return cls(own, request, params)
        return None

    def answered(self, response: Response) -> None:
        """Tell of an answer."""
        seconds = perf_counter() - self._started
        consumed = consumed_of(response)
        self._tell(
            ResponseReceived(
                **self._where,
                consumed=consumed,
                seconds=seconds,
                count=response.get("Count"),
                scanned_count=response.get("ScannedCount"),
            )
        )
        self._log("answered", seconds, consumed)

    def failed(self, error: LeydenError) -> None:
        """Tell of an error."""
        seconds = perf_counter() - self._started
        self._tell(RequestFailed(**self._where, seconds=seconds, error=error))
        self._log(error.code, seconds, None)

    def _tell(self, event: Event) -> None:
        self._own.tell(event)
        EVERYWHERE.tell(event)

    def _log(self, outcome: str, seconds: float, consumed: float | None) -> None:
        log.debug(
            "%s entity=%s api=%s table=%s index=%s consumed=%s milliseconds=%.1f %s",
            self._where["operation"] or "-",
            self._where["entity"] or "-",
            self._where["api"],
            self._where["table"] or "-",
            self._where["index"] or "-",
            "-" if consumed is None else consumed,
            seconds * 1000,
            outcome,
        )
