"""What ADK expects of a session service, of its own in memory and of Leyden's."""

from __future__ import annotations

import asyncio
import inspect
import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.adk.errors.already_exists_error import AlreadyExistsError
from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions
from google.adk.sessions.base_session_service import BaseSessionService, GetSessionConfig
from google.adk.sessions.in_memory_session_service import InMemorySessionService
from google.adk.sessions.session import Session
from google.genai import types

from leyden.agents.adk import LeydenSessionService, StaleSessionError
from leyden.agents.adk.history import Key
from leyden.errors import InputError, InvalidOptionError, TableNotFoundError
from tests.agents.adk.conftest import opened
from tests.agents.adk.support import (
    APP,
    USER,
    awaited,
    created,
    deleted,
    items_of,
    read,
    said,
    sent,
    setting,
    texts,
)

MISSING = "not found"


@awaited
async def test_a_session_is_read_as_it_was_created(any_service: Any) -> None:
    session = await created(any_service, state={"key": "value", "list": [1, {"a": None}]})
    assert (session.app_name, session.user_id) == (APP, USER)
    assert session.state == {"key": "value", "list": [1, {"a": None}]}
    assert session.last_update_time <= datetime.now(UTC).timestamp()
    assert await read(any_service, session.id) == session
    assert await read(any_service, "another") is None
    assert await read(any_service, "") is None
    assert await any_service.get_session(app_name="x", user_id=USER, session_id=session.id) is None
    assert await any_service.get_session(app_name=APP, user_id="x", session_id=session.id) is None


@awaited
async def test_an_id_is_taken_once_in_an_app_and_for_a_user(any_service: Any) -> None:
    await created(any_service, session_id="s1")
    with pytest.raises(AlreadyExistsError, match="s1 already exists"):
        await created(any_service, session_id="s1", state={"app:a": 1})
    await created(any_service, session_id="s1", user_id="bob")
    await created(any_service, session_id="s1", app_name="other")
    assert (await read(any_service, "s1")).state == {}
    ids = {(await created(any_service)).id for _ in range(3)}
    assert len(ids) == 3


@awaited
async def test_space_around_an_id_does_not_count(service: LeydenSessionService) -> None:
    session = await created(service, session_id=" s1\n")
    assert session.id == "s1"
    with pytest.raises(AlreadyExistsError):
        await created(service, session_id="s1 ")
    assert (await read(service, "s1")).id == "s1"
    assert (await created(service, session_id=" ")).id.strip()
    await deleted(service, "s1")
    assert await read(service, "s1") is None


@awaited
async def test_any_text_is_an_id_of_its_own(any_service: Any) -> None:
    ids = ["a", "A", "a#b", "a/b", "ä", "🙂", "a b", "a\0b", "$a", "x" * 300]
    for app in ("p", "p#a"):
        for user in ("q", "a#q", "Q"):
            for one in ids:
                state = {"own": [app, user, one]}
                await created(any_service, app_name=app, user_id=user, session_id=one, state=state)
    for app in ("p", "p#a"):
        for user in ("q", "a#q", "Q"):
            found = await any_service.list_sessions(app_name=app, user_id=user)
            assert sorted(one.id for one in found.sessions) == sorted(ids)
            assert all(one.state == {"own": [app, user, one.id]} for one in found.sessions)


@awaited
async def test_state_of_an_app_is_shared_by_all_and_that_of_a_user_by_its_sessions(
    any_service: Any,
) -> None:
    first = await created(
        any_service, session_id="s1", state={"app:a": 1, "user:u": 1, "own": 1, "temp:t": 1}
    )
    assert first.state == {"app:a": 1, "user:u": 1, "own": 1}
    await any_service.append_event(
        first, setting({"app:b": [2], "user:v": {"n": None}, "more": True})
    )
    everything = {"app:a": 1, "app:b": [2], "user:u": 1, "user:v": {"n": None}}
    assert (await read(any_service, "s1")).state == everything | {"own": 1, "more": True}
    assert (await created(any_service, session_id="s2")).state == everything
    bob = await created(any_service, user_id="bob", session_id="s1")
    assert bob.state == {"app:a": 1, "app:b": [2]}
    other = await created(any_service, app_name="other", session_id="s1")
    assert other.state == {}
    await any_service.append_event(first, setting({"app:a": None, "user:u": 2}))
    assert (await read(any_service, "s2")).state == everything | {"app:a": None, "user:u": 2}


@awaited
async def test_user_state_is_read_without_a_session(any_service: Any) -> None:
    assert await any_service.get_user_state(app_name=APP, user_id=USER) == {}
    session = await created(any_service, state={"user:counter": 1})
    await any_service.append_event(session, setting({"user:profile": {"name": "Ada"}, "own": 1}))
    await any_service.append_event(session, setting({"user:counter": 2}))
    found = await any_service.get_user_state(app_name=APP, user_id=USER)
    assert found == {"counter": 2, "profile": {"name": "Ada"}}
    await deleted(any_service, session.id)
    assert await any_service.get_user_state(app_name=APP, user_id=USER) == found
    assert await any_service.get_user_state(app_name=APP, user_id="bob") == {}
    assert await any_service.get_user_state(app_name="other", user_id=USER) == {}


@awaited
async def test_temporary_state_is_seen_by_the_invocation_and_stored_nowhere(
    any_service: Any,
) -> None:
    session = await created(any_service, session_id="s1")
    event = setting({"temp:t": "v", "own": 1})
    assert await any_service.append_event(session, event) is event
    assert session.state == {"temp:t": "v", "own": 1}
    assert event.actions.state_delta == {"own": 1}
    assert session.events == [event]
    await any_service.append_event(session, said())
    assert session.state["temp:t"] == "v"
    found = await read(any_service, "s1")
    assert found.state == {"own": 1}
    assert found.events[0].actions.state_delta == {"own": 1}


def complete_event() -> Event:
    return Event(
        invocation_id="invocation",
        author="model",
        content=types.Content(
            role="model",
            parts=[
                types.Part(text="text ä 🙂 \0"),
                types.Part.from_bytes(data=bytes(range(256)), mime_type="image/png"),
                types.Part(
                    function_call=types.FunctionCall(id="c1", name="f", args={"a": [1.5, None]})
                ),
                types.Part(text="thought", thought=True, thought_signature=b"\xff\xfe"),
            ],
        ),
        turn_complete=True,
        partial=False,
        actions=EventActions(
            skip_summarization=True,
            state_delta={"none": None, "nested": {"x": [None, 1e300, 0.1, 2**60]}},
            artifact_delta={"file": 0},
            transfer_to_agent="agent",
            escalate=True,
        ),
        long_running_tool_ids={"t2", "t1"},
        branch="a.b",
        error_code="error",
        error_message="message",
        interrupted=True,
        grounding_metadata=types.GroundingMetadata(
            web_search_queries=["query"],
            search_entry_point=types.SearchEntryPoint(sdk_blob=b"\x00\xffblob"),
        ),
        usage_metadata=types.GenerateContentResponseUsageMetadata(total_token_count=2),
        citation_metadata=types.CitationMetadata(),
        custom_metadata={"key": {"none": None}},
        timestamp=1700000000.1234567,
    )


@awaited
async def test_events_come_back_as_they_were(any_service: Any) -> None:
    session = await created(any_service, session_id="s1")
    event = complete_event()
    await any_service.append_event(session, event.model_copy(deep=True))
    found = await read(any_service, "s1")
    assert found.events == [event]
    assert found == session
    assert found.last_update_time == event.timestamp


@awaited
async def test_partial_events_are_not_stored(any_service: Any) -> None:
    session = await created(any_service, session_id="s1")
    event = Event(author="model", partial=True, actions=EventActions(state_delta={"a": 1}))
    assert await any_service.append_event(session, event) is event
    assert (session.events, session.state) == ([], {})
    assert (await read(any_service, "s1")).events == []


@awaited
async def test_a_session_was_last_updated_by_its_newest_event(any_service: Any) -> None:
    session = await created(any_service, session_id="s1")
    at = session.last_update_time + 10
    await any_service.append_event(session, Event(author="user", timestamp=at))
    assert session.last_update_time == at
    assert (await read(any_service, "s1")).last_update_time == at


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"num_recent_events": 0}, []),
        ({"num_recent_events": 3}, [3, 4, 5]),
        ({"num_recent_events": 9}, [1, 2, 3, 4, 5]),
        ({"after_timestamp": 4.0}, [4, 5]),
        ({"after_timestamp": 4.5}, [5]),
        ({"after_timestamp": 50.0}, []),
        ({"after_timestamp": 4.0, "num_recent_events": 3}, [4, 5]),
        ({"after_timestamp": 2.0, "num_recent_events": 3}, [3, 4, 5]),
    ],
)
def test_the_newest_events_are_read(
    any_service: Any, options: dict[str, Any], expected: list[int]
) -> None:
    async def main() -> None:
        session = await created(any_service, session_id="s1", state={"own": 1})
        for n in range(1, 6):
            await any_service.append_event(session, Event(author="user", timestamp=n))
        found = await read(any_service, "s1", config=GetSessionConfig(**options))
        assert [one.timestamp for one in found.events] == expected
        assert found.state == {"own": 1}

    asyncio.run(main())


@awaited
async def test_sessions_are_listed_with_their_state_and_without_events(any_service: Any) -> None:
    assert (await any_service.list_sessions(app_name=APP)).sessions == []
    for user in (USER, "bob"):
        for n in range(3):
            session = await created(
                any_service,
                user_id=user,
                session_id=f"{user}{n}",
                state={"key": n, f"user:{user}": 1, "app:a": 1},
            )
            await any_service.append_event(session, said())
    await created(any_service, app_name="other", session_id="elsewhere")
    for user in (USER, "bob"):
        found = (await any_service.list_sessions(app_name=APP, user_id=user)).sessions
        assert sorted(one.id for one in found) == [f"{user}{n}" for n in range(3)]
        assert all(one.events == [] for one in found)
        for one in found:
            assert one.state == {"key": int(one.id[-1]), f"user:{user}": 1, "app:a": 1}
    everyone = (await any_service.list_sessions(app_name=APP)).sessions
    assert {one.id for one in everyone} == {f"{u}{n}" for u in (USER, "bob") for n in range(3)}
    assert (await any_service.list_sessions(app_name=APP, user_id="nobody")).sessions == []
    assert (await any_service.list_sessions(app_name=APP, user_id="")).sessions == []


@awaited
async def test_sessions_are_listed_from_the_one_updated_first(
    service: LeydenSessionService,
) -> None:
    sessions = {
        name: await created(service, session_id=name, user_id=user)
        for user, name in ((USER, "s1"), ("bob", "s2"), (USER, "s3"))
    }
    for at, name in ((30, "s1"), (10, "s3"), (20, "s2")):
        await service.append_event(sessions[name], Event(author="user", timestamp=at))
    found = (await service.list_sessions(app_name=APP)).sessions
    assert [one.id for one in found] == ["s3", "s2", "s1"]
    assert [one.last_update_time for one in found] == [10, 20, 30]
    found = (await service.list_sessions(app_name=APP, user_id=USER)).sessions
    assert [one.id for one in found] == ["s3", "s1"]


@awaited
async def test_what_a_session_has_is_nobody_elses(service: LeydenSessionService) -> None:
    state = {"own": [1], "app:a": [1], "user:u": [1]}
    session = await created(service, session_id="s1", state=state)
    other = await read(service, "s1")
    for one in (session.state, other.state, state):
        for value in one.values():
            value.append(2)
    other.events.append(said())
    await service.append_event(session, setting({"more": 1}))
    for one in (await service.list_sessions(app_name=APP)).sessions:
        for value in one.state.values():
            if isinstance(value, list):
                value.append(3)
    found = await read(service, "s1")
    assert found.state == {"own": [1], "app:a": [1], "user:u": [1], "more": 1}
    assert len(found.events) == 1


@awaited
async def test_a_session_is_deleted_with_its_events(service: LeydenSessionService) -> None:
    session = await created(service, session_id="s1", state={"app:a": 1, "user:u": 1})
    for n in range(30):
        await service.append_event(session, said(str(n)))
    await deleted(service, "s1")
    await deleted(service, "s1")
    assert await read(service, "s1") is None
    assert items_of(service) == {
        "session": 0,
        "event": 0,
        "app_value": 1,
        "user_value": 1,
    }
    with pytest.raises(ValueError, match=MISSING):
        await service.append_event(session, said())
    again = await created(service, session_id="s1")
    assert again.events == []
    assert again.state == {"app:a": 1, "user:u": 1}
    with pytest.raises(StaleSessionError):
        await service.append_event(session, said())
    assert (await read(service, "s1")).events == []


@awaited
async def test_a_session_object_that_is_not_up_to_date_is_refused(
    service: LeydenSessionService,
) -> None:
    first = await created(service, session_id="s1")
    second = await read(service, "s1")
    await service.append_event(first, setting({"a": 1}))
    event = setting({"b": 2, "temp:t": 3, "app:b": 4})
    with pytest.raises(StaleSessionError, match="modified in storage"):
        await service.append_event(second, event)
    assert (second.state, second.events) == ({}, [])
    assert event.actions.state_delta == {"b": 2, "temp:t": 3, "app:b": 4}
    assert (await read(service, "s1")).state == {"a": 1}
    second = await read(service, "s1")
    await service.append_event(second, event)
    assert (await read(service, "s1")).state == {"a": 1, "b": 2, "app:b": 4}
    with pytest.raises(ValueError, match="reload the session"):
        await service.append_event(first, said())


@awaited
async def test_a_session_object_without_a_mark_is_known_by_its_newest_event(
    service: LeydenSessionService,
) -> None:
    session = await created(service, session_id="s1")
    made = Session(id="s1", app_name=APP, user_id=USER, last_update_time=0.0)
    await service.append_event(made, said("1"))
    behind = Session(id="s1", app_name=APP, user_id=USER, last_update_time=0.0)
    with pytest.raises(StaleSessionError):
        await service.append_event(behind, said("2"))
    same = Session(id="s1", app_name=APP, user_id=USER, events=[*made.events], last_update_time=0.0)
    await service.append_event(same, said("2"))
    with pytest.raises(StaleSessionError):
        await service.append_event(session, said("3"))
    same._storage_update_marker = "of another service"
    with pytest.raises(StaleSessionError):
        await service.append_event(same, said("3"))
    absent = Session(id="s9", app_name=APP, user_id=USER)
    with pytest.raises(ValueError, match=MISSING):
        await service.append_event(absent, said())
    assert texts((await read(service, "s1")).events) == ["1", "2"]


@awaited
async def test_an_event_that_is_delivered_again_is_stored_once(
    service: LeydenSessionService,
) -> None:
    session = await created(service, session_id="s1")
    event = setting({"counter": 1, "temp:t": 1})
    await service.append_event(session, event)
    await service.append_event(session, event)
    await service.append_event(session, event.model_copy(deep=True))
    again = await read(service, "s1")
    await service.append_event(again, event.model_copy(deep=True))
    assert len(again.events) == 1
    # Another event under the same id is one more.
    await service.append_event(again, setting({"counter": 2}, id=event.id))
    found = await read(service, "s1")
    assert [one.actions.state_delta for one in found.events] == [{"counter": 1}, {"counter": 2}]


@awaited
async def test_an_event_that_another_object_has_appended_is_stored_once(
    service: LeydenSessionService,
) -> None:
    session = await created(service, session_id="s1")
    copy = await read(service, "s1")
    event = setting({"counter": 1, "app:counter": 1})
    await service.append_event(session, event.model_copy(deep=True))
    await service.append_event(copy, event.model_copy(deep=True))
    assert copy == session
    await service.append_event(copy, setting({"counter": 2}))
    assert len((await read(service, "s1")).events) == 2


@awaited
async def test_tasks_that_share_a_session_append_one_after_the_other(
    service: LeydenSessionService,
) -> None:
    session = await created(service, session_id="s1")
    events = [said(str(n), **{f"k{n}": n}) for n in range(12)]
    await asyncio.gather(*(service.append_event(session, one) for one in events))
    found = await read(service, "s1")
    assert found == session
    assert texts(found.events) == [str(n) for n in range(12)]
    assert found.state == {f"k{n}": n for n in range(12)}
    assert service._turns == {}


@awaited
async def test_values_that_are_not_json_are_stored_as_far_as_they_can_be(
    service: LeydenSessionService,
) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    session = await created(
        service, session_id="s1", state={"at": at, "tuple": (1, 2), "half": "\ud800"}
    )
    assert session.state == {"at": "2026-01-01T00:00:00Z", "tuple": [1, 2], "half": "\ud800"}
    call = print
    await service.append_event(session, setting({"call": call, "big": 10**30}))
    found = await read(service, "s1")
    assert found.state["call"] == repr(call)
    assert found.state["big"] == 10**30


class Noted(Event):
    """A kind of event, with an attribute that ADK would take for a change of state."""

    state: str = ""


@awaited
async def test_events_come_back_whatever_they_hold(service: LeydenSessionService) -> None:
    session = await created(service, session_id="s1")
    odd = complete_event()
    odd.actions.state_delta = {"own": [math.inf], "half": "\ud800", "bytes": b"\xff"}
    odd.custom_metadata = {"numbers": [math.inf, -math.inf], "half": "\udfff"}
    await service.append_event(session, odd.model_copy(deep=True))
    odd.actions.state_delta["bytes"] = "_w=="
    await service.append_event(session, Noted(author="user", state="mine"))
    await service.append_event(session, Event(author="user", custom_metadata={"call": print}))
    broken = Event(author="user")
    broken.author = None  # type: ignore[assignment]
    with pytest.raises(InputError, match="could not be read again"):
        await service.append_event(session, broken)
    first, noted, described = (await read(service, "s1")).events
    assert first == odd
    assert (type(noted), noted.author, noted.actions.state_delta) == (Event, "user", {})
    assert described.custom_metadata == {"call": repr(print)}
    assert (await read(service, "s1")).state == odd.actions.state_delta


@awaited
async def test_large_state_is_not_kept_in_memory(embedded: dict[str, Any]) -> None:
    service = opened(embedded)
    large = {"large": random.Random(1).randbytes(400_000).hex(), "small": 0}
    session = await created(service, session_id="s1", state=large)
    await service.append_event(session, setting({"small": 1}))
    assert (await read(service, "s1")).state == session.state == large | {"small": 1}
    assert service._history.own.get(Key.of(session)) is None
    await service.append_event(session, setting({"large": None}))
    with sent() as sending:
        await service.append_event(session, setting({"small": 2}))
    assert sending == {"TransactWriteItems": 1}
    assert (await read(service, "s1")).state == {"large": None, "small": 2}


@awaited
async def test_a_large_event_and_large_state_work(service: LeydenSessionService) -> None:
    chance = random.Random(1)
    session = await created(
        service, session_id="s1", state={"own": chance.randbytes(300_000).hex(), "app:a": 1}
    )
    events = [
        Event(
            author="model",
            content=types.Content(
                parts=[types.Part.from_bytes(data=chance.randbytes(700_000), mime_type="a/b")]
            ),
        ),
        setting({"app:a": chance.randbytes(300_000).hex(), "user:u": "word " * 200_000}),
        setting({"own": "small", "app:a": "small"}),
        setting({"own": chance.randbytes(300_000).hex()}),
        said("small"),
    ]
    for event in events:
        await service.append_event(session, event)
        assert await read(service, "s1") == session
    await deleted(service, "s1")
    assert items_of(service)["event"] == 0
    assert await read(service, "s1") is None


@awaited
async def test_requests_are_few(embedded: dict[str, Any]) -> None:
    service = opened(embedded)
    with sent() as sending:
        session = await created(service, session_id="s1", state={"a": 1, "app:a": 1})
    assert sending == {"TransactWriteItems": 1, "Query": 2}
    with sent() as sending:
        await service.append_event(session, setting({"a": 2, "app:b": 1, "user:c": 1}))
        await service.append_event(session, said())
    assert sending == {"TransactWriteItems": 2}
    with sent() as sending:
        await read(service, "s1")
    assert sending == {"GetItem": 1, "Query": 3}
    with sent() as sending:
        await read(service, "s1", config=GetSessionConfig(num_recent_events=0))
    assert sending == {"GetItem": 1, "Query": 2}
    with sent() as sending:
        await service.list_sessions(app_name=APP, user_id=USER)
    assert sending == {"Query": 3}
    with sent() as sending:
        await service.list_sessions(app_name=APP)
    assert sending == {"Query": 17}
    with sent() as sending:
        await deleted(service, "absent")
    assert sending == {"GetItem": 1, "Query": 1}
    other = LeydenSessionService(**{**embedded, "table_name": service.app.table})
    with sent() as sending:
        await other.append_event(session, setting({"a": 3}))
    assert sending == {"GetItem": 1, "TransactWriteItems": 1}


@awaited
async def test_of_a_long_session_only_what_is_asked_for_is_read(embedded: dict[str, Any]) -> None:
    service = opened(embedded)
    session = await created(service, session_id="s1")
    event, head = service.app.entities.event, service.app.entities.session
    generation = int(str(session._storage_update_marker).partition(".")[0])
    key = {"app_name": APP, "user_id": USER, "session_id": "s1"}
    stored = [
        Event(author="user", id=f"e{n}", timestamp=n, content=said("word " * 250).content)
        for n in range(1, 1501)
    ]
    event.put(
        [
            {
                **key,
                "generation": generation,
                "number": n,
                "body": one.model_dump_json(exclude_defaults=True),
            }
            for n, one in enumerate(stored, 1)
        ]
    ).go()
    head.patch(**Key(APP, USER, "s1").head).set(revision=1500).go()
    with sent() as sending:
        found = await read(service, "s1", config=GetSessionConfig(num_recent_events=5))
    assert [one.id for one in found.events] == [f"e{n}" for n in range(1496, 1501)]
    assert sending == {"GetItem": 1, "Query": 3}
    with sent() as sending:
        found = await read(service, "s1", config=GetSessionConfig(after_timestamp=1350))
    assert len(found.events) == 151
    assert sending == {"GetItem": 1, "Query": 4}
    assert (await read(service, "s1")).events == stored
    await service.append_event(found, said())
    await deleted(service, "s1")
    assert items_of(service)["event"] == 0


@awaited
async def test_what_expires_is_not_seen_any_more(embedded: dict[str, Any]) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    service = opened(embedded, ttl=timedelta(days=10), clock=lambda: now[0])
    session = await created(service, session_id="s1", state={"own": 1, "app:a": 1, "user:u": 1})
    await service.append_event(session, said("old"))
    now[0] += timedelta(days=8)
    await service.append_event(session, said("new"))
    now[0] += timedelta(days=8)
    found = await read(service, "s1")
    assert texts(found.events) == ["new"]
    assert found.state == {"own": 1, "app:a": 1, "user:u": 1}
    now[0] += timedelta(days=8)
    assert await read(service, "s1") is None
    assert (await service.list_sessions(app_name=APP)).sessions == []
    with pytest.raises(ValueError, match=MISSING):
        await LeydenSessionService(
            **{**embedded, "table_name": service.app.table}, clock=lambda: now[0]
        ).append_event(Session(id="s1", app_name=APP, user_id=USER), said())
    again = await created(service, session_id="s1")
    assert (again.events, again.state) == ([], {"app:a": 1, "user:u": 1})
    assert (await read(service, "s1")).events == []


@awaited
async def test_what_one_transaction_cannot_write_is_refused_before_it_is_sent(
    service: LeydenSessionService,
) -> None:
    session = await created(service, state={f"app:{n}": n for n in range(98)})
    await service.append_event(session, setting({f"user:{n}": n for n in range(98)}))
    await service.append_event(session, setting({f"own {n}": n for n in range(3000)}))
    assert (await read(service, session.id)).state == session.state
    with sent() as sending:
        with pytest.raises(InputError, match="99 values of app: and user: state"):
            await service.append_event(session, setting({f"app:{n}": n for n in range(99)}))
        with pytest.raises(InputError, match="most 98"):
            await created(service, state={f"user:{n}": n for n in range(99)})
    assert sending == {}


def test_it_has_all_methods_that_a_service_may_have(embedded: dict[str, Any]) -> None:
    service = opened(embedded)
    assert isinstance(service, BaseSessionService)
    assert repr(service) == f"<LeydenSessionService on table {service.app.table}>"
    for name, method in inspect.getmembers(InMemorySessionService, inspect.iscoroutinefunction):
        own = inspect.signature(getattr(LeydenSessionService, name))
        assert [*own.parameters] == [*inspect.signature(method).parameters], name
    for name in BaseSessionService.__abstractmethods__ | {"get_user_state", "append_event"}:
        assert name in vars(LeydenSessionService)


@awaited
async def test_the_table_is_checked_without_a_change(embedded: dict[str, Any]) -> None:
    await opened(embedded).check_table()
    absent = LeydenSessionService(**{**embedded, "table_name": "absent"})
    with pytest.raises(TableNotFoundError, match="leyden table schemas/agents/adk"):
        await absent.check_table()
    with pytest.raises(InvalidOptionError):
        LeydenSessionService(**{**embedded, "table_name": " "})


def test_it_works_on_one_event_loop_after_another(embedded: dict[str, Any]) -> None:
    service = opened(embedded)
    session = asyncio.run(created(service, session_id="s1"))
    for n in range(3):
        asyncio.run(service.append_event(session, said(str(n))))
    assert texts(asyncio.run(read(service, "s1")).events) == ["0", "1", "2"]

    async def close() -> None:
        async with service:
            assert await read(service, "s1")

    asyncio.run(close())
