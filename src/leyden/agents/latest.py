"""What a process remembers of the items that it read or wrote last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Latest(Generic[K, V]):
    """The latest values by their keys, up to a number of them; for many threads."""

    def __init__(self, most: int) -> None:
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()
        self._most = most

    def get(self, key: K) -> V | None:
        """Return the value, if it is among the latest."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def set(self, key: K, value: V) -> None:
        """Remember a value, in place of the one that was asked for longest ago."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._most:
                self._values.popitem(last=False)

    def forget(self, is_wanted: Callable[[K], bool]) -> None:
        """Forget values by their keys."""
        with self._lock:
            for key in [key for key in self._values if is_wanted(key)]:
                del self._values[key]
