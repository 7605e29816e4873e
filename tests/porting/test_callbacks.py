"""Which callbacks a schema can say, and which it leaves to Python."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import product

import jmespath
import pytest

from leyden.porting.callbacks import bounds, constant_default, generated, validation, when
from leyden.porting.declaring import Lifetime, derived, lifetime, normal_forms, prefixed
from leyden.porting.javascript import parse_function
from leyden.porting.regexps import python_pattern

NAMES = {"status": "status", "points": "points_", "done": "done", "tags": "tags"}
KINDS = {"status": "enum", "points": "number", "done": "boolean", "tags": "list"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("(a) => a.status === 'open'", "status == 'open'"),
        ('a => a.status != "it\'s"', "status != 'it\\'s'"),
        ("({ status }) => status === 'open'", "status == 'open'"),
        ("({ status: s, points }) => s === 'x' && points > 3", "status == 'x' && points_ > `3`"),
        ("(a) => { return a.done; }", "done"),
        ("function (a) { return !a.done; }", "!done"),
        ("condition(a) { return 3 < a.points; }", "points_ > `3`"),
        ("(a) => !(a.status === 'a' || a.done)", "!(status == 'a' || done)"),
        ("(a) => (a.done || a.status) && a.points <= -1", "(done || status) && points_ <= `-1`"),
        ("(a) => ['a', 'b'].includes(a.status)", "contains(['a', 'b'], status)"),
        ("(a) => a.status !== undefined", "status != `null`"),
        ("(a) => a.points != null", "points_ != `null`"),
        ("(a) => true", "`true`"),
    ],
)
def test_simple_conditions_become_jmespath(source: str, expected: str) -> None:
    assert when(source, NAMES, KINDS) == expected


@pytest.mark.parametrize(
    "source",
    [
        "(a) => a.points",  # 0 is false there and true in JMESPath
        "(a) => a.tags",  # [] is true there and false in JMESPath
        "(a) => a.status > 'm'",  # JMESPath orders numbers only
        "(a) => a.points === '3'",
        "(a) => a.status === null",  # absent is not null
        "(a) => a.other === 'x'",
        "(a) => a.status.startsWith('x')",
        "(a) => a.points + 1 > 2",
        "(a) => a.status === other",
        "async (a) => a.done",
        "(a) => { const b = a.done; return b; }",
        "(a, b) => a.done",
        "(a) => a.done ? true : false",
        "(a = {}) => a.done",
        "(a) => a['done']",
        "(a) => `${a.status}` === 'x'",
        "not javascript",
        "",
        "(a) => " + "!" * 500 + "a.done",
        "(a) => " + "(" * 500 + "a.done" + ")" * 500,
    ],
)
def test_conditions_that_would_mean_something_else_are_left_to_people(source: str) -> None:
    assert when(source, NAMES, KINDS) is None


@pytest.mark.node
@pytest.mark.parametrize(
    "source",
    [
        "(a) => a.status === 'open' && a.points > 3",
        "(a) => !(a.status === 'open' || a.done)",
        "(a) => a.status || a.points <= 0",
        "(a) => ['open', ''].includes(a.status) && a.done !== true",
        "(a) => a.points !== undefined && !a.done",
        "(a) => a.points >= 4 || a.status !== 'open' && a.done",
    ],
)
def test_a_condition_holds_for_the_same_items_as_in_node(source: str) -> None:
    items = [
        {name: value for name, value in zip(NAMES, values, strict=False) if value is not None}
        for values in product(["open", "", None], [0, 4, None], [True, False, None])
    ]
    script = f"console.log(JSON.stringify({json.dumps(items)}.map(a => !!({source})(a))))"
    ran = subprocess.run(["node", "-e", script], capture_output=True, check=True)
    text = when(source, {name: name for name in NAMES}, KINDS)
    assert text is not None
    found = [jmespath.search(text, item) for item in items]
    ours = [
        value not in (False, None, "", [], {}) or (value == 0 and value is not False)
        for value in found
    ]
    assert ours == json.loads(ran.stdout)


def test_validations_read_the_value_itself() -> None:
    assert validation("(price) => price > 0", "number") == "@ > `0`"
    assert validation("(v) => v !== 'x'", "string") == "@ != 'x'"
    assert validation("(v) => v.length > 2", "string") is None
    assert validation("(v) => v > 'x'", "string") is None


def test_bounds_alone_become_min_and_max() -> None:
    assert bounds("(n) => n >= 0 && n <= 5.5") == {"min": 0, "max": 5.5}
    assert bounds("(n) => n >= -1") == {"min": -1}
    assert bounds("(n) => n > 0") is None
    assert bounds("(n) => n >= 0 && n >= 1") is None
    assert bounds("(n) => n >= 0 || n <= 5") is None


@pytest.mark.parametrize(
    ("source", "kind", "expected"),
    [
        ("() => Date.now()", "number", "now"),
        ("() => Date.now()", "string", None),
        ("() => new Date().toISOString()", "string", "now"),
        ("() => new Date().toISOString()", "number", None),
        ("() => new Date().getTime()", "number", "now"),
        ("() => new Date", "number", None),
        ("() => randomUUID()", "string", "uuid4"),
        ("() => crypto.randomUUID()", "string", "uuid4"),
        ("function randomUUID(options) { native }", "string", "uuid4"),
        ("() => uuid()", "string", "uuid4"),
        ("() => uuidv7()", "string", "uuid7"),
        ("() => ulid()", "string", "ulid"),
        ("() => ulid(5)", "string", None),
        ("() => nanoid()", "string", None),
        ("() => Date.now() + 5", "number", None),
    ],
)
def test_known_generators_are_recognized(source: str, kind: str, expected: str | None) -> None:
    assert generated(source, kind) == expected


def test_a_callback_that_always_gives_one_value_is_that_value() -> None:
    assert constant_default("() => 'open'") == "open"
    assert constant_default("() => ({ a: [1, true], 'b c': {} })") == {"a": [1, True], "b c": {}}
    for source in ("() => null", "() => other", "() => {}", "(a) => a"):
        with pytest.raises(ValueError, match=r"constant|null"):
            constant_default(source)


def test_comments_and_escapes_are_read() -> None:
    function = parse_function("() => /* why */ 'a\\n\\'b' // so\n")
    assert function is not None
    assert constant_default("() => 'a\\n\\'b'") == "a\n'b"
    assert parse_function("() => 'a\\u0041'") is None


@pytest.mark.parametrize(
    ("source", "flags", "expected"),
    [
        (r"^\d{5}$", "", r"^[0-9]{5}\Z"),
        (r"^[\w.-]+@\w+\.com$", "i", r"(?i)^[A-Za-z0-9_.-]+@[A-Za-z0-9_]+\.com\Z"),
        (r"a$", "m", "(?m)a$"),
        (r"(?<year>\d+)\k<year>", "", "(?P<year>[0-9]+)(?P=year)"),
        (r"\/a\-b[\-\]]", "", r"/a-b[\-\]]"),
        (r"\u{1F600}", "u", r"\U0001f600"),
        (r"[^]", "", r"[\s\S]"),
        (r"\bword\b", "", r"(?a:\b)word(?a:\b)"),
        (r"a{,3}", "", r"a\{,3}"),
        (r"\p{L}", "u", None),
        (r"[\D]", "", None),
        (r"(?<=a|bc)d", "", None),
        (r"a", "g", None),
        (r"\cJ", "", None),
    ],
)
def test_regular_expressions_are_translated(source: str, flags: str, expected: str | None) -> None:
    assert python_pattern(source, flags) == expected


@pytest.mark.node
@pytest.mark.parametrize(
    "source", [r"^\d+$", r"^\w+$", r"\bab\b", r"^[a-c\-_]*$", r"(a)\1", r"^a.c$", r"[[&]"]
)
def test_a_pattern_matches_what_it_matches_in_node(source: str) -> None:
    texts = ["12", "١٢", "12\n", "ab", "é_ab", "x ab y", "a-c_", "aa", "abc", "a\nc", "[", "&"]
    script = f"console.log(JSON.stringify({json.dumps(texts)}.map(t => /{source}/.test(t))))"
    ran = subprocess.run(["node", "-e", script], capture_output=True, check=True)
    pattern = python_pattern(source)
    assert pattern is not None
    assert [bool(re.search(pattern, text)) for text in texts] == json.loads(ran.stdout)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("(v) => v.trim()", ["trim"]),
        ("v => v?.trim().toLowerCase()", ["trim", "lower"]),
        ("(v) => v && v.toUpperCase()", ["upper"]),
        ("function (v) { return v.normalize('NFKC').trim(); }", ["nfkc", "trim"]),
        ("(v, item) => v.normalize()", ["nfc"]),
        (r"(v) => v.replace(/\s+/g, ' ').trim()", ["collapse", "trim"]),
        (r"(v) => v.replace(/\s/g, '')", ["compact"]),
        (r"(v) => v.replace(/[^0-9]/g, '')", ["digits"]),
        ("(v) => v", None),
        ("(v) => v.trim", None),
        ("(v) => v.trim() + '!'", None),
        ("(v) => v.toLocaleLowerCase()", None),
        ("(v) => v.normalize('NFD')", None),
        ("(v) => v.toLowerCase().toUpperCase()", None),
        ("(v) => v.trim().toLowerCase().trim()", None),
        (r"(v) => v.replace(/\s+/, ' ')", None),
        ("(v) => (v ?? '').trim()", None),
        ("(v) => other.trim()", None),
        ("({ v }) => v.trim()", None),
        ("() => v.trim()", None),
    ],
)
def test_normal_forms_are_recognized(source: str, expected: list[str] | None) -> None:
    assert normal_forms(source) == expected


@pytest.mark.parametrize(
    ("source", "kind", "expected"),
    [
        ("() => Date.now() + 1000 * 60", "number", Lifetime(60, False)),
        ("() => 5_000 + new Date().getTime()", "number", Lifetime(5, False)),
        ("() => Math.floor(Date.now() / 1000) + 60 * 60", "number", Lifetime(3600, True)),
        ("() => Math.floor(Date.now() / 1000 + 60)", "number", Lifetime(60, True)),
        ("() => Math.floor((Date.now() + 60000) / 1000)", "number", Lifetime(60, True)),
        ("() => new Date(Date.now() + 86400e3).toISOString()", "string", None),
        ("() => new Date(Date.now() + 1000).toISOString()", "string", Lifetime(1, False)),
        ("() => Date.now() + 500", "number", None),
        ("() => Date.now() - 1000", "number", None),
        ("() => Date.now() + 1000", "string", None),
        ("() => Math.round(Date.now() / 1000) + 60", "number", None),
        ("() => Math.floor(Date.now() / 60) + 60", "number", None),
        ("() => Date.now() + DAY", "number", None),
    ],
)
def test_lifetimes_are_recognized(source: str, kind: str, expected: Lifetime | None) -> None:
    assert lifetime(source, kind) == expected


@pytest.mark.parametrize(
    ("source", "of_kind", "expected"),
    [
        ("(_, { at }) => at.slice(0, 4)", "string", "year"),
        ("(_, { at: t }) => t.substring(0, 7)", "string", "month"),
        ("(v, item) => item.at.split('T')[0]", "string", "day"),
        ("(v, { at }) => at && at.slice(0, 13)", "string", "hour"),
        ("(v, { at }) => new Date(at).toISOString().slice(0, 10)", "number", "day"),
        ("(_, { at }) => at.slice(0, 10)", "number", None),
        ("(_, { at }) => at.slice(0, 5)", "string", None),
        ("(_, { at }) => at.slice(1, 10)", "string", None),
        ("(_, { to }) => to.slice(0, 10)", "string", None),
        ("(at) => at.slice(0, 10)", "string", None),
        ("(_, { at }) => at.split('-')[0]", "string", None),
    ],
)
def test_time_buckets_are_recognized(source: str, of_kind: str, expected: str | None) -> None:
    made = derived(source, "string", "at", of_kind)
    assert (None if made is None else made.period) == expected


def test_times_counted_from_another_are_recognized() -> None:
    made = derived("(_, { at }) => at + 60 * 1000", "number", "at", "number")
    assert made is not None
    assert made.lifetime == Lifetime(60, False, "at")
    made = derived("(_, i) => Math.floor(i.at / 1000) + 60", "number", "at", "number")
    assert made is not None
    assert made.lifetime == Lifetime(60, True, "at")
    assert derived("(_, { at }) => at + 60 * 1000", "number", "at", "string") is None


def test_ids_with_a_prefix_are_recognized() -> None:
    assert prefixed("() => `order_${ulid()}`") == ("order_", "ulid")
    assert prefixed("() => 'order_' + crypto.randomUUID()") == ("order_", "randomUUID")
    for source in ("() => `${ulid()}`", "() => `a${ulid()}b`", "() => a + ulid()", "() => ulid()"):
        assert prefixed(source) is None


def test_templates_expressions_and_arithmetic_are_read() -> None:
    for source in (
        "(a) => `${a.b} ${c(1)}`",
        r"(a) => a.replace(/[/\]]+\//gi, '') / 2",
        "(a) => a ?? b",
        "(a) => a % 2 === 0",
        "(a, { b, c: d }, e) => d",
    ):
        assert parse_function(source) is not None, source
    for source in ("(a) => `${a", "(a) => `${}`", "(a) => /a", "({ a }, { b }) => a", "(a) => a +"):
        assert parse_function(source) is None, source
    assert when("(a) => a.points + 1", NAMES, KINDS) is None
    assert when("(a) => a.points ?? 1", NAMES, KINDS) is None
    assert when("(a) => a.points > 2 * 3 - 1", NAMES, KINDS) == "points_ > `5`"
