"""Finding models in JSON files and in JavaScript modules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leyden.errors import EngineError, LeydenError
from leyden.porting import ModelError, NodeError, port_service, read_models
from tests.interop.node_process import node_folder

MODEL: dict[str, Any] = {
    "model": {"entity": "thing", "version": "1", "service": "app"},
    "attributes": {"id": {"type": "string"}},
    "indexes": {"own": {"pk": {"field": "pk", "composite": ["id"]}}},
}


def written(folder: Path, name: str, content: Any) -> Path:
    file = folder / name
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("content", "exports", "aliases"),
    [
        (MODEL, [()], [None]),
        ([MODEL, MODEL], [("0",), ("1",)], [None, None]),
        ({"things": {"task": MODEL}}, [("things.task",)], ["task"]),
    ],
)
def test_models_are_found_wherever_they_are_in_json(
    tmp_path: Path, content: Any, exports: Any, aliases: Any
) -> None:
    models = read_models(written(tmp_path, "m.json", content)).models
    assert [model.exports for model in models] == exports
    assert [model.alias for model in models] == aliases
    assert all(model.entity == "thing" for model in models)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"m\.json:1:2: is not JSON"),
        ("[]", "contains no ElectroDB model"),
        ("5", "contains no"),
    ],
)
def test_a_file_without_models_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read_models(written(tmp_path, "m.json", content))
    with pytest.raises(ModelError, match="no such file"):
        read_models(tmp_path / "other.json")


def test_models_are_chosen_by_export_service_alias_or_entity(tmp_path: Path) -> None:
    other = {**MODEL, "model": {**MODEL["model"], "entity": "other"}}
    found = read_models(written(tmp_path, "m.json", {"app": {"a": MODEL, "b": other}}))
    first, second = found.models
    assert found.choose([]) == (first, second)
    assert found.choose(["app.b"]) == found.choose(["b"]) == found.choose(["other"]) == (second,)
    assert found.choose(["b", "app"]) == (first, second)
    with pytest.raises(ModelError, match=r'no model "app\.c"; did you mean "app\.[ab]"'):
        found.choose(["app.c"])


def test_a_module_needs_node_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NodeError, match="only Node") as caught:
        read_models(written(tmp_path, "m.mjs", "export const a = 1"))
    assert isinstance(caught.value, LeydenError)
    assert isinstance(caught.value, EngineError)


ENTITIES = """
const { Entity, Service, CustomAttributeType } = require("electrodb");
console.log("a module may print");
const model = {
  model: { entity: "task", version: "1", service: "app" },
  attributes: {
    id: { type: "string", validate: /^t/i },
    kind: { type: CustomAttributeType("string") },
    total: { type: "number", get: (value) => value * 2 },
    tags: { type: "set", items: "string", default: new Set(["a"]) },
  },
  indexes: {
    own: { pk: { field: "pk", composite: ["id"] }, sk: { field: "id", composite: ["id"] } },
  },
};
const task = new Entity(model, { table: "tasks" });
exports.app = new Service({ item: task });
exports.Task = task;
exports.plain = { ...model, model: { ...model.model, entity: "plain" } };
exports.make = () => task;
"""


@pytest.mark.node
def test_entities_services_and_models_are_found_in_a_commonjs_module(tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to((node_folder() / "node_modules").resolve())
    found = read_models(written(tmp_path, "m.cjs", ENTITIES))
    task, plain = found.models
    assert set(task.exports) == {"app.item", "Task"}
    assert (task.alias, task.table, task.identifiers) == ("item", "tasks", ())
    assert (plain.exports, plain.alias, plain.entity) == (("plain",), None, "plain")
    assert found.functions == ("make",)
    (ported,) = port_service([task]).models
    attributes = ported.entity["attributes"]
    assert attributes["id"] == {"type": "string", "pattern": "(?i)^t"}
    assert attributes["kind"] == "string"
    assert attributes["tags"]["default"] == ["a"]
    assert ported.hooks == {"total_get": "(value) => value * 2"}
    # ElectroDB itself has put `facets` beside `composite`; nothing of that is to be seen.
    assert ported.entity["indexes"]["own"]["sk"] == {"field": "id", "composite": ["id"]}


@pytest.mark.node
def test_other_fields_for_identifiers_are_carried_over(tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to((node_folder() / "node_modules").resolve())
    text = f"""
      import {{ Entity }} from "electrodb";
      const identifiers = {{ entity: "e", version: "v" }};
      export default new Entity({json.dumps(MODEL)}, {{ table: "t", identifiers }});
    """
    (model,) = read_models(written(tmp_path, "m.mjs", text)).models
    assert (model.exports, model.identifiers) == (("default",), ("e", "v"))
    (ported,) = port_service([model]).models
    assert ported.notes == ()
    assert ported.entity["identifiers"] == {"entity": "e", "version": "v"}


@pytest.mark.node
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import 'no-such-package'", r"no-such-package.*install the packages that it imports"),
        ("throw new Error('broken here')", "cannot be loaded by Node.js: broken here"),
        ("export const make = () => 1", r"exports functions \(make\)"),
        ("export const a = 1", "exports no ElectroDB model"),
        ("process.exit(3)", "ended Node.js with code 3"),
        (
            "export const odd = new Proxy({}, {get() { throw new Error('not me') }})",
            'its export "odd" cannot be looked at: not me',
        ),
    ],
)
def test_a_module_that_gives_no_models_says_why(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LeydenError, match=message):
        read_models(written(tmp_path, "m.mjs", text))


@pytest.mark.node
def test_typescript_that_node_does_not_read_is_to_be_compiled(tmp_path: Path) -> None:
    file = written(tmp_path, "m.ts", "enum Kind { A }\nexport const a: Kind = Kind.A;")
    with pytest.raises(NodeError, match="compile it to JavaScript first"):
        read_models(file)


@pytest.mark.node
def test_what_json_does_not_have_is_marked(tmp_path: Path) -> None:
    text = f"""
      const model = {json.dumps(MODEL)};
      model.attributes.a = {{ type: Symbol("opaque"), get() {{ return 1; }} }};
      model.attributes.b = {{ type: "any", default: 5n, circle: model }};
      export {{ model }};
    """
    (found,) = read_models(written(tmp_path, "m.mjs", text)).models
    attributes = found.model["attributes"]
    assert attributes["a"] == {
        "type": {"$symbol": "opaque"}, "get": {"$function": "get() { return 1; }"}
    }  # fmt: skip
    assert attributes["b"] == {
        "type": "any", "default": {"$number": "5"}, "circle": {"$circular": True}
    }  # fmt: skip
