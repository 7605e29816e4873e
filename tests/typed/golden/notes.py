# fmt: off
# Made by `leyden types`, from the schemas that stand at its end: do not edit it, make it again.
# ruff: noqa
"""The service notes, typed.

    app = notes.load(table="...")
    app.entities.note
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from leyden.typed import Schemas

NoteMood = Literal["glad", "sad"]

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from typing import Any, Generic, Protocol, Self, overload

    import attrs
    from typing_extensions import NotRequired, TypedDict, Unpack
    from leyden.typed import static as typed
    from leyden.typed.static import M

    @attrs.frozen(init=False)
    class Note(typed.Record):
        """An item of the entity note."""

        owner: str
        note_id: str
        title: str | None
        mood: NoteMood | None
        noted_at: datetime | None
        day: str | None
        hour: str | None
        embedding: tuple[float, ...] | None

        def __init__(
            self,
            *,
            owner: str,
            note_id: str,
            title: str | None = None,
            mood: str | None = None,
            noted_at: datetime | str | None = None,
            day: date | str | None = None,
            hour: datetime | str | None = None,
            embedding: typed.Vector | None = None,
        ) -> None: ...

    class NoteKey(TypedDict, closed=True):
        """The table's own key."""
        owner: str
        note_id: str

    class NoteValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        owner: str
        note_id: str
        title: NotRequired[str | None]
        mood: NotRequired[str | None]
        noted_at: NotRequired[datetime | str | None]
        day: NotRequired[date | str | None]
        hour: NotRequired[datetime | str | None]
        embedding: NotRequired[typed.Vector | None]

    class NoteChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        title: str | typed.Computed
        mood: str | typed.Computed
        noted_at: datetime | str | typed.Computed
        embedding: typed.Vector | typed.Computed

    class NoteKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        owner: str | None
        note_id: str | None
        title: str | None
        mood: str | None
        noted_at: datetime | str | None
        day: date | str | None
        hour: datetime | str | None
        embedding: typed.Vector | None

    class NoteAttributes(typed.Attributes):
        owner: typed.Text[str]
        note_id: typed.Text[str]
        title: typed.Text[str]
        mood: typed.Text[str]
        noted_at: typed.Moment
        day: typed.Text[date | str]
        hour: typed.Text[datetime | str]
        embedding: typed.Sized[typed.Vector]

    class NoteUpdate(typed.Update[Note, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[NoteChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[NoteChanges]
        ) -> Self: ...
        def remove(
            self, *paths: Literal[
            "title", "mood", "noted_at", "embedding",
        ]
        ) -> Self: ...
        def composite(self, **known: Unpack[NoteKnown]) -> Self: ...

    class NoteUpsert(typed.Upsert[Note, M], Generic[M]):
        def set(self, **values: Unpack[NoteKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[NoteKnown]) -> Self: ...
        def composite(self, **known: Unpack[NoteKnown]) -> Self: ...

    class NoteNoteLimits(TypedDict, closed=True):
        note_id: str

    class NoteNoteRange(Protocol[M]):
        def __call__(self, **limits: Unpack[NoteNoteLimits]) -> typed.Query[Note, M]: ...

    class NoteByDayLimits(TypedDict, closed=True):
        day: date | str

    class NoteByDayRange(Protocol[M]):
        def __call__(self, **limits: Unpack[NoteByDayLimits]) -> typed.Query[Note, M]: ...

    class NoteQueries(typed.Patterns, Generic[M]):
        @overload
        def note(
            self, *, owner: str
        ) -> typed.RangedQuery[Note, M, NoteNoteRange[M], NoteNoteLimits]: ...
        @overload
        def note(self, *, owner: str, note_id: str) -> typed.Query[Note, M]: ...
        def note(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def by_day(
            self, *, owner: str
        ) -> typed.RangedQuery[Note, M, NoteByDayRange[M], NoteByDayLimits]: ...
        @overload
        def by_day(self, *, owner: str, day: date | str) -> typed.Query[Note, M]: ...
        def by_day(self, *given: Any, **named: Any) -> Any: ...

    class NoteSearches(typed.Patterns, Generic[M]):
        def similar(self, vector: typed.Vector, /, *, owner: str) -> typed.Search[Note, M]:
            """The notes that mean the same."""
            ...

    class NoteByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[NoteKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Note | NoteKey, /) -> typed.C: ...

    class NoteEntity(typed.Entity[Note, M], Generic[M]):
        attr: NoteAttributes
        query: NoteQueries[M]
        search: NoteSearches[M]
        remove: NoteByKey[typed.Remove[Note, M]]
        check: NoteByKey[typed.Check[Note, M]]
        @property
        def record(self) -> type[Note]: ...
        @overload
        def get(self, **key: Unpack[NoteKey]) -> typed.Get[Note, M]: ...
        @overload
        def get(self, key: Note | NoteKey, /) -> typed.Get[Note, M]: ...
        @overload
        def get(self, keys: Sequence[Note | NoteKey], /) -> typed.BatchGet[Note, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[NoteValues]) -> typed.Put[Note, M]: ...
        @overload
        def put(
            self, item: Note | NoteValues, /, **values: Unpack[NoteKnown]
        ) -> typed.Put[Note, M]: ...
        @overload
        def put(self, items: Sequence[Note | NoteValues], /) -> typed.BatchWrite[Note, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[NoteValues]) -> typed.Create[Note, M]: ...
        @overload
        def create(
            self, item: Note | NoteValues, /, **values: Unpack[NoteKnown]
        ) -> typed.Create[Note, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[NoteKey]) -> NoteUpdate[M]: ...
        @overload
        def update(
            self, record: Note, more: Note | NoteKnown = ..., /, **changes: Unpack[NoteKnown]
        ) -> NoteUpdate[M]: ...
        @overload
        def update(self, key: NoteKey, /) -> NoteUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[NoteKey]) -> NoteUpdate[M]: ...
        @overload
        def patch(
            self, record: Note, more: Note | NoteKnown = ..., /, **changes: Unpack[NoteKnown]
        ) -> NoteUpdate[M]: ...
        @overload
        def patch(self, key: NoteKey, /) -> NoteUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[NoteKnown]) -> NoteUpsert[M]: ...
        @overload
        def upsert(
            self, item: Note | NoteValues, /, **values: Unpack[NoteKnown]
        ) -> NoteUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[NoteKey]) -> typed.Delete[Note, M]: ...
        @overload
        def delete(self, key: Note | NoteKey, /) -> typed.Delete[Note, M]: ...
        @overload
        def delete(self, keys: Sequence[Note | NoteKey], /) -> typed.BatchWrite[Note, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[NoteKnown]
        ) -> typed.Query[Note, M] | typed.Scan[Note, M]: ...
        def find(
            self, **values: Unpack[NoteKnown]
        ) -> typed.Query[Note, M] | typed.Scan[Note, M]: ...

    AsyncNoteEntity = NoteEntity[typed.Async]

    class Entities(typed.Entities[M], Generic[M]):
        note: NoteEntity[M]
        def __getitem__(self, alias: Literal["note"]) -> NoteEntity[M]: ...

    class Collections(typed.Collections[M], Generic[M]):
        ...

    class Service(typed.Service[Entities[typed.Sync], Collections[typed.Sync]]):
        """The service notes, as `load()` gives it."""

    class AsyncService(typed.AsyncService[Entities[typed.Async], Collections[typed.Async]]):
        """The service notes, as `load_async()` gives it."""

    load: typed.Load[Service]
    load_async: typed.LoadAsync[AsyncService]

_schemas = Schemas(
    __name__,
    digest="b5e766a64130a75dac9cac7d9cc0d70da529b5053960fccda52ea77428cc4a09",
    records={
        "Note": "note",
    },
    sources={
        "note.yaml": """\
entity: note
version: "1"
service: notes

attributes:
  owner:     {type: string, required: true}
  note_id:   {type: string, required: true}
  title:     string
  mood:      {type: [glad, sad], normalize: [trim, lower]}
  noted_at:  {type: timestamp, default: {generate: now}}
  day:       {type: string, derive: {bucket: day, of: noted_at}}
  hour:      {type: string, derive: {bucket: hour, of: noted_at}}
  embedding: {type: vector, dimensions: 3, deferred: true}    # deferred: not in records, unless asked for

indexes:
  note:
    pk: {field: pk, composite: [owner]}
    sk: {field: sk, composite: [note_id]}
  by_day:
    index: gsi1
    pk: {field: gsi1pk, composite: [owner]}
    sk: {field: gsi1sk, composite: [day]}
  similar:
    description: The notes that mean the same.
    vector: {index: vec1, attribute: embedding, partition: owner}
""",
    },
)

if not TYPE_CHECKING:
    __getattr__ = _schemas.named
