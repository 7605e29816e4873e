"""The classes of an entity: its access patterns, its chains with their steps, and the entity."""

from __future__ import annotations

from leyden._attrs import frozen
from leyden.mapping.record import camel_case
from leyden.schema.spec import AttributeSpec, EntitySpec, IndexSpec
from leyden.typed.writing.layout import block, literal_type, method, signature, typed_dict
from leyden.typed.writing.names import Names
from leyden.typed.writing.records import (
    Dicts,
    attributes,
    changing,
    dicts,
    has_parts,
    record,
    settable,
)
from leyden.types import type_of

_PATHS = "paths: typed.Paths | None = None"


@frozen
class Limit:
    """The classes of a range: a callable that takes its attributes, and the dict that holds them.

    `begins` is the callable for beginnings of values.
    """

    call: str
    begins: str
    limits: str

    def arguments(self) -> str:
        """Return the type arguments of a query that takes the range."""
        beginning = "" if self.begins == self.call else f", {self.begins}[M]"
        return f"{self.call}[M], {self.limits}{beginning}"


def entity(spec: EntitySpec, names: Names) -> list[str]:
    """Return all classes of an entity, in the order in which the module has them."""
    name = names.records[spec.alias]
    with names.inside(name):
        own = record(spec, name, names)
        found, texts = dicts(spec, name, names)
        places = names.of(name, "Attributes")
        held = attributes(spec, places, names)
    shapes = [*names.declared]
    names.declared.clear()
    update, upsert = names.of(name, "Update"), names.of(name, "Upsert")
    chains = [_update(spec, name, update, found, names), _upsert(spec, name, upsert, found, names)]
    queries, limits = _queries(spec, name, names)
    searches = [_searches(spec, name, names)] if spec.searches else []
    whole = _entity(spec, name, found, names)
    by_key = _by_key(spec, name, found, names)
    return [*shapes, own, *texts, held, *chains, *limits, queries, *searches, by_key, whole]


def range_of(
    holder: str,
    result: str,
    left: dict[str, AttributeSpec],
    names: Names,
    *,
    needed: str | None,
) -> tuple[Limit, list[str]]:
    """Return the classes of a range over sort-key attributes; `needed` names a required one."""
    given = {n: names.part(one, given=True) for n, one in left.items()}
    limits = names.new(f"{holder}Limits")
    fields = {n: (kind, n == needed) for n, kind in given.items()}
    texts = [names.shielded(given, typed_dict(limits, fields, closed=True))]

    def call(name: str, taken: str) -> str:
        body = method("__call__", [([f"**limits: Unpack[{taken}]"], result)], inside=8)
        texts.append(block(f"class {name}(Protocol[M]):", body))
        return name

    ranged = call(names.new(f"{holder}Range"), limits)
    beginning = {
        n: f"{kind} | str" if type_of(left[n]).begins_as_text and "str" not in kind else kind
        for n, kind in given.items()
    }
    if beginning == given:
        return Limit(ranged, ranged, limits), texts
    started = names.new(f"{holder}Start")
    fields = {n: (kind, n == needed) for n, kind in beginning.items()}
    texts.append(names.shielded(given, typed_dict(started, fields, closed=True)))
    return Limit(ranged, call(names.new(f"{holder}Begins"), started), limits), texts


def sort_names(spec: EntitySpec, index: IndexSpec) -> tuple[str, ...]:
    """Return the sort-key attributes that a query may take: those that are not known anyway."""
    names = index.sk.composite if index.sk is not None else ()
    return tuple(n for n in names if n not in index.pk.composite and n not in spec.constants)


def _queries(spec: EntitySpec, name: str, names: Names) -> tuple[str, list[str]]:
    """Return the class of `entity.query`, and the classes that it needs."""
    body, needed = [], []
    own = names.of(name, "Queries")
    for pattern, index in spec.indexes.items():
        sort = sort_names(spec, index)
        variants = []
        result = f"typed.Query[{name}, M]"
        for count in range(len(sort) + 1):
            ranged = result
            if count < len(sort):
                left = {n: spec.attributes[n] for n in sort[count:]}
                with names.inside(name):
                    holder = name + camel_case(pattern) + (camel_case(sort[count]) if count else "")
                    limit, texts = range_of(holder, result, left, names, needed=sort[count])
                needed += texts
                ranged = f"typed.RangedQuery[{name}, M, {limit.arguments()}]"
            variants.append((_keywords(spec, index.pk.composite, sort[:count], names), ranged))
        body += method(pattern, variants, index.description or "")
    text = block(f"class {own}(typed.Patterns, Generic[M]):", body)
    return names.shielded(spec.indexes, text), needed


def _keywords(
    spec: EntitySpec, needed: tuple[str, ...], also: tuple[str, ...], names: Names
) -> list[str]:
    """Return the keyword parameters for composites; constants may be omitted."""
    parameters = []
    with names.inside(names.records[spec.alias]):
        for one in dict.fromkeys((*needed, *also)):
            kind = names.part(spec.attributes[one], given=True)
            default = " = ..." if one in spec.constants and one in needed else ""
            parameters.append(f"{one}: {kind}{default}")
    return ["*", *parameters] if parameters else []


def _searches(spec: EntitySpec, name: str, names: Names) -> str:
    """Return the class of `entity.search`."""
    body = []
    for pattern, search in spec.searches.items():
        needed = (search.partition,) if search.partition is not None else ()
        given = _keywords(spec, needed, (), names)[1:]
        with names.inside(name):
            filters = [
                f"{one}: {names.part(spec.attributes[one], given=True)} = ..."
                for one in search.filters
            ]
        keywords = [*given, *filters]
        parameters = ["vector: typed.Vector", "/", *(["*"] if keywords else []), *keywords]
        variant = (parameters, f"typed.Search[{name}, M]")
        body += method(pattern, [variant], search.description or "")
    own = names.of(name, "Searches")
    text = block(f"class {own}(typed.Patterns, Generic[M]):", body)
    return names.shielded(spec.searches, text)


def _steps(spec: EntitySpec, name: str, names: Names, first: list[str]) -> list[str]:
    """Return the steps that add to stored values, each only if it applies to an attribute."""
    body = []
    for operator in ("add", "subtract", "append", "delete"):
        if operator == "delete" and not first:
            continue
        taken = changing(spec, operator)
        with names.inside(name):
            amounts = [f"{n}: {names.part(spec.attributes[n], given=True)} = ..." for n in taken]
        if amounts or (first and has_parts(spec)):
            parameters = [*first, *(["*", *amounts] if amounts else [])]
            body += method(operator, [(parameters, "Self")])
    return body


def _update(spec: EntitySpec, name: str, own: str, found: Dicts, names: Names) -> str:
    """Return the class of `entity.update(...)` and `entity.patch(...)`."""
    first = [_PATHS, "/"]
    values = f"**values: Unpack[{found.changes}]"
    removed = "str" if has_parts(spec) else _names(settable(spec))
    body = [
        *method("set", [([*first, values], "Self")]),
        *method("if_not_exists", [([*first, values], "Self")]),
        *_steps(spec, name, names, first),
        *method("remove", [([f"*paths: {removed}"], "Self")]),
        *method("composite", [([f"**known: Unpack[{found.known}]"], "Self")]),
    ]
    return block(f"class {own}(typed.Update[{name}, M], Generic[M]):", body)


def _upsert(spec: EntitySpec, name: str, own: str, found: Dicts, names: Names) -> str:
    """Return the class of `entity.upsert(...)`."""
    known = f"**values: Unpack[{found.known}]"
    body = [
        *method("set", [([known], "Self")]),
        *method("if_not_exists", [([known], "Self")]),
        *_steps(spec, name, names, []),
        *method("composite", [([known.replace("values", "known")], "Self")]),
    ]
    return block(f"class {own}(typed.Upsert[{name}, M], Generic[M]):", body)


def _by_key(spec: EntitySpec, name: str, found: Dicts, names: Names) -> str:
    """Return the type of the verbs that take only a key; they differ in their chains."""
    parameters = [f"**key: Unpack[{found.key}]"], [f"key: {name} | {found.key}", "/"]
    body = ['"""By the key, or by a record or a mapping that has it."""']
    for one in parameters:
        body += ["@overload", signature("__call__", ["self", *one], "typed.C", inside=8)]
    return block(f"class {names.of(name, 'ByKey')}(Protocol[typed.C]):", body)


def _entity(spec: EntitySpec, name: str, found: Dicts, names: Names) -> str:
    """Return the class of the entity."""
    keywords = f"**key: Unpack[{found.key}]"
    by_key, update = names.of(name, "ByKey"), f"{names.of(name, 'Update')}[M]"
    key = f"key: {name} | {found.key}"
    known = f"**values: Unpack[{found.known}]"
    item = f"item: {name} | {found.values}"
    keys = f"keys: Sequence[{name} | {found.key}]"
    items = f"items: Sequence[{name} | {found.values}]"

    def chain(kind: str) -> str:
        return f"typed.{kind}[{name}, M]"

    body = [
        f"attr: {names.of(name, 'Attributes')}",
        f"query: {names.of(name, 'Queries')}[M]",
        *([f"search: {names.of(name, 'Searches')}[M]"] if spec.searches else []),
        f"remove: {by_key}[{chain('Remove')}]",
        f"check: {by_key}[{chain('Check')}]",
        "@property",
        f"def record(self) -> type[{name}]: ...",
    ]
    names.imported("collections.abc", "Sequence")

    def verb(called: str, result: str, *more: tuple[list[str], str]) -> None:
        body.extend(method(called, [([keywords], result), ([key, "/"], result), *more]))

    def writer(called: str, keywords: str, result: str, *more: tuple[list[str], str]) -> None:
        with_item = [item, "/", known]
        body.extend(method(called, [([keywords], result), (with_item, result), *more]))

    values = f"**values: Unpack[{found.values}]"
    verb("get", chain("Get"), ([keys, "/"], chain("BatchGet")))
    writer("put", values, chain("Put"), ([items, "/"], chain("BatchWrite")))
    writer("create", values, chain("Create"))
    more = f"more: {name} | {found.known} = ..."
    changing = [f"record: {name}", more, "/", known.replace("values", "changes")]
    for called in ("update", "patch"):
        # A single mapping is a key. Behind a record, a mapping has changes, as in a request's body.
        body += method(
            called, [([keywords], update), (changing, update), ([f"key: {found.key}", "/"], update)]
        )
    writer("upsert", known, f"{names.of(name, 'Upsert')}[M]")
    verb("delete", chain("Delete"), ([keys, "/"], chain("BatchWrite")))
    many = f"typed.Query[{name}, M] | typed.Scan[{name}, M]"
    for called in ("match", "find"):
        body += method(called, [([known], many)])
    own = names.of(name, "Entity")
    return (
        block(f"class {own}(typed.Entity[{name}, M], Generic[M]):", body)
        + f"\n\n{names.new(f'Async{own}')} = {own}[typed.Async]"
    )


def _names(names: list[str]) -> str:
    return literal_type(names, inside=12) if names else "str"
