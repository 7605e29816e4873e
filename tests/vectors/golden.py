"""The golden operations, as pytest parameters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from attrs import frozen

FILE: Final = Path(__file__).with_name("vectors.json")


@frozen
class Vector:
    """One operation on one of the services, and what is expected of it."""

    id: str
    table: str
    models: dict[str, Any]
    op: dict[str, Any]
    expect: dict[str, Any]


def vectors() -> list[Vector]:
    """All of them, in the order of the file."""
    services = json.loads(FILE.read_text(encoding="utf-8"))
    return [
        Vector(case["id"], service["table"], service["entities"], case["op"], case["expect"])
        for service in services.values()
        for case in service["cases"]
    ]
