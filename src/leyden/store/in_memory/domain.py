"""What the domains share: a lock, a clock, and names on errors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any, TypeAlias, TypeVar

from leyden.compile.times import accept_timestamp
from leyden.errors import LeydenError

Clock: TypeAlias = Callable[[], datetime]
_Class = TypeVar("_Class", bound=type)

_LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


class Domain:
    """A domain whose methods run one at a time, over all domains of a store."""

    def __init__(self, lock: RLock, clock: Clock) -> None:
        self._lock = lock
        self._clock = clock

    def _now(self) -> datetime:
        return accept_timestamp(self._clock(), "clock")

    def _after(self, seen: datetime) -> datetime:
        """Now, and in any case later than a time that is stored: every change can be seen."""
        if seen >= _LATEST:
            return seen
        return max(self._now(), seen + _MILLISECOND)


def methods_of(domain: str) -> Callable[[_Class], _Class]:
    """Make every public method of a domain take the lock, and put its name on errors."""

    def decorate(cls: _Class) -> _Class:
        for name, method in list(vars(cls).items()):
            if callable(method) and not name.startswith("_"):
                setattr(cls, name, _guarded(method, f"store.{domain}.{name}"))
        return cls

    return decorate


def _guarded(method: Callable[..., Any], operation: str) -> Callable[..., Any]:
    @functools.wraps(method)
    def guarded(self: Domain, *args: Any, **options: Any) -> Any:
        try:
            with self._lock:
                return method(self, *args, **options)
        except LeydenError as error:
            error.operation = operation
            raise

    return guarded
