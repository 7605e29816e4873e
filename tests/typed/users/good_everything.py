"""What is right about schemas with all kinds of attributes and access patterns."""

from array import array
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, assert_type

import everything
import notes
import taskapp

import memory
from leyden.results import Match, Matches, Page


def parcels(app: everything.Service) -> None:
    parcel = app.entities.parcel
    now = datetime.now(UTC)
    made = parcel.create(
        tenant="t1",
        carrier="by bike",
        kind="parcel",
        number=3,
        weight=2.5,
        price=Decimal("1.5"),
        fragile=True,
        scan=b"\x00",
        tags={"a", "b"},
        codes=[1, 2],
        modes={"slow"},
        anything={"a": [1, None]},
        open_list=[1, "a"],
        open_map={"a": 1},
        payload=[None],
        stops=[{"at": now, "place": "here"}, {"at": "2026-02-03T09:15:00Z", "place": "there"}],
        address={"street": "s", "class": "c", "1st": "f", "geo": {"lat": 1, "lon": 2.5}},
        match="m",
        type="t",
        expires_at=1_800_000_000,
        cleaned=["anything that the hook takes"],
        hidden="h",
    ).go()
    assert_type(made.kind, everything.ParcelKind)
    assert_type(made.tags, frozenset[str] | None)
    assert_type(made.masked, Any)
    assert_type(made.expires_at, datetime | None)
    if made.address is not None:
        assert_type(made.address["street"], str)
        assert_type(made.address.get("class"), str | None)
    parcel.put(made, weight=3, price=4).expecting(made).go()
    changed = (
        parcel.patch(made)
        .set({"address.geo.lat": 3}, match="n", weight=parcel.attr.price + 1)
        .add(tags={"c"}, price=Decimal("0.5"), expires_at=3600)
        .append(stops=[{"place": "end"}])
        .delete(modes={"fast"})
        .if_not_exists(payload={"a": 1})
        .remove("open_map", "stops[0]")
        .composite(fragile=None, sent_at=made.sent_at)
        .where(parcel.attr.address.geo.lat > 1, parcel.attr.open_map["a"] == 1)
        .where(parcel.attr.tags.contains("a"), parcel.attr.codes.size() >= 2)
        .where(parcel.attr.anything["a"][0].exists(), parcel.attr.fragile == True)  # noqa: E712
        .where(parcel.attr.modes.contains("slow"), parcel.attr.scan.begins(b"\x00"))
        .where(parcel.attr.address["class"] == "c", parcel.attr.hidden == "h")
        .where(parcel.attr.expires_at > now, parcel.attr.payload == [1])
        .expecting(3)
        .go(response="all_new")
    )
    assert_type(changed, everything.Parcel)
    parcel.query.by_kind(tenant="t1").go()
    parcel.query.by_kind(tenant="t1", kind="parcel").gt(label="a").go()
    by_carrier = parcel.query.by_carrier(carrier="van")
    by_carrier.gt(sent_at=now, weight=3).go()
    by_carrier.between({"sent_at": now}, {"sent_at": now, "weight": 3}).go()
    parcel.query.by_carrier(carrier="van", sent_at=now, weight=3).lte(number=7).go()
    assert_type(
        parcel.query.by_columns(tenant="t1", price=3, match="m").go(), Page[everything.Parcel]
    )
    page = app.collections.traffic(carrier="post").gte(since="2026-02-03T09:15:00Z").go()
    assert_type(page.parcel, list[everything.Parcel])
    assert_type(page.service, list[everything.Service_])
    app.entities.parcel_key.create(tenant="t", list=["a"], str={"b"}, datetime=now).go()
    app.transact_write([parcel.remove(made), app.entities.service.put(carrier="van", since=now)])


def unions(app: everything.Service) -> None:
    service = app.entities.service
    made = service.create(
        carrier="van",
        since="2026-02-03T09:15:00Z",
        paid={"how": "card", "number": "1"},
        log=[{"kind": "start", "at": datetime.now(UTC)}, {"kind": "stop", "why": "rain"}],
    ).go()
    if made.paid is not None and made.paid["how"] == "card":
        assert_type(made.paid["number"], str)
    service.patch(made).set(paid={"how": "bill", "days": 3}).where(
        service.attr.paid.how == "card", service.attr.paid.at > "2026-02-03T09:15:00Z"
    ).append(log=[{"kind": "stop"}]).go()
    service.scan.where(service.attr.log[0].kind == "stop", service.attr.log[0].why.exists())


def searches(app: notes.Service, other: everything.Service) -> None:
    note = app.entities.note
    found = note.search.similar([0.8, 0.3, 0.1], owner="ada").go(top_k=1)
    assert_type(found, Matches[notes.Note])
    assert_type(found[0], Match[notes.Note])
    assert_type(found[0].record.title, str | None)
    assert_type(found.records, tuple[notes.Note, ...])
    note.search.similar(array("d", [1.0, 2.0, 3.0]), owner="ada").where(
        note.attr.title.exists()
    ).go(hydrate=True, attributes=["title"])
    note.create(owner="ada", note_id="n1", embedding=(1, 2, 3)).go()
    note.query.by_day(owner="ada", day="2026-02-03").go()
    note.query.by_day(owner="ada").gte(day=date(2026, 2, 3)).go()
    note.query.by_day(owner="ada").lt(day=datetime.now(UTC)).where(note.attr.mood == " GLAD").go()
    note.scan.where(note.attr.hour == datetime.now(UTC), note.attr.day > date(2026, 2, 3)).go()
    assert_type(found[0].record.day, str | None)
    key = other.entities.parcel_key
    key.search.similar([1, 2, 3], tenant="t", text="a").go()
    key.search.anywhere([1, 2, 3]).go()


def tasks(app: taskapp.Service) -> None:
    task = app.entities.task
    made = task.create(project_id="p1", employee_id="e1", tags={"a"}, payload={"x": [1]}).go()
    assert_type(made.status, taskapp.TaskStatus | None)
    task.patch(made).set({"detail.effort": 3}, status="closed", points=task.attr.points + 1).go()
    task.query.assigned(employee_id="e1").begins(project_id="p").where(
        task.attr.tags.contains("a"), task.attr.detail["effort"] >= 2, task.attr.detail.effort >= 2
    ).go(order="desc", limit=10)
    app.entities.employee.query.reports(manager="m").begins(team="jup").go()
    app.entities.employee.query.reports(manager="m", team="mercury").between(
        {"salary": 1}, {"salary": 9}
    ).go()
    for one in app.collections.contributions(employee_id="e1"):
        if isinstance(one, taskapp.Task):
            print(one.title)
    page = app.collections.overview(project_id="p1").go()
    assert_type(page.project_member, list[taskapp.ProjectMember])


def threads(app: memory.Service) -> None:
    print([*app.entities], app.entities.thread.spec.version)
