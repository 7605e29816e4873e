"""All commands under one roof."""

from __future__ import annotations

from typing import Final

import click

from leyden.cli.commands.adopt import adopt
from leyden.cli.commands.check import check
from leyden.cli.commands.demo import demo
from leyden.cli.commands.explain import explain
from leyden.cli.commands.export_items import export_items
from leyden.cli.commands.get import get
from leyden.cli.commands.import_electrodb import import_electrodb
from leyden.cli.commands.import_items import import_items
from leyden.cli.commands.keys import keys
from leyden.cli.commands.patterns import patterns
from leyden.cli.commands.put import put
from leyden.cli.commands.query import query
from leyden.cli.commands.scan import scan
from leyden.cli.commands.table import table
from leyden.cli.running import Application

_SECTIONS: Final[dict[str, tuple[click.Command, ...]]] = {
    "Schemas (nothing is sent)": (check, patterns, keys, explain, import_electrodb),
    "The table": (table,),
    "Items": (get, put, query, scan),
    "Whole tables": (export_items, import_items, adopt),
    "To look around": (demo,),
}


@click.group(
    cls=Application,
    sections=_SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="A FOLDER holds a service: one YAML file an entity, and table.yaml. Every command has "
    "an example: leyden COMMAND --help",
)
@click.version_option(package_name="leyden", prog_name="leyden")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def leyden(debug: bool) -> None:
    """Work with single-table DynamoDB services that are described in YAML.

    \b
      leyden check schemas/taskapp
      leyden table schemas/taskapp --create --endpoint-url http://127.0.0.1:8000
      leyden put schemas/taskapp task project_id=p1 task_id=t1 employee_id=e1
      leyden query schemas/taskapp task.assigned employee_id=e1 --order desc --json

    Answers go to standard output and everything else to standard error. The exit code is 0, or
    1 for an error, 2 for a command that cannot be understood, 130 after Ctrl-C.
    """
