"""Unique values and large ones of one entity: its guards and its parts go with every write."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import leyden
from leyden.errors import (
    ConditionFailedError,
    InputError,
    InvalidOptionError,
    ItemExistsError,
    TransactionCanceledError,
    UniqueConstraintError,
    VersionConflictError,
)
from leyden.program import Request
from tests.conformance.notes import NOTES, check_whole, noise, raw_items, small_limits

UNIQUE = NOTES.replace("indexes:\n", "unique: [[title], [book, remark]]\nindexes:\n", 1)
COUNTED = UNIQUE.replace("  title: string\n", "  title: string\n  rev: integer\n", 1).replace(
    "unique: ", "version_attribute: rev\nunique: ", 1
)
KEY = {"book": "b", "page": "1"}
SMALL, LARGE, OTHER = "small", noise(5000, 1), noise(7000, 2)


@pytest.fixture(autouse=True)
def small(monkeypatch: Any) -> None:
    small_limits(monkeypatch)


@pytest.fixture
def app(open_service: Any) -> leyden.Service:
    service: leyden.Service = open_service(UNIQUE)
    return service


@pytest.fixture
def note(app: leyden.Service) -> leyden.Entity:
    return app.entities.note


def guards(app: leyden.Service) -> dict[str, str]:
    """The guards in the table: the values that each holds, and the page that has them."""
    return {
        item["pk"]["S"].partition("#1#")[2]: item["__leyden_owner__"]["M"]["sk"]["S"][-1]
        for item in raw_items(app)
        if item["__edb_e__"] == {"S": "notes#unique"}
    }


def pages(app: leyden.Service) -> dict[str, tuple[str | None, str | None]]:
    """What each page holds. All that is in the table belongs to one of them, and all is there."""
    counted = check_whole(app)
    records = list(app.entities.note.scan.iter(consistent=True))
    titles = {f"title#{r.title}": r.page for r in records if r.title is not None}
    remarks = {f"book,remark#{r.book}#{r.remark}": r.page for r in records if r.remark is not None}
    held = guards(app)
    assert held == {**titles, **remarks}
    assert counted["items"] == len(records) + len(held)
    return {record.page: (record.title, record.text) for record in records}


@pytest.mark.parametrize("text", [SMALL, LARGE])
def test_a_create_makes_guards_and_parts_and_reads_nothing(
    app: leyden.Service, note: leyden.Entity, text: str
) -> None:
    heard: list[str] = []

    def hear(event: leyden.events.Event) -> None:
        if isinstance(event, leyden.events.ResponseReceived):
            heard.append(event.api)

    create = note.create(**KEY, title="t", remark="r", text=text)
    kinds = [next(iter(part)) for part in create.params()["TransactItems"]]
    assert len(kinds) == 3 if text is SMALL else len(kinds) > 3
    with leyden.events.listen(hear):
        assert create.go().text == text
    assert heard == ["TransactWriteItems"]
    assert pages(app) == {"1": ("t", text)}


@pytest.mark.parametrize("text", [SMALL, LARGE])
def test_what_is_refused_leaves_nothing_behind(
    app: leyden.Service, note: leyden.Entity, text: str
) -> None:
    note.create(**KEY, title="t", text=LARGE).go()
    before = list(raw_items(app))
    with pytest.raises(UniqueConstraintError) as caught:
        note.create(book="b", page="2", title="t", text=text).go()
    assert caught.value.attributes == ("title",)
    with pytest.raises(ItemExistsError):
        note.create(**KEY, title="u", text=text).go()
    with pytest.raises(ConditionFailedError) as refused:
        note.patch(**KEY).set(title="u", text=text).where(note.attr.reads > 5).go()
    assert type(refused.value) is ConditionFailedError
    for verb in (note.put, note.upsert):
        with pytest.raises(UniqueConstraintError):
            verb(book="b", page="2", title="t", text=text).go()
    assert list(raw_items(app)) == before
    assert pages(app) == {"1": ("t", LARGE)}


@pytest.mark.parametrize("after", [SMALL, OTHER, None])
@pytest.mark.parametrize("before", [SMALL, LARGE, None])
@pytest.mark.parametrize("title", ["t", "u", None])
def test_every_verb_takes_guards_and_parts_along(
    app: leyden.Service, note: leyden.Entity, before: Any, after: Any, title: Any
) -> None:
    def begin() -> None:
        note.put(**KEY, title="t", text=before).go()
        assert pages(app) == {"1": ("t", before)}

    wanted = {"1": (title, after)}
    given = {n: v for n, v in (("title", title), ("text", after)) if v is not None}
    begin()
    old = note.put(**KEY, title=title, text=after).go(response="all_old")
    assert (old.title, old.text) == ("t", before)
    assert pages(app) == wanted
    begin()
    patch = note.patch(**KEY).set(**given) if given else note.patch(**KEY)
    removed = [name for name, value in (("title", title), ("text", after)) if value is None]
    if removed:
        patch = patch.remove(*removed)
    new = patch.go(response="all_new")
    assert (new.title, new.text) == (title, after)
    assert pages(app) == wanted
    begin()
    app.transact_write([patch]).go()
    assert pages(app) == wanted
    begin()
    note.upsert(**KEY, title=title or "t", text=after).go()
    assert pages(app) == {"1": (title or "t", before if after is None else after)}


@pytest.mark.parametrize("text", [SMALL, LARGE])
@pytest.mark.parametrize("verb", ["delete", "remove"])
def test_nothing_stays_of_what_is_deleted(
    app: leyden.Service, note: leyden.Entity, text: str, verb: str
) -> None:
    note.create(**KEY, title="t", remark="r", text=text).go()
    old = getattr(note, verb)(**KEY).go(response="all_old")
    assert (old.title, old.text) == ("t", text)
    assert list(raw_items(app)) == []
    note.create(book="b", page="2", title="t", remark="r", text=text).go()
    app.transact_write([getattr(note, verb)(book="b", page="2")]).go()
    assert list(raw_items(app)) == []


def test_a_value_that_was_left_is_taken_and_its_parts_are_swept(
    app: leyden.Service, note: leyden.Entity
) -> None:
    note.create(**KEY, title="t", text=LARGE).go()
    (item,) = [one for one in raw_items(app) if "title" in one]
    key = {name: item[name] for name in ("pk", "sk")}

    def behind_the_back() -> Any:
        # As the time to live does it, which takes neither guards nor parts along.
        yield Request("DeleteItem", {"TableName": app.table, "Key": key})

    app.driver.run(behind_the_back())
    note.create(book="b", page="2", title="t", text=OTHER).go()
    assert guards(app) == {"title#t": "2"}
    assert note.sweep_overflow().deleted > 0
    assert pages(app) == {"2": ("t", OTHER)}


def test_large_items_are_brought_under_a_constraint(open_service: Any) -> None:
    plain = open_service(NOTES)
    for page, text in (("1", LARGE), ("2", SMALL), ("3", OTHER)):
        title = "same" if page == "3" else f"t{page}"
        plain.entities.note.put(book="b", page=page, title=title, text=text).go()
    plain.entities.note.put(book="b", page="4", title="same", text=LARGE).go()
    app = open_service(UNIQUE, table=plain.table, create=False)
    adoption = app.entities.note.adopt_unique()
    assert (adoption.checked, adoption.adopted, len(adoption.duplicates)) == (4, 3, 1)
    assert app.entities.note.adopt_unique().kept == 3
    app.entities.note.patch(book="b", page="4").set(title="t4").go()
    assert pages(app)["1"] == ("t1", LARGE)


def test_a_guarded_batch_keeps_both(app: leyden.Service, note: leyden.Entity) -> None:
    texts = [SMALL, LARGE, OTHER, None]
    items = [
        {"book": "b", "page": str(n), "title": f"t{n}", "text": text}
        for n, text in enumerate(texts)
    ]
    with pytest.raises(InputError, match="guard=True"):
        note.put(items).go()
    note.put(items).go(guard=True)
    assert pages(app) == {str(n): (f"t{n}", text) for n, text in enumerate(texts)}
    turned = [{**item, "text": text} for item, text in zip(items, reversed(texts), strict=True)]
    note.put(turned).go(guard=True)
    assert pages(app) == {str(n): (f"t{n}", text) for n, text in enumerate(reversed(texts))}
    note.delete([{"book": "b", "page": str(n)} for n in range(4)]).go(guard=True)
    assert list(raw_items(app)) == []


def test_a_transaction_moves_values_between_large_items(
    app: leyden.Service, note: leyden.Entity
) -> None:
    one, two, three = ({"book": "b", "page": page} for page in "123")
    note.create(**one, title="x", text=LARGE).go()
    note.create(**two, title="y", text=OTHER).go()
    app.transact_write(
        [
            note.patch(**one).set(title="y", text=SMALL),
            note.put(**two, title="x", text=LARGE),
            note.create(**three, title="z", text=OTHER),
        ]
    ).go()
    wanted = {"1": ("y", SMALL), "2": ("x", LARGE), "3": ("z", OTHER)}
    assert pages(app) == wanted
    with pytest.raises(TransactionCanceledError) as caught:
        app.transact_write(
            [note.delete(**three), note.upsert(book="b", page="4", title="x", text=LARGE)]
        ).go()
    (rejection,) = caught.value.rejections
    assert (rejection.position, rejection.reason) == (1, "unique")
    assert pages(app) == wanted
    # Under a token the same request is sent each time, which must not depend on what is stored.
    with pytest.raises(InvalidOptionError, match="depends on what is stored"):
        app.transact_write([note.put(**one, title="y")]).go(token="t")
    app.transact_write([note.delete(**one), note.delete(**two), note.delete(**three)]).go()
    assert list(raw_items(app)) == []


def test_versions_count_over_both(open_service: Any) -> None:
    app = open_service(COUNTED)
    note = app.entities.note
    seen = note.create(**KEY, title="t", text=LARGE).go()
    assert note.put(**KEY, title="u", text=SMALL).go().rev == 2
    with pytest.raises(VersionConflictError) as caught:
        note.put(seen, text=OTHER).go()
    assert caught.value.stored.rev == 2
    with pytest.raises(VersionConflictError):
        note.patch(**KEY).set(title="v", text=OTHER).expecting(1).go()
    note.patch(**KEY).set(title="v", text=OTHER).expecting(2).go()
    (fourth,) = app.transact_write([note.put(**KEY, title="v", text=LARGE)]).go()
    assert fourth.rev == 4
    assert pages(app) == {"1": ("v", LARGE)}
    note.remove(fourth).go()
    assert list(raw_items(app)) == []


def test_what_changes_meanwhile_is_written_over(app: leyden.Service, note: leyden.Entity) -> None:
    acts = [
        lambda: note.put(**KEY, title="theirs", text=OTHER).go(),
        lambda: note.delete(**KEY).go(),
    ]
    for act in acts:
        note.put(**KEY, title="t", text=LARGE).go()
        done: list[bool] = []

        def hear(event: leyden.events.Event, act: Any = act, done: list[bool] = done) -> None:
            read = isinstance(event, leyden.events.ResponseReceived) and event.api == "GetItem"
            if read and not done:
                done.append(True)
                act()

        with leyden.events.listen(hear):
            note.put(**KEY, title="mine", text=OTHER).go()
        assert done
        assert pages(app) == {"1": ("mine", OTHER)}


def test_many_writers_leave_all_in_agreement(app: leyden.Service, note: leyden.Entity) -> None:
    def work(number: int) -> None:
        key = {"book": "b", "page": str(number % 3)}
        title, text = f"t{number % 4}", (SMALL, LARGE, OTHER)[number % 3]
        chains: list[Any] = [
            note.put(**key, title=title, text=text),
            note.patch(**key).set(title=title, text=text),
            note.upsert(**key, title=title, text=text),
            note.delete(**key),
            app.transact_write([note.update(**key).set(title=title, text=text)]),
        ]
        try:
            chains[number % 5].go()
        except (ConditionFailedError, TransactionCanceledError):
            return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(30)))
    assert pages(app).keys() <= {"0", "1", "2"}
