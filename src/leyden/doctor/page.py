"""A report as one HTML page that needs no network, no scripts and no other files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from leyden._html import Content, Markup, document, plural, tag
from leyden._text import visible
from leyden.doctor.findings import SEVERITIES, key_text
from leyden.doctor.measures import ENTRY_BYTES, size_text

Plain: TypeAlias = Mapping[str, Any]
"""A report, or a part of one, as JSON."""

Bar: TypeAlias = tuple[Content, Content, float]
"""The label of a bar, its text, and its length."""


def page(report: Plain) -> str:
    """Return the whole page for the result of `Report.to_dict()`."""
    shown = _Page(report)
    body = tag(
        "body",
        shown.header(),
        tag("main", shown.findings(), shown.contents(), shown.indexes(), shown.partitions()),
        tag("footer", tag("p", shown.calls())),
    )
    return document(f"{report['table']}: check-up", "leyden.doctor", body)


class _Page:
    def __init__(self, report: Plain) -> None:
        self.report = report

    def header(self) -> Markup:
        """Return the verdict, and what was read."""
        report = self.report
        whole, read, billing = report["items"], report["read"], report["billing"]
        of_all = f" of about {whole:,}" if whole and not report["complete"] else ""
        facts = [
            ["service ", tag("code", report["service"])],
            f"{read['items']:,}{of_all} items read, {size_text(read['bytes'])}",
            None if report["complete"] else "a sample",
            None if billing is None else billing.lower().replace("_", " "),
            f"{report['consumed']:,.1f} capacity units used",
        ]
        counts = [
            tag(f"span.pill.{severity}", plural(count, severity))
            for severity in SEVERITIES
            if (count := sum(one["severity"] == severity for one in report["findings"]))
        ]
        good = tag("span.pill.good", "healthy") if report["healthy"] else None
        return tag(
            "header",
            tag("h1", report["table"]),
            tag("div.verdict", good, counts),
            tag("ul.facts", [tag("li", fact) for fact in facts if fact]),
        )

    def findings(self) -> Content:
        """Return all findings, the gravest first."""
        if not self.report["findings"]:
            return tag("p", "No findings: the table and the items that were read fit the schemas.")
        rows = [self.finding(one) for one in self.report["findings"]]
        return (tag("h2", "Findings"), tag("ul.findings", rows))

    def finding(self, finding: Plain) -> Markup:
        """Return one finding, with its remedy and the keys of a few items."""
        keys = [tag("li", tag("code", key_text(key))) for key in finding["keys"]]
        shown = plural(finding["count"], "item")
        if finding["count"] > len(keys):
            shown += f", the first {len(keys)}"
        # Commands and code are in backticks.
        parts = finding["remedy"].split("`")
        remedy = [tag("code", part) if place % 2 else part for place, part in enumerate(parts)]
        severity = finding["severity"]
        return tag(
            f"li.finding.{severity}",
            tag(
                "div.head",
                tag(f"b.{severity}", severity),
                tag("code", finding["code"]),
                tag("span", finding["subject"]) if finding["subject"] else None,
            ),
            tag("p", finding["message"]),
            tag("p.remedy", tag("b", "To fix it: "), remedy) if finding["remedy"] else None,
            tag("details", tag("summary", shown), tag("ul", keys)) if keys else None,
        )

    def contents(self) -> Content:
        """Return how much there is of each entity."""
        tallies = sorted(self.report["entities"].items(), key=lambda pair: -pair[1]["bytes"])
        by_items: list[Bar] = [(n, f"{t['items']:,}", t["items"]) for n, t in tallies]
        by_bytes: list[Bar] = [
            (name, f"{size_text(t['bytes'])}, the largest {size_text(t['largest'])}", t["bytes"])
            for name, t in tallies
        ]
        return (
            tag("h2", "What is in it"),
            tag("div.boards", _board("Items", by_items), _board("Bytes", by_bytes)),
        )

    def indexes(self) -> Content:
        """Return what each index stores, and what writes of its items cost."""
        stored: list[Bar] = []
        written: list[Bar] = []
        for index in self.report["indexes"]:
            name, entries = tag("code", index["index"]), index["entries"]
            size, units = index["stored"], index["write_units"]
            what = f"{plural(entries['items'], 'entry', 'entries')}, {size_text(size)}"
            stored.append((name, what, size))
            written.append((name, f"{units:.2f} write units a write", units))
        if not stored:
            return None
        said = f"With the {ENTRY_BYTES} bytes that DynamoDB counts for each entry."
        also = "For the index alone, for items that are in it."
        boards = (_board("Stored", stored, said), _board("Written", written, also))
        return (tag("h2", "What each index costs"), tag("div.boards", boards))

    def partitions(self) -> Content:
        """Return the largest partitions of the table and of each index."""
        named: list[tuple[Content, Plain]] = [("the table", self.report["partitions"])]
        named += [(tag("code", one["index"]), one) for one in self.report["indexes"]]
        boards = [
            _board([f"By {by}: ", name], [*_bars(partitions[f"by_{by}"], by)])
            for name, partitions in named
            for by in ("items", "bytes")
            if partitions[f"by_{by}"]
        ]
        said = "The largest partitions" + ("" if self.report["complete"] else " of the sample")
        return (tag("h2", said), tag("div.boards", boards)) if boards else None

    def calls(self) -> str:
        """Say which calls could not be made."""
        lacking = [api for api, outcome in self.report["calls"].items() if outcome != "ok"]
        if not lacking:
            return "All calls that the check-up needs were allowed."
        return f"These calls could not be made: {', '.join(lacking)}."


def _board(title: Content, bars: Sequence[Bar], said: Content = None) -> Markup:
    """Return bars below each other, the longest as wide as the board."""
    longest = max((length for _, _, length in bars), default=0) or 1
    rows = [
        tag(
            "li",
            tag("div.name", tag("span", name), tag("span.soft", what)),
            tag(
                "div.bar",
                tag("span", "", style=f"width: {100 * length / longest:.1f}%") if length else None,
            ),
        )
        for name, what, length in bars
    ]
    return tag(
        "section.board",
        tag("h3", title),
        tag("p.soft", said) if said else None,
        tag("ul.bars", rows) if rows else tag("p.soft", "There are none."),
    )


def _bars(partitions: Iterable[Plain], by: str) -> Iterable[Bar]:
    for one in partitions:
        what = plural(one["items"], "item") if by == "items" else size_text(one["bytes"])
        least = "at least " if one["spare"] else ""
        yield tag("code", visible(one["key"])), least + what, one[by]
