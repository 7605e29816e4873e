"""Ids of invocations."""

from __future__ import annotations

import os
from uuid import UUID

import pytest

from leyden.drivers.lean.endpoint import new_invocation


def test_they_are_uuids_of_version_4_and_differ() -> None:
    ids = [new_invocation() for _ in range(1000)]

    assert len({*ids}) == len(ids)
    assert {UUID(one).version for one in ids} == {4}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_makes_others() -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, new_invocation().encode())
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(reading, 100).decode() != new_invocation()
