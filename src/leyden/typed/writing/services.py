"""The classes of the service: its entities, its collections, and the functions that load it."""

from __future__ import annotations

from leyden.mapping.record import camel_case
from leyden.schema.spec import EntitySpec, IndexSpec, ServiceSpec
from leyden.typed.writing.entities import range_of, sort_names
from leyden.typed.writing.layout import block, method
from leyden.typed.writing.names import Names, together


def service(spec: ServiceSpec, names: Names) -> list[str]:
    """Return the classes of the service, and the declarations of its loading functions."""
    collections, texts = _collections(spec, names)
    parts = "[{0}, {1}]"
    blocking = parts.format("Entities[typed.Sync]", "Collections[typed.Sync]")
    awaited = parts.format("Entities[typed.Async]", "Collections[typed.Async]")
    return [
        *texts,
        _entities(spec, names),
        collections,
        block(
            f"class Service(typed.Service{blocking}):",
            [f'"""The service {spec.service}, as `load()` gives it."""'],
        ),
        block(
            f"class AsyncService(typed.AsyncService{awaited}):",
            [f'"""The service {spec.service}, as `load_async()` gives it."""'],
        ),
        "load: typed.Load[Service]\nload_async: typed.LoadAsync[AsyncService]",
    ]


def _entities(spec: ServiceSpec, names: Names) -> str:
    kinds = {alias: f"{names.of(names.records[alias], 'Entity')}[M]" for alias in spec.entities}
    body = [f"{alias}: {kind}" for alias, kind in kinds.items()]
    body += method("__getitem__", [([f'alias: Literal["{a}"]'], k) for a, k in kinds.items()])
    return names.shielded(kinds, block("class Entities(typed.Entities[M], Generic[M]):", body))


def _collections(spec: ServiceSpec, names: Names) -> tuple[str, list[str]]:
    """Return the class of `app.collections`, and the classes that it needs."""
    members: dict[str, list[tuple[EntitySpec, IndexSpec]]] = {}
    for entity in spec.entities.values():
        for index in entity.indexes.values():
            for collection in index.collection:
                members.setdefault(collection, []).append((entity, index))
    body, texts = [], []
    for collection, found in members.items():
        declared, needed = _collection(collection, found, names)
        body += declared
        texts += needed
    text = block("class Collections(typed.Collections[M], Generic[M]):", body)
    return names.shielded(members, text), texts


def _collection(
    collection: str, members: list[tuple[EntitySpec, IndexSpec]], names: Names
) -> tuple[list[str], list[str]]:
    """Return the lines of a collection's method, and the classes that it needs."""
    page = names.new(f"{camel_case(collection)}Page")
    records = together(names.records[entity.alias] for entity, _ in members)
    lists = [f"{entity.alias}: list[{names.records[entity.alias]}]" for entity, _ in members]
    text = block(f"class {page}(typed.CollectionPage[{records}]):", lists)
    texts = [names.shielded((entity.alias for entity, _ in members), text)]
    first, index = members[0]
    partition = index.pk.composite
    sorting: dict[str, EntitySpec] = {}
    for entity, one in members:
        for name in sort_names(entity, one):
            sorting.setdefault(name, entity)
    parameters = []
    with names.inside(camel_case(collection)):
        for name in partition:
            kind = names.part(first.attributes[name], given=True)
            parameters.append(f"{name}: {kind}{' = ...' if name in first.constants else ''}")
        for name, entity in sorting.items():
            kind = names.part(entity.attributes[name], given=True)
            parameters.append(f"{name}: {kind} = ...")
    whole = f"typed.CollectionQuery[{records}, M, {page}]"
    result = whole
    if sorting:
        holder = f"{camel_case(collection)}Collection"
        left = {name: entity.attributes[name] for name, entity in sorting.items()}
        only = next(iter(left)) if len(left) == 1 else None
        limit, needed = range_of(holder, whole, left, names, needed=only)
        texts += needed
        result = f"typed.RangedCollectionQuery[{records}, M, {page}, {limit.arguments()}]"
    given = ["*", *parameters] if parameters else []
    return method(collection, [(given, result)]), texts
