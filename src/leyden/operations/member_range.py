"""A range over a collection: what is read of its index, and what each member's items must meet.

A range concerns the members whose sort keys have its attributes, and leaves the others alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import takewhile
from typing import Any

from leyden._attrs import evolve, frozen
from leyden.keys import Bounds, IndexKeys
from leyden.operations.compare import comparisons
from leyden.operations.exact_range import ExactRange, exact_range, key_bounds, range_test
from leyden.operations.expression import Expressions
from leyden.operations.members import Member
from leyden.operations.options import Options
from leyden.operations.range_test import RangeTest
from leyden.operations.sort_condition import Range


@frozen(slots=False)
class MemberRange:
    """The range of one collection query; `limits` is None where it has none."""

    members: tuple[Member, ...]
    values: Mapping[str, Any]
    limits: Range | None
    is_exact: bool
    hydrates: bool

    @property
    def _keys(self) -> IndexKeys:
        return self.members[0].keys

    def test(self, member: Member) -> RangeTest | None:
        """What a member's items must meet; None where the range is none of attributes.

        Raises InvalidExpressionError.
        """
        if not self.is_exact or self.limits is None:
            return None
        own = member.own(self.values)
        if not any(name in member.sort_names for name in self.limits.start):
            return RangeTest(member.entity, member.keys, own, None, None, self.hydrates)
        test = range_test(member.entity, member.keys, own, self.limits)
        test = evolve(test, hydrates=self.hydrates)
        test.refuse_doubt()
        return test

    @cached_property
    def _concerned(self) -> Member:
        """The first member that has all attributes of the range."""
        assert self.limits is not None
        names = {*self.limits.start, *(self.limits.end or ())}
        return next((m for m in self.members if names <= set(m.sort_names)), self.members[0])

    def on_attributes(self) -> ExactRange | None:
        """The range on an index whose keys are the attributes, which are one for all members."""
        if not self.is_exact or self.limits is None:
            return None
        first = self.members[0]
        return exact_range(first.entity, first.keys, self.values, self.limits)

    def bounds(self) -> Bounds:
        """The part of a clustered index to read. Raises ValidationError."""
        test = self.test(self._concerned)
        assert test is not None
        forms = [member.keys.sk for member in self.members if member.keys.sk is not None]
        first = self._concerned.keys.sk
        assert first is not None
        ordered = [first, *(form for form in forms if form is not first)]
        if first.numeric and len({form.names for form in forms}) > 1:
            return Bounds(None, exact=False)
        return key_bounds(self._concerned.entity, ordered, test)

    @cached_property
    def _shared(self) -> tuple[str, ...]:
        """The attributes that the sort keys of all members begin with."""
        names = zip(*(member.sort_names for member in self.members), strict=False)
        return tuple(one[0] for one in takewhile(lambda some: len(set(some)) == 1, names))

    def comparisons(self, options: Options, expressions: Expressions) -> Iterator[str]:
        """What ElectroDB's `compare` filters by: attributes of the first member."""
        first, limits = self.members[0], self.limits
        if options.compare is None or self._keys.spec.type != "clustered":
            return
        attributes = first.entity.compiled.attributes
        if limits is not None:
            shared = self._shared
            start = {name: value for name, value in limits.start.items() if name in shared}
            end = {name: value for name, value in (limits.end or {}).items() if name in shared}
            limits = evolve(limits, start=start, end=end if limits.end is not None else None)
        compared = comparisons(first.keys, self.values, limits, options.compare, self._shared)
        for name, operator, value in compared:
            if name in attributes:
                field = expressions.name(attributes[name].spec.field)
                yield f"{field} {operator} {expressions.value(attributes[name].encode(value))}"

    def describe(self) -> str:
        """The range in one text, the same for the same range; empty for none."""
        if not self.is_exact or self.limits is None:
            return ""
        test = self.test(self._concerned)
        assert test is not None
        return test.describe()

    def notes(self) -> list[str]:
        """What is read beyond the range, in words."""
        if not self.is_exact or self.limits is None:
            return []
        listed = ", ".join(f'"{name}"' for name in self.limits.start)
        others = [
            m.alias for m in self.members if not any(n in m.sort_names for n in self.limits.start)
        ]
        notes = [f"items outside of the range of {listed} are left out after reading"]
        if others:
            notes.append(f"the range says nothing of {', '.join(others)}")
        return notes
