"""How each attribute of one schema gets its value from an item of another.

Where both schemas store an attribute alike, its stored value is taken unchanged. That keeps values
that another program wrote in its own form, and properties that no schema knows. Values are decoded
only where a step of the migration computes new ones from them.
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
"""Computes a value from all values by name; returns None for no value."""


@frozen
class Route:
    """How one attribute gets its value.

    `source` is the attribute that has the value in the other schema; None where there is none.
    `make` computes the value from the attributes in `reads` (None for all of them); without `make`
    the stored value is taken over.
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
        """Whether nothing about the stored value changes, not even its field."""
        return (
            self.is_plain
            and self.source is not None
            and self.source.spec.field == self.target.spec.field
            and self.source.spec.encrypt == self.target.spec.encrypt
            and not restated(self.source, self.target)
            and same_form(self.source.spec, self.target.spec)
        )


def restated(source: CompiledAttribute, target: CompiledAttribute) -> bool:
    """Whether a value is the text of a key in one of two places, so that it must be rewritten."""
    return source.key_text is not None or target.key_text is not None


def kinds_of(spec: AttributeSpec) -> frozenset[str]:
    """Return the kinds of AttributeValue that an attribute is stored as; empty for any kind."""
    if spec.encrypt:
        return frozenset({"B"})
    kind = type_of(spec).stored_kind(spec)
    return frozenset({kind}) if kind else frozenset()


def same_form(source: AttributeSpec, target: AttributeSpec) -> bool:
    """Whether a stored value of one attribute fits the other, with the same fields inside."""
    if not is_readable_as(source, target):
        return False
    pairs = [*_parts(source, target)]
    return all(one.field == other.field and same_form(one, other) for one, other in pairs)


def is_readable_as(source: AttributeSpec, target: AttributeSpec) -> bool:
    """Whether stored values of one attribute have the kinds that another reads, also inside."""
    if type_of(target).holds_anything:
        return True
    kind = type_of(target).stored_kind(target)
    if type_of(source).stored_kind(source) != kind:
        return False
    return all(is_readable_as(one, other) for one, other in _parts(source, target))


def _parts(
    source: AttributeSpec, target: AttributeSpec
) -> Iterable[tuple[AttributeSpec, AttributeSpec]]:
    """Yield the parts that both attributes declare."""
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
    """Return a stored value with the fields that its properties now have."""
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
    """Return a function that makes an attribute by an expression or hook, and what it reads.

    A hook is called with the value of the attribute `source` and with all values by name. It gets
    None where the other schema has no such attribute, and is not called where the item has no
    value. Raises InvalidExpressionError, and KeyError for a missing hook.
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
    """Return the stored value of a route's attribute; None for no value.

    `item` has encrypted values decrypted, `values` are its values by name.
    """
    target, source = route.target, route.source
    if route.make is not None:
        if route.reads and route.reads.isdisjoint(values):
            # An expression may make something of no values, such as the text "null".
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
