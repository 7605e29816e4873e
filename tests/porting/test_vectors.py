"""The golden models are ported, written as YAML and loaded; the golden requests stay the same."""

from __future__ import annotations

from functools import cache

import pytest

from leyden.errors import LeydenError
from leyden.porting import FoundModel, port_service
from leyden.schema import check_service
from tests.porting.renaming import PortedWords, loaded, yaml_of
from tests.vectors.canonical import as_text, canonical, without_guards
from tests.vectors.golden import Vector, vectors
from tests.vectors.test_vectors import ERRORS, guard_of


@cache
def _words(service: str, snake_case: bool) -> PortedWords:
    vector = next(vector for vector in vectors() if vector.id.startswith(f"{service}-"))
    found = [FoundModel(model, alias=alias) for alias, model in vector.models.items()]
    ported = port_service(found, snake_case=snake_case)
    assert not any(model.notes for model in ported.models)
    assert not check_service(yaml_of(ported)).errors
    return PortedWords(loaded(ported, vector.table), vector.models, ported)


@pytest.mark.parametrize("snake_case", [False, True], ids=["own-names", "snake-case"])
@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.id)
def test_a_ported_model_builds_what_electrodb_builds(vector: Vector, snake_case: bool) -> None:
    words = _words(vector.id.rpartition("-")[0], snake_case)
    expect = vector.expect
    if "error" in expect:
        error: type[LeydenError] = ERRORS[expect["error"]["code"]]
        with pytest.raises(error):
            words.params(vector.op)
        return
    request = canonical(words.params(vector.op))
    if isinstance(request, dict):
        request = without_guards(request, expect["request"], guard_of(vector))
    assert as_text(request) == as_text(expect["request"])
