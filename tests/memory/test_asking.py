"""What a recall cost, counted step by step."""

from __future__ import annotations

from typing import Any

import pytest

from leyden.errors import LeydenError
from leyden.memory import Cost, Sent
from leyden.memory.asking import Meter
from leyden.program import Gather, Pause, Program, Request, Work


def test_every_request_is_counted_with_its_index_and_its_cost() -> None:
    get = Request("GetItem", {"TableName": "t"})
    query = Request("Query", {"TableName": "t", "IndexName": "gsi1"})

    def program() -> Program[str]:
        yield get
        yield Pause(0.0)
        yield Gather((query, Work(lambda: None), get), 3)
        try:
            yield query
        except LeydenError:
            return "done"
        raise AssertionError

    def units(number: float) -> dict[str, Any]:
        return {"ConsumedCapacity": {"CapacityUnits": number}}

    meter = Meter()
    counted = meter.over(program())
    assert next(counted) is get
    counted.send(units(0.5))
    counted.send(None)
    counted.send([units(1.5), None, LeydenError("throttled")])
    with pytest.raises(StopIteration) as end:
        counted.throw(LeydenError("gone"))
    assert end.value.value == "done"
    assert meter.cost == Cost(
        requests=4,
        consumed=2.0,
        sent=(
            Sent("GetItem", None, 0.5),
            Sent("Query", "gsi1", 1.5),
            Sent("GetItem", None, None),
            Sent("Query", "gsi1", None),
        ),
    )
