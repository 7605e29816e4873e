"""A proxy that throttles and breaks some of all requests, at random."""

from __future__ import annotations

import http.client
import random
import threading
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from attrs import define, field
from tests.faults.proxy import Fault, FaultProxy, Forward, Refuse, Reset, throttled


@define(eq=False)
class RandomFaults(FaultProxy):
    """A proxy without a script: `share` of all requests meet a fault, and the rest pass through.

    It does not remember requests, so it may run for days.
    """

    share: float = 0.1
    seed: int = 0
    counts: Counter[str] = field(factory=Counter)
    _random: random.Random = field(factory=random.Random)
    _local: Any = field(factory=threading.local)

    def next_fault(self, api: str, params: dict[str, Any]) -> Fault:
        """Return a fault for some requests."""
        with self._lock:
            self.counts["requests"] += 1
            if self._random.random() >= self.share:
                return Forward()
            fault = self._random.choice(
                (throttled(), throttled("ThrottlingException"), Reset(), Reset(forward=True))
            )
            if api == "TransactWriteItems" and isinstance(fault, Refuse):
                fault = throttled("ThrottlingException")
            self.counts["throttled" if isinstance(fault, Refuse) else "reset"] += 1
            return fault

    def has_met(self) -> None:
        """Do nothing, since nobody waits for a fault."""

    def exchange(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Return the engine's answer, over a connection that this thread keeps."""
        for fresh in (False, True):
            connection = getattr(self._local, "connection", None)
            if connection is None or fresh:
                address = urlsplit(self.engine_url).netloc
                connection = http.client.HTTPConnection(address, timeout=60)
                self._local.connection = connection
            try:
                connection.request("POST", "/", body, headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException):
                self._local.connection = None
                if fresh:
                    raise
        raise AssertionError("unreachable")
