"""What a plan says: counts, costs and samples, without a secret in them; and the logbook's item."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import leyden
from leyden.migration import (
    Counts,
    Entry,
    Failure,
    Logbook,
    MigrationPlan,
    is_progress,
    progress_key,
    read_progress,
)
from leyden.migration.planning import units_of
from leyden.operations.companions.moving.company import Prepared
from leyden.program import Program
from tests.operations.migrating.cases import CASES, OLD, Case
from tests.operations.moving.support import moving, stored

SECRETS = deepcopy(OLD)
SECRETS["attributes"] |= {
    "email": {"type": "string", "hidden": True},
    "salary": {"type": "number", "encrypt": True},
    "card": {"type": "map", "properties": {"number": {"type": "string", "hidden": True}}},
}
SECRETS["indexes"]["by_email"] = {
    "index": "gsi2",
    "pk": {"field": "gsi2pk", "composite": ["email"]},
    "sk": {"field": "gsi2sk", "composite": ["id"]},
}
SHOWN = deepcopy(SECRETS)
SHOWN["version"] = "2"
SHOWN["attributes"]["contact"] = "string"
SHOWN["attributes"]["headline"] = "string"
CHANGE = {
    "attributes": {
        "contact": {"value": "email"},
        "headline": {"value": "join(' ', [id, kind])"},
    },
    "remove": ["legacy_password"],
}
KEYS = {"k1": b"0" * 32}


class Plans:
    """A table, and what a migration of it would do."""

    def __init__(self, case: Case, engine: Any, table: str, **options: Any) -> None:
        self.case = case
        self.old = leyden.load(case.old, table=table, engine=engine, **options)
        self.new = leyden.load(case.new, table=table, engine=engine, **options)
        self.old.create_table()

    def plan(self, **options: Any) -> MigrationPlan:
        return self.new.migrate(self.case.migration, dry_run=True, **options)


def test_a_sample_shows_no_secret_and_no_key_that_is_made_of_one(
    engine: Any, table_name: str
) -> None:
    plans = Plans(Case("s", SECRETS, SHOWN, CHANGE), engine, table_name, encryption_keys=KEYS)
    plans.old.entities.task.put(
        team="t", id="i", kind="bug", email="ada@x.org", salary=77, card={"number": "4711"}
    ).go()
    raw = plans.old.entities.task.scan.go(data="raw").items[0]
    item = {**raw, "legacy_password": {"S": "letmein"}}
    plans.old.driver.send(
        leyden.program.Request("PutItem", {"TableName": table_name, "Item": item})
    )
    (sample,) = plans.plan().samples
    by_field = {change.field: change for change in sample.changes}
    assert by_field["contact"].masked
    assert by_field["headline"].after == {"S": "i bug"}
    assert by_field["headline"].before is None
    assert not {"legacy_password"} & {n for n, one in by_field.items() if not one.masked}
    told = repr([(c.field, c.before, c.after) for c in sample.changes])
    for secret in ("ada", "77", "4711", "letmein"):
        assert secret not in told
    assert sample.key == {name: raw[name] for name in ("pk", "sk")}


def test_ten_samples_are_of_as_many_kinds_as_there_are(engine: Any, table_name: str) -> None:
    folding = next(case for case in CASES if case.name == "casing")
    plans = Plans(folding, engine, table_name)
    for n in range(30):
        # What has no capital letters keeps its key, and its text.
        plans.old.entities.task.put(team="t", id=f"{'X' if n % 3 else 'x'}{n}", kind="bug").go()
    plan = plans.plan()
    (entity,) = plan.entities
    assert (entity.moves, entity.changes, entity.done, plan.scanned) == (20, 0, 10, 30)
    assert len(plan.samples) == 10
    assert plan.writes == 20


def test_costs_are_near_what_the_run_consumes(engine: Any, table_name: str) -> None:
    if type(engine).__name__ == "LocalEngine":
        # This engine does not count what indexes and transactions cost.
        return
    for case in CASES:
        name = f"{table_name}-{case.name.replace(' ', '-')}"
        plans = Plans(case, engine, name)
        for n in range(25):
            note = "x" * (n * 100)
            plans.old.entities.task.put(
                team="T", id=f"I{n}", kind="bug", employee=f"e{n}", note=note
            ).go()
        plan = plans.plan(rate=200)
        report = plans.new.migrate(case.migration)
        said = plan.read_units + plan.write_units
        assert 0.6 < report.consumed / said < 1.8, (case.name, report.consumed, said)
        assert plan.seconds == said / 200


def prepared(case: Case, size: int) -> Prepared:
    way = moving(case.old, case.new, case.change)
    before = stored(way.earlier, team="T", id="I", kind="bug", employee="e", note="x" * size)
    after = way.forward(before)
    keys = [{name: item[name] for name in ("pk", "sk")} for item in (before, after)]
    return Prepared(before, after, *keys)


def test_a_write_costs_a_unit_a_kilobyte_twice_in_a_transaction_and_more_in_indexes() -> None:
    in_place = next(case for case in CASES if case.name == "in place")
    label = next(case for case in CASES if case.name == "label")
    definition = leyden.load(
        OLD, table="t", endpoint_url="http://127.0.0.1:1", region="x"
    ).table_definition
    # The item, and the one index that it is in: its entry gets another key.
    assert units_of(prepared(in_place, 10), definition) == 1 + 2
    assert units_of(prepared(in_place, 3000), definition) == 4 + 8
    assert units_of(prepared(label, 10), definition) == 2 * (2 + 2)
    assert units_of(prepared(label, 10), definition, is_copied=True) == 2


texts = st.text("abc\u00e9", min_size=1, max_size=5)
keys = st.fixed_dictionaries({"pk": st.builds(lambda t: {"S": t}, texts)})
entries = st.builds(
    Entry,
    name=st.just("n"),
    phase=st.sampled_from(["running", "verified", "committed"]),
    turn=st.integers(1, 9),
    counts=st.builds(Counts, *[st.integers(0, 10**9)] * 5),
    moved=st.integers(0, 10**9),
    positions=st.lists(st.none() | st.just({}) | keys, max_size=4).map(tuple),
    failures=st.lists(
        st.builds(Failure, alias=texts, key=keys, code=texts, reason=texts), max_size=3
    ).map(tuple),
    began=texts,
)


@given(entries)
def test_the_logbook_reads_what_it_wrote(entry: Entry) -> None:
    definition = leyden.load(
        OLD, table="t", endpoint_url="http://127.0.0.1:1", region="x"
    ).table_definition
    book = Logbook(definition, "t", "n", "migrate")
    written: dict[str, Any] = {}

    def run(program: Program[Any]) -> Any:
        try:
            step = next(program)
            while True:
                if step.api == "PutItem":
                    written.update(step.params["Item"])
                    step = program.send({})
                else:
                    step = program.send({"Item": dict(written)} if written else {})
        except StopIteration as end:
            return end.value

    assert run(book.read()) is None
    run(book.save(entry))
    assert is_progress(written)
    assert read_progress(written) == entry
    assert {name: written[name] for name in ("pk", "sk")} == progress_key(definition, "n")
    assert run(Logbook(definition, "t", "n", "migrate").read()) == entry


@pytest.mark.parametrize(("kind", "wanted"), [("S", str), ("N", str), ("B", bytes)])
def test_the_progress_has_a_key_in_every_kind_of_table(kind: str, wanted: type) -> None:
    from leyden.mapping.table import TableDefinition

    definition = TableDefinition("t", "id", None, {"id": kind}, {})
    first, second = (progress_key(definition, name) for name in ("a", "b"))
    assert first != second
    assert first.keys() == {"id"}
    assert isinstance(first["id"][kind], wanted)
