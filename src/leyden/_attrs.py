"""Frozen and slotted classes like those of attrs, defined in a thirtieth of the time.

A process starts with some 150 of these classes and uses a few methods of each. attrs writes and
compiles all methods of a class when the class is defined, which takes half a millisecond per class:
a quarter of a second in total on a small Lambda function. Here the same methods are written when
they are first looked up. `attrs.fields`, `attrs.asdict` and `attrs.evolve` accept these classes,
because `__attrs_attrs__` is made on demand.

The module has only the parts of attrs that Leyden uses. A type checker sees attrs' own names, so it
checks arguments, converters and `evolve` as usual.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cache
from reprlib import recursive_repr
from types import CellType, MemberDescriptorType
from typing import TYPE_CHECKING, Any, Final

from leyden._code import code_of

__all__ = [
    "DESCRIBED",
    "NOTHING",
    "asdict",
    "define",
    "evolve",
    "field",
    "fields",
    "fields_dict",
    "frozen",
    "write_init",
]

if TYPE_CHECKING:
    from attrs import NOTHING, asdict, define, evolve, field, fields, fields_dict, frozen
else:

    class _Nothing:
        """The marker for a missing default."""

        __slots__ = ()

        def __bool__(self) -> bool:
            return False

        def __repr__(self) -> str:
            return "NOTHING"

    NOTHING: Final = _Nothing()

    def field(**options: Any) -> Any:
        """Declare an attribute that needs more than a type and a default, as `attrs.field` does."""
        return Field(**options)

    def frozen(kind: type | None = None, /, **options: Any) -> Any:
        """Make a class whose instances cannot change, with slots unless `slots=False`."""
        return define(kind, frozen=True, **options)

    def define(
        kind: type | None = None,
        /,
        *,
        eq: bool = True,
        repr: bool = True,
        slots: bool = True,
        kw_only: bool = False,
        frozen: bool = False,
        weakref_slot: bool = True,
    ) -> Any:
        """Make a class with the attributes that its annotations name."""

        def made(kind: type) -> type:
            return _made(kind, eq, repr, slots, kw_only, frozen, weakref_slot)

        return made if kind is None else made(kind)

    def fields(kind: type) -> tuple[Field, ...]:
        """Return the attributes of a class."""
        return kind.__leyden_fields__

    def fields_dict(kind: type) -> dict[str, Field]:
        """Return the attributes of a class by name."""
        return {part.name: part for part in fields(kind)}

    def evolve(instance: Any, /, **changes: Any) -> Any:
        """Return a copy with other values, named as the arguments of the constructor are."""
        kind = instance.__class__
        kept = {alias: getattr(instance, name) for alias, name in _arguments_of(kind)}
        kept.update(changes)
        return kind(**kept)

    @cache
    def _arguments_of(kind: type) -> tuple[tuple[str, str], ...]:
        return tuple((part.alias, part.name) for part in fields(kind) if part.init)

    def asdict(instance: Any, *, recurse: bool) -> dict[str, Any]:
        """Return the attributes by name. `recurse` must be False: values stay as they are."""
        assert not recurse
        return {part.name: getattr(instance, part.name) for part in fields(type(instance))}


class Field:
    """One attribute of a class. The names are those of attrs' `Attribute`."""

    __slots__ = (
        "alias",
        "converter",
        "default",
        "eq",
        "factory",
        "init",
        "kw_only",
        "name",
        "repr",
        "type",
    )

    def __init__(
        self,
        default: Any = NOTHING,
        factory: Callable[[], Any] | None = None,
        init: bool = True,
        repr: bool = True,
        eq: bool = True,
        kw_only: bool = False,
        converter: Callable[[Any], Any] | None = None,
        alias: str | None = None,
    ) -> None:
        self.name = ""
        self.type: Any = None
        self.default = default
        self.factory = factory
        self.init = init
        self.repr = repr
        self.eq = eq
        self.kw_only = kw_only
        self.converter = converter
        self.alias = alias

    @property
    def is_required(self) -> bool:
        """Whether the constructor requires its argument."""
        return self.default is NOTHING and self.factory is None


class _Written:
    """A method that is written when it is first looked up, and then replaces this descriptor."""

    __slots__ = ("_kind", "_name", "_write")

    def __init__(self, kind: type, name: str, write: Callable[[type], Any]) -> None:
        self._kind = kind
        self._name = name
        self._write = write

    def __get__(self, instance: Any, kind: type | None = None) -> Any:
        method = self._write(self._kind)
        setattr(self._kind, self._name, method)
        return method if instance is None else method.__get__(instance, kind)


class _Described:
    """`__attrs_attrs__`, made when a caller asks attrs about the class."""

    def __get__(self, instance: Any, kind: type) -> Any:
        import attr

        described = {
            part.name: attr.ib(
                default=attr.Factory(part.factory)
                if part.factory
                else attr.NOTHING
                if part.default is NOTHING
                else part.default,
                init=part.init,
                repr=part.repr,
                eq=part.eq,
                order=False,
                converter=part.converter,
                type=part.type,
                alias=part.alias,
                kw_only=part.kw_only,
            )
            for part in fields(kind)
        }
        twin: Any = attr.make_class(kind.__name__, described, init=False, eq=False, repr=False)
        made = kind.__attrs_attrs__ = twin.__attrs_attrs__  # type: ignore[attr-defined]
        return made


DESCRIBED: Final = _Described()
"""The `__attrs_attrs__` of a class that has `__leyden_fields__` of its own."""


def _made(
    kind: type,
    eq: bool,
    repr: bool,
    slots: bool,
    kw_only: bool,
    frozen: bool,
    weakref_slot: bool,
) -> type:
    own = _own_fields(kind, kw_only)
    names = {part.name: None for part in own}
    parts = (*(part for part in _inherited(kind) if part.name not in names), *own)
    new: dict[str, Any] = {
        "__leyden_fields__": parts,
        "__attrs_attrs__": DESCRIBED,
        "__match_args__": tuple(part.name for part in parts if part.init and not part.kw_only),
    }
    if repr:
        new["__repr__"] = _repr
    if frozen:
        new["__setattr__"], new["__delattr__"] = _refuse_set, _refuse_delete
    if eq and not frozen and "__eq__" not in kind.__dict__:
        new["__hash__"] = None
    said = kind.__dict__
    new = {name: value for name, value in new.items() if name not in said}
    written: dict[str, Callable[[type], Any]] = {"__init__": write_init}
    if eq and "__eq__" not in said:
        written["__eq__"] = _write_eq
        if frozen:
            written["__hash__"] = _write_hash
    written = {name: write for name, write in written.items() if name not in said}
    if slots:
        kind = _with_slots(kind, names, new, weakref_slot)
    else:
        for name in names.keys() & kind.__dict__.keys():
            delattr(kind, name)
        for name, value in new.items():
            setattr(kind, name, value)
    for name, write in written.items():
        setattr(kind, name, _Written(kind, name, write))
    return kind


def _own_fields(kind: type, kw_only: bool) -> list[Any]:
    body = kind.__dict__
    annotations = body.get("__annotations__")
    if annotations is None:
        # Since Python 3.14, annotations are made on demand and are not in the body.
        annotations = kind.__annotations__ if sys.version_info >= (3, 14) else {}
    parts = []
    for name, annotation in annotations.items():
        if str(annotation).startswith(("ClassVar", "typing.ClassVar")):
            continue
        part = body.get(name, NOTHING)
        if not isinstance(part, Field):
            part = Field(default=part)
        part.name, part.type = name, annotation
        part.kw_only = part.kw_only or kw_only
        if part.alias is None:
            part.alias = name.lstrip("_")
        parts.append(part)
    return parts


def _inherited(kind: type) -> list[Any]:
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__[1:]):
        for part in base.__dict__.get("__leyden_fields__", ()):
            # The nearest class that declares an attribute wins, and puts it after the others.
            found.pop(part.name, None)
            found[part.name] = part
    return list(found.values())


def _with_slots(
    kind: type, names: Mapping[str, None], new: Mapping[str, Any], weakref_slot: bool
) -> type:
    """Make the class again: a class can only get slots when it is made."""
    left_out = {*names, "__dict__", "__weakref__"}
    body = {name: value for name, value in kind.__dict__.items() if name not in left_out}
    above = {name for base in kind.__mro__[1:] for name in base.__dict__}
    slots = [name for name in names if name not in above or not _is_slot(kind, name)]
    if weakref_slot and "__weakref__" not in above:
        slots.append("__weakref__")
    body |= new
    body["__slots__"] = tuple(slots)
    body["__qualname__"] = kind.__qualname__
    body.setdefault("__getstate__", _get_state)
    body.setdefault("__setstate__", _set_state)
    made = type(kind)(kind.__name__, kind.__bases__, body)
    for value in body.values():
        # `super()` and `__class__` in a method refer to the old class through a closure cell.
        method = getattr(value, "__func__", None) or getattr(value, "fget", None) or value
        for cell in getattr(method, "__closure__", None) or ():
            if _holds(cell, kind):
                cell.cell_contents = made
    return made


def _is_slot(kind: type, name: str) -> bool:
    bases = (base.__dict__ for base in kind.__mro__[1:])
    found = next((body[name] for body in bases if name in body), None)
    return isinstance(found, MemberDescriptorType)


def _holds(cell: CellType, kind: type) -> bool:
    try:
        return cell.cell_contents is kind
    except ValueError:
        return False


def write_init(kind: type) -> Any:
    """Write and compile the constructor of a class."""
    scope: dict[str, Any] = {"NOTHING": NOTHING}
    arguments: list[str] = []
    keywords: list[str] = []
    lines: list[str] = []
    annotations: dict[str, Any] = {}
    is_frozen = getattr(kind, "__setattr__", None) is _refuse_set
    parts: Any = fields(kind)
    for part in parts:
        name, value = part.name, part.alias
        if part.factory is not None:
            scope[f"_factory_{name}"] = part.factory
            default = "NOTHING"
        else:
            scope[f"_default_{name}"] = part.default
            default = f"_default_{name}"
        if part.init:
            said = value if part.is_required else f"{value}={default}"
            (keywords if part.kw_only else arguments).append(said)
            annotations[value] = part.type
            if part.factory is not None:
                lines += [f"if {value} is NOTHING:", f"    {value} = _factory_{name}()"]
        elif part.is_required:
            continue
        else:
            value = f"_factory_{name}()" if part.factory is not None else default
        if part.converter is not None:
            scope[f"_convert_{name}"] = part.converter
            value = f"_convert_{name}({value})"
        slot = getattr(kind, name, None)
        if not is_frozen:
            lines.append(f"self.{name} = {value}")
        elif isinstance(slot, MemberDescriptorType):
            scope[f"_set_{name}"] = slot.__set__
            lines.append(f"_set_{name}(self, {value})")
        else:
            lines.append(f"_values[{name!r}] = {value}")
    if any(line.startswith("_values[") for line in lines):
        lines.insert(0, "_values = self.__dict__")
    if hasattr(kind, "__attrs_post_init__"):
        lines.append("self.__attrs_post_init__()")
    if keywords:
        arguments += ["*", *keywords]
    head = f"def __init__({', '.join(['self', *arguments])}):"
    method = _compiled(kind, "__init__", [head, *(lines or ["pass"])], scope)
    method.__annotations__ = annotations | {"return": None}
    return method


def _write_eq(kind: type) -> Any:
    same = [f"self.{part.name} == other.{part.name}" for part in fields(kind) if part.eq]
    lines = [
        "def __eq__(self, other):",
        "if other.__class__ is not self.__class__:",
        "    return NotImplemented",
        f"return {' and '.join(same) or 'True'}",
    ]
    return _compiled(kind, "__eq__", lines, {})


def _write_hash(kind: type) -> Any:
    values = [f"self.{part.name}" for part in fields(kind) if part.eq]
    lines = ["def __hash__(self):", f"return hash(({', '.join(['_salt', *values])},))"]
    return _compiled(kind, "__hash__", lines, {"_salt": hash(kind.__qualname__)})


def _compiled(kind: type, name: str, lines: list[str], scope: dict[str, Any]) -> Any:
    head, *rest = lines
    source = "\n    ".join([head, *rest])
    exec(code_of(source, f"<methods of {kind.__module__}.{kind.__qualname__}>"), scope)
    method = scope[name]
    method.__module__ = kind.__module__
    method.__qualname__ = f"{kind.__qualname__}.{name}"
    return method


@recursive_repr("...")
def _repr(instance: Any) -> str:
    kind = type(instance)
    shown = [
        f"{part.name}={getattr(instance, part.name, NOTHING)!r}"
        for part in fields(kind)
        if part.repr
    ]
    return f"{kind.__qualname__.rpartition('>.')[2]}({', '.join(shown)})"


def _refuse_set(instance: Any, name: str, value: Any) -> None:
    from attr.exceptions import FrozenInstanceError

    raise FrozenInstanceError


def _refuse_delete(instance: Any, name: str) -> None:
    from attr.exceptions import FrozenInstanceError

    raise FrozenInstanceError


def _get_state(instance: Any) -> dict[str, Any]:
    names = (part.name for part in fields(type(instance)))
    return {name: getattr(instance, name) for name in names if hasattr(instance, name)}


def _set_state(instance: Any, state: Mapping[str, Any]) -> None:
    for name, value in state.items():
        object.__setattr__(instance, name, value)
