"""JMESPath in schemas: parse expressions, explain usual mistakes, and find what is always null.

People write JMESPath as they write Python or SQL, and its own messages only say where parsing broke
off. JMESPath also raises no error if a step does not fit a value; it gives null. A condition on
part of a text (`at[0:10]`) therefore never holds, without any message. Neither does a condition
that compares an enum with a value that it does not have.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from leyden._attrs import field, frozen
from leyden._late import Late
from leyden._text import did_you_mean, listed, quoted
from leyden.schema.spec import AttributeSpec
from leyden.types import shared_properties, type_of

_WORDS: Final = {
    "and": "join conditions with &&",
    "or": "join conditions with ||",
    "not": "negate with !, as in !done",
    "in": "ask contains(list, value)",
    "is": "compare with == or !=",
}
_SYMBOLS: Final = {
    "=": "compare with ==",
    "<>": "compare with !=",
    "&": "join conditions with &&",
}
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_CONSTANTS: Final = ("true", "false", "null", "True", "False", "None")


def remedy(text: str, position: int) -> str:
    """Return what to write instead of the text at `position`, where parsing broke off, or ""."""
    rest = text[position:]
    number = _NUMBER.match(rest)
    if number is not None:
        return f"; a number stands in backticks: `{number[0]}`"
    word = re.match(r"\w+", rest)
    if word is not None and word[0].lower() in _WORDS:
        return f"; {_WORDS[word[0].lower()]}"
    # Parsing breaks off after a word such as "and", so look at the word before.
    before = re.search(r"(\w+)\s*\Z", text[:position])
    if rest and before is not None and before[1].lower() in _WORDS:
        return f"; {_WORDS[before[1].lower()]}"
    found = next((what for symbol, what in _SYMBOLS.items() if rest.startswith(symbol)), None)
    return f"; {found}" if found else ""


def instead_of(name: str, text: str, known: Mapping[str, AttributeSpec]) -> str:
    """Return what to write instead of `name`, which is no attribute, in the expression `text`."""
    if name in _CONSTANTS:
        constant = {"None": "null"}.get(name, name.lower())
        return f"; a constant stands in backticks: `{constant}`"
    is_value = any(name in attribute.values for attribute in known.values())
    if f'"{name}"' in text or is_value or not name.isidentifier():
        return f"; text stands in single quotes: '{name}'"
    return did_you_mean(name, known)


if TYPE_CHECKING:
    import jmespath
    from jmespath import exceptions, functions
else:
    jmespath, exceptions = Late("jmespath"), Late("jmespath.exceptions")
    functions = Late("jmespath.functions")

_LONGEST: Final = 4096
_CLOSE: Final = 0.75
"""Names in other languages look alike without meaning the same: `lower` is not `floor`."""
_SELF_NODES: Final = frozenset({"current", "identity"})

_Tree: TypeAlias = dict[str, Any]
_Roots: TypeAlias = frozenset[str] | None

_NOTHING: Final[frozenset[str]] = frozenset()


class ExpressionError(ValueError):
    """An expression that is not JMESPath. `column` counts from 1 inside the expression."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"{message} (column {column} of the expression)")
        self.column = column


@frozen
class ParsedExpression:
    """A JMESPath expression and the top-level names that it reads.

    `roots` is None if it reads the whole object (`@`, `*`, `keys(@)`).
    """

    text: str
    roots: frozenset[str] | None
    tree: _Tree = field(repr=False, eq=False)


@lru_cache(maxsize=1024)
def parse_expression(text: str) -> ParsedExpression:
    """Parse `text` as JMESPath and find out which top-level names it reads.

    Also finds unknown functions and wrong numbers of arguments, which JMESPath itself reports only
    when it evaluates the expression. Raises ExpressionError.

    >>> sorted(parse_expression("join(' ', [a.b, c[?d > `1`].e | [0]])").roots)
    ['a', 'c']
    """
    if len(text) > _LONGEST:
        raise ExpressionError(f"longer than {_LONGEST} characters", _LONGEST + 1)
    try:
        tree: _Tree = jmespath.compile(text).parsed
        check_calls(tree, text)
        return ParsedExpression(text, _roots(tree), tree)
    except exceptions.IncompleteExpressionError:
        raise ExpressionError("the expression ends too early", len(text) + 1) from None
    except exceptions.EmptyExpressionError:
        raise ExpressionError("the expression is empty", 1) from None
    except exceptions.LexerError as error:
        message = error.message.splitlines()[0] + remedy(text, error.lex_position)
        raise ExpressionError(message, error.lex_position + 1) from None
    except exceptions.ParseError as error:
        what = "the end" if error.token_value in (None, "") else quoted(str(error.token_value))
        message = f"{what} is not expected here{remedy(text, error.lex_position)}"
        raise ExpressionError(message, error.lex_position + 1) from None
    except exceptions.JMESPathError as error:
        raise ExpressionError(str(error).splitlines()[0], 1) from None
    except RecursionError:
        raise ExpressionError("nested too deep", 1) from None


def check_calls(tree: _Tree, text: str) -> None:
    """Raise ExpressionError for an unknown function, or a wrong number of arguments to one."""
    if tree["type"] == "function_expression":
        name = tree["value"]
        found = re.search(rf"(?<![\w-]){re.escape(name)}\s*\(", text)
        column = found.start() + 1 if found else 1
        known: dict[str, Any] = functions.Functions.FUNCTION_TABLE
        if name not in known:
            hint = did_you_mean(name, known, closeness=_CLOSE)
            raise ExpressionError(f"JMESPath has no function {quoted(name)}{hint}", column)
        signature = known[name]["signature"]
        given = len(tree["children"])
        variadic = bool(signature) and signature[-1].get("variadic", False)
        if given < len(signature) or (given > len(signature) and not variadic):
            least = "at least " if variadic else ""
            plural = "" if len(signature) == 1 else "s"
            raise ExpressionError(
                f"{name}() takes {least}{len(signature)} argument{plural}, not {given}", column
            )
    for child in tree["children"]:
        if isinstance(child, dict):
            check_calls(child, text)


def _roots(tree: _Tree) -> _Roots:
    """Return the names that `tree` reads from the object that it is evaluated against."""
    kind = tree["type"]
    children = tree["children"]
    if kind == "field":
        return frozenset({tree["value"]})
    if kind in _SELF_NODES:
        return None
    if kind in ("literal", "expref", "slice", "index"):
        # An expref is evaluated against the values that its function passes to it.
        return _NOTHING
    if kind in ("subexpression", "index_expression", "pipe"):
        # Later steps read from the result of the first one; only after `@` is that the object.
        for child in children:
            if child["type"] not in _SELF_NODES:
                return _NOTHING if child["type"] in ("index", "slice") else _roots(child)
        return None
    if kind in ("projection", "value_projection", "filter_projection"):
        return _roots(children[0])
    found = _NOTHING
    for child in children:
        inner = _roots(child)
        if inner is None:
            return None
        found |= inner
    return found


@frozen
class Shape:
    """What a part of an expression gives, as far as the schema tells; `kind` None is anything."""

    kind: str | None = None
    name: str = ""
    items: AttributeSpec | None = None
    properties: Mapping[str, AttributeSpec] | None = None
    values: tuple[str, ...] = ()
    literal: Any = None


_ANYTHING: Final = Shape()
_RESULTS: Final = {
    **dict.fromkeys(("join", "to_string", "type"), "text"),
    **dict.fromkeys(
        ("abs", "avg", "ceil", "floor", "length", "sum", "to_number"),
        "a number",
    ),
    **dict.fromkeys(("contains", "ends_with", "starts_with"), "true or false"),
    **dict.fromkeys(("keys", "map", "sort", "sort_by", "to_array", "values"), "a list"),
}
_ORDER: Final = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_INSTEAD: Final = (
    "ask starts_with(), ends_with() or contains(), or let a function ({call: NAME}) do it"
)


def shape_of(spec: AttributeSpec, name: str) -> Shape:
    """Return the shape of an attribute's values in an expression."""
    properties = spec.properties if spec.variants is None else shared_properties(spec)
    return Shape(type_of(spec).in_expressions, name, spec.items, properties, tuple(spec.values))


def always_null(tree: Mapping[str, Any], here: Shape) -> list[str]:
    """Describe the parts of a parsed expression that are null whatever the values are.

    `here` is the shape that the expression is evaluated against.
    """
    found: list[str] = []
    _Looking(found, []).at(tree, here)
    return list(dict.fromkeys(found))


def always_alike(tree: Mapping[str, Any], here: Shape) -> list[str]:
    """Describe the comparisons of a parsed expression that have the same result for every value.

    `==` never holds in them, and `!=` always does.
    """
    found: list[str] = []
    _Looking([], found).at(tree, here)
    return list(dict.fromkeys(found))


class _Looking:
    def __init__(self, found: list[str], alike: list[str]) -> None:
        self.found = found
        self.alike = alike

    def at(self, tree: Mapping[str, Any], here: Shape) -> Shape:
        """Return the shape of `tree`, and note what in it is null for every value."""
        look = getattr(self, f"_{tree['type']}", None)
        if look is not None:
            shape: Shape = look(tree, here)
            return shape
        self._all(tree["children"], here)
        return _ANYTHING

    def _all(self, trees: Iterable[Any], here: Shape) -> list[Shape]:
        return [self.at(tree, here) for tree in trees if isinstance(tree, Mapping)]

    def _current(self, tree: Mapping[str, Any], here: Shape) -> Shape:
        return here

    _identity = _current

    def _literal(self, tree: Mapping[str, Any], here: Shape) -> Shape:
        value = tree["value"]
        if isinstance(value, str):
            return Shape("text", f"'{value}'", literal=value)
        if isinstance(value, bool):
            return Shape("true or false", f"`{str(value).lower()}`", literal=value)
        if isinstance(value, int | float):
            return Shape("a number", f"`{value}`", literal=value)
        return _ANYTHING

    def _field(self, tree: Mapping[str, Any], here: Shape) -> Shape:
        name = tree["value"]
        if here.kind == "a map":
            inner = (here.properties or {}).get(name)
            path = f"{here.name}.{name}" if here.name else name
            return shape_of(inner, path) if inner is not None else _ANYTHING
        if here.kind is not None:
            self._note(here, f'and only a map has properties, such as "{name}"')
            if here.kind == "text":
                self.found[-1] += f"; text stands in single quotes: '{name}'"
        return _ANYTHING

    def _subexpression(self, tree: Mapping[str, Any], here: Shape) -> Shape:
        for child in tree["children"]:
            here = self.at(child, here)
        return here

    _pipe = _subexpression

    def _index_expression(self, tree: Mapping[str, Any], here: Shape) -> Shape:
        base, *steps = tree["children"]
        shape = self.at(base, here)
        for step in steps:
            shape = self._element(shape, sliced=step["type"] == "slice")
        return shape

    def _flatten(self, tree: Mapping[str, Any], here: Shape) -> Shape:
        return self._element(self.at(tree["children"][0], here), sliced=True)

    def _element(self, base: Shape, *, sliced: bool = False) -> Shape:
        if base.kind == "text":
            self._note(base, f"and JMESPath cannot take a part of text by [...]; {_INSTEAD}")
        elif base.kind not in (None, "a list"):
            self._note(base, "and only a list has elements")
        elif sliced:
            return base
        elif base.items is not None:
            return shape_of(base.items, f"{base.name}[]")
        return _ANYTHING

    def _projection(self, tree: Mapping[str, Any], here: Shape) -> Shape:
        base, behind = tree["children"]
        self.at(behind, self._element(self.at(base, here)))
        return Shape("a list")

    def _filter_projection(self, tree: Mapping[str, Any], here: Shape) -> Shape:
        base, *behind = tree["children"]
        self._all(behind, self._element(self.at(base, here)))
        return Shape("a list")

    def _value_projection(self, tree: Mapping[str, Any], here: Shape) -> Shape:
        base, behind = tree["children"]
        shape = self.at(base, here)
        if shape.kind not in (None, "a map"):
            self._note(shape, "and only a map has values (.*)")
        self.at(behind, _ANYTHING)
        return Shape("a list")

    def _comparator(self, tree: Mapping[str, Any], here: Shape) -> Shape:
        sides = self._all(tree["children"], here)
        operator = _ORDER.get(tree["value"])
        for side in sides if operator else ():
            if side.kind not in (None, "a number", "text"):
                self._note(side, f"and {operator} compares numbers or texts only")
        for one, other in (sides, sides[::-1]):
            self._compared(tree["value"], one, other)
        return _ANYTHING

    def _compared(self, operator: str, one: Shape, other: Shape) -> None:
        """Note the result of comparing something with a literal, if it is always the same."""
        if other.literal is None or one.literal is not None or one.kind is None:
            return
        named, kind = _named(one), one.kind
        outcome = "always holds" if operator == "ne" else "never holds"
        compared = ("a number", "text", "true or false")
        if kind not in (compared if operator in ("eq", "ne") else compared[:2]):
            return
        if other.kind != kind:
            what = f"{named} is {kind}, and {other.name} is {other.kind}"
            if kind == "a number" and other.kind == "text" and _is_number(other.literal):
                what += f"; a number stands in backticks: `{other.literal}`"
        elif operator in ("eq", "ne") and one.values and other.literal not in one.values:
            hint = did_you_mean(other.literal, one.values)
            what = f"{named} is {listed(one.values, 'or')}, and not {other.name}{hint}"
        else:
            return
        self.alike.append(f"{outcome}: {what}")

    def _function_expression(self, tree: Mapping[str, Any], here: Shape) -> Shape:
        self._all(tree["children"], here)
        name = tree["value"]
        return Shape(_RESULTS.get(name), f"{name}()")

    def _expref(self, tree: Mapping[str, Any], here: Shape) -> Shape:
        self._all(tree["children"], _ANYTHING)
        return _ANYTHING

    def _note(self, shape: Shape, why: str) -> None:
        self.found.append(f"{_named(shape)} is {shape.kind}, {why}")


def _named(shape: Shape) -> str:
    if not shape.name:
        return "what it is asked of"
    bare = shape.name[0] in "'`" or shape.name.endswith(")")
    return shape.name if bare else f'"{shape.name}"'


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and text.strip() == text
    except ValueError:
        return False
