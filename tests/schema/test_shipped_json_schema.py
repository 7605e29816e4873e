"""The JSON Schema that ships beside the schemas, for editors."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from leyden.schema import json_schema

SCHEMAS = Path(__file__).parents[2] / "schemas"


def test_the_file_is_what_the_language_says() -> None:
    """Rewrite it with `make generated`."""
    shipped = (SCHEMAS / "leyden.schema.json").read_text(encoding="utf-8")
    assert shipped == json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*/*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_schema_names_it_and_meets_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=../leyden.schema.json\n")
    jsonschema.validate(yaml.safe_load(text), json_schema())
