"""The result of a comparison: changes, their classes, and the steps that deploy them.

A change is about two kinds of code that run at the same time while a service is deployed: code with
the old schemas and code with the new ones, on the same items.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import field, frozen

from leyden.schema import ServiceSpec, Span

SAFE: Final = "safe"
BACKFILL: Final = "backfill"
READERS: Final = "breaks_readers"
WRITERS: Final = "breaks_writers"
ORPHANS: Final = "orphans"
INDEX: Final = "index"
COLLIDE: Final = "may_collide"

CLASSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        SAFE: "Old and new code run side by side; every item reads and is written as before.",
        BACKFILL: "Stored items do not fit yet: they must be written again.",
        READERS: "A reader gets what it does not expect: old code from items that new code writes, "
        "or callers from what new code returns.",
        WRITERS: "A write is refused or does harm: a caller that writes as before, or old code "
        "that writes to items of new code.",
        ORPHANS: "Stored data can no longer be reached, or is lost.",
        INDEX: "The table needs a new index, a changed or a removed one, or another setting.",
        COLLIDE: "Two items, or two values that must be unique, may become one.",
    }
)
"""What each class of changes means."""

PHASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "prepare": "Prepare",
        "rename_index": "Rename in the new schemas, since DynamoDB cannot change an index, "
        "and compare again",
        "create_table": "Create the table that the new schemas need",
        "copy": "Copy the items into it, while the old code goes on",
        "switch": "Stop what writes to the old table, copy once more, and deploy the new schemas",
        "add_index": "Add to the table, and wait until it is active",
        "set_table": "Change the table's settings",
        "deploy_readers": "Deploy the new schemas everywhere before anything writes with them",
        "deploy_moving": "Deploy the new schemas everywhere, loaded with `migrating_from=`",
        "deploy": "Deploy the new schemas everywhere",
        "migrate": "Migrate the stored items",
        "deploy_settled": "Deploy the code without `migrating_from=`",
        "commit": "Commit the migration, which removes what is left of the old form",
        "drop_index": "Remove from the table, once no code reads it",
    }
)
"""The phases of a change without downtime, in order. Most changes need a few of them."""

COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "create_table": "leyden table NEW --create --table NAME",
        "copy": "leyden migrate NEW FILE",
        "add_index": "leyden table NEW --add-indexes",
        "migrate": "leyden migrate NEW FILE",
        "commit": "leyden migrate NEW FILE --commit",
    }
)
"""The commands of some phases; NEW and FILE stand for what you pass."""

MOVING: Final = ("deploy_moving", "migrate", "deploy_settled", "commit")
"""The phases of every migration."""


@frozen
class Step:
    """A step of the deployment: its phase, its subjects, and the command that does it."""

    phase: str
    about: tuple[str, ...] = ()
    command: str | None = None

    @property
    def text(self) -> str:
        """The step in words."""
        about = f": {', '.join(self.about)}" if self.about else ""
        return f"{PHASES[self.phase]}{about}"


@frozen
class Change:
    """A change, its effect, and what has to be done about it.

    `subject` names what changed: `task.attributes.points`. If it is gone, `is_old` is true and
    `span` is its place in the old schemas. `migration` is what a migration file says about the
    change (`{}` means only that the entity takes part); None if no items are migrated. `decide` is
    what people have to decide about it.
    """

    code: str
    classes: tuple[str, ...]
    subject: str
    message: str
    span: Span
    is_old: bool = False
    entity: str | None = None
    """The changed entity's alias in the new schemas; None for the table."""
    about: tuple[tuple[str, str], ...] = ()
    """What each phase has to do for this change, as pairs of a phase and a phrase."""
    migration: Mapping[str, Any] | None = field(default=None, eq=False)
    decide: str | None = None

    @property
    def is_safe(self) -> bool:
        """Whether nothing has to be done about it."""
        return self.classes == (SAFE,)

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases that the change needs, in order."""
        needed = {phase for phase, _ in self.about}
        if self.migration is not None:
            needed.update(MOVING)
        elif READERS in self.classes and "prepare" not in needed:
            needed.add("deploy_readers")
        elif not needed & {"create_table", "set_table"}:
            needed.add("deploy")
        return tuple(phase for phase in PHASES if phase in needed)

    def plain(self) -> dict[str, Any]:
        """Return the change as JSON."""
        return {
            "code": self.code,
            "classes": [*self.classes],
            "subject": self.subject,
            "message": self.message,
            "side": "old" if self.is_old else "new",
            "file": self.span.file,
            "line": self.span.line,
            "column": self.span.column,
            "phases": [*self.phases],
            "decide": self.decide,
        }


@frozen
class Diff:
    """All changes from one set of schemas to another, in the order of the new ones."""

    old: ServiceSpec
    new: ServiceSpec
    changes: tuple[Change, ...]

    @property
    def is_safe(self) -> bool:
        """Whether old and new code can run side by side with nothing else to do."""
        return all(change.is_safe for change in self.changes)

    @property
    def migrates(self) -> bool:
        """Whether stored items have to be migrated."""
        return any(change.migration is not None for change in self.changes)

    def of(self, kind: str) -> tuple[Change, ...]:
        """Return the changes of a class. Raises KeyError for an unknown class."""
        CLASSES[kind]
        return tuple(change for change in self.changes if kind in change.classes)

    @property
    def counts(self) -> dict[str, int]:
        """How many changes there are of each class, without classes that have none."""
        found = {kind: len(self.of(kind)) for kind in CLASSES}
        return {kind: count for kind, count in found.items() if count}

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps to the new schemas without downtime, in order.

        >>> for step in diff.steps:                                     # doctest: +SKIP
        ...     print(step.text)
        """
        needed = {phase for change in self.changes for phase in change.phases}
        if "create_table" in needed:
            # Copied items are read and written either in one table or in the other, and a new table
            # is created with all of its indexes.
            indexes = {"rename_index", "add_index", "drop_index"}
            needed -= {*MOVING, "deploy", "deploy_readers", *indexes}
            needed |= {"copy", "switch"}
        if "deploy_moving" in needed:
            # One deployment is enough for both.
            needed -= {"deploy", "deploy_readers"}
        elif "deploy_readers" in needed:
            needed.discard("deploy")
        return tuple(
            Step(phase, tuple(dict.fromkeys(self.about(phase))), COMMANDS.get(phase))
            for phase in PHASES
            if phase in needed
        )

    def about(self, phase: str) -> Iterable[str]:
        """Yield what a phase has to do, for each change that needs it."""
        for change in self.changes:
            yield from (text for of, text in change.about if of == phase)
            if phase in ("deploy_readers", "migrate") and phase in change.phases:
                yield change.subject

    def plain(self) -> dict[str, Any]:
        """Return the whole diff as JSON."""
        return {
            "service": self.new.service,
            "safe": self.is_safe,
            "counts": self.counts,
            "changes": [change.plain() for change in self.changes],
            "steps": [
                {"phase": step.phase, "text": step.text, "command": step.command}
                for step in self.steps
            ],
        }

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)


def in_order(classes: Iterable[str]) -> tuple[str, ...]:
    """Return the classes once each, in the order of `CLASSES`; `safe` if there are none."""
    wanted = {*classes} - {SAFE}
    return tuple(kind for kind in CLASSES if kind in wanted) or (SAFE,)
