"""The work that is measured, and the targets for the figures."""

from __future__ import annotations

from typing import Final

from attrs import frozen

ROUNDS: Final = 9
"""How often to measure each case. The number is odd, so that the median is a measured value."""


@frozen
class Case:
    """Some work, and how many times to do it in a round."""

    name: str
    title: str
    times: int
    beside: str = "boto3"
    """The client whose processor time is 1 in the drawing."""


CASES: Final = (
    Case("get", "get one item", 60),
    Case("put", "put one item", 60),
    Case("query", "query 1,000 items", 3),
    Case("batch", "write a batch of 25", 12),
    Case("params", "build a query's parameters", 400, beside="electrodb"),
)

AT_ONCE: Final = (1, 16, 64, 256)
"""How many gets run concurrently on an event loop."""


@frozen
class Target:
    """The maximum or the minimum of a figure.

    `figure` is a path into the figures.
    """

    title: str
    figure: tuple[str, ...]
    limit: float
    unit: str = ""
    at_least: bool = False


TARGETS: Final = (
    *(
        Target(f"{title}, beside {peer}", ("ratios", case, peer), limit)
        for case, title, limits in (
            ("get", "get", {"boto3": 0.45, "pydynox": 1.0}),
            ("put", "put", {"boto3": 0.45, "pydynox": 1.0}),
            ("query", "query of 1,000", {"boto3": 0.2, "pynamodb": 0.08, "pydynox": 1.0}),
            ("batch", "batch of 25", {"boto3": 0.4}),
        )
        for peer, limit in limits.items()
    ),
    Target("first answer of a fresh process, beside boto3", ("cold", "plain", "boto3"), 0.6),
    Target("the same with a file of configuration", ("cold", "configured", "boto3"), 1.0),
    Target("the same with credentials that are fetched", ("cold", "fetched", "boto3"), 1.0),
    Target("gets a second, 64 at a time, beside aiodynamo", ("rates", "64"), 1.0, at_least=True),
    Target("parameters of the dearest operation", ("offline", "dearest"), 0.03, "ms"),
    Target("loading the memory's schemas", ("offline", "load"), 60, "ms"),
    Target("the same, compiled in a module", ("offline", "load_compiled"), 8, "ms"),
    Target("import leyden, without botocore", ("offline", "import"), 150, "ms"),
    Target("memory of 100,000 records, beside pynamodb", ("offline", "record"), 0.5),
)
