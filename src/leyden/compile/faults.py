"""The words in which values are refused. They name places and types, never the values."""

from __future__ import annotations

from typing import Any

from leyden.errors import ValidationError


class UnreadableError(ValueError):
    """A stored value that does not fit its type; its text says why, without the value."""


def refuse(path: str, message: str) -> ValidationError:
    """The error for a value at `path`; the message continues the sentence `"path" ...`."""
    return ValidationError(f'"{path}" {message}', path=path)


def wrong_type(path: str, wanted: str, value: Any, hint: str = "") -> ValidationError:
    """The error for a value of another Python type than `wanted` says."""
    given = "None" if value is None else type(value).__name__
    return refuse(path, f"takes {wanted}, and was given {given}{hint}")
