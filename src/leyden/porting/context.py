"""What all parts of one porting share: where notes go, and how callbacks get names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from leyden.porting.hooks import HookNames
from leyden.porting.ported import Note

__all__ = ["Context", "Place", "function_source"]


@frozen
class Place:
    """A place in the model, and the one that it becomes in the schema."""

    there: tuple[str, ...]
    here: tuple[str, ...]

    def at(self, there: str, here: str | None = None) -> Place:
        """What stands at `there` inside of it; `here` where it has another name in the schema."""
        return Place((*self.there, there), (*self.here, there if here is None else here))

    def __str__(self) -> str:
        return ".".join(self.there)


@frozen
class Context:
    """One porting. `names` are the attributes' names in the model with those in the schema."""

    alias: str
    names: Mapping[str, str]
    hook_names: HookNames
    key_texts: frozenset[str] = frozenset()
    """The attributes that are not ported: a key made of others takes their place in items."""
    notes: list[Note] = field(factory=list)
    hooks: dict[str, str] = field(factory=dict)

    def adapt(self, place: Place, what: str, todo: str, source: str | None = None) -> None:
        """Note something that behaves otherwise now."""
        self.notes.append(Note(str(place), place.here, what, todo, "adapt", source))

    def lost(self, place: Place, what: str, todo: str, source: str | None = None) -> None:
        """Note something that is not in the schema at all."""
        self.notes.append(Note(str(place), place.here, what, todo, "lost", source))

    def hook(
        self, place: Place, source: str, remark: str = "", *, owner: str | None = None
    ) -> dict[str, Any]:
        """A `{call: NAME}` for the callback that stands at `place`.

        `remark` says how the function is called; its name begins with `owner`, by default the
        attribute's.
        """
        parts = [part for part in place.here[1:-1] if part not in ("items", "properties")]
        parts = parts if owner is None else [owner]
        wanted = "_".join("".join(c if c.isalnum() else "_" for c in part) for part in parts)
        name = self.hook_names.name(f"{wanted}_{place.here[-1]}", self.alias, source)
        self.hooks[name] = source
        self.notes.append(
            Note(
                str(place),
                place.here,
                f"a callback{remark and ', '}{remark}",
                f"write it in Python and hand it in with hooks= as {name}",
                "hook",
                source,
            )
        )
        return {"call": name}


def function_source(value: Any) -> str | None:
    """The JavaScript of a callback as the reader writes it, None for anything else."""
    if isinstance(value, Mapping) and isinstance(value.get("$function"), str):
        source: str = value["$function"]
        return source
    return None
