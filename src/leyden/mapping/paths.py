"""Paths inside an entity's items: `detail.effort`, `history[0]`, `detail["any key"]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar, Final, NoReturn

from leyden._attrs import frozen
from leyden._text import a, did_you_mean, listed
from leyden.errors import InvalidExpressionError, UnknownAttributeError
from leyden.mapping.attribute import CompiledAttribute
from leyden.mapping.building import undeclared
from leyden.types import properties_of_variants, shared_part
from leyden.types.base import MAX_DEPTH

_STEP: Final = re.compile(
    r"""
    \.?(?P<name>[^.\[\]"']+)
    | \[(?P<index>\d{1,9})\]
    | \[(?P<quote>["'])(?P<quoted>[^"']+)(?P=quote)\]
    """,
    re.VERBOSE,
)


@frozen
class ResolvedPath:
    """A path in an entity's items, and what is there.

    `root` is the attribute's name, `leaf` the compiled attribute at the path, and `segments` the
    document path by stored names in PynamoDB's form: `("history[0]", "x")`. `unions` are the unions
    that the path leads into, with the variants that have the named part.
    """

    path: str
    root: str
    leaf: CompiledAttribute
    segments: tuple[str, ...]
    unions: tuple[WithinUnion, ...] = ()

    @property
    def is_tag(self) -> bool:
        """Whether the path leads to the tag of a union."""
        return bool(self.unions) and self.segments == self.unions[-1].segments


@frozen
class WithinUnion:
    """A union that a path leads into. A write there needs the stored value to be of some variant.

    `path` is the union's path, `segments` the place of its stored tag, `named` the part that the
    path names, and `tags` are the variants that have it.
    """

    path: str
    segments: tuple[str, ...]
    tags: tuple[str, ...]
    named: str

    why: ClassVar[str] = "variant"
    advice: ClassVar[str] = "to change the variant, set the whole value"

    def holds(self, stored: Mapping[str, Any]) -> bool:
        """Return whether the union in a stored item is one of the variants."""
        found: Any = {"M": stored}
        for segment in self.segments:
            name, *indexes = segment.replace("]", "").split("[")
            found = found.get("M", {}).get(name) or {}
            for index in indexes:
                elements = found.get("L", ())
                found = elements[int(index)] if int(index) < len(elements) else {}
        return found.get("S") in self.tags

    @property
    def told(self) -> str:
        """The reason for a failure, in words."""
        tags = listed(self.tags, "or")
        return f'the stored "{self.path}" is not {tags}, and only there "{self.named}" is known'

    def condition(
        self, path: Callable[[Sequence[str]], str], value: Callable[[dict[str, Any]], str]
    ) -> str:
        """Return the condition as text; the functions return placeholders of paths and values."""
        place = path(self.segments)
        tags = [value({"S": tag}) for tag in self.tags]
        return f"{place} = {tags[0]}" if len(tags) == 1 else f"{place} IN ({', '.join(tags)})"


def unknown_attribute(name: str, known: Mapping[str, Any], entity: str) -> UnknownAttributeError:
    """Return the error for a name that the entity does not have."""
    # The name may not be a string.
    hint = did_you_mean(str(name), known)
    return UnknownAttributeError(f'"{entity}" has no attribute "{name}"{hint}', entity=entity)


def resolve_path(
    path: str, attributes: Mapping[str, CompiledAttribute], entity: str
) -> ResolvedPath:
    """Resolve `path`.

    Raises InvalidExpressionError for text that is not a path or leads into a value without parts,
    UnknownAttributeError for an unknown name.
    """
    alone = attributes.get(path)
    if alone is not None and path.isidentifier():
        return ResolvedPath(path, path, alone, (alone.spec.field,))
    steps = list(islice(_steps(path, entity), MAX_DEPTH + 2))
    if len(steps) > MAX_DEPTH + 1:
        raise InvalidExpressionError(
            f"the path leads deeper than the {MAX_DEPTH} lists and maps that DynamoDB stores",
            entity=entity,
        )
    root = steps[0]
    if not isinstance(root, str):
        raise InvalidExpressionError(f'"{path}" does not start with an attribute', entity=entity)
    leaf = attributes.get(root)
    if leaf is None:
        raise unknown_attribute(root, attributes, entity)
    segments: tuple[str, ...] = (leaf.spec.field,)
    walked = root
    unions: tuple[WithinUnion, ...] = ()
    for step in steps[1:]:
        around, place, outer = leaf, segments, walked
        leaf, segments, walked = step_into(leaf, segments, walked, step)
        if around.tag is not None and isinstance(step, str):
            tag = (*place, around.tag.spec.field)
            unions += (WithinUnion(outer, tag, variants_with(around, step), walked),)
    return ResolvedPath(path, root, leaf, segments, unions)


def _steps(path: str, entity: str) -> Iterator[str | int]:
    position = 0
    while position < len(path) or position == 0:
        match = _STEP.match(path, position)
        starts_with_dot = match is not None and match[0].startswith(".")
        if match is None or ((position == 0) is starts_with_dot and match["name"]):
            raise InvalidExpressionError(
                f'"{path}" is not a path; write it as in detail.effort, history[0].text or '
                'detail["any key"]',
                entity=entity,
            )
        if match["index"] is not None:
            yield int(match["index"])
        else:
            yield match["name"] or match["quoted"]
        position = match.end()


def step_into(
    attribute: CompiledAttribute, segments: tuple[str, ...], path: str, step: str | int
) -> tuple[CompiledAttribute, tuple[str, ...], str]:
    """Return the part of `attribute` that `step` (a name or an index) leads to.

    `segments` and `path` are its place so far, by stored names and by names. The result has both,
    extended by the step. Raises InvalidExpressionError or UnknownAttributeError.
    """
    kind = attribute.spec.type
    entity = attribute.entity
    if attribute.spec.encrypt:
        _refuse(attribute, path, "")
    if isinstance(step, bool) or not isinstance(step, str | int):
        raise InvalidExpressionError(
            f'a part of "{path}" is a name or an index, not {type(step).__name__}', entity=entity
        )
    if isinstance(step, int):
        if kind not in ("list", "any"):
            _refuse(attribute, path, "has no elements")
        if step < 0:
            raise InvalidExpressionError(
                f'"{path}" counts its elements from 0; DynamoDB has no negative index',
                entity=entity,
            )
        place = (*segments[:-1], f"{segments[-1]}[{step}]")
        within = f"{path}[{step}]"
        if attribute.items is not None:
            return attribute.items, place, within
        return _open(str(step), within, place, entity), place, within
    if attribute.variants is not None:
        return step_into_union(attribute, segments, path, step)
    if kind not in ("map", "any"):
        _refuse(attribute, path, "has no properties")
    within = f"{path}.{step}"
    properties = attribute.properties
    if properties is None:
        if not step or "[" in step or "]" in step:
            raise InvalidExpressionError(
                f'a key of "{path}" is empty or has square brackets, and PynamoDB cannot '
                "write such a path",
                entity=entity,
            )
        place = (*segments, step)
        return _open(step, within, place, entity), place, within
    part = properties.get(step)
    if part is None:
        raise UnknownAttributeError(
            f'"{path}" has no property "{step}"{did_you_mean(step, properties)}', entity=entity
        )
    return part, (*segments, part.spec.field), within


def step_into_union(
    attribute: CompiledAttribute, segments: tuple[str, ...], path: str, step: str
) -> tuple[CompiledAttribute, tuple[str, ...], str]:
    """Return the part of a union that a name leads to: its tag, or a property of its variants.

    Raises UnknownAttributeError, and InvalidExpressionError for a property that differs between
    variants, because only the stored item knows which one is meant.
    """
    entity = attribute.entity
    having = variants_with(attribute, step)
    part: Any = attribute.tag if step == attribute.spec.tag else shared_part(attribute, step)
    if part is None and not having:
        known = sorted({name for parts in properties_of_variants(attribute) for name in parts})
        raise UnknownAttributeError(
            f'no variant of "{path}" has a property "{step}"{did_you_mean(step, known)}',
            entity=entity,
        )
    if part is None:
        raise InvalidExpressionError(
            f'"{path}.{step}" is not the same in the variants {listed(having)}, so the path does '
            f'not say what is meant; read or write "{path}" as a whole',
            entity=entity,
        )
    return part, (*segments, part.spec.field), f"{path}.{step}"


def variants_with(attribute: CompiledAttribute, name: str) -> tuple[str, ...]:
    """Return the variants of a union that have a property."""
    variants = (attribute.variants or {}).items()
    return tuple(tag for tag, variant in variants if name in (variant.properties or {}))


def _open(name: str, path: str, segments: tuple[str, ...], entity: str) -> CompiledAttribute:
    depth = sum(1 + segment.count("[") for segment in segments)
    return undeclared(name, path, segments, depth, entity)


def _refuse(attribute: CompiledAttribute, path: str, reason: str) -> NoReturn:
    if attribute.spec.encrypt:
        reason = "is encrypted, and only the whole value can be read or written"
        raise InvalidExpressionError(f'"{path}" {reason}', entity=attribute.entity)
    reason = attribute.type.without_parts or f"is {a(attribute.spec.type)} and {reason}"
    raise InvalidExpressionError(f'"{path}" {reason}', entity=attribute.entity)
