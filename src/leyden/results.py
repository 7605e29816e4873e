"""What operations give back: pages, results of batches and transactions, and what they cost.

Reads of many items give a `Page` or a `CollectionPage`, searches by meaning `Matches`, batches a
`BatchResult`, transactions a `TransactionResult`. Each is a sequence of what it has, with the
capacity that was consumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, overload

from leyden._attrs import field, frozen
from leyden._steps import Response
from leyden.errors import DecodeError, HookError, UnknownNameError
from leyden.outcomes import Rejection

__all__ = [
    "BatchResult",
    "CollectionPage",
    "Counted",
    "Match",
    "Matches",
    "Page",
    "Rejection",
    "Result",
    "TransactionResult",
    "add_units",
    "bytes_searched",
    "bytes_written",
    "consumed_units",
    "join_pages",
]

if TYPE_CHECKING:
    # What holds records says which: `Page[Order]`. Without a schema's types they are Any.
    from typing_extensions import TypeVar as TypeVarWithDefault

    R = TypeVarWithDefault("R", covariant=True, default=Any)
else:
    R = TypeVar("R", covariant=True)

Number = TypeVar("Number", int, float)


class _Holding(Sequence[R]):
    """A sequence of its `items`."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def items(self) -> tuple[R, ...]: ...

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int, /) -> R: ...
    @overload
    def __getitem__(self, index: slice, /) -> tuple[R, ...]: ...
    def __getitem__(self, index: Any, /) -> Any:
        return self.items[index]

    def __iter__(self) -> Iterator[R]:
        return iter(self.items)


@frozen
class Result(Generic[R]):
    """One operation's item with its cost; what `data="result"` gives.

    `item` is what the operation gives without that option. `consumed` is in capacity units,
    None where the engine does not say. `response` is the service's own answer.
    """

    item: R
    consumed: float | None
    response: Response

    @property
    def bytes_written(self) -> int | None:
        """The bytes metered for writes to vector indexes; None where the answer has no such."""
        return bytes_written(self.response)


@frozen
class Page(_Holding[R]):
    """What a query or a scan found, and where to go on.

    `cursor` is None at the end of the results. `consumed` is in capacity units, None where the
    engine does not say. `scanned` counts the items that were read, `requests` the requests made.
    `unreadable` has the errors of items that could not be read, with `unreadable="collect"`.

    >>> page = task.query.project(project_id="p1").go(limit=10)     # doctest: +SKIP
    >>> page.items, page.cursor, len(page)                          # doctest: +SKIP
    """

    items: tuple[R, ...]
    cursor: str | None
    consumed: float | None
    scanned: int
    requests: int
    unreadable: tuple[DecodeError | HookError, ...] = field(default=(), repr=False)


@frozen
class CollectionPage(_Holding[R]):
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
    def items(self) -> tuple[R, ...]:
        """The records of all entities, in key order."""
        return tuple(record for _, record in self.entries)

    def __getattr__(self, alias: str) -> list[Any]:
        if alias not in self.aliases:
            raise UnknownNameError(
                f'the collection has no entity "{alias}"; it has {", ".join(self.aliases)}'
            )
        return [record for name, record in self.entries if name == alias]


@frozen
class Match(Generic[R]):
    """An item that a search by meaning found, and how near it is.

    `score` is higher the nearer it is, whatever the metric: 1 - d/2 for cosine and 1/(1 + d) for
    euclidean, where d is the distance, both at most 1; the product itself for dot_product.
    `distance` is the service's own number for cosine (0 to 2) and euclidean, lower the nearer it
    is; None for dot_product, which has no distance.
    """

    record: R
    score: float
    distance: float | None


@frozen
class Matches(_Holding[Match[R]], Generic[R]):
    """What a search by meaning found, the nearest first.

    `bytes_searched` is what the search is metered by, None where the engine does not say.
    `consumed` are the capacity units of what was read besides, with `hydrate=True` or for large
    values. `requests` counts the requests made.

    The service gives up to `top_k` items, `found` of them. `left_out` of these did not meet
    `where()`, `dropped` are another service's, of an entity with the same name and version. Both
    are missing here, though items that are farther away may be yours or meet it: a higher `top_k`
    finds these. So is, with `hydrate=True`, what was deleted or changed meanwhile.
    `unreadable` has the errors of items that could not be read, with `unreadable="collect"`.

    >>> matches = note.search.similar(vector, tenant_id="t1").go(top_k=5)   # doctest: +SKIP
    >>> [(match.record.note_id, match.score) for match in matches]          # doctest: +SKIP
    """

    items: tuple[Match[R], ...]
    consumed: float | None
    bytes_searched: int | None
    requests: int
    unreadable: tuple[DecodeError | HookError, ...] = field(default=(), repr=False)
    dropped: int = 0
    left_out: int = 0
    found: int = 0

    @property
    def records(self) -> tuple[R, ...]:
        """The records of the matches, in the same order."""
        return tuple(match.record for match in self.items)


@frozen
class Counted:
    """How many items a read finds, and what counting them cost: what `counting()` gives.

    `consumed` is in capacity units, None where the engine does not say.
    """

    count: int
    consumed: float | None = None
    requests: int = 0


@frozen
class BatchResult(_Holding[R]):
    """What a batch read, in the order of its entries; None for an item that is not there.

    After a write, the entries that were put as records, and None for those deleted or not
    written for sure.
    `unprocessed` holds what the service had not taken up after all retries, in raw form; it is
    empty unless `unprocessed="return"` was asked for. `unreadable` has the errors of items that
    could not be read, with `unreadable="collect"`; None stands in their places.
    """

    items: tuple[R, ...]
    unprocessed: tuple[Any, ...]
    consumed: float | None
    requests: int
    unreadable: tuple[DecodeError | HookError, ...] = field(default=(), repr=False)
    bytes_written: int | None = field(default=None, repr=False)
    """The bytes metered for writes to vector indexes; None where there were none."""


@frozen
class TransactionResult(_Holding[R]):
    """What a transaction wrote or read, in the order of its operations.

    A write's entries are the records that were put, and records of the key attributes for the
    other verbs; a read's entries are None where there is no item. `attempts` counts the
    transactions that were sent: conflicts are tried again. `consumed` covers what was read first.
    `unreadable` has the errors of items that could not be read, with `unreadable="collect"`; None
    stands in their places.
    """

    items: tuple[R, ...]
    consumed: float | None
    attempts: int
    unreadable: tuple[DecodeError | HookError, ...] = field(default=(), repr=False)
    bytes_written: int | None = field(default=None, repr=False)
    """The bytes metered for writes to vector indexes; None where there were none."""


def join_pages(pages: Sequence[Page[R]]) -> Page[R]:
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
    if not isinstance(reported, Mapping):
        return sum(float(entry.get("CapacityUnits") or 0) for entry in reported)
    # A search is metered by bytes alone.
    units = reported.get("CapacityUnits")
    return None if units is None and _SEARCHED in reported else float(units or 0)


_SEARCHED: Final = "VectorSearchRequestBytes"
_WRITTEN: Final = "VectorWriteRequestBytes"


def bytes_searched(response: Response) -> int | None:
    """The bytes of vector indexes that a response reports as searched; None where it does not."""
    return _metered(response, _SEARCHED)


def bytes_written(response: Response) -> int | None:
    """The bytes that a response reports as written to vector indexes; None where it does not."""
    return _metered(response, _WRITTEN)


def _metered(response: Response, name: str) -> int | None:
    reported = response.get("ConsumedCapacity")
    if not reported:
        return None
    total = None
    for entry in (reported,) if isinstance(reported, Mapping) else reported:
        # Of a table with vector indexes an entry has one for each; of a search it has the sum.
        parts = (entry, *(entry.get("VectorIndexes") or {}).values())
        sizes = [part[name] for part in parts if part.get(name) is not None]
        if sizes:
            total = (total or 0) + int(sizes[0] if entry.get(name) is not None else sum(sizes))
    return total


def add_units(total: Number | None, more: Number | None) -> Number | None:
    """The sum of two costs, where one of them is known."""
    if more is None:
        return total
    return more if total is None else total + more


@frozen
class WriteCost:
    """The write units of a write, by what they are for.

    `item` is for the item itself, `indexes` for each access pattern that stands in an index, and
    `others` for the items that go with it: guards of unique values, parts of large values. All of
    them count twice where `in_transaction`. `bound` says how the stored item may change that:
    `exact`; `at least` for a put, which may replace a larger item; `at most` for an item of one KB.
    """

    item: int
    indexes: Mapping[str, int] = field(factory=dict)
    others: int = 0
    in_transaction: bool = False
    bound: str = "exact"

    @property
    def units(self) -> int:
        """All of them together."""
        units = self.item + sum(self.indexes.values()) + self.others
        return units * 2 if self.in_transaction else units

    def __str__(self) -> str:
        bound = "" if self.bound == "exact" else f"{self.bound} "
        size = " for an item of up to 1 KB" if self.bound == "at most" else ""
        parts = [f"{self.item} for the item"]
        parts += [f"{units} for {name}" for name, units in self.indexes.items()]
        parts += [f"{self.others} for the items that go with it"] if self.others else []
        doubled = ", doubled by the transaction" if self.in_transaction else ""
        units = "1 write unit" if self.units == 1 else f"{self.units} write units"
        return f"{bound}{units}{size}: {', '.join(parts)}{doubled}"
