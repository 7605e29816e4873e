"""A help desk for many organisations: routes over one table.

`create_app(service)` takes what `desk.load()` gives. Callers say who they are in the header
`X-Member`; a real service would take that from a signed token. Every route works within the
organisation of the member who calls, so no request can name another's.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Required

import desk
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from typing_extensions import TypedDict

from leyden import LeydenError, errors

STATUS_CODES: dict[type[LeydenError], int] = {
    errors.UniqueConstraintError: 409,
    errors.ItemExistsError: 409,
    errors.VersionConflictError: 409,
    errors.ItemNotFoundError: 404,
    errors.InputError: 422,
}
"""What a caller hears of an error; of any other that something is wrong here."""

routes = APIRouter()


def create_app(service: desk.Service) -> FastAPI:
    """The desk as an application."""
    app = FastAPI(title="Desk")
    app.state.service = service
    app.include_router(routes)
    app.add_exception_handler(LeydenError, tell)
    return app


def tell(request: Request, error: Exception) -> JSONResponse:
    """Answer with an error: its code is stable, and its message quotes no item."""
    assert isinstance(error, LeydenError)
    code = next((code for kind, code in STATUS_CODES.items() if isinstance(error, kind)), 500)
    if isinstance(error, errors.TransactionCanceledError):
        reasons = {one.reason for one in error.rejections}
        code = 409 if reasons & {"exists", "unique", "version"} else 404
    return JSONResponse({"code": error.code, "detail": str(error)}, code)


def the_service(request: Request) -> desk.Service:
    """The service that `create_app` was given."""
    service: desk.Service = request.app.state.service
    return service


Desk = Annotated[desk.Service, Depends(the_service)]


def signed_in(service: Desk, x_member: Annotated[str, Header()]) -> desk.Member:
    """The member who calls, by e-mail address."""
    found = service.entities.member.query.by_email(email=x_member).first()
    if found is None:
        raise HTTPException(401, "nobody signs in with this address")
    return found


Me = Annotated[desk.Member, Depends(signed_in)]


def the_ticket(service: Desk, me: Me, ticket_id: str) -> desk.Ticket:
    """The ticket in a path, if it is one of the caller's organisation."""
    found = service.entities.ticket.get(org_id=me.org_id, ticket_id=ticket_id).go()
    if found is None:
        raise HTTPException(404, "there is no such ticket")
    return found


Ticket = Annotated[desk.Ticket, Depends(the_ticket)]


class SignUp(BaseModel):
    """A new organisation and its owner."""

    org_id: str
    name: str
    email: str
    owner: str


class Invitation(BaseModel):
    """A new member."""

    email: str
    name: str
    role: desk.MemberRole = "agent"


class NewTicket(BaseModel):
    """What somebody asks."""

    title: str
    body: str | None = None
    priority: desk.TicketPriority = "normal"


class TicketChanges(TypedDict, total=False):
    """What to change, and the revision that the caller saw. Null takes the assignee away."""

    revision: Required[int]
    title: str
    status: desk.TicketStatus
    priority: desk.TicketPriority
    assignee: str | None


class NewComment(BaseModel):
    """An answer; agents alone see an internal one."""

    text: str
    internal: bool = False


class Home(BaseModel):
    """An organisation with all that shares its partition."""

    organisation: desk.Organisation
    members: list[desk.Member]
    tags: list[desk.Tag]


class Conversation(BaseModel):
    """A ticket with all that shares its partition."""

    ticket: desk.Ticket
    comments: list[desk.Comment]
    tags: list[str]


class Queue(BaseModel):
    """A page of tickets; `cursor` leads to the next one."""

    tickets: list[desk.Ticket]
    cursor: str | None


@routes.post("/organisations", status_code=201)
def sign_up(service: Desk, given: SignUp) -> desk.Member:
    """Begin an organisation with its owner: both, or neither."""
    organisation, member = service.entities.organisation, service.entities.member
    begun = organisation.create(org_id=given.org_id, name=given.name)
    owner = member.create(org_id=given.org_id, email=given.email, name=given.owner, role="owner")
    service.transact_write([begun, owner]).go()
    return signed_in(service, given.email)


@routes.get("/organisation")
def the_organisation(service: Desk, me: Me) -> Home:
    """The organisation, its members and its tags, by one query."""
    home = service.collections.organisation(org_id=me.org_id).go(pages="all")
    return Home(organisation=home.organisation[0], members=home.member, tags=home.tag)


@routes.post("/members", status_code=201)
def invite(service: Desk, me: Me, given: Invitation) -> desk.Member:
    """Let somebody else in. An address belongs to one organisation."""
    member = service.entities.member
    return member.create(org_id=me.org_id, email=given.email, name=given.name, role=given.role).go()


@routes.post("/tickets", status_code=201)
def ask(service: Desk, me: Me, given: NewTicket) -> desk.Ticket:
    """Open a ticket."""
    ticket = service.entities.ticket
    made = ticket.create(
        org_id=me.org_id,
        title=given.title,
        body=given.body,
        priority=given.priority,
        requester=me.member_id,
    ).go()
    note(service, me, made, "created")
    return made


@routes.get("/tickets")
def queue(
    service: Desk, me: Me, status: desk.TicketStatus = "open", cursor: str | None = None
) -> Queue:
    """The tickets of a status, the oldest first."""
    waiting = service.entities.ticket.query.by_status(org_id=me.org_id, status=status)
    page = waiting.go(limit=20, cursor=cursor)
    return Queue(tickets=list(page), cursor=page.cursor)


@routes.get("/to-do")
def to_do(service: Desk, me: Me) -> list[desk.Ticket]:
    """What the caller has to do, the oldest first."""
    return list(service.entities.ticket.query.to_do(org_id=me.org_id, assignee=me.member_id))


@routes.get("/tickets/{ticket_id}")
def conversation(service: Desk, me: Me, ticket_id: str) -> Conversation:
    """A ticket, its comments and its tags, by one query."""
    about = service.collections.conversation(org_id=me.org_id, ticket_id=ticket_id)
    found = about.go(pages="all")
    if not found.ticket:
        raise HTTPException(404, "there is no such ticket")
    return Conversation(
        ticket=found.ticket[0],
        comments=[one for one in found.comment if me.role != "guest" or not one.internal],
        tags=[one.tag for one in found.tagging],
    )


@routes.patch("/tickets/{ticket_id}")
def change(service: Desk, me: Me, ticket: Ticket, given: TicketChanges) -> desk.Ticket:
    """Change a ticket, unless somebody has changed it since the caller saw it."""
    made = service.entities.ticket.patch(ticket, **given).go(response="all_new")
    note(service, me, made, "changed", {**given})
    return made


@routes.post("/tickets/{ticket_id}/comments", status_code=201)
def comment(service: Desk, me: Me, ticket: Ticket, given: NewComment) -> desk.Comment:
    """Write a comment."""
    made = service.entities.comment.create(
        org_id=me.org_id,
        ticket_id=ticket.ticket_id,
        author=me.member_id,
        text=given.text,
        internal=given.internal,
    ).go()
    note(service, me, ticket, "commented")
    return made


@routes.put("/tickets/{ticket_id}/tags/{name}")
def add_tag(service: Desk, me: Me, ticket: Ticket, name: str) -> desk.Tagging:
    """Tag a ticket. A tag begins to be with the first ticket that has it."""
    tag, tagging = service.entities.tag, service.entities.tagging
    made = tagging.put(
        org_id=me.org_id, ticket_id=ticket.ticket_id, tag=name, title=ticket.title
    ).go()
    tag.upsert(org_id=me.org_id, tag=name).go()
    note(service, me, ticket, "tagged")
    return made


@routes.delete("/tickets/{ticket_id}/tags/{name}", status_code=204)
def remove_tag(service: Desk, me: Me, ticket: Ticket, name: str) -> None:
    """Take a tag off a ticket."""
    tagging = service.entities.tagging
    tagging.remove(org_id=me.org_id, ticket_id=ticket.ticket_id, tag=name).go()
    note(service, me, ticket, "untagged")


@routes.get("/tags/{name}/tickets")
def tagged(service: Desk, me: Me, name: str) -> list[desk.Tagging]:
    """The tickets that have a tag: the same items from the other side."""
    return list(service.entities.tagging.query.of_tag(org_id=me.org_id, tag=name))


@routes.get("/events/{day}")
def history(service: Desk, me: Me, day: date) -> list[desk.Event]:
    """What happened on a day, as UTC counts days, the latest first."""
    happened = service.entities.event.query.events(org_id=me.org_id, day=day)
    return list(happened.iter(order="desc"))


def note(
    service: desk.Service,
    me: desk.Member,
    ticket: desk.Ticket,
    action: desk.EventAction,
    changes: dict[str, Any] | None = None,
) -> None:
    """Keep what happened, for 90 days."""
    service.entities.event.create(
        org_id=me.org_id,
        actor=me.member_id,
        action=action,
        ticket_id=ticket.ticket_id,
        changes=changes,
    ).go()
