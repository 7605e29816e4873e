from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime

import pytest

from leyden.mapping import moment


def test_uuid7_is_version_7_of_its_rfc_and_carries_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(moment.uuid7())
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    # Counting on within one millisecond may run a little ahead of the clock.
    assert before - 1 <= made.int >> 80 <= after + 1


@pytest.mark.parametrize("make", [moment.uuid7, moment.ulid])
def test_ids_of_one_process_are_in_order_and_unique(make: object) -> None:
    assert callable(make)
    made = [make() for _ in range(5000)]
    assert made == sorted(set(made))


@pytest.mark.parametrize("make", [moment.uuid7, moment.ulid])
def test_ids_stay_in_order_when_the_clock_steps_back(
    make: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(make)
    first = make()
    monkeypatch.setattr(time, "time_ns", lambda: 1_000_000_000)
    second = make()
    monkeypatch.undo()
    assert first < second < make()


def test_a_millisecond_that_runs_out_of_bits_borrows_from_the_next() -> None:
    ticks = moment._Ticks(4)
    made = [ticks.next() for _ in range(200)]
    assert made == sorted(made)
    assert len(set(made)) == 200


def test_a_ulid_has_26_characters_of_crockfords_alphabet() -> None:
    made = moment.ulid()
    assert len(made) == 26
    assert set(made) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert made[0] in "01234567"


def test_now_is_in_utc_and_cut_to_milliseconds() -> None:
    now = moment.present()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
    assert abs((datetime.now(UTC) - now).total_seconds()) < 5


def test_uuid4_is_random() -> None:
    assert uuid.UUID(moment.uuid4()).version == 4
    assert moment.uuid4() != moment.uuid4()
