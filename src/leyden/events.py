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
    "RequestFailed",
    "RequestSent",
    "ResponseReceived",
    "listen",
]


@frozen
class RequestSent:
    """A request is about to be sent.

    `operation` is `task.create`, `entity` the entity's name, `api` DynamoDB's name of the
    call. `table` and `index` are None where the call has none; several tables are joined
    with a comma. `params` is the request itself, item values included: do not log it.
    """

    operation: str
    entity: str | None
    api: str
    table: str | None
    index: str | None
    params: Mapping[str, Any] = field(repr=False)


@frozen
class ResponseReceived:
    """A request was answered.

    `consumed` is in capacity units, None where the service did not say. `count` and
    `scanned_count` are items returned and items read, of queries and scans only. `seconds`
    is the time since `RequestSent`, retries included. `bytes_searched` and `bytes_written` are
    what searches of vector indexes, and writes to these, are metered by; None elsewhere.
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


@frozen
class RequestFailed:
    """A request ended in `error`, which the caller gets as well."""

    operation: str
    entity: str | None
    api: str
    table: str | None
    index: str | None
    seconds: float
    error: LeydenError


Event: TypeAlias = RequestSent | ResponseReceived | RequestFailed
Callback: TypeAlias = Callable[[Event], None]


class Listener:
    """What `listen` returns: listening ends at `close()`, or with the `with` block."""

    def __init__(self, listeners: Listeners, callback: Callback) -> None:
        self._listeners = listeners
        self.callback = callback

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

    `all` is replaced as a whole on every change, so that telling needs no lock.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.all: tuple[Listener, ...] = ()

    def listen(self, callback: Callback) -> Listener:
        """Call `callback` with every event from now on."""
        listener = Listener(self, callback)
        with self._lock:
            self.all = (*self.all, listener)
        return listener

    def remove(self, listener: Listener) -> None:
        """Forget a listener; one that is not there is ignored."""
        with self._lock:
            self.all = tuple(other for other in self.all if other is not listener)

    def tell(self, event: Event) -> None:
        """Call every listener with `event`."""
        for listener in self.all:
            try:
                listener.callback(event)
            except Exception as error:
                import logging

                # Only the kind: the text of a stranger's exception may quote an item.
                logging.getLogger("leyden.events").warning(
                    "a listener failed on %s: %s", type(event).__name__, type(error).__name__
                )


EVERYWHERE: Final = Listeners()


def listen(callback: Callback) -> Listener:
    """Call `callback` with every event of every driver in this process.

    Returns a `Listener`: call its `close()`, or use it in a `with` statement.
    """
    return EVERYWHERE.listen(callback)
