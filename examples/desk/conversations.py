"""Routes of what belongs to a ticket: comments and tags."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel

import desk
from access import Me, Service, Ticket
from history import note

routes = APIRouter()


class NewComment(BaseModel):
    """An answer; guests do not see an internal one."""

    text: str
    internal: bool = False


class Conversation(BaseModel):
    """A ticket with all that shares its partition."""

    ticket: desk.Ticket
    comments: list[desk.Comment]
    tags: list[str]


@routes.get("/tickets/{ticket_id}")
def conversation(service: Service, me: Me, ticket_id: str) -> Conversation:
    """A ticket, its comments and its tags, by one query."""
    about = service.collections.conversation(org_id=me.org_id, ticket_id=ticket_id)
    found = about.go(pages="all")
    if not found.ticket:
        raise HTTPException(404, "there is no such ticket")
    return Conversation(
        ticket=found.ticket[0],
        comments=[each for each in found.comment if me.role != "guest" or not each.internal],
        tags=[each.tag for each in found.tagging],
    )


@routes.post("/tickets/{ticket_id}/comments", status_code=201)
def comment(service: Service, me: Me, ticket: Ticket, given: NewComment) -> desk.Comment:
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
def add_tag(service: Service, me: Me, ticket: Ticket, name: str) -> desk.Tagging:
    """Tag a ticket. The first ticket that has a tag also makes the tag."""
    tag, tagging = service.entities.tag, service.entities.tagging
    made = tagging.put(
        org_id=me.org_id, ticket_id=ticket.ticket_id, tag=name, title=ticket.title
    ).go()
    tag.upsert(org_id=me.org_id, tag=name).go()
    note(service, me, ticket, "tagged")
    return made


@routes.delete("/tickets/{ticket_id}/tags/{name}", status_code=204)
def remove_tag(service: Service, me: Me, ticket: Ticket, name: str) -> None:
    """Take a tag off a ticket."""
    tagging = service.entities.tagging
    tagging.remove(org_id=me.org_id, ticket_id=ticket.ticket_id, tag=name).go()
    note(service, me, ticket, "untagged")


@routes.get("/tags/{name}/tickets")
def tagged(service: Service, me: Me, name: str) -> list[desk.Tagging]:
    """The tickets that have a tag: the same items from the other side."""
    return list(service.entities.tagging.query.of_tag(org_id=me.org_id, tag=name))
