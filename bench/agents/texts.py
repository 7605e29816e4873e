"""Texts that hardly compress, the same in each run."""

from __future__ import annotations

import random
from typing import Final

LETTERS: Final = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def text(length: int, seed: int = 0) -> str:
    """Return so many letters."""
    return "".join(random.Random(f"text {seed}").choices(LETTERS, k=length))


def failure(error: BaseException) -> str:
    """Return what an error is called, by DynamoDB where it comes from there."""
    while True:
        response = getattr(error, "response", None)
        if isinstance(response, dict) and "Error" in response:
            return str(response["Error"].get("Code", type(error).__name__))
        cause = error.__cause__ or error.__context__
        if cause is None:
            return type(error).__name__
        error = cause
