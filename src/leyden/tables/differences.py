"""A difference between a table and its schemas: a sentence, with data for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Description = Mapping[str, Any]
"""DescribeTable's `Table`, or a similar part of an answer."""


class Difference(str):
    """A difference between a table and its schemas: a string, with data for programs.

    `code` is the kind of difference (`index.missing`), `subject` what it is about (`gsi1`; empty
    for the table itself), and `remedy` what to do about it.
    """

    code: str
    subject: str
    remedy: str

    def __new__(cls, text: str, code: str = "", subject: str = "", remedy: str = "") -> Difference:
        """Make a difference; `text` is the string."""
        made = super().__new__(cls, text)
        made.code, made.subject, made.remedy = code, subject, remedy
        return made
