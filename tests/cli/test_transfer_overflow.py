"""Large values survive an export and an import."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import leyden
from leyden.engine import LocalEngine
from tests.cli.conftest import leyden_command
from tests.conformance.notes import KEY, NOTES, check_whole, noise


@pytest.mark.parametrize("only", [(), ("--entity", "note")], ids=["all", "entity"])
def test_parts_go_with_their_items(
    cli_engine: LocalEngine, tmp_path: Path, only: tuple[str, ...]
) -> None:
    schema = tmp_path / "notes.yaml"
    schema.write_text(NOTES)
    place = ("--endpoint-url", cli_engine.endpoint_url)
    texts = [noise(1_000_000), "ab" * 300_000, "short"]
    tables = [f"notes-{tmp_path.name}-{n}" for n in range(2)]
    services = [leyden.load(NOTES, table=table, engine=cli_engine) for table in tables]
    for service in services:
        service.create_table()
    for n, text in enumerate(texts):
        services[0].entities.note.put(**{**KEY, "page": str(n)}, text=text).go()
    file = str(tmp_path / "all.jsonl")
    done = leyden_command(
        "export", str(schema), "--to", file, "--table", tables[0], *place, *only, "--json"
    )
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["items"] == 5
    done = leyden_command("import", str(schema), file, "--table", tables[1], *place)
    assert done.exit_code == 0, done.stderr
    found = services[1].entities.note.query.book(book="b").go()
    assert [one.text for one in found] == texts
    assert check_whole(services[1]) == {"items": 3, "parts": 2}
    for service in services:
        service.close()
