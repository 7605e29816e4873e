"""The static types that generated modules are written in."""

from leyden.mapping.record import Record as Record
from leyden.typed.static.conditions import (
    Anything as Anything,
    Attributes as Attributes,
    Bytes as Bytes,
    Computed as Computed,
    Condition as Condition,
    Elements as Elements,
    Flag as Flag,
    Instant as Instant,
    Members as Members,
    Moment as Moment,
    Number as Number,
    Properties as Properties,
    Sized as Sized,
    Text as Text,
)
from leyden.typed.static.loading import Load as Load, LoadAsync as LoadAsync
from leyden.typed.static.reads import (
    Async as Async,
    BatchGet as BatchGet,
    CollectionQuery as CollectionQuery,
    Get as Get,
    M as M,
    Query as Query,
    RangedCollectionQuery as RangedCollectionQuery,
    RangedQuery as RangedQuery,
    Scan as Scan,
    Search as Search,
    Sync as Sync,
    TransactGet as TransactGet,
)
from leyden.typed.static.service import (
    AsyncService as AsyncService,
    Collections as Collections,
    Entities as Entities,
    Entity as Entity,
    Group as Group,
    Paths as Paths,
    Service as Service,
    Vector as Vector,
)
from leyden.typed.static.writes import (
    BatchWrite as BatchWrite,
    Check as Check,
    Create as Create,
    Delete as Delete,
    Put as Put,
    Remove as Remove,
    TransactWrite as TransactWrite,
    Update as Update,
    Upsert as Upsert,
)
