"""A check-up beside writers: what they are in the middle of is no fault."""

from __future__ import annotations

import random
import threading
from contextlib import suppress

import pytest

import leyden
from leyden.errors import ConditionFailedError, LeydenError, TransactionCanceledError
from leyden.operations.companions.overflow import format as overflow
from leyden.operations.plan import expressions as size
from tests.doctor.clinic import KEYS, SERVICE, noise
from tests.doctor.conftest import Open

TEXTS = (None, "short", noise(5000, 2), noise(9000, 3))


def write(app: leyden.Service, seed: int, end: threading.Event) -> None:
    """Write a few patients again and again, so that guards and parts come and go."""
    choose = random.Random(seed)
    patient = app.entities.patient
    while not end.is_set():
        key = {"clinic": "c", "id": str(choose.randrange(4))}
        values = {
            "email": choose.choice(["a@x", "b@x", "c@x", "d@x"]),
            "ward": choose.choice(["w1", "w2"]),
            "bed": choose.randrange(3),
            "notes": choose.choice(TEXTS),
        }
        values = {name: value for name, value in values.items() if value is not None}
        with suppress(ConditionFailedError, TransactionCanceledError):
            if choose.random() < 0.3:
                patient.delete(**key).go()
            else:
                patient.put(**key, **values).go()


def test_a_check_up_beside_writers_finds_nothing(
    open_service: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(size, "ITEM_LIMIT", 3000)
    monkeypatch.setattr(overflow, "PART_BYTES", 1000)
    app = open_service(SERVICE, encryption_keys=KEYS)
    end = threading.Event()
    failed: list[LeydenError] = []

    def writing(seed: int) -> None:
        try:
            write(app, seed, end)
        except LeydenError as error:
            failed.append(error)

    writers = [threading.Thread(target=writing, args=(seed,)) for seed in range(3)]
    for writer in writers:
        writer.start()
    try:
        found = [
            finding for _ in range(12) for finding in app.doctor(full=True, segments=2).findings
        ]
    finally:
        end.set()
        for writer in writers:
            writer.join()
    assert failed == []
    assert found == []
    assert app.doctor(full=True).findings == ()
