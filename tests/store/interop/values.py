"""Hypothesis strategies for what agents keep: texts, metadata, times, contents of messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st

EXACT: Final = 2**53 - 1
"""The largest whole number up to which JavaScript has all whole numbers."""

_characters = st.characters(exclude_categories=["Cs"])
_odd_texts = st.sampled_from(
    [
        "",
        " ",
        "{}",
        "[]",
        "null",
        "1",
        '"quoted"',
        '{"a": 1 }',
        '[1, 2,"x"]',
        "{not json",
        "[NaN]",
        '{"a":Infinity}',
        '["\\ud800"]',
        '{"a":1,"a":2}',
        "[",
        "a\u0000b",
        "\u2028\u2029\ufeff",
        "é e\u0301 ﬀ İ ß ς",
        "日本 😀 𝔘 \U0010ffff",
        '\\ " \b\f\n\r\t \x7f',
    ]
)
texts = st.one_of(st.text(_characters, max_size=12), _odd_texts)
"""Any text without half surrogate pairs, many that look like JSON."""

plain_texts = st.text(_characters, min_size=1, max_size=12).filter(
    lambda text: text.strip() != "" and text[0] not in "[{"
)
"""Text that is taken as text wherever JSON may stand instead."""

ids = st.text("abcXYZ019-_.:/# éÉß日😀", min_size=1, max_size=8).filter(lambda text: text.strip())
"""Ids with letters of both cases, with what joins the parts of a key, and beyond the BMP."""

ascii_ids = st.text("abcXYZ019-_.:/# +$", min_size=1, max_size=8).filter(lambda text: text.strip())
"""Ids whose order is exactly JavaScript's."""


def names_something(text: str) -> bool:
    """Whether there is more to a text than what Python or JavaScript take for white space."""
    return text.replace("\ufeff", "").strip() != ""


def _is_plain_name(name: str) -> bool:
    # JavaScript moves names that look like whole numbers to the front of an object, and takes
    # __proto__ as something else than a name.
    return not name.isdecimal() and name != "__proto__"


names = st.one_of(
    st.sampled_from(["a", "b", "lang", "A", "with space", "$ref", "toString"]), texts
).filter(_is_plain_name)

numbers = st.one_of(
    st.integers(-EXACT, EXACT),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, 0.1, -0.0, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 1.0, -2.5, 1e20]),
)
_leaves = st.one_of(st.none(), st.booleans(), numbers, texts)
json_values = st.recursive(
    _leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=8,
)
objects = st.dictionaries(names, json_values, max_size=4)
"""JSON objects: metadata, tools' arguments."""


@st.composite
def deep_objects(draw: st.DrawFn) -> dict[str, Any]:
    """An object in an object in a list, many levels down."""
    value: Any = draw(_leaves)
    for level in range(draw(st.integers(1, 60))):
        value = [value] if level % 3 == 2 else {draw(names) if level < 5 else "in": value}
    return {"deep": value}


metadata = st.one_of(objects, objects, objects, deep_objects())

_EDGES: Final = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2024, 2, 29, 12, 30, 15, 1_000, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
]


def _to_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)


times = st.one_of(
    st.sampled_from(_EDGES), st.datetimes(timezones=st.just(UTC)).map(_to_milliseconds)
)
"""Times of all years that both sides have, to the millisecond."""

START: Final = datetime(2026, 2, 3, 9, 15, tzinfo=UTC)
past_times = st.integers(1, 10**12).map(lambda ms: START - timedelta(milliseconds=ms))
"""Times before the clocks of the checks begin."""

_text_parts = st.fixed_dictionaries({"type": st.just("text"), "text": texts})
_tool_parts = st.fixed_dictionaries(
    {
        "type": st.just("tool-invocation"),
        "toolInvocation": st.fixed_dictionaries(
            {
                "state": st.just("result"),
                "toolCallId": plain_texts,
                "toolName": plain_texts,
                "args": objects,
                "result": json_values,
            }
        ),
    }
)
parts = st.lists(st.one_of(_text_parts, _tool_parts), max_size=3)

contents = st.fixed_dictionaries(
    {"format": st.just(2), "parts": parts}, optional={"content": texts, "metadata": objects}
)
"""What a message of the present format holds."""

earlier_contents = st.one_of(texts, st.lists(_text_parts, min_size=1, max_size=3))
"""What a message of the earlier format holds: a text, or a list of parts."""
