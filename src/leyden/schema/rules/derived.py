"""Rules of derived attributes, and of the expressions that read an entity's attributes."""

from __future__ import annotations

from leyden._text import did_you_mean, listed, quoted
from leyden.schema.drafts import EntityDraft
from leyden.schema.expressions import ExpressionError, ParsedExpression, parse_expression
from leyden.schema.faults import Report
from leyden.schema.nulls import Shape, always_alike, always_null
from leyden.schema.slips import instead_of
from leyden.schema.spec import AttributeSpec, Call, IndexSpec, JMESPath, Judge, Span


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
