"""Translate JavaScript's regular expressions into Python's.

Both match the same texts, with one exception: Python's `.` matches a carriage return and the two
Unicode line separators, and JavaScript's does not.
"""

from __future__ import annotations

import re
from typing import Final

_FLAGS: Final = {"i": "i", "s": "s", "m": "m", "u": "", "d": ""}
_CLASSES: Final = {"d": "0-9", "w": "A-Za-z0-9_"}
_IN_CLASS: Final = {**_CLASSES, "b": r"\x08", "-": r"\-"}
_NOT_IN_CLASS: Final = frozenset("DWB123456789")
_SAME: Final = frozenset("sSnrtfvBb")
_HEX: Final = re.compile(r"x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}")
_POINT: Final = re.compile(r"u\{([0-9A-Fa-f]{1,6})\}")
_REFERENCE: Final = re.compile(r"[1-9][0-9]*")
_NAMED: Final = re.compile(r"k<([A-Za-z_][A-Za-z0-9_]*)>")
_GROUP: Final = re.compile(r"\(\?<([A-Za-z_][A-Za-z0-9_]*)>")


class _OtherError(Exception):
    """Something that Python's regular expressions cannot express."""


def python_pattern(source: str, flags: str = "") -> str | None:
    r"""Return the pattern in Python's syntax; None if there is no equivalent.

    >>> python_pattern(r"^\d{5}$")
    '^[0-9]{5}\\Z'
    """
    if any(flag not in _FLAGS for flag in flags):
        return None
    try:
        body = _Translation(source, flags).run()
    except _OtherError:
        return None
    switches = "".join(_FLAGS[flag] for flag in flags)
    pattern = f"(?{switches}){body}" if switches else body
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return None
    return pattern


class _Translation:
    def __init__(self, source: str, flags: str) -> None:
        self.source = source
        self.by_point = "u" in flags
        self.lines = "m" in flags
        self.position = 0
        self.parts: list[str] = []

    def run(self) -> str:
        while self.position < len(self.source):
            character = self.source[self.position]
            if character == "\\":
                self.position += 1
                self.parts.append(self._escape())
            elif character == "[":
                self.position += 1
                self.parts.append(self._class())
            elif named := self._took(_GROUP):
                self.parts.append(f"(?P<{named[1]}>")
            elif self.source.startswith("{,", self.position):
                self.position += 1
                self.parts.append(r"\{")  # Not a quantifier in JavaScript.
            else:
                self.position += 1
                # Without `m`, Python's `$` also matches before a last line break.
                self.parts.append(r"\Z" if character == "$" and not self.lines else character)
        return "".join(self.parts)

    def _took(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.source, self.position)
        if match:
            self.position = match.end()
        return match

    def _letter(self) -> str:
        self.position += 1
        return self.source[self.position - 1 : self.position]

    def _escape(self) -> str:
        """Translate what follows a backslash outside of a class."""
        if match := self._took(_REFERENCE):
            return f"(?:\\{match[0]})"
        if match := self._took(_NAMED):
            return f"(?P={match[1]})"
        if character := self._character():
            return character
        letter = self._letter()
        if letter in _CLASSES:
            return f"[{_CLASSES[letter]}]"
        if letter.lower() in _CLASSES:
            return f"[^{_CLASSES[letter.lower()]}]"
        if letter in ("b", "B"):
            return f"(?a:\\{letter})"
        return self._plain(letter)

    def _character(self) -> str | None:
        """Translate an escape with a character's number, if one follows."""
        if match := self._took(_HEX):
            return f"\\{match[0]}"
        if self.by_point and (match := self._took(_POINT)):
            return f"\\U{int(match[1], 16):08x}"
        return None

    def _plain(self, letter: str) -> str:
        if letter and letter in _SAME:
            return f"\\{letter}"
        if letter == "0":
            return r"\x00"
        if not letter or letter in "cpPuxk":
            raise _OtherError
        return letter if letter.isalnum() or letter in "/_-" else f"\\{letter}"

    def _class(self) -> str:
        opening = "[^" if self.source.startswith("^", self.position) else "["
        self.position += len(opening) - 1
        if self.source.startswith("]", self.position):
            self.position += 1
            return r"[\s\S]" if opening == "[^" else "(?!)"
        parts = [opening]
        while (letter := self._letter()) != "]":
            if not letter:
                raise _OtherError
            if letter != "\\":
                # Python reserves `[`, `&&`, `||` and `~~` in classes for a future meaning.
                parts.append(f"\\{letter}" if letter in "[&|~" else letter)
            elif character := self._character():
                parts.append(character)
            else:
                escaped = self._letter()
                if escaped in _NOT_IN_CLASS:
                    raise _OtherError
                parts.append(_IN_CLASS.get(escaped) or self._plain(escaped))
        return "".join(parts) + "]"
