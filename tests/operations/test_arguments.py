"""Calls whose arguments do not fit: whatever is given, the error is Leyden's, in readable words."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs
import pytest

import leyden
from leyden.errors import (
    ArgumentError,
    InvalidExpressionError,
    InvalidOptionError,
    LeydenError,
    UnknownAttributeError,
    UnknownNameError,
    ValidationError,
)
from leyden.mapping.lack import narrow

SERVICE = """
entity: tasks
alias: task
version: "1"
service: work
version_attribute: revision
attributes:
  org: {type: string, required: true}
  id: {type: string, required: true}
  title: string
  points: integer
  revision: integer
  tags: {type: set, items: string}
  steps: {type: list, items: string}
  detail: {type: map, properties: {owner: string}}
indexes:
  all: {pk: {field: pk, composite: [org]}, sk: {field: sk, composite: [id]}}
  by_title:
    index: gsi1
    collection: both
    type: clustered
    pk: {field: gsi1pk, composite: [org]}
    sk: {field: gsi1sk, composite: [title, points]}
---
entity: notes
alias: note
version: "1"
service: work
attributes:
  org: {type: string, required: true}
  id: {type: string, required: true}
  title: string
indexes:
  all: {pk: {field: pk, composite: [org]}, sk: {field: sk, composite: [id]}}
  by_title:
    index: gsi1
    collection: both
    type: clustered
    pk: {field: gsi1pk, composite: [org]}
    sk: {field: gsi1sk, composite: [title]}
"""
KEY = {"org": "o", "id": "1"}
OF_PYNAMODB: Final = frozenset({"deserialize", "get_value", "serialize"})
"""What attributes have for PynamoDB's models; its own errors are right there."""
PLAIN: Final = frozenset({"close", "get", "items", "keys", "values"})
"""What services and groups of names have from Python."""


@pytest.fixture(scope="module")
def app() -> leyden.Service:
    # Nothing listens there: what would be sent by mistake ends in an error as well.
    return leyden.load(
        SERVICE,
        table="work",
        endpoint_url="http://127.0.0.1:1",
        credentials={"access_key_id": "none", "secret_access_key": "none"},
    )


def callables(app: leyden.Service) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Everything that users call on a service, by name."""
    task, note = app.entities.task, app.entities.note
    chains: dict[str, Any] = {
        **{
            verb: getattr(task, verb)(**KEY)
            for verb in ("get", "put", "create", "upsert", "update", "patch", "delete", "remove")
        },
        "check": task.check(**KEY),
        "query": task.query.by_title(org="o"),
        "match": task.match(org="o"),
        "scan": task.scan,
        "collection": app.collections.both(org="o"),
        "batch_get": task.get([KEY]),
        "batch_write": note.put([KEY]),
        "transact_write": app.transact_write([note.put(**KEY)]),
        "transact_get": app.transact_get([note.get(**KEY)]),
    }
    attributes = {name: task.attr[name] for name in ("title", "points", "tags", "steps", "detail")}
    for name, thing, left_out in (
        ("app", app, PLAIN),
        ("task", task, frozenset()),
        ("conversions", task.conversions, frozenset()),
        ("size", task.attr.title.size(), OF_PYNAMODB),
        *((name, chain, frozenset[str]()) for name, chain in chains.items()),
        *((name, attribute, OF_PYNAMODB) for name, attribute in attributes.items()),
    ):
        for member in dir(type(thing)):
            if not member.startswith("_") and member not in left_out:
                found = getattr(thing, member)
                if type(found).__name__ in ("method", "function"):
                    yield f"{name}.{member}", found
    yield "entities()", app.entities
    yield "collections()", app.collections
    yield "query()", task.query
    yield "scan()", task.scan
    yield "query.by_title", task.query.by_title
    yield "collections.both", app.collections.both
    yield "load", leyden.load
    yield from ((f"{name}()", attribute) for name, attribute in attributes.items())


def arguments(app: leyden.Service) -> Iterator[tuple[tuple[Any, ...], Mapping[str, Any]]]:
    """Arguments of which most fit nothing."""
    task, note = app.entities.task, app.entities.note
    odd: tuple[Any, ...] = ("x", "", "\0", b"x", 5, 3.5, True, None, object(), len, int, {}, set())
    for one in (
        *odd,
        {"nope": 1},
        {1: 2},
        {"org": []},
        {5},
        *([one] for one in odd),
        [[]],
        note.record(**KEY),
        [note.record(**KEY)],
        task.attr.points,
        task.attr.points > 3,
        task.put(**KEY),
        [task.put(**KEY)],
        task.query.all(org="o"),
    ):
        yield (one,), {}
    yield ("x", "y"), {}
    yield (5, 6, 7), {}
    yield ({"org": {}}, {"id": object()}), {}
    yield tuple("abcdefgh"), {}
    options = ("attributes", "compare", "cursor", "data", "limit", "order", "pages", "params")
    for name in (*options, "response", "select", "table", "token", "unprocessed", "titel", "self"):
        for value in (5, "x", [], {}, [[]], object()):
            yield (), {name: value}
    for name in ("org", "title", "points", "nope", "wrong"):
        for value in (None, 5, [], object()):
            yield (), {name: value}
            yield ("x",), {name: value}
    yield (), {}


def test_nothing_but_our_errors_comes_out(app: leyden.Service) -> None:
    tried = refused = 0
    for name, function in callables(app):
        for given, named in arguments(app):
            tried += 1
            try:
                function(*given, **named)
            except LeydenError as error:
                refused += 1
                said = str(error)
                assert said, name
                assert " at 0x" not in said, (name, given, named)
                assert not re.search(r"\b(Operation|Conditional|Ranged|Entity|Service)\.", said)
                assert "positional-only" not in said
            except Exception as error:
                pytest.fail(f"{name}(*{given!r}, **{named!r}) raised {error!r}")
    assert tried > 10_000
    assert refused > tried / 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda app: app["task"].query.by_title("o"),
            "by_title() takes keyword arguments only, as in .by_title(org=...), but got 1 "
            "positional argument",
        ),
        (
            lambda app: app.collections.both("o"),
            "both() takes keyword arguments only, as in .both(org=...), but got 1 "
            "positional argument",
        ),
        (
            lambda app: app["task"].query(org="o"),
            "this is not a function; write task.query.all(org=...)",
        ),
        (
            lambda app: app.collections(org="o"),
            "this is not a function; write app.collections.both(...)",
        ),
        (lambda app: app.entities("task"), "this is not a function; write app.entities.task"),
        (
            lambda app: app["task"].scan(limit=3),
            "scan() takes no arguments: conditions go to .where(), options to .go(limit=10)",
        ),
        (
            lambda app: app["task"].get(**KEY).go(10),
            "go() takes keyword arguments only, as in .go(limit=10), but got 1 positional argument",
        ),
        (
            lambda app: app["task"].scan.params(select="COUNT"),
            'the option "select" is a JMESPath expression, which reshapes each item, and not '
            "DynamoDB's Select=COUNT; count items with .count(). For an attribute of that name, "
            "quote it inside: select='\"COUNT\"'",
        ),
        (
            lambda app: app["task"].get(**KEY).params(select="ALL_ATTRIBUTES"),
            'the option "select" is a JMESPath expression, which reshapes each item, and not '
            "DynamoDB's Select=ALL_ATTRIBUTES; name attributes with the option `attributes`. For "
            "an attribute of that name, quote it inside: select='\"ALL_ATTRIBUTES\"'",
        ),
        (
            lambda app: app["task"].scan.where(title="A"),
            "where() takes conditions, not keywords: write .where(task.attr.title == ...), and "
            "join several with &",
        ),
        (
            lambda app: app["task"].scan.where("title = 'A'"),
            "where() takes conditions such as `task.attr.points > 3`, not str; join several with "
            "&, not with `and`",
        ),
        (
            lambda app: app["task"].query.by_title(org="o").begins("A"),
            "begins() takes keyword arguments only, as in .begins(title=...), but got 1 "
            "positional argument",
        ),
        (
            lambda app: app["task"].query.by_title(org="o").between({"title": "a"}),
            'between(): missing a required argument: \'end\'; write .between({"task_id": "a"}, '
            '{"task_id": "f"})',
        ),
        (
            lambda app: app["task"].scan.index(),
            "index(): missing a required argument: 'access_pattern'; write "
            '.scan.index("assigned")',
        ),
        *(
            (
                lambda app, ending=ending: getattr(app["task"].put(**KEY), ending)(3),
                f"{ending}() takes keyword arguments only, as in "
                f'.{ending}(response="all_new"), but got 1 positional argument',
            )
            for ending in ("go", "params", "program", "explain")
        ),
        (
            lambda app: app["task"].remove(**KEY).go("all_old"),
            'go() takes keyword arguments only, as in .go(response="all_old"), but got 1 '
            "positional argument",
        ),
        (
            lambda app: app["task"].patch(**KEY).set("title", "x"),
            'set() takes keyword arguments only, as in .set(status="closed"), but got 2 '
            "positional arguments",
        ),
        (
            lambda app: app["task"].upsert(**KEY).add(5),
            "add() takes keyword arguments only, as in .add(points=1), but got 1 "
            "positional argument",
        ),
        (
            lambda app: app["task"].patch(**KEY).composite("x"),
            'composite(): too many positional arguments; write .composite(status="open")',
        ),
        (
            lambda app: leyden.load(SERVICE, tabel="x"),  # type: ignore[call-arg]
            "load(): got an unexpected keyword argument 'tabel'; write "
            'leyden.load("schemas/taskapp", table="projectmanagement")',
        ),
        (
            lambda app: app.transact_write(app["task"].put(**KEY)),
            "transact_write() takes a list of chains, not Put",
        ),
    ],
)
def test_the_right_form_is_shown(
    app: leyden.Service, call: Callable[[leyden.Service], Any], message: str
) -> None:
    with pytest.raises((ArgumentError, InvalidExpressionError, InvalidOptionError)) as caught:
        call(app)
    assert caught.value.message == message


@pytest.mark.parametrize("whole", [True, False])
def test_a_record_says_what_it_does_not_take(app: leyden.Service, whole: bool) -> None:
    task = app.entities.task
    record = task.record(**KEY, title="A")
    record = record if whole else narrow(record, frozenset({"title"}))
    with pytest.raises(ArgumentError, match='"tasks" has no attribute "titel"; did you mean'):
        attrs.evolve(record, titel="B")
    with pytest.raises(ArgumentError, match='"titel"; did you mean "title"'):
        task.record(titel="A")
    with pytest.raises(ArgumentError, match=re.escape("as in task.record(org=...), but got 2")):
        task.record("o", "1")
    assert list(inspect.signature(task.record).parameters)[:2] == ["org", "id"]


def test_numbers_have_no_size(app: leyden.Service) -> None:
    with pytest.raises(ValidationError, match='"points" is of type integer, and has no size'):
        app["task"].attr.points.size()


def test_scan_may_be_called(app: leyden.Service) -> None:
    task = app.entities.task
    assert task.scan().params() == task.scan.params()
    assert task.scan().where(task.attr.points > 3).params()["FilterExpression"]


def test_names_that_there_are_not_are_errors_of_ours(app: leyden.Service) -> None:
    for look in (
        lambda: app.entities.tsk,
        lambda: app.entities["tsk"],
        lambda: app["tsk"],
        lambda: app.collections.bth,
        lambda: app["task"].query.by_titel,
        lambda: app["task"].query["by_titel"],
    ):
        with pytest.raises(UnknownNameError, match=r"has no (entity|collection|access pattern)"):
            look()
    with pytest.raises(UnknownAttributeError):
        _ = app["task"].attr.titel
    assert not hasattr(app.entities, "tsk")
    assert app.entities.get("tsk") is None
    assert "tsk" not in app.entities
    with pytest.raises(KeyError):
        app["tsk"]


class TestConditions:
    """Python's `and`, `or`, `not`, `in` ask a condition for its truth, which it does not have."""

    @pytest.mark.parametrize(
        "build",
        [
            lambda a: (a.points > 3) and (a.title == "x"),
            lambda a: (a.points > 3) or (a.title == "x"),
            lambda a: not (a.points > 3),
            lambda a: 3 < a.points < 9,
            lambda a: a.points in [3, 4],
            lambda a: bool(a.points.exists()),
            lambda a: bool(a.points.does_not_exist()),
            lambda a: bool(a.points.between(3, 9)),
            lambda a: bool(a.points.is_in(3, 9)),
            lambda a: bool(a.points.is_type()),
            lambda a: bool(a.title.begins("x")),
            lambda a: bool(a.title.startswith("x")),
            lambda a: bool(a.tags.contains("x")),
            lambda a: bool(a.title.size() > 3),
            lambda a: bool(a.title.size().between(3, 4)),
            lambda a: bool((a.points > 3) & (a.points < 9)),
            lambda a: bool((a.points > 3) | (a.points < 9)),
            lambda a: bool(~(a.points > 3)),
            lambda a: bool(None & (a.points > 3)),
            lambda a: bool(a.detail.owner == "x"),
            lambda a: bool(a.steps[0] == "x"),
        ],
    )
    def test_a_condition_has_no_truth(self, app: leyden.Service, build: Any) -> None:
        with pytest.raises(ArgumentError) as caught:
            build(app["task"].attr)
        assert isinstance(caught.value, TypeError)
        assert caught.value.message == (
            "a condition is neither true nor false here: `and`, `or`, `not`, `in`, `if` and "
            "comparisons in a chain do not work on it. Join conditions with &, | and ~, each in "
            "parentheses: (task.attr.points > 3) & ~(task.attr.points > 9), or .between(3, 9)"
        )

    @pytest.mark.parametrize(
        ("build", "message"),
        [
            (
                lambda a: (a.points > 3) & "x",
                "& joins conditions, and str is not one; put each condition in parentheses: "
                "(task.attr.points > 3) & (task.attr.points < 9)",
            ),
            (
                lambda a: True | (a.points > 3),
                "| joins conditions, and bool is not one; put each condition in parentheses: "
                "(task.attr.points > 3) | (task.attr.points < 9)",
            ),
            (
                lambda a: a.title == "x" & a.points > 3,
                '"points" is next to & without parentheses; write (task.attr.a == 1) & '
                "(task.attr.points > 3)",
            ),
            (
                lambda a: a.title("x"),
                '"title" is an attribute, not a method; compare it, as in '
                "task.attr.title == ..., or use .begins(), .between(), .contains(), .is_in(), "
                ".exists(), .does_not_exist(), .size()",
            ),
            (lambda a: a.title.size() > "x", "size() is compared with a number, not str"),
            (
                lambda a: "x" in a.tags,
                'Python\'s `in` does not work on "tags"; write .contains(...)',
            ),
            (
                lambda a: a.title + "x",
                '"title" is of type string, but this works on numbers',
            ),
            (
                lambda a: a.points.delete(3),
                '"points" is of type integer, but this works on sets',
            ),
            (
                lambda a: a.title.append(["x"]),
                '"title" is of type string, but this works on lists',
            ),
            (
                lambda a: a.title.begins(),
                "begins(): missing a required argument: 'prefix'; write .begins(\"a\")",
            ),
        ],
    )
    def test_what_is_no_condition_is_refused(
        self, app: leyden.Service, build: Any, message: str
    ) -> None:
        with pytest.raises(ArgumentError) as caught:
            build(app["task"].attr)
        assert caught.value.message == message

    def test_begins_is_what_startswith_is(self, app: leyden.Service) -> None:
        task = app["task"]
        for attr in (task.attr.title, task.attr.detail.owner, task.attr.steps[0]):
            assert task.scan.where(attr.begins("A")).params() == (
                task.scan.where(attr.startswith("A")).params()
            )
        with pytest.raises(LeydenError, match="only text and bytes have a beginning"):
            task.attr.points.begins("A")
