"""Working memory: its text, how updates change it, and the tool that lets a model update it.

A resource's text and a thread's text (in the thread's metadata) are stored where the TypeScript
client stores them. Under a schema the text is JSON, and updates are merged as that client does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from leyden._attrs import field, frozen
from leyden._text import WHITE_IN_JAVASCRIPT, did_you_mean, listed, quoted
from leyden.errors import InputError, InvalidOptionError
from leyden.memory.options import WorkingMemory
from leyden.memory.text import UPDATE_TOOL
from leyden.store.records import JSON
from leyden.types import accept_json, accept_string, json_text

__all__ = [
    "IN_METADATA",
    "EmptyTemplateError",
    "Tool",
    "Update",
    "changed_text",
    "instruction",
    "merged",
    "tool_update",
    "update_tool",
]

Update: TypeAlias = str | Mapping[str, JSON] | Callable[[str | None], "str | Mapping[str, JSON]"]
"""A new text; under a schema, a dict to merge; or a function of the stored text that makes one."""

IN_METADATA: Final = "workingMemory"
"""The key in a thread's metadata that holds its working memory."""

_WHITE: Final = re.compile(f"[{WHITE_IN_JAVASCRIPT}]+")


def changed_text(options: WorkingMemory, stored: str | None, update: Update) -> str:
    """Return the text after an update. Raises InputError.

    >>> changed_text(WorkingMemory(schema={}), '{"name": "Al", "city": "Rome"}', {"name": "Ann"})
    '{"name":"Ann","city":"Rome"}'
    """
    if not isinstance(update, str | Mapping) and callable(update):
        update = update(stored)
    if isinstance(update, Mapping):
        if not options.is_json:
            raise InvalidOptionError(
                "working memory with a template is a text, and an update replaces it: give a text, "
                "or give WorkingMemory a schema to update it key by key"
            )
        change: Mapping[str, JSON] = accept_json(update, "update")
        _refuse_unfit(change, options.schema, "update")
        return json_text(merged(_object_in(stored), change))
    text = accept_string(update, "update")
    if options.is_json and _object_in(text) is None:
        raise InputError(
            "working memory under a schema is a JSON object, but this text is not one: give a dict "
            "of what changes, or the JSON text of the whole object"
        )
    return text


def merged(stored: Mapping[str, JSON] | None, change: Mapping[str, JSON]) -> dict[str, JSON]:
    """Merge a change into a JSON object: null removes a key, and values but objects are replaced.

    >>> merged({"a": 1, "b": {"c": [1, 2], "d": 3}}, {"a": None, "b": {"c": [9]}})
    {'b': {'c': [9], 'd': 3}}
    """
    result = dict(stored or {})
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            before = result.get(key)
            result[key] = merged(before if isinstance(before, Mapping) else None, value)
        else:
            result[key] = value
    return result


_NAMED: Final = ("$defs", "definitions")
"""Where a JSON schema holds the schemas that it refers to by name."""

_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (Mapping,),
    "array": (list, tuple),
}
"""Python's types by JSON schema's names. Null is allowed everywhere, because it removes a key."""


def _refuse_unfit(value: JSON, schema: Any, path: str) -> None:
    """Raise InputError for a value that the schema does not allow.

    Checks types, choices, and the contents of objects and lists. Required fields may be missing,
    because a change names only what changes.
    """
    if value is None or not isinstance(schema, Mapping):
        return
    kinds = schema.get("type", ())
    names = [kinds] if isinstance(kinds, str) else list(kinds)
    known = [name for name in names if name in _KINDS]
    if known and not any(_is_of(value, name) for name in known):
        raise InputError(f'"{path}" takes {listed(names, "or")} by the schema of working memory')
    choices = schema.get("enum")
    if isinstance(choices, list | tuple) and value not in choices:
        raise InputError(f'"{path}" is not one of the choices in the schema of working memory')
    if isinstance(value, Mapping):
        properties = schema.get("properties") or {}
        for key, one in value.items():
            if key not in properties and schema.get("additionalProperties") is False:
                raise InputError(
                    f'"{path}" has no field {quoted(key)} by the schema of working memory'
                    f"{did_you_mean(key, properties)}"
                )
            _refuse_unfit(one, properties.get(key), f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for place, one in enumerate(value):
            _refuse_unfit(one, schema.get("items"), f"{path}[{place}]")


def _is_of(value: JSON, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _KINDS[name])


def _object_in(text: str | None) -> dict[str, JSON] | None:
    """Return the JSON object in a text, or None if the text is anything else."""
    try:
        value = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


class EmptyTemplateError(Exception):
    """An empty template would replace what is known."""


@frozen
class Tool:
    """A function that a model may call: its name, its purpose, and a JSON schema of its arguments.

    `function` takes the arguments by name and returns a dict; for an asynchronous memory, await it.
    Most clients of models take the other three fields as they are.
    """

    name: str
    description: str
    parameters: Mapping[str, JSON]
    function: Callable[..., Any] = field(repr=False)


def update_tool(options: WorkingMemory, function: Callable[..., Any]) -> Tool:
    """Return the tool that updates working memory."""
    if options.schema is not None:
        description = (
            "Note what is new or has changed in working memory. Give only the fields that change: "
            "the others stay as they are. A list replaces the stored list as a whole."
        )
        # References start at the root of the whole schema, so their definitions must be there.
        named = {key: options.schema[key] for key in _NAMED if key in options.schema}
        memory: dict[str, JSON] = {
            key: value
            for key, value in options.schema.items()
            if not key.startswith("$") and key not in named
        }
    else:
        description = (
            "Rewrite working memory. What you give replaces all of it, so repeat what is still "
            "true."
        )
        named = {}
        memory = {"type": "string", "description": "The whole working memory, in Markdown."}
    parameters = {
        "type": "object",
        "properties": {"memory": memory},
        "required": ["memory"],
        **named,
    }
    return Tool(UPDATE_TOOL, description, parameters, function)


def tool_update(options: WorkingMemory, given: Any) -> Update | None:
    """Return the update that a model's call of the tool asks for, or None if nothing changes.

    An empty template does not replace what is known. Raises InputError.
    """
    if options.schema is None:
        if given is None:
            raise InputError("the tool takes a text, which replaces the whole of working memory")
        text = given if isinstance(given, str) else json_text(given)

        def unless_empty(stored: str | None) -> str:
            template = _folded(options.form)
            if stored and _folded(text) == template != _folded(stored):
                raise EmptyTemplateError(
                    "this is the empty template, which would wipe out what is known; nothing was "
                    "changed"
                )
            return text

        return unless_empty
    if given is None:
        return None
    change = _object_in(given) if isinstance(given, str) else given
    if not isinstance(change, Mapping):
        raise InputError("the tool takes a JSON object of what changes in working memory")
    without: Mapping[str, JSON] = _without_padding(change, options.schema)
    return without


def _without_padding(value: JSON, schema: Any) -> JSON:
    """Return the value without nulls in optional fields, with which models pad their calls."""
    if not isinstance(schema, Mapping):
        schema = {}
    if isinstance(value, list | tuple):
        return [_without_padding(one, schema.get("items")) for one in value]
    if not isinstance(value, Mapping):
        return value
    properties, required = schema.get("properties") or {}, schema.get("required") or ()
    return {
        key: _without_padding(one, properties.get(key))
        for key, one in value.items()
        if one is not None or key in required
    }


def _folded(text: str) -> str:
    return _WHITE.sub(" ", text).strip(WHITE_IN_JAVASCRIPT)


def instruction(options: WorkingMemory, text: str | None) -> str:
    """Return what the system text says about working memory: how to use it, and what it holds."""
    if options.is_json:
        kind, how = "a JSON object under this schema", "with the fields that change, and only these"
    else:
        kind, how = "a Markdown text in this form", "with the whole text, changed where needed"
    return (
        "You have a working memory that outlasts this conversation. It is "
        f"{kind}:\n\n{options.form}\n\n"
        f"This is what it holds now:\n\n<working_memory>\n{text or ''}\n</working_memory>\n\n"
        f"When you learn something that may matter later, call the tool {UPDATE_TOOL} {how}. Do "
        "so without a word about it, and answer as if you simply remembered."
    )
