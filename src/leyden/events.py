"""Listeners, which get an event for each request: what was sent, and what it cost.

A listener is a function that takes one event::

    import leyden.events

    def cost(event):
        if isinstance(event, leyden.events.ResponseReceived):
            print(event.operation, event.index, event.consumed)

    with leyden.events.listen(cost):
        task.query.assigned(employee_id="e1").go()

It is called on the sending thread, before and after each request. An exception in a listener is
logged and does not reach the caller. `listen` of this module listens to all drivers of the process;
a driver's own `listen` listens to that driver only.

With `operations=True`, a listener also gets events for operations. An operation is a call of yours
with all of the requests that it takes. `leyden.opentelemetry` is such a listener.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from types import TracebackType
from typing import Any, Final, TypeAlias

from leyden._attrs import field, frozen
from leyden.errors import LeydenError

__all__ = [
    "Event",
    "Listener",
    "Listeners",
    "OperationEnded",
    "OperationEvent",
    "OperationId",
    "OperationStarted",
    "RequestFailed",
    "RequestSent",
    "ResponseReceived",
    "listen",
]


class OperationId:
    """The identity of one operation: all events of the operation have the same object."""

    __slots__ = ()


@frozen
class RequestSent:
    """A request is about to be sent.

    `operation` is Leyden's name of the call, such as `task.create`, and `api` is DynamoDB's.
    `entity` is the entity's name. `table` and `index` are None if the call has none; several tables
    are joined with a comma. `params` is the request itself. It has the values of items, so do not
    log it.
    """

    operation: str
    entity: str | None
    api: str
    table: str | None
    index: str | None
    params: Mapping[str, Any] = field(repr=False)
    within: OperationId | None = field(default=None, repr=False, eq=False)
    """The operation that the request is part of, if a listener asked for operations."""


@frozen
class ResponseReceived:
    """A request was answered.

    `consumed` is in capacity units, None if the service did not report it. `count` and
    `scanned_count` are the items returned and the items read, for queries and scans only. `seconds`
    is the time since `RequestSent`, including retries. `bytes_searched` and `bytes_written` are the
    bytes that DynamoDB meters for searches of vector indexes and for writes to them, None for other
    requests. `retries` counts the attempts after the first, `throttles` the attempts that were
    throttled. `endpoint` is the URL that the request went to.
    """

    operation: str
    entity: str | None
    api: str
    table: str | None
    index: str | None
    consumed: float | None
    seconds: float
    count: int | None = None
    scanned_count: int | None = None
    bytes_searched: int | None = None
    bytes_written: int | None = None
    retries: int = 0
    throttles: int = 0
    endpoint: str | None = None
    within: OperationId | None = field(default=None, repr=False, eq=False)


@frozen
class RequestFailed:
    """A request failed with `error`, which the caller gets too.

    `seconds`, `retries`, `throttles` and `endpoint` are as in `ResponseReceived`.
    """

    operation: str
    entity: str | None
    api: str
    table: str | None
    index: str | None
    seconds: float
    error: LeydenError
    retries: int = 0
    throttles: int = 0
    endpoint: str | None = None
    within: OperationId | None = field(default=None, repr=False, eq=False)


@frozen
class OperationStarted:
    """An operation begins, on the thread or in the task of its caller.

    An operation is a chain's `go()`, a page of an iteration, a method of a store or of memory, or
    any other call that runs as one program. `operation` and `entity` are those of its first
    request, such as `order.query.by_status`, or `operation` is the name of the method, such as
    `store.memory.save_messages`.
    """

    operation: str
    entity: str | None
    within: OperationId = field(repr=False, eq=False)


@frozen
class OperationEnded:
    """An operation has ended, on the thread or in the task where it began.

    `seconds` is its duration. `error` is the exception that it raised, None if it succeeded.
    """

    operation: str
    entity: str | None
    seconds: float
    error: BaseException | None
    within: OperationId = field(repr=False, eq=False)


Event: TypeAlias = RequestSent | ResponseReceived | RequestFailed
OperationEvent: TypeAlias = OperationStarted | OperationEnded
Callback: TypeAlias = Callable[[Any], None]


class Listener:
    """A registered listener, as `listen` returns it. `close()` or a `with` block ends it."""

    def __init__(self, listeners: Listeners, callback: Callback, operations: bool) -> None:
        self._listeners = listeners
        self.callback = callback
        self.operations = operations

    def close(self) -> None:
        """Stop listening. You can call it more than once."""
        self._listeners.remove(self)

    def __enter__(self) -> Listener:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Listeners:
    """A set of listeners, which can change while events are sent.

    Every change replaces `all`, so that sending an event needs no lock. `of_operations` are the
    listeners that also get events for operations.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.all: tuple[Listener, ...] = ()
        self.of_operations: tuple[Listener, ...] = ()

    def listen(self, callback: Callback, *, operations: bool = False) -> Listener:
        """Call `callback` with every event from now on; with `operations`, also for operations."""
        listener = Listener(self, callback, operations)
        self._change(lambda listening: (*listening, listener))
        return listener

    def remove(self, listener: Listener) -> None:
        """Remove a listener, if it is there."""
        self._change(lambda listening: tuple(one for one in listening if one is not listener))

    def _change(self, change: Callable[[tuple[Listener, ...]], tuple[Listener, ...]]) -> None:
        with self._lock:
            self.all = change(self.all)
            self.of_operations = tuple(one for one in self.all if one.operations)

    def tell(self, event: Event | OperationEvent) -> None:
        """Send an event to every listener that wants its kind."""
        is_operation = isinstance(event, OperationStarted | OperationEnded)
        for listener in self.of_operations if is_operation else self.all:
            try:
                listener.callback(event)
            except Exception as error:
                import logging

                # Log only the type: the text of a foreign exception may quote an item.
                logging.getLogger("leyden.events").warning(
                    "a listener failed on %s: %s", type(event).__name__, type(error).__name__
                )


EVERYWHERE: Final = Listeners()


def listen(callback: Callback, *, operations: bool = False) -> Listener:
    """Call `callback` with every event of every driver in this process.

    The events are RequestSent, ResponseReceived and RequestFailed; with `operations`, also
    OperationStarted and OperationEnded. Returns a `Listener`: call its `close()` to end it, or use
    it in a `with` statement.

    >>> with leyden.events.listen(print):                             # doctest: +SKIP
    ...     task.get(project_id="p1", task_id="t1").go()
    """
    return EVERYWHERE.listen(callback, operations=operations)
