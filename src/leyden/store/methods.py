"""The base of the stores' domains: methods that run as programs, and the current time.

A method of a `DynamoDBStore` domain returns its result, a method of an `AsyncDynamoDBStore` domain
is awaited, and a method of an `InMemoryStore` domain sends no requests. Each takes its name and
docstring from the interface, which is the reference. What a method needs from its backend is a
step, and steps are programs as well.
"""

from __future__ import annotations

from typing import ClassVar

from leyden._methods import Awaited as AwaitedMethods
from leyden._methods import Blocking as BlockingMethods
from leyden._methods import Methods, method, named, program_of
from leyden.program import Runner
from leyden.store.values import Clock

__all__ = ["Awaited", "Blocking", "Domain", "method", "name_of", "named", "program_of"]


class Domain(Methods):
    """The base of a domain: a runner, and `_now`, which returns the time cut to milliseconds."""

    _interface: ClassVar[type]

    def __init__(self, runner: Runner, now: Clock) -> None:
        super().__init__(runner)
        self._now = now


class Blocking(Domain, BlockingMethods):
    """A domain whose methods run on the calling thread."""


class Awaited(Domain, AwaitedMethods):
    """A domain whose methods are awaited."""


def name_of(domain: type[Domain]) -> str:
    """Return the name of a domain on its store, as in `store.memory`."""
    return domain._called.removeprefix("store.")
