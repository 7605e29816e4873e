"""Where the items of a query are looked for that are still in their earlier form."""

from __future__ import annotations

from typing import Any

import pytest

from leyden.errors import InvalidExpressionError
from leyden.operations.options import DEFAULT, Options
from leyden.operations.plan.earlier import carried, earlier_query, stand_alike
from leyden.operations.plan.key_condition import Range
from tests.operations.moving.support import entity, moving

OWNED: dict[str, Any] = {
    "index": "gsi1",
    "pk": {"field": "gsi1pk", "composite": ["owner"]},
    "sk": {"field": "gsi1sk", "composite": ["points", "task_id"]},
}
ATTRIBUTES: dict[str, Any] = {
    "owner": "string",
    "points": {"type": "integer", "min": 0, "max": 99, "padding": {"length": 2, "char": "0"}},
    "status": "string",
}


def old(**more: Any) -> dict[str, Any]:
    """The earlier schema, whose index has these options besides."""
    return entity(ATTRIBUTES, {"owned": {**OWNED, **more}})


def new(attributes: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Version 2."""
    return entity(attributes or ATTRIBUTES, {"owned": {**OWNED, **more}}, version="2")


def found(
    before: Any, after: Any, values: dict[str, Any], limits: Range | None = None, **options: Any
) -> tuple[str, bool, dict[str, Any], bool]:
    """The earlier access pattern, whether it keeps the order, what it is given, and its range."""
    change = moving(before, after)
    query = earlier_query(
        change, change.entity.keys["owned"], values, limits, Options(**options) or DEFAULT
    )
    reading = query.reading
    return reading.keys.spec.name, query.ordered, dict(reading.values), reading.range is not None


def test_the_access_pattern_of_the_same_name_is_read_in_its_order() -> None:
    assert found(old(), new(), {"owner": "a"}) == ("owned", True, {"owner": "a"}, False)
    limits = Range("gt", {"points": 3})
    assert found(old(), new(), {"owner": "a"}, limits)[3]
    given = {"owner": "a", "points": 3}
    assert found(old(), new(), given) == ("owned", True, given, False)


@pytest.mark.parametrize(
    "sk",
    [
        {"composite": ["task_id", "points"]},
        {"composite": ["points", "task_id"], "casing": "none"},
        {"composite": ["points"]},
    ],
)
def test_what_sorts_in_another_order_is_read_whole(sk: dict[str, Any]) -> None:
    name, ordered, *_ = found(old(sk={"field": "gsi1sk", **sk}), new(), {"owner": "a"})
    assert (name, ordered) == ("owned", False)


def test_a_postfix_that_decides_between_texts_of_one_beginning_keeps_no_order() -> None:
    grouped: dict[str, Any] = {"collection": "work", "type": "clustered"}
    values = {"owner": "a"}
    assert found(old(**grouped), new(**grouped), values)[:2] == ("owned", False)
    last: dict[str, Any] = {"field": "gsi1sk", "composite": ["task_id", "points"]}
    assert found(old(**grouped, sk=last), new(**grouped, sk=last), values)[:2] == ("owned", False)
    number: dict[str, Any] = {"field": "gsi1sk", "composite": ["points"]}
    assert found(old(**grouped, sk=number), new(**grouped, sk=number), values)[:2] == (
        "owned",
        True,
    )


def test_a_sparse_index_has_all_items_only_where_the_new_one_is_as_sparse() -> None:
    sparse: dict[str, Any] = {"when": "status == 'open'"}
    assert found(old(**sparse), new(**sparse), {"owner": "a"})[0] == "owned"
    with pytest.raises(InvalidExpressionError, match="leyden migrate"):
        found(old(**sparse), new(), {"owner": "a"})
    by_project: dict[str, Any] = {"pk": {"field": "gsi1pk", "composite": ["project", "owner"]}}
    given = {"project": "p", "owner": "a"}
    assert found(old(**sparse), new(**by_project), given)[0] == "task"


def test_values_that_a_step_makes_look_for_nothing() -> None:
    before = entity({**ATTRIBUTES, "owner": "string"}, {"owned": OWNED})
    after = new({**ATTRIBUTES, "owner": {"type": "string", "field": "boss"}})
    change = moving(before, after, {"attributes": {"owner": {"value": "join('', ['x', owner])"}}})
    assert "owner" not in carried(change)
    with pytest.raises(InvalidExpressionError, match='"task" can be queried meanwhile'):
        earlier_query(change, change.entity.keys["owned"], {"owner": "a"}, None, DEFAULT)


def test_a_consistent_read_is_not_served_by_a_global_index() -> None:
    change = moving(old(), new())
    with pytest.raises(InvalidExpressionError):
        earlier_query(
            change, change.entity.keys["owned"], {"owner": "a"}, None, Options(consistent=True)
        )


def test_items_stand_alike_where_the_keys_of_an_index_say_the_same() -> None:
    renamed: dict[str, Any] = {n: t for n, t in ATTRIBUTES.items() if n != "owner"}
    renamed |= {"boss": {"type": "string", "label": "owner"}}
    pk: dict[str, Any] = {"pk": {"field": "gsi1pk", "composite": ["boss"]}}
    after = entity(renamed, {"owned": {**OWNED, **pk}})
    change = moving(old(), after, {"attributes": {"boss": {"from": "owner"}}})
    assert stand_alike(change, change.entity.keys["owned"])
    assert stand_alike(change, change.entity.keys["task"])
    other = moving(old(), new())
    assert not stand_alike(other, other.entity.keys["owned"])
    assert not stand_alike(other, other.entity.keys["task"])
