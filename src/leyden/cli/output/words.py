"""Counts in words."""

from __future__ import annotations


def plural(count: int, noun: str, several: str | None = None) -> str:
    """`1 item`, `2 items`; `several` where an `s` does not make it: `3 entities`."""
    return f"{count} {noun if count == 1 else several or noun + 's'}"


def capacity(units: float) -> str:
    """`1 capacity unit`, `2.5 capacity units`."""
    return f"{units:g} capacity unit{'' if units == 1 else 's'}"
