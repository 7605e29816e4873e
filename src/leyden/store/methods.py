"""What the domains of the stores have: methods that run as programs, and the time.

A domain of `DynamoDBStore` gives a method's result, one of `AsyncDynamoDBStore` is awaited, and one
of `InMemoryStore` has nothing to ask for. Name and docstring are those of the interface, which is
the reference. What a method needs of its backend are steps, which are programs as well.
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
    """What the methods of a domain have: a runner, and `_now`, the time cut to milliseconds."""

    _interface: ClassVar[type]

    def __init__(self, runner: Runner, now: Clock) -> None:
        super().__init__(runner)
        self._now = now


class Blocking(Domain, BlockingMethods):
    """A domain whose methods run on the calling thread, one at a time for each caller."""


class Awaited(Domain, AwaitedMethods):
    """A domain whose methods are awaited."""


def name_of(domain: type[Domain]) -> str:
    """What a store calls a domain, as in `store.memory`."""
    return domain._called.removeprefix("store.")
