"""Searches on an engine that has no vector indexes."""

from __future__ import annotations

from typing import Any

import pytest

from leyden.errors import UnsupportedError
from tests.conformance.conftest import Open
from tests.conformance.test_searches import notes


@pytest.mark.parametrize(
    "engine", [pytest.param("dynamodb_local", marks=pytest.mark.java)], indirect=True
)
def test_a_search_says_that_the_engine_does_not_know_it(engine: Any, open_service: Open) -> None:
    note = open_service(notes("cosine"), create=False).entities.note
    with pytest.raises(
        UnsupportedError, match="the endpoint does not know SearchVectors"
    ) as caught:
        note.search.similar([1, 0, 0, 0, 0], tenant_id="t1").go()
    assert caught.value.operation == "note.search.similar"
    assert "endpoint_url=" in str(caught.value)
