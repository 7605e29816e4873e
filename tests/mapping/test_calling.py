"""Functions that fail: the error says which, and for which attribute of which entity."""

from __future__ import annotations

from typing import Any

import pytest

import leyden
from leyden.errors import HookError, InputError, ValidationError

SOURCE = """
entity: notes
alias: note
version: "1"
service: app
attributes:
  id: {type: string, required: true}
  default: {type: string, default: {call: on_default}}
  on_write: {type: string, on_write: {call: on_on_write}}
  validate: {type: string, validate: {call: on_validate}}
  set: {type: string, set: {call: on_set}}
  get: {type: string, get: {call: on_get}}
  derive: {type: string, watch: [validate], derive: {call: on_derive}}
  parts:
    type: map
    properties:
      inner: {type: string, default: {call: on_inner}}
      deep: {type: list, items: {type: string, set: {call: on_deep}}}
indexes:
  notes:
    pk: {field: pk, composite: [id]}
"""
USES = ("default", "on_write", "validate", "set", "get", "derive")


def _note(**failing: Exception) -> leyden.Entity:
    def hook(name: str) -> Any:
        def called(*arguments: Any) -> Any:
            if name in failing:
                raise failing[name]
            return arguments[0] if arguments and name != "on_validate" else None

        return called

    names = (*(f"on_{use}" for use in USES), "on_inner", "on_deep")
    return leyden.load(SOURCE, table="t", hooks={name: hook(name) for name in names})["note"]


def _write(note: leyden.Entity) -> Any:
    return note.put(id="1", validate="v", set="s", get="g", parts={"deep": ["d"]}).params()


@pytest.mark.parametrize("use", [use for use in USES if use != "get"])
def test_a_failing_function_is_named_with_its_attribute(use: str) -> None:
    cause = KeyError("a stored value")
    with pytest.raises(HookError) as caught:
        _write(_note(**{f"on_{use}": cause}))
    error = caught.value
    assert (error.code, error.hook, error.path) == ("hook.failed", f"on_{use}", use)
    assert (error.operation, error.entity) == ("note.put", "notes")
    assert error.__cause__ is cause
    said = f'note.put: the hook "on_{use}", which is the `{use}` of "{use}", raised KeyError'
    assert str(error) == said


@pytest.mark.parametrize(
    ("hook", "path"), [("on_inner", "parts.inner"), ("on_deep", "parts.deep[]")]
)
def test_parts_of_attributes_are_named_by_their_paths(hook: str, path: str) -> None:
    with pytest.raises(HookError) as caught:
        _write(_note(**{hook: TypeError()}))
    assert (caught.value.hook, caught.value.path) == (hook, path)


def test_a_failure_on_the_way_out_is_named_as_well() -> None:
    item = _write(_note())["Item"]
    note = _note(on_get=ZeroDivisionError())
    with pytest.raises(HookError, match='the `get` of "get", raised ZeroDivisionError') as caught:
        note.parse(item)
    assert (caught.value.operation, caught.value.entity) == ("note.parse", "notes")


def test_what_a_function_says_on_purpose_passes() -> None:
    with pytest.raises(ValidationError, match="does not pass its validation: too short"):
        _write(_note(on_validate=ValueError("too short")))
    meant = InputError("not today")
    for use in USES:
        if use != "get":
            with pytest.raises(InputError) as caught:
                _write(_note(**{f"on_{use}": meant}))
            assert caught.value is meant
