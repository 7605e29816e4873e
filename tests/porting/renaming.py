"""Neutral operations in the names of a ported model, and service files of ported models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import leyden
from leyden.porting import PortedService, write_table_yaml, write_yaml
from tests.interop.leyden_side import Words

_BY_NAME = ("item", "key", "values", "pk", *("set", "add", "subtract", "append", "delete"))


def yaml_of(service: PortedService) -> str:
    """All files of a service as one text."""
    documents = [write_yaml(model) for model in service.models]
    if service.table:
        documents.append(write_table_yaml(service))
    return "---\n".join(documents)


def loaded(service: PortedService, table: str) -> leyden.Service:
    """The service from its text, with hooks that are never to be called."""
    return leyden.load(yaml_of(service), table=table, hooks=dict.fromkeys(service.hooks, _unused))


def _unused(*_: Any) -> Any:
    raise AssertionError("a hook was called")


class PortedWords(Words):
    """Words for a service whose attributes and access patterns have other names."""

    def __init__(
        self, app: leyden.Service, models: Mapping[str, Any], service: PortedService
    ) -> None:
        by_alias = dict(zip(models, service.models, strict=True))
        renamed = {
            alias: {
                **model,
                "attributes": {
                    by_alias[alias].names[name]: attribute
                    for name, attribute in model["attributes"].items()
                    if name in by_alias[alias].names
                },
            }
            for alias, model in models.items()
        }
        super().__init__(app, renamed)
        self.by_alias = by_alias

    def params(self, op: Mapping[str, Any]) -> Any:
        """The request that Leyden builds for an operation in the model's own names."""
        return super().params(self.renamed(op))

    def renamed(self, op: Mapping[str, Any]) -> dict[str, Any]:
        """The operation in the names of the schema."""
        if "entity" in op:
            ported = self.by_alias[op["entity"]]
            names, patterns = dict(ported.names), dict(ported.patterns)
            entity = {"entity": ported.alias}
        else:
            names = {k: v for ported in self.by_alias.values() for k, v in ported.names.items()}
            patterns, entity = {}, {}

        def path(text: str) -> str:
            root = re.split(r"[.\[]", text, maxsplit=1)[0]
            return names[root] + text[len(root) :]

        def paths(values: Mapping[str, Any]) -> dict[str, Any]:
            return {path(name): value for name, value in values.items()}

        found = {**op, **entity}
        for part in (*_BY_NAME, "composite", "ifNotExists"):
            if part in op:
                found[part] = paths(op[part])
        for part in ("items", "keys"):
            if part in op:
                found[part] = [paths(one) for one in op[part]]
        if "remove" in op:
            found["remove"] = [path(one) for one in op["remove"]]
        if "range" in op:
            operator, *bounds = op["range"]
            found["range"] = [operator, *map(paths, bounds)]
        if "where" in op:
            found["where"] = _condition(op["where"], path)
        if "pattern" in op:
            found["pattern"] = patterns[op["pattern"]]
        if "attributes" in op.get("options", {}):
            attributes = [path(name) for name in op["options"]["attributes"]]
            found["options"] = {**op["options"], "attributes": attributes}
        return found


def _condition(node: list[Any], path: Any) -> list[Any]:
    operator, *operands = node
    if operator in ("and", "or", "not"):
        return [operator, *(_condition(operand, path) for operand in operands)]
    return [operator, path(operands[0]), *operands[1:]]
