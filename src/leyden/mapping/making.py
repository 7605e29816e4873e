"""Values that are made of another attribute: buckets and slugs of it, and times counted from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeAlias

from leyden.schema.spec import After, AttributeSpec, Bucket, Slug
from leyden.types import refuse, type_of
from leyden.types.normal import slug_of
from leyden.types.periods import bucket_of

Maker: TypeAlias = Callable[[Any], Any]
"""The value of the other attribute, which is there, into this one's; None for none."""


def maker_of(spec: AttributeSpec, source: After | Bucket | Slug, of: AttributeSpec) -> Maker:
    """The function that makes values of `spec` from those of `of`.

    It raises ValidationError for a value of `of` that is no time, or one too far from others.
    """
    if isinstance(source, Slug):
        longest = source.max_length
        return lambda text: slug_of(text, longest)
    instant = type_of(of).instant
    made: Callable[[Any], Any]
    if isinstance(source, Bucket):
        period = source.period

        def made(value: Any) -> Any:
            return bucket_of(period, instant(value))
    else:
        later, now = timedelta(seconds=source.seconds), type_of(spec).now

        def made(value: Any) -> Any:
            return now(instant(value) + later)

    def make(value: Any) -> Any:
        try:
            return made(value)
        except ValueError as error:
            raise refuse(of.name, f'{error}, and "{spec.name}" is made of it') from None
        except OverflowError:
            raise refuse(of.name, f'is too late for "{spec.name}" to be made of it') from None

    return make
