"""Write the parts of docs/reference that come from the code: options, commands, errors.

A page holds such a part between two comments, and everything else in it is written by hand:

    <!-- generated: entity options -->
    <!-- end of generated -->

`python -m tools.site.reference` rewrites all parts. A test fails if somebody forgets that.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import click
from tools.site.fault_cases import BASE, CASES, whole
from tools.site.option_words import OPTION_WORDS
from tools.site.pages import DOCS
from tools.site.remedies import REMEDIES

from leyden import errors, events
from leyden.cli.application import SECTIONS
from leyden.cli.application import leyden as application
from leyden.configuration import SETTINGS, variable_of
from leyden.operations import options
from leyden.schema import check_service, language, migration_language, shapes, table_language
from leyden.schema.examples import EXAMPLES, MEANINGS
from leyden.schema.faults import CODES, DANGERS
from leyden.types import TYPES
from leyden.types.normal import FORM_MEANINGS
from leyden.types.periods import PERIODS

FOLDER: Final = DOCS / "reference"
_PART: Final = re.compile(
    r"(<!-- generated: ([\w -]+) -->\n).*?(<!-- end of generated -->)", re.DOTALL
)
_FILE_PLACE: Final = re.compile(r"<text>:\d+:\d+")


def renewed(text: str) -> str:
    """Return a page with all of its generated parts rewritten."""
    return _PART.sub(lambda found: f"{found[1]}\n{_made(found[2])}\n{found[3]}", text)


def _made(name: str) -> str:
    return "\n".join(PARTS[name]()).strip() + "\n"


def pages() -> list[Path]:
    """Return the pages with generated parts."""
    return [page for page in sorted(FOLDER.glob("*.md")) if _PART.search(page.read_text("utf-8"))]


def heading(code: str) -> str:
    """Return the heading of a code, whose anchor is the code with hyphens: `condition-failed`."""
    area, _, what = code.partition(".")
    area = {"aws": "AWS", "yaml": "YAML"}.get(area, area.capitalize())
    return f"{area}: {what.replace('_', ' ')}" if what else area


def listed(words: Iterable[str], last: str) -> str:
    """Return words with commas, and a word before the last of them: `a, b and c`."""
    *others, end = words
    return f"{', '.join(others)} {last} {end}" if others else end


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield a Markdown table. Cells keep their line breaks as `<br>`."""
    names = [*header]
    yield f"| {' | '.join(names)} |"
    yield f"|{' --- |' * len(names)}"
    for row in rows:
        cells = (re.sub(r"(?<!\\)\|", r"\\|", cell).replace("\n", "<br>") for cell in row)
        yield f"| {' | '.join(cells)} |"


# The schema language.


def _takes(shape: shapes.Shape) -> str:
    """Describe the values that an option takes."""
    match shape:
        case shapes.Text(numbers=numbers):
            return "text or a whole number" if numbers else "text"
        case shapes.Name():
            return "a Python name"
        case shapes.Choice(values=values):
            return listed([f"`{value}`" for value in values], "or")
        case shapes.Whole(least=least, most=most):
            return f"a whole number from {least}" + (f" to {most}" if most < 2**31 else "")
        case shapes.Number():
            return "a number"
        case shapes.Flag():
            return "`true` or `false`"
        case shapes.Duration():
            return "a duration"
        case shapes.ListOf(element=element):
            return f"a list of {_plural(_takes(element))}"
        case shapes.Named(what=what):
            return f"{_plural(what)}, by name"
        case shapes.Options(options=known):
            return f"`{{{', '.join(f'{name}: ...' for name in known)}}}`"
        case shapes.Either(what=what):
            words = re.sub(r"\{[^}]*\}", lambda found: f"`{found[0]}`", what)
            choices = shape.text.values if isinstance(shape.text, shapes.Choice) else ()
            named = choices if all(value in what for value in choices) else ()
            names = "|".join(map(re.escape, [*named, "true", "false"]))
            return re.sub(rf"(?<![`\w\"])({names})(?![\w\"])", r"`\1`", words)
        case shapes.Source(kinds=kinds):
            return f"a value, or {', '.join(f'`{{{kind}: ...}}`' for kind in kinds)}"
        case shapes.Reference(name=name):
            return "a type, or a mapping of its options" if name != "variant" else "a variant"
    raise AssertionError(f"no words for {shape}")


def _plural(what: str) -> str:
    word = re.sub(r"^an? ", "", what)
    if word.startswith("list of"):
        return f"lists{word[4:]}"
    ends = {"y": f"{word[:-1]}ies", "x": f"{word}es", "s": word}
    return ends.get(word[-1], f"{word}s")


def _words(shape: shapes.Shape) -> Mapping[str, str]:
    """Return the meanings of an option's words."""
    if isinstance(shape, shapes.Either):
        shape = shape.text or shape
    return shape.meanings if isinstance(shape, shapes.Choice) else {}


_OWN_TABLES: Final = frozenset({"type", "normalize", "generate", "bucket"})
"""The options whose words have a table of their own."""


def _meaning(name: str, option: shapes.Option, examples: Iterable[Any]) -> str:
    lines = [option.description]
    if name not in _OWN_TABLES:
        words = _words(option.shape).items()
        lines += [f"`{word}`: {said}" for word, said in words if f"`{word}`" not in lines[0]]
    shown = [f"`{name}: {shapes._flow(one)}`" for one in examples]
    return "\n".join([*lines, *([f"Example: {' or '.join(shown[:2])}"] if shown else [])])


def _mark(option: shapes.Option) -> str:
    if option.required:
        return "required"
    if option.types is None:
        return ""
    needing = ", which needs it" if option.needed_by else ""
    return f"for {', '.join(name for name in TYPES if name in option.types)}{needing}"


def _options(shape: shapes.Options) -> Iterator[str]:
    examples = EXAMPLES.get(shape.name, {})
    yield from _table(
        ("option", "", "takes", "what it does"),
        (
            (
                f"`{name}`",
                _mark(option),
                _takes(option.shape),
                _meaning(name, option, examples.get(name, ())),
            )
            for name, option in shape.options.items()
        ),
    )


def _attribute_options() -> Iterator[str]:
    lines = [*_options(language.ATTRIBUTE)]
    yield f"{lines[0]} also in |"
    yield f"{lines[1]} --- |"
    for line, name in zip(lines[2:], language.ATTRIBUTE.options, strict=True):
        also = [
            kind
            for kind, shape in (("property", language.PROPERTY), ("element", language.ELEMENT))
            if name in shape.options
        ]
        yield f"{line} {', '.join(also)} |"


def _types() -> Iterator[str]:
    kept = {
        "string": "S",
        "number": "N",
        "integer": "N",
        "decimal": "N",
        "boolean": "BOOL",
        "binary": "B",
        "json": "S",
        "timestamp": "S",
        "ttl": "N",
        "list": "L",
        "set": "SS, NS or BS",
        "map": "M",
        "union": "M",
        "vector": "L of N",
        "any": "as it is",
        "enum": "S",
    }
    yield from _table(
        ("type", "values", "in the table", "in keys", "example"),
        (
            (
                f"`{name}`" if name != "enum" else "a list of texts (an enum)",
                kind.meaning,
                kept[name],
                "yes" if kind.keyable else "",
                f"`{kind.example}`",
            )
            for name, kind in TYPES.items()
        ),
    )


def _by_meaning(header: str, meanings: Mapping[str, str]) -> Iterator[str]:
    yield from _table((header, "meaning"), ((f"`{word}`", said) for word, said in meanings.items()))


# Faults of schemas.

_AREAS: Final = {
    "source": "Files and folders",
    "yaml": "YAML",
    "option": "Options",
    "name": "Names",
    "attribute": "Attributes",
    "expression": "JMESPath expressions",
    "entity": "Entities",
    "key": "Keys",
    "index": "Indexes",
    "search": "Vector indexes",
    "collection": "Collections",
    "service": "The service",
    "table": "The table",
    "migration": "Migrations",
    "hook": "Functions",
}


def _faults() -> Iterator[str]:
    for area, title in _AREAS.items():
        yield f"## {title}\n"
        for code, meaning in CODES.items():
            if code.startswith(f"{area}."):
                yield from _fault(code, meaning)


def _fault(code: str, meaning: str) -> Iterator[str]:
    case = CASES[code]
    found = next((one for one in _found(code)), None)
    yield f"### {heading(code)}\n"
    kind = ""
    if found is not None and found.severity == "warning":
        kind = " A warning" + (
            ", which `leyden.load` shows too." if code in DANGERS else " of `leyden check`."
        )
    yield f"`{code}`: {meaning}{kind}\n"
    if found is not None:
        yield f"```yaml faulty\n{case.text.rstrip()}\n```\n"
        message = _FILE_PLACE.sub("FILE:LINE:COLUMN", found.message)
        yield f"```text\n{message}\n```\n"
    yield f"{case.fix}\n"


def _found(code: str) -> list[Any]:
    """Return the faults of a code that its case shows."""
    if not CASES[code].text:
        return []
    checked = check_service(whole(code))
    shown = [fault for fault in checked.faults if fault.code == code]
    assert shown, f"the case of {code} shows {[fault.code for fault in checked.faults]}"
    return shown


def _base() -> Iterator[str]:
    yield f"```yaml\n{BASE}```"


# Errors.


def _classes() -> list[type[errors.LeydenError]]:
    """Return all errors, each after the one that it is a kind of."""
    made: list[type[errors.LeydenError]] = []

    def add(kind: type[errors.LeydenError]) -> None:
        made.append(kind)
        for name in order:
            other = getattr(errors, name)
            if other.__mro__[1] is kind:
                add(other)

    tree = errors.__doc__ or ""
    order = [
        name
        for name in re.findall(r"(\w+Error)\b", tree.partition("Each class")[0])
        if name in errors.__all__
    ]
    order = [*dict.fromkeys(order)]
    add(errors.LeydenError)
    return made


def _tree() -> Iterator[str]:
    text = (errors.__doc__ or "").partition("::\n\n")[2].partition("\n\n`SchemaWarning`")[0]
    yield "```text\n" + inspect.cleandoc(text) + "\n```"


def _codes() -> Iterator[str]:
    yield from _table(
        ("class", "code", "when"),
        (
            (
                f"`{kind.__name__}`",
                f"[`{kind.code}`](#{kind.code.replace('.', '-').replace('_', '-')})",
                inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].replace("\n", " "),
            )
            for kind in _classes()
        ),
    )


def _errors() -> Iterator[str]:
    for kind in _classes():
        yield f"### {heading(kind.code)}\n"
        bases = [base for base in kind.__bases__ if base is not Exception]
        also = [
            f"[`{base.__name__}`](#{base.code.replace('.', '-').replace('_', '-')})"
            if issubclass(base, errors.LeydenError)
            else f"`{base.__name__}`"
            for base in bases
        ]
        of = f", a kind of {listed(also, 'and')}" if also else ""
        yield f"`{kind.__name__}`, code `{kind.code}`{of}.\n"
        yield f"{inspect.cleandoc(kind.__doc__ or '')}\n"
        if own := _data(kind):
            yield f"**Carries:** {', '.join(f'`{name}`' for name in own)}.\n"
        yield f"**What to do:** {REMEDIES[kind.code]}\n"


def _data(kind: type[errors.LeydenError]) -> list[str]:
    """Return what errors of a class carry beyond what every error does."""
    names: dict[str, None] = {}
    for one in reversed(kind.__mro__):
        made = vars(one).get("__init__")
        if issubclass(one, errors.LeydenError) and one is not errors.LeydenError and made:
            names |= dict.fromkeys(inspect.signature(made).parameters)
    hidden = {"self", "message", "context", "operation"}
    return [name for name in names if name not in hidden]


# The command line.


def _commands() -> Iterator[str]:
    yield from _table(
        ("command", "what it does"),
        (
            (f"[`{name}`](#{name})", said)
            for section in SECTIONS.values()
            for name, (_, said) in section.items()
        ),
    )


def _command(name: str) -> Iterator[str]:
    above = click.Context(application, info_name="leyden")
    command = application.get_command(above, name)
    assert command is not None
    context = click.Context(command, info_name=name, parent=above)
    yield f"```text\n{command.get_usage(context).removeprefix('Usage: ')}\n```\n"
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(command.help or "")):
        if paragraph.startswith("\b"):
            yield f"```sh\n{inspect.cleandoc(paragraph[1:].strip(chr(10)))}\n```\n"
        else:
            yield f"{paragraph}\n"
    own = [
        record
        for parameter in command.params
        if isinstance(parameter, click.Option) and not _is_shared(parameter)
        if (record := parameter.get_help_record(context)) is not None
    ]
    shared = [one for one in command.params if isinstance(one, click.Option) and _is_shared(one)]
    if own:
        yield from _table(("option", "what it does"), ((f"`{usage}`", said) for usage, said in own))
        yield ""
    if len(shared) > 1:
        names = listed([f"`{one.opts[0]}`" for one in shared], "and")
        yield f"Also {names}: see [common options](#common-options)."


_SHARED: Final = (
    *("--table", "--endpoint-url", "--region", "--profile", "--hooks", "--encryption-keys"),
    *("--json", "--query", "--debug"),
)
"""Options that mean the same in all commands."""


def _is_shared(option: click.Option) -> bool:
    return option.opts[0] in _SHARED and option.help == _shared_help().get(option.opts[0])


def _shared_help() -> dict[str, str | None]:
    """Return the help of the shared options, from a command that has all of them."""
    command = application.get_command(click.Context(application), "get")
    assert command is not None
    return {one.opts[0]: one.help for one in command.params if isinstance(one, click.Option)}


def _common_options() -> Iterator[str]:
    above = click.Context(application, info_name="leyden")
    command = application.get_command(above, "get")
    assert command is not None
    context = click.Context(command, info_name="get", parent=above)
    records = {
        one.opts[0]: one.get_help_record(context)
        for one in command.params
        if isinstance(one, click.Option)
    }
    found = [record for name in _SHARED if (record := records[name]) is not None]
    yield from _table(("option", "what it does"), ((f"`{usage}`", said) for usage, said in found))


# Events, settings, and options of operations.


def _events() -> Iterator[str]:
    for kind in (
        events.RequestSent,
        events.ResponseReceived,
        events.RequestFailed,
        events.OperationStarted,
        events.OperationEnded,
    ):
        yield f"### {kind.__name__}\n"
        yield f"{inspect.cleandoc(kind.__doc__ or '')}\n"
        hints = kind.__annotations__
        yield from _table(
            ("field", "type"),
            ((f"`{name}`", f"`{_type_words(hint)}`") for name, hint in hints.items()),
        )
        yield ""


def _type_words(hint: Any) -> str:
    return hint if isinstance(hint, str) else inspect.formatannotation(hint)


def _settings() -> Iterator[str]:
    yield from _table(
        ("key", "variable", "option", "what it is"),
        (
            (
                f"`{name}`",
                f"`{variable_of(name)}`",
                "FOLDER" if name == "schemas" else f"`--{name.replace('_', '-')}`",
                said,
            )
            for name, said in SETTINGS.items()
        ),
    )


FAMILIES: Final[Mapping[str, type]] = {
    "get": options.GetOptions,
    "write": options.WriteOptions,
    "query": options.QueryOptions,
    "scan": options.ScanOptions,
    "collection": options.QueryOptions,
    "search": options.SearchOptions,
    "batch get": options.BatchGetOptions,
    "batch write": options.BatchWriteOptions,
    "transact write": options.TransactWriteOptions,
    "transact get": options.TransactGetOptions,
}
"""The families of operations with options, as the documentation calls them."""


def _operation_options() -> Iterator[str]:
    types: dict[str, str] = {}
    for family in FAMILIES.values():
        for name, hint in typing.get_type_hints(family).items():
            types.setdefault(name, _hint_words(hint))
    families = {name: family.__optional_keys__ for name, family in FAMILIES.items()}  # type: ignore[attr-defined]
    names = {name for taken in families.values() for name in taken}
    ordered = [name for name in options.Options.__annotations__ if name in names]
    yield from _table(
        ("option", "taken by", "takes", "default", "what it does"),
        (
            (
                f"`{name}`",
                ", ".join(kind for kind, taken in families.items() if name in taken),
                types[name],
                f"`{getattr(options.DEFAULT, name)!r}`",
                OPTION_WORDS[name],
            )
            for name in ordered
        ),
    )


def _hint_words(hint: Any) -> str:
    """Describe in Python's terms what a type hint allows."""
    parts = [one for one in typing.get_args(hint) if one is not type(None)]
    values = [
        f"`{value!r}`"
        for one in parts
        if typing.get_origin(one) is typing.Literal
        for value in typing.get_args(one)
    ]
    others = [
        f"`{inspect.formatannotation(one).replace('collections.abc.', '').replace('typing.', '')}`"
        for one in parts
        if typing.get_origin(one) is not typing.Literal
    ]
    return ", ".join([*others, *values])


PARTS: Final[Mapping[str, Callable[[], Iterator[str]]]] = {
    **{
        f"{name} options": partial(_options, shape)
        for name, shape in {
            "entity": language.ENTITY,
            "identifier": language.IDENTIFIERS,
            "padding": language.PADDING,
            "access pattern": language.INDEX,
            "condition": language.JUDGE,
            "vector index": language.VECTOR,
            "key": language.KEY,
            "variant": language.VARIANT,
            "call": language.SET_CALL,
            "after": language.AFTER,
            "bucket": language.BUCKET,
            "slug": language.SLUG,
            "table": table_language.TABLE,
            "table index": table_language.TABLE_INDEX,
            "scaling": table_language.SCALING,
            "migration": migration_language.MIGRATION,
            "migrated entity": migration_language.MIGRATED,
            "changed attribute": migration_language.CHANGE,
            "copy": migration_language.COPY,
        }.items()
    },
    "attribute options": _attribute_options,
    "attribute types": _types,
    "generated values": partial(_by_meaning, "value", MEANINGS["generate"]),
    "normal forms": partial(_by_meaning, "form", FORM_MEANINGS),
    "buckets": partial(
        _by_meaning, "bucket", {name: f"`{period.example}`" for name, period in PERIODS.items()}
    ),
    "base of faults": _base,
    "faults": _faults,
    "tree of errors": _tree,
    "codes of errors": _codes,
    "errors": _errors,
    "commands": _commands,
    "common options": _common_options,
    **{
        f"leyden {name}": partial(_command, name)
        for section in SECTIONS.values()
        for name in section
    },
    "events": _events,
    "settings": _settings,
    "options of operations": _operation_options,
}
"""All parts by name, each with the function that writes its lines."""


def main() -> None:
    """Rewrite all generated parts."""
    for page in pages():
        page.write_text(renewed(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
