"""Encrypted attributes: their stored form, and how it is bound to its place.

The stored form is binary: a version byte, the length of the key's id and the id, a random nonce,
and the AES-256-GCM ciphertext of the value. The value is the JSON of its AttributeValue, padded
with spaces to a multiple of 32 bytes, so that its length does not tell true from false.

The associated data is the place: service, entity, field, and the item's own key as it is stored. So
a ciphertext that is copied to another item, attribute or entity cannot be decrypted there. But the
item can be restored into another table, and its attribute can get another name in Python.

An encoded value that is not encrypted yet is an `Unsealed` instead of bytes. No request can contain
one, so if code forgets to encrypt a value, it is an error, and the value is not sent.
"""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Callable, Mapping
from decimal import Decimal
from threading import Lock
from typing import Any, Final, TypeAlias

from leyden._attrs import evolve
from leyden.errors import DecryptError, InvalidOptionError, LeydenError
from leyden.mapping.attribute import CompiledAttribute
from leyden.mapping.codec import Codec
from leyden.schema.spec import EntitySpec, ServiceSpec
from leyden.types import portable_text, portable_value
from leyden.types.base import AttributeValue, Item

Keys: TypeAlias = Mapping[str, bytes] | Callable[[], Mapping[str, bytes]]
"""A dict of keys by id, the first of which encrypts, or a function that returns it."""

FORMAT: Final = 1
"""The version of the stored form."""

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
LONGEST_ID: Final = 255
BLOCK: Final = 32
"""Values are padded to a multiple of this many bytes."""


class Unsealed:
    """An encoded value that is not encrypted yet."""

    __slots__ = ("value",)

    def __init__(self, value: AttributeValue) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "<not encrypted yet>"


class Keyring:
    """The keys of a service. A function that returns them is called once, when they are needed."""

    __slots__ = ("_ciphers", "_given", "_lock")

    def __init__(self, given: Keys) -> None:
        self._given = given
        self._lock = Lock()
        self._ciphers: dict[bytes, Any] | None = None
        if not callable(given):
            self._ciphers = _ciphers(given)

    def __repr__(self) -> str:
        return "<keyring>"

    @property
    def ciphers(self) -> Mapping[bytes, Any]:
        """The ciphers by the ids of their keys, the one that encrypts first."""
        with self._lock:
            if self._ciphers is None:
                assert callable(self._given)
                self._ciphers = _ciphers(_given_by(self._given))
        return self._ciphers


def _given_by(function: Callable[[], object]) -> object:
    """Call the caller's function for keys. Raises InvalidOptionError if it fails."""
    try:
        return function()
    except LeydenError:
        raise
    except Exception as error:
        # The exception's text may quote a key, so it stays in the cause.
        raise InvalidOptionError(
            f"the function that returns `encryption_keys` raised {type(error).__name__}"
        ) from error


def _ciphers(keys: object) -> dict[bytes, Any]:
    if not isinstance(keys, Mapping) or not keys:
        raise InvalidOptionError(
            "`encryption_keys` takes a mapping of keys by id, with at least one, or a function "
            f"that returns one, not {'an empty one' if keys == {} else type(keys).__name__}"
        )
    for name, key in keys.items():
        if not isinstance(name, str) or not 0 < len(name.encode()) <= LONGEST_ID:
            raise InvalidOptionError(
                f"an id in `encryption_keys` must be text of 1 to {LONGEST_ID} bytes"
            )
        if not isinstance(key, bytes | bytearray):
            raise InvalidOptionError(
                f'the key "{name}" in `encryption_keys` must be bytes, not {type(key).__name__}'
            )
        if len(key) != KEY_BYTES:
            raise InvalidOptionError(
                f'the key "{name}" in `encryption_keys` must have {KEY_BYTES} bytes, for AES-256, '
                f"not {len(key)}; os.urandom({KEY_BYTES}) makes one"
            )
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        raise InvalidOptionError(
            'encrypted attributes need the package `cryptography`: pip install "leyden[encryption]"'
        ) from error
    return {name.encode(): AESGCM(bytes(key)) for name, key in keys.items()}


def keyring_of(spec: ServiceSpec, keys: Keys | None, operation: str) -> Keyring | None:
    """Return the keyring for a service's encrypted attributes; None if it has none.

    Raises InvalidOptionError for missing or invalid keys.
    """
    encrypted = [
        f'"{entity.alias}.{name}"'
        for entity in spec.entities.values()
        for name, attribute in entity.attributes.items()
        if attribute.encrypt
    ]
    if not encrypted:
        return None
    if keys is None:
        raise InvalidOptionError(
            f"{', '.join(encrypted)} {'is' if len(encrypted) == 1 else 'are'} encrypted: pass the "
            "keys as `encryption_keys={id: 32 bytes}`, the first of which encrypts",
            operation=operation,
        )
    try:
        return Keyring(keys)
    except InvalidOptionError as error:
        error.operation = operation
        raise


class Opened(dict[str, Any]):
    """An item with decrypted values."""

    __slots__ = ()


class Sealer:
    """Encrypts and decrypts the values of an entity's encrypted attributes."""

    __slots__ = ("_key_fields", "_keyring", "_place", "fields")

    def __init__(
        self, spec: EntitySpec, key_fields: tuple[str, ...], keyring: Keyring | None
    ) -> None:
        self.fields = frozenset(a.field for a in spec.attributes.values() if a.encrypt)
        """The fields that are encrypted."""
        self._place = (spec.service, spec.entity)
        self._key_fields = key_fields
        self._keyring = keyring

    @property
    def _ciphers(self) -> Mapping[bytes, Any]:
        if self._keyring is None:
            raise InvalidOptionError(
                f'"{self._place[1]}" has encrypted attributes; pass their keys as '
                "`encryption_keys`",
                entity=self._place[1],
            )
        return self._keyring.ciphers

    def sealed(self, fields: Item, key: Item) -> Item:
        """Encrypt the encoded fields of the item with this key. Call it once per value."""
        if self.fields.isdisjoint(fields):
            return fields
        return {
            field: self.sealed_value(field, value, key) if field in self.fields else value
            for field, value in fields.items()
        }

    def sealed_value(self, field: str, value: AttributeValue, key: Item) -> AttributeValue:
        """Return the stored form of one value."""
        while isinstance(content := value.get("B"), Unsealed):
            value = content.value
        name, cipher = next(iter(self._ciphers.items()))
        text = portable_text(value).encode()
        text = text.ljust(-(-len(text) // BLOCK) * BLOCK)
        head = bytes((FORMAT, len(name))) + name
        nonce = os.urandom(NONCE_BYTES)
        place = self._bound_to(field, head, key)
        return {"B": head + nonce + cipher.encrypt(nonce, text, place)}

    def opened(self, item: Item, key: Item | None = None) -> Item:
        """Return an item with its values decrypted; `key` is the item's key, if the item lacks it.

        Raises DecryptError.
        """
        if item.__class__ is Opened or self.fields.isdisjoint(item):
            return item
        return Opened(
            {
                field: self._opened_value(field, value, {**(key or {}), **item})
                if field in self.fields
                else value
                for field, value in item.items()
            }
        )

    def _opened_value(self, field: str, value: AttributeValue, item: Item) -> AttributeValue:
        if "NULL" in value:
            return value
        stored = value.get("B")
        content = bytes(stored) if isinstance(stored, bytes | bytearray | memoryview) else b""
        start = 2 + (content[1] if len(content) > 1 else 0)
        if not content or content[0] != FORMAT or len(content) < start + NONCE_BYTES + TAG_BYTES:
            raise self._unreadable(
                field,
                "is not stored as an encrypted value: it was written without encryption, by "
                "another program or by a later version",
            )
        head, nonce = content[:start], content[start : start + NONCE_BYTES]
        cipher = self._ciphers.get(head[2:])
        if cipher is None:
            raise self._unreadable(
                field, "is encrypted with a key that is not in `encryption_keys`", head[2:]
            )
        from cryptography.exceptions import InvalidTag

        try:
            place = self._bound_to(field, head, item)
        except KeyError:
            raise self._unreadable(
                field, "cannot be decrypted without the item's own key", head[2:]
            ) from None
        try:
            return portable_value(cipher.decrypt(nonce, content[start + NONCE_BYTES :], place))
        except (InvalidTag, ValueError):
            raise self._unreadable(
                field,
                "cannot be decrypted: its key is another one, or it was changed, or moved here "
                "from another item or attribute",
                head[2:],
            ) from None

    def _unreadable(self, field: str, reason: str, name: bytes | None = None) -> DecryptError:
        return DecryptError(
            f'the stored field "{field}" {reason}',
            field=field,
            key_id=None if name is None else name.decode(errors="replace"),
            entity=self._place[1],
        )

    def _bound_to(self, field: str, head: bytes, item: Item) -> bytes:
        """Return the associated data of a ciphertext. Raises KeyError if the item lacks its key."""
        key = [_portable_key(name, item[name]) for name in self._key_fields]
        place = json.dumps([*self._place, field, key], separators=(",", ":"))
        return head + place.encode()


def _portable_key(name: str, value: AttributeValue) -> list[str]:
    ((kind, content),) = value.items()
    if kind == "N":
        # DynamoDB may return a number in another notation than it was sent.
        content = str(Decimal(content).normalize())
    elif kind == "B":
        content = b64encode(bytes(content)).decode()
    return [name, kind, content]


def seal_codec(
    codec: Codec,
    attributes: Mapping[str, CompiledAttribute],
    sealer: Sealer,
    own_key: Callable[[Mapping[str, Any]], Item],
) -> Codec:
    """Return the codec of an entity with encrypted attributes.

    Encoding a whole item encrypts it, with the item's key, which `own_key` builds from its values.
    Encoding a single value does not, because the item's key is unknown there; see `Sealer.sealed`.
    """
    for attribute in attributes.values():
        if attribute.spec.encrypt:
            attribute.encode = _unsealed(attribute.encode)

    def encode(values: Mapping[str, Any]) -> Item:
        item = codec.encode(values)
        if sealer.fields.isdisjoint(item):
            return item
        for field in sealer.fields.intersection(item):
            item[field] = {"B": Unsealed(item[field])}
        return sealer.sealed(item, own_key(values))

    def decode(item: Item, deferred: bool = False) -> Any:
        return codec.decode(sealer.opened(item), deferred)

    def decode_values(item: Item) -> dict[str, Any]:
        return codec.decode_values(sealer.opened(item))

    return evolve(codec, encode=encode, decode=decode, decode_values=decode_values)


def _unsealed(encode: Callable[[Any], AttributeValue]) -> Callable[[Any], AttributeValue]:
    return lambda value: {"B": Unsealed(encode(value))}
