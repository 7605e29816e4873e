"""How a check-up goes: samples, segments, pace, going on, and calls that are refused."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

import leyden
from leyden.doctor import Progress
from leyden.doctor.findings import MOST_KINDS, Findings
from leyden.doctor.measures import FURTHER, MOST_NAMES
from leyden.doctor.table import Calls
from leyden.engine import LocalEngine
from leyden.errors import AwsError, InputError, InvalidOptionError, LeydenError
from leyden.program import Gather, Item, Request
from leyden.tables import create_table, write_items
from tests.doctor.clinic import KEYS, SERVICE, findings_of, send
from tests.doctor.conftest import Open
from tests.doctor.test_table_faults import without_index

THINGS: Final = """
entity: things
alias: thing
version: "1"
service: store
attributes:
  group: {type: string, required: true}
  id: {type: string, required: true}
  kind: string
  text: string
indexes:
  own: {pk: {field: pk, composite: [group]}, sk: {field: sk, composite: [id]}}
  by_kind: {index: gsi1, pk: {field: gsi1pk, composite: [kind]}, sk: {field: gsi1sk, composite: []}}
"""


@pytest.fixture
def things(open_service: Open) -> leyden.Service:
    """60 things in three groups, of which one is larger."""
    app = open_service(THINGS)
    app.entities.thing.put(
        [
            {"group": "g" if n < 40 else f"h{n % 2}", "id": f"{n:03}", "kind": f"k{n % 4}"}
            for n in range(60)
        ]
    ).go()
    return app


def test_a_check_up_says_what_there_is_and_where(things: leyden.Service) -> None:
    report = things.doctor(full=True)
    assert report.is_healthy
    assert report.findings == ()
    assert report.complete
    assert report.read.items == 60
    assert {name: tally.items for name, tally in report.entities.items()} == {"thing": 60}
    largest = report.by_items[0]
    assert (largest.key, largest.items, largest.spare) == ("$store#group_g", 40, 0)
    (index,) = report.indexes
    assert (index.name, index.entries.items, index.unit_share) == ("gsi1", 60, 1.0)
    assert [one.items for one in index.by_items] == [15, 15, 15, 15]
    assert report.consumed > 0
    assert report.calls == {"DescribeTable": "ok", "Scan": "ok"}


@pytest.mark.parametrize("segments", [None, 1, 3, 17])
def test_a_sample_reads_no_more_than_it_says_and_all_of_a_small_table(
    things: leyden.Service, segments: int | None
) -> None:
    few = things.doctor(sample=20, segments=segments)
    assert few.read.items == 20
    assert not few.complete
    whole = things.doctor(sample=61, segments=segments)
    assert whole.read.items == 60
    assert whole.complete


def test_a_check_up_goes_on_where_another_one_was(things: leyden.Service) -> None:
    for number in (1, 30, 50):
        key = things.entities.thing.get(
            group="g" if number < 40 else f"h{number % 2}", id=f"{number:03}"
        ).go(data="raw")
        send(things, "PutItem", {"Item": {**key, "legacy": {"S": "x"}}})
    whole = things.doctor(sample=100, segments=2)
    states: list[Progress] = []
    told: list[str] = []
    things.doctor(
        sample=100,
        segments=2,
        progress=lambda step: states.append(step) or told.append(step.state()),
    )
    assert [step.items for step in states] == sorted(step.items for step in states)
    assert states[-1].expected == 60
    for text in told:
        again = things.doctor(sample=100, segments=2, resume=text)
        assert again.findings == whole.findings
        assert again.read == whole.read
        assert again.by_items == whole.by_items
        assert again.indexes == whole.indexes
        assert again.complete


def test_a_state_is_of_one_check_up(things: leyden.Service) -> None:
    told: list[str] = []
    things.doctor(full=True, progress=lambda step: told.append(step.state()))
    with pytest.raises(InputError, match="different segments"):
        things.doctor(full=True, segments=9, resume=told[0])
    with pytest.raises(InputError, match="different sample"):
        things.doctor(resume=told[0], segments=4)
    for text in ("", "{}", "[]", told[0][:-9], told[0].replace('"measures"', '"other"')):
        with pytest.raises(InputError, match="start over"):
            things.doctor(full=True, resume=text)


def test_a_check_up_keeps_to_its_rate(things: leyden.Service) -> None:
    began = time.monotonic()
    report = things.doctor(full=True, segments=20, rate=20)
    # The embedded engine counts a unit for each page. What is in debt at the end is not waited for.
    assert report.consumed == 20
    assert time.monotonic() - began >= 0.5


def test_async_services_have_it_too(things: leyden.Service, embedded: LocalEngine) -> None:
    async def checked() -> Any:
        async with await leyden.load_async(THINGS, table=things.table, engine=embedded) as app:
            return await app.doctor(full=True, segments=3)

    assert asyncio.run(checked()) == things.doctor(full=True, segments=3)


@pytest.mark.parametrize(
    "options",
    [
        {"full": 1},
        {"sample": 0},
        {"sample": True},
        {"segments": 0},
        {"segments": 5000},
        {"rate": 0},
        {"rate": "fast"},
        {"strict": None},
        {"resume": 3},
        {"progress": "bar"},
        {"found": 1},
    ],
)
def test_what_is_no_option_is_refused(things: leyden.Service, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError, match=f'"{next(iter(options))}"'):
        things.doctor(**options)


def refusing(program: Iterator[Any], *apis: str) -> Iterator[Any]:
    """The program, of which some calls are refused, as a policy refuses them."""

    def refuse(request: Any) -> LeydenError | None:
        if isinstance(request, Request) and request.api in apis:
            said = f"the credentials may not call {request.api}"
            return AwsError(said, aws_code="AccessDeniedException", request=request)
        return None

    try:
        step = next(program)
        while True:
            if isinstance(step, Gather):
                refused = [refuse(one) for one in step.requests]
                sent = tuple(r for r, no in zip(step.requests, refused, strict=True) if no is None)
                answers = iter((yield Gather(sent, step.concurrency)) if sent else ())
                step = program.send([next(answers) if no is None else no for no in refused])
            elif (error := refuse(step)) is not None:
                step = program.throw(error)
            else:
                step = program.send((yield step))
    except StopIteration as end:
        return end.value


@pytest.mark.parametrize(
    ("api", "action", "without"),
    [
        ("DescribeTable", "DescribeTable", "its keys, indexes and sizes were not compared"),
        ("DescribeTimeToLive", "DescribeTimeToLive", "its time to live was not compared"),
        ("Scan", "Scan", "no items were checked"),
        ("BatchGetItem", "BatchGetItem", "guards of unique values were not checked"),
        ("TransactGetItems", "GetItem", "guards of unique values were not checked"),
    ],
)
def test_what_is_refused_is_a_finding_and_the_rest_is_done(
    open_service: Open, monkeypatch: pytest.MonkeyPatch, api: str, action: str, without: str
) -> None:
    app = open_service(SERVICE, encryption_keys=KEYS)
    app.entities.patient.create(clinic="c", id="a", email="a@x").go()
    # One fault of the table, one of an item, one between items.
    send(app, "PutItem", {"Item": {"pk": {"S": "$other"}, "sk": {"S": "x"}}})
    send(app, "UpdateTable", {"VectorIndexUpdates": [{"Delete": {"IndexName": "vec1"}}]})
    send(
        app,
        "DeleteItem",
        {"Key": {"pk": {"S": "$clinic$unique#patients#1#email#a@x"}, "sk": {"S": "$unique"}}},
    )
    run = app.driver.run
    monkeypatch.setattr(app.driver, "run", lambda program: run(refusing(program, api)))
    report = app.doctor(full=True)
    found = {
        "DescribeTable": {"item.foreign", "unique.unguarded"},
        "DescribeTimeToLive": {"item.foreign", "unique.unguarded", "vector.missing"},
        "Scan": {"vector.missing"},
    }.get(api, {"item.foreign", "vector.missing"})
    assert set(findings_of(report)) == {"call.refused", *found}
    assert not report.is_healthy
    assert report.calls[api] == "refused"
    (refusal,) = [one for one in report.findings if one.code == "call.refused"]
    assert refusal.message == f"these credentials may not call {api}; without it, {without}"
    assert refusal.remedy == f"allow dynamodb:{action} on the table in their policy"


def test_strict_makes_items_of_others_a_fault(things: leyden.Service) -> None:
    send(things, "PutItem", {"Item": {"pk": {"S": "$other"}, "sk": {"S": "x"}}})
    assert things.doctor(full=True).is_healthy
    report = things.doctor(full=True, strict=True)
    assert [(one.severity, one.code, one.key) for one in report.findings] == [
        ("fault", "item.foreign", {"pk": {"S": "$other"}, "sk": {"S": "x"}})
    ]


def test_found_is_told_of_each_item_while_the_report_has_a_count(things: leyden.Service) -> None:
    keys = [{"pk": {"S": "$other"}, "sk": {"S": f"{n:02}"}} for n in range(13)]
    for key in keys:
        send(things, "PutItem", {"Item": key})
    told: list[Any] = []
    (finding,) = things.doctor(full=True, segments=1, found=told.append).findings
    assert finding.count == 13
    assert len(finding.keys) == 10
    assert sorted(one.key["sk"]["S"] for one in told) == [f"{n:02}" for n in range(13)]
    assert {one.count for one in told} == {1}


def test_a_report_is_json(things: leyden.Service) -> None:
    send(things, "PutItem", {"Item": {"pk": {"S": "$other"}, "sk": {"S": "x"}}})
    plain = things.doctor(full=True).to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["healthy"] is True
    assert plain["findings"][0]["keys"] == [{"pk": {"S": "$other"}, "sk": {"S": "x"}}]


@pytest.mark.parametrize("api", ["DescribeContinuousBackups", "ListTagsOfResource"])
def test_what_is_refused_of_settings_is_a_finding_too(
    open_service: Open, monkeypatch: pytest.MonkeyPatch, api: str
) -> None:
    settings = "---\ntable: t\npoint_in_time_recovery: true\ntags: {team: shop}\n"
    app = open_service(THINGS + settings)
    run = app.driver.run
    monkeypatch.setattr(app.driver, "run", lambda program: run(refusing(program, api)))
    (refusal,) = app.doctor(full=True).findings
    assert refusal.code == "call.refused"
    assert refusal.message.startswith(f"these credentials may not call {api}; without it, ")


def test_a_refusal_of_the_key_of_a_table_is_told_as_one() -> None:
    findings = Findings("t")
    refused = AwsError(
        "User: arn:aws:iam::1:user/x is not authorized to perform: kms:Decrypt on resource: y",
        aws_code="AccessDeniedException",
        request=Request("Scan", {"TableName": "t"}),
    )
    assert Calls(findings, "t").note(refused, "no items were checked")
    (refusal,) = findings.sorted()
    assert refusal.remedy == "allow kms:Decrypt on the key that encrypts the table in their policy"


def put_strangers(app: leyden.Service, count: int, size: int = 1) -> None:
    """Items of so many entities that no schema knows."""
    items: list[Item] = [
        {
            "pk": {"S": f"$n{n}"},
            "sk": {"S": "x"},
            "x": {"S": "y" * size},
            "__edb_e__": {"S": f"n{n}"},
            "__edb_v__": {"S": "1"},
        }
        for n in range(count)
    ]
    for first in range(0, count, 25):
        app.driver.run(write_items(app.table, items[first : first + 25]))


def test_many_kinds_of_one_finding_do_not_hide_others(things: leyden.Service) -> None:
    put_strangers(things, 130)
    report = things.doctor(full=True)
    assert report.is_healthy, "notes do not become a fault, however many there are"
    listed = [one for one in report.findings if one.code == "item.foreign"]
    (rest,) = [one for one in report.findings if one.code == "others"]
    assert len(listed) == MOST_KINDS
    assert (rest.severity, rest.count, len(rest.keys)) == ("note", 130 - MOST_KINDS, 10)
    assert '"item.foreign"' in rest.message
    assert len(report.entities) == MOST_NAMES + 2
    assert report.entities[FURTHER].items == 130 - MOST_NAMES
    assert sum(tally.items for tally in report.entities.values()) == report.read.items

    change = {"UpdateExpression": "REMOVE #id", "ExpressionAttributeNames": {"#id": "id"}}
    key = {"pk": {"S": "$store#group_g"}, "sk": {"S": "$things_1#id_000"}}
    send(things, "UpdateItem", {"Key": key, **change})
    assert [one.code for one in things.doctor(full=True).faults] == ["key.incomplete"]


def test_a_check_up_of_many_kinds_goes_on_where_another_one_was(things: leyden.Service) -> None:
    put_strangers(things, 150, size=20_000)
    states: list[str] = []
    whole = things.doctor(full=True, segments=1, progress=lambda one: states.append(one.state()))
    assert len(states) > 2
    for state in states[:3]:
        again = things.doctor(full=True, segments=1, resume=state)
        assert again.findings == whole.findings
        assert again.entities == whole.entities


def test_a_check_up_that_had_read_nothing_goes_on_and_finds_nothing_twice(
    open_service: Open,
) -> None:
    app = open_service(THINGS, create=False)
    app.driver.run(create_table(without_index(app.table_definition), app.table))
    states: list[str] = []
    first = app.doctor(full=True, progress=lambda step: states.append(step.state()))
    assert [(one.code, one.count) for one in first.findings] == [("index.missing", 1)]
    assert app.doctor(full=True, resume=states[0]).findings == first.findings
