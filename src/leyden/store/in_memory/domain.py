"""What the domains share: a lock, a clock, and names on errors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from threading import RLock
from typing import Any, TypeVar

from leyden.errors import LeydenError
from leyden.store.times import Clock, cut, later

_Class = TypeVar("_Class", bound=type)


class Domain:
    """A domain whose methods run one at a time, over all domains of a store."""

    def __init__(self, lock: RLock, clock: Clock) -> None:
        self._lock = lock
        self._now = cut(clock)

    def _after(self, seen: datetime) -> datetime:
        """Now, and in any case later than a time that is stored: every change can be seen."""
        return later(self._now(), seen)


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
