"""What is stored of events and of state: JSON, as text that people can read, or compressed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, Literal

from attrs import field, frozen
from google.adk.events.event import Event
from google.adk.sessions.state import State
from pydantic_core import to_jsonable_python

from leyden.agents.batches import PLAIN, json_of
from leyden.agents.pieces import packed, unpacked
from leyden.errors import DecodeError, InputError

FORMS: Final = ("body", "packed")
"""The attributes in which an item may have its JSON."""

logger: Final = logging.getLogger("leyden")


@frozen
class Delta:
    """Values of state by their scopes, each under its key without the prefix."""

    app: dict[str, Any] = field(factory=dict)
    user: dict[str, Any] = field(factory=dict)
    own: dict[str, Any] = field(factory=dict)

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Delta:
        """Part a state by scopes."""
        delta = cls()
        for key, value in state.items():
            if key.startswith(State.APP_PREFIX):
                delta.app[key.removeprefix(State.APP_PREFIX)] = value
            elif key.startswith(State.USER_PREFIX):
                delta.user[key.removeprefix(State.USER_PREFIX)] = value
            else:
                delta.own[key] = value
        return delta

    def merged(self) -> dict[str, Any]:
        """All values together, as a session shows them."""
        app = {State.APP_PREFIX + key: value for key, value in self.app.items()}
        user = {State.USER_PREFIX + key: value for key, value in self.user.items()}
        return self.own | app | user


@frozen
class Encoded:
    """What a state changes, an event as it is stored, and values of shared state by their keys."""

    delta: Delta
    event: dict[str, Any]
    app: dict[str, dict[str, Any]]
    user: dict[str, dict[str, Any]]


def encoded(state: Mapping[str, Any], event: Event | None = None) -> Encoded:
    """Return what is stored of a state, and of the event that sets it.

    That is without temporary values. The event itself stays as it is. Raises InputError.
    """
    lasting = {
        key: _plain(value) for key, value in state.items() if not key.startswith(State.TEMP_PREFIX)
    }
    written: dict[str, Any] = {}
    if event is not None:
        if state:
            actions = event.actions.model_copy(update={"state_delta": lasting})
            event = event.model_copy(update={"actions": actions})
        written = stored(_json_of_event(event))
    delta = Delta.of(lasting)
    return Encoded(delta, written, _stored_values(delta.app), _stored_values(delta.user))


def changed(own: Mapping[str, Any], delta: Delta) -> dict[str, Any]:
    """Return what is stored of a session's own state after a change."""
    return stored(json_of(json.loads(_data_in(**own)) | delta.own))


def own_of(head: Any) -> dict[str, Any]:
    """Return what is stored of a session's own state."""
    return {"body": head.body} if head.packed is None else {"packed": head.packed}


def stored(data: bytes) -> dict[str, Any]:
    """Return the attributes of an item for some JSON."""
    if len(data) <= PLAIN:
        return {"body": data.decode()}
    return {"packed": packed(data)}


def events_of(records: Iterable[Any]) -> list[Event]:
    """Read events. Raises DecodeError for one that cannot be read."""
    events = []
    for record in records:
        try:
            events.append(_event_in(_data_in(record.body, record.packed)))
        except ValueError as error:
            raise DecodeError(
                f"event {record.number} of session {record.session_id!r} cannot be read: {error}",
                field="body",
                entity="event",
            ) from error
    return events


def value_of(record: Any) -> Any:
    """Read a value of shared state, or a session's own state. Raises DecodeError."""
    try:
        return json.loads(_data_in(record.body, record.packed))
    except ValueError as error:
        raise DecodeError(f"state cannot be read: {error}", field="body") from error


def values_of(records: Iterable[Any]) -> dict[str, Any]:
    """Read values of shared state, by their keys. Raises DecodeError."""
    return {record.name: value_of(record) for record in records}


def size_of(records: Iterable[Any]) -> int:
    """Return about how many bytes of JSON some items have."""
    return sum(len(record.body or "") + 4 * len(record.packed or b"") for record in records)


def same(one: Event, other: Event) -> bool:
    """Return whether an event is another one that was delivered again."""
    is_same: bool = one.id == other.id and one == other
    return is_same


def _stored_values(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: stored(json_of(value)) for name, value in values.items()}


def _data_in(body: str | None = None, packed: bytes | None = None) -> str | bytes:
    """The JSON of an item. Raises ValueError if it cannot be decompressed."""
    return unpacked(packed or b"") if body is None else body


def _json_of_event(event: Event) -> bytes:
    """An event as JSON. Raises InputError for one that could not be read any more.

    Without its many defaults, if it reads back the same. That is not so where it holds a number
    without an end, which has a name in Python's JSON alone, half of a surrogate pair, or objects.
    """
    if type(event) is Event:
        with suppress(ValueError):
            short: bytes = event.model_dump_json(exclude_defaults=True).encode()
            if Event.model_validate_json(short) == event:
                return short
    # What a kind of event has of its own would be taken for something else by those who read it.
    own = event.model_dump(include={*Event.model_fields})
    whole = json_of(_plain(own, bytes_mode="base64"))
    try:
        _event_in(whole)
    except ValueError as error:
        raise InputError(f"event {event.id!r} could not be read again: {error}") from error
    return whole


def _event_in(data: str | bytes) -> Event:
    """Read an event. Raises ValueError."""
    try:
        read: Event = Event.model_validate_json(data)
    except ValueError:
        # Python reads half of a surrogate pair.
        read = Event.model_validate(json.loads(data))
    return read


def _plain(value: Any, *, bytes_mode: Literal["utf8", "base64"] = "utf8") -> Any:
    """A value as JSON values."""
    try:
        return to_jsonable_python(value, bytes_mode=bytes_mode)
    except ValueError:
        # ADK's own services store a text in its place as well.
        logger.warning("A value is not JSON; its description is stored", exc_info=True)
        return to_jsonable_python(value, serialize_unknown=True, bytes_mode="base64")
