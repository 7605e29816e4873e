"""How items are measured."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.json import encode

from leyden.errors import ItemTooLargeError
from leyden.operations.plan import expressions
from leyden.operations.plan.expressions import item_size, refuse_oversize
from leyden.types.anything import accept_any, encode_any
from tests.mapping.strategies import anythings

items = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    anythings.map(lambda value: encode_any(accept_any(value, "a", 1))),
    max_size=5,
)


@given(items)
def test_the_json_of_an_item_is_never_shorter_than_what_it_counts_for(item: Any) -> None:
    assert len(encode(item)) >= item_size(item)


@given(items, st.integers(0, 80))
def test_just_those_beyond_the_limit_are_refused(item: Any, limit: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(expressions, "ITEM_LIMIT", limit)
        if item_size(item) > limit:
            with pytest.raises(ItemTooLargeError):
                refuse_oversize(item)
        else:
            refuse_oversize(item)
