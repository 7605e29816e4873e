"""Attributes and the literals in them: build specs from checked options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from leyden import _attrs as attrs
from leyden._text import did_you_mean, listed, quoted
from leyden.errors import ValidationError
from leyden.schema import nodes
from leyden.schema.language import ATTRIBUTE, ELEMENT, GENERATED, PROPERTY, SET_TYPES
from leyden.schema.nodes import Given, Listing, Node, Scalar, described
from leyden.schema.regexps import UnboundedPatternError, searching
from leyden.schema.shapes import Options
from leyden.schema.spec import (
    After,
    AttributeSpec,
    Bucket,
    Call,
    Generate,
    JMESPath,
    Literal,
    Padding,
    Slug,
    Span,
)
from leyden.types import WrongLiteralError, accept_vector, type_of
from leyden.types.normal import normal_form

_TAKEN_AS_GIVEN: Final = frozenset(
    {
        *("field", "label", "required", "read_only", "hidden", "overflow", "description"),
        *("min", "max", "min_length", "max_length", "dimensions", "deferred", "prefix", "tag"),
        "encrypt",
    }
)
"""The options whose values go into a spec unchanged."""


def build_attributes(given: Given) -> dict[str, AttributeSpec]:
    """Return an entity's attributes by name; `given` holds their options.

    An attribute whose type was refused gets the type `""`, so that other checks know it exists.
    """
    found: dict[str, AttributeSpec] = {}
    for name, inner in given.value.items():
        if inner is None:
            found[name] = AttributeSpec(name, "", name, name, span=given.at(name).place)
        else:
            found[name] = _build(name, inner, ATTRIBUTE)
    _refuse_shared_fields(found, given, given.where)
    return found


def _build(name: str, given: Given, shape: Options) -> AttributeSpec:
    place = given.key or given.span
    if isinstance(given.value, str):
        return AttributeSpec(name, given.value, name, name, span=place)
    if isinstance(given.value, list):
        values = _enum_values(given)
        return AttributeSpec(name, "enum", name, name, values=values, span=place)
    kind, values = given.plain("type", ""), ()
    if isinstance(kind, list):
        kind, values = "enum", _enum_values(given.at("type"))
    fits = not kind or _options_fit(given, kind, shape)
    padding = given.plain("padding", {})
    watch, normalize = given.plain("watch", ()), given.plain("normalize", ())
    as_given: dict[str, Any] = {"field": name, "label": name}
    for option, inner in given.value.items():
        if inner is not None and option in _TAKEN_AS_GIVEN:
            as_given[option] = inner.value
    spec = AttributeSpec(
        name=name,
        type=kind,
        padding=Padding(**padding) if len(padding) == 2 else None,
        normalize=(normalize,) if isinstance(normalize, str) else tuple(normalize),
        pattern=_pattern(given.get("pattern")),
        validate=_expression_or_call(given.get("validate")),
        get=_call(given.get("get")),
        set=_call(given.get("set")),
        watch=(watch,) if isinstance(watch, str) else tuple(dict.fromkeys(watch)),
        derive=_derivation(given.get("derive")),
        items=_items(given.get("items"), kind),
        properties=_properties(given.get("properties"), given.where),
        variants=_variants(name, given),
        values=values,
        span=place,
        **as_given,
    )
    # Literals are checked against the other options, so only if these make sense.
    if not _bounds_fit(spec, given) or not fits:
        return spec
    sources: dict[str, Any] = {
        option: _source(spec, source)
        for option in ("default", "on_write")
        if (source := given.get(option)) is not None
    }
    return attrs.evolve(spec, **sources) if sources else spec


def _enum_values(given: Given) -> tuple[str, ...]:
    values: dict[str, None] = {}
    for item in given.value:
        if item.value in values:
            message = f"{given.where} lists {quoted(item.value)} twice"
            item.error("attribute.enum_duplicate", message)
        values[item.value] = None
    return tuple(values)


def _options_fit(given: Given, kind: str, shape: Options) -> bool:
    good = True
    for name in given.value:
        types = shape.options[name].types
        if types is not None and kind not in types:
            good = False
            given.at(name).error(
                "option.not_for_type",
                f"{given.where}: {_called(kind)} has no option {quoted(name)}; it is for "
                f"{', '.join(sorted(types))}",
            )
    return good


def _called(kind: str) -> str:
    """Return a type as messages call it. Schemas have no name for an enum."""
    return "an enum" if kind == "enum" else f"the type {quoted(kind)}"


def _pattern(given: Given | None) -> str | None:
    if given is None:
        return None
    try:
        searching(given.value)
    except UnboundedPatternError as error:
        given.error("attribute.pattern_unbounded", f"{given.where}: {error}")
    except (re.error, OverflowError, RecursionError) as error:
        message = f"{given.where} is not a regular expression: {error}"
        given.error("attribute.pattern", message)
    else:
        text: str = given.value
        return text
    return None


def _call(given: Given | None) -> Call | None:
    name = given.plain("call") if given else None
    if given is None or name is None:
        return None
    return Call(name, bool(given.plain("always", False)))


def _expression_or_call(given: Given | None) -> JMESPath | Call | None:
    if given is None or not isinstance(given.value, str):
        return _call(given)
    return JMESPath(given.value)


def _derivation(given: Given | None) -> JMESPath | Call | Bucket | Slug | After | None:
    if given is None or isinstance(given.value, str):
        return _expression_or_call(given)
    return _made(given) or _call(given)


def _made(given: Given) -> Bucket | Slug | After | None:
    """Build what computes a value from another attribute or from the time of the write.

    Returns None for anything else, and if part of it was refused.
    """
    options = given.bare()
    if None in given.value.values():
        return None
    if "bucket" in options and "of" in options:
        return Bucket(options["bucket"], options["of"])
    if "slug" in options:
        return Slug(options["slug"], options.get("max_length"))
    return After(options["after"], options.get("of")) if "after" in options else None


def _items(given: Given | None, kind: str) -> AttributeSpec | None:
    if given is None:
        return None
    spec = _build("items", given, ELEMENT)
    if kind == "set" and spec.type and spec.type not in SET_TYPES:
        given.at("type").error(
            "option.value",
            f"{given.where}: a set cannot hold {quoted(spec.type)}; "
            f"it holds {', '.join(sorted(SET_TYPES))}",
        )
    return spec


def _properties(given: Given | None, where: str) -> dict[str, AttributeSpec] | None:
    if given is None:
        return None
    specs = {
        name: _build(name, inner, PROPERTY)
        for name, inner in given.value.items()
        if inner is not None
    }
    _refuse_shared_fields(specs, given, where)
    return specs


def _variants(name: str, given: Given) -> dict[str, AttributeSpec] | None:
    """Return the variants of a union as maps, with the tag as their first property."""
    variants, tag = given.get("variants"), given.get("tag")
    if variants is None or tag is None:
        return None
    word = tag.value
    specs = {}
    for variant, inner in variants.value.items():
        if inner is None:
            continue
        properties = _properties(inner.get("properties"), inner.where) or {}
        for part, spec in properties.items():
            if word in (part, spec.field):
                inner.at("properties", part).error(
                    "attribute.tag_taken",
                    f"{inner.where}: {quoted(part)} is stored where the tag {quoted(word)} of the "
                    "union is; give the property another name and `field`",
                )
        marked = AttributeSpec(word, "enum", word, word, required=True, values=(variant,))
        specs[variant] = AttributeSpec(
            name,
            "map",
            name,
            name,
            properties={word: marked, **{n: p for n, p in properties.items() if n != word}},
            description=inner.plain("description"),
            span=inner.place,
        )
    return specs


def _refuse_shared_fields(specs: Mapping[str, AttributeSpec], given: Given, where: str) -> None:
    """Refuse two attributes, or two properties of one map, that are stored in one field."""
    stored: dict[str, str] = {}
    for name, spec in specs.items():
        first = stored.setdefault(spec.field, name)
        if first != name:
            given.at(name, "field").error(
                "attribute.field_duplicate",
                f"{where}: {quoted(name)} and {quoted(first)} are both stored in the field "
                f"{quoted(spec.field)} ({quoted(first)} is at {given.at(first).place})",
            )


def _bounds_fit(spec: AttributeSpec, given: Given) -> bool:
    wrong: list[tuple[str, str]] = []
    because = ", and it is required, so it could never be set" if spec.required else ""
    for low, high in (("min", "max"), ("min_length", "max_length")):
        least, most = getattr(spec, low), getattr(spec, high)
        if None not in (least, most) and least > most:
            wrong.append((high, f"`{high}` must be at least `{low}`{because}"))
    if spec.type == "set" and spec.max_length == 0:
        message = f"a set cannot be empty, so `max_length` must be at least 1{because}"
        wrong.append(("max_length", message))
    for option in ("min", "max") if type_of(spec).whole_limits else ():
        limit = getattr(spec, option)
        if isinstance(limit, float) and not limit.is_integer():
            wrong.append((option, f"`{option}` must be a whole number, as the values are"))
    for option, message in wrong:
        given.at(option).error("attribute.bounds", f"{given.where}: {message}")
    matches = searching(spec.pattern or "")
    if not spec.values or any(map(matches, spec.values)):
        return not wrong
    given.at("pattern").error(
        "attribute.never_valid",
        f"{given.where}: none of the values of the enum matches `pattern`, so it could never be "
        "set",
    )
    return False


def _source(spec: AttributeSpec, given: Given) -> Any:
    """Return the value of `default` or `on_write`, checked against the other options."""
    if not isinstance(given.value, (Scalar, Listing, nodes.Mapping)):
        made = _made(given)
        if made is not None:
            return made
        kind = given.plain("generate")
        if kind is not None and spec.type and spec.type not in GENERATED[kind]:
            given.at("generate").error(
                "attribute.generate",
                f'{given.where}: "{kind}" does not fit {_called(spec.type)}; it is for '
                f"{', '.join(sorted(GENERATED[kind]))}",
            )
        return Generate(kind) if kind is not None else _call(given)
    if not all(part.type for _, part in parts_of(spec)):
        return None
    try:
        value = Literal(literal_value(spec, given.value, given.where))
    except LiteralError as error:
        given.report.error(error.span, "attribute.default", str(error))
        return None
    for span, property_ in _lacking(spec, given.value, given.where):
        given.report.warning(
            span,
            "attribute.default_incomplete",
            f"{property_} is required and has no default, so a write without "
            f"{quoted(spec.name)} is refused; write the property here, or leave the default out",
        )
    return value


def parts_of(spec: AttributeSpec, *path: str) -> Iterator[tuple[tuple[str, ...], AttributeSpec]]:
    """Yield an attribute and all that is nested in it, each with its path."""
    yield path, spec
    if spec.items is not None:
        yield from parts_of(spec.items, *path, "items")
    for name, part in (spec.properties or {}).items():
        yield from parts_of(part, *path, "properties", name)
    for variant, inner in (spec.variants or {}).items():
        for name, part in (inner.properties or {}).items():
            if name != spec.tag:
                yield from parts_of(part, *path, "variants", variant, "properties", name)


class LiteralError(ValueError):
    """A literal that its attribute does not take; `span` says where in the literal the fault is."""

    def __init__(self, span: Span, message: str) -> None:
        super().__init__(message)
        self.span = span


def literal_value(attribute: AttributeSpec, node: Node, where: str) -> Any:
    """Return the literal as the attribute's Python value.

    A timestamp is an aware datetime, written as ISO 8601 with its offset. So is a ttl, which may
    also be written in epoch seconds. Binary is bytes, written in base64. A decimal may be written
    in quotes. A set becomes a frozenset. Raises LiteralError, with `where` in its message.
    """
    kind = type_of(attribute)
    value: Any
    if attribute.type == "map":
        value = _map(attribute, node, where)
    elif attribute.type == "union":
        value = _map(_literal_variant(attribute, node, where), node, where)
    elif attribute.type in ("list", "set"):
        value = _elements(attribute, node, where)
    elif attribute.type == "vector":
        value = _vector(attribute, node, where)
    elif kind.holds_anything:
        value = _free(node, where, binary=not kind.kind)
    elif not isinstance(node, Scalar):
        raise _wrong(node, where, kind.wanted)
    else:
        try:
            written = node.value
            if attribute.normalize and isinstance(written, str):
                written = normal_form(attribute.normalize)(written)
            value = kind.literal(attribute, written, node.text)
        except WrongLiteralError as error:
            raise _wrong(node, where, str(error)) from None
        except ValueError as error:
            raise LiteralError(node.span, f"{where} {error}") from None
    _check_limits(attribute, value, node, where)
    return value


def _check_limits(attribute: AttributeSpec, value: Any, node: Node, where: str) -> None:
    kind = type_of(attribute)
    for option, what in (
        ("min", "be at least"),
        ("max", "be at most"),
        ("min_length", "have a length of at least"),
        ("max_length", "have a length of at most"),
    ):
        limit = getattr(attribute, option)
        # An option that the type does not have has its own fault already.
        if limit is not None and option.replace("max", "min") in kind.options:
            size = len(value) if option.endswith("length") else kind.size(value)
            if size > limit if option.startswith("max") else size < limit:
                message = f"{where} must {what} {limit} (`{option}`)"
                raise LiteralError(node.span, message)
    pattern = attribute.pattern if "pattern" in kind.options else None
    if pattern is not None and not searching(pattern)(value):
        raise LiteralError(node.span, f"{where} must match `pattern`")
    if attribute.prefix and kind.is_free_text and not value.startswith(attribute.prefix):
        raise LiteralError(node.span, f"{where} must begin with {quoted(attribute.prefix)}")


def _wrong(node: Node, where: str, what: str) -> LiteralError:
    hint = ""
    if what == "text" and isinstance(node, Scalar) and node.text:
        hint = "; put it in quotes"
    return LiteralError(node.span, f"{where} must be {what}, not {described(node)}{hint}")


def _map(attribute: AttributeSpec, node: Node, where: str) -> dict[str, Any]:
    if not isinstance(node, nodes.Mapping):
        raise _wrong(node, where, "a mapping")
    known = attribute.properties
    for name, entry in node.entries.items():
        if known is not None and name not in known:
            hint = did_you_mean(name, known)
            raise LiteralError(entry.span, f"{where} has no property {quoted(name)}{hint}")
    return {
        name: _inner((known or {}).get(name), entry.value, f"{where}.{name}")
        for name, entry in node.entries.items()
    }


def _literal_variant(attribute: AttributeSpec, node: Node, where: str) -> AttributeSpec:
    """Return the variant that the tag in a union's literal names."""
    if not isinstance(node, nodes.Mapping):
        raise _wrong(node, where, "a mapping")
    tag, variants = attribute.tag or "", attribute.variants or {}
    entry = node.entries.get(tag)
    if entry is None:
        message = f"{where} needs {quoted(tag)}, which says which variant it is"
        raise LiteralError(node.span, message)
    tagged = entry.value.value if isinstance(entry.value, Scalar) else None
    if not isinstance(tagged, str) or tagged not in variants:
        hint = did_you_mean(tagged, variants) if isinstance(tagged, str) else ""
        message = f"{where}.{tag} must be {listed(variants, 'or')}{hint}"
        raise LiteralError(entry.value.span, message)
    return variants[tagged]


def _elements(attribute: AttributeSpec, node: Node, where: str) -> list[Any] | frozenset[Any]:
    if not isinstance(node, Listing):
        raise _wrong(node, where, "a list")
    values = [_inner(attribute.items, item, f"{where}[{i}]") for i, item in enumerate(node.items)]
    if attribute.type == "list":
        return values
    kinds = {"number" if isinstance(v, (int, float, Decimal)) else type(v).__name__ for v in values}
    if len(kinds) > 1 or kinds & {"list", "dict", "NoneType"}:
        raise LiteralError(node.span, f"{where} must hold values of one kind, as a set does")
    if not values:
        raise LiteralError(node.span, f"{where} is an empty set, which DynamoDB cannot store")
    if len(set(values)) < len(values):
        raise LiteralError(node.span, f"{where} holds a value twice")
    return frozenset(values)


def _vector(attribute: AttributeSpec, node: Node, where: str) -> tuple[float, ...]:
    if not isinstance(node, Listing):
        raise _wrong(node, where, "a list of numbers")
    number = AttributeSpec("", "number", "", "")
    numbers = [_inner(number, item, f"{where}[{i}]") for i, item in enumerate(node.items)]
    if len(numbers) != attribute.dimensions is not None:
        message = f"{where} must have {attribute.dimensions} numbers, not {len(numbers)}"
        raise LiteralError(node.span, message)
    try:
        return accept_vector(numbers, where)
    except ValidationError:
        message = f"{where} holds a number beyond those of 32-bit floats"
        raise LiteralError(node.span, message) from None


def _inner(part: AttributeSpec | None, node: Node, where: str) -> Any:
    """Read a literal inside of another one; if `part` is None, any value will do."""
    return _free(node, where, binary=True) if part is None else literal_value(part, node, where)


def _free(node: Node, where: str, *, binary: bool) -> Any:
    """Read any JSON value; if `binary`, also the other values that DynamoDB stores."""
    if isinstance(node, Listing):
        return [_free(item, f"{where}[{i}]", binary=binary) for i, item in enumerate(node.items)]
    if isinstance(node, nodes.Mapping):
        return {
            name: _free(entry.value, f"{where}.{name}", binary=binary)
            for name, entry in node.entries.items()
        }
    kinds = (bool, int, float, str, *((bytes, Decimal) if binary else ()))
    if node.value is None or isinstance(node.value, kinds):
        return node.value
    raise _wrong(node, where, "a value that can be stored")


def _lacking(attribute: AttributeSpec, node: Node, where: str) -> Iterator[tuple[Span, str]]:
    """Yield the required properties that a literal lacks: where they belong, and their paths."""
    if isinstance(node, Listing) and attribute.items is not None:
        for i, item in enumerate(node.items):
            yield from _lacking(attribute.items, item, f"{where}[{i}]")
    if not isinstance(node, nodes.Mapping):
        return
    if attribute.variants is not None:
        attribute = _literal_variant(attribute, node, where)
    for name, part in (attribute.properties or {}).items():
        entry = node.entries.get(name)
        if entry is not None:
            yield from _lacking(part, entry.value, f"{where}.{name}")
        elif part.required and part.default is None:
            yield node.span, f"{where}.{name}"
