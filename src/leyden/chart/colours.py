"""The colors of entities and collections in all drawings of a service, as hues."""

from __future__ import annotations

from typing import Final

from leyden.chart.contents import Chart

_ENTITIES: Final = (212, 152, 30, 285, 340, 187, 52, 250, 8, 100)
_COLLECTIONS: Final = (262, 16, 172, 318, 42, 222)


def entity_hues(chart: Chart) -> dict[str, int]:
    """Return the hue of each entity, by alias."""
    aliases = [entity.alias for entity in chart.entities]
    return {alias: _ENTITIES[place % len(_ENTITIES)] for place, alias in enumerate(aliases)}


def collection_hues(chart: Chart) -> dict[str, int]:
    """Return the hue of each collection, by name."""
    names = [collection.name for collection in chart.collections]
    return {name: _COLLECTIONS[place % len(_COLLECTIONS)] for place, name in enumerate(names)}
