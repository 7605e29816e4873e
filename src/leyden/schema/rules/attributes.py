"""Rules of attributes, derived ones among them, and of the entity options that name attributes."""

from __future__ import annotations

from leyden._text import did_you_mean, listed, quoted
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
from leyden.schema.faults import Report
from leyden.schema.language import RESERVED_FIELDS
from leyden.schema.rules.keys import halves
from leyden.schema.spec import (
    AttributeSpec,
    Call,
    Generate,
    IndexSpec,
    JMESPath,
    Judge,
    Literal,
    Span,
)
from leyden.types import type_of


def check_derived(entity: EntityDraft, report: Report) -> None:
    """Check `watch` and `derive` of each attribute, and `when` of each access pattern."""
    watchers = {
        name
        for name, spec in entity.spec.attributes.items()
        if spec.derive is not None or (spec.watch and spec.watch != ("*",))
    }
    for name, spec in entity.spec.attributes.items():
        parsed = None
        if isinstance(spec.derive, JMESPath):
            parsed = _expression(
                entity,
                spec.derive.text,
                entity.at("attributes", name, "derive"),
                f"attributes.{name}.derive",
                report,
            )
        _pairing(entity, spec, parsed, report)
        _watched(entity, spec, parsed, watchers, report)
    for name, index in entity.spec.indexes.items():
        if isinstance(index.when, Judge):
            _reads(entity, index, index.when, report)
        elif index.when is not None:
            place = entity.at("indexes", name, "when")
            _expression(entity, index.when.text, place, f"indexes.{name}.when", report)


def _expression(
    entity: EntityDraft, text: str, span: Span, where: str, report: Report
) -> ParsedExpression | None:
    """The parsed expression, after checking that the entity has what it reads."""
    try:
        parsed = parse_expression(text)
    except ExpressionError as error:
        report.error(span, "expression.syntax", f"{where} is not JMESPath: {error}")
        return None
    known = entity.spec.attributes
    for root in sorted(parsed.roots or ()):
        if root not in known:
            hint = instead_of(root, text, known)
            message = f"{where} reads {quoted(root)}, but there is no such attribute{hint}"
            report.error(span, "expression.unknown_attribute", message)
    note_nulls(parsed, Shape("a map", properties=known), span, where, report)
    return parsed


def _reads(entity: EntityDraft, index: IndexSpec, judge: Judge, report: Report) -> None:
    """Check that the entity has what a condition that is a function says it reads."""
    known = entity.spec.attributes
    for i, name in enumerate(judge.reads):
        if name not in known and name not in index.composites:
            message = (
                f"indexes.{index.name}.when reads {quoted(name)}, but there is no such attribute"
                f"{did_you_mean(name, known)}"
            )
            place = entity.at("indexes", index.name, "when", "reads", i)
            report.error(place, "expression.unknown_attribute", message)


def note_nulls(parsed: ParsedExpression, of: Shape, span: Span, where: str, report: Report) -> None:
    """Note what in an expression over `of` gives the same whatever the values are."""
    for what in always_null(parsed.tree, of):
        report.warning(
            span, "expression.always_null", f"a part of {where} gives null for every value: {what}"
        )
    for what in always_alike(parsed.tree, of):
        message = f"a comparison in {where} {what}"
        report.warning(span, "expression.always_alike", message)


def _pairing(
    entity: EntityDraft, spec: AttributeSpec, parsed: ParsedExpression | None, report: Report
) -> None:
    name = spec.name
    if spec.watch and spec.derive is None:
        if spec.set is not None or spec.get is not None:
            return
        # A derivation that was refused has left `derive` empty; it was reported already.
        if not _was_given(entity, name, "derive"):
            report.error(
                entity.at("attributes", name, "watch"),
                "attribute.watch_without_derive",
                f"{quoted(name)} watches other attributes; say with `derive`, `set` or "
                "`get` what becomes of it",
            )
    elif isinstance(spec.derive, Call) and not _was_given(entity, name, "watch"):
        report.error(
            entity.at("attributes", name, "derive"),
            "attribute.derive_without_watch",
            f"{quoted(name)} is derived by a function; say with `watch` after whose change, "
            'or "*" for any',
        )
    elif parsed is not None and parsed.roots == frozenset() and not spec.watch:
        report.error(
            entity.at("attributes", name, "derive"),
            "attribute.derive_without_watch",
            f"the expression that derives {quoted(name)} reads no attribute; use `default`, "
            "or say with `watch` after whose change it is derived",
        )


def _was_given(entity: EntityDraft, name: str, option: str) -> bool:
    attributes = entity.given.get("attributes")
    given = attributes.get(name) if attributes else None
    return given is not None and isinstance(given.value, dict) and option in given.value


def _watched(
    entity: EntityDraft,
    spec: AttributeSpec,
    parsed: ParsedExpression | None,
    watchers: set[str],
    report: Report,
) -> None:
    name = spec.name
    known = entity.spec.attributes
    explicit = _was_given(entity, name, "watch")
    option = "watch" if explicit else "derive"
    for i, watched in enumerate(spec.watch):
        place = entity.at("attributes", name, option, *((i,) if explicit else ()))
        if watched == "*":
            if len(spec.watch) > 1:
                message = f'{quoted(name)}: "*" watches all, so it must stand alone'
                report.error(place, "attribute.watch_unknown", message)
        elif watched not in known:
            hint = did_you_mean(watched, known)
            message = f"{quoted(name)} watches {quoted(watched)}, which is no attribute{hint}"
            report.error(place, "attribute.watch_unknown", message)
        elif watched == name:
            message = f"{quoted(name)} cannot watch itself"
            report.error(place, "attribute.watch_itself", message)
        elif watched in watchers:
            report.error(
                place,
                "attribute.watch_watcher",
                f"{quoted(name)} watches {quoted(watched)}, which watches others itself; "
                "watch those",
            )
    if explicit and parsed is not None and set(spec.watch) <= set(known):
        unwatched = sorted((parsed.roots or frozenset()) & set(known) - set(spec.watch))
        if parsed.roots is None or unwatched:
            what = listed(unwatched) if unwatched else "all attributes"
            report.warning(
                entity.at("attributes", name, "watch"),
                "attribute.derive_unwatched",
                f"{quoted(name)} is derived from {what} as well, but a change there does not "
                "derive it again; leave `watch` out to watch all that is read",
            )


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
            elif attributes[name].overflow is not None:
                problem = (
                    f"{quoted(name)} may be stored outside of its item (`overflow`), where its "
                    "value is not seen"
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
