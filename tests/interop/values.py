"""Hypothesis strategies for attribute values, as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

COLORS: Final = ("red", "Green", "blue")

_LETTERS: Final = "abcxyzABCXYZ0129-. éÉßİΣς日😀"
_words = st.text(alphabet=_LETTERS, min_size=1, max_size=6)
_joining = st.sampled_from(["a#b", "x_y", "$s", "a#b_c", "1#", "_", "#"])
key_texts = st.one_of(_words, _words, _words, _words, _words, _joining)
"""Text in keys: all that casing changes oddly, now and then what joins a key's parts."""

texts = st.one_of(_words, st.just(""), st.sampled_from(["{}", "[1]", "null", "line\nbreak"]))

key_numbers = st.one_of(
    st.integers(-1000, 10**6), st.sampled_from([0, 2.5, -0.125, 1e21, 1e-7, 123456789012, 0.1])
)
"""Numbers that JavaScript and DynamoDB both hold exactly, some of which JavaScript writes oddly."""

_element = st.one_of(texts, st.integers(-99, 99), st.booleans())
any_values = st.one_of(
    _element,
    st.lists(_element, max_size=3),
    st.dictionaries(st.sampled_from(["k", "K2", "long name"]), _element, max_size=3),
)


def values_of(attribute: Mapping[str, Any], *, in_key: bool) -> st.SearchStrategy[Any]:
    """Values that the attribute takes."""
    kind = attribute["type"]
    if isinstance(kind, list):
        return st.sampled_from(kind)
    match kind:
        case "string":
            return key_texts if in_key else texts
        case "number":
            return key_numbers
        case "boolean":
            return st.booleans()
        case "set":
            members = {"string": _words, "number": st.integers(-99, 99)}[attribute["items"]]
            return st.lists(members, unique=True, min_size=1, max_size=3)
        case "list":
            return st.lists(values_of(attribute["items"], in_key=False), max_size=3)
        case "map":
            properties = attribute["properties"]
            return st.fixed_dictionaries(
                {},
                optional={
                    name: values_of(inner, in_key=False) for name, inner in properties.items()
                },
            )
        case "any":
            return any_values
    raise ValueError(f"no values for an attribute of type {kind}")
