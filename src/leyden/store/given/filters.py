"""Pages, orders and filters that are asked for, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from leyden._text import did_you_mean, listed
from leyden.errors import InvalidOptionError
from leyden.store.given import values
from leyden.store.given.records import record, records
from leyden.store.records import JSON, DateRange, Include
from leyden.types.base import wrong_type

_TENANCY: Final = ("organization_id", "project_id")


@frozen
class Paging:
    """A page that is asked for; `per_page` is None for all, `cursor` goes on behind an entry."""

    page: int
    per_page: int | None
    cursor: str | None = None

    @property
    def offset(self) -> int:
        """How many entries come before the page."""
        return self.page * (self.per_page or 0)

    @property
    def end(self) -> int | None:
        """How many entries there are up to the end of the page; None where all are on it."""
        return None if self.per_page is None else self.offset + self.per_page


def paging(page: Any, per_page: Any, cursor: Any = None) -> Paging:
    """Checked paging: `page` counts from 0, and goes with neither a cursor nor all on one page."""
    number = values.count(page, "page")
    if per_page is not None:
        values.count(per_page, "per_page")
    elif number:
        raise InvalidOptionError('"page" goes with "per_page"; None gives all on page 0')
    if cursor is not None:
        values.text(cursor, "cursor")
        if number:
            raise InvalidOptionError('give "page" or "cursor", not both')
    return Paging(number, per_page, cursor)


def order(value: Any, fields: Sequence[str] = ("created_at", "updated_at")) -> tuple[str, bool]:
    """The field to order by, and whether from the latest to the earliest."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise InvalidOptionError(
            '"order_by" takes a field and a direction, as in ("created_at", "desc")'
        )
    field = values.choice(value[0], "order_by[0]", fields)
    return field, values.choice(value[1], "order_by[1]", ("asc", "desc")) == "desc"


def date_range(value: Any) -> DateRange:
    """A checked range; None is one without ends."""
    return DateRange() if value is None else record(DateRange, value, "date_range")


def dates(start: Any, end: Any, names: tuple[str, str] = ("from_date", "to_date")) -> DateRange:
    """A checked range whose ends, where there are any, are part of it."""
    return DateRange(
        start=values.optional(values.instant, start, names[0]),
        end=values.optional(values.instant, end, names[1]),
    )


def includes(value: Any) -> tuple[Include, ...]:
    """Checked messages to include; None is none."""
    return () if value is None else records(Include, value, "include")


def tenancy(value: Any) -> dict[str, str | None]:
    """The organization and the project that scores must be of; None for any."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise wrong_type("filters", f"a mapping of {listed(_TENANCY, 'and')}", value)
    for name in value:
        if name not in _TENANCY:
            hint = did_you_mean(name, _TENANCY) if isinstance(name, str) else ""
            raise InvalidOptionError(f'"filters" takes {listed(_TENANCY, "and")}{hint}')
    return {
        name: values.optional(values.text, value[name], f"filters.{name}")
        for name in _TENANCY
        if name in value
    }


def metadata_filter(value: Any) -> dict[str, JSON]:
    """The values that metadata must have by key; empty for a filter that lets all through."""
    return {} if value is None else values.mapping(value, "metadata")
