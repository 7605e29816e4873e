"""Rules of collections: all members must build the shared part of their keys alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from leyden._attrs import frozen
from leyden._text import did_you_mean, listed, quoted
from leyden.schema.drafts import EntityDraft
from leyden.schema.faults import Report
from leyden.schema.rules.forms import casing_of, template_of
from leyden.schema.spec import AttributeSpec, IndexSpec, KeySpec, Padding
from leyden.schema.templates import Template
from leyden.types import type_of

_A_SLIP: Final = 0.85
"""How alike the names of two collections are where one is probably a slip for the other."""


@frozen
class _Member:
    entity: EntityDraft
    index: IndexSpec


def check_collections(entities: Sequence[EntityDraft], report: Report) -> None:
    """Check the members of each collection against its first one."""
    members: dict[str, list[_Member]] = {}
    for entity in entities:
        for index in entity.spec.indexes.values():
            for name in dict.fromkeys(index.collection):
                same = members.setdefault(name, [])
                if not any(member.entity is entity for member in same):
                    same.append(_Member(entity, index))
    if all(entity.whole for entity in entities):
        _alone(members, report)
    for name, same in members.items():
        for member in same[1:]:
            _alike(name, member, same[0], report)
        _same_fields(name, [member.entity for member in same], report)


def _alone(members: Mapping[str, Sequence[_Member]], report: Report) -> None:
    """Note collections of one entity; one that is called nearly as another is a slip."""
    for name, same in members.items():
        if len(same) > 1:
            continue
        index = same[0].index
        place = same[0].entity.at("indexes", index.name, "collection", index.collection.index(name))
        others = [other for other in members if other != name]
        near = did_you_mean(name, others, closeness=_A_SLIP)
        said = f"the collection {quoted(name)} has this entity alone"
        if near:
            report.warning(
                place, "collection.misspelled", f"{said}, so no query reads it with others{near}"
            )
        else:
            report.warning(
                place,
                "collection.single_member",
                f"{said}; let others join it, or leave it out where none will: its name is part "
                "of the keys",
            )


def _alike(name: str, member: _Member, first: _Member, report: Report) -> None:
    index, other = member.index, first.index
    if index.index != other.index:
        report.error(
            member.entity.at("indexes", index.name, "collection"),
            "collection.index",
            f"the collection {quoted(name)} is on {_on(index)} here, and on {_on(other)} in "
            f"{other.span}; a collection is on one index",
        )
        return
    path, other_path = _path_to(name, index), _path_to(name, other)
    if path != other_path:
        report.error(
            member.entity.at("indexes", index.name, "collection"),
            "collection.order",
            f"the collection {quoted(name)} is {_under(path)} here, and {_under(other_path)} in "
            f"{other.span}; members list the collections above it alike",
        )
    for what, path_to, mine, theirs in _differences(member, first):
        report.error(
            member.entity.at("indexes", index.name, *path_to),
            "collection.members",
            f"{what} is {mine} here, and {theirs} in {other.span}; members of the collection "
            f"{quoted(name)} must agree, as they share a partition",
        )


def _same_fields(name: str, members: Sequence[EntityDraft], report: Report) -> None:
    """A condition names an attribute, and holds for all members that have it: in one field."""
    first: dict[str, AttributeSpec] = {}
    for member in members:
        for attribute in member.spec.attributes.values():
            other = first.setdefault(attribute.name, attribute)
            if other.field != attribute.field:
                report.error(
                    member.at("attributes", attribute.name, "field"),
                    "collection.members",
                    f"the field of {quoted(attribute.name)} is {quoted(attribute.field)} here, "
                    f"and {quoted(other.field)} in {other.span}; members of the collection "
                    f"{quoted(name)} store an attribute in one field, so that a condition on it "
                    "means the same in all",
                )


def _on(index: IndexSpec) -> str:
    return "the table's own key" if index.index is None else f"the index {quoted(index.index)}"


def _path_to(name: str, index: IndexSpec) -> tuple[str, ...]:
    return index.collection[: index.collection.index(name)]


def _under(path: tuple[str, ...]) -> str:
    return f"under {listed(path)}" if path else "at the top"


def _differences(member: _Member, first: _Member) -> list[tuple[str, tuple[str, ...], str, str]]:
    """What differs: its name, the path to its option, and both values, for messages."""
    mine, theirs = member.index, first.index
    found: list[tuple[str, tuple[str, ...], str, str]] = []

    def compare(what: str, path: tuple[str, ...], here: Any, there: Any) -> None:
        if here != there:
            found.append((what, path, _shown(here), _shown(there)))

    def compare_texts(name: str, path: tuple[str, ...], *, labelled: bool) -> None:
        """Compare how an attribute stands in the key."""
        here = member.entity.spec.attributes[name]
        there = first.entity.spec.attributes[name]
        if labelled:
            compare(f"the label of {quoted(name)}", path, here.label, there.label)
        compare(
            f"the padding of {quoted(name)}",
            path,
            here.padding and _padding(here.padding),
            there.padding and _padding(there.padding),
        )
        compare(f"the kind of {quoted(name)}", path, _kind(here), _kind(there))

    compare("the type of the index", ("type",), mine.type, theirs.type)
    compare("the scope", ("scope",), mine.scope, theirs.scope)
    compare(
        "the form of keys (`keys`)",
        (),
        member.entity.spec.keys,
        first.entity.spec.keys,
    )
    compare("the partition key's field", ("pk", "field"), mine.pk.field, theirs.pk.field)
    compare(
        "the partition key's casing", ("pk", "casing"), casing_of(mine.pk), casing_of(theirs.pk)
    )
    compare("the partition key's cast", ("pk", "cast"), mine.pk.cast, theirs.pk.cast)
    template, other_template = _templates(member, first, mine.pk, theirs.pk)
    compare("the partition key's template", ("pk", "template"), template, other_template)
    if mine.pk.composite != theirs.pk.composite:
        compare("the partition key", ("pk", "composite"), mine.pk.composite, theirs.pk.composite)
    else:
        for name in mine.pk.composite:
            compare_texts(name, ("pk", "composite"), labelled=template is None)
    if mine.sk is not None and theirs.sk is not None:
        compare("the sort key's field", ("sk", "field"), mine.sk.field, theirs.sk.field)
        compare("the sort key's casing", ("sk", "casing"), casing_of(mine.sk), casing_of(theirs.sk))
        template, other_template = _templates(member, first, mine.sk, theirs.sk)
        compare(
            "the form of the sort key", ("sk", "template"), _form(template), _form(other_template)
        )
        # In an isolated index each entity has a range of sort keys of its own.
        if mine.type != "isolated":
            compare(
                "the sort key's template", ("sk", "template"), *_apart(template, other_template)
            )
            for name, other in zip(mine.sk.composite, theirs.sk.composite, strict=False):
                if name != other:
                    break
                compare_texts(name, ("sk", "composite"), labelled=template is None)
    return found


def _templates(
    member: _Member, first: _Member, mine: KeySpec, theirs: KeySpec
) -> tuple[Template | None, Template | None]:
    return template_of(member.entity.spec, mine), template_of(first.entity.spec, theirs)


def _form(template: Template | None) -> str:
    return "a list of attributes" if template is None else "a template"


def _apart(mine: Template | None, theirs: Template | None) -> tuple[str, str]:
    """Two templates up to where they differ in text; twice nothing where they need not agree.

    They must agree in the text in front of the attributes that they share, and behind the last one
    where both end there.
    """
    if mine is None or theirs is None:
        return "", ""
    pairs = zip((*mine.names, None), (*theirs.names, None), strict=False)
    for i, (name, other) in enumerate(pairs):
        if name != other:
            break
        if mine.literals[i] != theirs.literals[i]:
            return mine.text, theirs.text
    return "", ""


def _kind(spec: AttributeSpec) -> str:
    """The kind of text that an attribute makes in a key."""
    return type_of(spec).in_keys or spec.type


def _padding(padding: Padding) -> str:
    return f"to {padding.length} with {quoted(padding.char)}"


def _shown(value: Any) -> str:
    if value is None:
        return "not given"
    if isinstance(value, Template):
        return quoted(value.text)
    if isinstance(value, tuple):
        return listed(value) or "empty"
    return value if '"' in value else quoted(value)
