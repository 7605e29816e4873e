"""TABLE_SETUP.md is what the schemas of the memory table make of it."""

from __future__ import annotations

from leyden.provision import markdown
from leyden.schema import load_service
from tests.docs.examples import ROOT


def test_the_page_says_what_the_schemas_need() -> None:
    service = load_service(ROOT / "schemas" / "memory")
    assert service.table.table is not None
    page = (ROOT / "TABLE_SETUP.md").read_text(encoding="utf-8")
    assert page == markdown(service, service.table.table), (
        "write it again: leyden table schemas/memory --format markdown > TABLE_SETUP.md"
    )
