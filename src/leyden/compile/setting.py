"""The `set` hooks of an entity: which of them a write asks, in which order, and with what.

It is ElectroDB's order. First come the hooks of attributes that watch no others, then those that
do, which see what the first ones made of their values. A write of a whole item asks every hook that
watches, and every one that says `always`, with None where there is no value; an update asks those
whose attribute, or one that they watch, is in it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from leyden.compile.attribute import CompiledAttribute, Rework

__all__ = ["Setters"]

Values = Mapping[str, Any]


class Setters:
    """The `set` hooks of an entity's attributes, its properties and elements included."""

    __slots__ = ("_always", "_plain", "_watching", "any")

    def __init__(self, attributes: Mapping[str, CompiledAttribute]) -> None:
        self._plain: dict[str, Rework] = {}
        self._watching: dict[str, tuple[Rework, frozenset[str] | None]] = {}
        self._always: list[str] = []
        for name, attribute in attributes.items():
            if attribute.store is None:
                continue
            spec = attribute.spec
            if spec.set is not None and spec.watch and spec.derive is None:
                watched = None if "*" in spec.watch else frozenset(spec.watch)
                self._watching[name] = (attribute.store, watched)
                continue
            self._plain[name] = attribute.store
            if spec.set is not None and spec.set.always:
                self._always.append(name)
        self.any = bool(self._plain or self._watching)
        """Whether there are any hooks."""

    @property
    def watched(self) -> Mapping[str, frozenset[str] | None]:
        """What each hook that watches watches; None for all attributes."""
        return {name: watched for name, (_, watched) in self._watching.items()}

    def looked_for(self, values: Values) -> dict[str, Any]:
        """Values that are looked for, as they are stored; what watches others is left as it is."""
        return self._first(values, ())

    def whole(self, values: Values, settled: Collection[str] = ()) -> dict[str, Any]:
        """The values of a whole item after their hooks; None leaves an attribute out.

        `settled` names those whose hooks have run before.
        """
        stored = self._first(values, settled)
        before = MappingProxyType(dict(values))
        for name in self._always:
            if values.get(name) is None:
                _keep(stored, name, self._plain[name](None, before))
        if not self._watching:
            return stored
        seen = MappingProxyType(dict(stored))
        for name, (store, watched) in self._watching.items():
            if not _is_settled(name, watched, values, settled):
                _keep(stored, name, store(seen.get(name), seen))
        return stored

    def part(
        self, assigned: Values, moved: Values, removed: Collection[str]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """What an update assigns, and what else it does, after the hooks.

        `assigned` are the values that it sets by attribute, `moved` those that it adds, appends or
        sets in other ways, by path; `removed` are the attributes that it removes.
        """
        given = {**moved, **assigned}
        after = self._first(given, ())
        if self._watching:
            seen = MappingProxyType(dict(after))
            for name, (store, watched) in self._watching.items():
                asked = watched is None or name in seen or not watched.isdisjoint(seen)
                if asked and name not in removed:
                    _keep(after, name, store(seen.get(name), seen))
        return (
            {name: value for name, value in after.items() if name not in moved},
            {path: value for path, value in after.items() if path in moved},
        )

    def _first(self, values: Values, settled: Collection[str]) -> dict[str, Any]:
        before = MappingProxyType(dict(values))
        stored: dict[str, Any] = {}
        for name, value in values.items():
            store = self._plain.get(name)
            if value is not None:
                _keep(
                    stored,
                    name,
                    value if store is None or name in settled else store(value, before),
                )
        return stored


def _is_settled(
    name: str, watched: frozenset[str] | None, values: Values, settled: Collection[str]
) -> bool:
    """Whether neither the value nor what it watches has changed since the hook ran on it."""
    if watched is None or name not in settled:
        return False
    return all(other in settled or values.get(other) is None for other in watched)


def _keep(stored: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        stored.pop(name, None)
    else:
        stored[name] = value
