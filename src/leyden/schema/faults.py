"""Faults in schema files: what is wrong, where, how bad it is, and the code that names it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from leyden._attrs import frozen
from leyden.schema.spec import Span

CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # The source as a whole.
        "source.missing": "There is no such file or folder.",
        "source.unreadable": "A file or folder cannot be read.",
        "source.too_large": "A file is over the size limit.",
        "source.empty": "A folder has no YAML files, or the text is empty.",
        "source.subfolder": "An entity in a subfolder, which Leyden does not read.",
        "source.no_entity": "The source has no entity.",
        "source.invalid": "The source, or a value in it, is of a kind that no schema has.",
        "source.more": "There are too many faults to list.",
        # One file as YAML.
        "yaml.encoding": "A file is not UTF-8.",
        "yaml.character": "A character that YAML does not allow.",
        "yaml.syntax": "The text is not YAML.",
        "yaml.empty": "A file, or a document in it, is empty.",
        "yaml.too_deep": "The nesting is too deep.",
        "yaml.too_many_nodes": "A document is too large once its aliases are expanded.",
        "yaml.alias_recursive": "An alias refers to what it is inside of.",
        "yaml.alias_unknown": "An alias refers to no anchor.",
        "yaml.tag": "A tag; schemas hold plain values only.",
        "yaml.merge": "A merge key (`<<`).",
        "yaml.key": "A key that is not plain text.",
        "yaml.duplicate_key": "A key occurs twice in one mapping.",
        "yaml.no_value": "A word alone in braces: YAML cut a text at its comma.",
        # Options and their values.
        "option.unknown": "An option that does not exist.",
        "option.missing": "A required option is missing.",
        "option.type": "An option's value is of the wrong kind.",
        "option.value": "An option's value is of the right kind, but not one that it takes.",
        "option.alone": "An option that excludes others has some beside it.",
        "option.not_for_type": "An option that attributes of this type do not have.",
        "name.invalid": "A name that cannot be a name in Python.",
        "name.taken": "A name that the API uses for something else.",
        # Attributes.
        "attribute.field_duplicate": "Two attributes are stored in one field.",
        "attribute.field_reserved": "A field that Leyden itself writes into items.",
        "attribute.field_is_key": "An attribute is stored in the field of a key made of more.",
        "attribute.pattern": "A pattern is not a regular expression.",
        "attribute.pattern_unbounded": "A pattern for which a short text may take hours.",
        "attribute.bounds": "Limits that exclude each other, or do not fit the type.",
        "attribute.never_valid": "No value of an enum matches the attribute's own pattern.",
        "attribute.enum_duplicate": "An enum lists a value twice.",
        "attribute.tag_taken": "A variant has a property in the field of the tag.",
        "attribute.default": "A literal does not fit the attribute's type or limits.",
        "attribute.default_incomplete": "A default lacks a property that is required.",
        "attribute.default_and_derive": "A derived attribute has a default.",
        "attribute.on_write_conflict": "`on_write` beside an option that contradicts it.",
        "attribute.generate": "A generated value does not fit the attribute's type.",
        "attribute.made": "A bucket, slug or time does not fit its attribute or its source.",
        "attribute.normalize": "Normal forms that exclude each other, or a value not in its form.",
        "attribute.prefix": "A prefix that values of the attribute cannot have.",
        "attribute.watch_unknown": "A watched attribute does not exist.",
        "attribute.watch_itself": "An attribute watches itself.",
        "attribute.watch_watcher": "An attribute watches one that is itself derived.",
        "attribute.watch_without_derive": "`watch` without `derive`, `set` or `get`.",
        "attribute.derive_without_watch": "Nothing says when to derive the attribute again.",
        "attribute.derive_unwatched": "A derivation reads an attribute that is not watched.",
        "attribute.set_on_key": "A `set` hook on an attribute that makes keys.",
        "attribute.encrypt": "Something would need the readable value of an encrypted attribute.",
        "attribute.overflow_on_key": "`overflow` on an attribute that makes keys.",
        "attribute.ttl_default": "A default lets all items expire at the same moment, or at once.",
        "attribute.overflow": "Leyden could not store a large value outside of its item.",
        # JMESPath.
        "expression.syntax": "An expression is not JMESPath.",
        "expression.always_null": "A part of an expression is null for every value.",
        "expression.always_alike": "A comparison has the same result for every value.",
        "expression.unknown_attribute": "An expression reads an attribute that does not exist.",
        # Entities.
        "entity.unique": "A unique constraint that cannot be kept.",
        "entity.version_attribute": "The version attribute does not exist or does not count.",
        # Keys.
        "key.unknown_attribute": "A composite attribute does not exist.",
        "key.composite_type": "An attribute of a type that cannot be in a key.",
        "key.composite_repeated": "A composite attribute occurs twice in one key.",
        "key.composite_in_both": "A composite attribute is in both keys of an index.",
        "key.composite_missing": "A partition key has neither `composite` nor `template`.",
        "entity.identifiers": "A field cannot hold the name or the version of the entity.",
        "key.template": "A template cannot be read.",
        "key.template_literal": "What looks like an attribute in a template is plain text.",
        "key.template_mismatch": "`composite` and `template` list different attributes.",
        "key.template_not_strict": "A template joins values in an entity with strict keys.",
        "key.template_type": "A template has text around a number in its own field.",
        "key.label_duplicate": "Two composite attributes of one key have one label.",
        "key.fields_equal": "Partition key and sort key are stored in one field.",
        "key.field_reserved": "A key is stored in a field that Leyden itself writes.",
        "key.cast": "A cast that the key's attributes do not allow.",
        "key.number_unpadded": "A number in a sort key sorts as text.",
        "key.padding_negative": "A padded number may be negative, and then sorts wrongly.",
        "key.range_unbounded": "The key cannot bound a range over a number in it.",
        "key.casing_mismatch": "One key field with different casings.",
        # Indexes.
        "index.name": "A name that DynamoDB takes for no index.",
        "index.short_name": "An index has a name that is too short for DynamoDB.",
        "index.primary_missing": "No access pattern uses the table's own key.",
        "index.primary_duplicate": "Two access patterns use the table's own key.",
        "index.primary_option": "An option that the table's own key cannot have.",
        "index.duplicate": "Two access patterns of one entity use one index.",
        "index.field_conflict": "Two access patterns write one field in different ways.",
        "index.multi_attribute": "A `composite` index breaks a rule of multi-attribute keys.",
        "index.mismatch": "Entities, or an entity and the table, disagree about an index.",
        "index.lsi_partition_key": "A local index has another partition key than the table.",
        "index.never_out": "A sparse index that cannot leave an item out.",
        "index.optional_composite": "An item may lack an attribute of an index's keys.",
        "index.projection": "A projection lists a field that no item has.",
        # Access patterns by meaning.
        "search.unknown_attribute": "A vector index names an attribute that does not exist.",
        "search.not_a_vector": "The attribute to search is not a vector.",
        "search.condition": "An attribute cannot divide or filter a vector index.",
        "search.mismatch": "Entities disagree about a vector index.",
        "search.index_taken": "A vector index has the name of a secondary index.",
        "search.field": "A field that a vector index reads holds something else.",
        "search.limit": "More vector indexes, filters or projected fields than DynamoDB takes.",
        # Collections.
        "collection.single_member": "A collection of one entity.",
        "collection.misspelled": "A collection of one entity, whose name is almost another's.",
        "collection.sort_key_missing": "A collection on an index without a sort key.",
        "collection.repeated": "An entity is in one collection by two access patterns.",
        "collection.index": "One collection on two indexes.",
        "collection.members": "Members of a collection build their keys differently.",
        "collection.type": "Sub-collections on an index that is not isolated.",
        "collection.order": "Members list a sub-collection under different collections.",
        # The service.
        "service.mismatch": "Entities belong to different services.",
        "service.alias_duplicate": "Two entities have one alias.",
        "service.alias_conflict": "An entity is listed under another alias than it says.",
        "service.entity_duplicate": "Two entities have one name and version.",
        "service.entity_case": "The names of two entities differ only in case.",
        # The table.
        "table.is_entity": "table.yaml holds an entity.",
        "table.duplicate": "Two descriptions of the table.",
        "table.key_fields": "Entities keep one key in different fields.",
        "table.key_type": "A key field whose type differs between entities, or is none for keys.",
        "table.not_local": "A local index without the partition key of the table.",
        "table.too_many_key_attributes": "Half of a multi-attribute key has too many attributes.",
        "table.key_mismatch": "Entities disagree about the table's own key.",
        "table.index_unlisted": "An index that table.yaml does not list, where it lists others.",
        "table.index_unused": "An index that no entity uses.",
        "table.ttl": "The TTL field does not hold a time that DynamoDB can read.",
        "table.ttl_unknown": "No entity has the TTL field.",
        "table.billing": "Capacity that contradicts itself, or what the entities need.",
        "table.kms_key": "A text that does not name a key of AWS KMS.",
        "table.tags": "A tag that AWS does not take.",
        "table.replicas": "Settings that a table with replicas cannot have.",
        "table.ttl_ambiguous": "Entities have several TTL fields, and a table has one.",
        # Migrations.
        "migration.unknown": "A migration names something that the schemas do not have.",
        "migration.undecided": "A migration has a question that is still open.",
        "migration.change": "A migration cannot do what it says.",
        # Hooks.
        "hook.missing": "A function is missing from `hooks=`.",
        "hook.not_callable": "A value in `hooks=` is not a function.",
    }
)

DANGERS: Final = frozenset(
    {
        "attribute.set_on_key",
        "attribute.ttl_default",
        "collection.misspelled",
        "expression.always_alike",
        "expression.always_null",
        "key.template_literal",
        "service.entity_case",
        "source.subfolder",
        "table.ttl_unknown",
    }
)
"""Loading a schema also raises these warnings: they mean lost items, and no error says so later."""


_MOST_FAULTS: Final = 1000


@frozen
class Fault:
    """One thing wrong with a schema. `str()` gives `file:line:column: code: message`."""

    span: Span
    code: str
    message: str
    severity: str = "error"
    """`error`, or `warning` for something that works but will surprise you."""

    def __str__(self) -> str:
        return f"{self.span}: {self.code}: {self.message}"


class Report:
    """Collects the faults of one pass and drops repetitions."""

    def __init__(self) -> None:
        self._faults: dict[Fault, None] = {}

    def error(self, span: Span, code: str, message: str) -> None:
        """Note something that cannot work. `code` is one of `leyden.schema.faults.CODES`."""
        self._add(Fault(span, code, message))

    def warning(self, span: Span, code: str, message: str) -> None:
        """Note something that works but will surprise the user."""
        self._add(Fault(span, code, message, "warning"))

    def _add(self, fault: Fault) -> None:
        assert fault.code in CODES, fault.code
        self._faults.setdefault(fault)

    @property
    def has_errors(self) -> bool:
        """Whether anything noted so far is an error."""
        return any(fault.severity == "error" for fault in self._faults)

    def faults(self) -> tuple[Fault, ...]:
        """Return all faults in order of file, line and column.

        After the first thousand, one closing fault counts the rest instead of listing them.
        """
        ordered = sorted(self._faults, key=lambda f: (f.span.file, f.span.line, f.span.column))
        if len(ordered) > _MOST_FAULTS:
            # Keep errors first: a thousand warnings must not hide the one error among them.
            kept = sorted(ordered, key=lambda f: f.severity != "error")[:_MOST_FAULTS]
            message = f"{len(ordered) - _MOST_FAULTS} more faults are not listed"
            severity = "error" if self.has_errors else "warning"
            ordered = [*kept, Fault(kept[-1].span, "source.more", message, severity)]
        return tuple(ordered)
