"""A difference between a table and its schemas: a sentence, and what a program needs of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Description = Mapping[str, Any]
"""What DescribeTable says of a table."""


class Difference(str):
    """How a table falls short of the schemas, in words, with what a program needs of it.

    `code` says of what kind it is (`index.missing`), `subject` what it is about (`gsi1`; empty for
    the table itself), `remedy` what to do about it.
    """

    code: str
    subject: str
    remedy: str

    def __new__(cls, text: str, code: str = "", subject: str = "", remedy: str = "") -> Difference:
        """A difference; the text is what it is as a string."""
        made = super().__new__(cls, text)
        made.code, made.subject, made.remedy = code, subject, remedy
        return made
