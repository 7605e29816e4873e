# fmt: off
# Made by `leyden types`, from the schemas that stand at its end: do not edit it, make it again.
# ruff: noqa
"""The service taskapp, typed.

    app = taskapp.load(table="...")
    app.entities.employee
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from leyden.typed import Schemas

EmployeeTeam = Literal["jupiter", "mercury", "saturn"]
TaskStatus = Literal["open", "closed"]

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
    class Employee(typed.Record):
        """An item of the entity employees."""

        employee_id: str
        organization_id: str
        name: str
        team: EmployeeTeam | None
        salary: int | None
        manager: str | None

        def __init__(
            self,
            *,
            employee_id: str,
            organization_id: str,
            name: str,
            team: EmployeeTeam | None = None,
            salary: int | None = None,
            manager: str | None = None,
        ) -> None: ...

    class EmployeeKey(TypedDict, closed=True):
        """The table's own key."""
        organization_id: str
        employee_id: str

    class EmployeeValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        employee_id: str
        organization_id: str
        name: str
        team: NotRequired[EmployeeTeam | None]
        salary: NotRequired[int | None]
        manager: NotRequired[str | None]

    class EmployeeChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        name: str | typed.Computed
        team: EmployeeTeam | typed.Computed
        salary: int | typed.Computed
        manager: str | typed.Computed

    class EmployeeKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        employee_id: str | None
        organization_id: str | None
        name: str | None
        team: EmployeeTeam | None
        salary: int | None
        manager: str | None

    class EmployeeAttributes(typed.Attributes):
        employee_id: typed.Text[str]
        organization_id: typed.Text[str]
        name: typed.Text[str]
        team: typed.Text[EmployeeTeam]
        salary: typed.Number[int]
        manager: typed.Text[str]

    class EmployeeUpdate(typed.Update[Employee, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[EmployeeChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[EmployeeChanges]
        ) -> Self: ...
        def remove(self, *paths: Literal["name", "team", "salary", "manager"]) -> Self: ...
        def composite(self, **known: Unpack[EmployeeKnown]) -> Self: ...

    class EmployeeUpsert(typed.Upsert[Employee, M], Generic[M]):
        def set(self, **values: Unpack[EmployeeKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[EmployeeKnown]) -> Self: ...
        def composite(self, **known: Unpack[EmployeeKnown]) -> Self: ...

    class EmployeeStaffLimits(TypedDict, closed=True):
        employee_id: str

    class EmployeeStaffRange(Protocol[M]):
        def __call__(self, **limits: Unpack[EmployeeStaffLimits]) -> typed.Query[Employee, M]: ...

    class EmployeeReportsLimits(TypedDict, closed=True):
        team: EmployeeTeam
        salary: NotRequired[int]

    class EmployeeReportsRange(Protocol[M]):
        def __call__(self, **limits: Unpack[EmployeeReportsLimits]) -> typed.Query[Employee, M]: ...

    class EmployeeReportsStart(TypedDict, closed=True):
        team: EmployeeTeam | str
        salary: NotRequired[int]

    class EmployeeReportsBegins(Protocol[M]):
        def __call__(self, **limits: Unpack[EmployeeReportsStart]) -> typed.Query[Employee, M]: ...

    class EmployeeReportsSalaryLimits(TypedDict, closed=True):
        salary: int

    class EmployeeReportsSalaryRange(Protocol[M]):
        def __call__(
            self, **limits: Unpack[EmployeeReportsSalaryLimits]
        ) -> typed.Query[Employee, M]: ...

    class EmployeeQueries(typed.Patterns, Generic[M]):
        @overload
        def staff(
            self, *, organization_id: str
        ) -> typed.RangedQuery[Employee, M, EmployeeStaffRange[M], EmployeeStaffLimits]: ...
        @overload
        def staff(self, *, organization_id: str, employee_id: str) -> typed.Query[Employee, M]: ...
        def staff(self, *given: Any, **named: Any) -> Any: ...
        def employee(self, *, employee_id: str) -> typed.Query[Employee, M]: ...
        @overload
        def reports(self, *, manager: str) -> typed.RangedQuery[
            Employee, M, EmployeeReportsRange[M], EmployeeReportsLimits, EmployeeReportsBegins[M]
        ]: ...
        @overload
        def reports(self, *, manager: str, team: EmployeeTeam) -> typed.RangedQuery[
            Employee, M, EmployeeReportsSalaryRange[M], EmployeeReportsSalaryLimits
        ]: ...
        @overload
        def reports(
            self, *, manager: str, team: EmployeeTeam, salary: int
        ) -> typed.Query[Employee, M]: ...
        def reports(self, *given: Any, **named: Any) -> Any: ...

    class EmployeeByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[EmployeeKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Employee | EmployeeKey, /) -> typed.C: ...

    class EmployeeEntity(typed.Entity[Employee, M], Generic[M]):
        attr: EmployeeAttributes
        query: EmployeeQueries[M]
        remove: EmployeeByKey[typed.Remove[Employee, M]]
        check: EmployeeByKey[typed.Check[Employee, M]]
        @property
        def record(self) -> type[Employee]: ...
        @overload
        def get(self, **key: Unpack[EmployeeKey]) -> typed.Get[Employee, M]: ...
        @overload
        def get(self, key: Employee | EmployeeKey, /) -> typed.Get[Employee, M]: ...
        @overload
        def get(self, keys: Sequence[Employee | EmployeeKey], /) -> typed.BatchGet[Employee, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[EmployeeValues]) -> typed.Put[Employee, M]: ...
        @overload
        def put(
            self, item: Employee | EmployeeValues, /, **values: Unpack[EmployeeKnown]
        ) -> typed.Put[Employee, M]: ...
        @overload
        def put(
            self, items: Sequence[Employee | EmployeeValues], /
        ) -> typed.BatchWrite[Employee, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[EmployeeValues]) -> typed.Create[Employee, M]: ...
        @overload
        def create(
            self, item: Employee | EmployeeValues, /, **values: Unpack[EmployeeKnown]
        ) -> typed.Create[Employee, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[EmployeeKey]) -> EmployeeUpdate[M]: ...
        @overload
        def update(
            self,
            record: Employee,
            more: Employee | EmployeeKnown = ...,
            /,
            **changes: Unpack[EmployeeKnown],
        ) -> EmployeeUpdate[M]: ...
        @overload
        def update(self, key: EmployeeKey, /) -> EmployeeUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[EmployeeKey]) -> EmployeeUpdate[M]: ...
        @overload
        def patch(
            self,
            record: Employee,
            more: Employee | EmployeeKnown = ...,
            /,
            **changes: Unpack[EmployeeKnown],
        ) -> EmployeeUpdate[M]: ...
        @overload
        def patch(self, key: EmployeeKey, /) -> EmployeeUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[EmployeeKnown]) -> EmployeeUpsert[M]: ...
        @overload
        def upsert(
            self, item: Employee | EmployeeValues, /, **values: Unpack[EmployeeKnown]
        ) -> EmployeeUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[EmployeeKey]) -> typed.Delete[Employee, M]: ...
        @overload
        def delete(self, key: Employee | EmployeeKey, /) -> typed.Delete[Employee, M]: ...
        @overload
        def delete(
            self, keys: Sequence[Employee | EmployeeKey], /
        ) -> typed.BatchWrite[Employee, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[EmployeeKnown]
        ) -> typed.Query[Employee, M] | typed.Scan[Employee, M]: ...
        def find(
            self, **values: Unpack[EmployeeKnown]
        ) -> typed.Query[Employee, M] | typed.Scan[Employee, M]: ...

    AsyncEmployeeEntity = EmployeeEntity[typed.Async]

    @attrs.frozen(init=False)
    class ProjectMember(typed.Record):
        """An item of the entity projectMembers."""

        employee_id: str
        project_id: str
        name: str | None

        def __init__(
            self, *, employee_id: str, project_id: str, name: str | None = None
        ) -> None: ...

    class ProjectMemberKey(TypedDict, closed=True):
        """The table's own key."""
        project_id: str
        employee_id: str

    class ProjectMemberValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        employee_id: str
        project_id: str
        name: NotRequired[str | None]

    class ProjectMemberChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        name: str | typed.Computed

    class ProjectMemberKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        employee_id: str | None
        project_id: str | None
        name: str | None

    class ProjectMemberAttributes(typed.Attributes):
        employee_id: typed.Text[str]
        project_id: typed.Text[str]
        name: typed.Text[str]

    class ProjectMemberUpdate(typed.Update[ProjectMember, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[ProjectMemberChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[ProjectMemberChanges]
        ) -> Self: ...
        def remove(self, *paths: Literal["name"]) -> Self: ...
        def composite(self, **known: Unpack[ProjectMemberKnown]) -> Self: ...

    class ProjectMemberUpsert(typed.Upsert[ProjectMember, M], Generic[M]):
        def set(self, **values: Unpack[ProjectMemberKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[ProjectMemberKnown]) -> Self: ...
        def composite(self, **known: Unpack[ProjectMemberKnown]) -> Self: ...

    class ProjectMemberMembersLimits(TypedDict, closed=True):
        employee_id: str

    class ProjectMemberMembersRange(Protocol[M]):
        def __call__(
            self, **limits: Unpack[ProjectMemberMembersLimits]
        ) -> typed.Query[ProjectMember, M]: ...

    class ProjectMemberQueries(typed.Patterns, Generic[M]):
        @overload
        def members(self, *, project_id: str) -> typed.RangedQuery[
            ProjectMember, M, ProjectMemberMembersRange[M], ProjectMemberMembersLimits
        ]: ...
        @overload
        def members(
            self, *, project_id: str, employee_id: str
        ) -> typed.Query[ProjectMember, M]: ...
        def members(self, *given: Any, **named: Any) -> Any: ...
        def projects(self, *, employee_id: str) -> typed.Query[ProjectMember, M]: ...

    class ProjectMemberByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[ProjectMemberKey]) -> typed.C: ...
        @overload
        def __call__(self, key: ProjectMember | ProjectMemberKey, /) -> typed.C: ...

    class ProjectMemberEntity(typed.Entity[ProjectMember, M], Generic[M]):
        attr: ProjectMemberAttributes
        query: ProjectMemberQueries[M]
        remove: ProjectMemberByKey[typed.Remove[ProjectMember, M]]
        check: ProjectMemberByKey[typed.Check[ProjectMember, M]]
        @property
        def record(self) -> type[ProjectMember]: ...
        @overload
        def get(self, **key: Unpack[ProjectMemberKey]) -> typed.Get[ProjectMember, M]: ...
        @overload
        def get(self, key: ProjectMember | ProjectMemberKey, /) -> typed.Get[ProjectMember, M]: ...
        @overload
        def get(
            self, keys: Sequence[ProjectMember | ProjectMemberKey], /
        ) -> typed.BatchGet[ProjectMember, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[ProjectMemberValues]) -> typed.Put[ProjectMember, M]: ...
        @overload
        def put(
            self, item: ProjectMember | ProjectMemberValues, /, **values: Unpack[ProjectMemberKnown]
        ) -> typed.Put[ProjectMember, M]: ...
        @overload
        def put(
            self, items: Sequence[ProjectMember | ProjectMemberValues], /
        ) -> typed.BatchWrite[ProjectMember, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(
            self, **values: Unpack[ProjectMemberValues]
        ) -> typed.Create[ProjectMember, M]: ...
        @overload
        def create(
            self, item: ProjectMember | ProjectMemberValues, /, **values: Unpack[ProjectMemberKnown]
        ) -> typed.Create[ProjectMember, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[ProjectMemberKey]) -> ProjectMemberUpdate[M]: ...
        @overload
        def update(
            self,
            record: ProjectMember,
            more: ProjectMember | ProjectMemberKnown = ...,
            /,
            **changes: Unpack[ProjectMemberKnown],
        ) -> ProjectMemberUpdate[M]: ...
        @overload
        def update(self, key: ProjectMemberKey, /) -> ProjectMemberUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[ProjectMemberKey]) -> ProjectMemberUpdate[M]: ...
        @overload
        def patch(
            self,
            record: ProjectMember,
            more: ProjectMember | ProjectMemberKnown = ...,
            /,
            **changes: Unpack[ProjectMemberKnown],
        ) -> ProjectMemberUpdate[M]: ...
        @overload
        def patch(self, key: ProjectMemberKey, /) -> ProjectMemberUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[ProjectMemberKnown]) -> ProjectMemberUpsert[M]: ...
        @overload
        def upsert(
            self, item: ProjectMember | ProjectMemberValues, /, **values: Unpack[ProjectMemberKnown]
        ) -> ProjectMemberUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[ProjectMemberKey]) -> typed.Delete[ProjectMember, M]: ...
        @overload
        def delete(
            self, key: ProjectMember | ProjectMemberKey, /
        ) -> typed.Delete[ProjectMember, M]: ...
        @overload
        def delete(
            self, keys: Sequence[ProjectMember | ProjectMemberKey], /
        ) -> typed.BatchWrite[ProjectMember, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[ProjectMemberKnown]
        ) -> typed.Query[ProjectMember, M] | typed.Scan[ProjectMember, M]: ...
        def find(
            self, **values: Unpack[ProjectMemberKnown]
        ) -> typed.Query[ProjectMember, M] | typed.Scan[ProjectMember, M]: ...

    AsyncProjectMemberEntity = ProjectMemberEntity[typed.Async]

    class TaskDetail(TypedDict, total=False):
        owner: str
        effort: int | float

    class TaskDetailGiven(TypedDict, total=False):
        owner: str
        effort: int | float | Decimal

    class TaskDetailPlaces(typed.Properties[TaskDetailGiven]):
        owner: typed.Text[str]
        effort: typed.Number[int | float | Decimal]

    @attrs.frozen(init=False)
    class Task(typed.Record):
        """An item of the entity tasks."""

        task_id: str
        project_id: str
        employee_id: str | None
        title: str | None
        body: str | None
        done: bool | None
        status: TaskStatus | None
        points: int | float | None
        tags: frozenset[str] | None
        history: list[str] | None
        detail: TaskDetail | None
        payload: Any
        created_at: datetime | None
        updated_at: datetime | None
        expires_at: datetime | None
        headline: str | None

        def __init__(
            self,
            *,
            task_id: str | None = None,
            project_id: str,
            employee_id: str | None = None,
            title: str | None = None,
            body: str | None = None,
            done: bool | None = None,
            status: TaskStatus | None = None,
            points: int | float | Decimal | None = None,
            tags: typed.Group[str] | None = None,
            history: Sequence[str] | None = None,
            detail: TaskDetailGiven | None = None,
            payload: Any = None,
            created_at: datetime | str | None = None,
            updated_at: datetime | str | None = None,
            expires_at: datetime | int | float | None = None,
            headline: str | None = None,
        ) -> None: ...

    class TaskKey(TypedDict, closed=True):
        """The table's own key."""
        project_id: str
        task_id: str

    class TaskValues(TypedDict, closed=True):
        """What `create` and `put` take."""
        task_id: NotRequired[str | None]
        project_id: str
        employee_id: NotRequired[str | None]
        title: NotRequired[str | None]
        body: NotRequired[str | None]
        done: NotRequired[bool | None]
        status: NotRequired[TaskStatus | None]
        points: NotRequired[int | float | Decimal | None]
        tags: NotRequired[typed.Group[str] | None]
        history: NotRequired[Sequence[str] | None]
        detail: NotRequired[TaskDetailGiven | None]
        payload: NotRequired[Any]
        created_at: NotRequired[datetime | str | None]
        updated_at: NotRequired[datetime | str | None]
        expires_at: NotRequired[datetime | int | float | None]
        headline: NotRequired[str | None]
        secret: NotRequired[str | None]

    class TaskChanges(TypedDict, total=False, closed=True):
        """What `set` takes."""
        employee_id: str | typed.Computed
        title: str | typed.Computed
        body: str | typed.Computed
        done: bool | typed.Computed
        status: TaskStatus | typed.Computed
        points: int | float | Decimal | typed.Computed
        tags: typed.Group[str] | typed.Computed
        history: Sequence[str] | typed.Computed
        detail: TaskDetailGiven | typed.Computed
        payload: Any
        expires_at: datetime | int | float | typed.Computed
        secret: str | typed.Computed

    class TaskKnown(TypedDict, total=False, closed=True):
        """Any of the attributes; None for absent."""
        task_id: str | None
        project_id: str | None
        employee_id: str | None
        title: str | None
        body: str | None
        done: bool | None
        status: TaskStatus | None
        points: int | float | Decimal | None
        tags: typed.Group[str] | None
        history: Sequence[str] | None
        detail: TaskDetailGiven | None
        payload: Any
        created_at: datetime | str | None
        updated_at: datetime | str | None
        expires_at: datetime | int | float | None
        headline: str | None
        secret: str | None

    class TaskAttributes(typed.Attributes):
        task_id: typed.Text[str]
        project_id: typed.Text[str]
        employee_id: typed.Text[str]
        title: typed.Text[str]
        body: typed.Text[str]
        done: typed.Flag
        status: typed.Text[TaskStatus]
        points: typed.Number[int | float | Decimal]
        tags: typed.Members[typed.Group[str], str]
        history: typed.Elements[Sequence[str], typed.Text[str]]
        detail: TaskDetailPlaces
        payload: typed.Sized[Any]
        created_at: typed.Moment
        updated_at: typed.Moment
        expires_at: typed.Instant
        headline: typed.Text[str]
        secret: typed.Text[str]

    class TaskUpdate(typed.Update[Task, M], Generic[M]):
        def set(
            self, paths: typed.Paths | None = None, /, **values: Unpack[TaskChanges]
        ) -> Self: ...
        def if_not_exists(
            self, paths: typed.Paths | None = None, /, **values: Unpack[TaskChanges]
        ) -> Self: ...
        def add(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            points: int | float | Decimal = ...,
            tags: typed.Group[str] = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def subtract(
            self,
            paths: typed.Paths | None = None,
            /,
            *,
            points: int | float | Decimal = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def append(
            self, paths: typed.Paths | None = None, /, *, history: Sequence[str] = ...
        ) -> Self: ...
        def delete(
            self, paths: typed.Paths | None = None, /, *, tags: typed.Group[str] = ...
        ) -> Self: ...
        def remove(self, *paths: str) -> Self: ...
        def composite(self, **known: Unpack[TaskKnown]) -> Self: ...

    class TaskUpsert(typed.Upsert[Task, M], Generic[M]):
        def set(self, **values: Unpack[TaskKnown]) -> Self: ...
        def if_not_exists(self, **values: Unpack[TaskKnown]) -> Self: ...
        def add(
            self,
            *,
            points: int | float | Decimal = ...,
            tags: typed.Group[str] = ...,
            expires_at: datetime | int | float = ...,
        ) -> Self: ...
        def subtract(
            self, *, points: int | float | Decimal = ..., expires_at: datetime | int | float = ...
        ) -> Self: ...
        def append(self, *, history: Sequence[str] = ...) -> Self: ...
        def composite(self, **known: Unpack[TaskKnown]) -> Self: ...

    class TaskProjectLimits(TypedDict, closed=True):
        task_id: str

    class TaskProjectRange(Protocol[M]):
        def __call__(self, **limits: Unpack[TaskProjectLimits]) -> typed.Query[Task, M]: ...

    class TaskAssignedLimits(TypedDict, closed=True):
        project_id: str

    class TaskAssignedRange(Protocol[M]):
        def __call__(self, **limits: Unpack[TaskAssignedLimits]) -> typed.Query[Task, M]: ...

    class TaskQueries(typed.Patterns, Generic[M]):
        @overload
        def project(
            self, *, project_id: str
        ) -> typed.RangedQuery[Task, M, TaskProjectRange[M], TaskProjectLimits]: ...
        @overload
        def project(self, *, project_id: str, task_id: str) -> typed.Query[Task, M]: ...
        def project(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def assigned(
            self, *, employee_id: str
        ) -> typed.RangedQuery[Task, M, TaskAssignedRange[M], TaskAssignedLimits]: ...
        @overload
        def assigned(self, *, employee_id: str, project_id: str) -> typed.Query[Task, M]: ...
        def assigned(self, *given: Any, **named: Any) -> Any: ...

    class TaskByKey(Protocol[typed.C]):
        """By the key, or by a record or a mapping that has it."""
        @overload
        def __call__(self, **key: Unpack[TaskKey]) -> typed.C: ...
        @overload
        def __call__(self, key: Task | TaskKey, /) -> typed.C: ...

    class TaskEntity(typed.Entity[Task, M], Generic[M]):
        attr: TaskAttributes
        query: TaskQueries[M]
        remove: TaskByKey[typed.Remove[Task, M]]
        check: TaskByKey[typed.Check[Task, M]]
        @property
        def record(self) -> type[Task]: ...
        @overload
        def get(self, **key: Unpack[TaskKey]) -> typed.Get[Task, M]: ...
        @overload
        def get(self, key: Task | TaskKey, /) -> typed.Get[Task, M]: ...
        @overload
        def get(self, keys: Sequence[Task | TaskKey], /) -> typed.BatchGet[Task, M]: ...
        def get(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def put(self, **values: Unpack[TaskValues]) -> typed.Put[Task, M]: ...
        @overload
        def put(
            self, item: Task | TaskValues, /, **values: Unpack[TaskKnown]
        ) -> typed.Put[Task, M]: ...
        @overload
        def put(self, items: Sequence[Task | TaskValues], /) -> typed.BatchWrite[Task, M]: ...
        def put(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def create(self, **values: Unpack[TaskValues]) -> typed.Create[Task, M]: ...
        @overload
        def create(
            self, item: Task | TaskValues, /, **values: Unpack[TaskKnown]
        ) -> typed.Create[Task, M]: ...
        def create(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def update(self, **key: Unpack[TaskKey]) -> TaskUpdate[M]: ...
        @overload
        def update(
            self, record: Task, more: Task | TaskKnown = ..., /, **changes: Unpack[TaskKnown]
        ) -> TaskUpdate[M]: ...
        @overload
        def update(self, key: TaskKey, /) -> TaskUpdate[M]: ...
        def update(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def patch(self, **key: Unpack[TaskKey]) -> TaskUpdate[M]: ...
        @overload
        def patch(
            self, record: Task, more: Task | TaskKnown = ..., /, **changes: Unpack[TaskKnown]
        ) -> TaskUpdate[M]: ...
        @overload
        def patch(self, key: TaskKey, /) -> TaskUpdate[M]: ...
        def patch(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def upsert(self, **values: Unpack[TaskKnown]) -> TaskUpsert[M]: ...
        @overload
        def upsert(
            self, item: Task | TaskValues, /, **values: Unpack[TaskKnown]
        ) -> TaskUpsert[M]: ...
        def upsert(self, *given: Any, **named: Any) -> Any: ...
        @overload
        def delete(self, **key: Unpack[TaskKey]) -> typed.Delete[Task, M]: ...
        @overload
        def delete(self, key: Task | TaskKey, /) -> typed.Delete[Task, M]: ...
        @overload
        def delete(self, keys: Sequence[Task | TaskKey], /) -> typed.BatchWrite[Task, M]: ...
        def delete(self, *given: Any, **named: Any) -> Any: ...
        def match(
            self, **values: Unpack[TaskKnown]
        ) -> typed.Query[Task, M] | typed.Scan[Task, M]: ...
        def find(
            self, **values: Unpack[TaskKnown]
        ) -> typed.Query[Task, M] | typed.Scan[Task, M]: ...

    AsyncTaskEntity = TaskEntity[typed.Async]

    class ContributionsPage(typed.CollectionPage[Employee | ProjectMember | Task]):
        employee: list[Employee]
        project_member: list[ProjectMember]
        task: list[Task]

    class ContributionsCollectionLimits(TypedDict, closed=True):
        project_id: str

    class ContributionsCollectionRange(Protocol[M]):
        def __call__(
            self, **limits: Unpack[ContributionsCollectionLimits]
        ) -> typed.CollectionQuery[Employee | ProjectMember | Task, M, ContributionsPage]: ...

    class OverviewPage(typed.CollectionPage[ProjectMember | Task]):
        project_member: list[ProjectMember]
        task: list[Task]

    class OverviewCollectionLimits(TypedDict, total=False, closed=True):
        employee_id: str
        task_id: str

    class OverviewCollectionRange(Protocol[M]):
        def __call__(
            self, **limits: Unpack[OverviewCollectionLimits]
        ) -> typed.CollectionQuery[ProjectMember | Task, M, OverviewPage]: ...

    class AssignmentsPage(typed.CollectionPage[ProjectMember | Task]):
        project_member: list[ProjectMember]
        task: list[Task]

    class AssignmentsCollectionLimits(TypedDict, closed=True):
        project_id: str

    class AssignmentsCollectionRange(Protocol[M]):
        def __call__(
            self, **limits: Unpack[AssignmentsCollectionLimits]
        ) -> typed.CollectionQuery[ProjectMember | Task, M, AssignmentsPage]: ...

    class Entities(typed.Entities[M], Generic[M]):
        employee: EmployeeEntity[M]
        project_member: ProjectMemberEntity[M]
        task: TaskEntity[M]
        @overload
        def __getitem__(self, alias: Literal["employee"]) -> EmployeeEntity[M]: ...
        @overload
        def __getitem__(self, alias: Literal["project_member"]) -> ProjectMemberEntity[M]: ...
        @overload
        def __getitem__(self, alias: Literal["task"]) -> TaskEntity[M]: ...
        def __getitem__(self, *given: Any, **named: Any) -> Any: ...

    class Collections(typed.Collections[M], Generic[M]):
        def contributions(
            self, *, employee_id: str, project_id: str = ...
        ) -> typed.RangedCollectionQuery[
            Employee | ProjectMember | Task, M, ContributionsPage, ContributionsCollectionRange[M], ContributionsCollectionLimits
        ]: ...
        def overview(
            self, *, project_id: str, employee_id: str = ..., task_id: str = ...
        ) -> typed.RangedCollectionQuery[
            ProjectMember | Task, M, OverviewPage, OverviewCollectionRange[M], OverviewCollectionLimits
        ]: ...
        def assignments(
            self, *, employee_id: str, project_id: str = ...
        ) -> typed.RangedCollectionQuery[
            ProjectMember | Task, M, AssignmentsPage, AssignmentsCollectionRange[M], AssignmentsCollectionLimits
        ]: ...

    class Service(typed.Service[Entities[typed.Sync], Collections[typed.Sync]]):
        """The service taskapp, as `load()` gives it."""

    class AsyncService(typed.AsyncService[Entities[typed.Async], Collections[typed.Async]]):
        """The service taskapp, as `load_async()` gives it."""

    load: typed.Load[Service]
    load_async: typed.LoadAsync[AsyncService]

_schemas = Schemas(
    __name__,
    digest="7d4d9a26ecec8c626cbe5f41b604155ffdef78b21dd50a3d0b5c4d7d664015c7",
    records={
        "Employee": "employee",
        "ProjectMember": "project_member",
        "Task": "task",
    },
    sources={
        "table.yaml": """\
# yaml-language-server: $schema=../leyden.schema.json
# The table: optional. What is not said here is inferred from the entities.
table: projectmanagement                     # the default name; overridden when loading
indexes:
  gsi2: {projection: all}                    # all | keys_only | [field, ...]
  gsi3: {projection: all}
ttl: expires_at                              # the field that DynamoDB's time to live reads
""",
        "employee.yaml": """\
# yaml-language-server: $schema=../leyden.schema.json
# An employee of an organization.
entity: employees
alias: employee
version: "1"
service: taskapp

attributes:
  employee_id:     {type: string, required: true}
  organization_id: {type: string, required: true}
  name:            {type: string, required: true, min_length: 1}
  team:            {type: [jupiter, mercury, saturn]}   # a list is an enum
  salary:          {type: integer, min: 0, max: 99999999, padding: {length: 8, char: "0"}}
  manager:         string

indexes:
  staff:
    pk: {field: pk, composite: [organization_id]}
    sk: {field: sk, composite: [employee_id]}
  # Entities that share an index build its partition key alike, `casing` included.
  employee:
    index: gsi2
    collection: contributions
    pk: {field: gsi2pk, composite: [employee_id], casing: none}
    sk: {field: gsi2sk, composite: []}
  # Several composite attributes in a sort key: ask for a manager's people, for those of one
  # team, or for those of a team within a range of salaries.
  reports:
    index: gsi3
    pk: {field: gsi3pk, composite: [manager]}
    sk: {field: gsi3sk, composite: [team, salary]}
""",
        "project_member.yaml": """\
# yaml-language-server: $schema=../leyden.schema.json
# An employee's place in a project: many employees, many projects.
entity: projectMembers
alias: project_member
version: "1"
service: taskapp

attributes:
  employee_id: {type: string, required: true}
  project_id:  {type: string, required: true}
  name:        string

indexes:
  members:
    collection: overview
    pk: {field: pk, composite: [project_id]}
    sk: {field: sk, composite: [employee_id]}
  projects:
    index: gsi2
    collection: [contributions, assignments]
    pk: {field: gsi2pk, composite: [employee_id], casing: none}
    sk: {field: gsi2sk, composite: []}
""",
        "task.yaml": """\
# yaml-language-server: $schema=../leyden.schema.json
# A task of a project, done by an employee.
#
# One file describes one entity. Its attributes come first, its access patterns (`indexes`) after
# them. Keys are built from attributes, so nothing here ever formats a key by hand.
entity: tasks            # stored with every item, and part of its sort key
alias: task              # the name in Python: app.entities.task
version: "1"
service: taskapp         # the start of every partition key

attributes:
  # `field` is the attribute's name in the table, `label` its name inside keys.
  task_id:     {type: string, required: true, default: {generate: uuid7}, field: taskId, label: taskId}
  project_id:  {type: string, required: true}
  employee_id: string                        # the short form of {type: string}
  title:       {type: string, max_length: 200}
  body:        string
  done:        boolean
  status:      {type: [open, closed], default: open}          # a list is an enum
  # `padding` applies in keys alone: there "00012" sorts before "00100".
  points:      {type: number, default: 0, padding: {length: 5, char: "0"}}
  tags:        {type: set, items: string}
  history:     {type: list, items: {type: string}}
  detail:      {type: map, properties: {owner: string, effort: number}}
  payload:     {type: json}                  # any JSON value, stored as one JSON string
  created_at:  {type: timestamp, default: {generate: now}, read_only: true}
  updated_at:  {type: timestamp, on_write: {generate: now}}   # set again by every write
  expires_at:  {type: ttl}                   # a datetime in Python, epoch seconds in the table
  # Written by Leyden itself whenever one of the attributes that it watches is written.
  headline:    {type: string, watch: [status, points], derive: "join(' ', [status, to_string(points)])"}
  secret:      {type: string, hidden: true}  # stored, never part of a record

indexes:
  # The table's own key: no `index`. The collection `overview` reads a project's tasks and its
  # members with one query.
  project:
    collection: overview
    pk: {field: pk, composite: [project_id]}
    sk: {field: sk, composite: [task_id]}
  # Two collections, one inside the other: `contributions` is everything of an employee,
  # `assignments` only tasks and memberships. Closed tasks leave this index by themselves.
  assigned:
    index: gsi2
    collection: [contributions, assignments]
    type: isolated                           # each entity keeps its items together
    when: "employee_id && status == 'open'"  # a sparse index, as a JMESPath condition
    pk: {field: gsi2pk, composite: [employee_id], casing: none}
    sk: {field: gsi2sk, composite: [project_id]}
""",
    },
)

if not TYPE_CHECKING:
    __getattr__ = _schemas.named
