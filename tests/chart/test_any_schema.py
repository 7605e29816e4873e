"""Whatever schema loads can be drawn, and the drawing holds together."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, settings

from leyden.chart import chart_html, chart_mermaid, drawing_svg
from leyden.chart.boards import chart_of
from leyden.schema import check_service
from tests.chart.drawn import check_drawing
from tests.chart.parsed import grid, parse
from tests.interop.leyden_side import to_service
from tests.interop.models import models


@settings(max_examples=40)
@given(model=models())
def test_its_tables_are_regular_and_its_boxes_close(model: dict[str, Any]) -> None:
    spec = check_service(to_service({"thing": model})).service
    assume(spec is not None)
    assert spec is not None
    for table in parse(chart_html(spec)).all("table"):
        assert len({len(row) for row in grid(table)}) == 1
    text = chart_mermaid(spec)
    opened = sum(line.strip().startswith("subgraph ") for line in text.splitlines())
    assert opened == sum(line.strip() == "end" for line in text.splitlines())
    for board in chart_of(spec, 3).boards:
        check_drawing(drawing_svg(spec, index=board.index), board)
        for group in board.groups:
            assert len({tuple(key.text for key in row.partition) for row in group.rows}) == 1
            bands = [(band.start, band.end) for band in group.bands]
            assert all(0 <= start < end <= len(group.rows) for start, end in bands)
