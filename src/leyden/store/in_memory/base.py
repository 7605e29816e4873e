"""What the domains in memory share: a lock, a clock, names on errors, and tables of records."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from threading import RLock
from typing import Any, Generic, TypeVar

from leyden.errors import KeyCollisionError, LeydenError
from leyden.store.times import Clock, cut, later

T = TypeVar("T")
_Class = TypeVar("_Class", bound=type)


class Domain:
    """A domain whose methods run one at a time, over all domains of a store."""

    def __init__(self, lock: RLock, clock: Clock) -> None:
        self._lock = lock
        self._now = cut(clock)

    def _after(self, seen: datetime) -> datetime:
        """Now, and in any case later than a time that is stored: every change can be seen."""
        return later(self._now(), seen)


def locked_domain(domain: str) -> Callable[[_Class], _Class]:
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


class RecordTable(Generic[T]):
    """Records by id: each is a copy, in and out.

    An id that differs from a stored one by the case of its letters only is refused, since a
    table whose keys are folded could not hold both.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._records: dict[str, T] = {}
        self._by_folded: dict[str, str] = {}

    def get(self, id: str) -> T | None:
        """The record with exactly this id, or None."""
        return copy.deepcopy(self._records.get(id))

    def check(self, ids: Iterable[str]) -> None:
        """Raise KeyCollisionError unless records with these ids can be put."""
        coming: dict[str, str] = {}
        for id in ids:
            folded = id.lower()
            if self._by_folded.get(folded, id) != id or coming.setdefault(folded, id) != id:
                raise KeyCollisionError(
                    f"another {self._kind} has an id that differs by the case of its letters only; "
                    "give this one another id",
                    entity=self._kind,
                )

    def put(self, id: str, record: T) -> None:
        """Keep the record, in place of what has its id."""
        self.check([id])
        self._records[id] = copy.deepcopy(record)
        self._by_folded[id.lower()] = id

    def remove(self, id: str) -> None:
        """Forget the record with exactly this id, where there is one."""
        if self._records.pop(id, None) is not None:
            del self._by_folded[id.lower()]

    def clear(self) -> None:
        """Forget all."""
        self._records.clear()
        self._by_folded.clear()

    def __iter__(self) -> Iterator[T]:
        return iter([copy.deepcopy(record) for record in self._records.values()])
