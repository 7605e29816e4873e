"""Compare access patterns: the keys of stored items, and what queries find."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from leyden._text import listed
from leyden.diff.changes import (
    BACKFILL,
    COLLIDE,
    INDEX,
    ORPHANS,
    READERS,
    WRITERS,
    Change,
    in_order,
)
from leyden.diff.pairing import Pair, halves
from leyden.keys import KeyForm
from leyden.schema import AttributeSpec, IndexSpec, KeySpec, SearchSpec

_CAUSES: Final = {
    "names": ("key.composite", "is built from other attributes: {old}, now {new}"),
    "template": ("key.template", "is built by another template: {old}, now {new}"),
    "literal": ("key.template", "is built by another template: {old}, now {new}"),
    "suffix": ("key.template", "is built by another template: {old}, now {new}"),
    "bare": ("key.template", "is built by another template: {old}, now {new}"),
    "casing": ("key.casing", "has another casing: {old}, now {new}"),
    "field": ("key.field", 'is stored in another field: "{old}", now "{new}"'),
    "numeric": ("key.cast", "is stored as another type: {old}, now {new}"),
    "half": ("key.half", "has a sort key only {old}"),
}
"""The codes for changes of one half of a key, by how its forms differ."""

_OF_PATTERN: Final = {
    "scope": ("key.scope", "has another scope in its keys: {old}, now {new}"),
    "collection": ("key.collection", "is in another collection: {old}, now {new}"),
    "type": ("key.type", "shares its index in another way: {old}, now {new}"),
}
"""The codes for changes of a whole access pattern, by option."""


def moving(pair: Pair, patterns: Iterable[IndexSpec]) -> tuple[set[str], str]:
    """Return the effect of different keys in some access patterns: the classes, and in words."""
    affected = [*patterns]
    if not affected:
        return set(), "keys and items stay as they are"
    primary = [index for index in affected if index.index is None]
    others = [index.name for index in affected if index.index is not None]
    classes, said = {BACKFILL, READERS}, []
    if primary:
        classes.add(WRITERS)
        said.append(
            "each item gets another key in the table, so new code finds no stored items, and old "
            "code no new ones"
        )
        if pair.newly_collides:
            classes.add(COLLIDE)
            said.append("two items with different keys may get the same key")
    if others:
        said.append(
            f"stored items have the old keys of {listed(others)}, where new queries do not find "
            "them, and old code does not find new items there"
        )
    said.append("cursors that callers already have are refused")
    return classes, "; ".join(said)


def compare_patterns(pair: Pair) -> Iterator[Change]:
    """Yield the changes of an entity's access patterns by key."""
    subject = f"{pair.new.alias}.indexes"
    for name, index in pair.new.indexes.items():
        old = pair.patterns.get(name)
        if old is None:
            yield pattern_added(pair, index, f"{subject}.{name}")
        else:
            yield from pattern_changed(pair, pair.old.indexes[old], index, f"{subject}.{name}")
    for name, index in pair.old.indexes.items():
        if name not in pair.patterns.values():
            fields = [
                form.field
                for form in pair.old_keys[name].forms
                if not any(form.field in keys.fields for keys in pair.new_keys.values())
                and form.field not in {a.field for a in pair.new.attributes.values()}
            ]
            left = f" Stored items keep {listed(fields)}, and stay in the index." if fields else ""
            yield Change(
                "pattern.removed",
                in_order({READERS, *([ORPHANS] if fields else [])}),
                f"{subject}.{name}",
                "the access pattern is gone: new code writes no keys for it, so old code that "
                f"queries it misses new items and finds changed ones under old keys.{left}",
                index.span,
                is_old=True,
                entity=pair.new.alias,
                migration={"remove": fields} if fields else None,
            )


def pattern_added(pair: Pair, index: IndexSpec, subject: str) -> Change:
    """Return the change for a new access pattern; items may or may not have its keys already."""
    stored = {attribute.field: attribute for attribute in pair.old.attributes.values()}
    missing = [
        form.field
        for form in pair.new_keys[index.name].forms
        if not is_stored(pair, form, stored.get(form.field))
    ]
    if not missing:
        return Change(
            "pattern.added",
            in_order(()),
            subject,
            "a new access pattern; its keys are already stored, so it finds existing items",
            index.span,
            entity=pair.new.alias,
        )
    return Change(
        "pattern.added",
        in_order({BACKFILL}),
        subject,
        f"a new access pattern: stored items, and those of old code, lack {listed(missing)}, so "
        "queries do not find them until they are migrated",
        index.span,
        entity=pair.new.alias,
        migration={},
    )


def is_stored(pair: Pair, form: KeyForm, attribute: AttributeSpec | None) -> bool:
    """Return whether items of the old schema already have a new key in its field."""
    known = (old for keys in pair.old_keys.values() for old in keys.forms)
    if any(old.field == form.field and not pair.differences(old, form) for old in known):
        return True
    # An attribute's stored value is also its bare key, unless the key folds it.
    return form.bare and attribute is not None and (form.numeric or form.fold is None)


def pattern_changed(pair: Pair, old: IndexSpec, new: IndexSpec, subject: str) -> Iterator[Change]:
    """Yield the changes of an access pattern that both sides have: its keys, and its items."""
    if old.name != new.name:
        yield Change(
            "pattern.renamed", in_order(()), subject,
            f'its name in Python was "{old.name}" before; keys and index are the same',
            new.span, entity=pair.new.alias,
        )  # fmt: skip
    causes = pair.differing[new.name]
    shown: set[str] = set()
    for option, (code, text) in _OF_PATTERN.items():
        before, after = getattr(old, option), getattr(new, option)
        if before == after:
            continue
        touched = bool({"prefix", "postfix", "half"} & causes)
        if touched:
            shown |= {"prefix", "postfix", "half"}
        classes, effect = moving(pair, [new] if touched else [])
        yield Change(
            code,
            in_order(classes),
            subject,
            f"{text.format(old=_word(before), new=_word(after))}: {effect}",
            new.span,
            entity=pair.new.alias,
            migration={} if touched else None,
        )
    forms = zip(
        halves(pair.old_keys[old.name]), halves(pair.new_keys[new.name]),
        (old.pk, old.sk), (new.pk, new.sk), ("pk", "sk"), strict=True,
    )  # fmt: skip
    for one, other, was, key, half in forms:
        for change in half_changed(pair, (one, other), (was, key), new, f"{subject}.{half}", shown):
            shown.add(change.code)
            yield change
    explained = {"key.composite", "key.template", "key.half"} & shown or "strict" in causes
    if {"prefix", "postfix"} & (causes - shown) and not explained:
        classes, effect = moving(pair, [new])
        yield Change(
            "key.form", in_order(classes), subject, f"the keys have a different form: {effect}",
            new.span, entity=pair.new.alias, migration={},
        )  # fmt: skip
    yield from membership_changed(pair, old, new, subject)


def half_changed(
    pair: Pair,
    forms: tuple[KeyForm | None, KeyForm | None],
    specs: tuple[KeySpec | None, KeySpec | None],
    index: IndexSpec,
    subject: str,
    shown: set[str],
) -> Iterator[Change]:
    """Yield the changes of one half of a key."""
    old, new = specs
    if new is None and old is None:
        return
    causes = pair.differences(*forms)
    if forms == (None, None) and old and new:
        # DynamoDB builds the keys of a multi-attribute index from the attributes.
        before = [pair.attributes.get(name) for name in new.composite]
        causes = frozenset() if [*old.composite] == before else frozenset({"names"})
    found = dict.fromkeys(_CAUSES[cause][0] for cause in _CAUSES if cause in causes - shown)
    for code in found:
        text = next(text for known, text in _CAUSES.values() if known == code)
        words = [_option(code, *one) for one in zip(specs, forms, strict=True)]
        if code == "key.template" and words[0] == words[1] and len(found) > 1:
            # The attribute's own field has become the key, or no longer is; the other causes
            # explain it.
            continue
        classes, effect = moving(pair, [index])
        said = text.format(old=words[0], new=words[1])
        yield Change(
            code,
            in_order(classes),
            subject,
            f"the key {said}: {effect}",
            (new or index).span,
            entity=pair.new.alias,
            migration={},
        )


def _option(code: str, key: KeySpec | None, form: KeyForm | None) -> str:
    """Return what a half of a key says about the option of a code."""
    if key is None or code == "key.half":
        return "in the new schema" if key is None else "in the old schema"
    if code == "key.template":
        return f'"{key.template}"' if key.template else f"[{', '.join(key.composite)}]"
    if code == "key.cast":
        return "a number" if form is not None and form.numeric else "text"
    return {
        "key.composite": f"[{', '.join(key.composite)}]",
        "key.casing": key.casing,
        "key.field": key.field,
    }[code]


def _word(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]" if value else "none"
    return "none" if value is None else str(value)


def membership_changed(
    pair: Pair, old: IndexSpec, new: IndexSpec, subject: str
) -> Iterator[Change]:
    """Yield changes of the index, and of which items are in it."""
    alias = pair.new.alias
    if old.index != new.index:
        yield Change(
            "pattern.index", in_order({INDEX}), subject,
            f"it uses the table's index {new.index} instead of {old.index}; items are in it "
            "because of their key fields, and old code can read the old index until it is removed",
            new.span, entity=alias,
        )  # fmt: skip
    if not (old.when is None and new.when is None) and not pair.same_source(old.when, new.when):
        was, now = (f"`{one.when.text}`" if one.when else "none" for one in (old, new))
        yield Change(
            "pattern.when", in_order({BACKFILL, READERS}), subject,
            f"another condition decides which items are in the index: {was}, now {now}; for stored "
            "items the old one has decided, and old code finds other items than it expects",
            new.span, entity=alias, migration={},
        )  # fmt: skip
    before, after = pair.old_keys[old.name].leaves_out, pair.new_keys[new.name].leaves_out
    if before != after:
        effect = (
            "items without a partition-key attribute leave the index; stored ones are still in it"
            if after
            else "items without a partition-key attribute are in the index; stored ones are not"
        )
        yield Change(
            "pattern.absent", in_order({BACKFILL, READERS}), subject, effect,
            new.span, entity=alias, migration={},
        )  # fmt: skip


def compare_searches(pair: Pair) -> Iterator[Change]:
    """Yield the changes of an entity's access patterns by meaning, not of the table's indexes."""
    subject, alias = f"{pair.new.alias}.indexes", pair.new.alias
    for name, search in pair.new.searches.items():
        old = pair.old.searches.get(name)
        if old is None:
            yield Change(
                "search.added", in_order({WRITERS}), f"{subject}.{name}",
                f'a new access pattern by meaning: writes must fit the vector index "'
                f'{search.index}" from now on (no vector without its partition, no empty text in '
                "what it compares), and searches do not find stored items that do not fit",
                search.span, entity=alias,
            )  # fmt: skip
            continue
        changed = [
            option
            for option in ("index", "attribute", "metric", "partition", "filters", "projection")
            if _said(pair, search, option, new=True) != _said(pair, old, option, new=False)
        ]
        if changed:
            yield Change(
                "search.changed", in_order({READERS}), f"{subject}.{name}",
                f"the access pattern by meaning has another {listed(changed)}: searches return "
                "other matches, or other scores",
                search.span, entity=alias,
            )  # fmt: skip
    for name, search in pair.old.searches.items():
        if name not in pair.new.searches:
            yield Change(
                "search.removed", in_order(()), f"{subject}.{name}",
                "the access pattern by meaning is gone; old code can use its index until that is "
                "removed from the table",
                search.span, is_old=True, entity=alias,
            )  # fmt: skip


def _said(pair: Pair, search: SearchSpec, option: str, *, new: bool) -> Any:
    """Return an option of a search, with the old names of attributes."""
    value = getattr(search, option)
    if option not in ("attribute", "partition", "filters") or not new:
        return value
    if isinstance(value, tuple):
        return tuple(pair.attributes.get(name) for name in value)
    return pair.attributes.get(value)
