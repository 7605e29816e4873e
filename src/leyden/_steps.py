"""What operations ask of a driver: requests, pauses and work of others, as data.

Multi-step work is a *program*: a generator that yields steps and is sent their results.
A program never performs I/O, so the sync and the async driver run the very same ones.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any, Final, TypeAlias, TypeVar

from leyden._attrs import field, frozen

Params: TypeAlias = dict[str, Any]
"""A request in the shape of boto3's low-level client, with typed AttributeValues."""

Response: TypeAlias = Mapping[str, Any]
"""What the low-level client returns."""

AttributeValue: TypeAlias = dict[str, Any]
Item: TypeAlias = dict[str, AttributeValue]


ITEM_LIMIT: Final = 400 * 1024
"""The largest item that DynamoDB stores, in bytes, names included."""


@frozen
class Request:
    """One call of DynamoDB's API.

    `api` is its name (`GetItem`, `Query`, ...). `operation` and `entity` say on whose behalf
    it is made (`task.create` of `tasks`), for errors and events. `reader` may make the response
    of a good answer's body in place of the driver, which need not ask it; it raises ValueError
    for a body that the driver is to read. One that `restates` brings items into another form and
    changes nothing that they say, so no error tells of it as a write of its call.
    """

    api: str
    params: Params = field(repr=False)
    operation: str = ""
    entity: str | None = None
    reader: Callable[[bytes], dict[str, Any]] | None = field(default=None, repr=False, eq=False)
    restates: bool = field(default=False, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        # A reader is made for one schema in one process.
        known = (self.api, self.params, self.operation, self.entity)
        return Request, (*known, None, True) if self.restates else known


@frozen
class Pause:
    """Wait for `seconds` before going on."""

    seconds: float


@frozen
class Work:
    """Work that is no request to DynamoDB: a call of somebody's client, such as an embedder.

    Its result is what `blocking` returns. An asynchronous driver awaits what `awaited` gives, or
    runs `blocking` on a thread where there is none; a task that is cancelled does not wait for
    that thread. A `LeydenError` reaches the program as that of a request does. Any other exception
    ends the program as it is, so turn those that you expect into a `LeydenError`. Listeners hear
    of requests only. `operation` says on whose behalf it is done.
    """

    blocking: Callable[[], Any]
    awaited: Callable[[], Awaitable[Any]] | None = None
    operation: str = ""


@frozen
class Gather:
    """Send several requests, at most `concurrency` at a time; `Work` may be among them.

    Its result is a list in the order of the requests; an entry is a response or what the work
    returned, or the `LeydenError` which that request ended in.
    """

    requests: tuple[Request | Work, ...]
    concurrency: int = 1


Step: TypeAlias = Request | Pause | Gather | Work
T = TypeVar("T")
Program: TypeAlias = Generator[Step, Any, T]
