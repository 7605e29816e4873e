"""Large values: what is stored, and what is said before anything is sent."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import leyden
from leyden.errors import (
    AwsError,
    DecodeError,
    InvalidOptionError,
    ItemTooLargeError,
    TransactionCanceledError,
)
from leyden.operations.companions.overflow import format as overflow
from leyden.operations.companions.overflow.format import (
    PART_FIELD,
    Packing,
    StoredApart,
    arrange,
    pack,
    part_items,
    put_together,
    read_manifest,
    unfold,
    unpack,
)
from leyden.operations.plan import expressions as size
from leyden.operations.plan.expressions import item_size
from leyden.program import Request
from tests.conformance.notes import KEY, NOTES, noise

app = leyden.load(NOTES, table="notes")
note = app.entities.note
bound = note._bound
OWNER = {"pk": {"S": "p"}, "sk": {"S": "$shelf#notes_1#page_1"}}
LARGE = noise(1_000_000)
TEXT = noise(5000)


@pytest.fixture
def small(monkeypatch: Any) -> None:
    monkeypatch.setattr(size, "ITEM_LIMIT", 3000)
    monkeypatch.setattr(overflow, "PART_BYTES", 1000)


def typed(depth: int = 2) -> st.SearchStrategy[Any]:
    simple = (
        st.builds(lambda v: {"S": v}, st.text(max_size=8))
        | st.builds(lambda v: {"N": str(v)}, st.integers())
        | st.builds(lambda v: {"B": v}, st.binary(max_size=8))
        | st.builds(lambda v: {"BOOL": v}, st.booleans())
        | st.just({"NULL": True})
        | st.builds(lambda v: {"SS": sorted(v)}, st.sets(st.text(max_size=3), min_size=1))
        | st.builds(lambda v: {"BS": sorted(v)}, st.sets(st.binary(max_size=3), min_size=1))
        | st.builds(lambda v: {"NS": sorted(map(str, v))}, st.sets(st.integers(), min_size=1))
    )
    if depth == 0:
        return simple
    inner = typed(depth - 1)
    return (
        simple
        | st.builds(lambda v: {"L": v}, st.lists(inner, max_size=3))
        | st.builds(lambda v: {"M": v}, st.dictionaries(st.text(max_size=3), inner, max_size=3))
    )


@given(value=typed())
def test_every_value_comes_back_as_it_was(value: Any) -> None:
    packed = pack(value)
    assert unpack(packed.content, packed.entry(0, "g")) == value


@given(value=typed())
def test_one_value_has_one_form(value: Any) -> None:
    def turned(one: Any) -> Any:
        ((kind, content),) = one.items()
        if kind == "M":
            return {kind: {name: turned(content[name]) for name in reversed(list(content))}}
        if kind == "L":
            return {kind: [turned(inner) for inner in content]}
        return one

    assert pack(turned(value)).content == pack(value).content


@given(length=st.integers(0, 5000), part=st.integers(1, 700), seed=st.integers(0, 9))
def test_parts_put_together_are_the_value(length: int, part: int, seed: int) -> None:
    value = {"S": noise(length, seed)}
    packed = pack(value)
    entry, parts = part_items(bound, OWNER, packed, "g" * 32, {}, part)
    assert all(len(item[PART_FIELD]["B"]) <= part for item in parts)
    assert sorted(parts, key=lambda item: item["sk"]["S"]) == parts, "in the order of their keys"
    assert put_together(parts, entry) == value
    if len(parts) > 1:
        assert put_together([*parts[1:], parts[0]], entry) is None
        assert put_together(parts[:-1], entry) is None
        assert put_together([None, *parts[1:]], entry) is None


@given(
    sizes=st.lists(st.tuples(st.integers(0, 4000), st.booleans()), min_size=1, max_size=4),
    others=st.integers(0, 2000),
)
def test_an_item_is_never_too_large_and_loses_nothing(
    sizes: list[tuple[int, bool]], others: int
) -> None:
    limit = size.ITEM_LIMIT
    values = {
        f"f{n}": {"S": noise(length, n) if random_ else "x" * length}
        for n, (length, random_) in enumerate(sizes)
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(size, "ITEM_LIMIT", 3000)
        patch.setattr(overflow, "PART_BYTES", 900)
        layout = arrange(bound, OWNER, values, others, {}, Packing())
        item: Any = dict(layout.inside)
        if others + item_size(values) <= 3000:
            assert (item, layout.entries, layout.parts) == (values, {}, [])
        if layout.entries:
            item["__overflow__"] = overflow.write_manifest(layout.entries)
        assert others + item_size(item) <= 3000
        unfolded = unfold(item)
        found: dict[str, Any] = dict(unfolded.item)
        by_key = {part["sk"]["S"]: part for part in layout.parts}
        for name, entry in unfolded.missing.items():
            keys = overflow.part_keys(OWNER, "sk", entry)
            found[name] = put_together([by_key.pop(key["sk"]["S"]) for key in keys], entry)
        assert found == values
        assert not by_key, "every part is named by the manifest"
    assert limit == size.ITEM_LIMIT


def test_what_fits_is_sent_as_by_an_entity_without_large_values() -> None:
    plain = leyden.load(NOTES.replace(", overflow: chunk", ""), table="notes").entities.note
    given = {**KEY, "text": "t" * 300_000, "data": [1], "title": "x"}
    mine = note.put(**given).params()
    assert mine["Item"] == plain.put(**given).params()["Item"]
    assert note.create(**given).params() == plain.create(**given).params()
    assert list(mine["Item"]) == list(plain.put(**given).params()["Item"])
    for chain in ("patch", "update"):
        untouched = [getattr(e, chain)(**KEY).set(title="y") for e in (note, plain)]
        assert untouched[0].params() == untouched[1].params()


def test_writes_depend_on_there_being_nothing_outside(shown: Any) -> None:
    for chain in (
        note.put(**KEY),
        note.delete(**KEY),
        note.patch(**KEY).set(text="x"),
        note.patch(**KEY).remove("text"),
        note.patch(**KEY).append(tags=["x"]),
        note.update(**KEY).if_not_exists(data={}),
        note.upsert(**KEY, text="x"),
        note.patch(**KEY).set(expires_at=5),
    ):
        condition = shown(chain.params(), "ConditionExpression")
        assert "attribute_not_exists(__overflow__)" in condition, chain
    for chain in (note.create(**KEY), note.patch(**KEY).set(title="x")):
        assert "__overflow__" not in shown(chain.params(), "ConditionExpression")


def test_what_is_too_large_is_shown_as_a_transaction() -> None:
    for chain, kind in (
        (note.put(**KEY, text=LARGE), "Put"),
        (note.create(**KEY, text=LARGE), "Put"),
        (note.patch(**KEY).set(text=LARGE), "Update"),
        (note.upsert(**KEY, text=LARGE), "Update"),
    ):
        main, *parts = chain.params(table="elsewhere")["TransactItems"]
        assert len(parts) == 2
        assert main[kind]["TableName"] == parts[0]["Put"]["TableName"] == "elsewhere"
        item = parts[0]["Put"]["Item"]
        assert item["__edb_e__"] == {"S": "notes$overflow"}
        assert item["sk"]["S"].startswith("$$overflow#")
        assert len(item[PART_FIELD]["B"]) == 350 * 1024
        assert not note.owns(item)
        assert chain.explain().api == "TransactWriteItems"
        assert '"text"' in str(chain.explain())
        assert LARGE[:20] not in repr(chain)


def test_what_compresses_well_enough_stays_one_request() -> None:
    params = note.put(**KEY, text="ab" * 300_000, data={"small": 1}).params()
    assert set(params["Item"]["text"]) == {"B"}
    assert params["Item"]["data"] == {"S": '{"small":1}'}
    assert list(read_manifest(params["Item"])) == ["text"]
    assert item_size(params["Item"]) < 4000


def test_too_much_for_one_transaction_is_refused_with_its_size() -> None:
    with pytest.raises(ItemTooLargeError) as caught:
        note.put(**KEY, text=noise(9_000_000)).params()
    assert caught.value.limit == 4 * 1024 * 1024 < caught.value.size < 9_000_000
    assert '"text" has 9,000,000 bytes, compressed' in str(caught.value)
    with pytest.raises(ItemTooLargeError, match=r"without .*the item still has 500,"):
        note.put(**KEY, remark="t" * 500_000, text="x").params()


def test_more_parts_than_a_transaction_takes_are_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr(overflow, "PART_BYTES", 4000)
    with pytest.raises(ItemTooLargeError, match="143 operations, and DynamoDB takes at most 100"):
        note.put(**KEY, text=LARGE[:990_000]).params()


def test_options_that_a_transaction_does_not_have_are_refused() -> None:
    with pytest.raises(InvalidOptionError, match="items that hold large values"):
        note.put(**KEY).go(params={"ReturnItemCollectionMetrics": "SIZE"})
    with pytest.raises(InvalidOptionError, match='does not return "updated_new"'):
        note.patch(**KEY).set(text="x").params(response="updated_new")
    note.patch(**KEY).set(title="x").params(response="updated_new")


def test_a_batch_shows_what_goes_by_itself() -> None:
    chains = [{**KEY, "text": "x"}, {"book": "b", "page": "2", "text": LARGE}]
    together, apart = note.put(chains).params()
    assert len(together["RequestItems"]["notes"]) == 1
    assert len(apart["TransactItems"]) == 3
    assert len(note.put(chains).params(guard=True)[0]["TransactItems"]) == 4


def test_reads_ask_for_the_manifest_only_where_the_value_is_asked_for() -> None:
    with_value = next(note.get(**KEY).program(attributes=("text",))).params
    without = next(note.get(**KEY).program(attributes=("title",))).params
    assert "__overflow__" in with_value["ExpressionAttributeNames"].values()
    assert "__overflow__" not in without["ExpressionAttributeNames"].values()
    assert "may be spread" in str(note.query.book(book="b").explain())
    assert "may be spread" not in str(note.get(**KEY).explain(attributes=["title"]))


class TestItemsFromElsewhere:
    def items(self, **values: Any) -> tuple[Any, list[Any]]:
        params = note.put(**KEY, **values).params()
        if "TransactItems" not in params:
            return params["Item"], []
        main, *parts = params["TransactItems"]
        return main["Put"]["Item"], [part["Put"]["Item"] for part in parts]

    def test_a_compressed_value_is_read_from_its_item(self) -> None:
        item, parts = self.items(text="ab" * 300_000)
        assert not parts
        assert note.parse(item).text == "ab" * 300_000

    def test_a_manifest_that_is_not_understood_is_an_error(self) -> None:
        item, _ = self.items(text="ab" * 300_000)
        entry = item["__overflow__"]["M"]["text"]["M"]
        for broken in (
            {"S": "x"},
            {"M": {"text": {"S": "x"}}},
            {"M": {"text": {"M": {**entry, "codec": {"S": "new"}}}}},
            {"M": {"text": {"M": {**entry, "bytes": {"N": "x"}}}}},
        ):
            with pytest.raises(DecodeError, match="says where large values are, cannot be read"):
                note.parse({**item, "__overflow__": broken})

    def test_streams_say_how_large_a_value_is(self) -> None:
        before, _ = self.items(text="short", data=[1])
        after, parts = self.items(text=LARGE, data=[1])
        event = {
            "Records": [
                _record("MODIFY", before, after),
                *(_record("INSERT", None, part) for part in parts),
                _record("MODIFY", after, self.items(text=LARGE, data=[1])[0]),
                _record("MODIFY", after, self.items(text=noise(1_000_000, 5), data=[1])[0]),
            ]
        }
        first, same, other = app.parse_stream(event, unknown="raise")
        assert (first.old.text, first.new.text.size) == ("short", 1_000_000)
        assert isinstance(first.new.text, StoredApart)
        assert first.changed == frozenset({"text"})
        assert same.changed == frozenset()
        assert other.changed == frozenset({"text"})
        assert len(app.parse_stream(event, unknown="keep")) == 5
        for record in event["Records"]:
            record["dynamodb"].pop("NewImage")
            record["dynamodb"].pop("OldImage", None)
        assert len(app.parse_stream(event, unknown="raise")) == 3


def _record(kind: str, old: Any, new: Any) -> Any:
    body: Any = {"Keys": {name: new[name] for name in ("pk", "sk")}, "NewImage": new}
    if old is not None:
        body["OldImage"] = old
    return {"eventName": kind, "eventSource": "aws:dynamodb", "dynamodb": body}


def test_manifests_and_parts_are_plain_items() -> None:
    main, *_ = note.put(**KEY, text=LARGE).params()["TransactItems"]
    stored = main["Put"]["Item"]["__overflow__"]
    assert json.loads(json.dumps(stored)) == stored


def test_texts_on_the_edge_of_the_limit_stay_what_they_are(small: None) -> None:
    base = item_size(note.put(**KEY, text="").params()["Item"])
    rng = random.Random(3)
    for length in (3000 - base - 1, 3000 - base, 3000 - base + 1):
        text = "".join(rng.choice("0123456789abcdef") for _ in range(length))
        params = note.put(**KEY, text=text).params()
        fits = length <= 3000 - base
        assert ("__overflow__" not in params.get("Item", {"__overflow__": 1})) == fits


class Refusing:
    """Answers a program: reads find `item`, and writes end as `end` says, given how many came."""

    def __init__(self, item: Any, end: Any) -> None:
        self.item, self.end = item, end
        self.writes: list[Any] = []

    def run(self, program: Any) -> Any:
        answer: Any = None
        error: AwsError | None = None
        while True:
            try:
                step = program.throw(error) if error is not None else program.send(answer)
            except StopIteration as end:
                return end.value
            answer, error = {"Item": self.item} if self.item else {}, None
            if isinstance(step, Request) and step.api != "GetItem":
                self.writes.append(step)
                try:
                    answer = self.end(len(self.writes))
                except AwsError as failure:
                    error = failure


def test_a_write_that_is_refused_for_its_size_leaves_more_out_of_the_item() -> None:
    stored = note.put(**KEY, title="t").params()["Item"]

    def end(count: int) -> Any:
        if count < 4:
            raise AwsError("Item size has exceeded the limit", aws_code="ValidationException")
        return {}

    refusing = Refusing(stored, end)
    refusing.run(note.patch(**KEY).set(text=noise(300_000)).program())
    assert [write.api for write in refusing.writes] == [
        *("UpdateItem", "UpdateItem", "UpdateItem"),
        "TransactWriteItems",
    ]


def test_a_write_that_stays_too_large_says_so() -> None:
    stored = note.put(**KEY, title="t").params()["Item"]

    def end(count: int) -> Any:
        raise AwsError("Item size has exceeded the limit", aws_code="ValidationException")

    refusing = Refusing(stored, end)
    with pytest.raises(AwsError, match="Item size has exceeded"):
        refusing.run(note.patch(**KEY).set(text=noise(300_000)).program())
    assert len(refusing.writes) == 5


def test_a_write_waits_for_a_transaction_that_is_under_way() -> None:
    def end(count: int) -> Any:
        if count == 1:
            raise AwsError("in a transaction", aws_code="TransactionConflictException")
        return {}

    refusing = Refusing(None, end)
    refusing.run(note.put(**KEY, text="short").program())
    first, second = refusing.writes
    assert first == second


def test_a_write_does_not_wait_for_ever() -> None:
    def end(count: int) -> Any:
        raise AwsError("in a transaction", aws_code="TransactionConflictException")

    with pytest.raises(TransactionCanceledError, match="other writes got in the way"):
        Refusing(None, end).run(note.put(**KEY, text="short").program())


@pytest.mark.parametrize(
    "call",
    [
        lambda app: app.entities.note.put(**KEY, text=TEXT).go(),
        lambda app: app.entities.note.put(**KEY, text=TEXT).go(response="all_old"),
        lambda app: app.entities.note.create(book="b", page="2", text=TEXT).go(),
        lambda app: app.entities.note.patch(**KEY).set(text=TEXT).go(response="all_new"),
        lambda app: app.entities.note.get(**KEY).go(),
        lambda app: app.entities.note.query.book(book="b").go(),
        lambda app: app.batch_get([app.entities.note.get(**KEY)]).go(),
        lambda app: app.batch_write([app.entities.note.put(**KEY, text=TEXT)]).go(),
        lambda app: app.batch_write([app.entities.note.put(**KEY, text=TEXT)]).go(guard=True),
        lambda app: app.transact_get([app.entities.note.get(**KEY)]).go(),
        lambda app: app.transact_write([app.entities.note.put(**KEY, text=TEXT)]).go(),
        lambda app: app.transact_write(
            [app.entities.note.create(book="b", page="2", text=TEXT)]
        ).go(token="0123456789"),
    ],
)
def test_an_event_loop_compresses_nothing_itself(
    call: Callable[[Any], Awaitable[Any]], small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def seen(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            threads.append(threading.current_thread())
            return function(*given)

        return run

    async def run() -> None:
        with leyden.local() as engine:
            async with await leyden.load_async(NOTES, table="notes", engine=engine) as app:
                await app.create_table()
                await app.entities.note.put(**KEY, text=noise(6000)).go()
                threads.clear()
                await call(app)

    monkeypatch.setattr(overflow, "pack", seen(pack))
    monkeypatch.setattr(overflow, "unpack", seen(unpack))
    asyncio.run(run())
    assert threads
    assert threading.main_thread() not in threads
