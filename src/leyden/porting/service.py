"""Several models that share a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leyden.porting.errors import ModelError
from leyden.porting.hooks import HookNames
from leyden.porting.layout import write_table_yaml, write_yaml
from leyden.porting.names import python_alias
from leyden.porting.names import snake_case as in_snake_case
from leyden.porting.port import port_alone, refuse_unloadable
from leyden.porting.ported import PortedModel, PortedService
from leyden.porting.reading import FoundModel

__all__ = ["port_service"]


def port_service(
    found: Iterable[FoundModel], *, snake_case: bool = False, table: str | None = None
) -> PortedService:
    """Port models that are loaded together.

    `table` names the table; by default the one that the models name, where they agree. An index
    with the table's own partition key becomes a local one. Raises ModelError.
    """
    models = list(found)
    hook_names = HookNames()
    aliases = _aliases(models, snake_case)
    ported = tuple(
        port_alone(
            model.model,
            alias=alias,
            snake_case=snake_case,
            hook_names=hook_names,
            identifiers=model.identifiers,
        )
        for model, alias in zip(models, aliases, strict=True)
    )
    services = {str(model.entity["service"]) for model in ported}
    if len(services) > 1:
        raise ModelError(
            f"the models belong to {len(services)} services ({', '.join(sorted(services))}), and "
            "a folder holds one; choose models by their exports"
        )
    service = PortedService(ported, _table(ported, models, table))
    documents = [*map(write_yaml, ported), write_table_yaml(service)]
    refuse_unloadable("---\n".join(filter(None, documents)))
    return service


def _aliases(models: list[FoundModel], snake: bool) -> list[str | None]:
    """The alias of each model: the one that its module gives it, else the entity's name."""
    found: list[str | None] = []
    for model in models:
        alias = model.alias
        if alias is not None:
            wanted = in_snake_case(alias) if snake else alias
            alias = python_alias(wanted, snake)
        found.append(alias)
    return found


def _table(
    ported: tuple[PortedModel, ...], models: list[FoundModel], table: str | None
) -> dict[str, Any]:
    """What table.yaml has to say."""
    if table is None:
        named = {name for model in models if (name := model.table)}
        named |= {model.table for model in ported if model.table}
        table = next(iter(named)) if len(named) == 1 else None
    found: dict[str, Any] = {} if table is None else {"table": table}
    local = _local_indexes([model.entity["indexes"] for model in ported])
    if local:
        found["indexes"] = {name: {"kind": "lsi"} for name in local}
    return found


def _local_indexes(entities: Iterable[Mapping[str, Any]]) -> list[str]:
    """The indexes whose partition key is the table's own, in all entities that use them."""
    is_local: dict[str, bool] = {}
    for indexes in entities:
        primary = next((index for index in indexes.values() if "index" not in index), None)
        for index in indexes.values():
            if "index" in index:
                same = (
                    primary is not None
                    and "sk" in index
                    and "field" in index["pk"]
                    and index["pk"]["field"] == primary["pk"].get("field")
                )
                is_local[index["index"]] = is_local.get(index["index"], True) and same
    return [name for name, local in is_local.items() if local]
