"""Errors speak of Python; here they speak of the command line."""

from __future__ import annotations

import re
from typing import Final

_HERE: Final = {
    "pass credentials=, set": "set",
    "app.create_table()": "`leyden table FOLDER --create`",
    "endpoint_url=": "--endpoint-url",
    "region=": "--region",
    "profile=": "--profile",
    "table=": "--table",
    "hooks=": "--hooks",
    "guard=True": "--guard",
    "params=": "--option params=JSON",
}
"""What stands in messages of the Python interface, and what it is called here."""

_THERE: Final = re.compile("|".join(rf"(?<![\w-]){re.escape(name)}" for name in _HERE))


def for_the_command_line(message: str) -> str:
    """The message with the command line's own options and commands in it."""
    return _THERE.sub(lambda found: _HERE[found[0]], message).replace("`--hooks`", "--hooks")
