"""Derived attributes: computed from others whenever one that they watch is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from leyden.compile.attribute import CompiledAttribute
from leyden.compile.calling import hook_of
from leyden.compile.expressions import Expression
from leyden.compile.hooking import Hooks
from leyden.errors import MissingCompositeError
from leyden.schema.spec import Call, JMESPath

__all__ = ["Derivation", "derivations_of"]

Plain = Callable[[Mapping[str, Any], Collection[str] | None], dict[str, Any]]


class Derivation:
    """How one attribute is derived. `watch` is None where every write concerns it."""

    __slots__ = ("_attribute", "_expression", "_hook", "watch")

    def __init__(
        self,
        attribute: CompiledAttribute,
        watch: frozenset[str] | None,
        expression: Expression | None,
        hook: Callable[..., Any] | None,
    ) -> None:
        self._attribute = attribute
        self.watch = watch
        self._expression = expression
        self._hook = hook

    @property
    def name(self) -> str:
        """The derived attribute."""
        return self._attribute.spec.name

    @property
    def replaces(self) -> bool:
        """Whether a value that a caller gives for the attribute has no influence."""
        return self._expression is not None

    def reads(self, attributes: Collection[str]) -> frozenset[str]:
        """The attributes that it watches or reads; all others where it names none."""
        others = frozenset(attributes) - {self.name}
        roots = frozenset() if self._expression is None else self._expression.roots
        if self.watch is None or roots is None:
            return others
        return (self.watch | roots) & others

    def concerns(self, changed: Collection[str]) -> bool:
        """Whether writing `changed` calls for a new value."""
        if self.watch is None:
            return bool(changed)
        return not self.watch.isdisjoint(changed)

    def missing(self, known: Collection[str], attributes: Collection[str]) -> tuple[str, ...]:
        """The attributes that the expression reads and that are not known."""
        if self._expression is None:
            return ()
        roots = self._expression.roots
        if roots is None:
            roots = frozenset(attributes) - {self.name}
        return tuple(sorted(name for name in roots if name not in known and name in attributes))

    def value(self, given: Any, values: Mapping[str, Any], plain: Plain) -> Any:
        """The accepted value, None for none."""
        path = self._attribute.path
        if self._expression is None:
            assert self._hook is not None
            value = self._hook(given, MappingProxyType(dict(values)))
        else:
            value = self._expression.search(plain(values, self._expression.roots), path)
            if self._attribute.spec.type == "decimal" and isinstance(value, float):
                value = Decimal(repr(value))
        return None if value is None else self._attribute.accept(value, path)


def derivations_of(
    attributes: Mapping[str, CompiledAttribute], hooks: Hooks
) -> dict[str, Derivation]:
    """All derived attributes of an entity, by name.

    What is not said in `watch` follows from the expression: it watches what it reads. A hook
    that watches nothing by name is called at every write.
    """
    found = {}
    for name, attribute in attributes.items():
        derive = attribute.spec.derive
        if derive is None:
            continue
        watch: frozenset[str] | None = frozenset(attribute.spec.watch)
        if isinstance(derive, JMESPath):
            expression = Expression(derive.text)
            watch = watch or expression.roots
            found[name] = Derivation(attribute, _named(watch), expression, None)
        else:
            assert isinstance(derive, Call)
            hook = hook_of(hooks, derive, "derive", attribute.path)
            found[name] = Derivation(attribute, _named(watch), None, hook)
    return found


def _named(watch: frozenset[str] | None) -> frozenset[str] | None:
    return None if not watch or "*" in watch else watch


def refuse_unknown_inputs(derived: str, missing: tuple[str, ...], entity: str) -> None:
    """Refuse an update that must derive an attribute from values that it does not know."""
    if missing:
        names = ", ".join(f'"{name}"' for name in missing)
        raise MissingCompositeError(
            f'"{derived}" is derived anew by this update and reads {names} as well; give '
            f"{'it' if len(missing) == 1 else 'them'} with .set(), or with .composite() where "
            "the stored value stays",
            missing=missing,
            entity=entity,
        )
