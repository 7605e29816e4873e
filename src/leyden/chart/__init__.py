"""Charts of a service's access patterns, drawn as people draw single-table designs.

This package reads services and schemas, and sends nothing.

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
    """Draw the table and each index, with example items in key order, as one HTML page.

    `examples` is the number of items for each entity, which are made from the schema and are always
    the same, or a mapping from aliases to items of your own. The page needs no network. `hooks` are
    the functions that `{call: NAME}` names; where one is missing, values pass unchanged.

    Raises InvalidOptionError, and InputError for examples that do not fit their entity.

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
    """Draw the same chart as a Mermaid flowchart, for pages that render Mermaid text.

    The arguments and errors are those of `chart_html`.

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
    """Draw the table, or one of its indexes, as a self-contained SVG for pages, slides and READMEs.

    `items` are stored items with typed AttributeValues. Without them, the SVG shows the same
    examples as `chart_html`. A value that is encrypted or cannot be read is shown as it is stored.
    `title` is the heading.

    An image in a page follows the reader's light or dark scheme. SVG text that is part of a page
    takes the page's colors, if it sets `--leyden-paper`, `--leyden-ink`, `--leyden-soft`,
    `--leyden-line` or `--leyden-faint`.

    Raises InvalidOptionError, InputError for examples that do not fit their entity, and DecodeError
    for anything but raw items.

    >>> stored = app.driver.run(read_items(app.table)).items          # doctest: +SKIP
    >>> svg = drawing_svg(app, stored, index="gsi1")                  # doctest: +SKIP
    """
    return drawing(chart_of(service, examples, hooks, items=items), index, title)
