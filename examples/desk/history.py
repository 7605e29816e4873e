"""What happened, by day."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter

import desk
from access import Me, Service

routes = APIRouter()


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


@routes.get("/events/{day}")
def history(service: Service, me: Me, day: date) -> list[desk.Event]:
    """What happened on a day, as UTC counts days, the latest first."""
    happened = service.entities.event.query.events(org_id=me.org_id, day=day)
    return list(happened.iter(order="desc"))
