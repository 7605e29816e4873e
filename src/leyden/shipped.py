"""The schema folders that come with Leyden, such as `memory` and `agents/langgraph`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from leyden._text import did_you_mean
from leyden.errors import InvalidOptionError

__all__ = ["schemas_folder", "shipped_schemas"]

_PACKAGE = Path(__file__).resolve().parent


def schemas_folder(name: str) -> Path:
    """Return the folder of shipped schemas, for `leyden.load`, such as `agents/langgraph`.

    Raises InvalidOptionError if no shipped folder has that name.

    >>> app = leyden.load(schemas_folder("memory"))                     # doctest: +SKIP
    """
    known = shipped_schemas()
    if name not in known:
        hint = did_you_mean(name, known) or f"; it has {', '.join(known) or 'none here'}"
        raise InvalidOptionError(f'no schema folder "{name}" comes with Leyden{hint}')
    return next(place / name for place in _places() if (place / name).is_dir())


def shipped_schemas() -> tuple[str, ...]:
    """Return the names that `schemas_folder` takes, in alphabetical order."""
    return tuple(
        sorted(
            {
                file.parent.relative_to(place).as_posix()
                for place in _places()
                for file in place.rglob("*.yaml")
            }
        )
    )


def _places() -> Iterator[Path]:
    """Yield the places of the folders: the installed package, or the checkout it runs from."""
    installed, checkout = _PACKAGE / "schemas", _PACKAGE.parents[1]
    if installed.is_dir():
        yield installed
    elif (checkout / "pyproject.toml").is_file() and (checkout / "schemas").is_dir():
        yield checkout / "schemas"
