"""The origins of values that callers do not give: the time of a write, ids, the user's functions.

Ids that sort by time must also sort within a millisecond and across threads, so they count up from
random bits. A forked process starts from random bits of its own. The user's functions are called
through `hook_of`, which turns their exceptions into HookError, without the text, which may quote
values.
"""

from __future__ import annotations

import copy
import os
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Final

from leyden.errors import HookError, LeydenError
from leyden.schema.spec import After, AttributeSpec, Call, Generate, Judge, Literal, Slug
from leyden.types import type_of
from leyden.types.base import AttributeType


class Moment:
    """One instant, so that all attributes with `now` in one write have the same time.

    With `renews`, the write replaces given values of `on_write` attributes, because a record that
    is written back has those of the last write.
    """

    __slots__ = ("_now", "renews")

    def __init__(self, now: datetime | None = None, *, renews: bool = False) -> None:
        self._now = now
        self.renews = renews

    @property
    def now(self) -> datetime:
        """The time in UTC, aware, truncated to the millisecond; taken at first use."""
        if self._now is None:
            self._now = present()
        return self._now


def present() -> datetime:
    """Return the present time in UTC, truncated to the millisecond."""
    return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)


def hook_of(
    hooks: Mapping[str, Callable[..., Any]],
    call: Call | Judge,
    use: str,
    path: str,
    passing: tuple[type[Exception], ...] = (),
) -> Callable[..., Any]:
    """Return the hook of an attribute's `use` (`set`, `default`, ...), which raises HookError.

    Leyden's errors, and exceptions of the types in `passing`, pass unchanged.
    """
    hook, name = hooks[call.name], call.name
    through: tuple[type[Exception], ...] = (LeydenError, *passing)

    def called(*arguments: Any) -> Any:
        try:
            return hook(*arguments)
        except through:
            raise
        except Exception as error:
            # The exception's text may quote values, so it stays in the cause.
            raise HookError(
                f'the hook "{name}", which is the `{use}` of "{path}", raised '
                f"{type(error).__name__}",
                hook=name,
                path=path,
            ) from error

    return called


Origin = Callable[[Moment], Any]


def origin_of(
    spec: AttributeSpec,
    source: Literal | Generate | Call | After | Slug | None,
    hooks: Mapping[str, Callable[..., Any]],
    path: str = "",
) -> Origin | None:
    """Return the function for the value of a `default` or an `on_write`; None if there is none.

    It is also None for a value made from another attribute, for which there is `maker_of`.

    `now` is a datetime for `timestamp` and `ttl`, milliseconds since 1970 for numbers, and ISO text
    for everything else. A hook gets no arguments. `path` is the attribute's place if it is a part
    of another one.
    """
    if source is None or getattr(source, "of", None) is not None:
        return None
    if isinstance(source, After):
        later, made = timedelta(seconds=source.seconds), type_of(spec).now
        return lambda moment: made(moment.now + later)
    assert not isinstance(source, Slug)
    if isinstance(source, Literal):
        value = source.value
        if isinstance(value, list | dict | set):
            return lambda moment: copy.deepcopy(value)
        return lambda moment: value
    if isinstance(source, Call):
        use = "default" if source is spec.default else "on_write"
        hook = hook_of(hooks, source, use, path or spec.name)
        return lambda moment: hook()
    prefix = spec.prefix or ""
    if source.kind == "now":
        of_type = type_of(spec)
        if type(of_type).now is AttributeType.now:
            return attrgetter("now")
        if prefix:
            return lambda moment: prefix + of_type.now(moment.now)
        return lambda moment: of_type.now(moment.now)
    make = _IDS[source.kind]
    return lambda moment: prefix + make()


_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class _Ticks:
    """Pairs of milliseconds and random bits, each greater than the one before."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._lock = threading.Lock()
        self._millisecond = -1
        self._random = 0

    def next(self) -> tuple[int, int]:
        """Return a millisecond and `bits` random bits."""
        with self._lock:
            millisecond = time.time_ns() // 1_000_000
            if millisecond > self._millisecond:
                self._millisecond = millisecond
                # The top bit stays 0, so that there is room to count up.
                self._random = secrets.randbits(self._bits - 1)
            else:
                self._random += 1 + secrets.randbits(32)
                if self._random >> self._bits:
                    self._millisecond += 1
                    self._random = secrets.randbits(self._bits - 1)
            return self._millisecond, self._random


_uuid7_ticks = _Ticks(74)
_ulid_ticks = _Ticks(80)


def _start_anew() -> None:
    # A forked process must not count up from the same bits as its parent.
    global _uuid7_ticks, _ulid_ticks
    _uuid7_ticks = _Ticks(74)
    _ulid_ticks = _Ticks(80)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)


def uuid4() -> str:
    """Return a random UUID: `9f1c0c2e-...`, 36 characters."""
    return str(uuid.uuid4())


def uuid7() -> str:
    """Return a UUID that sorts by time (RFC 9562, version 7), 36 characters.

    >>> uuid7() < uuid7()
    True
    """
    millisecond, random = _uuid7_ticks.next()
    high, low = random >> 62, random & ((1 << 62) - 1)
    value = (millisecond & ((1 << 48) - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
    return str(uuid.UUID(int=value))


def ulid() -> str:
    """Return a ULID: 26 characters of Crockford's base 32 that sort by time.

    >>> ulid() < ulid()
    True
    """
    millisecond, random = _ulid_ticks.next()
    value = (millisecond & ((1 << 48) - 1)) << 80 | random
    return "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))


_IDS: Final[dict[str, Callable[[], str]]] = {
    "uuid4": uuid4,
    "uuid7": uuid7,
    "ulid": ulid,
}
