"""The files in which requests and runs are kept.

A file has its cases, each with the lines of what was sent and what came of it, and the bodies that
these lines name, since most are the same in many cases.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conformance.notes import small_limits
from tests.operations.golden.requests import requests
from tests.operations.golden.runs import runs

FILES: Final = Path(__file__).parent
_REFERENCE: Final = "="


def cases() -> dict[str, dict[str, Callable[[], list[Any]]]]:
    """All cases, by the names of their files."""
    return {"requests": requests(), **runs()}


@cache
def kept(name: str) -> dict[str, Any]:
    """The cases of a file, bodies in their places."""
    found = json.loads((FILES / f"{name}.json").read_text(encoding="utf-8"))
    bodies = found["bodies"]

    def whole(value: Any) -> Any:
        if isinstance(value, str) and value.startswith(_REFERENCE):
            return bodies[value.removeprefix(_REFERENCE)]
        if isinstance(value, list):
            return [whole(one) for one in value]
        if isinstance(value, dict):
            return {key: whole(one) for key, one in value.items()}
        return value

    return {case: whole(steps) for case, steps in found["cases"].items()}


def record_all() -> Iterator[str]:
    """Write all files anew; gives their names."""
    with pytest.MonkeyPatch.context() as patch:
        small_limits(patch)
        for name, some in cases().items():
            _write(name, {case: plain(run()) for case, run in some.items()})
            yield name


def plain(value: Any) -> Any:
    """What JSON makes of a value."""
    return json.loads(json.dumps(value, ensure_ascii=False))


def _write(name: str, cases: Mapping[str, Any]) -> None:
    bodies: dict[str, str] = {}

    def named(value: Any) -> Any:
        """A line in which bodies are named."""
        if isinstance(value, dict):
            (key,) = value
            if key == "gather":
                return {key: [named(one) for one in value[key]]}
            return {key: refer(value[key])}
        if isinstance(value, list):
            return [refer(one) if isinstance(one, dict) else one for one in value]
        return value

    def refer(body: Any) -> str:
        text = json.dumps(body, ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()[:10]
        bodies[digest] = text
        return f"{_REFERENCE}{digest}"

    lines = [
        f"  {json.dumps(case)}: {json.dumps([named(step) for step in steps], ensure_ascii=False)}"
        for case, steps in cases.items()
    ]
    held = [f'  "{digest}": {text}' for digest, text in sorted(bodies.items())]
    (FILES / f"{name}.json").write_text(
        '{\n "cases": {\n'
        + ",\n".join(lines)
        + '\n },\n "bodies": {\n'
        + ",\n".join(held)
        + "\n }\n}\n",
        encoding="utf-8",
    )
