"""Plausible values that are always the same, guessed from the names of attributes.

The `number`-th sample of an attribute depends only on its name and its type. So a `project_id` is
the same in every entity, and items of different entities meet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from leyden.schema import After, AttributeSpec, Bucket, Slug, UnboundedPatternError, searching
from leyden.types import bucket_of, normal_form, slug_of, type_of

_START: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

_PEOPLE: Final = ("ada", "grace", "linus", "margaret", "alan")
_PERSON_WORDS: Final = (
    *("user", "employee", "owner", "author", "member", "customer", "assignee", "person"),
    *("reviewer", "student", "patient", "contact", "creator", "sender", "recipient", "actor"),
    *("worker", "staff", "buyer", "seller", "player", "reader", "borrower"),
)

_BY_WORD: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(_PERSON_WORDS, _PEOPLE),
    **dict.fromkeys(
        ("organization", "organisation", "org", "company", "tenant", "account", "workspace"),
        ("acme", "globex", "initech"),
    ),
    **dict.fromkeys(("manager", "supervisor", "boss"), ("margaret", "alan", "katherine")),
    "project": ("apollo", "borealis", "cascade"),
    "email": ("ada@example.com", "grace@example.com", "linus@example.com"),
    "username": _PEOPLE,
    "city": ("oslo", "lisbon", "kyoto"),
    "country": ("NO", "PT", "JP"),
    "currency": ("EUR", "NOK", "JPY"),
    "language": ("en", "pt", "ja"),
    "locale": ("en-GB", "pt-PT", "ja-JP"),
    "color": ("teal", "amber", "violet"),
    "role": ("user", "assistant", "system"),
    "status": ("active", "paused", "done"),
    "state": ("new", "running", "done"),
    "category": ("books", "music", "games"),
    "genre": ("history", "poetry", "science"),
    "tags": ("urgent", "draft", "review"),
    "source": ("web", "mobile", "import"),
    "phone": ("+47 22 00 00 01", "+47 22 00 00 02", "+47 22 00 00 03"),
    "ip": ("192.0.2.1", "192.0.2.2", "192.0.2.3"),
    "title": ("Plan the launch", "Write the report", "Review the draft"),
    "subject": ("Plan the launch", "Write the report", "Review the draft"),
    "date": ("2026-03-02", "2026-03-03", "2026-03-04"),
    "day": ("2026-03-02", "2026-03-03", "2026-03-04"),
    "month": ("2026-03", "2026-04", "2026-05"),
    "isbn": ("978-0-00-000001-1", "978-0-00-000002-8", "978-0-00-000003-5"),
    **dict.fromkeys(
        ("url", "link", "website", "uri"),
        ("https://example.com/1", "https://example.com/2", "https://example.com/3"),
    ),
    **dict.fromkeys(("path", "file", "filename"), ("docs/plan.md", "docs/report.md", "notes.txt")),
    **dict.fromkeys(
        (
            *("body", "description", "content", "text", "note", "notes", "comment", "message"),
            *("summary", "reason", "input", "output", "instructions", "prompt", "bio", "memory"),
        ),
        ("The first of them", "Another one", "One more"),
    ),
}

_FULL_NAMES: Final = ("Ada Lovelace", "Grace Hopper", "Linus Pauling", "Margaret Hamilton")

_NUMBERS: Final[dict[str, tuple[float, ...]]] = {
    "salary": (62000, 71000, 84000),
    **dict.fromkeys(("price", "amount", "total", "cost", "fee"), (19.5, 24, 49.9)),
    **dict.fromkeys(("count", "quantity", "copies", "effort", "kind", "level"), (1, 2, 3)),
    **dict.fromkeys(("score", "rating", "ratio", "confidence"), (0.92, 0.78, 0.85)),
    "points": (3, 5, 8),
    "age": (31, 42, 27),
    "year": (2024, 2025, 2026),
    "size": (2048, 4096, 512),
    **dict.fromkeys(("version", "revision", "rank", "position", "order"), (1, 2, 3)),
    **dict.fromkeys(("latitude", "lat"), (59.91, 38.72, 35.01)),
    **dict.fromkeys(("longitude", "lon", "lng"), (10.75, -9.14, 135.77)),
}
_INSTANT_WORDS: Final = frozenset({"time", "at", "timestamp", "started", "ended", "when"})
_LATER: Final[dict[str, timedelta]] = {
    **dict.fromkeys(("updated", "modified", "changed", "edited", "end"), timedelta(hours=2)),
    **dict.fromkeys(("due", "deadline", "until", "expires", "ends"), timedelta(days=14)),
}
_ID_WORDS: Final = frozenset(
    {"id", "key", "uuid", "ulid", "slug", "code", "no", "number", "ref", "name"}
)


def sample(attribute: AttributeSpec, number: int, entity: str, *, plain: bool = False) -> Any:
    """Return the `number`-th value (from 0) of an attribute of the entity with the alias `entity`.

    The value keeps lengths, bounds and members. It matches a `pattern` if one of some common forms
    does. With `plain`, text has letters and digits only.
    """
    return type_of(attribute).sample(attribute, _Likely(attribute, number, entity, plain))


class _Likely:
    """What an attribute's name suggests, from which its type makes a sample."""

    def __init__(self, attribute: AttributeSpec, number: int, entity: str, plain: bool) -> None:
        self.number = number
        self._attribute = attribute
        self._entity = entity
        self._plain = plain
        self._words = _words(attribute.name)

    def part(self, spec: AttributeSpec, further: int = 0) -> Any:
        """Return a sample of a part of the value."""
        return sample(spec, self.number + further, self._entity, plain=self._plain)

    def word(self) -> str:
        """Return the name with a number."""
        return f"{'-'.join(self._words)}-{self.number + 1}"

    def text(self) -> str:
        """Return text that keeps the lengths and the pattern."""
        attribute, number = self._attribute, self.number
        if isinstance(attribute.derive, Bucket):
            return bucket_of(attribute.derive.period, self.instant())
        text = _named_text(self._words, number, self._entity)
        if self._plain:
            text = re.sub(r"\W|_", "", text)
        if isinstance(attribute.derive or attribute.default, Slug):
            text = slug_of(text) or text
        if attribute.prefix is not None:
            text = f"{attribute.prefix}{number + 1:0>4}"
        text = normal_form(attribute.normalize)(text)
        if attribute.pattern is not None:
            with suppress(re.error, UnboundedPatternError):
                fits = searching(attribute.pattern)
                text = next((form for form in _forms(text, number) if fits(form)), text)
        low, high = attribute.min_length, attribute.max_length
        if low is not None:
            text = text.ljust(low, "x")
        if high is not None and len(text) > high:
            # Keep the number that makes the samples differ.
            mark = str(number + 1)
            text = text[: max(0, high - len(mark))] + mark[-high:] if high > 0 else ""
        return text

    def amount(self) -> float:
        """Return a number within the bounds."""
        words, number, attribute = self._words, self.number, self._attribute
        known = next((_NUMBERS[word] for word in (words[-1], *words) if word in _NUMBERS), None)
        value: float
        if known is not None:
            value = known[number % len(known)] + (number // len(known)) * len(known)
        elif words[-1] in _INSTANT_WORDS:
            value = int(self.instant().timestamp() * 1000)
        else:
            value = 10 * (number + 1)
        low, high = attribute.min, attribute.max
        if low is not None and value < low:
            value = low + number
        if high is not None and value > high:
            value = max(high - number, high if low is None else low)
        return value

    def truth(self) -> bool:
        """Return a truth value: most things are active, and not finished or deleted."""
        most = not {"done", "closed", "deleted", "archived", "read", "completed"} & {*self._words}
        return most if self.number % 3 < 2 else not most

    def instant(self) -> datetime:
        """Return a time, later for attributes such as `updated_at`."""
        later = next((_LATER[word] for word in self._words if word in _LATER), timedelta())
        if (declared := self._declared()) is not None:
            later = declared
        return _START + timedelta(days=self.number) + later

    def expiry(self) -> datetime:
        """Return a time as far ahead as the schema says, or three months."""
        return _START + timedelta(days=self.number) + (self._declared() or timedelta(days=90))

    def _declared(self) -> timedelta | None:
        """Return how much later than another time the schema puts it."""
        spec = self._attribute
        made = next((m for m in (spec.on_write, spec.default, spec.derive) if m is not None), None)
        return timedelta(seconds=made.seconds) if isinstance(made, After) else None


def _words(name: str) -> list[str]:
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+", name)
    return [part.lower() for part in parts] or [name]


def _named_text(words: list[str], number: int, entity: str) -> str:
    if words in (["name"], ["full", "name"]):
        owner = _words(entity)
        if any(word in _PERSON_WORDS for word in owner):
            return _taken(_FULL_NAMES, number)
        return f"{' '.join(owner).capitalize()} {number + 1}"
    is_id = words[-1] in _ID_WORDS
    stem = (words[:-1] if is_id else words) or _words(entity)
    for word in (stem[-1], *stem):
        known = _BY_WORD.get(word)
        # The id of a message is not a message.
        if known is not None and not (is_id and " " in known[0]):
            return _taken(known, number)
    return f"{'-'.join(stem)}-{number + 1}"


def _taken(samples: tuple[str, ...], number: int) -> str:
    round_, place = divmod(number, len(samples))
    if not round_:
        return samples[place]
    # An address must stay an address.
    name, at, domain = samples[place].partition("@")
    return f"{name}{round_ + 1}{at}{domain}"


def _forms(text: str, number: int) -> Iterator[str]:
    """Yield the text, and some common forms that a pattern may require."""
    letters = re.sub(r"\W|_", "", text) or "x"
    yield text
    yield text.upper()
    yield letters
    yield letters.upper()
    yield letters.capitalize()
    yield re.sub(r"[\W_]+", "_", text)
    yield f"{letters[0]}_{letters}"
    yield re.sub(r"[^a-z]", "", text.lower()) or "abc"
    for length in range(1, 17):
        yield str(number + 1).rjust(length, "0")
    for length in (2, 3, 4):
        yield "ABCDEFGH"[number % 4 :][:length]
        yield "abcdefgh"[number % 4 :][:length]
    for head in ("A", "AB", "ABC", "ABCD"):
        for length in (1, 2, 3, 4, 5, 6):
            digits = str(number + 1).rjust(length, "0")
            yield f"{head}{digits}"
            yield f"{head}-{digits}"
            yield f"{head.lower()}-{digits}"
            yield f"{head.lower()}{digits}"
    yield f"{letters.lower()}@example.com"
    yield f"https://example.com/{letters.lower()}"
    yield f"2026-03-{number % 28 + 1:02}"
    yield f"2026-{number % 12 + 1:02}"
    yield f"{9 + number % 12:02}:30"
    yield f"+4722000{number % 1000:03}"
    yield f"{number + 1}.0.0"
    yield f"#{0x336699 + number:06x}"
    yield f"018f0000-0000-7000-8000-{number + 1:012x}"
    yield f"01HX0000000000000000{number + 1:06}"
    yield f"{number + 1:024x}"
    yield f"{number + 1:064x}"


def says_whose(name: str) -> bool:
    """Return whether a name says what it identifies: `customer_id` does, `id` does not."""
    return not {*_words(name)} <= _ID_WORDS


def is_free(attribute: AttributeSpec) -> bool:
    """Return whether an attribute has a different sample for every number."""
    return type_of(attribute).choices(attribute) is None
