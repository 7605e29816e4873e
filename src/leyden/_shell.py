"""Words of commands that people paste into a shell.

Names of attributes, of tables and of folders go into such commands as they are, and may hold what
a shell or the AWS command line reads as its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from shlex import quote
from typing import Any, Final

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:@-]+", re.ASCII)
"""Words that mean themselves, in a shell and in the shorthand of the AWS command line."""

_QUOTES: Final = {"'": "\\u0027", "`": "\\u0060"}


def word(text: object) -> str:
    """A text as one word of a command, in quotes where it needs them.

    >>> word("$HOME/it's")
    '\\'$HOME/it\\'"\\'"\\'s\\''
    """
    return quote(str(text))


def structure(fields: Mapping[str, Any]) -> str:
    """What an option of the AWS command line takes as a structure, as one word of a command.

    It is in the shorthand of that command line where all values are plain, else JSON. That has no
    quotes, backticks or control characters of a value, so it can also stand between backticks.

    >>> structure({"Enabled": True, "AttributeName": "expires"})
    'Enabled=true,AttributeName=expires'
    >>> structure({"Enabled": True, "AttributeName": "it`s"})
    '\\'{"Enabled": true, "AttributeName": "it\\\\u0060s"}\\''
    """
    if all(map(_is_plain, _leaves(fields))):
        short = _short(fields)
        # Braces of a shell would make several words of it.
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
