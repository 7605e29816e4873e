"""The results of operations: pages, results of batches and transactions, and their cost.

Queries and scans return a `Page`, collection queries a `CollectionPage`, vector searches `Matches`,
batches a `BatchResult`, transactions a `TransactionResult`. Each is a sequence of records, and has
the capacity units that it consumed.
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
    # Results are generic in their records: `Page[Order]`. Without generated types they are Any.
    from typing_extensions import TypeVar as TypeVarWithDefault

    R = TypeVarWithDefault("R", covariant=True, default=Any)
else:
    R = TypeVar("R", covariant=True)

Number = TypeVar("Number", int, float)


class _Holding(Sequence[R]):
    """A result that is the sequence of its `items`."""

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
    """The result of one operation with its cost, for `data="result"`.

    `item` is what the operation returns without that option. `consumed` is in capacity units, None
    if the engine does not report it. `response` is DynamoDB's own response.

    >>> task.get(project_id="p1", task_id="t1").go(data="result").consumed  # doctest: +SKIP
    0.5
    """

    item: R
    consumed: float | None
    response: Response

    @property
    def bytes_written(self) -> int | None:
        """The bytes metered for writes to vector indexes; None if the response reports none."""
        return bytes_written(self.response)


@frozen
class Page(_Holding[R]):
    """The records that a query or a scan found, and a cursor to continue.

    Pass `cursor` to the next read; it is None at the end of the results. `consumed` is in capacity
    units, None if the engine does not report it. `scanned` counts the items that were read,
    `requests` the requests. `unreadable` has the errors of items that do not decode, if you asked
    for `unreadable="collect"`.

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
    """The records that a collection query found: `.items` in key order, and a list per entity.

    The lists are attributes named by the entities' aliases: `page.task`. `cursor`, `consumed`,
    `scanned`, `requests` and `unreadable` are as in `Page`.

    >>> page = app.collections.contributions(employee_id="e1").go()     # doctest: +SKIP
    >>> page.task, page.employee                                        # doctest: +SKIP
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
    """A record that a vector search found, and how near it is.

    `score` is higher for nearer records, whatever the metric. With d as the distance, it is 1 - d/2
    for cosine and 1/(1 + d) for euclidean, both at most 1. For dot_product it is the product.
    `distance` is DynamoDB's own number for cosine (0 to 2) and euclidean, lower for nearer records.
    It is None for dot_product, which has no distance.
    """

    record: R
    score: float
    distance: float | None


@frozen
class Matches(_Holding[Match[R]], Generic[R]):
    """The records that a vector search found, the nearest first.

    `bytes_searched` is what DynamoDB meters the search by, None if the engine does not report it.
    `consumed` is in capacity units, for items that were read besides: with `hydrate=True`, or for
    large values. `requests` counts the requests.

    DynamoDB returns up to `top_k` items, and `found` says how many it returned. `left_out` counts
    those that did not meet `where()`. `dropped` counts those of another service whose entity has
    the same name and version. The matches have neither, although items that are farther away may
    qualify; a higher `top_k` finds those. With `hydrate=True`, the matches also lack items that
    were deleted or changed meanwhile. `unreadable` has the errors of items that do not decode, if
    you asked for `unreadable="collect"`.

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
    """The number of items that a read finds, and the cost of counting them; see `counting()`.

    `consumed` is in capacity units, None if the engine does not report it. `requests` counts the
    requests.
    """

    count: int
    consumed: float | None = None
    requests: int = 0


@frozen
class BatchResult(_Holding[R]):
    """The results of a batch, in the order of its entries.

    A read has a record for each entry, or None if the item does not exist. A write has a record for
    each item that it put, and None for those that it deleted or may not have written.

    `unprocessed` has the entries, in raw form, that DynamoDB had not processed after all retries.
    It is empty unless you asked for `unprocessed="return"`. `consumed` is in capacity units, None
    if the engine does not report it. `requests` counts the requests. `unreadable` has the errors of
    items that do not decode, if you asked for `unreadable="collect"`; their places have None.
    """

    items: tuple[R, ...]
    unprocessed: tuple[Any, ...]
    consumed: float | None
    requests: int
    unreadable: tuple[DecodeError | HookError, ...] = field(default=(), repr=False)
    bytes_written: int | None = field(default=None, repr=False)
    """The bytes metered for writes to vector indexes; None if there were none."""


@frozen
class TransactionResult(_Holding[R]):
    """The results of a transaction, in the order of its operations.

    A write has the records that it put, and for the other verbs records of the key attributes only.
    A read has a record for each item, or None if it does not exist. `attempts` counts the
    transactions that were sent, because Leyden retries conflicts. `consumed` is in capacity units
    and includes items that Leyden had to read first. `unreadable` has the errors of items that do
    not decode, if you asked for `unreadable="collect"`; their places have None.
    """

    items: tuple[R, ...]
    consumed: float | None
    attempts: int
    unreadable: tuple[DecodeError | HookError, ...] = field(default=(), repr=False)
    bytes_written: int | None = field(default=None, repr=False)
    """The bytes metered for writes to vector indexes; None if there were none."""


def join_pages(pages: Sequence[Page[R]]) -> Page[R]:
    """Join all pages of a read into one, without a cursor."""
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
    """Return the capacity units of a response, over all tables; None if it does not report them."""
    reported = response.get("ConsumedCapacity")
    if not reported:
        return None
    if not isinstance(reported, Mapping):
        return sum(float(entry.get("CapacityUnits") or 0) for entry in reported)
    # DynamoDB meters a vector search by bytes only.
    units = reported.get("CapacityUnits")
    return None if units is None and _SEARCHED in reported else float(units or 0)


_SEARCHED: Final = "VectorSearchRequestBytes"
_WRITTEN: Final = "VectorWriteRequestBytes"


def bytes_searched(response: Response) -> int | None:
    """Return the bytes of vector indexes that were searched; None if not reported."""
    return _metered(response, _SEARCHED)


def bytes_written(response: Response) -> int | None:
    """Return the bytes that were written to vector indexes; None if not reported."""
    return _metered(response, _WRITTEN)


def _metered(response: Response, name: str) -> int | None:
    reported = response.get("ConsumedCapacity")
    if not reported:
        return None
    total = None
    for entry in (reported,) if isinstance(reported, Mapping) else reported:
        # A write reports bytes per vector index, a search reports the sum.
        parts = (entry, *(entry.get("VectorIndexes") or {}).values())
        sizes = [part[name] for part in parts if part.get(name) is not None]
        if sizes:
            total = (total or 0) + int(sizes[0] if entry.get(name) is not None else sum(sizes))
    return total


def add_units(total: Number | None, more: Number | None) -> Number | None:
    """Add two costs, either of which may be unknown."""
    if more is None:
        return total
    return more if total is None else total + more


@frozen
class WriteCost:
    """The write capacity units of a write, by what they are for.

    `item` is for the item itself, `indexes` for the index of each access pattern, and `others` for
    items written with it: guard items of unique values, parts of large values. `in_transaction`
    doubles all of them. `bound` says how exact the numbers are: `exact`; `at least` for a put,
    which may replace a larger item; `at most` for an item of one KB.
    """

    item: int
    indexes: Mapping[str, int] = field(factory=dict)
    others: int = 0
    in_transaction: bool = False
    bound: str = "exact"

    @property
    def units(self) -> int:
        """The sum of all units."""
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
