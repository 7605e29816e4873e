"""The check-up as a program: first the table, then its items, segment by segment.

The results of a page are added all at once, after the page and everything that belongs to its items
has been checked. So the state is valid at any moment, and a check-up that continues from it counts
nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from leyden._attrs import define, field, frozen
from leyden.doctor.companions import Companions, PassingParts, Wrong
from leyden.doctor.findings import Findings, Problem, Told, item_in, plain_key
from leyden.doctor.items import GUARD, PART, Examiner, Seen
from leyden.doctor.measures import Measures, Run
from leyden.doctor.report import Report
from leyden.doctor.table import OPERATION, Calls, look_at_table, request
from leyden.errors import InputError, TableNotFoundError
from leyden.mapping.table import TableDefinition
from leyden.operations.bound import BoundEntity
from leyden.operations.run.pacing import Pace, is_amount, is_count, paced, refuse_options
from leyden.program import Item, Params, Program, Request, run_together
from leyden.tables.comparing import indexes_in

SAMPLE: Final = 1000
"""How many items a sample has by default."""

SEGMENTS: Final = 4
"""How many parts of a table to read at a time."""

_SAMPLED_SEGMENTS: Final = 10
_PAGE: Final = 100
"""How many items of a sample to read at a time, so that it comes from many places."""

_MOST_SEGMENTS: Final = 1000
_FORMAT: Final = 2


@frozen
class Progress:
    """The progress of a check-up.

    It has read `items` of about `expected` (None if unknown), used `consumed` capacity units, and
    has `findings` kinds of findings. `state()` is a text from which another check-up continues:
    `app.doctor(resume=text)`. It contains keys of items.
    """

    items: int
    expected: int | None
    consumed: float
    findings: int
    state: Callable[[], str] = field(repr=False)


Watch = Callable[[Progress], object]


@define
class _Segment:
    """One part of the table, and how far it has been read."""

    number: int
    position: Item | None = None
    is_done: bool = False
    run: Run = field(factory=Run)
    passing: PassingParts = field(factory=PassingParts)

    def save(self) -> dict[str, Any]:
        """Return the progress as JSON."""
        position = None if self.position is None else plain_key(self.position)
        run = [self.run.key, self.run.items, self.run.bytes]
        return {"position": position, "is_done": self.is_done, "run": run}

    def restore(self, saved: dict[str, Any]) -> None:
        """Continue from saved progress."""
        if saved["position"] is not None:
            self.position = item_in(saved["position"])
        self.is_done = saved["is_done"]
        self.run = Run(*saved["run"])


def examine(
    entities: Sequence[BoundEntity],
    definition: TableDefinition,
    *,
    full: bool = False,
    sample: int = SAMPLE,
    segments: int | None = None,
    rate: float | None = None,
    strict: bool = False,
    resume: str | None = None,
    progress: Watch | None = None,
    found: Told | None = None,
) -> Program[Report]:
    """Compare a table with the schemas, and its items with them and with each other.

    Changes nothing. See `Service.doctor` for the arguments. Raises InvalidOptionError before
    anything is sent, and InputError if `resume` belongs to another check-up.
    """
    refuse_options(
        OPERATION,
        ("full", "True or False", isinstance(full, bool)),
        ("sample", "a number of items, 1 at least", is_count(sample)),
        (
            "segments",
            f"a number from 1 to {_MOST_SEGMENTS:,}",
            segments is None or is_count(segments, _MOST_SEGMENTS),
        ),
        ("rate", "capacity units a second, above 0", rate is None or is_amount(rate)),
        ("strict", "True or False", isinstance(strict, bool)),
        ("resume", "the text of a state", resume is None or isinstance(resume, str)),
        ("progress", "a function of a Progress", progress is None or callable(progress)),
        ("found", "a function of a Finding", found is None or callable(found)),
    )
    count = segments or (SEGMENTS if full else _SAMPLED_SEGMENTS)
    checkup = _CheckUp(entities, definition, None if full else sample, count, strict, found)
    checkup.watch = progress
    if resume is not None:
        checkup.restore(resume)
    checkup.pace = Pace(rate)
    return (yield from checkup.run())


class _CheckUp:
    """A check-up and its state."""

    def __init__(
        self,
        entities: Sequence[BoundEntity],
        definition: TableDefinition,
        sample: int | None,
        segments: int,
        strict: bool,
        found: Told | None,
    ) -> None:
        self.table = entities[0].table
        self.service = entities[0].spec.service
        self.watch: Watch | None = None
        self.pace = Pace()
        self._definition = definition
        self._sample = sample
        self._purpose = [self.table, self.service, sample, segments, strict]
        self._goes_on = False
        self._before = 0.0
        """What earlier check-ups, from which this one continues, have consumed."""
        self._description: Any = None
        self._findings = Findings(self.table, strict=strict, found=found)
        self._calls = Calls(self._findings, self.table)
        self._measures = Measures(definition)
        self._examiner = Examiner(entities)
        own = [definition.hash, *([definition.range] if definition.range else [])]
        self._companions = Companions(self.table, own)
        self._sort_field = own[-1]
        self._segments = [_Segment(number) for number in range(segments)]
        self._asked = 0
        """How many items of a sample have been requested."""

    def run(self) -> Program[Report]:
        """Run the whole check-up."""
        is_there = True
        try:
            self._description = yield from look_at_table(
                self._definition,
                Calls(Findings(self.table), self.table) if self._goes_on else self._calls,
            )
        except TableNotFoundError:
            is_there = False
            said = f'there is no table "{self.table}"'
            self._findings.add(Problem("table.missing", "", said))
        # If the table has another key, the schemas cannot read any of its items.
        while is_there and "table.key" not in self._findings:
            open_ones = [one for one in self._segments if not one.is_done]
            reading = run_together(map(self.read, open_ones), len(self._segments))
            yield from paced(reading, self.pace)
            # Segments with few items leave their share of a sample to others.
            if self._sample is None or not self._left or not open_ones:
                break
            if self._calls.are_refused("Scan"):
                break
        for segment in self._segments:
            self._measures.pass_by(segment.run, None)
        return self.report()

    def read(self, segment: _Segment) -> Program[None]:
        """Read a segment to its end, or until the sample is complete."""
        while not (segment.is_done or self._calls.are_refused("Scan")):
            if self._sample is not None and not self._left:
                return
            params = self.next_page(segment)
            answer = yield from self._calls.attempt(
                request(Request("Scan", params, OPERATION)), "no items were checked", "Scan"
            )
            if answer is None:
                return
            items: list[Item] = answer.get("Items", [])
            seen = [(item, self._examiner.judge(item)) for item in items]
            wrong = yield from self.look_beside(segment, seen)
            # From here to the end of the page nothing yields, so the state cannot be saved in
            # between.
            for item, one in seen:
                self._measures.count(item, one, segment.run)
                for problem in one.problems:
                    self._findings.add(problem, self._companions.key_of(item))
            for found in wrong:
                self._findings.add(found.problem, found.key)
            segment.position = answer.get("LastEvaluatedKey") or None
            segment.is_done = segment.position is None
            self._asked -= params.get("Limit", 0) - len(items)
            self.tell()

    @property
    def _left(self) -> int:
        """How many items of a sample are still to be requested."""
        return (self._sample or 0) - self._asked

    def next_page(self, segment: _Segment) -> Params:
        """Return the request for the next page."""
        params: Params = {"TableName": self.table}
        if len(self._segments) > 1:
            params |= {"Segment": segment.number, "TotalSegments": len(self._segments)}
        if segment.position is not None:
            params["ExclusiveStartKey"] = segment.position
        if self._sample is not None:
            params["Limit"] = min(self._left, _PAGE)
        self._asked += params.get("Limit", 0)
        return params

    def look_beside(
        self, segment: _Segment, seen: Sequence[tuple[Item, Seen]]
    ) -> Program[list[Wrong]]:
        """Check the items of a page against what belongs to them."""
        beside = self._companions
        guards = [one for one in seen if one[1].kind == GUARD]
        parts = [one for one in seen if one[1].kind == PART]
        wrong: list[Wrong] = []
        for part, _ in parts:
            segment.passing.pass_by(part, self._sort_field)
        for program, of_what in (
            (beside.guards(seen), "guards of unique values"),
            (beside.owners(guards), "guards of unique values"),
            (beside.parts(seen, segment.passing), "values in parts"),
            (beside.orphans(parts), "values in parts"),
        ):
            if self._calls.are_refused("BatchGetItem", "TransactGetItems"):
                program.close()
                continue
            said = f"{of_what} were not checked"
            wrong += (yield from self._calls.attempt(program, said)) or ()
        return wrong

    def tell(self) -> None:
        if self.watch is not None:
            expected = (self._description or {}).get("ItemCount")
            if self._sample is not None:
                expected = min(self._sample, expected) if expected else self._sample
            self.watch(
                Progress(
                    self._measures.all.items,
                    expected,
                    self._before + self.pace.consumed,
                    len(self._findings),
                    self.save,
                )
            )

    def save(self) -> str:
        """Return the state as text."""
        state = {
            "format": _FORMAT,
            "purpose": self._purpose,
            "segments": [segment.save() for segment in self._segments],
            "findings": self._findings.save(),
            "measures": self._measures.save(),
            "calls": self._calls.outcomes,
            "consumed": self._before + self.pace.consumed,
        }
        return json.dumps(state, ensure_ascii=False, separators=(",", ":"))

    def restore(self, text: str) -> None:
        """Continue from a state. Raises InputError if it is invalid, or of another check-up."""
        try:
            state = json.loads(text)
            purpose = state["purpose"]
            if state["format"] != _FORMAT or len(purpose) != len(self._purpose):
                raise ValueError
            if purpose == self._purpose:
                for segment, saved in zip(self._segments, state["segments"], strict=True):
                    segment.restore(saved)
                self._findings.restore(state["findings"])
                self._measures.restore(state["measures"])
                self._asked = self._measures.all.items
                self._calls.outcomes.update(state["calls"])
                self._before = float(state["consumed"])
                self._goes_on = True
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(
                "this is not the state of a check-up, or it is damaged; start over",
                operation=OPERATION,
            ) from None
        if purpose != self._purpose:
            names = ("table", "service", "sample", "segments", "strict")
            pairs = zip(names, purpose, self._purpose, strict=True)
            differing = " and ".join(name for name, noted, own in pairs if noted != own)
            raise InputError(
                f"the state belongs to a check-up with a different {differing}; repeat its "
                "options, or start over",
                operation=OPERATION,
            )

    def report(self) -> Report:
        measures, described = self._measures, self._description or {}
        billing = (described.get("BillingModeSummary") or {}).get("BillingMode")
        return Report(
            table=self.table,
            service=self.service,
            complete=all(segment.is_done for segment in self._segments),
            findings=self._findings.sorted(),
            read=measures.all,
            entities=dict(sorted(measures.of.items())),
            indexes=measures.indexes(indexes_in(described)),
            by_items=measures.by_items.largest(),
            by_bytes=measures.by_bytes.largest(),
            calls=dict(self._calls.outcomes),
            consumed=self._before + self.pace.consumed,
            items=described.get("ItemCount"),
            bytes=described.get("TableSizeBytes"),
            billing=billing,
        )
