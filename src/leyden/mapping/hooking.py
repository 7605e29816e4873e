"""What happens to a value beside its type check: defaults inside maps, `set` and `get` hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sized
from typing import Any

from leyden._text import did_you_mean
from leyden.errors import InvalidOptionError, LeydenError
from leyden.mapping.attribute import CompiledAttribute, Fill, Rework
from leyden.mapping.expressions import Expression
from leyden.mapping.moment import Moment, Origin, hook_of, origin_of
from leyden.schema.regexps import searching
from leyden.schema.spec import AttributeSpec, Call, EntitySpec, JMESPath, Judge
from leyden.types.base import refuse
from leyden.types.lacking import LackingList, LackingMap

_Constraint = Callable[[Any, str], None]


def build_constrain(
    attribute: CompiledAttribute, hooks: Mapping[str, Callable[..., Any]]
) -> _Constraint | None:
    """All constraints of one attribute as one function; None where it has none.

    * `pattern` is searched for anywhere in the text, as JavaScript's `RegExp.test` does: anchor
      it with `^` and `$`.
    * `min` and `max` bound numbers; for a `ttl` they are seconds since 1970.
    * `min_length` and `max_length` count characters, bytes, elements or keys.
    * `validate` as JMESPath: `@` is the value; false, null and empty results refuse it.
    * `validate` as a hook: called with the value. It refuses by returning False, by returning a
      message, or by raising ValueError; True and None accept.
    """
    spec = attribute.spec
    constraints: list[_Constraint] = []
    if spec.pattern is not None:
        constraints.append(_pattern(spec.pattern))
    if spec.min is not None or spec.max is not None:
        constraints.append(_bounds(spec.min, spec.max, attribute.type.size))
    if spec.min_length is not None or spec.max_length is not None:
        constraints.append(_length(spec.min_length, spec.max_length))
    if isinstance(spec.validate, JMESPath):
        constraints.append(_expression(spec.validate, attribute))
    elif isinstance(spec.validate, Call):
        constraints.append(
            _hook(hook_of(hooks, spec.validate, "validate", attribute.path, (ValueError,)))
        )
    if not constraints:
        return None
    if len(constraints) == 1:
        return constraints[0]

    def constrain(value: Any, path: str) -> None:
        for constraint in constraints:
            constraint(value, path)

    return constrain


def _pattern(pattern: str) -> _Constraint:
    holds = searching(pattern)

    def constrain(value: Any, path: str) -> None:
        if not holds(value):
            raise refuse(path, f"does not match the pattern {pattern}")

    return constrain


def _bounds(low: float | None, high: float | None, size: Callable[[Any], Any]) -> _Constraint:
    def constrain(value: Any, path: str) -> None:
        value = size(value)
        if low is not None and value < low:
            raise refuse(path, f"must be at least {low}")
        if high is not None and value > high:
            raise refuse(path, f"must be at most {high}")

    return constrain


def _length(low: int | None, high: int | None) -> _Constraint:
    def constrain(value: Any, path: str) -> None:
        if not isinstance(value, Sized):
            return
        if low is not None and len(value) < low:
            raise refuse(path, f"must have a length of at least {low}")
        if high is not None and len(value) > high:
            raise refuse(path, f"must have a length of at most {high}")

    return constrain


def _expression(source: JMESPath, attribute: CompiledAttribute) -> _Constraint:
    expression = Expression(source.text)

    def constrain(value: Any, path: str) -> None:
        if not expression.holds(attribute.plain(value), path):
            raise refuse(path, f"does not pass its validation {source.text}")

    return constrain


def _hook(hook: Callable[[Any], Any]) -> _Constraint:
    def constrain(value: Any, path: str) -> None:
        try:
            verdict = hook(value)
        except LeydenError:
            raise
        except ValueError as error:
            raise refuse(path, f"does not pass its validation: {error}") from error
        if isinstance(verdict, str):
            raise refuse(path, f"does not pass its validation: {verdict}")
        if verdict is not None and not verdict:
            raise refuse(path, "does not pass its validation")

    return constrain


Hooks = Mapping[str, Callable[..., Any]]


def check_hooks(spec: EntitySpec, hooks: Hooks) -> None:
    """Refuse an entity whose `{call: NAME}` names a function that `hooks` does not have."""
    calls = [pair for a in spec.attributes.values() for pair in _calls(a, a.name)]
    calls += [
        (f"{i.name}.when", i.when) for i in spec.indexes.values() if isinstance(i.when, Judge)
    ]
    for path, call in calls:
        if call.name not in hooks:
            raise InvalidOptionError(
                f'"{path}" of "{spec.entity}" calls "{call.name}", which is not among the '
                f"hooks{did_you_mean(call.name, hooks)}",
                entity=spec.entity,
            )
        if not callable(hooks[call.name]):
            raise InvalidOptionError(f'the hook "{call.name}" is not callable', entity=spec.entity)


def _calls(spec: AttributeSpec, path: str) -> Iterator[tuple[str, Call | Judge]]:
    for source in (spec.default, spec.on_write, spec.validate, spec.get, spec.set, spec.derive):
        if isinstance(source, Call):
            yield path, source
    if spec.items is not None:
        yield from _calls(spec.items, f"{path}[]")
    for name, part in (spec.properties or {}).items():
        yield from _calls(part, f"{path}.{name}")


def build_fill_defaults(attribute: CompiledAttribute, hooks: Hooks) -> Fill | None:
    """The function that puts defaults into the maps in a value; None where there are none."""
    if attribute.items is not None:
        fill_item = attribute.items.fill_defaults
        if fill_item is None:
            return None
        return _fill_list(fill_item)
    if attribute.properties is None:
        return None
    origins: dict[str, tuple[Origin, bool]] = {}
    deeper: dict[str, Fill] = {}
    for name, part in attribute.properties.items():
        origin = origin_of(part.spec, part.spec.on_write or part.spec.default, hooks, part.path)
        if origin is not None:
            origins[name] = (origin, part.spec.on_write is not None)
        if part.fill_defaults is not None:
            deeper[name] = part.fill_defaults
    return _fill_map(origins, deeper) if origins or deeper else None


def _fill_list(fill_item: Fill) -> Fill:
    def fill(value: Any, moment: Moment) -> Any:
        # One that lacks something must come to the check, which refuses it, as it is.
        if not isinstance(value, list | tuple) or isinstance(value, LackingList):
            return value
        return [fill_item(item, moment) for item in value]

    return fill


def _fill_map(origins: Mapping[str, tuple[Origin, bool]], deeper: Mapping[str, Fill]) -> Fill:
    def fill(value: Any, moment: Moment) -> Any:
        if not isinstance(value, Mapping) or isinstance(value, LackingMap):
            return value
        filled = dict(value)
        for name, (origin, on_write) in origins.items():
            if filled.get(name) is None or (on_write and moment.renews):
                filled[name] = origin(moment)
        for name, fill_part in deeper.items():
            if filled.get(name) is not None:
                filled[name] = fill_part(filled[name], moment)
        return filled

    return fill


def build_apply_set(attribute: CompiledAttribute, hooks: Hooks) -> Rework | None:
    """The function that applies `set` hooks, innermost first; None where there are none.

    A hook is called with the accepted value, or None, and all accepted values of the write, by
    name; what it returns must again be of the attribute's type. None leaves the attribute, the
    property or the element out.
    """
    inner = _descend(attribute, lambda part: part.apply_set)
    if attribute.spec.set is None:
        return inner
    hook = hook_of(hooks, attribute.spec.set, "set", attribute.path)

    def store(value: Any, values: Mapping[str, Any]) -> Any:
        if inner is not None and value is not None:
            value = inner(value, values)
        value = hook(value, values)
        return None if value is None else attribute.check(value, attribute.path)

    return store


def build_apply_get(attribute: CompiledAttribute, hooks: Hooks) -> Rework | None:
    """The function that drops hidden properties and applies `get` hooks, innermost first.

    None where there are neither. A hook is called with the stored value and all values of the
    item by name; what it returns is what the record shows.
    """
    inner = _descend(attribute, lambda part: part.apply_get, hide=True)
    if attribute.spec.get is None:
        return inner
    hook = hook_of(hooks, attribute.spec.get, "get", attribute.path)

    def reveal(value: Any, values: Mapping[str, Any]) -> Any:
        if inner is not None and value is not None:
            value = inner(value, values)
        return hook(value, values)

    return reveal


def _descend(
    attribute: CompiledAttribute,
    rework_of: Callable[[CompiledAttribute], Rework | None],
    *,
    hide: bool = False,
) -> Rework | None:
    if attribute.items is not None:
        rework_item = rework_of(attribute.items)
        if rework_item is None:
            return None
        return _each(rework_item, as_set=attribute.spec.type == "set", keep=hide)
    if attribute.properties is None:
        return None
    reworks: dict[str, Rework] = {}
    hidden = set()
    for name, part in attribute.properties.items():
        rework = rework_of(part)
        if hide and part.spec.hidden:
            hidden.add(name)
        elif rework is not None:
            reworks[name] = rework
    return _properties(reworks, frozenset(hidden)) if reworks or hidden else None


def _each(rework: Rework, *, as_set: bool, keep: bool) -> Rework:
    """`keep` says that None stays in its place, so that a position is the stored one."""

    def each(value: Any, values: Mapping[str, Any]) -> Any:
        reworked = [
            part
            for item in value
            if (part := rework(item, values)) is not None or keep or item is None
        ]
        return frozenset(reworked) if as_set else reworked

    return each


def _properties(reworks: Mapping[str, Rework], hidden: frozenset[str]) -> Rework:
    def properties(value: Any, values: Mapping[str, Any]) -> Any:
        result = {name: part for name, part in value.items() if name not in hidden}
        lacks = [*hidden.intersection(value)]
        if isinstance(value, LackingMap):
            lacks += value.lacks or ()
        for name, rework in reworks.items():
            if name in result:
                reworked = rework(result[name], values)
                if reworked is None:
                    del result[name]
                else:
                    result[name] = reworked
        return LackingMap(result, sorted(lacks)) if lacks else result

    return properties
