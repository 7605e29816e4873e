"""TABLE_SETUP.md is what the schemas of the memory table make of it, with its vector index."""

from __future__ import annotations

from tools.site.pages import ROOT

from leyden.memory import with_vectors
from leyden.provision import markdown
from leyden.schema import load_service

MADE_BY = "schemas/memory --vectors 1536"


def test_the_page_says_what_the_schemas_need() -> None:
    service = with_vectors(load_service(ROOT / "schemas" / "memory"), 1536)
    assert service.table.table is not None
    page = (ROOT / "TABLE_SETUP.md").read_text(encoding="utf-8")
    assert page == markdown(service, service.table.table, source=MADE_BY), (
        f"write it again: leyden table {MADE_BY} --format markdown > TABLE_SETUP.md"
    )
