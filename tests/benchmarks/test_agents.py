"""The page about the adapters says what was measured, and what counts and checks can be trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import boto3
import botocore.session
import pytest
from bench import report as bench_report
from bench.agents import report
from bench.agents.contestants import HISTORIES, SAVERS, STORAGES, STORES
from bench.agents.counting import Meter, middle, share, transaction_units
from bench.agents.texts import failure, text
from bench.measuring import Figures
from botocore.exceptions import ClientError
from tools.soak.agents_ledger import (
    Ledger,
    Step,
    Told,
    letters_of,
    pop_faults,
    saver_faults,
    session_faults,
    told,
    writes_of,
)

import leyden
from leyden.errors import ItemNotFoundError

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def figures() -> Figures:
    return report.read()


# --- the page


def test_what_the_page_says_is_what_was_measured(figures: Figures) -> None:
    whole = (report.ROOT / report.PAGE).read_text(encoding="utf-8")
    _, inside, _ = bench_report.between(whole, report.BEGIN, report.END)
    assert inside == report.page(figures).strip("\n")


def test_what_the_page_says_of_the_soak_is_what_happened() -> None:
    found = json.loads((report.ROOT / report.SOAK).read_text(encoding="utf-8"))
    whole = (report.ROOT / report.PAGE).read_text(encoding="utf-8")
    _, inside, _ = bench_report.between(whole, report.SOAK_BEGIN, report.SOAK_END)
    assert inside == report.soak(found).strip("\n")
    assert [found[part]["faults"] for part in ("add", "pop", "put")] == [[], [], []]


def test_the_drawing_is_that_of_the_figures(figures: Figures) -> None:
    drawn = report.draw(figures)
    assert (report.ROOT / report.DRAWING).read_text(encoding="utf-8") == drawn
    root = ElementTree.fromstring(drawn)
    for bar in root.iter(f"{SVG}rect"):
        assert float(bar.get("x", 0)) + float(bar.attrib["width"]) <= float(root.attrib["width"])


def test_all_packages_are_in_the_figures(figures: Figures) -> None:
    parts = {"savers": SAVERS, "chats": SAVERS, "histories": HISTORIES}
    parts |= {"stores": STORES, "storages": STORAGES}
    for part, contestants in parts.items():
        assert [*figures[part]] == [one.name for one in contestants]
        assert all(one.package in figures["versions"] for one in contestants)


def test_the_page_is_written_between_its_marks(figures: Figures, tmp_path: Path) -> None:
    page = tmp_path / report.PAGE
    page.parent.mkdir()
    page.write_text(f"# Figures\n\n{report.BEGIN}\nold\n{report.END}\n\nMore.\n", "utf-8")
    report.write(figures, tmp_path)
    written = page.read_text(encoding="utf-8")
    assert written.startswith(f"# Figures\n\n{report.BEGIN}\n\n!")
    assert written.endswith(f"{report.END}\n\nMore.\n")
    assert "old" not in written
    assert report.read(tmp_path) == figures


# --- what counts


def test_requests_and_units_of_boto3_and_of_leyden_are_counted_alike() -> None:
    meter = Meter()
    with (
        leyden.local() as engine,
        leyden.load("schemas/agents/openai_agents", table="t", engine=engine) as app,
    ):
        app.create_table()
        session = boto3.Session(botocore_session=meter.hook(botocore.session.get_session()))
        table = session.resource(
            "dynamodb",
            endpoint_url=engine.endpoint_url,
            region_name=engine.region,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        ).Table("t")
        item = {key["AttributeName"]: "x" for key in table.key_schema}
        with meter.counted() as one:
            table.put_item(Item=item)
            table.get_item(Key=item)
        assert (one.requests, one.writes > 0, one.reads > 0) == (2, True, True)
        with meter.counted() as other:
            app.entities.session.put(session_id="s", generation=1, last=0).go()
            app.entities.session.get(session_id="s").go()
        assert (other.requests, other.writes > 0, other.reads > 0) == (2, True, True)
        missing = {"Key": item, "ConditionExpression": "attribute_exists(nothing)"}
        with meter.counted() as one, pytest.raises(ClientError):
            table.delete_item(**missing)
        with meter.counted() as other, pytest.raises(ItemNotFoundError):
            app.entities.session.patch(session_id="t").set(last=1).go()
        assert (one.failed, other.failed) == (1, 1)


def test_a_transaction_takes_two_units_for_each_started_kilobyte() -> None:
    large = {"Put": {"Item": {"pk": {"S": "x" * 1500}}}}
    small = {"Delete": {"Key": {"pk": {"S": "x"}}}}
    assert transaction_units({"TransactItems": [large, small, small]}) == 4 + 2 + 2


def test_medians_and_shares_are_taken_over_rounds() -> None:
    own = [{"cpu": 1.0}, {"cpu": 3.0}, {"cpu": 2.0}]
    other = [{"cpu": 2.0}, {"cpu": 4.0}, {"cpu": 8.0}]
    assert middle(own) == {"cpu": 2.0}
    assert share(own, other) == 0.5


def test_an_error_is_called_as_dynamodb_calls_it() -> None:
    class RefusedError(Exception):
        def __init__(self) -> None:
            self.response = {"Error": {"Code": "ValidationException"}}

    wrapped = ValueError("wrapped")
    wrapped.__cause__ = RefusedError()
    assert failure(wrapped) == "ValidationException"
    assert failure(KeyError("x")) == "KeyError"
    assert text(5) == text(5) != text(5, 1)


# --- what the soak checks


def _told(*begun: tuple[int, int], done: Any = ()) -> Told:
    return Told({n: {"size": size} for n, size in begun}, {n: {} for n in done})


def test_ledgers_tell_what_was_begun_and_done(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "one")
    ledger.note(kind="add", n=0, **{"is": "begun"}, size=2)
    ledger.note(kind="add", n=0, **{"is": "done"})
    ledger.note(kind="pop", n=7, **{"is": "refused"})
    found = told(ledger.lines(), "add")
    assert (found.next, [*found.begun], [*found.done], found.refused) == (1, [0], [0], set())
    assert told(ledger.lines(), "pop").refused == {7}


def test_messages_that_are_lost_torn_twice_or_out_of_order_are_found() -> None:
    workers = [_told((0, 2), (1, 1), done=(0, 1)), _told((0, 2))]
    good = ["0/0/0", "0/0/1", "0/1/0"]
    assert session_faults(good, workers) == []
    assert session_faults([*good, "1/0/0", "1/0/1"], workers) == []
    assert session_faults(good[:2], workers) == ["0/1 is lost"]
    assert session_faults([*good, "1/0/0"], workers)[0].startswith("1/0 is not together")
    assert "0/1/0 is there twice" in session_faults([*good, "0/1/0"], workers)
    assert "0/1 is out of order" in session_faults(["0/1/0", "0/0/0", "0/0/1"], workers)
    assert session_faults([*good, "2/0/0"], workers) == ["2/0/0 was never added"]


def test_messages_that_two_pops_return_or_none_are_found() -> None:
    before = ["a", "b", "c"]
    assert pop_faults(before, ["a"], ["c", "b"], 0) == []
    assert pop_faults(before, ["a"], ["c"], 1) == []
    assert pop_faults(before, ["a"], ["c"], 0) == [
        "1 messages are gone, and only 0 pops did not tell"
    ]
    assert "c was popped twice" in pop_faults(before, ["a"], ["c", "c", "b"], 0)
    assert "a was popped and is there" in pop_faults(before, ["a"], ["a", "b", "c"], 0)
    assert "what is left is not what was added first" in pop_faults(before, ["b"], ["a", "c"], 0)


def test_checkpoints_that_are_lost_torn_or_out_of_order_are_found() -> None:
    put = [Told({n: {"id": f"id{n}"} for n in (0, 1)}, {0: {}, 1: {}})]
    write = [Told({0: {}, 1: {}}, {1: {}})]

    def step(n: int, **changed: Any) -> Step:
        values = {"by": 0, "n": n, "letters": letters_of(0, n)} | changed
        return Step(f"id{n}", values, [("task-0", *one) for one in writes_of(0, n)])

    assert saver_faults([step(1), step(0)], put, write) == []
    assert saver_faults([step(1)], put, write) == ["checkpoint 0/0 is lost"]
    assert "the checkpoints are not in order" in saver_faults([step(0), step(1)], put, write)
    assert saver_faults([step(1, letters=[]), step(0)], put, write) == ["checkpoint 0/1 is torn"]
    silent = Step("id1", step(1).values, [])
    assert saver_faults([silent, step(0)], put, write) == ["the writes of 0/1 are lost"]
    silent = Step("id0", step(0).values, [])
    assert saver_faults([step(1), silent], put, write) == []
    assert "checkpoint id9 was never put" in saver_faults(
        [Step("id9", {}, []), step(1), step(0)], put, write
    )
