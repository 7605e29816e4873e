"""Writes specs as Python source: expressions that make equal specs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Final

from leyden._attrs import fields
from leyden.schema import faults, settings
from leyden.schema import spec as specs

_PLAIN: Final = (type(None), bool, int, str, bytes)


class SpecWriter:
    """Writes the values of specs, and collects the classes that the source needs."""

    def __init__(self) -> None:
        self.classes: dict[str, type] = {}
        """The classes by name."""

    def text(self, value: Any, indent: int = 0) -> str:
        """Return an expression for a value, whose first line is indented by `indent` levels.

        Raises TypeError for a type that no spec had so far. If you add one to the specs, add here
        how to write it.
        """
        kind = type(value)
        if kind in _PLAIN:
            return repr(value)
        if kind is float:
            text = repr(value)
            return text if text[-1].isdigit() else f"float({text!r})"
        if kind.__module__ in (specs.__name__, settings.__name__, faults.__name__):
            return self._spec(value, indent)
        if kind is tuple:
            inner = [self.text(one, indent) for one in value]
            return f"({', '.join(inner)}{',' if len(inner) == 1 else ''})"
        if kind is list:
            return f"[{', '.join([self.text(one, indent) for one in value])}]"
        if isinstance(value, Mapping):
            return self._mapping(value, indent)
        if kind is Decimal:
            return f"{self._name(kind)}({str(value)!r})"
        if kind is datetime and type(value.tzinfo) is timezone:
            return f"{self._name(kind)}.fromisoformat({value.isoformat()!r})"
        raise TypeError(f"a spec has a {kind.__qualname__}, which SpecWriter cannot write")

    def _spec(self, value: Any, indent: int) -> str:
        kind = type(value)
        arguments: list[str] = []
        by_name = False
        parts: Any = fields(kind)
        for part in parts:
            held = getattr(value, part.name)
            default = part.factory() if part.factory is not None else part.default
            if part.converter is not None and not part.is_required:
                default = part.converter(default)
            if type(held) is type(default) and held == default:
                by_name = True
                continue
            text = self.text(held, indent)
            arguments.append(f"{part.alias}={text}" if by_name else text)
        return f"{self._name(kind)}({', '.join(arguments)})"

    def _name(self, kind: type) -> str:
        self.classes[kind.__name__] = kind
        return kind.__name__

    def _mapping(self, value: Mapping[Any, Any], indent: int) -> str:
        if not value:
            return "{}"
        inner = "    " * (indent + 1)
        lines = [
            f"{inner}{self.text(key, indent + 1)}: {self.text(held, indent + 1)},"
            for key, held in value.items()
        ]
        return "\n".join(["{", *lines, "    " * indent + "}"])
