"""Who wants to know what is sent and what it costs.

A listener is a function of one event::

    import leyden.events

    def cost(event):
        if isinstance(event, leyden.events.ResponseReceived):
            print(event.operation, event.index, event.consumed)

    with leyden.events.listen(cost):
        task.query.assigned(employee_id="e1").go()

It is called on the thread that sends, before and after each request. An exception in a
listener is logged and goes no further. `listen` here hears every driver of the process;
a driver's own `listen` hears that driver only.

A listener that asks for operations is told of these too: what a caller asked for, with all of the
requests that this takes. `leyden.opentelemetry` is such a listener.
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
    """One operation that is under way: the same object in all of its events, and in no other's."""

    __slots__ = ()


@frozen
class RequestSent:
    """A request is about to be sent.

    `operation` is `task.create`, `entity` the entity's name, `api` DynamoDB's name of the
    call. `table` and `index` are None if the call has none; several tables are joined with a
    comma. `params` is the request itself with the values of items, so do not log it.
    """

    operation: str
    entity: str | None
    api: str
    table: str | None
    index: str | None
    params: Mapping[str, Any] = field(repr=False)
    within: OperationId | None = field(default=None, repr=False, eq=False)
    """The operation that it is part of, where a listener asks for operations."""


@frozen
class ResponseReceived:
    """A request was answered.

    `consumed` is in capacity units, None if the service did not say. `count` and `scanned_count`
    are the items returned and the items read, for queries and scans only. `seconds` is the time
    since `RequestSent`, retries included. `bytes_searched` and `bytes_written` are what DynamoDB
    meters for searches of vector indexes and for writes to them, None elsewhere. `retries` counts
    the attempts beyond the first, `throttles` the attempts that were throttled. `endpoint` is the
    address that the request went to.
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

    `retries`, `throttles` and `endpoint` are those of `ResponseReceived`.
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

    That is a chain's `go()`, a page of an iteration, a method of a store or of memory, or any
    other call that runs as one program. `operation` and `entity` are those of its first request,
    such as `order.query.by_status`, or the name of the method, such as
    `store.memory.save_messages`.
    """

    operation: str
    entity: str | None
    within: OperationId = field(repr=False, eq=False)


@frozen
class OperationEnded:
    """An operation has ended, on the thread or in the task where it began.

    `error` is what it failed with, None if it went well.
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
    """What `listen` returns: listening ends at `close()`, or with the `with` block."""

    def __init__(self, listeners: Listeners, callback: Callback, operations: bool) -> None:
        self._listeners = listeners
        self.callback = callback
        self.operations = operations

    def close(self) -> None:
        """Stop listening. Closing twice does no harm."""
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
    """A set of listeners, safe to change while events are told.

    `all` is replaced as a whole on every change, so that telling needs no lock; `of_operations`
    are those that are told of operations as well.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.all: tuple[Listener, ...] = ()
        self.of_operations: tuple[Listener, ...] = ()

    def listen(self, callback: Callback, *, operations: bool = False) -> Listener:
        """Call `callback` with every event from now on."""
        listener = Listener(self, callback, operations)
        self._change(lambda listening: (*listening, listener))
        return listener

    def remove(self, listener: Listener) -> None:
        """Forget a listener; one that is not there is ignored."""
        self._change(lambda listening: tuple(one for one in listening if one is not listener))

    def _change(self, change: Callable[[tuple[Listener, ...]], tuple[Listener, ...]]) -> None:
        with self._lock:
            self.all = change(self.all)
            self.of_operations = tuple(one for one in self.all if one.operations)

    def tell(self, event: Event | OperationEvent) -> None:
        """Call every listener with `event` that asks for its kind."""
        is_operation = isinstance(event, OperationStarted | OperationEnded)
        for listener in self.of_operations if is_operation else self.all:
            try:
                listener.callback(event)
            except Exception as error:
                import logging

                # Only the kind: the text of a stranger's exception may quote an item.
                logging.getLogger("leyden.events").warning(
                    "a listener failed on %s: %s", type(event).__name__, type(error).__name__
                )


EVERYWHERE: Final = Listeners()


def listen(callback: Callback, *, operations: bool = False) -> Listener:
    """Call `callback` with every event of every driver in this process.

    With `operations` it is told of operations as well, `OperationStarted` and `OperationEnded`.
    Returns a `Listener`: call its `close()`, or use it in a `with` statement.
    """
    return EVERYWHERE.listen(callback, operations=operations)
