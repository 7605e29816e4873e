"""What a check-up finds, as data: a code, how grave it is, what it is about, and what helps.

Items with the same fault are one finding with a count and a few keys, so that a table of which
every item is wrong makes a short report.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from leyden._attrs import evolve, field, frozen
from leyden._shell import word
from leyden.program import Item
from leyden.types import portable_text, portable_value

FAULT: Final = "fault"
WARNING: Final = "warning"
NOTE: Final = "note"
SEVERITIES: Final = (FAULT, WARNING, NOTE)
"""How grave a finding is, the gravest first."""

EXAMPLES: Final = 10
"""The most keys that a finding shows."""

MOST_KINDS: Final = 100
"""The most findings of one code, such as fields that no schema knows; further ones are counted
together. Each code has its own, so that a thousand notes do not hide a fault."""


class Kind(NamedTuple):
    """One kind of finding: how grave it is, and what helps."""

    severity: str
    remedy: str


_AGAIN: Final = "read the item and put it again: a put writes all keys of an item"
_MANY: Final = "for many items, `leyden migrate` with a migration that names the entity"
_DELETE: Final = "`aws dynamodb delete-item --table-name TABLE --key KEY`"
_ADOPT: Final = "`leyden adopt FOLDER ENTITY`"
_LOST: Final = "the value is lost: restore it from a backup, or set the attribute anew"
_TAKEN_OVER: Final = (
    "leave it: the next write of the values takes it over; or delete it: " + _DELETE
)

KINDS: Final[dict[str, Kind]] = {
    # What could not be looked at.
    "call.refused": Kind(FAULT, "allow the action on the table in the credentials' policy"),
    "call.unknown": Kind(NOTE, "look at a table on AWS for this: the engine does not have it"),
    # The table. Where `tables.comparing` says what helps, that stands.
    "table.missing": Kind(FAULT, "`leyden table FOLDER --create`"),
    "table.not_ready": Kind(WARNING, "wait until the table is ACTIVE, and look again"),
    "index.not_ready": Kind(WARNING, "wait: until it is ACTIVE, queries of this index miss items"),
    "index.unused": Kind(
        NOTE, "delete it if no other program reads it: each write of an item in it costs more"
    ),
    "vector.not_ready": Kind(WARNING, "wait until it is ready: until then, searches miss items"),
    "migration.open": Kind(
        NOTE, "`leyden migrate FOLDER FILE` goes on, `--rollback` takes it back, `--commit` ends it"
    ),
    # Items, each by itself.
    "item.foreign": Kind(
        NOTE, "leave them in a table that services share; else load their schemas, or delete them"
    ),
    "item.version": Kind(
        FAULT, "load the schema of that version as well, or bring the items over: `leyden migrate`"
    ),
    "item.misnamed": Kind(
        FAULT,
        "whoever wrote it damaged its identifiers: restore them, or delete the item: " + _DELETE,
    ),
    "item.unreadable": Kind(
        FAULT, "write the attribute anew, or change its type in the schema and `leyden migrate`"
    ),
    "item.uncommitted": Kind(NOTE, "`leyden migrate FOLDER FILE --commit`, or `--rollback`"),
    "item.earlier": Kind(NOTE, "`leyden migrate FOLDER FILE` moves it"),
    "attribute.missing": Kind(NOTE, "set it, or give it a default and `leyden migrate`"),
    "attribute.unknown": Kind(
        NOTE, "add the attribute to the schema, or remove the field by a migration: `remove: [...]`"
    ),
    "attribute.stale": Kind(
        WARNING, "read the item and put it again: a put derives the attribute anew"
    ),
    "key.differs": Kind(
        FAULT,
        "no get finds it: read it with a scan, create it again without its version attribute, and "
        "then delete this one: " + _DELETE,
    ),
    "key.incomplete": Kind(
        FAULT,
        "no get finds it: create it again with all attributes of its key, and then delete this "
        "one: " + _DELETE,
    ),
    "key.ambiguous": Kind(
        WARNING,
        "change the value, or the labels or the template; `keys: strict` is for new data without "
        "templates",
    ),
    "entry.missing": Kind(FAULT, f"{_AGAIN}; {_MANY}"),
    "entry.stale": Kind(FAULT, _AGAIN + ", and no others"),
    "entry.differs": Kind(FAULT, f"{_AGAIN}; {_MANY}"),
    "entry.partial": Kind(
        WARNING, "set the other attributes of that key as well, or none; Leyden refuses a part"
    ),
    "vector.unparted": Kind(FAULT, "set the attribute that the index is parted by, beside it"),
    "vector.dimensions": Kind(
        FAULT, "embed it again with the model of the others: no search finds it as it is"
    ),
    "vector.zero": Kind(FAULT, "embed it again, or remove the vector: zeros have no direction"),
    "vector.empty": Kind(FAULT, "remove the attribute, or set a value that is not empty"),
    # Items and what goes with them.
    "unique.unguarded": Kind(FAULT, _ADOPT),
    "unique.duplicate": Kind(
        FAULT, "change one of the items that share the values, then " + _ADOPT
    ),
    "guard.ownerless": Kind(WARNING, _TAKEN_OVER),
    "guard.stale": Kind(WARNING, _TAKEN_OVER),
    "guard.unneeded": Kind(WARNING, "its constraint is gone, so delete it: " + _DELETE),
    "part.missing": Kind(FAULT, _LOST),
    "part.damaged": Kind(FAULT, _LOST),
    "part.unknown": Kind(
        FAULT,
        "read it with the later version of Leyden that wrote it; if none did, delete the item and "
        "put it again: " + _DELETE,
    ),
    "part.orphan": Kind(WARNING, "`app.entities.ENTITY.sweep_overflow()` deletes such parts"),
    # As grave as what it counts.
    "others": Kind(FAULT, "mend what is listed first, and look again"),
}
"""Every kind of finding by its code. How a table falls short has codes of its own: faults."""


@frozen
class Finding:
    """One thing that was found.

    `code` says of what kind it is, `severity` how grave: `fault`, `warning` or `note`. `subject` is
    what it is about: an entity (`task`), an access pattern (`task.assigned`), an index (`gsi1`);
    empty for the table. `remedy` is what helps; in a command, FOLDER stands for that of the
    schemas and KEY for the key of an item. `count` items have it, and `keys` are the raw keys of
    the first of them, none where it is of no item.
    """

    code: str
    severity: str
    subject: str
    message: str
    remedy: str
    count: int = 1
    keys: tuple[Item, ...] = field(default=(), repr=False)

    @property
    def key(self) -> Item | None:
        """The raw key of the first item that has it; None where it is of no item."""
        return self.keys[0] if self.keys else None


class Problem(NamedTuple):
    """Something wrong with one item, in words that are the same for all that have it."""

    code: str
    subject: str
    message: str


Told = Callable[[Finding], object]

_NAMES: Final = re.compile(r"\b(?:TABLE|ENTITY)\b")
"""What stands in remedies for the names of the table and of the entity."""


class Findings:
    """Collects findings: the same of many items is one.

    `found` is called with each by itself, its item's key alone in it.
    """

    def __init__(self, table: str, *, strict: bool = False, found: Told | None = None) -> None:
        self._table = table
        self._strict = strict
        self._found = found
        self._groups: dict[tuple[str, str, str], Finding] = {}
        self._kinds: Counter[str] = Counter()
        """How many findings each code has."""

    def add(self, problem: Problem, key: Item | None = None, *, remedy: str = "") -> None:
        """Add a problem, of the item with this key or of none."""
        kind = KINDS.get(problem.code, Kind(FAULT, ""))
        severity = FAULT if self._strict and problem.code == "item.foreign" else kind.severity
        names = {"TABLE": word(self._table), "ENTITY": problem.subject.partition(".")[0]}
        # A remedy that somebody else wrote has the names in it already.
        helps = remedy or _NAMES.sub(lambda found: names[found[0]] or found[0], kind.remedy)
        one = Finding(
            problem.code,
            severity,
            problem.subject,
            problem.message,
            helps,
            keys=() if key is None else (key,),
        )
        if self._found is not None:
            self._found(one)
        if problem not in self._groups and self._kinds[problem.code] >= MOST_KINDS:
            more = (
                f'there are more findings "{problem.code}" than the {MOST_KINDS} kinds that are '
                "listed; the others are counted here"
            )
            problem = Problem("others", "", more)
            helps = KINDS["others"].remedy
            one = evolve(one, code="others", subject="", message=more, remedy=helps)
        known = self._groups.get(problem)
        if known is None:
            self._kinds[problem.code] += 1
        else:
            keys = known.keys if len(known.keys) >= EXAMPLES else (*known.keys, *one.keys)
            one = evolve(known, count=known.count + 1, keys=keys)
        self._groups[problem] = one

    def __len__(self) -> int:
        return len(self._groups)

    def __contains__(self, code: object) -> bool:
        return any(one.code == code for one in self._groups.values())

    def sorted(self) -> tuple[Finding, ...]:
        """The gravest first, by code and subject."""
        return tuple(
            sorted(
                self._groups.values(),
                key=lambda f: (SEVERITIES.index(f.severity), f.code, f.subject, f.message),
            )
        )

    def save(self) -> list[dict[str, Any]]:
        """What was found, as JSON holds it."""
        return [plain_finding(one) for one in self._groups.values()]

    def restore(self, saved: Iterable[Mapping[str, Any]]) -> None:
        """Go on from what was saved."""
        for one in saved:
            keys = tuple(item_in(key) for key in one["keys"])
            finding = Finding(**{**one, "keys": keys})
            self._groups[finding.code, finding.subject, finding.message] = finding
            self._kinds[finding.code] += 1


def plain_finding(finding: Finding) -> dict[str, Any]:
    """A finding as JSON has it."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "subject": finding.subject,
        "message": finding.message,
        "remedy": finding.remedy,
        "count": finding.count,
        "keys": [plain_key(key) for key in finding.keys],
    }


def plain_key(key: Item) -> dict[str, Any]:
    """A raw key as JSON has it, with base64 text for bytes."""
    plain: dict[str, Any] = json.loads(portable_text({"M": key}))["M"]
    return plain


def key_text(plain: Mapping[str, Any]) -> str:
    """What `plain_key` made of a raw key as JSON on one line, in which everything shows."""
    text = json.dumps(plain, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(plain)


def item_in(plain: Mapping[str, Any]) -> Item:
    """The raw key in what `plain_key` made of it."""
    key: Item = portable_value(json.dumps({"M": plain}).encode())["M"]
    return key
