"""Rules of all entities together: names, the table and its indexes, and hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from leyden._text import did_you_mean, listed, quoted
from leyden.schema.attributes import parts_of
from leyden.schema.entities import EntityDraft, PatternDraft, TableDraft
from leyden.schema.language import RESERVED_FIELDS
from leyden.schema.nodes import Given
from leyden.schema.spec import AttributeSpec, Call, Judge
from leyden.types import type_of


def check_entities(entities: Sequence[EntityDraft]) -> None:
    """Check that entities belong to one service, and that no two have the same name."""
    first = next((entity for entity in entities if entity.spec.service), None)
    aliases: dict[str, EntityDraft] = {}
    names: dict[tuple[str, str], EntityDraft] = {}
    for entity in entities:
        spec = entity.spec
        if first is not None and spec.service and spec.service != first.spec.service:
            entity.at("service").error(
                "service.mismatch",
                f"this entity belongs to the service {quoted(spec.service)}, and the one in "
                f"{first.at('service').place} to {quoted(first.spec.service)}; "
                "entities that are loaded together belong to one service",
            )
        other = aliases.setdefault(spec.alias, entity)
        if spec.alias and other is not entity:
            entity.at("alias" if entity.given.get("alias") else "entity").error(
                "service.alias_duplicate",
                f"the alias {quoted(spec.alias)} is taken by the entity in "
                f"{other.spec.span}; give another with `alias:`",
            )
        other = names.setdefault((spec.entity.lower(), spec.version), entity)
        if not spec.entity or not spec.version or other is entity:
            continue
        if other.spec.entity == spec.entity:
            entity.at("entity").error(
                "service.entity_duplicate",
                f"there is an entity {quoted(spec.entity)} of version {quoted(spec.version)} in "
                f"{other.spec.span} already; change the name or the version",
            )
        else:
            entity.at("entity").warning(
                "service.entity_case",
                f"{quoted(spec.entity)} differs only in case from the entity in "
                f"{other.spec.span}; keys are in lowercase, so their items can share a key",
            )


def check_listed(entities: Sequence[EntityDraft], table: TableDraft) -> None:
    """Check that the table's description lists exactly the indexes that entities use."""
    described = table.spec.indexes
    used = {index.index for entity in entities for index in entity.spec.indexes.values()}
    used |= {search.index for entity in entities for search in entity.spec.searches.values()}
    unused = [name for name in described if name not in used]
    for name in unused if all(entity.whole for entity in entities) else ():
        hint = did_you_mean(name, {index for index in used if index})
        table.given.at("indexes", name).warning(
            "table.index_unused", f"no access pattern uses the index {quoted(name)}{hint}"
        )
    for pattern in [pattern for entity in entities for pattern in entity.patterns]:
        asked = pattern.index.index
        if described and asked is not None and asked not in described:
            hint = did_you_mean(asked, unused) or "; list it there as well"
            pattern.at("index").warning(
                "table.index_unlisted",
                f"the table's description ({table.spec.span}) lists indexes, but not "
                f"{quoted(asked)}{hint}",
            )


def check_ttl(entities: Sequence[EntityDraft], table: TableDraft | None) -> None:
    """Check that the table's TTL field holds times, and that there is only one."""
    stored = [(entity, spec) for entity in entities for spec in entity.spec.attributes.values()]
    ttl = table.given.get("ttl") if table is not None else None
    if ttl is None:
        _check_one_ttl([(entity, spec) for entity, spec in stored if type_of(spec).expires])
        return
    here = [(entity, spec) for entity, spec in stored if spec.field == ttl.value]
    for entity, spec in here:
        if spec.encrypt and not type_of(spec).expires:
            entity.at("attributes", spec.name, "encrypt").error(
                "attribute.encrypt",
                f"{quoted(spec.name)} is stored in {quoted(spec.field)}, the table's TTL field "
                f"({ttl.span}), which DynamoDB reads to delete the item",
            )
        if spec.type and not _counts_seconds(spec):
            entity.at("attributes", spec.name, "type").error(
                "table.ttl",
                f"{quoted(spec.name)} is stored in {quoted(spec.field)}, the table's TTL field "
                f"({ttl.span}), but is of the type {quoted(spec.type)}, which never expires; "
                "make it a ttl",
            )
    if not here and all(entity.whole for entity in entities):
        hint = did_you_mean(ttl.value, {spec.field for _, spec in stored if _counts_seconds(spec)})
        ttl.warning(
            "table.ttl_unknown",
            f"no entity has an attribute that is stored in {quoted(ttl.value)}, so none of their "
            f"items will expire{hint}",
        )


def _check_one_ttl(expiring: Sequence[tuple[EntityDraft, AttributeSpec]]) -> None:
    fields: dict[str, Given] = {}
    for entity, spec in expiring:
        fields.setdefault(spec.field, entity.at("attributes", spec.name))
    if len(fields) > 1:
        [*fields.values()][1].warning(
            "table.ttl_ambiguous",
            f"attributes of the type ttl are stored in {listed(fields)}, and a table has one TTL "
            "field; store all in one, or say which with `ttl` in table.yaml",
        )


def _counts_seconds(spec: AttributeSpec) -> bool:
    return type_of(spec).expires or type_of(spec).countable


def _uses(entities: Sequence[EntityDraft]) -> dict[str | None, list[PatternDraft]]:
    """Return each entity's first access pattern on each index, if its types are known."""
    uses: dict[str | None, list[PatternDraft]] = {}
    for pattern in [pattern for entity in entities for pattern in entity.patterns]:
        if pattern.is_known:
            same = uses.setdefault(pattern.index.index, [])
            if not same or same[-1].entity is not pattern.entity:
                same.append(pattern)
    return uses


def check_shared_indexes(entities: Sequence[EntityDraft]) -> None:
    """Check that all entities agree about the indexes and about the table's own key."""
    for name, (first, *others) in _uses(entities).items():
        for pattern in others:
            half = _difference(pattern, first)
            if half and name is None:
                # Entities with different keys cannot be in one table. But each call can name its
                # own table, so this is no error until somebody creates a table for all of them.
                pattern.at(half, "field").warning(
                    "table.key_mismatch",
                    f"the table's own key is {_described(pattern)} here, and {_described(first)} "
                    f"in {first.index.span}; these entities cannot be in one table",
                )
            elif half:
                pattern.at(half, "field").error(
                    "index.mismatch",
                    f"the key of the index {quoted(name or '')} is {_described(pattern)} here, and "
                    f"{_described(first)} in {first.index.span}; all entities must agree about an "
                    "index",
                )


def _difference(pattern: PatternDraft, other: PatternDraft) -> str:
    """Return which half of two keys differs in its fields, types or presence; "" if none does."""
    for half, mine, theirs in zip(("pk", "sk"), _physical(pattern), _physical(other), strict=True):
        if mine != theirs:
            return half
    return ""


def _physical(pattern: PatternDraft) -> list[str]:
    """Return the fields of both keys with their types in DynamoDB; "" if there is no sort key."""
    found = ["", ""]
    for i, key in enumerate(pattern.halves):
        fields = [(key.spec.field, key.is_numeric)]
        if pattern.index.type == "composite":
            fields = [(spec.field, type_of(spec).kind == "N") for spec in key.attributes]
        found[i] = ", ".join(
            f"{quoted(field)} ({'a number' if is_number else 'text'})"
            for field, is_number in fields
        )
    return found


def _described(pattern: PatternDraft) -> str:
    """Describe the physical key in words."""
    pk, sk = _physical(pattern)
    return f"{pk} with {sk}" if sk else f"{pk} without a sort key"


def check_table_indexes(entities: Sequence[EntityDraft], table: TableDraft) -> None:
    """Check the indexes of entities against the table's description."""
    uses = [pattern for patterns in _uses(entities).values() for pattern in patterns]
    for pattern in uses:
        index, asked = pattern.index, pattern.index.projection
        described = table.spec.indexes.get(index.index or "")
        if described is None:
            # The table's index then holds what any of them needs.
            continue
        if asked is not None and not _within(asked, described.projection):
            pattern.at("projection").error(
                "index.mismatch",
                f"the projection of the index {quoted(described.name)} is {_said(asked)} here, "
                f"which is more than {_said(described.projection)} in {described.span}; an entity "
                "can only list fields that the table's index holds",
            )
        if described.kind == "lsi":
            _check_local(pattern, f"{quoted(described.name)} is a local")


def _check_local(pattern: PatternDraft, local: str) -> None:
    index = pattern.index
    keys = [one.pk.field for one in pattern.entity.spec.indexes.values() if one.index is None]
    if index.type == "composite":
        pattern.at("type").error(
            "index.multi_attribute",
            f"{pattern.where}: the type composite is for global indexes, and {local} one "
            "(kind: lsi)",
        )
    elif index.sk is None:
        pattern.at().error(
            "index.lsi_partition_key",
            f"{pattern.where}: {local} index (kind: lsi), which needs a sort key of its own; add "
            "`sk`",
        )
    elif keys and index.pk.field != keys[0]:
        pattern.at("pk", "field").error(
            "index.lsi_partition_key",
            f"{pattern.where}: {local} index (kind: lsi), so its partition key must be the "
            f"table's, {quoted(keys[0])}, not {quoted(index.pk.field)}",
        )


def _within(asked: str | tuple[str, ...], held: str | tuple[str, ...]) -> bool:
    if held == "all" or asked == "keys_only":
        return True
    return asked != "all" and held != "keys_only" and set(asked) <= set(held)


def _said(projection: str | tuple[str, ...]) -> str:
    return f"[{', '.join(projection)}]" if isinstance(projection, tuple) else projection


def check_projections(entities: Sequence[EntityDraft], table: TableDraft | None) -> None:
    """Check that projections only list fields that items have."""
    everywhere = {*RESERVED_FIELDS}
    for entity in entities:
        known = {*RESERVED_FIELDS, *entity.spec.identifiers}
        known |= {attribute.field for attribute in entity.spec.attributes.values()}
        known |= {key.spec.field for pattern in entity.patterns for key in pattern.halves} - {""}
        everywhere |= known
        for name, index in entity.spec.indexes.items() if entity.whole else ():
            here = entity.at("indexes", name, "projection")
            _check_fields(index.projection, known, [entity], here)
        for draft in entity.searches if entity.whole else ():
            _check_fields(draft.search.projection, known, [entity], draft.at("projection"))
    if table is not None and all(entity.whole for entity in entities):
        for name, described in table.spec.indexes.items():
            here = table.given.at("indexes", name, "projection")
            _check_fields(described.projection, everywhere, entities, here)


def _check_fields(
    projection: str | tuple[str, ...] | None,
    known: set[str],
    entities: Sequence[EntityDraft],
    here: Given,
) -> None:
    for i, field in enumerate(projection) if isinstance(projection, tuple) else ():
        if field in known:
            continue
        owners = [entity.spec.attributes.get(field) for entity in entities]
        stored = sorted({attribute.field for attribute in owners if attribute is not None})
        hint = did_you_mean(field, known)
        if stored:
            hint = f"; the attribute {quoted(field)} is stored in {listed(stored)}: list that"
        message = f"{here.where}: no item has a field {quoted(field)}{hint}"
        here.at(i).error("index.projection", message)


def check_hooks(entities: Sequence[EntityDraft], hooks: Mapping[str, Callable[..., Any]]) -> None:
    """Check that each `{call: NAME}` names a function in `hooks`."""
    for entity in entities:
        for path, call in _calls(entity):
            where, here = ".".join(path), entity.at(*path, "call")
            if call not in hooks:
                here.error(
                    "hook.missing",
                    f"{where} calls {quoted(call)}, which is missing from "
                    f"`hooks=`{did_you_mean(call, hooks)}",
                )
            elif not callable(hooks[call]):
                here.error(
                    "hook.not_callable",
                    f"the hook {quoted(call)} is not a function, but "
                    f"a {type(hooks[call]).__name__}",
                )


def _calls(entity: EntityDraft) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the functions that an entity calls, each with its path."""
    for name, attribute in entity.spec.attributes.items():
        for path, part in parts_of(attribute, "attributes", name):
            for option in ("default", "on_write", "validate", "get", "set", "derive"):
                source = getattr(part, option)
                if isinstance(source, Call):
                    yield (*path, option), source.name
    for name, index in entity.spec.indexes.items():
        if isinstance(index.when, Judge):
            yield ("indexes", name, "when"), index.when.name
