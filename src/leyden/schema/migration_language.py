"""The options of a migration's file as tables, for its loader and for editors."""

from __future__ import annotations

from typing import Final

from leyden.schema.language import CALL
from leyden.schema.shapes import Anything, Either, Flag, ListOf, Named, Option, Options, Text

_EXPRESSION: Final = Either("JMESPath or {call: NAME}", text=Text(), mapping=CALL)

_DECIDE: Final = Option(
    ListOf(Text()),
    "What people have still to decide: questions of `leyden diff`. Answer each and delete it; "
    "until then, nothing runs with the migration.",
)

CHANGE: Final = Options(
    {
        "from": Option(
            Text(), "The attribute of the old schema whose value it gets; the one of its own name."
        ),
        "value": Option(
            Text(), "JMESPath over the old attributes by name, which gives the value to store."
        ),
        "call": Option(
            Text(),
            "The name of a hook in place of `value`. It is called with the old value (None where "
            "there is none) and with all old values by name.",
        ),
        "back": Option(
            Either(
                "JMESPath, {call: NAME}, or one of these by the name of an old attribute",
                text=Text(),
                mapping=Named("an old attribute", _EXPRESSION, Text(), least=1),
            ),
            "How a rollback gets the old value: JMESPath over the new attributes by name, or a "
            "hook. Several old attributes each have their own, by name.",
        ),
    },
    "How an attribute of the new schemas gets its value.",
    name="changed attribute",
    some=("from", "value", "call"),
    apart=("value", "call"),
)

MIGRATED: Final = Options(
    {
        "from": Option(Text(), "The entity's alias in the old schemas; the same one by default."),
        "decide": _DECIDE,
        "attributes": Option(
            Named("an attribute", CHANGE, Text()),
            "The attributes of the new schema whose values change, each with how.",
        ),
        "defaults": Option(
            ListOf(Text()), "The attributes whose default is written where an item has no value."
        ),
        "unique": Option(Flag(), "Whether items are brought under the unique constraints."),
        "remove": Option(
            ListOf(Text()), "Item fields that no attribute knows, and that the commit removes."
        ),
    },
    "What becomes of the items of an entity.",
    name="migrated entity",
)

COPY: Final = Options(
    {"table": Option(Text(), "The table to copy to.", required=True)},
    "Another table, which the items are copied to.",
    name="copy",
)

MIGRATION: Final = Options(
    {
        "migration": Option(
            Text(), "Its name, under which the table keeps its progress.", required=True
        ),
        "from": Option(
            Either("the path of the old schemas", text=Text(), mapping=Anything()),
            "The old schemas: a folder or a file, relative to this file.",
            required=True,
        ),
        "decide": _DECIDE,
        "entities": Option(
            Named("an entity", MIGRATED, Text()),
            "What becomes of entities, by their alias in the new schemas.",
            required=True,
        ),
        "copy": Option(COPY, "Copies the items to another table, and leaves this one as it is."),
    },
    "A migration: what becomes of the items of a table whose schemas have changed.",
    name="migration",
)
