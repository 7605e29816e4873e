"""The kinds of values that schema options take.

The tables in `leyden.schema.language` are made of these; the parser checks documents
against them, and the JSON Schema is written from them.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from leyden._attrs import frozen

NAME_PATTERN: Final = r"^(?!__)[A-Za-z_][A-Za-z0-9_]*$"
"""Names in Python: letters, digits and underscores."""

RESERVED_NAMES: Final = tuple(keyword.kwlist)

_OF_MAPPING: Final = "a method of app.entities"
_OF_PAGE: Final = "an attribute of a collection's pages"

TAKEN_ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("get", "keys", "values"), _OF_MAPPING),
        **dict.fromkeys(
            (
                *("_abc_impl", "aliases", "consumed", "count", "cursor", "entries", "index"),
                *("items", "requests", "scanned", "unreadable"),
            ),
            _OF_PAGE,
        ),
        "collections": "what stands in place of an entity on the command line",
    }
)
"""Names that an entity cannot have in Python, and what each of them is there."""

TAKEN_ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "self": "the first parameter of every method in Python",
        **dict.fromkeys(("to_dict", "to_json"), "a method of records"),
    }
)
"""Names that an attribute cannot have in Python, and what each of them is there."""


@frozen
class Text:
    """Text; `numbers` also takes a whole number, as its digits."""

    numbers: bool = False
    empty: bool = False


@frozen
class Name:
    """Text that can be a name in Python. `instead` says what to do where it cannot.

    `taken` are names that mean something else where this one is used, each with what it means.
    """

    instead: str = ""
    taken: Mapping[str, str] = MappingProxyType({})


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
    """Different shapes for different kinds of YAML values. `what` names them for messages.

    `instead_of_list` says what to write where a list stands and cannot.
    """

    what: str
    text: Shape | None = None
    listing: Shape | None = None
    mapping: Shape | None = None
    instead_of_list: str = ""


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
