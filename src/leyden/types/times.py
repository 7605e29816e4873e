"""`timestamp` and `ttl`: aware datetimes in Python, ISO 8601 text or epoch seconds in the table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from leyden.types.base import (
    AttributeType,
    Compiled,
    Likely,
    PartSchema,
    Static,
    UnreadableError,
    WrongLiteralError,
    refuse,
    wrong_type,
)
from leyden.types.numbers import (
    EPOCH,
    integer_value,
    natural,
    parse_number,
    sortable_number,
)

if TYPE_CHECKING:
    from leyden.schema.spec import AttributeSpec

_SECOND: Final = timedelta(seconds=1)
_LATEST_EPOCH: Final = 253_402_300_799
_fromisoformat = datetime.fromisoformat
_ZONED: Final = "datetime.now(UTC) or .replace(tzinfo=UTC)"
_ZONED_TEXT: Final = "2026-01-31T09:00:00Z"


def timestamp_text(value: datetime) -> str:
    """Return the instant in UTC, to the millisecond, as JavaScript's `toISOString` writes it."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    # Write date and time separately, because writing the offset takes as long as all the rest.
    return f"{value.date().isoformat()}T{value.time().isoformat('milliseconds')}Z"


def epoch_seconds(value: datetime) -> int:
    """Return whole seconds since 1970, as DynamoDB's time to live counts them."""
    return (value - EPOCH) // timedelta(seconds=1)


def from_epoch_seconds(seconds: int) -> datetime:
    """Return the aware instant in UTC for seconds since 1970."""
    return EPOCH + timedelta(seconds=seconds)


def instant_of(seconds: int) -> datetime:
    """Do the same as `from_epoch_seconds`. Raises ValueError if out of range."""
    try:
        return from_epoch_seconds(seconds)
    except OverflowError as error:
        raise ValueError("an instant out of range") from error


def ttl_text(value: datetime) -> str:
    """Return whole seconds since 1970 as a stored number."""
    return str(epoch_seconds(value))


def accept_timestamp(value: Any, path: str) -> datetime:
    """Check an aware datetime or ISO 8601 text with an offset.

    The result is in UTC, truncated to the millisecond.
    """
    form = _ZONED
    if isinstance(value, str):
        form = _ZONED_TEXT
        try:
            value = _fromisoformat(value)
        except ValueError:
            raise refuse(path, "must be an ISO 8601 time, as in " + _ZONED_TEXT) from None
    elif not isinstance(value, datetime):
        raise wrong_type(path, "an aware datetime or ISO 8601 text with an offset", value)
    instant = _in_utc(value, path, form)
    beyond = instant.microsecond % 1000
    return instant.replace(microsecond=instant.microsecond - beyond) if beyond else instant


def accept_ttl(value: Any, path: str) -> datetime:
    """Check an aware datetime, or an int or a float of seconds since 1970.

    The result is in UTC, truncated to the second.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return EPOCH + (value // 1) * _SECOND
        except (OverflowError, ValueError):
            raise refuse(path, "must be seconds since 1970 (are these milliseconds?)") from None
    if not isinstance(value, datetime):
        raise wrong_type(path, "an aware datetime or seconds since 1970", value)
    instant = _in_utc(value, path)
    return instant.replace(microsecond=0) if instant.microsecond else instant


def _in_utc(value: datetime, path: str, form: str = _ZONED) -> datetime:
    if value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        raise refuse(path, f"is a time without a time zone; add one, as in {form}")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise refuse(path, "is outside the years 1 to 9999 in UTC") from None


def timestamp_value(text: str) -> datetime:
    """Return the instant in UTC of ISO 8601 text with an offset. Raises UnreadableError."""
    try:
        try:
            value = _fromisoformat(text)
        except ValueError:
            # A timestamp that is itself a key may be lowercase.
            value = _fromisoformat(text.upper())
        zone = value.tzinfo
        if zone is UTC:
            return value
        if zone is not None:
            return value.astimezone(UTC)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise UnreadableError("is not an ISO 8601 time") from None
    raise UnreadableError("is a time without an offset from UTC")


def ttl_value(text: str) -> datetime:
    """Return the instant of a stored number of seconds, without fractions."""
    try:
        seconds = int(text) if text.isdecimal() else _whole(text)
        return EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise UnreadableError(
            "is not a time in seconds since 1970 (are these milliseconds?)"
        ) from None


def _whole(text: str) -> int:
    try:
        return integer_value(text)
    except UnreadableError:
        number = Decimal(text)
        return int(number // 1) - (number < 0)


def _literal_time(value: Any, wanted: str) -> datetime:
    """Return the instant of a YAML time, or of ISO 8601 text."""
    if isinstance(value, str):
        try:
            value = _fromisoformat(value)
        except ValueError:
            raise ValueError(f"must be {wanted}: 2024-01-31T12:00:00Z") from None
    if not isinstance(value, datetime):
        raise WrongLiteralError(wanted)
    if value.tzinfo is None:
        raise ValueError("must say its offset from UTC: end it in Z")
    return value.astimezone(UTC)


class TimestampType(AttributeType):
    """`timestamp`: an instant to the millisecond, as ISO 8601 text in UTC."""

    name = "timestamp"
    meaning = "An instant: an aware `datetime` in UTC, stored as ISO 8601 text with milliseconds."
    example = "{type: timestamp, default: {generate: now}, read_only: true}"
    also_called = ("datetime", "date")
    wanted = "a time in ISO 8601"
    generates = frozenset({"now"})
    in_expressions: str | None = "text"
    in_sets = True

    kind = "S"
    write = "timestamp_text({0})"
    read = "timestamp_value({0})"
    normal = "value.__class__ is datetime and value.tzinfo is UTC and not value.microsecond % 1000"
    source_names = {  # noqa: RUF012
        "timestamp_text": timestamp_text,
        "timestamp_value": timestamp_value,
        "datetime": datetime,
        "UTC": UTC,
    }
    pynamodb = "UTCDateTime"
    accept = staticmethod(accept_timestamp)
    python = datetime
    fixed = True

    keyable = True
    castable = False
    in_keys = "a time"
    key_text = staticmethod(timestamp_text)
    strict_text = staticmethod(timestamp_text)
    keeps_order = True
    begins_as_text = True
    tells_time = True

    def instant(self, value: Any) -> datetime:
        """Return the instant itself."""
        moment: datetime = value
        return moment

    def plain(self, attribute: Compiled) -> Callable[[Any], Any]:
        """Return ISO 8601 text, as it is stored."""
        return timestamp_text

    def literal(self, spec: AttributeSpec, value: Any, written: str | None) -> Any:
        """Accept a time with its offset from UTC."""
        return _literal_time(value, self.wanted)

    def key_pattern(self, spec: AttributeSpec) -> str:
        """Match ISO 8601 text, in upper or lower case."""
        return r"\d{4}-\d\d-\d\d[tT]\d\d:\d\d:\d\d\.\d{3}[zZ]"

    def key_value(self, spec: AttributeSpec, text: str) -> Any:
        """Return the instant."""
        return _fromisoformat(text.upper())

    def strict_value(self, text: str) -> Any:
        """Return the instant."""
        return _fromisoformat(text)

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in records, as source text."""
        return text.imported("datetime", "datetime")

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in calls, as source text."""
        return f"{text.imported('datetime', 'datetime')} | str"

    def static_operand(self, spec: AttributeSpec, text: Static) -> str:
        """Return the class in conditions, as source text."""
        return "typed.Moment"

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """Describe a time in ISO 8601, with its offset from UTC."""
        return {"type": "string", "format": "date-time"}

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return a time of day."""
        return like.instant()


class TtlType(AttributeType):
    """`ttl`: when DynamoDB deletes the item, in whole seconds since 1970."""

    name = "ttl"
    meaning = "When DynamoDB deletes the item: an aware `datetime`, stored in seconds since 1970."
    example = "{type: ttl}"
    options = frozenset({"min", "max"})
    wanted = "a time in ISO 8601 or in epoch seconds"
    generates = frozenset({"now"})
    whole_limits = True
    expires = True
    in_sets = True

    kind = "N"
    write = "ttl_text({0})"
    read = "ttl_value({0})"
    normal = "value.__class__ is datetime and value.tzinfo is UTC and not value.microsecond"
    source_names = {  # noqa: RUF012
        "ttl_text": ttl_text,
        "ttl_value": ttl_value,
        "datetime": datetime,
        "UTC": UTC,
    }
    accept = staticmethod(accept_ttl)
    python = datetime
    fixed = True
    operators = frozenset({"add", "subtract"})

    keyable = True
    in_keys = "a number"
    key_text = staticmethod(ttl_text)
    tells_time = True

    def instant(self, value: Any) -> datetime:
        """Return the instant itself."""
        moment: datetime = value
        return moment

    def plain(self, attribute: Compiled) -> Callable[[Any], Any]:
        """Return whole seconds since 1970."""
        return epoch_seconds

    def size(self, value: Any) -> Any:
        """Return whole seconds since 1970."""
        return epoch_seconds(value)

    def literal(self, spec: AttributeSpec, value: Any, written: str | None) -> Any:
        """Accept a time with its offset from UTC, or whole seconds since 1970."""
        if isinstance(value, int) and not isinstance(value, bool):
            if not 0 <= value <= _LATEST_EPOCH:
                raise ValueError(f"must be {self.wanted}")
            return from_epoch_seconds(value)
        return _literal_time(value, self.wanted)

    def key_pattern(self, spec: AttributeSpec) -> str:
        """Match digits."""
        return r"-?\d+"

    def key_value(self, spec: AttributeSpec, text: str) -> Any:
        """Return the instant."""
        return instant_of(int(text))

    def key_number(self, value: Any) -> Any:
        """Return whole seconds since 1970."""
        return epoch_seconds(value)

    @staticmethod
    def strict_text(value: Any, /) -> str:
        """Return digits after an exponent, so that the texts sort."""
        return sortable_number(epoch_seconds(value))

    def strict_value(self, text: str) -> Any:
        """Return the instant."""
        return instant_of(int(parse_number(text)))

    def from_text(self, text: str) -> Any:
        """Accept seconds since 1970, or a time."""
        return int(text) if text.lstrip("-").isdecimal() else self.from_json(text)

    def from_json(self, value: Any) -> Any:
        """Accept seconds since 1970, or a time."""
        if isinstance(value, Decimal):
            return natural(value)
        if not isinstance(value, str):
            return value
        try:
            return _fromisoformat(value)
        except ValueError:
            raise ValueError(
                "must be an ISO 8601 time with an offset, or seconds since 1970"
            ) from None

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in records, as source text."""
        return text.imported("datetime", "datetime")

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in calls, as source text."""
        return f"{text.imported('datetime', 'datetime')} | int | float"

    def static_operand(self, spec: AttributeSpec, text: Static) -> str:
        """Return the class in conditions, as source text."""
        return "typed.Instant"

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """Describe a time, or seconds since 1970."""
        time = {"type": "string", "format": "date-time"}
        return {"anyOf": [time, {"type": "integer"}]}

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return a time some months ahead."""
        return like.expiry()
