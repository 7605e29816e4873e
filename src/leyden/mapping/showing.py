"""Writes records as dicts and as JSON.

Each value has one form in JSON, whoever writes it: `to_dict(json=True)`, `to_json()`, Pydantic, and
the command line and its exports all take it from `leyden.types`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from leyden.schema.spec import AttributeSpec
from leyden.types import json_writer, plain_numbers

Writers = Mapping[str, tuple[str, Callable[[Any], Any]]]
"""The attribute of each slot, and the function that converts its values to JSON types."""

SECRET: Final = "<encrypted>"
"""The text for an encrypted value in reprs and errors."""

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


def json_writers(attributes: Mapping[str, AttributeSpec]) -> Writers:
    """Return the functions that convert the slots of a record class to JSON types."""
    return {slot: (spec.name, json_writer(spec)) for slot, spec in attributes.items()}


def json_values(writers: Writers, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's values by attribute, with JSON types and Decimals, without None."""
    found = {}
    for slot, value in state.items():
        if value is not None:
            name, write = writers[slot]
            found[name] = write(value)
    return found


def plain_values(writers: Writers, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same as `json_values`, with numbers or texts instead of Decimals."""
    return {name: plain_numbers(value) for name, value in json_values(writers, state).items()}


def json_line(writers: Writers, state: Mapping[str, Any]) -> str:
    """Return the JSON text of a record; a decimal is a number with all its digits."""
    values = json_values(writers, state)
    try:
        return _encode(values).decode()
    except UnicodeEncodeError:
        # A `json` attribute may hold half of a surrogate pair, which JSON must escape.
        return json.dumps(plain_values(writers, state), separators=(",", ":"))
