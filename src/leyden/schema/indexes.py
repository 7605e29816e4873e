"""Access patterns: from checked options to specs."""

from __future__ import annotations

from leyden._text import did_you_mean, listed, quoted
from leyden.schema.faults import Report
from leyden.schema.spec import IndexSpec, JMESPath, Judge, KeySpec
from leyden.schema.structure import Given
from leyden.schema.templates import TemplateError, parse_template


def build_index(
    name: str, given: Given, attributes: frozenset[str], report: Report
) -> IndexSpec | None:
    """One access pattern; None where it cannot be understood, which then is in the report.

    `attributes` holds the names of all attributes, that of refused ones included.
    """
    where = f"indexes.{name}"
    multi = given.plain("type") == "composite"
    pk = _key(given, "pk", where, attributes, multi, report)
    sk = _key(given, "sk", where, attributes, multi, report) if "sk" in given.value else None
    refused = any(inner is None for inner in given.value.values())
    if pk is None or refused or ("sk" in given.value and sk is None):
        return None
    collection = given.plain("collection", [])
    projection = given.plain("projection")
    return IndexSpec(
        name=name,
        index=given.plain("index"),
        pk=pk,
        sk=sk,
        collection=(collection,) if isinstance(collection, str) else tuple(collection),
        type=given.plain("type", "isolated"),
        scope=given.plain("scope"),
        when=_when(given.get("when"), pk, sk),
        absent=given.plain("absent"),
        projection=tuple(projection) if isinstance(projection, list) else projection,
        span=given.key or given.span,
    )


def _when(given: Given | None, pk: KeySpec, sk: KeySpec | None) -> JMESPath | Judge | None:
    if given is None:
        return None
    if isinstance(given.value, str):
        return JMESPath(given.value)
    composites = dict.fromkeys(pk.composite + (sk.composite if sk is not None else ()))
    reads = given.get("reads")
    name = given.plain("call")
    if name is None:
        return None
    return Judge(name, tuple(composites if reads is None else dict.fromkeys(reads.bare())))


def _key(
    given: Given,
    half: str,
    where: str,
    attributes: frozenset[str],
    multi: bool,
    report: Report,
) -> KeySpec | None:
    key = given.get(half)
    if key is None:
        return None
    where = f"{where}.{half}"
    field = key.get("field")
    if field is None and "field" not in key.value and not multi:
        report.error(key.place, "option.missing", f'{where} needs the option "field"')
    template_names = _template_names(key, where, report)
    composite = key.get("composite")
    if any(inner is None for inner in key.value.values()) or (field is None and not multi):
        return None
    if key.get("template") is not None and template_names is None:
        return None
    if composite is None and template_names is None and half == "pk":
        report.error(
            key.place,
            "key.composite_missing",
            f"{where} needs `composite`, the attributes that make it, or a `template`",
        )
        return None
    names = tuple(composite.bare()) if composite is not None else template_names or ()
    option = "composite" if composite is not None else "template"
    known = True
    for i, name in enumerate(names):
        if name not in attributes:
            known = False
            report.error(
                key.at(option, i),
                "key.unknown_attribute",
                f"{where}.{option}: there is no attribute {quoted(name)}"
                f"{did_you_mean(name, attributes)}",
            )
    if composite is not None and template_names is not None and names != template_names:
        said = listed(template_names) or "no attributes"
        report.error(
            key.at("template"),
            "key.template_mismatch",
            f"{where}: the template has {said}, and `composite` lists "
            f"{listed(names) or 'none'}; they must be the same, in the same order",
        )
        known = False
    if not known:
        return None
    return KeySpec(
        field=field.value if field is not None else "",
        composite=names,
        template=key.plain("template"),
        casing=key.plain("casing", "default"),
        cast=key.plain("cast"),
        span=key.key or key.span,
    )


def _template_names(key: Given, where: str, report: Report) -> tuple[str, ...] | None:
    template = key.get("template")
    if template is None:
        return None
    try:
        return parse_template(template.value).names
    except TemplateError as error:
        report.error(template.span, "key.template", f"{where}.template: {error}")
        return None
