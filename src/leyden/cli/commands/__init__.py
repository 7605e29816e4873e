"""The commands, in the sections of `leyden --help`.

A command is a function in a module of this folder and a line here: where it is, and what the list
says of it. To add one, write both.
"""

from __future__ import annotations

from typing import Final

_HERE: Final = "leyden.cli.commands"

SECTIONS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "Schemas (nothing is sent)": {
        "check": (f"{_HERE}.schemas:check", "Report every fault with its file, line and column."),
        "patterns": (f"{_HERE}.schemas:patterns", "List or draw every access pattern."),
        "keys": (f"{_HERE}.keys:keys", "Show the keys that an item gets in each access pattern."),
        "explain": (f"{_HERE}.explain:explain", "Show what an operation would read or write."),
        "import-electrodb": (
            f"{_HERE}.import_electrodb:import_electrodb",
            "Convert ElectroDB models into schema files.",
        ),
    },
    "The table": {
        "table": (
            f"{_HERE}.table:table",
            "Print, create or compare the table that the schemas need.",
        ),
    },
    "Items": {
        "get": (f"{_HERE}.items:get", "Print the item with a key."),
        "put": (f"{_HERE}.items:put", "Write an item, or the items of a file."),
        "query": (f"{_HERE}.items:query", "Print items by an access pattern."),
        "scan": (f"{_HERE}.items:scan", "Print items by reading the whole table."),
    },
    "Whole tables": {
        "export": (f"{_HERE}.transfer:export_items", "Write a table to a file of JSON lines."),
        "import": (f"{_HERE}.transfer:import_items", "Write a file of JSON lines into a table."),
        "adopt": (
            f"{_HERE}.table:adopt",
            "Write the missing guards of unique values for existing items.",
        ),
    },
    "To look around": {
        "demo": ("leyden.demo:demo", "Show what Leyden does, on an engine inside this process."),
    },
}
