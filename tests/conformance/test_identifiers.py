"""Entities whose items say in fields of their own whose they are."""

from __future__ import annotations

from tests.conformance.conftest import Open

NOTES = """
entity: note
version: "1"
service: log
identifiers: {entity: kind, version: rev}
attributes:
  id: {type: string, required: true}
  topic: string
  text: string
indexes:
  own: {pk: {field: pk, composite: [topic]}, sk: {field: sk, composite: [id]}, collection: all_of}
  by_text: {index: gsi1, type: clustered, pk: {field: gsi1pk, composite: [topic]}, sk: {field: gsi1sk, composite: [text]}}
---
entity: tag
version: "1"
service: log
identifiers: {entity: kind, version: rev}
attributes:
  id: {type: string, required: true}
  topic: string
indexes:
  own: {pk: {field: pk, composite: [topic]}, sk: {field: sk, composite: [id]}, collection: all_of}
"""  # noqa: E501


def test_items_are_found_by_them(open_service: Open) -> None:
    app = open_service(NOTES)
    note, tag = app["note"], app["tag"]
    note.put([{"id": i, "topic": "a", "text": i} for i in "12"]).go()
    tag.create(id="1", topic="a").go()
    note.upsert(id="3", topic="a", text="3").go()
    note.patch(id="1", topic="a").set(text="x").go()
    raw = note.get(id="1", topic="a").go(data="raw")
    assert (raw["kind"], raw["rev"]) == ({"S": "note"}, {"S": "1"})
    assert "__edb_e__" not in raw
    assert len(note.scan.go()) == 3
    assert [one.id for one in note.query.by_text(topic="a").go()] == ["2", "3", "1"]
    both = app.collections.all_of(topic="a").go()
    assert (len(both.note), len(both.tag)) == (3, 1)
    assert app.parse(raw).text == "x"
    assert note.query.own(topic="a").go(attributes=["id"]).items[0].id == "1"
    note.delete(id="1", topic="a").go()
    assert note.get(id="1", topic="a").go() is None
