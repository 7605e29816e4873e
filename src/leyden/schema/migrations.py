"""A migration as its YAML file describes it: the old schemas, and what changes in each entity.

`leyden diff OLD NEW --write FILE` drafts such a file, and people review it. Loading the file also
loads the old schemas, so references to them are checked at once. `check_against` checks references
to the new schemas.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from collections.abc import Mapping as AnyMapping
from pathlib import Path
from typing import Any, Final

from leyden import _attrs as attrs
from leyden._attrs import frozen
from leyden._text import did_you_mean, listed, quoted
from leyden.errors import SchemaError
from leyden.schema.expressions import ExpressionError, parse_expression
from leyden.schema.faults import Report
from leyden.schema.loading import check_service
from leyden.schema.migration_language import MIGRATION
from leyden.schema.nodes import Given, Node, plain
from leyden.schema.reading import read_data
from leyden.schema.shapes import Part
from leyden.schema.sources import read_source
from leyden.schema.spec import (
    NOWHERE,
    Call,
    EntitySpec,
    JMESPath,
    ServiceSpec,
    Span,
    _frozen_mapping,
)

Hooks = AnyMapping[str, Callable[..., Any]]

BEFORE_FIELD: Final = "__leyden_before__"
"""The item field that keeps, until the commit, the old values that a rollback could not compute."""


@frozen
class AttributeChange:
    """How an attribute of the new schema gets its value.

    `source` is the old attribute that the value comes from; None means the one of the same name.
    `value` computes the value from the old attributes; None keeps the old value. `back` computes
    old attributes, by name, from the new ones.
    """

    name: str
    source: str | None = None
    value: JMESPath | Call | None = None
    back: AnyMapping[str, JMESPath | Call] = attrs.field(factory=dict, converter=_frozen_mapping)
    span: Span = NOWHERE


@frozen
class EntityMigration:
    """How the items of an entity change; `alias` is the new alias, `source` the old one."""

    alias: str
    source: str
    attributes: AnyMapping[str, AttributeChange] = attrs.field(
        factory=dict, converter=_frozen_mapping
    )
    defaults: tuple[str, ...] = ()
    """The attributes whose default is written into items that have no value."""
    unique: bool = False
    """Whether to write guards for the unique values of existing items."""
    remove: tuple[str, ...] = ()
    """Item fields that the commit removes."""
    span: Span = NOWHERE


@frozen
class Question:
    """A question about a migration that people still have to answer."""

    text: str
    span: Span = NOWHERE


@frozen
class MigrationSpec:
    """A migration: its name, the old service, and the changes of its entities by new alias.

    `copy_to` is the table that gets copies of the items; None for a migration in place. While there
    are `questions`, `check_against` refuses to run the migration.
    """

    name: str
    earlier: ServiceSpec
    entities: AnyMapping[str, EntityMigration] = attrs.field(converter=_frozen_mapping)
    copy_to: str | None = None
    span: Span = NOWHERE
    questions: tuple[Question, ...] = ()


def load_migration(
    source: str | os.PathLike[str] | AnyMapping[str, Any], hooks: Hooks | None = None
) -> MigrationSpec:
    """Read a migration from its file, from YAML text, or from a mapping.

    In a file, `from` is relative to that file; in text and mappings, to the working directory. A
    mapping may also hold the old schemas themselves. With `hooks`, the names of functions are
    checked.

    Raises SchemaError with all faults of the file and of the old schemas.

    >>> load_migration("migrations/assignee.yaml").name               # doctest: +SKIP
    'assignee'
    """
    report = Report()
    node, folder = _document(source, report)
    given = None if node is None else MIGRATION.check(Part(node, "the migration", report))
    old = None if given is None else _old_service(given, folder, hooks, report)
    if given is None or old is None or report.has_errors:
        raise SchemaError(report.faults())
    entities = {
        alias: _entity(alias, inner, old, hooks)
        for alias, inner in given.at("entities").value.items()
    }
    if report.has_errors:
        raise SchemaError(report.faults())
    copy = given.get("copy")
    asking = (given, *filter(None, given.at("entities").value.values()))
    decide = [one for place in asking if (one := place.get("decide")) is not None]
    return MigrationSpec(
        name=given.plain("migration"),
        earlier=old,
        entities=entities,
        copy_to=None if copy is None else copy.plain("table"),
        span=given.span,
        questions=tuple(Question(q.value, q.span) for some in decide for q in some.value),
    )


def check_against(migration: MigrationSpec, new: ServiceSpec) -> None:
    """Raise SchemaError, with all faults, if the migration cannot run to the service `new`.

    It cannot if it names something that the new schemas lack, or has open questions.
    """
    report = Report()
    for question in migration.questions:
        message = (
            f"still to decide: {question.text} (when the file has the answer, delete this from "
            "`decide`)"
        )
        report.error(question.span, "migration.undecided", message)
    for change in migration.entities.values():
        entity = new.entities.get(change.alias)
        if entity is None:
            hint = did_you_mean(change.alias, new.entities)
            message = f"the new schemas have no entity {quoted(change.alias)}{hint}"
            report.error(change.span, "migration.unknown", message)
            continue
        _check_entity(change, entity, report)
    if report.has_errors:
        raise SchemaError(report.faults())


def _check_entity(change: EntityMigration, entity: EntitySpec, report: Report) -> None:
    def error(span: Span, message: str) -> None:
        report.error(span, "migration.unknown", message)

    known = entity.attributes
    for name, one in change.attributes.items():
        if name not in known:
            error(one.span, f"the new {_missing(change.alias, name, known)}")
        for old, back in one.back.items():
            for read in _unknown(back, known):
                where = f"`back` of {quoted(old)} reads what the new"
                error(one.span, f"{where} {_missing(change.alias, read, known)}")
    for name in change.defaults:
        if name not in known:
            error(change.span, f"the new {_missing(change.alias, name, known)}")
        elif known[name].default is None:
            error(change.span, f"{quoted(name)} is listed in `defaults`, but has no default")
    if change.unique and not entity.unique:
        error(change.span, f"{quoted(change.alias)} has no unique constraints")
    fields = {attribute.field for attribute in known.values()}
    for field in change.remove:
        if field in fields:
            message = f"the field {quoted(field)} cannot be removed: an attribute is stored in it"
            error(change.span, message)


def _document(
    source: str | os.PathLike[str] | AnyMapping[str, Any], report: Report
) -> tuple[Node | None, Path]:
    """Return a migration's only document, and the folder that its paths are relative to."""
    here = Path()
    if isinstance(source, AnyMapping):
        return read_data(source, "<dict>", report), here
    contents = read_source(source, report)
    is_text = isinstance(source, str) and ("\n" in source or "\r" in source)
    if not is_text and isinstance(source, str | os.PathLike):
        here = Path(source).parent
    if len(contents.documents) != 1 or not contents.whole:
        if not report.has_errors:
            message = "a migration is one document, which starts with `migration: NAME`"
            report.error(contents.place, "source.invalid", message)
        return None, here
    return contents.documents[0].node, here


def _old_service(
    given: Given, folder: Path, hooks: Hooks | None, report: Report
) -> ServiceSpec | None:
    said = given.get("from")
    if said is None:
        return None
    source = said.value if isinstance(said.value, str) else plain(said.value)
    if isinstance(source, str):
        path = folder / source
        if not path.exists():
            message = f"there is no file or folder {quoted(source)} with the old schemas"
            said.error("source.missing", message)
            return None
        source = path
    found = check_service(source, hooks=hooks)
    for fault in found.errors:
        report.error(fault.span, fault.code, fault.message)
    return found.service


def _entity(alias: str, given: Given | None, old: ServiceSpec, hooks: Hooks | None) -> Any:
    """Build one entity of a migration; return None if it was refused."""
    if given is None:
        return None
    source = given.plain("from", alias)
    entity = old.entities.get(source)
    if entity is None:
        hint = did_you_mean(source, old.entities) or f"; they have {listed(old.entities)}"
        message = f"the old schemas have no entity {quoted(source)}{hint}"
        if not given.has("from"):
            message += "; add `from: ALIAS` if its old name was another"
        given.at("from").error("migration.unknown", message)
        return None
    declared = given.get("attributes")
    changes = {} if declared is None else declared.value
    return EntityMigration(
        alias=alias,
        source=source,
        attributes={
            name: _change(name, one, entity, hooks)
            for name, one in changes.items()
            if one is not None
        },
        defaults=tuple(given.plain("defaults", ())),
        unique=given.plain("unique", False),
        remove=tuple(given.plain("remove", ())),
        span=given.place,
    )


def _change(name: str, given: Given, entity: EntitySpec, hooks: Hooks | None) -> AttributeChange:
    known = entity.attributes
    source = given.plain("from")
    if source is not None and source not in known:
        message = f"the old {_missing(entity.alias, source, known)}"
        given.at("from").error("migration.unknown", message)
    value = given.plain("value")
    made: JMESPath | Call | None = None
    if value is not None:
        made = _parsed(given.at("value"), value, known, f"the old {quoted(entity.alias)}")
    elif given.plain("call") is not None:
        made = _hook(given.at("call"), given.plain("call"), hooks)
    return AttributeChange(
        name, source, made, _back(name, given, entity, hooks), given.key or given.span
    )


def _back(
    name: str, given: Given, entity: EntitySpec, hooks: Hooks | None
) -> dict[str, JMESPath | Call]:
    back = given.get("back")
    if back is None:
        return {}
    said = back.value
    hook = said.get("call") if isinstance(said, dict) and len(said) == 1 else None
    single = isinstance(said, str) or (hook is not None and isinstance(hook.value, str))
    # An old attribute called `call` needs a mapping around its hook to be told apart.
    by_name = {given.plain("from", name): back} if single else said
    found: dict[str, JMESPath | Call] = {}
    for old, one in by_name.items():
        if old not in entity.attributes:
            place = given.at("back", old) if not single else back
            message = f"the old {_missing(entity.alias, old, entity.attributes)}"
            place.error("migration.unknown", f"{message}; `back` computes old attributes")
        if one is None:
            continue
        text = one.value
        if isinstance(text, str):
            found[old] = _parsed(one, text, None, "")
        else:
            found[old] = _hook(one.at("call"), text["call"].value, hooks)
    return found


def _parsed(place: Given, text: str, known: Collection[str] | None, whose: str) -> JMESPath:
    """Return an expression, after checking that it only reads attributes that are `known`."""
    try:
        roots = parse_expression(text).roots
    except ExpressionError as error:
        place.error("expression.syntax", f"{place.where} is not JMESPath: {error}")
        return JMESPath(text)
    for root in sorted(roots or ()):
        if known is not None and root not in known:
            hint = did_you_mean(root, known)
            message = f"{place.where} reads {quoted(root)}, which {whose} does not have{hint}"
            place.error("expression.unknown_attribute", message)
    return JMESPath(text)


def _hook(place: Given, name: str, hooks: Hooks | None) -> Call:
    if hooks is not None and name not in hooks:
        hint = did_you_mean(name, hooks)
        place.error("hook.missing", f"{place.where}: no function {quoted(name)} in `hooks`{hint}")
    return Call(name)


def _missing(alias: str, name: str, known: Iterable[str]) -> str:
    return f"{quoted(alias)} has no attribute {quoted(name)}{did_you_mean(name, known)}"


def _unknown(made: JMESPath | Call, known: Collection[str]) -> list[str]:
    """Return the names that an expression reads and that are not known."""
    roots = parse_expression(made.text).roots if isinstance(made, JMESPath) else None
    return sorted(set(roots or ()) - set(known))
