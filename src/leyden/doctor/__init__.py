"""A check-up of a live table: how it and its items fit the schemas, and how to fix what does not.

`app.doctor()` and the command `leyden doctor` run it.

>>> report = app.doctor(full=True)                                       # doctest: +SKIP
>>> [finding.message for finding in report.faults]                       # doctest: +SKIP
[]
"""

from leyden.doctor.findings import KINDS, Finding, key_text, plain_finding, plain_key
from leyden.doctor.measures import IndexMeasure, Partition, Tally, size_text
from leyden.doctor.reading import Progress, examine
from leyden.doctor.report import Report

__all__ = [
    "KINDS",
    "Finding",
    "IndexMeasure",
    "Partition",
    "Progress",
    "Report",
    "Tally",
    "examine",
    "key_text",
    "plain_finding",
    "plain_key",
    "size_text",
]
