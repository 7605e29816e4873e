"""Specs on their way: what was understood, with the places of all that was said."""

from __future__ import annotations

from leyden._attrs import frozen
from leyden.schema.spec import EntitySpec, Span, TableSpec
from leyden.schema.structure import Given


@frozen
class EntityDraft:
    """An entity as far as it was understood.

    An attribute whose type was refused has the type `""` here, and an access pattern whose
    keys were refused is missing; `whole` says that none is. Names that were refused are empty.
    """

    spec: EntitySpec
    given: Given
    whole: bool

    def at(self, *path: str | int) -> Span:
        """The place of what is at `path`, or of the nearest thing around it."""
        return self.given.at(*path)

    @property
    def title(self) -> str:
        """The entity's name for messages."""
        return f'the entity "{self.spec.alias or self.spec.entity}"'


@frozen
class TableDraft:
    """The description of the table, with the places of all that it says."""

    spec: TableSpec
    given: Given
