"""What a change of schemas does to stored items and to running code.

>>> from leyden.diff import compare
>>> from leyden.schema import load_service
>>> diff = compare(load_service("before"), load_service("after"))       # doctest: +SKIP
>>> [(change.code, change.classes) for change in diff.changes]          # doctest: +SKIP
[('attribute.added', ('safe',))]
"""

from leyden.diff.changes import CLASSES, PHASES, Change, Diff, Step
from leyden.diff.checking import Verdict, check_diff
from leyden.diff.comparing import compare
from leyden.diff.drafting import Draft, draft_migration
from leyden.diff.sources import Side, read_side

__all__ = [
    "CLASSES",
    "PHASES",
    "Change",
    "Diff",
    "Draft",
    "Side",
    "Step",
    "Verdict",
    "check_diff",
    "compare",
    "draft_migration",
    "read_side",
]
