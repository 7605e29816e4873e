"""Rules of attributes, also derived ones, and of the entity options that name attributes."""

from __future__ import annotations

from functools import partial

from leyden._text import did_you_mean, listed, quoted
from leyden.schema.attributes import parts_of
from leyden.schema.entities import EntityDraft
from leyden.schema.expressions import (
    ExpressionError,
    ParsedExpression,
    Shape,
    always_alike,
    always_null,
    instead_of,
    parse_expression,
    shape_of,
)
from leyden.schema.language import RESERVED_FIELDS
from leyden.schema.nodes import Given
from leyden.schema.spec import (
    After,
    AttributeSpec,
    Bucket,
    Call,
    Generate,
    JMESPath,
    Judge,
    Literal,
    Slug,
)
from leyden.types import type_of


def check_attributes(entity: EntityDraft) -> None:
    """Check the options of each attribute against each other and against the keys."""
    composites = {name for index in entity.spec.indexes.values() for name in index.composites}
    for name, spec in entity.spec.attributes.items():
        at = partial(entity.at, "attributes", name)
        if spec.field in RESERVED_FIELDS or spec.field in entity.spec.identifiers:
            at("field").error(
                "attribute.field_reserved",
                f"{quoted(name)} cannot be stored in {quoted(spec.field)}: that field says "
                f"{RESERVED_FIELDS.get(spec.field, 'which entity an item belongs to')}",
            )
        if spec.derive is not None and spec.default is not None:
            at("default").error(
                "attribute.default_and_derive",
                f"{quoted(name)} is derived, so its default would never be used; leave one out",
            )
        for option in ("read_only", "derive"):
            if spec.on_write is not None and getattr(spec, option):
                at("on_write").error(
                    "attribute.on_write_conflict",
                    f"{quoted(name)} has both `on_write`, which sets it with every write, "
                    f"and `{option}`; leave one out",
                )
        if name in composites and spec.set is not None:
            at("set").warning(
                "attribute.set_on_key",
                f"{quoted(name)} makes keys, and its `set` function changes the value first: "
                "unless the function leaves its own results alone, items cannot be found again",
            )
        if name in composites and spec.overflow is not None:
            at("overflow").error(
                "attribute.overflow_on_key",
                f"{quoted(name)} makes keys, so it cannot be stored outside of its item",
            )


def check_expiry(entity: EntityDraft) -> None:
    """Warn about a time to live that is the same for all items, or over at once."""
    for name, spec in entity.spec.attributes.items():
        for option in ("default", "on_write") if type_of(spec).expires else ():
            source = getattr(spec, option)
            if isinstance(source, Literal | Generate):
                when = "at one moment, and those written after it at once"
                if isinstance(source, Generate):
                    when = "as soon as they are written"
                entity.at("attributes", name, option).warning(
                    "attribute.ttl_default",
                    f"{quoted(name)} is a point in time, so with this `{option}` DynamoDB deletes "
                    f"all items {when}; count it from the time of writing: {{after: 90 days}}",
                )


def check_expressions(entity: EntityDraft) -> None:
    """Check what expressions read, and warn about parts that are the same for every value."""
    known = entity.spec.attributes
    whole = Shape("a map", properties=known)
    for name, attribute in known.items():
        if isinstance(attribute.derive, JMESPath):
            _check(attribute.derive.text, entity.at("attributes", name, "derive"), whole)
        for path, part in parts_of(attribute, "attributes", name):
            if isinstance(part.validate, JMESPath):
                _check(part.validate.text, entity.at(*path, "validate"), shape_of(part, "@"))
    for pattern in entity.patterns:
        when = pattern.index.when
        if isinstance(when, JMESPath):
            _check(when.text, pattern.at("when"), whole)
        for i, name in enumerate(when.reads) if isinstance(when, Judge) else ():
            if name not in known and name not in pattern.index.composites:
                pattern.at("when", "reads", i).error(
                    "expression.unknown_attribute",
                    f"{pattern.where}.when reads {quoted(name)}, but there is no such attribute"
                    f"{did_you_mean(name, known)}",
                )


def _check(text: str, here: Given, of: Shape) -> None:
    """Check an expression over `of`. Only the shape of the whole item has no name."""
    try:
        parsed = parse_expression(text)
    except ExpressionError as error:
        here.error("expression.syntax", f"{here.where} is not JMESPath: {error}")
        return
    known = of.properties or {}
    for root in sorted(parsed.roots or ()) if not of.name else ():
        if root not in known:
            hint = instead_of(root, text, known)
            message = f"{here.where} reads {quoted(root)}, but there is no such attribute{hint}"
            here.error("expression.unknown_attribute", message)
    for what in always_null(parsed.tree, of):
        message = f"a part of {here.where} gives null for every value: {what}"
        here.warning("expression.always_null", message)
    for what in always_alike(parsed.tree, of):
        here.warning("expression.always_alike", f"a comparison in {here.where} {what}")


def check_derived(entity: EntityDraft) -> None:
    """Check that each derived attribute says when it is derived again."""
    for name, spec in entity.spec.attributes.items():
        at = partial(entity.at, "attributes", name)
        parsed = _parsed(spec)
        if spec.watch and spec.derive is None:
            # A derivation with a fault also leaves `derive` empty; it has been reported.
            if spec.set is None and spec.get is None and not at().has("derive"):
                at("watch").error(
                    "attribute.watch_without_derive",
                    f"{quoted(name)} watches other attributes, but nothing uses them; add "
                    "`derive`, `set` or `get`",
                )
        elif isinstance(spec.derive, Call) and not at().has("watch"):
            at("derive").error(
                "attribute.derive_without_watch",
                f"{quoted(name)} is derived by a function; list in `watch` the "
                'attributes that it depends on, or "*" for all',
            )
        elif parsed is not None and parsed.roots == frozenset() and not spec.watch:
            at("derive").error(
                "attribute.derive_without_watch",
                f"the expression that derives {quoted(name)} reads no attribute; use `default`, "
                "or list in `watch` the attributes whose change derives it again",
            )


def _parsed(spec: AttributeSpec) -> ParsedExpression | None:
    """Return the parsed expression that derives an attribute; None without one, or with faults."""
    try:
        return parse_expression(spec.derive.text) if isinstance(spec.derive, JMESPath) else None
    except ExpressionError:
        return None


def check_watched(entity: EntityDraft) -> None:
    """Check that watched attributes exist and do not watch others themselves."""
    known = entity.spec.attributes
    watchers = {
        name
        for name, spec in known.items()
        if spec.derive is not None or (spec.watch and spec.watch != ("*",))
    }
    for name, spec in known.items():
        at = partial(entity.at, "attributes", name)
        if isinstance(spec.derive, Bucket | Slug | After):
            # What it is computed from has a check of its own, in `making`.
            continue
        for i, watched in enumerate(spec.watch):
            place = at("watch", i) if at().has("watch") else at("derive")
            if watched == "*":
                if len(spec.watch) > 1:
                    message = f'{quoted(name)}: "*" watches all, so it must stand alone'
                    place.error("attribute.watch_unknown", message)
            elif watched not in known:
                hint = did_you_mean(watched, known)
                message = f"{quoted(name)} watches {quoted(watched)}, which is no attribute{hint}"
                place.error("attribute.watch_unknown", message)
            elif watched == name:
                place.error("attribute.watch_itself", f"{quoted(name)} cannot watch itself")
            elif watched in watchers:
                place.error(
                    "attribute.watch_watcher",
                    f"{quoted(name)} watches {quoted(watched)}, which watches others itself; "
                    "watch those instead",
                )


def check_unwatched(entity: EntityDraft) -> None:
    """Warn if an attribute is derived from others that it does not watch."""
    known = entity.spec.attributes
    for name, spec in known.items():
        parsed = _parsed(spec)
        if parsed is None or not known.keys() >= {*spec.watch}:
            continue
        here = entity.at("attributes", name)
        if here.has("watch"):
            unwatched = sorted((parsed.roots or frozenset()) & known.keys() - {*spec.watch})
            if parsed.roots is None or unwatched:
                here.at("watch").warning(
                    "attribute.derive_unwatched",
                    f"{quoted(name)} is also derived from "
                    f"{listed(unwatched) or 'all attributes'}, but a change there does not derive "
                    "it again; leave `watch` out to watch all that the expression reads",
                )


def check_identifiers(entity: EntityDraft) -> None:
    """Check that the fields with an item's entity and version serve no other purpose."""
    name, version = entity.spec.identifiers
    keys = {key.spec.field for pattern in entity.patterns for key in pattern.halves}
    for option, field in (("entity", name), ("version", version)):
        if (field in keys and field not in RESERVED_FIELDS) or name == version:
            entity.at("identifiers", option).error(
                "entity.identifiers",
                f"identifiers.{option}: the field {quoted(field)} "
                f"{'is a key' if field in keys else 'is named twice'}; name another field",
            )


def check_unique(entity: EntityDraft) -> None:
    """Check that each unique constraint names attributes whose values a guard can hold."""
    attributes = entity.spec.attributes
    seen: set[frozenset[str]] = set()
    for i, names in enumerate(entity.spec.unique):
        for j, name in enumerate(names):
            problem = ""
            if name not in attributes:
                hint = did_you_mean(name, attributes)
                problem = f"there is no attribute {quoted(name)}{hint}"
            elif attributes[name].type and not type_of(attributes[name]).keyable:
                problem = (
                    f"{quoted(name)} is of the type {quoted(attributes[name].type)}, "
                    "which cannot be part of a key"
                )
            elif attributes[name].overflow is not None:
                problem = (
                    f"{quoted(name)} may be stored outside of its item (`overflow`), where its "
                    "value is not seen"
                )
            elif name in names[:j]:
                problem = f"{quoted(name)} is listed twice"
            if problem:
                entity.at("unique", i, j).error("entity.unique", f"unique[{i}]: {problem}")
        if frozenset(names) in seen:
            message = f"unique[{i}]: {listed(names)} is listed in `unique` twice"
            entity.at("unique", i).error("entity.unique", message)
        seen.add(frozenset(names))


def check_version_attribute(entity: EntityDraft) -> None:
    """Check that the version attribute can count an item's writes."""
    name = entity.spec.version_attribute
    if name is None:
        return
    spec = entity.spec.attributes.get(name)
    problem = ""
    if spec is None:
        hint = did_you_mean(name, entity.spec.attributes)
        problem = f"there is no attribute {quoted(name)}{hint}"
    elif spec.type and not type_of(spec).countable:
        problem = f"{quoted(name)} must be of the type integer or number, so that it can count"
    elif spec.derive is not None or spec.on_write is not None or spec.read_only:
        problem = (
            f"{quoted(name)} is counted up by every write, so it cannot have `read_only`, "
            "`derive` or `on_write`"
        )
    elif any(name in index.composites for index in entity.spec.indexes.values()):
        problem = f"{quoted(name)} makes keys, which would change with every write"
    if problem:
        here = entity.at("version_attribute")
        here.error("entity.version_attribute", f"version_attribute: {problem}")
