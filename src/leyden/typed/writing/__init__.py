"""Writes a service's typed module, for `leyden types`."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent

from leyden.compiled.writing import compiled_source
from leyden.errors import SchemaError
from leyden.schema import check_service
from leyden.schema.sources import Texts
from leyden.schema.spec import ServiceSpec
from leyden.typed.schemas import CARRIES, FORMAT, digest_of, digest_of_text
from leyden.typed.writing.entities import entity
from leyden.typed.writing.layout import long_text, string_literal
from leyden.typed.writing.names import Names
from leyden.typed.writing.services import service

__all__ = ["module_text"]

_HEAD = '''\
# fmt: off
# Made by `leyden types`, from the schemas that stand at its end: do not edit it, make it again.
# ruff: noqa
"""The service {name}, typed.

    app = {module}.load(table="...")
    app.entities.{alias}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from leyden.typed import Schemas

'''


def module_text(sources: Mapping[str, str], name: str, *, compiled: bool = False) -> str:
    """Return the text of a module with this name; `sources` has the texts of schema files by name.

    `compiled` adds the compiled schemas, so that a process that imports the module reads no YAML.
    Raises SchemaError.

    >>> module_text({"order.yaml": "entity: order\\n..."}, "shop")      # doctest: +SKIP
    """
    result = check_service(Texts(sources))
    if result.service is None:
        raise SchemaError(result.faults)
    text = service_text(result.service, sources, name)
    if not compiled:
        return text
    return text + _carried(text, compiled_source(result.service, result.warnings))


def service_text(spec: ServiceSpec, sources: Mapping[str, str], name: str) -> str:
    """Return the text of a service's module; the service was read from these texts."""
    names = Names(spec)
    classes = [text for one in spec.entities.values() for text in entity(one, names)]
    classes += service(spec, names)
    head = _HEAD.format(name=spec.service, module=name, alias=next(iter(spec.entities)))
    literals = "\n".join(names.literals)
    static = "\n\n".join((_imports(names), *classes))
    return (
        head
        + (f"{literals}\n\n" if literals else "")
        + f"if TYPE_CHECKING:\n{indent(static, '    ')}\n\n"
        + _run_time(spec, sources, names)
    )


def _carried(text: str, source: str) -> str:
    """Return the end of a module with compiled schemas: their source."""
    carried = f"\n{indent(source, '    ')}{CARRIES}"
    digest = digest_of_text((text + carried).encode())
    return f'{carried}_compiled, format={FORMAT}, digest="{digest}")\n'


def _imports(names: Names) -> str:
    own = [
        "import attrs",
        "from typing_extensions import NotRequired, TypedDict, Unpack",
        "from leyden.typed import static as typed",
        "from leyden.typed.static import M",
    ]
    names.imported("typing", "Any")
    for name in ("Generic", "Protocol", "Self", "overload"):
        names.imported("typing", name)
    aliases = ["", *names.aliases.values()] if names.aliases else []
    return "\n".join([*names.imports(), "", *own, *aliases])


def _run_time(spec: ServiceSpec, sources: Mapping[str, str], names: Names) -> str:
    """Return the module's part for run time: its schemas, and `__getattr__`."""
    records = "".join(f'        "{name}": "{alias}",\n' for alias, name in names.records.items())
    texts = "".join(
        f"        {string_literal(name)}: {long_text(text)},\n" for name, text in sources.items()
    )
    return (
        "_schemas = Schemas(\n"
        "    __name__,\n"
        f'    digest="{digest_of(sources)}",\n'
        f"    records={{\n{records}    }},\n"
        f"    sources={{\n{texts}    }},\n"
        ")\n\n"
        "if not TYPE_CHECKING:\n"
        "    __getattr__ = _schemas.named\n"
    )
