"""Typed values as JSON, for values that are stored inside others: compressed, or encrypted."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from leyden.types.base import MAX_DEPTH, AttributeValue


def portable_text(value: AttributeValue) -> str:
    """Return a typed value as canonical JSON, with base64 text for bytes."""
    return json.dumps(_portable(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def portable_value(text: bytes) -> AttributeValue:
    """Return the typed value of its JSON. Raises ValueError if it is not a typed value."""
    try:
        value: AttributeValue = _native(json.loads(text))
    except (AttributeError, TypeError) as error:
        raise ValueError("it is not a typed value") from error
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def _portable(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {kind: base64.b64encode(bytes(content)).decode("ascii")}
        case "BS":
            return {kind: [base64.b64encode(bytes(one)).decode("ascii") for one in content]}
        case "L":
            return {kind: [_portable(one) for one in content]}
        case "M":
            return {kind: {name: _portable(one) for name, one in content.items()}}
        case "SS" | "NS":
            return {kind: list(content)}
        case _:
            return value


def _native(value: Mapping[str, Any], depth: int = 1) -> Any:
    if depth > MAX_DEPTH + 1:
        raise RecursionError
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {kind: base64.b64decode(content)}
        case "BS":
            return {kind: [base64.b64decode(one) for one in content]}
        case "L":
            return {kind: [_native(one, depth + 1) for one in content]}
        case "M":
            return {kind: {name: _native(one, depth + 1) for name, one in content.items()}}
        case _:
            return dict(value)
