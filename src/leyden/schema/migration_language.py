"""The options of migration files as tables, for the loader and for editors."""

from __future__ import annotations

from typing import Final

from leyden.schema.language import CALL
from leyden.schema.shapes import Anything, Either, Flag, ListOf, Named, Option, Options, Text

_EXPRESSION: Final = Either("JMESPath or {call: NAME}", text=Text(), mapping=CALL)

_DECIDE: Final = Option(
    ListOf(Text()),
    "Open questions of `leyden diff`. Answer each and delete it. Until then, the migration does"
    " not run.",
)

CHANGE: Final = Options(
    {
        "from": Option(
            Text(),
            "The attribute of the old schema that has the value. Default: the one of the same "
            "name.",
        ),
        "value": Option(Text(), "The new value, as JMESPath over the old attributes."),
        "call": Option(
            Text(),
            "A hook that returns the new value, in place of `value`. Leyden calls it with the "
            "old value, or None, and with all old values by name.",
        ),
        "back": Option(
            Either(
                "JMESPath, {call: NAME}, or one of these by the name of an old attribute",
                text=Text(),
                mapping=Named("an old attribute", _EXPRESSION, Text(), least=1),
            ),
            "How a rollback computes the old value: JMESPath over the new attributes, or a "
            "hook. For several old attributes, a mapping with one for each.",
        ),
    },
    "How an attribute of the new schema gets its value.",
    name="changed attribute",
    some=("from", "value", "call"),
    apart=("value", "call"),
)

MIGRATED: Final = Options(
    {
        "from": Option(Text(), "The entity's alias in the old schemas. Default: the same alias."),
        "decide": _DECIDE,
        "attributes": Option(
            Named("an attribute", CHANGE, Text()),
            "The attributes of the new schema whose values change, and how.",
        ),
        "defaults": Option(
            ListOf(Text()),
            "The attributes whose default Leyden writes into items that have no value.",
        ),
        "unique": Option(
            Flag(),
            "Write the guards of the entity's unique constraints for existing items. Default: "
            "`false`.",
        ),
        "remove": Option(
            ListOf(Text()),
            "Item fields that belong to no attribute any more. The commit removes them.",
        ),
    },
    "How the items of an entity change.",
    name="migrated entity",
)

COPY: Final = Options(
    {"table": Option(Text(), "The table that gets the copies.", required=True)},
    "A copy to another table.",
    name="copy",
)

MIGRATION: Final = Options(
    {
        "migration": Option(
            Text(),
            "The migration's name. The table keeps its progress under this name.",
            required=True,
        ),
        "from": Option(
            Either("the path of the old schemas", text=Text(), mapping=Anything()),
            "The old schemas: a folder or a file, relative to this file.",
            required=True,
        ),
        "decide": _DECIDE,
        "entities": Option(
            Named("an entity", MIGRATED, Text()),
            "How entities change, by their alias in the new schemas.",
            required=True,
        ),
        "copy": Option(COPY, "Copy the items to another table, and leave this one as it is."),
    },
    "A migration: how stored items change when their schemas have changed.",
    name="migration",
)
