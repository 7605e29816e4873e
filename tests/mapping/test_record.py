"""Records as values: copied, pickled, and of one class for one schema."""

from __future__ import annotations

import copy
import gc
import pickle
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import leyden
from leyden.errors import DecodeError

SOURCE = """
entity: notes
alias: note
version: "1"
service: pickled
attributes:
  id: {type: string, required: true}
  kind: string
  at: timestamp
  tags: {type: set, items: string}
  parts: {type: list}
  secret: {type: string, hidden: true}
indexes:
  notes:
    pk: {field: pk, composite: [id]}
"""


def _record(note: leyden.Entity) -> Any:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    values = {"id": "1", "kind": "a", "at": at, "tags": {"x"}, "parts": [{"n": 1}]}
    return note.parse(note.put(values).params()["Item"])


@pytest.fixture
def note() -> leyden.Entity:
    return leyden.load(SOURCE, table="t")["note"]


def test_a_record_comes_back_from_pickle(note: leyden.Entity) -> None:
    record = _record(note)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps([record], protocol))[0]
        assert again == record
        assert type(again) is type(record)
    assert note.put(again, secret="s").params() == note.put(record, secret="s").params()


def test_copies_are_equal_and_deep_ones_share_nothing(note: leyden.Entity) -> None:
    record = _record(note)
    assert copy.copy(record) == copy.deepcopy(record) == record
    assert copy.copy(record).parts is record.parts
    assert copy.deepcopy(record).parts[0] is not record.parts[0]
    assert type(copy.copy(record)) is type(record)


def test_one_schema_loaded_twice_has_one_class(note: leyden.Entity) -> None:
    other = leyden.load(SOURCE, table="elsewhere")["note"]
    assert other.record is note.record
    assert (
        other.put(_record(note), secret="s").params()["Item"]
        == note.put(_record(note), secret="s").params()["Item"]
    )
    for change in ("  more: string\n  kind: string\n", "  kind: binary\n"):
        changed = leyden.load(SOURCE.replace("  kind: string\n", change), table="t")["note"]
        assert changed.record is not note.record


def test_a_record_without_its_schema_says_what_is_missing() -> None:
    source = SOURCE.replace("service: pickled", "service: forgotten")
    kept = pickle.dumps(_record(leyden.load(source, table="t")["note"]))
    gc.collect()
    with pytest.raises(DecodeError, match=r'record of "notes" \(version 1, service "forgotten"\)'):
        pickle.loads(kept)
    note = leyden.load(source, table="t")["note"]
    assert pickle.loads(kept) == _record(note)


def test_another_process_reads_it_where_the_schema_is_loaded(
    note: leyden.Entity, tmp_path: Path
) -> None:
    (tmp_path / "record").write_bytes(pickle.dumps(_record(note)))
    (tmp_path / "note.yaml").write_text(SOURCE)
    script = (
        "import leyden, pickle, pathlib\n"
        "app = leyden.load('note.yaml', table='t')\n"
        "record = pickle.loads(pathlib.Path('record').read_bytes())\n"
        "print(isinstance(record, app['note'].record), record.id)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "1"]
