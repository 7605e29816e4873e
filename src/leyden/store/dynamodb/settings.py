"""What a store is told when it is made, checked: schemas, times to live, and the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

from attrs import evolve, field, frozen

from leyden import schemas_folder
from leyden._text import did_you_mean
from leyden.errors import InvalidOptionError
from leyden.schema import AttributeSpec, EntitySpec, ServiceSpec, load_service
from leyden.service.enforcing import refuse_unenforced
from leyden.store.values import Clock, cut, system_clock

CONCURRENCY: Final = 8
"""How many requests of one call are under way at once, unless told otherwise."""

_TABLE_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{3,255}")

Hooks = Mapping[str, Callable[..., Any]]

Source: TypeAlias = str | Path | Mapping[str, Any]
LargeValues: TypeAlias = Literal["error", "chunk"]

LARGE: Final = {
    "thread": ("metadata",),
    "message": ("content",),
    "resource": ("working_memory", "metadata"),
    "workflow_snapshot": ("snapshot",),
    "score": ("input", "output"),
}
"""What may outgrow an item, by entity."""

LIVING: Final = (
    "thread",
    "message",
    "resource",
    "workflow_snapshot",
    "score",
    "trace",
    "eval",
)
"""The entities whose items may have a time to live."""

DEFAULT_ATTRIBUTE: Final = "ttl"

_BY_FIELD: Final = {"expiresAt": "expires_at"}
"""Attributes by the fields that store them under other names."""


@frozen
class Settings:
    """A store's schemas and rules. `now` gives the time, cut to milliseconds."""

    name: str
    table_name: str
    spec: ServiceSpec
    ttl: TtlRules
    now: Clock
    concurrency: int

    @classmethod
    def of(
        cls,
        *,
        name: str,
        table_name: str,
        ttl: Mapping[str, timedelta | TTL] | None,
        large_values: LargeValues,
        entities: Source | None,
        hooks: Hooks | None,
        clock: Clock | None,
        concurrency: int,
    ) -> Settings:
        """Check what a store is made with. Raises InvalidOptionError, SchemaError."""
        if not isinstance(name, str) or not name.strip():
            raise InvalidOptionError("name takes a text that is not blank")
        if not isinstance(table_name, str) or not table_name.strip():
            raise InvalidOptionError("table_name takes the table's name, and is blank")
        if _TABLE_NAME.fullmatch(table_name) is None:
            raise InvalidOptionError(
                "table_name takes 3 to 255 letters of ASCII, digits, dots, dashes and underscores; "
                f"this has {len(table_name)} characters, or others"
            )
        if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
            raise InvalidOptionError("concurrency takes a whole number from 1 up")
        if clock is not None and not callable(clock):
            raise InvalidOptionError("clock takes a function that gives an aware datetime")
        rules = TtlRules.of(ttl)
        spec = memory_schemas(entities=entities, hooks=hooks, ttl=rules, large_values=large_values)
        return cls(name, table_name, spec, rules, cut(clock or system_clock), concurrency)


@frozen(kw_only=True)
class TTL:
    """A time to live: items may be deleted `after` this long, from the last save on.

    `attribute` is the one that the table's time to live reads: `ttl`, `expires_at` (stored as
    `expiresAt`), or a name of your own, which the schemas then have as well.
    """

    after: timedelta
    attribute: str = DEFAULT_ATTRIBUTE


@frozen
class TtlRules:
    """The times to live, by the alias of the entity; what has none lives on."""

    rules: Mapping[str, TTL] = field(factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, timedelta | TTL] | None) -> TtlRules:
        """Read the rules of a store's `ttl=`.

        Raises InvalidOptionError for an entity that there is not, for a time that is no positive
        timedelta, and where the rules name several attributes: a table reads one.
        """
        if given is None:
            return cls()
        if not isinstance(given, Mapping):
            raise InvalidOptionError(
                f"ttl takes a mapping of entities to timedeltas, not {type(given).__name__}"
            )
        rules = {_entity(alias): _rule(alias, rule) for alias, rule in given.items()}
        attributes = sorted({rule.attribute for rule in rules.values()})
        if len(attributes) > 1:
            raise InvalidOptionError(
                f"ttl names several attributes, {', '.join(attributes)}, and a table's time to "
                "live reads one"
            )
        return cls(rules)

    def fields(self, alias: str, now: datetime) -> dict[str, datetime]:
        """What a save at this time adds to an item: the attribute, or nothing."""
        rule = self.rules.get(alias)
        return {} if rule is None else {rule.attribute: now + rule.after}


def _entity(alias: Any) -> str:
    if alias not in LIVING:
        hint = did_you_mean(str(alias), LIVING) or f"; there are {', '.join(LIVING)}"
        raise InvalidOptionError(f'ttl: the store has no entity "{alias}"{hint}')
    return str(alias)


def _rule(alias: str, given: Any) -> TTL:
    rule = TTL(after=given) if isinstance(given, timedelta) else given
    if not isinstance(rule, TTL) or not isinstance(rule.after, timedelta):
        raise InvalidOptionError(f'ttl["{alias}"] takes a timedelta or a TTL')
    if rule.after <= timedelta(0):
        raise InvalidOptionError(
            f'ttl["{alias}"] is not positive; leave it out for items that do not expire'
        )
    if not isinstance(rule.attribute, str) or not rule.attribute.isidentifier():
        raise InvalidOptionError(
            f'ttl["{alias}"].attribute takes a name of letters, digits and underscores'
        )
    return evolve(rule, attribute=_BY_FIELD.get(rule.attribute, rule.attribute))


def memory_schemas(
    *,
    entities: Source | None = None,
    hooks: Mapping[str, Callable[..., Any]] | None = None,
    ttl: TtlRules,
    large_values: LargeValues = "error",
) -> ServiceSpec:
    """The schemas of the memory, with the user's entities in the same service and table.

    Raises SchemaError with all faults, as for an entity whose name the memory has already, and
    InvalidOptionError.
    """
    if large_values not in get_args(LargeValues):
        hint = did_you_mean(str(large_values), get_args(LargeValues))
        raise InvalidOptionError(f'large_values takes "error" or "chunk"{hint}')
    service = load_service(schemas_folder("memory"), hooks=hooks, beside=entities)
    own = {alias: service.entities[alias] for alias in LIVING}
    for alias, entity in service.entities.items():
        if alias not in own and entity.entity.lower() in own:
            raise InvalidOptionError(
                f'entities: {entity.span}: "{entity.entity}" is the name of an entity of the '
                "store, and keys do not tell capitals from small letters; choose another"
            )
    if large_values == "chunk":
        own = {alias: _overflowing(entity, LARGE.get(alias, ())) for alias, entity in own.items()}
    for alias in ttl.rules:
        own[alias] = _living(own[alias], ttl)
    table = evolve(service.table, ttl=_field(own, ttl) or service.table.ttl)
    changed = evolve(service, entities={**service.entities, **own}, table=table)
    refuse_unenforced(changed)
    return changed


def _overflowing(entity: EntitySpec, names: tuple[str, ...]) -> EntitySpec:
    chunked = {name: evolve(entity.attributes[name], overflow="chunk") for name in names}
    return evolve(entity, attributes={**entity.attributes, **chunked})


def _living(entity: EntitySpec, ttl: TtlRules) -> EntitySpec:
    """The entity with the attribute that its time to live is kept in."""
    name = ttl.rules[entity.alias].attribute
    attribute = entity.attributes.get(name)
    if attribute is None:
        added = AttributeSpec(name, "ttl", name, name, span=entity.span)
        return evolve(entity, attributes={**entity.attributes, name: added})
    if attribute.type != "ttl":
        raise InvalidOptionError(
            f'ttl["{entity.alias}"]: "{name}" is an attribute for something else; name another'
        )
    return entity


def _field(entities: Mapping[str, EntitySpec], ttl: TtlRules) -> str | None:
    """The field that the table's time to live must read; None where nothing expires."""
    for alias, rule in ttl.rules.items():
        return entities[alias].attributes[rule.attribute].field
    return None
