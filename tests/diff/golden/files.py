"""The cases, and the text of what a diff says of one."""

from __future__ import annotations

import textwrap
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from leyden.diff import Diff, compare
from leyden.schema import ServiceSpec, Texts, load_service, texts_of

HERE: Final = Path(__file__).parent
EXPECTED: Final = HERE / "expected"


def _same(value: Any, values: Any) -> Any:
    return value


HOOKS: Final[dict[str, Any]] = dict.fromkeys(("shown", "stored", "displayed", "shorten"), _same)


@cache
def cases() -> dict[str, dict[str, Any]]:
    """The changes of each case, by its name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "cases.yaml").read_text())
    return found


def changed(begun: dict[str, str], changes: dict[str, Any]) -> dict[str, str]:
    """The files of the base with the changes of a case in them."""
    files = dict(begun)
    for file, said in changes.items():
        if isinstance(said, str):
            files[file] = said
            continue
        for before, after in said.items():
            assert before in files[file], f"{file} has no {before!r}"
            files[file] = files[file].replace(before, after)
    return {name: text for name, text in files.items() if text}


@cache
def base() -> tuple[dict[str, str], ServiceSpec]:
    """What all cases begin with: its files, and its service."""
    texts = texts_of(HERE / "base")
    return dict(texts.by_name), load_service(texts, hooks=HOOKS)


@cache
def diff_of(name: str) -> Diff:
    """The diff of a case."""
    files, before = base()
    return compare(before, load_service(Texts(changed(files, cases()[name])), hooks=HOOKS))


def shown(diff: Diff) -> str:
    """A diff as text."""
    lines = []
    for change in diff.changes:
        side = " (old)" if change.is_old else ""
        lines += [
            f"{change.code}: {change.subject}: {', '.join(change.classes)}",
            *textwrap.wrap(change.message, 92, initial_indent="    ", subsequent_indent="    "),
            f"    at {change.span}{side}",
        ]
        if change.migration is not None:
            lines.append(f"    migration: {dict(change.migration)}")
        if change.decide is not None:
            lines.append(f"    decide {change.decide}")
    lines += [f"{number}. {step.text}" for number, step in enumerate(diff.steps, 1)]
    return "\n".join(lines) + "\n"
