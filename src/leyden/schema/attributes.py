"""Attributes: from checked options to specs."""

from __future__ import annotations

import re
from typing import Any

from leyden import _attrs as attrs
from leyden._text import quoted
from leyden.schema.faults import Report
from leyden.schema.language import ATTRIBUTE, ELEMENT, GENERATED, PROPERTY, SET_TYPES
from leyden.schema.literals import LiteralError, lacking, literal_value
from leyden.schema.regexps import UnboundedPatternError, searching
from leyden.schema.shapes import Options
from leyden.schema.spec import (
    AttributeSpec,
    Call,
    Generate,
    JMESPath,
    Literal,
    Padding,
)
from leyden.schema.structure import Given, Listing, Mapping, Scalar
from leyden.types import type_of


def build_attributes(given: Given, report: Report) -> dict[str, AttributeSpec]:
    """The attributes of an entity by name; `given` holds their options.

    One whose type was refused has the type `""`, so that it is at least known.
    """
    found: dict[str, AttributeSpec] = {}
    for name, inner in given.value.items():
        if inner is None:
            found[name] = AttributeSpec(name, "", name, name, span=given.at(name))
        else:
            found[name] = _build(name, inner, f"attributes.{name}", ATTRIBUTE, report)
    return found


def _build(name: str, given: Given, where: str, shape: Options, report: Report) -> AttributeSpec:
    place = given.key or given.span
    if isinstance(given.value, str):
        return AttributeSpec(name, given.value, name, name, span=place)
    if isinstance(given.value, list):
        values = _enum_values(given, where, report)
        return AttributeSpec(name, "enum", name, name, values=values, span=place)
    kind, values = _type_of(given, where, report)
    fits = not kind or _options_fit(given, kind, where, shape, report)
    spec = AttributeSpec(
        name=name,
        type=kind,
        field=given.plain("field", name),
        label=given.plain("label", name),
        required=given.plain("required", False),
        read_only=given.plain("read_only", False),
        hidden=given.plain("hidden", False),
        padding=_padding(given.get("padding")),
        pattern=_pattern(given, where, report),
        min=given.plain("min"),
        max=given.plain("max"),
        min_length=given.plain("min_length"),
        max_length=given.plain("max_length"),
        validate=_expression_or_call(given.get("validate")),
        get=_call(given.get("get")),
        set=_call(given.get("set")),
        watch=_watch(given.get("watch")),
        derive=_expression_or_call(given.get("derive")),
        items=_items(given, kind, where, report),
        properties=_properties(given, where, report),
        values=values,
        overflow=given.plain("overflow"),
        description=given.plain("description"),
        span=place,
    )
    # Literals are checked against the other options, so only where these make sense.
    if not _bounds_fit(spec, given, where, report) or not fits:
        return spec
    return _with_sources(spec, given, where, report)


def _type_of(given: Given, where: str, report: Report) -> tuple[str, tuple[str, ...]]:
    kind = given.get("type")
    if kind is None:
        return "", ()
    if isinstance(kind.value, list):
        return "enum", _enum_values(kind, f"{where}.type", report)
    return kind.value, ()


def _enum_values(given: Given, where: str, report: Report) -> tuple[str, ...]:
    values: dict[str, None] = {}
    for item in given.value:
        if item.value in values:
            message = f"{where} lists {quoted(item.value)} twice"
            report.error(item.span, "attribute.enum_duplicate", message)
        values[item.value] = None
    return tuple(values)


def _options_fit(given: Given, kind: str, where: str, shape: Options, report: Report) -> bool:
    good = True
    for name in given.value:
        types = shape.options[name].types
        if types is not None and kind not in types:
            good = False
            having = ", ".join(sorted(types))
            report.error(
                given.at(name),
                "option.not_for_type",
                f"{where}: {_called(kind)} has no option {quoted(name)}; it is for {having}",
            )
    return good


def _called(kind: str) -> str:
    """A type as messages call it; an enum has no name in schemas."""
    return "an enum" if kind == "enum" else f"the type {quoted(kind)}"


def _padding(given: Given | None) -> Padding | None:
    if given is None or given.get("length") is None or given.get("char") is None:
        return None
    return Padding(given.plain("length"), given.plain("char"))


def _pattern(given: Given, where: str, report: Report) -> str | None:
    found = given.get("pattern")
    if found is None:
        return None
    text: str = found.value
    try:
        searching(text)
    except UnboundedPatternError as error:
        report.error(found.span, "attribute.pattern_unbounded", f"{where}.pattern: {error}")
        return None
    except (re.error, OverflowError, RecursionError) as error:
        report.error(
            found.span,
            "attribute.pattern",
            f"{where}.pattern is not a regular expression: {error}",
        )
        return None
    return text


def _call(given: Given | None) -> Call | None:
    name = given.plain("call") if given else None
    if given is None or name is None:
        return None
    return Call(name, bool(given.plain("always", False)))


def _expression_or_call(given: Given | None) -> JMESPath | Call | None:
    if given is None:
        return None
    return JMESPath(given.value) if isinstance(given.value, str) else _call(given)


def _watch(given: Given | None) -> tuple[str, ...]:
    if given is None:
        return ()
    return tuple(dict.fromkeys(given.bare())) if isinstance(given.value, list) else (given.value,)


def _items(given: Given, kind: str, where: str, report: Report) -> AttributeSpec | None:
    found = given.get("items")
    if found is None:
        return None
    spec = _build("items", found, f"{where}.items", ELEMENT, report)
    if kind == "set" and spec.type and spec.type not in SET_TYPES:
        report.error(
            found.at("type"),
            "option.value",
            f"{where}.items: a set cannot hold {quoted(spec.type)}; "
            f"it holds {', '.join(sorted(SET_TYPES))}",
        )
    return spec


def _properties(given: Given, where: str, report: Report) -> dict[str, AttributeSpec] | None:
    found = given.get("properties")
    if found is None:
        return None
    specs = {
        name: _build(name, inner, f"{where}.properties.{name}", PROPERTY, report)
        for name, inner in found.value.items()
        if inner is not None
    }
    refuse_shared_fields(specs, found, where, report)
    return specs


def refuse_shared_fields(
    specs: dict[str, AttributeSpec], given: Given, where: str, report: Report
) -> None:
    """Refuse two attributes, or two properties of one map, that are stored in one field."""
    stored: dict[str, str] = {}
    for name, spec in specs.items():
        first = stored.setdefault(spec.field, name)
        if first != name:
            report.error(
                given.at(name, "field"),
                "attribute.field_duplicate",
                f"{where}: {quoted(name)} and {quoted(first)} are both stored in the field "
                f"{quoted(spec.field)} ({quoted(first)} is at {given.at(first)})",
            )


def _bounds_fit(spec: AttributeSpec, given: Given, where: str, report: Report) -> bool:
    good = True

    def refuse(option: str, message: str) -> None:
        nonlocal good
        good = False
        because = ", and it is required, so it could never be set" if spec.required else ""
        report.error(given.at(option), "attribute.bounds", f"{where}: {message}{because}")

    if spec.min is not None and spec.max is not None and spec.min > spec.max:
        refuse("max", "`max` must be at least `min`")
    if (
        spec.min_length is not None
        and spec.max_length is not None
        and spec.min_length > spec.max_length
    ):
        refuse("max_length", "`max_length` must be at least `min_length`")
    if spec.type == "set" and spec.max_length == 0:
        refuse("max_length", "a set cannot be empty, so `max_length` must be at least 1")
    if type_of(spec).whole_limits:
        for option in ("min", "max"):
            limit = getattr(spec, option)
            if isinstance(limit, float) and not limit.is_integer():
                good = False
                message = f"{where}: `{option}` must be a whole number, as the values are"
                report.error(given.at(option), "attribute.bounds", message)
    if (
        spec.values
        and spec.pattern is not None
        and not any(map(searching(spec.pattern), spec.values))
    ):
        good = False
        report.error(
            given.at("pattern"),
            "attribute.never_valid",
            f"{where}: none of the values of the enum matches `pattern`, so it could never be set",
        )
    return good


def _with_sources(spec: AttributeSpec, given: Given, where: str, report: Report) -> AttributeSpec:
    """The spec with `default` and `on_write`, which are checked against all the rest of it."""
    found: dict[str, Any] = {}
    for option in ("default", "on_write"):
        source = given.get(option)
        if source is not None:
            found[option] = _source(spec, source, f"{where}.{option}", report)
    if not found:
        return spec
    return attrs.evolve(spec, **found)


def _source(
    spec: AttributeSpec, given: Given, where: str, report: Report
) -> Literal | Generate | Call | None:
    if not isinstance(given.value, (Scalar, Listing, Mapping)):
        if given.get("call") is not None:
            return _call(given)
        kind = given.plain("generate")
        if kind is not None and spec.type and spec.type not in GENERATED[kind]:
            fitting = ", ".join(sorted(GENERATED[kind]))
            report.error(
                given.at("generate"),
                "attribute.generate",
                f'{where}: "{kind}" does not fit {_called(spec.type)}; it is for {fitting}',
            )
        return Generate(kind) if kind is not None else None
    if not spec.type or _has_unknown_type(spec):
        return None
    try:
        value = Literal(literal_value(spec, given.value, where))
    except LiteralError as error:
        report.error(error.span, "attribute.default", str(error))
        return None
    for span, property_ in lacking(spec, given.value, where):
        report.warning(
            span,
            "attribute.default_incomplete",
            f"{property_} is required and has no default, so an item that is not given "
            f"{quoted(spec.name)} is refused; write the property here, or leave the default out",
        )
    return value


def _has_unknown_type(spec: AttributeSpec) -> bool:
    inner = [spec.items] if spec.items is not None else []
    inner += list((spec.properties or {}).values())
    return any(not part.type or _has_unknown_type(part) for part in inner)


def calls_of(spec: AttributeSpec, *path: str) -> list[tuple[tuple[str, ...], Call]]:
    """Every `{call: NAME}` of an attribute and of what is inside of it, each with its path."""
    found: list[tuple[tuple[str, ...], Call]] = []
    for option in ("default", "on_write", "validate", "get", "set", "derive"):
        source = getattr(spec, option)
        if isinstance(source, Call):
            found.append(((*path, option, "call"), source))
    if spec.items is not None:
        found += calls_of(spec.items, *path, "items")
    for name, part in (spec.properties or {}).items():
        found += calls_of(part, *path, "properties", name)
    return found
