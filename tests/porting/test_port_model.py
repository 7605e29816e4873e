"""Each part of a model, and what becomes of it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import leyden
from leyden.porting import FoundModel, HookNames, ModelError, port_model, port_service, write_yaml
from leyden.porting.context import python_names, snake_case
from leyden.schema import check_service, is_name, load_service


def model(attributes: dict[str, Any] | None = None, **indexes: Any) -> dict[str, Any]:
    own = {"pk": {"field": "pk", "composite": ["id"]}, "sk": {"field": "sk", "composite": []}}
    return {
        "model": {"entity": "thing", "version": "1", "service": "app"},
        "attributes": {"id": {"type": "string"}, **(attributes or {})},
        "indexes": {"own": own, **indexes},
    }


def ported(options: Any) -> tuple[Any, list[str]]:
    """An attribute `it` with these options, and its notes."""
    result = port_model(model({"it": options, "other": {"type": "string"}}))
    text = write_yaml(result)
    checked = check_service(text, hooks=dict.fromkeys(result.hooks, len))
    assert not checked.errors, (text, checked.errors)
    return result.entity["attributes"]["it"], [str(note) for note in result.notes]


def function(source: str) -> dict[str, str]:
    return {"$function": source}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("string", "string"),
        (["a", "b"], {"type": ["a", "b"]}),
        ({"type": "custom"}, "any"),
        ({"type": "static"}, "any"),
        ({"type": {"$symbol": "x"}}, "any"),
        ({"type": [1, 2]}, {"type": "number", "validate": "contains(`[1, 2]`, @)"}),
        ({"type": ["a", ""]}, {"type": "string", "validate": "contains(['a', ''], @)"}),
        ({"type": "set", "items": "string"}, {"type": "set", "items": "string"}),
        ({"type": "set", "items": ["a"]}, {"type": "set", "items": ["a"]}),
        ({"type": "list", "items": {"type": "number"}}, {"type": "list", "items": "number"}),
        (
            {"type": "map", "properties": {"a": {"type": "string", "field": "b"}}},
            {"type": "map", "properties": {"a": {"type": "string", "field": "b"}}},
        ),
        ({"type": "string", "field": "it"}, "string"),
        (
            {"type": "string", "required": True, "hidden": False},
            {"type": "string", "required": True},
        ),
        ({"type": "string", "readOnly": True}, {"type": "string", "read_only": True}),
        ({"type": "number", "default": 0}, {"type": "number", "default": 0}),
        ({"type": "any", "default": function("() => ({})")}, {"type": "any", "default": {}}),
        (
            {"type": "string", "validate": {"$regexp": "^a$", "flags": ""}},
            {"type": "string", "pattern": r"^a\Z"},
        ),
        (
            {"type": "number", "watch": "*", "set": function("() => Date.now()")},
            {"type": "number", "on_write": {"generate": "now"}},
        ),
        ({"type": "string", "padding": {"length": 0, "char": "0"}}, "string"),
        (
            {"type": "string", "padding": {"length": 3, "char": "0"}},
            {"type": "string", "padding": {"length": 3, "char": "0"}},
        ),
    ],
)
def test_what_a_schema_says_as_well_is_carried_over_without_a_note(
    options: Any, expected: Any
) -> None:
    assert ported(options) == (expected, [])


@pytest.mark.parametrize(
    ("options", "expected", "place"),
    [
        ({"type": "string", "get": function("f")}, {"get": {"call": "it_get"}}, "get"),
        (
            {"type": "string", "set": function("f")},
            {"set": {"call": "it_set", "always": True}},
            "set",
        ),
        ({"type": "any", "default": function("f")}, {"default": {"call": "it_default"}}, "default"),
        (
            {"type": "any", "validate": function("f")},
            {"validate": {"call": "it_validate"}},
            "validate",
        ),
        (
            {"type": "string", "watch": ["other"], "set": function("f")},
            {"watch": ["other"], "set": {"call": "it_set"}},
            "set",
        ),
        (
            {"type": "string", "watch": ["other"], "get": function("f")},
            {"watch": ["other"], "get": {"call": "it_get"}},
            "get",
        ),
        ({"type": "string", "cast": "number"}, {}, "cast"),
        ({"type": "string", "comment": "x"}, {}, "comment"),
        ({"type": "string", "watch": ["other"]}, {}, "watch"),
        ({"type": "any", "padding": {"length": 3, "char": "0"}}, {}, "padding"),
        (
            {"type": "number", "readOnly": True, "watch": "*", "set": function("() => Date.now()")},
            {"on_write": {"generate": "now"}},
            "readOnly",
        ),
        (
            {"type": "number", "readOnly": True, "set": function("() => Date.now()")},
            {"default": {"generate": "now"}, "read_only": True},
            "set",
        ),
        (
            {"type": "string", "validate": {"$regexp": r"\p{L}", "flags": "u"}},
            {"validate": {"call": "it_validate"}},
            "validate",
        ),
        (
            {"type": "number", "validate": {"$regexp": "^1", "flags": ""}},
            {"validate": {"call": "it_validate"}},
            "validate",
        ),
    ],
)
def test_what_is_not_carried_over_as_it_stood_has_a_note_at_its_place(
    options: dict[str, Any], expected: dict[str, Any], place: str
) -> None:
    spec, notes = ported(options)
    found = spec if isinstance(spec, dict) else {"type": spec}
    assert {key: value for key, value in found.items() if key != "type"} == expected
    assert len(notes) == 1
    assert notes[0].startswith(f"attributes.it.{place}: ")


def test_options_inside_of_containers_keep_their_notes_at_their_place() -> None:
    spec, notes = ported(
        {
            "type": "map",
            "properties": {
                "inner": {
                    "type": "list",
                    "items": {"type": "string", "required": True, "get": function("f")},
                    "readOnly": True,
                }
            },
        }
    )
    assert spec["properties"]["inner"]["items"]["get"] == {"call": "it_inner_get"}
    assert sorted(note.partition(":")[0] for note in notes) == [
        "attributes.it.properties.inner.items.get",
        "attributes.it.properties.inner.items.required",
        "attributes.it.properties.inner.readOnly",
    ]


def test_a_set_that_watches_keeps_its_default() -> None:
    spec, notes = ported(
        {"type": "number", "watch": "*", "set": function("f"), "default": 5, "readOnly": True}
    )
    assert spec == {
        "type": "number",
        "default": 5,
        "read_only": True,
        "watch": "*",
        "set": {"call": "it_set"},
    }
    assert [note.partition(":")[0] for note in notes] == ["attributes.it.set"]


def test_names_that_python_does_not_take_are_renamed_and_stay_in_items_and_keys() -> None:
    index = {
        "index": "gsi1",
        "pk": {"field": "gsi1pk", "composite": ["from"]},
        "sk": {"field": "gsi1sk", "template": "X#${first-name}"},
    }
    result = port_model(
        model({"from": {"type": "string"}, "first-name": {"type": "string"}}, **{"by-from": index})
    )
    assert result.entity["attributes"]["from_"] == {
        "type": "string", "field": "from", "label": "from"
    }  # fmt: skip
    assert result.entity["attributes"]["first_name"] == {"type": "string", "field": "first-name"}
    assert result.patterns["by-from"] == "by_from"
    app = leyden.load(dict(result.entity), table="t")
    item = app["thing"].put(id="1", from_="a", first_name="B").params()["Item"]
    assert item["from"] == {"S": "a"}
    assert (item["gsi1pk"], item["gsi1sk"]) == ({"S": "$app#from_a"}, {"S": "x#b"})


@given(st.lists(st.text(max_size=8), unique=True), st.booleans())
def test_python_names_are_names_and_distinct(names: list[str], snake: bool) -> None:
    found = python_names(names, snake=snake)
    assert list(found) == names
    assert len(set(found.values())) == len(names)
    assert all(is_name(name) for name in found.values())


@pytest.mark.parametrize(
    ("name", "expected"),
    [("employeeId", "employee_id"), ("userID", "user_id"), ("HTTPStatus", "http_status"),
     ("already_snake", "already_snake"), ("gsi1pk", "gsi1pk"), ("A", "a")],
)  # fmt: skip
def test_snake_case(name: str, expected: str) -> None:
    assert snake_case(name) == expected


@pytest.mark.parametrize("option", ["template", "facets"])
def test_a_template_in_the_oldest_syntax_is_taken_as_it_stands_and_noted(option: str) -> None:
    result = port_model(
        model({"b": "string"}, one={"index": "g1", "pk": {"field": "g1pk", option: "b#:b"}})
    )
    (note,) = result.notes
    assert (note.place, note.kind) == ("indexes.one.pk.template", "adapt")
    assert '":b" is plain text for ElectroDB here' in str(note)
    assert result.entity["indexes"]["one"]["pk"]["template"] == "b#:b"
    assert not port_model(
        model(one={"index": "g1", "pk": {"field": "g1pk", option: "at 10:30 ${id}"}})
    ).notes


def test_facets_are_read_as_composites_and_as_templates() -> None:
    result = port_model(
        model(
            {"a": {"type": "string"}},
            one={"index": "g1", "pk": {"field": "g1pk", "facets": ["a"]}},
            two={"index": "g2", "pk": {"field": "g2pk", "facets": "A#${a}", "composite": None}},
            three={
                "index": "g3",
                "pk": {"field": "g3pk", "composite": ["a"], "facets": "${a}"},
                "sk": {"field": "g3sk", "template": ""},
            },
        )
    )
    indexes = result.entity["indexes"]
    assert indexes["one"]["pk"] == {"field": "g1pk", "composite": ["a"]}
    assert indexes["two"]["pk"] == {"field": "g2pk", "template": "A#${a}"}
    assert indexes["three"]["pk"] == {"field": "g3pk", "composite": ["a"]}
    assert indexes["three"]["sk"] == {"field": "g3sk", "composite": []}


def test_projections_list_stored_fields() -> None:
    index = {
        "index": "gsi1",
        "projection": ["a", "__edb_e__", "__edb_v__"],
        "pk": {"field": "gsi1pk", "composite": ["a"]},
    }
    result = port_model(model({"a": {"type": "string", "field": "af"}}, by_a=index))
    assert result.entity["indexes"]["by_a"]["projection"] == ["af", "__edb_e__", "__edb_v__"]


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("(item) => isOpen(item)", None),
        ("(item) => isOpen(item.a, item.b)", ["a", "b"]),
        ("({ a }) => isOpen(a)", ["a"]),
        ("function (item) { return isOpen(item['b']); }", ["b"]),
        ("condition(item) { return isOpen(item.a); }", ["a"]),
        ("() => Math.random() > 0.5", None),
    ],
)
def test_a_condition_that_jmespath_cannot_say_is_a_function_of_what_it_reads(
    source: str, reads: list[str] | None
) -> None:
    index = {
        "index": "gsi1",
        "condition": function(source),
        "pk": {"field": "gsi1pk", "composite": ["a"]},
    }
    result = port_model(model({"a": {"type": "string"}, "b": {"type": "string"}}, by_a=index))
    (note,) = result.notes
    assert (note.place, note.kind) == ("indexes.by_a.condition", "hook")
    assert f"#   {source}\n" in write_yaml(result)
    assert result.entity["indexes"]["by_a"]["when"] == {
        "call": "by_a_when",
        **({} if reads is None else {"reads": reads}),
    }


def test_an_enum_of_numbers_is_text_in_a_lone_key_as_in_electrodb() -> None:
    index = {"index": "gsi1", "pk": {"field": "level", "composite": ["level"]}}
    result = port_model(model({"level": {"type": [1, 2]}}, by_level=index))
    assert result.entity["indexes"]["by_level"]["pk"]["cast"] == "string"


def test_beta_models_without_a_version_and_named_filters_are_noted() -> None:
    beta = model()
    beta.update(beta.pop("model"), filters={"recent": function("(a) => a")})
    del beta["version"]
    result = port_model(beta)
    assert [note.place for note in result.notes] == ["version", "filters.recent"]
    app = leyden.load(write_yaml(result), table="t")
    assert app["thing"].get(id="X").params()["Key"] == {
        "pk": {"S": "$app_1#id_x"},
        "sk": {"S": "$thing"},
    }


def test_an_empty_label_is_written_out() -> None:
    source = model({"b": {"type": "string", "label": ""}})
    source["indexes"]["own"]["sk"]["composite"] = ["b"]
    app = leyden.load(write_yaml(port_model(source)), table="t")
    key = app["thing"].get(id="1", b="2").params()["Key"]
    assert key == {"pk": {"S": "$app#id_1"}, "sk": {"S": "$thing_1#_2"}}


KEY_TEXT = {"field": "gsi1pk", "composite": ["b"], "template": "B#${b}"}


def test_an_attribute_in_whose_field_another_key_stands_is_left_out() -> None:
    source = model(
        {
            "b": {"type": "string"},
            "gsi1pk": {"type": "string", "required": True},
            "all": {"type": "string", "field": "gsi1sk"},
            "seen": {
                "type": "string",
                "watch": ["gsi1pk", "b"],
                "set": function("(v) => f(v)"),
            },
        },
        of_b={
            "index": "gsi1",
            "projection": ["gsi1pk", "b"],
            "pk": KEY_TEXT,
            "sk": {"field": "gsi1sk", "composite": [], "template": "ALL"},
        },
    )
    result = port_model(source)
    assert list(result.names) == ["id", "b", "seen"] == list(result.entity["attributes"])
    assert result.entity["attributes"]["seen"]["watch"] == ["b"]
    assert result.entity["indexes"]["of_b"]["projection"] == ["b"]
    kinds = {note.place: note.kind for note in result.notes}
    assert kinds == {
        "attributes.gsi1pk": "lost",
        "attributes.all": "lost",
        "attributes.seen.watch": "adapt",
        "attributes.seen.set": "hook",
    }
    app = leyden.load(write_yaml(result), table="t", hooks={"seen_set": lambda v, _: v})
    item = app["thing"].put(id="1", b="X").params()["Item"]
    assert (item["gsi1pk"], item["gsi1sk"]) == ({"S": "b#x"}, {"S": "all"})


def test_an_attribute_that_makes_another_key_than_its_own_field_is_refused() -> None:
    source = model(
        {"a": {"type": "string", "field": "gsi1pk"}, "b": {"type": "string"}},
        of_b={"index": "gsi1", "pk": KEY_TEXT, "sk": {"field": "gsi1sk", "composite": ["a"]}},
    )
    with pytest.raises(ModelError, match=r"attribute\.field_is_key"):
        port_model(source)


@pytest.mark.parametrize(
    "index",
    [
        {"pk": {"field": "b", "composite": ["b"]}, "sk": {"field": "sk", "composite": []}},
        {"pk": {"field": "pk", "composite": ["id"]}},
    ],
)
def test_a_condition_that_keeps_no_item_out_is_left_out(index: dict[str, Any]) -> None:
    index = {"index": "gsi1", "condition": function("(a) => a.b === 'x'"), **index}
    result = port_model(model({"b": {"type": "string"}}, of_b=index))
    assert "when" not in result.entity["indexes"]["of_b"]
    assert [(note.place, note.kind) for note in result.notes] == [
        ("indexes.of_b.condition", "lost")
    ]


def test_short_types_inside_of_containers_are_texts_as_in_electrodb() -> None:
    spec, notes = ported({"type": "map", "properties": {"a": "number", "b": "string"}})
    assert spec == {"type": "map", "properties": {"a": "string", "b": "string"}}
    assert len(notes) == 1
    assert notes[0].startswith("attributes.it.properties.a: a type in short form")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda m: m.pop("model"), "model"),
        (lambda m: m["model"].pop("version"), "model.version"),
        (lambda m: m.update(attributes={}), "attributes"),
        (lambda m: m["attributes"].update(a={"type": "date"}), "attributes.a.type"),
        (lambda m: m["attributes"].update(a=5), "attributes.a"),
        (lambda m: m["attributes"].update(a={"type": "string", "get": 5}), "attributes.a.get"),
        (lambda m: m["indexes"]["own"].pop("pk"), "indexes.own.pk"),
        (lambda m: m["indexes"]["own"]["pk"].update(composite=["no"]), "indexes.own.pk"),
        (lambda m: m["indexes"]["own"]["pk"].update(casing="UP"), "indexes.own.pk.casing"),
        (lambda m: m["indexes"]["own"].update(type="other"), "indexes.own.type"),
    ],
)
def test_what_is_no_model_is_refused_with_its_place(change: Any, place: str) -> None:
    broken = model()
    change(broken)
    with pytest.raises(ModelError) as caught:
        port_model(broken)
    assert caught.value.place == place
    assert str(caught.value).startswith(f"{place}: ")


def test_porting_leaves_the_model_as_it_is() -> None:
    source = model({"a": {"type": "map", "properties": {"b": {"type": "string"}}}})
    before = copy.deepcopy(source)
    port_model(source, snake_case=True)
    assert source == before


def test_callbacks_of_one_service_share_a_name_only_where_they_are_the_same() -> None:
    names = HookNames()
    assert names.name("a_get", "one", "f") == "a_get"
    assert names.name("a_get", "two", "f") == "a_get"
    assert names.name("a_get", "two", "g") == "two_a_get"
    assert names.name("a_get", "two", "h") == "two_a_get_2"


def test_a_service_knows_its_table_and_local_indexes() -> None:
    local = {
        "index": "lsi1",
        "pk": {"field": "pk", "composite": ["id"]},
        "sk": {"field": "lsi1sk", "composite": ["a"]},
    }
    found = FoundModel(model({"a": {"type": "string"}}, by_a=local), alias="someThing", table="t")
    service = port_service([found], snake_case=True)
    assert service.models[0].alias == "some_thing"
    assert service.table == {"table": "t", "indexes": {"lsi1": {"kind": "lsi"}}}
    assert load_service(service.as_dict()).table.indexes["lsi1"].kind == "lsi"


def test_models_of_two_services_are_refused() -> None:
    other = model()
    other["model"] = {**other["model"], "service": "other"}
    with pytest.raises(ModelError, match=r"2 services \(app, other\)"):
        port_service([FoundModel(model()), FoundModel(other)])


def test_names_that_the_api_has_for_itself_are_ported_under_others() -> None:
    source = model({"self": {"type": "string"}, "to_dict": {"type": "string"}})
    source["model"]["entity"] = "items"
    result = port_model(source)
    assert result.alias == "items_"
    spec = load_service(write_yaml(result)).entities["items_"]
    assert spec.entity == "items"
    fields = {name: attribute.field for name, attribute in spec.attributes.items()}
    assert fields == {"id": "id", "self_": "self", "to_dict_": "to_dict"}
