"""Faults in schema files: what, where, and how bad."""

from __future__ import annotations

from typing import Final

from leyden._attrs import frozen
from leyden.schema.codes import CODES
from leyden.schema.spec import Span

_MOST_FAULTS: Final = 1000


@frozen
class Fault:
    """One thing wrong with a schema. `str()` gives `file:line:column: code: message`."""

    span: Span
    code: str
    message: str
    severity: str = "error"
    """`error`, or `warning`: it works, but will surprise."""

    def __str__(self) -> str:
        return f"{self.span}: {self.code}: {self.message}"


class Report:
    """Collects the faults of one pass; each is kept once."""

    def __init__(self) -> None:
        self._faults: dict[Fault, None] = {}

    def error(self, span: Span, code: str, message: str) -> None:
        """Note something that cannot work. `code` is one of `leyden.schema.codes.CODES`."""
        self._add(Fault(span, code, message))

    def warning(self, span: Span, code: str, message: str) -> None:
        """Note something that works, but will surprise."""
        self._add(Fault(span, code, message, "warning"))

    def _add(self, fault: Fault) -> None:
        assert fault.code in CODES, fault.code
        self._faults.setdefault(fault)

    @property
    def has_errors(self) -> bool:
        """Whether anything noted so far is an error."""
        return any(fault.severity == "error" for fault in self._faults)

    def faults(self) -> tuple[Fault, ...]:
        """All faults by file, line and column.

        Past the first thousand they are counted in one closing fault instead of listed.
        """
        ordered = sorted(self._faults, key=lambda f: (f.span.file, f.span.line, f.span.column))
        if len(ordered) > _MOST_FAULTS:
            # Errors first: a thousand warnings must not hide the one error among them.
            kept = sorted(ordered, key=lambda f: f.severity != "error")[:_MOST_FAULTS]
            message = f"{len(ordered) - _MOST_FAULTS} more faults are not listed"
            severity = "error" if self.has_errors else "warning"
            ordered = [*kept, Fault(kept[-1].span, "source.more", message, severity)]
        return tuple(ordered)
