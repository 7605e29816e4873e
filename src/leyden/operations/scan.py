"""Scans: reading the whole table, for the items of one entity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import field, frozen

from leyden.keys import IndexKeys
from leyden.operations.bound import typed_key
from leyden.operations.explain import Explanation, show
from leyden.operations.expression import Expressions, conjunction
from leyden.operations.options import SCAN, Options
from leyden.operations.projection import project
from leyden.operations.read_many import ReadMany
from leyden.operations.request import Params


@frozen(eq=False, repr=False)
class Scan(ReadMany):
    """`task.scan`: all items of the entity. DynamoDB reads the whole table for it."""

    filters: Mapping[str, Any] = field(factory=dict, kw_only=True)
    """Values that the items must have; `match` sets these where no index serves them."""

    verb: ClassVar[str] = "scan"
    api: ClassVar[str] = "Scan"
    allowed: ClassVar[frozenset[str]] = SCAN

    def _describe(self, options: Options, *, telling: bool) -> Params:
        params: Params = {"TableName": self.entity.table}
        expressions = Expressions()
        condition = conjunction(
            [
                *self._key_prefixes(expressions),
                *self._identifiers(options, expressions),
                *self._filters(expressions),
                *(expressions.condition(condition) for condition in self.conditions),
            ]
        )
        if condition:
            params["FilterExpression"] = condition
        self._page(params, options)
        project(self.entity, params, options, expressions, telling=telling)
        expressions.write_to(params)
        return params

    def _key_prefixes(self, expressions: Expressions) -> list[str]:
        parts = []
        for form in self.entity.keys.primary.forms:
            prefix = form.build({})
            if isinstance(prefix, str) and prefix:
                name = expressions.name(form.field)
                parts.append(f"begins_with({name}, {expressions.value(typed_key(prefix))})")
        return parts

    def _identifiers(self, options: Options, expressions: Expressions) -> list[str]:
        if options.ignore_ownership:
            return []
        return [expressions.equal(name, value) for name, value in self.entity.identity.items()]

    def _filters(self, expressions: Expressions) -> list[str]:
        attributes = self.entity.compiled.attributes
        return [
            expressions.equal(attributes[name].spec.field, attributes[name].encode(value))
            for name, value in self.filters.items()
        ]

    def _read_from(self) -> IndexKeys:
        return self.entity.keys.primary

    def _marks(self) -> Any:
        return {}

    def _explain(self, params: Params, options: Options) -> Explanation:
        return Explanation(
            self.name,
            self.api,
            params["TableName"],
            None,
            None,
            True,
            "",
            show(params.get("FilterExpression", ""), params),
            ("reads every item of the table, those of other entities as well",),
        )
