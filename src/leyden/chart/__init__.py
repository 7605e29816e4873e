"""Charts of a service's access patterns: the table as people draw single-table designs.

Layer: reads services and schemas, sends nothing.

>>> from leyden.chart import chart_html                               # doctest: +SKIP
>>> Path("design.html").write_text(chart_html(app))                   # doctest: +SKIP
"""

from __future__ import annotations

from leyden import Service
from leyden.chart.boards import chart_of
from leyden.chart.examples import DEFAULT_COUNT, Given, Hooks
from leyden.chart.mermaid import mermaid
from leyden.chart.page import page
from leyden.schema import ServiceSpec

__all__ = ["chart_html", "chart_mermaid"]


def chart_html(
    service: Service | ServiceSpec,
    *,
    examples: Given = DEFAULT_COUNT,
    hooks: Hooks | None = None,
) -> str:
    """One HTML page that shows the table and each index with example items in key order.

    `examples` is how many items each entity gets, made from the schema and always the same; or
    a mapping of aliases to items of your own. The page needs no network. `hooks` are the
    functions that `{call: NAME}` names; those that are not given let values pass unchanged.

    Raises InvalidOptionError, and InputError for examples that their entity does not take.

    >>> html = chart_html(app, examples={"task": [{"project_id": "p1", "task_id": "t1"}]})
    ...                                                               # doctest: +SKIP
    """
    return page(chart_of(service, examples, hooks))


def chart_mermaid(
    service: Service | ServiceSpec,
    *,
    examples: Given = DEFAULT_COUNT,
    hooks: Hooks | None = None,
) -> str:
    """The same chart as the text of a Mermaid flowchart, for pages that draw these.

    Takes and raises what `chart_html` does.

    >>> print(chart_mermaid(app, examples=2))                         # doctest: +SKIP
    flowchart TB
      subgraph b0["the table: pk, sk"]
      ...
    """
    return mermaid(chart_of(service, examples, hooks))
