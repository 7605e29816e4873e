"""A blank id is refused in words that say so, wherever one is taken."""

from __future__ import annotations

import pytest

from leyden.errors import InputError
from tests.store.conformance.made import message, score, thread

BLANK = ["", " ", "\t\n", "\u3000", "\ufeff", "\u00a0\ufeff "]

TAKE_A_THREAD = {
    "get": lambda store, id: store.memory.get_thread_by_id(id),
    "save": lambda store, id: store.memory.save_thread(thread(id)),
    "update": lambda store, id: store.memory.update_thread(id, title="New"),
    "delete": lambda store, id: store.memory.delete_thread(id),
    "copy": lambda store, id: store.memory.copy_thread(id),
    "copy to": lambda store, id: store.memory.copy_thread("t1", new_thread_id=id),
    "clone": lambda store, id: store.memory.clone_thread(id),
    "give away": lambda store, id: store.memory.update_thread_resource_id(id, "bob"),
    "save messages": lambda store, id: store.memory.save_messages([message("m1", thread_id=id)]),
    "list": lambda store, id: store.memory.list_messages(id),
    "list several": lambda store, id: store.memory.list_messages(["t1", id]),
    "list none": lambda store, id: store.memory.list_messages(id, per_page=0),
    "include": lambda store, id: store.memory.list_messages(
        "t1", include=[{"id": "m1", "thread_id": id}]
    ),
    "move": lambda store, id: store.memory.update_messages([{"id": "m1", "thread_id": id}]),
}


@pytest.mark.parametrize("id", BLANK)
@pytest.mark.parametrize("take", TAKE_A_THREAD)
def test_a_blank_thread_id_is_refused(store, take, id):
    with pytest.raises(InputError, match="is blank"):
        TAKE_A_THREAD[take](store, id)


@pytest.mark.parametrize("id", BLANK[1:])
def test_a_score_of_a_blank_thread_is_refused(store, id):
    with pytest.raises(InputError, match=r"score\.thread_id.* is blank"):
        store.scores.save_score(score(thread_id=id))


def test_a_score_of_no_thread_has_none(store):
    assert store.scores.save_score(score(thread_id="")).thread_id is None
