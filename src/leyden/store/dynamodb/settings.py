"""The options of a store, checked, and the schemas and table that they ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

from attrs import evolve, field, frozen

from leyden import Service, schemas_folder, tables
from leyden._text import did_you_mean
from leyden.errors import InvalidOptionError, TableMismatchError, TableNotFoundError
from leyden.program import Program
from leyden.schema import AttributeSpec, EntitySpec, ServiceSpec, load_service

CONCURRENCY: Final = 10
"""How many requests of one call run at once by default.

This is enough to read a page of messages and both sides of four included messages at once.
"""

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
"""Attributes that may outgrow an item, by entity."""

DOMAINS: Final = {
    # Messages come first: while a thread exists, some of its messages may be left.
    "memory": ("message", "thread", "resource"),
    "workflows": ("workflow_snapshot",),
    "scores": ("score",),
    "traces": ("trace",),
    "evals": ("eval",),
}
"""The entities of each domain."""

LIVING: Final = tuple(alias for aliases in DOMAINS.values() for alias in aliases)
"""The store's entities, whose items may have a time to live."""

DEFAULT_ATTRIBUTE: Final = "ttl"

_BY_FIELD: Final = {"expiresAt": "expires_at"}
"""Attributes by field, where the field has another name."""


def refuse_unfit(name: Any, table_name: Any, concurrency: Any, clock: Any) -> None:
    """Raise InvalidOptionError for options that no store can be made with."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidOptionError("name must be a text that is not blank")
    if not isinstance(table_name, str) or not table_name.strip():
        raise InvalidOptionError("table_name is blank; give the name of the table")
    if _TABLE_NAME.fullmatch(table_name) is None:
        raise InvalidOptionError(
            "table_name takes 3 to 255 ASCII letters, digits, dots, dashes and underscores; "
            f"check the {len(table_name)} characters of this name"
        )
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise InvalidOptionError("concurrency takes a whole number from 1 up")
    if clock is not None and not callable(clock):
        raise InvalidOptionError("clock takes a function that returns an aware datetime")


@frozen(kw_only=True)
class TTL:
    """A time to live: DynamoDB may delete items this long `after` their last save.

    `attribute` is the one that the table's time to live reads: `ttl`, `expires_at` (stored as
    `expiresAt`), or a name of your own, which is then added to the schemas.
    """

    after: timedelta
    attribute: str = DEFAULT_ATTRIBUTE


@frozen
class TtlRules:
    """The times to live by entity alias; items of other entities do not expire."""

    rules: Mapping[str, TTL] = field(factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, timedelta | TTL] | None) -> TtlRules:
        """Read the rules of a store's `ttl=`.

        Raises InvalidOptionError for an unknown entity, for a time that is not a positive
        timedelta, and if the rules name several attributes, because a table has one.
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
                f"ttl names several attributes ({', '.join(attributes)}), but a table's time to "
                "live reads only one"
            )
        return cls(rules)

    def fields(self, alias: str, now: datetime) -> dict[str, datetime]:
        """Return what a save at this time adds to an item: the attribute, or nothing."""
        rule = self.rules.get(alias)
        return {} if rule is None else {rule.attribute: now + rule.after}


def _entity(alias: Any) -> str:
    if alias not in LIVING:
        hint = did_you_mean(str(alias), LIVING) or f"; its entities are {', '.join(LIVING)}"
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
    """Return the schemas of the memory, with the user's entities in the same service and table.

    Raises SchemaError with all faults, such as an entity whose name the memory uses already, and
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
                "store, and keys ignore the case of letters; choose another"
            )
    if large_values == "chunk":
        for alias, names in LARGE.items():
            attributes = own[alias].attributes
            chunked = {name: evolve(attributes[name], overflow="chunk") for name in names}
            own[alias] = evolve(own[alias], attributes={**attributes, **chunked})
    table = service.table
    for alias, rule in ttl.rules.items():
        own[alias] = living(own[alias], rule.attribute)
        # All rules name the same attribute, so any of them gives the table's field.
        table = evolve(table, ttl=own[alias].attributes[rule.attribute].field)
    return evolve(service, entities={**service.entities, **own}, table=table)


def living(entity: EntitySpec, name: str) -> EntitySpec:
    """Return the entity with the attribute that holds its time to live."""
    attribute = entity.attributes.get(name)
    if attribute is None:
        added = AttributeSpec(name, "ttl", name, name, span=entity.span)
        return evolve(entity, attributes={**entity.attributes, name: added})
    if attribute.type != "ttl":
        raise InvalidOptionError(
            f'ttl["{entity.alias}"]: "{name}" is an attribute for something else; name another'
        )
    return entity


_SEE: Final = (
    "TABLE_SETUP.md has the table for the AWS command line and for CloudFormation, `leyden table` "
    "prints it for schemas of your own, and `store.app.create_table()` creates it"
)


def check_table(app: Service, ttl: TtlRules) -> Program[None]:
    """Compare the table with the schemas: its key, indexes, projections and time to live.

    The time to live must be enabled if anything expires. Raises TableNotFoundError, or
    TableMismatchError with all differences and how to put them right.
    """
    definition, table = app.table_definition, app.table
    others = (entity for alias, entity in app.spec.entities.items() if alias not in LIVING)
    fields = {a.field for one in others for a in one.attributes.values() if a.type == "ttl"}
    if not ttl.rules and definition.ttl not in fields:
        # Nothing expires.
        definition = evolve(definition, ttl=None)
    try:
        yield from tables.check_table(definition, table)
    except TableNotFoundError as error:
        error.message = f"{error.message}. {_SEE}"
        raise
    except TableMismatchError as error:
        error.message = f"{error.message}\n{_remedies(error.differences)}"
        raise


def _remedies(differences: Iterable[str]) -> str:
    lines = []
    if any("is missing" in line for line in differences):
        lines.append(
            "Add missing indexes one at a time: aws dynamodb update-table with "
            "--global-secondary-index-updates, as TABLE_SETUP.md shows their keys"
        )
    lines += (
        f"For the time to live: {one.remedy}"
        for one in differences
        if isinstance(one, tables.Difference) and one.code.startswith("ttl.")
    )
    lines.append(
        f"{_SEE}; the key of a table and the keys of an index cannot be changed: create the index "
        "again, or another table"
    )
    return "\n".join(lines)
