"""Values that are computed from other attributes of their item.

A derived attribute is computed whenever an item is written. A default may be computed from one
other attribute: a slug of it, or a time counted from it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeAlias

from leyden.errors import MissingCompositeError
from leyden.mapping.attribute import CompiledAttribute
from leyden.mapping.building import Hooks
from leyden.mapping.expressions import Expression
from leyden.mapping.moment import hook_of
from leyden.schema.spec import After, AttributeSpec, Bucket, Call, EntitySpec, JMESPath, Slug
from leyden.types import type_of
from leyden.types.base import AttributeType, refuse
from leyden.types.normal import slug_of
from leyden.types.periods import bucket_of

Plain = Callable[[Mapping[str, Any], Collection[str] | None], dict[str, Any]]
Maker: TypeAlias = Callable[[Any], Any]
"""Computes a value from that of another attribute, which is not None; it may return None."""


class Derivation:
    """Computes a derived attribute from other attributes of its item.

    `inputs` are the attributes that it watches or reads, None for all that are not derived.
    """

    __slots__ = (
        "_accept",
        "_attribute",
        "_expression",
        "_hook",
        "_made",
        "_own",
        "_settle",
        "inputs",
    )

    def __init__(
        self,
        attribute: CompiledAttribute,
        inputs: frozenset[str] | None,
        expression: Expression | None,
        hook: Callable[..., Any] | None,
        own: frozenset[str],
        made: tuple[str, Maker] | None = None,
    ) -> None:
        self._attribute = attribute
        is_plain = attribute.fill_defaults is None and attribute.constrain is None
        self._accept = attribute.check if is_plain else attribute.accept
        self._expression = expression
        self._hook = hook
        self._own = own
        self._made = made
        """The one attribute that it is computed from, and the function that does it."""
        kind = attribute.type
        # Most types accept the result of an expression as it is.
        self._settle = None if type(kind).derived is AttributeType.derived else kind.derived
        self.inputs = inputs

    @property
    def name(self) -> str:
        """The derived attribute."""
        return self._attribute.spec.name

    def reads(self, attributes: Collection[str]) -> frozenset[str]:
        """Return those of these attributes that it reads."""
        others = frozenset(attributes) - {self.name}
        return others if self.inputs is None else self.inputs & others

    def concerns(self, changed: Collection[str]) -> bool:
        """Return whether a write of `changed` needs a new value."""
        if self.inputs is None:
            return bool(changed)
        return not self.inputs.isdisjoint(changed)

    def value(self, values: Mapping[str, Any], plain: Plain) -> Any:
        """Return the accepted value for these values of the item, or None."""
        path = self._attribute.path
        if self._made is not None:
            name, make = self._made
            value = values.get(name)
            value = None if value is None else make(value)
        elif self._expression is None:
            assert self._hook is not None
            value = self._hook(None, MappingProxyType(self._seen(values)))
        else:
            value = self._expression.search(plain(values, self._expression.roots), path)
            if self._settle is not None:
                value = self._settle(value)
        return None if value is None else self._accept(value, path)

    def _seen(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values for a hook: those that every write knows, also of a part of an item."""
        if self.inputs is None:
            return dict(values)
        seen = self.inputs | self._own
        return {name: value for name, value in values.items() if name in seen}


def maker_of(spec: AttributeSpec, source: After | Bucket | Slug, of: AttributeSpec) -> Maker:
    """Return the function that computes values of `spec` from those of `of`.

    It raises ValidationError for a value of `of` that is not a time, or is out of range.
    """
    if isinstance(source, Slug):
        longest = source.max_length
        return lambda text: slug_of(text, longest)
    instant = type_of(of).instant
    made: Callable[[Any], Any]
    if isinstance(source, Bucket):
        period = source.period

        def made(value: Any) -> Any:
            return bucket_of(period, instant(value))
    else:
        later, now = timedelta(seconds=source.seconds), type_of(spec).now

        def made(value: Any) -> Any:
            return now(instant(value) + later)

    def make(value: Any) -> Any:
        try:
            return made(value)
        except ValueError as error:
            raise refuse(of.name, f'{error}, and "{spec.name}" is made from it') from None
        except OverflowError:
            raise refuse(of.name, f'is too late for "{spec.name}", which is made from it') from None

    return make


def derivations_of(
    attributes: Mapping[str, CompiledAttribute], hooks: Hooks, own: Collection[str]
) -> dict[str, Derivation]:
    """Return all derived attributes of an entity by name; `own` are those of the item's own key.

    An expression reads what it names and what `watch` adds. A hook reads what it watches, and
    everything if it watches nothing by name.
    """
    found = {}
    for name, attribute in attributes.items():
        derive = attribute.spec.derive
        if derive is None:
            continue
        watch = frozenset(attribute.spec.watch)
        everything = "*" in watch
        expression, hook = None, None
        if isinstance(derive, Bucket | Slug | After):
            assert derive.of is not None
            made = (derive.of, maker_of(attribute.spec, derive, attributes[derive.of].spec))
            found[name] = Derivation(
                attribute, frozenset({derive.of}), None, None, frozenset(own), made
            )
            continue
        if isinstance(derive, JMESPath):
            expression = Expression(derive.text)
            everything = everything or expression.roots is None
            watch |= expression.roots or frozenset()
        else:
            assert isinstance(derive, Call)
            hook = hook_of(hooks, derive, "derive", attribute.path)
            everything = everything or not watch
        inputs = None if everything else watch
        found[name] = Derivation(attribute, inputs, expression, hook, frozenset(own))
    return found


def refuse_missing_inputs(derived: str, missing: tuple[str, ...], spec: EntitySpec) -> None:
    """Raise MissingCompositeError if a write must derive an attribute from unknown values."""
    if not missing:
        return
    names = ", ".join(f'"{name}"' for name in missing)
    inputs = [spec.attributes[name] for name in missing]
    if any(one.encrypt or one.overflow for one in inputs):
        advice = (
            "with .set(), even if the stored value stays, because the table cannot compare it (if "
            "the item has none, .composite() takes None)"
        )
    else:
        advice = (
            "with .set(), or with .composite() if the stored value stays (None if the item has "
            "none)"
        )
    raise MissingCompositeError(
        f'"{derived}" is derived anew by this write and reads {names} as well; give '
        f"{'it' if len(missing) == 1 else 'them'} {advice}",
        missing=missing,
        entity=spec.entity,
    )
