"""Reading sessions, as programs over the entities of a session service; see `steps.py`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import takewhile
from typing import Any, Final, NamedTuple, TypeVar
from zlib import crc32

from attrs import evolve, frozen
from google.adk.events.event import Event
from google.adk.sessions.session import Session

from leyden.agents.adk import forms
from leyden.agents.adk.forms import Delta
from leyden.agents.backend import Backend, worked
from leyden.agents.latest import Latest
from leyden.errors import VersionConflictError
from leyden.program import Program, run_together
from leyden.store.dynamodb.writing import PATIENCE

T = TypeVar("T")

SHARDS: Final = 16
"""Over how many partitions the sessions of an app are spread. It is part of their keys."""

SESSIONS: Final = 256
"""Of how many sessions a service knows the state that it last read or wrote."""

KEPT: Final = 256 * 1024
"""The most bytes that such a state has, as it is stored."""

PAGE: Final = 100
"""How many events are read at a time, while looking for the first one after a timestamp."""


class Key(NamedTuple):
    """What names a session."""

    app_name: str
    user_id: str
    session_id: str

    @classmethod
    def of(cls, session: Session) -> Key:
        """That of a session object."""
        return cls(session.app_name, session.user_id, session.id)

    @property
    def user(self) -> dict[str, Any]:
        """The attributes that name its user."""
        return user_of(self.app_name, self.user_id)

    @property
    def head(self) -> dict[str, Any]:
        """The attributes that name its head."""
        return {**self.user, "session_id": self.session_id}


def user_of(app_name: str, user_id: str) -> dict[str, Any]:
    """Return the attributes that name a user: also the partition, which follows from the id."""
    shard = crc32(user_id.encode(errors="surrogatepass")) % SHARDS
    return {"app_name": app_name, "shard": shard, "user_id": user_id}


class Mark(NamedTuple):
    """Which state of a session has been seen; its text is in the session object."""

    generation: int
    revision: int

    @classmethod
    def of(cls, record: Any) -> Mark:
        """That of a head."""
        return cls(record.generation, record.revision)

    @classmethod
    def read(cls, text: str) -> Mark | None:
        """Read the text; None for one that another service has written."""
        generation, _, revision = text.partition(".")
        if generation.isdecimal() and revision.isdecimal():
            return cls(int(generation), int(revision))
        return None

    def __str__(self) -> str:
        return f"{self.generation}.{self.revision}"


@frozen
class Found:
    """A session as it is stored, with all its state, and the events that were asked for."""

    key: Key
    mark: Mark
    updated_at: float
    state: dict[str, Any]
    events: Sequence[Event] = ()


class History:
    """Programs that read."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.app = backend.app
        self.entities = backend.app.entities
        self.own = Latest[Key, tuple[Mark, dict[str, Any]]](SESSIONS)
        """Sessions' own states as they were stored when this process last read or wrote them."""

    def get(
        self, key: Key, limit: int | None = None, after: float | None = None
    ) -> Program[Found | None]:
        """Read a session, with the newest `limit` events, and of these those from `after` on.

        One read, then three at once, and one more for each MB of events.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            head = yield from self.head(key)
            if head is None:
                return None
            # After the head, so that what its events have set is there.
            asked: list[Program[Any]] = self.shared(key)
            asked.append(self._events(key, head, limit, after))
            app, user, events = yield from run_together(asked, self.backend.concurrency)
            if events is not None:
                self.remember(key, Mark.of(head), forms.own_of(head))
                (found,) = yield from self._opened([head], app, user)
                return evolve(found, events=events)
            # It was deleted meanwhile, and there may be a new one.
            if time.monotonic() >= deadline:
                raise VersionConflictError(
                    f"the session was deleted and created again for {PATIENCE:g} seconds, each "
                    "time before it could be read; try again later",
                    entity=self.entities.session.name,
                )

    def all(self, app_name: str, user_id: str | None) -> Program[list[Found]]:
        """Read the sessions of a user, or of all: without events, those changed last at the end.

        Three reads at once for a user, and for all users one of each shard and one more; and one
        more for each MB of any of them.
        """
        if user_id is None:
            users = self.app.collections["users"]
            queries = [users(app_name=app_name, shard=shard) for shard in range(SHARDS)]
            reads = [one.program(consistent=True, pages="all") for one in queries]
            app, *pages = yield from run_together(
                [self._app_values(app_name), *reads], self.backend.concurrency
            )
            heads = [one for page in pages for one in page.session]
            values = [one for page in pages for one in page.user_value]
        else:
            query = self.entities.session.query.of_user(**user_of(app_name, user_id))
            app, values, heads = yield from run_together(
                [
                    self._app_values(app_name),
                    self._user_values(app_name, user_id),
                    query.program(consistent=True, pages="all"),
                ],
                self.backend.concurrency,
            )
        living = [one for one in heads if not self._is_expired(one)]
        sessions = yield from self._opened(living, app, values)
        return sorted(sessions, key=lambda one: (one.updated_at, one.key.user_id, one.key))

    def remember(self, key: Key, mark: Mark, own: dict[str, Any]) -> None:
        """Remember a session's own state as it is stored, unless that takes much memory."""
        if sum(map(len, own.values())) <= KEPT:
            self.own.set(key, (mark, own))

    def user_state(self, app_name: str, user_id: str) -> Program[dict[str, Any]]:
        """Read the state that the sessions of a user share."""
        found = yield from self._user_values(app_name, user_id)
        return (yield from self.apart(found, partial(forms.values_of, found)))

    def head(self, key: Key) -> Program[Any]:
        """Read the head of a session; None if there is none, or it has expired."""
        head = yield from self.entities.session.get(**key.head).program(consistent=True)
        return None if head is None or self._is_expired(head) else head

    def _is_expired(self, record: Any) -> bool:
        """Whether an item has expired, and DynamoDB has not deleted it yet."""
        return record.expires_at is not None and record.expires_at <= self.backend.now()

    def shared(self, key: Key) -> list[Program[Any]]:
        """Reads of the values that a session shares: those of the app, and of the user."""
        return [self._app_values(key.app_name), self._user_values(key.app_name, key.user_id)]

    def _app_values(self, app_name: str) -> Program[list[Any]]:
        query = self.entities.app_value.query.of_app(app_name=app_name)
        return [*(yield from query.program(consistent=True, pages="all"))]

    def _user_values(self, app_name: str, user_id: str) -> Program[list[Any]]:
        query = self.entities.user_value.query.of_user(**user_of(app_name, user_id))
        return [*(yield from query.program(consistent=True, pages="all"))]

    def _events(
        self, key: Key, head: Any, limit: int | None, after: float | None
    ) -> Program[list[Event] | None]:
        """Read the events that a session has at its head; None if the session is gone."""
        events: list[Event] = []
        expected, cursor = head.revision, None
        is_whole, is_done = True, head.revision == 0 or limit == 0
        query = self.entities.event.query.history(**key._asdict(), generation=head.generation)
        query = query.lte(number=head.revision)
        while not is_done:
            left = None if limit is None else limit - len(events)
            size = left if after is None else min(PAGE, left or PAGE)
            page = yield from query.program(
                order="desc", consistent=True, cursor=cursor, limit=size
            )
            records = [one for one in page if not self._is_expired(one)]
            for record in records:
                is_whole = is_whole and record.number == expected
                expected = record.number - 1
            read = yield from self.apart(records, partial(forms.events_of, records))
            wanted = [*takewhile(lambda one: after is None or one.timestamp >= after, read)]
            events += wanted
            cursor = page.cursor
            is_done = len(wanted) < len(read) or len(events) == limit
            if not is_done and cursor is None:
                is_whole, is_done = is_whole and expected == 0, True
        if not is_whole:
            # Some have expired, or the session was deleted while they were read.
            again = yield from self.head(key)
            if again is None or again.generation != head.generation:
                return None
        return events[::-1]

    def _opened(
        self, heads: Sequence[Any], app: Sequence[Any], user: Iterable[Any]
    ) -> Program[list[Found]]:
        """Sessions of an app with their state, of which no two have a part in common."""
        by_user: dict[str, list[Any]] = {one.user_id: [] for one in heads}
        for value in user:
            by_user.get(value.user_id, []).append(value)

        def opened() -> list[Found]:
            return [
                Found(
                    Key(one.app_name, one.user_id, one.session_id),
                    Mark.of(one),
                    float(one.updated_at),
                    Delta(
                        forms.values_of(app),
                        forms.values_of(by_user[one.user_id]),
                        forms.value_of(one),
                    ).merged(),
                )
                for one in heads
            ]

        read = [value for one in heads for value in (one, *app, *by_user[one.user_id])]
        return (yield from self.apart(read, opened))

    def apart(self, records: Sequence[Any], read: Callable[[], T]) -> Program[T]:
        """Read some items: if they are large, apart from an event loop."""
        return (yield from worked(forms.size_of(records), read))
