"""What the embedded engine keeps: what is stored, not everything that ever was."""

from __future__ import annotations

import gc
import tracemalloc

import leyden

SCHEMA = """
entity: note
version: "1"
service: notes
attributes:
  id: {type: string, required: true}
  text: string
indexes:
  primary:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
"""


def test_items_that_are_overwritten_are_let_go() -> None:
    text = "x" * 100_000
    with leyden.local() as engine, leyden.load(SCHEMA, table="notes", engine=engine) as app:
        app.create_table()
        tracemalloc.start()
        kept = []
        for _ in range(3):
            for _ in range(30):
                app.entities.note.put(id="n", text=text).go()
            gc.collect()
            kept.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    # The first round also loads what is loaded once.
    assert kept[2] - kept[1] < 10 * len(text)
