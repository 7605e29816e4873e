"""Faults in schema files: what, where, and how bad."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from attrs import frozen

from leyden.schema.codes import CODES
from leyden.schema.spec import Span

_LONGEST_WORD: Final = 60
_MOST_CANDIDATES: Final = 1000
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


def did_you_mean(word: str, known: Iterable[str], *, closeness: float = 0.6) -> str:
    """A closing question for a message (`; did you mean "pattern"?`), or nothing.

    `closeness` is how alike two words must be, from 0 to 1.
    """
    candidates = list(known)
    if len(word) > _LONGEST_WORD or len(candidates) > _MOST_CANDIDATES:
        return ""
    near = get_close_matches(word, candidates, n=1, cutoff=closeness)
    return f'; did you mean "{near[0]}"?' if near else ""


def quoted(word: str) -> str:
    """A word of a schema in quotes for a message: on one line, and cut where it is very long."""
    text = word if len(word) <= _LONGEST_WORD else word[: _LONGEST_WORD - 3] + "..."
    return '"' + "".join(c if c.isprintable() else repr(c)[1:-1] for c in text) + '"'


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words as a phrase: `"a"`, `"a" and "b"`, `"a", "b" and "c"`."""
    quotes = [quoted(word) for word in words]
    if len(quotes) < 2:
        return "".join(quotes)
    return f"{', '.join(quotes[:-1])} {last} {quotes[-1]}"
