"""Which partition keys belong to a tenant, as patterns for `dynamodb:LeadingKeys`.

A policy lets a tenant work on the keys that begin with its own name. That keeps tenants apart only
if no other tenant's key begins the same way. `tenant_keys` proves this for the schemas, or refuses
them and names what is in the way:

- Two names must not become the same text, so there may be no casing that folds letters and no
  padding.
- The text that ends the name in a key, mostly `#`, must not occur in any name. Otherwise the items
  of a tenant `a#ticket_id_1` would be among those of the tenant `a`. The same applies to what ends
  it in other keys with the same beginning: the name `a#ticket_id_1` may be a whole key, too.
- No other key in the same field may look like a tenant's. An index reads a field of all items,
  whichever entity wrote it, so this check goes by fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from leyden._attrs import frozen
from leyden._text import did_you_mean, listed, quoted
from leyden.errors import InvalidOptionError
from leyden.keys import KeyForm, entity_keys
from leyden.operations.companions.overflow.format import PART_PREFIX
from leyden.operations.companions.unique import GUARD_SORT_KEY, guard_form
from leyden.schema import AttributeSpec, EntitySpec, ServiceSpec, may_hold

__all__ = ["Leading", "TenantKeys", "tenant_keys"]

_ESCAPE: Final = "$"
"""Strict keys escape each character up to this one, with this one in front."""
_ESCAPED: Final = frozenset(' !"#$')
"""The printable characters among those."""


@frozen
class Leading:
    """Keys that begin with a tenant: `before`, its name, `after`, and more text if `goes_on`."""

    before: str
    after: str
    goes_on: bool


@frozen
class TenantKeys:
    """The partition keys of a tenant, in the table and in each index by name.

    `left_out` has the access patterns whose keys the tenant does not lead, each with the reason.
    `excluded` has the characters that no tenant's name may contain, or tenants could meet.
    """

    table: tuple[Leading, ...]
    indexes: dict[str, tuple[Leading, ...]]
    left_out: tuple[str, ...]
    excluded: tuple[str, ...]


@frozen
class _Keys:
    """The texts that one key form writes into a field.

    They begin with `begins`, and consist of nothing else if `is_whole`. If the tenant's name comes
    next, `leading` says how they continue; otherwise it is None. `attribute` holds the name, `fold`
    is how its letters are folded, and `is_strict` means that it is escaped.
    """

    field: str
    begins: str
    is_whole: bool = False
    leading: Leading | None = None
    attribute: AttributeSpec | None = None
    fold: str | None = None
    is_strict: bool = False

    def may_be_of(self, leading: Leading) -> bool:
        """Return whether such a text may happen to begin as the keys of `leading` do."""
        if self.begins.startswith(leading.before):
            return True
        return not self.is_whole and leading.before.startswith(self.begins)

    @property
    def loose(self) -> str | None:
        """Why two names may become one text here; None if names are in the key unchanged."""
        if self.attribute is None or self.is_strict:
            return None
        if self.attribute.padding is not None:
            return "is padded, so that two tenants may have one key"
        if self.fold and _is_folded(self.attribute, self.fold):
            return (
                f"is folded to {self.fold} case, so that two tenants may have one key; say "
                f"`casing: none`, or `normalize: [{self.fold}]` of the attribute"
            )
        return None

    def may_hold(self, char: str) -> bool:
        """Return whether a name's text may contain a character here."""
        spec = self.attribute
        if spec is None:
            return False
        if self.is_strict:
            return char >= _ESCAPE
        if spec.values:
            return any(char in value for value in spec.values)
        if "digits" in spec.normalize:
            return char.isdigit()
        return spec.pattern is None or spec.set is not None or may_hold(spec.pattern, char)


def tenant_keys(service: ServiceSpec, tenant: str, *, writes: bool = True) -> TenantKeys:
    """Return the keys of a tenant, whose name is in the attribute `tenant` of every entity.

    With `writes`, they include the keys that only writes need: the guards of unique values.

    Raises InvalidOptionError, with every reason, if these schemas cannot keep tenants apart.
    """
    faults: list[str] = []
    for entity in service.entities.values():
        spec = entity.attributes.get(tenant)
        if spec is None:
            hint = did_you_mean(tenant, entity.attributes)
            faults.append(f"{quoted(entity.alias)} has no attribute {quoted(tenant)}{hint}")
        elif spec.type not in ("string", "enum"):
            said = f"is of type {spec.type}, and a tenant's name is text: a string or an enum"
            faults.append(f"{entity.alias}.{tenant} {said}")
    if faults:
        raise _refusal(tenant, faults)
    written: list[_Keys] = []
    led: dict[str | None, list[_Keys]] = {None: []}
    left_out: list[str] = []
    for entity in service.entities.values():
        written += _written(entity, tenant)
    for entity in service.entities.values():
        for place, index, keys in _led(entity, tenant, writes):
            why = _why_not(keys, written, tenant)
            if why is not None:
                (faults if index is None else left_out).append(f"{place}: {why}")
            elif keys is not None:
                led.setdefault(index, []).append(keys)
    if faults:
        raise _refusal(tenant, faults)
    allowed = {(keys.field, keys.begins) for some in led.values() for keys in some}
    # Keys that are left out may begin the same way, but end the name with another character.
    alike = [keys for keys in written if (keys.field, keys.begins) in allowed]
    ends = {keys.leading.after[0] for keys in alike if keys.leading and keys.leading.after}
    strict = _ESCAPED if any(keys.is_strict for keys in alike) else frozenset()
    return TenantKeys(
        _leading(led[None]),
        {name: _leading(some) for name, some in led.items() if name is not None},
        tuple(left_out),
        tuple(sorted(ends | strict)),
    )


def _refusal(tenant: str, faults: list[str]) -> InvalidOptionError:
    said = "".join(f"\n- {fault}" for fault in faults)
    return InvalidOptionError(f"the tenants in {quoted(tenant)} cannot be kept apart:{said}")


def _leading(some: list[_Keys]) -> tuple[Leading, ...]:
    return tuple(dict.fromkeys(keys.leading for keys in some if keys.leading is not None))


def _led(
    entity: EntitySpec, tenant: str, writes: bool
) -> Iterator[tuple[str, str | None, _Keys | None]]:
    """Yield the keys that a tenant must lead: a description, the index, and the key.

    The index is None for the table's own key. The key is None if it has several attributes.
    """
    for name, keys in entity_keys(entity).items():
        index = keys.spec.index
        said = f" on the index {index}" if index is not None else ", the table's own key"
        made = None if keys.pk is None else _keys_of(keys.pk, tenant)
        yield f"{entity.alias}.{name}{said}", index, made
    for names in entity.unique if writes else ():
        order = ", ".join(one.field for one in guard_form(entity, names)[1])
        place = f"unique {listed(names)} of {quoted(entity.alias)}"
        yield f"{place}, whose guards have a key of {order}", None, _guards(entity, names, tenant)


def _written(entity: EntitySpec, tenant: str) -> Iterator[_Keys]:
    """Yield everything that an entity's items have in key fields and in attributes' fields."""
    keys = entity_keys(entity)
    fields = set()
    for one in keys.values():
        for form in one.forms:
            fields.add(form.field)
            yield _keys_of(form, tenant)
    for spec in entity.attributes.values():
        if spec.field not in fields:
            leading = Leading("", "", False) if spec.name == tenant else None
            yield _Keys(spec.field, "", False, leading, spec if leading else None)
    primary = keys.primary
    for names in entity.unique:
        yield _guards(entity, names, tenant)
        if primary.sk is not None:
            yield _Keys(primary.sk.field, GUARD_SORT_KEY, True)
    if primary.sk is not None and any(one.overflow for one in entity.attributes.values()):
        # The parts of an item share its partition key.
        yield _Keys(primary.sk.field, PART_PREFIX)


def _keys_of(form: KeyForm, tenant: str) -> _Keys:
    fold = form.fold or str
    ending = fold(form.suffix + form.postfix)
    if not form.segments:
        return _Keys(form.field, fold(form.prefix) + ending, True)
    first, *others = form.segments
    begins = fold(form.prefix + first.label)
    if first.name != tenant or form.numeric:
        return _Keys(form.field, begins)
    after = fold(others[0].label) if others else ending
    casing = {"default": "lower", "none": None}.get(form.casing, form.casing)
    return _Keys(
        form.field,
        begins,
        False,
        Leading(begins, after, bool(others)),
        first.attribute,
        None if form.fold is None else casing,
        form.strict and not form.bare,
    )


def _guards(entity: EntitySpec, names: tuple[str, ...], tenant: str) -> _Keys:
    """Return the partition keys of a constraint's guards, which are written as strict keys are."""
    begins, attributes = guard_form(entity, names)
    field = entity.primary.pk.field
    # Guards order the attributes by their fields' names, not as the constraint lists them.
    first, *others = attributes
    if first.name != tenant:
        return _Keys(field, begins)
    leading = Leading(begins, "#" if others else "", bool(others))
    return _Keys(field, begins, False, leading, first, None, True)


def _why_not(keys: _Keys | None, written: list[_Keys], tenant: str) -> str | None:
    """Return why a tenant cannot be allowed these keys, or None if it can."""
    if keys is None:
        return "it has a partition key of several attributes"
    leading = keys.leading
    if leading is None:
        return f"{tenant} does not lead its partition key"
    if keys.loose:
        return f"{tenant} {keys.loose}"
    if leading.goes_on and not leading.after:
        return f"no text separates {tenant} from what follows it in the key"
    for other in written:
        if other.field != keys.field or not other.may_be_of(leading):
            continue
        if other.leading is None or other.begins != keys.begins:
            how = f"begin with {quoted(other.begins)}" if other.begins else "are any text"
            return f"other values in its field {quoted(keys.field)} {how}, as a tenant's may be"
        if other.loose:
            return f"{tenant} {other.loose}"
        if other.leading.goes_on and not other.leading.after:
            return f"no text separates {tenant} from what follows it in other such keys"
        for end, there in ((leading.after[:1], other), (other.leading.after[:1], keys)):
            if end and there.may_hold(end):
                which = "the key" if there is other else "other such keys"
                return (
                    f"{tenant} may hold {quoted(end)}, which ends it in {which}; give it a "
                    "`pattern` in every entity, such as ^[a-z0-9-]+$, or say `keys: strict`"
                )
    return None


def _is_folded(spec: AttributeSpec, fold: str) -> bool:
    """Return whether a key may hold a name in other letters than the attribute does."""
    if fold in spec.normalize or "digits" in spec.normalize:
        return False
    if spec.values:
        return any(getattr(value, fold)() != value for value in spec.values)
    return spec.pattern is None or spec.set is not None or may_hold(spec.pattern, _changed(fold))


@lru_cache
def _changed(fold: str) -> frozenset[str]:
    """Return the characters that a fold changes."""
    every = map(chr, range(0x110000))
    return frozenset(char for char in every if getattr(char, fold)() != char)
