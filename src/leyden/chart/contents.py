"""What a chart shows, as data: a board for the table and for each index."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen


@frozen
class Piece:
    """A stretch of a key: a composite attribute's value (`name` says whose), or fixed text."""

    text: str
    name: str | None = None


@frozen
class KeyText:
    """One field of a key as it is stored, in pieces."""

    field: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The whole key."""
        return "".join(piece.text for piece in self.pieces)


@frozen
class Shown:
    """One attribute of an item: its name, its stored field, its value as text.

    `in_key`: the value can be read in a key that stands beside it.
    """

    name: str
    field: str
    value: str
    is_ttl: bool = False
    in_key: bool = False


@frozen
class Row:
    """One item on a board. `example` names the item; it is the same on every board.

    `alias` is its entity's; for an item of no entity, what it says of itself, and `is_known` is
    False.
    """

    example: str
    alias: str
    partition: tuple[KeyText, ...]
    sort: tuple[KeyText, ...]
    attributes: tuple[Shown, ...]
    is_known: bool = True


@frozen
class Band:
    """A collection on a partition: the rows `start` to `end` (exclusive), nested at `level`."""

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
        """The partition key that they share, in pieces where one of them tells its values."""
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
    """Python text, and the names of the examples that it finds."""

    text: str
    finds: tuple[str, ...]


@frozen
class KeyShape:
    """What a key looks like: `pk` `=` `$taskapp#project_id_{project_id}`.

    `field` is empty for a multi-attribute key, which is made of the attributes' own fields.
    """

    field: str
    relation: str
    shape: str

    @property
    def text(self) -> str:
        """All of it, for one line."""
        return f"{self.field} {self.relation} {self.shape}" if self.field else self.shape


@frozen
class Pattern:
    """An access pattern of an entity, or a collection (`alias` is None).

    `question` is what it answers. `heat` says why its partitions may take more than they can.
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
        """What it has of an item, in words."""
        if isinstance(self.projection, str):
            return {"all": "all attributes", "keys_only": "keys only"}[self.projection]
        return f"keys and {', '.join(self.projection)}"

    @property
    def levels(self) -> int:
        """How deep its collections are nested."""
        return max((b.level + 1 for group in self.groups for b in group.bands), default=0)


@frozen
class Collection:
    """A collection, with its members' aliases and the index it is on."""

    name: str
    index: str | None
    members: tuple[str, ...]


@frozen
class AttributeEntry:
    """An attribute in the dictionary, or a part of one: `lines[].sku`.

    `field` is empty for parts, and `rules` are words: `required`, `at most 5`.
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

    `writes` says what it costs to create an example of it; None where it has none. `sparse` are
    its access patterns that have not all of its items, with their conditions.
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
