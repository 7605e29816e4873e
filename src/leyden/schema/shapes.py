"""The kinds of values that schema options take.

The tables in `leyden.schema.language` are made of these; the parser checks documents
against them, and the JSON Schema is written from them.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import Final, TypeAlias

from attrs import frozen

NAME_PATTERN: Final = r"^(?!__)[A-Za-z_][A-Za-z0-9_]*$"
"""Names in Python: letters, digits and underscores."""

RESERVED_NAMES: Final = tuple(keyword.kwlist)

TAKEN_ALIASES: Final = (
    *("aliases", "consumed", "count", "cursor", "entries", "get", "index", "items", "keys"),
    *("requests", "scanned", "values"),
)
"""Names that `app.entities`, or a page of a collection, has for itself."""


@frozen
class Text:
    """Text; `numbers` also takes a whole number, as its digits."""

    numbers: bool = False
    empty: bool = False


@frozen
class Name:
    """Text that can be a name in Python. `instead` says what to do where it cannot.

    `taken` are names that mean something else where this one is used.
    """

    instead: str = ""
    taken: tuple[str, ...] = ()


@frozen
class Choice:
    """One of a few words. `hints` answers words that people may expect to work."""

    values: tuple[str, ...]
    hints: Mapping[str, str] = {}


@frozen
class Whole:
    """A whole number between two limits, both included."""

    least: int
    most: int


@frozen
class Number:
    """A finite number."""


@frozen
class Flag:
    """true or false."""


@frozen
class ListOf:
    """A list of at least `least` elements of one shape."""

    element: Shape
    least: int = 0


@frozen
class Named:
    """A mapping from names of a kind to values of one shape."""

    what: str
    value: Shape
    name: Name | Text
    least: int = 0


@frozen
class Option:
    """One option: what it takes and what it is for.

    `types` holds the attribute types that have it, None for all.
    """

    shape: Shape
    description: str
    required: bool = False
    types: frozenset[str] | None = None


@frozen
class Options:
    """A mapping with known options."""

    title: str
    options: Mapping[str, Option]
    description: str = ""


@frozen
class Either:
    """Different shapes for different kinds of YAML values. `what` names them for messages."""

    what: str
    text: Shape | None = None
    listing: Shape | None = None
    mapping: Shape | None = None


@frozen
class Source:
    """A literal, or a mapping that says where a value comes from.

    A mapping with the one key `generate` or `call` is never a literal.
    """

    generate: Options
    call: Options


@frozen
class Reference:
    """A shape by its name in `leyden.schema.language.SHAPES`, for shapes within themselves."""

    name: str


Shape: TypeAlias = (
    Text
    | Name
    | Choice
    | Whole
    | Number
    | Flag
    | ListOf
    | Named
    | Options
    | Either
    | Source
    | Reference
)
