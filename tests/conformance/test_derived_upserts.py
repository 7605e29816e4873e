"""What an upsert derives for a new item is no answer about a stored one that it does not know."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import leyden
from leyden.errors import (
    ConditionFailedError,
    MissingCompositeError,
    TransactionCanceledError,
)
from tests.conformance.test_index_laws import answers_as_a_scan, raw_items

HEAD = """
entity: thing
version: "1"
service: derived
attributes:
  org:  {type: string, required: true}
  id:   {type: string, required: true}
  a:    string
  c:    string
  size: {type: integer, derive: "length(c || 'none')"}
  lone: {type: string, derive: "!c && 'yes' || ''"}
  gone: {type: string, derive: "!a && 'yes' || to_string(`null`)"}
  same: {type: string, derive: "join('-', [org, id])"}
indexes:
  own: {pk: {field: pk, composite: [org]}, sk: {field: sk, composite: [id]}}
  found: {index: gsi1, """
INDEXES = {
    "fallback": "pk: {field: p1, composite: [org]}, sk: {field: s1, composite: [size]}}",
    "partition": "pk: {field: p1, composite: [size]}, sk: {field: s1, composite: [id]}}",
    "behind another": "pk: {field: p1, composite: [a]}, sk: {field: s1, composite: [size]}}",
    "absence": "pk: {field: p1, composite: [org]}, sk: {field: s1, composite: [lone]}}",
    "condition": 'when: "!size", pk: {field: p1, composite: [org]}, '
    "sk: {field: s1, composite: [id]}}",
    "of its key": "pk: {field: p1, composite: [org]}, sk: {field: s1, composite: [same]}}",
}
KEY = {"org": "o", "id": "1"}


@pytest.fixture
def service(open_service: Callable[..., leyden.Service], request: Any) -> leyden.Service:
    return open_service(HEAD + INDEXES[request.param] + "\n")


def of(*names: str) -> Any:
    return pytest.mark.parametrize("service", names, indirect=True, ids=names)


@of("fallback", "behind another")
def test_an_item_without_the_derived_value_gets_none_beside_its_keys(
    service: leyden.Service,
) -> None:
    thing = service["thing"]
    thing.update(**KEY).set(a="x").go()
    before = raw_items(thing)
    with pytest.raises(ConditionFailedError) as caught:
        thing.upsert(**KEY).go()
    assert 'the stored item has no "size", which is derived from "c"' in str(caught.value)
    assert 'say with .composite() what it has of "c" (None for none)' in str(caught.value)
    with pytest.raises(TransactionCanceledError) as canceled:
        service.transact_write([thing.upsert(**KEY)]).go()
    assert [one.reason for one in canceled.value.rejections] == ["condition"]
    assert raw_items(thing) == before
    thing.upsert(**KEY).composite(c=None, a="x").go()
    values = {"org": "o", "a": "x", "size": 4, "id": "1"}
    pattern = thing._bound.keys["found"].spec
    wanted = {name: values[name] for name in pattern.composites}
    assert [one.size for one in thing.query.found(**wanted).go()] == [4]


@of("fallback")
def test_an_item_that_has_the_value_keeps_it_and_one_that_nothing_shows_is_given_it(
    service: leyden.Service,
) -> None:
    thing = service["thing"]
    thing.put(**KEY, c="longer").go()
    thing.upsert(**KEY, a="y").composite(a=None).go()
    thing.upsert(org="o", id="2").go()
    sizes = {one.id: one.size for one in thing.query.found(org="o").go()}
    assert sizes == {"1": 6, "2": 4}


STEP = st.tuples(
    st.sampled_from(["put", "upsert", "update", "patch", "told"]),
    st.fixed_dictionaries(
        {}, optional={"a": st.sampled_from(["x", "y"]), "c": st.sampled_from(["p", "long"])}
    ),
)


@of(*INDEXES)
def test_queries_by_derived_values_find_what_a_scan_finds(service: leyden.Service) -> None:
    thing = service["thing"]
    mapping = thing.mapping

    def write(verb: str, values: dict[str, Any]) -> None:
        if verb in ("update", "patch"):
            getattr(thing, verb)(**KEY).set(**values).go()
        elif verb == "told":
            stored = thing.get(**KEY).go(consistent=True)
            told = {name: getattr(stored, name, None) for name in ("a", "c")}
            told = {name: value for name, value in told.items() if name not in values}
            thing.upsert(**KEY, **values).composite(**told).go()
        else:
            getattr(thing, verb)(**KEY, **values).go()

    @settings(
        max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(st.lists(STEP, min_size=1, max_size=4))
    def law(steps: list[tuple[str, dict[str, Any]]]) -> None:
        thing.delete(**KEY).go()
        for verb, values in steps:
            with suppress(ConditionFailedError, MissingCompositeError):
                write(verb, values)
        held = [mapping.decode_values(item) for item in raw_items(thing)]
        for values in held:
            present = {name: value for name, value in values.items() if value is not None}
            derived = mapping.derived(
                {name: value for name, value in present.items() if name not in mapping.derivations}
            )
            for name in derived.keys() & present.keys():
                assert present[name] == derived[name], (name, present)
        answers_as_a_scan(thing, thing._bound.keys["found"], held)

    law()
