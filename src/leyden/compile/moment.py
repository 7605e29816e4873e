"""The one instant of a write, and the values that are generated in it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from leyden.compile import generate
from leyden.compile.calling import hook_of
from leyden.schema.spec import AttributeSpec, Call, Generate, Literal
from leyden.types import type_of

__all__ = ["Moment", "Origin", "origin_of"]

_IDS: Final[dict[str, Callable[[], str]]] = {
    "uuid4": generate.uuid4,
    "uuid7": generate.uuid7,
    "ulid": generate.ulid,
}


class Moment:
    """One instant, so that all attributes that say `now` in one write agree.

    `renews`: the write sets what says `on_write` anew, whatever is given for it; a record that is
    written back brings the values of the last write.
    """

    __slots__ = ("_now", "renews")

    def __init__(self, now: datetime | None = None, *, renews: bool = False) -> None:
        self._now = now
        self.renews = renews

    @property
    def now(self) -> datetime:
        """Aware, in UTC, cut to the millisecond; taken when first asked for."""
        if self._now is None:
            self._now = generate.now()
        return self._now


Origin = Callable[[Moment], Any]


def origin_of(
    spec: AttributeSpec,
    source: Literal | Generate | Call | None,
    hooks: Mapping[str, Callable[..., Any]],
    path: str = "",
) -> Origin | None:
    """Where a `default` or an `on_write` takes its value from; None where there is none.

    `now` is a datetime for `timestamp` and `ttl`, milliseconds since 1970 for numbers, and ISO
    text for everything else. A hook is called without arguments. `path` is the
    attribute's place, where it is a part of another one.
    """
    if source is None:
        return None
    if isinstance(source, Literal):
        return _literal(source.value)
    if isinstance(source, Call):
        use = "default" if source is spec.default else "on_write"
        hook = hook_of(hooks, source, use, path or spec.name)
        return lambda moment: hook()
    if source.kind == "now":
        present = type_of(spec).now
        return lambda moment: present(moment.now)
    make = _IDS[source.kind]
    return lambda moment: make()


def _literal(value: Any) -> Origin:
    if isinstance(value, list | dict | set):
        return lambda moment: copy.deepcopy(value)
    return lambda moment: value
