"""Messages of both formats, whatever they hold."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.store.interop import values
from tests.store.interop.bounds import for_examples, on_dynamodb_local
from tests.store.interop.twins import OURS, THEIRS, Twins, entities
from tests.store.interop.words import Call, facts

pytestmark = [pytest.mark.node, on_dynamodb_local]

THREAD = {"id": "t", "resource_id": "r"}


@st.composite
def messages(draw: st.DrawFn) -> list[dict[str, Any]]:
    ids = draw(st.lists(values.ids, min_size=1, max_size=4, unique_by=lambda id: id.lower()))
    return [draw(_message(id)) for id in ids]


def _message(id: str) -> st.SearchStrategy[dict[str, Any]]:
    common = {
        "id": st.just(id),
        "thread_id": st.just("t"),
        "role": st.sampled_from(["user", "assistant", "system", "tool"]),
        "created_at": values.times,
    }
    optional = {"resource_id": values.ids}
    present = st.fixed_dictionaries(
        {**common, "type": st.just("v2"), "content": values.contents}, optional=optional
    )
    earlier = st.fixed_dictionaries(
        {
            **common,
            "type": st.sampled_from(["text", "tool-call", "tool-result"]),
            "content": values.earlier_contents,
        },
        optional={
            **optional,
            "tool_call_ids": st.lists(values.texts, max_size=2),
            "tool_call_args": st.lists(values.objects, max_size=2),
            "tool_names": st.lists(values.texts, max_size=2),
        },
    )
    return st.one_of(present, earlier)


def test_a_message_is_stored_and_read_alike(twins: Twins) -> None:
    for_examples(twins, messages(), lambda drawn: _compare(twins, drawn))


def _compare(twins: Twins, messages: list[dict[str, Any]]) -> None:
    twins.clear()
    twins.both(Call("memory.save_thread", {"thread": THREAD}), now=values.START)
    # What the client answers has gone through its MessageList, which makes messages of the
    # present format of others; so the items are compared, and what its entity reads of them.
    saving = Call("memory.save_messages", {"messages": messages})
    twins.they(saving, now=values.START)
    twins.we(saving, now=values.START)
    items = twins.same_items()
    reading = Call("memory.list_messages_by_id", {"message_ids": [m["id"] for m in messages]})
    by_us = {message["id"]: message for message in twins.we(reading, THEIRS)}
    assert by_us.keys() == {message["id"] for message in messages}
    for kind, key in entities(items):
        if kind == "message":
            by_them = twins.client.entity(twins.names[OURS], kind, key)
            read = facts(Call("memory.get_message", {}), by_them)
            for name in ("created_at", "updated_at"):
                read[name] = datetime.fromisoformat(read[name])
            assert read == by_us[key["id"]]
