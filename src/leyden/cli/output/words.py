"""Counts in words."""

from __future__ import annotations


def plural(count: int, noun: str) -> str:
    """`1 item`, `2 items`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def capacity(units: float) -> str:
    """`1 capacity unit`, `2.5 capacity units`."""
    return f"{units:g} capacity unit{'' if units == 1 else 's'}"
