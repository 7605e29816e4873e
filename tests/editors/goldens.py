"""What an editor offers and says at some places of schema files, as golden files.

`python -m tests.editors.goldens` writes them anew: after a new option, or another description.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.editors.language_server import LanguageServer
from tests.interop.node_process import ROOT

GOLDEN: Final = Path(__file__).parent / "golden"
SCHEMAS: Final = ROOT / "schemas"
FIRST_LINE: Final = "# yaml-language-server: $schema=../leyden.schema.json\n"

_ATTRIBUTES: Final = "entity: task\nattributes:\n  "
_PATTERN: Final = "entity: task\nindexes:\n  by_status:\n    "
_MIGRATION: Final = "migration: assignee\nentities:\n  task:\n    "

COMPLETIONS: Final[Mapping[str, str]] = {
    "an_empty_file": "|",
    "the_first_word": "en|",
    "the_second_option": "entity: task\n|",
    "a_new_attribute": f"{_ATTRIBUTES}|",
    "a_type": f"{_ATTRIBUTES}title: |",
    "an_attribute_option": f"{_ATTRIBUTES}title:\n    type: string\n    |",
    "a_default": f"{_ATTRIBUTES}task_id: {{type: string, default: |}}",
    "a_pattern_option": f"{_PATTERN}|",
    "a_key_option": f"{_PATTERN}pk:\n      |",
    "a_metric": f"{_PATTERN}vector: {{index: vec1, attribute: embedding, metric: |}}",
    "a_table_option": "table: shop\n|",
    "a_projection": "table: shop\nindexes: {gsi1: {projection: |}}",
    "a_migration_option": "migration: assignee\n|",
    "what_becomes_of_an_entity": f"{_MIGRATION}|",
    "what_becomes_of_an_attribute": f"{_MIGRATION}attributes:\n      assignee:\n        |",
}
"""Places, each marked with a bar, where somebody asks what may stand there."""

HOVERS: Final[Mapping[str, str]] = {
    "entity": "ent|ity: task",
    "type": f"{_ATTRIBUTES}paid_at: {{type: time|stamp}}",
    "padding": f'{_ATTRIBUTES}points: {{type: number, pad|ding: {{length: 5, char: "0"}}}}',
    "default": f"{_ATTRIBUTES}task_id: {{type: string, def|ault: {{generate: uuid7}}}}",
    "validate": f"{_ATTRIBUTES}isbn: {{type: string, vali|date: {{call: is_isbn}}}}",
    "items": f"{_ATTRIBUTES}lines: {{type: list, it|ems: {{type: string}}}}",
    "attribute": f"{_ATTRIBUTES}ti|tle: {{type: string}}",
    "overflow": f"{_ATTRIBUTES}body: {{type: string, over|flow: chunk}}",
    "absent": f"{_PATTERN}ab|sent: out",
    "composite": f"{_PATTERN}pk: {{field: gsi1pk, compo|site: [status]}}",
    "keys": "entity: task\nke|ys: strict",
    "unique": "entity: task\nuni|que: [[email]]",
    "ttl": "table: shop\ntt|l: expires_at",
    "decide": f"{_MIGRATION}dec|ide: [whether it is the same]",
    "back": f"{_MIGRATION}attributes: {{points: {{value: to_number(points), ba|ck: points}}}}",
}
"""Places, each marked with a bar, where somebody asks what it means."""


def said(server: LanguageServer, kind: str, name: str) -> str:
    """What the server offers or says at a place, as text."""
    marked = {"completion": COMPLETIONS, "hover": HOVERS}[kind][name]
    before, _, after = marked.partition("|")
    line, character = before.count("\n") + 1, len(before.rpartition("\n")[2])
    path = SCHEMAS / "edited" / f"{kind}_{name}.yaml"
    document = server.open(path, f"{FIRST_LINE}{before}{after}\n")
    if kind == "completion":
        answer = "\n".join(map(_offered, document.completions(line, character)))
    else:
        # Where the schema is, is another place on each machine.
        answer = document.hover(line, character).partition("\n\nSource: ")[0]
    return f"{marked}\n---\n{answer}\n"


def _offered(item: Mapping[str, Any]) -> str:
    about = item.get("documentation") or ""
    text = about["value"] if isinstance(about, Mapping) else about
    first = next((line for line in text.splitlines() if line.strip()), "")
    return f"{item['label']} -> {item.get('insertText')!r}  # {first}"


def main() -> None:
    """Write all golden files."""
    with LanguageServer(SCHEMAS) as server:
        for kind, places in (("completion", COMPLETIONS), ("hover", HOVERS)):
            for name in places:
                GOLDEN.mkdir(exist_ok=True)
                (GOLDEN / f"{kind}_{name}.txt").write_text(said(server, kind, name), "utf-8")


if __name__ == "__main__":
    main()
