"""What a record shows, as a dict and as JSON.

There is one form of each value in JSON, whoever writes it: `to_dict(json=True)`, `to_json()`,
Pydantic, the command line and its exports all ask `leyden.types` for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from leyden.schema.spec import AttributeSpec
from leyden.types import json_writer, plain_numbers

Writers = Mapping[str, tuple[str, Callable[[Any], Any]]]
"""The attribute of each slot, and what makes JSON of its values."""

SECRET: Final = "<encrypted>"
"""What stands for an encrypted value where values are shown to people: in a repr, in errors."""

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


def json_writers(attributes: Mapping[str, AttributeSpec]) -> Writers:
    """What shows the values of a class's slots."""
    return {slot: (spec.name, json_writer(spec)) for slot, spec in attributes.items()}


def json_values(writers: Writers, state: Mapping[str, Any]) -> dict[str, Any]:
    """What is there of a record's slots, by attribute, as JSON has it; Decimals stay."""
    found = {}
    for slot, value in state.items():
        if value is not None:
            name, write = writers[slot]
            found[name] = write(value)
    return found


def plain_values(writers: Writers, state: Mapping[str, Any]) -> dict[str, Any]:
    """What `json_values` gives, with Python's own numbers or texts for Decimals."""
    return {name: plain_numbers(value) for name, value in json_values(writers, state).items()}


def json_line(writers: Writers, state: Mapping[str, Any]) -> str:
    """The JSON text of a record; a decimal is a number with all its digits."""
    values = json_values(writers, state)
    try:
        return _encode(values).decode()
    except UnicodeEncodeError:
        # A `json` attribute may hold half of a surrogate pair, which JSON has as an escape only.
        return json.dumps(plain_values(writers, state), separators=(",", ":"))
