"""`union`: a map that is one of several variants, which its tag names.

A variant is a map whose properties are those of the schema and the tag, an enum with only the
variant's name. A union finds the variant and uses it, so variants support everything that maps do:
defaults, hidden properties, hooks, and places in errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from leyden._attrs import evolve, fields
from leyden._text import did_you_mean
from leyden.errors import RequiredAttributeError
from leyden.types.anything import check_depth, plain_any
from leyden.types.base import (
    Accept,
    AttributeType,
    Compiled,
    Likely,
    PartSchema,
    Static,
    refuse,
    wrong_type,
)
from leyden.types.lacking import refuse_lacking

if TYPE_CHECKING:
    from leyden.schema.spec import AttributeSpec


def tag_of(spec: AttributeSpec, value: Any) -> str | None:
    """Return the tag of a union's value; None if it has none."""
    tagged = value.get(spec.tag) if isinstance(value, Mapping) else None
    return tagged if isinstance(tagged, str) else None


def variant_spec(spec: AttributeSpec, value: Any) -> AttributeSpec | None:
    """Return the schema of the variant that the tag of a union's value names."""
    return (spec.variants or {}).get(tag_of(spec, value) or "")


class UnionType(AttributeType):
    """`union`: one of several maps, which a tag tells apart."""

    name = "union"
    meaning = "One of several maps, told apart by a tag: a `dict`."
    example = "{type: union, tag: kind, variants: {card: {properties: {digits: string}}, cash: {}}}"
    also_called = ("one_of", "oneof", "variant")
    options = frozenset({"overflow", "tag", "variants"})
    needs = frozenset({"tag", "variants"})
    in_expressions = "a map"
    kind = "M"
    python = dict[str, Any]
    typed_as_json = True
    json_hint = """write it with its tag, as in '{"kind": "card", "number": "1"}'"""

    def check(self, attribute: Compiled, depth: int) -> Accept:
        """Accept a dict whose tag names a variant and that fits this variant."""
        assert attribute.variants is not None
        assert attribute.spec.tag is not None
        tag, variants, entity = attribute.spec.tag, attribute.variants, attribute.entity
        wanted = ", ".join(f'"{name}"' for name in variants)

        def check(value: Any, path: str) -> dict[str, Any]:
            if value.__class__ is not dict:
                if not isinstance(value, Mapping):
                    raise wrong_type(path, "a dict", value)
                refuse_lacking(value, path)
            check_depth(depth, path)
            tagged, place = value.get(tag), f"{path}.{tag}"
            if tagged is None:
                raise RequiredAttributeError(
                    f'"{place}" is required, to say which variant "{path}" is: {wanted}',
                    path=place,
                    entity=entity,
                )
            if not isinstance(tagged, str):
                raise wrong_type(place, f"one of {wanted}", tagged)
            variant = variants.get(tagged)
            if variant is None:
                raise refuse(place, f"must be one of {wanted}{did_you_mean(tagged, variants)}")
            return variant.check(value, path)  # type: ignore[no-any-return]

        return check

    def plain(self, attribute: Compiled) -> Callable[[Any], Any]:
        """Return a dict, converted as its variant is."""

        variants = attribute.variants or {}

        def plain(value: Any) -> Any:
            variant = variants.get(tag_of(attribute.spec, value) or "")
            return plain_any(value) if variant is None else variant.plain(value)

        return plain

    def static(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in records, as source text."""
        return _static(spec, text, given=False)

    def static_given(self, spec: AttributeSpec, text: Static) -> str:
        """Return the type in calls, as source text."""
        return _static(spec, text, given=True)

    def static_operand(self, spec: AttributeSpec, text: Static) -> str:
        """Return the class in conditions, as source text, with the shared properties."""
        return text.places(spec, shared_properties(spec))

    def json_schema(self, spec: AttributeSpec, part: PartSchema) -> dict[str, Any]:
        """Describe one of several objects."""
        return {"oneOf": [part(one) for one in (spec.variants or {}).values()]}

    def sample(self, spec: AttributeSpec, like: Likely) -> Any:
        """Return samples of the variants in turn."""
        variants = tuple((spec.variants or {}).values())
        return like.part(variants[like.number % len(variants)]) if variants else {}


def _static(spec: AttributeSpec, text: Static, *, given: bool) -> str:
    variants = (spec.variants or {}).items()
    return " | ".join(text.part(one, given=given, name=name) for name, one in variants)


_SAID_BESIDE: Final = frozenset({"description", "required", "span"})
"""The options that may differ between variants' properties that count as the same."""


def _essence(spec: AttributeSpec) -> tuple[Any, ...]:
    """Return what defines a property: how it is stored, and which values it accepts."""
    return tuple(map(_inner, (getattr(spec, name) for name in _essentials(spec))))


def _essentials(spec: AttributeSpec) -> list[str]:
    return [part.name for part in fields(type(spec)) if part.name not in _SAID_BESIDE]


def _inner(value: Any) -> Any:
    if isinstance(value, Mapping):
        return [(name, _inner(part)) for name, part in value.items()]
    return _essence(value) if hasattr(value, "span") else value


def _agree(specs: Sequence[AttributeSpec]) -> bool:
    return all(_essence(spec) == _essence(specs[0]) for spec in specs[1:])


def shared_properties(spec: AttributeSpec) -> dict[str, AttributeSpec]:
    """Return the properties of a union that are the same in all variants with them, and its tag."""
    found: dict[str, list[AttributeSpec]] = {}
    for variant in (spec.variants or {}).values():
        for name, part in (variant.properties or {}).items():
            found.setdefault(name, []).append(part)
    return {
        name: evolve(parts[0], values=tuple(spec.variants or ())) if name == spec.tag else parts[0]
        for name, parts in found.items()
        if name == spec.tag or _agree(parts)
    }


def shared_part(attribute: Compiled, name: str) -> Compiled | None:
    """Return the property of this name, if all variants that have it agree.

    The result is None if variants differ, because a path to it would be ambiguous. If the property
    is required in one of them, the result is required.
    """
    found = [
        parts[name]
        for parts in properties_of_variants(attribute)
        if name in parts and name != attribute.spec.tag
    ]
    if not found or not _agree([one.spec for one in found]):
        return None
    return next((one for one in found if one.spec.required), found[0])


def properties_of_variants(attribute: Compiled) -> Iterator[Mapping[str, Compiled]]:
    """Yield the properties of each variant, including the tag."""
    for variant in (attribute.variants or {}).values():
        yield variant.properties or {}


def readable_parts(attribute: Compiled, tagged: str | None) -> Mapping[str, Compiled]:
    """Return the properties by which a stored value of a union is read.

    `tagged` is its tag. Of a variant that the schema does not know, only the tag is read. If a part
    of the value was read without its tag (None), the properties that all variants share are read,
    except those that are hidden or have a `get` hook.
    """
    variant = (attribute.variants or {}).get(tagged or "")
    if variant is not None:
        return variant.properties or {}
    tag = attribute.tag
    assert tag is not None
    if tagged is not None:
        return {tag.spec.name: tag}
    names = {name for parts in properties_of_variants(attribute) for name in parts}
    shared = {name: part for name in names if (part := shared_part(attribute, name)) is not None}
    used: dict[str, set[str]] = {}
    for parts in properties_of_variants(attribute):
        for name, part in parts.items():
            used.setdefault(part.spec.field, set()).add(name)
    return {
        name: part
        for name, part in sorted(shared.items())
        if used[part.spec.field] == {name} and not part.spec.hidden and part.apply_get is None
    }
