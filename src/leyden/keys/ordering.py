"""Compares the order of keys with the order of values, and computes the key bounds of a range.

A sort key is one text, but a range is over the values in it. The two orders can differ for two
reasons. First, the texts of some values sort in another order: an unpadded 10 sorts before 9.
Second, if the text of one value begins that of another, the text after the shorter one decides: `a`
followed by `#b_...` sorts after `a b`, because a blank sorts before `#`. So the bounds here are
never too narrow, and `exact` says whether all keys between them are in the range.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import permutations
from typing import Any, Final, Literal, TypeAlias

from leyden._attrs import field, frozen
from leyden.keys.form import KeyForm, KeyValue, Segment
from leyden.types import type_of

Order: TypeAlias = Literal["closed", "text", "none"]
"""The order of an attribute's texts in a key.

`closed`: the order of the values, whatever follows them. `text`: the order of the values, except
that if one text begins another, the text after it may decide. `none`: another order.
"""

Followers: TypeAlias = frozenset[str] | None
"""The characters that may follow a value, "" for the end of the key; None for any text."""

_NUMBER_CHARACTERS: Final = frozenset("0123456789.eE+-")
_LARGEST_CODE: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)
# Python and JavaScript lowercase a capital sigma to one of these two, depending on its neighbors.
_SIGMAS: Final = ("\u03c2", "\u03c3")
_BEHIND_SIGMAS: Final = "\u03c4"
_MOST_BYTES: Final = 1024
_SURELY_SHORT: Final = _MOST_BYTES // 4


@frozen
class Limit:
    """One end of a range: values of the next attributes of a sort key, in the key's order."""

    values: Mapping[str, Any]
    included: bool


@frozen
class Bounds:
    """The bounds of the sort keys to read; `operator` is None for all keys.

    `exact` says that every key within the bounds is in the range, `parted` that every key has the
    values that are given as equal. `unordered` names the attribute whose order prevents bounds.
    """

    operator: str | None
    low: KeyValue = ""
    high: KeyValue | None = None
    exact: bool = True
    parted: bool = True
    unordered: str | None = None


@frozen
class _End:
    """One end of the bounds: its text, or None, and whether it is exact."""

    text: str | None = None
    exact: bool = True
    unordered: str | None = None
    strictly: bool = field(default=False)
    """Whether a key that equals the text is outside the bounds."""


def bounds_of(
    forms: Sequence[KeyForm],
    equal: Mapping[str, Any],
    low: Limit | None,
    high: Limit | None,
    always: Collection[str] = (),
) -> Bounds:
    """Return the bounds of a range in keys of these forms, which are equal up to its attributes.

    `always` names the attributes that every item has. Raises ValueError if a value cannot be in the
    key.
    """
    form = forms[0]
    if form.numeric:
        return _number_bounds(form, low, high)
    shared = _alike(forms)
    depth = next((i for i, s in enumerate(shared) if s.name not in equal), len(shared))
    parted = all(_is_parted(form, i, _followers(forms, i)) for i in range(depth))
    first = next(iter((low or high or Limit({}, True)).values), None)
    if depth == len(shared) or shared[depth].name != first:
        stem, sure = _certain(form, _folded(form, equal, depth))
        return Bounds("begins_with" if stem else None, stem, None, False, parted and sure)
    beginning, sure = _certain(form, _folded(form, equal, depth, shared[depth].label))
    # If the key is cut inside the values given as equal, keys with other values match too.
    parted = parted and sure
    start = _low_end(forms, shared, equal, depth, low)
    end = _high_end(forms, shared, equal, depth, high)
    there = _are_there(low, high, always, at_start=not beginning)
    exact = sure and start.exact and end.exact and there and parted
    unordered = start.unordered or end.unordered
    operator, lower, upper, whole = _between(beginning, start, end)
    return Bounds(operator, lower, upper, exact and whole, parted, unordered)


def sorts_by_values(form: KeyForm) -> bool:
    """Return whether the keys of a form sort like the values in them."""
    if form.numeric or not form.segments:
        return True
    *first, last = [_order(form, s, _followers([form], i)) for i, s in enumerate(form.segments)]
    # If nothing follows the last value, nothing else can decide between two of its texts.
    alone = last == "text" and not (form.suffix or form.postfix)
    return (last == "closed" or alone) and all(order == "closed" for order in first)


def _are_there(
    low: Limit | None, high: Limit | None, always: Collection[str], *, at_start: bool
) -> bool:
    """Return whether all keys in the bounds have the attributes of the upper end.

    A key below the upper end may lack them. A key has them if it begins with the value
    (`at_start`), or if it is above a lower end.
    """
    if high is None or all(name in always for name in high.values):
        return True
    return len(high.values) == 1 and (low is not None or at_start)


def _between(beginning: str, start: _End, end: _End) -> tuple[str | None, str, str | None, bool]:
    """Return the operator, both ends, and whether they are exact, for keys with one beginning.

    If the keys begin with the values of the range, a missing end is not bounded.
    """
    low, high = start.text, end.text
    if beginning:
        if low is None and high is None:
            return "begins_with", beginning, None, True
        low = beginning if low is None else low
        high = _behind(beginning) if high is None else high
        if high is None or low > high:
            return "begins_with", beginning, None, False
    if low and high is not None:
        if low > high:
            return None, "", None, False
        return "BETWEEN", low, high, not (start.strictly or end.strictly)
    if low:
        return ">" if start.strictly else ">=", low, None, True
    if high:
        return "<" if end.strictly else "<=", high, None, True
    return None, "", None, False


def _number_bounds(form: KeyForm, low: Limit | None, high: Limit | None) -> Bounds:
    bottom = form.number(low.values) if low else None
    top = form.number(high.values) if high else None
    if bottom is not None and top is not None:
        return Bounds("BETWEEN", bottom, top)
    if bottom is not None and low is not None:
        return Bounds(">=" if low.included else ">", bottom)
    if top is not None and high is not None:
        return Bounds("<=" if high.included else "<", top)
    return Bounds(None, exact=False)


def _low_end(
    forms: Sequence[KeyForm],
    shared: Sequence[Segment],
    equal: Mapping[str, Any],
    depth: int,
    limit: Limit | None,
) -> _End:
    if limit is None:
        return _End()
    given, position, order, unordered = _reach(forms, shared, equal, depth, limit)
    if position == depth:
        return _End(None, False, unordered)
    stem, sure = _certain(forms[0], _folded(forms[0], given, position))
    followers = _followers(forms, position - 1)
    complete = position - depth == len(limit.values)
    empty = any(shared[i].text(given[shared[i].name]) == "" for i in range(depth, position))
    sure = sure and complete and not empty and len(stem) <= _SURELY_SHORT
    if limit.included:
        tail = stem[_base(forms[0], given, position) :]
        before = max(followers or [""])
        certain = order == "closed" or (
            followers is not None and not any(character <= before for character in tail)
        )
        return _End(_short(stem), sure and certain, unordered)
    if sure and order == "closed" and followers and "" not in followers:
        return _End(stem + chr(ord(max(followers)) + 1), True, unordered)
    alone = sure and followers == frozenset({""})
    return _End(_short(stem), alone, unordered, strictly=alone)


def _high_end(
    forms: Sequence[KeyForm],
    shared: Sequence[Segment],
    equal: Mapping[str, Any],
    depth: int,
    limit: Limit | None,
) -> _End:
    if limit is None:
        return _End()
    given, position, order, unordered = _reach(forms, shared, equal, depth, limit)
    if position == depth:
        return _End(None, False, unordered)
    stem, sure = _certain(forms[0], _folded(forms[0], given, position))
    if not sure:
        return _End(_short(stem + _BEHIND_SIGMAS, upper=True), False, unordered)
    if len(stem) > _SURELY_SHORT:
        return _End(_short(stem, upper=True), False, unordered)
    followers = _followers(forms, position - 1)
    complete = position - depth == len(limit.values)
    last = max(followers or [""])
    if followers is None:
        # All keys with this value, whatever follows it, sort before this bound.
        return _End(_behind(stem) if order == "closed" else None, False, unordered)
    if order == "closed" and complete and not limit.included and "" not in followers:
        return _End(stem, True, unordered)
    if not last:
        return _End(stem, complete, unordered, strictly=complete and not limit.included)
    exact = complete and limit.included and order == "closed"
    if order == "text":
        base = _base(forms[0], given, position)
        low = (i for i in range(base, len(stem)) if stem[i] <= last)
        stem = stem[: next(low, len(stem))]
    return _End(stem + chr(ord(last) + 1), exact, unordered)


def _reach(
    forms: Sequence[KeyForm],
    shared: Sequence[Segment],
    equal: Mapping[str, Any],
    depth: int,
    limit: Limit,
) -> tuple[dict[str, Any], int, Order, str | None]:
    """Return how far into the limit the keys are ordered: values, position and last order."""
    given, position, last = dict(equal), depth, "closed"
    for name, value in limit.values.items():
        if last != "closed" or position == len(shared) or shared[position].name != name:
            break
        followers = _followers(forms, position)
        orders = {_order(form, form.segments[position], followers) for form in forms}
        if "none" in orders:
            return given, position, "closed", name
        last = "text" if "text" in orders else "closed"
        given[name] = value
        position += 1
    return given, position, "text" if last == "text" else "closed", None


def _order(form: KeyForm, segment: Segment, followers: Followers) -> Order:
    attribute = segment.attribute
    kind = type_of(attribute)
    if kind.keeps_order or (kind.is_text and kind.has_one_width(attribute)):
        return "closed"
    if form.strict and kind.kind == "N":
        apart = followers is not None and all(character < "-" for character in followers)
        return "closed" if apart else "none"
    if kind.kind == "N":
        return "closed" if kind.has_one_width(attribute) else "none"
    if kind.choices(attribute) is not None:
        return _order_of_choices(form, segment, followers)
    if form.strict and followers is not None and followers <= {"#", ""}:
        return "closed"
    return "text"


def _order_of_choices(form: KeyForm, segment: Segment, followers: Followers) -> Order:
    fold = form.fold or str
    kind = type_of(segment.attribute)
    texts = [fold(segment.text(value)) for value in kind.choices(segment.attribute) or ()]
    # Text choices are compared as the key holds them, so their order is that of the keys.
    otherwise: Order = "text" if kind.is_text else "none"
    if not kind.is_text and texts != sorted(texts):
        return otherwise
    if any(not _certain(form, text)[1] for text in texts):
        return otherwise
    for shorter, longer in permutations(set(texts), 2):
        if longer.startswith(shorter):
            behind = longer[len(shorter)]
            if followers is None or any(character >= behind for character in followers):
                return otherwise
    return "closed"


def _is_parted(form: KeyForm, position: int, followers: Followers) -> bool:
    """Return whether no other value's text can begin with this one's text and what follows it."""
    attribute = form.segments[position].attribute
    kind = type_of(attribute)
    if kind.keeps_order:
        return True
    if followers is None:
        return kind.has_one_width(attribute)
    if kind.kind == "N" and not kind.has_one_width(attribute):
        return not followers & _NUMBER_CHARACTERS
    return True


def _alike(forms: Sequence[KeyForm]) -> tuple[Segment, ...]:
    """Return the segments that all forms begin with."""
    shared = []
    for segments in zip(*(form.segments for form in forms), strict=False):
        if len({(segment.name, segment.label) for segment in segments}) > 1:
            break
        shared.append(segments[0])
    return tuple(shared)


def _followers(forms: Sequence[KeyForm], position: int) -> Followers:
    found = set()
    for form in forms:
        if position + 1 < len(form.segments):
            text = form.segments[position + 1].label
            if not text:
                return None
        else:
            text = form.suffix + form.postfix
        first = (form.fold or str)(text)[:1]
        if form.fold and first in _SIGMAS:
            return None
        found.add(first)
    return frozenset(found)


def _folded(form: KeyForm, values: Mapping[str, Any], count: int, label: str = "") -> str:
    """Return the key up to its first `count` values, plus a label."""
    parts = [form.prefix]
    for segment in form.segments[:count]:
        parts += [segment.label, segment.text(values[segment.name])]
    text = "".join([*parts, label])
    return form.fold(text) if form.fold else text


def _base(form: KeyForm, values: Mapping[str, Any], count: int) -> int:
    """Return the position in the key where the last of its first `count` values begins."""
    return len(_folded(form, values, count - 1, form.segments[count - 1].label))


def _certain(form: KeyForm, text: str) -> tuple[str, bool]:
    """Return the text up to the first character whose case is uncertain, and whether it is all."""
    if form.fold is None:
        return text, True
    places = [place for sigma in _SIGMAS if (place := text.find(sigma)) >= 0]
    return (text[: min(places)], False) if places else (text, True)


def _short(text: str, *, upper: bool = False) -> str:
    """Shorten a text to the length of a key; a shortened upper end still includes all such keys."""
    if len(text) <= _SURELY_SHORT:
        return text
    cut = text[:_SURELY_SHORT]
    return (_behind(cut) or cut) if upper else cut


def _behind(text: str) -> str | None:
    """Return the first text that sorts after all texts that begin with this one, or None."""
    for place in range(len(text) - 1, -1, -1):
        code = ord(text[place]) + 1
        if code in _SURROGATES:
            code = _SURROGATES.stop
        if code <= _LARGEST_CODE:
            return text[:place] + chr(code)
    return None
