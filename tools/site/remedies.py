"""What to do about each error of `leyden.errors`, by its code; the reference shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REMEDIES: Final[Mapping[str, str]] = {
    "leyden": "Catch this class to catch every error of Leyden. Catch a class below it to react to "
    "one kind.",
    "schema.invalid": "Correct the files. Each fault has its own [code](schema-faults.md), and "
    "`leyden check` prints them all.",
    "input": "Correct the call. Leyden has sent nothing, so that you can call again.",
    "input.unknown_attribute": "Check the spelling; the message suggests the nearest name. Use the "
    "name in Python, not the stored `field`.",
    "input.unknown_name": "Check the spelling. `leyden patterns` lists all entities and access "
    "patterns.",
    "input.invalid_value": "Pass a value that the attribute takes. The message names the rule, "
    "`path` the attribute.",
    "input.required": "Give the attribute a value, or a `default` in the schema.",
    "input.read_only": "Leave the attribute out. To change a key, write a new item and delete the "
    "old one, in a transaction if both must happen.",
    "key.missing_composite": "Pass the attributes that `missing` names. For an update, pass what "
    "the item has with `.composite()`, or begin with a record that you have read.",
    "key.composite_conflict": "Call `.composite()` once for each attribute.",
    "key.ambiguous": "Use values without the separators of keys (`#` and `_`) here, or choose "
    "[strict keys](../keys.md#strict-keys).",
    "cursor.invalid": "Begin with the first page, and pass each cursor back unchanged, to the same "
    'query in the same direction. For a cursor of ElectroDB, pass `cursor_from="electrodb"`.',
    "option.invalid": "Check the name and the value of the option. "
    "[Options of operations](options.md) lists which call takes which.",
    "expression.invalid": "Compare attributes with values of their type. JMESPath expressions read "
    "attributes by their names in Python.",
    "item.too_large": "Store less, or give the largest attribute "
    "[`overflow: chunk`](../guides/large-values.md).",
    "input.arguments": "Call it as the message shows.",
    "call.style": "Write `await` for a service of `leyden.load_async`, and leave it out for one of "
    "`leyden.load`.",
    "item.unreadable": "Find out who wrote the item: `leyden doctor` lists all items that do not "
    'fit. To read past such items, pass `unreadable="collect"`.',
    "item.not_decrypted": "Pass every key that ever encrypted values as `encryption_keys=`. If the "
    "key is there, treat the value as manipulated.",
    "item.not_converted": "Change the item, or the migration's expression for `path`, and run the "
    "migration again.",
    "migration.refused": "Follow the message. `leyden migrate --dry-run` shows the current step.",
    "migration.busy": "Wait for the other process. If it has crashed, repeat the command later.",
    "record.not_read": "Name the attribute in the option `attributes` of the read.",
    "hook.failed": "Correct the function. `__cause__` is its own exception, with its traceback.",
    "result.none": "Use `.first()` if there may be no record: it returns None.",
    "result.multiple": "Make the query more precise, or use `.first()` if any record will do.",
    "store.not_found": "Create the record first, or check its id.",
    "store.save_incomplete": "Save everything again: that is safe. `failures` says what to mend "
    "first.",
    "memory.thread_owner": "Pass the resource that owns the thread. Otherwise treat it as an "
    "attempt to read somebody else's thread.",
    "memory.index_incomplete": "Call `memory.reindex()` for the thread, or run `leyden reindex`, "
    "when the vector store works again.",
    "embedder.failed": "Check the embedder's model, dimensions and credentials.",
    "vectors.failed": "Look at `__cause__`. Then upsert the vectors again.",
    "vectors.input": "Correct the vector, the filter or the option. Nothing was sent.",
    "vectors.index_not_found": "Create the index with `create_index`, or `memory.init()`.",
    "vectors.index_mismatch": "Use the embedder that made the index, or make another index.",
    "batch.incomplete": "Send `result.unprocessed` again. Read the entries in `unsure` first if "
    "writing them twice would do harm.",
    "transaction.canceled": "Look at `rejections`. Nothing was written, so you can read the items "
    "again and repeat the transaction.",
    "condition.failed": "Read the item, decide again, and repeat the write if it still fits.",
    "item.exists": "Use `put` to overwrite the item, or `upsert` to create or change it.",
    "item.not_found": "Use `upsert` to create a missing item, or `delete` if it need not exist.",
    "key.collision": "Choose another id. ElectroDB's keys are lowercase, so that `A1` and `a1` "
    "collide; [strict keys](../keys.md#strict-keys) do not.",
    "version.conflict": "Merge your change into `stored`, and write that. "
    "[Versions and patch](../guides/versions-and-patch.md) has a retry loop.",
    "unique.violated": "Ask for another value. If `owner` does not exist any more, run "
    "`leyden doctor`.",
    "table": "See the classes below it.",
    "table.not_found": "Check the table's name, region and endpoint; `leyden config` shows them. "
    "Create the table with `leyden table --create`.",
    "table.mismatch": "`differences` lists what to change. `leyden table --check` shows it too.",
    "table.index_not_ready": "Wait: `app.add_vector_indexes()` returns when the index is ready.",
    "engine.unavailable": "Install what the message names, usually the extra `leyden[local]`.",
    "aws.failed": "Look at `aws_code` and at the request. If `unsure` is true, find out whether "
    "the write happened before you repeat it.",
    "aws.throttled": "Slow down, raise the table's capacity, or spread a "
    "[hot partition](../explanation/hot-partitions.md).",
    "aws.credentials": "Set credentials as for boto3: variables, a profile, or a role. "
    "[Configuration](configuration.md#aws-settings) lists what Leyden reads.",
    "aws.unsupported": "Use AWS itself or the embedded engine. DynamoDB Local, for example, does "
    "not know SearchVectors.",
    "aws.connection": "Check the endpoint, the region and the network. If `unsure` is true, the "
    "write may have happened.",
}
