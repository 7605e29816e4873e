"""Leyden's adapters beside other packages on DynamoDB, which fail where these do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import frozen
from bench.agents.contestants import Contestant


@frozen
class Fault:
    """What a package does in place of what a test wants, and the error that the test ends with."""

    does: str
    error: type[BaseException] = AssertionError


def beside(contestants: Sequence[Contestant], **faults: Fault | str) -> list[Any]:
    """The cases of a test: Leyden's own, which passes, and others, each with the fault it has.

    A package that mends its fault, or fails in another way, fails the test.
    """
    own, *others = contestants
    named = {one.name: one for one in others}
    cases = [pytest.param(own, id=own.name)]
    for name, what in faults.items():
        fault = Fault(what) if isinstance(what, str) else what
        reason = f"{named[name].package} {named[name].version}: {fault.does}"
        mark = pytest.mark.xfail(strict=True, raises=fault.error, reason=reason)
        cases.append(pytest.param(named[name], id=name, marks=mark))
    return cases
