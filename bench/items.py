"""The stored items: 12 attributes and about 600 bytes each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

TABLE: Final = "bench"
STATION: Final = "s"
"""The partition that is read as a whole. It has `IN_PARTITION` items."""
IN_PARTITION: Final = 1000
BATCH: Final = 25
PER_STATION: Final = 5000
"""How many items a partition of the large table has: several pages."""

SCHEMA: Final = """
entity: readings
alias: reading
version: "1"
service: bench
attributes:
  station: {type: string, required: true}
  number: {type: integer, required: true, min: 0, padding: {length: 7, char: "0"}}
  kind: {type: [wind, rain]}
  value: number
  unit: string
  note: string
  done: boolean
  tags: {type: set, items: string}
  at: timestamp
  place: {type: map, properties: {lat: number, lon: number}}
  source: string
  body: string
indexes:
  readings:
    pk: {field: pk, composite: [station]}
    sk: {field: sk, composite: [number]}
"""

_NOW: Final = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)


def station_of(number: int) -> str:
    """Return the partition of an item in the large table."""
    return f"s{number // PER_STATION}"


def reading(number: int, station: str = STATION) -> dict[str, Any]:
    """Return an item with varied values, as in practice."""
    return {
        "station": station,
        "number": number,
        "kind": "wind" if number % 3 else "rain",
        "value": number / 8 + 0.5,
        "unit": "m/s" if number % 3 else "mm/h",
        "note": f"seen by observer {number % 500}",
        "done": True,
        "tags": ["a", f"tag {number % 7}"],
        "at": _NOW.replace(microsecond=number % 1000 * 1000),
        "place": {"lat": 45.5 + number / 1024, "lon": 4.25},
        "source": f"mast {number % 40}",
        "body": f"{number:07}" + "x" * 370,
    }
