"""Rules of values computed from other attributes, of normal forms, and of prefixes."""

from __future__ import annotations

from collections.abc import Mapping

from leyden._text import did_you_mean, listed, quoted
from leyden.schema.attributes import parts_of
from leyden.schema.entities import EntityDraft
from leyden.schema.language import GENERATED
from leyden.schema.nodes import Given
from leyden.schema.spec import After, AttributeSpec, Bucket, Slug
from leyden.types import TYPES, type_of
from leyden.types.normal import EXCLUDING, normal_form


def check_forms(entity: EntityDraft) -> None:
    """Check normal forms and prefixes, also of nested parts."""
    for name, attribute in entity.spec.attributes.items():
        for path, part in parts_of(attribute, "attributes", name):
            here = entity.at(*path)
            if part.normalize:
                _check_normalize(part, here)
            if part.prefix and part.normalize:
                normal = normal_form(part.normalize)(part.prefix)
                if normal != part.prefix:
                    here.at("prefix").error(
                        "attribute.prefix",
                        f"{here.where}: the prefix is not in the attribute's normal form; write "
                        f"{quoted(normal)}",
                    )
            for made in (part.default, part.on_write, part.derive) if part.prefix else ():
                if isinstance(made, After | Bucket | Slug):
                    here.at("prefix").error(
                        "attribute.prefix",
                        f"{here.where}: {_words(made)} does not get the prefix; leave it out",
                    )


def _check_normalize(part: AttributeSpec, here: Given) -> None:
    """Check that normal forms do not exclude each other, and that the enum's values have them."""
    at = here.at("normalize")
    for group in EXCLUDING:
        both = [form for form in part.normalize if form in group]
        if len(both) > 1:
            at.error(
                "attribute.normalize",
                f"{here.where}: {listed(dict.fromkeys(both))} is listed twice; once is enough"
                if len(set(both)) == 1
                else f"{here.where}: {listed(both)} exclude each other; leave one out",
            )
            return
    if isinstance(part.derive, Bucket):
        at.error(
            "attribute.normalize",
            f"{here.where}: {_words(part.derive)} has its own form; leave `normalize` out",
        )
    normal = normal_form(part.normalize)
    for value in part.values:
        if normal(value) != value:
            at.error(
                "attribute.normalize",
                f"{here.where}: {quoted(value)} is not in its normal form, so it could never be "
                f"set; write {quoted(normal(value))}",
            )


def check_made(entity: EntityDraft) -> None:
    """Check times, buckets and slugs in `default`, `on_write` and `derive`."""
    for name, attribute in entity.spec.attributes.items():
        for path, part in parts_of(attribute, "attributes", name):
            here = entity.at(*path)
            for option in ("default", "on_write", "derive"):
                made = getattr(part, option)
                if isinstance(made, After | Bucket | Slug):
                    _check_type(part, made, here.at(option))
                    if len(path) > 2 and made.of is not None:
                        here.at(option).error(
                            "attribute.made",
                            f"{here.at(option).where}: a property cannot be computed from "
                            "attributes; leave `of` out",
                        )
                    elif len(path) == 2:
                        _check_source(part, option, made, here, entity.spec.attributes)


def _check_type(part: AttributeSpec, made: After | Bucket | Slug, at: Given) -> None:
    """Check that the attribute's type can hold the computed value."""
    fitting = GENERATED["now"] if isinstance(made, After) else {"string"}
    if part.type and part.type not in fitting:
        kind = "an enum" if part.type == "enum" else f"the type {quoted(part.type)}"
        at.error(
            "attribute.made",
            f"{at.where}: {_words(made)} does not fit {kind}; it is for "
            f"{', '.join(sorted(fitting))}",
        )


def _check_source(
    part: AttributeSpec,
    option: str,
    made: After | Bucket | Slug,
    here: Given,
    attributes: Mapping[str, AttributeSpec],
) -> None:
    """Check the attribute that another one is computed from."""
    at = here.at(option, "slug" if isinstance(made, Slug) else "of")
    name, where = part.name, here.at(option).where

    def refuse(what: str) -> None:
        at.error("attribute.made", f"{where}: {what}")

    if option == "derive" and here.has("watch"):
        here.at("watch").error(
            "attribute.made",
            f"{here.where}: {_words(made)} always follows the attribute that it is computed "
            "from, and no other; leave `watch` out",
        )
    if made.of is None:
        if option == "derive":
            refuse(
                "name with `of` the attribute whose time it counts from; to count from the time of "
                "the write, use `default` or `on_write`"
            )
        return
    other = attributes.get(made.of)
    if option == "on_write":
        refuse("a write may not have the other attribute's value; use `derive`, which follows it")
    elif other is None:
        refuse(f"there is no attribute {quoted(made.of)}{did_you_mean(made.of, attributes)}")
    elif made.of == name:
        refuse(f"{quoted(name)} cannot be computed from itself")
    elif other.derive is not None or getattr(other.default, "of", None) is not None:
        refuse(f"{quoted(made.of)} is computed from another attribute; name that one instead")
    elif other.type and not _tells(other, made):
        wanted = (
            sorted(kind for kind, of in TYPES.items() if of.tells_time)
            if not isinstance(made, Slug)
            else ["enum", "string"]
        )
        refuse(
            f"{quoted(made.of)} is of the type {quoted(other.type)}, which has no "
            f"{'text' if isinstance(made, Slug) else 'time'}; these have: {', '.join(wanted)}"
        )


def _tells(other: AttributeSpec, made: After | Bucket | Slug) -> bool:
    """Return whether an attribute has the time or text that another one is computed from."""
    kind = type_of(other)
    return kind.is_free_text if isinstance(made, Slug) else kind.tells_time


def _words(made: After | Bucket | Slug) -> str:
    return {After: '"after"', Bucket: "a bucket", Slug: "a slug"}[type(made)]
