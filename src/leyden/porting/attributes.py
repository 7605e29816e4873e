"""Port attributes, properties and elements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from leyden.porting.callbacks import (
    bounds,
    constant_default,
    generated,
    identifier,
    validation,
)
from leyden.porting.context import Context, ModelError, Place, function_source, given_options
from leyden.porting.declaring import Lifetime, derived, lifetime, normal_forms, prefixed
from leyden.porting.models import Kind, kind_of
from leyden.porting.regexps import python_pattern
from leyden.schema import KEY_TYPES, PATTERN_TYPES, SET_TYPES
from leyden.types import normal_form

_KNOWN: Final = frozenset(
    {
        *("type", "required", "default", "validate", "get", "set", "watch", "hidden", "readOnly"),
        *("field", "label", "padding", "cast", "items", "properties", "description"),
    }
)
_MARKS: Final = frozenset(
    {
        *("$function", "$regexp", "$symbol", "$set", "$map", "$date", "$number", "$instance"),
        "$circular",
    }
)
"""The keys by which the reader marks values that JSON does not have."""

_MOST_PADDING: Final = 1024
_ORDER: Final = (
    *("type", "items", "properties", "required", "default", "on_write", "read_only", "hidden"),
    *("normalize", "prefix", "min", "max", "pattern", "validate", "padding", "watch", "derive"),
    *("set", "get"),
    *("field", "label", "description"),
)
_NOW: Final = {"generate": "now"}


def plain_types(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return the types of the attributes that a time or a bucket can be computed from, by name.

    Attributes that are computed themselves are left out, and so are those that become a `ttl`.
    """
    found = {}
    for name, raw in attributes.items():
        kind = raw.get("type", "string") if isinstance(raw, Mapping) else raw
        if not isinstance(kind, str):
            continue
        options = given_options(raw) if isinstance(raw, Mapping) else {}
        sources = [function_source(options.get(option)) for option in ("default", "set")]
        counted = [lifetime(source, kind) for source in sources if source is not None]
        watches = options.get("watch") not in (None, [], "*") and "set" in options
        if not watches and not any(one is not None and one.is_seconds for one in counted):
            found[name] = kind
    return found


def port_attribute(
    name: str, raw: Any, place: Place, context: Context, *, in_keys: bool
) -> AttributePort:
    """Port one attribute of the entity. `in_keys` says whether a key contains its label."""
    port = AttributePort(raw, place, context, "attribute")
    port.run()
    port.naming(name, in_keys=in_keys)
    return port


class AttributePort:
    """An attribute, property or element while it is ported; `spec` is the result."""

    def __init__(self, raw: Any, place: Place, context: Context, role: str) -> None:
        if isinstance(raw, str | list):
            raw = {"type": raw}
        if not isinstance(raw, Mapping) or function_source(raw) is not None:
            raise ModelError(f"the {role} must be an object", place=str(place))
        self.raw = given_options(raw)
        self.place = place
        self.context = context
        self.role = role
        self.spec: dict[str, Any] = {}
        self.kind: Kind = kind_of(self.raw.get("type"), place.at("type"), context)

    def run(self) -> None:
        """Port all options except for the names."""
        self._values()
        self._validate()
        for flag in ("required", "hidden"):
            if self.raw.get(flag) and self.role == "element":
                self._dropped(flag, "an element is there or not, and never hidden")
            elif self.raw.get(flag):
                self.spec[flag] = True
        if self.raw.get("readOnly") and self.role == "attribute":
            self.spec["read_only"] = True
        elif self.raw.get("readOnly"):
            self.context.lost(
                self.place.at("readOnly"),
                "read-only inside of a container",
                "make the whole attribute read_only, or refuse the path in your own code",
            )
        self._padding()
        self._writing()
        if "get" in self.raw:
            place = self.place.at("get")
            self.spec["get"] = self.context.hook(place, self._callback("get"))
        if isinstance(self.raw.get("description"), str):
            self.spec["description"] = self.raw["description"]
        self._rest()

    def naming(self, name: str, *, in_keys: bool) -> None:
        """Set `field` and `label` if they differ from the attribute's name in the schema."""
        here = self.place.here[-1]
        field = self.raw.get("field") or name
        label = self.raw.get("label") or name
        if field != here:
            self.spec["field"] = field
        if label != here and (in_keys or "label" in self.raw):
            self.spec["label"] = label

    def finished(self) -> Any:
        """Return the options in the order that people write them, or a type in its short form."""
        kind = self.spec["type"]
        if set(self.spec) == {"type"} and (isinstance(kind, str) or self.role == "element"):
            return kind
        return {option: self.spec[option] for option in _ORDER if option in self.spec}

    # values

    def _values(self) -> None:
        """Port the type, and what is inside of containers."""
        kind, place = self.kind, self.place
        self.spec["type"] = kind.type
        if kind.validate is not None:
            self.spec["validate"] = kind.validate
        if kind.name == "list":
            # ElectroDB treats elements without a type as text.
            self.spec["items"] = self._part(self.raw.get("items", {}), place.at("items"), "element")
        elif kind.name == "set":
            member = kind_of(self.raw.get("items"), place.at("items"), self.context)
            if member.name not in SET_TYPES:
                self.context.adapt(
                    place.at("items"),
                    f'a set of "{member.name}", which DynamoDB cannot store',
                    "it is a list here",
                )
                self.spec["type"] = "list"
            self.spec["items"] = member.type
            if member.validate is not None:
                self.spec["items"] = {"type": member.type, "validate": member.validate}
        elif kind.name == "map" and "properties" in self.raw:
            inside = place.at("properties")
            self.spec["properties"] = {
                name: self._part(inner, inside.at(name), "property", name)
                for name, inner in self.raw["properties"].items()
            }

    def _part(self, raw: Any, place: Place, role: str, name: str | None = None) -> Any:
        if isinstance(raw, str | list):
            if raw != "string":
                self.context.adapt(
                    place,
                    "a type in short form, which ElectroDB reads as text inside of a container",
                    "its values are texts",
                )
            raw = {}
        port = AttributePort(raw, place, self.context, role)
        port.run()
        field = port.raw.get("field")
        if name is not None and isinstance(field, str) and field not in ("", name):
            port.spec["field"] = field
        return port.finished()

    def _validate(self) -> None:
        raw = self.raw.get("validate")
        if raw is None:
            return
        place = self.place.at("validate")
        if isinstance(raw, Mapping) and "$regexp" in raw:
            source, flags = str(raw["$regexp"]), str(raw.get("flags", ""))
            kept = flags.replace("g", "").replace("y", "")
            if kept != flags:
                self.context.adapt(
                    place,
                    "a regular expression with the flag g or y, which remembers its last match "
                    "there and so refuses good values now and then",
                    "it has no memory here",
                )
            pattern = python_pattern(source, kept)
            if pattern is not None and self.kind.name in PATTERN_TYPES:
                self.spec["pattern"] = pattern
                return
            why = "that Python's cannot say" if pattern is None else f"on a {self.kind.name}"
            self.spec["validate"] = self.context.hook(
                place, f"/{source}/{flags}", f"a regular expression {why}"
            )
            return
        source = self._callback("validate")
        limits = bounds(source) if self.kind.name == "number" else None
        if limits is not None:
            self.spec.update(limits)
            return
        text = validation(source, self.kind.name)
        if text is None:
            self.spec["validate"] = self.context.hook(place, source, "only called with a value")
        elif "validate" in self.spec:
            self.spec["validate"] = f"{self.spec['validate']} && ({text})"
        else:
            self.spec["validate"] = text

    def _callback(self, option: str) -> str:
        source = function_source(self.raw[option])
        if source is None:
            raise ModelError("must be a function", place=str(self.place.at(option)))
        return source

    def _padding(self) -> None:
        padding = self.raw.get("padding")
        if padding is None:
            return
        if self.role != "attribute":
            self._dropped("padding", "only attributes of the entity stand in keys")
            return
        length, char = padding.get("length"), padding.get("char")
        if not length or not char:
            return  # ElectroDB pads nothing then.
        if self.kind.name not in KEY_TYPES:
            self._dropped("padding", f"a {self.kind.name} cannot stand in a key")
            return
        if not isinstance(length, int) or not 1 <= length <= _MOST_PADDING:
            raise ModelError(
                f"a whole number of 1 to {_MOST_PADDING} is needed",
                place=str(self.place.at("padding").at("length")),
            )
        self.spec["padding"] = {"length": length, "char": char}

    def _dropped(self, option: str, why: str) -> None:
        self.context.without_effect(self.place.at(option), why)

    # where values come from

    def _writing(self) -> None:
        default = self.raw.get("default")
        watch = self._watch()
        if "set" not in self.raw:
            if watch and "get" in self.raw:
                self.spec["watch"] = watch
            elif watch:
                self._dropped("watch", "there is no `set`")
            self._default(default)
            return
        place = self.place.at("set")
        source = self._callback("set")
        if watch == "*" and self._renew(source, place):
            return
        is_now = generated(source, self.kind.name) == "now"
        if is_now and not watch and self.spec.get("read_only"):
            self._once(default)
        elif not watch and self._normalize(source, place):
            self._default(default)
        elif len(watch) == 1 and watch != "*" and self._derive(source, place):
            if default is not None:
                self._dropped("default", "`set` replaces it")
        else:
            self._default(default)
            self._hook(source, place, watch)

    def _renew(self, source: str, place: Place) -> bool:
        """Port a time that every write sets; return False if the `set` returns something else."""
        if generated(source, self.kind.name) == "now":
            self.spec["on_write"] = dict(_NOW)
        else:
            counted = lifetime(source, self.kind.name)
            if counted is None or not self._holds(counted, place):
                return False
            self.spec["on_write"] = counted.option({})
        if self.spec.pop("read_only", False):
            self.context.adapt(
                self.place.at("readOnly", "read_only"),
                "read-only, which an attribute that every write sets is anyway",
                "give it no value: create and put replace it, update and patch refuse it",
            )
        return True

    def _hook(self, source: str, place: Place, watch: str | list[str]) -> None:
        """Port a `set` that a schema cannot express, as a hook."""
        remark = "called for every new item, with None if there is no value"
        if watch:
            self.spec["watch"] = watch
            remark = (
                "called for every new item, and when a watched attribute is written, with None "
                "if there is no value"
            )
        elif self.role != "attribute":
            remark = "only called with a value to store"
        self.spec["set"] = self.context.hook(place, source, remark)
        if not watch and self.role == "attribute":
            self.spec["set"]["always"] = True

    def _normalize(self, source: str, place: Place) -> bool:
        """Port `set: (v) => v.trim()` and the like as normal forms; or return False."""
        forms = normal_forms(source)
        if forms is None or self.kind.name not in ("string", "enum"):
            return False
        values = self.spec["type"] if isinstance(self.spec["type"], list) else []
        if any(normal_form(tuple(forms))(value) != value for value in values):
            return False
        self.spec["normalize"] = forms
        checked = [name for name in ("pattern", "validate") if name in self.spec]
        if checked:
            self.context.adapt(
                place,
                "changes the value after it was checked there",
                "the value is checked in its normal form here",
                source,
            )
        return True

    def _derive(self, source: str, place: Place) -> bool:
        """Port a `set` that watches one attribute as a bucket or a time, or return False."""
        if len(self.raw["watch"]) > 1:
            return False
        (watched,) = self.raw["watch"]
        made = derived(source, self.kind.name, watched, self.context.plain.get(watched, ""))
        if made is None or self.spec.get("read_only"):
            return False
        names = self.context.names
        if made.period is not None:
            self.spec["derive"] = {"bucket": made.period, "of": names[watched]}
        elif made.lifetime is not None and self._holds(made.lifetime, place):
            self.spec["derive"] = made.lifetime.option(names)
        else:
            return False
        self.context.adapt(
            place,
            f'computed from "{watched}", whatever value you pass',
            "it is derived here: pass no value; it follows the other attribute, also if that is "
            "removed; a text must be an ISO 8601 time with its offset, or a date",
            source,
        )
        return True

    def _holds(self, counted: Lifetime, place: Place) -> bool:
        """Make the attribute a `ttl` if its time is counted in seconds.

        Returns False if another option reads the number that it was.
        """
        if not counted.is_seconds:
            return True
        if "validate" in self.spec or "get" in self.raw or self.role == "element":
            return False
        self.spec["type"] = "ttl"
        self.context.adapt(
            place,
            "seconds since 1970",
            "it is a `ttl` here: a datetime in Python, and the same number in the table",
        )
        return True

    def _watch(self) -> str | list[str]:
        watch = self.raw.get("watch", [])
        if self.role != "attribute":
            if watch:
                self._dropped("watch", "only attributes of the entity watch others")
            return []
        if watch == "*":
            return "*"
        names, place = self.context.names, self.place.at("watch")
        for name in watch:
            if name in self.context.key_texts:
                self.context.adapt(
                    place, f'watches "{name}", which is the text of a key', "the others are watched"
                )
            elif name not in names:
                raise ModelError(f'"{name}" is not an attribute of the model', place=str(place))
        return list(dict.fromkeys(names[name] for name in watch if name in names))

    def _once(self, default: Any) -> None:
        """Port `set: () => Date.now()` on a read-only attribute: the time of creation."""
        self.spec["default"] = dict(_NOW)
        self.context.adapt(
            self.place.at("set"),
            "the time of creation, whatever value you pass",
            "it is the default here, so a value that you pass is stored unchanged",
        )
        source = function_source(default)
        if default is not None and (source is None or generated(source, self.kind.name) != "now"):
            self._dropped("default", "`set` replaces it")

    def _default(self, raw: Any) -> None:
        if raw is None:
            return
        place = self.place.at("default")
        if self.role == "element":
            self._dropped("default", "an element is never absent")
            return
        source = function_source(raw)
        if source is None:
            self._literal(raw, place)
            return
        counted = lifetime(source, self.kind.name)
        if counted is not None and self._holds(counted, place):
            self.spec["default"] = counted.option({})
            return
        kind = generated(source, self.kind.name)
        parts = prefixed(source) if self.kind.name == "string" else None
        if parts is not None and identifier(parts[1]) is not None:
            self.spec["prefix"], kind = parts[0], identifier(parts[1])
            self.context.adapt(
                place,
                f"ids that begin with {parts[0]}",
                "a value that you pass must begin with that here",
            )
        if kind is not None:
            self.spec["default"] = {"generate": kind}
            if kind != "now" and "randomUUID" not in source:
                self.context.adapt(
                    place,
                    f"a callback that seems to return a {kind}, by its name",
                    "check that it does",
                    source,
                )
            return
        try:
            self._literal(constant_default(source), place)
        except ValueError:
            self.spec["default"] = self.context.hook(place, source)

    def _literal(self, value: Any, place: Place) -> None:
        if isinstance(value, Mapping) and "$set" in value:
            value = value["$set"]
        if _is_marked(value):
            raise ModelError("cannot be stored", place=str(place))
        if self.kind.name == "set" and value == []:
            self._dropped("default", "DynamoDB stores no empty set")
            return
        if _is_directive(value):
            self.context.lost(
                place,
                "a map with a key such as `call` or `generate`, which means something else here",
                "let a function return the default: {call: NAME}",
            )
            return
        self.spec["default"] = value

    def _rest(self) -> None:
        if "cast" in self.raw:
            self._dropped("cast", "ElectroDB reads `cast` of keys only")
        if self.role != "attribute" and "label" in self.raw:
            self._dropped("label", "only attributes of the entity stand in keys")
        if self.role == "element" and "field" in self.raw:
            self._dropped("field", "an element has no name")
        owned = {"list": "items", "set": "items", "map": "properties"}.get(self.kind.name)
        for option in ("items", "properties"):
            if option in self.raw and option != owned:
                self._dropped(option, f"a {self.kind.name} has none")
        self.context.unknown_options(self.raw, _KNOWN, self.place)


def _is_marked(value: Any) -> bool:
    """Return whether a value contains something that JSON does not have."""
    if isinstance(value, Mapping):
        return bool(_MARKS & value.keys()) or any(map(_is_marked, value.values()))
    return isinstance(value, list) and any(map(_is_marked, value))


def _is_directive(value: Any) -> bool:
    """Return whether a schema would read a literal as the source of a value."""
    if not isinstance(value, Mapping):
        return False
    most = {"call": 1, "generate": 1, "after": 2, "slug": 2}
    return any(word in value and len(value) <= length for word, length in most.items())
