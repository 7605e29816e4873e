"""Values that are too large for an item: compressed, or split over items of its partition."""

from __future__ import annotations
