"""Builds the attributes of an entity from the leaves up: checks, constraints, defaults, hooks.

Everything that happens to a value, at whatever depth, is a function that is made once, when the
schema is loaded. If there is nothing to do, the function is None, so most values only pass a type
check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sized
from functools import partial
from typing import Any

from leyden._text import did_you_mean
from leyden.errors import InvalidOptionError, LeydenError
from leyden.keys import EntityKeys
from leyden.mapping.attribute import CompiledAttribute, Fill, KeyText, Rework, key_text_of
from leyden.mapping.expressions import Expression
from leyden.mapping.moment import Moment, Origin, hook_of, origin_of
from leyden.schema.regexps import searching
from leyden.schema.spec import AttributeSpec, Bucket, Call, EntitySpec, JMESPath, Judge
from leyden.types.anything import decode_any, encode_any, plain_any
from leyden.types.base import Accept, refuse
from leyden.types.lacking import LackingList, LackingMap
from leyden.types.normal import normal_form
from leyden.types.periods import accept_bucket
from leyden.types.union import tag_of

Hooks = Mapping[str, Callable[..., Any]]
_Constraint = Callable[[Any, str], None]
_Beside = Callable[[Any, Any], Any]
"""A function of a value and one more argument."""


def check_hooks(spec: EntitySpec, hooks: Hooks) -> None:
    """Refuse an entity whose `{call: NAME}` names a function that `hooks` does not have."""
    for path, call in calls_of(spec):
        if call.name not in hooks:
            raise InvalidOptionError(
                f'"{path}" of "{spec.entity}" calls "{call.name}", which is not among the '
                f"hooks{did_you_mean(call.name, hooks)}",
                entity=spec.entity,
            )
        if not callable(hooks[call.name]):
            raise InvalidOptionError(f'the hook "{call.name}" is not callable', entity=spec.entity)


def calls_of(spec: EntitySpec) -> Iterator[tuple[str, Call | Judge]]:
    """Yield everything in an entity that calls a function, with its place."""
    for attribute in spec.attributes.values():
        yield from _calls(attribute, attribute.name)
    for index in spec.indexes.values():
        if isinstance(index.when, Judge):
            yield f"{index.name}.when", index.when


def _calls(spec: AttributeSpec, path: str) -> Iterator[tuple[str, Call | Judge]]:
    for source in (spec.default, spec.on_write, spec.validate, spec.get, spec.set, spec.derive):
        if isinstance(source, Call):
            yield path, source
    if spec.items is not None:
        yield from _calls(spec.items, f"{path}[]")
    for part in (spec, *(spec.variants or {}).values()):
        for name, inner in (part.properties or {}).items():
            yield from _calls(inner, f"{path}.{name}")


def compile_attributes(spec: EntitySpec, hooks: Hooks) -> dict[str, CompiledAttribute]:
    """Compile all root attributes; the generated codec adds `encode` and `read` later."""
    return {
        name: _compile(attribute, name, (attribute.field,), 1, spec.entity, hooks)
        for name, attribute in spec.attributes.items()
    }


def _compile(
    spec: AttributeSpec,
    path: str,
    segments: tuple[str, ...] | None,
    depth: int,
    entity: str,
    hooks: Hooks,
) -> CompiledAttribute:
    items = None
    if spec.items is not None:
        # Members of a set do not count as deeper, because a set is not a document.
        deeper = depth if spec.type == "set" else depth + 1
        items = _compile(spec.items, f"{path}[]", None, deeper, entity, hooks)
    properties = None
    if spec.properties is not None:
        properties = {
            name: _compile(
                part,
                f"{path}.{name}",
                None if segments is None else (*segments, part.field),
                depth + 1,
                entity,
                hooks,
            )
            for name, part in spec.properties.items()
        }
    variants, tag = None, None
    if spec.variants is not None and spec.tag is not None:
        word, members = spec.tag, tuple(spec.variants)
        variants = {
            name: _compile(variant, path, segments, depth, entity, hooks)
            for name, variant in spec.variants.items()
        }
        marked = AttributeSpec(word, "enum", word, word, required=True, values=members)
        inside = None if segments is None else (*segments, word)
        tag = _compile(marked, f"{path}.{word}", inside, depth + 1, entity, hooks)
    attribute = CompiledAttribute(
        spec,
        path=path,
        segments=segments,
        entity=entity,
        items=items,
        properties=properties,
        variants=variants,
        tag=tag,
    )
    attribute.plain = attribute.type.plain(attribute)
    attribute.check = _forming(spec, attribute.type.check(attribute, depth))
    attribute.constrain = build_constrain(attribute, hooks)
    attribute.fill_defaults = build_fill_defaults(attribute, hooks)
    attribute.apply_set = build_apply_set(attribute, hooks)
    attribute.apply_get = build_apply_get(attribute, hooks)
    return attribute


def _forming(spec: AttributeSpec, check: Accept) -> Accept:
    """Return the type check, extended so that it normalizes texts first.

    Every value that is written, compared or searched is checked, so all of them are normalized.
    """
    if isinstance(spec.derive, Bucket):
        return partial(accept_bucket, spec.derive.period)
    if not spec.normalize:
        return check
    normal = normal_form(spec.normalize)

    def formed(value: Any, path: str) -> Any:
        # Members of Python string enums are texts as well. The check refuses everything else.
        return check(normal(str.__str__(value)) if isinstance(value, str) else value, path)

    return formed


def set_key_texts(
    keys: EntityKeys, attributes: Mapping[str, CompiledAttribute]
) -> dict[str, KeyText]:
    """Set the key text of attributes that are stored in a key's field.

    Return those of them that are strings, by name.
    """
    texts: dict[str, KeyText] = {}
    for index in keys.values():
        for form in index.forms:
            attribute = attributes[form.names[0]] if form.bare and not form.numeric else None
            if attribute is not None and attribute.kind != "B":
                attribute.key_text = key_text_of(form, keys)
                attribute.kind = "S"
                if attribute.spec.type == "string":
                    texts[attribute.spec.name] = attribute.key_text
    return texts


def undeclared(
    name: str, path: str, segments: tuple[str, ...], depth: int, entity: str
) -> CompiledAttribute:
    """Return an attribute of type `any`, for a place inside an open map or an untyped list."""
    spec = AttributeSpec(name=name, type="any", field=name, label=name)
    attribute = CompiledAttribute(spec, path=path, segments=segments, entity=entity)
    return _without_source(attribute, depth)


def stand_alone(spec: AttributeSpec, entity: str) -> CompiledAttribute:
    """Return an attribute for a string or number outside the schema, such as a key field."""
    attribute = CompiledAttribute(spec, path=spec.name, segments=(spec.field,), entity=entity)
    return _without_source(attribute, 1)


def _without_source(attribute: CompiledAttribute, depth: int) -> CompiledAttribute:
    attribute.check = attribute.type.check(attribute, depth)
    attribute.encode = encode_any
    attribute.read = decode_any
    attribute.plain = plain_any
    return attribute


def build_constrain(attribute: CompiledAttribute, hooks: Hooks) -> _Constraint | None:
    """Return all constraints of an attribute as one function; None if it has none.

    * `prefix` is the text that the value must begin with.
    * `pattern` may match anywhere in the text, as with JavaScript's `RegExp.test`: anchor it with
      `^` and `$`.
    * `min` and `max` bound numbers; for a `ttl` they are seconds since 1970.
    * `min_length` and `max_length` count characters, bytes, elements or keys.
    * `validate` as JMESPath: `@` is the value. False, null and empty results refuse it.
    * `validate` as a hook gets the value. It refuses by returning False or a message, or by raising
      ValueError. True and None accept.
    """
    spec = attribute.spec
    constraints: list[_Constraint] = []
    if spec.prefix is not None:
        constraints.append(_prefix(spec.prefix))
    if spec.pattern is not None:
        constraints.append(_pattern(spec.pattern))
    if spec.min is not None or spec.max is not None:
        constraints.append(_bounds("be", spec.min, spec.max, attribute.type.size))
    if spec.min_length is not None or spec.max_length is not None:

        def length(value: Any) -> int | None:
            return len(value) if isinstance(value, Sized) else None

        constraints.append(_bounds("have a length of", spec.min_length, spec.max_length, length))
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


def _prefix(prefix: str) -> _Constraint:
    def constrain(value: Any, path: str) -> None:
        if not value.startswith(prefix):
            raise refuse(path, f'must begin with "{prefix}"')

    return constrain


def _pattern(pattern: str) -> _Constraint:
    holds = searching(pattern)

    def constrain(value: Any, path: str) -> None:
        if not holds(value):
            raise refuse(path, f"does not match the pattern {pattern}")

    return constrain


def _bounds(
    must: str, low: float | None, high: float | None, size: Callable[[Any], Any]
) -> _Constraint:
    """Return a constraint on the `size` of a value; a value without a size passes."""

    def constrain(value: Any, path: str) -> None:
        found = size(value)
        if low is not None and found is not None and found < low:
            raise refuse(path, f"must {must} at least {low}")
        if high is not None and found is not None and found > high:
            raise refuse(path, f"must {must} at most {high}")

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


def build_fill_defaults(attribute: CompiledAttribute, hooks: Hooks) -> Fill | None:
    """Return the function that fills in defaults of maps in a value; None if there are none."""
    if attribute.items is not None:
        fill_item = attribute.items.fill_defaults
        if fill_item is None:
            return None

        def fill_list(value: Any, moment: Moment) -> Any:
            # Keep a LackingList as it is, so that the check refuses it.
            if not isinstance(value, list | tuple) or isinstance(value, LackingList):
                return value
            return [fill_item(item, moment) for item in value]

        return fill_list
    if attribute.variants is not None:
        return _by_variant(attribute, lambda variant: variant.fill_defaults)
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


def _by_variant(
    union: CompiledAttribute, function_of: Callable[[CompiledAttribute], _Beside | None]
) -> _Beside | None:
    """Return a function that calls that of the value's variant; None if no variant has one."""
    found = {name: function_of(variant) for name, variant in (union.variants or {}).items()}
    if not any(found.values()):
        return None

    def apply(value: Any, beside: Any) -> Any:
        function = found.get(tag_of(union.spec, value) or "")
        return value if function is None else function(value, beside)

    return apply


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
    """Return the function that applies `set` hooks, innermost first; None if there are none.

    A hook gets the accepted value, or None, and all accepted values of the write by name. It must
    return a value of the attribute's type, or None to leave out the attribute, the property or the
    element.
    """
    inner = _descend(attribute, lambda part: part.apply_set)
    if attribute.spec.set is None:
        return inner
    hook = hook_of(hooks, attribute.spec.set, "set", attribute.path)

    def apply(value: Any, values: Mapping[str, Any]) -> Any:
        if inner is not None and value is not None:
            value = inner(value, values)
        value = hook(value, values)
        return None if value is None else attribute.check(value, attribute.path)

    return apply


def build_apply_get(attribute: CompiledAttribute, hooks: Hooks) -> Rework | None:
    """Return the function that drops hidden properties and applies `get` hooks, innermost first.

    It is None if there are neither. A hook gets the stored value and all values of the item by
    name, and returns what the record shows.
    """
    inner = _descend(attribute, lambda part: part.apply_get, hide=True)
    if attribute.spec.get is None:
        return inner
    hook = hook_of(hooks, attribute.spec.get, "get", attribute.path)

    def apply(value: Any, values: Mapping[str, Any]) -> Any:
        if inner is not None and value is not None:
            value = inner(value, values)
        return hook(value, values)

    return apply


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
        as_set = attribute.spec.type == "set"

        def each(value: Any, values: Mapping[str, Any]) -> Any:
            # A record shows None for such an element, so that the others keep their positions.
            reworked = [
                part
                for item in value
                if (part := rework_item(item, values)) is not None or hide or item is None
            ]
            return frozenset(reworked) if as_set else reworked

        return each
    if attribute.variants is not None:
        return _by_variant(attribute, rework_of)
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
