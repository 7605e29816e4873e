"""Faults of a single item: which entity it belongs to, whether it decodes, and its keys.

These are pure functions of a raw item and the schemas. Checks that need other items are in
`companions.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from leyden._attrs import field, frozen
from leyden._text import quoted
from leyden.doctor.findings import Problem
from leyden.errors import (
    InvalidOptionError,
    LeydenError,
    RequiredAttributeError,
    ValidationError,
)
from leyden.keys import IndexKeys, KeyForm
from leyden.mapping.entity import typed_key
from leyden.mapping.index_keys import refuse_empty_keys
from leyden.mapping.vector_guards import refuse_unfound
from leyden.migration.logbook import is_progress, read_progress
from leyden.operations.bound import BoundEntity
from leyden.operations.companions.overflow.format import Entry, is_part, placed
from leyden.operations.companions.unique import (
    GUARD_SUFFIX,
    OWNER_FIELD,
    Claim,
    claims_of,
    guard_beginning,
    is_guard,
)
from leyden.program import AttributeValue, Item
from leyden.schema.migrations import BEFORE_FIELD
from leyden.schema.spec import ENTITY_FIELD, OVERFLOW_FIELD, VERSION_FIELD, Call

ITEM: Final = "item"
GUARD: Final = "guard"
PART: Final = "part"
FOREIGN: Final = "foreign"

_ENDED: Final = frozenset({"rolled_back", "committed"})
"""The phases in which a migration has ended."""


@frozen
class Seen:
    """The result of judging an item: its `kind`, its entity if it has one, and its problems.

    `claims` are the unique values that it has, by the keys of their guards. `outside` are the
    fields whose values are in parts. `name` is what a foreign item itself says it belongs to.
    """

    kind: str
    entity: BoundEntity | None = None
    problems: tuple[Problem, ...] = ()
    claims: Mapping[str, Claim] = field(factory=dict, repr=False)
    outside: Mapping[str, Entry] = field(factory=dict, repr=False)
    name: str = ""


class Examiner:
    """Judges the raw items of a table, which may or may not belong to these entities."""

    def __init__(self, entities: Sequence[BoundEntity]) -> None:
        self.entities = tuple(entities)
        also = [one.moving.earlier for one in entities if one.moving is not None]
        specs = [entity.spec for entity in (*entities, *also)]
        self._beginnings = {
            f"${spec.service}{f'_{index.scope}' if index.scope else ''}".lower()
            for spec in specs
            for index in spec.indexes.values()
        }
        """The beginnings of partition keys: the service, and the scope if there is one."""
        self._guarded = tuple({guard_beginning(spec) for spec in specs})
        self._judges = {entity.spec.alias: _EntityJudge(entity) for entity in entities}

    def judge(self, item: Item) -> Seen:
        """Return what an item is, and what is wrong with it."""
        if is_progress(item):
            return Seen(FOREIGN, None, (*_open(item),), name="progress of migrations")
        name, version = (_said(item, one) for one in (ENTITY_FIELD, VERSION_FIELD))
        if OWNER_FIELD in item and name.endswith(GUARD_SUFFIX):
            entity = self._named(name.removesuffix(GUARD_SUFFIX), version)
            text = "" if entity is None else _said(item, entity.key_fields[0])
            # Only the key says which service a guard belongs to, even if keys are templates.
            if entity is not None and text.startswith(self._guarded):
                earlier = entity.moving.earlier if entity.moving is not None else entity
                is_new = is_guard(entity, item) or not is_guard(earlier, item)
                return Seen(GUARD, entity if is_new else earlier)
        elif is_part(item):
            entity = self._named(name.rpartition("$")[0], version)
            if entity is not None and self._is_ours(entity, item):
                return Seen(PART, entity)
        else:
            for entity in self.entities:
                moving = entity.moving
                if moving is not None and moving.earlier.owns(item) and moving.is_earlier(item):
                    said = "it is in the old form of a migration in progress"
                    return Seen(ITEM, entity, (Problem("item.earlier", entity.spec.alias, said),))
            entity = self.owner_of(item)
            if entity is not None:
                return self._judges[entity.spec.alias].judge(item)
        return self.stranger(item)

    def _named(self, name: str, version: str) -> BoundEntity | None:
        """Return the entity of this name, preferably of this version."""
        found = [entity for entity in self.entities if entity.spec.entity == name]
        exact = [entity for entity in found if entity.spec.version == version]
        return next(iter([*exact, *found]), None)

    def owner_of(self, item: Item) -> BoundEntity | None:
        """Return the entity that owns an item. The key may be wrong, but not another service's."""
        owners = [entity for entity in self.entities if entity.owns(item)]
        for entity in owners:
            if entity.owns_key(item):
                return entity
        return next((entity for entity in owners if self._is_ours(entity, item)), None)

    def _is_ours(self, entity: BoundEntity, item: Item) -> bool:
        """Return whether the partition key may be one of this service."""
        form = entity.keys.primary.pk
        assert form is not None
        content = item.get(form.field, {}).get("S")
        if not isinstance(content, str) or not content.startswith("$"):
            return form.template
        folded = content.lower()
        # An entity or a label follows, or nothing: "$shop_eu" is another service than "$shop".
        return form.template or any(
            folded.startswith(one) and folded[len(one) : len(one) + 1] in ("", "$", "#")
            for one in self._beginnings
        )

    def stranger(self, item: Item) -> Seen:
        """Judge an item that no entity owns, perhaps only because it is damaged."""
        for entity in self.entities:
            field, version_field = entity.spec.identifiers
            name, version = _said(item, field), _said(item, version_field)
            if name == entity.spec.entity and self._is_ours(entity, item):
                said = (
                    f"no schema has version {quoted(version)}" if version else "it has no version"
                )
                problem = Problem("item.version", entity.spec.alias, said)
                return Seen(FOREIGN, entity, (problem,), name=f"{name}, other versions")
        for entity in self.entities:
            if entity.keys.name_entity and entity.owns_key(item):
                said = "its key is this entity's, but its identifiers name another"
                problem = Problem("item.misnamed", entity.spec.alias, said)
                return Seen(FOREIGN, entity, (problem,), name="misnamed items")
        name, version = (_said(item, one) for one in (ENTITY_FIELD, VERSION_FIELD))
        name, version = (quoted(one)[1:-1] for one in (name, version))
        shown = f"{name}, version {version or 'none'}" if name else "unnamed items"
        said = f'of "{name}"' if name else "without an entity's name"
        problem = Problem("item.foreign", "", f"no entity of the schemas owns items {said}")
        return Seen(FOREIGN, None, (problem,), name=shown)


def _open(item: Item) -> Iterator[Problem]:
    """Yield a problem if a migration has not ended."""
    try:
        entry = read_progress(item)
    except (AttributeError, KeyError, TypeError, ValueError):
        yield Problem("migration.open", "", "the progress of a migration cannot be read")
        return
    if entry.phase not in _ENDED:
        phase = quoted(entry.phase.replace("_", " "))[1:-1]
        said = f"the migration {quoted(entry.name)} is {phase}, not committed"
        yield Problem("migration.open", "", said)


def _said(item: Item, field: str) -> str:
    said = item.get(field, {}).get("S", "")
    return said if isinstance(said, str) else ""


class _EntityJudge:
    """Judges the items of one entity."""

    def __init__(self, entity: BoundEntity) -> None:
        self.entity = entity
        self.alias = entity.spec.alias
        attributes = entity.spec.attributes
        self._required = tuple(name for name, a in attributes.items() if a.required)
        self._derived = {
            name: reads
            for name, reads in entity.mapping.derivations.items()
            # The results of hooks may differ from day to day.
            if not isinstance(attributes[name].derive, Call)
        }
        self._hooked = any(attribute.get is not None for attribute in attributes.values())
        self._names = {attribute.field: name for name, attribute in attributes.items()}

    def judge(self, item: Item) -> Seen:
        """Return what is wrong with an item of the entity.

        Raises InvalidOptionError if that needs functions or keys that the caller has not passed.
        """
        entity, mapping = self.entity, self.entity.mapping
        problems: list[Problem] = []
        try:
            unfolded = placed(entity, item)
            values = mapping.decode_values(unfolded.item)
            if self._hooked and not unfolded.missing:
                mapping.decode(unfolded.item, True)
        except InvalidOptionError:
            raise  # A function or key that the caller has not passed is not the item's fault.
        except LeydenError as error:
            is_manifest = getattr(error, "field", None) == OVERFLOW_FIELD
            code = "part.unknown" if is_manifest else "item.unreadable"
            problems.append(self._problem(code, f"it does not decode: {error.message}"))
            return Seen(ITEM, entity, tuple(problems))
        outside = unfolded.missing
        unknown = {self._names[one] for one in outside}
        unsaid = item.keys() - mapping.known_fields - {BEFORE_FIELD}
        if BEFORE_FIELD in item:
            said = "a migration has moved it, and is not committed yet"
            problems.append(self._problem("item.uncommitted", said))
        problems += self.fields(values, unsaid, unknown)
        problems += self.own_key(item, values)
        for keys in mapping.keys.secondary:
            problems += self.entry(item, values, keys, unknown)
        if mapping.guards_vectors or mapping.keys.attributes_as_keys:
            problems += self.vectors(values)
        claims = claims_of(entity, unfolded.item) if entity.spec.unique else {}
        return Seen(ITEM, entity, tuple(problems), claims, outside)

    def _problem(self, code: str, message: str, pattern: str = "") -> Problem:
        return Problem(code, f"{self.alias}.{pattern}" if pattern else self.alias, message)

    def fields(
        self, values: Mapping[str, Any], unsaid: set[str], unknown: set[str]
    ) -> Iterator[Problem]:
        """Yield missing and unknown attributes, and values that do not match their derivation."""
        for one in sorted(unsaid):
            said = f"its field {quoted(one)} is not in the schema"
            yield self._problem("attribute.unknown", said)
        for name in self._required:
            if values.get(name) is None and name not in unknown:
                yield self._problem("attribute.missing", f'it has no "{name}", which is required')
        told = {n for n, reads in self._derived.items() if unknown.isdisjoint({n, *reads})}
        if not told:
            return
        try:
            derived = self.entity.mapping.derived(values, told)
        except LeydenError as error:
            said = f"its derived attributes cannot be computed from its values: {error.message}"
            yield self._problem("attribute.stale", said)
            return
        for name, value in derived.items():
            held = values.get(name)
            if held is None and not any(values.get(one) is not None for one in self._derived[name]):
                # The write that creates an item does not derive from attributes that it does not
                # set.
                continue
            if self._encoded(name, value) != self._encoded(name, held):
                said = f'its "{name}" is not what the schema derives from its other attributes'
                yield self._problem("attribute.stale", said)

    def _encoded(self, name: str, value: Any) -> Any:
        return None if value is None else self.entity.mapping.attributes[name].encode(value)

    def folds(self, form: KeyForm) -> bool:
        """Return whether a key may differ from its attributes in the case of letters.

        An attribute in a key's own field is stored as that key, in folded case. Other keys were
        built from its original value.
        """
        return not self.entity.mapping.key_texts.keys().isdisjoint(form.names)

    def own_key(self, item: Item, values: Mapping[str, Any]) -> Iterator[Problem]:
        for form in self.entity.keys.primary.forms:
            missing = form.missing(values)
            if missing:
                names = ", ".join(f'"{name}"' for name in missing)
                said = f'its key field "{form.field}" needs {names}, which it does not have'
                yield self._problem("key.incomplete", said)
                continue
            made = _made(form, values)
            if made is None or not _same(made, item.get(form.field), folds=self.folds(form)):
                said = f'its key field "{form.field}" does not match its attributes'
                yield self._problem("key.differs", said)
            elif form.is_ambiguous(values):
                said = f'other values would make the same key field "{form.field}"'
                yield self._problem("key.ambiguous", said)

    def entry(
        self, item: Item, values: Mapping[str, Any], keys: IndexKeys, unknown: set[str]
    ) -> Iterator[Problem]:
        """Check whether the item is in an index as a put would write it.

        Once all attributes of the partition key are present, both halves are what a put writes.
        Before that, an item may be out of the index, or be in it under the text up to the first
        label.
        """
        pattern, index = keys.spec.name, keys.spec.index
        is_in = all(form.field in item for form in keys.forms)
        belongs = self.belongs(values, keys, unknown)
        if belongs is None:
            return
        wanted = [_wanted(form, values) for form in keys.forms]
        if not belongs or None in wanted:
            if is_in:
                said = f'it is in the index "{index}", but should not be'
                yield self._problem("entry.stale", said, pattern)
            return
        assert keys.pk is not None
        if not is_in:
            if not keys.pk.missing(values):
                said = f'it is not in the index "{index}", where it belongs'
                yield self._problem("entry.missing", said, pattern)
            return
        # An item always has the attributes of its own key, so it may be left with these alone.
        partial = [
            form
            for form in keys.forms
            if form.missing(values)
            and {*form.names} - {*form.missing(values)} - {*self.entity.keys.primary.composites}
        ]
        if partial:
            names = ", ".join(f'"{n}"' for form in partial for n in form.missing(values))
            said = f'it is in the index "{index}" without {names}, which the key needs'
            yield self._problem("entry.partial", said, pattern)
        if keys.pk.missing(values):
            # Without a partition, the item may have any sort key, below the text for absent values.
            if not _same(wanted[0], item[keys.pk.field], folds=self.folds(keys.pk)):
                said = f'it is in the index "{index}" under a value that it does not have'
                yield self._problem("entry.stale", said, pattern)
            return
        for form, key in zip(keys.forms, wanted, strict=True):
            if not _same(key, item[form.field], folds=self.folds(form)):
                said = (
                    f'its field "{form.field}", a key of the index "{index}", does not match its '
                    "attributes"
                )
                yield self._problem("entry.differs", said, pattern)
            elif not form.missing(values) and form.is_ambiguous(values):
                said = f'other values would make the same key field "{form.field}"'
                yield self._problem("key.ambiguous", said, pattern)

    def belongs(self, values: Mapping[str, Any], keys: IndexKeys, unknown: set[str]) -> bool | None:
        """Return whether the item should be in an index; None if that cannot be known."""
        if keys.spec.when is not None:
            condition = self.entity.mapping.condition(keys.spec.name)
            if unknown and (condition.roots is None or unknown.intersection(condition.roots)):
                return None
            try:
                if not condition.holds(values):
                    return False
            except LeydenError:
                return None
        return not (keys.leaves_out and keys.pk is not None and keys.pk.missing(values))

    def vectors(self, values: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield vectors that indexes do not accept: they omit such an item without an error."""
        attributes = self.entity.spec.attributes
        for name in {search.attribute for search in self.entity.spec.searches.values()}:
            vector, wanted = values.get(name), attributes[name].dimensions
            if vector is not None and len(vector) != wanted:
                said = f'"{name}" does not have {wanted} dimensions'
                yield self._problem("vector.dimensions", said)
        try:
            refuse_empty_keys(self.entity.mapping, values)
            refuse_unfound(self.entity.mapping, values)
        except RequiredAttributeError as error:
            yield self._problem("vector.unparted", error.message)
        except ValidationError as error:
            is_zero = error.path in self.entity.spec.never_zero
            yield self._problem("vector.zero" if is_zero else "vector.empty", error.message)


def _made(form: KeyForm, values: Mapping[str, Any]) -> AttributeValue | None:
    """Return a key as ElectroDB and Leyden build it from these values; None if they cannot."""
    try:
        key = form.build(values)
    except ValueError:
        return None
    return None if key is None or key == "" else typed_key(key)


def _wanted(form: KeyForm, values: Mapping[str, Any]) -> AttributeValue | None:
    """Return the right index key; None if an item without these values is not in the index."""
    if form.missing(values) and not form.text_of_absent:
        return None
    return _made(form, values)


def _same(made: AttributeValue | None, stored: AttributeValue | None, *, folds: bool) -> bool:
    """Return whether a stored key is the expected one; with `folds`, in any case of letters."""
    if made is None or stored is None or made == stored:
        return made == stored
    if folds and "S" in made and "S" in stored:
        return bool(made["S"].casefold() == stored["S"].casefold())
    # DynamoDB writes numbers in its own form.
    return "N" in made and "N" in stored and Decimal(made["N"]) == Decimal(stored["N"])
