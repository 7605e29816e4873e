"""An entity's record class, the keywords of its calls, and its attributes in conditions."""

from __future__ import annotations

from leyden._attrs import frozen
from leyden.mapping.record import record_slots
from leyden.schema.spec import After, Bucket, EntitySpec, Slug
from leyden.typed.writing.layout import block, docstring, signature, typed_dict
from leyden.typed.writing.names import Names, is_optional, optional
from leyden.types import type_of


@frozen
class Dicts:
    """The names of an entity's dict types, for keywords and for mappings instead of them."""

    key: str
    """The attributes of the table's own key."""
    values: str
    """All attributes, as a put takes them."""
    changes: str
    """The attributes that an update can set."""
    known: str
    """All attributes, each of which may be omitted or None."""


def record(spec: EntitySpec, name: str, names: Names) -> str:
    """Return the record class, which is frozen and has the types that reads return."""
    slots = record_slots(spec)
    fields, parameters = [], []
    # Python wants parameters with a default behind those without one.
    for attribute, slot in slots.items():
        one = spec.attributes[attribute]
        kind, given = names.part(one), names.part(one, given=True)
        fields.append(f"{slot}: {optional(kind) if is_optional(spec, attribute) else kind}")
        # A record made by hand may lack what the write that takes it fills in.
        needed = _is_needed(spec, attribute)
        parameters.append(f"{slot}: {given}" if needed else f"{slot}: {optional(given)} = None")
        if one.description:
            fields.append(docstring(one.description))
    doc = spec.description or f"An item of the entity {spec.entity}."
    made = signature(
        "__init__", ["self", *(["*"] if parameters else []), *parameters], "None", inside=8
    )
    text = block(f"class {name}(typed.Record):", ["", *fields, "", made])
    head, _, body = names.shielded(slots.values(), text).partition("\n")
    return f"@attrs.frozen(init=False)\n{head}\n    {docstring(doc)}\n{body}"


def dicts(spec: EntitySpec, name: str, names: Names) -> tuple[Dicts, list[str]]:
    """Return the names of the dict types, and the text of each."""
    given = {n: names.part(one, given=True) for n, one in spec.attributes.items()}
    own = spec.primary.composites
    key = {n: (given[n], n not in spec.constants and not _is_told(spec, n)) for n in own}
    values = {
        n: (kind if _is_needed(spec, n) else optional(kind), _is_needed(spec, n))
        for n, kind in given.items()
    }
    changes = {n: (_changed(given[n]), False) for n in settable(spec)}
    known = {n: (optional(kind), False) for n, kind in given.items()}
    found = Dicts(*(names.of(name, part) for part in ("Key", "Values", "Changes", "Known")))
    texts = [
        typed_dict(found.key, key, closed=True, doc="The table's own key."),
        typed_dict(found.values, values, closed=True, doc="What `create` and `put` take."),
        typed_dict(found.changes, changes, closed=True, doc="What `set` takes."),
        typed_dict(found.known, known, closed=True, doc="Any of the attributes; None for absent."),
    ]
    return found, [names.shielded(spec.attributes, text) for text in texts]


def attributes(spec: EntitySpec, name: str, names: Names) -> str:
    """Return the class of `entity.attr`."""
    fields = [f"{n}: {names.operand(one)}" for n, one in spec.attributes.items()]
    return names.shielded(spec.attributes, block(f"class {name}(typed.Attributes):", fields))


def settable(spec: EntitySpec) -> list[str]:
    """Return the attributes that an update may change."""
    return [
        name
        for name, one in spec.attributes.items()
        if name not in spec.primary.composites
        and not one.read_only
        and one.derive is None
        and one.on_write is None
        and name != spec.version_attribute
    ]


def changing(spec: EntitySpec, operator: str) -> list[str]:
    """Return the attributes to which an operator of updates applies.

    Attributes of keys and unique attributes are left out, because their new value would be unknown.
    """
    in_keys = {name for index in spec.indexes.values() for name in spec.made_of(index)}
    claimed = {name for names in spec.unique for name in names}
    return [
        name
        for name in settable(spec)
        if name not in claimed
        and operator in type_of(spec.attributes[name]).operators
        and name not in in_keys
    ]


def has_parts(spec: EntitySpec) -> bool:
    """Return whether paths lead into an attribute."""
    kinds = (type_of(spec.attributes[name]) for name in settable(spec))
    return any(kind.name in ("any", "list", "map") for kind in kinds)


def _is_needed(spec: EntitySpec, name: str) -> bool:
    """Return whether a put needs an attribute because nothing else makes it."""
    one = spec.attributes[name]
    needed = one.required or name in spec.primary.composites
    made = one.default or one.on_write or one.derive or name == spec.version_attribute
    return needed and not made


def _changed(kind: str) -> str:
    return kind if kind == "Any" else f"{kind} | typed.Computed"


def _is_told(spec: EntitySpec, name: str) -> bool:
    """Return whether other attributes of the key determine one, as a time determines its day."""
    source = spec.attributes[name].derive
    return isinstance(source, After | Bucket | Slug) and source.of in spec.primary.composites
