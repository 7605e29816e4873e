"""Load a service from its source, or list everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leyden import _attrs as attrs
from leyden._attrs import frozen
from leyden.errors import SchemaError
from leyden.schema.entities import EntityDraft, TableDraft, build_entity, build_table
from leyden.schema.faults import Fault, Report
from leyden.schema.rules import check_rules
from leyden.schema.rules.services import check_hooks
from leyden.schema.sources import Contents, Source, read_source
from leyden.schema.spec import (
    EntitySpec,
    IndexSpec,
    ServiceSpec,
    TableIndexSpec,
    TableSpec,
)
from leyden.schema.vectors import guarded
from leyden.types import type_of

Hooks = Mapping[str, Callable[..., Any]]


@frozen
class CheckResult:
    """The result of a check. `service` is None if there is an error among the faults.

    `faults` holds errors and warnings, sorted by file, line and column.
    """

    service: ServiceSpec | None
    faults: tuple[Fault, ...]

    @property
    def errors(self) -> tuple[Fault, ...]:
        """The faults that prevent loading the service."""
        return tuple(fault for fault in self.faults if fault.severity == "error")

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """The faults that do not prevent loading: things that work but will surprise you."""
        return tuple(fault for fault in self.faults if fault.severity != "error")


def load_service(
    source: Source, *, hooks: Hooks | None = None, beside: Source | None = None
) -> ServiceSpec:
    """Load a service from a folder, a file, YAML text or a dict.

    A folder is a service: each `*.yaml` and `*.yml` file in it holds an entity, and `table.yaml`
    describes the table. Leyden does not read its subfolders. YAML text is any `str` with a line
    break; its documents, separated by `---`, are entities or the description of the table. A dict
    is one entity, or `{"entities": [...] or {alias: ...}, "table": {...}}`.

    `hooks` holds the functions that `{call: NAME}` refers to. `beside` is a second source with more
    entities of the same service and table. Raises SchemaError with all errors and warnings;
    warnings alone do not raise.

    >>> load_service("schemas/taskapp").entities["task"].version      # doctest: +SKIP
    '1'
    """
    return load_checked(source, hooks=hooks, beside=beside)[0]


def load_checked(
    source: Source, *, hooks: Hooks | None = None, beside: Source | None = None
) -> tuple[ServiceSpec, tuple[Fault, ...]]:
    """Return the service as `load_service` does, with its warnings. Raises SchemaError."""
    result = _check(source, hooks if hooks is not None else {}, beside)
    if result.service is None:
        raise SchemaError(result.faults)
    return result.service, result.warnings


def check_service(source: Source, *, hooks: Hooks | None = None) -> CheckResult:
    """Load a service as `load_service` does, but return all faults instead of raising them.

    Without `hooks`, the names of functions are not checked.

    >>> for fault in check_service("schemas/taskapp").faults:         # doctest: +SKIP
    ...     print(fault)
    """
    return _check(source, hooks)


def _check(source: Source, hooks: Hooks | None, beside: Source | None = None) -> CheckResult:
    report = Report()
    contents = read_source(source, report)
    if beside is not None:
        more = read_source(beside, report)
        documents = (*contents.documents, *more.documents)
        contents = Contents(documents, contents.whole and more.whole, contents.place)
    entities, table = _drafts(contents, report)
    check_rules(entities, table)
    if hooks is not None:
        check_hooks(entities, hooks)
    faults = report.faults()
    if report.has_errors or not entities:
        return CheckResult(None, faults)
    specs = [entity.spec for entity in entities]
    said = table.spec if table is not None else TableSpec()
    expiring = {a.field for e in specs for a in e.attributes.values() if type_of(a).expires}
    ttl = next(iter(expiring)) if len(expiring) == 1 else None
    indexes = _indexes(specs, said)
    service = ServiceSpec(
        service=specs[0].service,
        entities={spec.alias: _projecting(spec, indexes) for spec in guarded(specs)},
        table=attrs.evolve(said, indexes=indexes, ttl=ttl if said.ttl is None else said.ttl),
    )
    return CheckResult(service, faults)


def _drafts(contents: Contents, report: Report) -> tuple[list[EntityDraft], TableDraft | None]:
    entities: list[EntityDraft] = []
    table: TableDraft | None = None
    for document in contents.documents:
        if not document.is_table:
            entity = build_entity(document.node, report, document.listed_as)
            if entity is not None:
                entities.append(entity)
            continue
        draft = build_table(document.node, report)
        if draft is not None and table is not None:
            draft.given.error(
                "table.duplicate",
                f"the table is described in {table.spec.span} already; keep one description",
            )
        table = table or draft
    if contents.whole and all(document.is_table for document in contents.documents):
        report.error(
            contents.place,
            "source.no_entity",
            "there is no entity here; an entity starts with `entity: NAME`",
        )
    return entities, table


def _indexes(entities: Sequence[EntitySpec], said: TableSpec) -> dict[str, TableIndexSpec]:
    """Return the table's indexes. One that its description lacks holds what any entity needs."""
    asked: dict[str, list[IndexSpec]] = {}
    for index in (index for entity in entities for index in entity.indexes.values()):
        if index.index is not None and index.index not in said.indexes:
            asked.setdefault(index.index, []).append(index)
    found = dict(said.indexes)
    for name, same in asked.items():
        projections = [index.projection or "all" for index in same]
        lists = (fields for fields in projections if isinstance(fields, tuple))
        together = tuple(dict.fromkeys(field for fields in lists for field in fields))
        projection = "all" if "all" in projections else together or "keys_only"
        found[name] = TableIndexSpec(name, projection=projection, span=same[0].span)
    return found


def _projecting(entity: EntitySpec, indexes: Mapping[str, TableIndexSpec]) -> EntitySpec:
    """Return the entity with the projections that only the table's description gives."""
    found = dict(entity.indexes)
    for name, index in found.items():
        if index.index is not None and index.projection is None:
            projection = indexes[index.index].projection
            if projection != "all":
                found[name] = attrs.evolve(index, projection=projection)
    return attrs.evolve(entity, indexes=found)
