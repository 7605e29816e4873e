"""What writes send while items move, what they say of it, and what becomes of odd items."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final
from uuid import uuid4

import pytest

import leyden
from leyden.errors import (
    BatchIncompleteError,
    ConditionFailedError,
    ConnectionFailedError,
    ConversionError,
    InputError,
    InvalidOptionError,
    ItemExistsError,
    ItemNotFoundError,
    TransactionCanceledError,
    UniqueConstraintError,
)
from leyden.events import RequestSent
from leyden.program import Gather, Request
from tests.operations.migrating.cases import CASES, OLD, Case
from tests.operations.migrating.support import key_of, own_items, raw_items, without_kept

BY_NAME: Final = {case.name: case for case in CASES}
ITEM: Final = {"team": "a", "id": "1", "kind": "bug"}
KEY: Final = {"team": "a", "id": "1"}
Open = Callable[..., leyden.Service]


class Pair:
    """The old code and the migrating code on one table."""

    def __init__(self, case: Case, open_service: Open, table: str) -> None:
        self.old = open_service(case.old, table=table)
        self.new = open_service(
            case.new, table=table, migrating_from=case.migration, hooks=HOOKS, create=False
        )
        self.task = self.new.entities.task

    @property
    def keys(self) -> set[tuple[str, str]]:
        return {key_of(item) for item in own_items(self.new)}


def refuse(value: Any, values: Any) -> Any:
    """A hook that some items cannot pass."""
    if values.get("note") == "broken":
        raise ValueError("no")
    return value


HOOKS: Final[dict[str, Any]] = {"refuse": refuse}
REFUSED: Final = Case(
    "refused",
    OLD,
    {**deepcopy(OLD), "version": "2"},
    {"attributes": {"points": {"call": "refuse"}}},
)


@pytest.fixture
def pair(open_service: Open, new_table_name: Callable[[], str]) -> Callable[[Case | str], Pair]:
    def opened(case: Case | str) -> Pair:
        found = BY_NAME[case] if isinstance(case, str) else case
        return Pair(found, open_service, new_table_name())

    return opened


def sent(act: Callable[[], Any]) -> list[str]:
    """The requests that a call sends, by name."""
    seen: list[str] = []

    def listen(event: Any) -> None:
        if isinstance(event, RequestSent):
            seen.append(event.api)

    with leyden.events.listen(listen):
        act()
    return seen


def kinds(params: Any) -> list[str]:
    """What the parts of a transaction are."""
    return [kind for part in params["TransactItems"] for kind in part]


def test_a_put_deletes_what_stands_under_the_earlier_key(pair: Any) -> None:
    both = pair("version")
    chain = both.task.put(**ITEM, assignee="ann")
    params = chain.params()
    assert kinds(params) == ["Put", "Delete"]
    (_, part) = params["TransactItems"]
    assert part["Delete"]["Key"] == both.old.entities.task.get(**KEY).params()["Key"]
    assert part["Delete"]["ConditionExpression"] == (
        "attribute_not_exists(#0) OR (#1 = :0 AND #2 = :1)"
    )
    both.old.entities.task.put(**ITEM, employee="bob").go()
    assert sent(lambda: chain.go()) == ["TransactWriteItems"]
    assert len(both.keys) == 1
    assert both.task.get(**KEY).go().assignee == "ann"


@pytest.mark.parametrize("verb", ["update", "patch", "remove", "create", "upsert", "put"])
def test_other_writes_check_that_nothing_stands_there(pair: Any, verb: str) -> None:
    both = pair("version")
    task = both.task
    chain = getattr(task, verb)(**(KEY if verb in ("update", "patch", "remove") else ITEM))
    if verb in ("update", "patch"):
        chain = chain.set(points=2)
    if verb == "put":
        chain = chain.where(task.attr.points > 1)
    assert kinds(chain.params())[1:] == ["ConditionCheck"]
    said = str(chain.explain())
    assert "TransactWriteItems" in said
    assert "the key that the item had before the migration" in said


def test_what_keeps_its_key_is_one_request_with_one_more_condition(pair: Any) -> None:
    both = pair("in place")
    chain = both.task.patch(**KEY).set(points=2)
    assert "attribute_not_exists(#" in chain.params()["ConditionExpression"]
    assert "form from before the migration" in str(chain.explain())
    assert "attribute_not_exists(employee)" in str(chain.explain())
    both.old.entities.task.put(**ITEM, employee="ann").go()
    assert sent(lambda: chain.go()) == ["UpdateItem", "UpdateItem", "UpdateItem"]
    assert sent(lambda: both.task.patch(**KEY).set(points=3).go()) == ["UpdateItem"]
    assert both.task.get(**KEY).go().assignee == "ann"


def test_an_entity_that_stays_what_it_is_sends_what_it_sent(open_service: Open) -> None:
    person = {
        "entity": "people",
        "alias": "person",
        "version": "1",
        "service": "moved",
        "attributes": {"name": "string", "age": "number"},
        "indexes": {
            "people": {
                "pk": {"field": "pk", "composite": ["name"]},
                "sk": {"field": "sk", "composite": []},
            }
        },
    }
    case = BY_NAME["version"]
    plain = open_service({"entities": [case.new, person]})
    migration = {**case.migration, "from": {"entities": [case.old, person]}}
    app = open_service(
        {"entities": [case.new, person]},
        table=plain.table,
        migrating_from=migration,
        create=False,
    )
    for one in (plain, app):
        task = one.entities.person
        chains = (task.put(name="a"), task.patch(name="a").set(age=1), task.delete(name="a"))
        assert all("TransactItems" not in chain.params() for chain in chains)
    assert plain.entities.person.put(name="a").params() == (
        app.entities.person.put(name="a").params()
    )


def test_a_transaction_counts_the_earlier_keys(pair: Any) -> None:
    both = pair("version")
    creates = [both.task.create(team="a", id=str(n), kind="bug") for n in range(51)]
    with pytest.raises(InputError, match="51 operations and 51 keys that items had before"):
        both.new.transact_write(creates).go()
    assert raw_items(both.new) == []
    assert len(both.new.batch_write(creates).params(guard=True)) == 2
    both.new.batch_write(creates).go(guard=True)
    assert len(both.keys) == 51


def test_what_cannot_be_merged_into_a_transaction_is_refused_in_words(pair: Any) -> None:
    both = pair("version")
    with pytest.raises(InvalidOptionError, match="the key that its item had before the migration"):
        both.task.patch(**KEY).set(points=1).go(params={"ReturnValues": "NONE"})
    both = pair("companions")
    with pytest.raises(InvalidOptionError, match='does not return "updated_new"'):
        both.task.patch(**KEY).set(assignee="ann").go(response="updated_new")


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (
            "updated_new",
            {
                "team": "a",
                "id": "1",
                "kind": "bug",
                "tags": {"x", "y"},
                "detail": {"a": "z", "c": 2},
                "lines": ["k", "w", "m"],
                "title": "t",
            },
        ),
        (
            "updated_old",
            {
                "team": "a",
                "id": "1",
                "kind": "bug",
                "points": 1,
                "tags": {"x"},
                "detail": {"a": "x", "b": "y", "c": 1},
                "lines": ["k", "l", "m"],
                "title": "n",
            },
        ),
    ],
)
def test_what_an_update_changed_is_told_as_dynamodb_does(
    pair: Any, response: str, told: dict[str, Any]
) -> None:
    old = deepcopy(OLD)
    old["attributes"] |= {
        "detail": {"type": "map", "properties": {"a": "string", "b": "string", "c": "number"}},
        "lines": {"type": "list", "items": "string"},
    }
    new = {**deepcopy(old), "version": "2"}
    new["attributes"]["title"] = new["attributes"].pop("note")
    both = pair(Case("updates", old, new, {"attributes": {"title": {"from": "note"}}}))
    values = {"detail": {"a": "x", "b": "y", "c": 1}, "lines": ["k", "l", "m"], "points": 1}
    both.old.entities.task.put(**ITEM, **values, tags={"x"}, note="n").go()
    chain = both.task.patch(**KEY).set({"detail.a": "z", "lines[1]": "w"}, title="t")
    chain = chain.add({"detail.c": 1}, tags={"y"}).remove("points", "detail.b")
    found = chain.if_not_exists(kind="idea").go(response=response)
    assert found.to_dict() == told


def test_an_error_counts_no_move_among_what_its_call_wrote(pair: Any) -> None:
    both = pair("version")
    both.old.entities.task.put(**ITEM, employee="ann", points=1).go()
    task = both.task
    with pytest.raises(ConditionFailedError, match="the item exists, but a condition") as raised:
        task.patch(**KEY).set(points=5).where(task.attr.points > 3).go()
    assert not raised.value.outcome
    assert not raised.value.unsure
    # The condition was asked of the item in its new form, under its new key.
    (item,) = own_items(both.new)
    assert item["assignee"] == {"S": "ann"}
    assert item["points"] == {"N": "1"}
    with pytest.raises(ItemExistsError) as exists:
        task.create(**ITEM).go()
    assert exists.value.item["assignee"] == {"S": "ann"}


def test_a_create_is_refused_by_an_item_in_either_form(pair: Any) -> None:
    for name in ("version", "label", "in place"):
        both = pair(name)
        both.old.entities.task.put(**ITEM, points=1).go()
        for _ in range(2):
            with pytest.raises(ItemExistsError) as raised:
                both.task.create(**ITEM).go()
            assert not raised.value.outcome
        with pytest.raises(TransactionCanceledError) as canceled:
            both.new.transact_write([both.task.create(**ITEM)]).go()
        assert [one.reason for one in canceled.value.rejections] == ["exists"]


def test_what_old_code_wrote_after_the_move_is_what_writes_go_on_from(pair: Any) -> None:
    both = pair("version")
    both.task.put(**ITEM, assignee="ann", points=1).go()
    both.old.entities.task.put(**ITEM, employee="bob", points=5).go()
    assert len(both.keys) == 2
    found = both.task.patch(**KEY).add(points=1).go(response="all_new")
    assert (found.assignee, found.points) == ("bob", 6)
    assert len(both.keys) == 1


def test_what_a_write_replaced_is_told_in_the_new_form(pair: Any) -> None:
    both = pair("version")
    old = both.old.entities.task
    old.put(**ITEM, employee="ann").go()
    assert both.task.put(**ITEM).go(response="all_old").assignee == "ann"
    old.put(team="a", id="2", kind="bug", employee="bob").go()
    assert both.task.delete(team="a", id="2").go(response="all_old").assignee == "bob"
    old.put(team="a", id="3", kind="bug", employee="cy").go()
    assert both.task.remove(team="a", id="3").go().id == "3"
    assert len(both.keys) == 1


def test_batches_send_what_moves_by_itself_and_the_rest_together(pair: Any) -> None:
    both = pair("version")
    for number in ("1", "2"):
        both.old.entities.task.put(team="a", id=number, kind="bug", employee="ann").go()
    items = [{**ITEM, "id": number, "assignee": "new"} for number in ("1", "2", "3")]
    shown = both.task.put(items).params()
    assert [kinds(one) for one in shown] == [["Put", "Delete"]] * 3
    assert "a transaction with its earlier key" in str(both.task.put(items).explain())
    result = both.task.put(items).go(concurrency=2)
    assert [one.assignee for one in result] == ["new"] * 3
    assert len(both.keys) == 3
    both.old.entities.task.put(**ITEM).go()
    both.task.delete([{"team": "a", "id": number} for number in ("1", "2", "3", "4")]).go()
    assert both.keys == set()

    both = pair("in place")
    both.old.entities.task.put(**ITEM, employee="ann").go()
    assert sent(lambda: both.task.put(items).go()) == ["BatchWriteItem"]
    assert {without_kept(one).get("assignee", {}).get("S") for one in own_items(both.new)} == {
        "new"
    }


def test_a_batch_says_which_entries_it_could_not_write(pair: Any) -> None:
    both = pair("version")
    both.old.entities.task.put(team="A", id="1", kind="bug").go()
    items = [{**ITEM, "id": number} for number in ("1", "2")]
    with pytest.raises(BatchIncompleteError, match="another item is stored") as raised:
        both.task.put(items).go()
    assert [one and one.id for one in raised.value.result] == [None, "2"]
    assert "may or may not" not in raised.value.message


def test_a_token_stands_for_the_same_request_though_an_item_had_to_move(pair: Any) -> None:
    both = pair("version")
    both.old.entities.task.put(**ITEM, points=1).go()

    token = str(uuid4())

    def add() -> Any:
        chain = both.task.patch(**KEY).add(points=1)
        return both.new.transact_write([chain]).go(token=token)

    add()
    add()
    assert both.task.get(**KEY).go().points == 2


def test_an_item_that_cannot_move_is_named_and_left_and_a_put_replaces_it(pair: Any) -> None:
    both = pair(REFUSED)
    both.old.entities.task.put(**ITEM, note="broken", points=1).go()
    before = raw_items(both.new)
    for chain in (
        both.task.patch(**KEY).set(points=2),
        both.task.create(**ITEM),
        both.task.put(**ITEM).where(both.task.attr.kind == "bug"),
    ):
        with pytest.raises(ConversionError, match='the hook "refuse"') as raised:
            chain.go()
        assert "broken" not in str(raised.value)
        assert raised.value.operation == f"task.{chain._verb}"
        assert not raised.value.outcome
    assert raw_items(both.new) == before
    both.task.put(**ITEM, points=4).go()
    assert both.task.get(**KEY).go().points == 4
    assert len(both.keys) == 1


def test_another_item_under_the_earlier_key_stays_one_of_its_own(pair: Any) -> None:
    both = pair("longer key")
    both.old.entities.task.put(**ITEM, employee="ann").go()
    idea = {**ITEM, "kind": "idea"}
    for token in (None, str(uuid4())):
        both.new.transact_write([both.task.put(**idea, points=1)]).go(token=token)
    both.task.create(**{**idea, "id": "2"}).go()
    assert len(both.keys) == 3
    assert both.task.get(**ITEM).go().employee == "ann"
    assert both.task.get(**idea).go().points == 1


def test_one_key_may_be_the_earlier_key_of_another_item(pair: Any) -> None:
    both = pair("casing")
    # The earlier key of team A is the key of team a by now.
    both.old.entities.task.put(team="A", id="1", kind="bug", employee="ann").go()
    both.task.put(team="a", id="1", kind="idea", employee="bob").go()
    both.task.patch(team="A", id="1").set(points=1).go()
    both.new.transact_write(
        [
            both.task.patch(team="A", id="1").add(points=1),
            both.task.patch(team="a", id="1").set(points=5),
        ]
    ).go()
    found = {one.team: (one.employee, one.points) for one in both.task.scan.go(pages="all")}
    assert found == {"A": ("ann", 2), "a": ("bob", 5)}


@pytest.mark.parametrize("name", ["companions", "companions in place"])
def test_unique_values_are_unique_over_both_forms(pair: Any, name: str) -> None:
    both = pair(name)
    both.old.entities.task.put(**ITEM, employee="ann").go()
    other = {"team": "a", "id": "2", "kind": "bug"}
    task = both.task
    with pytest.raises(UniqueConstraintError, match='value of "assignee"') as raised:
        task.create(**other, assignee="ann").go()
    assert raised.value.attributes == ("assignee",)
    task.create(**other, assignee="bob").go()
    with pytest.raises(UniqueConstraintError):
        task.patch(team="a", id="2").set(assignee="ann").go()
    with pytest.raises(TransactionCanceledError) as canceled:
        both.new.transact_write([task.put(**other, assignee="ann")]).go()
    assert [(one.reason, one.attributes) for one in canceled.value.rejections] == [
        ("unique", ("assignee",))
    ]
    # The owner itself may be written, and once it lets go another one may have the value.
    task.patch(**KEY).set(assignee="cy").go()
    task.patch(team="a", id="2").set(assignee="ann").go()
    guards = [item for item in raw_items(both.new) if item["sk"]["S"] == "$unique"]
    assert sorted(item["pk"]["S"].rpartition("#")[2] for item in guards) == ["ann", "cy"]


@pytest.mark.parametrize("name", ["companions", "companions in place"])
def test_versions_and_large_values_go_on_where_they_were(pair: Any, name: str) -> None:
    both = pair(name)
    text = "".join(chr(0x4E00 + (n * n * 7919) % 20000) for n in range(240_000))
    both.old.entities.task.put(**ITEM, employee="ann", text=text).go()
    both.old.entities.task.patch(**KEY).set(points=1).go()
    task = both.task
    with pytest.raises(leyden.errors.VersionConflictError):
        task.patch(**KEY).set(points=2).expecting(1).go()
    found = task.patch(**KEY).set(points=2).expecting(2).go(response="all_new")
    assert (found.revision, found.text == text) == (3, True)
    assert task.put(**ITEM).go(response="all_old").text == text
    # Of the large value nothing is left.
    assert len(raw_items(both.new)) == 1


def test_records_that_were_read_in_either_form_are_written_back(pair: Any) -> None:
    both = pair("version")
    old = both.old.entities.task
    for number in ("1", "2"):
        old.put(**{**ITEM, "id": number}, employee="ann", points=1).go()
    first, second = both.task.get([KEY, {"team": "a", "id": "2"}]).go()
    both.task.patch(first, points=2).go()
    both.task.put(second).go()
    record = both.task.get(**KEY).go()
    assert (record.assignee, record.points) == ("ann", 2)
    both.task.put(record).go()
    assert len(both.keys) == 2
    # The record says what it saw; meanwhile old code has written.
    old.put(**ITEM, employee="bob", points=9).go()
    with pytest.raises(ConditionFailedError):
        both.task.patch(record, assignee="cy").composite(points=2).go()
    assert both.task.get(**KEY).go().points == 9


def test_a_check_depends_on_items_in_either_form(pair: Any) -> None:
    both = pair("version")
    task = both.task
    absent = task.check(**KEY).where(task.attr.id.does_not_exist())
    both.new.transact_write([absent, task.create(team="a", id="2", kind="bug")]).go()
    both.old.entities.task.put(**ITEM).go()
    absent = task.check(**KEY).where(task.attr.id.does_not_exist())
    with pytest.raises(TransactionCanceledError):
        both.new.transact_write([absent, task.create(team="a", id="3", kind="bug")]).go()
    task.check(**KEY).go()
    with pytest.raises(TransactionCanceledError):
        task.check(team="a", id="9").go()


def test_event_loops_write_alike(
    local_engine: Any, open_service: Open, new_table_name: Callable[[], str]
) -> None:
    case, table = BY_NAME["version"], new_table_name()
    old = open_service(case.old, table=table)
    old.entities.task.put(**ITEM, employee="ann", points=1).go()

    async def write() -> Any:
        app = await leyden.load_async(
            case.new, table=table, engine=local_engine, migrating_from=case.migration
        )
        async with app:
            task: Any = app.entities.task
            with pytest.raises(ItemNotFoundError):
                await task.patch(team="a", id="9").set(points=1).go()
            return await task.patch(**KEY).add(points=1).go(response="all_new")

    found = asyncio.run(write())
    assert (found.assignee, found.points) == ("ann", 2)


def test_a_lost_answer_leaves_in_doubt_what_the_call_wrote_and_no_move(pair: Any) -> None:
    both = pair("version")
    both.old.entities.task.put(**ITEM, points=1).go()
    program = both.task.patch(**KEY).set(points=5).program()
    with pytest.raises(leyden.LeydenError) as refused:
        both.new.driver.send(next(program))
    step = program.throw(refused.value)
    while isinstance(step, Gather):
        moves = [one for one in step.requests if isinstance(one, Request)]
        assert all(move.restates for move in moves)
        step = program.send([both.new.driver.send(move) for move in moves])
    # The first request was refused, the item has moved, and this one is the write.
    assert isinstance(step, Request)
    assert (step.api, step.restates) == ("TransactWriteItems", False)
    lost = ConnectionFailedError("no answer came", unsure=True, request=step)
    with pytest.raises(ConnectionFailedError) as raised:
        program.throw(lost)
    outcome = raised.value.outcome
    assert outcome.written == ()
    assert [one.action for one in outcome.unsure] == ["update"]
    (item,) = own_items(both.new)
    assert item["__edb_v__"] == {"S": "2"}


def test_an_item_that_has_nothing_to_be_converted_is_written_at_once(pair: Any) -> None:
    new = deepcopy(OLD)
    new["attributes"]["level"] = "number"
    both = pair(Case("beside", OLD, new, {"attributes": {"level": {"value": "to_number(note)"}}}))
    both.old.entities.task.put(**ITEM, note="none").go()
    task = both.task
    with pytest.raises(ConditionFailedError):
        task.patch(**KEY).set(points=1).where(task.attr.points > 3).go()
    assert task.patch(**KEY).set(points=1).go(response="all_new").points == 1
    both.new.transact_write([task.patch(**KEY).add(points=1)]).go()
    assert task.get(**KEY).go().points == 2
