"""The schemas of a generated module: what it has at run time."""

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
"""The form of generated modules; a module of another one is to be made again.

It goes up when a module has to say something else at run time, and when the same YAML comes to
mean another spec: what is compiled of it would be the former one.
"""

CARRIES: Final = "\n    _schemas.carries("
"""How the statement begins that ends a module with what is compiled."""


def digest_of(sources: Mapping[str, str]) -> str:
    """What tells whether a module was made of these schemas, in this form."""
    digest = sha256(f"leyden types {FORMAT}".encode())
    for name, text in sources.items():
        digest.update(f"\0{name}\0{text}".encode())
    return digest.hexdigest()


def digest_of_text(text: bytes) -> str:
    """What tells whether the text of a module is as it was made, up to `CARRIES`."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    made = text.rpartition(CARRIES.encode())[0]
    return sha256(f"leyden types --compiled {FORMAT}\0".encode() + made).hexdigest()


class Schemas(Prepared):
    """The schemas of a generated module, and what the module gives at run time.

    `sources` are the texts of the schema files by name, `digest` is theirs, and `records` has the
    names of the record classes in the module with the aliases of their entities. The schemas are
    read when something first needs them, once in a process.

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
        """Take what is compiled of the schemas, of a module of this format and digest.

        What does not fit any more is left alone, with a warning: the schemas are read instead.
        """
        self._carried = make, format, digest

    def checked(
        self, hooks: Mapping[str, Callable[..., Any]] | None
    ) -> tuple[ServiceSpec, tuple[Fault, ...]]:
        """The service and what is worth a warning; what `leyden.load` asks for.

        Raises SchemaError where a hook is missing. Warns with a SchemaWarning where the types may
        not be those of the schemas.
        """
        compiled = self._ready()
        # Where a hook is missing, reading the schemas says so, with its place.
        if compiled is not None and compiled.fits(hooks or {}):
            return compiled.spec, compiled.noted
        from leyden.schema import load_checked
        from leyden.schema.sources import Texts

        self._warn_of_edits()
        # Which hooks there are is a part of the check; what they do is not.
        names = frozenset(name for name, hook in (hooks or {}).items() if callable(hook))
        found = self._read.get(names)
        if found is None:
            found = self._read[names] = load_checked(Texts(self._sources), hooks=hooks)
        return found

    def named(self, name: str) -> Any:
        """What the module's `__getattr__` gives: `load`, record classes, and classes of Leyden.

        Raises AttributeError; it says so of types that only type checkers see.
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
            # Annotations are evaluated at run time, by FastAPI for one.
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
        """The class that the entity's records have, whoever loads the schemas."""
        from leyden.mapping.record import loaded_class, record_class, record_slots

        spec = self._unhooked.entities[alias]
        record = record_class(spec, record_slots(spec))
        loaded_class(record.__leyden_shape__)
        if record.__leyden_mapping__ is None:
            # Until the service is loaded, which brings its own.
            record.__leyden_mapping__ = partial(_mapping_without_hooks, spec)
        return record

    @cached_property
    def _unhooked(self) -> ServiceSpec:
        """The service, of which nobody asks whether its hooks are there.

        Raises SchemaError, where the module was edited.
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
        """What is compiled of the schemas, once it was seen to be as it was made; None without."""
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
        """Whether the module's text has this digest; true where there is bytecode alone."""
        module = sys.modules.get(self._module)
        file = getattr(module, "__file__", None)
        if file is None or not file.endswith(".py"):
            return True
        try:
            # It may stand in an archive.
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
            # The caller of `load` stands behind what checks its arguments.
            warnings.warn(message, SchemaWarning, stacklevel=7)


def _mapping_without_hooks(spec: EntitySpec) -> EntityMapping:
    """The mapping of an entity by which its records are checked before the service is loaded.

    Only what the schema itself says is asked of values then, and not the functions that it names.
    """
    from leyden.mapping import compile_entity
    from leyden.mapping.building import calls_of

    return compile_entity(spec, hooks={call.name: _unknown for _, call in calls_of(spec)})


def _unknown(*_: Any) -> Any:
    """Stands for a hook that is not at hand; as a `validate`, it refuses nothing."""
    return True
