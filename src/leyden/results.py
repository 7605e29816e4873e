"""What operations give back: pages, results of batches and transactions, and what they cost.

Reads of many items give a `Page` or a `CollectionPage`, batches a `BatchResult`, transactions a
`TransactionResult`. Each is a sequence of its records, with the capacity that was consumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from leyden._attrs import field, frozen
from leyden._steps import Response
from leyden.errors import DecodeError, HookError, UnknownNameError
from leyden.outcomes import Rejection

__all__ = [
    "BatchResult",
    "CollectionPage",
    "Counted",
    "Page",
    "Rejection",
    "Result",
    "TransactionResult",
    "add_units",
    "consumed_units",
    "join_pages",
]


@frozen
class Result:
    """One operation's item with its cost; what `data="result"` gives.

    `item` is what the operation gives without that option. `consumed` is in capacity units,
    None where the engine does not say. `response` is the service's own answer.
    """

    item: Any
    consumed: float | None
    response: Response


@frozen
class Page(Sequence[Any]):
    """What a query or a scan found, and where to go on.

    `cursor` is None at the end of the results. `consumed` is in capacity units, None where the
    engine does not say. `scanned` counts the items that were read, `requests` the requests made.
    `unreadable` has the errors of items that could not be read, with `unreadable="collect"`.

    >>> page = task.query.project(project_id="p1").go(limit=10)     # doctest: +SKIP
    >>> page.items, page.cursor, len(page)                          # doctest: +SKIP
    """

    items: tuple[Any, ...]
    cursor: str | None
    consumed: float | None
    scanned: int
    requests: int
    unreadable: tuple[DecodeError | HookError, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


@frozen
class CollectionPage(Sequence[Any]):
    """What a collection query found: `.items` in key order, and one list an entity.

    The lists are attributes by the entities' aliases: `page.task`. `cursor`, `consumed`,
    `scanned`, `requests` and `unreadable` are those of a `Page`.
    """

    entries: tuple[tuple[str, Any], ...]
    """Pairs of alias and record, in key order."""
    aliases: tuple[str, ...]
    cursor: str | None
    consumed: float | None
    scanned: int
    requests: int
    unreadable: tuple[DecodeError | HookError, ...] = field(default=(), repr=False)

    @property
    def items(self) -> tuple[Any, ...]:
        """The records of all entities, in key order."""
        return tuple(record for _, record in self.entries)

    def __getattr__(self, alias: str) -> list[Any]:
        if alias not in self.aliases:
            raise UnknownNameError(
                f'the collection has no entity "{alias}"; it has {", ".join(self.aliases)}'
            )
        return [record for name, record in self.entries if name == alias]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]


@frozen
class Counted:
    """How many items a read finds, and what counting them cost: what `counting()` gives.

    `consumed` is in capacity units, None where the engine does not say.
    """

    count: int
    consumed: float | None = None
    requests: int = 0


@frozen
class BatchResult(Sequence[Any]):
    """What a batch read, in the order of its entries; None for an item that is not there.

    After a write, the entries that were put as records, and None for those deleted or not
    written for sure.
    `unprocessed` holds what the service had not taken up after all retries, in raw form; it is
    empty unless `unprocessed="return"` was asked for. `unreadable` has the errors of items that
    could not be read, with `unreadable="collect"`; None stands in their places.
    """

    items: tuple[Any, ...]
    unprocessed: tuple[Any, ...]
    consumed: float | None
    requests: int
    unreadable: tuple[DecodeError | HookError, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]


@frozen
class TransactionResult(Sequence[Any]):
    """What a transaction wrote or read, in the order of its operations.

    A write's entries are the records that were put, and records of the key attributes for the
    other verbs; a read's entries are None where there is no item. `attempts` counts the
    transactions that were sent: conflicts are tried again. `consumed` covers what was read first.
    `unreadable` has the errors of items that could not be read, with `unreadable="collect"`; None
    stands in their places.
    """

    items: tuple[Any, ...]
    consumed: float | None
    attempts: int
    unreadable: tuple[DecodeError | HookError, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]


def join_pages(pages: Sequence[Page]) -> Page:
    """Pages put together, as one at the end of the results."""
    consumed: float | None = None
    for page in pages:
        consumed = add_units(consumed, page.consumed)
    return Page(
        tuple(item for page in pages for item in page.items),
        None,
        consumed,
        sum(page.scanned for page in pages),
        sum(page.requests for page in pages),
        tuple(error for page in pages for error in page.unreadable),
    )


def consumed_units(response: Response) -> float | None:
    """The capacity units that a response reports, over all its tables; None where it does not."""
    reported = response.get("ConsumedCapacity")
    if not reported:
        return None
    entries = [reported] if isinstance(reported, Mapping) else reported
    return sum(float(entry.get("CapacityUnits") or 0) for entry in entries)


def add_units(total: float | None, more: float | None) -> float | None:
    """The sum of two costs, where one of them is known."""
    if more is None:
        return total
    return more if total is None else total + more
