"""Any text is an id, and no two ids meet; values of any size and kind come back."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer

from leyden.agents.langgraph import LeydenSaver
from leyden.errors import DecodeError, InputError, InvalidOptionError, TableNotFoundError
from tests.agents.langgraph.conftest import new_saver, sent
from tests.agents.langgraph.test_requests import at, put

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
def test_a_value_of_any_size_fits(saver: LeydenSaver, size: int) -> None:
    noise = os.urandom(size)
    config = put(saver, "t", {"file": noise, "files": [noise, "x"]})
    saver.put_writes(config, [("file", noise)], "task")
    found = LeydenSaver(saver.app.table, engine=_engine_of(saver)).get_tuple(config)
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
    config = put(saver, "t", {"letters": letters})
    stored = saver.app.entities.piece.scan.go(pages="all")
    assert not any(b"secret" in piece.data for piece in stored)
    other = LeydenSaver(saver.app.table, engine=embedded, serde=serde)
    found = other.get_tuple(config)
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


def test_a_checkpoint_whose_pieces_were_deleted_says_so(saver: LeydenSaver) -> None:
    config = put(saver, "t", {"essay": "".join(map(str, range(9000)))})
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


def _engine_of(saver: LeydenSaver) -> Any:
    return saver._backend._bound["engine"]
