# fmt: off
# Made by `leyden types`, from the schemas that stand at its end: do not edit it, make it again.
# ruff: noqa
"""The service everything, typed.

    app = everything.load(table="...")
    app.entities.parcel
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from leyden.typed import Schemas

ParcelCarrier = Literal["post", "van", "by bike"]
ParcelKind = Literal["parcel"]
ParcelModesItems = Literal["slow", "fast"]
ServiceCarrier = Literal["post", "van", "by bike"]
ServicePaidCardHow = Literal["card"]
ServicePaidBillHow = Literal["bill"]
ServiceLogItemsStartKind = Literal["start"]
ServiceLogItemsStopKind = Literal["stop"]
ServicePaidHow = Literal["card", "bill"]
ServiceLogItemsKind = Literal["start", "stop"]

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal
    from typing import Any, Generic, Protocol, Self, overload

    import attrs
    from typing_extensions import NotRequired, TypedDict, Unpack
    from leyden.typed import static as typed
    from leyden.typed.static import M

    _int = int
    _datetime = datetime
    _str = str
    _list = list
    _typed = typed

    class ParcelStopsItems(TypedDict):
        at: NotRequired[datetime]
        place: str

    class ParcelStopsItemsGiven(TypedDict):
        at: NotRequired[datetime | str]
        place: str

    class ParcelAddressGeo(TypedDict):
        lat: int | float
        lon: int | float

    ParcelAddress = TypedDict(
        "ParcelAddress",
        {
            "street": str,
            "class": NotRequired[str],
            "1st": NotRequired[str],
            "geo": NotRequired[ParcelAddressGeo],
        },
    )

    class ParcelAddressGeoGiven(TypedDict):
        lat: int | float | Decimal
        lon: int | float | Decimal

    ParcelAddressGiven = TypedDict(
        "ParcelAddressGiven",
        {
            "street": str,
            "class": NotRequired[str],
            "1st": NotRequired[str],
            "geo": NotRequired[ParcelAddressGeoGiven],
            "secret": NotRequired[str],
        },
    )

    class ParcelStopsItemsPlaces(typed.Properties[ParcelStopsItemsGiven]):
        at: typed.Moment
        place: typed.Text[str]

    class ParcelAddressGeoPlaces(typed.Properties[ParcelAddressGeoGiven]):
        lat: typed.Number[int | float | Decimal]
        lon: typed.Number[int | float | Decimal]

    class ParcelAddressPlaces(typed.Properties[ParcelAddressGiven]):
        street: typed.Text[str]
        geo: ParcelAddressGeoPlaces
        secret: typed.Text[str]

    @attrs.frozen(init=False)
    class Parcel(typed.Record):
        """A parcel on its way, with 'quotes' and a \\ in its description."""

        parcel_id: str
        tenant: str
        """Whose it is."""
        carrier: ParcelCarrier
        number: int | None
        label: str | None
        kind: ParcelKind
        weight: int | float | None
        price: Decimal | None
        fragile: bool | None
        scan: bytes | None
        tags: frozenset[str] | None
        codes: frozenset[int] | None
        modes: frozenset[ParcelModesItems] | None
        anything: Any
        open_list: list[Any] | None
        open_map: dict[str, Any] | None
        open_set: frozenset[Any] | None
        payload: Any
        stops: list[ParcelStopsItems] | None
        address: ParcelAddress | None
        match: str | None
        type: str | None
        sent_at: datetime | None
        changed_at: datetime | None
        expires_at: datetime | None
        title: str | None
        masked: Any
        cleaned: str | None
        body: str | None
        revision: int | None

        def __init__(
            self,
            *,
            parcel_id: str | None = None,
            tenant: str,
            carrier: ParcelCarrier,
            number: int | None = None,
            label: str | None = None,
            kind: ParcelKind,
            weight: int | float | Decimal | None = None,
            price: Decimal | int | None = None,
            fragile: bool | None = None,
            scan: bytes | bytearray | memoryview | None = None,
            tags: typed.Group[str] | None = None,
            codes: typed.Group[int] | None = None,
            modes: typed.Group[ParcelModesItems] | None = None,
            anything: Any = None,
            open_list: Sequence[Any] | None = None,
            open_map: Mapping[str, Any] | None = None,
            open_set: typed.Group[Any] | None = None,
            payload: Any = None,
            stops: Sequence[ParcelStopsItemsGiven] | None = None,
            address: ParcelAddressGiven | None = None,
            match: str | None = None,
            type: str | None = None,
            sent_at: datetime | str | None = None,
            changed_at: datetime | str | None = None,
            expires_at: datetime | int | float | None = None,
            title: str | None = None,
            masked: str | None = None,
            cleaned: Any = None,
            body: str | None = None,
            revision: int | None = None,
        ) -> None: ...

    class ParcelKey_(TypedDict, closed=True):
        """The table's own key."""
        tenant: str
        parcel_id: str

    class ParcelValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        parcel_id: NotRequired[str | None]
        tenant: str
        carrier: ParcelCarrier
        number: NotRequired[int | None]
        label: NotRequired[str | None]
        kind: ParcelKind
        weight: NotRequired[int | float | Decimal | None]
        price: NotRequired[Decimal | int | None]
        fragile: NotRequired[bool | None]
        scan: NotRequired[bytes | bytearray | memoryview | None]
        tags: NotRequired[typed.Group[str] | None]
        codes: NotRequired[typed.Group[int] | None]
        modes: NotRequired[typed.Group[ParcelModesItems] | None]
        anything: NotRequired[Any]
        open_list: NotRequired[Sequence[Any] | None]
        open_map: NotRequired[Mapping[str, Any] | None]
        open_set: NotRequired[typed.Group[Any] | None]
        payload: NotRequired[Any]
        stops: NotRequired[Sequence[ParcelStopsItemsGiven] | None]
        address: NotRequired[ParcelAddressGiven | None]
        match: NotRequired[str | None]
        type: NotRequired[str | None]
        sent_at: NotRequired[datetime | str | None]
        changed_at: NotRequired[datetime | str | None]
        expires_at: NotRequired[datetime | int | float | None]
        title: NotRequired[str | None]
        masked: NotRequired[str | None]
        cleaned: NotRequired[Any]
        body: NotRequired[str | None]
        hidden: NotRequired[str | None]
        revision: NotRequired[int | None]

    class ParcelChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        carrier: ParcelCarrier | typed.Computed
        number: int | typed.Computed
        label: str | typed.Computed
        kind: ParcelKind | typed.Computed
        weight: int | float | Decimal | typed.Computed
        price: Decimal | int | typed.Computed
        fragile: bool | typed.Computed
        scan: bytes | bytearray | memoryview | typed.Computed
        tags: typed.Group[str] | typed.Computed
        codes: typed.Group[int] | typed.Computed
        modes: typed.Group[ParcelModesItems] | typed.Computed
        anything: Any
        open_list: Sequence[Any] | typed.Computed
        open_map: Mapping[str, Any] | typed.Computed
        open_set: typed.Group[Any] | typed.Computed
        payload: Any
        stops: Sequence[ParcelStopsItemsGiven] | typed.Computed
        address: ParcelAddressGiven | typed.Computed
        match: str | typed.Computed
        type: str | typed.Computed
        expires_at: datetime | int | float | typed.Computed
        masked: str | typed.Computed
        cleaned: Any
        body: str | typed.Computed
        hidden: str | typed.Computed

    class ParcelKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        parcel_id: str | None
        tenant: str | None
        carrier: ParcelCarrier | None
        number: int | None
        label: str | None
        kind: ParcelKind | None
        weight: int | float | Decimal | None
        price: Decimal | int | None
        fragile: bool | None
        scan: bytes | bytearray | memoryview | None
        tags: typed.Group[str] | None
        codes: typed.Group[int] | None
        modes: typed.Group[ParcelModesItems] | None
        anything: Any
        open_list: Sequence[Any] | None
        open_map: Mapping[str, Any] | None
        open_set: typed.Group[Any] | None
        payload: Any
        stops: Sequence[ParcelStopsItemsGiven] | None
        address: ParcelAddressGiven | None
        match: str | None
        type: str | None
        sent_at: datetime | str | None
        changed_at: datetime | str | None
        expires_at: datetime | int | float | None
        title: str | None
        masked: str | None
        cleaned: Any
        body: str | None
        hidden: str | None
        revision: int | None

    class ParcelAttributes(typed.Attributes):
        parcel_id: typed.Text[str]
        tenant: typed.Text[str]
        carrier: typed.Text[ParcelCarrier]
        number: typed.Number[int]
        label: typed.Text[str]
        kind: typed.Text[ParcelKind]
        weight: typed.Number[int | float | Decimal]
        price: typed.Number[Decimal | int]
        fragile: typed.Flag
        scan: typed.Bytes
        tags: typed.Members[typed.Group[str], str]
        codes: typed.Members[typed.Group[int], int]
        modes: typed.Members[typed.Group[ParcelModesItems], ParcelModesItems]
        anything: typed.Anything
        open_list: typed.Elements[Sequence[Any], typed.Anything]
        open_map: typed.Anything
        open_set: typed.Members[typed.Group[Any], Any]
        payload: typed.Sized[Any]
        stops: typed.Elements[Sequence[ParcelStopsItemsGiven], ParcelStopsItemsPlaces]
        address: ParcelAddressPlaces
        match: typed.Text[str]
        type: typed.Text[str]
        sent_at: typed.Moment
        changed_at: typed.Moment
        expires_at: typed.Instant
        title: typed.Text[str]
        masked: typed.Text[str]
        cleaned: typed.Text[str]
        body: typed.Text[str]
        hidden: typed.Text[str]
        revision: typed.Number[int]

    class ParcelUpdate(typed.Update[Parcel, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[ParcelChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[ParcelChanges]
        ) -> Self: ...
        def add(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            price: Decimal | int = ...,
            tags: typed.Group[str] = ...,
            codes: typed.Group[int] = ...,
            modes: typed.Group[ParcelModesItems] = ...,
            anything: Any = ...,
            open_set: typed.Group[Any] = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def subtract(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            price: Decimal | int = ...,
            anything: Any = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def append(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            anything: Any = ...,
            open_list: Sequence[Any] = ...,
            stops: Sequence[ParcelStopsItemsGiven] = ...,
        ) -> Self: ...
        def delete(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            tags: typed.Group[str] = ...,
            codes: typed.Group[int] = ...,
            modes: typed.Group[ParcelModesItems] = ...,
            anything: Any = ...,
            open_set: typed.Group[Any] = ...,
        ) -> Self: ...
        def remove(self, *paths: str) -> Self: ...
        def composite(self, **known: Unpack[ParcelKnown]) -> Self: ...

    class ParcelUpsert(typed.Upsert[Parcel, M], Generic[M]):
        def set(self, **values: Unpack[ParcelKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[ParcelKnown]) -> Self: ...
        def add(
            self,
            *,
            price: Decimal | int = ...,
            tags: typed.Group[str] = ...,
            codes: typed.Group[int] = ...,
            modes: typed.Group[ParcelModesItems] = ...,
            anything: Any = ...,
            open_set: typed.Group[Any] = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def subtract(
            self,
            *,
            price: Decimal | int = ...,
            anything: Any = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def append(
            self,
            *,
            anything: Any = ...,
            open_list: Sequence[Any] = ...,
            stops: Sequence[ParcelStopsItemsGiven] = ...,
        ) -> Self: ...
        def composite(self, **known: Unpack[ParcelKnown]) -> Self: ...

    class ParcelParcelLimits(TypedDict, closed=True):
        parcel_id: str

    class ParcelParcelRange(Protocol[M]):
        def __call__(self, **limits: Unpack[ParcelParcelLimits]) -> typed.Query[Parcel, M]: ...

    class ParcelByCarrierLimits(TypedDict, closed=True):
        sent_at: datetime | str
        weight: NotRequired[int | float | Decimal]
        number: NotRequired[int]

    class ParcelByCarrierRange(Protocol[M]):
        def __call__(self, **limits: Unpack[ParcelByCarrierLimits]) -> typed.Query[Parcel, M]: ...

    class ParcelByCarrierWeightLimits(TypedDict, closed=True):
        weight: int | float | Decimal
        number: NotRequired[int]

    class ParcelByCarrierWeightRange(Protocol[M]):
        def __call__(
            self, **limits: Unpack[ParcelByCarrierWeightLimits]
        ) -> typed.Query[Parcel, M]: ...

    class ParcelByCarrierNumberLimits(TypedDict, closed=True):
        number: int

    class ParcelByCarrierNumberRange(Protocol[M]):
        def __call__(
            self, **limits: Unpack[ParcelByCarrierNumberLimits]
        ) -> typed.Query[Parcel, M]: ...

    class ParcelByKindLimits(TypedDict, closed=True):
        label: str

    class ParcelByKindRange(Protocol[M]):
        def __call__(self, **limits: Unpack[ParcelByKindLimits]) -> typed.Query[Parcel, M]: ...

    class ParcelByColumnsLimits(TypedDict, closed=True):
        price: Decimal | int
        match: NotRequired[str]

    class ParcelByColumnsRange(Protocol[M]):
        def __call__(self, **limits: Unpack[ParcelByColumnsLimits]) -> typed.Query[Parcel, M]: ...

    class ParcelByColumnsMatchLimits(TypedDict, closed=True):
        match: str

    class ParcelByColumnsMatchRange(Protocol[M]):
        def __call__(
            self, **limits: Unpack[ParcelByColumnsMatchLimits]
        ) -> typed.Query[Parcel, M]: ...

    class ParcelQueries(typed.Patterns, Generic[M]):
        @overload
        def parcel(
            self, *, tenant: str
        ) -> typed.RangedQuery[Parcel, M, ParcelParcelRange[M], ParcelParcelLimits]: ...
        @overload
        def parcel(self, *, tenant: str, parcel_id: str) -> typed.Query[Parcel, M]: ...
        def parcel(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def by_carrier(
            self, *, carrier: ParcelCarrier
        ) -> typed.RangedQuery[Parcel, M, ParcelByCarrierRange[M], ParcelByCarrierLimits]: ...
        @overload
        def by_carrier(
            self, *, carrier: ParcelCarrier, sent_at: datetime | str
        ) -> typed.RangedQuery[
            Parcel, M, ParcelByCarrierWeightRange[M], ParcelByCarrierWeightLimits
        ]: ...
        @overload
        def by_carrier(
            self, *, carrier: ParcelCarrier, sent_at: datetime | str, weight: int | float | Decimal
        ) -> typed.RangedQuery[
            Parcel, M, ParcelByCarrierNumberRange[M], ParcelByCarrierNumberLimits
        ]: ...
        @overload
        def by_carrier(
            self,
            *,
            carrier: ParcelCarrier,
            sent_at: datetime | str,
            weight: int | float | Decimal,
            number: int,
        ) -> typed.Query[Parcel, M]: ...
        def by_carrier(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def by_kind(
            self, *, kind: ParcelKind = ..., tenant: str
        ) -> typed.RangedQuery[Parcel, M, ParcelByKindRange[M], ParcelByKindLimits]: ...
        @overload
        def by_kind(
            self, *, kind: ParcelKind = ..., tenant: str, label: str
        ) -> typed.Query[Parcel, M]: ...
        def by_kind(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def by_columns(
            self, *, tenant: str
        ) -> typed.RangedQuery[Parcel, M, ParcelByColumnsRange[M], ParcelByColumnsLimits]: ...
        @overload
        def by_columns(self, *, tenant: str, price: Decimal | int) -> typed.RangedQuery[
            Parcel, M, ParcelByColumnsMatchRange[M], ParcelByColumnsMatchLimits
        ]: ...
        @overload
        def by_columns(
            self, *, tenant: str, price: Decimal | int, match: str
        ) -> typed.Query[Parcel, M]: ...
        def by_columns(self, *given: Any, **named: Any) -> Any: ...

    class ParcelByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[ParcelKey_]) -> typed.C: ...
        @overload
        def __call__(self, key: Parcel | ParcelKey_, /) -> typed.C: ...

    class ParcelEntity(typed.Entity[Parcel, M], Generic[M]):
        attr: ParcelAttributes
        query: ParcelQueries[M]
        remove: ParcelByKey[typed.Remove[Parcel, M]]
        check: ParcelByKey[typed.Check[Parcel, M]]
        @property
        def record(self) -> type[Parcel]: ...
        @overload
        def get(self, **key: Unpack[ParcelKey_]) -> typed.Get[Parcel, M]: ...
        @overload
        def get(self, key: Parcel | ParcelKey_, /) -> typed.Get[Parcel, M]: ...
        @overload
        def get(self, keys: Sequence[Parcel | ParcelKey_], /) -> typed.BatchGet[Parcel, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[ParcelValues]) -> typed.Put[Parcel, M]: ...
        @overload
        def put(
            self, item: Parcel | ParcelValues, /, **values: Unpack[ParcelKnown]
        ) -> typed.Put[Parcel, M]: ...
        @overload
        def put(self, items: Sequence[Parcel | ParcelValues], /) -> typed.BatchWrite[Parcel, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[ParcelValues]) -> typed.Create[Parcel, M]: ...
        @overload
        def create(
            self, item: Parcel | ParcelValues, /, **values: Unpack[ParcelKnown]
        ) -> typed.Create[Parcel, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[ParcelKey_]) -> ParcelUpdate[M]: ...
        @overload
        def update(
            self,
            record: Parcel,
            more: Parcel | ParcelKnown = ...,
            /,
            **changes: Unpack[ParcelKnown],
        ) -> ParcelUpdate[M]: ...
        @overload
        def update(self, key: ParcelKey_, /) -> ParcelUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[ParcelKey_]) -> ParcelUpdate[M]: ...
        @overload
        def patch(
            self,
            record: Parcel,
            more: Parcel | ParcelKnown = ...,
            /,
            **changes: Unpack[ParcelKnown],
        ) -> ParcelUpdate[M]: ...
        @overload
        def patch(self, key: ParcelKey_, /) -> ParcelUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[ParcelKnown]) -> ParcelUpsert[M]: ...
        @overload
        def upsert(
            self, item: Parcel | ParcelValues, /, **values: Unpack[ParcelKnown]
        ) -> ParcelUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[ParcelKey_]) -> typed.Delete[Parcel, M]: ...
        @overload
        def delete(self, key: Parcel | ParcelKey_, /) -> typed.Delete[Parcel, M]: ...
        @overload
        def delete(self, keys: Sequence[Parcel | ParcelKey_], /) -> typed.BatchWrite[Parcel, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[ParcelKnown]
        ) -> typed.Query[Parcel, M] | typed.Scan[Parcel, M]: ...
        def find(
            self, **values: Unpack[ParcelKnown]
        ) -> typed.Query[Parcel, M] | typed.Scan[Parcel, M]: ...

    AsyncParcelEntity = ParcelEntity[typed.Async]

    class ParcelKeyTyped(TypedDict, total=False):
        str: _datetime
        int: _int
        datetime: list[_datetime]

    class ParcelKeyTypedGiven(TypedDict, total=False):
        str: _datetime | _str
        int: _int
        datetime: Sequence[_datetime | _str]

    class ParcelKeyTypedPlaces(typed.Properties[ParcelKeyTypedGiven]):
        str: typed.Moment
        int: typed.Number[_int]
        datetime: typed.Elements[Sequence[_datetime | _str], typed.Moment]

    @attrs.frozen(init=False)
    class ParcelKey(_typed.Record):
        """An item of the entity parcel_key."""

        tenant: _str
        text: _str | None
        datetime: _datetime | None
        list: _list[_str] | None
        str: frozenset[_str] | None
        typed: ParcelKeyTyped | None
        at: _datetime | None
        str_of: _str | None
        words: _list[_str] | None
        embedding: tuple[float, ...] | None

        def __init__(
            self,
            *,
            tenant: _str,
            text: _str | None = None,
            datetime: _datetime | _str | None = None,
            list: Sequence[_str] | None = None,
            str: _typed.Group[_str] | None = None,
            typed: ParcelKeyTypedGiven | None = None,
            at: _datetime | _str | None = None,
            str_of: _str | None = None,
            words: Sequence[_str] | None = None,
            embedding: _typed.Vector | None = None,
        ) -> None: ...

    class ParcelKeyKey(TypedDict, closed=True):
        """The table's own key."""
        tenant: _str

    class ParcelKeyValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        tenant: _str
        text: NotRequired[_str | None]
        datetime: NotRequired[_datetime | _str | None]
        list: NotRequired[Sequence[_str] | None]
        str: NotRequired[_typed.Group[_str] | None]
        typed: NotRequired[ParcelKeyTypedGiven | None]
        at: NotRequired[_datetime | _str | None]
        str_of: NotRequired[_str | None]
        words: NotRequired[Sequence[_str] | None]
        embedding: NotRequired[_typed.Vector | None]

    class ParcelKeyChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        text: _str | _typed.Computed
        datetime: _datetime | _str | _typed.Computed
        list: Sequence[_str] | _typed.Computed
        str: _typed.Group[_str] | _typed.Computed
        typed: ParcelKeyTypedGiven | _typed.Computed
        at: _datetime | _str | _typed.Computed
        str_of: _str | _typed.Computed
        words: Sequence[_str] | _typed.Computed
        embedding: _typed.Vector | _typed.Computed

    class ParcelKeyKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        tenant: _str | None
        text: _str | None
        datetime: _datetime | _str | None
        list: Sequence[_str] | None
        str: _typed.Group[_str] | None
        typed: ParcelKeyTypedGiven | None
        at: _datetime | _str | None
        str_of: _str | None
        words: Sequence[_str] | None
        embedding: _typed.Vector | None

    class ParcelKeyAttributes(_typed.Attributes):
        tenant: _typed.Text[_str]
        text: _typed.Text[_str]
        datetime: _typed.Moment
        list: _typed.Elements[Sequence[_str], _typed.Text[_str]]
        str: _typed.Members[_typed.Group[_str], _str]
        typed: ParcelKeyTypedPlaces
        at: _typed.Moment
        str_of: _typed.Text[_str]
        words: _typed.Elements[Sequence[_str], _typed.Text[_str]]
        embedding: _typed.Sized[_typed.Vector]

    class ParcelKeyUpdate(typed.Update[ParcelKey, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[ParcelKeyChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[ParcelKeyChanges]
        ) -> Self: ...
        def add(
            self, paths: typed.Paths | None = None, /, *, str: typed.Group[str] = ...
        ) -> Self: ...
        def subtract(self, paths: typed.Paths | None = None, /) -> Self: ...
        def append(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            list: Sequence[str] = ...,
            words: Sequence[str] = ...,
        ) -> Self: ...
        def delete(
            self, paths: typed.Paths | None = None, /, *, str: typed.Group[str] = ...
        ) -> Self: ...
        def remove(self, *paths: str) -> Self: ...
        def composite(self, **known: Unpack[ParcelKeyKnown]) -> Self: ...

    class ParcelKeyUpsert(typed.Upsert[ParcelKey, M], Generic[M]):
        def set(self, **values: Unpack[ParcelKeyKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[ParcelKeyKnown]) -> Self: ...
        def add(self, *, str: typed.Group[str] = ...) -> Self: ...
        def append(self, *, list: Sequence[str] = ..., words: Sequence[str] = ...) -> Self: ...
        def composite(self, **known: Unpack[ParcelKeyKnown]) -> Self: ...

    class ParcelKeyListLimits(TypedDict, closed=True):
        datetime: _datetime | str

    class ParcelKeyListRange(Protocol[M]):
        def __call__(self, **limits: Unpack[ParcelKeyListLimits]) -> typed.Query[ParcelKey, M]: ...

    class ParcelKeyQueries(typed.Patterns, Generic[M]):
        def key(self, *, tenant: str) -> typed.Query[ParcelKey, M]: ...
        @overload
        def list(
            self, *, str_of: str
        ) -> typed.RangedQuery[ParcelKey, M, ParcelKeyListRange[M], ParcelKeyListLimits]: ...
        @overload
        def list(self, *, str_of: str, datetime: datetime | str) -> typed.Query[ParcelKey, M]: ...
        def list(self, *given: Any, **named: Any) -> Any: ...

    class ParcelKeySearches(typed.Patterns, Generic[M]):
        def similar(
            self, vector: typed.Vector, /, *, tenant: str, text: str = ...
        ) -> typed.Search[ParcelKey, M]: ...
        def anywhere(self, vector: typed.Vector, /) -> typed.Search[ParcelKey, M]: ...

    class ParcelKeyByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[ParcelKeyKey]) -> typed.C: ...
        @overload
        def __call__(self, key: ParcelKey | ParcelKeyKey, /) -> typed.C: ...

    class ParcelKeyEntity(typed.Entity[ParcelKey, M], Generic[M]):
        attr: ParcelKeyAttributes
        query: ParcelKeyQueries[M]
        search: ParcelKeySearches[M]
        remove: ParcelKeyByKey[typed.Remove[ParcelKey, M]]
        check: ParcelKeyByKey[typed.Check[ParcelKey, M]]
        @property
        def record(self) -> type[ParcelKey]: ...
        @overload
        def get(self, **key: Unpack[ParcelKeyKey]) -> typed.Get[ParcelKey, M]: ...
        @overload
        def get(self, key: ParcelKey | ParcelKeyKey, /) -> typed.Get[ParcelKey, M]: ...
        @overload
        def get(
            self, keys: Sequence[ParcelKey | ParcelKeyKey], /
        ) -> typed.BatchGet[ParcelKey, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[ParcelKeyValues]) -> typed.Put[ParcelKey, M]: ...
        @overload
        def put(
            self, item: ParcelKey | ParcelKeyValues, /, **values: Unpack[ParcelKeyKnown]
        ) -> typed.Put[ParcelKey, M]: ...
        @overload
        def put(
            self, items: Sequence[ParcelKey | ParcelKeyValues], /
        ) -> typed.BatchWrite[ParcelKey, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[ParcelKeyValues]) -> typed.Create[ParcelKey, M]: ...
        @overload
        def create(
            self, item: ParcelKey | ParcelKeyValues, /, **values: Unpack[ParcelKeyKnown]
        ) -> typed.Create[ParcelKey, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[ParcelKeyKey]) -> ParcelKeyUpdate[M]: ...
        @overload
        def update(
            self,
            record: ParcelKey,
            more: ParcelKey | ParcelKeyKnown = ...,
            /,
            **changes: Unpack[ParcelKeyKnown],
        ) -> ParcelKeyUpdate[M]: ...
        @overload
        def update(self, key: ParcelKeyKey, /) -> ParcelKeyUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[ParcelKeyKey]) -> ParcelKeyUpdate[M]: ...
        @overload
        def patch(
            self,
            record: ParcelKey,
            more: ParcelKey | ParcelKeyKnown = ...,
            /,
            **changes: Unpack[ParcelKeyKnown],
        ) -> ParcelKeyUpdate[M]: ...
        @overload
        def patch(self, key: ParcelKeyKey, /) -> ParcelKeyUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[ParcelKeyKnown]) -> ParcelKeyUpsert[M]: ...
        @overload
        def upsert(
            self, item: ParcelKey | ParcelKeyValues, /, **values: Unpack[ParcelKeyKnown]
        ) -> ParcelKeyUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[ParcelKeyKey]) -> typed.Delete[ParcelKey, M]: ...
        @overload
        def delete(self, key: ParcelKey | ParcelKeyKey, /) -> typed.Delete[ParcelKey, M]: ...
        @overload
        def delete(
            self, keys: Sequence[ParcelKey | ParcelKeyKey], /
        ) -> typed.BatchWrite[ParcelKey, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[ParcelKeyKnown]
        ) -> typed.Query[ParcelKey, M] | typed.Scan[ParcelKey, M]: ...
        def find(
            self, **values: Unpack[ParcelKeyKnown]
        ) -> typed.Query[ParcelKey, M] | typed.Scan[ParcelKey, M]: ...

    AsyncParcelKeyEntity = ParcelKeyEntity[typed.Async]

    class ServicePaidCard(TypedDict):
        how: ServicePaidCardHow
        number: str
        at: NotRequired[datetime]

    class ServicePaidBillAddress(TypedDict, total=False):
        street: str

    class ServicePaidBill(TypedDict):
        how: ServicePaidBillHow
        days: NotRequired[int]
        at: NotRequired[datetime]
        address: NotRequired[ServicePaidBillAddress]

    class ServicePaidCardGiven(TypedDict):
        how: ServicePaidCardHow
        number: str
        at: NotRequired[datetime | str]

    class ServicePaidBillGiven(TypedDict):
        how: ServicePaidBillHow
        days: NotRequired[int]
        at: NotRequired[datetime | str]
        address: NotRequired[ServicePaidBillAddress]

    class ServiceLogItemsStart(TypedDict):
        kind: ServiceLogItemsStartKind
        at: NotRequired[datetime]

    class ServiceLogItemsStop(TypedDict):
        kind: ServiceLogItemsStopKind
        why: NotRequired[str]

    class ServiceLogItemsStartGiven(TypedDict):
        kind: ServiceLogItemsStartKind
        at: NotRequired[datetime | str]

    class ServicePaidAddressPlaces(typed.Properties[ServicePaidBillAddress]):
        street: typed.Text[str]

    class ServicePaidPlaces(typed.Properties[ServicePaidCardGiven | ServicePaidBillGiven]):
        how: typed.Text[ServicePaidHow]
        number: typed.Text[str]
        at: typed.Moment
        days: typed.Number[int]
        address: ServicePaidAddressPlaces

    class ServiceLogItemsPlaces(typed.Properties[ServiceLogItemsStartGiven | ServiceLogItemsStop]):
        kind: typed.Text[ServiceLogItemsKind]
        at: typed.Moment
        why: typed.Text[str]

    @attrs.frozen(init=False)
    class Service_(typed.Record):
        """An item of the entity service."""

        carrier: ServiceCarrier
        since: datetime
        query: str | None
        paid: ServicePaidCard | ServicePaidBill | None
        log: list[ServiceLogItemsStart | ServiceLogItemsStop] | None

        def __init__(
            self,
            *,
            carrier: ServiceCarrier,
            since: datetime | str,
            query: str | None = None,
            paid: ServicePaidCardGiven | ServicePaidBillGiven | None = None,
            log: Sequence[ServiceLogItemsStartGiven | ServiceLogItemsStop] | None = None,
        ) -> None: ...

    class Service_Key(TypedDict, closed=True):
        """The table's own key."""
        carrier: ServiceCarrier
        since: datetime | str

    class Service_Values(TypedDict, closed=True):
        """What `create` and `put` take."""
        carrier: ServiceCarrier
        since: datetime | str
        query: NotRequired[str | None]
        paid: NotRequired[ServicePaidCardGiven | ServicePaidBillGiven | None]
        log: NotRequired[Sequence[ServiceLogItemsStartGiven | ServiceLogItemsStop] | None]

    class Service_Changes(TypedDict, total=False, closed=True):
        """What `set` takes."""
        query: str | typed.Computed
        paid: ServicePaidCardGiven | ServicePaidBillGiven | typed.Computed
        log: Sequence[ServiceLogItemsStartGiven | ServiceLogItemsStop] | typed.Computed

    class Service_Known(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        carrier: ServiceCarrier | None
        since: datetime | str | None
        query: str | None
        paid: ServicePaidCardGiven | ServicePaidBillGiven | None
        log: Sequence[ServiceLogItemsStartGiven | ServiceLogItemsStop] | None

    class Service_Attributes(typed.Attributes):
        carrier: typed.Text[ServiceCarrier]
        since: typed.Moment
        query: typed.Text[str]
        paid: ServicePaidPlaces
        log: typed.Elements[Sequence[ServiceLogItemsStartGiven | ServiceLogItemsStop], ServiceLogItemsPlaces]

    class Service_Update(typed.Update[Service_, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[Service_Changes]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[Service_Changes]
        ) -> Self: ...
        def add(self, paths: typed.Paths | None = None, /) -> Self: ...
        def subtract(self, paths: typed.Paths | None = None, /) -> Self: ...
        def append(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            log: Sequence[ServiceLogItemsStartGiven | ServiceLogItemsStop] = ...,
        ) -> Self: ...
        def delete(self, paths: typed.Paths | None = None, /) -> Self: ...
        def remove(self, *paths: str) -> Self: ...
        def composite(self, **known: Unpack[Service_Known]) -> Self: ...

    class Service_Upsert(typed.Upsert[Service_, M], Generic[M]):
        def set(self, **values: Unpack[Service_Known]) -> Self: ...
        def if_not_exists(self, **values: Unpack[Service_Known]) -> Self: ...
        def append(
            self, *, log: Sequence[ServiceLogItemsStartGiven | ServiceLogItemsStop] = ...
        ) -> Self: ...
        def composite(self, **known: Unpack[Service_Known]) -> Self: ...

    class Service_CarrierLimits(TypedDict, closed=True):
        since: datetime | str

    class Service_CarrierRange(Protocol[M]):
        def __call__(self, **limits: Unpack[Service_CarrierLimits]) -> typed.Query[Service_, M]: ...

    class Service_TrafficLimits(TypedDict, closed=True):
        since: datetime | str

    class Service_TrafficRange(Protocol[M]):
        def __call__(self, **limits: Unpack[Service_TrafficLimits]) -> typed.Query[Service_, M]: ...

    class Service_Queries(typed.Patterns, Generic[M]):
        @overload
        def carrier(
            self, *, carrier: ServiceCarrier
        ) -> typed.RangedQuery[Service_, M, Service_CarrierRange[M], Service_CarrierLimits]: ...
        @overload
        def carrier(
            self, *, carrier: ServiceCarrier, since: datetime | str
        ) -> typed.Query[Service_, M]: ...
        def carrier(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def traffic(
            self, *, carrier: ServiceCarrier
        ) -> typed.RangedQuery[Service_, M, Service_TrafficRange[M], Service_TrafficLimits]: ...
        @overload
        def traffic(
            self, *, carrier: ServiceCarrier, since: datetime | str
        ) -> typed.Query[Service_, M]: ...
        def traffic(self, *given: Any, **named: Any) -> Any: ...

    class Service_ByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[Service_Key]) -> typed.C: ...
        @overload
        def __call__(self, key: Service_ | Service_Key, /) -> typed.C: ...

    class Service_Entity(typed.Entity[Service_, M], Generic[M]):
        attr: Service_Attributes
        query: Service_Queries[M]
        remove: Service_ByKey[typed.Remove[Service_, M]]
        check: Service_ByKey[typed.Check[Service_, M]]
        @property
        def record(self) -> type[Service_]: ...
        @overload
        def get(self, **key: Unpack[Service_Key]) -> typed.Get[Service_, M]: ...
        @overload
        def get(self, key: Service_ | Service_Key, /) -> typed.Get[Service_, M]: ...
        @overload
        def get(self, keys: Sequence[Service_ | Service_Key], /) -> typed.BatchGet[Service_, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[Service_Values]) -> typed.Put[Service_, M]: ...
        @overload
        def put(
            self, item: Service_ | Service_Values, /, **values: Unpack[Service_Known]
        ) -> typed.Put[Service_, M]: ...
        @overload
        def put(
            self, items: Sequence[Service_ | Service_Values], /
        ) -> typed.BatchWrite[Service_, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[Service_Values]) -> typed.Create[Service_, M]: ...
        @overload
        def create(
            self, item: Service_ | Service_Values, /, **values: Unpack[Service_Known]
        ) -> typed.Create[Service_, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[Service_Key]) -> Service_Update[M]: ...
        @overload
        def update(
            self,
            record: Service_,
            more: Service_ | Service_Known = ...,
            /,
            **changes: Unpack[Service_Known],
        ) -> Service_Update[M]: ...
        @overload
        def update(self, key: Service_Key, /) -> Service_Update[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[Service_Key]) -> Service_Update[M]: ...
        @overload
        def patch(
            self,
            record: Service_,
            more: Service_ | Service_Known = ...,
            /,
            **changes: Unpack[Service_Known],
        ) -> Service_Update[M]: ...
        @overload
        def patch(self, key: Service_Key, /) -> Service_Update[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[Service_Known]) -> Service_Upsert[M]: ...
        @overload
        def upsert(
            self, item: Service_ | Service_Values, /, **values: Unpack[Service_Known]
        ) -> Service_Upsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[Service_Key]) -> typed.Delete[Service_, M]: ...
        @overload
        def delete(self, key: Service_ | Service_Key, /) -> typed.Delete[Service_, M]: ...
        @overload
        def delete(
            self, keys: Sequence[Service_ | Service_Key], /
        ) -> typed.BatchWrite[Service_, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[Service_Known]
        ) -> typed.Query[Service_, M] | typed.Scan[Service_, M]: ...
        def find(
            self, **values: Unpack[Service_Known]
        ) -> typed.Query[Service_, M] | typed.Scan[Service_, M]: ...

    AsyncService_Entity = Service_Entity[typed.Async]

    class TrafficPage(typed.CollectionPage[Parcel | Service_]):
        parcel: list[Parcel]
        service: list[Service_]

    class TrafficCollectionLimits(TypedDict, total=False, closed=True):
        sent_at: datetime | str
        weight: int | float | Decimal
        number: int
        since: datetime | str

    class TrafficCollectionRange(Protocol[M]):
        def __call__(
            self, **limits: Unpack[TrafficCollectionLimits]
        ) -> typed.CollectionQuery[Parcel | Service_, M, TrafficPage]: ...

    class Entities(typed.Entities[M], Generic[M]):
        parcel: ParcelEntity[M]
        parcel_key: ParcelKeyEntity[M]
        service: Service_Entity[M]
        @overload
        def __getitem__(self, alias: Literal["parcel"]) -> ParcelEntity[M]: ...
        @overload
        def __getitem__(self, alias: Literal["parcel_key"]) -> ParcelKeyEntity[M]: ...
        @overload
        def __getitem__(self, alias: Literal["service"]) -> Service_Entity[M]: ...
        def __getitem__(self, *given: Any, **named: Any) -> Any: ...

    class Collections(typed.Collections[M], Generic[M]):
        def traffic(
            self,
            *,
            carrier: ParcelCarrier,
            sent_at: datetime | str = ...,
            weight: int | float | Decimal = ...,
            number: int = ...,
            since: datetime | str = ...,
        ) -> typed.RangedCollectionQuery[
            Parcel | Service_, M, TrafficPage, TrafficCollectionRange[M], TrafficCollectionLimits
        ]: ...

    class Service(typed.Service[Entities[typed.Sync], Collections[typed.Sync]]):
        """The service everything, as `load()` gives it."""

    class AsyncService(typed.AsyncService[Entities[typed.Async], Collections[typed.Async]]):
        """The service everything, as `load_async()` gives it."""

    load: typed.Load[Service]
    load_async: typed.LoadAsync[AsyncService]

_schemas = Schemas(
    __name__,
    digest="912e062301972dd0b0890431179c72e27f9392ef40bd9d5744b3dbc649da132b",
    records={
        "Parcel": "parcel",
        "ParcelKey": "parcel_key",
        "Service_": "service",
    },
    sources={
        "parcel.yaml": (
    'entity: parcel\n'
    'version: "2"\n'
    'service: everything\n'
    'keys: strict\n'
    'description: A parcel on its way, with "quotes" and a \\ in its description.\n'
    'version_attribute: revision\n'
    'unique: [[label], [carrier, number]]\n'
    '\n'
    'attributes:\n'
    '  parcel_id:  {type: string, required: true, default: {generate: ulid}}\n'
    '  tenant:     {type: string, required: true, description: Whose it is.}\n'
    '  carrier:    {type: [post, van, "by bike"], required: true}\n'
    '  number:     integer\n'
    '  label:      string\n'
    '  kind:       {type: [parcel], required: true}              # one value: a constant\n'
    '  weight:     {type: number, min: 0}\n'
    '  price:      decimal\n'
    '  fragile:    boolean\n'
    '  scan:       {type: binary}\n'
    '  tags:       {type: set, items: string}\n'
    '  codes:      {type: set, items: integer}\n'
    '  modes:      {type: set, items: {type: [slow, fast]}}\n'
    '  anything:   any\n'
    '  open_list:  list\n'
    '  open_map:   map\n'
    '  open_set:   set\n'
    '  payload:    json\n'
    '  stops:      {type: list, items: {type: map, properties: {at: timestamp, place: {type: string, required: true}}}}\n'
    '  address:\n'
    '    type: map\n'
    '    properties:\n'
    '      street: {type: string, required: true}\n'
    '      class:  string\n'
    '      "1st":  string\n'
    '      geo:    {type: map, properties: {lat: {type: number, required: true}, lon: {type: number, required: true}}}\n'
    '      secret: {type: string, hidden: true}\n'
    '  match:      string                                        # a name that Python uses elsewhere\n'
    '  type:       string\n'
    '  sent_at:    {type: timestamp, default: {generate: now}, read_only: true}\n'
    '  changed_at: {type: timestamp, on_write: {generate: now}}\n'
    '  expires_at: ttl\n'
    '  title:      {type: string, watch: [label], derive: label}\n'
    '  masked:     {type: string, get: {call: mask}}\n'
    '  cleaned:    {type: string, set: {call: clean}}\n'
    '  body:       {type: string, overflow: chunk}\n'
    '  hidden:     {type: string, hidden: true}\n'
    '  revision:   integer\n'
    '\n'
    'indexes:\n'
    '  parcel:\n'
    '    pk: {field: pk, composite: [tenant]}\n'
    '    sk: {field: sk, composite: [parcel_id]}\n'
    '  by_carrier:\n'
    '    index: gsi1\n'
    '    collection: traffic\n'
    '    type: clustered\n'
    '    when: "fragile"\n'
    '    pk: {field: gsi1pk, composite: [carrier]}\n'
    '    sk: {field: gsi1sk, composite: [sent_at, weight, number]}\n'
    '  by_kind:\n'
    '    index: gsi2\n'
    '    pk: {field: gsi2pk, composite: [kind, tenant]}\n'
    '    sk: {field: gsi2sk, composite: [label]}\n'
    '  by_columns:\n'
    '    index: gsi3\n'
    '    type: composite\n'
    '    pk: {composite: [tenant]}\n'
    '    sk: {composite: [price, match]}\n'
),
        "parcel_key.yaml": """\
entity: parcel_key             # its record class would be called as the key of a parcel is
version: "1"
service: everything
keys: strict

attributes:
  tenant:    {type: string, required: true}
  text:      string
  datetime:  timestamp                     # names of what the types are made of
  list:      {type: list, items: string}
  str:       {type: set, items: string}
  typed:     {type: map, properties: {str: timestamp, int: integer, datetime: {type: list, items: timestamp}}}
  at:        timestamp
  str_of:    string
  words:     {type: list, items: string}
  embedding: {type: vector, dimensions: 3, deferred: true}

indexes:
  key:
    pk: {field: pk, composite: [tenant]}
    sk: {field: sk, composite: []}
  similar:
    vector: {index: vec1, attribute: embedding, partition: tenant, filters: [text]}
  anywhere:
    vector: {index: vec2, attribute: embedding}
  list:
    index: gsi4
    pk: {field: gsi4pk, composite: [str_of]}
    sk: {field: gsi4sk, composite: [datetime]}
""",
        "service.yaml": """\
entity: service                # a name that the module has for itself
version: "1"
service: everything
keys: strict

attributes:
  carrier: {type: [post, van, "by bike"], required: true}
  since:   {type: timestamp, required: true}
  query:   string
  paid:
    type: union
    tag: how
    variants:
      card: {properties: {number: {type: string, required: true}, at: timestamp}}
      bill: {properties: {days: integer, at: timestamp, address: {type: map, properties: {street: string}}}}
  log:
    type: list
    items:
      type: union
      tag: kind
      variants: {start: {properties: {at: timestamp}}, stop: {properties: {why: string}}}

indexes:
  carrier:
    pk: {field: pk, composite: [carrier]}
    sk: {field: sk, composite: [since]}
  traffic:
    index: gsi1
    collection: traffic
    type: clustered
    pk: {field: gsi1pk, composite: [carrier]}
    sk: {field: gsi1sk, composite: [since]}
""",
    },
)

if not TYPE_CHECKING:
    __getattr__ = _schemas.named
