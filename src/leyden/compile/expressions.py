"""JMESPath expressions of a schema, ready to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leyden._late import Late
from leyden.compile.shortcuts import Evaluate, evaluator, truthy
from leyden.errors import InvalidExpressionError
from leyden.schema.expressions import ExpressionError, parse_expression
from leyden.types.base import refuse

if TYPE_CHECKING:
    import jmespath
    from jmespath import exceptions
else:
    jmespath, exceptions = Late("jmespath"), Late("jmespath.exceptions")

__all__ = ["Expression", "truthy"]


class Expression:
    """One compiled expression. `roots` are the attributes that it reads, None for all."""

    __slots__ = ("_search", "roots", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self.roots: frozenset[str] | None = parse_expression(text).roots
        except ExpressionError as error:
            raise InvalidExpressionError(f"{text}: {error}") from error
        self._search: Evaluate = evaluator(jmespath.compile(text))

    def search(self, data: Any, path: str) -> Any:
        """The result over plain data; `path` says for which attribute it is asked.

        Raises ValidationError where a function meets a type that it does not take.
        """
        try:
            return self._search(data)
        except TypeError:
            # jmespath lets Python compare text with numbers; in JMESPath that is null.
            return None
        except exceptions.JMESPathTypeError as error:
            wanted = " or ".join(error.expected_types)
            reason = f"{error.function_name}() takes {wanted}, and met {error.actual_type}"
        except exceptions.ArityError as error:
            reason = str(error)
        except (exceptions.JMESPathError, RecursionError) as error:
            reason = type(error).__name__
        raise refuse(path, f"cannot be evaluated by {self.text}: {reason}")

    def holds(self, data: Any, path: str) -> bool:
        """Whether the result counts as true in JMESPath."""
        return truthy(self.search(data, path))
