"""An engine that all packages find, and callers who meet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Barrier
from typing import Any, Final

import pytest
from attrs import define
from bench.agents.stage import Stage, on

import leyden

LONGEST_SECONDS: Final = 300.0
"""How long callers wait for each other, who come only if the package sends what it used to send."""


@define
class Meeting:
    """Callers of packages on boto3, all of whom read before one of them goes on to write."""

    _read: Barrier | None = None

    @contextmanager
    def of(self, callers: int) -> Iterator[None]:
        """Let so many callers meet after each read of theirs."""
        self._read = Barrier(callers, timeout=LONGEST_SECONDS)
        try:
            yield
        finally:
            self._read = None

    def wait(self, **_: Any) -> None:
        """After a read."""
        if self._read is not None:
            self._read.wait()


@pytest.fixture(scope="session")
def here() -> Iterator[Stage]:
    with pytest.MonkeyPatch.context() as patch, leyden.local() as engine, on(engine) as here:
        patch.setenv("AGENTSTATE_QUIET", "1")
        yield here


@pytest.fixture
def meeting(here: Stage) -> Iterator[Meeting]:
    """Where callers of the packages meet whose clients are made from now on."""
    meeting = Meeting()
    here.session.events.register("after-call.dynamodb.GetItem", meeting.wait)
    yield meeting
    here.session.events.unregister("after-call.dynamodb.GetItem", meeting.wait)
