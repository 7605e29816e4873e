"""The JSON Schema of all files that people write, for editors."""

from __future__ import annotations

from typing import Final

from leyden.schema.examples import SNIPPETS
from leyden.schema.language import ENTITY
from leyden.schema.migration_language import MIGRATION
from leyden.schema.shapes import SHAPES, Json, Options
from leyden.schema.table_language import TABLE

SCHEMA_ID: Final = "urn:leyden:schema:1"
"""The stable name of the JSON Schema. It changes where files of an older Leyden no longer fit."""


def json_schema() -> Json:
    """The JSON Schema (2020-12) of entity files, of table.yaml and of migration files.

    A document that has what only a migration has is one, and a document that has nothing but
    options of the table describes the table. Any other is an entity, an empty one too, so that
    editors offer what an entity begins with. What needs more than one place of a file to judge is
    left to `check_service` and to `load_migration`: whatever this schema refuses, they refuse as
    well.

    >>> json_schema()["title"]
    'A Leyden schema file'
    """
    of_entity = [{"required": [name]} for name in ("entity", "attributes")]
    of_table = _only_in(TABLE, ENTITY, MIGRATION)
    of_migration = _only_in(MIGRATION, ENTITY, TABLE)
    only_indexes = {"required": ["indexes"], "maxProperties": 1}
    # The word that somebody types there is no option yet.
    known = [*dict.fromkeys((*ENTITY.options, *TABLE.options, *MIGRATION.options))]
    nothing_yet = {"maxProperties": 1, "propertyNames": {"not": {"enum": known}}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "A Leyden schema file",
        "description": "An entity, the description of the table that entities share, or a "
        "migration.",
        "type": "object",
        "if": {"not": {"anyOf": of_entity}, "anyOf": of_migration},
        "then": {"$ref": "#/$defs/migration"},
        "else": {
            "if": {"not": {"anyOf": of_entity}, "anyOf": [*of_table, only_indexes]},
            "then": {"$ref": "#/$defs/table"},
            "else": {"$ref": "#/$defs/entity"},
        },
        "allOf": [{"if": nothing_yet, "then": {"defaultSnippets": [*SNIPPETS]}}],
        "$defs": {
            "entity": ENTITY.json(),
            "table": {**TABLE.json(), "minProperties": 1},
            "migration": MIGRATION.json(),
            **{name: shape.json() for name, shape in SHAPES.items()},
        },
    }


def _only_in(one: Options, *others: Options) -> list[Json]:
    """What tells a document of one kind: each option that the others do not have."""
    taken = {name for other in others for name in other.options}
    return [{"required": [name]} for name in one.options if name not in taken]
