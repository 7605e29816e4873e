"""Reads under a migration of all kinds: what each finds, says, and refuses."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any, Final

import pytest

import leyden
from leyden.errors import (
    ConversionError,
    InputError,
    InvalidCursorError,
    InvalidExpressionError,
    InvalidOptionError,
)

Open = Callable[..., leyden.Service]

DOC: Final[dict[str, Any]] = {
    "entity": "docs",
    "alias": "doc",
    "version": "1",
    "service": "app",
    "attributes": {
        "project": "string",
        "id": "string",
        "body": {"type": "string", "overflow": "chunk"},
        "secret": {"type": "string", "encrypt": True},
        "title": "string",
        "size": "string",
    },
    "indexes": {
        "doc": {
            "collection": "all",
            "pk": {"field": "pk", "composite": ["project"]},
            "sk": {"field": "sk", "composite": ["id"]},
        },
        "titled": {
            "index": "gsi1",
            "pk": {"field": "gsi1pk", "composite": ["title"]},
            "sk": {"field": "gsi1sk", "composite": ["id"]},
        },
    },
}
NOTE: Final[dict[str, Any]] = {
    "entity": "notes",
    "alias": "note",
    "version": "1",
    "service": "app",
    "attributes": {
        "project": "string",
        "number": {"type": "integer", "min": 0, "max": 999, "padding": {"length": 3, "char": "0"}},
    },
    "indexes": {
        "note": {
            "collection": "all",
            "pk": {"field": "pk", "composite": ["project"]},
            "sk": {"field": "sk", "composite": ["number"]},
        }
    },
}
KEYS: Final = {"k1": b"0" * 32}


def renewed(**more: Any) -> dict[str, Any]:
    """Version 2 of documents: the body is called text, and the size is a number."""
    attributes = {n: t for n, t in DOC["attributes"].items() if n not in ("body", "size")}
    attributes |= {"text": {"type": "string", "overflow": "chunk"}, "bytes": "integer"}
    return {**DOC, "version": "2", "attributes": attributes, **more}


CHANGE: Final = {
    "attributes": {
        "text": {"from": "body"},
        "bytes": {"value": "to_number(size)", "back": {"size": "to_string(bytes)"}},
    }
}
LARGE: Final = "".join(random.Random(5).choices("abcdefghij0123456789", k=900_000))


class Docs:
    """Documents in both forms, and notes beside them, which do not move."""

    def __init__(self, start: Open) -> None:
        old, new = {"entities": [DOC, NOTE]}, {"entities": [renewed(), NOTE]}
        migration = {"migration": "m", "from": old, "entities": {"doc": CHANGE}}
        self.app = start(new, migrating_from=migration, encryption_keys=KEYS)
        self.table = self.app.table
        self.plain = start(new, table=self.table, create=False, encryption_keys=KEYS)
        before = start(old, table=self.table, create=False, encryption_keys=KEYS)
        self.old, self.doc = before.entities.doc, self.app.entities.doc
        for number in range(6):
            own = {"project": "p", "id": f"d{number}", "secret": f"s{number}", "title": "x"}
            text = LARGE if number in (2, 3) else "small"
            if number % 2:
                self.old.put(own, body=text, size=str(number)).go()
            else:
                self.plain.entities.doc.put(own, text=text, bytes=number).go()
            self.app.entities.note.put(project="p", number=number).go()


@pytest.fixture
def docs(open_service: Open) -> Docs:
    return Docs(open_service)


def told(record: Any) -> tuple[str, str, bool, int]:
    """What a record of a document says."""
    return record.id, record.secret, record.text == LARGE, record.bytes


ALL: Final = [(f"d{n}", f"s{n}", n in (2, 3), n) for n in range(6)]


def test_large_encrypted_and_converted_values_are_read_in_either_form(docs: Docs) -> None:
    doc = docs.doc
    keys = [{"project": "p", "id": f"d{number}"} for number in range(6)]
    assert [told(doc.get(key).go()) for key in keys] == ALL
    assert [told(one) for one in doc.get(keys).go()] == ALL
    assert [told(one) for one in docs.app.transact_get([doc.get(key) for key in keys]).go()] == ALL
    assert [told(one) for one in doc.query.doc(project="p")] == ALL
    assert [told(one) for one in doc.query.titled(title="x").iter(limit=2)] == ALL
    assert sorted(told(one) for one in doc.scan) == ALL
    assert sorted(told(one) for one in doc.scan.go(segments=3)) == ALL
    assert [told(one) for one in doc.query.doc(project="p").where(doc.attr.bytes >= 3)] == ALL[3:]
    assert doc.query.doc(project="p").where(doc.attr.bytes < 3).count() == 3
    assert told(doc.query.doc(project="p").gt(id="d2").first()) == ALL[3]


def in_order(shown: Any) -> str:
    """What a read gives of an item, as one text."""
    return str(sorted(shown.items()) if isinstance(shown, dict) else shown)


def test_a_collection_has_members_that_move_and_members_that_do_not(docs: Docs) -> None:
    everything = docs.app.collections.all(project="p")
    page = everything.go()
    assert [told(one) for one in page.doc] == ALL
    assert [one.number for one in page.note] == list(range(6))
    found, cursor = [], None
    while True:
        page = everything.go(limit=5, cursor=cursor)
        assert len(page) <= 5
        found += [*page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == [*everything.go().items]
    assert "doc in their earlier form" in str(everything.explain())


def test_match_and_find_read_both_forms_by_an_index_and_by_scanning(docs: Docs) -> None:
    doc = docs.doc
    assert [told(one) for one in doc.match(title="x", bytes=3)] == [ALL[3]]
    assert [told(one) for one in doc.match(bytes=3)] == [ALL[3]]
    assert sorted(told(one) for one in doc.find(bytes=3)) == ALL
    assert doc.match(bytes=3).count() == 1


def test_what_a_read_shows_of_an_item_is_what_was_asked_for(docs: Docs) -> None:
    doc, key = docs.doc, {"project": "p", "id": "d3"}
    for options in (
        {"attributes": ["bytes"], "data": "raw"},
        {"attributes": ["bytes", "title"]},
        {"select": "bytes"},
        {"data": "include_keys", "attributes": ["title"]},
    ):
        moved = {**key, "id": "d2"}
        old = doc.query.doc(**key).go(**options).items[0]
        new = doc.query.doc(**moved).go(**options).items[0]
        assert in_order(old).replace("d3", "d2").replace("3", "2") == in_order(new)
        assert in_order(doc.get(key).go(**options)) == in_order(old)
    with pytest.raises(leyden.errors.NotReadError):
        _ = doc.get(key).go(attributes=["title"]).bytes


def test_scans_give_stored_items_as_they_are_where_these_are_asked_for(docs: Docs) -> None:
    versions = {one["__edb_v__"]["S"] for one in docs.doc.scan.go(data="raw", pages="all")}
    assert versions == {"1", "2"}
    raw = docs.doc.query.doc(project="p").go(data="raw").items
    small = [one for one in raw if "__overflow__" not in one]
    assert [docs.doc.parse(one).bytes for one in small] == [0, 1, 4, 5]
    stored = docs.old.get(project="p", id="d1").go(data="raw")
    assert told(docs.doc.parse(stored)) == ALL[1]


def test_an_item_that_cannot_be_converted_is_named_or_set_aside(docs: Docs) -> None:
    docs.old.put(project="p", id="d7", title="x", size="many").go()
    doc, key = docs.doc, {"project": "p", "id": "d7"}
    with pytest.raises(ConversionError, match="d7"):
        doc.query.doc(project="p").go()
    with pytest.raises(ConversionError):
        doc.get(key).go()
    for page in (
        doc.query.doc(project="p").go(unreadable="collect"),
        doc.scan.go(unreadable="collect", pages="all"),
        doc.get([key, {"project": "p", "id": "d3"}]).go(unreadable="collect"),
        docs.app.transact_get([doc.get(key), doc.get(project="p", id="d3")]).go(
            unreadable="collect"
        ),
    ):
        assert [type(error) for error in page.unreadable] == [ConversionError]
        assert any(record is not None and record.id == "d3" for record in page)


def test_cursors_of_the_new_schema_alone_are_taken_and_given(docs: Docs) -> None:
    doc = docs.doc
    plain = docs.plain.entities.doc.query.doc(project="p")
    ours = doc.query.doc(project="p")
    of_plain = plain.go(limit=1).cursor
    assert [told(one) for one in ours.go(cursor=of_plain)] == ALL[1:]
    of_ours = ours.go(limit=2).cursor
    assert of_ours is not None
    assert [told(one) for one in plain.go(cursor=of_ours)] == [ALL[2], ALL[4]]
    with pytest.raises(InvalidCursorError):
        ours.go(cursor=of_ours[:-3] + "000")
    with pytest.raises(InvalidCursorError):
        doc.query.doc(project="q").go(cursor=of_ours)


def test_the_present_form_counts_where_both_are_there(docs: Docs) -> None:
    docs.old.put(project="p", id="d4", title="y", size="99").go()
    doc = docs.doc
    assert told(doc.get(project="p", id="d4").go()) == ALL[4]
    assert [told(one) for one in doc.query.doc(project="p")] == ALL
    assert [*doc.query.titled(title="y")] == []
    assert [told(one) for one in doc.get([{"project": "p", "id": "d4"}]).go()] == [ALL[4]]


def test_what_cannot_be_found_is_refused_before_anything_is_sent(open_service: Open) -> None:
    by_size = {
        "index": "gsi2",
        "pk": {"field": "gsi2pk", "composite": ["bytes"]},
        "sk": {"field": "gsi2sk", "composite": ["id"]},
    }
    new = renewed(indexes={**DOC["indexes"], "sized": by_size})
    migration = {"migration": "m", "from": DOC, "entities": {"doc": CHANGE}}
    app = open_service(
        new, create=False, migrating_from=migration, encryption_keys=KEYS, table="none"
    )
    doc = app.entities.doc
    with pytest.raises(InvalidExpressionError, match=r'leyden migrate.*"doc" and "titled"'):
        doc.query.sized(bytes=3).go()
    with pytest.raises(InvalidExpressionError, match="leyden migrate"):
        doc.query.sized(bytes=3).explain()
    with pytest.raises(InvalidExpressionError, match="leyden migrate"):
        doc.scan.index("sized").go()
    with pytest.raises(InvalidOptionError, match="two forms"):
        doc.query.titled(title="x").go(params={"FilterExpression": "size(x) > :y"})
    many = [doc.get(project="p", id=f"{number}") for number in range(60)]
    with pytest.raises(InputError, match="120 items"):
        app.transact_get(many).go()


def test_an_index_that_only_gets_other_keys_is_read_by_the_earlier_ones(
    open_service: Open,
) -> None:
    titled = {**DOC["indexes"]["titled"]["pk"], "casing": "upper"}
    indexes = {**DOC["indexes"], "titled": {**DOC["indexes"]["titled"], "pk": titled}}
    new = {**DOC, "indexes": indexes}
    app = open_service(new, migrating_from=DOC, encryption_keys=KEYS)
    old = open_service(DOC, table=app.table, create=False, encryption_keys=KEYS)
    for number in range(4):
        made = old if number % 2 else app
        made.entities.doc.put(project="p", id=f"d{number}", title="x").go()
    doc = app.entities.doc
    assert [one.id for one in doc.query.titled(title="x")] == ["d0", "d1", "d2", "d3"]
    assert [one.id for one in doc.query.doc(project="p")] == ["d0", "d1", "d2", "d3"]
    assert "same index" not in str(doc.query.titled(title="x").explain())
    assert "converted when read" in str(doc.query.doc(project="p").explain())


def test_old_items_that_stand_in_another_order_are_sorted_up_to_a_limit(
    docs: Docs, monkeypatch: pytest.MonkeyPatch, open_service: Open
) -> None:
    by_size = {**DOC["indexes"]["titled"], "sk": {"field": "gsi1sk", "composite": ["bytes"]}}
    new = renewed(indexes={**DOC["indexes"], "titled": by_size})
    migration = {"migration": "m", "from": DOC, "entities": {"doc": CHANGE}}
    app = open_service(new, migrating_from=migration, encryption_keys=KEYS)
    old = open_service(DOC, table=app.table, create=False, encryption_keys=KEYS)
    for number in (3, 1, 2):
        old.entities.doc.put(project="p", id=f"d{number}", title="x", size=str(4 - number)).go()
    app.entities.doc.put(project="p", id="d9", title="x", bytes=2).go()
    query = app.entities.doc.query.titled(title="x")
    assert "sorted" in str(query.explain())
    assert [one.bytes for one in query.iter(limit=2)] == [1, 2, 2, 3]
    assert [one.bytes for one in query.iter(limit=1, order="desc")] == [3, 2, 2, 1]
    monkeypatch.setattr("leyden.operations.run.merging.MOST_SORTED", 2)
    with pytest.raises(InputError, match="more than 2 items"):
        query.go()


def test_event_loops_read_both_forms(docs: Docs, engine: Any) -> None:
    old, new = {"entities": [DOC, NOTE]}, {"entities": [renewed(), NOTE]}
    migration = {"migration": "m", "from": old, "entities": {"doc": CHANGE}}

    async def read() -> None:
        app = await leyden.load_async(
            new, table=docs.table, engine=engine, migrating_from=migration, encryption_keys=KEYS
        )
        async with app:
            doc = app.entities.doc
            assert told(await doc.get(project="p", id="d3").go()) == ALL[3]
            assert [told(one) async for one in doc.query.doc(project="p")] == ALL
            assert len(await app.collections.all(project="p").go()) == 12
            assert await doc.query.titled(title="x").count() == 6

    asyncio.run(read())
