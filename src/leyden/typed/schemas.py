"""The schemas of a generated module, and what the module provides at run time."""

from __future__ import annotations

import sys
import warnings
from functools import cached_property, partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, cast

from leyden.errors import SchemaWarning
from leyden.schema.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leyden.compiled import Compiled
    from leyden.mapping import EntityMapping
    from leyden.schema.faults import Fault
    from leyden.schema.spec import EntitySpec, ServiceSpec

__all__ = ["FORMAT", "Schemas", "digest_of", "digest_of_text"]

FORMAT: Final = 1
"""The format of generated modules; a module with another format has to be generated again.

It increases when modules need other text at run time, and when the same YAML gets a different
meaning, because compiled modules would keep the former one.
"""

CARRIES: Final = "\n    _schemas.carries("
"""The beginning of the statement that ends a module with compiled schemas."""


def digest_of(sources: Mapping[str, str]) -> str:
    """Return a digest that tells whether a module was made of these schemas, in this format."""
    digest = sha256(f"leyden types {FORMAT}".encode())
    for name, text in sources.items():
        digest.update(f"\0{name}\0{text}".encode())
    return digest.hexdigest()


def digest_of_text(text: bytes) -> str:
    """Return a digest that tells whether a module's text, up to `CARRIES`, is unchanged."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    made = text.rpartition(CARRIES.encode())[0]
    return sha256(f"leyden types --compiled {FORMAT}\0".encode() + made).hexdigest()


class Schemas(Prepared):
    """The schemas of a generated module, and what the module provides at run time.

    `sources` has the texts of the schema files by name, and `digest` is their digest. `records`
    maps the names of the module's record classes to the aliases of their entities. The schemas are
    read when they are first needed, once in a process.

    >>> shop.load(table="shop").entities.order                       # doctest: +SKIP
    """

    def __init__(
        self,
        module: str,
        *,
        digest: str,
        records: Mapping[str, str],
        sources: Mapping[str, str],
    ) -> None:
        self._module = module
        self._digest = digest
        self._records = records
        self._sources = sources
        self._read: dict[frozenset[str], tuple[ServiceSpec, tuple[Fault, ...]]] = {}
        self._warned = False
        self._carried: tuple[Callable[[], Compiled], int, str] | None = None
        self._compiled: Compiled | None = None

    def carries(self, make: Callable[[], Compiled], *, format: int, digest: str) -> None:
        """Take the compiled schemas of a module with this format and digest.

        If they no longer fit, a warning says so, and the schemas are read instead.
        """
        self._carried = make, format, digest

    def checked(
        self, hooks: Mapping[str, Callable[..., Any]] | None
    ) -> tuple[ServiceSpec, tuple[Fault, ...]]:
        """Return the service and its warnings, as `leyden.load` needs them.

        Raises SchemaError if a hook is missing. Warns with a SchemaWarning if the types may differ
        from the schemas.
        """
        compiled = self._ready()
        # If a hook is missing, reading the schemas reports it with its place.
        if compiled is not None and compiled.fits(hooks or {}):
            return compiled.spec, compiled.noted
        from leyden.schema import load_checked
        from leyden.schema.sources import Texts

        self._warn_of_edits()
        # The check depends on which hooks exist, but not on what they do.
        names = frozenset(name for name, hook in (hooks or {}).items() if callable(hook))
        found = self._read.get(names)
        if found is None:
            found = self._read[names] = load_checked(Texts(self._sources), hooks=hooks)
        return found

    def named(self, name: str) -> Any:
        """Return what the module's `__getattr__` provides: `load`, record classes, other classes.

        Raises AttributeError, with an explanation for types that only type checkers see.
        """
        found = self._found(name)
        setattr(sys.modules[self._module], name, found)
        return found

    def _found(self, name: str) -> Any:
        if name in self._records:
            return self._record(self._records[name])
        if name.startswith("__"):
            raise AttributeError(f"module {self._module!r} has no attribute {name!r}")
        import leyden

        if name in ("load", "load_async"):
            return partial(getattr(leyden, name), self)
        if name in ("AsyncService", "Service"):
            # FastAPI, for example, evaluates annotations at run time.
            return getattr(leyden, name)
        if name.removesuffix("Entity") in self._records:
            return leyden.Entity
        if name.removesuffix("Entity").removeprefix("Async") in self._records:
            return leyden.AsyncEntity
        raise AttributeError(
            f"module {self._module!r} has no attribute {name!r} at run time; where it is a "
            "type for type checkers, write the annotation as text, or begin your module with "
            "`from __future__ import annotations`"
        )

    def _record(self, alias: str) -> type[Any]:
        """Return the class of an entity's records, which is the same whoever loads the schemas."""
        from leyden.mapping.record import loaded_class, record_class, record_slots

        spec = self._unhooked.entities[alias]
        record = record_class(spec, record_slots(spec))
        loaded_class(record.__leyden_shape__)
        if record.__leyden_mapping__ is None:
            # This is used until the service is loaded, which sets its own mapping.
            record.__leyden_mapping__ = partial(_mapping_without_hooks, spec)
        return record

    @cached_property
    def _unhooked(self) -> ServiceSpec:
        """The service, read without checking for its hooks.

        Raises SchemaError if the module was edited.
        """
        compiled = self._ready()
        if compiled is not None:
            return compiled.spec
        from leyden.errors import SchemaError
        from leyden.schema import check_service
        from leyden.schema.sources import Texts

        self._warn_of_edits()
        result = check_service(Texts(self._sources))
        if result.service is None:
            raise SchemaError(result.faults)
        return result.service

    def _ready(self) -> Compiled | None:
        """Return the compiled schemas if the module is unchanged, or None if there are none."""
        carried = self._carried
        if self._compiled is None and carried is not None:
            make, format, digest = carried
            if format == FORMAT and self._is_text_of(digest):
                self._compiled = make()
            else:
                self._carried = None
                self._warn(
                    f"the module {self._module!r} was edited, or another version of Leyden made "
                    "it: its types may be wrong, and its schemas are read, which takes longer; run "
                    "`leyden types --compiled` again"
                )
        return self._compiled

    def _is_text_of(self, digest: str) -> bool:
        """Return whether the module's text has this digest; True if there is only bytecode."""
        module = sys.modules.get(self._module)
        file = getattr(module, "__file__", None)
        if file is None or not file.endswith(".py"):
            return True
        try:
            # The module may be in an archive.
            text: bytes = cast(Any, module).__spec__.loader.get_data(file)
        except (AttributeError, OSError):
            return True
        return digest_of_text(text) == digest

    def _warn_of_edits(self) -> None:
        if digest_of(self._sources) != self._digest:
            self._warn(
                f"the types in the module {self._module!r} may be wrong: its schemas were edited, "
                "or another version of Leyden made it; run `leyden types` again"
            )

    def _warn(self, message: str) -> None:
        if not self._warned:
            self._warned = True
            # The stack level points to the caller of `load`.
            warnings.warn(message, SchemaWarning, stacklevel=7)


def _mapping_without_hooks(spec: EntitySpec) -> EntityMapping:
    """Return an entity's mapping for checking records before the service is loaded.

    It checks values by the schema alone, without the functions that the schema names.
    """
    from leyden.mapping import compile_entity
    from leyden.mapping.building import calls_of

    return compile_entity(spec, hooks={call.name: _unknown for _, call in calls_of(spec)})


def _unknown(*_: Any) -> Any:
    """Replace a missing hook; as a `validate` hook, it refuses nothing."""
    return True
