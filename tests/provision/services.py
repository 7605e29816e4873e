"""Services built by hand, without the schema files."""

from __future__ import annotations

from typing import Any

from leyden.schema.spec import (
    AttributeSpec,
    EntitySpec,
    IndexSpec,
    KeySpec,
    ServiceSpec,
    TableSpec,
)


def attribute(name: str, type: str = "string", field: str | None = None) -> AttributeSpec:
    return AttributeSpec(name, type, field or name, name)


def key(field: str, *composite: str, **options: Any) -> KeySpec:
    return KeySpec(field, composite, **options)


def entity(
    name: str, attributes: dict[str, str | AttributeSpec], *indexes: IndexSpec
) -> EntitySpec:
    return EntitySpec(
        entity=name,
        alias=name,
        version="1",
        service="shop",
        attributes={
            one: attribute(one, spec) if isinstance(spec, str) else spec
            for one, spec in attributes.items()
        },
        indexes={index.name: index for index in indexes},
    )


def service(*entities: EntitySpec, table: TableSpec | None = None) -> ServiceSpec:
    return ServiceSpec("shop", {one.alias: one for one in entities}, table or TableSpec())


PRIMARY = IndexSpec("by_id", None, key("pk", "id"), key("sk"))

ORDER = entity(
    "order",
    {
        "id": "string",
        "customer": "string",
        "placed": "timestamp",
        "total": "number",
        "expires": attribute("expires", "ttl", "expires_at"),
    },
    PRIMARY,
    IndexSpec("by_customer", "gsi1", key("gsi1pk", "customer"), key("gsi1sk", "placed")),
)
ITEM = entity(
    "item",
    {"id": "string", "sku": "string"},
    PRIMARY,
    IndexSpec("by_sku", "gsi10", key("gsi10pk", "sku")),
    IndexSpec("by_customer_too", "gsi1", key("gsi1pk", "sku"), key("gsi1sk", "id")),
    IndexSpec("by_both", "gsi2", key("gsi2pk", "sku"), key("gsi2sk", "id")),
)
SHOP = service(ORDER, ITEM, table=TableSpec(table="shop-table"))

MULTI = service(
    entity(
        "visit",
        {
            "id": "string",
            "country": attribute("country", "string", "c"),
            "city": "string",
            "day": "timestamp",
            "score": "integer",
        },
        PRIMARY,
        IndexSpec(
            "by_place",
            "places",
            key("", "country", "city"),
            key("", "day", "score"),
            type="composite",
        ),
    )
)

LEGACY = service(
    entity(
        "account",
        {
            "account": attribute("account", "string", "accountId"),
            "invoice": "number",
            "region": "string",
        },
        IndexSpec("invoices", None, key("accountId", "account"), key("invoice", "invoice")),
        IndexSpec(
            "by_region",
            "gsi1",
            key("gsi1pk", "region", template="REGION#${region}", casing="none"),
            key("gsi1sk", "account", "invoice", template="ACC#${account}#INV#${invoice}"),
        ),
    )
)

LOCAL = service(
    entity(
        "invoice",
        {"id": "string", "total": "number"},
        PRIMARY,
        IndexSpec("by_total", "by-total", key("pk", "id"), key("total_sk", "total")),
        IndexSpec("listed", "gsi1", key("gsi1pk"), key("gsi1sk", "id"), projection="keys_only"),
    )
)
