"""How each attribute of one schema gets its value from an item of another.

Where both schemas store an attribute alike, its stored value is taken as it is: what another
program wrote in a form of its own, and properties that no schema knows, come through unchanged.
Values are decoded only where a step of the migration makes others of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from leyden._attrs import field, frozen
from leyden.mapping import EntityMapping
from leyden.mapping.attribute import CompiledAttribute
from leyden.mapping.building import Hooks
from leyden.mapping.expressions import Expression
from leyden.mapping.moment import hook_of
from leyden.schema.spec import AttributeSpec, Call, JMESPath
from leyden.types import type_of
from leyden.types.base import AttributeValue, Item

Make = Callable[[Mapping[str, Any]], Any]
"""Makes a value of all values by name; None for none."""


@frozen
class Route:
    """How one attribute gets its value.

    `source` is the attribute that has it in the other schema, None where there is none. `make`
    makes the value of others, whose names are in `reads` (None: of all); None where the stored
    value is taken over.
    """

    target: CompiledAttribute
    source: CompiledAttribute | None = None
    make: Make | None = field(default=None, repr=False)
    reads: frozenset[str] | None = frozenset()

    @property
    def is_plain(self) -> bool:
        """Whether the stored value is taken as it is, from field to field."""
        return self.make is None and self.source is not None

    @property
    def is_same(self) -> bool:
        """Whether nothing about the stored value changes, its field included."""
        return (
            self.is_plain
            and self.source is not None
            and self.source.spec.field == self.target.spec.field
            and self.source.spec.encrypt == self.target.spec.encrypt
            and not restated(self.source, self.target)
            and same_form(self.source.spec, self.target.spec)
        )


def restated(source: CompiledAttribute, target: CompiledAttribute) -> bool:
    """Whether a value is a key's text in one of two places, so that it is written anew."""
    return source.key_text is not None or target.key_text is not None


def kinds_of(spec: AttributeSpec) -> frozenset[str]:
    """The kinds of AttributeValues that store an attribute; empty where any may."""
    if spec.encrypt:
        return frozenset({"B"})
    kind = type_of(spec).stored_kind(spec)
    return frozenset({kind}) if kind else frozenset()


def same_form(source: AttributeSpec, target: AttributeSpec) -> bool:
    """Whether a stored value of one attribute is one of the other, with no field called anew."""
    if not is_readable_as(source, target):
        return False
    pairs = [*_parts(source, target)]
    return all(one.field == other.field and same_form(one, other) for one, other in pairs)


def is_readable_as(source: AttributeSpec, target: AttributeSpec) -> bool:
    """Whether stored values of one attribute have the kinds that another one reads, inside too."""
    if type_of(target).holds_anything:
        return True
    kind = type_of(target).stored_kind(target)
    if type_of(source).stored_kind(source) != kind:
        return False
    return all(is_readable_as(one, other) for one, other in _parts(source, target))


def _parts(
    source: AttributeSpec, target: AttributeSpec
) -> Iterable[tuple[AttributeSpec, AttributeSpec]]:
    """The parts that two attributes both declare."""
    if source.items is not None and target.items is not None:
        yield source.items, target.items
    for mine, others in (
        (source.properties, target.properties),
        (source.variants, target.variants),
    ):
        for name in mine or ():
            if others is not None and mine is not None and name in others:
                yield mine[name], others[name]


def reshaped(value: AttributeValue, source: AttributeSpec, target: AttributeSpec) -> AttributeValue:
    """A stored value with the fields that the properties inside of it have now."""
    ((kind, content),) = value.items()
    if kind == "L" and source.items is not None and target.items is not None:
        return {kind: [reshaped(one, source.items, target.items) for one in content]}
    if kind == "M" and source.properties is not None and target.properties is not None:
        pairs = {one.field: (one, other) for one, other in _parts(source, target)}
        moved = {
            pairs[name][1].field: reshaped(one, *pairs[name])
            for name, one in content.items()
            if name in pairs
        }
        rest = {name: one for name, one in content.items() if name not in pairs}
        return {kind: {**rest, **moved}}
    return value


_USES: Final = {True: "value", False: "back"}


def maker(
    made: JMESPath | Call,
    source: str | None,
    target: CompiledAttribute,
    origin: EntityMapping,
    hooks: Hooks,
    *,
    forward: bool,
) -> tuple[Make, frozenset[str] | None]:
    """What makes an attribute by an expression or a hook, and the attributes that it reads.

    A hook is called with the value of the attribute `source`, and with all values by name. Where
    the other schema has no such attribute it gets None; where an item has no value, it is not
    called. Raises InvalidExpressionError, KeyError for a hook that is missing.
    """
    path = target.path
    if isinstance(made, Call):
        hook = hook_of(hooks, made, _USES[forward], path)

        def called(values: Mapping[str, Any]) -> Any:
            own = None if source is None else values.get(source)
            if own is None and source is not None:
                return None
            value = hook(own, MappingProxyType(dict(values)))
            return None if value is None else target.accept(value)

        return called, None
    expression = Expression(made.text)

    def evaluated(values: Mapping[str, Any]) -> Any:
        value = expression.search(origin.plain(values, expression.roots), path)
        value = target.type.derived(value)
        return None if value is None else target.accept(value)

    return evaluated, expression.roots


def restate(route: Route, item: Item, values: Mapping[str, Any]) -> AttributeValue | None:
    """The stored value of a route's attribute; None for none.

    `item` has encrypted values decrypted, `values` are those of the item by name.
    """
    target, source = route.target, route.source
    if route.make is not None:
        if route.reads and route.reads.isdisjoint(values):
            # Of nothing an expression may still make something, such as the text "null".
            return None
        value = route.make(values)
        return None if value is None else target.encode(value)
    if source is None:
        return None
    if restated(source, target):
        value = values.get(source.spec.name)
        return None if value is None else target.encode(target.accept(value, constraints=False))
    stored = item.get(source.spec.field)
    return None if stored is None else reshaped(stored, source.spec, target.spec)
