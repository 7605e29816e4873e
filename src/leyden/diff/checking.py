"""Decide whether a pull request may be merged: it is safe, or comes with a migration."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

from attrs import frozen

from leyden._text import did_you_mean, listed
from leyden.diff.changes import CLASSES, SAFE, Diff
from leyden.diff.comparing import compare
from leyden.errors import InvalidOptionError, SchemaError
from leyden.schema import check_against, load_migration

FOLDER: Final = "migrations"
"""The folder of migration files, in the folder of the new schemas or in one above it."""

_TOPS: Final = ("pyproject.toml", ".git")
"""Files that mark the top folder of a project."""


@frozen
class Verdict:
    """Whether a diff passes, the migration file that it needed, and the reasons if it fails."""

    passes: bool
    file: Path | None = None
    reasons: tuple[str, ...] = ()


def check_diff(diff: Diff, folder: Path, allow: Collection[str] = ()) -> Verdict:
    """Judge a diff: it passes if every change is safe, or has only classes in `allow`.

    Otherwise it needs a migration file in `migrations/`, in the `folder` of the new schemas or in
    one above it, up to the top of the project. The file's old schemas must be those of the diff,
    and it must name each entity whose items have to be migrated. If a file for the diff has open
    questions, the diff fails.

    Raises InvalidOptionError for an unknown class.
    """
    for kind in allow:
        if kind not in CLASSES:
            hint = did_you_mean(kind, CLASSES) or f"; they are {listed(CLASSES)}"
            raise InvalidOptionError(f'there is no class of changes "{kind}"{hint}')
    allowed = {SAFE, *allow}
    blocking = [change for change in diff.changes if not allowed.issuperset(change.classes)]
    needed = {change.entity for change in blocking if change.migration is not None}
    fitting: list[Path] = []
    reasons: list[str] = []
    undecided: list[str] = []
    places = [*migration_places(folder)]
    for file in migration_files(places):
        try:
            why, asked = shortcomings(diff, file, needed)
        except SchemaError as error:
            why, asked = [f"{file} cannot be read: {error.faults[0]}"], False
        reasons += why
        if asked:
            undecided += why
        if not why:
            fitting.append(file)
    if undecided:
        return Verdict(False, None, tuple(undecided))
    if not blocking:
        return Verdict(True)
    if fitting:
        return Verdict(True, fitting[0])
    subjects = listed(dict.fromkeys(change.subject for change in blocking))
    plural = "are" if len(blocking) > 1 else "is"
    looked = listed(map(str, places), "or")
    none = "no migration file fits" if reasons else f"no migration file is in {looked}"
    return Verdict(False, None, (f"{subjects} {plural} not safe, and {none}", *reasons))


def migration_places(folder: Path) -> Iterator[Path]:
    """Yield the folders that may hold the migration files of some schemas, the nearest first.

    If no folder is the top of a project, these are the schemas' folder and the one above it.
    """
    inside = Path(os.path.abspath(folder if folder.is_dir() else folder.parent))
    above = [inside, *inside.parents]
    tops = (n for n, place in enumerate(above) if any((place / top).exists() for top in _TOPS))
    for place in above[: next(tops, 1) + 1]:
        yield (place if folder.is_absolute() else Path(os.path.relpath(place))) / FOLDER


def migration_files(places: Iterable[Path]) -> Iterator[Path]:
    """Yield the migration files in these folders."""
    for place in places:
        if place.is_dir():
            yield from sorted(file for file in place.iterdir() if file.suffix in (".yaml", ".yml"))


def shortcomings(diff: Diff, file: Path, entities: Iterable[str | None]) -> tuple[list[str], bool]:
    """Return why a migration file does not fit a diff, and whether it has open questions.

    The list is empty if it fits. Raises SchemaError for a file that cannot be read.
    """
    migration = load_migration(file)
    if compare(migration.earlier, diff.old).changes:
        return [f"{file} starts from other schemas than these"], False
    found = []
    try:
        check_against(migration, diff.new)
    except SchemaError as error:
        found += [str(fault) for fault in error.faults]
    missing = sorted(name for name in entities if name and name not in migration.entities)
    if missing:
        found.append(f"{file} leaves out {listed(missing)}, whose items have to be migrated")
    return found, bool(migration.questions)
