"""Regular expressions whose matching time is bounded, whatever the text.

Python's `re` backtracks: it tries one way to read a text after the other. If a pattern such as
`^(a+)+$` can read a text in many ways, their number doubles with every character, and a short text
takes hours. This module finds such patterns when a schema is loaded. `re` only matches patterns
that need at most about the square of the text's length. All others are matched by following all
ways at once, character by character. That takes time in proportion to the text's length, but is
slower than `re` on ordinary patterns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import import_module
from typing import Any, Final, TypeAlias

from leyden._attrs import frozen
from leyden.schema.ambiguity import reads_in_many_ways

# The internals of `re`, which moved here in Python 3.11. `re` itself is built on them.
_parser: Final[Any] = import_module("re._parser")
_c: Final[Any] = import_module("re._constants")

Search: TypeAlias = Callable[[str], bool]
_Test: TypeAlias = Callable[[str], bool]

_MOST_STEPS: Final = 5_000
_MOST_FOLLOWED: Final = 1_000
_MOST_PAIRS: Final = 20_000
_FEW_COPIES: Final = 8
_MOST_VISITS: Final = 64
_COUNTLESS: Final = 1_000_000
_START: Final = -1
_WORDS: Final = {
    "ASSERT": "a look ahead or behind",
    "ASSERT_NOT": "a look ahead or behind",
    "GROUPREF": "a back reference",
}
_SAMPLES: Final = [*map(chr, range(128)), *"\x85\xa0\xb5ßÀàİıſΣσς٣\u2028日\U0001f600"]


class UnboundedPatternError(ValueError):
    """A pattern that may take unbounded time, and that this module cannot match either."""


class _UnsupportedError(Exception):
    """A construct that cannot be matched by following all ways at once."""


@lru_cache(maxsize=1024)
def searching(pattern: str) -> Search:
    """Return a function that says in bounded time whether a text contains a match of `pattern`.

    Raises re.error if it is not a regular expression, and UnboundedPatternError if a text could
    make it take forever.
    """
    search = re.compile(pattern).search
    tree = _parser.parse(pattern)
    parts = [(tree, _begins_once(tree, tree.state.flags)), *_looked_at(tree)]
    if not any(_takes_long(part, once) for part, once in parts):
        return lambda text: search(text) is not None
    try:
        return _AllWays(_program(tree, exact=True)).search
    except _UnsupportedError as error:
        raise UnboundedPatternError(
            "a text can be read in so many ways that one of a few characters may take hours, and "
            f"{error}; write the pattern without one repetition inside or beside another of the "
            "same characters, and with smaller counts"
        ) from None


def may_hold(pattern: str, chars: Iterable[str]) -> bool:
    """Return whether a text that matches `pattern` may contain one of these characters.

    True unless the pattern rules them out. `[a-z]+` without `^` and `$` does not.
    """
    tree = _parser.parse(pattern)
    first, last = (tree[0], tree[-1]) if len(tree) else (None, None)
    begins = first in ((_c.AT, _c.AT_BEGINNING), (_c.AT, _c.AT_BEGINNING_STRING))
    ends = last in ((_c.AT, _c.AT_END), (_c.AT, _c.AT_END_STRING))
    if not begins or not ends or tree.state.flags & re.MULTILINE:
        return True
    looked_for = set(chars)
    if last == (_c.AT, _c.AT_END) and "\n" in looked_for:
        # `$` also matches before a newline at the end.
        return True
    try:
        steps = _program(tree, exact=False)
    except _UnsupportedError:
        return True
    return any(step.test(char) for step in steps if type(step) is _Char for char in looked_for)


@frozen
class _Char:
    """A step that takes one character."""

    test: _Test


@frozen
class _At:
    """A step that takes no character but needs a position, such as the end of the text."""

    kind: Any
    flags: int


@frozen
class _Ways:
    """A step that continues at any of several steps."""

    to: tuple[int, ...]


_Step: TypeAlias = "_Char | _At | _Ways | None"
"""None is the end: the text matches."""


def _looked_at(tree: Any, *, once: bool = True) -> list[tuple[Any, bool]]:
    """Return the lookarounds at every depth, each with whether `re` tries it only once."""
    found: list[tuple[Any, bool]] = []
    begun = False
    for kind, given in tree:
        looks = kind in (_c.ASSERT, _c.ASSERT_NOT)
        for part in _parts(kind, given):
            if looks:
                found.append((part, once and begun))
            found += _looked_at(part, once=False)
        begun = begun or (kind is _c.AT and _begins_once([(kind, given)], tree.state.flags))
        once = once and (looks or kind is _c.AT)
    return found


def _begins_once(nodes: Any, flags: int) -> bool:
    """Return whether a match can only begin at the start of the text."""
    for kind, given in nodes:
        if kind is _c.AT:
            if given is _c.AT_BEGINNING_STRING:
                return True
            if given is _c.AT_BEGINNING and not flags & re.MULTILINE:
                return True
        elif kind is _c.SUBPATTERN:
            return _begins_once(given[-1], (flags | given[1]) & ~given[2])
        elif kind is _c.BRANCH:
            return all(_begins_once(part, flags) for part in given[1])
        elif kind not in (_c.ASSERT, _c.ASSERT_NOT):
            return False
    return False


def _parts(kind: Any, given: Any) -> list[Any]:
    if kind is _c.BRANCH:
        return list(given[1])
    if kind in (_c.SUBPATTERN, _c.MAX_REPEAT, _c.MIN_REPEAT, _c.POSSESSIVE_REPEAT):
        return [given[-1]]
    if kind in (_c.ASSERT, _c.ASSERT_NOT):
        return [given[1]]
    if kind is _c.ATOMIC_GROUP:
        return [given]
    if kind is _c.GROUPREF_EXISTS:
        return [part for part in given[1:] if part is not None]
    return []


def _program(tree: Any, *, exact: bool) -> list[_Step]:
    """Compile a pattern into steps.

    Without `exact`, the steps leave out whatever takes no character, and large counts become any
    number. That never lowers the number of ways to read a text.
    """
    program = _Program(exact)
    program.emit(tree, tree.state.flags)
    program.add(None)
    return program.steps


class _Program:
    """The steps of a pattern while it is compiled."""

    def __init__(self, exact: bool) -> None:
        self.steps: list[_Step] = []
        self._exact = exact
        self._most_steps = _MOST_FOLLOWED if exact else _MOST_STEPS

    def add(self, step: _Step) -> int:
        """Add a step and return its number."""
        if len(self.steps) >= self._most_steps:
            raise _UnsupportedError("its counts are too large to follow them all")
        self.steps.append(step)
        return len(self.steps) - 1

    def emit(self, nodes: Any, flags: int) -> None:
        """Add the steps of a part of the pattern."""
        for kind, given in nodes:
            if kind in (_c.LITERAL, _c.NOT_LITERAL, _c.ANY, _c.IN):
                self.add(_Char(_test_of(kind, given, flags)))
            elif kind is _c.AT:
                self.add(_At(given, flags) if self._exact else _Ways((len(self.steps) + 1,)))
            elif kind is _c.SUBPATTERN:
                _, added, removed, inner = given
                self.emit(inner, (flags | added) & ~removed)
            elif kind is _c.BRANCH:
                self._branch(given[1], flags)
            elif kind in (_c.MAX_REPEAT, _c.MIN_REPEAT):
                self._repeat(given, flags)
            elif self._exact:
                what = _WORDS.get(str(kind), "a construct in it")
                raise _UnsupportedError(f"{what} keeps Leyden from following them all at once")
            elif kind is _c.POSSESSIVE_REPEAT:
                self._repeat(given, flags)
            elif kind is _c.ATOMIC_GROUP:
                self.emit(given, flags)
            elif kind is _c.GROUPREF:
                self._repeat((0, _c.MAXREPEAT, [(_c.ANY, None)]), flags | re.DOTALL)
            elif kind is _c.GROUPREF_EXISTS:
                self._branch([part for part in given[1:] if part is not None], flags)

    def _branch(self, parts: Any, flags: int) -> None:
        fork = self.add(None)
        starts, ends = [], []
        for part in parts:
            starts.append(len(self.steps))
            self.emit(part, flags)
            ends.append(self.add(None))
        self.steps[fork] = _Ways(tuple(starts))
        for end in ends:
            self.steps[end] = _Ways((len(self.steps),))

    def _repeat(self, given: Any, flags: int) -> None:
        least, most, inner = given
        endless = most is _c.MAXREPEAT
        if not self._exact and max(least, 0 if endless else most) > _FEW_COPIES:
            before = len(self.steps)
            self.emit(inner, flags)
            if len(self.steps) == before:
                # `re` also repeats an empty group that often.
                self.add(_Ways((before + 1,) * (_MOST_VISITS + 1)))
                return
            del self.steps[before:]
            least, endless = min(least, 1), True
        for _ in range(least):
            before = len(self.steps)
            self.emit(inner, flags)
            if len(self.steps) == before:
                return
        if endless:
            fork = self.add(None)
            self.emit(inner, flags)
            self.add(_Ways((fork,)))
            self.steps[fork] = _Ways((fork + 1, len(self.steps)))
            return
        forks = []
        for _ in range(most - least):
            forks.append(self.add(None))
            self.emit(inner, flags)
        for fork in forks:
            self.steps[fork] = _Ways((fork + 1, len(self.steps)))


def _takes_long(tree: Any, once: bool) -> bool:
    """Return whether some text can be read in more ways than about the square of its length.

    If a match may begin anywhere (not `once`), each place to begin is another way.
    """
    try:
        steps = _program(tree, exact=False)
    except _UnsupportedError:
        return True
    takes = {
        n: frozenset(filter(s.test, _SAMPLES)) if isinstance(s, _Char) else frozenset()
        for n, s in enumerate(steps)
        if s is None or type(s) is _Char
    }
    follow = {n: {} if steps[n] is None else _ways_on(steps, n + 1) for n in takes}
    takes[_START] = frozenset() if once else frozenset(_SAMPLES)
    follow[_START] = _ways_on(steps, 0) | ({} if once else {_START: 1})
    return reads_in_many_ways(takes, follow)


def _ways_on(steps: list[_Step], start: int) -> dict[int, int]:
    """Return the steps that take the next character, each with the number of ways to it."""
    found: dict[int, int] = {}
    visits: dict[int, int] = {}
    waiting = [start]
    while waiting:
        place = waiting.pop()
        visits[place] = visits.get(place, 0) + 1
        if visits[place] > _MOST_VISITS + 1:
            continue
        step = steps[place]
        if step is None or isinstance(step, _Char):
            found[place] = visits[place] if visits[place] <= _MOST_VISITS else _COUNTLESS
        elif isinstance(step, _Ways):
            waiting += step.to
    return found


class _AllWays:
    """A matcher that follows all ways to read a text at once."""

    def __init__(self, steps: list[_Step]) -> None:
        self._steps = steps
        self._known: dict[tuple[int, str], bool] = {}

    def search(self, text: str) -> bool:
        """Return whether there is a match anywhere in `text`."""
        present: set[int] = set()
        for at in range(len(text) + 1):
            # A match may begin at any position.
            places = self._reached({*present, 0}, text, at)
            if places is None:
                return True
            if at == len(text):
                return False
            present = {place + 1 for place in places if self._takes(place, text[at])}
        return False

    def _reached(self, places: set[int], text: str, at: int) -> set[int] | None:
        """Return the steps that take the next character; None if the pattern ends here."""
        seen: set[int] = set()
        waiting = list(places)
        found: set[int] = set()
        while waiting:
            place = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            step = self._steps[place]
            if step is None:
                return None
            if isinstance(step, _Char):
                found.add(place)
            elif isinstance(step, _Ways):
                waiting += step.to
            elif _stands(step, text, at):
                waiting.append(place + 1)
        return found

    def _takes(self, place: int, char: str) -> bool:
        known = self._known.get((place, char))
        if known is None:
            step = self._steps[place]
            assert isinstance(step, _Char)
            known = step.test(char)
            if len(self._known) < _MOST_PAIRS:
                self._known[place, char] = known
        return known


def _stands(step: _At, text: str, at: int) -> bool:
    kind, many_lines = step.kind, step.flags & re.MULTILINE
    if kind is _c.AT_BEGINNING_STRING or (kind is _c.AT_BEGINNING and not many_lines):
        return at == 0
    if kind is _c.AT_BEGINNING:
        return at == 0 or text[at - 1] == "\n"
    if kind is _c.AT_END_STRING:
        return at == len(text)
    if kind is _c.AT_END:
        last = at == len(text) or (at == len(text) - 1 and text[at] == "\n")
        return last or bool(many_lines and text[at] == "\n")
    word = _one_test(_c.CATEGORY, _c.CATEGORY_WORD, step.flags)
    before = at > 0 and word(text[at - 1])
    after = at < len(text) and word(text[at])
    return (before != after) == (kind is _c.AT_BOUNDARY)


_CLASSES: Final = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


def _test_of(kind: Any, given: Any, flags: int) -> _Test:
    """Return a function that says whether a step of the pattern takes a character."""
    if kind is _c.ANY:
        return (lambda char: True) if flags & re.DOTALL else (lambda char: char != "\n")
    negated = kind is _c.NOT_LITERAL
    if kind is _c.IN:
        negated = bool(given) and given[0][0] is _c.NEGATE
        tests = [_one_test(part, value, flags) for part, value in given[negated:]]
    else:
        tests = [_one_test(_c.LITERAL, given, flags)]
    within = _any(tests, folding=flags & re.IGNORECASE)
    return (lambda char: not within(char)) if negated else within


def _one_test(kind: Any, given: Any, flags: int) -> _Test:
    """Return the test for a single character, a range, or a class such as `\\w`."""
    if kind is _c.LITERAL:
        return lambda char: ord(char) == given
    if kind is _c.RANGE:
        low, high = given
        return lambda char: low <= ord(char) <= high
    match = re.compile(_CLASSES[str(given)], flags & re.ASCII).fullmatch
    return lambda char: match(char) is not None


def _any(tests: list[_Test], *, folding: int) -> _Test:
    """Return a function that says whether any test holds; `folding` ignores case."""
    if not folding:
        return tests[0] if len(tests) == 1 else lambda char: any(test(char) for test in tests)
    return lambda char: any(
        test(form)
        for form in {char, char.lower(), char.upper()}
        if len(form) == 1
        for test in tests
    )
