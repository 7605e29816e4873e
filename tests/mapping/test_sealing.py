"""Encrypted attributes: they round trip, no plaintext is in the item, and nothing else decrypts."""

from __future__ import annotations

import json
import pickle
import sys
import threading
from collections.abc import Mapping
from typing import Any

import attrs
import pydantic
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

import leyden
from leyden._attrs import evolve
from leyden.errors import DecodeError, DecryptError, InvalidExpressionError, InvalidOptionError
from leyden.mapping import EntityMapping, compile_entity
from leyden.mapping.sealing import BLOCK, KEY_BYTES, Keyring, Unsealed, keyring_of
from leyden.schema.spec import AttributeSpec, ServiceSpec
from leyden.types import portable_text
from tests.mapping.schemas import entity
from tests.mapping.strategies import attribute_specs, values_of

OLD, NEW, OTHER = (bytes([n]) * KEY_BYTES for n in range(3))
SECRET = {"type": "string", "encrypt": True, "field": "s"}
SECRETS = {"secret": SECRET, "second": {"type": "string", "encrypt": True}, "name": "string"}


def compiled(keys: Mapping[str, bytes] | None = None, **attributes: Any) -> EntityMapping:
    keyring = Keyring({"old": OLD} if keys is None else keys)
    return compile_entity(entity(attributes or SECRETS), keyring=keyring)


def stored(mapping: EntityMapping, **values: Any) -> dict[str, Any]:
    accepted = mapping.prepare_create({"id": "1", **values})
    return {**mapping.encode(accepted), **mapping.primary_key(accepted)}


def of(spec: AttributeSpec) -> EntityMapping:
    made = entity({"x": "string"})
    spec = evolve(spec, encrypt=True)
    whole = evolve(made, attributes={**made.attributes, "x": spec})
    return compile_entity(whole, keyring=Keyring({"old": OLD}))


@given(st.data(), attribute_specs())
def test_values_of_every_type_come_back_and_are_not_in_the_item(
    data: st.DataObject, spec: AttributeSpec
) -> None:
    assume(spec.type not in ("vector", "ttl"))
    mapping = of(spec)
    value = mapping.attributes["x"].accept(data.draw(values_of(spec)))
    assume(value is not None)
    item = stored(mapping, x=value)
    (kind,) = item["xF"]
    assert kind == "B"
    plain = compile_entity(evolve(mapping.spec, attributes={**mapping.spec.attributes, "x": spec}))
    text = portable_text(plain.attributes["x"].encode(value)).encode()
    assert text not in item["xF"]["B"]
    assert (len(item["xF"]["B"]) - 5 - 12 - 16) % BLOCK == 0
    assert mapping.decode_values(item)["x"] == value
    shown = plain.decode({**item, "xF": plain.attributes["x"].encode(value)})
    assert shown.to_dict() == mapping.decode(item).to_dict()


@given(st.text(min_size=1), st.integers(0, 10_000), st.integers(0, 7))
def test_a_flipped_bit_anywhere_is_refused(text: str, place: int, bit: int) -> None:
    mapping = compiled()
    item = stored(mapping, secret=text)
    content = bytearray(item["s"]["B"])
    content[place % len(content)] ^= 1 << bit
    with pytest.raises(DecryptError) as raised:
        mapping.decode({**item, "s": {"B": bytes(content)}})
    assert raised.value.field == "s"
    assert raised.value.code == "item.not_decrypted"


def test_a_value_is_of_its_item_its_attribute_and_its_entity_alone() -> None:
    mapping = compiled()
    item = stored(mapping, secret="swordfish", second="other")
    moved = [
        {**stored(mapping, name="x"), "id": {"S": "2"}, "pk": {"S": "$app#id_2"}, "s": item["s"]},
        {**item, "second": item["s"]},
        {**item, "sk": {"S": "$thing_2"}},
    ]
    for wrong in moved:
        with pytest.raises(DecryptError, match="cannot be decrypted") as raised:
            mapping.decode(wrong)
        assert "swordfish" not in str(raised.value)
    for change in ({"entity": "another"}, {"service": "another"}):
        stranger = EntityMapping(evolve(mapping.spec, **change), {}, Keyring({"old": OLD}))
        with pytest.raises(DecryptError):
            stranger.decode(item)
    renamed = compiled(wanted={**SECRET}, second=SECRETS["second"], name="string")
    assert renamed.decode(item).wanted == "swordfish"


def test_keys_are_found_by_their_ids_and_the_first_one_writes() -> None:
    before, after = compiled(), compiled({"new": NEW, "old": OLD})
    item = stored(before, secret="x")
    assert after.decode(item).secret == "x"
    rewritten = stored(after, secret=after.decode(item).secret)
    assert after.decode(rewritten).secret == "x"
    with pytest.raises(DecryptError, match="not in `encryption_keys`") as raised:
        before.decode(rewritten)
    assert raised.value.key_id == "new"
    assert pickle.loads(pickle.dumps(raised.value)).key_id == "new"
    with pytest.raises(DecryptError, match="its key is another one"):
        compiled({"old": OTHER}).decode(item)


@pytest.mark.parametrize(
    "value", [{"S": "plain"}, {"B": b"plain"}, {"B": b""}, {"B": b"\x02\x03old"}, {"N": "1"}]
)
def test_a_value_that_is_not_encrypted_is_never_taken_for_one(value: dict[str, Any]) -> None:
    mapping = compiled()
    with pytest.raises(DecryptError, match="not stored as an encrypted value") as raised:
        mapping.decode({**stored(mapping, name="x"), "s": value})
    assert "plain" not in str(raised.value)
    assert raised.value.key_id is None


def test_without_the_items_key_nothing_is_decrypted() -> None:
    mapping = compiled()
    item = stored(mapping, secret="x")
    del item["pk"]
    with pytest.raises(DecryptError, match="without the item's own key"):
        mapping.decode(item)


def test_the_same_value_is_stored_as_something_else_each_time() -> None:
    mapping = compiled(secret={"type": "boolean", "encrypt": True})
    items = [stored(mapping, secret=truth) for truth in (True, True, False)]
    contents = [item["secret"]["B"] for item in items]
    assert len({*contents}) == 3
    assert len({*map(len, contents)}) == 1


def test_what_is_not_sealed_cannot_be_sent() -> None:
    encoded = compiled().attributes["secret"].encode("swordfish")
    assert isinstance(encoded["B"], Unsealed)
    assert "swordfish" not in repr(encoded)
    with pytest.raises(TypeError):
        bytes(encoded["B"])
    with pytest.raises(TypeError):
        json.dumps(encoded)


def test_a_record_shows_no_encrypted_value_in_its_repr() -> None:
    record = compiled().decode(stored(compiled(), secret="swordfish", name="Ada"))
    assert repr(record) == "Thing(id='1', secret=<encrypted>, name='Ada')"
    assert record.to_dict() == {"id": "1", "secret": "swordfish", "name": "Ada"}
    assert attrs.evolve(record, name="Bea").secret == "swordfish"
    # As rich prints attrs classes, in tracebacks with their local variables for one.
    assert "swordfish" not in pretty_repr([record])
    assert "secret=<encrypted>" in pretty_repr([record])


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (None, r'"thing\.secret", "thing\.second" are encrypted: pass the keys'),
        ({}, "not an empty one"),
        ([OLD], "not list"),
        ({"": OLD}, "1 to 255 bytes"),
        ({1: OLD}, "1 to 255 bytes"),
        ({"x" * 256: OLD}, "1 to 255 bytes"),
        ({"a": "x" * 32}, "must be bytes, not str"),
        ({"a": b"x" * 16}, "must have 32 bytes, for AES-256, not 16"),
        ({"a": OLD, "b": b"x" * 24}, '"b" in `encryption_keys` must have 32 bytes'),
    ],
)
def test_keys_that_cannot_be_are_refused(keys: Any, said: str) -> None:
    service = ServiceSpec("app", {"thing": entity(SECRETS)})
    with pytest.raises(InvalidOptionError, match=said) as raised:
        keyring_of(service, keys, "load")
    assert raised.value.operation == "load"
    assert "xxxx" not in str(raised.value)


def test_a_function_gives_the_keys_once_when_they_are_needed() -> None:
    asked: list[int] = []

    def keys() -> dict[str, bytes]:
        asked.append(1)
        return {"old": OLD}

    service = ServiceSpec("app", {"thing": entity(SECRETS)})
    mapping = compile_entity(service.entities["thing"], keyring=keyring_of(service, keys, "load"))
    item = stored(mapping, name="x")
    assert asked == []
    item = stored(mapping, secret="x")
    assert mapping.decode(item).secret == "x"
    assert asked == [1]
    assert keyring_of(ServiceSpec("app", {"thing": entity({"name": "string"})}), None, "") is None


def test_a_function_that_fails_is_told_without_its_text_and_asked_again() -> None:
    answers: list[Any] = [RuntimeError("key is swordfish"), {"old": OLD}]

    def keys() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    mapping = compile_entity(entity(SECRETS), keyring=Keyring(keys))
    with pytest.raises(InvalidOptionError, match="raised RuntimeError") as raised:
        stored(mapping, secret="x")
    assert "swordfish" not in str(raised.value)
    assert isinstance(raised.value.__cause__, RuntimeError)
    assert mapping.decode(stored(mapping, secret="x")).secret == "x"


def test_threads_that_need_the_first_value_at_once_encrypt_it_once() -> None:
    for _ in range(20):
        mapping = compiled()
        sealer, key = mapping.sealer, {"pk": {"S": "a"}, "sk": {"S": "b"}}
        assert sealer is not None
        barrier = threading.Barrier(4)
        found: list[Any] = []

        def run(mapping: Any = mapping, barrier: Any = barrier, found: Any = found) -> None:
            barrier.wait()
            mapping._write_codec()
            found.append(mapping.attributes["secret"].encode("x"))

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for encoded in found:
            sealed = sealer.sealed({"s": encoded}, key)
            assert sealer.opened({**sealed, **key})["s"] == {"S": "x"}


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    service = ServiceSpec("app", {"thing": entity(SECRETS)})
    with pytest.raises(InvalidOptionError, match=r"leyden\[encryption\]"):
        keyring_of(service, {"old": OLD}, "load")


def test_without_keys_a_mapping_works_until_a_value_is_needed() -> None:
    mapping = compile_entity(entity(SECRETS))
    assert mapping.decode(stored(mapping, name="x")).name == "x"
    with pytest.raises(InvalidOptionError, match="pass their keys as `encryption_keys`"):
        stored(mapping, secret="x")


CLINIC = """
entity: patient
version: "1"
service: clinic
attributes:
  id: {type: string, required: true}
  name: string
  secret: {type: string, encrypt: true}
  mail: {type: string, encrypt: true}
  both: {type: string, encrypt: true, derive: "join(' ', [secret, mail])"}
  doc: {type: map, encrypt: true, properties: {a: integer}}
  count: {type: number, encrypt: true}
indexes:
  by_id: {pk: {field: pk, composite: [id]}, sk: {field: sk, composite: []}}
"""


@pytest.fixture(scope="module")
def patient() -> leyden.Entity:
    app = leyden.load(CLINIC, table="t", region="us-east-1", encryption_keys={"old": OLD})
    return app.entities.patient


REFUSED: dict[str, Any] = {
    "equal": lambda p: p.attr.secret == "x",
    "order": lambda p: p.attr.count > 3,
    "between": lambda p: p.attr.count.between(1, 2),
    "is in": lambda p: p.attr.secret.is_in("x"),
    "begins": lambda p: p.attr.secret.begins("x"),
    "contains": lambda p: p.attr.secret.contains("x"),
    "size": lambda p: p.attr.secret.size() > 3,
    "type": lambda p: p.attr.secret.is_type("S"),
    "part": lambda p: p.attr.doc["a"] == 1,
    "as operand": lambda p: p.attr.name == p.attr.secret,
    "sum": lambda p: p.attr.count + 1,
    "else": lambda p: p.attr.secret | "x",
    "found": lambda p: p.find(secret="x").params(),
    "matched": lambda p: p.match(secret="x").params(),
    "set part": lambda p: p.patch(id="1").set({"doc.a": 1}),
    "add": lambda p: p.patch(id="1").add(count=1),
    "subtract": lambda p: p.patch(id="1").subtract(count=1),
    "upsert add": lambda p: p.upsert(id="1").add(count=1),
    "composite": lambda p: p.patch(id="1").set(name="x").composite(secret="x"),
    "copied": lambda p: p.patch(id="1").set(name=p.attr.secret),
    "copied there": lambda p: p.patch(id="1").set(secret=p.attr.name),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_table_would_have_to_read_is_refused(patient: leyden.Entity, name: str) -> None:
    with pytest.raises(InvalidExpressionError, match="encrypted") as raised:
        REFUSED[name](patient)
    assert '"x"' not in str(raised.value)


def test_pynamodbs_model_is_refused(patient: leyden.Entity) -> None:
    with pytest.raises(leyden.errors.InputError, match="encrypted"):
        _ = patient.model


def test_no_request_holds_a_plain_value(patient: leyden.Entity) -> None:
    values = {"secret": "swordfish", "mail": "shellfish"}
    record = patient.parse(patient.put(id="1", **values).params()["Item"])
    assert record.both == "swordfish shellfish"
    exists = patient.attr.secret.exists() & patient.attr.mail.does_not_exist()
    requests = [
        patient.put(id="1", **values),
        patient.create(id="1", **values).where(exists),
        patient.upsert(id="1", **values),
        patient.update(id="1").set(**values),
        patient.patch(id="1").if_not_exists(doc={"a": 77}).set(**values),
        patient.patch(attrs.evolve(record, name="x"), **values),
        patient.put([{"id": "1", **values}]),
    ]
    for write in requests:
        said = f"{write.params()} {write.explain()}"
        assert "fish" not in said
        assert "'77'" not in said
        assert "not encrypted" not in said


def test_a_patch_by_a_record_sends_what_differs_in_python(patient: leyden.Entity) -> None:
    item = patient.put(id="1", secret="a", mail="b", name="n").params()["Item"]
    record = patient.parse(item)
    names = patient.patch(attrs.evolve(record, name="m")).params()["ExpressionAttributeNames"]
    assert not {"secret", "mail", "both"} & set(names.values())
    with pytest.raises(leyden.errors.MissingCompositeError, match='reads "mail"') as raised:
        patient.patch(attrs.evolve(record, secret="c")).params()
    assert "even if the stored value stays" in str(raised.value)
    bare = patient.patch(id="1").set(secret="c").composite(mail=None)
    with pytest.raises(leyden.errors.ValidationError, match=r"join\(\)"):
        bare.params()
    both = patient.patch(record).set(secret="c", mail="b").params()
    assert {"secret", "both"} <= set(both["ExpressionAttributeNames"].values())


def test_errors_of_constraints_and_of_decoding_hold_no_contents(patient: leyden.Entity) -> None:
    item = patient.put(id="1", secret="swordfish", mail="x").params()["Item"]
    stranger = leyden.load(CLINIC, table="t", region="us-east-1", encryption_keys={"old": NEW})
    with pytest.raises(DecodeError) as raised:
        stranger.entities.patient.parse(item)
    assert raised.value.key == {"pk": item["pk"], "sk": item["sk"]}
    assert "swordfish" not in f"{raised.value} {raised.value!r}"


@pytest.mark.parametrize(("watch", "shown"), [("[secret]", False), ('"*"', False), ("[id]", True)])
def test_what_a_get_hook_makes_of_an_encrypted_value_is_not_printed(
    watch: str, shown: bool
) -> None:
    name = f"name: {{type: string, watch: {watch}, get: {{call: f}}}}"
    hooks = {"f": lambda name, values: f"{name} {values.get('secret')}"}
    app = leyden.load(
        CLINIC.replace("name: string", name), table="t", encryption_keys={"old": OLD}, hooks=hooks
    )
    item = app["patient"].put(id="1", secret="s", mail="m", name="n").params()["Item"]
    record = app["patient"].parse(item)
    assert ("name=<encrypted>" not in repr(record)) is shown
    # A hook is called with everything; what it reads without watching it, nobody can know.
    assert ("n s" in f"{record!r} {pretty_repr(record)}") is shown


@pytest.mark.parametrize(
    "body",
    [
        {"id": "1", "secret": ["swordfish"]},
        {"id": "1", "name": 5, "secret": "swordfish"},
        {"secret": "swordfish"},
        {"id": "1", "secert": "swordfish"},
    ],
)
def test_pydantics_errors_show_no_encrypted_value(
    patient: leyden.Entity, body: dict[str, Any]
) -> None:
    with pytest.raises(pydantic.ValidationError) as raised:
        pydantic.TypeAdapter(patient.record).validate_python(body)
    assert "swordfish" not in f"{raised.value} {raised.value.errors()}"
