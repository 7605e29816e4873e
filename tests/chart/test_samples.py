"""Sample values: plausible, always the same, and within what the schema allows."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.chart.samples import sample
from leyden.mapping import compile_entity
from leyden.schema import check_service
from leyden.schema.spec import After, AttributeSpec, Bucket, Slug
from tests.chart.schemas import HOOKS, SCHEMAS, SHOP


def attribute(name: str, type_: str = "string", **options: Any) -> AttributeSpec:
    return AttributeSpec(name, type_, name, name, **options)


@pytest.mark.parametrize(
    ("name", "entity", "expected"),
    [
        ("project_id", "task", ["apollo", "borealis", "cascade"]),
        ("project_id", "member", ["apollo", "borealis", "cascade"]),
        ("ownerId", "task", ["ada", "grace", "linus"]),
        ("id", "thread", ["thread-1", "thread-2", "thread-3"]),
        ("thread_id", "message", ["thread-1", "thread-2", "thread-3"]),
        ("message_id", "message", ["message-1", "message-2", "message-3"]),
        ("name", "employee", ["Ada Lovelace", "Grace Hopper", "Linus Pauling"]),
        ("name", "trace", ["Trace 1", "Trace 2", "Trace 3"]),
    ],
)
def test_names_say_what_a_text_holds(name: str, entity: str, expected: list[str]) -> None:
    assert [sample(attribute(name), number, entity) for number in range(3)] == expected


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Z]{3}-\d{4}$",
        r"^\d+$",
        r"^[a-z]+$",
        r"^[^@]+@[^@]+\.[a-z]+$",
        r"^https?://",
        r"^\d{4}-\d{2}-\d{2}$",
        r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        r"^[0-9A-HJKMNP-TV-Z]{26}$",
        r"^[a-f0-9]{64}$",
        r"^#[0-9a-f]{6}$",
        r"^[A-Z]{2}$",
        r"^[a-z0-9-]+$",
    ],
)
def test_common_patterns_are_matched(pattern: str) -> None:
    texts = [sample(attribute("code", pattern=pattern), number, "item") for number in range(3)]
    assert all(re.search(pattern, text) for text in texts)


def test_ids_differ_however_short_they_must_be() -> None:
    limited = attribute("project_id", max_length=3)
    texts = [sample(limited, number, "task") for number in range(9)]
    assert len(set(texts)) == 9
    assert max(map(len, texts)) <= 3


@given(
    kind=st.sampled_from(["number", "integer", "decimal"]),
    name=st.sampled_from(["points", "price", "year", "x", "start_time", "score"]),
    low=st.integers(-(10**6), 10**6),
    span=st.integers(0, 10**6),
    number=st.integers(0, 50),
)
def test_numbers_keep_their_bounds(kind: str, name: str, low: int, span: int, number: int) -> None:
    value = sample(attribute(name, kind, min=low, max=low + span), number, "item")
    assert low <= value <= low + span
    assert isinstance(value, Decimal if kind == "decimal" else (int, float))


@given(low=st.integers(0, 30), span=st.integers(0, 30), number=st.integers(0, 50))
def test_texts_keep_their_lengths(low: int, span: int, number: int) -> None:
    text = sample(attribute("title", min_length=low, max_length=low + span), number, "item")
    assert low <= len(text) <= low + span


@pytest.mark.parametrize(
    "source", [SCHEMAS / "taskapp", SCHEMAS / "memory", SHOP], ids=["taskapp", "memory", "shop"]
)
def test_samples_pass_the_checks_of_their_own_schema(source: Any) -> None:
    spec = check_service(source).service
    assert spec is not None
    for entity in spec.entities.values():
        compiled = compile_entity(entity, hooks=HOOKS)
        for number in range(4):
            values = {
                name: sample(attribute, number, entity.alias)
                for name, attribute in entity.attributes.items()
                if attribute.derive is None
            }
            assert compiled.encode(compiled.prepare_create(values))


def test_samples_have_the_forms_that_are_declared() -> None:
    assert sample(attribute("order_id", prefix="order_"), 0, "order") == "order_0001"
    assert sample(attribute("country", normalize=("lower",)), 0, "order") == "no"
    assert sample(attribute("slug", derive=Slug("title")), 0, "page") == "page-1"
    assert sample(attribute("week", derive=Bucket("week", "at")), 1, "page") == "2026-W10"
    fixed = datetime(2026, 3, 2, 9, tzinfo=UTC)
    ends = attribute("ends_at", "timestamp", derive=After(3600, "at"))
    assert sample(ends, 0, "page") == fixed + timedelta(hours=1)
    lives = attribute("lives", "ttl", default=After(7 * 86_400))
    assert sample(lives, 0, "page") == fixed + timedelta(days=7)
