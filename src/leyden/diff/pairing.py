"""Match the old and the new schemas: entities, attributes, access patterns.

Stored data decides: attributes match if they are stored in the same field, and entities match if
their items carry the same name and version. Names in Python come second.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cached_property
from typing import Any, TypeVar

from attrs import evolve, fields, frozen

from leyden.keys import EntityKeys, KeyForm, entity_keys
from leyden.schema import AttributeSpec, EntitySpec, IndexSpec, JMESPath, Judge, parse_expression
from leyden.types import type_of

T = TypeVar("T")


@frozen(slots=False)
class Pair:
    """One entity in both schemas.

    `attributes` and `patterns` map new names to the old names of what existed before. `guessed` are
    attributes that seem to be old ones with another name and in another field.
    """

    old: EntitySpec
    new: EntitySpec
    attributes: Mapping[str, str]
    patterns: Mapping[str, str]
    guessed: frozenset[str] = frozenset()

    @cached_property
    def stored_keys(self) -> EntityKeys:
        """The key forms of the old schema."""
        return entity_keys(self.old)

    @cached_property
    def old_keys(self) -> EntityKeys:
        """The old key forms, with the new names of service, entity and version.

        A change of these names affects all keys, so it does not count as a change of each of them.
        """
        new = self.new
        return entity_keys(
            evolve(self.old, entity=new.entity, version=new.version, service=new.service)
        )

    @cached_property
    def new_keys(self) -> EntityKeys:
        """The key forms of the new schema."""
        return entity_keys(self.new)

    @cached_property
    def differing(self) -> Mapping[str, frozenset[str]]:
        """For each access pattern that both sides have, how its key forms differ."""
        return {
            name: frozenset(
                cause
                for one, other in zip(
                    halves(self.old_keys[old]), halves(self.new_keys[name]), strict=True
                )
                for cause in self.differences(one, other)
            )
            for name, old in self.patterns.items()
        }

    def differences(self, old: KeyForm | None, new: KeyForm | None) -> frozenset[str]:
        """Return how two forms differ: by option, or as `label:NAME` for an attribute."""
        if old is None or new is None:
            return frozenset() if old is new else frozenset({"half"})
        found = {
            name
            for name in ("field", "prefix", "suffix", "postfix", "numeric", "template", "strict")
            if getattr(old, name) != getattr(new, name)
        }
        alike = old.strict == new.strict
        if alike and old.fold is not new.fold and not (old.numeric and new.numeric):
            found.add("casing")
        if old.bare != new.bare:
            found.add("bare")
        before = [segment.name for segment in old.segments]
        if before != [self.attributes.get(segment.name) for segment in new.segments]:
            return frozenset({*found, "names"})
        for one, other in zip(old.segments, new.segments, strict=True):
            if one.label != other.label:
                found.add("literal" if new.template or old.template else f"label:{other.name}")
            if one.attribute.padding != other.attribute.padding:
                found.add(f"padding:{other.name}")
            if alike and key_text(one.attribute, old) is not key_text(other.attribute, new):
                found.add(f"type:{other.name}")
        return frozenset(found)

    def with_cause(self, cause: str, name: str) -> list[IndexSpec]:
        """Return the access patterns whose keys differ because of an attribute's option."""
        wanted = f"{cause}:{name}"
        return [self.new.indexes[p] for p, causes in self.differing.items() if wanted in causes]

    def using(self, name: str) -> list[IndexSpec]:
        """Return the access patterns of the new schema whose keys contain an attribute."""
        return [index for index in self.new.indexes.values() if name in index.composites]

    def is_unique(self, name: str) -> bool:
        """Return whether an attribute is in a unique constraint, before and after."""
        old = self.attributes.get(name)
        return any(name in names for names in self.new.unique) and any(
            old in names for names in self.old.unique
        )

    @cached_property
    def newly_collides(self) -> bool:
        """Whether two items with different keys may get the same key."""
        old, new = self.old_keys.primary, self.new_keys.primary
        now = {self.attributes.get(name) for name in new.composites}
        if not set(old.composites) <= now:
            return True
        return any(form.can_collide for form in new.forms) and not any(
            form.can_collide for form in old.forms
        )

    def renamed(self, text: str) -> Any:
        """Return the tree of an old JMESPath expression, with the new names of attributes."""
        new_names = {old: new for new, old in self.attributes.items()}
        return _renamed(parse_expression(text).tree, new_names, at_root=True)

    def same_source(self, old: Any, new: Any) -> bool:
        """Return whether two ways to compute or check a value are the same, apart from names."""
        if isinstance(old, JMESPath) and isinstance(new, JMESPath):
            return bool(self.renamed(old.text) == _renamed(parse_expression(new.text).tree, {}))
        if isinstance(old, Judge) and isinstance(new, Judge):
            reads = tuple(self.attributes.get(name) for name in new.reads)
            return (old.name, old.reads) == (new.name, reads)
        of: str | None = getattr(new, "of", None)
        if of is not None and type(old) is type(new):
            return bool(evolve(old, of=of) == new) and self.attributes.get(of) == old.of
        return bool(old == new)


def _renamed(tree: Any, names: Mapping[str, str], *, at_root: bool = True) -> Any:
    """Return a tree with other names for what it reads from the item itself, not from its parts."""
    if not isinstance(tree, Mapping):
        return tree
    kind: str = tree["type"]
    value: Any = tree.get("value")
    if kind == "field" and at_root:
        value = names.get(value, value)
    inside = kind in ("subexpression", "index_expression", "pipe", "projection")
    inside = inside or kind in ("filter_projection", "value_projection", "expref")
    children = tuple(
        _renamed(child, names, at_root=at_root and not (inside and (n or kind == "expref")))
        for n, child in enumerate(tree["children"])
    )
    return kind, repr(value), children


def halves(keys: Any) -> tuple[KeyForm | None, KeyForm | None]:
    """Return both halves of a key; None for one that is missing, or that DynamoDB builds."""
    return keys.pk, keys.sk


def key_text(attribute: AttributeSpec, form: KeyForm) -> Callable[[Any], str]:
    """Return the function that writes a value into a key; types with the same text share it."""
    kind = type_of(attribute)
    return kind.strict_text if form.strict and not form.bare else kind.key_text


def pair_up(
    new: Iterable[T], old: Iterable[T], *ways: Callable[[T], Hashable]
) -> list[tuple[T, T]]:
    """Match what has the same key, by the first way and then by the next.

    A key that several remaining objects share makes no pair.
    """
    pairs: list[tuple[T, T]] = []
    left, gone = [*new], [*old]
    for way in ways:
        for one in [*left]:
            same = [other for other in gone if way(other) == way(one) is not None]
            rivals = [other for other in left if way(other) == way(one)]
            if len(same) == 1 and len(rivals) == 1:
                pairs.append((one, same[0]))
                left.remove(one)
                gone.remove(same[0])
    return pairs


def pair_entities(
    new: Mapping[str, EntitySpec], old: Mapping[str, EntitySpec]
) -> list[tuple[EntitySpec, EntitySpec]]:
    """Match the entities of both sides: first those with the same items, then by name."""
    return pair_up(
        new.values(),
        old.values(),
        lambda entity: (entity.entity, entity.version),
        lambda entity: entity.alias,
        lambda entity: entity.entity,
    )


def pair_attributes(new: EntitySpec, old: EntitySpec) -> tuple[dict[str, str], frozenset[str]]:
    """Return the old names of attributes that existed before, and which of them are guesses.

    A guess is an attribute with the same options as a removed one, and in the same places of keys.
    """
    certain = pair_up(
        new.attributes.values(),
        old.attributes.values(),
        lambda attribute: attribute.field,
        lambda attribute: attribute.name,
    )
    known = {one.name: other.name for one, other in certain}
    guesses = pair_up(
        ((new, a) for a in new.attributes.values() if a.name not in known),
        ((old, a) for a in old.attributes.values() if a.name not in known.values()),
        lambda both: likeness(*both),
    )
    guessed = {one[1].name: other[1].name for one, other in guesses}
    found = {**known, **guessed}
    return {name: found[name] for name in new.attributes if name in found}, frozenset(guessed)


def likeness(entity: EntitySpec, attribute: AttributeSpec) -> Hashable:
    """Return what identifies an attribute apart from its names; None if it is in no key."""
    places = tuple(
        (index.name, number)
        for index in entity.indexes.values()
        for number, name in enumerate(index.composites)
        if name == attribute.name
    )
    nameless = evolve(attribute, name="", field="", label="")
    return (places, comparable(nameless)) if places else None


def same_but_names(old: AttributeSpec, new: AttributeSpec) -> bool:
    """Return whether two attributes are the same apart from their names."""
    nameless = (evolve(one, name="", field="", label="") for one in (old, new))
    return len({comparable(one) for one in nameless}) == 1


def comparable(value: Any) -> Hashable:
    """Return a part of a spec for comparison, without places and descriptions."""
    if isinstance(value, AttributeSpec):
        said = {one.name: getattr(value, one.name) for one in fields(AttributeSpec)}
        return comparable({k: v for k, v in said.items() if k not in ("span", "description")})
    if isinstance(value, Mapping):
        return tuple((name, comparable(inner)) for name, inner in value.items())
    return repr(value)


def pair_of(new: EntitySpec, old: EntitySpec) -> Pair:
    """Match an entity's attributes and access patterns in both schemas."""
    attributes, guessed = pair_attributes(new, old)
    patterns = pair_up(
        new.indexes.values(),
        old.indexes.values(),
        lambda index: index.name,
        lambda index: (index.index, index.pk.field, index.sk and index.sk.field),
    )
    found = {one.name: other.name for one, other in patterns}
    in_order = {name: found[name] for name in new.indexes if name in found}
    return Pair(old, new, attributes, in_order, guessed)
