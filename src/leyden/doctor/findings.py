"""The findings of a check-up as data: code, severity, subject, and remedy.

Items with the same fault are one finding, with a count and a few keys. So the report stays short
even if every item of the table is wrong.
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
"""The severities of findings, the gravest first."""

EXAMPLES: Final = 10
"""The maximum number of keys in a finding."""

MOST_KINDS: Final = 100
"""The maximum number of findings of one code, such as fields that no schema knows. Further ones are
counted together. Each code has its own limit, so that a thousand notes do not hide a fault.
"""


class Kind(NamedTuple):
    """A kind of finding: its severity and its remedy."""

    severity: str
    remedy: str


_AGAIN: Final = "read the item and put it again: a put writes all keys of an item"
_MANY: Final = "for many items, `leyden migrate` with a migration that names the entity"
_DELETE: Final = "`aws dynamodb delete-item --table-name TABLE --key KEY`"
_ADOPT: Final = "`leyden adopt FOLDER ENTITY`"
_LOST: Final = "the value is lost: restore it from a backup, or set the attribute again"
_TAKEN_OVER: Final = (
    "leave it, since the next write of these values reuses it; or delete it: " + _DELETE
)

KINDS: Final[dict[str, Kind]] = {
    # What could not be checked.
    "call.refused": Kind(FAULT, "allow the action on the table in the credentials' policy"),
    "call.unknown": Kind(NOTE, "check a table on AWS for this: the engine does not support it"),
    # The table. Remedies from `tables.comparing` take precedence.
    "table.missing": Kind(FAULT, "`leyden table FOLDER --create`"),
    "table.not_ready": Kind(WARNING, "wait until the table is ACTIVE, and look again"),
    "index.not_ready": Kind(WARNING, "wait: until it is ACTIVE, queries of this index miss items"),
    "index.unused": Kind(
        NOTE, "delete it if no other program reads it: each write of an item in it costs more"
    ),
    "vector.not_ready": Kind(WARNING, "wait until it is ready: until then, searches miss items"),
    "migration.open": Kind(
        NOTE,
        "continue it with `leyden migrate FOLDER FILE`, undo it with `--rollback`, or end it with "
        "`--commit`",
    ),
    # Items, each by itself.
    "item.foreign": Kind(
        NOTE, "leave them if services share the table; otherwise load their schemas, or delete them"
    ),
    "item.version": Kind(
        FAULT, "load the schema of that version as well, or move the items with `leyden migrate`"
    ),
    "item.misnamed": Kind(
        FAULT,
        "some program damaged its identifiers: restore them, or delete the item: " + _DELETE,
    ),
    "item.unreadable": Kind(
        FAULT, "write the attribute again, or change its type in the schema and `leyden migrate`"
    ),
    "item.uncommitted": Kind(NOTE, "`leyden migrate FOLDER FILE --commit`, or `--rollback`"),
    "item.earlier": Kind(NOTE, "`leyden migrate FOLDER FILE` moves it"),
    "attribute.missing": Kind(NOTE, "set it, or give it a default and `leyden migrate`"),
    "attribute.unknown": Kind(
        NOTE, "add the attribute to the schema, or remove the field by a migration: `remove: [...]`"
    ),
    "attribute.stale": Kind(
        WARNING, "read the item and put it again: a put derives the attribute again"
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
    "entry.stale": Kind(FAULT, _AGAIN + " and removes others"),
    "entry.differs": Kind(FAULT, f"{_AGAIN}; {_MANY}"),
    "entry.partial": Kind(
        WARNING, "set the other attributes of that key as well, or none; Leyden refuses half a key"
    ),
    "vector.unparted": Kind(FAULT, "also set the attribute that divides the index"),
    "vector.dimensions": Kind(
        FAULT, "embed it again with the same model as the others: no search finds it now"
    ),
    "vector.zero": Kind(FAULT, "embed it again, or remove the vector: zeros have no direction"),
    "vector.empty": Kind(FAULT, "remove the attribute, or set a value that is not empty"),
    # Items and their companions.
    "unique.unguarded": Kind(FAULT, _ADOPT),
    "unique.duplicate": Kind(
        FAULT, "change one of the items that share the values, then " + _ADOPT
    ),
    "guard.ownerless": Kind(WARNING, _TAKEN_OVER),
    "guard.stale": Kind(WARNING, _TAKEN_OVER),
    "guard.unneeded": Kind(WARNING, "delete it, since its constraint is gone: " + _DELETE),
    "part.missing": Kind(FAULT, _LOST),
    "part.damaged": Kind(FAULT, _LOST),
    "part.unknown": Kind(
        FAULT,
        "read it with the later version of Leyden that wrote it; if none did, delete the item and "
        "put it again: " + _DELETE,
    ),
    "part.orphan": Kind(WARNING, "`app.entities.ENTITY.sweep_overflow()` deletes such parts"),
    # As grave as the findings that it counts.
    "others": Kind(FAULT, "fix what is listed first, and check again"),
}
"""Every kind of finding by code.

Differences between the table and the schemas have codes of their own, and are faults.
"""


@frozen
class Finding:
    """One finding.

    `code` is its kind and `severity` its severity: `fault`, `warning` or `note`. `subject` is what
    it is about: an entity (`task`), an access pattern (`task.assigned`), an index (`gsi1`), or
    empty for the table. `remedy` says how to fix it; in its commands, FOLDER stands for the folder
    of the schemas and KEY for an item's key. `count` items have this fault, and `keys` are the raw
    keys of the first of them, empty if it is not about items.
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
        """The raw key of the first item with this fault; None if it is not about items."""
        return self.keys[0] if self.keys else None


class Problem(NamedTuple):
    """Something wrong with one item, in words that are the same for all items with that fault."""

    code: str
    subject: str
    message: str


Told = Callable[[Finding], object]

_NAMES: Final = re.compile(r"\b(?:TABLE|ENTITY)\b")
"""The placeholders in remedies for the names of the table and of the entity."""


class Findings:
    """Collects findings, and groups those that are the same for many items.

    It calls `found` with each of them, with its item's key alone.
    """

    def __init__(self, table: str, *, strict: bool = False, found: Told | None = None) -> None:
        self._table = table
        self._strict = strict
        self._found = found
        self._groups: dict[tuple[str, str, str], Finding] = {}
        self._kinds: Counter[str] = Counter()
        """How many findings each code has."""

    def add(self, problem: Problem, key: Item | None = None, *, remedy: str = "") -> None:
        """Add a problem of the item with this key, or of none."""
        kind = KINDS.get(problem.code, Kind(FAULT, ""))
        severity = FAULT if self._strict and problem.code == "item.foreign" else kind.severity
        names = {"TABLE": word(self._table), "ENTITY": problem.subject.partition(".")[0]}
        # A remedy from elsewhere already has the names.
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
        """Return the findings, the gravest first, then by code and subject."""
        return tuple(
            sorted(
                self._groups.values(),
                key=lambda f: (SEVERITIES.index(f.severity), f.code, f.subject, f.message),
            )
        )

    def save(self) -> list[dict[str, Any]]:
        """Return the findings as JSON."""
        return [plain_finding(one) for one in self._groups.values()]

    def restore(self, saved: Iterable[Mapping[str, Any]]) -> None:
        """Continue from saved findings."""
        for one in saved:
            keys = tuple(item_in(key) for key in one["keys"])
            finding = Finding(**{**one, "keys": keys})
            self._groups[finding.code, finding.subject, finding.message] = finding
            self._kinds[finding.code] += 1


def plain_finding(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON."""
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
    """Return a raw key as JSON, with base64 text for bytes."""
    plain: dict[str, Any] = json.loads(portable_text({"M": key}))["M"]
    return plain


def key_text(plain: Mapping[str, Any]) -> str:
    """Return the result of `plain_key` as JSON on one line of printable characters."""
    text = json.dumps(plain, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(plain)


def item_in(plain: Mapping[str, Any]) -> Item:
    """Return the raw key that `plain_key` was called with."""
    key: Item = portable_value(json.dumps({"M": plain}).encode())["M"]
    return key
