"""The text of schema files."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from leyden.porting import PortedModel, PortedService, port_model, write_table_yaml, write_yaml
from leyden.schema import load_service

MODEL: dict[str, Any] = {
    "model": {"entity": "taskItem", "version": "1", "service": "app"},
    "attributes": {
        "taskId": {"type": "string", "required": True},
        "status": {"type": ["open", "closed"], "default": "open"},
        "total": {
            "type": "number",
            "cast": "number",
            "get": {"$function": "(value) => {\n      return value * 2;\n    }"},
        },
        "detail": {"type": "map", "properties": {"owner": {"type": "string", "readOnly": True}}},
    },
    "indexes": {
        "byTask": {
            "pk": {"field": "pk", "composite": ["taskId"]},
            "sk": {"field": "sk", "composite": []},
        },
        "byStatus": {
            "index": "gsi1",
            "condition": {"$function": "(a) => check(a)"},
            "pk": {"field": "gsi1pk", "composite": ["status"], "casing": "none"},
        },
    },
}


def test_a_file_reads_as_people_write_it_with_notes_at_their_places() -> None:
    assert (
        write_yaml(port_model(MODEL, snake_case=True))
        == """\
entity: taskItem
alias: task_item
version: "1"
service: app

attributes:
  task_id: {type: string, required: true, field: taskId, label: taskId}
  status:  {type: [open, closed], default: open}
  total:
    type: number
    # a callback; write it in Python and pass it as the hook total_get
    #   (value) => {
    #     return value * 2;
    #   }
    get: {call: total_get}
    # cast: without effect: ElectroDB reads `cast` of keys only; it is left out
  detail:
    type: map
    properties:
      owner: string
      # owner.readOnly: read-only inside of a container; make the whole attribute read_only, or
      # refuse the path in your own code

indexes:
  by_task:
    pk: {field: pk, composite: [task_id]}
    sk: {field: sk, composite: []}
  by_status:
    index: gsi1
    # a callback, called with the attributes of the key by name; write it in Python and pass it as
    # the hook by_status_when
    #   (a) => check(a)
    when: {call: by_status_when}
    pk: {field: gsi1pk, composite: [status], casing: none}
"""
    )


def test_every_note_stands_in_the_file() -> None:
    ported = port_model({**MODEL, "filters": {"f": {"$function": "() => 1"}}, "extra": 1})
    text = " ".join(write_yaml(ported).replace("#", " ").split())
    assert len(ported.notes) == 6
    for note in ported.notes:
        assert " ".join(note.what.split()) in text


def test_the_table_is_written_where_there_is_something_to_say() -> None:
    ported = port_model(MODEL)
    assert write_table_yaml(PortedService((ported,))) == ""
    said = {"table": "yes", "indexes": {"lsi1": {"kind": "lsi"}}}
    text = write_table_yaml(PortedService((ported,), said))
    assert yaml.safe_load(text) == said


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    | st.sampled_from(["yes", "no", "null", "1", "1.0", "1e3", "2024-01-01", "~", "=", "on", "<<"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=6), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@given(values)
def test_any_default_is_read_back_as_it_was(value: Any) -> None:
    if value is None or (isinstance(value, dict) and set(value) in ({"call"}, {"generate"})):
        return
    entity = {
        "entity": "thing",
        "version": "1",
        "service": "app",
        "attributes": {"id": "string", "it": {"type": "any", "default": value}},
        "indexes": {"own": {"pk": {"field": "pk", "composite": ["id"]}}},
    }
    loaded = load_service(write_yaml(PortedModel(entity)))
    default: Any = loaded.entities["thing"].attributes["it"].default
    assert default.value == value
