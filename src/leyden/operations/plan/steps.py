"""The checked steps of an update: which attribute, which operator, which value.

A value may be computed in the table, as in `.set(total=task.attr.price + 5)`. Its result is not
known before the write, so such a value is refused where keys, hooks or derived attributes need it.
`UpdateExpression` turns the steps into clauses of a request.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from pynamodb.expressions.operand import Path, _Decrement, _Increment, _Operand

from leyden._attrs import evolve, frozen
from leyden._late import imported
from leyden.errors import (
    InvalidExpressionError,
    ReadOnlyAttributeError,
    RequiredAttributeError,
    ValidationError,
)
from leyden.mapping import CompiledAttribute, ResolvedPath
from leyden.mapping.moment import Moment
from leyden.mapping.paths import WithinUnion
from leyden.operations.bound import BoundEntity
from leyden.operations.plan.expressions import Expressions, value_size
from leyden.program import AttributeValue, Item
from leyden.types import TYPES


class UpdateExpression:
    """Collects the clauses of an update, and writes them as DynamoDB expects them."""

    __slots__ = ("_clauses", "_expressions", "_sets", "assigned", "grown")

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self.assigned: Item = {}
        """The whole fields that it sets."""
        self.grown = 0
        """The bytes by which its other steps may make the item larger."""
        self._sets: list[str] = []
        self._clauses = {"SET": self._sets, "REMOVE": [], "ADD": [], "DELETE": []}

    def add_step(self, step: Step) -> None:
        """Add a step that the caller asked for."""
        clause, text = step.write(self._expressions)
        self._clauses[clause].append(text)
        self.grown += 0 if step.encoded is None else value_size(step.encoded)

    def set(self, field: str, value: AttributeValue) -> None:
        """Set a whole field."""
        self.assigned[field] = value
        self._sets.append(self._expressions.equal(field, value))

    def set_all(self, fields: Item, once: Collection[str] = ()) -> None:
        """Set several whole fields, those in `once` only where the item does not have them."""
        texts = self._expressions.equal_all(fields)
        self.assigned.update(fields)
        for field in once:
            if field in fields:
                del self.assigned[field]
                place = [*fields].index(field)
                name, equals, value = texts[place].partition(" = ")
                texts[place] = f"{name}{equals}if_not_exists({name}, {value})"
        self._sets += texts

    def set_if_absent(self, field: str, value: AttributeValue) -> None:
        """Set a whole field where the item does not have it."""
        name = self._expressions.name(field)
        placeholder = self._expressions.value(value)
        self._clauses["SET"].append(f"{name} = if_not_exists({name}, {placeholder})")

    def count(self, field: str) -> None:
        """Add 1 to a whole field; an absent field counts as 0."""
        name = self._expressions.name(field)
        zero = self._expressions.value({"N": "0"})
        one = self._expressions.value({"N": "1"})
        self._clauses["SET"].append(f"{name} = if_not_exists({name}, {zero}) + {one}")

    def remove(self, field: str) -> None:
        """Remove a whole field."""
        self._clauses["REMOVE"].append(self._expressions.name(field))

    def copy_onto(self, expressions: Expressions) -> UpdateExpression:
        """Return a copy to add clauses to; `expressions` are those of the whole request."""
        copy = UpdateExpression(expressions)
        for clause, parts in self._clauses.items():
            copy._clauses[clause] += parts
        copy.assigned, copy.grown = dict(self.assigned), self.grown
        return copy

    def text(self) -> str:
        """Return the expression, in the order SET, REMOVE, ADD, DELETE."""
        return " ".join(
            [f"{clause} {', '.join(parts)}" for clause, parts in self._clauses.items() if parts]
        )


_COPIED: Final = "is copied from another attribute, so its value is not known when it is written"


_PLAIN: Final = frozenset({"builtins", "datetime", "decimal"})
"""The modules of the types that most values have."""


def is_operand(value: Any) -> bool:
    """Whether a value is computed in the table."""
    return isinstance(value, _Operand) or _is_attribute(value)


def _is_attribute(value: Any) -> bool:
    if type(value).__module__ in _PLAIN:
        return False
    # Without PynamoDB's attributes imported, the value cannot be one; importing them is slow.
    module = imported("pynamodb.attributes")
    return module is not None and isinstance(value, module.Attribute)


def read_operand(entity: BoundEntity, place: ResolvedPath, value: Any) -> Any:
    """Return the checked operand that `place` is set to.

    Raises InvalidExpressionError where its value is needed before the write, or has another type.
    """
    operand: Any = Path(value) if _is_attribute(value) else value
    _refuse_where_known(entity, place)
    _refuse_encrypted(entity, place, place.leaf)
    if isinstance(operand, _Increment | _Decrement) and not place.leaf.type.is_number:
        raise _refused(entity, place, "is not a number, so it cannot be set to a sum or difference")
    for source in _sources(operand):
        compiled = getattr(source.attribute, "compiled", None)
        if compiled is None or compiled.entity != entity.spec.entity:
            raise _refused(
                entity, place, "can only be set to an attribute of this entity; name one by .attr"
            )
        _refuse_source(entity, place, source, compiled)
    return operand


def _refuse_where_known(entity: BoundEntity, place: ResolvedPath) -> None:
    """Refuse an operand where something needs the value before the write."""
    mapping, name = entity.mapping, place.root
    if (pattern := _pattern_that_needs(entity, name)) is not None:
        raise _refused(entity, place, f'{_COPIED}; the key of "{pattern}" needs it')
    for other, watched in mapping.setters.watched.items():
        if watched is None or name in watched or name == other:
            raise _refused(entity, place, f'{_COPIED}; the `set` of "{other}" needs it')
    if mapping.attributes[name].apply_set is not None:
        raise _refused(entity, place, f"{_COPIED}; its `set` needs it")
    if place.leaf.has_form:
        raise _refused(entity, place, f"{_COPIED}; its normal form needs it")
    if place.segments[0].partition("[")[0] in entity.mapping.overflow:
        raise _refused(entity, place, "may be stored apart from its item, and cannot be a copy")


def _refuse_source(
    entity: BoundEntity, place: ResolvedPath, source: Path, compiled: CompiledAttribute
) -> None:
    _refuse_encrypted(entity, place, compiled)
    if compiled.key_text is not None:
        compiled.key_text.refuse_operand(compiled.path)
    if source.path[0].partition("[")[0] in entity.mapping.overflow:
        raise _refused(entity, place, "cannot be a copy of an attribute that may be stored apart")
    turned = entity.spec.never_zero
    if place.root in turned and compiled.path not in turned:
        raise _refused(
            entity,
            place,
            f'is compared by cosine, and its copy of "{compiled.path}" may be a vector of zeros',
        )
    target, other = place.leaf.spec, compiled.spec
    fits = target.type == other.type or (place.leaf.type.is_number and compiled.type.is_number)
    if target.type == "enum" == other.type:
        fits = set(other.values) <= set(target.values)
    if not fits and target.type != "any":
        raise _refused(
            entity,
            place,
            f'is of type {target.type}, and "{compiled.path}" of type {other.type}, so it cannot '
            "be set to that",
        )


def _refuse_encrypted(
    entity: BoundEntity, place: ResolvedPath, compiled: CompiledAttribute
) -> None:
    if compiled.spec.encrypt:
        whose = "it" if compiled is place.leaf else f'"{compiled.path}"'
        raise _refused(
            entity,
            place,
            f"cannot be set to what another attribute has: {whose} is encrypted, for its own place",
        )


def _sources(operand: Any) -> Iterator[Path]:
    """Yield the attributes that an operand reads."""
    if isinstance(operand, Path):
        yield operand
        return
    for value in operand.values:
        if isinstance(value, _Operand):
            yield from _sources(value)


def _refused(entity: BoundEntity, place: ResolvedPath, why: str) -> InvalidExpressionError:
    return InvalidExpressionError(f'"{place.path}" {why}', entity=entity.spec.entity)


_OF_SOME_TYPES: Final = frozenset({"add", "subtract", "append", "delete"})
"""The operators that only some attribute types have."""


@frozen
class Step:
    """One operator on one attribute, or on a path inside one, with an accepted `value`."""

    operator: str
    root: str
    path: str
    segments: tuple[str, ...]
    value: Any = None
    encoded: AttributeValue | None = None
    operand: Any = None
    """For a `copy`: the operand that DynamoDB computes the value from."""
    unions: tuple[WithinUnion, ...] = ()
    """The unions that its path goes through."""

    @property
    def is_root(self) -> bool:
        """Whether the step is on a whole attribute."""
        return len(self.segments) == 1 and "[" not in self.segments[0]

    def write(self, expressions: Expressions) -> tuple[str, str]:
        """Return the clause of the UpdateExpression that the step belongs to, and its text."""
        path = expressions.path(self.segments)
        if self.operator == "remove":
            return "REMOVE", path
        if self.operand is not None:
            made = self.operand.serialize(expressions.names, expressions.values)
            return "SET", f"{path} = {made}"
        assert self.encoded is not None
        if self.operator == "subtract":
            zero = expressions.value({"N": "0"})
            value = expressions.value(self.encoded)
            return "SET", f"{path} = if_not_exists({path}, {zero}) - {value}"
        if self.operator == "append":
            empty = expressions.value({"L": []})
            value = expressions.value(self.encoded)
            return "SET", f"{path} = list_append(if_not_exists({path}, {empty}), {value})"
        value = expressions.value(self.encoded)
        if self.operator == "if_not_exists":
            return "SET", f"{path} = if_not_exists({path}, {value})"
        if self.operator == "set":
            return "SET", f"{path} = {value}"
        return self.operator.upper(), f"{path} {value}"


def read_steps(
    entity: BoundEntity, operator: str, given: Mapping[str, Any], *, fresh: bool = False
) -> list[Step]:
    """Return checked steps of one operator. An upsert passes `fresh` to set read-only attributes.

    Raises UnknownAttributeError, ValidationError, ReadOnlyAttributeError, InvalidExpressionError.
    """
    return [_read_step(entity, operator, path, value, fresh) for path, value in given.items()]


def hooked(entity: BoundEntity, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the steps of an update after `set` hooks, with the steps that watching hooks add.

    Raises ValidationError where a hook returns a value of another type.
    """
    mapping = entity.mapping
    if not mapping.has_setters:
        return steps
    assigned = {s.root: s.value for s in steps if s.operator == "set" and s.is_root}
    removed = {s.root for s in steps if s.operator == "remove" and s.is_root}
    others = [
        s
        for s in steps
        if s.operator not in ("remove", "copy") and not (s.operator == "set" and s.is_root)
    ]
    values, moved = mapping.setters.part(assigned, {s.path: s.value for s in others}, removed)
    found = [
        *(s for s in steps if s.operator in ("remove", "copy")),
        *(_revalued(entity, s, moved[s.path]) for s in others if s.path in moved),
    ]
    for name, value in values.items():
        field_ = entity.spec.attributes[name].field
        found.append(Step("set", name, name, (field_,), value))
    return tuple(found)


def hooked_amounts(
    entity: BoundEntity, steps: tuple[Step, ...], values: Mapping[str, Any]
) -> tuple[Step, ...]:
    """Return the steps of an upsert, with their values as `set` hooks left them."""
    if not entity.mapping.has_setters:
        return steps
    return tuple(_revalued(entity, s, values[s.root]) for s in steps if s.root in values)


def _revalued(entity: BoundEntity, step: Step, value: Any) -> Step:
    """Return the step with the value that a `set` hook returned."""
    if value is step.value:
        return step
    return evolve(step, value=value, encoded=entity.mapping.attributes[step.root].encode(value))


def read_removals(entity: BoundEntity, paths: Iterable[str]) -> list[Step]:
    """Return checked `remove` steps. Also raises RequiredAttributeError."""
    steps = []
    for path in paths:
        place = _locate(entity, "remove", path, fresh=False)
        step = Step("remove", place.root, path, place.segments, unions=place.unions)
        if place.leaf.spec.required:
            raise RequiredAttributeError(
                f'"{path}" is required and cannot be removed',
                path=path,
                entity=entity.spec.entity,
            )
        steps.append(step)
    return steps


def _read_step(entity: BoundEntity, operator: str, path: str, value: Any, fresh: bool) -> Step:
    place = _locate(entity, operator, path, fresh=fresh)
    leaf = place.leaf
    kind = leaf.spec.type
    if operator == "set" and not fresh and is_operand(value):
        operand = read_operand(entity, place, value)
        return Step("copy", place.root, path, place.segments, operand=operand, unions=place.unions)
    if operator in _OF_SOME_TYPES and leaf.spec.encrypt:
        raise InvalidExpressionError(
            f'"{path}" is encrypted, so .{operator}() cannot work on it in the table; read it, and '
            "give the new value with .set()",
            entity=entity.spec.entity,
        )
    if operator in _OF_SOME_TYPES and operator not in leaf.type.operators:
        having = ", ".join(name for name, type_ in TYPES.items() if operator in type_.operators)
        raise InvalidExpressionError(
            f'.{operator}() works on attributes of type {having}, but "{path}" is of type {kind}',
            entity=entity.spec.entity,
        )
    if value is None:
        raise ValidationError(
            f'"{path}" cannot be set to None; remove it with .remove("{path}")',
            path=path,
            entity=entity.spec.entity,
        )
    if operator in ("add", "subtract") and kind != "set":
        # An amount is not a value of the attribute, so the attribute's bounds do not apply to it.
        accepted = leaf.accept(value, path, constraints=False)
    else:
        renews = operator == "set" and leaf.fill_defaults is not None
        accepted = leaf.accept(value, path, moment=Moment(renews=True) if renews else None)
    # A whole attribute that is set is encoded together with the update's other fields.
    encoded = None if operator == "set" and path == place.root else leaf.encode(accepted)
    return Step(operator, place.root, path, place.segments, accepted, encoded, unions=place.unions)


def _locate(entity: BoundEntity, operator: str, path: str, *, fresh: bool) -> ResolvedPath:
    if not isinstance(path, str):
        raise InvalidExpressionError(
            f"a path is text such as detail.effort, not {type(path).__name__}",
            entity=entity.spec.entity,
        )
    place = entity.mapping.resolve(path)
    root, leaf = entity.spec.attributes[place.root], place.leaf.spec
    if root.name in entity.keys.primary.composites and not fresh:
        raise ReadOnlyAttributeError(
            f'"{root.name}" is part of the item\'s own key and cannot be changed; write a new '
            "item and delete this one",
            path=path,
            entity=entity.spec.entity,
        )
    if root.read_only and not fresh:
        raise ReadOnlyAttributeError(
            f'"{root.name}" is read-only: it is set when the item is created',
            path=path,
            entity=entity.spec.entity,
        )
    if root.derive is not None:
        raise ReadOnlyAttributeError(
            f'"{root.name}" is derived from other attributes; set those',
            path=path,
            entity=entity.spec.entity,
        )
    if root.on_write is not None or leaf.on_write is not None:
        raise ReadOnlyAttributeError(
            f'"{path}" is set by every write (`on_write`), and cannot be changed by hand',
            path=path,
            entity=entity.spec.entity,
        )
    if place.unions and place.is_tag:
        union = place.unions[-1].path
        raise InvalidExpressionError(
            f'"{path}" says which variant "{union}" is, and the other values there belong to that '
            f'variant; set "{union}" as a whole',
            entity=entity.spec.entity,
        )
    if operator not in ("set", "remove"):
        _refuse_unknown_outcome(entity, operator, root.name)
    return place


def _refuse_unknown_outcome(entity: BoundEntity, operator: str, root: str) -> None:
    """Refuse other operators than `set` where a key needs the new value."""
    if (pattern := _pattern_that_needs(entity, root)) is not None:
        raise InvalidExpressionError(
            f'"{root}" is part of the key of "{pattern}", and after .{operator}() its value is not '
            "known here; give the new value with .set()",
            entity=entity.spec.entity,
        )


def _pattern_that_needs(entity: BoundEntity, name: str) -> str | None:
    """Return the access pattern whose key needs the value of an attribute, or None."""
    for keys in entity.keys.values():
        if name in entity.spec.made_of(keys.spec):
            return keys.spec.name
    return None


def needs_of(entity: BoundEntity, steps: Iterable[Step]) -> tuple[WithinUnion, ...]:
    """Return what steps inside unions require of the stored item: for each union, its variants.

    Raises InvalidExpressionError where no variant has all the attributes that the steps name.
    """
    found: dict[tuple[str, ...], WithinUnion] = {}
    for step in steps:
        for union in step.unions:
            before = found.setdefault(union.segments, union)
            tags = tuple(tag for tag in before.tags if tag in union.tags)
            if not tags:
                raise InvalidExpressionError(
                    f'"{before.named}" and "{union.named}" are in different variants of '
                    f'"{union.path}", so no item has both',
                    entity=entity.spec.entity,
                )
            if tags != before.tags:
                found[union.segments] = evolve(before, tags=tags)
    return tuple(found.values())


def sealed_steps(entity: BoundEntity, steps: tuple[Step, ...], key: Item) -> tuple[Step, ...]:
    """Return the steps with encrypted values, where they must be, for the item under `key`."""
    sealer = entity.mapping.sealer
    if sealer is None:
        return steps
    return tuple(
        step
        if step.encoded is None or step.segments[0] not in sealer.fields
        else evolve(step, encoded=sealer.sealed_value(step.segments[0], step.encoded, key))
        for step in steps
    )


def refuse_overlaps(entity: BoundEntity, steps: Iterable[Step]) -> None:
    """Raise InvalidExpressionError where two steps change the same place, or one inside another."""
    steps = tuple(steps)
    if len(steps) == 1:
        return
    if all(step.is_root for step in steps) and len({s.segments for s in steps}) == len(steps):
        return
    placed = sorted(((_place(step), step) for step in steps), key=lambda pair: pair[0])
    # In sorted order, a place stands directly before the first place inside it.
    for (outer, before), (inner, step) in pairwise(placed):
        if inner[: len(outer)] == outer:
            raise InvalidExpressionError(
                f'.{before.operator}() of "{before.path}" and .{step.operator}() of '
                f'"{step.path}" change the same place; DynamoDB takes only one of them in an '
                "update",
                entity=entity.spec.entity,
            )


def _place(step: Step) -> tuple[str, ...]:
    return tuple(part for segment in step.segments for part in segment.split("["))
