"""What Leyden writes for the shipped schemas, in every format: `python -m tests.provision.goldens`.

The command writes the files below `golden/` anew. Look at what `git diff` says of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from leyden.memory import with_vectors
from leyden.provision import (
    Wanted,
    cloudformation_yaml,
    iam_cloudformation,
    iam_json,
    iam_terraform,
    permissions,
    written,
)
from leyden.schema import ServiceSpec, load_service

ROOT: Final = Path(__file__).parents[2]
GOLDEN: Final = Path(__file__).parent / "golden"

DIMENSIONS: Final = 256
"""How long the vectors are for which the memory table has an index."""

TABLE_FILES: Final = {
    "cloudformation.yaml": "cloudformation",
    "cloudformation.json": "cloudformation-json",
    "sam.yaml": "sam",
    "table.json": "json",
    "boto3_script.py": "boto3",
    "cdk_stack.py": "cdk-python",
    "cdk-stack.ts": "cdk-typescript",
    "table.tf": "terraform",
    "TABLE_SETUP.md": "markdown",
}
"""The format of each file."""


def services() -> dict[str, ServiceSpec]:
    """The schemas of which there are golden files, by their folder."""
    return {
        "memory": with_vectors(load_service(ROOT / "schemas" / "memory"), DIMENSIONS),
        "taskapp": load_service(ROOT / "schemas" / "taskapp"),
        "desk": load_service(ROOT / "examples" / "desk" / "schemas" / "desk"),
    }


def texts(service: ServiceSpec, source: str) -> Iterator[tuple[str, str]]:
    """Each file's name, and what is in it."""
    table = service.table.table or service.service
    for name, form in TABLE_FILES.items():
        yield name, written(form, Wanted(service, table, source=source))
    allowed = permissions(service, table)
    yield "iam.json", json.dumps(iam_json(allowed), indent=2) + "\n"
    yield "iam.yaml", cloudformation_yaml(iam_cloudformation(allowed, role="lambda"))
    yield "iam.tf", iam_terraform(allowed, role="lambda")


def write() -> None:
    """Write all of them."""
    for name, service in services().items():
        folder = GOLDEN / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in texts(service, name):
            (folder / file).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
