"""What the TypeScript client once read from its own items, our store reads from the same items."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

import leyden
from leyden.errors import InputError
from leyden.store import DynamoDBStore
from tests.store.interop.twins import RawTable
from tests.store.interop.words import Call, facts, snake

ROOT: Final = Path(__file__).resolve().parents[2]


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


ITEMS: Final = _lines(ROOT / "src" / "leyden" / "demo" / "mastra-items.jsonl")
"""Every item that a run of the client left in its table."""

READS: Final = _lines(Path(__file__).with_name("mastra_reads.jsonl"))
"""What the client read of them: domain, method, arguments, and value or error."""

_TIMES: Final = {"createdAt", "updatedAt", "start", "end", "fromDate", "toDate"}


@pytest.fixture(scope="module")
def store() -> Iterator[DynamoDBStore]:
    with (
        leyden.local() as engine,
        DynamoDBStore(table_name="mastra-single-table", client=engine) as store,
    ):
        store.app.create_table()
        table = RawTable(engine, store.table_name)
        for item in ITEMS:
            table.put(item)
        yield store


def _with_times(value: Any, name: str = "") -> Any:
    """JSON with the dates that JavaScript wrote into it as times again."""
    if isinstance(value, list):
        return [_with_times(inner) for inner in value]
    if isinstance(value, dict):
        return {name: _with_times(inner, name) for name, inner in value.items()}
    return datetime.fromisoformat(value) if name in _TIMES and isinstance(value, str) else value


def ours(read: Mapping[str, Any]) -> Call:
    """The recorded call in our words."""
    (given,) = read["args"]
    given = dict(_with_times(given))
    arguments: dict[str, Any] = {}
    paging = {**given.pop("pagination", {})}
    for name, value in {**given.pop("filter", {}), **given, **paging}.items():
        match name:
            case "orderBy":
                value = (snake(value["field"]), value["direction"].lower())
            case "perPage" if value is False:
                value = None
            case "dateRange":
                value = {snake(inner): held for inner, held in value.items()}
            case "include":
                value = [{snake(inner): held for inner, held in one.items()} for one in value]
        arguments[snake(name)] = value
    return Call(f"{read['domain']}.{snake(read['method'])}", arguments)


def _title(read: Mapping[str, Any]) -> str:
    words = re.findall(r"[\w-]+", json.dumps(read["args"], ensure_ascii=True))
    return "-".join([read["method"], *words])[:80]


def test_all_the_items_and_reads_are_there() -> None:
    assert len(ITEMS) == 31
    assert len(READS) == 39


@pytest.mark.parametrize("read", READS, ids=_title)
def test_a_recorded_read_is_answered_equally(store: DynamoDBStore, read: dict[str, Any]) -> None:
    call = ours(read)
    if "error" in read:
        with pytest.raises(InputError):
            call.on(store)
        return
    assert facts(call, call.on(store)) == facts(call, _with_times(read["value"]))
