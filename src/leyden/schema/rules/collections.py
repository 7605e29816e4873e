"""Rules of collections: their members share partitions, so they must build keys alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

from leyden._text import did_you_mean, listed, quoted
from leyden.schema.entities import EntityDraft, PatternDraft
from leyden.schema.spec import AttributeSpec, IndexSpec, Padding, Template
from leyden.types import type_of

_A_SLIP: Final = 0.85
"""Above this similarity, one collection's name is probably a misspelling of another's."""

Difference: TypeAlias = tuple[str, tuple[str, ...], Any, Any]
"""A property that must agree: its name, the path to its option, and both values."""


def check_collections(entities: Sequence[EntityDraft]) -> None:
    """Check the members of each collection against its first one."""
    members: dict[str, list[PatternDraft]] = {}
    for pattern in [pattern for entity in entities for pattern in entity.patterns]:
        for name in dict.fromkeys(pattern.index.collection):
            same = members.setdefault(name, [])
            if not (same and same[-1].entity is pattern.entity):
                same.append(pattern)
    for name, (first, *others) in members.items():
        if not others and all(entity.whole for entity in entities):
            said = f"the collection {quoted(name)} has only this entity"
            near = did_you_mean(name, [n for n in members if n != name], closeness=_A_SLIP)
            here = first.at("collection", first.index.collection.index(name))
            if near:
                message = f"{said}, so no query reads it with others{near}"
                here.warning("collection.misspelled", message)
            else:
                here.warning(
                    "collection.single_member",
                    f"{said}; let others join it, or leave it out if none will: its name is "
                    "part of the keys",
                )
        for member in others:
            _check_member(name, member, first)
        _check_fields(name, [first.entity, *(member.entity for member in others)])


def _check_member(name: str, member: PatternDraft, first: PatternDraft) -> None:
    index, other = member.index, first.index
    if index.index != other.index:
        member.at("collection").error(
            "collection.index",
            f"the collection {quoted(name)} is on {_on(index)} here, and on {_on(other)} in "
            f"{other.span}; a collection is on one index",
        )
        return
    path, other_path = _under(name, index), _under(name, other)
    if path != other_path:
        member.at("collection").error(
            "collection.order",
            f"the collection {quoted(name)} is {path} here, and {other_path} in "
            f"{other.span}; all members must list the same collections above it",
        )
    for what, path_to, mine, theirs in _compared(member, first):
        if mine != theirs:
            member.at(*path_to).error(
                "collection.members",
                f"{what} is {_shown(mine)} here, and {_shown(theirs)} in {other.span}; members of "
                f"the collection {quoted(name)} must agree, as they share a partition",
            )


def _on(index: IndexSpec) -> str:
    return "the table's own key" if index.index is None else f"the index {quoted(index.index)}"


def _under(name: str, index: IndexSpec) -> str:
    path = index.collection[: index.collection.index(name)]
    return f"under {listed(path)}" if path else "at the top"


def _check_fields(name: str, members: Sequence[EntityDraft]) -> None:
    """Check that members store an attribute in one field.

    A condition on a collection names an attribute, and must mean the same for all members.
    """
    first: dict[str, AttributeSpec] = {}
    for member in members:
        for attribute in member.spec.attributes.values():
            other = first.setdefault(attribute.name, attribute)
            if other.field != attribute.field:
                member.at("attributes", attribute.name, "field").error(
                    "collection.members",
                    f"the field of {quoted(attribute.name)} is {quoted(attribute.field)} here, "
                    f"and {quoted(other.field)} in {other.span}; members of the collection "
                    f"{quoted(name)} store an attribute in one field, so that a condition on it "
                    "means the same in all",
                )


def _compared(member: PatternDraft, first: PatternDraft) -> Iterator[Difference]:
    """Yield everything in which the keys of two members must agree."""
    mine, theirs = member.index, first.index
    yield "the type of the index", ("type",), mine.type, theirs.type
    yield "the scope", ("scope",), mine.scope, theirs.scope
    yield "the form of keys (`keys`)", (), member.entity.spec.keys, first.entity.spec.keys
    for here, there in zip(member.halves, first.halves, strict=False):
        what = "the partition key" if here.half == "pk" else "the sort key"
        yield f"{what}'s field", (here.half, "field"), here.spec.field, there.spec.field
        yield f"{what}'s casing", (here.half, "casing"), here.casing, there.casing
        if here.half == "pk":
            yield f"{what}'s cast", ("pk", "cast"), here.spec.cast, there.spec.cast
            yield f"{what}'s template", ("pk", "template"), here.template, there.template
            yield what, ("pk", "composite"), here.spec.composite, there.spec.composite
            if here.spec.composite != there.spec.composite:
                continue
        else:
            form, other = (
                "a template" if key.template else "a list of attributes" for key in (here, there)
            )
            yield "the form of the sort key", ("sk", "template"), form, other
            # In an isolated index, each entity has its own range of sort keys.
            if mine.type == "isolated":
                continue
            text, other = _apart(here.template, there.template)
            yield f"{what}'s template", ("sk", "template"), text, other
        path = (here.half, "composite")
        for a, b in zip(here.attributes, there.attributes, strict=False):
            if a.name != b.name:
                break
            if here.template is None:
                yield f"the label of {quoted(a.name)}", path, a.label, b.label
            yield f"the padding of {quoted(a.name)}", path, a.padding, b.padding
            yield f"the normal form of {quoted(a.name)}", path, a.normalize, b.normalize
            mine_of, theirs_of = (getattr(one.derive, "period", None) for one in (a, b))
            yield f"the bucket of {quoted(a.name)}", path, mine_of, theirs_of
            # Values must become text in the same way.
            kind, other = (type_of(one).in_keys or one.type for one in (a, b))
            yield f"the kind of {quoted(a.name)}", path, kind, other


def _apart(mine: Template | None, theirs: Template | None) -> tuple[str, str]:
    """Return both templates if their texts differ where they must agree, or else two empty texts.

    They must agree in the text before the attributes that they share, and also in the text after
    the last attribute if both end with it.
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


def _shown(value: Any) -> str:
    if value is None:
        return "missing"
    if isinstance(value, Template):
        return quoted(value.text)
    if isinstance(value, Padding):
        return f"to {value.length} with {quoted(value.char)}"
    if isinstance(value, tuple):
        return listed(value) or "empty"
    return quoted(value)
