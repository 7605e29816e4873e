"""The JSON Schema of all files that people write, for editors."""

from __future__ import annotations

from typing import Final

from leyden.schema.examples import SNIPPETS
from leyden.schema.language import ENTITY
from leyden.schema.migration_language import MIGRATION
from leyden.schema.shapes import SHAPES, Json, Options
from leyden.schema.table_language import TABLE

SCHEMA_ID: Final = "urn:leyden:schema:1"
"""The stable name of the JSON Schema. It changes if files of an older Leyden no longer fit."""


def json_schema() -> Json:
    """Return the JSON Schema (2020-12) of entity files, of table.yaml and of migration files.

    A document with an option that only migrations have is a migration. A document that has nothing
    but options of the table describes the table. Any other document is an entity, even an empty
    one, so that editors offer what an entity begins with. `check_service` and `load_migration`
    judge whatever needs more than one place of a file. They also refuse everything that this schema
    refuses.

    >>> json_schema()["title"]
    'A Leyden schema file'
    """
    of_entity = [{"required": [name]} for name in ("entity", "attributes")]
    of_table = _only_in(TABLE, ENTITY, MIGRATION)
    of_migration = _only_in(MIGRATION, ENTITY, TABLE)
    only_indexes = {"required": ["indexes"], "maxProperties": 1}
    # While somebody is still typing the first word, it is not an option yet.
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
    """Return the conditions that identify one kind of document: options that no other kind has."""
    taken = {name for other in others for name in other.options}
    return [{"required": [name]} for name in one.options if name not in taken]
