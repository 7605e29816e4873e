"""Charts of a service's access patterns: the table as people draw single-table designs.

Layer: reads services and schemas, sends nothing.

>>> from leyden.chart import chart_html                               # doctest: +SKIP
>>> Path("design.html").write_text(chart_html(app))                   # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterable

from leyden import Service
from leyden.chart.boards import chart_of
from leyden.chart.drawing import drawing
from leyden.chart.examples import DEFAULT_COUNT, Given, Hooks
from leyden.chart.mermaid import mermaid
from leyden.chart.page import page
from leyden.program import Item
from leyden.schema import ServiceSpec

__all__ = ["chart_html", "chart_mermaid", "drawing_svg"]


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


def drawing_svg(
    service: Service | ServiceSpec,
    items: Iterable[Item] | None = None,
    *,
    index: str | None = None,
    title: str = "",
    examples: Given = DEFAULT_COUNT,
    hooks: Hooks | None = None,
) -> str:
    """The table, or one index of it, as an SVG that stands alone: for pages, slides and READMEs.

    `items` are items as a table has them, with typed AttributeValues; without them, examples are
    drawn as `chart_html` draws them. A value that is encrypted, or that cannot be read, is shown as
    it is stored. `title` stands above.

    An image in a page follows the reader's light or dark scheme. The text of the SVG in the page
    itself takes the page's colours, where it sets `--leyden-paper`, `--leyden-ink`,
    `--leyden-soft`, `--leyden-line` or `--leyden-faint`.

    Raises InvalidOptionError, InputError for examples that their entity does not take, DecodeError
    for what is no raw item.

    >>> stored = app.driver.run(read_items(app.table)).items          # doctest: +SKIP
    >>> svg = drawing_svg(app, stored, index="gsi1")                  # doctest: +SKIP
    """
    return drawing(chart_of(service, examples, hooks, items=items), index, title)
