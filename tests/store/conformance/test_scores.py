"""Scores are written and listed by what they are of."""

from __future__ import annotations

from functools import partial

import pytest
from attrs import evolve

from leyden.errors import InputError, InvalidCursorError, KeyCollisionError
from leyden.store.records import Score
from tests.store.conformance.made import by_cursor, ids, score


def test_a_saved_score_is_read_back(store, clock):
    given = Score(
        **score(
            entity_type="AGENT",
            reason="Because.",
            trace_id="trace-1",
            span_id="span-1",
            resource_id="alice",
            thread_id="t1",
            metadata={"a": [1, {"b": None}]},
            additional_context={"x": 1},
            request_context={"y": 2},
            extract_step_result={"z": 3},
            preprocess_step_result={"p": 1},
            analyze_step_result={"q": 1},
            extract_prompt="E",
            preprocess_prompt="P",
            analyze_prompt="A",
            reason_prompt="R",
            generate_score_prompt="S",
            generate_reason_prompt="G",
        )
    )
    saved = store.scores.save_score(given)
    assert saved.id
    assert saved == evolve(given, id=saved.id, created_at=clock.now, updated_at=clock.now)
    assert store.scores.get_score_by_id(saved.id) == saved


def test_what_is_not_given_of_a_score_is_none(store):
    given = {name: value for name, value in score().items() if name not in ("input", "entity_type")}
    saved = store.scores.save_score(given)
    read = store.scores.get_score_by_id(saved.id)
    assert read == saved
    for name in ("input", "entity_type", "trace_id", "span_id", "thread_id", "reason"):
        assert getattr(read, name) is None


def test_an_empty_id_of_what_a_score_belongs_to_is_none(store):
    saved = store.scores.save_score(score(trace_id="", span_id="", resource_id="", thread_id=""))
    read = store.scores.get_score_by_id(saved.id)
    assert read == saved
    assert (read.trace_id, read.span_id, read.resource_id, read.thread_id) == (None,) * 4


@pytest.mark.parametrize(
    ("value", "reads_as"),
    [
        ("text", "text"),
        ("", ""),
        ('{"a": 1}', {"a": 1}),
        ("{no json", "{no json"),
        (5, "5"),
        (2.5, "2.5"),
        (True, "true"),
        (["é", None], ["é", None]),
        ({}, {}),
    ],
)
def test_input_and_output_that_are_no_objects_or_lists_read_as_text(store, value, reads_as):
    saved = store.scores.save_score(score(input=value, output=value))
    read = store.scores.get_score_by_id(saved.id)
    assert (read.input, read.output) == (reads_as, reads_as)
    assert saved == read


@pytest.mark.parametrize("value", [0, 1, -3, 0.1, 1e-9, 1e21, 123456789.125])
def test_scores_are_any_finite_numbers(store, value):
    saved = store.scores.save_score(score(score=value))
    assert store.scores.get_score_by_id(saved.id).score == value


def test_a_score_may_bring_its_id_and_replaces_what_has_it(store):
    store.scores.save_score(score(id="s1", reason="One"))
    store.scores.save_score(score(id="s1"))
    assert store.scores.get_score_by_id("s1").reason is None
    assert store.scores.list_scores_by_run_id("run-1", include_total=True).total == 1
    with pytest.raises(KeyCollisionError):
        store.scores.save_score(score(id="S1"))
    assert store.scores.get_score_by_id("S1") is None


def test_a_missing_score_is_none(store):
    assert store.scores.get_score_by_id("nowhere") is None


@pytest.fixture
def scores(store, clock):
    """Twelve scores, two at each of six times."""
    for i in range(12):
        clock.tick(i % 2)
        store.scores.save_score(
            score(
                id=f"s{i:02}",
                scorer_id=["relevance", "tone"][i % 2],
                run_id=f"run-{i % 3}",
                entity_id=f"agent-{i % 2}",
                entity_type=["AGENT", "WORKFLOW"][i // 6],
                source=["LIVE", "TEST"][i // 4 % 2],
                trace_id=f"trace-{i % 4 // 2}",
                span_id=f"span-{i % 2}",
            )
        )
    return store.scores


ALL = ["s11", "s09", "s10", "s07", "s08", "s05", "s06", "s03", "s04", "s01", "s02", "s00"]
"""The newest first; s09 and s10, and so on, have one time."""


def those(rule):
    return [name for name in ALL if rule(int(name[1:]))]


def test_scores_are_listed_the_newest_first(scores):
    page = scores.list_scores_by_scorer_id("relevance", include_total=True)
    assert ids(page.scores) == those(lambda i: i % 2 == 0)
    assert (page.total, page.page, page.per_page, page.has_more) == (6, 0, 100, False)


def test_scores_of_one_time_are_in_the_order_of_their_ids(store):
    for name in ("b", "B2", "a", "C"):
        store.scores.save_score(score(id=name))
    assert ids(store.scores.list_scores_by_run_id("run-1").scores) == ["a", "b", "B2", "C"]


LISTINGS = [
    ("list_scores_by_scorer_id", ("tone",), {}, lambda i: i % 2 == 1),
    ("list_scores_by_scorer_id", ("tone",), {"source": "TEST"}, lambda i: i in (5, 7)),
    ("list_scores_by_scorer_id", ("tone",), {"entity_type": "AGENT"}, lambda i: i in (1, 3, 5)),
    ("list_scores_by_scorer_id", ("tone",), {"entity_id": "agent-0"}, lambda i: False),
    ("list_scores_by_scorer_id", ("TONE",), {}, lambda i: False),
    ("list_scores_by_run_id", ("run-1",), {}, lambda i: i % 3 == 1),
    ("list_scores_by_entity_id", ("agent-0", "AGENT"), {}, lambda i: i % 2 == 0 and i < 6),
    ("list_scores_by_entity_id", ("agent-0", "OTHER"), {}, lambda i: False),
    ("list_scores_by_span", ("trace-1", "span-1"), {}, lambda i: i % 4 == 3),
    ("list_scores_by_span", ("trace-1", "span-9"), {}, lambda i: False),
]


@pytest.mark.parametrize(("method", "args", "filters", "rule"), LISTINGS)
def test_scores_are_listed_by_what_they_are_of(scores, method, args, filters, rule):
    read = getattr(scores, method)
    expected = those(rule)
    whole = read(*args, **filters, per_page=None, include_total=True)
    assert (ids(whole.scores), whole.total, whole.has_more) == (expected, len(expected), False)
    for size in (1, 2, 5):
        pages = [read(*args, **filters, page=n, per_page=size) for n in range(8 // size + 2)]
        assert [name for page in pages for name in ids(page.scores)] == expected
        assert [page.has_more for page in pages] == [
            (n + 1) * size < len(expected) for n in range(len(pages))
        ]
        assert {page.total for page in pages} == {None}
        cut = [expected[i : i + size] for i in range(0, len(expected), size)] or [[]]

        def listed(**paging):
            return read(*args, **filters, **paging)

        assert by_cursor(listed, "scores", per_page=size) == cut
        assert by_cursor(listed, "scores", per_page=size, include_total=True) == cut
    none = read(*args, **filters, per_page=0, include_total=True)
    assert (none.scores, none.total, none.has_more, none.cursor) == ((), 0, False, None)


OWNED = [
    {"organization_id": "o1", "project_id": "p1", "batch_id": "b1", "dataset_id": "d1"},
    {"organization_id": "o1", "project_id": "p2", "dataset_item_id": "i1"},
    {"organization_id": "O1", "project_id": "p1"},
    {},
]


def test_scores_say_whose_they_are_and_are_listed_by_it(store, clock):
    of = {"trace_id": "trace-1", "span_id": "span-1"}
    saved = []
    for number, owned in enumerate(OWNED):
        saved.append(store.scores.save_score(score(id=f"s{number}", **of, **owned)))
        clock.tick()
    for one, owned in zip(saved, OWNED, strict=True):
        assert store.scores.get_score_by_id(one.id) == one
        assert {name: getattr(one, name) for name in OWNED[0]} == {
            **dict.fromkeys(OWNED[0]),
            **{name: value for name, value in owned.items() if name in OWNED[0]},
        }
        assert one.dataset_item_id == owned.get("dataset_item_id")
    listings = [
        (store.scores.list_scores_by_scorer_id, ("relevance",)),
        (store.scores.list_scores_by_run_id, ("run-1",)),
        (store.scores.list_scores_by_entity_id, ("agent-1", "AGENT")),
        (store.scores.list_scores_by_span, ("trace-1", "span-1")),
    ]
    for read, args in listings:
        for filters, expected in (
            (None, ["s3", "s2", "s1", "s0"]),
            ({}, ["s3", "s2", "s1", "s0"]),
            ({"organization_id": None}, ["s3", "s2", "s1", "s0"]),
            ({"organization_id": "o1"}, ["s1", "s0"]),
            ({"project_id": "p1"}, ["s2", "s0"]),
            ({"organization_id": "o1", "project_id": "p1"}, ["s0"]),
            ({"organization_id": ""}, []),
        ):
            page = read(*args, filters=filters, include_total=True)
            assert (ids(page.scores), page.total) == (expected, len(expected))
            one_by_one = by_cursor(partial(read, *args), "scores", filters=filters, per_page=1)
            assert [name for page in one_by_one for name in page] == expected
        cursor = read(*args, filters={"organization_id": "o1"}, per_page=1).cursor
        with pytest.raises(InvalidCursorError):
            read(*args, filters={"organization_id": "O1"}, cursor=cursor)


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"organisation_id": "o1"}, 'did you mean "organization_id"'),
        ({"batch_id": "b"}, '"organization_id" and "project_id"'),
        ("o1", "a mapping"),
        ({"project_id": 1}, "filters.project_id"),
    ],
)
def test_other_filters_of_scores_are_refused(store, filters, said):
    with pytest.raises(InputError, match=said):
        store.scores.list_scores_by_run_id("run-1", filters=filters)


def test_scores_of_a_scorer_beyond_a_megabyte_are_all_counted(store, clock):
    names = [f"s{i:02}" for i in range(45)]
    for name in names:
        clock.tick()
        store.scores.save_score(score(id=name, output={"text": "x" * 30_000}))
    page = store.scores.list_scores_by_scorer_id(
        "relevance", page=1, per_page=40, include_total=True
    )
    assert (ids(page.scores), page.total) == (names[4::-1], 45)
