"""Read access patterns and their keys from a model."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from attrs import evolve, frozen

from leyden.porting.context import Context, ModelError, Place, function_source, given_options
from leyden.porting.models import Kind

_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "type": ("isolated", "clustered", "composite"),
    "casing": ("upper", "lower", "none", "default"),
    "cast": ("string", "number"),
}
_OLD_NAME: Final = re.compile(r":(\w+)")
"""How the first versions of ElectroDB wrote an attribute in a template."""

_KEY_OPTIONS: Final = frozenset({"field", "composite", "facets", "template", "casing", "cast"})


@frozen
class Half:
    """A partition or sort key in the model's form, with the model's names.

    `template` holds literal and name in turn (the last name may be empty); None if the key has no
    template. `listed` says whether the model has `composite`.
    """

    field: str | None
    composite: tuple[str, ...]
    template: tuple[tuple[str, str], ...] | None
    casing: str
    cast: str | None
    listed: bool

    def is_lone(self, fields: Mapping[str, str]) -> bool:
        """Return whether the key is an attribute's bare value. `fields` has all fields."""
        if self.template is not None:
            return len(self.composite) == 1 and not any(literal for literal, _ in self.template)
        # ElectroDB goes by the attribute's name here, not by its field.
        return self.composite == (self.field,) and self.field in fields.values()


def parts_of_template(text: str) -> tuple[tuple[str, str], ...]:
    """Split a template as ElectroDB does, into literal and name in turn.

    >>> parts_of_template("A#${a}#B")
    (('A#', 'a'), ('#B', ''))
    """
    parts: list[tuple[str, str]] = []
    literal, name, naming = "", "", False
    for i, character in enumerate(text):
        if not naming and character == "{" and text[i - 1 : i] == "$":
            naming = True
        elif naming and character == "}":
            parts.append((literal, name))
            literal, name, naming = "", "", False
        elif not naming and character == "$" and text[i + 1 : i + 2] == "{":
            continue
        elif naming:
            name += character
        else:
            literal += character
    if literal or name:
        parts.append((literal, name))
    return tuple(parts)


def _note_no_names(
    template: str,
    names: tuple[str, ...],
    place: Place,
    context: Context,
    fields: Mapping[str, str],
) -> None:
    """Note a template that seems to name attributes, but is plain text for ElectroDB."""
    meant = [name for name in _OLD_NAME.findall(template) if name in fields]
    if meant and not names:
        context.adapt(
            place.at("template"),
            f'":{meant[0]}" is plain text for ElectroDB here, so all items have the same key',
            f"if you mean the attribute, write ${{{meant[0]}}}, which moves the items",
        )


def read_half(
    raw: Any, place: Place, context: Context, *, multi: bool, fields: Mapping[str, str]
) -> Half:
    """Read one key. `multi` says whether it belongs to an index of the type `composite`."""
    raw = given_options(raw)
    context.unknown_options(raw, _KEY_OPTIONS, place)
    # `template` takes precedence over `composite`, and that over the older `facets`.
    composite, template, facets = raw.get("composite"), raw.get("template"), raw.get("facets")
    if composite is None and template is None:
        composite, template = (None, facets) if isinstance(facets, str) else (facets, None)
    if template is None and composite is None:
        raise ModelError("needs `composite` or `template`", place=str(place))
    parts = None
    listed = composite is not None and template != ""
    names: tuple[str, ...] = tuple(composite) if listed else ()
    if template:
        parts = parts_of_template(template)
        names = tuple(name for _, name in parts if name)
        _note_no_names(template, names, place, context, fields)
    for name in names:
        if name not in fields:
            raise ModelError(f'"{name}" is not an attribute of the model', place=str(place))
    _check_choices(raw, place, "casing", "cast")
    if multi:
        for option in ("template", "casing", "cast"):
            if option in raw:
                context.without_effect(
                    place.at(option), "an index of the type composite builds no key"
                )
        return Half(None, names, None, "default", None, listed=True)
    if not raw.get("field"):
        raise ModelError("must be text", place=str(place.at("field")))
    casing = raw.get("casing", "default")
    return Half(raw["field"], names, parts, casing, raw.get("cast"), listed)


def _check_choices(raw: Mapping[str, Any], place: Place, *options: str) -> None:
    """Refuse an option whose value ElectroDB does not know."""
    for option in options:
        *others, last = _CHOICES[option]
        if option in raw and raw[option] not in _CHOICES[option]:
            raise ModelError(f"must be {', '.join(others)} or {last}", place=str(place.at(option)))


_INDEX_OPTIONS: Final = frozenset(
    {"index", "collection", "type", "scope", "condition", "projection", "project", "pk", "sk"}
)


@frozen
class Attribute:
    """What keys need to know about an attribute: its label in the model, and its type."""

    field: str
    label: str
    kind: Kind


@frozen
class Pattern:
    """One access pattern in the model's form."""

    raw: Mapping[str, Any]
    place: Place
    index: str | None
    type: str
    collection: tuple[str, ...]
    scope: str | None
    pk: Half
    sk: Half | None

    @property
    def halves(self) -> list[tuple[str, Half]]:
        """Both keys, or the only one."""
        return [("pk", self.pk)] + ([("sk", self.sk)] if self.sk is not None else [])

    def labelled(self, fields: Mapping[str, str]) -> set[str]:
        """Return the attributes whose labels are in its keys. `fields` has all stored names."""
        return {
            name
            for _, half in self.halves
            if self.type != "composite" and half.template is None
            if half.cast != "number" and not half.is_lone(fields)
            for name in half.composite
        }


def read_index(raw: Any, place: Place, context: Context, fields: Mapping[str, str]) -> Pattern:
    """Read one access pattern. `fields` are the stored names of the model's attributes."""
    raw = given_options(raw)
    _check_choices(raw, place, "type")
    kind = raw.get("type", "isolated")
    multi = kind == "composite"
    if "pk" not in raw:
        raise ModelError("is missing", place=str(place.at("pk")))
    collection = raw.get("collection") or ()
    context.unknown_options(raw, _INDEX_OPTIONS, place)
    sk = None
    if "sk" in raw:
        sk = read_half(raw["sk"], place.at("sk"), context, multi=multi, fields=fields)
    return Pattern(
        raw=raw,
        place=place,
        index=raw.get("index") or None,
        type=kind,
        collection=(collection,) if isinstance(collection, str) else tuple(collection),
        scope=raw.get("scope") or None,
        pk=read_half(raw["pk"], place.at("pk"), context, multi=multi, fields=fields),
        # A sort key of multi-attribute keys without attributes is no sort key.
        sk=None if multi and sk is not None and not sk.composite else sk,
    )


def shared_scopes(patterns: Mapping[str, Pattern], context: Context) -> dict[str, Pattern]:
    """Return the patterns, with the same scope for all that store their partition key in one field.

    ElectroDB builds such a key once, as the first pattern with its field says.
    """
    first: dict[str, Pattern] = {}
    found = {}
    for name, pattern in patterns.items():
        other = first.setdefault(pattern.pk.field or f"({name})", pattern)
        if other.scope != pattern.scope:
            context.adapt(
                pattern.place.at("scope"),
                f"another scope than that of {other.place}, which shares the field "
                f'"{pattern.pk.field}" and whose scope ElectroDB uses for both',
                "it has that scope here",
            )
            pattern = evolve(pattern, scope=other.scope)
        found[name] = pattern
    return found


def without_idle_conditions(
    patterns: Mapping[str, Pattern], fields: Collection[str], context: Context
) -> dict[str, Pattern]:
    """Return the patterns without the conditions that cannot keep an item out of their index.

    The item keeps all fields of such an index's key anyway: as attributes with these `fields`, or
    for another pattern.
    """
    found = {}
    for name, pattern in patterns.items():
        kept = {*fields}
        for other in patterns.values():
            if other is not pattern and not (other.index and "condition" in other.raw):
                kept.update(half.field for _, half in other.halves if half.field is not None)
        if (
            pattern.index
            and "condition" in pattern.raw
            and all(half.field in kept for _, half in pattern.halves)
        ):
            context.lost(
                pattern.place.at("condition", "when"),
                "a condition that keeps no item out: all fields of the key stay in the item, as "
                "attributes or for another access pattern",
                "store a half of the key in a field of its own if it should",
                function_source(pattern.raw["condition"]),
            )
            raw = {option: value for option, value in pattern.raw.items() if option != "condition"}
            pattern = evolve(pattern, raw=raw)
        found[name] = pattern
    return found


def attributes_in_key_places(
    patterns: Mapping[str, Pattern], fields: Mapping[str, str], context: Context
) -> frozenset[str]:
    """Return the attributes whose field stores a key that does not contain them, with a note on
    each.

    ElectroDB overwrites any value of theirs with the key's text, and shows it in their place. It
    allows them if a template writes the key.
    """
    halves = [half for pattern in patterns.values() for _, half in pattern.halves]
    in_keys = {name for half in halves for name in half.composite}
    written = {
        half.field: half.composite
        for half in halves
        if half.template is not None and len(half.composite) <= 1
    }
    found = [name for name in fields if fields[name] in written and name not in in_keys]
    for name in found:
        made_of = "".join(f'"{composite}"' for composite in written[fields[name]])
        context.lost(
            Place((), ()).at("attributes").at(name),
            f'an attribute in the field "{fields[name]}" of a key built from '
            f"{made_of or 'constant text'}, which overwrites any value of its own",
            'data="include_keys" shows the text of the key',
        )
    return frozenset(found)
