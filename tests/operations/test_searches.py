"""What searches by meaning send, say and refuse."""

from __future__ import annotations

from array import array
from decimal import Decimal
from typing import Any, Final

import pytest

import leyden
from leyden.errors import (
    ArgumentError,
    InvalidExpressionError,
    InvalidOptionError,
    MissingCompositeError,
    UnknownAttributeError,
    UnknownNameError,
    ValidationError,
)

NOTES: Final = """
entity: notes
alias: note
version: "1"
service: team
attributes:
  tenant_id: {type: string, required: true, field: tenant}
  note_id:   {type: string, required: true}
  kind:      {type: [memo, letter], default: memo}
  size:      number
  title:     string
  body:      string
  meaning:   {type: vector, dimensions: 3}
  flat:      {type: vector, dimensions: 2}
indexes:
  note:
    pk: {field: pk, composite: [tenant_id]}
    sk: {field: sk, composite: [note_id]}
  similar:
    vector: {index: vec1, attribute: meaning, partition: tenant_id, filters: [kind, size]}
  everywhere:
    vector: {index: vec2, attribute: flat, metric: euclidean, projection: [title]}
"""


@pytest.fixture(scope="module")
def note() -> leyden.Entity:
    return leyden.load(NOTES, table="notes").entities.note


def shown(params: Any, which: str) -> str:
    from leyden.operations.plan.reads import show

    return show(params[which], params)


def test_a_search_asks_for_its_own_items_in_one_partition(note: leyden.Entity) -> None:
    params = note.search.similar([1, 0.5, -2], tenant_id="t1", kind="memo").params(top_k=7)
    assert shown(params, "SearchConditionExpression") == (
        'tenant = "t1" AND kind = "memo" AND __edb_e__ = "notes" AND __edb_v__ = "1"'
    )
    assert {name: params[name] for name in ("TableName", "IndexName", "SearchVector", "TopK")} == {
        "TableName": "notes",
        "IndexName": "vec1",
        "SearchVector": [{"N": "1"}, {"N": "0.5"}, {"N": "-2"}],
        "TopK": 7,
    }
    assert "ProjectionExpression" not in params


def test_ten_items_are_found_unless_a_number_is_said(note: leyden.Entity) -> None:
    assert note.search.everywhere([1, 2]).params()["TopK"] == 10
    assert note.search.everywhere([1, 2]).params(top_k=None)["TopK"] == 10


def test_vectors_come_in_any_sequence(note: leyden.Entity) -> None:
    for vector in ((1.0, 2.0), array("f", [1, 2]), [Decimal(1), 2]):
        sent = note.search.everywhere(vector).params()["SearchVector"]
        assert sent == [{"N": "1"}, {"N": "2"}]


def test_what_is_named_is_projected_with_what_tells_whose_it_is(note: leyden.Entity) -> None:
    search = note.search.similar([1, 0, 0], tenant_id="t1").where(note.attr.body.exists())
    params = search.params(attributes=["title", "meaning"])
    named = shown(params, "ProjectionExpression").split(", ")
    assert {"title", "meaning", "pk", "sk", "body"} <= {*named}
    # The whole items are read behind it.
    assert "ProjectionExpression" not in search.params(attributes=["title"], hydrate=True)


def test_a_filter_is_a_number_too(note: leyden.Entity) -> None:
    params = note.search.similar([1, 0, 0], tenant_id="t1", size=Decimal("2.50")).params()
    assert {"N": "2.5"} in params["ExpressionAttributeValues"].values()


def test_the_chain_stays_as_it_is_when_its_vector_changes(note: leyden.Entity) -> None:
    vector = [1.0, 2.0]
    search = note.search.everywhere(vector)
    vector[0] = 5.0
    assert search.params()["SearchVector"][0] == {"N": "1"}


@pytest.mark.parametrize(
    ("begin", "error", "message"),
    [
        (lambda s: s.similar([1, 0], tenant_id="t"), ValidationError, '"meaning".* 3 numbers'),
        (lambda s: s.similar([1, 0, "x"], tenant_id="t"), ValidationError, r"meaning\[2\]"),
        (lambda s: s.similar([1, 0, float("nan")], tenant_id="t"), ValidationError, "finite"),
        (lambda s: s.similar([1, 0, 1e39], tenant_id="t"), ValidationError, "32-bit"),
        (lambda s: s.similar([0, 0, 0.0], tenant_id="t"), ValidationError, "all zeros"),
        (lambda s: s.similar("abc", tenant_id="t"), ValidationError, "a sequence of numbers"),
        (lambda s: s.similar(None, tenant_id="t"), ValidationError, r"got None"),
        (lambda s: s.similar([1, 0, 0]), MissingCompositeError, '"tenant_id" as well'),
        (lambda s: s.similar([1, 0, 0], kind="memo"), MissingCompositeError, '"tenant_id" as well'),
        (lambda s: s.similar([1, 0, 0], tenant_id=None), InvalidExpressionError, "needs a value"),
        (lambda s: s.similar([1, 0, 0], tenant_id=""), ValidationError, "must not be empty"),
        (lambda s: s.similar([1, 0, 0], tenant_id=3), ValidationError, '"tenant_id"'),
        (
            lambda s: s.similar([1, 0, 0], tenant_id="t", kind="x"),
            ValidationError,
            '"memo", "letter"',
        ),
        (
            lambda s: s.similar([1, 0, 0], tenant_id="t", knd="memo"),
            UnknownAttributeError,
            'did you mean "kind"',
        ),
        (
            lambda s: s.similar([1, 0, 0], tenant_id="t", title="x"),
            InvalidExpressionError,
            r'cannot filter by "title": .*tenant_id, kind, size; .*\.where\(\)',
        ),
        (lambda s: s.everywhere([1, 0], kind="memo"), InvalidExpressionError, "has no filters"),
        (lambda s: s.similar(tenant_id="t"), ArgumentError, r"note\.search\.similar\(vector, ten"),
        (
            lambda s: s.similar([1, 0, 0], "t"),
            ArgumentError,
            r"similar\(vector, tenant_id=\.\.\.\)",
        ),
        (lambda s: s(), ArgumentError, r"note\.search\.similar\(vector, tenant_id=\.\.\.\)"),
        (lambda s: s.similr, UnknownNameError, 'did you mean "similar"'),
        (lambda s: s.note, UnknownNameError, r"note\.query\.note\("),
        (lambda s: s["nothing like it"], UnknownNameError, "it has similar, everywhere"),
    ],
)
def test_bad_searches_are_refused_before_anything_is_sent(
    note: leyden.Entity, begin: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        begin(note.search)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top_k": 0}, "from 1 to 100"),
        ({"top_k": 101}, "from 1 to 100"),
        ({"top_k": 2.0}, "from 1 to 100"),
        ({"top_k": True}, "from 1 to 100"),
        ({"topk": 3}, 'did you mean "top_k"'),
        ({"limit": 3}, 'no option "limit"'),
        ({"consistent": True}, 'no option "consistent"'),
        ({"data": "result"}, "itself says what it cost|takes"),
        ({"attributes": "title"}, "a list"),
    ],
)
def test_options_that_do_not_belong_are_refused(
    note: leyden.Entity, options: Any, message: str
) -> None:
    with pytest.raises(InvalidOptionError, match=message):
        note.search.everywhere([1, 2]).params(**options)


def test_a_zero_vector_has_a_distance_from_others_where_that_is_no_angle(
    note: leyden.Entity,
) -> None:
    assert note.search.everywhere([0, 0]).params()["SearchVector"] == [{"N": "0"}, {"N": "0"}]


def test_steps_that_searches_do_not_have_say_what_to_write(note: leyden.Entity) -> None:
    search = note.search.everywhere([1, 2])
    for use, form in (
        (lambda: search.limit(3), r"\.go\(top_k=10\)"),
        (lambda: search.first(), r"\.go\(top_k=1\)"),
    ):
        with pytest.raises(UnknownNameError, match=form):
            use()
    with pytest.raises(ArgumentError, match="nothing has been searched yet"):
        list(search)
    with pytest.raises(ArgumentError, match=r"\.go\(top_k=5\)"):
        search.go(10)  # type: ignore[arg-type]
    with pytest.raises(InvalidExpressionError, match="join several"):
        search.where(True)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"note\.attr\.kind"):
        search.where(kind="memo")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match=r"note\.search\.similar\(vector"):
        note.query.similar(tenant_id="t")


def test_where_judges_only_what_a_search_gives(note: leyden.Entity) -> None:
    narrow = note.search.everywhere([1, 2])
    with pytest.raises(InvalidExpressionError, match=r'applied to "body".*hydrate=True'):
        narrow.where(note.attr.body.exists()).params()
    with pytest.raises(InvalidExpressionError, match=r'applied to "flat".*return the vector'):
        narrow.where(note.attr.flat.exists()).params()
    narrow.where(note.attr.body.exists()).params(hydrate=True)
    narrow.where(note.attr.title == "x").params()


def test_an_order_of_what_has_none_is_refused_as_dynamodb_does(note: leyden.Entity) -> None:
    attr, search = note.attr, note.search.similar([1, 2, 3], tenant_id="t")
    for condition in (
        attr.meaning < [1, 2, 3],
        attr.meaning.between([1, 2, 3], [2, 3, 4]),
        (attr.title == "x") | ~(attr.meaning >= [1, 2, 3]),
    ):
        for hydrate in (True, False):
            with pytest.raises(InvalidExpressionError, match="compares by order"):
                search.where(condition).params(hydrate=hydrate)
    ordered = (attr.size > 3) & attr.title.between("a", "b") & (attr.meaning != [1, 2, 3])
    assert search.where(ordered).params(hydrate=True)


def test_an_attribute_that_the_index_does_not_hold_cannot_be_named(note: leyden.Entity) -> None:
    with pytest.raises(InvalidOptionError, match='"vec2" does not hold "body"'):
        note.search.everywhere([1, 2]).params(attributes=["body"])
    with pytest.raises(UnknownAttributeError, match="bdy"):
        note.search.everywhere([1, 2]).params(attributes=["bdy"])


def test_a_search_is_explained(note: leyden.Entity) -> None:
    search = note.search.similar([1, 0, 0], tenant_id="t1", kind="memo")
    explained = search.where(note.attr.title == "x").explain(top_k=5, hydrate=True)
    assert str(explained).splitlines() == [
        'note.search.similar: SearchVectors on table "notes"',
        '  served by index "vec1" (access pattern "similar")',
        '  among: tenant = "t1" AND kind = "memo" AND __edb_e__ = "notes" AND __edb_v__ = "1"',
        '  filtered after the search: title = "x"',
        '  note: finds the 5 items of the least cosine distance in "meaning", as the index has it: '
        "the index follows the table with a delay",
        "  note: where() is applied by Leyden, to at most 5 items that were found, so fewer may "
        "remain; a filter of the index leaves items out before the search",
        "  note: reads the whole items that were found, in one more request",
    ]
    nearest = str(search.where(note.attr.title == "x").explain(top_k=1))
    assert "finds the item of the least" in nearest
    assert "to at most 1 item that was found" in nearest


def test_the_entity_lists_its_searches(note: leyden.Entity) -> None:
    assert [*note.search] == ["similar", "everywhere"]
    assert dir(note.search) == ["everywhere", "similar"]
    assert "similar" in repr(note)
    assert repr(note.search) == "<access patterns by meaning: similar, everywhere>"
    assert repr(note.search["similar"]([1, 0, 0], tenant_id="t")) == "<note.search.similar>"
