"""The options of calls, without those that decide the result's type (`data`, `select`, `response`).

They match the families of `leyden.operations.options`; a test compares the two.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from typing_extensions import TypedDict

class _Read(TypedDict, total=False):
    table: str | None
    params: Mapping[str, Any] | None
    attributes: Sequence[str] | None
    consistent: bool | None
    ignore_ownership: bool | None

class GetOptions(_Read, total=False, closed=True): ...

class WriteOptions(TypedDict, total=False, closed=True):
    table: str | None
    params: Mapping[str, Any] | None

class _First(_Read, total=False):
    cursor: str | None
    cursor_from: Literal["leyden", "electrodb"] | None
    unreadable: Literal["raise", "collect"] | None
    hydrate: bool | None
    concurrency: int | None
    budget: float | None

class FirstOptions(_First, total=False, closed=True): ...

class _QueryFirst(_First, total=False):
    order: Literal["asc", "desc"] | None
    compare: Literal["keys", "attributes", "v2"] | None

class QueryFirstOptions(_QueryFirst, total=False, closed=True): ...

class _QueryIter(_QueryFirst, total=False):
    limit: int | None

class QueryIterOptions(_QueryIter, total=False, closed=True): ...

class QueryOptions(_QueryIter, total=False, closed=True):
    count: int | None
    pages: int | Literal["all"] | None

class _ScanIter(_First, total=False):
    limit: int | None
    segments: int | None
    progress: Callable[[int, int], object] | None

class ScanIterOptions(_ScanIter, total=False, closed=True): ...

class ScanOptions(_ScanIter, total=False, closed=True):
    count: int | None
    pages: int | Literal["all"] | None

class _Count(TypedDict, total=False):
    table: str | None
    params: Mapping[str, Any] | None
    consistent: bool | None
    ignore_ownership: bool | None
    limit: int | None

class QueryCountOptions(_Count, total=False, closed=True):
    compare: Literal["keys", "attributes", "v2"] | None

class ScanCountOptions(_Count, total=False, closed=True):
    segments: int | None

class SearchOptions(TypedDict, total=False, closed=True):
    top_k: int | None
    table: str | None
    params: Mapping[str, Any] | None
    attributes: Sequence[str] | None
    unreadable: Literal["raise", "collect"] | None
    hydrate: bool | None
    budget: float | None

class TransactGetOptions(TypedDict, total=False, closed=True):
    ignore_ownership: bool | None
    unreadable: Literal["raise", "collect"] | None

class TransactWriteOptions(TypedDict, total=False, closed=True):
    token: str | None

class BatchWriteOptions(TypedDict, total=False, closed=True):
    table: str | None
    concurrency: int | None
    budget: float | None
    unprocessed: Literal["raise", "return"] | None
    progress: Callable[[int, int], object] | None
    guard: bool | None

class BatchGetOptions(TypedDict, total=False, closed=True):
    ignore_ownership: bool | None
    unreadable: Literal["raise", "collect"] | None
    table: str | None
    attributes: Sequence[str] | None
    consistent: bool | None
    concurrency: int | None
    budget: float | None
    unprocessed: Literal["raise", "return"] | None
    progress: Callable[[int, int], object] | None
