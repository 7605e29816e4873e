"""Collections at their edges: narrow indexes, versions side by side, ranges, what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import leyden
from leyden.errors import (
    InputError,
    InvalidExpressionError,
    MissingCompositeError,
    UnknownAttributeError,
)

ENTITY = """
entity: {entity}
alias: {alias}
version: "{version}"
service: forum
attributes:
  thread: {{type: string, required: true}}
  id: {{type: string, required: true}}
  body: string
  {more}
  kind: {{type: [{alias}], default: {alias}}}
indexes:
  main:
    collection: all
    pk: {{field: pk, composite: [thread]}}
    sk: {{field: sk, composite: [id]}}
  mixed:
    index: gsi1
    type: clustered
    collection: mixture
    pk: {{field: gsi1pk, composite: [thread]}}
    sk: {{field: gsi1sk, composite: [id{sorted_by}]}}
  narrow:
    index: gsi2
    type: {narrow}
    collection: ends
    projection: {projection}
    pk: {{field: gsi2pk, composite: [thread]}}
    sk: {{field: gsi2sk, composite: [id]}}
  kinds:
    index: gsi3
    type: clustered
    collection: sorts
    pk: {{field: gsi3pk, composite: [thread]}}
    sk: {{field: gsi3sk, composite: [kind, id]}}
"""


def schema(narrow: str = "isolated", projection: str = "keys_only") -> str:
    post = {"entity": "post", "narrow": narrow, "projection": projection}
    return "---".join(
        [
            ENTITY.format(
                **post,
                alias="post",
                version="1",
                more="points: {type: integer, min: 0, padding: {length: 4, char: '0'}}",
                sorted_by=", points",
            ),
            ENTITY.format(
                **post, alias="later_post", version="2", more="title: string", sorted_by=""
            ),
            ENTITY.format(
                **{**post, "entity": "vote"},
                alias="vote",
                version="1",
                more="weight: {type: integer, min: 0, padding: {length: 4, char: '0'}}",
                sorted_by=", weight",
            ),
        ]
    )


def fill(app: leyden.Service) -> None:
    for number in range(4):
        given = {"thread": "t", "id": f"{number}", "body": "b"}
        app.entities.post.put(**given, points=number).go()
        app.entities.later_post.put(**given, title="T").go()
        app.entities.vote.put(**given, weight=number).go()


@pytest.fixture(scope="module")
def forum(engine: Any, module_table_name: str) -> Iterator[leyden.Service]:
    app = leyden.load(schema(), table=module_table_name, engine=engine)
    app.create_table()
    fill(app)
    yield app
    app.close()


def found(records: Any) -> list[tuple[str, str]]:
    return [(type(record).__name__, record.id) for record in records]


EVERYTHING = [(name, f"{n}") for name in ("Post", "LaterPost", "Vote") for n in range(4)]


@pytest.mark.parametrize("narrow", ["isolated", "clustered"])
@pytest.mark.parametrize("projection", ["keys_only", "[body]"])
def test_a_collection_on_an_index_that_does_not_name_entities_goes_by_the_keys(
    open_service: Callable[..., leyden.Service], narrow: str, projection: str
) -> None:
    app = open_service(schema(narrow, projection))
    fill(app)
    # Another service's item in the same partition of the index.
    stranger = app.entities.post.put(thread="t", id="9", body="b", points=1).params()
    key = stranger["Item"]["gsi2sk"]["S"]
    stranger["Item"]["gsi2sk"]["S"] = key.replace("post_1", "poster_1")
    stranger["Item"]["sk"]["S"] = stranger["Item"]["sk"]["S"].replace("post_1", "poster_1")
    app.driver.run(_put(stranger))

    ends = app.collections.ends(thread="t")
    page = ends.go(limit=2, pages="all")
    assert (len(page.post), len(page.later_post), len(page.vote)) == (4, 4, 4)
    whole = ends.go(hydrate=True, count=12)
    assert sorted(found(whole)) == sorted(EVERYTHING)
    assert {record.body for record in whole} == {"b"}
    paged = found(ends.iter(limit=1, hydrate=True, order="desc"))
    assert sorted(paged) == sorted(EVERYTHING)


def _put(params: Any) -> Any:
    from leyden.program import Request

    yield Request("PutItem", params)


def test_a_filter_on_what_the_index_does_not_hold_is_refused_before_it_is_sent(
    forum: leyden.Service,
) -> None:
    post = forum.entities.post
    for reading in (
        forum.collections.ends(thread="t"),
        post.query.narrow(thread="t"),
        post.scan.index("narrow"),
    ):
        with pytest.raises(InvalidExpressionError, match=r'"gsi2" does not hold "body"'):
            reading.where(post.attr.body == "b").go(hydrate=True)


def test_a_condition_tells_apart_the_versions_of_an_entity(forum: leyden.Service) -> None:
    post, mixture = forum.entities.post, forum.collections.mixture(thread="t")
    page = mixture.where(post.attr.points > 1).go()
    assert [record.points for record in page.post] == [2, 3]
    assert (len(page.later_post), len(page.vote)) == (4, 4)


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 11, 12, 13])
def test_pages_that_a_filter_empties_lose_nothing(forum: leyden.Service, limit: int) -> None:
    post = forum.entities.post
    alike = forum.collections.all(thread="t").where(post.attr.body == "none")
    assert list(alike.iter(limit=limit)) == []
    everything = forum.collections.all(thread="t").where(post.attr.points == 3)
    cursor, seen = None, []
    while True:
        page = everything.go(limit=limit, count=2, cursor=cursor)
        assert len(page) <= 2
        seen += found(page)
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted([key for key in EVERYTHING if key[0] != "Post"] + [("Post", "3")])


def test_one_members_constant_in_the_key_does_not_leave_out_the_others(
    forum: leyden.Service,
) -> None:
    sorts = forum.collections.sorts
    assert len(sorts(thread="t").go()) == 12
    assert found(sorts(thread="t", kind="vote", id="2").go()) == [("Vote", "2")]


def test_attributes_of_any_member_may_be_given_as_equal(forum: leyden.Service) -> None:
    mixture = forum.collections.mixture
    assert found(mixture(thread="t", id="2").go()) == [
        ("Post", "2"),
        ("LaterPost", "2"),
        ("Vote", "2"),
    ]
    # What only some members have in their keys says nothing of the others.
    assert found(mixture(thread="t", id="2", weight=3).go()) == [("Post", "2"), ("LaterPost", "2")]


def test_attributes_are_read_of_the_members_that_have_them(forum: leyden.Service) -> None:
    page = forum.collections.mixture(thread="t", id="2").go(attributes=["id", "points", "title"])
    assert found(page) == [("Post", "2"), ("LaterPost", "2"), ("Vote", "2")]
    assert (page.post[0].points, page.later_post[0].title) == (2, "T")
    assert not any(hasattr(record, "body") for record in page)
    page = forum.collections.mixture(thread="t").gte(id="1").go(attributes=["points"], limit=3)
    assert [alias for alias, _ in page.entries] == ["post", "later_post", "vote"]
    assert page.post[0].points == 1
    assert not any(hasattr(record, "id") for record in page)
    with pytest.raises(UnknownAttributeError, match='did you mean "points"'):
        forum.collections.mixture(thread="t").go(attributes=["poinst"])


def test_ranges_of_isolated_collections_and_those_of_electrodb(forum: leyden.Service) -> None:
    everything = forum.collections.all(thread="t").between({"id": "1"}, {"id": "2"})
    assert found(everything.go(order="desc", pages="all")) == [
        (name, one) for name in ("Vote", "LaterPost", "Post") for one in "21"
    ]
    with pytest.raises(InvalidExpressionError, match="leave out `compare` for an exact"):
        everything.go(compare="keys")
    above = forum.collections.mixture(thread="t").gt(id="2")
    assert {record.id for record in above.go()} == {"3"}
    assert {record.id for record in above.go(compare="keys")} == {"2", "3"}
    assert {record.id for record in above.go(compare="v2")} == {"3"}


REFUSED: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda c: c.mixture(thread="t").gt(), InvalidExpressionError, "needs a value"),
    (lambda c: c.mixture(thread="t").gt(id=None), InvalidExpressionError, "needs a value"),
    (lambda c: c.mixture(thread="t").gt(points=1), MissingCompositeError, '"id" before'),
    (lambda c: c.mixture(thread="t", points=1), MissingCompositeError, '"id" before'),
    (lambda c: c.mixture(thread="t", id="1").gt(id="2"), InvalidExpressionError, "equal already"),
    (
        lambda c: c.mixture(thread="t").gt(id="1").lt(id="3"),
        InvalidExpressionError,
        r"the query has a range already, by \.gt\(\)",
    ),
    (
        lambda c: c.mixture(thread="t", id="1").gt(points=1, weight=2),
        InvalidExpressionError,
        "no entity of .* has all",
    ),
    (lambda c: c.mixture(thread="t").between(None, None), InputError, "not as NoneType"),
    (lambda c: c.mixture(thread="t").between({"id": "1"}, {}), InvalidExpressionError, "needs"),
    (lambda c: c.mixture(thread="t").gt(body="x"), InvalidExpressionError, "not in the keys"),
    (lambda c: c.mixture(thread="t", idd="x"), UnknownAttributeError, 'mean "id"'),
    (lambda c: c.all(thread="t").begins(id="x"), InvalidExpressionError, "isolated"),
]


@pytest.mark.parametrize(("build", "error", "message"), REFUSED)
def test_bad_input_of_a_collection_is_refused(
    forum: leyden.Service, build: Callable[[Any], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as raised:
        build(forum.collections)
    assert raised.value.operation.startswith("collections.")  # type: ignore[attr-defined]
