"""The table itself: its definition, and programs that work on a table whatever items it has.

`app.table_definition` is the definition of a service's table, and `table_definition(spec)` that of
schemas which `leyden.schema` loaded. The programs create a table, compare one with a definition,
add indexes to it, and read and write raw items. `app.driver.run(program)` runs them; with an
asynchronous service you await it.

>>> page = app.driver.run(tables.read_items(app.table, limit=100))      # doctest: +SKIP
>>> app.driver.run(tables.write_items(app.table, page.items[:25]))      # doctest: +SKIP
"""

from leyden.mapping.merging import table_definition
from leyden.mapping.table import (
    IndexDefinition,
    TableDefinition,
    VectorIndexDefinition,
    recovery_params,
    replica_params,
)
from leyden.tables.adding import (
    AddedIndexes,
    IndexProgress,
    add_indexes,
    add_vector_indexes,
)
from leyden.tables.comparing import compare_table
from leyden.tables.creating import CreateTableResult, check_table, create_table
from leyden.tables.describing import describe_backups, describe_tags, describe_ttl
from leyden.tables.differences import Difference
from leyden.tables.items import IMPORT as IMPORT
from leyden.tables.items import (
    WRITE_ATTEMPTS,
    WRITE_LIMIT,
    ItemsPage,
    ItemsWritten,
    check_size,
    read_items,
    transactions_of,
    write_items,
)
from leyden.tables.settings import (
    compare_settings,
    recovery_option,
    replica_option,
    table_option,
    ttl_option,
)

__all__ = [
    "WRITE_ATTEMPTS",
    "WRITE_LIMIT",
    "AddedIndexes",
    "CreateTableResult",
    "Difference",
    "IndexDefinition",
    "IndexProgress",
    "ItemsPage",
    "ItemsWritten",
    "TableDefinition",
    "VectorIndexDefinition",
    "add_indexes",
    "add_vector_indexes",
    "check_size",
    "check_table",
    "compare_settings",
    "compare_table",
    "create_table",
    "describe_backups",
    "describe_tags",
    "describe_ttl",
    "read_items",
    "recovery_option",
    "recovery_params",
    "replica_option",
    "replica_params",
    "table_definition",
    "table_option",
    "transactions_of",
    "ttl_option",
    "write_items",
]
