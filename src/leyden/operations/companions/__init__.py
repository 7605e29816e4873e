"""Unique constraints, kept by guard items in the same transaction."""

from __future__ import annotations
