"""Records of one kind by their ids."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from leyden.errors import KeyCollisionError

T = TypeVar("T")


class Shelf(Generic[T]):
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
