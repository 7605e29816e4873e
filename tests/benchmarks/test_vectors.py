"""The clients that read a page of vectors read the same numbers."""

from __future__ import annotations

from array import array

import pytest
from bench import vectors


def test_every_client_reads_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "PAGE", 2)
    found = {name: read() for name, read in vectors.reads().items()}
    given = [array("f", vectors.embedding(number)) for number in range(2)]
    for name in ("leyden", "leyden, as batches are read"):
        records = found[name]["Items"] if name == "leyden" else found[name]
        assert [array("f", record.embedding) for record in records] == given
    assert not any(hasattr(r, "embedding") for r in found["leyden, deferred"]["Items"])
    stored = [item["embedding"]["L"] for item in found["boto3 client"]["Items"]]
    assert [array("f", [float(part["N"]) for part in one]) for one in stored] == given
    assert [array("f", map(float, i["embedding"])) for i in found["boto3 table"]] == given


def test_every_client_makes_the_same_item() -> None:
    made = {name: make() for name, make in vectors.writes().items()}
    mine = made["leyden"]["Item"]["embedding"]["L"]
    theirs = made["boto3 table"]["embedding"]["L"]
    assert array("f", [float(part["N"]) for part in mine]) == array(
        "f", [float(part["N"]) for part in theirs]
    )
