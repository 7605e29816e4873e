"""The key forms of an entity's access patterns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from leyden._attrs import frozen
from leyden.errors import SchemaError
from leyden.keys.form import KeyForm, segment_of
from leyden.schema.faults import Fault
from leyden.schema.spec import EntitySpec, IndexSpec, KeySpec
from leyden.types import type_of


@frozen(slots=False)
class IndexKeys:
    """The forms of one access pattern. A `composite` index has none, and its `pk` is None."""

    spec: IndexSpec
    pk: KeyForm | None
    sk: KeyForm | None
    collection_prefix: str
    """The start of the sort keys of all members of its collections; empty without collections."""
    leaves_out: bool = False
    """Whether an item that lacks a partition-key attribute is not in the index."""

    @cached_property
    def forms(self) -> tuple[KeyForm, ...]:
        """The forms of the partition key and the sort key, if there are any."""
        return tuple(form for form in (self.pk, self.sk) if form is not None)

    @cached_property
    def fields(self) -> frozenset[str]:
        """The key fields."""
        return frozenset(form.field for form in self.forms)

    @cached_property
    def composites(self) -> tuple[str, ...]:
        """The names of all composite attributes, partition key first, each once."""
        return tuple(dict.fromkeys(self.spec.composites))

    @cached_property
    def sort_names(self) -> tuple[str, ...]:
        """The names of the sort key's composite attributes, each once."""
        return tuple(dict.fromkeys(self.spec.sk.composite)) if self.spec.sk else ()

    @cached_property
    def needed(self) -> frozenset[str]:
        """The names of all composite attributes."""
        return frozenset(self.spec.composites)

    @cached_property
    def demanded(self) -> frozenset[str]:
        """The attributes that every item in the index has.

        They are either key fields themselves, so that DynamoDB leaves out items without them, or
        the index is declared with `absent: out`.
        """
        if not self.forms:
            return frozenset(self.composites)
        names = {name for form in self.forms if not form.text_of_absent for name in form.names}
        if self.leaves_out and self.pk is not None:
            names.update(self.pk.names)
        return frozenset(names)

    @cached_property
    def folded(self) -> tuple[str, ...]:
        """The free-text attributes that tell apart items which may have the same keys."""
        return tuple(
            segment.name
            for form in self.forms
            if form.can_collide
            for segment in form.segments
            if type_of(segment.attribute).is_free_text
        )

    def collection_stem(self, collection: str) -> str:
        """Return the start of the sort keys of one collection: its own name and those above it.

        It is empty for sort keys with a template, which have no prefix.
        """
        if self.sk is None or self.sk.template:
            return ""
        names = self.spec.collection[: self.spec.collection.index(collection) + 1]
        text = _collection_prefix(names)
        return self.sk.fold(text) if self.sk.fold else text


@frozen(slots=False)
class EntityKeys(Mapping[str, IndexKeys]):
    """The forms of all access patterns of an entity, by name, in the schema's order."""

    by_name: Mapping[str, IndexKeys]
    primary: IndexKeys

    def __getitem__(self, name: str) -> IndexKeys:
        return self.by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)

    @cached_property
    def sort_fields(self) -> frozenset[str]:
        """The fields that are the sort key of some index."""
        return frozenset(keys.sk.field for keys in self.by_name.values() if keys.sk)

    @cached_property
    def written_with_items(self) -> bool:
        """Whether there is an index whose keys a write must consider."""
        return bool(self.secondary or self.attributes_as_keys)

    @cached_property
    def attributes_as_keys(self) -> tuple[str, ...]:
        """The attributes that are themselves keys of indexes, without text around them."""
        multi = (n for keys in self.by_name.values() if not keys.forms for n in keys.composites)
        forms = (form for keys in self.secondary for form in keys.forms)
        alone = (form.names[0] for form in forms if form.bare and not form.text_of_absent)
        return tuple(dict.fromkeys((*multi, *alone)))

    @cached_property
    def shared_fields(self) -> frozenset[str]:
        """The key fields of indexes that are also fields of attributes."""
        return frozenset(
            form.field
            for keys in self.secondary
            for form in keys.forms
            for segment in form.segments
            if segment.attribute.field == form.field
        )

    def text_of_absent(self, field: str) -> str:
        """Return the key field's text for an item without any of the key's attributes, or empty."""
        forms = (form for keys in self.by_name.values() for form in keys.forms)
        return next((form.text_of_absent for form in forms if form.field == field), "")

    @cached_property
    def name_entity(self) -> bool:
        """Whether the table's own key names the item's entity; keys with templates do not."""
        form = self.primary.sk or self.primary.pk
        return form is not None and not form.template

    @cached_property
    def secondary(self) -> tuple[IndexKeys, ...]:
        """The access patterns of secondary indexes whose keys are fields of their own."""
        return tuple(
            keys for keys in self.by_name.values() if keys.spec.index is not None and keys.forms
        )

    @cached_property
    def indexed(self) -> frozenset[str]:
        """The attributes that are in a key."""
        return frozenset(name for keys in self.by_name.values() for name in keys.composites)

    @cached_property
    def guarded(self) -> tuple[str, ...]:
        """The attributes that tell apart items which may have the same table key.

        It is empty if no two different items can have the same key.
        """
        forms = self.primary.forms
        if not any(form.can_collide for form in forms):
            return ()
        names = [
            segment.name
            for form in forms
            if not form.bare
            for segment in form.segments
            if type_of(segment.attribute).is_free_text
        ]
        return tuple(dict.fromkeys(names))


def entity_keys(spec: EntitySpec) -> EntityKeys:
    """Return the key forms of all access patterns of `spec`.

    Raises SchemaError if an entity with strict keys has a template that cannot be strict.
    """
    seen: dict[str, KeyForm] = {}
    by_name: dict[str, IndexKeys] = {}
    for name, index in spec.indexes.items():
        if index.type == "composite":
            by_name[name] = IndexKeys(index, None, None, "")
            continue
        clustered = index.type == "clustered"
        collection = _collection_prefix(index.collection)
        identity = f"{'#' if collection else '$'}{spec.entity}_{spec.version}"
        sort_prefix = collection if clustered else collection + identity
        postfix = identity if clustered else ""
        partition_prefix = f"${spec.service}"
        if index.sk is None:
            partition_prefix += sort_prefix + postfix
        if index.scope:
            partition_prefix += f"_{index.scope}"
        pk = _form(spec, index.pk, partition_prefix, "", seen)
        sk = _form(spec, index.sk, sort_prefix, postfix, seen) if index.sk else None
        prefix = collection if sk and not sk.template else ""
        by_name[name] = IndexKeys(index, pk, sk, prefix, spec.leaves_out(index))
    primary = next(keys for keys in by_name.values() if keys.spec.index is None)
    return EntityKeys(by_name, primary)


def _collection_prefix(names: tuple[str, ...]) -> str:
    return f"${'#'.join(names)}" if names else ""


def _form(
    spec: EntitySpec, key: KeySpec, prefix: str, postfix: str, seen: dict[str, KeyForm]
) -> KeyForm:
    # If an earlier access pattern uses the same field, its form applies here too.
    if key.field in seen:
        return seen[key.field]
    attributes = [spec.attributes[name] for name in key.composite]
    strict, numeric = spec.keys == "strict", key.cast == "number"
    template = spec.template_of(key)
    if template is None:
        labelled = tuple(segment_of(a, f"#{a.label}_", strict=strict) for a in attributes)
        form = KeyForm(key.field, prefix, labelled, "", postfix, key.casing, numeric, strict=strict)
    else:
        bare = [attribute.field for attribute in attributes] == [key.field]
        *literals, suffix = template.literals
        segments = tuple(
            segment_of(spec.attributes[name], literal, strict=strict and not bare)
            for name, literal in zip(template.names, literals, strict=True)
        )
        if template.is_bare and key.cast is None:
            numeric = type_of(segments[0].attribute).kind == "N"
        form = KeyForm(key.field, "", segments, suffix, "", key.casing, numeric, bare, True, strict)
        if strict and not template.is_bare:
            message = (
                f'the template of "{key.field}" joins values with its own text, which strict keys '
                "cannot keep apart; list the attributes in `composite` instead"
            )
            raise SchemaError([Fault(key.span, "key.template_not_strict", message)])
    seen[key.field] = form
    return form
