"""Makes the values of a new item from the given ones, by a generated function and `set` hooks.

The function's source says, attribute by attribute, where a value comes from and whether it is
already in its normal form, which most values are. All others go through the attribute's own check,
so one place decides what is accepted and how a refusal is worded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeAlias

from leyden._attrs import frozen
from leyden.mapping.attribute import CompiledAttribute, Rework
from leyden.mapping.codec import Writer, run
from leyden.mapping.deriving import Maker
from leyden.mapping.moment import Moment, Origin
from leyden.schema.spec import Generate, Literal

Values = Mapping[str, Any]


class Setters:
    """The `set` hooks of an entity's attributes, including their properties and elements."""

    __slots__ = ("_always", "_plain", "_watching", "any")

    def __init__(self, attributes: Mapping[str, CompiledAttribute]) -> None:
        self._plain: dict[str, Rework] = {}
        self._watching: dict[str, tuple[Rework, frozenset[str] | None]] = {}
        self._always: list[str] = []
        for name, attribute in attributes.items():
            if attribute.apply_set is None:
                continue
            spec = attribute.spec
            if spec.set is not None and spec.watch and spec.derive is None:
                watched = None if "*" in spec.watch else frozenset(spec.watch)
                self._watching[name] = (attribute.apply_set, watched)
                continue
            self._plain[name] = attribute.apply_set
            if spec.set is not None and spec.set.always:
                self._always.append(name)
        self.any = bool(self._plain or self._watching)
        """Whether there are any hooks."""

    @property
    def watched(self) -> Mapping[str, frozenset[str] | None]:
        """The attributes that each watching hook watches; None for all attributes."""
        return {name: watched for name, (_, watched) in self._watching.items()}

    def looked_for(self, values: Values) -> dict[str, Any]:
        """Return values to search for as they are stored; hooks that watch others do not run."""
        return self._first(values, ())

    def whole(self, values: Values, settled: Collection[str] = ()) -> dict[str, Any]:
        """Return the values of a whole item after their hooks; None leaves an attribute out.

        `settled` names the attributes whose hooks have run before.
        """
        stored = self._first(values, settled)
        before = MappingProxyType(dict(values))
        for name in self._always:
            if values.get(name) is None:
                _keep(stored, name, self._plain[name](None, before))
        if not self._watching:
            return stored
        seen = MappingProxyType(dict(stored))
        for name, (store, watched) in self._watching.items():
            # A hook that has run before, on the same values, does not run again.
            is_settled = name in settled and watched is not None
            if is_settled:
                is_settled = all(o in settled or values.get(o) is None for o in watched or ())
            if not is_settled:
                _keep(stored, name, store(seen.get(name), seen))
        return stored

    def part(
        self, assigned: Values, moved: Values, removed: Collection[str]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what an update assigns, and its other values, both after the hooks.

        `assigned` are the values that it sets by attribute, `moved` those that it adds, appends or
        sets in other ways, by path. `removed` are the attributes that it removes.
        """
        given = {**moved, **assigned}
        after = self._first(given, ())
        if self._watching:
            seen = MappingProxyType(dict(after))
            for name, (store, watched) in self._watching.items():
                asked = watched is None or name in seen or not watched.isdisjoint(seen)
                if asked and name not in removed:
                    _keep(after, name, store(seen.get(name), seen))
        return (
            {name: value for name, value in after.items() if name not in moved},
            {path: value for path, value in after.items() if path in moved},
        )

    def _first(self, values: Values, settled: Collection[str]) -> dict[str, Any]:
        before = MappingProxyType(dict(values))
        stored: dict[str, Any] = {}
        for name, value in values.items():
            store = self._plain.get(name)
            if value is not None:
                _keep(
                    stored,
                    name,
                    value if store is None or name in settled else store(value, before),
                )
        return stored


def _keep(stored: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        stored.pop(name, None)
    else:
        stored[name] = value


Fill: TypeAlias = Callable[[Mapping[str, Any], Moment], tuple[dict[str, Any], list[str]]]
"""Turns given values, at the time of the write, into accepted values and missing names."""


@frozen
class Planned:
    """An attribute of a new item, and the origin of its value if none is given; None for none.

    If it is `needed`, it is reported as missing without a value. `maker` computes the value from
    that of the attribute `of`, which comes before this one in a plan.
    """

    attribute: CompiledAttribute
    origin: Origin | None
    needed: bool
    maker: Maker | None = None
    of: str = ""


def compile_filling(plan: Iterable[Planned], *, title: str, kept: Collection[str] = ()) -> Fill:
    """Write and run the source that makes a new item's values, in the order of the plan.

    `kept` are the attributes of the item's own key, whose given values `on_write` never replaces.
    """
    writer = Writer()
    writer.lines += [
        "def fill(given, moment):",
        "    values = {}",
        "    missing = []",
        "    get = given.get",
    ]
    for planned in plan:
        name = planned.attribute.spec.name
        writer.lines.append(f"    value = get({name!r})")
        if planned.origin is not None:
            renewed = " or moment.renews" if planned.attribute.spec.on_write else ""
            if name in kept:
                renewed = ""
            writer.lines += [
                f"    if value is None{renewed}:",
                f"        value = {_origin(writer, planned)}",
            ]
        if planned.maker is not None:
            maker = writer.name("maker", planned.maker)
            writer.lines += [
                f"    if value is None and {planned.of!r} in values:",
                f"        value = {maker}(values[{planned.of!r}])",
            ]
        writer.lines += [
            "    if value is not None:",
            *_accepting(writer, planned.attribute),
            f"        values[{name!r}] = value",
        ]
        if planned.needed:
            writer.lines += ["    else:", f"        missing.append({name!r})"]
    writer.lines.append("    return values, missing")
    fill: Fill = run(writer, title)["fill"]
    return fill


def _origin(writer: Writer, planned: Planned) -> str:
    spec = planned.attribute.spec
    source = spec.on_write or spec.default
    if isinstance(source, Literal) and isinstance(source.value, str | int | float):
        return writer.name("default", source.value)
    if (
        isinstance(source, Generate)
        and source.kind == "now"
        and planned.attribute.type.python is datetime
    ):
        return "moment.now"
    return f"{writer.name('origin', planned.origin)}(moment)"


def _accepting(writer: Writer, attribute: CompiledAttribute) -> list[str]:
    normal = None
    if not attribute.has_form:
        normal = attribute.type.normal_source(attribute.spec, writer)
    if attribute.fill_defaults is not None or normal is None:
        accept = writer.name("accept", attribute.accept)
        return [f"        value = {accept}(value, moment=moment)"]
    check = writer.name("check", attribute.check)
    lines = [
        f"        if not ({normal}):",
        f"            value = {check}(value, {attribute.path!r})",
    ]
    if attribute.constrain is not None:
        constrain = writer.name("constrain", attribute.constrain)
        lines.append(f"        {constrain}(value, {attribute.path!r})")
    return lines
