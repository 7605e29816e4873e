"""What only our store does, the TypeScript client reads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leyden.store import TTL
from tests.store.interop import values
from tests.store.interop.client import MastraClient
from tests.store.interop.test_every_method import message
from tests.store.interop.twins import THEIRS, Backend, Twins
from tests.store.interop.words import MISSING_THERE, Call, camel

pytestmark = pytest.mark.node


@pytest.fixture
def filled(twins: Twins) -> Twins:
    """The client's thread with five messages."""
    thread = {"id": "source", "resource_id": "alice", "title": "T", "metadata": {"lang": "en"}}
    twins.they(Call("memory.save_thread", {"thread": thread}), now=values.START)
    messages = [message(f"m{number}", "source", number) for number in range(5)]
    twins.they(Call("memory.save_messages", {"messages": messages}), now=values.START)
    return twins


@pytest.mark.parametrize("method", MISSING_THERE)
def test_the_client_does_not_have_it(twins: Twins, method: str) -> None:
    domain, _, name = method.partition(".")
    called = twins.client.call(twins.names[THEIRS], domain, camel(name), [{}])
    assert called.error is not None
    assert "not implemented" in called.error or "there is no" in called.error


@pytest.mark.parametrize("method", ["copy_thread", "clone_thread"])
def test_the_client_reads_a_copied_thread(filled: Twins, method: str) -> None:
    arguments = {"source_thread_id": "source", "new_thread_id": "copy", "message_limit": 3}
    filled.clock.now = values.START + timedelta(hours=1)
    memory = filled.stores[THEIRS].memory
    copied = getattr(memory, method)(**arguments, metadata={"more": True})
    thread = filled.they(Call("memory.get_thread_by_id", {"thread_id": "copy"}))
    assert thread["metadata"]["more"] is True
    assert thread["metadata"]["clone"]["sourceThreadId"] == "source"
    source = filled.they(Call("memory.list_messages", {"thread_id": "source"}))["messages"]
    assert list(copied.message_id_map) == [before["id"] for before in source[-3:]]
    copies = filled.they(Call("memory.list_messages", {"thread_id": "copy"}))["messages"]
    for before, after in zip(source[-3:], copies, strict=True):
        assert after["id"] == copied.message_id_map[before["id"]]
        assert {**before, "id": "", "thread_id": "", "updated_at": ""} == {
            **after,
            "id": "",
            "thread_id": "",
            "updated_at": "",
        }


def test_messages_of_a_resource_are_those_of_the_clients_threads(filled: Twins) -> None:
    said = filled.they(Call("memory.list_messages", {"thread_id": "source"}))
    of_alice = Call("memory.list_messages_by_resource_id", {"resource_id": "alice"})
    assert filled.we(of_alice, THEIRS) == said


@pytest.mark.parametrize("attribute", ["ttl", "expires_at"])
def test_both_set_the_same_time_to_live(
    backend: Backend, client: MastraClient, table_name: str, attribute: str
) -> None:
    seconds = {"thread": 60, "message": 3600, "resource": 1, "workflow_snapshot": 86400}
    rules = {
        entity: {"enabled": True, "defaultTtlSeconds": after, "attributeName": camel(attribute)}
        for entity, after in seconds.items()
    }
    ours = {
        entity: TTL(after=timedelta(seconds=after), attribute=attribute)
        for entity, after in seconds.items()
    }
    twins = Twins(backend, table_name, client, ttl=ours)
    now = values.START + timedelta(milliseconds=999)
    thread = {"id": "t", "resource_id": "alice"}
    run = {"workflow_name": "w", "run_id": "r", "snapshot": {"status": "running", "context": {}}}
    updates = {"messages": [{"id": "m", "role": "tool"}]}
    for number, call in enumerate(
        [
            Call("memory.save_thread", {"thread": thread}),
            Call("memory.save_messages", {"messages": [message("m", "t", 0)]}),
            Call("memory.save_resource", {"resource": {"id": "alice"}}),
            Call("workflows.persist_workflow_snapshot", run),
            Call("memory.update_thread", {"id": "t", "title": "New"}),
            Call("memory.update_messages", updates),
            Call("memory.update_resource", {"resource_id": "alice", "metadata": {"a": 1}}),
            Call("memory.update_resource", {"resource_id": "new", "metadata": {"a": 1}}),
        ]
    ):
        twins.they(call, now=now + timedelta(seconds=number), ttl=rules)
        twins.we(call, now=now + timedelta(seconds=number))
    items = twins.same_items()
    assert len(items) == 5
    assert all(camel(attribute) in item for item in items)
    twins.close()
