"""Who calls, and what they ask about: the parameters that routes have in common.

Callers say who they are in the header `X-Member`; a real service would take that from a signed
token. Every route works within the organization of the member who calls.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, HTTPException, Request

import desk


def the_service(request: Request) -> desk.Service:
    """The service that `make_api` was given."""
    service: desk.Service = request.app.state.service
    return service


Service = Annotated[desk.Service, Depends(the_service)]


def signed_in(service: Service, x_member: Annotated[str, Header()]) -> desk.Member:
    """The member who calls, by e-mail address."""
    found = service.entities.member.query.by_email(email=x_member).first()
    if found is None:
        raise HTTPException(401, "nobody signs in with this address")
    return found


Me = Annotated[desk.Member, Depends(signed_in)]


def the_ticket(service: Service, me: Me, ticket_id: str) -> desk.Ticket:
    """The ticket in a path, if it is one of the caller's organization."""
    found = service.entities.ticket.get(org_id=me.org_id, ticket_id=ticket_id).go()
    if found is None:
        raise HTTPException(404, "there is no such ticket")
    return found


Ticket = Annotated[desk.Ticket, Depends(the_ticket)]
