"""Faults that are planted in a healthy table: each is found, and what the finding says mends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from attrs import frozen

import leyden
from leyden.doctor import Finding, Report
from leyden.operations.companions.overflow import format as overflow
from leyden.operations.plan import expressions as size
from leyden.program import Item
from tests.doctor.clinic import KEYS, SERVICE, key_of, noise, raw_items, send
from tests.doctor.conftest import Open

Act = Callable[[leyden.Service], Any]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are large that are not, so that tests are quick."""
    monkeypatch.setattr(size, "ITEM_LIMIT", 3000)
    monkeypatch.setattr(overflow, "PART_BYTES", 1000)


PATIENT: Final = {"clinic": "c", "id": "a"}
VISIT: Final = {"clinic": "c", "id": "v"}
TEXT: Final = noise(9000, 1)


def furnish(app: leyden.Service) -> None:
    """A healthy table, with something of everything."""
    patient, visit = app.entities.patient, app.entities.visit
    patient.create(
        **PATIENT, email="a@x", ward="w1", bed=1, age=30, secret="s", embedding=[1, 2, 3], area="n"
    ).go()
    patient.create(clinic="c", id="b", email="b@x", ward="w1", bed=2, notes=TEXT).go()
    patient.create(clinic="d", id="a", status="away").go()
    visit.create(**VISIT, at="2026-01-01T00:00:00Z", cost=3, text=TEXT).go()


def stored(app: leyden.Service, **wanted: str) -> Item:
    """The raw item of which fields hold these texts."""
    found = [
        item
        for item in raw_items(app)
        if all(item.get(name, {}).get("S", "").startswith(text) for name, text in wanted.items())
    ]
    return found[0]


def patient_of(app: leyden.Service) -> Item:
    return stored(app, sk="$all#patients_1#id_a", pk="$clinic#clinic_c")


def visit_of(app: leyden.Service) -> Item:
    return stored(app, __edb_e__="visits", sk="$visits")


def guard_of(app: leyden.Service, field: str = "email") -> Item:
    return stored(app, pk=f"$clinic$unique#patients#1#{field}#a")


def put(app: leyden.Service, item: Item) -> None:
    send(app, "PutItem", {"Item": item})


def drop(app: leyden.Service, item: Item) -> None:
    send(app, "DeleteItem", {"Key": key_of(item)})


def changed(read: Callable[[leyden.Service], Item], *gone: str, **fields: Any) -> Act:
    """Writes an item past Leyden: without fields, and with others."""

    def plant(app: leyden.Service) -> None:
        item = {name: value for name, value in read(app).items() if name not in gone}
        put(app, {**item, **fields})

    return plant


def put_again(app: leyden.Service, finding: Finding) -> None:
    """What most remedies are: read the item and put it again."""
    entity = app.entities[finding.subject.partition(".")[0]]
    (key,) = finding.keys
    raw = send(app, "GetItem", {"Key": key})["Item"]
    values = entity.decode(raw)
    whole = entity.get(**{name: values[name] for name in ("clinic", "id")}).go()
    derived = {"label": None} if "label" in values else {}
    entity.put(whole, **derived).go()


def create_anew(app: leyden.Service, finding: Finding) -> None:
    """Create what a scan shows, and delete it under the wrong key."""
    (found,) = [one for one in app.entities.patient.scan if one.clinic == "d"]
    app.entities.patient.create({**found.to_dict(), "revision": None}).go()
    delete(app, finding)


def delete(app: leyden.Service, finding: Finding) -> None:
    """aws dynamodb delete-item, for each key."""
    assert "delete-item" in finding.remedy
    for key in finding.keys:
        drop(app, key)


def setting(**values: Any) -> Callable[[leyden.Service, Finding], None]:
    """Set attributes of the patient."""

    def cure(app: leyden.Service, finding: Finding) -> None:
        app.entities.patient.patch(**PATIENT).set(**values).go()

    return cure


def adopt(app: leyden.Service, finding: Finding) -> None:
    assert "leyden adopt FOLDER patient" in finding.remedy
    app.entities.patient.adopt_unique()


@frozen
class Case:
    """A fault: how it is planted, what is found (its code and subject), and what mends it."""

    name: str
    plant: Act
    code: str
    subject: str
    cure: Callable[[leyden.Service, Finding], None]
    others: tuple[str, ...] = ()
    """Other findings that go with it."""


def away_of(app: leyden.Service) -> Item:
    return stored(app, pk="$clinic#clinic_d")


def renamed_key(app: leyden.Service) -> None:
    item = away_of(app)
    drop(app, item)
    put(app, {**item, "sk": {"S": item["sk"]["S"] + "x"}})


def without_part(app: leyden.Service) -> None:
    drop(app, stored(app, sk="$$overflow", __edb_e__="visits"))


def with_wrong_part(app: leyden.Service) -> None:
    part = stored(app, sk="$$overflow", __edb_e__="visits")
    put(app, {**part, "__leyden_part__": {"B": b"other"}})


def with_parts_of_nobody(app: leyden.Service) -> None:
    drop(app, visit_of(app))


def duplicate(app: leyden.Service) -> None:
    other = stored(app, sk="$all#patients_1#id_b")
    put(app, {**other, "email": {"S": "a@x"}})
    drop(app, stored(app, pk="$clinic$unique#patients#1#email#b"))


def with_another_guard(app: leyden.Service) -> None:
    put(app, {**guard_of(app), "__leyden_owner__": {"M": {"pk": {"S": "x"}, "sk": {"S": "y"}}}})


def mend_duplicate(app: leyden.Service, finding: Finding) -> None:
    app.entities.patient.patch(clinic="c", id="b").set(email="b@x").composite(email="a@x").go()
    adopt(app, finding)


def restore_text(app: leyden.Service, finding: Finding) -> None:
    app.entities.visit.patch(**VISIT).set(text=TEXT).go()
    app.entities.visit.sweep_overflow()


def begin_visit_anew(app: leyden.Service, finding: Finding) -> None:
    delete(app, finding)
    app.entities.visit.create(**VISIT, cost=3, at="2026-01-01T00:00:00Z").go()
    app.entities.visit.sweep_overflow()


def sweep(app: leyden.Service, finding: Finding) -> None:
    assert "app.entities.visit.sweep_overflow()" in finding.remedy
    app.entities.visit.sweep_overflow()


CASES: Final = (
    # Whose items are.
    Case(
        "an item of another service",
        lambda app: put(app, {"pk": {"S": "$shop#id_1"}, "sk": {"S": "$orders_1"}}),
        "item.foreign",
        "",
        lambda app, finding: drop(app, finding.keys[0]),
    ),
    Case(
        "an item of the entity's next version",
        lambda app: put(app, {**visit_of(app), "__edb_v__": {"S": "2"}}),
        "item.version",
        "visit",
        lambda app, finding: put(app, {**visit_of(app), "__edb_v__": {"S": "1"}}),
    ),
    Case(
        "damaged identifiers",
        changed(visit_of, __edb_e__={"S": "vists"}),
        "item.misnamed",
        "visit",
        lambda app, f: put(app, {**stored(app, sk="$visits"), "__edb_e__": {"S": "visits"}}),
    ),
    # Values.
    Case(
        "a number where a text is to be",
        changed(patient_of, age={"S": "old"}),
        "item.unreadable",
        "patient",
        lambda app, f: put(app, {**patient_of(app), "age": {"N": "30"}}),
    ),
    Case(
        "a value that is not encrypted",
        changed(patient_of, secret={"S": "plain"}),
        "item.unreadable",
        "patient",
        setting(secret="s"),
    ),
    Case(
        "a value encrypted for another item",
        lambda app: put(
            app,
            {
                **stored(app, sk="$all#patients_1#id_b"),
                "secret": patient_of(app)["secret"],
            },
        ),
        "item.unreadable",
        "patient",
        lambda app, f: app.entities.patient.patch(clinic="c", id="b").set(secret="s").go(),
    ),
    Case(
        "a manifest of a later program",
        changed(visit_of, __overflow__={"M": {"text": {"M": {"codec": {"S": "zstd"}}}}}),
        "part.unknown",
        "visit",
        begin_visit_anew,
    ),
    Case(
        "a field that no attribute knows",
        changed(patient_of, legacy={"S": "x"}),
        "attribute.unknown",
        "patient",
        lambda app, f: put(
            app, {name: value for name, value in patient_of(app).items() if name != "legacy"}
        ),
    ),
    Case(
        "a derived attribute that is stale",
        changed(away_of, label={"S": "elsewhere"}, gsi1sk={"S": "$patients_1#label_elsewhere"}),
        "attribute.stale",
        "patient",
        put_again,
    ),
    Case(
        "an item that a migration moved",
        changed(patient_of, __leyden_before__={"M": {}}),
        "item.uncommitted",
        "patient",
        lambda app, f: changed(patient_of, "__leyden_before__")(app),
    ),
    # Keys.
    Case(
        "a key that the attributes do not make",
        renamed_key,
        "key.differs",
        "patient",
        create_anew,
    ),
    Case(
        "a key without its attributes",
        changed(visit_of, "id"),
        "key.incomplete",
        "visit",
        lambda app, f: put(app, {**visit_of(app), "id": {"S": "v"}}),
        ("attribute.missing",),
    ),
    # Indexes.
    Case(
        "an item that is not in an index",
        changed(patient_of, "gsi1pk", "gsi1sk"),
        "entry.missing",
        "patient.by_ward",
        put_again,
    ),
    Case(
        "an item with half of an index key",
        changed(patient_of, "gsi1sk"),
        "entry.missing",
        "patient.by_ward",
        put_again,
    ),
    Case(
        "an item that is not in a sparse index",
        changed(patient_of, "gsi2pk", "gsi2sk"),
        "entry.missing",
        "patient.present",
        put_again,
    ),
    Case(
        "an item in a sparse index that its status keeps out",
        lambda app: put(
            app,
            {
                **stored(app, pk="$clinic#clinic_d"),
                "gsi2pk": {"S": "$clinic#clinic_d#ward_w"},
                "gsi2sk": {"S": "$patients_1#age_1"},
            },
        ),
        "entry.stale",
        "patient.present",
        put_again,
    ),
    Case(
        "an item in an index by a value that it has no more",
        lambda app: put(
            app,
            {**away_of(app), "gsi1pk": {"S": "$clinic#ward_w1"}},
        ),
        "entry.stale",
        "patient.by_ward",
        put_again,
    ),
    Case(
        "an index key of an old value",
        changed(patient_of, gsi1pk={"S": "$clinic#ward_w9"}),
        "entry.differs",
        "patient.by_ward",
        put_again,
    ),
    Case(
        "an index key of an old text",
        changed(patient_of, gsi2sk={"S": "$patients_1#age_29"}),
        "entry.differs",
        "patient.present",
        put_again,
    ),
    Case(
        "a strict key of another number",
        lambda app: put(
            app, {**visit_of(app), "gsi1sk": {"S": visit_of(app)["gsi1sk"]["S"] + "0"}}
        ),
        "entry.differs",
        "visit.by_cost",
        put_again,
    ),
    Case(
        "an index key without a part of its attributes",
        changed(visit_of, "at"),
        "entry.partial",
        "visit.by_cost",
        lambda app, f: (
            app.entities.visit.patch(**VISIT).set(at="2026-01-01T00:00:00Z", cost=3).go()
        ),
        ("entry.differs",),
    ),
    # Vector indexes.
    Case(
        "a vector without its partition",
        changed(patient_of, "area"),
        "vector.unparted",
        "patient",
        setting(area="n", embedding=[1, 2, 3]),
    ),
    Case(
        "a vector of zeros",
        changed(patient_of, embedding={"L": [{"N": "0"}] * 3}),
        "vector.zero",
        "patient",
        setting(embedding=[1, 2, 3]),
    ),
    # Guards.
    Case(
        "a unique value without a guard",
        lambda app: drop(app, guard_of(app)),
        "unique.unguarded",
        "patient",
        adopt,
    ),
    Case(
        "a guard of two values that is gone",
        lambda app: drop(app, stored(app, pk="$clinic$unique#patients#1#bed,ward#")),
        "unique.unguarded",
        "patient",
        adopt,
    ),
    Case(
        "two items that share a unique value",
        duplicate,
        "unique.duplicate",
        "patient",
        mend_duplicate,
    ),
    Case(
        "a guard that another item left, which is gone",
        with_another_guard,
        "unique.unguarded",
        "patient",
        adopt,
        ("guard.ownerless",),
    ),
    Case(
        "a guard whose item is gone",
        lambda app: put(
            app,
            {**guard_of(app), "pk": {"S": "$clinic$unique#patients#1#email#gone"}}
            | {"__leyden_owner__": {"M": {"pk": {"S": "gone"}, "sk": {"S": "gone"}}}},
        ),
        "guard.ownerless",
        "patient",
        delete,
    ),
    Case(
        "a guard whose item has another value",
        lambda app: put(app, {**guard_of(app), "pk": {"S": "$clinic$unique#patients#1#email#old"}}),
        "guard.stale",
        "patient",
        delete,
    ),
    Case(
        "a guard of a constraint that is gone",
        lambda app: put(app, {**guard_of(app), "pk": {"S": "$clinic$unique#patients#1#phone#1"}}),
        "guard.unneeded",
        "patient",
        delete,
    ),
    # Large values.
    Case("a part that is gone", without_part, "part.missing", "visit", restore_text),
    Case("a part with other bytes", with_wrong_part, "part.damaged", "visit", restore_text),
    Case("parts whose item is gone", with_parts_of_nobody, "part.orphan", "visit", sweep),
)


def findings(report: Report) -> set[tuple[str, str]]:
    return {(one.code, one.subject) for one in report.findings}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_planted_fault_is_found_and_what_the_finding_says_mends_it(
    open_service: Open, case: Case
) -> None:
    app = open_service(SERVICE, encryption_keys=KEYS)
    furnish(app)
    assert app.doctor(full=True).findings == ()
    case.plant(app)
    report = app.doctor(full=True)
    codes = {one.code for one in report.findings}
    assert codes == {case.code, *case.others}
    found = next(one for one in report.findings if one.code == case.code)
    assert found.subject == case.subject
    assert found.remedy
    case.cure(app, found)
    assert app.doctor(full=True).findings == ()


def before_the_index(app: leyden.Service, **fields: Any) -> None:
    """An item as it may be where the vector index is younger than the items."""
    send(app, "UpdateTable", {"VectorIndexUpdates": [{"Delete": {"IndexName": "vec1"}}]})
    put(app, {**patient_of(app), **fields})


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"embedding": {"L": [{"N": "1"}]}}, "vector.dimensions"),
        ({"area": {"S": ""}}, "vector.empty"),
    ],
    ids=["a vector that is too short", "an empty partition of a vector"],
)
def test_what_a_vector_index_would_not_take_is_found_before_it_is_made(
    open_service: Open, fields: Item, code: str
) -> None:
    app = open_service(SERVICE, encryption_keys=KEYS)
    furnish(app)
    before_the_index(app, **fields)
    report = app.doctor(full=True)
    assert {one.code for one in report.findings} == {code, "vector.missing"}
    app.entities.patient.patch(**PATIENT).set(embedding=[1, 2, 3], area="n").go()
    app.add_vector_indexes()
    assert app.doctor(full=True).findings == ()
