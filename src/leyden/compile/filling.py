"""Generated Python source: the function that makes a new item's values of what is given.

It spells out, attribute by attribute, where a value comes from and whether it is already in its
normal form, which most values are. Whatever is not goes through the attribute's own check, so
there is one place that says what is accepted and in which words something is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from leyden._attrs import frozen
from leyden.compile.attribute import CompiledAttribute
from leyden.compile.moment import Moment, Origin
from leyden.compile.source import Writer, run
from leyden.schema.spec import Generate, Literal

__all__ = ["Fill", "Planned", "compile_filling"]

Fill: TypeAlias = Callable[[Mapping[str, Any], Moment], tuple[dict[str, Any], list[str]]]
"""What is given and the instant of the write, into accepted values and the names that lack one."""


@frozen
class Planned:
    """An attribute of a new item: where its value comes from if none is given, None for nowhere.

    `needed` ones are reported where they lack a value.
    """

    attribute: CompiledAttribute
    origin: Origin | None
    needed: bool


def compile_filling(plan: Iterable[Planned], *, title: str, kept: Collection[str] = ()) -> Fill:
    """Write and run the source that makes a new item's values, in the order of the plan.

    `kept` are the attributes of the item's own key: what is given for these is never renewed.
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
    normal = attribute.type.normal_source(attribute.spec, writer)
    if attribute.fill is not None or normal is None:
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
