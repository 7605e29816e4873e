"""What to do about each fault code of schemas, and a schema with that fault.

A case shows only the part of a file that matters, and `whole` adds the rest of a small entity. Text
that is not YAML stays as it is. Several documents stand for several files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml
from attrs import frozen

from leyden.schema.table_language import TABLE

BASE: Final = """\
entity: note
version: "1"
service: notes
attributes:
  id: {type: string, required: true}
  text: string
indexes:
  notes:
    pk: {field: pk, composite: [id]}
    sk: {field: sk, composite: []}
"""
"""The entity that cases are parts of."""


@frozen
class Case:
    """The remedy for a fault, and the part of a schema that causes it; empty if none can."""

    fix: str
    text: str = ""


def whole(code: str) -> str:
    """Return the schema of a code's case, with all that the case leaves out."""
    text = CASES[code].text
    if code.startswith("yaml."):
        return text
    documents = [*yaml.safe_load_all(text)]
    made = [one if _is_of_table(one) else _completed(one) for one in documents]
    if all(map(_is_of_table, documents)) and code != "source.no_entity":
        made.append(yaml.safe_load(BASE))
    return yaml.safe_dump_all(made, sort_keys=False)


def _is_of_table(document: Mapping[str, Any]) -> bool:
    return document.keys() <= TABLE.options.keys() and "table" in document


def _completed(part: Mapping[str, Any]) -> dict[str, Any]:
    base: dict[str, Any] = yaml.safe_load(BASE)
    made = {**base, **part}
    if isinstance(part.get("attributes"), dict):
        made["attributes"] = {**base["attributes"], **part["attributes"]}
    indexes = part.get("indexes")
    only_others = isinstance(indexes, dict) and all(
        isinstance(one, dict) and ("index" in one or "vector" in one) for one in indexes.values()
    )
    if only_others:
        made["indexes"] = {**base["indexes"], **part["indexes"]}
    return made


CASES: Final[Mapping[str, Case]] = {
    "source.missing": Case(
        "Check the path that you passed to `leyden.load` or to the command. It is relative to the "
        "current folder; a path in `[tool.leyden]` is relative to `pyproject.toml`."
    ),
    "source.unreadable": Case("Check the permissions of the file, and of the folders above it."),
    "source.too_large": Case(
        "Split the file: one file for each entity. A schema file has at most 1 MB."
    ),
    "source.empty": Case(
        "Put your `*.yaml` files directly into the folder. `leyden init` writes a folder to begin "
        "with."
    ),
    "source.subfolder": Case(
        "A service is one folder. Move the file up, or load the subfolder as another service."
    ),
    "source.no_entity": Case(
        "Add an entity. A `table.yaml` alone describes a table without items.",
        "table: notes\n",
    ),
    "source.invalid": Case(
        "Pass a path, YAML text, or a dict to `leyden.load`. A dict holds what YAML can: texts, "
        "numbers, `True` and `False`, lists and dicts."
    ),
    "source.more": Case("Mend the faults that are listed. Leyden then lists the others."),
    "yaml.encoding": Case("Save the file as UTF-8."),
    "yaml.character": Case(
        "Remove the character. In a text in double quotes, write it as an escape such as `\\x07`."
    ),
    "yaml.syntax": Case(
        "Look at the place that the message names, and at the line before it. Often a quote or a "
        "bracket is not closed, or the indentation is off.",
        'entity: note\nservice: "notes\nversion: 1"2\n',
    ),
    "yaml.empty": Case(
        "Delete the file, or the `---` that begins an empty document.", "# nothing yet\n"
    ),
    "yaml.too_deep": Case(
        "Flatten it. A file may nest 40 levels deep.",
        "entity: " + "[" * 41 + "]" * 41 + "\n",
    ),
    "yaml.too_many_nodes": Case("Use fewer aliases: write shared values once, or split the file."),
    "yaml.alias_recursive": Case(
        "Write the value out. An alias cannot stand inside of the value that it names.",
        "entity: &name [*name]\n",
    ),
    "yaml.alias_unknown": Case(
        "Put the anchor (`&name`) before the alias (`*name`).", "entity: *name\n"
    ),
    "yaml.tag": Case(
        "Write a plain value. Schemas never run code: name a function with `{call: NAME}`.",
        "entity: !custom note\n",
    ),
    "yaml.merge": Case(
        "Write the options out, or use an alias for a whole value.",
        "attributes:\n  id: &id {type: string}\n  text:\n    <<: *id\n",
    ),
    "yaml.key": Case("Write a plain word before the colon.", "[entity]: note\n"),
    "yaml.duplicate_key": Case(
        "Delete one of the two. YAML parsers keep the last one silently; Leyden refuses both.",
        "attributes:\n  text: string\n  text: integer\n",
    ),
    "yaml.no_value": Case(
        "Quote a text that has a comma when it stands inside of braces.",
        "attributes:\n  text: {type: string, description: short, in English}\n",
    ),
    "option.unknown": Case(
        "Correct the name. [The schema language](schema-language.md) lists all options.",
        "attributes:\n  text: {type: string, requird: true}\n",
    ),
    "option.missing": Case(
        "Add the option that the message names.", "attributes:\n  text: {max_length: 80}\n"
    ),
    "option.type": Case(
        "Write a value of the kind that the message asks for. Quote a text that looks like a "
        "number, `true` or a date.",
        "attributes:\n  text: {type: string, required: maybe}\n",
    ),
    "option.value": Case(
        "Choose one of the values that the message lists.",
        "attributes:\n  text: {type: strng}\n",
    ),
    "option.alone": Case(
        "Leave the other options out. An access pattern with `vector` has no key of its own, and a "
        "changed attribute of a migration has either `value` or `call`.",
        "attributes:\n  meaning: {type: vector, dimensions: 4}\n"
        "indexes:\n  near:\n    index: gsi1\n    vector: {index: vec1, attribute: meaning}\n",
    ),
    "option.not_for_type": Case(
        "Leave the option out, or give the attribute a type that has it.",
        "attributes:\n  text: {type: string, min: 1}\n",
    ),
    "name.invalid": Case(
        "Choose a name that Python allows. `field:` gives the stored name of an attribute, "
        "`alias:` the name of an entity in Python.",
        "attributes:\n  due-date: timestamp\n",
    ),
    "name.taken": Case(
        "Choose another name, and keep the stored one with `field:`.",
        "attributes:\n  to_dict: string\n",
    ),
    "attribute.field_duplicate": Case(
        "Give one of the two another `field`.",
        "attributes:\n  text: string\n  body: {type: string, field: text}\n",
    ),
    "attribute.field_reserved": Case(
        "Choose another `field`. Leyden writes this one itself.",
        "attributes:\n  kind: {type: string, field: __edb_e__}\n",
    ),
    "attribute.field_is_key": Case(
        "Give the attribute another `field`, or let the key consist of this attribute alone.",
        "attributes:\n  text: {type: string, field: pk}\n",
    ),
    "attribute.pattern": Case(
        "Correct the expression. It has the syntax of Python's `re`.",
        'attributes:\n  text: {type: string, pattern: "^(a|b"}\n',
    ),
    "attribute.pattern_unbounded": Case(
        "Rewrite the pattern so that no repetition stands inside another one of the same "
        "characters, or leave out the look-ahead or back reference.",
        'attributes:\n  text: {type: string, pattern: "^(a+)+(?=b)$"}\n',
    ),
    "attribute.bounds": Case(
        "Swap or correct the limits.", "attributes:\n  points: {type: integer, min: 5, max: 1}\n"
    ),
    "attribute.never_valid": Case(
        "Correct the pattern, or leave it out: an enum lists its values already.",
        'attributes:\n  state: {type: [open, closed], pattern: "^[A-Z]+$"}\n',
    ),
    "attribute.enum_duplicate": Case(
        "Delete one of the two.", "attributes:\n  state: {type: [open, closed, open]}\n"
    ),
    "attribute.tag_taken": Case(
        "Rename the property. The tag itself is stored under this name.",
        "attributes:\n  paid:\n    type: union\n    tag: kind\n"
        "    variants:\n      card: {properties: {kind: string}}\n",
    ),
    "attribute.default": Case(
        "Write a default that the attribute would take from a caller.",
        "attributes:\n  state: {type: [open, closed], default: opne}\n",
    ),
    "attribute.default_incomplete": Case(
        "Write the property into the default, or leave the default out.",
        "attributes:\n  place:\n    type: map\n"
        "    properties: {city: {type: string, required: true}}\n    default: {}\n",
    ),
    "attribute.default_and_derive": Case(
        "Leave one of the two out. Leyden always computes a derived attribute.",
        "attributes:\n  short: {type: string, derive: text, default: none}\n",
    ),
    "attribute.on_write_conflict": Case(
        "Decide: `on_write` sets the value with every write, `default` only for a new item.",
        "attributes:\n  at: {type: timestamp, on_write: {generate: now}, read_only: true}\n",
    ),
    "attribute.generate": Case(
        "Change the attribute's type, or what is generated.",
        "attributes:\n  number: {type: number, default: {generate: uuid4}}\n",
    ),
    "attribute.made": Case(
        "Name an attribute that holds a time, or a text for a slug.",
        "attributes:\n  done: boolean\n  day: {type: string, derive: {bucket: day, of: done}}\n",
    ),
    "attribute.normalize": Case(
        "Keep one of the forms, and write defaults and enum values in that form.",
        "attributes:\n  text: {type: string, normalize: [lower, upper]}\n",
    ),
    "attribute.prefix": Case(
        "Write a prefix that values can have, or leave it out.",
        "attributes:\n  code: {type: string, normalize: lower, prefix: ORD_}\n",
    ),
    "attribute.watch_unknown": Case(
        "Correct the name. `watch` lists attributes of the same entity.",
        "attributes:\n  short: {type: string, derive: {call: cut}, watch: [txt]}\n",
    ),
    "attribute.watch_itself": Case(
        "Leave the attribute out of its own `watch`.",
        "attributes:\n  short: {type: string, derive: {call: cut}, watch: [short]}\n",
    ),
    "attribute.watch_watcher": Case(
        "Watch the attributes that the other one watches. Leyden derives all attributes from the "
        "values that you give, in one step.",
        "attributes:\n  short: {type: string, derive: text}\n"
        "  shorter: {type: string, derive: {call: cut}, watch: [short]}\n",
    ),
    "attribute.watch_without_derive": Case(
        "Add `derive`, `set` or `get`, or delete `watch`.",
        "attributes:\n  short: {type: string, watch: [text]}\n",
    ),
    "attribute.derive_without_watch": Case(
        "List the attributes that the function reads under `watch`.",
        "attributes:\n  short: {type: string, derive: {call: cut}}\n",
    ),
    "attribute.derive_unwatched": Case(
        "Leave `watch` out: Leyden then watches all that the expression reads.",
        "attributes:\n  title: string\n"
        "  both: {type: string, derive: \"join(' ', [title, text])\", watch: [text]}\n",
    ),
    "attribute.set_on_key": Case(
        "Use `normalize` instead, which Leyden also applies to the values that you look for.",
        "attributes:\n  id: {type: string, required: true, set: {call: clean}}\n",
    ),
    "attribute.encrypt": Case(
        "Leave `encrypt` out, or take the attribute out of keys, `when`, `unique` and indexes.",
        "attributes:\n  id: {type: string, required: true, encrypt: true}\n",
    ),
    "attribute.overflow_on_key": Case(
        "Leave `overflow` out. DynamoDB limits keys to 2048 and 1024 bytes.",
        "attributes:\n  id: {type: string, required: true, overflow: chunk}\n",
    ),
    "attribute.ttl_default": Case(
        "Count from the time of the write, with `default: {after: 90 days}`.",
        "attributes:\n  gone_at: {type: ttl, default: 1800000000}\n",
    ),
    "attribute.overflow": Case(
        "Give the table's own key a sort key that is text and that Leyden builds: "
        "`sk: {field: sk, composite: []}` is enough. If an index projects the attribute, project "
        "`__overflow__` as well. `leyden.load` reports this fault."
    ),
    "expression.syntax": Case(
        "Correct the expression. In JMESPath numbers stand in backticks, texts in single quotes, "
        "and conditions are joined with `&&` and `||`.",
        'attributes:\n  points: {type: number, validate: "@ > 0"}\n',
    ),
    "expression.always_null": Case(
        "Ask in a way that fits the type: `starts_with()` and `contains()` for texts, or a "
        "function with `{call: NAME}`.",
        "attributes:\n  at: {type: timestamp, required: true}\n"
        '  day: {type: string, derive: "at[0:10]"}\n',
    ),
    "expression.always_alike": Case(
        "Compare with a value that the attribute can have, of the same type.",
        "attributes:\n  state: {type: [open, closed], required: true}\nindexes:\n  by_state:\n"
        "    index: gsi1\n    when: \"state == 'opn'\"\n"
        "    pk: {field: gsi1pk, composite: [state]}\n"
        "    sk: {field: gsi1sk, composite: [id]}\n",
    ),
    "expression.unknown_attribute": Case(
        "Correct the name. A text stands in single quotes, a number in backticks.",
        "attributes:\n  short: {type: string, derive: txt}\n",
    ),
    "entity.identifiers": Case(
        "Choose a field that no attribute and no key uses, a different one for each.",
        "identifiers: {entity: pk, version: _v}\n",
    ),
    "entity.unique": Case(
        "List attributes that can be in a key, each constraint once.", "unique: [[txt]]\n"
    ),
    "entity.version_attribute": Case(
        "Name an `integer` or `number` attribute without `read_only`, `derive` or `on_write`, that "
        "is in no key.",
        "version_attribute: text\n",
    ),
    "key.unknown_attribute": Case(
        "Correct the name, or declare the attribute.",
        "indexes:\n  notes:\n    pk: {field: pk, composite: [ide]}\n",
    ),
    "key.composite_type": Case(
        "Use an attribute of another type, or derive a text from this one.",
        "attributes:\n  tags: {type: set, items: string}\n"
        "indexes:\n  notes:\n    pk: {field: pk, composite: [tags]}\n",
    ),
    "key.composite_repeated": Case(
        "Delete one of the two.",
        "indexes:\n  notes:\n    pk: {field: pk, composite: [id, id]}\n",
    ),
    "key.composite_in_both": Case(
        "Take the attribute out of one of the keys, unless you need it there and no ElectroDB "
        "client reads the schema.",
        "indexes:\n  notes:\n    pk: {field: pk, composite: [id]}\n"
        "    sk: {field: sk, composite: [text, id]}\n",
    ),
    "key.composite_missing": Case(
        "Add `composite` or `template`. A partition key for the whole table takes `composite: []`.",
        "indexes:\n  notes:\n    pk: {field: pk}\n",
    ),
    "key.template": Case(
        "Write attributes as `${name}`.",
        'indexes:\n  notes:\n    pk: {field: pk, template: "NOTE#${id"}\n',
    ),
    "key.template_literal": Case(
        "Put a `$` before the brace if you mean the attribute.",
        'indexes:\n  notes:\n    pk: {field: pk, template: "NOTE#{id}"}\n',
    ),
    "key.template_mismatch": Case(
        "Leave `composite` out: the template names the attributes already.",
        'indexes:\n  notes:\n    pk: {field: pk, template: "N#${id}", composite: [text]}\n',
    ),
    "key.template_not_strict": Case(
        "List the attributes in `composite`: strict keys separate values by themselves.",
        'keys: strict\nindexes:\n  notes:\n    pk: {field: pk, template: "N#${id}#${text}"}\n',
    ),
    "key.template_type": Case(
        "Store the attribute in a field of its own, or give it a type of text.",
        "attributes:\n  number: {type: integer, required: true, field: pk}\n"
        'indexes:\n  notes:\n    pk: {field: pk, template: "N#${number}"}\n',
    ),
    "key.label_duplicate": Case(
        "Give one of the attributes another `label`.",
        "attributes:\n  text: {type: string, label: id, required: true}\n"
        "indexes:\n  notes:\n    pk: {field: pk, composite: [id, text]}\n",
    ),
    "key.fields_equal": Case(
        "Give the sort key a field of its own.",
        "indexes:\n  notes:\n    pk: {field: pk, composite: [id]}\n"
        "    sk: {field: pk, composite: []}\n",
    ),
    "key.field_reserved": Case(
        "Choose another `field`. Leyden writes this one itself.",
        "indexes:\n  notes:\n    pk: {field: __edb_e__, composite: [id]}\n",
    ),
    "key.cast": Case(
        "Leave `cast` out, or let the key consist of a single number.",
        "indexes:\n  notes:\n    pk: {field: pk, composite: [id, text], cast: number}\n",
    ),
    "key.number_unpadded": Case(
        'Add `padding: {length: 5, char: "0"}`, or give the entity `keys: strict`.',
        "attributes:\n  points: {type: integer, required: true}\nindexes:\n  notes:\n"
        "    pk: {field: pk, composite: [id]}\n    sk: {field: sk, composite: [points]}\n",
    ),
    "key.padding_negative": Case(
        "Give the attribute a `min` of 0, or the entity `keys: strict`.",
        'attributes:\n  rank: {type: integer, required: true, padding: {length: 4, char: "0"}}\n'
        "indexes:\n  notes:\n    pk: {field: pk, composite: [id]}\n"
        "    sk: {field: sk, composite: [rank]}\n",
    ),
    "key.range_unbounded": Case(
        "Give the number a `max` that fits its padding, or the entity `keys: strict`. Until then a "
        "range works, and reads more than it returns.",
        "attributes:\n  rank:\n    type: integer\n    required: true\n    min: 0\n"
        '    padding: {length: 4, char: "0"}\nindexes:\n  notes:\n'
        "    pk: {field: pk, composite: [id]}\n    sk: {field: sk, composite: [rank, text]}\n",
    ),
    "key.casing_mismatch": Case(
        "Write the same `casing` in all access patterns that store this key.",
        "indexes:\n  notes:\n    pk: {field: pk, composite: [id], casing: upper}\n"
        "  others:\n    index: lsi1\n    pk: {field: pk, composite: [id], casing: none}\n"
        "    sk: {field: lsi1sk, composite: [text]}\n",
    ),
    "index.name": Case(
        "Choose a name of 3 to 255 letters, digits, dots, hyphens and underscores.",
        "indexes:\n  by_text:\n    index: my index\n    pk: {field: gsi1pk, composite: [text]}\n"
        "    sk: {field: gsi1sk, composite: [id]}\n",
    ),
    "index.short_name": Case(
        "Choose a name of at least 3 characters before you create the table.",
        "indexes:\n  by_text:\n    index: g1\n    pk: {field: gsi1pk, composite: [text]}\n"
        "    sk: {field: gsi1sk, composite: [id]}\n",
    ),
    "index.primary_missing": Case(
        "Leave `index` out of the access pattern that is the table's own key.",
        "indexes:\n  notes:\n    index: gsi1\n    pk: {field: gsi1pk, composite: [id]}\n"
        "  texts:\n    index: gsi2\n    pk: {field: gsi2pk, composite: [text]}\n",
    ),
    "index.primary_duplicate": Case(
        "Say with `index` which of the table's indexes the other access pattern uses.",
        "indexes:\n  notes:\n    pk: {field: pk, composite: [id]}\n"
        "  texts:\n    pk: {field: gsi1pk, composite: [text]}\n",
    ),
    "index.primary_option": Case(
        "Leave the option out. The table's own key holds every item, whole.",
        "indexes:\n  notes:\n    when: \"text == 'x'\"\n    pk: {field: pk, composite: [id]}\n",
    ),
    "index.duplicate": Case(
        "Give one of the two another index. An entity can use an index only once.",
        "indexes:\n  by_text:\n    index: gsi1\n    pk: {field: gsi1pk, composite: [text]}\n"
        "  by_id:\n    index: gsi1\n    pk: {field: gsi1pk, composite: [id]}\n",
    ),
    "index.field_conflict": Case(
        "Give the key of each index fields of its own.",
        "indexes:\n  by_text:\n    index: gsi1\n    pk: {field: gsi1pk, composite: [text]}\n"
        "  by_id:\n    index: gsi2\n    pk: {field: gsi1pk, composite: [id]}\n",
    ),
    "index.multi_attribute": Case(
        "Leave the option out. The keys of a `composite` index are attributes as they are stored.",
        "indexes:\n  by_text:\n    index: gsi1\n    type: composite\n    scope: drafts\n"
        "    pk: {composite: [text]}\n    sk: {composite: [id]}\n",
    ),
    "index.mismatch": Case(
        "Let all entities build the index from the same fields, of the same type.",
        "entity: note\nindexes:\n  by_text:\n    index: gsi1\n"
        "    pk: {field: gsi1pk, composite: [text]}\n---\nentity: page\nindexes:\n  of_text:\n"
        "    index: gsi1\n    pk: {field: other, composite: [text]}\n",
    ),
    "index.lsi_partition_key": Case(
        "Build the partition key in the table's own field, and add a sort key; or make the index "
        "a `gsi`.",
        "table: notes\nindexes:\n  lsi1: {kind: lsi}\n---\nentity: note\nindexes:\n  by_text:\n"
        "    index: lsi1\n    pk: {field: lsi1pk, composite: [text]}\n"
        "    sk: {field: lsi1sk, composite: [id]}\n",
    ),
    "index.never_out": Case(
        "Store at least half of the index's key in a field that only this index uses.",
        "attributes:\n  state: {type: [open, closed], required: true}\nindexes:\n  by_state:\n"
        "    index: gsi1\n    when: \"state == 'open'\"\n"
        "    pk: {field: state, composite: [state]}\n"
        "    sk: {field: sk, composite: []}\n",
    ),
    "index.optional_composite": Case(
        "Make the attribute required, give it a default, or say with `when` or `absent: out` which "
        "items are in the index.",
        "indexes:\n  by_text:\n    index: gsi1\n    pk: {field: gsi1pk, composite: [text]}\n"
        "    sk: {field: gsi1sk, composite: [id]}\n",
    ),
    "index.projection": Case(
        "List stored fields, which may differ from the names of the attributes.",
        "table: notes\nindexes:\n  gsi1: {projection: [txt]}\n---\nentity: note\nindexes:\n"
        "  by_text:\n    index: gsi1\n    projection: [txt]\n"
        "    pk: {field: gsi1pk, composite: [text]}\n    sk: {field: gsi1sk, composite: [id]}\n",
    ),
    "search.unknown_attribute": Case(
        "Correct the name, or declare the attribute.",
        "attributes:\n  meaning: {type: vector, dimensions: 4}\n"
        "indexes:\n  near:\n    vector: {index: vec1, attribute: meanin}\n",
    ),
    "search.not_a_vector": Case(
        "Name an attribute of the type `vector`.",
        "indexes:\n  near:\n    vector: {index: vec1, attribute: text}\n",
    ),
    "search.condition": Case(
        "Use an attribute of the item itself that is stored as text, a number or binary.",
        "attributes:\n  meaning: {type: vector, dimensions: 4}\n  open: boolean\n"
        "indexes:\n  near:\n    vector: {index: vec1, attribute: meaning, filters: [open]}\n",
    ),
    "search.mismatch": Case(
        "Give the index the same field, dimensions, metric and partition in all entities.",
        "entity: note\nattributes:\n  meaning: {type: vector, dimensions: 4}\n"
        "indexes:\n  near:\n    vector: {index: vec1, attribute: meaning}\n---\n"
        "entity: page\nattributes:\n  meaning: {type: vector, dimensions: 4}\nindexes:\n  alike:\n"
        "    vector: {index: vec1, attribute: meaning, metric: euclidean}\n",
    ),
    "search.index_taken": Case(
        "Give the vector index another name, and do not list it in `table.yaml`.",
        "table: notes\nindexes:\n  vec1: {projection: all}\n---\nentity: note\nattributes:\n"
        "  meaning: {type: vector, dimensions: 4}\n"
        "indexes:\n  near:\n    vector: {index: vec1, attribute: meaning}\n",
    ),
    "search.field": Case(
        "Give the attribute of the other entity another `field`. DynamoDB refuses an item that "
        "does not fit the index, whatever entity it belongs to.",
        "entity: note\nattributes:\n  meaning: {type: vector, dimensions: 4}\n"
        "indexes:\n  near:\n    vector: {index: vec1, attribute: meaning}\n---\n"
        "entity: page\nattributes:\n  meaning: string\n",
    ),
    "search.limit": Case(
        "Leave some out. A table has at most 5 vector indexes; an index has at most 18 filters and "
        "20 projected fields.",
        "attributes:\n  meaning: {type: vector, dimensions: 4}\nindexes:\n"
        + "".join(
            f"  near{n}:\n    vector: {{index: vec{n}, attribute: meaning}}\n" for n in range(1, 7)
        ),
    ),
    "collection.single_member": Case(
        "Let other entities join the collection. Otherwise leave it out: its name is part of the "
        "keys.",
        "indexes:\n  notes:\n    collection: alone\n    pk: {field: pk, composite: [id]}\n"
        "    sk: {field: sk, composite: []}\n",
    ),
    "collection.misspelled": Case(
        "Correct the name. Until then, the collection lacks the items of this entity.",
        "entity: note\nindexes:\n  notes:\n    collection: board_page\n"
        "    pk: {field: pk, composite: [id]}\n    sk: {field: sk, composite: []}\n---\n"
        "entity: page\nindexes:\n  pages:\n    collection: board_page\n"
        "    pk: {field: pk, composite: [id]}\n    sk: {field: sk, composite: []}\n---\n"
        "entity: card\nindexes:\n  cards:\n    collection: board_pag\n"
        "    pk: {field: pk, composite: [id]}\n    sk: {field: sk, composite: []}\n",
    ),
    "collection.sort_key_missing": Case(
        "Add `sk`. The sort key tells the members of a collection apart.",
        "indexes:\n  by_text:\n    index: gsi1\n    collection: of_text\n"
        "    pk: {field: gsi1pk, composite: [text]}\n",
    ),
    "collection.repeated": Case(
        "Name the collection once, on one index.",
        "indexes:\n  notes:\n    collection: all\n    pk: {field: pk, composite: [id]}\n"
        "    sk: {field: sk, composite: []}\n  by_text:\n    index: gsi1\n    collection: all\n"
        "    pk: {field: gsi1pk, composite: [text]}\n    sk: {field: gsi1sk, composite: []}\n",
    ),
    "collection.index": Case(
        "Put all members on the same index.",
        "entity: note\nindexes:\n  by_text:\n    index: gsi1\n    collection: of_text\n"
        "    pk: {field: gsi1pk, composite: [text]}\n    sk: {field: gsi1sk, composite: []}\n---\n"
        "entity: page\nindexes:\n  of_text:\n    index: gsi2\n    collection: of_text\n"
        "    pk: {field: gsi2pk, composite: [text]}\n    sk: {field: gsi2sk, composite: []}\n",
    ),
    "collection.members": Case(
        "Build the partition key from the same attributes, with the same labels, casing and "
        "scope, in all members.",
        "entity: note\nindexes:\n  notes:\n    collection: all\n"
        "    pk: {field: pk, composite: [id]}\n    sk: {field: sk, composite: []}\n---\n"
        "entity: page\nindexes:\n  pages:\n    collection: all\n"
        "    pk: {field: pk, composite: [text]}\n    sk: {field: sk, composite: [id]}\n",
    ),
    "collection.type": Case(
        "Use one collection name, or leave `type: clustered` out.",
        "indexes:\n  by_text:\n    index: gsi1\n    type: clustered\n    collection: [all, some]\n"
        "    pk: {field: gsi1pk, composite: [text]}\n    sk: {field: gsi1sk, composite: [id]}\n",
    ),
    "collection.order": Case(
        "List the collections in the same order in all members, the outermost first.",
        "entity: note\nindexes:\n  notes:\n    collection: [all, some]\n"
        "    pk: {field: pk, composite: [id]}\n    sk: {field: sk, composite: []}\n---\n"
        "entity: page\nindexes:\n  pages:\n    collection: [some]\n"
        "    pk: {field: pk, composite: [id]}\n    sk: {field: sk, composite: []}\n",
    ),
    "service.mismatch": Case(
        "Write the same `service` into all files of a folder.",
        "entity: note\nservice: notes\n---\nentity: page\nservice: pages\n",
    ),
    "service.alias_duplicate": Case(
        "Give one of the two another `alias`.",
        "entity: note\n---\nentity: page\nalias: note\n",
    ),
    "service.alias_conflict": Case(
        "Pass the entity under its own alias, or change `alias` in its schema. This happens when "
        "you pass a dict of entities to `leyden.load`."
    ),
    "service.entity_duplicate": Case(
        "Change the name or the version of one of the two.",
        "entity: note\nalias: first\n---\nentity: note\nalias: second\n",
    ),
    "service.entity_case": Case(
        "Rename one of the two: ElectroDB's keys are lowercase, so that both would share keys.",
        "entity: note\n---\nentity: Note\n",
    ),
    "table.is_entity": Case(
        "Move the entity into a file of its own. `table.yaml` describes only the table.",
    ),
    "table.duplicate": Case(
        "Keep one description of the table.", "table: notes\n---\ntable: others\n"
    ),
    "table.key_fields": Case(
        "Store the keys of all entities in the same fields. `leyden table` and "
        "`app.create_table()` report this fault, since they merge the entities into one table."
    ),
    "table.key_type": Case(
        "Give the field one type in all entities: text, a number or binary. `leyden table` and "
        "`app.create_table()` report this fault."
    ),
    "table.not_local": Case(
        "Make the index a `gsi`, or use the table's own partition key. `leyden table` and "
        "`app.create_table()` report this fault."
    ),
    "table.too_many_key_attributes": Case(
        "DynamoDB takes 4 attributes in half of a multi-attribute key. Leave some out."
    ),
    "table.key_mismatch": Case(
        "Store the table's own key in the same fields, of the same type, in all entities.",
        "entity: note\n---\nentity: page\nindexes:\n  pages:\n"
        "    pk: {field: PK, composite: [id]}\n    sk: {field: SK, composite: []}\n",
    ),
    "table.index_unlisted": Case(
        "Add the index to `indexes` in `table.yaml`, or list none there.",
        "table: notes\nindexes:\n  gsi2: {projection: all}\n---\nentity: note\nindexes:\n"
        "  by_text:\n    index: gsi1\n    pk: {field: gsi1pk, composite: [text]}\n"
        "    sk: {field: gsi1sk, composite: [id]}\n",
    ),
    "table.index_unused": Case(
        "Delete it from `table.yaml`, or let an access pattern use it.",
        "table: notes\nindexes:\n  gsi1: {projection: all}\n",
    ),
    "table.ttl": Case(
        "Give the attribute the type `ttl`. DynamoDB reads seconds since 1970.",
        "table: notes\nttl: gone\n---\nentity: note\nattributes:\n  gone: string\n",
    ),
    "table.ttl_unknown": Case(
        "Correct the field, or declare a `ttl` attribute that is stored there.",
        "table: notes\nttl: expires\n",
    ),
    "table.ttl_ambiguous": Case(
        "Store all expiries in one field, or name the table's field with `ttl` in `table.yaml`.",
        "attributes:\n  expires_at: ttl\n  gone_at: ttl\n",
    ),
    "table.billing": Case(
        "Correct the capacity. Vector indexes need `billing: on_demand`.",
        "table: notes\nbilling:\n  read: {min: 10, max: 5}\n  write: 5\n",
    ),
    "table.kms_key": Case(
        "Write the key's ARN, its id, or an alias such as `alias/shop`.",
        "table: notes\nencryption: {kms_key: arn:aws:s3:::notes}\n",
    ),
    "table.tags": Case(
        "Choose another name. AWS keeps names that begin with `aws:` for itself.",
        "table: notes\ntags: {aws:team: notes}\n",
    ),
    "table.replicas": Case(
        "Write the names of Regions, each once. Leave `stream` out, or write "
        "`new_and_old_images`. Bill on demand, or with write capacity that scales.",
        "table: notes\nreplicas: [Ireland]\n",
    ),
    "migration.unknown": Case(
        "Correct the name in the migration file: entities and attributes of the new schemas on "
        "the left, those of the old schemas under `from`."
    ),
    "migration.undecided": Case(
        "Answer the questions under `decide`, and delete each line that you have answered."
    ),
    "migration.change": Case(
        "Do what the message says. Often an attribute needs a `value`, or a `back` so that a "
        "rollback can compute the old value. See [Migrations](../migrations.md#the-file)."
    ),
    "hook.missing": Case(
        "Add the function to the dict that you pass as `hooks=`, or to `--hooks MODULE:NAME`."
    ),
    "hook.not_callable": Case("Put a function into the dict, not the result of calling it."),
}
"""All codes of `leyden.schema.faults.CODES`."""
