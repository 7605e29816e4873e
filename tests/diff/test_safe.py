"""What a diff calls safe reads and writes the same, whatever the items."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import event, given, reject, settings
from hypothesis import strategies as st

import leyden
from leyden.diff import Diff, compare
from leyden.errors import (
    DecodeError,
    InputError,
    SchemaError,
)
from leyden.schema import load_service
from tests.diff.schemas import HARMFUL, SAFE, Schema, after, base, bases, values

RICH: dict[str, Any] = {
    "org": "aB", "number": 7, "status": "open", "owner": "Bob", "due": "2026-02-03T09:15:00Z",
    "score": 1.5, "count": -3, "price": Decimal("1.10"), "tags": {"xx"}, "steps": [1], "pin": "pin",
    "detail": {"room": "r", "floor": 1},
}  # fmt: skip
CLOSED: dict[str, Any] = {**RICH, "status": "closed", "count": 5}
HARM: Any = (AssertionError, AttributeError, DecodeError, InputError)
"""How the law of what is safe does not hold."""


def entity_of(schema: Schema) -> leyden.Entity:
    """The one entity of a schema."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = leyden.load(schema, table="t")
    (alias,) = app.entities
    return app[alias]


def names(old: leyden.Entity, new: leyden.Entity) -> dict[str, str]:
    """The old name of each attribute of the new entity that is stored in an old field."""
    by_field = {spec.field: name for name, spec in old.spec.attributes.items()}
    return {
        name: by_field[spec.field]
        for name, spec in new.spec.attributes.items()
        if spec.field in by_field
    }


def reads_alike(one: Any, other: Any, pairs: Mapping[str, str]) -> None:
    """Two records of one item show the same; `pairs` has the names of the second for the first."""
    for mine, theirs in pairs.items():
        assert getattr(one, mine) == getattr(other, theirs), mine


def look_alike(old: leyden.Entity, new: leyden.Entity, given: Mapping[str, Any]) -> object:
    """Whoever writes and whoever reads, items, keys and queries are the same."""
    pairs = names(old, new)
    renamed = {theirs: mine for mine, theirs in pairs.items()}
    assert given.keys() <= renamed.keys()
    now = {renamed[name]: value for name, value in given.items()}
    stored = old.put(given).params()["Item"]
    # What old code writes, new code reads, and writes back as it is.
    record = new.parse(stored)
    reads_alike(record, old.parse(stored), pairs)
    assert new.put(record).params()["Item"] == stored
    # What new code writes of the same values, old code reads, and writes back as it is.
    made = new.put(now).params()["Item"]
    if "status" in given:
        assert made == stored
    seen = old.parse(made)
    reads_alike(new.parse(made), seen, pairs)
    assert old.put(seen).params()["Item"] == made
    # What is asked is the same, so each finds what the other wrote.
    key = {name: given[name] for name in old.spec.primary.composites}
    asked = new.get({renamed[name]: value for name, value in key.items()})
    assert asked.params()["Key"] == old.get(key).params()["Key"]
    patterns = {(i.index, i.pk.field): name for name, i in new.spec.indexes.items()}
    for name, index in old.spec.indexes.items():
        ask = {part: given[part] for part in index.pk.composite}
        mine = old.query[name](**ask).params()
        place = (index.index, index.pk.field)
        assert place in patterns
        theirs = new.query[patterns[place]](
            **{renamed[part]: value for part, value in ask.items()}
        ).params()
        assert theirs == mine


def diff_of(old: Schema, new: Schema) -> Diff:
    """The diff of two schemas."""
    return compare(load_service(old), load_service(new))


@settings(max_examples=min(100, settings().max_examples))
@given(
    bases,
    st.lists(st.sampled_from(sorted(SAFE)), max_size=4, unique=True),
    st.none() | st.sampled_from(sorted(HARMFUL)),
    values(),
)
def test_what_is_called_safe_reads_and_writes_the_same(
    schema: Schema, safe: list[str], harmful: str | None, given: dict[str, Any]
) -> None:
    changes = [SAFE[name] for name in safe]
    try:
        if harmful is not None:
            # First, as it knows attributes by the names that they have in the base.
            changes.insert(0, HARMFUL[harmful])
        changed = after(schema, *changes)
        diff = diff_of(schema, changed)
    except (KeyError, SchemaError):
        # Not all changes go together.
        reject()
    event("safe" if diff.is_safe else "not safe")
    if diff.is_safe:
        look_alike(entity_of(schema), entity_of(changed), given)


@pytest.mark.parametrize("name", SAFE)
def test_what_changes_nothing_for_items_is_safe(name: str) -> None:
    changed = after(base(), SAFE[name])
    assert diff_of(base(), changed).is_safe
    look_alike(entity_of(base()), entity_of(changed), RICH)


@pytest.mark.parametrize("name", HARMFUL)
def test_what_changes_what_is_read_or_written_is_not_called_safe(name: str) -> None:
    changed = after(base(), HARMFUL[name])
    diff = diff_of(base(), changed)
    assert not diff.is_safe
    assert diff.steps
    # And it is harm: the law of what is safe does not hold.
    one, other = entity_of(base()), entity_of(changed)
    with pytest.raises(HARM):
        any(look_alike(one, other, given) for given in (RICH, CLOSED))
