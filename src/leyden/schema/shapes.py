"""The kinds of values that schema options take.

The tables in `leyden.schema.language` consist of shapes. A shape checks a value that was read, and
describes itself in JSON Schema for editors. Both accept the same single values.
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Container, Mapping, Sequence
from itertools import combinations
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from leyden._attrs import define, frozen
from leyden._text import did_you_mean, listed, quoted
from leyden.schema.examples import EXAMPLES
from leyden.schema.faults import Report
from leyden.schema.nodes import Given, Listing, Node, Odd, Scalar, described
from leyden.schema.nodes import Mapping as MappingNode
from leyden.schema.spec import Span
from leyden.types import TYPES
from leyden.types.periods import DURATION_PATTERN, duration_seconds

Json: TypeAlias = dict[str, Any]

NAME_PATTERN: Final = r"^(?!__)[A-Za-z_][A-Za-z0-9_]*$"
"""Names in Python: letters, digits and underscores."""

RESERVED_NAMES: Final = tuple(keyword.kwlist)

_NAME: Final = re.compile(NAME_PATTERN.removesuffix("$") + r"\Z")
_OF_MAPPING: Final = "a method of app.entities"
_OF_PAGE: Final = "an attribute of a collection's pages"

TAKEN_ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("get", "keys", "values"), _OF_MAPPING),
        **dict.fromkeys(
            (
                *("_abc_impl", "aliases", "consumed", "count", "cursor", "entries", "index"),
                *("items", "requests", "scanned", "unreadable"),
            ),
            _OF_PAGE,
        ),
        "collections": "what stands in place of an entity on the command line",
    }
)
"""Names that an entity cannot have in Python, and what each of them already means."""

TAKEN_ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "self": "the first parameter of every method in Python",
        **dict.fromkeys(("to_dict", "to_json"), "a method of records"),
    }
)
"""Names that an attribute cannot have in Python, and what each of them already means."""


def is_name(text: str, taken: Container[str] = ()) -> bool:
    """Return whether `text` can be a name in Python, and is not among those `taken`."""
    return bool(_NAME.match(text)) and text not in RESERVED_NAMES and text not in taken


@define(slots=True, eq=False)
class Part:
    """A node while shapes check it, with its path and the place of the name before it."""

    node: Node
    where: str
    report: Report
    key: Span | None = None

    @property
    def value(self) -> Any:
        """The value of a scalar; None for anything else."""
        return self.node.value if isinstance(self.node, Scalar) else None

    def given(self, value: Any) -> Given:
        """Return `value` as the checked value of this node."""
        return Given(value, self.node.span, self.key, self.where, self.report)

    def refuse(self, code: str, message: str) -> Given | None:
        """Report a fault at the node and return None; the message begins with the node's path."""
        self.report.error(self.node.span, code, f"{self.where} {message}")
        return None

    def wrong(self, what: str, hint: str = "") -> Given | None:
        """Report that the node is not `what` it must be."""
        if isinstance(self.node, Scalar) and self.node.text and "text" in what:
            hint = "; put it in quotes"
        return self.refuse("option.type", f"must be {what}, not {described(self.node)}{hint}")

    def inside(self, name: str, node: Node, span: Span) -> Part:
        """Return the part for a named node inside of this one."""
        shown = name if len(name) <= 60 and name.isprintable() else quoted(name)
        where = shown if self.where.startswith("the ") else f"{self.where}.{shown}"
        return Part(node, where, self.report, span)


def _phrase(types: Container[str]) -> str:
    """Return attribute types as a phrase, in the order of the language: `list, set and map`."""
    *others, last = (name for name in TYPES if name in types)
    return f"{', '.join(others)} and {last}" if others else last


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {_flow(part)}' for name, part in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    is_plain = not isinstance(value, str) or _NAME.match(value)
    return str(value) if is_plain and not isinstance(value, bool) else json.dumps(value)


class Shape:
    """What an option takes."""

    __slots__ = ()

    def check(self, part: Part) -> Given | None:
        """Return the part's value; None if it does not fit, after a fault in the report.

        A mapping keeps the values that fit, even if others beside them do not.
        """
        raise NotImplementedError

    def json(self) -> Json:
        """Return the shape as a JSON Schema."""
        raise NotImplementedError


@frozen
class Text(Shape):
    """Text; `numbers` also allows a whole number, as its digits, and `empty` an empty text."""

    numbers: bool = False
    empty: bool = False

    def check(self, part: Part) -> Given | None:
        """Return the text, or refuse an empty one."""
        value = part.value
        if isinstance(value, str):
            if value or self.empty:
                return part.given(value)
            return part.refuse("option.value", "must not be empty")
        if self.numbers and isinstance(value, int) and not isinstance(value, bool):
            return part.given(str(value))
        return part.wrong("text")

    def json(self) -> Json:
        """Return the schema of a string."""
        text: Json = {"type": ["string", "integer"] if self.numbers else "string"}
        return text if self.empty else {**text, "minLength": 1}

    def check_key(self, name: str, span: Span, what: str, report: Report) -> None:
        """Report a name in front of a value that cannot be the name `what`."""
        if not name:
            report.error(span, "name.invalid", f"{what} has an empty name")

    def json_of_keys(self) -> Json:
        """Return the JSON Schema for the name in front of a value."""
        return {"minLength": 1}


@frozen
class Name(Shape):
    """Text that can be a name in Python. `instead` says what to do if it cannot.

    `taken` are names that already mean something else in this place, each with its meaning.
    """

    instead: str = ""
    taken: Mapping[str, str] = MappingProxyType({})

    def check(self, part: Part) -> Given | None:
        """Return the name."""
        if not isinstance(part.value, str):
            return part.wrong("text")
        self.check_key(part.value, part.node.span, f"the {part.where}", part.report)
        return part.given(part.value) if is_name(part.value, self.taken) else None

    def json(self) -> Json:
        """Return the schema of a string of that form."""
        return {"type": "string", **self.json_of_keys()}

    def check_key(self, name: str, span: Span, what: str, report: Report) -> None:
        """Report why `name` cannot be the name `what`, if it cannot."""
        if name in self.taken:
            report.error(
                span,
                "name.taken",
                f"{quoted(name)} cannot be {what}: it is {self.taken[name]}; {self.instead}, "
                f'such as "{name}_"',
            )
        elif not is_name(name):
            why = "must consist of letters (a to z), digits and underscores, with no digit first"
            if name in RESERVED_NAMES:
                why = "is a keyword of Python"
            elif name.startswith("__"):
                why = "starts with two underscores, which are kept for Leyden's own fields"
            message = f"{quoted(name)} cannot be {what}: it {why}; {self.instead}"
            report.error(span, "name.invalid", message)

    def json_of_keys(self) -> Json:
        """Return the JSON Schema for such names in front of values."""
        return {"pattern": NAME_PATTERN, "not": {"enum": [*RESERVED_NAMES, *self.taken]}}


@frozen
class Choice(Shape):
    """One of a few words. `hints` explains words that people may expect to work."""

    values: tuple[str, ...]
    hints: Mapping[str, str] = {}
    meanings: Mapping[str, str] = {}
    """The meanings of the words, for editors."""

    def check(self, part: Part) -> Given | None:
        """Return the word."""
        word = part.value
        if not isinstance(word, str):
            return part.wrong("text")
        if word in self.values:
            return part.given(word)
        hint = f"; {self.hints[word]}" if word in self.hints else did_you_mean(word, self.values)
        message = f"must be {listed(self.values, 'or')}, not {quoted(word)}{hint}"
        return part.refuse("option.value", message)

    def json(self) -> Json:
        """Return the schema of the words, with their meanings in a keyword that editors know."""
        words: Json = {"enum": list(self.values)}
        if not self.meanings:
            return words
        return {**words, "markdownEnumDescriptions": [self.meanings[word] for word in self.values]}


@frozen
class Whole(Shape):
    """A whole number between two limits, both included."""

    least: int
    most: int

    def check(self, part: Part) -> Given | None:
        """Return the number."""
        value = part.value
        if not isinstance(value, int) or isinstance(value, bool):
            return part.wrong("a whole number")
        if self.least <= value <= self.most:
            return part.given(value)
        return part.refuse("option.value", f"must be from {self.least} to {self.most}")

    def json(self) -> Json:
        """Return the schema of a whole number between the limits."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@frozen
class Number(Shape):
    """A finite number."""

    def check(self, part: Part) -> Given | None:
        """Return the number."""
        value = part.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return part.given(value)
        return part.wrong("a number")

    def json(self) -> Json:
        """Return the schema of a number."""
        return {"type": "number"}


@frozen
class Flag(Shape):
    """true or false."""

    def check(self, part: Part) -> Given | None:
        """Return the truth value."""
        return (
            part.given(part.value) if isinstance(part.value, bool) else part.wrong("true or false")
        )

    def json(self) -> Json:
        """Return the schema of a truth value."""
        return {"type": "boolean"}


@frozen
class ListOf(Shape):
    """A list of at least `least` elements of one shape."""

    element: Shape
    least: int = 0

    def check(self, part: Part) -> Given | None:
        """Return the elements if all of them fit."""
        node = part.node
        if not isinstance(node, Listing):
            return part.wrong("a list")
        if len(node.items) < self.least:
            return part.refuse("option.value", "must not be empty")
        checked = [
            self.element.check(Part(item, f"{part.where}[{i}]", part.report))
            for i, item in enumerate(node.items)
        ]
        return None if None in checked else part.given(checked)

    def json(self) -> Json:
        """Return the schema of an array."""
        found: Json = {"type": "array", "items": self.element.json()}
        return {**found, "minItems": self.least} if self.least else found


@frozen
class Named(Shape):
    """A mapping from names of one kind to values of one shape."""

    what: str
    value: Shape
    name: Name | Text
    least: int = 0

    def check(self, part: Part) -> Given | None:
        """Return the values by name, with None for those that do not fit."""
        node = part.node
        if not isinstance(node, MappingNode):
            return part.wrong("a mapping of names")
        found = part.given({})
        if len(node.entries) < self.least:
            found.error("option.value", f"{part.where} must not be empty")
        for name, entry in node.entries.items():
            # Keep a name that was refused, so that references to it are not reported as unknown as
            # well.
            self.name.check_key(name, entry.span, f"the name of {self.what}", part.report)
            found.value[name] = self.value.check(part.inside(name, entry.value, entry.span))
        return found

    def json(self) -> Json:
        """Return the schema of an object whose properties are alike."""
        # Editors offer the title as a placeholder for the name.
        names = {"title": self.what.split()[-1], **self.name.json_of_keys()}
        values = {**self.value.json(), "description": f"{self.what[0].upper()}{self.what[1:]}."}
        found: Json = {"type": "object", "propertyNames": names, "additionalProperties": values}
        return {**found, "minProperties": self.least} if self.least else found


@frozen
class Option:
    """An option: what it takes and what it is for.

    `types` holds the attribute types that have it; None means all.
    """

    shape: Shape
    description: str
    required: bool = False
    types: frozenset[str] | None = None
    needed_by: frozenset[str] = frozenset()
    """The attribute types that require it, if not all do."""

    def json(self, name: str, examples: Sequence[Any] = ()) -> Json:
        """Return its JSON Schema, with all that editors show about it."""
        said = self.description
        if self.types is not None:
            said += f" For {_phrase(self.types)} only."
        found = {**self.shape.json(), "title": name, "description": said}
        mappings = [one for one in examples if isinstance(one, Mapping)]
        others = [one for one in examples if not isinstance(one, Mapping)]
        if others:
            found["examples"] = others
        if others and mappings:
            # Editors have no label for an example that is a mapping.
            texts = [_flow(one) for one in mappings]
            found["defaultSnippets"] = [{"label": text, "body": text} for text in texts]
            said += f" Or {', '.join(f'`{text}`' for text in texts)}."
        elif mappings:
            # In this place, editors show the examples but do not offer them as completions.
            shown = {"if": True, "then": {"examples": mappings}}
            found["allOf"] = [*found.get("allOf", ()), shown]
        if "`" in said:
            found["markdownDescription"] = said
        return found


@frozen
class Options(Shape):
    """A mapping with known options.

    If the option `alone` is present, only those in `also` may be beside it. At least one option of
    `some` must be present, and at most one of `apart`. `name` is the name of its table of examples.
    """

    options: Mapping[str, Option]
    description: str = ""
    alone: str = ""
    also: tuple[str, ...] = ()
    name: str = ""
    some: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()

    def check(self, part: Part) -> Given | None:
        """Return the options by name, with None for those that do not fit."""
        node = part.node
        if not isinstance(node, MappingNode):
            return part.wrong(f"a mapping of options ({', '.join(self.options)})")
        found = part.given({})
        for name, entry in node.entries.items():
            option = self.options.get(name)
            if option is not None:
                inner = part.inside(name, entry.value, entry.span)
                found.value[name] = option.shape.check(inner)
                continue
            snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
            hint = did_you_mean(name, self.options) or f"; it has {listed(self.options)}"
            if snake in self.options:
                hint = f'; did you mean "{snake}"?'
            message = f"{part.where} has no option {quoted(name)}{hint}"
            part.report.error(entry.span, "option.unknown", message)
        for name in found.value if self.alone in found.value else ():
            if name not in (self.alone, *self.also):
                message = f"{part.where} has `{self.alone}`, which cannot be combined with `{name}`"
                part.report.error(node.entries[name].span, "option.alone", message)
        beside = [name for name in self.apart if name in node.entries]
        for name in beside[1:]:
            message = f"{part.where} has both `{beside[0]}` and `{name}`"
            part.report.error(node.entries[name].value.span, "option.alone", message)
        if self.some and not node.entries.keys() & set(self.some):
            found.error("option.missing", f"{part.where} needs {listed(self.some, 'or')}")
        kind = type_.value if (type_ := found.get("type")) else None
        kind = kind if isinstance(kind, str) else ""
        for name, option in self.options.items():
            needed = option.required or kind in option.needed_by
            if needed and not {name, self.alone} & node.entries.keys():
                found.error("option.missing", f'{part.where} needs the option "{name}"')
        return found

    def json(self) -> Json:
        """Return the schema of an object with these properties, some only for certain types."""
        examples = EXAMPLES.get(self.name, {})
        properties = {
            name: option.json(name, examples.get(name, ())) for name, option in self.options.items()
        }
        found: Json = {"type": "object", "properties": properties, "additionalProperties": False}
        if self.description:
            found["description"] = self.description
        required = [name for name, option in self.options.items() if option.required]
        if required and not self.alone:
            found["required"] = required
        if self.alone:
            only = {"propertyNames": {"enum": [self.alone, *self.also]}}
            rule = {"if": {"required": [self.alone]}, "then": only}
            found.setdefault("allOf", []).append({**rule, "else": {"required": required}})
        if self.some:
            rule = {"anyOf": [{"required": [name]} for name in self.some]}
            found.setdefault("allOf", []).append(rule)
        for pair in combinations(self.apart, 2):
            found.setdefault("allOf", []).append({"not": {"required": [*pair]}})
        absent: dict[tuple[str, ...], list[str]] = {}
        for name, option in self.options.items():
            if option.types is not None:
                others = tuple(kind for kind in TYPES if kind not in option.types)
                absent.setdefault(others, []).append(name)
        for name, option in self.options.items():
            if option.needed_by:
                needing = {"properties": {"type": {"enum": sorted(option.needed_by)}}}
                found.setdefault("allOf", []).append(
                    {"if": {**needing, "required": ["type"]}, "then": {"required": [name]}}
                )
        for others, names in absent.items():
            kinds: list[Json] = [{"enum": [kind for kind in others if kind != "enum"]}]
            if "enum" in others:
                kinds.append({"type": "array"})
            rule = {
                "if": {"properties": {"type": {"anyOf": kinds}}, "required": ["type"]},
                "then": {"properties": dict.fromkeys(names, False)},
            }
            found.setdefault("allOf", []).append(rule)
        return found


@frozen
class Either(Shape):
    """Different shapes for different kinds of YAML values. `what` names them for messages.

    `plain` is for numbers and booleans. If there is no shape for lists, `instead_of_list` says what
    to write in place of one.
    """

    what: str
    text: Shape | None = None
    listing: Shape | None = None
    mapping: Shape | None = None
    instead_of_list: str = ""
    plain: Shape | None = None

    def check(self, part: Part) -> Given | None:
        """Return what the shape for this kind of value returns."""
        inner = self.text if isinstance(part.value, str) else None
        if isinstance(part.value, bool if isinstance(self.plain, Flag) else int):
            inner = self.plain
        hint = ""
        if isinstance(part.node, MappingNode):
            inner = self.mapping
        elif isinstance(part.node, Listing):
            inner = self.listing
            hint = self.instead_of_list and f"; {self.instead_of_list}"
        return part.wrong(self.what, hint) if inner is None else inner.check(part)

    def json(self) -> Json:
        """Return the schema that accepts any of the shapes."""
        shapes = (self.text, self.plain, self.listing, self.mapping)
        inner = [shape.json() for shape in shapes if shape is not None]
        if len(inner) == 1:
            return inner[0]
        # Editors would show these descriptions in place of the option's own.
        for one in inner:
            one.pop("description", None)
        return {"anyOf": inner}


@frozen
class Duration(Shape):
    """A duration in words; its value is the number of seconds."""

    def check(self, part: Part) -> Given | None:
        """Return the seconds."""
        text = part.value
        if isinstance(text, int | float) and not isinstance(text, bool):
            text = str(text)
        if not isinstance(text, str):
            return part.wrong("a duration such as 90 days")
        try:
            return part.given(duration_seconds(text))
        except ValueError as error:
            return part.refuse("option.value", f"is not a duration: {error}")

    def json(self) -> Json:
        """Return the schema of a string of that form."""
        return {"type": "string", "pattern": DURATION_PATTERN, "examples": ["90 days"]}


@frozen
class Making(Shape):
    """A mapping that says how a value is computed; its first word is one of `kinds`."""

    kinds: Mapping[str, Options]

    def check(self, part: Part) -> Given | None:
        """Check the mapping against the kind that its first word names."""
        assert isinstance(part.node, MappingNode)
        for name, options in self.kinds.items():
            if name in part.node.entries:
                return options.check(part)
        given = next(iter(part.node.entries), "")
        message = f"must have {listed(self.kinds, 'or')}{did_you_mean(given, self.kinds)}"
        return part.refuse("option.value", message)

    def json(self) -> Json:
        """Return the schema of an object of one of the kinds."""
        inner = [options.json() for options in self.kinds.values()]
        for one in inner:
            one.pop("description", None)
        return {"anyOf": inner} if len(inner) > 1 else inner[0]


@frozen
class Source(Shape):
    """A literal, or a mapping that says where a value comes from.

    A mapping with the word of one of the `kinds` is not a literal, unless it has more keys than
    such a mapping may have.
    """

    kinds: Mapping[str, Options]

    def check(self, part: Part) -> Given | None:
        """Return what the mapping says, or the node of the literal."""
        node = part.node
        if isinstance(node, MappingNode):
            for name, options in self.kinds.items():
                if name in node.entries and len(node.entries) <= _most_keys(options):
                    return options.check(part)
        if isinstance(node, Scalar) and isinstance(node.value, Odd):
            return part.wrong("a value, text or number")
        if isinstance(node, Scalar) and node.value is None:
            return part.wrong("a value")
        return part.given(node)

    def json(self) -> Json:
        """Return a schema that accepts anything but null."""
        directives = []
        for name, options in self.kinds.items():
            rule = options.json()
            # Editors would show this description in place of the option's own.
            rule.pop("description", None)
            only = {"type": "object", "required": [name], "maxProperties": _most_keys(options)}
            directives.append({"if": only, "then": rule})
        return {"not": {"type": "null"}, "allOf": directives}


def _most_keys(options: Options) -> int:
    return len(options.options)


@frozen
class Anything(Shape):
    """A mapping that other code reads."""

    def check(self, part: Part) -> Given | None:
        """Return the mapping as a node."""
        return part.given(part.node)

    def json(self) -> Json:
        """Return the schema of an object."""
        return {"type": "object"}


@frozen
class Reference(Shape):
    """A shape by its name in `SHAPES`, for shapes that occur within themselves."""

    name: str

    def check(self, part: Part) -> Given | None:
        """Return what the named shape returns."""
        return SHAPES[self.name].check(part)

    def json(self) -> Json:
        """Return the reference by name."""
        return {"$ref": f"#/$defs/{self.name}"}


SHAPES: Final[dict[str, Shape]] = {}
"""The shapes that occur within themselves, by name; `leyden.schema.language` fills it."""
