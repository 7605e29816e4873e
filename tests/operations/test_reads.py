"""What queries, scans and gets send, and what they refuse."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import leyden
from leyden.errors import (
    InvalidExpressionError,
    InvalidOptionError,
    MissingCompositeError,
    UnknownAttributeError,
    ValidationError,
)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda t: t.get(project_id="p").params(), MissingCompositeError, 'needs "task_id"'),
        (lambda t: t.get(projectid="p").params(), UnknownAttributeError, 'mean "project_id"'),
        (
            lambda t: t.get(project_id="p", task_id="t", title="x").params(),
            UnknownAttributeError,
            '"title" is not part of the key',
        ),
        (lambda t: t.get(project_id=1, task_id="t").params(), ValidationError, "project_id"),
        (lambda t: t.get(project_id="p", task_id=None).params(), MissingCompositeError, "task_id"),
        (lambda t: t.query.ranked(), MissingCompositeError, '"area"'),
        (lambda t: t.query.ranked(area="a", title="x"), InvalidExpressionError, r"\.where\(\)"),
        (
            lambda t: t.query.ranked(area="a", made_at=datetime(2026, 1, 1, tzinfo=UTC)),
            MissingCompositeError,
            'has "rank" before "made_at"',
        ),
        (lambda t: t.query.ranked(area="a").gt(), InvalidExpressionError, "needs a value"),
        (
            lambda t: t.query.ranked(area="a", rank=1).gt(rank=2),
            InvalidExpressionError,
            "given as equal already",
        ),
        (
            lambda t: t.query.ranked(area="a").gt(area="b"),
            InvalidExpressionError,
            "given as equal already",
        ),
        (lambda t: t.query.ranked(area="a").gt(title="b"), InvalidExpressionError, "sort key"),
        (lambda t: t.scan.params(oder="asc"), InvalidOptionError, 'no option "oder"'),
        (lambda t: t.scan.params(limit=0), InvalidOptionError, "from 1 up"),
        (lambda t: t.scan.params(pages="some"), InvalidOptionError, '"all"'),
        (lambda t: t.scan.params(order="desc"), InvalidOptionError, "order"),
        (lambda t: t.scan.params(attributes=["nope"]), UnknownAttributeError, "nope"),
        (lambda t: t.scan.params(attributes="title"), InvalidOptionError, "a list"),
        (lambda t: t.scan.params(select="[[["), InvalidOptionError, "JMESPath"),
        (lambda t: t.put(project_id="p", task_id="t").params(limit=3), InvalidOptionError, "limit"),
    ],
)
def test_bad_reads_are_refused_before_anything_is_sent(
    task: leyden.Entity, build: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        build(task)


def test_an_unknown_access_pattern_names_those_that_there_are(task: leyden.Entity) -> None:
    with pytest.raises(AttributeError, match="project, assigned, ranked"):
        task.query.nope  # noqa: B018


def test_a_timestamp_may_be_asked_for_by_its_beginning(task: leyden.Entity, shown: Any) -> None:
    params = task.query.ranked(area="a", rank=7).begins(made_at="2026-02").params()
    assert shown(params, "KeyConditionExpression") == (
        'gsi2pk = "$taskapp#area_a" AND begins_with(gsi2sk, "$tasks_1#rank_0007#made_at_2026-02")'
    )


def test_a_partial_sort_key_ends_in_the_next_label(task: leyden.Entity, shown: Any) -> None:
    params = task.query.ranked(area="a", rank=7).params()
    assert shown(params, "KeyConditionExpression") == (
        'gsi2pk = "$taskapp#area_a" AND begins_with(gsi2sk, "$tasks_1#rank_0007#made_at_")'
    )


def test_an_empty_text_may_be_asked_of_an_index_whose_sort_key_has_no_attributes(
    task: leyden.Entity,
) -> None:
    params = task.query.assigned(employee_id="").params()
    assert {"S": "$taskapp#employee_id_"} in params["ExpressionAttributeValues"].values()
    assert task.match(employee_id="", status="open").params()["IndexName"] == "gsi1"


def test_a_name_has_one_placeholder_in_the_whole_request(task: leyden.Entity) -> None:
    params = (
        task.query.ranked(area="a")
        .where(task.attr.points > 1, (task.attr.points < 9) | task.attr.title.exists())
        .params(attributes=["points"])
    )
    names = params["ExpressionAttributeNames"]
    assert len(set(names.values())) == len(names)
    assert params["FilterExpression"].count(" OR ") == 1


def test_nested_conditions_use_stored_names(task: leyden.Entity, shown: Any) -> None:
    params = task.scan.where(task.attr.detail["effort"] >= 2, task.attr.task_id == "x").params()
    assert "detail.effort >= 2 AND taskId = " in shown(params, "FilterExpression")


def test_explain_says_what_serves_a_query(task: leyden.Entity) -> None:
    query = task.query.assigned(employee_id="e").where(task.attr.points > 3)
    assert str(query.explain(count=5)) == (
        'task.query.assigned: Query on table "tasks"\n'
        '  served by index "gsi1" (access pattern "assigned")\n'
        '  key: gsi1pk = "$taskapp#employee_id_e" AND gsi1sk = "$tasks_1"\n'
        "  filtered after reading: points > 3\n"
        "  note: other values of employee_id can share this key (another letter case, or # in a "
        "value); their items are left out after reading\n"
        "  note: reads on until 5 items are found"
    )


@pytest.mark.parametrize(
    ("options", "extent"),
    [
        ({}, "reads one page, of at most 1 MB before filtering"),
        ({"limit": 10}, "reads one page, with a limit of 10 before filtering"),
        ({"pages": 1, "limit": 10}, "reads one page, with a limit of 10 before filtering"),
        ({"pages": 3}, "reads up to 3 pages, each of at most 1 MB before filtering"),
        (
            {"pages": 3, "limit": 2},
            "reads up to 3 pages, each with a limit of 2 before filtering",
        ),
        ({"pages": "all", "limit": 10}, "reads all pages"),
        ({"count": 5, "limit": 10}, "reads on until 5 items are found"),
    ],
)
def test_explain_says_how_far_a_query_reads(
    options: dict[str, Any], extent: str, task: leyden.Entity
) -> None:
    assert task.query.assigned(employee_id="e").explain(**options).notes[-1] == extent


def test_extra_parameters_are_merged_last(task: leyden.Entity) -> None:
    params = task.scan.params(table="other", params={"Segment": 0, "TotalSegments": 4})
    assert (params["TableName"], params["Segment"], params["TotalSegments"]) == ("other", 0, 4)


def test_a_projection_asks_for_what_tells_items_apart_only_when_it_is_sent(
    task: leyden.Entity,
) -> None:
    params = task.get(project_id="p", task_id="t").params(attributes=["title"])
    assert set(params["ExpressionAttributeNames"].values()) == {"pk", "sk", "title"}


def test_two_entries_of_a_batch_under_one_key_are_refused(task: leyden.Entity) -> None:
    with pytest.raises(leyden.errors.InputError, match="entries 0 and 1 have the same key"):
        task.put(
            [{"project_id": "p", "task_id": "t"}, {"project_id": "P", "task_id": "T"}]
        ).params()


def test_batches_are_split_where_dynamodb_needs_it(task: leyden.Entity) -> None:
    keys = [{"project_id": "p", "task_id": f"t{n}"} for n in range(205)]
    assert [len(p["RequestItems"]["tasks"]["Keys"]) for p in task.get(keys).params()] == [
        100,
        100,
        5,
    ]
    assert [len(p["RequestItems"]["tasks"]) for p in task.delete(keys[:60]).params()] == [
        25,
        25,
        10,
    ]


def test_an_entry_of_a_batch_that_cannot_work_is_named(task: leyden.Entity) -> None:
    keys = [{"project_id": "p", "task_id": "t"}, {"project_id": "p", "tsk_id": "t"}]
    with pytest.raises(UnknownAttributeError, match=r'task\.batch_get: entry 1: .*"tsk_id"'):
        task.get(keys).params()
    with pytest.raises(ValidationError, match=r"task\.batch_write: entry 0: "):
        task.put([{"project_id": "p", "task_id": 1}]).params()


def test_a_sparse_index_serves_match_only_where_it_cannot_hide_items(
    task: leyden.Entity,
) -> None:
    assert task.match(employee_id="e").explain().scans
    explained = task.match(employee_id="e", status="open").explain()
    assert explained.access_pattern == "assigned"


def test_an_attribute_that_can_have_one_value_need_not_be_given() -> None:
    app = leyden.load(leyden.schemas_folder("memory"))
    thread = app.entities.thread
    assert thread.get(id="t1").params() == thread.get(entity="thread", id="t1").params()
    implied = thread.query.by_resource(resource_id="alice").params()
    assert implied == thread.query.by_resource(entity="thread", resource_id="alice").params()
    assert thread.match(resource_id="alice").explain().access_pattern == "by_resource"


def test_a_page_has_its_cost_and_needs_no_result_around_it(task: leyden.Entity) -> None:
    with pytest.raises(InvalidOptionError, match="for single items only"):
        task.scan.params(data="result")


def test_what_people_print_is_short(task: leyden.Entity) -> None:
    assert repr(task.query.assigned(employee_id="secret")) == "<task.query.assigned>"
    assert repr(task) == "<entity tasks (version 1): project, assigned, ranked>"
    assert repr(task.get([])) == "<task.batch_get of 0>"


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda t: t.attr.points.is_in(), 'is_in.. of "points" needs at least one value'),
        (lambda t: ~t.attr.points.is_in(), "needs at least one"),
        (lambda t: (t.attr.points > 1) | t.attr.title.is_in(), 'of "title" needs'),
        (lambda t: t.attr.detail["owner"].is_in(), 'of "detail.owner" needs'),
        (lambda t: t.attr.points.is_in(*range(101)), "has 101 values, and DynamoDB takes at most"),
    ],
)
def test_a_choice_that_dynamodb_refuses_is_refused_in_every_where(
    task: leyden.Entity, build: Any, message: str
) -> None:
    chains = [
        task.scan,
        task.query.project(project_id="p"),
        task.patch(project_id="p", task_id="t").set(points=1),
        task.check(project_id="p", task_id="t"),
    ]
    for chain in chains:
        with pytest.raises(InvalidExpressionError, match=message) as raised:
            chain.where(build(task))
        assert f"<{raised.value.operation}>" == repr(chain)
        assert raised.value.entity == "tasks"
    assert task.scan.where(task.attr.points.is_in(*range(100))).params()


def test_a_query_takes_one_range(task: leyden.Entity) -> None:
    query = task.query.project(project_id="p").gte(task_id="a")
    with pytest.raises(InvalidExpressionError, match=r"a range already, by \.gte\(\)"):
        query.lt(task_id="b")
    filtered = query.where(task.attr.points > 1)
    assert filtered.params()["KeyConditionExpression"].endswith("BETWEEN :1 AND :2")
    theirs = filtered.params(compare="keys")
    assert theirs["KeyConditionExpression"].endswith(">= :1")


def test_a_query_cannot_filter_by_the_key_that_it_reads(task: leyden.Entity) -> None:
    readings = leyden.load(
        """
entity: reading
version: "1"
service: meters
attributes:
  meter: {type: string, required: true}
  at: {type: integer, required: true}
indexes:
  main:
    pk: {field: meter, composite: [meter]}
    sk: {field: at, composite: [at]}
""",
        table="meters",
    ).entities.reading
    query = readings.query.main(meter="m").where(readings.attr.at > 3)
    with pytest.raises(InvalidExpressionError, match='"at" is a key of the access pattern "main"'):
        query.params()
    assert readings.scan.where(readings.attr.at > 3).params()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"segments": 1_000_001}, "at most 1,000,000"),
        ({"progress": print}, "needs `segments`"),
        ({"segments": 2, "count": 3}, "does not go with"),
    ],
)
def test_what_a_scan_would_ignore_is_refused(
    task: leyden.Entity, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidOptionError, match=message):
        task.scan.go(**options)
    with pytest.raises(InvalidOptionError, match=message):
        task.scan.iter(**options) if "count" not in options else task.scan.program(**options)
