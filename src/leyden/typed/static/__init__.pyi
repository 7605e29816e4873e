"""The static types that generated modules use."""

from leyden.mapping.record import Record as Record
from leyden.typed.static.conditions import (
    Anything as Anything,
)
from leyden.typed.static.conditions import (
    Attributes as Attributes,
)
from leyden.typed.static.conditions import (
    Bytes as Bytes,
)
from leyden.typed.static.conditions import (
    Computed as Computed,
)
from leyden.typed.static.conditions import (
    Condition as Condition,
)
from leyden.typed.static.conditions import (
    Elements as Elements,
)
from leyden.typed.static.conditions import (
    Encrypted as Encrypted,
)
from leyden.typed.static.conditions import (
    Flag as Flag,
)
from leyden.typed.static.conditions import (
    Instant as Instant,
)
from leyden.typed.static.conditions import (
    Members as Members,
)
from leyden.typed.static.conditions import (
    Moment as Moment,
)
from leyden.typed.static.conditions import (
    Number as Number,
)
from leyden.typed.static.conditions import (
    Properties as Properties,
)
from leyden.typed.static.conditions import (
    Sized as Sized,
)
from leyden.typed.static.conditions import (
    Text as Text,
)
from leyden.typed.static.loading import Load as Load
from leyden.typed.static.loading import LoadAsync as LoadAsync
from leyden.typed.static.reads import (
    Async as Async,
)
from leyden.typed.static.reads import (
    BatchGet as BatchGet,
)
from leyden.typed.static.reads import (
    CollectionQuery as CollectionQuery,
)
from leyden.typed.static.reads import (
    Get as Get,
)
from leyden.typed.static.reads import (
    M as M,
)
from leyden.typed.static.reads import (
    Query as Query,
)
from leyden.typed.static.reads import (
    RangedCollectionQuery as RangedCollectionQuery,
)
from leyden.typed.static.reads import (
    RangedQuery as RangedQuery,
)
from leyden.typed.static.reads import (
    Scan as Scan,
)
from leyden.typed.static.reads import (
    Search as Search,
)
from leyden.typed.static.reads import (
    Sync as Sync,
)
from leyden.typed.static.reads import (
    TransactGet as TransactGet,
)
from leyden.typed.static.service import (
    AsyncService as AsyncService,
)
from leyden.typed.static.service import (
    C as C,
)
from leyden.typed.static.service import (
    CollectionPage as CollectionPage,
)
from leyden.typed.static.service import (
    Collections as Collections,
)
from leyden.typed.static.service import (
    Entities as Entities,
)
from leyden.typed.static.service import (
    Entity as Entity,
)
from leyden.typed.static.service import (
    Group as Group,
)
from leyden.typed.static.service import (
    Paths as Paths,
)
from leyden.typed.static.service import (
    Patterns as Patterns,
)
from leyden.typed.static.service import (
    Service as Service,
)
from leyden.typed.static.service import (
    Vector as Vector,
)
from leyden.typed.static.writes import (
    BatchWrite as BatchWrite,
)
from leyden.typed.static.writes import (
    Check as Check,
)
from leyden.typed.static.writes import (
    Create as Create,
)
from leyden.typed.static.writes import (
    Delete as Delete,
)
from leyden.typed.static.writes import (
    Put as Put,
)
from leyden.typed.static.writes import (
    Remove as Remove,
)
from leyden.typed.static.writes import (
    TransactWrite as TransactWrite,
)
from leyden.typed.static.writes import (
    Update as Update,
)
from leyden.typed.static.writes import (
    Upsert as Upsert,
)
