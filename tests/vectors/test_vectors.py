"""Every golden operation, through the public API, gives the request that ElectroDB builds."""

from __future__ import annotations

from functools import cache
from typing import Final

import pytest

import leyden
from leyden.errors import LeydenError, MissingCompositeError, ValidationError
from tests.interop.leyden_side import Words, to_service
from tests.vectors.canonical import (
    Guard,
    as_text,
    canonical,
    identity,
    index_fields,
    without_guards,
)
from tests.vectors.golden import FILE, Vector, vectors

ERRORS: Final[dict[int, type[LeydenError]]] = {
    2002: MissingCompositeError,
    3001: ValidationError,
}


@cache
def _words(service: str) -> Words:
    vector = next(vector for vector in vectors() if vector.id.startswith(f"{service}-"))
    return Words(leyden.load(to_service(vector.models), table=vector.table), vector.models)


def guard_of(vector: Vector) -> Guard:
    """What a collision guard may compare in the operation: the composites of the item's key."""
    op = vector.op
    model = vector.models[op["entity"]] if "entity" in op else {"attributes": {}, "indexes": {}}
    given = {**op.get("key", {}), **op.get("item", {})}
    primary = [index for index in model["indexes"].values() if "index" not in index]
    halves = [index[half] for index in primary for half in ("pk", "sk") if half in index]
    values = {
        model["attributes"][name].get("field", name): given[name]
        for half in halves
        for name in half["composite"]
        if name in given
    }
    fields = [half["field"] for half in halves]
    return Guard(fields, {**values, **identity(model)}, index_fields(model))


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.id)
def test_leyden_builds_what_electrodb_builds(vector: Vector) -> None:
    words = _words(vector.id.rpartition("-")[0])
    if "error" in vector.expect:
        with pytest.raises(ERRORS[vector.expect["error"]["code"]]):
            words.params(vector.op)
        return
    expected = vector.expect["request"]
    request = canonical(words.params(vector.op))
    if isinstance(request, dict):
        request = without_guards(request, expected, guard_of(vector))
    assert as_text(request) == as_text(expected)


def test_the_golden_data_is_whole() -> None:
    assert len(vectors()) == 111, FILE
