"""The steps that programs ask of a driver, as data: requests, pauses, and work of other clients.

Work of several steps is a *program*: a generator that yields steps and is sent their results. A
program never performs I/O, so the sync and the async driver run the same programs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any, Final, TypeAlias, TypeVar

from leyden._attrs import field, frozen

Params: TypeAlias = dict[str, Any]
"""A request in the shape of boto3's low-level client, with typed AttributeValues."""

Response: TypeAlias = Mapping[str, Any]
"""A response in the shape of boto3's low-level client."""

AttributeValue: TypeAlias = dict[str, Any]
Item: TypeAlias = dict[str, AttributeValue]


ITEM_LIMIT: Final = 400 * 1024
"""The size of the largest item that DynamoDB stores, in bytes, including attribute names."""


@frozen
class Request:
    """One call of DynamoDB's API.

    `api` is its name (`GetItem`, `Query`, ...), and `params` its parameters. `operation` and
    `entity` say which call of Leyden it belongs to (`task.create` of `tasks`), for errors and
    events. `reader` may read the body of a successful answer faster than the driver does. Drivers
    need not use it, and it raises ValueError for a body that it leaves to the driver. `restates`
    marks a write that only converts items into another form, so errors do not report it as a write
    of the call.
    """

    api: str
    params: Params = field(repr=False)
    operation: str = ""
    entity: str | None = None
    reader: Callable[[bytes], dict[str, Any]] | None = field(default=None, repr=False, eq=False)
    restates: bool = field(default=False, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        # A reader belongs to the schemas of this process, and does not pickle.
        known = (self.api, self.params, self.operation, self.entity)
        return Request, (*known, None, True) if self.restates else known


@frozen
class Pause:
    """Wait for `seconds` before going on."""

    seconds: float


@frozen
class Work:
    """Work that is not a request to DynamoDB: a call of another client, such as an embedder.

    The step's result is what `blocking` returns. An asynchronous driver awaits `awaited()` instead,
    or runs `blocking` on a thread if there is no `awaited`; a canceled task does not wait for that
    thread. A `LeydenError` reaches the program like that of a request. Any other exception ends the
    program unchanged, so convert the ones that you expect to a `LeydenError`. Listeners get events
    for requests only. `operation` says which call it belongs to.
    """

    blocking: Callable[[], Any]
    awaited: Callable[[], Awaitable[Any]] | None = None
    operation: str = ""


@frozen
class Gather:
    """Send several requests, at most `concurrency` at a time; `Work` may be among them.

    The step's result is a list in the order of the requests. An entry is a response, what the work
    returned, or the `LeydenError` with which it failed.
    """

    requests: tuple[Request | Work, ...]
    concurrency: int = 1


Step: TypeAlias = Request | Pause | Gather | Work
T = TypeVar("T")
Program: TypeAlias = Generator[Step, Any, T]
