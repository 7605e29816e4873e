"""`vector`: the numbers that an embedding model makes from a text, for vector search.

DynamoDB's vector indexes work with 32-bit floats, and so do models. A 32-bit float has up to nine
significant digits. As Python's 64-bit float, it has seventeen: 0.1 becomes 0.10000000149011612.
DynamoDB meters every digit, so a vector is stored only with the digits that matter:

* A number with nine significant digits or fewer is stored as given.
* A longer one is rounded to the nearest 32-bit float, and stored with eight significant digits if
  these read back as that float, else with nine.

A record shows what is stored, so a put and a get return the same record. Numbers that other clients
stored with more digits keep all of them when read.
"""

from __future__ import annotations

import copy
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from math import isfinite, sin
from numbers import Real
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from leyden.types.base import (
    Accept,
    AttributeType,
    AttributeValue,
    Compiled,
    Item,
    Likely,
    PartSchema,
    Static,
    UnreadableError,
    refuse,
    wrong_type,
)
from leyden.types.numbers import stored_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from leyden.schema.spec import AttributeSpec

Vector: TypeAlias = tuple[float, ...]

MAX_DIMENSIONS: Final = 4096
"""The largest number of dimensions of a vector in DynamoDB."""

_DIGITS: Final = 9
"""The number of significant digits that tells every 32-bit float from all others."""
_WIDTHS: Final = (len("-0.") + _DIGITS, len("-0.00000") + _DIGITS)
"""The lengths of the shortest and the longest text with nine digits, including leading zeros."""
_LARGEST: Final = 3.4028235677973366e38
"""Numbers from here on round to infinity as 32-bit floats."""
_SMALLEST: Final = 1.1754943508222875e-38
_SHOWN: Final = 3
_PLAIN: Final = frozenset({float, int})
_numbers: Final = msgspec.json.Encoder().encode
_read: Final = msgspec.json.Decoder(tuple[float, ...]).decode


def accept_vector(value: Any, path: str, dimensions: int | None = None) -> Vector:
    """Check a sequence of finite numbers, and return them with the digits that are stored.

    NumPy arrays, tensors and `array.array` are converted by their `tolist`.
    """
    given = value
    if value.__class__ is not list and value.__class__ is not tuple:
        whole = getattr(value, "tolist", None)
        given = whole() if callable(whole) else value
        if isinstance(given, str | bytes | bytearray) or not isinstance(given, Sequence):
            raise wrong_type(path, "a sequence of numbers", value)
    if dimensions is not None and len(given) != dimensions:
        raise refuse(path, f"must have {dimensions:,} numbers, not {len(given):,}")
    if not _PLAIN.issuperset(map(type, given)):
        given = [_number(number, path, i) for i, number in enumerate(given)]
    try:
        single = array("f", given)
        given = [*map(float, given)]
    except OverflowError:
        # An int is too large for a float. The check below finds its place.
        single = array("f", [float("inf")])
    if not isfinite(sum(single)):
        raise _beyond(given, path)
    return _short(given, single)


def _number(value: Any, path: str, place: int) -> float:
    """Convert a number that is not one of Python's own, such as a `numpy.float32`."""
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        raise wrong_type(f"{path}[{place}]", "a number", value)
    return float(value)


def _beyond(given: Iterable[float], path: str) -> Exception:
    for i, number in enumerate(given):
        if number != number or number in (float("inf"), float("-inf")):
            return refuse(f"{path}[{i}]", "must be a finite number")
        if abs(number) > _LARGEST:
            break
    return refuse(f"{path}[{i}]", "is beyond the numbers that a 32-bit float can hold (3.4E+38)")


def _short(given: list[float], single: array[float]) -> Vector:
    """Return the numbers with only the digits that identify their 32-bit floats, `single`."""
    text = _numbers(given)[1:-1]
    texts = text.split(b",")
    # For most numbers the length of the text is enough. Whole numbers have an extra ".0".
    least, surely = _WIDTHS if b".0," not in text and not text.endswith(b".0") else (_DIGITS, 1000)
    long = []
    for i, length in enumerate(map(len, texts)):
        if length > least:
            mantissa = texts[i].partition(b"e")[0].removesuffix(b".0") if length <= surely else b""
            if not mantissa or len(mantissa.lstrip(b"-0.").replace(b".", b"")) > _DIGITS:
                long.append(i)
    if b"e-" in text:
        # For very small numbers, a 32-bit float has fewer digits, or none.
        long = sorted({*long, *(i for i, one in enumerate(given) if 0 < abs(one) < _SMALLEST)})
    for digits in (_DIGITS - 1, _DIGITS) if long else ():
        floats = [single[i] for i in long]
        written = f"%.{digits}g," * len(long) % tuple(floats)
        shorter = _read(f"[{written[:-1]}]")
        for i, number in zip(long, shorter, strict=True):
            given[i] = number
        long = [
            i
            for i, number, read in zip(long, floats, array("f", shorter), strict=True)
            if number != read
        ]
        if not long:
            break
    return tuple(given)


def vector_excerpt(value: Sequence[float]) -> str:
    """Return the beginning of a vector to show: `[0.25, -0.5, 0.125, ... 1,536 numbers]`."""
    shown = ", ".join(vector_texts(tuple(value[:_SHOWN])))
    return f"[{shown}, ... {len(value):,} numbers]" if len(value) > _SHOWN else f"[{shown}]"


def vector_texts(value: Vector) -> list[str]:
    """Return the numbers of an accepted vector as texts."""
    text = _numbers(value)[1:-1].decode()
    texts = text.split(",") if text else []
    if ".0," in f"{text},":
        return ["0" if one == "-0.0" else one.removesuffix(".0") for one in texts]
    return texts


def vector_value(stored: Iterable[AttributeValue]) -> Vector:
    """Return the numbers of a stored list. Raises UnreadableError if it has anything else."""
    if stored.__class__ is StoredVector:
        try:
            return vector_of_json(stored.content)
        except msgspec.DecodeError:
            raise UnreadableError(_NO_NUMBERS) from None
    try:
        return _of_texts([part["N"] for part in stored])
    except (KeyError, TypeError):
        raise UnreadableError(_NO_NUMBERS) from None


def _of_texts(texts: list[str]) -> Vector:
    try:
        found = _read(f"[{','.join(texts)}]") if texts else ()
    except msgspec.DecodeError:
        # Some text is not a JSON number, but may still be a number.
        return tuple([float(stored_number(text)) for text in texts])
    if len(found) != len(texts):
        raise UnreadableError(_NO_NUMBERS)
    return found


_NO_NUMBERS: Final = "is not a list of numbers"
_BEGIN: Final = b'{"L":[{"N":"'
_BETWEEN: Final = b'"},{"N":"'
_END: Final = b'"}]}'


class _Part(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    N: str


class _Parts(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    L: list[_Part]


_read_parts: Final = msgspec.json.Decoder(_Parts).decode


def vector_of_json(content: bytes) -> Vector:
    """Return the numbers of a vector from the JSON of its AttributeValue.

    DynamoDB writes JSON without spaces, so the text between two numbers is always the same, and no
    mapping per number is needed. Other JSON works too, but is slower. Raises msgspec.DecodeError or
    UnreadableError if it is not a list of numbers.
    """
    if content.startswith(_BEGIN) and content.endswith(_END):
        numbers = content[len(_BEGIN) : -len(_END)].replace(_BETWEEN, b",")
        with suppress(msgspec.DecodeError):
            found = _read(b"[%b]" % numbers)
            if len(found) == content.count(b"{") - 1:
                return found
    return _of_texts([part.N for part in _read_parts(content).L])


class StoredVector(Sequence[AttributeValue]):
    """The list of AttributeValues of a stored vector, which is parsed from its JSON at use.

    `content` is the JSON of the whole AttributeValue.
    """

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, StoredVector):
            return self.content == other.content or list(self) == list(other)
        return list(self) == other

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, place: Any) -> Any:
        return list(self)[place]

    def __iter__(self) -> Iterator[AttributeValue]:
        try:
            return iter([{"N": part.N} for part in _read_parts(self.content).L])
        except msgspec.DecodeError:
            # Another program stored a list that is not a vector.
            found: list[AttributeValue] = msgspec.json.decode(self.content)["L"]
            return iter(found)

    def __repr__(self) -> str:
        return f"<{len(self)} numbers>"


def plain_item(item: Item) -> Item:
    """Return the item with lists instead of vectors that are still JSON."""
    if any(isinstance(v, dict) and v.get("L").__class__ is StoredVector for v in item.values()):
        return {name: copy.deepcopy(value) for name, value in item.items()}
    return item


class VectorType(AttributeType):
    """`vector`: a fixed number of `dimensions`, which a vector index can search."""

    name = "vector"
    meaning = "The numbers that an embedding model makes from a text: a `tuple` of `float`."
    example = "{type: vector, dimensions: 1536}"
    also_called = ("embedding",)
    options = frozenset({"dimensions", "deferred"})
    needs = frozenset({"dimensions"})
    wanted = "a list of numbers"
    in_expressions = "a list"
    kind = "L"
    write = "[{{'N': text}} for text in vector_texts({0})]"
    read = "vector_value({0})"
    source_names: Mapping[str, Any] = {
        "vector_texts": vector_texts,
        "vector_value": vector_value,
    }
    python = Vector
    accept = staticmethod(accept_vector)
    in_json: Any = staticmethod(list)
    without_parts = "is a vector, which is set and read as a whole"
    typed_as_json = True
    json_hint = """write a vector as '[0.25, -0.5]'"""

    def check(self, attribute: Compiled, depth: int) -> Accept:
        """Accept a sequence with as many numbers as the attribute's dimensions."""
        dimensions = attribute.spec.dimensions
        return lambda value, path: accept_vector(value, path, dimensions)

    def plain(self, attribute: Compiled) -> Callable[[Any], Any]:
        """Return a list."""
        return list

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in records, as source text."""
        return "tuple[float, ...]"

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in calls, as source text."""
        return "typed.Vector"

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """Describe an array of numbers."""
        size = {"minItems": spec.dimensions, "maxItems": spec.dimensions}
        return {"type": "array", "items": {"type": "number"}, **size}

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return numbers between -1 and 1, the same for all attributes of this length."""
        size = spec.dimensions or 3
        return [round(sin(1 + like.number * size + i), 2) for i in range(size)]
