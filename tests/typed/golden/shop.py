# fmt: off
# Made by `leyden types`, from the schemas that stand at its end: do not edit it, make it again.
# ruff: noqa
"""The service shop, typed.

    app = shop.load(table="...")
    app.entities.customer
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from leyden.typed import Schemas

OrderStatus = Literal["open", "paid", "sent"]

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal
    from typing import Any, Generic, Protocol, Self, overload

    import attrs
    from typing_extensions import NotRequired, TypedDict, Unpack
    from leyden.typed import static as typed
    from leyden.typed.static import M

    @attrs.frozen(init=False)
    class Customer(typed.Record):
        """An item of the entity customer."""

        customer_id: str
        name: str
        joined_at: datetime | None

        def __init__(
            self, *, customer_id: str, name: str, joined_at: datetime | str | None = None
        ) -> None: ...

    class CustomerKey(TypedDict, closed=True):
        """The table's own key."""
        customer_id: str

    class CustomerValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        customer_id: str
        name: str
        joined_at: NotRequired[datetime | str | None]

    class CustomerChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        name: str | typed.Computed

    class CustomerKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        customer_id: str | None
        name: str | None
        joined_at: datetime | str | None

    class CustomerAttributes(typed.Attributes):
        customer_id: typed.Text[str]
        name: typed.Text[str]
        joined_at: typed.Moment

    class CustomerUpdate(typed.Update[Customer, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[CustomerChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[CustomerChanges]
        ) -> Self: ...
        def remove(self, *paths: Literal["name"]) -> Self: ...
        def composite(self, **known: Unpack[CustomerKnown]) -> Self: ...

    class CustomerUpsert(typed.Upsert[Customer, M], Generic[M]):
        def set(self, **values: Unpack[CustomerKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[CustomerKnown]) -> Self: ...
        def composite(self, **known: Unpack[CustomerKnown]) -> Self: ...

    class CustomerQueries(typed.Patterns, Generic[M]):
        def account(self, *, customer_id: str) -> typed.Query[Customer, M]: ...

    class CustomerByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[CustomerKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Customer | CustomerKey, /) -> typed.C: ...

    class CustomerEntity(typed.Entity[Customer, M], Generic[M]):
        attr: CustomerAttributes
        query: CustomerQueries[M]
        remove: CustomerByKey[typed.Remove[Customer, M]]
        check: CustomerByKey[typed.Check[Customer, M]]
        @property
        def record(self) -> type[Customer]: ...
        @overload
        def get(self, **key: Unpack[CustomerKey]) -> typed.Get[Customer, M]: ...
        @overload
        def get(self, key: Customer | CustomerKey, /) -> typed.Get[Customer, M]: ...
        @overload
        def get(self, keys: Sequence[Customer | CustomerKey], /) -> typed.BatchGet[Customer, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[CustomerValues]) -> typed.Put[Customer, M]: ...
        @overload
        def put(
            self, item: Customer | CustomerValues, /, **values: Unpack[CustomerKnown]
        ) -> typed.Put[Customer, M]: ...
        @overload
        def put(
            self, items: Sequence[Customer | CustomerValues], /
        ) -> typed.BatchWrite[Customer, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[CustomerValues]) -> typed.Create[Customer, M]: ...
        @overload
        def create(
            self, item: Customer | CustomerValues, /, **values: Unpack[CustomerKnown]
        ) -> typed.Create[Customer, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[CustomerKey]) -> CustomerUpdate[M]: ...
        @overload
        def update(
            self,
            record: Customer,
            more: Customer | CustomerKnown = ...,
            /,
            **changes: Unpack[CustomerKnown],
        ) -> CustomerUpdate[M]: ...
        @overload
        def update(self, key: CustomerKey, /) -> CustomerUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[CustomerKey]) -> CustomerUpdate[M]: ...
        @overload
        def patch(
            self,
            record: Customer,
            more: Customer | CustomerKnown = ...,
            /,
            **changes: Unpack[CustomerKnown],
        ) -> CustomerUpdate[M]: ...
        @overload
        def patch(self, key: CustomerKey, /) -> CustomerUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[CustomerKnown]) -> CustomerUpsert[M]: ...
        @overload
        def upsert(
            self, item: Customer | CustomerValues, /, **values: Unpack[CustomerKnown]
        ) -> CustomerUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[CustomerKey]) -> typed.Delete[Customer, M]: ...
        @overload
        def delete(self, key: Customer | CustomerKey, /) -> typed.Delete[Customer, M]: ...
        @overload
        def delete(
            self, keys: Sequence[Customer | CustomerKey], /
        ) -> typed.BatchWrite[Customer, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[CustomerKnown]
        ) -> typed.Query[Customer, M] | typed.Scan[Customer, M]: ...
        def find(
            self, **values: Unpack[CustomerKnown]
        ) -> typed.Query[Customer, M] | typed.Scan[Customer, M]: ...

    AsyncCustomerEntity = CustomerEntity[typed.Async]

    class OrderLinesItems(TypedDict, total=False):
        sku: str
        count: int

    class OrderLinesItemsPlaces(typed.Properties[OrderLinesItems]):
        sku: typed.Text[str]
        count: typed.Number[int]

    @attrs.frozen(init=False)
    class Order(typed.Record):
        """An item of the entity order."""

        customer_id: str
        order_id: str
        status: OrderStatus | None
        total: Decimal
        lines: list[OrderLinesItems] | None
        placed_at: datetime

        def __init__(
            self,
            *,
            customer_id: str,
            order_id: str | None = None,
            status: OrderStatus | None = None,
            total: Decimal | int,
            lines: Sequence[OrderLinesItems] | None = None,
            placed_at: datetime | str | None = None,
        ) -> None: ...

    class OrderKey(TypedDict, closed=True):
        """The table's own key."""
        customer_id: str
        order_id: str

    class OrderValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        customer_id: str
        order_id: NotRequired[str | None]
        status: NotRequired[OrderStatus | None]
        total: Decimal | int
        lines: NotRequired[Sequence[OrderLinesItems] | None]
        placed_at: NotRequired[datetime | str | None]

    class OrderChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        status: OrderStatus | typed.Computed
        total: Decimal | int | typed.Computed
        lines: Sequence[OrderLinesItems] | typed.Computed

    class OrderKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        customer_id: str | None
        order_id: str | None
        status: OrderStatus | None
        total: Decimal | int | None
        lines: Sequence[OrderLinesItems] | None
        placed_at: datetime | str | None

    class OrderAttributes(typed.Attributes):
        customer_id: typed.Text[str]
        order_id: typed.Text[str]
        status: typed.Text[OrderStatus]
        total: typed.Number[Decimal | int]
        lines: typed.Elements[Sequence[OrderLinesItems], OrderLinesItemsPlaces]
        placed_at: typed.Moment

    class OrderUpdate(typed.Update[Order, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[OrderChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[OrderChanges]
        ) -> Self: ...
        def add(
            self, paths: typed.Paths | None = None, /, *, total: Decimal | int = ...
        ) -> Self: ...
        def subtract(
            self, paths: typed.Paths | None = None, /, *, total: Decimal | int = ...
        ) -> Self: ...
        def append(
            self, paths: typed.Paths | None = None, /, *, lines: Sequence[OrderLinesItems] = ...
        ) -> Self: ...
        def delete(self, paths: typed.Paths | None = None, /) -> Self: ...
        def remove(self, *paths: str) -> Self: ...
        def composite(self, **known: Unpack[OrderKnown]) -> Self: ...

    class OrderUpsert(typed.Upsert[Order, M], Generic[M]):
        def set(self, **values: Unpack[OrderKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[OrderKnown]) -> Self: ...
        def add(self, *, total: Decimal | int = ...) -> Self: ...
        def subtract(self, *, total: Decimal | int = ...) -> Self: ...
        def append(self, *, lines: Sequence[OrderLinesItems] = ...) -> Self: ...
        def composite(self, **known: Unpack[OrderKnown]) -> Self: ...

    class OrderOrdersLimits(TypedDict, closed=True):
        order_id: str

    class OrderOrdersRange(Protocol[M]):
        def __call__(self, **limits: Unpack[OrderOrdersLimits]) -> typed.Query[Order, M]: ...

    class OrderByStatusLimits(TypedDict, closed=True):
        placed_at: datetime | str

    class OrderByStatusRange(Protocol[M]):
        def __call__(self, **limits: Unpack[OrderByStatusLimits]) -> typed.Query[Order, M]: ...

    class OrderQueries(typed.Patterns, Generic[M]):
        @overload
        def orders(
            self, *, customer_id: str
        ) -> typed.RangedQuery[Order, M, OrderOrdersRange[M], OrderOrdersLimits]: ...
        @overload
        def orders(self, *, customer_id: str, order_id: str) -> typed.Query[Order, M]: ...
        def orders(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def by_status(
            self, *, status: OrderStatus
        ) -> typed.RangedQuery[Order, M, OrderByStatusRange[M], OrderByStatusLimits]: ...
        @overload
        def by_status(
            self, *, status: OrderStatus, placed_at: datetime | str
        ) -> typed.Query[Order, M]: ...
        def by_status(self, *given: Any, **named: Any) -> Any:
            """The orders of a status, the oldest first."""
            ...

    class OrderByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[OrderKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Order | OrderKey, /) -> typed.C: ...

    class OrderEntity(typed.Entity[Order, M], Generic[M]):
        attr: OrderAttributes
        query: OrderQueries[M]
        remove: OrderByKey[typed.Remove[Order, M]]
        check: OrderByKey[typed.Check[Order, M]]
        @property
        def record(self) -> type[Order]: ...
        @overload
        def get(self, **key: Unpack[OrderKey]) -> typed.Get[Order, M]: ...
        @overload
        def get(self, key: Order | OrderKey, /) -> typed.Get[Order, M]: ...
        @overload
        def get(self, keys: Sequence[Order | OrderKey], /) -> typed.BatchGet[Order, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[OrderValues]) -> typed.Put[Order, M]: ...
        @overload
        def put(
            self, item: Order | OrderValues, /, **values: Unpack[OrderKnown]
        ) -> typed.Put[Order, M]: ...
        @overload
        def put(self, items: Sequence[Order | OrderValues], /) -> typed.BatchWrite[Order, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[OrderValues]) -> typed.Create[Order, M]: ...
        @overload
        def create(
            self, item: Order | OrderValues, /, **values: Unpack[OrderKnown]
        ) -> typed.Create[Order, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[OrderKey]) -> OrderUpdate[M]: ...
        @overload
        def update(
            self, record: Order, more: Order | OrderKnown = ..., /, **changes: Unpack[OrderKnown]
        ) -> OrderUpdate[M]: ...
        @overload
        def update(self, key: OrderKey, /) -> OrderUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[OrderKey]) -> OrderUpdate[M]: ...
        @overload
        def patch(
            self, record: Order, more: Order | OrderKnown = ..., /, **changes: Unpack[OrderKnown]
        ) -> OrderUpdate[M]: ...
        @overload
        def patch(self, key: OrderKey, /) -> OrderUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[OrderKnown]) -> OrderUpsert[M]: ...
        @overload
        def upsert(
            self, item: Order | OrderValues, /, **values: Unpack[OrderKnown]
        ) -> OrderUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[OrderKey]) -> typed.Delete[Order, M]: ...
        @overload
        def delete(self, key: Order | OrderKey, /) -> typed.Delete[Order, M]: ...
        @overload
        def delete(self, keys: Sequence[Order | OrderKey], /) -> typed.BatchWrite[Order, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[OrderKnown]
        ) -> typed.Query[Order, M] | typed.Scan[Order, M]: ...
        def find(
            self, **values: Unpack[OrderKnown]
        ) -> typed.Query[Order, M] | typed.Scan[Order, M]: ...

    AsyncOrderEntity = OrderEntity[typed.Async]

    class AccountPage(typed.CollectionPage[Customer | Order]):
        customer: list[Customer]
        order: list[Order]

    class AccountCollectionLimits(TypedDict, closed=True):
        order_id: str

    class AccountCollectionRange(Protocol[M]):
        def __call__(
            self, **limits: Unpack[AccountCollectionLimits]
        ) -> typed.CollectionQuery[Customer | Order, M, AccountPage]: ...

    class Entities(typed.Entities[M], Generic[M]):
        customer: CustomerEntity[M]
        order: OrderEntity[M]
        @overload
        def __getitem__(self, alias: Literal["customer"]) -> CustomerEntity[M]: ...
        @overload
        def __getitem__(self, alias: Literal["order"]) -> OrderEntity[M]: ...
        def __getitem__(self, *given: Any, **named: Any) -> Any: ...

    class Collections(typed.Collections[M], Generic[M]):
        def account(self, *, customer_id: str, order_id: str = ...) -> typed.RangedCollectionQuery[
            Customer | Order, M, AccountPage, AccountCollectionRange[M], AccountCollectionLimits
        ]: ...

    class Service(typed.Service[Entities[typed.Sync], Collections[typed.Sync]]):
        """The service shop, as `load()` gives it."""

    class AsyncService(typed.AsyncService[Entities[typed.Async], Collections[typed.Async]]):
        """The service shop, as `load_async()` gives it."""

    load: typed.Load[Service]
    load_async: typed.LoadAsync[AsyncService]

_schemas = Schemas(
    __name__,
    digest="108cd40197bfa44bb377fa79e7baae11f4e3405434ce1c6d31f1050bf32ba465",
    records={
        "Customer": "customer",
        "Order": "order",
    },
    sources={
        "customer.yaml": """\
entity: customer
version: "1"
service: shop

attributes:
  customer_id: {type: string, required: true}
  name:        {type: string, required: true}
  joined_at:   {type: timestamp, default: {generate: now}, read_only: true}

indexes:
  account:                                   # no `index`: the table's own key
    collection: account
    pk: {field: pk, composite: [customer_id]}
    sk: {field: sk, composite: []}
""",
        "order.yaml": """\
entity: order
version: "1"
service: shop

attributes:
  customer_id: {type: string, required: true}
  order_id:    {type: string, required: true, default: {generate: uuid7}}
  status:      {type: [open, paid, sent], default: open}      # a list is an enum
  total:       {type: decimal, required: true, min: 0}
  lines:       {type: list, items: {type: map, properties: {sku: string, count: integer}}}
  placed_at:   {type: timestamp, required: true, default: {generate: now}, read_only: true}

indexes:
  orders:
    collection: account
    pk: {field: pk, composite: [customer_id]}
    sk: {field: sk, composite: [order_id]}
  by_status:
    description: The orders of a status, the oldest first.
    index: gsi1
    pk: {field: gsi1pk, composite: [status]}
    sk: {field: gsi1sk, composite: [placed_at]}
""",
    },
)

if not TYPE_CHECKING:
    __getattr__ = _schemas.named
