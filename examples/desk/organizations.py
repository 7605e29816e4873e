"""Routes of organizations and their members."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

import desk
from access import Me, Service

routes = APIRouter()


class SignUp(BaseModel):
    """A new organization and its owner."""

    org_id: str
    name: str
    email: str
    owner: str


class Invitation(BaseModel):
    """A new member."""

    email: str
    name: str
    role: desk.MemberRole = "agent"


class Home(BaseModel):
    """An organization with all that shares its partition."""

    organization: desk.Organization
    members: list[desk.Member]
    tags: list[desk.Tag]


@routes.post("/organizations", status_code=201)
def sign_up(service: Service, given: SignUp) -> desk.Member:
    """Begin an organization with its owner: both, or neither."""
    organization, member = service.entities.organization, service.entities.member
    begun = organization.create(org_id=given.org_id, name=given.name)
    owner = member.create(org_id=given.org_id, email=given.email, name=given.owner, role="owner")
    made: desk.Member = service.transact_write([begun, owner]).go().items[1]
    return made


@routes.get("/organization")
def home(service: Service, me: Me) -> Home:
    """The organization of the caller, its members and its tags, by one query."""
    found = service.collections.home(org_id=me.org_id).go(pages="all")
    return Home(organization=found.organization[0], members=found.member, tags=found.tag)


@routes.post("/members", status_code=201)
def invite(service: Service, me: Me, given: Invitation) -> desk.Member:
    """Let somebody else in. An address belongs to one organization."""
    member = service.entities.member
    return member.create(org_id=me.org_id, email=given.email, name=given.name, role=given.role).go()
