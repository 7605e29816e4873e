"""Any text is an id, and no two ids meet; values of any size and kind come back."""

from __future__ import annotations

import hashlib
import os
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.types import Send

from leyden.agents.langgraph import LeydenSaver
from leyden.errors import DecodeError, InputError, InvalidOptionError, TableNotFoundError
from tests.agents.langgraph.conftest import new_saver, sent
from tests.agents.langgraph.test_requests import at, put

ESSAY = "".join(map(str, range(9000)))
COMPOSED = ("\u00e9", "e\u0301", "\U0001f600")
TEXTS = ("", "a", "A", "a#b", "#b", "a#", "a#b#c", "$history#ns_", "p|q", *COMPOSED)


def test_ids_that_look_like_each_other_stay_apart(saver: LeydenSaver) -> None:
    places = [*product(("p", "p#q", "P", "q#r", " p"), TEXTS)]
    for thread_id, namespace in places:
        checkpoint = put(saver, thread_id, {})["configurable"]["checkpoint_id"]
        assert checkpoint
        config = at(thread_id, namespace=namespace)
        saved = saver.get_tuple(at(thread_id))
        assert saved is not None
        saver.put(
            config, {**saved.checkpoint, "channel_values": {"at": [thread_id, namespace]}}, {}, {}
        )
    for thread_id, namespace in places:
        found = [*saver.list(at(thread_id, namespace=namespace))]
        values = [one.checkpoint["channel_values"].get("at") for one in found]
        assert [one for one in values if one] == [[thread_id, namespace]]


@pytest.mark.parametrize("size", [1_000, 300_000, 500_000, 3_000_000])
def test_a_value_of_any_size_fits(real: Any, size: int) -> None:
    saver = new_saver(real)
    noise = os.urandom(size)
    config = put(saver, "t", {"file": noise, "files": [noise, "x"]})
    saver.put_writes(config, [("file", noise)], "task")
    found = LeydenSaver(saver.app.table, engine=real).get_tuple(config)
    assert found is not None
    assert found.checkpoint["channel_values"] == {"file": noise, "files": [noise, "x"]}
    assert found.pending_writes == [("task", "file", noise)]


class Scrambling:
    """A cipher that, like a good one, never writes the same bytes twice."""

    def encrypt(self, plaintext: bytes) -> tuple[str, bytes]:
        salt = os.urandom(16)
        return "scrambled", salt + self._mixed(plaintext, salt)

    def decrypt(self, ciphername: str, ciphertext: bytes) -> bytes:
        assert ciphername == "scrambled"
        return self._mixed(ciphertext[16:], ciphertext[:16])

    def _mixed(self, data: bytes, salt: bytes) -> bytes:
        stream = hashlib.shake_256(salt).digest(len(data))
        return bytes(one ^ other for one, other in zip(data, stream, strict=True))


def test_an_encrypted_list_is_written_once_too(embedded: Any) -> None:
    serde = EncryptedSerializer(Scrambling())
    saver = new_saver(embedded, serde=serde)
    letters = [f"secret {n} " * 30 for n in range(50)]
    put(saver, "t", {"letters": letters})
    stored = saver.app.entities.piece.scan.go(pages="all")
    assert not any(b"secret" in piece.data for piece in stored)
    other = LeydenSaver(saver.app.table, engine=embedded, serde=serde)
    found = other.get_tuple(at("t"))
    assert found is not None
    assert found.checkpoint["channel_values"] == {"letters": letters}
    with sent() as sending:
        put(other, "t", {"letters": [*letters, "new" * 200]}, found.checkpoint["id"])
    assert sending.apis == {"BatchWriteItem": 1, "PutItem": 1}
    pieces = saver.app.entities.piece.scan.go(pages="all")
    assert len(pieces) == len(stored) + 1


def test_what_later_checkpoints_have_as_well_lives_as_long_as_they_do(embedded: Any) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    saver = new_saver(embedded, ttl=timedelta(days=10), clock=lambda: now[0])
    letters = [f"letter {n} " * 30 for n in range(4)]
    parent = None
    for day in range(40):
        now[0] += timedelta(days=1)
        letters = [*letters, f"day {day} " * 60]
        parent = put(saver, "t", {"letters": letters, "essay": "x" * 999}, parent)["configurable"][
            "checkpoint_id"
        ]
        heads = saver.app.entities.checkpoint.scan.go(pages="all")
        newest = max(heads, key=lambda one: one.checkpoint_id)
        assert newest.expires_at == now[0] + timedelta(days=10)
        # What has expired is gone.
        for piece in saver.app.entities.piece.scan.go(pages="all"):
            if piece.expires_at <= newest.expires_at - timedelta(seconds=1):
                piece_key = {"thread_id": "t", "piece_id": piece.piece_id}
                saver.app.entities.piece.delete(**piece_key).go()
        found = LeydenSaver(saver.app.table, engine=embedded).get_tuple(at("t"))
        assert found is not None
        assert found.checkpoint["channel_values"]["letters"] == letters


def test_a_thread_that_another_process_deleted_begins_anew(embedded: Any) -> None:
    saver = new_saver(embedded)
    other = LeydenSaver(saver.app.table, engine=embedded)
    values = {"essay": ESSAY, "letters": [ESSAY, "x"]}
    put(saver, "t", values)
    other.delete_thread("t")
    assert saver.get_tuple(at("t")) is None
    put(saver, "t", values)
    found = other.get_tuple(at("t"))
    assert found is not None
    assert found.checkpoint["channel_values"] == values


def test_what_was_written_to_expire_is_written_again_to_last(embedded: Any) -> None:
    fleeting = new_saver(embedded, ttl=timedelta(days=1))
    config = put(fleeting, "t", {"essay": ESSAY})
    lasting = LeydenSaver(fleeting.app.table, engine=embedded)
    found = lasting.get_tuple(config)
    assert found is not None
    next = {**found.checkpoint, "id": found.checkpoint["id"] + "2"}
    lasting.put(config, next, {}, {})  # type: ignore[arg-type]
    expire(fleeting, None)
    again = LeydenSaver(fleeting.app.table, engine=embedded).get_tuple(at("t"))
    assert again is not None
    assert again.checkpoint == next


def test_a_saver_with_a_shorter_life_takes_nothing_from_checkpoints_that_live_longer(
    embedded: Any,
) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    options: Any = {"engine": embedded, "clock": lambda: now[0]}
    saver = new_saver(embedded, ttl=timedelta(days=30), clock=options["clock"])
    values = {"essay": ESSAY, "letters": [f"letter {n} " * 30 for n in range(4)]}
    long = put(saver, "t", values)
    # It writes the same without knowing of it, and then what it has read.
    short = LeydenSaver(saver.app.table, ttl=timedelta(days=1), **options)
    child = put(short, "t", values, long["configurable"]["checkpoint_id"])
    assert short.get_tuple(long) is not None
    put(short, "t", values, child["configurable"]["checkpoint_id"])
    now[0] += timedelta(days=29)
    expire(saver, now[0])
    found = LeydenSaver(saver.app.table, **options).get_tuple(at("t"))
    assert found is not None
    assert found.config == long
    assert found.checkpoint["channel_values"] == values


def expire(saver: LeydenSaver, now: datetime | None) -> None:
    """Delete what has expired, or without a time what ever will."""
    entities = saver.app.entities
    for entity in (entities.checkpoint, entities.writes, entities.piece):
        for one in entity.scan.go(pages="all"):
            if one.expires_at is not None and (now is None or one.expires_at <= now):
                entity.delete(one).go()


def test_what_a_list_has_is_what_it_would_be_in_a_checkpoint_by_itself(embedded: Any) -> None:
    saver, oracle = new_saver(embedded), InMemorySaver()
    values: dict[str, Any] = {
        "kinds": [(1, 2), bytearray(b"a" * 300), b"b" * 300, None, {3}, [], True, Decimal("1.50")],
        "messages": [
            HumanMessage("Hello " * 60, id="1"),
            Send("node", {"a": (1,)}),
            uuid.UUID(int=5),
        ],
        "nothing": [None] * 400,
        "numbers": [1.5] * 400,
        "mixed": [1, "text " * 100, 2],
        "empty": [],
    }
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = values
    versions = checkpoint["channel_versions"] = dict.fromkeys(values, 1)
    for one in (saver, oracle):
        one.put(at("t"), {**checkpoint}, {}, versions)  # type: ignore[typeddict-item]
    found = LeydenSaver(saver.app.table, engine=embedded).get_tuple(at("t"))
    expected = oracle.get_tuple(at("t"))
    assert found is not None
    assert expected is not None
    for name, value in expected.checkpoint["channel_values"].items():
        read = found.checkpoint["channel_values"][name]
        assert read == value
        assert [*map(type, read)] == [*map(type, value)]


def test_ids_that_are_numbers_are_their_text(embedded: Any) -> None:
    saver = new_saver(embedded)
    number: Any = 7
    put(saver, number, {"n": 1})
    saver.copy_thread(number, "8")
    saver.prune([number])
    saver.delete_thread(number)
    assert saver.get_tuple(at("7")) is None
    saver.copy_thread("8", number)
    assert saver.get_tuple(at("7")) is not None
    saver.prune([number], strategy="delete")
    assert saver.get_tuple(at("7")) is None


def test_a_checkpoint_whose_pieces_were_deleted_says_so(saver: LeydenSaver) -> None:
    config = put(saver, "t", {"essay": ESSAY})
    for piece in saver.app.entities.piece.scan.go():
        saver.app.entities.piece.delete(thread_id="t", piece_id=piece.piece_id).go()
    with pytest.raises(DecodeError, match="refers to pieces that are not stored"):
        saver.get_tuple(config)


def test_what_is_wrong_is_said_before_anything_is_sent(embedded: Any) -> None:
    saver = new_saver(embedded)
    with sent() as sending:
        with pytest.raises(InputError, match="names no thread"):
            saver.get_tuple({"configurable": {}})
        with pytest.raises(InputError, match="names no checkpoint_id"):
            saver.put_writes(at("t"), [("c", 1)], "task")
        with pytest.raises(InputError, match="keep_latest"):
            saver.prune(["t"], strategy="keep_all")
        with pytest.raises(InputError, match="the same"):
            saver.copy_thread("t", "t")
        with pytest.raises(InvalidOptionError, match="positive timedelta"):
            LeydenSaver("agents", engine=embedded, ttl=timedelta(0))
        with pytest.raises(InvalidOptionError, match="table_name"):
            LeydenSaver("", engine=embedded)
    assert sending == []


def test_setup_says_what_the_table_lacks(embedded: Any) -> None:
    new_saver(embedded).setup()
    with pytest.raises(TableNotFoundError, match="leyden table schemas/agents/langgraph"):
        LeydenSaver("nowhere", engine=embedded).setup()
