"""JMESPath expressions of a schema: whether they parse, and what they read."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from leyden._attrs import field, frozen
from leyden._late import Late
from leyden._text import did_you_mean, quoted
from leyden.schema.slips import remedy

if TYPE_CHECKING:
    import jmespath
    from jmespath import exceptions, functions
else:
    jmespath, exceptions = Late("jmespath"), Late("jmespath.exceptions")
    functions = Late("jmespath.functions")

_LONGEST: Final = 4096
_CLOSE: Final = 0.75
"""Functions of other languages have names that look alike: `lower` is not `floor`."""
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

    `roots` is None where it reads the whole object (`@`, `*`, `keys(@)`).
    """

    text: str
    roots: frozenset[str] | None
    tree: _Tree = field(repr=False, eq=False)


@lru_cache(maxsize=1024)
def parse_expression(text: str) -> ParsedExpression:
    """Parse `text` as JMESPath and find out which top-level names it reads.

    Unknown functions and wrong numbers of arguments are found here as well, which JMESPath
    itself reports only when the expression is evaluated. Raises ExpressionError.

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
    """The names that `tree` reads from the object that it is evaluated against."""
    kind = tree["type"]
    children = tree["children"]
    if kind == "field":
        return frozenset({tree["value"]})
    if kind in _SELF_NODES:
        return None
    if kind in ("literal", "expref", "slice", "index"):
        # An expref is evaluated against what its function hands to it.
        return _NOTHING
    if kind in ("subexpression", "index_expression", "pipe"):
        # What follows reads from what came before it; but after `@` that is the object itself.
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
