"""Quotes the words of commands that people paste into a shell.

Such commands contain names of attributes, tables and folders, which may have characters that are
special to a shell or to the AWS command line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from shlex import quote
from typing import Any, Final

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:@-]+", re.ASCII)
"""Words without special characters of a shell or of the AWS command line's shorthand."""

_QUOTES: Final = {"'": "\\u0027", "`": "\\u0060"}


def word(text: object) -> str:
    """Return a text as one word of a command, quoted if necessary.

    >>> word("$HOME/it's")
    '\\'$HOME/it\\'"\\'"\\'s\\''
    """
    return quote(str(text))


def structure(fields: Mapping[str, Any]) -> str:
    """Return a structure for an option of the AWS command line, as one word of a command.

    It uses that command line's shorthand if all values are plain, and JSON otherwise. The JSON
    escapes single quotes, backticks and control characters, so it can also be put in backticks.

    >>> structure({"Enabled": True, "AttributeName": "expires"})
    'Enabled=true,AttributeName=expires'
    >>> structure({"Enabled": True, "AttributeName": "it`s"})
    '\\'{"Enabled": true, "AttributeName": "it\\\\u0060s"}\\''
    """
    if all(map(_is_plain, _leaves(fields))):
        short = _short(fields)
        # Unquoted, the shell's brace expansion would split it into several words.
        return f"'{short}'" if "{" in short else short
    text = json.dumps(fields)
    for one, escaped in _QUOTES.items():
        text = text.replace(one, escaped)
    return f"'{text}'"


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [leaf for one in value.values() for leaf in _leaves(one)]
    return [value]


def _is_plain(value: Any) -> bool:
    return not isinstance(value, str) or _PLAIN.fullmatch(value) is not None


def _short(fields: Mapping[str, Any]) -> str:
    return ",".join(f"{name}={_said(value)}" for name, value in fields.items())


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{_short(value)}}}"
    return str(value).lower() if isinstance(value, bool) else str(value)
