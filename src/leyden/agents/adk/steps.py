"""What a session service does, as programs over its entities.

**What is stored.** A session has a *head*, with its own state and its revision, which is the number
of its newest event. The events are in a partition of their own, under the generation of the session
and their number, and never change. Each value of `app:` and `user:` state is an item of its own, so
that sessions which write different ones do not meet.

**append** is one transaction: the head, on the condition that generation and revision are those
that the session object has seen; the event, under the next number; and the values of shared state.
When its answer is lost, it is sent again, and is refused if it has happened. Then the stored event
with this number tells: if it is the very same, all is done, and otherwise the session is stale.

**get** reads the head first, and then the events up to its revision. They were there when the head
was read, whatever happens meanwhile, so all are of one moment. If one is missing, the session was
deleted at the same time, or it has expired. Shared state is read after the head, so what the events
have set is there, or what replaced it.

**delete** deletes the head, which makes the session invisible, and then its events. If a process
dies in between, the session is gone, and the next `delete` finds the events that are left. A
session of the same id that is made later has a generation of its own and never shows them.

**list** reads the heads: those of a user, or those of all users. An app's heads are spread over a
few partitions by their users, each of which is read as a whole.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from attrs import evolve
from google.adk import errors
from google.adk.errors.already_exists_error import AlreadyExistsError
from google.adk.errors.session_not_found_error import SessionNotFoundError
from google.adk.events.event import Event
from google.adk.sessions.session import Session

from leyden import Put
from leyden.agents.adk import forms
from leyden.agents.adk.forms import Delta, Encoded
from leyden.agents.adk.history import Found, History, Key, Mark
from leyden.errors import (
    AwsError,
    ConditionFailedError,
    InputError,
    TransactionCanceledError,
)
from leyden.program import Program, Work, run_together
from leyden.store.dynamodb.writing import PATIENCE, insisting, pause

_CONFLICT: Final = "TransactionConflictException"
_PASSING: Final = {"conflict", "throttled", "overflow"}
"""Why a transaction may be refused that will succeed later."""

_REFUSED: Final = {"condition", "exists", "not_found"}
"""Why one is refused if the session is not as it was seen."""

SHARED: Final = 98
"""How many values of shared state one transaction takes beside a session and an event."""


StaleSessionError: Final[type[ValueError]] = getattr(errors, "StaleSessionError", None) or type(
    "StaleSessionError", (ValueError,), {"__module__": __name__}
)
"""A session object is not up to date: ADK's own error, which its earlier releases do not have."""


class Steps:
    """The programs of a session service."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._backend = history.backend
        self._entities = history.entities

    def create(self, key: Key, state: Mapping[str, Any]) -> Program[Found]:
        """Create a session. Raises ADK's AlreadyExistsError.

        One transaction, and two reads of shared state.
        """
        now = self._backend.now()
        # No other session's, even in the same millisecond.
        mark = Mark(int(now.timestamp() * 1000) << 20 | secrets.randbits(20), 0)
        at = now.timestamp()
        encoded = yield Work(partial(forms.encoded, state))
        shared = self._puts(key, encoded)
        own = yield Work(partial(forms.changed, {"body": "{}"}, encoded.delta))
        attr = self._entities.session.attr
        absent = attr.generation.does_not_exist() | (attr.expires_at <= now)
        head = self._entities.session.put(
            **key.head,
            **mark._asdict(),
            updated_at=at,
            **own,
            **self._backend.expiry(now),
        )

        def refused() -> Program[None]:
            found = yield from self._history.head(key)
            # If it is this very one, others may have appended to it meanwhile.
            if found is None or found.generation != mark.generation:
                raise AlreadyExistsError(f"Session with id {key.session_id} already exists.")

        yield from self._at_once([head.where(absent), *shared], refused)
        self._history.remember(key, mark, own)
        app, users = yield from run_together(self._history.shared(key), self._backend.concurrency)

        def merged() -> dict[str, Any]:
            shared = forms.values_of(app), forms.values_of(users)
            return Delta(*shared, encoded.delta.own).merged()

        return Found(key, mark, at, (yield from self._history.apart([*app, *users], merged)))

    def delete(self, key: Key) -> Program[None]:
        """Delete a session, if it is there, and all that was left of one with this id."""
        session = self._entities.session
        head = yield from session.get(**key.head).program(consistent=True)
        if head is None:
            yield from self._sweep(key)
            return
        removing = session.remove(**key.head).where(session.attr.generation == head.generation)
        # Otherwise it was deleted by another call, or by an attempt without an answer.
        with suppress(ConditionFailedError):
            yield from insisting(partial(removing.program, response="none"))
        yield from self._sweep(key, head.generation)

    def append(self, session: Session, event: Event) -> Program[Mark]:
        """Append an event, in one transaction.

        One read before it if the event changes the session's own state, and this process has not
        read or written the session lately. Raises ADK's SessionNotFoundError, and
        StaleSessionError.
        """
        key = Key.of(session)
        encoded = yield Work(partial(forms.encoded, event.actions.state_delta, event))
        shared = self._puts(key, encoded)
        delta = encoded.delta
        seen, own = yield from self._seen(key, session, wants_own=bool(delta.own))
        mark = Mark(seen.generation, seen.revision + 1)
        values: dict[str, Any] = {"revision": mark.revision, "updated_at": event.timestamp}
        removed: list[str] = []
        if delta.own and own is not None:
            own = yield Work(partial(forms.changed, own, delta))
            values |= own
            removed += [name for name in forms.FORMS if name not in own]
        living = self._backend.expiry()
        if not living:
            removed.append("expires_at")
        attr = self._entities.session.attr
        head = self._entities.session.patch(**key.head).set(**values, **living)
        head = head.remove(*removed) if removed else head
        unchanged = (attr.generation == seen.generation) & (attr.revision == seen.revision)
        numbered = {**key._asdict(), "generation": mark.generation, "number": mark.revision}
        written = self._entities.event.create(**numbered, **encoded.event, **living)

        def refused() -> Program[None]:
            reading = self._entities.event.get(**numbered)
            found = yield from reading.program(consistent=True)
            if found is not None and (yield from self._is_same(found, encoded)):
                return
            if (yield from self._history.head(key)) is None:
                raise _missing(key)
            raise _stale()

        yield from self._at_once([head.where(unchanged), written, *shared], refused)
        if own is not None:
            self._history.remember(key, mark, own)
        return mark

    # The steps of these.

    def _seen(
        self, key: Key, session: Session, *, wants_own: bool
    ) -> Program[tuple[Mark, dict[str, Any] | None]]:
        """Which state of a session its object has, and the session's own state then."""
        text = session._storage_update_marker
        mark = Mark.read(text) if text is not None else None
        if text is not None and mark is None:
            raise _stale()
        at, own = self._history.own.get(key) or (None, None)
        if mark is not None and (at == mark or not wants_own):
            return mark, own if at == mark else None
        head = yield from self._history.head(key)
        if head is None:
            raise _missing(key)
        if mark is None and head.updated_at > session.last_update_time:
            # An object without a mark was made by hand. It may have what is stored all the same.
            yield from self._compare(key, head, session)
        # If the session has moved on, the transaction will say whether by this very event.
        return mark or Mark.of(head), forms.own_of(head)

    def _compare(self, key: Key, head: Any, session: Session) -> Program[None]:
        """Compare the newest event of a session object with the newest one that is stored.

        Raises StaleSessionError.
        """
        if head.revision == 0:
            return
        reading = self._entities.event.get(
            **key._asdict(), generation=head.generation, number=head.revision
        )
        found = yield from reading.program(consistent=True)
        if found is None or not session.events:
            raise _stale()
        (newest,) = yield from self._history.apart([found], partial(forms.events_of, [found]))
        if newest.id != session.events[-1].id:
            raise _stale()

    def _is_same(self, found: Any, encoded: Encoded) -> Program[bool]:
        """Whether a stored event is one that was to be written."""
        record = evolve(found, **{name: encoded.event.get(name) for name in forms.FORMS})
        one, other = yield Work(partial(forms.events_of, [found, record]))
        return forms.same(one, other)

    def _puts(self, key: Key, encoded: Encoded) -> list[Put]:
        """The writes of shared state."""
        count = len(encoded.app) + len(encoded.user)
        if count > SHARED:
            raise InputError(
                f"{count} values of app: and user: state are set at once, and DynamoDB writes at "
                f"most {SHARED} of them together with a session; set them with several events"
            )
        app, user = self._entities.app_value, self._entities.user_value
        values = encoded.app.items()
        puts = [app.put(app_name=key.app_name, name=name, **value) for name, value in values]
        return puts + [
            user.put(**key.user, name=name, **value) for name, value in encoded.user.items()
        ]

    def _at_once(
        self, writes: Sequence[Any], refused: Callable[[], Program[None]]
    ) -> Program[None]:
        """Write all or nothing. `refused` looks why, and returns if all was written before."""
        deadline = time.monotonic() + PATIENCE
        attempt = 0
        while True:
            try:
                # To lay out large values takes long.
                yield from (yield Work(self._backend.app.transact_write([*writes]).program))
                return
            except TransactionCanceledError as error:
                reasons = {one.reason for one in error.rejections}
                if reasons & _REFUSED:
                    yield from refused()
                    return
                if not reasons <= _PASSING or time.monotonic() >= deadline:
                    raise
            except AwsError as error:
                # If it has happened, sending it again is refused.
                passing = error.unsure or error.aws_code == _CONFLICT
                if not passing or time.monotonic() >= deadline:
                    raise
            yield pause(attempt)
            attempt += 1

    def _sweep(self, key: Key, gone: int | None = None) -> Program[None]:
        """Delete the events of all sessions with this id that are gone, such as `gone`.

        No event comes before its session. So if an event was there, and its session is not there
        afterwards, then the session is gone; whatever the clocks of those who made it said.
        """
        event = self._entities.event
        query = event.query.history(**key._asdict())
        names = [*Key._fields, "generation", "number"]
        cursor: str | None = None
        while True:
            page = yield from query.program(consistent=True, attributes=names, cursor=cursor)
            living = None
            if any(one.generation != gone for one in page):
                reading = self._entities.session.get(**key.head)
                head = yield from reading.program(consistent=True)
                living = None if head is None else head.generation
            keys = [
                {name: getattr(one, name) for name in names}
                for one in page
                if one.generation != living
            ]
            if keys:
                yield from event.delete(keys).program(concurrency=self._backend.concurrency)
            cursor = page.cursor
            if cursor is None:
                return


def _missing(key: Key) -> Exception:
    # Earlier releases give it no types.
    kind: Any = SessionNotFoundError
    made: Exception = kind(f"Session {key.session_id} not found.")
    return made


def _stale() -> Exception:
    return StaleSessionError(
        "The session has been modified in storage since it was loaded. Please reload the session "
        "before appending more events."
    )
