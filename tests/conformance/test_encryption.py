"""Encrypted attributes on every engine: each way to write and to read them, and none that leaks."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

import leyden
from leyden.chart.samples import sample
from leyden.errors import DecryptError
from leyden.schema.language import TYPE_NAMES
from tests.conformance.conftest import Open

CLINIC = """
entity: patient
version: "1"
service: clinic
attributes:
  id: {type: string, required: true}
  ward: string
  name: string
  secret: {type: string, encrypt: true, field: s}
  scan: {type: binary, encrypt: true, overflow: chunk}
  paid:
    type: union
    encrypt: true
    tag: kind
    variants: {card: {properties: {number: string}}, cash: {}}
indexes:
  by_id: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}
  by_ward:
    index: gsi1
    pk: {field: gsi1pk, composite: [ward]}
    sk: {field: gsi1sk, composite: [id]}
"""
OLD, NEW = os.urandom(32), os.urandom(32)
SECRET = "swordfish"


@pytest.fixture
def app(open_service: Open) -> Any:
    return open_service(CLINIC, encryption_keys={"old": OLD})


def everything(app: Any) -> list[Any]:
    """All that is stored in a table, parts of large values too."""

    def scan() -> Any:
        items, start = [], {}
        while True:
            answer = yield leyden.program.Request("Scan", {"TableName": app.table, **start}, "test")
            items += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return items
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    found: list[Any] = app.driver.run(scan())
    return found


def test_every_write_and_every_read(app: Any) -> None:
    patient = app.entities.patient
    patient.put(id="put", ward="w", secret=SECRET).go()
    patient.create(id="create", ward="w", secret=SECRET).go()
    patient.upsert(id="upsert", ward="w", secret=SECRET).go()
    patient.upsert(id="begun", ward="w").if_not_exists(secret=SECRET).go()
    patient.update(id="update").set(ward="w", secret=SECRET).go()
    patient.put(id="patch", ward="w", secret="before").go()
    changed = patient.patch(id="patch").set(secret=SECRET).go(response="updated_new")
    assert changed.secret == SECRET
    patient.put([{"id": f"batch{n}", "ward": "w", "secret": SECRET} for n in range(30)]).go()
    app.transact_write(
        [
            patient.create(id="transaction", ward="w", secret=SECRET),
            patient.patch(id="put").set(paid={"kind": "card", "number": SECRET}),
        ]
    ).go()
    ids = ["put", "create", "upsert", "begun", "update", "patch", "transaction"]
    ids += [f"batch{n}" for n in range(30)]
    keys = [{"id": one} for one in ids]
    reads = {
        "get": [patient.get(id=one).go() for one in ids],
        "projection": [patient.get(id=one).go(attributes=["secret"]) for one in ids],
        "batch": list(patient.get(keys).go()),
        "transaction": list(app.transact_get([patient.get(**key) for key in keys]).go()),
        "pages": list(patient.query.by_ward(ward="w").go(limit=7, pages="all")),
        "iteration": list(patient.query.by_ward(ward="w")),
        "scan": list(patient.scan.where(patient.attr.secret.exists())),
    }
    for way, records in reads.items():
        assert {record.secret for record in records} == {SECRET}, way
        assert len(records) == len(ids), way
    assert patient.get(id="put").go().paid == {"kind": "card", "number": SECRET}
    assert SECRET not in repr(everything(app))
    gone = patient.patch(id="put").remove("secret").go(response="all_old")
    assert gone.secret == SECRET
    assert patient.get(id="put").go().secret is None
    assert patient.remove(id="patch").go(response="all_old").secret == SECRET


KINDS: dict[str, Any] = {
    **{name: {"type": name} for name in TYPE_NAMES if name not in ("vector", "ttl", "union")},
    "choice": {"type": ["open", "closed"]},
    "pay": {
        "type": "union",
        "tag": "is",
        "variants": {"card": {"properties": {"digits": "string"}}, "cash": {}},
    },
}
ALL_TYPES = {
    "entity": "thing",
    "version": "1",
    "service": "types",
    "attributes": {
        "group": "string",
        "id": "string",
        **{f"{name}_open": options for name, options in KINDS.items()},
        **{f"{name}_sealed": {**options, "encrypt": True} for name, options in KINDS.items()},
    },
    "indexes": {
        "all": {
            "pk": {"field": "pk", "composite": ["group"]},
            "sk": {"field": "sk", "composite": ["id"]},
        }
    },
}


def test_every_type_reads_back_as_it_does_readable(open_service: Open, engine: Any) -> None:
    app = open_service(ALL_TYPES, encryption_keys={"old": OLD})
    thing = app.entities.thing
    given = []
    for number in range(4):
        values = {n: sample(thing.spec.attributes[f"{n}_open"], number, "thing") for n in KINDS}
        sealed = {f"{name}_sealed": value for name, value in values.items()}
        opened = {f"{name}_open": value for name, value in values.items()}
        given.append({"group": "g", "id": f"i{number}", **opened, **sealed})
    thing.put(**given[0]).go()
    thing.put([given[1]]).go()
    app.transact_write([thing.create(**given[2])]).go()
    thing.upsert(**given[3]).go()
    keys = [{"group": "g", "id": one["id"]} for one in given]

    async def read() -> list[Any]:
        found = await leyden.load_async(
            ALL_TYPES,
            table=app.table,
            endpoint_url=engine.endpoint_url,
            region=engine.region,
            credentials=engine.credentials,
            encryption_keys={"old": OLD},
        )
        async with found:
            return [record async for record in found.entities.thing.query.all(group="g")]

    ways = [
        [thing.get(**key).go() for key in keys],
        list(thing.get(keys).go()),
        list(app.transact_get([thing.get(**key) for key in keys]).go()),
        list(thing.query.all(group="g").go(limit=2, pages="all")),
        list(thing.scan),
        asyncio.run(read()),
    ]
    for records in ways:
        assert len(records) == len(given)
        for record in records:
            shown = record.to_dict()
            for name in KINDS:
                assert shown[f"{name}_sealed"] == shown[f"{name}_open"], name


def test_on_an_event_loop(engine: Any, app: Any) -> None:
    async def run() -> list[Any]:
        found = await leyden.load_async(
            CLINIC,
            table=app.table,
            endpoint_url=engine.endpoint_url,
            region=engine.region,
            credentials=engine.credentials,
            encryption_keys=lambda: {"old": OLD},
        )
        async with found:
            patient = found.entities.patient
            put = await patient.put(id="1", ward="w", secret=SECRET).go()
            queried = [record async for record in patient.query.by_ward(ward="w")]
            return [put.secret, (await patient.get(id="1").go()).secret, queried[0].secret]

    assert asyncio.run(run()) == [SECRET] * 3


def test_a_large_value_is_encrypted_before_it_is_parted(app: Any) -> None:
    patient = app.entities.patient
    large = SECRET.encode() * 100_000
    patient.put(id="1", scan=large).go()
    assert patient.get(id="1").go().scan == large
    stored = everything(app)
    assert len(stored) > 2
    assert SECRET not in repr(stored)
    patient.patch(id="1").set(scan=b"small").go()
    assert patient.get(id="1").go().scan == b"small"
    assert len(everything(app)) == 1


def test_hidden_values_are_encrypted_too(open_service: Open) -> None:
    schema = CLINIC.replace("field: s}", "field: s, hidden: true}")
    patient = open_service(schema, encryption_keys={"old": OLD}).entities.patient
    patient.put(id="1", secret=SECRET).go()
    item = patient.get(id="1").go(data="raw")
    assert not hasattr(patient.get(id="1").go(), "secret")
    assert patient.decode(item)["secret"] == SECRET
    assert SECRET not in repr(item)


def test_a_wrong_key_and_a_moved_value_are_refused(app: Any, open_service: Open) -> None:
    patient = app.entities.patient
    patient.put([{"id": one, "ward": "w", "secret": f"{SECRET}{one}"} for one in "abc"]).go()
    wrong = open_service(CLINIC, table=app.table, create=False, encryption_keys={"old": NEW})
    with pytest.raises(DecryptError, match="its key is another one") as raised:
        wrong.entities.patient.get(id="a").go()
    assert SECRET not in str(raised.value)
    page = wrong.entities.patient.query.by_ward(ward="w").go(unreadable="collect")
    assert (len(page), len(page.unreadable)) == (0, 3)
    # A client that may write to the table copies a value from one item into another.
    copied = patient.get(id="b").go(data="raw")["s"]
    app.driver.run(_put(app.table, {**patient.get(id="a").go(data="raw"), "s": copied}))
    page = patient.query.by_ward(ward="w").go(unreadable="collect")
    assert [record.id for record in page] == ["b", "c"]
    assert [error.key["pk"] for error in page.unreadable] == [{"S": "$clinic#id_a"}]


def _put(table: str, item: Any) -> Any:
    return (yield leyden.program.Request("PutItem", {"TableName": table, "Item": item}, "test"))


def test_keys_are_changed_by_putting_records_back(app: Any, open_service: Open) -> None:
    patient = app.entities.patient
    patient.put([{"id": one, "secret": SECRET} for one in "abc"]).go()
    both = open_service(
        CLINIC, table=app.table, create=False, encryption_keys={"new": NEW, "old": OLD}
    )
    for record in both.entities.patient.scan:
        both.entities.patient.put(record).go()
    new = open_service(CLINIC, table=app.table, create=False, encryption_keys={"new": NEW})
    assert [record.secret for record in new.entities.patient.scan] == [SECRET] * 3


def test_changes_of_a_stream_are_decrypted(app: Any) -> None:
    patient = app.entities.patient
    first, second, third = (
        patient.put(id="1", secret=secret).params()["Item"] for secret in ("before", SECRET, SECRET)
    )

    def record(old: Any, new: Any) -> dict[str, Any]:
        return {
            "eventID": "1",
            "eventName": "MODIFY",
            "eventSource": "aws:dynamodb",
            "dynamodb": {
                "Keys": {name: new[name] for name in ("pk", "sk")},
                "OldImage": old,
                "NewImage": new,
                "SequenceNumber": "1",
            },
        }

    (change,) = app.parse_stream([record(first, second)])
    assert (change.old.secret, change.new.secret) == ("before", SECRET)
    assert SECRET not in repr(change)
    (same,) = app.parse_stream([record(second, third)])
    assert same.old == same.new
