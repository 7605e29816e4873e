"""Read the two sides of a comparison: folders and files, or revisions of git."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

import leyden
from leyden.errors import InvalidOptionError, SchemaError
from leyden.schema import ServiceSpec, Texts, texts_of

_SUFFIXES: Final = (".yaml", ".yml")
_POINTER: Final = re.compile(r"^(# yaml-language-server: \$schema=)(\S+)", re.MULTILINE)
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


@frozen
class Side:
    """One side of a comparison: its service, and the files that it was read from.

    `label` is the name that the caller used. `folder` is its place on the disk; None for a
    revision.
    """

    label: str
    service: ServiceSpec
    texts: Mapping[str, str]
    folder: Path | None = None

    def place(self, file: str) -> str:
        """Return the path of a file on this side as people can find it."""
        if self.folder is not None or re.split("[:/]", self.label)[-1] == file:
            return file if self.folder is not None else self.label
        between = "" if self.label.endswith(("/", ":")) else "/"
        return f"{self.label}{between}{file}"

    @property
    def json_schema(self) -> str | None:
        """The path or URL of the JSON Schema that its files name for editors.

        None if they name none, and for a revision, whose files have no place on the disk.
        """
        if self.folder is None:
            return None
        inside = self.folder if self.folder.is_dir() else self.folder.parent
        for found in filter(None, map(_POINTER.search, self.texts.values())):
            where = str(found[2])
            return where if _URL.match(where) else os.path.normpath(inside / where)
        return None


def pointing_to(schema: str, text: str, folder: Path, *, always: bool = False) -> str:
    """Return the text of a file in `folder`, with the line that names a JSON Schema for editors.

    An existing line is changed. With `always`, a text without such a line gets one.
    """
    where = schema
    if not _URL.match(schema):
        where = Path(os.path.relpath(schema, folder)).as_posix()
    if always and not _POINTER.search(text):
        return f"# yaml-language-server: $schema={where}\n{text}"
    return _POINTER.sub(lambda found: f"{found[1]}{where}", text, count=1)


def read_side(where: str | os.PathLike[str], beside: Path | None = None) -> Side:
    """Read one side: a folder, a file, `REV:PATH`, or `REV` for the place of `beside` in it.

    If something with that name exists on the disk, it is not a revision. `REV:PATH` means what it
    means to git: PATH starts at the top of the repository, or with `./` at the working directory.
    If the revision has no schemas at the place of `beside`, this side has none, so the other side
    is all new. The functions that the schemas call are not needed.

    Raises InvalidOptionError if nothing is there, or git fails, and SchemaError if the schemas have
    faults.

    >>> read_side("main:schemas/taskapp").service.service               # doctest: +SKIP
    'taskapp'
    """
    name = os.fspath(where)
    if os.path.exists(name):
        return _checked(name, texts_of(name), Path(name))
    revision, colon, _ = name.partition(":")
    if not revision or revision.startswith("-"):
        raise InvalidOptionError(f'there is no folder "{name}", and it is not a revision of git')
    if colon:
        return _checked(name, _texts_at(name, Path()))
    if beside is None:
        raise InvalidOptionError(
            f'there is no folder "{name}"; for a revision, name the folder too: "{name}:PATH"'
        )
    there, file = (beside, "") if beside.is_dir() else (beside.parent, beside.name)
    label = f"{name}:{beside.as_posix()}"
    try:
        return _checked(label, _texts_at(f"{name}:./{file}", there, shown=label))
    except InvalidOptionError:
        # The revision exists, but has no schemas in this place yet.
        _git(there, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", about=label)
        return Side(label, ServiceSpec("", {}), {})


def _checked(label: str, texts: Texts, folder: Path | None = None) -> Side:
    """Return a side after checking that its schemas have no faults."""
    result = leyden.check_schemas(texts if folder is None else folder)
    side = Side(label, ServiceSpec("", {}), texts.by_name, folder)
    if result.service is None or result.errors:
        raise SchemaError(
            [
                evolve(fault, span=evolve(fault.span, file=side.place(fault.span.file)))
                for fault in result.errors
            ]
        )
    return evolve(side, service=result.service)


def _texts_at(name: str, folder: Path, shown: str | None = None) -> Texts:
    """Return the schema files at a path that git names, seen from a folder."""
    label = shown or name
    kind = _git(folder, "cat-file", "-t", name, about=label).strip()
    if kind == "blob":
        file = name.rpartition("/")[2].rpartition(":")[2]
        return Texts({file: _git(folder, "show", name, about=label)})
    listing = _git(folder, "ls-tree", "-z", "--full-tree", name, about=label)
    entries = (line.partition("\t") for line in listing.split("\0") if line)
    files = [
        file
        for said, _, file in entries
        if said.split()[1] == "blob" and os.path.splitext(file)[1] in _SUFFIXES
    ]
    if not files:
        raise InvalidOptionError(f'there are no .yaml or .yml files in "{label}"')
    base = name if name.endswith(("/", ":")) else f"{name}/"
    # table.yaml first, as in a folder.
    files.sort(key=lambda file: (file.rpartition(".")[0] != "table", file))
    return Texts({file: _git(folder, "show", f"{base}{file}", about=label) for file in files})


def _git(folder: Path, *arguments: str, about: str) -> str:
    """Return what git prints. Raises InvalidOptionError if git is missing or fails."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, check=False, timeout=60
        )
        text = done.stdout.decode("utf-8")
    except FileNotFoundError:
        raise InvalidOptionError(
            f'there is no folder "{about}", and git, which could read it as a revision, '
            "is not installed"
        ) from None
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        raise InvalidOptionError(f'"{about}" cannot be read by git: {error}') from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = said[0].removeprefix("fatal: ") if said else f"exit code {done.returncode}"
        raise InvalidOptionError(
            f'there is no folder "{about}", and git knows no such revision: {why}'
        )
    return text
