"""What is wrong about schemas with all kinds of attributes and access patterns."""

import everything
import notes
import taskapp


def parcels(app: everything.Service) -> None:
    parcel = app.entities.parcel
    made = parcel.create(tenant="t1", carrier="van", kind="parcel").go()
    parcel.create(tenant="t1", carrier="car", kind="parcel").go()  # error
    parcel.create(tenant="t1", carrier="van").go()  # error
    parcel.create(tenant="t1", carrier="van", kind="parcel", fragile="yes").go()  # error
    parcel.create(tenant="t1", carrier="van", kind="parcel", scan="text").go()  # error
    parcel.create(tenant="t1", carrier="van", kind="parcel", tags={1}).go()  # error
    parcel.create(tenant="t1", carrier="van", kind="parcel", modes={"slo"}).go()  # error
    parcel.create(tenant="t1", carrier="van", kind="parcel", number=1.5).go()  # error
    parcel.create(tenant="t1", carrier="van", kind="parcel", expires_at="soon").go()  # error
    parcel.create(tenant="t1", carrier="van", kind="parcel", address={"street": 3}).go()  # error
    parcel.create(tenant="t1", carrier="van", kind="parcel", address={"class": "c"}).go()  # error
    parcel.create(tenant="t1", carrier="van", kind="parcel", stops=[{"plce": "x"}]).go()  # error
    made.hidden  # error
    made.address["secret"]  # error
    parcel.patch(made).set(title="derived").go()  # error
    parcel.patch(made).set(revision=3).go()  # error
    parcel.patch(made).set(changed_at="2026-02-03T09:15:00Z").go()  # error
    parcel.patch(made).set(tenant="t2").go()  # error
    parcel.patch(made).set(tags={1}).go()  # error
    parcel.patch(made).add(weight=3).go()  # error
    parcel.patch(made).add(tags={1}).go()  # error
    parcel.patch(made).delete(tags={1}).go()  # error
    parcel.patch(made).append(stops=["x"]).go()  # error
    parcel.patch(made).where(parcel.attr.tags.contains(1)).go()  # error
    parcel.patch(made).where(parcel.attr.fragile == "yes").go()  # error
    parcel.patch(made).where(parcel.attr.fragile > False).go()  # error
    parcel.patch(made).where(parcel.attr.address.geo.lat == "x").go()  # error
    parcel.patch(made).where(parcel.attr.address.strt == "x").go()  # error
    parcel.patch(made).where(parcel.attr.scan.begins("x")).go()  # error
    parcel.query.by_kind(kind="parcel").go()  # error
    parcel.query.by_kind(tenant="t1", kind="letter").go()  # error
    parcel.query.by_carrier(carrier="van", weight=3).go()  # error
    parcel.query.by_carrier(carrier="van").gt(weight=3).go()  # error
    parcel.query.similar([1.0]).go()  # error
    app.collections.traffic(carrier="car").go()  # error
    app.entities.service.get(made).go()  # error


def unions(app: everything.Service) -> None:
    service = app.entities.service
    made = service.create(carrier="van", since="2026-02-03T09:15:00Z").go()
    service.patch(made).set(paid={"how": "cash"}).go()  # error
    service.patch(made).set(paid={"how": "card"}).go()  # error
    service.patch(made).set(paid={"how": "bill", "number": "1"}).go()  # error
    service.patch(made).set(paid={"how": "bill", "days": "3"}).go()  # error
    service.patch(made).where(service.attr.paid.how == "cash").go()  # error
    service.patch(made).where(service.attr.log[0].kind == "pause").go()  # error
    service.patch(made).where(service.attr.paid.nope == "cash").go()  # error


def searches(app: notes.Service) -> None:
    note = app.entities.note
    note.search.similr([0.8, 0.3, 0.1], owner="ada").go()  # error
    note.search.similar([0.8, 0.3, 0.1]).go()  # error
    note.search.similar(owner="ada").go()  # error
    note.search.similar(3, owner="ada").go()  # error
    note.search.similar([0.8, 0.3, 0.1], owner="ada", kind="x").go()  # error
    note.search.similar([0.8, 0.3, 0.1], owner="ada").go(limit=3)  # error
    note.search.similar([0.8, 0.3, 0.1], owner="ada").go()[0].titel  # error
    note.search.similar([0.8, 0.3, 0.1], owner="ada").go()[0].record.titel  # error
    note.create(owner="ada", note_id="n1", embedding="text").go()  # error
    note.query.by_day(owner="ada", day=3).go()  # error
    note.query.by_day(owner="ada").gte(day=3).go()  # error
    note.scan.where(note.attr.day > 3).go()  # error
    note.update(owner="ada", note_id="n1").set(day="2026-02-03")  # error


def tasks(app: taskapp.Service) -> None:
    reports = app.entities.employee.query.reports
    reports(manager="m", salary=3).go()  # error
    reports(manager="m").gt(team="jup").go()  # error
    reports(manager="m").gt(salary=3).go()  # error
    app.collections.overview(project_id="p1").go().employee  # error
    for one in app.collections.contributions(employee_id="e1"):
        one.points  # error
