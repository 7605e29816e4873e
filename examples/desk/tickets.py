"""Routes of tickets."""

from __future__ import annotations

from typing import Required

from fastapi import APIRouter
from pydantic import BaseModel
from typing_extensions import TypedDict

import desk
from access import Me, Service, Ticket
from history import note

routes = APIRouter()


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


class Queue(BaseModel):
    """A page of tickets; `cursor` leads to the next one."""

    tickets: list[desk.Ticket]
    cursor: str | None


@routes.post("/tickets", status_code=201)
def ask(service: Service, me: Me, given: NewTicket) -> desk.Ticket:
    """Open a ticket."""
    made = service.entities.ticket.create(
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
    service: Service, me: Me, status: desk.TicketStatus = "open", cursor: str | None = None
) -> Queue:
    """The tickets of a status, the oldest first."""
    found = service.entities.ticket.query.by_status(org_id=me.org_id, status=status)
    page = found.go(limit=20, cursor=cursor)
    return Queue(tickets=list(page), cursor=page.cursor)


@routes.get("/to-do")
def to_do(service: Service, me: Me) -> list[desk.Ticket]:
    """What the caller has to do, the oldest first."""
    return list(service.entities.ticket.query.to_do(org_id=me.org_id, assignee=me.member_id))


@routes.patch("/tickets/{ticket_id}")
def change(service: Service, me: Me, ticket: Ticket, given: TicketChanges) -> desk.Ticket:
    """Change a ticket, unless somebody has changed it since the caller saw it."""
    made = service.entities.ticket.patch(ticket, **given).go(response="all_new")
    note(service, me, made, "changed", {**given})
    return made
