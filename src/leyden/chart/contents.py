"""The contents of a chart as data: a board for the table and one for each index."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen


@frozen
class Piece:
    """A piece of a key: the value of the composite attribute `name`, or fixed text."""

    text: str
    name: str | None = None


@frozen
class KeyText:
    """One field of a stored key, in pieces."""

    field: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The whole key."""
        return "".join(piece.text for piece in self.pieces)


@frozen
class Shown:
    """One attribute of an item: its name, its stored field, and its value as text.

    `in_key` says whether a key beside it also shows the value.
    """

    name: str
    field: str
    value: str
    is_ttl: bool = False
    in_key: bool = False


@frozen
class Row:
    """An item on a board. `example` identifies the item, and is the same on every board.

    `alias` is its entity's. For an item of no entity it is the name that the item carries, and
    `is_known` is False.
    """

    example: str
    alias: str
    partition: tuple[KeyText, ...]
    sort: tuple[KeyText, ...]
    attributes: tuple[Shown, ...]
    is_known: bool = True


@frozen
class Band:
    """A collection in a partition: the rows from `start` to before `end`, nested at `level`."""

    collection: str
    level: int
    start: int
    end: int


@frozen
class Group:
    """The items of one partition, in the order of their sort keys."""

    rows: tuple[Row, ...]
    bands: tuple[Band, ...]

    @property
    def partition(self) -> tuple[KeyText, ...]:
        """The partition key that they share, split into its values if any item shows them."""
        return next((row for row in self.rows if row.is_known), self.rows[0]).partition


@frozen
class Absent:
    """Examples of an entity that are not in an index, and the condition that keeps them out."""

    alias: str
    access_pattern: str
    examples: tuple[str, ...]
    when: str | None


@frozen
class Call:
    """A call in Python, and the names of the examples that it finds."""

    text: str
    finds: tuple[str, ...]


@frozen
class KeyShape:
    """The shape of a key: `pk` `=` `$taskapp#project_id_{project_id}`.

    `field` is empty for a multi-attribute key, which consists of the attributes' own fields.
    """

    field: str
    relation: str
    shape: str

    @property
    def text(self) -> str:
        """The whole shape on one line."""
        return f"{self.field} {self.relation} {self.shape}" if self.field else self.shape


@frozen
class Pattern:
    """An access pattern of an entity, or a collection (`alias` is None).

    `question` is what it answers. `heat` says why its partitions may get too much traffic.
    """

    alias: str | None
    name: str
    members: tuple[str, ...]
    partition: KeyShape
    sort: KeyShape | None
    kind: str
    scope: str | None
    collections: tuple[str, ...]
    when: str | None
    calls: tuple[Call, ...]
    question: str
    heat: str | None = None


@frozen
class Board:
    """The table, or one index. `index` is None for the table."""

    index: str | None
    kind: str
    hash: tuple[str, ...]
    range: tuple[str, ...]
    projection: str | tuple[str, ...]
    groups: tuple[Group, ...]
    patterns: tuple[Pattern, ...]
    absent: tuple[Absent, ...]

    @property
    def projected(self) -> str:
        """What it holds of an item, in words."""
        if isinstance(self.projection, str):
            return {"all": "all attributes", "keys_only": "keys only"}[self.projection]
        return f"keys and {', '.join(self.projection)}"

    @property
    def levels(self) -> int:
        """How deeply its collections are nested."""
        return max((b.level + 1 for group in self.groups for b in group.bands), default=0)


@frozen
class Collection:
    """A collection, with its members' aliases and its index."""

    name: str
    index: str | None
    members: tuple[str, ...]


@frozen
class AttributeEntry:
    """An attribute in the dictionary, or a part of one: `lines[].sku`.

    `field` is empty for parts. `rules` are phrases such as `required` or `at most 5`.
    """

    name: str
    field: str
    type: str
    rules: tuple[str, ...]
    default: str
    description: str | None


@frozen
class EntityEntry:
    """An entity in the dictionary.

    `writes` says what it costs to create an example of it; None if it has none. `sparse` are its
    access patterns that do not hold all of its items, with their conditions.
    """

    alias: str
    entity: str
    version: str
    description: str | None
    attributes: tuple[AttributeEntry, ...]
    writes: str | None
    sparse: tuple[tuple[str, str], ...]


@frozen
class Chart:
    """Everything that is drawn. `unsampled` says for an alias why it has no examples."""

    service: str
    table: str | None
    ttl: str | None
    entities: tuple[EntityEntry, ...]
    collections: tuple[Collection, ...]
    boards: tuple[Board, ...]
    unsampled: Mapping[str, str]
