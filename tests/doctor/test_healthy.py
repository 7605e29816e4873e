"""Whatever verbs brought a table where it is, the doctor finds nothing."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import leyden
from leyden.errors import (
    BatchIncompleteError,
    ConditionFailedError,
    InputError,
    InvalidExpressionError,
    TransactionCanceledError,
)
from leyden.operations.companions.overflow import format as overflow
from leyden.operations.plan import expressions as size
from tests.conformance.test_index_laws import INDEXES, KEY, STEP, run, schema
from tests.doctor.clinic import KEYS, SERVICE, empty, noise
from tests.doctor.conftest import Open

REFUSALS: Final = (
    BatchIncompleteError,
    ConditionFailedError,
    InputError,
    InvalidExpressionError,
    TransactionCanceledError,
)
"""What Leyden does not do is no part of the law."""

FEW: Final = settings(
    deadline=None, suppress_health_check=list(HealthCheck), database=None, max_examples=4
)

IDS: Final = st.sampled_from(["a", "b", "A"])
LARGE: Final = {"some": noise(900, 1), "much": noise(5000, 2), "more": noise(9000, 3), "few": "few"}
TEXTS: Final = st.sampled_from([*LARGE])
PATIENT: Final = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(["x@y", "X@y", "z"]),
        "ward": st.sampled_from(["w1", "W1", "w2"]),
        "bed": st.integers(1, 2),
        "status": st.sampled_from(["here", "away"]),
        "age": st.integers(0, 120),
        "notes": TEXTS,
        "secret": st.text(max_size=3),
        "expires": st.integers(4_000_000_000, 4_000_000_009),
        "embedding": st.lists(st.integers(1, 3), min_size=3, max_size=3),
        "area": st.sampled_from(["n", "s"]),
    },
)
VISIT: Final = st.fixed_dictionaries(
    {},
    optional={
        "at": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]),
        "cost": st.decimals(-9, 9, places=1),
        "text": TEXTS,
    },
)
WRITE: Final = st.tuples(
    st.sampled_from(
        ["put", "create", "upsert", "update", "patch", "delete", "remove", "batch", "together"]
    ),
    IDS,
    PATIENT,
    st.lists(
        st.sampled_from(["email", "ward", "bed", "age", "notes", "embedding", "area", "expires"]),
        unique=True,
        max_size=2,
    ),
    VISIT,
    st.booleans(),
)


def write(app: leyden.Service, step: tuple[Any, ...]) -> None:
    """One write, by any verb."""
    verb, number, patient_values, removed, visit_values, telling = step
    for values in (patient_values, visit_values):
        values.update({n: LARGE[values[n]] for n in ("notes", "text") if n in values})
    patient, visit = app.entities.patient, app.entities.visit
    key = {"clinic": "c", "id": number}
    told: dict[str, Any] = {}
    if telling:
        stored = patient.get(**key).go(consistent=True)
        names = ("ward", "status", "age", "label", "embedding", "area")
        told = {name: getattr(stored, name, None) for name in names}
        told = {n: v for n, v in told.items() if n not in patient_values and n != "label"}
    gone = [name for name in removed if name not in patient_values]
    told = {name: value for name, value in told.items() if name not in gone}
    if verb == "batch":
        patient.put([{**key, **patient_values}, {**key, "id": "z"}]).go(guard=True)
        visit.put([{**key, **visit_values}]).go()
        visit.delete([{**key, "id": "a"}]).go()
    elif verb == "together":
        app.transact_write(
            [patient.put(**key, **patient_values), visit.upsert(**key, **visit_values)]
        ).go()
    elif verb in ("update", "patch"):
        chain = getattr(patient, verb)(**key).set(**patient_values)
        chain = chain.remove(*gone) if gone else chain
        chain.composite(**told).go()
        getattr(visit, verb)(**key).set(**visit_values).go()
    elif verb in ("delete", "remove"):
        getattr(patient, verb)(**key).go()
        getattr(visit, verb)(**key).go()
    else:
        chain = getattr(patient, verb)(**key, **patient_values)
        (chain.composite(**told) if verb == "upsert" else chain).go()
        getattr(visit, verb)(**key, **visit_values).go()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are large that are not, so that tests are quick."""
    monkeypatch.setattr(size, "ITEM_LIMIT", 3000)
    monkeypatch.setattr(overflow, "PART_BYTES", 1000)


@pytest.mark.usefixtures("small")
def test_the_doctor_is_silent_after_any_writes(open_service: Open) -> None:
    app = open_service(SERVICE, encryption_keys=KEYS)

    @settings(FEW, max_examples=15)
    @given(st.lists(WRITE, min_size=1, max_size=8), st.integers(1, 3))
    def law(steps: list[tuple[Any, ...]], segments: int) -> None:
        empty(app)
        for step in steps:
            with suppress(*REFUSALS):
                write(app, step)
        report = app.doctor(full=True, segments=segments)
        assert report.findings == ()
        assert report.complete

    law()


@pytest.mark.parametrize("name", sorted(INDEXES))
@pytest.mark.parametrize("keys", ["electrodb", "strict"])
def test_the_doctor_finds_nothing_in_any_index(open_service: Open, name: str, keys: str) -> None:
    if keys == "strict" and "template:" in INDEXES[name]:
        return
    app = open_service(schema(name, keys))
    entity = app["thing"]

    @settings(FEW)
    @given(st.lists(STEP, min_size=1, max_size=5))
    def law(steps: list[tuple[Any, ...]]) -> None:
        for number in ("1", "2"):
            entity.delete(**KEY, id=number).go()
        for step in steps:
            run(entity, step)
        assert app.doctor(full=True, segments=1).findings == ()

    law()


LEGACY: Final = """
entity: account
version: "1"
service: billing
attributes:
  account: {type: string, required: true, field: accountId}
  invoice: {type: integer, required: true}
  mail:    {type: string}
  region:  string
  label:   {type: string, derive: "join('/', [account, region || '-'])"}
indexes:
  own: {pk: {field: accountId, composite: [account]}, sk: {field: invoice, composite: [invoice]}}
  by_region:
    index: gsi1
    when: "region != 'none'"
    pk: {field: gsi1pk, template: "REGION#${region}", casing: none}
    sk: {field: gsi1sk, template: "ACC#${account}#${label}", casing: none}
  by_mail:
    index: gsi2
    pk: {field: mail, composite: [mail], casing: upper}
    sk: {field: gsi2sk, composite: [account]}
"""


def test_attributes_in_the_fields_of_keys_keep_their_case_elsewhere(open_service: Open) -> None:
    app = open_service(LEGACY)
    account = app.entities.account

    @settings(FEW, max_examples=15)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["put", "create", "upsert", "patch", "delete"]),
                st.sampled_from(["Acc", "acc", "B"]),
                st.fixed_dictionaries(
                    {},
                    optional={
                        "mail": st.sampled_from(["m@X", "M@x", "n"]),
                        "region": st.sampled_from(["EU", "eu", "none"]),
                    },
                ),
            ),
            min_size=1,
            max_size=6,
        )
    )
    def law(steps: list[tuple[str, str, dict[str, str]]]) -> None:
        empty(app, "accountId", "invoice")
        for verb, name, values in steps:
            key = {"account": name, "invoice": 1}
            with suppress(*REFUSALS):
                if verb == "patch":
                    account.patch(**key).set(**values).composite(account=name).go()
                elif verb == "delete":
                    account.delete(**key).go()
                else:
                    getattr(account, verb)(**key, **values).go()
        assert app.doctor(full=True).findings == ()

    law()
