"""Rules of single attributes, and of the entity options that name attributes."""

from __future__ import annotations

from leyden._text import did_you_mean, listed, quoted
from leyden.schema.drafts import EntityDraft
from leyden.schema.expressions import ExpressionError, parse_expression
from leyden.schema.faults import Report
from leyden.schema.language import RESERVED_FIELDS
from leyden.schema.nulls import shape_of
from leyden.schema.rules.derived import note_nulls
from leyden.schema.rules.forms import halves
from leyden.schema.spec import AttributeSpec, Generate, JMESPath, Literal
from leyden.types import type_of


def check_attributes(entity: EntityDraft, report: Report) -> None:
    """Check the options of each attribute against each other and against the keys."""
    composites = {name for index in entity.spec.indexes.values() for name in index.composites}
    for name, spec in entity.spec.attributes.items():
        _reserved_field(entity, spec, report)
        _contradictions(entity, spec, report)
        _expiry(entity, spec, report)
        _validations(entity, spec, report, "attributes", name)
        if name in composites:
            _in_keys(entity, spec, report)
    _identifiers(entity, report)
    _unique(entity, report)
    _version_attribute(entity, report)


def _reserved_field(entity: EntityDraft, spec: AttributeSpec, report: Report) -> None:
    if spec.field in RESERVED_FIELDS or spec.field in entity.spec.identifiers:
        report.error(
            entity.at("attributes", spec.name, "field"),
            "attribute.field_reserved",
            f"{quoted(spec.name)} cannot be stored in {quoted(spec.field)}: "
            f"that field tells {RESERVED_FIELDS.get(spec.field, 'whose item it is')}",
        )


def _identifiers(entity: EntityDraft, report: Report) -> None:
    name, version = entity.spec.identifiers
    keys = {key.field for index in entity.spec.indexes.values() for _, key in halves(index)}
    for option, field in (("entity", name), ("version", version)):
        if (field in keys and field not in RESERVED_FIELDS) or name == version:
            report.error(
                entity.at("identifiers", option),
                "entity.identifiers",
                f"identifiers.{option}: the field {quoted(field)} "
                f"{'is a key' if field in keys else 'is given twice'}; name one of its own",
            )


def _contradictions(entity: EntityDraft, spec: AttributeSpec, report: Report) -> None:
    name = spec.name
    if spec.derive is not None and spec.default is not None:
        report.error(
            entity.at("attributes", name, "default"),
            "attribute.default_and_derive",
            f"{quoted(name)} is derived, so its default would never be used; leave one out",
        )
    if spec.on_write is not None:
        for other, what in ((spec.read_only, "read_only"), (spec.derive, "derive")):
            if other:
                report.error(
                    entity.at("attributes", name, "on_write"),
                    "attribute.on_write_conflict",
                    f"{quoted(name)} has both `on_write`, which sets it with every write, "
                    f"and `{what}`; leave one out",
                )


def _expiry(entity: EntityDraft, spec: AttributeSpec, report: Report) -> None:
    """A time to live that is the same for all items, or over as soon as it is written."""
    if not type_of(spec).expires:
        return
    for option in ("default", "on_write"):
        source = getattr(spec, option)
        if isinstance(source, Literal):
            when = "at one moment, and those written after it at once"
        elif isinstance(source, Generate):
            when = "as soon as they are written"
        else:
            continue
        report.warning(
            entity.at("attributes", spec.name, option),
            "attribute.ttl_default",
            f"{quoted(spec.name)} is a point in time, so with this `{option}` DynamoDB deletes "
            f"all items {when}; count it from the time of writing with {{call: NAME}}",
        )


def _validations(entity: EntityDraft, spec: AttributeSpec, report: Report, *path: str) -> None:
    if isinstance(spec.validate, JMESPath):
        span, where = entity.at(*path, "validate"), f"{'.'.join(path)}.validate"
        try:
            parsed = parse_expression(spec.validate.text)
        except ExpressionError as error:
            report.error(span, "expression.syntax", f"{where} is not JMESPath: {error}")
        else:
            note_nulls(parsed, shape_of(spec, "@"), span, where, report)
    if spec.items is not None:
        _validations(entity, spec.items, report, *path, "items")
    for name, part in (spec.properties or {}).items():
        _validations(entity, part, report, *path, "properties", name)


def _in_keys(entity: EntityDraft, spec: AttributeSpec, report: Report) -> None:
    name = spec.name
    if spec.set is not None:
        report.warning(
            entity.at("attributes", name, "set"),
            "attribute.set_on_key",
            f"{quoted(name)} makes keys, and its `set` function changes the value first: unless "
            "the function leaves its own results alone, items cannot be found again",
        )
    if spec.overflow is not None:
        report.error(
            entity.at("attributes", name, "overflow"),
            "attribute.overflow_on_key",
            f"{quoted(name)} makes keys, so it cannot be stored outside of its item",
        )


def _unique(entity: EntityDraft, report: Report) -> None:
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
            elif name in names[:j]:
                problem = f"{quoted(name)} stands in it twice"
            if problem:
                report.error(entity.at("unique", i, j), "entity.unique", f"unique[{i}]: {problem}")
        if frozenset(names) in seen:
            message = f"unique[{i}]: {listed(names)} stands in `unique` twice"
            report.error(entity.at("unique", i), "entity.unique", message)
        seen.add(frozenset(names))


def _version_attribute(entity: EntityDraft, report: Report) -> None:
    name = entity.spec.version_attribute
    if name is None:
        return
    spec = entity.spec.attributes.get(name)
    problem = ""
    if spec is None:
        hint = did_you_mean(name, entity.spec.attributes)
        problem = f"there is no attribute {quoted(name)}{hint}"
    elif spec.type and not type_of(spec).countable:
        problem = f"{quoted(name)} must be of the type integer or number, to be counted up"
    elif spec.derive is not None or spec.on_write is not None or spec.read_only:
        problem = (
            f"{quoted(name)} is counted up by every write, so it cannot have `read_only`, "
            "`derive` or `on_write`"
        )
    elif any(name in index.composites for index in entity.spec.indexes.values()):
        problem = f"{quoted(name)} makes keys, which would change with every write"
    if problem:
        report.error(
            entity.at("version_attribute"),
            "entity.version_attribute",
            f"version_attribute: {problem}",
        )
