"""Lifetimes, buckets, slugs, normal forms and prefixes, by every verb and on every engine."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from leyden.errors import (
    MissingCompositeError,
    ReadOnlyAttributeError,
    UniqueConstraintError,
    ValidationError,
)
from tests.conformance.conftest import Open

SESSIONS: Final = """
entity: session
version: "1"
service: desk
attributes:
  id:         {type: string, required: true, default: {generate: ulid}, prefix: sess_}
  tenant:     {type: string, required: true, normalize: [trim, lower]}
  email:      {type: string, normalize: [trim, lower]}
  begins_at:  {type: timestamp, default: {generate: now}}
  day:        {type: string, derive: {bucket: day, of: begins_at}}
  week:       {type: string, derive: {bucket: week, of: begins_at}}
  ends_at:    {type: timestamp, derive: {after: 1 hour 30 minutes, of: begins_at}}
  title:      string
  slug:       {type: string, derive: {slug: title}}
  path:       {type: string, default: {slug: title}, read_only: true}
  tags:       {type: set, items: {type: string, normalize: lower}}
  seen_at:    {type: timestamp, on_write: {generate: now}}
  expires_at: {type: ttl, on_write: {after: 90 days}}
unique: [[email]]
indexes:
  own:
    pk: {field: pk, composite: [tenant]}
    sk: {field: sk, composite: [id]}
  by_day:
    index: gsi1
    absent: out
    pk: {field: gsi1pk, composite: [tenant, day]}
    sk: {field: gsi1sk, composite: [begins_at]}
  by_week:
    index: gsi2
    pk: {field: gsi2pk, composite: [tenant]}
    sk: {field: gsi2sk, composite: [week]}
"""
AT: Final = datetime(2026, 2, 3, 9, tzinfo=UTC)


def stored(session: Any, sid: str) -> dict[str, Any]:
    raw: dict[str, Any] = session.get(tenant="acme", id=sid).go(data="raw")
    return raw


@pytest.mark.parametrize("verb", ["create", "put", "upsert", "batch", "transaction", "update"])
def test_every_verb_writes_the_same_item(open_service: Open, verb: str) -> None:
    app = open_service(SESSIONS)
    session = app["session"]
    given = {
        "id": "sess_1",
        "tenant": " ACME ",
        "email": "Ada@Example.com ",
        "begins_at": AT,
        "title": "Crème brûlée",
    }
    if verb == "batch":
        session.put([given]).go(guard=True)
    elif verb == "transaction":
        app.transact_write([session.create(**given)]).go()
    elif verb == "update":
        key = {"tenant": given.pop("tenant"), "id": given.pop("id")}
        session.update(**key).set(**given).go()
    else:
        getattr(session, verb)(**given).go()

    raw = stored(session, "sess_1")

    assert raw["tenant"] == {"S": "acme"}
    assert raw["email"] == {"S": "ada@example.com"}
    assert raw["day"] == {"S": "2026-02-03"}
    assert raw["week"] == {"S": "2026-W06"}
    assert raw["ends_at"] == {"S": "2026-02-03T10:30:00.000Z"}
    assert raw["slug"] == {"S": "creme-brulee"}
    # Defaults are for new items; an update leaves them out, as ever.
    assert raw.get("path") == (None if verb == "update" else {"S": "creme-brulee"})
    assert raw["gsi1pk"] == {"S": "$desk#tenant_acme#day_2026-02-03"}
    assert raw["gsi2sk"] == {"S": "$session_1#week_2026-w06"}
    lives = datetime.fromtimestamp(int(raw["expires_at"]["N"]), UTC)
    written = datetime.fromisoformat(raw["seen_at"]["S"])
    assert timedelta(0) <= written + timedelta(days=90) - lives < timedelta(seconds=1)


def test_what_is_looked_for_is_found_however_it_is_typed(open_service: Open) -> None:
    session = open_service(SESSIONS)["session"]
    made = session.create(
        tenant="acme", email="ada@example.com", begins_at=AT, tags=["Red", "red"], title="t"
    ).go()
    assert made.id.startswith("sess_")
    attr = session.attr

    assert session.get(tenant=" ACME", id=made.id).go() == made
    assert session.query.own(tenant="Acme ").go().items == (made,)
    for condition in (
        attr.email == " ADA@example.com",
        attr.email.startswith(" Ada"),
        attr.email.contains("EXAMPLE"),
        attr.email.is_in("x", "Ada@EXAMPLE.com"),
        attr.tags.contains("RED"),
        attr.day == AT + timedelta(hours=3),
        attr.week == "2026-w06",
    ):
        assert [one.id for one in session.scan.where(condition).go()] == [made.id], str(condition)
        session.patch(tenant="ACME", id=made.id).set(title="t").where(condition).go()
    assert [one.id for one in session.match(email="ADA@EXAMPLE.COM").go()] == [made.id]
    assert session.get([{"tenant": "ACME", "id": made.id}]).go().items[0].id == made.id
    with pytest.raises(UniqueConstraintError):
        session.create(tenant="acme", email=" Ada@example.com").go()
    session.delete(tenant=" Acme", id=made.id).go()
    assert session.scan.go().items == ()
    session.create(tenant="acme", email="ADA@example.com").go()


def test_a_bucket_follows_its_time_and_its_keys_follow_both(open_service: Open) -> None:
    session = open_service(SESSIONS)["session"]
    session.create(tenant="acme", id="sess_1", begins_at=AT, title="One").go()
    query = session.query

    session.update(tenant="acme", id="sess_1").set(
        begins_at=AT + timedelta(days=40), title="Two"
    ).go()

    assert query.by_day(tenant="acme", day=AT).go().items == ()
    (found,) = query.by_day(tenant="acme", day=date(2026, 3, 15)).go().items
    assert (found.day, found.week, found.slug, found.path) == (
        "2026-03-15",
        "2026-W11",
        "two",
        "one",
    )
    assert query.by_day(tenant="acme", day="2026-03-15").gte(begins_at=AT).go().items == (found,)

    # What is made once stays, though an upsert brings another title.
    session.upsert(tenant="acme", id="sess_1", begins_at=AT, title="Three").go()
    (found,) = query.by_day(tenant="acme", day=AT).go().items
    assert (found.slug, found.path) == ("three", "one")

    session.update(tenant="acme", id="sess_1").remove("begins_at", "title").go()
    raw = stored(session, "sess_1")
    assert not raw.keys() & {"begins_at", "day", "week", "ends_at", "slug", "gsi1pk"}
    assert query.by_week(tenant="acme").gte(week="2000-W01").go().items == ()


def test_ranges_over_buckets_mean_what_they_say(open_service: Open) -> None:
    session = open_service(SESSIONS)["session"]
    times = [datetime(2025, 12, 27, 23, tzinfo=UTC) + timedelta(days=3 * i) for i in range(12)]
    session.put(
        [
            {"tenant": "acme", "id": f"sess_{i:02}", "begins_at": time}
            for i, time in enumerate(times)
        ]
    ).go(guard=True)
    weeks = sorted(f"{t.isocalendar().year}-W{t.isocalendar().week:02}" for t in times)
    query = session.query.by_week(tenant="acme")

    def found(chain: Any) -> list[str]:
        return [one.week for one in chain.go(pages="all")]

    for pivot in (*dict.fromkeys(weeks), "2025-W01", "2027-W01"):
        assert found(query.gt(week=pivot)) == [w for w in weeks if w > pivot]
        assert found(query.gte(week=pivot)) == [w for w in weeks if w >= pivot]
        assert found(query.lt(week=pivot)) == [w for w in weeks if w < pivot]
        assert found(query.lte(week=pivot)) == [w for w in weeks if w <= pivot]
    day = datetime(2026, 1, 14, tzinfo=UTC)
    assert found(query.between({"week": "2026-W01"}, {"week": day})) == [
        w for w in weeks if "2026-W01" <= w <= "2026-W03"
    ]
    assert found(query.begins(week="2026-w0")) == [w for w in weeks if w.startswith("2026-W0")]


def test_what_cannot_be_is_refused(open_service: Open) -> None:
    session = open_service(SESSIONS, create=False)["session"]
    with pytest.raises(ValidationError, match='must begin with "sess_"'):
        session.create(tenant="acme", id="order_1").go()
    with pytest.raises(ValidationError, match="is not a valid day"):
        session.query.by_day(tenant="acme", day="2026-02-30")
    with pytest.raises(ReadOnlyAttributeError, match="derived"):
        session.update(tenant="acme", id="sess_1").set(day="2026-02-03")
    with pytest.raises(
        ValidationError, match="the value that you gave differs from the derived one"
    ):
        session.create(tenant="acme", begins_at=AT, day="2026-02-04").go()


EVENTS: Final = """
entity: event
version: "1"
service: desk
attributes:
  tenant: {type: string, required: true}
  day:    {type: string, derive: {bucket: day, of: at}}
  at:     {type: timestamp, required: true}
  text:   string
indexes:
  events:
    pk: {field: pk, composite: [tenant, day]}
    sk: {field: sk, composite: [at]}
"""


def test_a_key_needs_no_bucket_beside_its_time(open_service: Open) -> None:
    app = open_service(EVENTS)
    event = app["event"]
    key = {"tenant": "acme", "at": AT}
    event.create(**key, text="old").go()
    assert event.get(**key).go().day == "2026-02-03"
    assert event.get([key]).go()[0].text == "old"
    event.patch(**key).set(text="new").go()
    app.transact_write([event.check(**key).where(event.attr.text == "new")]).go()
    event.delete(**key).go()
    assert event.get(**key, day="2026-02-03").go() is None
    with pytest.raises(MissingCompositeError, match='needs "at" as well'):
        event.get(tenant="acme", day="2026-02-03").params()
