"""How long what the store saves may live."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import evolve, field, frozen

from leyden._text import did_you_mean
from leyden.errors import InvalidOptionError

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
