"""What all parts of a porting share: errors, notes, names in Python, places, and results."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Container, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import field, frozen

from leyden.errors import EngineError, InputError
from leyden.schema import TAKEN_ALIASES, is_name


class ModelError(InputError):
    """Raised for what is not an ElectroDB model, or a file without one. `place` says where."""

    code = "porting.model"

    def __init__(self, message: str, *, place: str = "", entity: str | None = None) -> None:
        super().__init__(f"{place}: {message}" if place else message, entity=entity)
        self.place = place


class NodeError(EngineError):
    """Raised if Node.js is missing or cannot run the module; the message says why."""

    code = "porting.node"


@frozen
class Note:
    """Something that was not carried over unchanged.

    `str()` gives `attributes.total.get: a callback; ...`.
    """

    place: str
    """The place in the ElectroDB model: `attributes.total.get`."""
    path: tuple[str, ...]
    """The place in the schema; its last parts may not exist there."""
    what: str
    """What was not carried over."""
    todo: str
    """What to do about it."""
    kind: str = "adapt"
    """`hook`: you have to write it in Python. `adapt`: it behaves differently. `lost`: it is gone.
    """
    source: str | None = None
    """The original JavaScript."""

    @property
    def text(self) -> str:
        """What was not carried over, and what to do about it."""
        return f"{self.what}; {self.todo}"

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


# ---- names in Python

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(name: str) -> str:
    """Return a name in Python's style.

    >>> snake_case("employeeId"), snake_case("userID"), snake_case("HTTPStatus")
    ('employee_id', 'user_id', 'http_status')
    """
    return re.sub(r"_+", "_", _HUMP.sub("_", name)).lower()


def python_alias(wanted: str, snake: bool) -> str:
    """Return an entity's name in Python: the wanted one, or a valid one based on it."""
    wanted = snake_case(wanted) if snake else wanted
    if is_name(wanted, TAKEN_ALIASES):
        return wanted
    return python_names([wanted], snake=snake, taken=TAKEN_ALIASES)[wanted]


def python_names(
    names: Iterable[str], *, snake: bool, taken: Container[str] = ()
) -> dict[str, str]:
    """Return a valid Python name for each name, all different.

    Valid names stay as they are, unless `snake` asks for snake_case. Keywords and names in `taken`
    get an underscore at the end. Characters that Python names cannot have become underscores.
    """
    listed = list(names)
    # No other name may turn into one that stays as it is.
    wanted = {name: _python_name(name, snake, taken) for name in listed}
    used = {name for name in listed if wanted[name] == name}
    found = {}
    for name in listed:
        candidate, number = wanted[name], 1
        while candidate != name and candidate in used:
            number += 1
            candidate = f"{wanted[name]}_{number}"
        used.add(candidate)
        found[name] = candidate
    return found


def _python_name(name: str, snake: bool, taken: Container[str]) -> str:
    if not snake and is_name(name, taken):
        return name
    python = snake_case(name) if snake else name
    python = re.sub(r"[^A-Za-z0-9_]", "_", python)
    if snake:
        python = re.sub(r"_+", "_", python).strip("_") or python.strip("_")
    if python.startswith("__"):
        python = "_" + python.lstrip("_")
    if not python.strip("_") or not re.match(r"[A-Za-z_]", python):
        python = f"a_{python.strip('_')}".rstrip("_")
    return f"{python}_" if keyword.iskeyword(python) or python in taken else python


class HookNames:
    """Names the callbacks of a service, for example `total_get`.

    Entities that are loaded together share their hooks. If two different callbacks would get the
    same name, the later one gets its entity's alias in front. Callbacks with the same text are one
    hook.
    """

    def __init__(self) -> None:
        self._sources: dict[str, str] = {}

    def name(self, wanted: str, alias: str, source: str) -> str:
        """Return the name for a callback with the text `source`."""
        candidate, number = wanted, 1
        while self._sources.setdefault(candidate, source) != source:
            number += 1
            candidate = f"{alias}_{wanted}" if number == 2 else f"{alias}_{wanted}_{number - 1}"
        return candidate


@frozen
class Place:
    """A place in the model, and the corresponding place in the schema."""

    there: tuple[str, ...]
    here: tuple[str, ...]

    def at(self, there: str, here: str | None = None) -> Place:
        """Return the place `there` inside of this one; `here` is its name in the schema."""
        return Place((*self.there, there), (*self.here, there if here is None else here))

    def __str__(self) -> str:
        return ".".join(self.there)


@frozen
class Context:
    """The state of one porting. `names` maps names of attributes to those in the schema."""

    alias: str
    names: Mapping[str, str]
    hook_names: HookNames
    key_texts: frozenset[str] = frozenset()
    """The attributes that are not ported, because a key of others is stored in their place."""
    plain: Mapping[str, str] = field(factory=dict)
    """The types of the attributes that are not computed from others, by their names in the model.
    """
    notes: list[Note] = field(factory=list)
    hooks: dict[str, str] = field(factory=dict)

    def adapt(self, place: Place, what: str, todo: str, source: str | None = None) -> None:
        """Note something that behaves differently now."""
        self._note("adapt", place, what, todo, source)

    def lost(self, place: Place, what: str, todo: str, source: str | None = None) -> None:
        """Note something that the schema does not have at all."""
        self._note("lost", place, what, todo, source)

    def without_effect(self, place: Place, why: str) -> None:
        """Note an option that has no effect in ElectroDB."""
        self.adapt(place, f"without effect: {why}", "it is left out")

    def unknown_options(self, raw: Mapping[str, Any], known: Collection[str], place: Place) -> None:
        """Note the options that ElectroDB does not know."""
        for option in raw:
            if option not in known:
                self.without_effect(place.at(option), "ElectroDB has no such option")

    def hook(
        self, place: Place, source: str, remark: str = "", *, owner: str | None = None
    ) -> dict[str, Any]:
        """Return `{call: NAME}` for the callback at `place`.

        `remark` says how the function is called. Its name begins with `owner`, or else with the
        attribute's name.
        """
        parts = [part for part in place.here[1:-1] if part not in ("items", "properties")]
        parts = parts if owner is None else [owner]
        wanted = "_".join("".join(c if c.isalnum() else "_" for c in part) for part in parts)
        name = self.hook_names.name(f"{wanted}_{place.here[-1]}", self.alias, source)
        self.hooks[name] = source
        todo = f"write it in Python and pass it as the hook {name}"
        self._note("hook", place, f"a callback{remark and ', '}{remark}", todo, source)
        return {"call": name}

    def _note(self, kind: str, place: Place, what: str, todo: str, source: str | None) -> None:
        self.notes.append(Note(str(place), place.here, what, todo, kind, source))


def function_source(value: Any) -> str | None:
    """Return the JavaScript of a callback in the reader's form; None for anything else."""
    source = value.get("$function") if isinstance(value, Mapping) else None
    return source if isinstance(source, str) else None


def given_options(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that have a value, since null is no option for ElectroDB."""
    return {option: value for option, value in raw.items() if value is not None}


# ---- what porting gives


def _frozen_mapping(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(value))


@frozen
class PortedModel:
    """One entity in the dict form of a schema file, for `leyden.load` or `write_yaml`."""

    entity: Mapping[str, Any] = field(converter=_frozen_mapping)
    notes: tuple[Note, ...] = ()
    hooks: Mapping[str, str] = field(factory=dict, converter=_frozen_mapping)
    """The functions that it calls, each with the JavaScript that it replaces."""
    names: Mapping[str, str] = field(factory=dict, converter=_frozen_mapping)
    """The attributes' names in ElectroDB, each with its name in the schema."""
    patterns: Mapping[str, str] = field(factory=dict, converter=_frozen_mapping)
    """The access patterns' names in ElectroDB, each with its name in the schema."""
    table: str | None = None
    """The table that the model itself names."""

    @property
    def alias(self) -> str:
        """The entity's name in Python."""
        alias: str = self.entity.get("alias", self.entity["entity"])
        return alias


@frozen
class PortedService:
    """Several entities of one table.

    `table` is the content of table.yaml; empty if it needs none.
    """

    models: tuple[PortedModel, ...]
    table: Mapping[str, Any] = field(factory=dict, converter=_frozen_mapping)

    @property
    def hooks(self) -> Mapping[str, str]:
        """All functions that the entities call, each with the JavaScript that it replaces."""
        return {name: source for model in self.models for name, source in model.hooks.items()}

    def as_dict(self) -> dict[str, Any]:
        """Return the dict form of the whole service, for `leyden.load`."""
        service: dict[str, Any] = {"entities": [dict(model.entity) for model in self.models]}
        if self.table:
            service["table"] = dict(self.table)
        return service
