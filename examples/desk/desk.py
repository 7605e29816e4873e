# fmt: off
# Made by `leyden types`, from the schemas that stand at its end: do not edit it, make it again.
# ruff: noqa
"""The service desk, typed.

    app = desk.load(table="...")
    app.entities.comment
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from leyden.typed import Schemas

EventAction = Literal[
    "created", "changed", "commented", "tagged", "untagged", "deleted",
]
MemberRole = Literal["owner", "agent", "guest"]
OrganizationPlan = Literal["free", "team", "business"]
TagColor = Literal["gray", "red", "green", "blue"]
TicketStatus = Literal["open", "waiting", "solved"]
TicketPriority = Literal["low", "normal", "urgent"]

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from typing import Any, Generic, Protocol, Self, overload

    import attrs
    from typing_extensions import NotRequired, TypedDict, Unpack
    from leyden.typed import static as typed
    from leyden.typed.static import M

    @attrs.frozen(init=False)
    class Comment(typed.Record):
        """An answer to a ticket."""

        org_id: str
        ticket_id: str
        comment_id: str
        author: str
        """The member who wrote it."""
        text: str
        internal: bool | None
        """Whether only agents see it."""
        created_at: datetime | None

        def __init__(
            self,
            *,
            org_id: str,
            ticket_id: str,
            comment_id: str | None = None,
            author: str,
            text: str,
            internal: bool | None = None,
            created_at: datetime | str | None = None,
        ) -> None: ...

    class CommentKey(TypedDict, closed=True):
        """The table's own key."""
        org_id: str
        ticket_id: str
        comment_id: str

    class CommentValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        org_id: str
        ticket_id: str
        comment_id: NotRequired[str | None]
        author: str
        text: str
        internal: NotRequired[bool | None]
        created_at: NotRequired[datetime | str | None]

    class CommentChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        author: str | typed.Computed
        text: str | typed.Computed
        internal: bool | typed.Computed

    class CommentKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        org_id: str | None
        ticket_id: str | None
        comment_id: str | None
        author: str | None
        text: str | None
        internal: bool | None
        created_at: datetime | str | None

    class CommentAttributes(typed.Attributes):
        org_id: typed.Text[str]
        ticket_id: typed.Text[str]
        comment_id: typed.Text[str]
        author: typed.Text[str]
        text: typed.Text[str]
        internal: typed.Flag
        created_at: typed.Moment

    class CommentUpdate(typed.Update[Comment, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[CommentChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[CommentChanges]
        ) -> Self: ...
        def remove(self, *paths: Literal["author", "text", "internal"]) -> Self: ...
        def composite(self, **known: Unpack[CommentKnown]) -> Self: ...

    class CommentUpsert(typed.Upsert[Comment, M], Generic[M]):
        def set(self, **values: Unpack[CommentKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[CommentKnown]) -> Self: ...
        def composite(self, **known: Unpack[CommentKnown]) -> Self: ...

    class CommentCommentsLimits(TypedDict, closed=True):
        comment_id: str

    class CommentCommentsRange(Protocol[M]):
        def __call__(self, **limits: Unpack[CommentCommentsLimits]) -> typed.Query[Comment, M]: ...

    class CommentQueries(typed.Patterns, Generic[M]):
        @overload
        def comments(
            self, *, org_id: str, ticket_id: str
        ) -> typed.RangedQuery[Comment, M, CommentCommentsRange[M], CommentCommentsLimits]: ...
        @overload
        def comments(
            self, *, org_id: str, ticket_id: str, comment_id: str
        ) -> typed.Query[Comment, M]: ...
        def comments(self, *given: Any, **named: Any) -> Any: ...

    class CommentByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[CommentKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Comment | CommentKey, /) -> typed.C: ...

    class CommentEntity(typed.Entity[Comment, M], Generic[M]):
        attr: CommentAttributes
        query: CommentQueries[M]
        remove: CommentByKey[typed.Remove[Comment, M]]
        check: CommentByKey[typed.Check[Comment, M]]
        @property
        def record(self) -> type[Comment]: ...
        @overload
        def get(self, **key: Unpack[CommentKey]) -> typed.Get[Comment, M]: ...
        @overload
        def get(self, key: Comment | CommentKey, /) -> typed.Get[Comment, M]: ...
        @overload
        def get(self, keys: Sequence[Comment | CommentKey], /) -> typed.BatchGet[Comment, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[CommentValues]) -> typed.Put[Comment, M]: ...
        @overload
        def put(
            self, item: Comment | CommentValues, /, **values: Unpack[CommentKnown]
        ) -> typed.Put[Comment, M]: ...
        @overload
        def put(
            self, items: Sequence[Comment | CommentValues], /
        ) -> typed.BatchWrite[Comment, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[CommentValues]) -> typed.Create[Comment, M]: ...
        @overload
        def create(
            self, item: Comment | CommentValues, /, **values: Unpack[CommentKnown]
        ) -> typed.Create[Comment, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[CommentKey]) -> CommentUpdate[M]: ...
        @overload
        def update(
            self,
            record: Comment,
            more: Comment | CommentKnown = ...,
            /,
            **changes: Unpack[CommentKnown],
        ) -> CommentUpdate[M]: ...
        @overload
        def update(self, key: CommentKey, /) -> CommentUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[CommentKey]) -> CommentUpdate[M]: ...
        @overload
        def patch(
            self,
            record: Comment,
            more: Comment | CommentKnown = ...,
            /,
            **changes: Unpack[CommentKnown],
        ) -> CommentUpdate[M]: ...
        @overload
        def patch(self, key: CommentKey, /) -> CommentUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[CommentKnown]) -> CommentUpsert[M]: ...
        @overload
        def upsert(
            self, item: Comment | CommentValues, /, **values: Unpack[CommentKnown]
        ) -> CommentUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[CommentKey]) -> typed.Delete[Comment, M]: ...
        @overload
        def delete(self, key: Comment | CommentKey, /) -> typed.Delete[Comment, M]: ...
        @overload
        def delete(
            self, keys: Sequence[Comment | CommentKey], /
        ) -> typed.BatchWrite[Comment, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[CommentKnown]
        ) -> typed.Query[Comment, M] | typed.Scan[Comment, M]: ...
        def find(
            self, **values: Unpack[CommentKnown]
        ) -> typed.Query[Comment, M] | typed.Scan[Comment, M]: ...

    AsyncCommentEntity = CommentEntity[typed.Async]

    @attrs.frozen(init=False)
    class Event(typed.Record):
        """Who did what to a ticket."""

        org_id: str
        at: datetime
        event_id: str
        day: str
        actor: str
        """The member who did it."""
        action: EventAction
        ticket_id: str
        changes: dict[str, Any] | None
        """The new values by name, of a change."""
        expires_at: datetime | None

        def __init__(
            self,
            *,
            org_id: str,
            at: datetime | str | None = None,
            event_id: str | None = None,
            day: date | str | None = None,
            actor: str,
            action: EventAction,
            ticket_id: str,
            changes: Mapping[str, Any] | None = None,
            expires_at: datetime | int | float | None = None,
        ) -> None: ...

    class EventKey(TypedDict, closed=True):
        """The table's own key."""
        org_id: str
        day: NotRequired[date | str]
        at: datetime | str
        event_id: str

    class EventValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        org_id: str
        at: NotRequired[datetime | str | None]
        event_id: NotRequired[str | None]
        day: NotRequired[date | str | None]
        actor: str
        action: EventAction
        ticket_id: str
        changes: NotRequired[Mapping[str, Any] | None]
        expires_at: NotRequired[datetime | int | float | None]

    class EventChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        actor: str | typed.Computed
        action: EventAction | typed.Computed
        ticket_id: str | typed.Computed
        changes: Mapping[str, Any] | typed.Computed
        expires_at: datetime | int | float | typed.Computed

    class EventKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        org_id: str | None
        at: datetime | str | None
        event_id: str | None
        day: date | str | None
        actor: str | None
        action: EventAction | None
        ticket_id: str | None
        changes: Mapping[str, Any] | None
        expires_at: datetime | int | float | None

    class EventAttributes(typed.Attributes):
        org_id: typed.Text[str]
        at: typed.Moment
        event_id: typed.Text[str]
        day: typed.Text[date | str]
        actor: typed.Text[str]
        action: typed.Text[EventAction]
        ticket_id: typed.Text[str]
        changes: typed.Anything
        expires_at: typed.Instant

    class EventUpdate(typed.Update[Event, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[EventChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[EventChanges]
        ) -> Self: ...
        def add(
            self, paths: typed.Paths | None = None, /, *, expires_at: datetime | int | float = ...
        ) -> Self: ...
        def subtract(
            self, paths: typed.Paths | None = None, /, *, expires_at: datetime | int | float = ...
        ) -> Self: ...
        def append(self, paths: typed.Paths | None = None, /) -> Self: ...
        def delete(self, paths: typed.Paths | None = None, /) -> Self: ...
        def remove(self, *paths: str) -> Self: ...
        def composite(self, **known: Unpack[EventKnown]) -> Self: ...

    class EventUpsert(typed.Upsert[Event, M], Generic[M]):
        def set(self, **values: Unpack[EventKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[EventKnown]) -> Self: ...
        def add(self, *, expires_at: datetime | int | float = ...) -> Self: ...
        def subtract(self, *, expires_at: datetime | int | float = ...) -> Self: ...
        def composite(self, **known: Unpack[EventKnown]) -> Self: ...

    class EventEventsLimits(TypedDict, closed=True):
        at: datetime | str
        event_id: NotRequired[str]

    class EventEventsRange(Protocol[M]):
        def __call__(self, **limits: Unpack[EventEventsLimits]) -> typed.Query[Event, M]: ...

    class EventEventsEventIdLimits(TypedDict, closed=True):
        event_id: str

    class EventEventsEventIdRange(Protocol[M]):
        def __call__(self, **limits: Unpack[EventEventsEventIdLimits]) -> typed.Query[Event, M]: ...

    class EventQueries(typed.Patterns, Generic[M]):
        @overload
        def events(
            self, *, org_id: str, day: date | str
        ) -> typed.RangedQuery[Event, M, EventEventsRange[M], EventEventsLimits]: ...
        @overload
        def events(
            self, *, org_id: str, day: date | str, at: datetime | str
        ) -> typed.RangedQuery[Event, M, EventEventsEventIdRange[M], EventEventsEventIdLimits]: ...
        @overload
        def events(
            self, *, org_id: str, day: date | str, at: datetime | str, event_id: str
        ) -> typed.Query[Event, M]: ...
        def events(self, *given: Any, **named: Any) -> Any: ...

    class EventByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[EventKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Event | EventKey, /) -> typed.C: ...

    class EventEntity(typed.Entity[Event, M], Generic[M]):
        attr: EventAttributes
        query: EventQueries[M]
        remove: EventByKey[typed.Remove[Event, M]]
        check: EventByKey[typed.Check[Event, M]]
        @property
        def record(self) -> type[Event]: ...
        @overload
        def get(self, **key: Unpack[EventKey]) -> typed.Get[Event, M]: ...
        @overload
        def get(self, key: Event | EventKey, /) -> typed.Get[Event, M]: ...
        @overload
        def get(self, keys: Sequence[Event | EventKey], /) -> typed.BatchGet[Event, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[EventValues]) -> typed.Put[Event, M]: ...
        @overload
        def put(
            self, item: Event | EventValues, /, **values: Unpack[EventKnown]
        ) -> typed.Put[Event, M]: ...
        @overload
        def put(self, items: Sequence[Event | EventValues], /) -> typed.BatchWrite[Event, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[EventValues]) -> typed.Create[Event, M]: ...
        @overload
        def create(
            self, item: Event | EventValues, /, **values: Unpack[EventKnown]
        ) -> typed.Create[Event, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[EventKey]) -> EventUpdate[M]: ...
        @overload
        def update(
            self, record: Event, more: Event | EventKnown = ..., /, **changes: Unpack[EventKnown]
        ) -> EventUpdate[M]: ...
        @overload
        def update(self, key: EventKey, /) -> EventUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[EventKey]) -> EventUpdate[M]: ...
        @overload
        def patch(
            self, record: Event, more: Event | EventKnown = ..., /, **changes: Unpack[EventKnown]
        ) -> EventUpdate[M]: ...
        @overload
        def patch(self, key: EventKey, /) -> EventUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[EventKnown]) -> EventUpsert[M]: ...
        @overload
        def upsert(
            self, item: Event | EventValues, /, **values: Unpack[EventKnown]
        ) -> EventUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[EventKey]) -> typed.Delete[Event, M]: ...
        @overload
        def delete(self, key: Event | EventKey, /) -> typed.Delete[Event, M]: ...
        @overload
        def delete(self, keys: Sequence[Event | EventKey], /) -> typed.BatchWrite[Event, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[EventKnown]
        ) -> typed.Query[Event, M] | typed.Scan[Event, M]: ...
        def find(
            self, **values: Unpack[EventKnown]
        ) -> typed.Query[Event, M] | typed.Scan[Event, M]: ...

    AsyncEventEntity = EventEntity[typed.Async]

    @attrs.frozen(init=False)
    class Member(typed.Record):
        """Somebody who works for an organization."""

        org_id: str
        member_id: str
        email: str
        name: str
        role: MemberRole | None
        joined_at: datetime | None

        def __init__(
            self,
            *,
            org_id: str,
            member_id: str | None = None,
            email: str,
            name: str,
            role: MemberRole | None = None,
            joined_at: datetime | str | None = None,
        ) -> None: ...

    class MemberKey(TypedDict, closed=True):
        """The table's own key."""
        org_id: str
        member_id: str

    class MemberValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        org_id: str
        member_id: NotRequired[str | None]
        email: str
        name: str
        role: NotRequired[MemberRole | None]
        joined_at: NotRequired[datetime | str | None]

    class MemberChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        email: str | typed.Computed
        name: str | typed.Computed
        role: MemberRole | typed.Computed

    class MemberKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        org_id: str | None
        member_id: str | None
        email: str | None
        name: str | None
        role: MemberRole | None
        joined_at: datetime | str | None

    class MemberAttributes(typed.Attributes):
        org_id: typed.Text[str]
        member_id: typed.Text[str]
        email: typed.Text[str]
        name: typed.Text[str]
        role: typed.Text[MemberRole]
        joined_at: typed.Moment

    class MemberUpdate(typed.Update[Member, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[MemberChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[MemberChanges]
        ) -> Self: ...
        def remove(self, *paths: Literal["email", "name", "role"]) -> Self: ...
        def composite(self, **known: Unpack[MemberKnown]) -> Self: ...

    class MemberUpsert(typed.Upsert[Member, M], Generic[M]):
        def set(self, **values: Unpack[MemberKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[MemberKnown]) -> Self: ...
        def composite(self, **known: Unpack[MemberKnown]) -> Self: ...

    class MemberMembersLimits(TypedDict, closed=True):
        member_id: str

    class MemberMembersRange(Protocol[M]):
        def __call__(self, **limits: Unpack[MemberMembersLimits]) -> typed.Query[Member, M]: ...

    class MemberQueries(typed.Patterns, Generic[M]):
        @overload
        def members(
            self, *, org_id: str
        ) -> typed.RangedQuery[Member, M, MemberMembersRange[M], MemberMembersLimits]: ...
        @overload
        def members(self, *, org_id: str, member_id: str) -> typed.Query[Member, M]: ...
        def members(self, *given: Any, **named: Any) -> Any: ...
        def by_email(self, *, email: str) -> typed.Query[Member, M]: ...

    class MemberByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[MemberKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Member | MemberKey, /) -> typed.C: ...

    class MemberEntity(typed.Entity[Member, M], Generic[M]):
        attr: MemberAttributes
        query: MemberQueries[M]
        remove: MemberByKey[typed.Remove[Member, M]]
        check: MemberByKey[typed.Check[Member, M]]
        @property
        def record(self) -> type[Member]: ...
        @overload
        def get(self, **key: Unpack[MemberKey]) -> typed.Get[Member, M]: ...
        @overload
        def get(self, key: Member | MemberKey, /) -> typed.Get[Member, M]: ...
        @overload
        def get(self, keys: Sequence[Member | MemberKey], /) -> typed.BatchGet[Member, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[MemberValues]) -> typed.Put[Member, M]: ...
        @overload
        def put(
            self, item: Member | MemberValues, /, **values: Unpack[MemberKnown]
        ) -> typed.Put[Member, M]: ...
        @overload
        def put(self, items: Sequence[Member | MemberValues], /) -> typed.BatchWrite[Member, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[MemberValues]) -> typed.Create[Member, M]: ...
        @overload
        def create(
            self, item: Member | MemberValues, /, **values: Unpack[MemberKnown]
        ) -> typed.Create[Member, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[MemberKey]) -> MemberUpdate[M]: ...
        @overload
        def update(
            self,
            record: Member,
            more: Member | MemberKnown = ...,
            /,
            **changes: Unpack[MemberKnown],
        ) -> MemberUpdate[M]: ...
        @overload
        def update(self, key: MemberKey, /) -> MemberUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[MemberKey]) -> MemberUpdate[M]: ...
        @overload
        def patch(
            self,
            record: Member,
            more: Member | MemberKnown = ...,
            /,
            **changes: Unpack[MemberKnown],
        ) -> MemberUpdate[M]: ...
        @overload
        def patch(self, key: MemberKey, /) -> MemberUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[MemberKnown]) -> MemberUpsert[M]: ...
        @overload
        def upsert(
            self, item: Member | MemberValues, /, **values: Unpack[MemberKnown]
        ) -> MemberUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[MemberKey]) -> typed.Delete[Member, M]: ...
        @overload
        def delete(self, key: Member | MemberKey, /) -> typed.Delete[Member, M]: ...
        @overload
        def delete(self, keys: Sequence[Member | MemberKey], /) -> typed.BatchWrite[Member, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[MemberKnown]
        ) -> typed.Query[Member, M] | typed.Scan[Member, M]: ...
        def find(
            self, **values: Unpack[MemberKnown]
        ) -> typed.Query[Member, M] | typed.Scan[Member, M]: ...

    AsyncMemberEntity = MemberEntity[typed.Async]

    @attrs.frozen(init=False)
    class Organization(typed.Record):
        """A customer of the desk, to whom all else belongs."""

        org_id: str
        name: str
        plan: OrganizationPlan | None
        created_at: datetime | None

        def __init__(
            self,
            *,
            org_id: str,
            name: str,
            plan: OrganizationPlan | None = None,
            created_at: datetime | str | None = None,
        ) -> None: ...

    class OrganizationKey(TypedDict, closed=True):
        """The table's own key."""
        org_id: str

    class OrganizationValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        org_id: str
        name: str
        plan: NotRequired[OrganizationPlan | None]
        created_at: NotRequired[datetime | str | None]

    class OrganizationChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        name: str | typed.Computed
        plan: OrganizationPlan | typed.Computed

    class OrganizationKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        org_id: str | None
        name: str | None
        plan: OrganizationPlan | None
        created_at: datetime | str | None

    class OrganizationAttributes(typed.Attributes):
        org_id: typed.Text[str]
        name: typed.Text[str]
        plan: typed.Text[OrganizationPlan]
        created_at: typed.Moment

    class OrganizationUpdate(typed.Update[Organization, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[OrganizationChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[OrganizationChanges]
        ) -> Self: ...
        def remove(self, *paths: Literal["name", "plan"]) -> Self: ...
        def composite(self, **known: Unpack[OrganizationKnown]) -> Self: ...

    class OrganizationUpsert(typed.Upsert[Organization, M], Generic[M]):
        def set(self, **values: Unpack[OrganizationKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[OrganizationKnown]) -> Self: ...
        def composite(self, **known: Unpack[OrganizationKnown]) -> Self: ...

    class OrganizationQueries(typed.Patterns, Generic[M]):
        def organization(self, *, org_id: str) -> typed.Query[Organization, M]: ...

    class OrganizationByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[OrganizationKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Organization | OrganizationKey, /) -> typed.C: ...

    class OrganizationEntity(typed.Entity[Organization, M], Generic[M]):
        attr: OrganizationAttributes
        query: OrganizationQueries[M]
        remove: OrganizationByKey[typed.Remove[Organization, M]]
        check: OrganizationByKey[typed.Check[Organization, M]]
        @property
        def record(self) -> type[Organization]: ...
        @overload
        def get(self, **key: Unpack[OrganizationKey]) -> typed.Get[Organization, M]: ...
        @overload
        def get(self, key: Organization | OrganizationKey, /) -> typed.Get[Organization, M]: ...
        @overload
        def get(
            self, keys: Sequence[Organization | OrganizationKey], /
        ) -> typed.BatchGet[Organization, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[OrganizationValues]) -> typed.Put[Organization, M]: ...
        @overload
        def put(
            self, item: Organization | OrganizationValues, /, **values: Unpack[OrganizationKnown]
        ) -> typed.Put[Organization, M]: ...
        @overload
        def put(
            self, items: Sequence[Organization | OrganizationValues], /
        ) -> typed.BatchWrite[Organization, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[OrganizationValues]) -> typed.Create[Organization, M]: ...
        @overload
        def create(
            self, item: Organization | OrganizationValues, /, **values: Unpack[OrganizationKnown]
        ) -> typed.Create[Organization, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[OrganizationKey]) -> OrganizationUpdate[M]: ...
        @overload
        def update(
            self,
            record: Organization,
            more: Organization | OrganizationKnown = ...,
            /,
            **changes: Unpack[OrganizationKnown],
        ) -> OrganizationUpdate[M]: ...
        @overload
        def update(self, key: OrganizationKey, /) -> OrganizationUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[OrganizationKey]) -> OrganizationUpdate[M]: ...
        @overload
        def patch(
            self,
            record: Organization,
            more: Organization | OrganizationKnown = ...,
            /,
            **changes: Unpack[OrganizationKnown],
        ) -> OrganizationUpdate[M]: ...
        @overload
        def patch(self, key: OrganizationKey, /) -> OrganizationUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[OrganizationKnown]) -> OrganizationUpsert[M]: ...
        @overload
        def upsert(
            self, item: Organization | OrganizationValues, /, **values: Unpack[OrganizationKnown]
        ) -> OrganizationUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[OrganizationKey]) -> typed.Delete[Organization, M]: ...
        @overload
        def delete(
            self, key: Organization | OrganizationKey, /
        ) -> typed.Delete[Organization, M]: ...
        @overload
        def delete(
            self, keys: Sequence[Organization | OrganizationKey], /
        ) -> typed.BatchWrite[Organization, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[OrganizationKnown]
        ) -> typed.Query[Organization, M] | typed.Scan[Organization, M]: ...
        def find(
            self, **values: Unpack[OrganizationKnown]
        ) -> typed.Query[Organization, M] | typed.Scan[Organization, M]: ...

    AsyncOrganizationEntity = OrganizationEntity[typed.Async]

    @attrs.frozen(init=False)
    class Tag(typed.Record):
        """A word that an organization sorts its tickets by."""

        org_id: str
        tag: str
        color: TagColor | None

        def __init__(self, *, org_id: str, tag: str, color: TagColor | None = None) -> None: ...

    class TagKey(TypedDict, closed=True):
        """The table's own key."""
        org_id: str
        tag: str

    class TagValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        org_id: str
        tag: str
        color: NotRequired[TagColor | None]

    class TagChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        color: TagColor | typed.Computed

    class TagKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        org_id: str | None
        tag: str | None
        color: TagColor | None

    class TagAttributes(typed.Attributes):
        org_id: typed.Text[str]
        tag: typed.Text[str]
        color: typed.Text[TagColor]

    class TagUpdate(typed.Update[Tag, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[TagChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[TagChanges]
        ) -> Self: ...
        def remove(self, *paths: Literal["color"]) -> Self: ...
        def composite(self, **known: Unpack[TagKnown]) -> Self: ...

    class TagUpsert(typed.Upsert[Tag, M], Generic[M]):
        def set(self, **values: Unpack[TagKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[TagKnown]) -> Self: ...
        def composite(self, **known: Unpack[TagKnown]) -> Self: ...

    class TagTagsLimits(TypedDict, closed=True):
        tag: str

    class TagTagsRange(Protocol[M]):
        def __call__(self, **limits: Unpack[TagTagsLimits]) -> typed.Query[Tag, M]: ...

    class TagQueries(typed.Patterns, Generic[M]):
        @overload
        def tags(
            self, *, org_id: str
        ) -> typed.RangedQuery[Tag, M, TagTagsRange[M], TagTagsLimits]: ...
        @overload
        def tags(self, *, org_id: str, tag: str) -> typed.Query[Tag, M]: ...
        def tags(self, *given: Any, **named: Any) -> Any: ...

    class TagByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[TagKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Tag | TagKey, /) -> typed.C: ...

    class TagEntity(typed.Entity[Tag, M], Generic[M]):
        attr: TagAttributes
        query: TagQueries[M]
        remove: TagByKey[typed.Remove[Tag, M]]
        check: TagByKey[typed.Check[Tag, M]]
        @property
        def record(self) -> type[Tag]: ...
        @overload
        def get(self, **key: Unpack[TagKey]) -> typed.Get[Tag, M]: ...
        @overload
        def get(self, key: Tag | TagKey, /) -> typed.Get[Tag, M]: ...
        @overload
        def get(self, keys: Sequence[Tag | TagKey], /) -> typed.BatchGet[Tag, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[TagValues]) -> typed.Put[Tag, M]: ...
        @overload
        def put(
            self, item: Tag | TagValues, /, **values: Unpack[TagKnown]
        ) -> typed.Put[Tag, M]: ...
        @overload
        def put(self, items: Sequence[Tag | TagValues], /) -> typed.BatchWrite[Tag, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[TagValues]) -> typed.Create[Tag, M]: ...
        @overload
        def create(
            self, item: Tag | TagValues, /, **values: Unpack[TagKnown]
        ) -> typed.Create[Tag, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[TagKey]) -> TagUpdate[M]: ...
        @overload
        def update(
            self, record: Tag, more: Tag | TagKnown = ..., /, **changes: Unpack[TagKnown]
        ) -> TagUpdate[M]: ...
        @overload
        def update(self, key: TagKey, /) -> TagUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[TagKey]) -> TagUpdate[M]: ...
        @overload
        def patch(
            self, record: Tag, more: Tag | TagKnown = ..., /, **changes: Unpack[TagKnown]
        ) -> TagUpdate[M]: ...
        @overload
        def patch(self, key: TagKey, /) -> TagUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[TagKnown]) -> TagUpsert[M]: ...
        @overload
        def upsert(self, item: Tag | TagValues, /, **values: Unpack[TagKnown]) -> TagUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[TagKey]) -> typed.Delete[Tag, M]: ...
        @overload
        def delete(self, key: Tag | TagKey, /) -> typed.Delete[Tag, M]: ...
        @overload
        def delete(self, keys: Sequence[Tag | TagKey], /) -> typed.BatchWrite[Tag, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(self, **values: Unpack[TagKnown]) -> typed.Query[Tag, M] | typed.Scan[Tag, M]: ...
        def find(self, **values: Unpack[TagKnown]) -> typed.Query[Tag, M] | typed.Scan[Tag, M]: ...

    AsyncTagEntity = TagEntity[typed.Async]

    @attrs.frozen(init=False)
    class Tagging(typed.Record):
        """That a ticket has a tag."""

        org_id: str
        ticket_id: str
        tag: str
        title: str
        """The ticket's title when it was tagged."""
        tagged_at: datetime | None

        def __init__(
            self,
            *,
            org_id: str,
            ticket_id: str,
            tag: str,
            title: str,
            tagged_at: datetime | str | None = None,
        ) -> None: ...

    class TaggingKey(TypedDict, closed=True):
        """The table's own key."""
        org_id: str
        ticket_id: str
        tag: str

    class TaggingValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        org_id: str
        ticket_id: str
        tag: str
        title: str
        tagged_at: NotRequired[datetime | str | None]

    class TaggingChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        title: str | typed.Computed

    class TaggingKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        org_id: str | None
        ticket_id: str | None
        tag: str | None
        title: str | None
        tagged_at: datetime | str | None

    class TaggingAttributes(typed.Attributes):
        org_id: typed.Text[str]
        ticket_id: typed.Text[str]
        tag: typed.Text[str]
        title: typed.Text[str]
        tagged_at: typed.Moment

    class TaggingUpdate(typed.Update[Tagging, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[TaggingChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[TaggingChanges]
        ) -> Self: ...
        def remove(self, *paths: Literal["title"]) -> Self: ...
        def composite(self, **known: Unpack[TaggingKnown]) -> Self: ...

    class TaggingUpsert(typed.Upsert[Tagging, M], Generic[M]):
        def set(self, **values: Unpack[TaggingKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[TaggingKnown]) -> Self: ...
        def composite(self, **known: Unpack[TaggingKnown]) -> Self: ...

    class TaggingOfTicketLimits(TypedDict, closed=True):
        tag: str

    class TaggingOfTicketRange(Protocol[M]):
        def __call__(self, **limits: Unpack[TaggingOfTicketLimits]) -> typed.Query[Tagging, M]: ...

    class TaggingOfTagLimits(TypedDict, closed=True):
        ticket_id: str

    class TaggingOfTagRange(Protocol[M]):
        def __call__(self, **limits: Unpack[TaggingOfTagLimits]) -> typed.Query[Tagging, M]: ...

    class TaggingQueries(typed.Patterns, Generic[M]):
        @overload
        def of_ticket(
            self, *, org_id: str, ticket_id: str
        ) -> typed.RangedQuery[Tagging, M, TaggingOfTicketRange[M], TaggingOfTicketLimits]: ...
        @overload
        def of_ticket(
            self, *, org_id: str, ticket_id: str, tag: str
        ) -> typed.Query[Tagging, M]: ...
        def of_ticket(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def of_tag(
            self, *, org_id: str, tag: str
        ) -> typed.RangedQuery[Tagging, M, TaggingOfTagRange[M], TaggingOfTagLimits]: ...
        @overload
        def of_tag(self, *, org_id: str, tag: str, ticket_id: str) -> typed.Query[Tagging, M]: ...
        def of_tag(self, *given: Any, **named: Any) -> Any: ...

    class TaggingByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[TaggingKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Tagging | TaggingKey, /) -> typed.C: ...

    class TaggingEntity(typed.Entity[Tagging, M], Generic[M]):
        attr: TaggingAttributes
        query: TaggingQueries[M]
        remove: TaggingByKey[typed.Remove[Tagging, M]]
        check: TaggingByKey[typed.Check[Tagging, M]]
        @property
        def record(self) -> type[Tagging]: ...
        @overload
        def get(self, **key: Unpack[TaggingKey]) -> typed.Get[Tagging, M]: ...
        @overload
        def get(self, key: Tagging | TaggingKey, /) -> typed.Get[Tagging, M]: ...
        @overload
        def get(self, keys: Sequence[Tagging | TaggingKey], /) -> typed.BatchGet[Tagging, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[TaggingValues]) -> typed.Put[Tagging, M]: ...
        @overload
        def put(
            self, item: Tagging | TaggingValues, /, **values: Unpack[TaggingKnown]
        ) -> typed.Put[Tagging, M]: ...
        @overload
        def put(
            self, items: Sequence[Tagging | TaggingValues], /
        ) -> typed.BatchWrite[Tagging, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[TaggingValues]) -> typed.Create[Tagging, M]: ...
        @overload
        def create(
            self, item: Tagging | TaggingValues, /, **values: Unpack[TaggingKnown]
        ) -> typed.Create[Tagging, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[TaggingKey]) -> TaggingUpdate[M]: ...
        @overload
        def update(
            self,
            record: Tagging,
            more: Tagging | TaggingKnown = ...,
            /,
            **changes: Unpack[TaggingKnown],
        ) -> TaggingUpdate[M]: ...
        @overload
        def update(self, key: TaggingKey, /) -> TaggingUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[TaggingKey]) -> TaggingUpdate[M]: ...
        @overload
        def patch(
            self,
            record: Tagging,
            more: Tagging | TaggingKnown = ...,
            /,
            **changes: Unpack[TaggingKnown],
        ) -> TaggingUpdate[M]: ...
        @overload
        def patch(self, key: TaggingKey, /) -> TaggingUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[TaggingKnown]) -> TaggingUpsert[M]: ...
        @overload
        def upsert(
            self, item: Tagging | TaggingValues, /, **values: Unpack[TaggingKnown]
        ) -> TaggingUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[TaggingKey]) -> typed.Delete[Tagging, M]: ...
        @overload
        def delete(self, key: Tagging | TaggingKey, /) -> typed.Delete[Tagging, M]: ...
        @overload
        def delete(
            self, keys: Sequence[Tagging | TaggingKey], /
        ) -> typed.BatchWrite[Tagging, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[TaggingKnown]
        ) -> typed.Query[Tagging, M] | typed.Scan[Tagging, M]: ...
        def find(
            self, **values: Unpack[TaggingKnown]
        ) -> typed.Query[Tagging, M] | typed.Scan[Tagging, M]: ...

    AsyncTaggingEntity = TaggingEntity[typed.Async]

    @attrs.frozen(init=False)
    class Ticket(typed.Record):
        """What somebody asks, and how it goes on."""

        org_id: str
        ticket_id: str
        title: str
        slug: str | None
        """The title in an address."""
        body: str | None
        status: TicketStatus | None
        priority: TicketPriority | None
        requester: str
        """The member who asked."""
        assignee: str | None
        """The member who works on it; nobody yet if absent."""
        revision: int | None
        """Counts the changes, so that none is lost."""
        created_at: datetime | None
        updated_at: datetime | None

        def __init__(
            self,
            *,
            org_id: str,
            ticket_id: str | None = None,
            title: str,
            slug: str | None = None,
            body: str | None = None,
            status: TicketStatus | None = None,
            priority: TicketPriority | None = None,
            requester: str,
            assignee: str | None = None,
            revision: int | None = None,
            created_at: datetime | str | None = None,
            updated_at: datetime | str | None = None,
        ) -> None: ...

    class TicketKey(TypedDict, closed=True):
        """The table's own key."""
        org_id: str
        ticket_id: str

    class TicketValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        org_id: str
        ticket_id: NotRequired[str | None]
        title: str
        slug: NotRequired[str | None]
        body: NotRequired[str | None]
        status: NotRequired[TicketStatus | None]
        priority: NotRequired[TicketPriority | None]
        requester: str
        assignee: NotRequired[str | None]
        revision: NotRequired[int | None]
        created_at: NotRequired[datetime | str | None]
        updated_at: NotRequired[datetime | str | None]

    class TicketChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        title: str | typed.Computed
        body: str | typed.Computed
        status: TicketStatus | typed.Computed
        priority: TicketPriority | typed.Computed
        requester: str | typed.Computed
        assignee: str | typed.Computed

    class TicketKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        org_id: str | None
        ticket_id: str | None
        title: str | None
        slug: str | None
        body: str | None
        status: TicketStatus | None
        priority: TicketPriority | None
        requester: str | None
        assignee: str | None
        revision: int | None
        created_at: datetime | str | None
        updated_at: datetime | str | None

    class TicketAttributes(typed.Attributes):
        org_id: typed.Text[str]
        ticket_id: typed.Text[str]
        title: typed.Text[str]
        slug: typed.Text[str]
        body: typed.Text[str]
        status: typed.Text[TicketStatus]
        priority: typed.Text[TicketPriority]
        requester: typed.Text[str]
        assignee: typed.Text[str]
        revision: typed.Number[int]
        created_at: typed.Moment
        updated_at: typed.Moment

    class TicketUpdate(typed.Update[Ticket, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[TicketChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[TicketChanges]
        ) -> Self: ...
        def remove(
            self,
            *paths: Literal[
            "title", "body", "status", "priority", "requester", "assignee",
        ],
        ) -> Self: ...
        def composite(self, **known: Unpack[TicketKnown]) -> Self: ...

    class TicketUpsert(typed.Upsert[Ticket, M], Generic[M]):
        def set(self, **values: Unpack[TicketKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[TicketKnown]) -> Self: ...
        def composite(self, **known: Unpack[TicketKnown]) -> Self: ...

    class TicketByStatusLimits(TypedDict, closed=True):
        created_at: datetime | str

    class TicketByStatusRange(Protocol[M]):
        def __call__(self, **limits: Unpack[TicketByStatusLimits]) -> typed.Query[Ticket, M]: ...

    class TicketToDoLimits(TypedDict, closed=True):
        created_at: datetime | str

    class TicketToDoRange(Protocol[M]):
        def __call__(self, **limits: Unpack[TicketToDoLimits]) -> typed.Query[Ticket, M]: ...

    class TicketQueries(typed.Patterns, Generic[M]):
        def ticket(self, *, org_id: str, ticket_id: str) -> typed.Query[Ticket, M]: ...
        @overload
        def by_status(
            self, *, org_id: str, status: TicketStatus
        ) -> typed.RangedQuery[Ticket, M, TicketByStatusRange[M], TicketByStatusLimits]: ...
        @overload
        def by_status(
            self, *, org_id: str, status: TicketStatus, created_at: datetime | str
        ) -> typed.Query[Ticket, M]: ...
        def by_status(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def to_do(
            self, *, org_id: str, assignee: str
        ) -> typed.RangedQuery[Ticket, M, TicketToDoRange[M], TicketToDoLimits]: ...
        @overload
        def to_do(
            self, *, org_id: str, assignee: str, created_at: datetime | str
        ) -> typed.Query[Ticket, M]: ...
        def to_do(self, *given: Any, **named: Any) -> Any: ...

    class TicketByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[TicketKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Ticket | TicketKey, /) -> typed.C: ...

    class TicketEntity(typed.Entity[Ticket, M], Generic[M]):
        attr: TicketAttributes
        query: TicketQueries[M]
        remove: TicketByKey[typed.Remove[Ticket, M]]
        check: TicketByKey[typed.Check[Ticket, M]]
        @property
        def record(self) -> type[Ticket]: ...
        @overload
        def get(self, **key: Unpack[TicketKey]) -> typed.Get[Ticket, M]: ...
        @overload
        def get(self, key: Ticket | TicketKey, /) -> typed.Get[Ticket, M]: ...
        @overload
        def get(self, keys: Sequence[Ticket | TicketKey], /) -> typed.BatchGet[Ticket, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[TicketValues]) -> typed.Put[Ticket, M]: ...
        @overload
        def put(
            self, item: Ticket | TicketValues, /, **values: Unpack[TicketKnown]
        ) -> typed.Put[Ticket, M]: ...
        @overload
        def put(self, items: Sequence[Ticket | TicketValues], /) -> typed.BatchWrite[Ticket, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[TicketValues]) -> typed.Create[Ticket, M]: ...
        @overload
        def create(
            self, item: Ticket | TicketValues, /, **values: Unpack[TicketKnown]
        ) -> typed.Create[Ticket, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[TicketKey]) -> TicketUpdate[M]: ...
        @overload
        def update(
            self,
            record: Ticket,
            more: Ticket | TicketKnown = ...,
            /,
            **changes: Unpack[TicketKnown],
        ) -> TicketUpdate[M]: ...
        @overload
        def update(self, key: TicketKey, /) -> TicketUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[TicketKey]) -> TicketUpdate[M]: ...
        @overload
        def patch(
            self,
            record: Ticket,
            more: Ticket | TicketKnown = ...,
            /,
            **changes: Unpack[TicketKnown],
        ) -> TicketUpdate[M]: ...
        @overload
        def patch(self, key: TicketKey, /) -> TicketUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[TicketKnown]) -> TicketUpsert[M]: ...
        @overload
        def upsert(
            self, item: Ticket | TicketValues, /, **values: Unpack[TicketKnown]
        ) -> TicketUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[TicketKey]) -> typed.Delete[Ticket, M]: ...
        @overload
        def delete(self, key: Ticket | TicketKey, /) -> typed.Delete[Ticket, M]: ...
        @overload
        def delete(self, keys: Sequence[Ticket | TicketKey], /) -> typed.BatchWrite[Ticket, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[TicketKnown]
        ) -> typed.Query[Ticket, M] | typed.Scan[Ticket, M]: ...
        def find(
            self, **values: Unpack[TicketKnown]
        ) -> typed.Query[Ticket, M] | typed.Scan[Ticket, M]: ...

    AsyncTicketEntity = TicketEntity[typed.Async]

    class ConversationPage(typed.CollectionPage[Comment | Tagging | Ticket]):
        comment: list[Comment]
        tagging: list[Tagging]
        ticket: list[Ticket]

    class ConversationCollectionLimits(TypedDict, total=False, closed=True):
        comment_id: str
        tag: str

    class ConversationCollectionRange(Protocol[M]):
        def __call__(
            self, **limits: Unpack[ConversationCollectionLimits]
        ) -> typed.CollectionQuery[Comment | Tagging | Ticket, M, ConversationPage]: ...

    class HomePage(typed.CollectionPage[Member | Organization | Tag]):
        member: list[Member]
        organization: list[Organization]
        tag: list[Tag]

    class HomeCollectionLimits(TypedDict, total=False, closed=True):
        member_id: str
        tag: str

    class HomeCollectionRange(Protocol[M]):
        def __call__(
            self, **limits: Unpack[HomeCollectionLimits]
        ) -> typed.CollectionQuery[Member | Organization | Tag, M, HomePage]: ...

    class Entities(typed.Entities[M], Generic[M]):
        comment: CommentEntity[M]
        event: EventEntity[M]
        member: MemberEntity[M]
        organization: OrganizationEntity[M]
        tag: TagEntity[M]
        tagging: TaggingEntity[M]
        ticket: TicketEntity[M]
        @overload
        def __getitem__(self, alias: Literal["comment"]) -> CommentEntity[M]: ...
        @overload
        def __getitem__(self, alias: Literal["event"]) -> EventEntity[M]: ...
        @overload
        def __getitem__(self, alias: Literal["member"]) -> MemberEntity[M]: ...
        @overload
        def __getitem__(self, alias: Literal["organization"]) -> OrganizationEntity[M]: ...
        @overload
        def __getitem__(self, alias: Literal["tag"]) -> TagEntity[M]: ...
        @overload
        def __getitem__(self, alias: Literal["tagging"]) -> TaggingEntity[M]: ...
        @overload
        def __getitem__(self, alias: Literal["ticket"]) -> TicketEntity[M]: ...
        def __getitem__(self, *given: Any, **named: Any) -> Any: ...

    class Collections(typed.Collections[M], Generic[M]):
        def conversation(
            self, *, org_id: str, ticket_id: str, comment_id: str = ..., tag: str = ...
        ) -> typed.RangedCollectionQuery[
            Comment | Tagging | Ticket, M, ConversationPage, ConversationCollectionRange[M], ConversationCollectionLimits
        ]: ...
        def home(
            self, *, org_id: str, member_id: str = ..., tag: str = ...
        ) -> typed.RangedCollectionQuery[
            Member | Organization | Tag, M, HomePage, HomeCollectionRange[M], HomeCollectionLimits
        ]: ...

    class Service(typed.Service[Entities[typed.Sync], Collections[typed.Sync]]):
        """The service desk, as `load()` gives it."""

    class AsyncService(typed.AsyncService[Entities[typed.Async], Collections[typed.Async]]):
        """The service desk, as `load_async()` gives it."""

    load: typed.Load[Service]
    load_async: typed.LoadAsync[AsyncService]

_schemas = Schemas(
    __name__,
    digest="ff145698a6c0a2eb7f87729455dabf5cb6eba55c8fcbe898a810ed17eb090196",
    records={
        "Comment": "comment",
        "Event": "event",
        "Member": "member",
        "Organization": "organization",
        "Tag": "tag",
        "Tagging": "tagging",
        "Ticket": "ticket",
    },
    sources={
        "table.yaml": """\
table: desk
ttl: expires_at
""",
        "comment.yaml": """\
entity: comment
version: "1"
service: desk
description: An answer to a ticket.

attributes:
  org_id:     {type: string, required: true, normalize: [trim, lower]}
  ticket_id:  {type: string, required: true}
  comment_id: {type: string, default: {generate: ulid}, read_only: true}
  author:     {type: string, required: true, description: The member who wrote it.}
  text:       {type: string, required: true, min_length: 1, max_length: 20000}
  internal:   {type: boolean, default: false, description: Whether only agents see it.}
  created_at: {type: timestamp, default: {generate: now}, read_only: true}

indexes:
  comments:
    collection: conversation
    pk: {field: pk, composite: [org_id, ticket_id]}
    sk: {field: sk, composite: [comment_id]}
""",
        "event.yaml": """\
entity: event
version: "1"
service: desk
description: Who did what to a ticket.

attributes:
  org_id:     {type: string, required: true, normalize: [trim, lower]}
  at:         {type: timestamp, default: {generate: now}, read_only: true}
  event_id:   {type: string, default: {generate: ulid}, read_only: true}
  day:        {type: string, derive: {bucket: day, of: at}}
  actor:      {type: string, required: true, description: The member who did it.}
  action:     {type: [created, changed, commented, tagged, untagged, deleted], required: true}
  ticket_id:  {type: string, required: true}
  changes:    {type: map, description: "The new values by name, of a change."}
  expires_at: {type: ttl, default: {after: 90 days, of: at}}

indexes:
  # One partition for each day, so that none grows without end.
  events:
    pk: {field: pk, composite: [org_id, day]}
    sk: {field: sk, composite: [at, event_id]}
""",
        "member.yaml": """\
entity: member
version: "1"
service: desk
description: Somebody who works for an organization.
unique: [[email]]

attributes:
  org_id:    {type: string, required: true, normalize: [trim, lower]}
  member_id: {type: string, default: {generate: ulid}, prefix: mem_, read_only: true}
  email:     {type: string, required: true, normalize: [trim, lower], max_length: 254, pattern: "^[^@ ]+@[^@ ]+$"}
  name:      {type: string, required: true, max_length: 100}
  role:      {type: [owner, agent, guest], default: agent}
  joined_at: {type: timestamp, default: {generate: now}, read_only: true}

indexes:
  members:
    collection: home
    pk: {field: pk, composite: [org_id]}
    sk: {field: sk, composite: [member_id]}
  # One item an address: who signs in is found without knowing the organization.
  by_email:
    index: gsi1
    pk: {field: gsi1pk, composite: [email]}
    sk: {field: gsi1sk, composite: []}
""",
        "organization.yaml": """\
entity: organization
version: "1"
service: desk
description: A customer of the desk, to whom all else belongs.

attributes:
  org_id:     {type: string, required: true, normalize: [trim, lower], pattern: "^[a-z0-9][a-z0-9-]*$", max_length: 40}
  name:       {type: string, required: true, max_length: 100}
  plan:       {type: [free, team, business], default: free}
  created_at: {type: timestamp, default: {generate: now}, read_only: true}

indexes:
  # Members and tags share the partition of their organization.
  organization:
    collection: home
    pk: {field: pk, composite: [org_id]}
    sk: {field: sk, composite: []}
""",
        "tag.yaml": """\
entity: tag
version: "1"
service: desk
description: A word that an organization sorts its tickets by.

attributes:
  org_id: {type: string, required: true, normalize: [trim, lower]}
  tag:    {type: string, required: true, normalize: [trim, lower], max_length: 40}
  color:  {type: [gray, red, green, blue]}

indexes:
  tags:
    collection: home
    pk: {field: pk, composite: [org_id]}
    sk: {field: sk, composite: [tag]}
""",
        "tagging.yaml": """\
entity: tagging
version: "1"
service: desk
description: That a ticket has a tag.

attributes:
  org_id:    {type: string, required: true, normalize: [trim, lower]}
  ticket_id: {type: string, required: true}
  tag:       {type: string, required: true, normalize: [trim, lower], max_length: 40}
  title:     {type: string, required: true, description: The ticket's title when it was tagged.}
  tagged_at: {type: timestamp, default: {generate: now}, read_only: true}

indexes:
  # The tags of a ticket, beside its comments.
  of_ticket:
    collection: conversation
    pk: {field: pk, composite: [org_id, ticket_id]}
    sk: {field: sk, composite: [tag]}
  # The tickets of a tag.
  of_tag:
    index: gsi1
    pk: {field: gsi1pk, composite: [org_id, tag]}
    sk: {field: gsi1sk, composite: [ticket_id]}
""",
        "ticket.yaml": """\
entity: ticket
version: "1"
service: desk
description: What somebody asks, and how it goes on.
version_attribute: revision

attributes:
  org_id:      {type: string, required: true, normalize: [trim, lower]}
  ticket_id:   {type: string, default: {generate: ulid}, prefix: tic_, read_only: true}
  title:       {type: string, required: true, min_length: 1, max_length: 200}
  slug:        {type: string, derive: {slug: title, max_length: 60}, description: "The title in an address."}
  body:        {type: string, max_length: 20000}
  status:      {type: [open, waiting, solved], default: open}
  priority:    {type: [low, normal, urgent], default: normal}
  requester:   {type: string, required: true, description: The member who asked.}
  assignee:    {type: string, description: The member who works on it; nobody yet if absent.}
  revision:    {type: integer, description: "Counts the changes, so that none is lost."}
  created_at:  {type: timestamp, default: {generate: now}, read_only: true}
  updated_at:  {type: timestamp, on_write: {generate: now}}

indexes:
  # What the page of one ticket shows, in one query.
  ticket:
    collection: conversation
    pk: {field: pk, composite: [org_id, ticket_id]}
    sk: {field: sk, composite: []}
  # The queue of an organization by status, the oldest first.
  by_status:
    index: gsi1
    pk: {field: gsi1pk, composite: [org_id, status]}
    sk: {field: gsi1sk, composite: [created_at]}
  # What somebody has to do: no ticket without an assignee, and none that is solved.
  to_do:
    index: gsi2
    when: "assignee && status != 'solved'"
    pk: {field: gsi2pk, composite: [org_id, assignee]}
    sk: {field: gsi2sk, composite: [created_at]}
""",
    },
)

if not TYPE_CHECKING:
    __getattr__ = _schemas.named
