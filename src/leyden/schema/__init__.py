"""The schema language: YAML into frozen specs, with every fault at its place.

>>> service = load_service("schemas/taskapp")                       # doctest: +SKIP
>>> service.entities["task"].primary.pk.composite                   # doctest: +SKIP
('project_id',)
"""

from leyden.schema.expressions import ExpressionError, ParsedExpression, parse_expression
from leyden.schema.json_schema import json_schema
from leyden.schema.loading import CheckResult, check_service, load_checked, load_service

__all__ = [
    "CheckResult",
    "ExpressionError",
    "ParsedExpression",
    "check_service",
    "json_schema",
    "load_checked",
    "load_service",
    "parse_expression",
]
