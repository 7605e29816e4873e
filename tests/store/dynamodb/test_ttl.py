"""The rules of how long items live."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leyden.errors import InvalidOptionError
from leyden.store.dynamodb.settings import TTL, TtlRules, memory_schemas

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_rule_adds_its_attribute_and_the_others_nothing() -> None:
    rules = TtlRules.of({"message": DAY, "thread": TTL(after=2 * DAY)})
    assert rules.fields("message", NOW) == {"ttl": NOW + DAY}
    assert rules.fields("thread", NOW) == {"ttl": NOW + 2 * DAY}
    assert rules.fields("score", NOW) == {}
    assert TtlRules.of(None).fields("message", NOW) == {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mesage": DAY}, 'did you mean "message"'),
        ({"message": 3600}, "takes a timedelta or a TTL"),
        ({"message": timedelta(0)}, "not positive"),
        ({"message": TTL(after=-DAY)}, "not positive"),
        ({"message": TTL(after=DAY, attribute="a b")}, "letters, digits"),
        ({"message": DAY, "thread": TTL(after=DAY, attribute="expires_at")}, "reads only one"),
        ([("message", DAY)], "mapping of entities"),
    ],
)
def test_other_rules_are_refused(given: Any, words: str) -> None:
    with pytest.raises(InvalidOptionError, match=words):
        TtlRules.of(given)


@pytest.mark.parametrize(
    ("attribute", "field"),
    [("ttl", "ttl"), ("expires_at", "expiresAt"), ("expiresAt", "expiresAt"), ("gone", "gone")],
)
def test_the_table_reads_the_field_of_the_rules(attribute: str, field: str) -> None:
    rules = TtlRules.of({"message": TTL(after=DAY, attribute=attribute)})
    service = memory_schemas(ttl=rules)
    (name,) = rules.fields("message", NOW)
    assert service.entities["message"].attributes[name].type == "ttl"
    assert service.entities["message"].attributes[name].field == field
    assert service.table.ttl == field


def test_an_attribute_for_something_else_cannot_hold_the_time() -> None:
    rules = TtlRules.of({"message": TTL(after=DAY, attribute="content")})
    with pytest.raises(InvalidOptionError, match='"content" is an attribute for something else'):
        memory_schemas(ttl=rules)
