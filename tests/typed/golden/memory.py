# fmt: off
# Made by `leyden types`, from the schemas that stand at its end: do not edit it, make it again.
# ruff: noqa
"""The service mastra, typed.

    app = memory.load(table="...")
    app.entities.eval
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from leyden.typed import Schemas

EvalEntity = Literal["eval"]
MessageEntity = Literal["message"]
ResourceEntity = Literal["resource"]
ScoreEntity = Literal["score"]
ThreadEntity = Literal["thread"]
TraceEntity = Literal["trace"]
WorkflowSnapshotEntity = Literal["workflow_snapshot"]

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
    class Eval(typed.Record):
        """The result of one metric on an agent's answer"""

        entity: EvalEntity
        run_id: str
        global_run_id: str
        agent_name: str
        metric_name: str
        instructions: str
        input: str
        output: str
        result: Any
        test_info: Any
        created_at: datetime
        stored_at: datetime
        updated_at: datetime
        metadata: Any
        ttl: datetime | None
        """When DynamoDB removes the item"""
        expires_at: datetime | None

        def __init__(
            self,
            *,
            entity: EvalEntity | None = None,
            run_id: str,
            global_run_id: str,
            agent_name: str,
            metric_name: str,
            instructions: str,
            input: str,
            output: str,
            result: Any,
            test_info: Any = None,
            created_at: datetime | str | None = None,
            stored_at: datetime | str | None = None,
            updated_at: datetime | str | None = None,
            metadata: Any = None,
            ttl: datetime | int | float | None = None,
            expires_at: datetime | int | float | None = None,
        ) -> None: ...

    class EvalKey(TypedDict, closed=True):
        """The table's own key."""
        entity: NotRequired[EvalEntity]
        run_id: str

    class EvalValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        entity: NotRequired[EvalEntity | None]
        run_id: str
        global_run_id: str
        agent_name: str
        metric_name: str
        instructions: str
        input: str
        output: str
        result: Any
        test_info: NotRequired[Any]
        created_at: NotRequired[datetime | str | None]
        stored_at: NotRequired[datetime | str | None]
        updated_at: NotRequired[datetime | str | None]
        metadata: NotRequired[Any]
        ttl: NotRequired[datetime | int | float | None]
        expires_at: NotRequired[datetime | int | float | None]

    class EvalChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        global_run_id: str | typed.Computed
        agent_name: str | typed.Computed
        metric_name: str | typed.Computed
        instructions: str | typed.Computed
        input: str | typed.Computed
        output: str | typed.Computed
        result: Any
        test_info: Any
        created_at: datetime | str | typed.Computed
        updated_at: datetime | str | typed.Computed
        metadata: Any
        ttl: datetime | int | float | typed.Computed
        expires_at: datetime | int | float | typed.Computed

    class EvalKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        entity: EvalEntity | None
        run_id: str | None
        global_run_id: str | None
        agent_name: str | None
        metric_name: str | None
        instructions: str | None
        input: str | None
        output: str | None
        result: Any
        test_info: Any
        created_at: datetime | str | None
        stored_at: datetime | str | None
        updated_at: datetime | str | None
        metadata: Any
        ttl: datetime | int | float | None
        expires_at: datetime | int | float | None

    class EvalAttributes(typed.Attributes):
        entity: typed.Text[EvalEntity]
        run_id: typed.Text[str]
        global_run_id: typed.Text[str]
        agent_name: typed.Text[str]
        metric_name: typed.Text[str]
        instructions: typed.Text[str]
        input: typed.Text[str]
        output: typed.Text[str]
        result: typed.Sized[Any]
        test_info: typed.Sized[Any]
        created_at: typed.Moment
        stored_at: typed.Moment
        updated_at: typed.Moment
        metadata: typed.Sized[Any]
        ttl: typed.Instant
        expires_at: typed.Instant

    class EvalUpdate(typed.Update[Eval, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[EvalChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[EvalChanges]
        ) -> Self: ...
        def add(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def subtract(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def remove(
            self,
            *paths: Literal[
            "global_run_id", "agent_name", "metric_name", "instructions", "input", "output",
            "result", "test_info", "created_at", "updated_at", "metadata", "ttl", "expires_at",
        ],
        ) -> Self: ...
        def composite(self, **known: Unpack[EvalKnown]) -> Self: ...

    class EvalUpsert(typed.Upsert[Eval, M], Generic[M]):
        def set(self, **values: Unpack[EvalKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[EvalKnown]) -> Self: ...
        def add(
            self, *, ttl: datetime | int | float = ..., expires_at: datetime | int | float = ...
        ) -> Self: ...
        def subtract(
            self, *, ttl: datetime | int | float = ..., expires_at: datetime | int | float = ...
        ) -> Self: ...
        def composite(self, **known: Unpack[EvalKnown]) -> Self: ...

    class EvalByAgentLimits(TypedDict, closed=True):
        created_at: datetime | str

    class EvalByAgentRange(Protocol[M]):
        def __call__(self, **limits: Unpack[EvalByAgentLimits]) -> typed.Query[Eval, M]: ...

    class EvalQueries(typed.Patterns, Generic[M]):
        def primary(self, *, entity: EvalEntity = ..., run_id: str) -> typed.Query[Eval, M]: ...
        @overload
        def by_agent(
            self, *, entity: EvalEntity = ..., agent_name: str
        ) -> typed.RangedQuery[Eval, M, EvalByAgentRange[M], EvalByAgentLimits]: ...
        @overload
        def by_agent(
            self, *, entity: EvalEntity = ..., agent_name: str, created_at: datetime | str
        ) -> typed.Query[Eval, M]: ...
        def by_agent(self, *given: Any, **named: Any) -> Any: ...

    class EvalByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[EvalKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Eval | EvalKey, /) -> typed.C: ...

    class EvalEntity_(typed.Entity[Eval, M], Generic[M]):
        attr: EvalAttributes
        query: EvalQueries[M]
        remove: EvalByKey[typed.Remove[Eval, M]]
        check: EvalByKey[typed.Check[Eval, M]]
        @property
        def record(self) -> type[Eval]: ...
        @overload
        def get(self, **key: Unpack[EvalKey]) -> typed.Get[Eval, M]: ...
        @overload
        def get(self, key: Eval | EvalKey, /) -> typed.Get[Eval, M]: ...
        @overload
        def get(self, keys: Sequence[Eval | EvalKey], /) -> typed.BatchGet[Eval, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[EvalValues]) -> typed.Put[Eval, M]: ...
        @overload
        def put(
            self, item: Eval | EvalValues, /, **values: Unpack[EvalKnown]
        ) -> typed.Put[Eval, M]: ...
        @overload
        def put(self, items: Sequence[Eval | EvalValues], /) -> typed.BatchWrite[Eval, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[EvalValues]) -> typed.Create[Eval, M]: ...
        @overload
        def create(
            self, item: Eval | EvalValues, /, **values: Unpack[EvalKnown]
        ) -> typed.Create[Eval, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[EvalKey]) -> EvalUpdate[M]: ...
        @overload
        def update(
            self, record: Eval, more: Eval | EvalKnown = ..., /, **changes: Unpack[EvalKnown]
        ) -> EvalUpdate[M]: ...
        @overload
        def update(self, key: EvalKey, /) -> EvalUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[EvalKey]) -> EvalUpdate[M]: ...
        @overload
        def patch(
            self, record: Eval, more: Eval | EvalKnown = ..., /, **changes: Unpack[EvalKnown]
        ) -> EvalUpdate[M]: ...
        @overload
        def patch(self, key: EvalKey, /) -> EvalUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[EvalKnown]) -> EvalUpsert[M]: ...
        @overload
        def upsert(
            self, item: Eval | EvalValues, /, **values: Unpack[EvalKnown]
        ) -> EvalUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[EvalKey]) -> typed.Delete[Eval, M]: ...
        @overload
        def delete(self, key: Eval | EvalKey, /) -> typed.Delete[Eval, M]: ...
        @overload
        def delete(self, keys: Sequence[Eval | EvalKey], /) -> typed.BatchWrite[Eval, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[EvalKnown]
        ) -> typed.Query[Eval, M] | typed.Scan[Eval, M]: ...
        def find(
            self, **values: Unpack[EvalKnown]
        ) -> typed.Query[Eval, M] | typed.Scan[Eval, M]: ...

    AsyncEvalEntity_ = EvalEntity_[typed.Async]

    @attrs.frozen(init=False)
    class Message(typed.Record):
        """A message of a thread"""

        entity: MessageEntity
        id: str
        thread_id: str
        resource_id: str | None
        role: str
        type: str | None
        content: str
        tool_call_ids: Any
        tool_call_args: Any
        tool_names: Any
        metadata: Any
        created_at: datetime
        updated_at: datetime
        ttl: datetime | None
        """When DynamoDB removes the item"""
        expires_at: datetime | None

        def __init__(
            self,
            *,
            entity: MessageEntity | None = None,
            id: str,
            thread_id: str,
            resource_id: str | None = None,
            role: str,
            type: str | None = None,
            content: str,
            tool_call_ids: Any = None,
            tool_call_args: Any = None,
            tool_names: Any = None,
            metadata: Any = None,
            created_at: datetime | str | None = None,
            updated_at: datetime | str | None = None,
            ttl: datetime | int | float | None = None,
            expires_at: datetime | int | float | None = None,
        ) -> None: ...

    class MessageKey(TypedDict, closed=True):
        """The table's own key."""
        entity: NotRequired[MessageEntity]
        id: str

    class MessageValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        entity: NotRequired[MessageEntity | None]
        id: str
        thread_id: str
        resource_id: NotRequired[str | None]
        role: str
        type: NotRequired[str | None]
        content: str
        tool_call_ids: NotRequired[Any]
        tool_call_args: NotRequired[Any]
        tool_names: NotRequired[Any]
        metadata: NotRequired[Any]
        created_at: NotRequired[datetime | str | None]
        updated_at: NotRequired[datetime | str | None]
        ttl: NotRequired[datetime | int | float | None]
        expires_at: NotRequired[datetime | int | float | None]

    class MessageChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        thread_id: str | typed.Computed
        resource_id: str | typed.Computed
        role: str | typed.Computed
        type: str | typed.Computed
        content: str | typed.Computed
        tool_call_ids: Any
        tool_call_args: Any
        tool_names: Any
        metadata: Any
        updated_at: datetime | str | typed.Computed
        ttl: datetime | int | float | typed.Computed
        expires_at: datetime | int | float | typed.Computed

    class MessageKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        entity: MessageEntity | None
        id: str | None
        thread_id: str | None
        resource_id: str | None
        role: str | None
        type: str | None
        content: str | None
        tool_call_ids: Any
        tool_call_args: Any
        tool_names: Any
        metadata: Any
        created_at: datetime | str | None
        updated_at: datetime | str | None
        ttl: datetime | int | float | None
        expires_at: datetime | int | float | None

    class MessageAttributes(typed.Attributes):
        entity: typed.Text[MessageEntity]
        id: typed.Text[str]
        thread_id: typed.Text[str]
        resource_id: typed.Text[str]
        role: typed.Text[str]
        type: typed.Text[str]
        content: typed.Text[str]
        tool_call_ids: typed.Sized[Any]
        tool_call_args: typed.Sized[Any]
        tool_names: typed.Sized[Any]
        metadata: typed.Sized[Any]
        created_at: typed.Moment
        updated_at: typed.Moment
        ttl: typed.Instant
        expires_at: typed.Instant

    class MessageUpdate(typed.Update[Message, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[MessageChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[MessageChanges]
        ) -> Self: ...
        def add(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def subtract(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def remove(
            self,
            *paths: Literal[
            "thread_id", "resource_id", "role", "type", "content", "tool_call_ids",
            "tool_call_args", "tool_names", "metadata", "updated_at", "ttl", "expires_at",
        ],
        ) -> Self: ...
        def composite(self, **known: Unpack[MessageKnown]) -> Self: ...

    class MessageUpsert(typed.Upsert[Message, M], Generic[M]):
        def set(self, **values: Unpack[MessageKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[MessageKnown]) -> Self: ...
        def add(
            self, *, ttl: datetime | int | float = ..., expires_at: datetime | int | float = ...
        ) -> Self: ...
        def subtract(
            self, *, ttl: datetime | int | float = ..., expires_at: datetime | int | float = ...
        ) -> Self: ...
        def composite(self, **known: Unpack[MessageKnown]) -> Self: ...

    class MessageByThreadLimits(TypedDict, closed=True):
        created_at: datetime | str

    class MessageByThreadRange(Protocol[M]):
        def __call__(self, **limits: Unpack[MessageByThreadLimits]) -> typed.Query[Message, M]: ...

    class MessageQueries(typed.Patterns, Generic[M]):
        def primary(self, *, entity: MessageEntity = ..., id: str) -> typed.Query[Message, M]: ...
        @overload
        def by_thread(
            self, *, entity: MessageEntity = ..., thread_id: str
        ) -> typed.RangedQuery[Message, M, MessageByThreadRange[M], MessageByThreadLimits]: ...
        @overload
        def by_thread(
            self, *, entity: MessageEntity = ..., thread_id: str, created_at: datetime | str
        ) -> typed.Query[Message, M]: ...
        def by_thread(self, *given: Any, **named: Any) -> Any: ...

    class MessageByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[MessageKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Message | MessageKey, /) -> typed.C: ...

    class MessageEntity_(typed.Entity[Message, M], Generic[M]):
        attr: MessageAttributes
        query: MessageQueries[M]
        remove: MessageByKey[typed.Remove[Message, M]]
        check: MessageByKey[typed.Check[Message, M]]
        @property
        def record(self) -> type[Message]: ...
        @overload
        def get(self, **key: Unpack[MessageKey]) -> typed.Get[Message, M]: ...
        @overload
        def get(self, key: Message | MessageKey, /) -> typed.Get[Message, M]: ...
        @overload
        def get(self, keys: Sequence[Message | MessageKey], /) -> typed.BatchGet[Message, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[MessageValues]) -> typed.Put[Message, M]: ...
        @overload
        def put(
            self, item: Message | MessageValues, /, **values: Unpack[MessageKnown]
        ) -> typed.Put[Message, M]: ...
        @overload
        def put(
            self, items: Sequence[Message | MessageValues], /
        ) -> typed.BatchWrite[Message, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[MessageValues]) -> typed.Create[Message, M]: ...
        @overload
        def create(
            self, item: Message | MessageValues, /, **values: Unpack[MessageKnown]
        ) -> typed.Create[Message, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[MessageKey]) -> MessageUpdate[M]: ...
        @overload
        def update(
            self,
            record: Message,
            more: Message | MessageKnown = ...,
            /,
            **changes: Unpack[MessageKnown],
        ) -> MessageUpdate[M]: ...
        @overload
        def update(self, key: MessageKey, /) -> MessageUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[MessageKey]) -> MessageUpdate[M]: ...
        @overload
        def patch(
            self,
            record: Message,
            more: Message | MessageKnown = ...,
            /,
            **changes: Unpack[MessageKnown],
        ) -> MessageUpdate[M]: ...
        @overload
        def patch(self, key: MessageKey, /) -> MessageUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[MessageKnown]) -> MessageUpsert[M]: ...
        @overload
        def upsert(
            self, item: Message | MessageValues, /, **values: Unpack[MessageKnown]
        ) -> MessageUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[MessageKey]) -> typed.Delete[Message, M]: ...
        @overload
        def delete(self, key: Message | MessageKey, /) -> typed.Delete[Message, M]: ...
        @overload
        def delete(
            self, keys: Sequence[Message | MessageKey], /
        ) -> typed.BatchWrite[Message, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[MessageKnown]
        ) -> typed.Query[Message, M] | typed.Scan[Message, M]: ...
        def find(
            self, **values: Unpack[MessageKnown]
        ) -> typed.Query[Message, M] | typed.Scan[Message, M]: ...

    AsyncMessageEntity_ = MessageEntity_[typed.Async]

    @attrs.frozen(init=False)
    class Resource(typed.Record):
        """A resource's working memory"""

        entity: ResourceEntity
        id: str
        working_memory: str | None
        metadata: Any
        created_at: datetime
        updated_at: datetime
        ttl: datetime | None
        """When DynamoDB removes the item"""
        expires_at: datetime | None

        def __init__(
            self,
            *,
            entity: ResourceEntity | None = None,
            id: str,
            working_memory: str | None = None,
            metadata: Any = None,
            created_at: datetime | str | None = None,
            updated_at: datetime | str | None = None,
            ttl: datetime | int | float | None = None,
            expires_at: datetime | int | float | None = None,
        ) -> None: ...

    class ResourceKey(TypedDict, closed=True):
        """The table's own key."""
        entity: NotRequired[ResourceEntity]
        id: str

    class ResourceValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        entity: NotRequired[ResourceEntity | None]
        id: str
        working_memory: NotRequired[str | None]
        metadata: NotRequired[Any]
        created_at: NotRequired[datetime | str | None]
        updated_at: NotRequired[datetime | str | None]
        ttl: NotRequired[datetime | int | float | None]
        expires_at: NotRequired[datetime | int | float | None]

    class ResourceChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        working_memory: str | typed.Computed
        metadata: Any
        updated_at: datetime | str | typed.Computed
        ttl: datetime | int | float | typed.Computed
        expires_at: datetime | int | float | typed.Computed

    class ResourceKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        entity: ResourceEntity | None
        id: str | None
        working_memory: str | None
        metadata: Any
        created_at: datetime | str | None
        updated_at: datetime | str | None
        ttl: datetime | int | float | None
        expires_at: datetime | int | float | None

    class ResourceAttributes(typed.Attributes):
        entity: typed.Text[ResourceEntity]
        id: typed.Text[str]
        working_memory: typed.Text[str]
        metadata: typed.Sized[Any]
        created_at: typed.Moment
        updated_at: typed.Moment
        ttl: typed.Instant
        expires_at: typed.Instant

    class ResourceUpdate(typed.Update[Resource, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[ResourceChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[ResourceChanges]
        ) -> Self: ...
        def add(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def subtract(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def remove(
            self,
            *paths: Literal[
            "working_memory", "metadata", "updated_at", "ttl", "expires_at",
        ],
        ) -> Self: ...
        def composite(self, **known: Unpack[ResourceKnown]) -> Self: ...

    class ResourceUpsert(typed.Upsert[Resource, M], Generic[M]):
        def set(self, **values: Unpack[ResourceKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[ResourceKnown]) -> Self: ...
        def add(
            self, *, ttl: datetime | int | float = ..., expires_at: datetime | int | float = ...
        ) -> Self: ...
        def subtract(
            self, *, ttl: datetime | int | float = ..., expires_at: datetime | int | float = ...
        ) -> Self: ...
        def composite(self, **known: Unpack[ResourceKnown]) -> Self: ...

    class ResourceQueries(typed.Patterns, Generic[M]):
        def primary(self, *, entity: ResourceEntity = ..., id: str) -> typed.Query[Resource, M]: ...

    class ResourceByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[ResourceKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Resource | ResourceKey, /) -> typed.C: ...

    class ResourceEntity_(typed.Entity[Resource, M], Generic[M]):
        attr: ResourceAttributes
        query: ResourceQueries[M]
        remove: ResourceByKey[typed.Remove[Resource, M]]
        check: ResourceByKey[typed.Check[Resource, M]]
        @property
        def record(self) -> type[Resource]: ...
        @overload
        def get(self, **key: Unpack[ResourceKey]) -> typed.Get[Resource, M]: ...
        @overload
        def get(self, key: Resource | ResourceKey, /) -> typed.Get[Resource, M]: ...
        @overload
        def get(self, keys: Sequence[Resource | ResourceKey], /) -> typed.BatchGet[Resource, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[ResourceValues]) -> typed.Put[Resource, M]: ...
        @overload
        def put(
            self, item: Resource | ResourceValues, /, **values: Unpack[ResourceKnown]
        ) -> typed.Put[Resource, M]: ...
        @overload
        def put(
            self, items: Sequence[Resource | ResourceValues], /
        ) -> typed.BatchWrite[Resource, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[ResourceValues]) -> typed.Create[Resource, M]: ...
        @overload
        def create(
            self, item: Resource | ResourceValues, /, **values: Unpack[ResourceKnown]
        ) -> typed.Create[Resource, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[ResourceKey]) -> ResourceUpdate[M]: ...
        @overload
        def update(
            self,
            record: Resource,
            more: Resource | ResourceKnown = ...,
            /,
            **changes: Unpack[ResourceKnown],
        ) -> ResourceUpdate[M]: ...
        @overload
        def update(self, key: ResourceKey, /) -> ResourceUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[ResourceKey]) -> ResourceUpdate[M]: ...
        @overload
        def patch(
            self,
            record: Resource,
            more: Resource | ResourceKnown = ...,
            /,
            **changes: Unpack[ResourceKnown],
        ) -> ResourceUpdate[M]: ...
        @overload
        def patch(self, key: ResourceKey, /) -> ResourceUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[ResourceKnown]) -> ResourceUpsert[M]: ...
        @overload
        def upsert(
            self, item: Resource | ResourceValues, /, **values: Unpack[ResourceKnown]
        ) -> ResourceUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[ResourceKey]) -> typed.Delete[Resource, M]: ...
        @overload
        def delete(self, key: Resource | ResourceKey, /) -> typed.Delete[Resource, M]: ...
        @overload
        def delete(
            self, keys: Sequence[Resource | ResourceKey], /
        ) -> typed.BatchWrite[Resource, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[ResourceKnown]
        ) -> typed.Query[Resource, M] | typed.Scan[Resource, M]: ...
        def find(
            self, **values: Unpack[ResourceKnown]
        ) -> typed.Query[Resource, M] | typed.Scan[Resource, M]: ...

    AsyncResourceEntity_ = ResourceEntity_[typed.Async]

    @attrs.frozen(init=False)
    class Score(typed.Record):
        """What a scorer said of one run"""

        entity: ScoreEntity
        id: str
        scorer_id: str
        run_id: str
        trace_id: str | None
        span_id: str | None
        resource_id: str | None
        thread_id: str | None
        organization_id: str | None
        project_id: str | None
        batch_id: str | None
        dataset_id: str | None
        dataset_item_id: str | None
        source: str
        score: int | float
        reason: str | None
        entity_id: str | None
        entity_type: str | None
        entity_data: Any
        scorer: Any
        input: str
        output: str
        extract_step_result: Any
        preprocess_step_result: Any
        analyze_step_result: Any
        extract_prompt: str | None
        preprocess_prompt: str | None
        analyze_prompt: str | None
        reason_prompt: str | None
        generate_score_prompt: str | None
        generate_reason_prompt: str | None
        additional_context: Any
        request_context: Any
        metadata: Any
        created_at: datetime
        updated_at: datetime
        ttl: datetime | None
        """When DynamoDB removes the item"""
        expires_at: datetime | None

        def __init__(
            self,
            *,
            entity: ScoreEntity | None = None,
            id: str,
            scorer_id: str,
            run_id: str,
            trace_id: str | None = None,
            span_id: str | None = None,
            resource_id: str | None = None,
            thread_id: str | None = None,
            organization_id: str | None = None,
            project_id: str | None = None,
            batch_id: str | None = None,
            dataset_id: str | None = None,
            dataset_item_id: str | None = None,
            source: str,
            score: int | float | Decimal,
            reason: str | None = None,
            entity_id: str | None = None,
            entity_type: str | None = None,
            entity_data: Any = None,
            scorer: Any,
            input: str,
            output: str,
            extract_step_result: Any = None,
            preprocess_step_result: Any = None,
            analyze_step_result: Any = None,
            extract_prompt: str | None = None,
            preprocess_prompt: str | None = None,
            analyze_prompt: str | None = None,
            reason_prompt: str | None = None,
            generate_score_prompt: str | None = None,
            generate_reason_prompt: str | None = None,
            additional_context: Any = None,
            request_context: Any = None,
            metadata: Any = None,
            created_at: datetime | str | None = None,
            updated_at: datetime | str | None = None,
            ttl: datetime | int | float | None = None,
            expires_at: datetime | int | float | None = None,
        ) -> None: ...

    class ScoreKey(TypedDict, closed=True):
        """The table's own key."""
        entity: NotRequired[ScoreEntity]
        id: str

    class ScoreValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        entity: NotRequired[ScoreEntity | None]
        id: str
        scorer_id: str
        run_id: str
        trace_id: NotRequired[str | None]
        span_id: NotRequired[str | None]
        resource_id: NotRequired[str | None]
        thread_id: NotRequired[str | None]
        organization_id: NotRequired[str | None]
        project_id: NotRequired[str | None]
        batch_id: NotRequired[str | None]
        dataset_id: NotRequired[str | None]
        dataset_item_id: NotRequired[str | None]
        source: str
        score: int | float | Decimal
        reason: NotRequired[str | None]
        entity_id: NotRequired[str | None]
        entity_type: NotRequired[str | None]
        entity_data: NotRequired[Any]
        scorer: Any
        input: str
        output: str
        extract_step_result: NotRequired[Any]
        preprocess_step_result: NotRequired[Any]
        analyze_step_result: NotRequired[Any]
        extract_prompt: NotRequired[str | None]
        preprocess_prompt: NotRequired[str | None]
        analyze_prompt: NotRequired[str | None]
        reason_prompt: NotRequired[str | None]
        generate_score_prompt: NotRequired[str | None]
        generate_reason_prompt: NotRequired[str | None]
        additional_context: NotRequired[Any]
        request_context: NotRequired[Any]
        metadata: NotRequired[Any]
        created_at: NotRequired[datetime | str | None]
        updated_at: NotRequired[datetime | str | None]
        ttl: NotRequired[datetime | int | float | None]
        expires_at: NotRequired[datetime | int | float | None]

    class ScoreChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        scorer_id: str | typed.Computed
        run_id: str | typed.Computed
        trace_id: str | typed.Computed
        span_id: str | typed.Computed
        resource_id: str | typed.Computed
        thread_id: str | typed.Computed
        organization_id: str | typed.Computed
        project_id: str | typed.Computed
        batch_id: str | typed.Computed
        dataset_id: str | typed.Computed
        dataset_item_id: str | typed.Computed
        source: str | typed.Computed
        score: int | float | Decimal | typed.Computed
        reason: str | typed.Computed
        entity_id: str | typed.Computed
        entity_type: str | typed.Computed
        entity_data: Any
        scorer: Any
        input: str | typed.Computed
        output: str | typed.Computed
        extract_step_result: Any
        preprocess_step_result: Any
        analyze_step_result: Any
        extract_prompt: str | typed.Computed
        preprocess_prompt: str | typed.Computed
        analyze_prompt: str | typed.Computed
        reason_prompt: str | typed.Computed
        generate_score_prompt: str | typed.Computed
        generate_reason_prompt: str | typed.Computed
        additional_context: Any
        request_context: Any
        metadata: Any
        updated_at: datetime | str | typed.Computed
        ttl: datetime | int | float | typed.Computed
        expires_at: datetime | int | float | typed.Computed

    class ScoreKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        entity: ScoreEntity | None
        id: str | None
        scorer_id: str | None
        run_id: str | None
        trace_id: str | None
        span_id: str | None
        resource_id: str | None
        thread_id: str | None
        organization_id: str | None
        project_id: str | None
        batch_id: str | None
        dataset_id: str | None
        dataset_item_id: str | None
        source: str | None
        score: int | float | Decimal | None
        reason: str | None
        entity_id: str | None
        entity_type: str | None
        entity_data: Any
        scorer: Any
        input: str | None
        output: str | None
        extract_step_result: Any
        preprocess_step_result: Any
        analyze_step_result: Any
        extract_prompt: str | None
        preprocess_prompt: str | None
        analyze_prompt: str | None
        reason_prompt: str | None
        generate_score_prompt: str | None
        generate_reason_prompt: str | None
        additional_context: Any
        request_context: Any
        metadata: Any
        created_at: datetime | str | None
        updated_at: datetime | str | None
        ttl: datetime | int | float | None
        expires_at: datetime | int | float | None

    class ScoreAttributes(typed.Attributes):
        entity: typed.Text[ScoreEntity]
        id: typed.Text[str]
        scorer_id: typed.Text[str]
        run_id: typed.Text[str]
        trace_id: typed.Text[str]
        span_id: typed.Text[str]
        resource_id: typed.Text[str]
        thread_id: typed.Text[str]
        organization_id: typed.Text[str]
        project_id: typed.Text[str]
        batch_id: typed.Text[str]
        dataset_id: typed.Text[str]
        dataset_item_id: typed.Text[str]
        source: typed.Text[str]
        score: typed.Number[int | float | Decimal]
        reason: typed.Text[str]
        entity_id: typed.Text[str]
        entity_type: typed.Text[str]
        entity_data: typed.Sized[Any]
        scorer: typed.Sized[Any]
        input: typed.Text[str]
        output: typed.Text[str]
        extract_step_result: typed.Sized[Any]
        preprocess_step_result: typed.Sized[Any]
        analyze_step_result: typed.Sized[Any]
        extract_prompt: typed.Text[str]
        preprocess_prompt: typed.Text[str]
        analyze_prompt: typed.Text[str]
        reason_prompt: typed.Text[str]
        generate_score_prompt: typed.Text[str]
        generate_reason_prompt: typed.Text[str]
        additional_context: typed.Sized[Any]
        request_context: typed.Sized[Any]
        metadata: typed.Sized[Any]
        created_at: typed.Moment
        updated_at: typed.Moment
        ttl: typed.Instant
        expires_at: typed.Instant

    class ScoreUpdate(typed.Update[Score, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[ScoreChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[ScoreChanges]
        ) -> Self: ...
        def add(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            score: int | float | Decimal = ...,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def subtract(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            score: int | float | Decimal = ...,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def remove(
            self,
            *paths: Literal[
            "scorer_id", "run_id", "trace_id", "span_id", "resource_id", "thread_id",
            "organization_id", "project_id", "batch_id", "dataset_id", "dataset_item_id",
            "source", "score", "reason", "entity_id", "entity_type", "entity_data", "scorer",
            "input", "output", "extract_step_result", "preprocess_step_result",
            "analyze_step_result", "extract_prompt", "preprocess_prompt", "analyze_prompt",
            "reason_prompt", "generate_score_prompt", "generate_reason_prompt",
            "additional_context", "request_context", "metadata", "updated_at", "ttl",
            "expires_at",
        ],
        ) -> Self: ...
        def composite(self, **known: Unpack[ScoreKnown]) -> Self: ...

    class ScoreUpsert(typed.Upsert[Score, M], Generic[M]):
        def set(self, **values: Unpack[ScoreKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[ScoreKnown]) -> Self: ...
        def add(
            self,
            *,
            score: int | float | Decimal = ...,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def subtract(
            self,
            *,
            score: int | float | Decimal = ...,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def composite(self, **known: Unpack[ScoreKnown]) -> Self: ...

    class ScoreByScorerLimits(TypedDict, closed=True):
        created_at: datetime | str

    class ScoreByScorerRange(Protocol[M]):
        def __call__(self, **limits: Unpack[ScoreByScorerLimits]) -> typed.Query[Score, M]: ...

    class ScoreByRunLimits(TypedDict, closed=True):
        created_at: datetime | str

    class ScoreByRunRange(Protocol[M]):
        def __call__(self, **limits: Unpack[ScoreByRunLimits]) -> typed.Query[Score, M]: ...

    class ScoreByTraceLimits(TypedDict, closed=True):
        created_at: datetime | str

    class ScoreByTraceRange(Protocol[M]):
        def __call__(self, **limits: Unpack[ScoreByTraceLimits]) -> typed.Query[Score, M]: ...

    class ScoreByEntityLimits(TypedDict, closed=True):
        created_at: datetime | str

    class ScoreByEntityRange(Protocol[M]):
        def __call__(self, **limits: Unpack[ScoreByEntityLimits]) -> typed.Query[Score, M]: ...

    class ScoreByResourceLimits(TypedDict, closed=True):
        created_at: datetime | str

    class ScoreByResourceRange(Protocol[M]):
        def __call__(self, **limits: Unpack[ScoreByResourceLimits]) -> typed.Query[Score, M]: ...

    class ScoreByThreadLimits(TypedDict, closed=True):
        created_at: datetime | str

    class ScoreByThreadRange(Protocol[M]):
        def __call__(self, **limits: Unpack[ScoreByThreadLimits]) -> typed.Query[Score, M]: ...

    class ScoreBySpanLimits(TypedDict, closed=True):
        created_at: datetime | str

    class ScoreBySpanRange(Protocol[M]):
        def __call__(self, **limits: Unpack[ScoreBySpanLimits]) -> typed.Query[Score, M]: ...

    class ScoreQueries(typed.Patterns, Generic[M]):
        def primary(self, *, entity: ScoreEntity = ..., id: str) -> typed.Query[Score, M]: ...
        @overload
        def by_scorer(
            self, *, entity: ScoreEntity = ..., scorer_id: str
        ) -> typed.RangedQuery[Score, M, ScoreByScorerRange[M], ScoreByScorerLimits]: ...
        @overload
        def by_scorer(
            self, *, entity: ScoreEntity = ..., scorer_id: str, created_at: datetime | str
        ) -> typed.Query[Score, M]: ...
        def by_scorer(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def by_run(
            self, *, entity: ScoreEntity = ..., run_id: str
        ) -> typed.RangedQuery[Score, M, ScoreByRunRange[M], ScoreByRunLimits]: ...
        @overload
        def by_run(
            self, *, entity: ScoreEntity = ..., run_id: str, created_at: datetime | str
        ) -> typed.Query[Score, M]: ...
        def by_run(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def by_trace(
            self, *, entity: ScoreEntity = ..., trace_id: str
        ) -> typed.RangedQuery[Score, M, ScoreByTraceRange[M], ScoreByTraceLimits]: ...
        @overload
        def by_trace(
            self, *, entity: ScoreEntity = ..., trace_id: str, created_at: datetime | str
        ) -> typed.Query[Score, M]: ...
        def by_trace(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def by_entity(
            self, *, entity: ScoreEntity = ..., entity_id: str
        ) -> typed.RangedQuery[Score, M, ScoreByEntityRange[M], ScoreByEntityLimits]: ...
        @overload
        def by_entity(
            self, *, entity: ScoreEntity = ..., entity_id: str, created_at: datetime | str
        ) -> typed.Query[Score, M]: ...
        def by_entity(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def by_resource(
            self, *, entity: ScoreEntity = ..., resource_id: str
        ) -> typed.RangedQuery[Score, M, ScoreByResourceRange[M], ScoreByResourceLimits]: ...
        @overload
        def by_resource(
            self, *, entity: ScoreEntity = ..., resource_id: str, created_at: datetime | str
        ) -> typed.Query[Score, M]: ...
        def by_resource(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def by_thread(
            self, *, entity: ScoreEntity = ..., thread_id: str
        ) -> typed.RangedQuery[Score, M, ScoreByThreadRange[M], ScoreByThreadLimits]: ...
        @overload
        def by_thread(
            self, *, entity: ScoreEntity = ..., thread_id: str, created_at: datetime | str
        ) -> typed.Query[Score, M]: ...
        def by_thread(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def by_span(
            self, *, entity: ScoreEntity = ..., trace_id: str, span_id: str
        ) -> typed.RangedQuery[Score, M, ScoreBySpanRange[M], ScoreBySpanLimits]: ...
        @overload
        def by_span(
            self,
            *,
            entity: ScoreEntity = ...,
            trace_id: str,
            span_id: str,
            created_at: datetime | str,
        ) -> typed.Query[Score, M]: ...
        def by_span(self, *given: Any, **named: Any) -> Any: ...

    class ScoreByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[ScoreKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Score | ScoreKey, /) -> typed.C: ...

    class ScoreEntity_(typed.Entity[Score, M], Generic[M]):
        attr: ScoreAttributes
        query: ScoreQueries[M]
        remove: ScoreByKey[typed.Remove[Score, M]]
        check: ScoreByKey[typed.Check[Score, M]]
        @property
        def record(self) -> type[Score]: ...
        @overload
        def get(self, **key: Unpack[ScoreKey]) -> typed.Get[Score, M]: ...
        @overload
        def get(self, key: Score | ScoreKey, /) -> typed.Get[Score, M]: ...
        @overload
        def get(self, keys: Sequence[Score | ScoreKey], /) -> typed.BatchGet[Score, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[ScoreValues]) -> typed.Put[Score, M]: ...
        @overload
        def put(
            self, item: Score | ScoreValues, /, **values: Unpack[ScoreKnown]
        ) -> typed.Put[Score, M]: ...
        @overload
        def put(self, items: Sequence[Score | ScoreValues], /) -> typed.BatchWrite[Score, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[ScoreValues]) -> typed.Create[Score, M]: ...
        @overload
        def create(
            self, item: Score | ScoreValues, /, **values: Unpack[ScoreKnown]
        ) -> typed.Create[Score, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[ScoreKey]) -> ScoreUpdate[M]: ...
        @overload
        def update(
            self, record: Score, more: Score | ScoreKnown = ..., /, **changes: Unpack[ScoreKnown]
        ) -> ScoreUpdate[M]: ...
        @overload
        def update(self, key: ScoreKey, /) -> ScoreUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[ScoreKey]) -> ScoreUpdate[M]: ...
        @overload
        def patch(
            self, record: Score, more: Score | ScoreKnown = ..., /, **changes: Unpack[ScoreKnown]
        ) -> ScoreUpdate[M]: ...
        @overload
        def patch(self, key: ScoreKey, /) -> ScoreUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[ScoreKnown]) -> ScoreUpsert[M]: ...
        @overload
        def upsert(
            self, item: Score | ScoreValues, /, **values: Unpack[ScoreKnown]
        ) -> ScoreUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[ScoreKey]) -> typed.Delete[Score, M]: ...
        @overload
        def delete(self, key: Score | ScoreKey, /) -> typed.Delete[Score, M]: ...
        @overload
        def delete(self, keys: Sequence[Score | ScoreKey], /) -> typed.BatchWrite[Score, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[ScoreKnown]
        ) -> typed.Query[Score, M] | typed.Scan[Score, M]: ...
        def find(
            self, **values: Unpack[ScoreKnown]
        ) -> typed.Query[Score, M] | typed.Scan[Score, M]: ...

    AsyncScoreEntity_ = ScoreEntity_[typed.Async]

    @attrs.frozen(init=False)
    class Thread(typed.Record):
        """A conversation of a resource (a user, an agent's owner)"""

        entity: ThreadEntity
        id: str
        resource_id: str
        title: str
        metadata: Any
        archived_at: datetime | None
        created_at: datetime
        updated_at: datetime
        ttl: datetime | None
        """When DynamoDB removes the item"""
        expires_at: datetime | None

        def __init__(
            self,
            *,
            entity: ThreadEntity | None = None,
            id: str,
            resource_id: str,
            title: str,
            metadata: Any = None,
            archived_at: datetime | str | None = None,
            created_at: datetime | str | None = None,
            updated_at: datetime | str | None = None,
            ttl: datetime | int | float | None = None,
            expires_at: datetime | int | float | None = None,
        ) -> None: ...

    class ThreadKey(TypedDict, closed=True):
        """The table's own key."""
        entity: NotRequired[ThreadEntity]
        id: str

    class ThreadValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        entity: NotRequired[ThreadEntity | None]
        id: str
        resource_id: str
        title: str
        metadata: NotRequired[Any]
        archived_at: NotRequired[datetime | str | None]
        created_at: NotRequired[datetime | str | None]
        updated_at: NotRequired[datetime | str | None]
        ttl: NotRequired[datetime | int | float | None]
        expires_at: NotRequired[datetime | int | float | None]

    class ThreadChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        resource_id: str | typed.Computed
        title: str | typed.Computed
        metadata: Any
        archived_at: datetime | str | typed.Computed
        updated_at: datetime | str | typed.Computed
        ttl: datetime | int | float | typed.Computed
        expires_at: datetime | int | float | typed.Computed

    class ThreadKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        entity: ThreadEntity | None
        id: str | None
        resource_id: str | None
        title: str | None
        metadata: Any
        archived_at: datetime | str | None
        created_at: datetime | str | None
        updated_at: datetime | str | None
        ttl: datetime | int | float | None
        expires_at: datetime | int | float | None

    class ThreadAttributes(typed.Attributes):
        entity: typed.Text[ThreadEntity]
        id: typed.Text[str]
        resource_id: typed.Text[str]
        title: typed.Text[str]
        metadata: typed.Sized[Any]
        archived_at: typed.Moment
        created_at: typed.Moment
        updated_at: typed.Moment
        ttl: typed.Instant
        expires_at: typed.Instant

    class ThreadUpdate(typed.Update[Thread, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[ThreadChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[ThreadChanges]
        ) -> Self: ...
        def add(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def subtract(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def remove(
            self,
            *paths: Literal[
            "resource_id", "title", "metadata", "archived_at", "updated_at", "ttl",
            "expires_at",
        ],
        ) -> Self: ...
        def composite(self, **known: Unpack[ThreadKnown]) -> Self: ...

    class ThreadUpsert(typed.Upsert[Thread, M], Generic[M]):
        def set(self, **values: Unpack[ThreadKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[ThreadKnown]) -> Self: ...
        def add(
            self, *, ttl: datetime | int | float = ..., expires_at: datetime | int | float = ...
        ) -> Self: ...
        def subtract(
            self, *, ttl: datetime | int | float = ..., expires_at: datetime | int | float = ...
        ) -> Self: ...
        def composite(self, **known: Unpack[ThreadKnown]) -> Self: ...

    class ThreadByResourceLimits(TypedDict, closed=True):
        created_at: datetime | str

    class ThreadByResourceRange(Protocol[M]):
        def __call__(self, **limits: Unpack[ThreadByResourceLimits]) -> typed.Query[Thread, M]: ...

    class ThreadQueries(typed.Patterns, Generic[M]):
        def primary(self, *, entity: ThreadEntity = ..., id: str) -> typed.Query[Thread, M]: ...
        @overload
        def by_resource(
            self, *, entity: ThreadEntity = ..., resource_id: str
        ) -> typed.RangedQuery[Thread, M, ThreadByResourceRange[M], ThreadByResourceLimits]: ...
        @overload
        def by_resource(
            self, *, entity: ThreadEntity = ..., resource_id: str, created_at: datetime | str
        ) -> typed.Query[Thread, M]: ...
        def by_resource(self, *given: Any, **named: Any) -> Any: ...

    class ThreadByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[ThreadKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Thread | ThreadKey, /) -> typed.C: ...

    class ThreadEntity_(typed.Entity[Thread, M], Generic[M]):
        attr: ThreadAttributes
        query: ThreadQueries[M]
        remove: ThreadByKey[typed.Remove[Thread, M]]
        check: ThreadByKey[typed.Check[Thread, M]]
        @property
        def record(self) -> type[Thread]: ...
        @overload
        def get(self, **key: Unpack[ThreadKey]) -> typed.Get[Thread, M]: ...
        @overload
        def get(self, key: Thread | ThreadKey, /) -> typed.Get[Thread, M]: ...
        @overload
        def get(self, keys: Sequence[Thread | ThreadKey], /) -> typed.BatchGet[Thread, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[ThreadValues]) -> typed.Put[Thread, M]: ...
        @overload
        def put(
            self, item: Thread | ThreadValues, /, **values: Unpack[ThreadKnown]
        ) -> typed.Put[Thread, M]: ...
        @overload
        def put(self, items: Sequence[Thread | ThreadValues], /) -> typed.BatchWrite[Thread, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[ThreadValues]) -> typed.Create[Thread, M]: ...
        @overload
        def create(
            self, item: Thread | ThreadValues, /, **values: Unpack[ThreadKnown]
        ) -> typed.Create[Thread, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[ThreadKey]) -> ThreadUpdate[M]: ...
        @overload
        def update(
            self,
            record: Thread,
            more: Thread | ThreadKnown = ...,
            /,
            **changes: Unpack[ThreadKnown],
        ) -> ThreadUpdate[M]: ...
        @overload
        def update(self, key: ThreadKey, /) -> ThreadUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[ThreadKey]) -> ThreadUpdate[M]: ...
        @overload
        def patch(
            self,
            record: Thread,
            more: Thread | ThreadKnown = ...,
            /,
            **changes: Unpack[ThreadKnown],
        ) -> ThreadUpdate[M]: ...
        @overload
        def patch(self, key: ThreadKey, /) -> ThreadUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[ThreadKnown]) -> ThreadUpsert[M]: ...
        @overload
        def upsert(
            self, item: Thread | ThreadValues, /, **values: Unpack[ThreadKnown]
        ) -> ThreadUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[ThreadKey]) -> typed.Delete[Thread, M]: ...
        @overload
        def delete(self, key: Thread | ThreadKey, /) -> typed.Delete[Thread, M]: ...
        @overload
        def delete(self, keys: Sequence[Thread | ThreadKey], /) -> typed.BatchWrite[Thread, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[ThreadKnown]
        ) -> typed.Query[Thread, M] | typed.Scan[Thread, M]: ...
        def find(
            self, **values: Unpack[ThreadKnown]
        ) -> typed.Query[Thread, M] | typed.Scan[Thread, M]: ...

    AsyncThreadEntity_ = ThreadEntity_[typed.Async]

    @attrs.frozen(init=False)
    class Trace(typed.Record):
        """One span of a trace"""

        entity: TraceEntity
        id: str
        trace_id: str
        parent_span_id: str | None
        name: str
        scope: str
        kind: int | float
        attributes: Any
        status: Any
        events: Any
        links: Any
        other: str | None
        start_time: int | float
        end_time: int | float
        metadata: Any
        created_at: datetime
        updated_at: datetime
        ttl: datetime | None
        """When DynamoDB removes the item"""
        expires_at: datetime | None

        def __init__(
            self,
            *,
            entity: TraceEntity | None = None,
            id: str,
            trace_id: str,
            parent_span_id: str | None = None,
            name: str,
            scope: str,
            kind: int | float | Decimal,
            attributes: Any = None,
            status: Any = None,
            events: Any = None,
            links: Any = None,
            other: str | None = None,
            start_time: int | float | Decimal,
            end_time: int | float | Decimal,
            metadata: Any = None,
            created_at: datetime | str | None = None,
            updated_at: datetime | str | None = None,
            ttl: datetime | int | float | None = None,
            expires_at: datetime | int | float | None = None,
        ) -> None: ...

    class TraceKey(TypedDict, closed=True):
        """The table's own key."""
        entity: NotRequired[TraceEntity]
        id: str

    class TraceValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        entity: NotRequired[TraceEntity | None]
        id: str
        trace_id: str
        parent_span_id: NotRequired[str | None]
        name: str
        scope: str
        kind: int | float | Decimal
        attributes: NotRequired[Any]
        status: NotRequired[Any]
        events: NotRequired[Any]
        links: NotRequired[Any]
        other: NotRequired[str | None]
        start_time: int | float | Decimal
        end_time: int | float | Decimal
        metadata: NotRequired[Any]
        created_at: NotRequired[datetime | str | None]
        updated_at: NotRequired[datetime | str | None]
        ttl: NotRequired[datetime | int | float | None]
        expires_at: NotRequired[datetime | int | float | None]

    class TraceChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        trace_id: str | typed.Computed
        parent_span_id: str | typed.Computed
        name: str | typed.Computed
        scope: str | typed.Computed
        kind: int | float | Decimal | typed.Computed
        attributes: Any
        status: Any
        events: Any
        links: Any
        other: str | typed.Computed
        start_time: int | float | Decimal | typed.Computed
        end_time: int | float | Decimal | typed.Computed
        metadata: Any
        updated_at: datetime | str | typed.Computed
        ttl: datetime | int | float | typed.Computed
        expires_at: datetime | int | float | typed.Computed

    class TraceKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        entity: TraceEntity | None
        id: str | None
        trace_id: str | None
        parent_span_id: str | None
        name: str | None
        scope: str | None
        kind: int | float | Decimal | None
        attributes: Any
        status: Any
        events: Any
        links: Any
        other: str | None
        start_time: int | float | Decimal | None
        end_time: int | float | Decimal | None
        metadata: Any
        created_at: datetime | str | None
        updated_at: datetime | str | None
        ttl: datetime | int | float | None
        expires_at: datetime | int | float | None

    class TraceAttributes(typed.Attributes):
        entity: typed.Text[TraceEntity]
        id: typed.Text[str]
        trace_id: typed.Text[str]
        parent_span_id: typed.Text[str]
        name: typed.Text[str]
        scope: typed.Text[str]
        kind: typed.Number[int | float | Decimal]
        attributes: typed.Sized[Any]
        status: typed.Sized[Any]
        events: typed.Sized[Any]
        links: typed.Sized[Any]
        other: typed.Text[str]
        start_time: typed.Number[int | float | Decimal]
        end_time: typed.Number[int | float | Decimal]
        metadata: typed.Sized[Any]
        created_at: typed.Moment
        updated_at: typed.Moment
        ttl: typed.Instant
        expires_at: typed.Instant

    class TraceUpdate(typed.Update[Trace, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[TraceChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[TraceChanges]
        ) -> Self: ...
        def add(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            kind: int | float | Decimal = ...,
            end_time: int | float | Decimal = ...,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def subtract(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            kind: int | float | Decimal = ...,
            end_time: int | float | Decimal = ...,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def remove(
            self,
            *paths: Literal[
            "trace_id", "parent_span_id", "name", "scope", "kind", "attributes", "status",
            "events", "links", "other", "start_time", "end_time", "metadata", "updated_at",
            "ttl", "expires_at",
        ],
        ) -> Self: ...
        def composite(self, **known: Unpack[TraceKnown]) -> Self: ...

    class TraceUpsert(typed.Upsert[Trace, M], Generic[M]):
        def set(self, **values: Unpack[TraceKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[TraceKnown]) -> Self: ...
        def add(
            self,
            *,
            kind: int | float | Decimal = ...,
            end_time: int | float | Decimal = ...,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def subtract(
            self,
            *,
            kind: int | float | Decimal = ...,
            end_time: int | float | Decimal = ...,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def composite(self, **known: Unpack[TraceKnown]) -> Self: ...

    class TraceByNameLimits(TypedDict, closed=True):
        start_time: int | float | Decimal

    class TraceByNameRange(Protocol[M]):
        def __call__(self, **limits: Unpack[TraceByNameLimits]) -> typed.Query[Trace, M]: ...

    class TraceByScopeLimits(TypedDict, closed=True):
        start_time: int | float | Decimal

    class TraceByScopeRange(Protocol[M]):
        def __call__(self, **limits: Unpack[TraceByScopeLimits]) -> typed.Query[Trace, M]: ...

    class TraceQueries(typed.Patterns, Generic[M]):
        def primary(self, *, entity: TraceEntity = ..., id: str) -> typed.Query[Trace, M]: ...
        @overload
        def by_name(
            self, *, entity: TraceEntity = ..., name: str
        ) -> typed.RangedQuery[Trace, M, TraceByNameRange[M], TraceByNameLimits]: ...
        @overload
        def by_name(
            self, *, entity: TraceEntity = ..., name: str, start_time: int | float | Decimal
        ) -> typed.Query[Trace, M]: ...
        def by_name(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def by_scope(
            self, *, entity: TraceEntity = ..., scope: str
        ) -> typed.RangedQuery[Trace, M, TraceByScopeRange[M], TraceByScopeLimits]: ...
        @overload
        def by_scope(
            self, *, entity: TraceEntity = ..., scope: str, start_time: int | float | Decimal
        ) -> typed.Query[Trace, M]: ...
        def by_scope(self, *given: Any, **named: Any) -> Any: ...

    class TraceByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[TraceKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Trace | TraceKey, /) -> typed.C: ...

    class TraceEntity_(typed.Entity[Trace, M], Generic[M]):
        attr: TraceAttributes
        query: TraceQueries[M]
        remove: TraceByKey[typed.Remove[Trace, M]]
        check: TraceByKey[typed.Check[Trace, M]]
        @property
        def record(self) -> type[Trace]: ...
        @overload
        def get(self, **key: Unpack[TraceKey]) -> typed.Get[Trace, M]: ...
        @overload
        def get(self, key: Trace | TraceKey, /) -> typed.Get[Trace, M]: ...
        @overload
        def get(self, keys: Sequence[Trace | TraceKey], /) -> typed.BatchGet[Trace, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[TraceValues]) -> typed.Put[Trace, M]: ...
        @overload
        def put(
            self, item: Trace | TraceValues, /, **values: Unpack[TraceKnown]
        ) -> typed.Put[Trace, M]: ...
        @overload
        def put(self, items: Sequence[Trace | TraceValues], /) -> typed.BatchWrite[Trace, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[TraceValues]) -> typed.Create[Trace, M]: ...
        @overload
        def create(
            self, item: Trace | TraceValues, /, **values: Unpack[TraceKnown]
        ) -> typed.Create[Trace, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[TraceKey]) -> TraceUpdate[M]: ...
        @overload
        def update(
            self, record: Trace, more: Trace | TraceKnown = ..., /, **changes: Unpack[TraceKnown]
        ) -> TraceUpdate[M]: ...
        @overload
        def update(self, key: TraceKey, /) -> TraceUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[TraceKey]) -> TraceUpdate[M]: ...
        @overload
        def patch(
            self, record: Trace, more: Trace | TraceKnown = ..., /, **changes: Unpack[TraceKnown]
        ) -> TraceUpdate[M]: ...
        @overload
        def patch(self, key: TraceKey, /) -> TraceUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[TraceKnown]) -> TraceUpsert[M]: ...
        @overload
        def upsert(
            self, item: Trace | TraceValues, /, **values: Unpack[TraceKnown]
        ) -> TraceUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[TraceKey]) -> typed.Delete[Trace, M]: ...
        @overload
        def delete(self, key: Trace | TraceKey, /) -> typed.Delete[Trace, M]: ...
        @overload
        def delete(self, keys: Sequence[Trace | TraceKey], /) -> typed.BatchWrite[Trace, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[TraceKnown]
        ) -> typed.Query[Trace, M] | typed.Scan[Trace, M]: ...
        def find(
            self, **values: Unpack[TraceKnown]
        ) -> typed.Query[Trace, M] | typed.Scan[Trace, M]: ...

    AsyncTraceEntity_ = TraceEntity_[typed.Async]

    @attrs.frozen(init=False)
    class WorkflowSnapshot(typed.Record):
        """The state of one run of a workflow"""

        entity: WorkflowSnapshotEntity
        workflow_name: str
        run_id: str
        snapshot: Any
        resource_id: str | None
        metadata: Any
        created_at: datetime
        updated_at: datetime
        ttl: datetime | None
        """When DynamoDB removes the item"""
        expires_at: datetime | None

        def __init__(
            self,
            *,
            entity: WorkflowSnapshotEntity | None = None,
            workflow_name: str,
            run_id: str,
            snapshot: Any,
            resource_id: str | None = None,
            metadata: Any = None,
            created_at: datetime | str | None = None,
            updated_at: datetime | str | None = None,
            ttl: datetime | int | float | None = None,
            expires_at: datetime | int | float | None = None,
        ) -> None: ...

    class WorkflowSnapshotKey(TypedDict, closed=True):
        """The table's own key."""
        entity: NotRequired[WorkflowSnapshotEntity]
        workflow_name: str
        run_id: str

    class WorkflowSnapshotValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        entity: NotRequired[WorkflowSnapshotEntity | None]
        workflow_name: str
        run_id: str
        snapshot: Any
        resource_id: NotRequired[str | None]
        metadata: NotRequired[Any]
        created_at: NotRequired[datetime | str | None]
        updated_at: NotRequired[datetime | str | None]
        ttl: NotRequired[datetime | int | float | None]
        expires_at: NotRequired[datetime | int | float | None]

    class WorkflowSnapshotChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        snapshot: Any
        resource_id: str | typed.Computed
        metadata: Any
        updated_at: datetime | str | typed.Computed
        ttl: datetime | int | float | typed.Computed
        expires_at: datetime | int | float | typed.Computed

    class WorkflowSnapshotKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        entity: WorkflowSnapshotEntity | None
        workflow_name: str | None
        run_id: str | None
        snapshot: Any
        resource_id: str | None
        metadata: Any
        created_at: datetime | str | None
        updated_at: datetime | str | None
        ttl: datetime | int | float | None
        expires_at: datetime | int | float | None

    class WorkflowSnapshotAttributes(typed.Attributes):
        entity: typed.Text[WorkflowSnapshotEntity]
        workflow_name: typed.Text[str]
        run_id: typed.Text[str]
        snapshot: typed.Sized[Any]
        resource_id: typed.Text[str]
        metadata: typed.Sized[Any]
        created_at: typed.Moment
        updated_at: typed.Moment
        ttl: typed.Instant
        expires_at: typed.Instant

    class WorkflowSnapshotUpdate(typed.Update[WorkflowSnapshot, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[WorkflowSnapshotChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[WorkflowSnapshotChanges]
        ) -> Self: ...
        def add(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def subtract(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            ttl: datetime | int | float = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def remove(
            self,
            *paths: Literal[
            "snapshot", "resource_id", "metadata", "updated_at", "ttl", "expires_at",
        ],
        ) -> Self: ...
        def composite(self, **known: Unpack[WorkflowSnapshotKnown]) -> Self: ...

    class WorkflowSnapshotUpsert(typed.Upsert[WorkflowSnapshot, M], Generic[M]):
        def set(self, **values: Unpack[WorkflowSnapshotKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[WorkflowSnapshotKnown]) -> Self: ...
        def add(
            self, *, ttl: datetime | int | float = ..., expires_at: datetime | int | float = ...
        ) -> Self: ...
        def subtract(
            self, *, ttl: datetime | int | float = ..., expires_at: datetime | int | float = ...
        ) -> Self: ...
        def composite(self, **known: Unpack[WorkflowSnapshotKnown]) -> Self: ...

    class WorkflowSnapshotPrimaryLimits(TypedDict, closed=True):
        run_id: str

    class WorkflowSnapshotPrimaryRange(Protocol[M]):
        def __call__(
            self, **limits: Unpack[WorkflowSnapshotPrimaryLimits]
        ) -> typed.Query[WorkflowSnapshot, M]: ...

    class WorkflowSnapshotByRunLimits(TypedDict, closed=True):
        workflow_name: str

    class WorkflowSnapshotByRunRange(Protocol[M]):
        def __call__(
            self, **limits: Unpack[WorkflowSnapshotByRunLimits]
        ) -> typed.Query[WorkflowSnapshot, M]: ...

    class WorkflowSnapshotQueries(typed.Patterns, Generic[M]):
        @overload
        def primary(
            self, *, entity: WorkflowSnapshotEntity = ..., workflow_name: str
        ) -> typed.RangedQuery[
            WorkflowSnapshot, M, WorkflowSnapshotPrimaryRange[M], WorkflowSnapshotPrimaryLimits
        ]: ...
        @overload
        def primary(
            self, *, entity: WorkflowSnapshotEntity = ..., workflow_name: str, run_id: str
        ) -> typed.Query[WorkflowSnapshot, M]: ...
        def primary(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def by_run(self, *, entity: WorkflowSnapshotEntity = ..., run_id: str) -> typed.RangedQuery[
            WorkflowSnapshot, M, WorkflowSnapshotByRunRange[M], WorkflowSnapshotByRunLimits
        ]: ...
        @overload
        def by_run(
            self, *, entity: WorkflowSnapshotEntity = ..., run_id: str, workflow_name: str
        ) -> typed.Query[WorkflowSnapshot, M]: ...
        def by_run(self, *given: Any, **named: Any) -> Any: ...

    class WorkflowSnapshotByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[WorkflowSnapshotKey]) -> typed.C: ...
        @overload
        def __call__(self, key: WorkflowSnapshot | WorkflowSnapshotKey, /) -> typed.C: ...

    class WorkflowSnapshotEntity_(typed.Entity[WorkflowSnapshot, M], Generic[M]):
        attr: WorkflowSnapshotAttributes
        query: WorkflowSnapshotQueries[M]
        remove: WorkflowSnapshotByKey[typed.Remove[WorkflowSnapshot, M]]
        check: WorkflowSnapshotByKey[typed.Check[WorkflowSnapshot, M]]
        @property
        def record(self) -> type[WorkflowSnapshot]: ...
        @overload
        def get(self, **key: Unpack[WorkflowSnapshotKey]) -> typed.Get[WorkflowSnapshot, M]: ...
        @overload
        def get(
            self, key: WorkflowSnapshot | WorkflowSnapshotKey, /
        ) -> typed.Get[WorkflowSnapshot, M]: ...
        @overload
        def get(
            self, keys: Sequence[WorkflowSnapshot | WorkflowSnapshotKey], /
        ) -> typed.BatchGet[WorkflowSnapshot, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(
            self, **values: Unpack[WorkflowSnapshotValues]
        ) -> typed.Put[WorkflowSnapshot, M]: ...
        @overload
        def put(
            self,
            item: WorkflowSnapshot | WorkflowSnapshotValues,
            /,
            **values: Unpack[WorkflowSnapshotKnown],
        ) -> typed.Put[WorkflowSnapshot, M]: ...
        @overload
        def put(
            self, items: Sequence[WorkflowSnapshot | WorkflowSnapshotValues], /
        ) -> typed.BatchWrite[WorkflowSnapshot, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(
            self, **values: Unpack[WorkflowSnapshotValues]
        ) -> typed.Create[WorkflowSnapshot, M]: ...
        @overload
        def create(
            self,
            item: WorkflowSnapshot | WorkflowSnapshotValues,
            /,
            **values: Unpack[WorkflowSnapshotKnown],
        ) -> typed.Create[WorkflowSnapshot, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[WorkflowSnapshotKey]) -> WorkflowSnapshotUpdate[M]: ...
        @overload
        def update(
            self,
            record: WorkflowSnapshot,
            more: WorkflowSnapshot | WorkflowSnapshotKnown = ...,
            /,
            **changes: Unpack[WorkflowSnapshotKnown],
        ) -> WorkflowSnapshotUpdate[M]: ...
        @overload
        def update(self, key: WorkflowSnapshotKey, /) -> WorkflowSnapshotUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[WorkflowSnapshotKey]) -> WorkflowSnapshotUpdate[M]: ...
        @overload
        def patch(
            self,
            record: WorkflowSnapshot,
            more: WorkflowSnapshot | WorkflowSnapshotKnown = ...,
            /,
            **changes: Unpack[WorkflowSnapshotKnown],
        ) -> WorkflowSnapshotUpdate[M]: ...
        @overload
        def patch(self, key: WorkflowSnapshotKey, /) -> WorkflowSnapshotUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[WorkflowSnapshotKnown]) -> WorkflowSnapshotUpsert[M]: ...
        @overload
        def upsert(
            self,
            item: WorkflowSnapshot | WorkflowSnapshotValues,
            /,
            **values: Unpack[WorkflowSnapshotKnown],
        ) -> WorkflowSnapshotUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(
            self, **key: Unpack[WorkflowSnapshotKey]
        ) -> typed.Delete[WorkflowSnapshot, M]: ...
        @overload
        def delete(
            self, key: WorkflowSnapshot | WorkflowSnapshotKey, /
        ) -> typed.Delete[WorkflowSnapshot, M]: ...
        @overload
        def delete(
            self, keys: Sequence[WorkflowSnapshot | WorkflowSnapshotKey], /
        ) -> typed.BatchWrite[WorkflowSnapshot, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[WorkflowSnapshotKnown]
        ) -> typed.Query[WorkflowSnapshot, M] | typed.Scan[WorkflowSnapshot, M]: ...
        def find(
            self, **values: Unpack[WorkflowSnapshotKnown]
        ) -> typed.Query[WorkflowSnapshot, M] | typed.Scan[WorkflowSnapshot, M]: ...

    AsyncWorkflowSnapshotEntity_ = WorkflowSnapshotEntity_[typed.Async]

    class Entities(typed.Entities[M], Generic[M]):
        eval: EvalEntity_[M]
        message: MessageEntity_[M]
        resource: ResourceEntity_[M]
        score: ScoreEntity_[M]
        thread: ThreadEntity_[M]
        trace: TraceEntity_[M]
        workflow_snapshot: WorkflowSnapshotEntity_[M]
        @overload
        def __getitem__(self, alias: Literal["eval"]) -> EvalEntity_[M]: ...
        @overload
        def __getitem__(self, alias: Literal["message"]) -> MessageEntity_[M]: ...
        @overload
        def __getitem__(self, alias: Literal["resource"]) -> ResourceEntity_[M]: ...
        @overload
        def __getitem__(self, alias: Literal["score"]) -> ScoreEntity_[M]: ...
        @overload
        def __getitem__(self, alias: Literal["thread"]) -> ThreadEntity_[M]: ...
        @overload
        def __getitem__(self, alias: Literal["trace"]) -> TraceEntity_[M]: ...
        @overload
        def __getitem__(
            self, alias: Literal["workflow_snapshot"]
        ) -> WorkflowSnapshotEntity_[M]: ...
        def __getitem__(self, *given: Any, **named: Any) -> Any: ...

    class Collections(typed.Collections[M], Generic[M]):
        ...

    class Service(typed.Service[Entities[typed.Sync], Collections[typed.Sync]]):
        """The service mastra, as `load()` gives it."""

    class AsyncService(typed.AsyncService[Entities[typed.Async], Collections[typed.Async]]):
        """The service mastra, as `load_async()` gives it."""

    load: typed.Load[Service]
    load_async: typed.LoadAsync[AsyncService]

_schemas = Schemas(
    __name__,
    digest="615943e11d7129a7addb5baebdcb7bacc53f92708f850bc37f6e09d09fdc3221",
    records={
        "Eval": "eval",
        "Message": "message",
        "Resource": "resource",
        "Score": "score",
        "Thread": "thread",
        "Trace": "trace",
        "WorkflowSnapshot": "workflow_snapshot",
    },
    sources={
        "table.yaml": """\
# yaml-language-server: $schema=../leyden.schema.json
# One table for an agent's memory: its own key and seven indexes, all strings, projected whole.
table: mastra-single-table
indexes:
  gsi1: {projection: all}
  gsi2: {projection: all}
  gsi3: {projection: all}
  gsi4: {projection: all}
  gsi5: {projection: all}
  gsi6: {projection: all}
  gsi7: {projection: all}
ttl: ttl
""",
        "eval.yaml": """\
# yaml-language-server: $schema=../leyden.schema.json
# The result of one metric on an agent's answer.
entity: eval
version: "1"
service: mastra
description: The result of one metric on an agent's answer

attributes:
  entity:        {type: [eval], required: true, default: eval}
  run_id:        {type: string, required: true}   # snake_case in the table, too
  global_run_id: {type: string, required: true}
  agent_name:    {type: string, required: true}
  metric_name:   {type: string, required: true}
  instructions:  {type: string, required: true}
  input:         {type: string, required: true}
  output:        {type: string, required: true}
  result:        {type: json, required: true}
  test_info:     {type: json}
  # Two times of creation: of the evaluation, and of the item that stores it.
  created_at:    {type: timestamp, required: true, default: {generate: now}}
  stored_at:     {type: timestamp, required: true, read_only: true, default: {generate: now}, field: createdAt, label: createdAt}
  updated_at:    {type: timestamp, required: true, default: {generate: now}, field: updatedAt, label: updatedAt}
  metadata:      {type: json}
  # A service may name either field as its time to live.
  ttl:         {type: ttl, description: When DynamoDB removes the item}
  expires_at:  {type: ttl, field: expiresAt}

indexes:
  primary:
    pk: {field: pk, composite: [entity, run_id]}
    sk: {field: sk, composite: []}
  by_agent:
    index: gsi1
    pk: {field: gsi1pk, composite: [entity, agent_name]}
    sk: {field: gsi1sk, composite: [created_at]}
""",
        "message.yaml": """\
# yaml-language-server: $schema=../leyden.schema.json
# One message of a thread.
entity: message
version: "1"
service: mastra
description: A message of a thread

attributes:
  entity:      {type: [message], required: true, default: message}
  id:          {type: string, required: true}
  thread_id:   {type: string, required: true, field: threadId, label: threadId}
  resource_id: {type: string, field: resourceId, label: resourceId}
  role:        {type: string, required: true}
  type:        {type: string, default: text}
  # Plain text, or the JSON text of an object with parts: only the former does not start with
  # "{" or "[". It is a string here because `json` would quote plain text.
  content:     {type: string, required: true}
  tool_call_ids:  {type: json, field: toolCallIds}
  tool_call_args: {type: json, field: toolCallArgs}
  tool_names:     {type: json, field: toolNames}
  metadata:    {type: json}
  created_at:  {type: timestamp, required: true, read_only: true, default: {generate: now}, field: createdAt, label: createdAt}
  updated_at:  {type: timestamp, required: true, default: {generate: now}, field: updatedAt, label: updatedAt}
  # A service may name either field as its time to live.
  ttl:         {type: ttl, description: When DynamoDB removes the item}
  expires_at:  {type: ttl, field: expiresAt}

indexes:
  primary:
    pk: {field: pk, composite: [entity, id]}
    sk: {field: sk, composite: [entity]}
  by_thread:                                 # a thread's messages, oldest first
    index: gsi1
    pk: {field: gsi1pk, composite: [entity, thread_id]}
    sk: {field: gsi1sk, composite: [created_at]}
""",
        "resource.yaml": """\
# yaml-language-server: $schema=../leyden.schema.json
# What is remembered of a resource across its threads.
entity: resource
version: "1"
service: mastra
description: A resource's working memory

attributes:
  entity:         {type: [resource], required: true, default: resource}
  id:             {type: string, required: true}
  working_memory: {type: string, field: workingMemory}
  metadata:       {type: json}
  created_at:  {type: timestamp, required: true, read_only: true, default: {generate: now}, field: createdAt, label: createdAt}
  updated_at:  {type: timestamp, required: true, default: {generate: now}, field: updatedAt, label: updatedAt}
  # A service may name either field as its time to live.
  ttl:         {type: ttl, description: When DynamoDB removes the item}
  expires_at:  {type: ttl, field: expiresAt}

indexes:
  primary:
    pk: {field: pk, composite: [entity, id]}
    sk: {field: sk, composite: [entity]}
""",
        "score.yaml": """\
# yaml-language-server: $schema=../leyden.schema.json
# What a scorer said of one run.
entity: score
version: "1"
service: mastra
description: What a scorer said of one run

attributes:
  entity:      {type: [score], required: true, default: score}
  id:          {type: string, required: true}
  scorer_id:   {type: string, required: true, field: scorerId, label: scorerId}
  run_id:      {type: string, required: true, field: runId, label: runId}
  trace_id:    {type: string, field: traceId, label: traceId}
  span_id:     {type: string, field: spanId, label: spanId}
  resource_id: {type: string, field: resourceId, label: resourceId}
  thread_id:   {type: string, field: threadId, label: threadId}
  # Whose it is, and which batch or data set it was made for. Adapters before these fields, such as
  # @mastra/dynamodb 1.0, neither write nor show them.
  organization_id: {type: string, field: organizationId}
  project_id:      {type: string, field: projectId}
  batch_id:        {type: string, field: batchId}
  dataset_id:      {type: string, field: datasetId}
  dataset_item_id: {type: string, field: datasetItemId}
  source:      {type: string, required: true}
  score:       {type: number, required: true}
  reason:      string
  # What was scored: `entity` above names the kind of item, so these have a name of their own.
  entity_id:   {type: string, field: entityId, label: entityId}
  entity_type: {type: string, field: entityType}
  entity_data: {type: json, field: entityData}
  scorer:      {type: json, required: true}
  # Plain text, or JSON text where it starts with "{" or "[".
  input:       {type: string, required: true}
  output:      {type: string, required: true}
  extract_step_result:    {type: json, field: extractStepResult}
  preprocess_step_result: {type: json, field: preprocessStepResult}
  analyze_step_result:    {type: json, field: analyzeStepResult}
  extract_prompt:         {type: string, field: extractPrompt}
  preprocess_prompt:      {type: string, field: preprocessPrompt}
  analyze_prompt:         {type: string, field: analyzePrompt}
  reason_prompt:          {type: string, field: reasonPrompt}
  generate_score_prompt:  {type: string, field: generateScorePrompt}
  generate_reason_prompt: {type: string, field: generateReasonPrompt}
  additional_context:     {type: json, field: additionalContext}
  request_context:        {type: json, field: requestContext}
  metadata:    {type: json}
  created_at:  {type: timestamp, required: true, read_only: true, default: {generate: now}, field: createdAt, label: createdAt}
  updated_at:  {type: timestamp, required: true, default: {generate: now}, field: updatedAt, label: updatedAt}
  # A service may name either field as its time to live.
  ttl:         {type: ttl, description: When DynamoDB removes the item}
  expires_at:  {type: ttl, field: expiresAt}

indexes:
  primary:
    pk: {field: pk, composite: [entity, id]}
    sk: {field: sk, composite: [entity]}
  by_scorer:
    index: gsi1
    pk: {field: gsi1pk, composite: [entity, scorer_id]}
    sk: {field: gsi1sk, composite: [created_at]}
  by_run:
    index: gsi2
    pk: {field: gsi2pk, composite: [entity, run_id]}
    sk: {field: gsi2sk, composite: [created_at]}
  by_trace:
    index: gsi3
    pk: {field: gsi3pk, composite: [entity, trace_id]}
    sk: {field: gsi3sk, composite: [created_at]}
  by_entity:
    index: gsi4
    pk: {field: gsi4pk, composite: [entity, entity_id]}
    sk: {field: gsi4sk, composite: [created_at]}
  by_resource:
    index: gsi5
    pk: {field: gsi5pk, composite: [entity, resource_id]}
    sk: {field: gsi5sk, composite: [created_at]}
  by_thread:
    index: gsi6
    pk: {field: gsi6pk, composite: [entity, thread_id]}
    sk: {field: gsi6sk, composite: [created_at]}
  by_span:
    index: gsi7
    pk: {field: gsi7pk, composite: [entity, trace_id, span_id]}
    sk: {field: gsi7sk, composite: [created_at]}
""",
        "thread.yaml": """\
# yaml-language-server: $schema=../leyden.schema.json
# A conversation.
#
# The schemas of this folder have the item format of @mastra/dynamodb, so that a Python and a
# TypeScript service share one table. Attributes are snake_case in Python and camelCase in the
# table: `field` is the stored name, `label` the name inside keys.
entity: thread
version: "1"
service: mastra
description: A conversation of a resource (a user, an agent's owner)

attributes:
  entity:      {type: [thread], required: true, default: thread}   # a part of every key
  id:          {type: string, required: true}
  resource_id: {type: string, required: true, field: resourceId, label: resourceId}
  title:       {type: string, required: true}
  metadata:    {type: json}
  archived_at: {type: timestamp, field: archivedAt}
  created_at:  {type: timestamp, required: true, read_only: true, default: {generate: now}, field: createdAt, label: createdAt}
  updated_at:  {type: timestamp, required: true, default: {generate: now}, field: updatedAt, label: updatedAt}
  # A service may name either field as its time to live.
  ttl:         {type: ttl, description: When DynamoDB removes the item}
  expires_at:  {type: ttl, field: expiresAt}

indexes:
  primary:
    pk: {field: pk, composite: [entity, id]}
    sk: {field: sk, composite: [id]}
  by_resource:                               # a resource's threads, oldest first
    index: gsi1
    pk: {field: gsi1pk, composite: [entity, resource_id]}
    sk: {field: gsi1sk, composite: [created_at]}
""",
        "trace.yaml": """\
# yaml-language-server: $schema=../leyden.schema.json
# One span of a trace.
entity: trace
version: "1"
service: mastra
description: One span of a trace

attributes:
  entity:         {type: [trace], required: true, default: trace}
  id:             {type: string, required: true}
  trace_id:       {type: string, required: true, field: traceId}
  parent_span_id: {type: string, field: parentSpanId}
  name:           {type: string, required: true}
  scope:          {type: string, required: true}
  kind:           {type: number, required: true}
  attributes:     {type: json}
  status:         {type: json}
  events:         {type: json}
  links:          {type: json}
  other:          {type: string}
  # Times as numbers, unpadded in the keys as in the original format: they sort as text, which
  # is right among numbers of the same length.
  start_time:     {type: number, required: true, field: startTime, label: startTime}
  end_time:       {type: number, required: true, field: endTime}
  metadata:       {type: json}
  created_at:  {type: timestamp, required: true, read_only: true, default: {generate: now}, field: createdAt, label: createdAt}
  updated_at:  {type: timestamp, required: true, default: {generate: now}, field: updatedAt, label: updatedAt}
  # A service may name either field as its time to live.
  ttl:         {type: ttl, description: When DynamoDB removes the item}
  expires_at:  {type: ttl, field: expiresAt}

indexes:
  primary:
    pk: {field: pk, composite: [entity, id]}
    sk: {field: sk, composite: []}
  by_name:
    index: gsi1
    pk: {field: gsi1pk, composite: [entity, name]}
    sk: {field: gsi1sk, composite: [start_time]}
  by_scope:
    index: gsi2
    pk: {field: gsi2pk, composite: [entity, scope]}
    sk: {field: gsi2sk, composite: [start_time]}
""",
        "workflow_snapshot.yaml": """\
# yaml-language-server: $schema=../leyden.schema.json
# The state of one run of a workflow.
entity: workflow_snapshot
version: "1"
service: mastra
description: The state of one run of a workflow

attributes:
  entity:        {type: [workflow_snapshot], required: true, default: workflow_snapshot}
  workflow_name: {type: string, required: true}   # stored in snake_case there, too
  run_id:        {type: string, required: true}
  snapshot:      {type: json, required: true}
  resource_id:   {type: string, field: resourceId, label: resourceId}
  metadata:      {type: json}
  created_at:  {type: timestamp, required: true, read_only: true, default: {generate: now}, field: createdAt, label: createdAt}
  updated_at:  {type: timestamp, required: true, default: {generate: now}, field: updatedAt, label: updatedAt}
  # A service may name either field as its time to live.
  ttl:         {type: ttl, description: When DynamoDB removes the item}
  expires_at:  {type: ttl, field: expiresAt}

indexes:
  primary:                                   # the runs of a workflow
    pk: {field: pk, composite: [entity, workflow_name]}
    sk: {field: sk, composite: [run_id]}
  by_run:                                    # one run, without its workflow's name
    index: gsi2
    pk: {field: gsi2pk, composite: [entity, run_id]}
    sk: {field: gsi2sk, composite: [workflow_name]}
""",
    },
)

if not TYPE_CHECKING:
    __getattr__ = _schemas.named
