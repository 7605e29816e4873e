"""What a store is told when it is made, checked: the same for either way of running it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from attrs import frozen

from leyden.errors import InvalidOptionError
from leyden.schema.spec import ServiceSpec
from leyden.store.dynamodb.schemas import LargeValues, Source, memory_schemas
from leyden.store.dynamodb.ttl import TTL, TtlRules
from leyden.store.times import Clock, cut, system_clock

CONCURRENCY: Final = 8
"""How many requests of one call are under way at once, unless told otherwise."""

_TABLE_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{3,255}")

Hooks = Mapping[str, Callable[..., Any]]


@frozen
class Settings:
    """A store's schemas and rules. `now` gives the time, cut to milliseconds."""

    name: str
    table_name: str
    spec: ServiceSpec
    ttl: TtlRules
    now: Clock
    concurrency: int


def settings(
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
    return Settings(name, table_name, spec, rules, cut(clock or system_clock), concurrency)
