"""Names for the Python functions that take the place of callbacks."""

from __future__ import annotations

__all__ = ["HookNames"]


class HookNames:
    """Gives each callback of a service a name: `total_get`.

    Entities that are loaded together share their hooks: where two callbacks ask for one name
    and differ, the later one gets its entity's alias in front. One text is one function.
    """

    def __init__(self) -> None:
        self._sources: dict[str, str] = {}

    def name(self, wanted: str, alias: str, source: str) -> str:
        """The name for a callback with the text `source`."""
        candidate, number = wanted, 1
        while self._sources.setdefault(candidate, source) != source:
            number += 1
            candidate = f"{alias}_{wanted}" if number == 2 else f"{alias}_{wanted}_{number - 1}"
        return candidate
