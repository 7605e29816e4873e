"""The pictures that are kept beside the tests and in the README.

`python -m tests.chart.goldens` draws them anew.
Look at what `git diff` says of them, and at the drawings themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from tools.site.pages import blocks

from leyden.chart import chart_mermaid, drawing_svg
from leyden.schema import ServiceSpec, load_service

ROOT: Final = Path(__file__).parents[2]
GOLDEN: Final = Path(__file__).parent / "golden"


TABLE: Final = ROOT / "docs" / "_static" / "table.svg"
"""The drawing in the README."""

SHOP_ITEMS: Final = {
    "customer": [
        {"customer_id": "c1", "name": "Ada", "joined_at": "2026-01-14T08:30:00Z"},
        {"customer_id": "c2", "name": "Grace", "joined_at": "2026-01-20T16:05:00Z"},
    ],
    "order": [
        {
            "customer_id": customer,
            "order_id": order,
            "status": status,
            "total": total,
            "placed_at": placed,
        }
        for customer, order, status, total, placed in (
            ("c1", "o1", "sent", Decimal("19.90"), "2026-02-03T09:15:00Z"),
            ("c1", "o2", "open", 5, "2026-02-04T10:00:00Z"),
            ("c2", "o3", "open", Decimal("42.50"), "2026-02-04T11:20:00Z"),
        )
    ],
}


def shop() -> ServiceSpec:
    """The two entities of the tour, whose table the README shows."""
    written = [
        block.text
        for block in blocks(ROOT / "docs" / "tour.md")
        if block.language == "yaml" and block.text.startswith("# schemas/shop/")
    ]
    return load_service("\n---\n".join(written))


def pictures() -> Iterator[tuple[Path, str]]:
    """Each file, and what is in it."""
    taskapp = load_service(ROOT / "schemas" / "taskapp")
    yield GOLDEN / "taskapp.mmd", chart_mermaid(taskapp)
    yield GOLDEN / "taskapp.svg", drawing_svg(taskapp, title="Tasks")
    yield GOLDEN / "taskapp-gsi2.svg", drawing_svg(taskapp, index="gsi2")
    yield TABLE, drawing_svg(shop(), examples=SHOP_ITEMS)


def main() -> None:
    """Write every file."""
    for path, text in pictures():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
