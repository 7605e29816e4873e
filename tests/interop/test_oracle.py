"""The oracle and the canonical form, proven on the golden operations."""

from __future__ import annotations

import pytest

from tests.interop.oracle import Oracle, Refusal
from tests.vectors.canonical import as_text, canonical
from tests.vectors.golden import Vector, vectors

pytestmark = pytest.mark.node


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.id)
def test_electrodb_builds_what_the_golden_data_says(oracle: Oracle, vector: Vector) -> None:
    answer = oracle.ask(vector.models, vector.table, vector.op)
    if "error" in vector.expect:
        assert isinstance(answer, Refusal)
        assert answer.code == vector.expect["error"]["code"]
        assert answer.message.startswith(vector.expect["error"]["message"])
    else:
        assert not isinstance(answer, Refusal), answer
        form = canonical(answer, typed=False)
        assert as_text(form) == as_text(vector.expect["request"])


def test_there_are_all_the_vectors() -> None:
    assert len(vectors()) == 111
