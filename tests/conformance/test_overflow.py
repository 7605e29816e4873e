"""Large values: every verb over every way of storing them, on every engine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

import leyden
from leyden.errors import (
    ConditionFailedError,
    DecodeError,
    InvalidExpressionError,
    InvalidOptionError,
    ItemExistsError,
    ItemTooLargeError,
    KeyCollisionError,
    TransactionCanceledError,
    VersionConflictError,
)
from leyden.operations.companions.overflow.format import StoredApart
from leyden.operations.plan.expressions import item_size
from leyden.program import Request
from tests.conformance.notes import (
    KEY,
    NOTES,
    check_whole,
    noise,
    parts_of,
    raw_items,
    small_limits,
)

SMALL = "short"
INSIDE = "ab" * 4000
"""Too large as it is, and small when compressed."""
OUTSIDE = noise(9000)
"""Too large when compressed, too."""

STATES = {"none": None, "small": SMALL, "inside": INSIDE, "outside": OUTSIDE}


@pytest.fixture
def app(open_service: Callable[..., leyden.Service], monkeypatch: Any) -> leyden.Service:
    small_limits(monkeypatch)
    return open_service(NOTES)


@pytest.fixture
def note(app: leyden.Service) -> leyden.Entity:
    return app.entities.note


def store(note: leyden.Entity, value: str | None, **more: Any) -> None:
    note.put(**KEY, **({} if value is None else {"text": value}), **more).go()


@pytest.mark.parametrize("after", STATES)
@pytest.mark.parametrize("before", STATES)
class TestEveryWriteOverEveryState:
    def test_put(self, app: leyden.Service, note: leyden.Entity, before: str, after: str) -> None:
        store(note, STATES[before])
        old = note.put(**KEY, text=STATES[after]).go(response="all_old")
        assert old.text == STATES[before]
        assert note.get(**KEY).go(consistent=True).text == STATES[after]
        check_whole(app)

    def test_patch(self, app: leyden.Service, note: leyden.Entity, before: str, after: str) -> None:
        store(note, STATES[before], data={"a": OUTSIDE})
        chain = note.patch(**KEY).add(reads=1)
        value = STATES[after]
        chain = chain.remove("text") if value is None else chain.set(text=value)
        new = chain.go(response="all_new")
        assert (new.text, new.reads, new.data) == (value, 1, {"a": OUTSIDE})
        assert note.get(**KEY).go(consistent=True) == new
        old = chain.go(response="all_old")
        assert (old.text, old.reads) == (value, 1)
        check_whole(app)

    def test_upsert(
        self, app: leyden.Service, note: leyden.Entity, before: str, after: str
    ) -> None:
        store(note, STATES[before], title="kept")
        given = {} if STATES[after] is None else {"text": STATES[after]}
        note.upsert(**KEY, **given).go()
        found = note.get(**KEY).go(consistent=True)
        assert found.text == (STATES[before] if after == "none" else STATES[after])
        assert found.title == "kept"
        check_whole(app)

    def test_set_where_there_is_none(
        self, app: leyden.Service, note: leyden.Entity, before: str, after: str
    ) -> None:
        if after == "none":
            pytest.skip("nothing to set")
        store(note, STATES[before])
        note.update(**KEY).if_not_exists(text=STATES[after]).set(title="t").go()
        found = note.get(**KEY).go(consistent=True)
        assert found.text == (STATES[after] if before == "none" else STATES[before])
        assert found.title == "t"
        check_whole(app)

    def test_batch_put(
        self, app: leyden.Service, note: leyden.Entity, before: str, after: str
    ) -> None:
        store(note, STATES[before])
        others = [{"book": "b", "page": str(n), "text": f"t{n}"} for n in range(2, 6)]
        written = note.put([{**KEY, "text": STATES[after]}, *others]).go()
        assert written[0].text == STATES[after]
        assert [record.page for record in written] == ["1", "2", "3", "4", "5"]
        assert note.get(**KEY).go(consistent=True).text == STATES[after]
        assert check_whole(app)["items"] == 5

    def test_guarded_batch_put(
        self, app: leyden.Service, note: leyden.Entity, before: str, after: str
    ) -> None:
        store(note, STATES[before])
        written = note.put([{**KEY, "text": STATES[after]}, {**KEY, "page": "2"}]).go(guard=True)
        assert written[0].text == STATES[after]
        assert note.get(**KEY).go(consistent=True).text == STATES[after]
        check_whole(app)

    def test_transaction(
        self, app: leyden.Service, note: leyden.Entity, before: str, after: str
    ) -> None:
        store(note, STATES[before])
        note.put(book="b", page="2", text=OUTSIDE, title="other").go()
        value = STATES[after]
        chain = note.patch(**KEY).add(reads=1)
        chain = chain.remove("text") if value is None else chain.set(text=value)
        app.transact_write(
            [chain, note.delete(book="b", page="2"), note.create(book="b", page="3", text=value)]
        ).go()
        assert note.get(**KEY).go(consistent=True).text == value
        assert note.get(book="b", page="3").go(consistent=True).text == value
        assert check_whole(app)["items"] == 2


@pytest.mark.parametrize("before", STATES)
class TestDeletes:
    @pytest.mark.parametrize("verb", ["delete", "remove"])
    def test_one(self, app: leyden.Service, note: leyden.Entity, before: str, verb: str) -> None:
        store(note, STATES[before])
        assert getattr(note, verb)(**KEY).go(response="all_old").text == STATES[before]
        assert not check_whole(app)

    @pytest.mark.parametrize("guard", [False, True])
    def test_many(self, app: leyden.Service, note: leyden.Entity, before: str, guard: bool) -> None:
        store(note, STATES[before])
        note.put(book="b", page="2").go()
        note.delete([KEY, {**KEY, "page": "2"}, {**KEY, "page": "3"}]).go(guard=guard)
        assert not check_whole(app)

    def test_create_says_that_there_is_one(
        self, app: leyden.Service, note: leyden.Entity, before: str
    ) -> None:
        store(note, STATES[before])
        for value in (SMALL, OUTSIDE):
            with pytest.raises(ItemExistsError) as caught:
                note.create(**KEY, text=value).go()
            assert caught.value.item is not None
        assert note.get(**KEY).go(consistent=True).text == STATES[before]
        check_whole(app)


class TestReads:
    @pytest.fixture(autouse=True)
    def stored(self, app: leyden.Service, note: leyden.Entity) -> None:
        for page, value in enumerate([SMALL, INSIDE, OUTSIDE, noise(20000, 1)]):
            note.put(
                book="b",
                page=str(page),
                title="t",
                text=value,
                data={"text": value, "n": 1.5},
                tags=[value, page],
                blob=value.encode(),
            ).go()
        assert check_whole(app)["parts"] > 20

    def values(self) -> list[str]:
        return [SMALL, INSIDE, OUTSIDE, noise(20000, 1)]

    def test_every_read_gives_the_values(self, app: leyden.Service, note: leyden.Entity) -> None:
        keys = [{"book": "b", "page": str(n)} for n in range(5)]
        gets = [note.get(**key) for key in keys]
        reads: dict[str, Any] = {
            "query": note.query.book(book="b").go().items,
            "index": note.query.titled(title="t").go().items,
            "hydrate": note.query.titled(title="t").go(hydrate=True).items,
            "match": note.match(book="b").go().items,
            "iteration": [*note.query.book(book="b").iter(limit=1)],
            "scan": sorted(note.scan.go(pages="all"), key=lambda one: one.page),
            "segments": sorted(note.scan.go(segments=3), key=lambda one: one.page),
            "collection": app.collections.shelf(book="b").go().note,
            "batch": [one for one in note.get(keys).go() if one],
            "several": [one for one in app.batch_get(gets).go() if one],
            "transaction": [one for one in app.transact_get(gets).go() if one],
        }
        for name, found in reads.items():
            assert [one.text for one in found] == self.values(), name
            assert [one.data for one in found] == [{"text": v, "n": 1.5} for v in self.values()]
            assert [one.tags for one in found] == [[v, n] for n, v in enumerate(self.values())]
            assert [one.blob for one in found] == [v.encode() for v in self.values()]

    def test_what_is_not_asked_for_is_not_read(self, note: leyden.Entity) -> None:
        page = note.query.book(book="b").go(attributes=["page", "title"])
        assert page.requests == 1
        assert [one.title for one in page] == ["t"] * 4
        one = note.query.book(book="b").go(attributes=["page", "text"])
        assert [r.text for r in one] == self.values()
        assert one.requests == 2
        assert not any(hasattr(r, "data") for r in one)

    def test_the_cost_has_the_parts_in_it(self, note: leyden.Entity) -> None:
        bare = note.get(book="b", page="3").go(attributes=["title"], data="result")
        whole = note.get(book="b", page="3").go(data="result")
        assert whole.consumed > bare.consumed
        assert whole.item.text == self.values()[3]

    def test_raw_items_are_as_stored(self, note: leyden.Entity) -> None:
        raw = note.get(book="b", page="2").go(data="raw")
        assert "text" not in raw
        assert raw["__overflow__"]["M"]["text"]["M"]["bytes"] == {"N": "9000"}

    def test_parts_are_nobodys_items(self, app: leyden.Service, note: leyden.Entity) -> None:
        assert len(note.scan.go(pages="all")) == 4
        assert len(app.collections.shelf(book="b").go()) == 4
        for part in parts_of(app):
            assert not note.owns(part)
            with pytest.raises(DecodeError, match="no entity"):
                app.parse(part)

    def test_an_item_alone_does_not_have_the_value(
        self, app: leyden.Service, note: leyden.Entity
    ) -> None:
        items = {item["page"]["S"]: item for item in raw_items(app) if "page" in item}
        with pytest.raises(DecodeError, match=r"9,000 bytes\) is stored outside .*\.get\(\)"):
            app.parse(items["2"])

    def test_the_events_show_the_reads_of_parts(self, note: leyden.Entity) -> None:
        seen: list[Any] = []
        with leyden.events.listen(seen.append):
            note.get(book="b", page="2").go()
        sent = [e for e in seen if isinstance(e, leyden.events.RequestSent)]
        assert [(e.api, e.operation) for e in sent] == [
            ("GetItem", "note.get"),
            ("BatchGetItem", "note.get"),
        ]


class TestConditions:
    def test_the_callers_conditions_are_told_from_ours(
        self, app: leyden.Service, note: leyden.Entity
    ) -> None:
        store(note, OUTSIDE, title="t")
        for value in (SMALL, OUTSIDE, INSIDE):
            with pytest.raises(ConditionFailedError) as caught:
                note.patch(**KEY).set(text=value).where(note.attr.title == "x").go()
            assert caught.value.item is not None
            with pytest.raises(ConditionFailedError):
                note.put(**KEY, text=value).where(note.attr.title == "x").go()
        with pytest.raises(ConditionFailedError):
            note.delete(**KEY).where(note.attr.title == "x").go()
        assert note.get(**KEY).go(consistent=True).text == OUTSIDE
        check_whole(app)
        note.patch(**KEY).set(text=SMALL).where(note.attr.title == "t").go()
        assert note.get(**KEY).go(consistent=True).text == SMALL
        assert check_whole(app) == {"items": 1}

    def test_a_patch_needs_an_item(self, note: leyden.Entity) -> None:
        for value in (SMALL, INSIDE, OUTSIDE):
            with pytest.raises(ConditionFailedError):
                note.patch(**KEY).set(text=value).go()
        assert (
            note.update(**KEY).set(text=OUTSIDE, title="t").go(response="all_new").text == OUTSIDE
        )

    def test_another_item_under_the_key_is_left_alone(
        self, app: leyden.Service, note: leyden.Entity
    ) -> None:
        note.put(book="b", page="Ab", text=OUTSIDE).go()
        for chain in (
            note.put(book="b", page="aB", text=SMALL),
            note.put(book="b", page="aB", text=OUTSIDE),
            note.patch(book="b", page="aB").set(text=SMALL),
            note.delete(book="b", page="aB"),
        ):
            with pytest.raises(KeyCollisionError):
                chain.go()
        check_whole(app)

    def test_a_change_inside_works_where_the_value_is_inside(
        self, app: leyden.Service, note: leyden.Entity
    ) -> None:
        note.put(**KEY, tags=["a"]).go()
        assert note.patch(**KEY).append(tags=["b"]).go(response="all_new").tags == ["a", "b"]
        assert note.patch(**KEY).set({"tags[0]": "c"}).go(response="all_new").tags == ["c", "b"]
        for large in (["ab" * 4000], [OUTSIDE]):
            note.put(**KEY, tags=large).go()
            for chain in (
                note.patch(**KEY).append(tags=["b"]),
                note.patch(**KEY).set({"tags[0]": "c"}),
                note.patch(**KEY).remove("tags[0]"),
            ):
                with pytest.raises(
                    InvalidExpressionError, match='"tags" of the stored item is compressed'
                ):
                    chain.go()
            assert note.get(**KEY).go(consistent=True).tags == large
        # A large neighbour does not matter.
        note.put(**KEY, text=OUTSIDE, tags=["a"]).go()
        assert note.patch(**KEY).append(tags=["b"]).go(response="all_new").tags == ["a", "b"]
        check_whole(app)

    def test_a_transaction_says_which_operation_was_refused(
        self, app: leyden.Service, note: leyden.Entity
    ) -> None:
        store(note, OUTSIDE)
        with pytest.raises(TransactionCanceledError) as caught:
            app.transact_write(
                [
                    note.put(**KEY, text=SMALL),
                    note.create(book="b", page="2", text=OUTSIDE),
                    note.patch(book="b", page="3").set(title="x"),
                ]
            ).go()
        (rejection,) = caught.value.rejections
        assert (rejection.position, rejection.reason) == (2, "not_found")
        with pytest.raises(TransactionCanceledError) as caught:
            app.transact_write([note.create(**KEY, text=SMALL)]).go()
        (rejection,) = caught.value.rejections
        assert isinstance(rejection.item.text, StoredApart)
        assert check_whole(app)["items"] == 1


class TestForeignWriters:
    """Another client does not know manifests."""

    def foreign(self, app: leyden.Service, **params: Any) -> None:
        (key,) = [{"pk": i["pk"], "sk": i["sk"]} for i in raw_items(app) if "page" in i]
        app.driver.send(Request("UpdateItem", {"TableName": app.table, "Key": key, **params}))

    @pytest.mark.parametrize("before", ["inside", "outside"])
    def test_what_it_sets_counts(
        self, app: leyden.Service, note: leyden.Entity, before: str
    ) -> None:
        store(note, STATES[before], blob=str(STATES[before]).encode())
        self.foreign(
            app,
            UpdateExpression="SET #t = :t, b = :b",
            ExpressionAttributeNames={"#t": "text"},
            ExpressionAttributeValues={":t": {"S": "theirs"}, ":b": {"B": b"theirs"}},
        )
        found = note.get(**KEY).go(consistent=True)
        assert (found.text, found.blob) == ("theirs", b"theirs")
        note.patch(**KEY).set(text="ours", blob=b"ours").go()
        found = note.get(**KEY).go(consistent=True)
        assert (found.text, found.blob) == ("ours", b"ours")
        assert check_whole(app) == {"items": 1}


class TestSweeps:
    def test_parts_that_no_item_names_are_deleted(
        self, app: leyden.Service, note: leyden.Entity
    ) -> None:
        for page in range(4):
            note.put(book="b", page=str(page), text=OUTSIDE, data=[OUTSIDE]).go()
        whole = check_whole(app)
        kept = len(parts_of(app)) // 4
        assert note.sweep_overflow().deleted == 0
        first, second, third, _ = (item for item in raw_items(app) if "page" in item)
        for item in (first, second):
            # What a client does that does not know of parts.
            plain = {name: value for name, value in item.items() if name != "__overflow__"}
            app.driver.send(Request("PutItem", {"TableName": app.table, "Item": plain}))
        key = {"pk": third["pk"], "sk": third["sk"]}
        app.driver.send(Request("DeleteItem", {"TableName": app.table, "Key": key}))
        note.put(book="b", page=second["page"]["S"], text=noise(9000, 8)).go()
        told: list[Any] = []
        swept = note.sweep_overflow(progress=told.append)
        assert told[-1] == swept
        assert (swept.deleted, swept.cursor) == (3 * kept, None)
        assert check_whole(app)["items"] == whole["items"] - 1
        assert note.sweep_overflow(pages=1).deleted == 0


class TestLifetimes:
    def lives(self, app: leyden.Service) -> set[int | None]:
        found = [part.get("expiresAt") for part in parts_of(app)]
        return {None if value is None else int(value["N"]) for value in found}

    def test_parts_live_and_die_with_their_item(
        self, app: leyden.Service, note: leyden.Entity
    ) -> None:
        week = 7 * 24 * 3600
        store(note, OUTSIDE, expires_at=2_000_000_000)
        assert self.lives(app) == {2_000_000_000 + week}
        note.patch(**KEY).set(expires_at=2_100_000_000).go()
        assert self.lives(app) == {2_100_000_000 + week}
        note.patch(**KEY).set(data=[OUTSIDE]).go()
        assert self.lives(app) == {2_100_000_000 + week}
        with pytest.raises(InvalidExpressionError, match='time to live follows its "expires_at"'):
            note.patch(**KEY).add(expires_at=5).go()
        note.patch(**KEY).remove("expires_at").go()
        assert self.lives(app) == {None}
        found = note.get(**KEY).go(consistent=True)
        assert (found.text, found.data, found.expires_at) == (OUTSIDE, [OUTSIDE], None)
        check_whole(app)


class TestVersions:
    @pytest.fixture
    def app(self, open_service: Callable[..., leyden.Service], monkeypatch: Any) -> leyden.Service:
        small_limits(monkeypatch)
        return open_service(
            NOTES.replace("remark: string", "rev: integer") + ("version_attribute: rev\n")
        )

    @pytest.mark.parametrize("after", STATES)
    @pytest.mark.parametrize("before", STATES)
    def test_versions_go_on(
        self, app: leyden.Service, note: leyden.Entity, before: str, after: str
    ) -> None:
        store(note, STATES[before])
        seen = note.get(**KEY).go(consistent=True)
        store(note, STATES[after])
        found = note.get(**KEY).go(consistent=True)
        assert (found.rev, found.text) == (2, STATES[after])
        new = note.patch(**KEY).set(text=OUTSIDE).expecting(found).go(response="all_new")
        assert new.rev == 3
        for value in (SMALL, OUTSIDE):
            with pytest.raises(VersionConflictError) as caught:
                note.patch(**KEY).set(text=value).expecting(seen).go()
            assert isinstance(caught.value.stored.text, StoredApart)
            assert caught.value.stored.text.size == len(OUTSIDE)
            with pytest.raises(VersionConflictError):
                note.put(**KEY, text=value, rev=1).go()
        note.delete(**KEY).expecting(new).go()
        assert not check_whole(app)


class TestAtTheServicesOwnLimit:
    """Nothing made small here: an item of the service is at most 400 KB."""

    @pytest.fixture
    def app(self, open_service: Callable[..., leyden.Service]) -> leyden.Service:
        return open_service(NOTES)

    def test_an_update_that_makes_the_item_too_large_goes_on(
        self, app: leyden.Service, note: leyden.Entity
    ) -> None:
        first, second = noise(300_000, 1), noise(250_000, 2)
        store(note, first, title="t")
        assert not parts_of(app)
        new = note.patch(**KEY).set(data=second).add(reads=1).go(response="all_new")
        assert (new.text, new.data, new.reads) == (first, second, 1)
        note.patch(**KEY).set(text=noise(1_000_000, 3), blob=b"b" * 900_000).go()
        found = note.get(**KEY).go(consistent=True)
        assert (found.text, found.data) == (noise(1_000_000, 3), second)
        assert (found.blob, found.reads) == (b"b" * 900_000, 1)
        check_whole(app)
        with pytest.raises(ItemTooLargeError):
            note.patch(**KEY).set(data=noise(9_000_000)).go()
        note.delete(**KEY).go()
        assert not check_whole(app)

    def test_a_transaction_that_makes_an_item_too_large_goes_on(
        self, app: leyden.Service, note: leyden.Entity
    ) -> None:
        first, second = noise(300_000, 1), noise(250_000, 2)
        store(note, first, title="t")
        app.transact_write(
            [
                note.patch(**KEY).set(data=second).add(reads=1),
                note.create(book="b", page="2", text=noise(700_000, 5)),
            ]
        ).go()
        found = note.get(**KEY).go(consistent=True)
        assert (found.text, found.data, found.reads) == (first, second, 1)
        assert check_whole(app)["items"] == 2

    def test_an_item_that_fits_to_the_byte_is_stored_as_it_is(
        self, app: leyden.Service, note: leyden.Entity, engine: Any
    ) -> None:
        if isinstance(engine, leyden.LocalEngine):
            pytest.skip("the embedded engine counts an item's bytes in its own way")
        for more in (0, 1):
            base = item_size(note.put(**KEY, text="").params()["Item"])
            text = noise(400 * 1024 - base + more)
            store(note, text)
            (item,) = [item for item in raw_items(app) if "page" in item]
            assert ("__overflow__" in item) == bool(more)
            assert note.get(**KEY).go(consistent=True).text == text

    def test_a_token_sends_the_same_transaction(
        self, app: leyden.Service, note: leyden.Entity, engine: Any
    ) -> None:
        large = noise(900_000, 4)
        transaction = app.transact_write([note.put(**KEY, text=large)])
        token = f"t-{uuid4().hex[:30]}"
        transaction.go(token=token)
        if not isinstance(
            engine, leyden.LocalEngine
        ):  # the embedded engine does not look at tokens
            transaction.go(token=token)
        assert check_whole(app) == {"items": 1, "parts": 2}
        with pytest.raises(TransactionCanceledError) as caught:
            app.transact_write([note.put(**KEY, text="x")]).go(token=f"u-{uuid4().hex[:30]}")
        (rejection,) = caught.value.rejections
        assert rejection.reason == "overflow"
        assert note.get(**KEY).go(consistent=True).text == large
        with pytest.raises(InvalidOptionError, match="a token promises"):
            app.transact_write([note.patch(**KEY).set(text=large)]).go(token=token)


class TestTogether:
    def test_readers_never_see_half_a_value(self, app: leyden.Service, note: leyden.Entity) -> None:
        values = [noise(6000 + 700 * n, n) for n in range(5)] + [SMALL, INSIDE]
        store(note, values[0], data=values[0])
        stop = threading.Event()
        failures: list[BaseException] = []

        def write(mine: int) -> None:
            try:
                for turn in range(12):
                    value = values[(turn * 3 + mine) % len(values)]
                    if turn % 3 == 0:
                        note.put(**KEY, text=value, data=value).go()
                    else:
                        note.patch(**KEY).set(text=value, data=value).go()
            except BaseException as error:
                failures.append(error)

        def read() -> None:
            try:
                while not stop.is_set():
                    for found in (
                        note.get(**KEY).go(),
                        *note.query.book(book="b").go(),
                        *note.get([KEY]).go(),
                        *app.transact_get([note.get(**KEY)]).go(),
                    ):
                        assert found.text in values
                        assert found.text == found.data
            except BaseException as error:
                failures.append(error)

        writers = [threading.Thread(target=write, args=(n,)) for n in range(3)]
        readers = [threading.Thread(target=read) for _ in range(2)]
        for thread in (*writers, *readers):
            thread.start()
        for thread in writers:
            thread.join()
        stop.set()
        for thread in readers:
            thread.join()
        assert not failures
        check_whole(app)
