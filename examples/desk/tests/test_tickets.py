"""Tickets and their queues; each test has a table of its own."""

import pytest
from leyden import errors
from leyden.pytest_plugin import AppFactory

import desk


def test_a_solved_ticket_is_on_nobodys_list(leyden_app: AppFactory) -> None:
    ticket = leyden_app(desk).entities.ticket
    made = ticket.create(org_id="acme", title="No coffee", requester="ada", assignee="bob").go()
    to_do = ticket.query.to_do(org_id="acme", assignee="bob")
    assert [each.title for each in to_do] == ["No coffee"]
    ticket.patch(made, status="solved").go()
    assert [*to_do] == []


def test_a_late_change_is_refused(leyden_app: AppFactory) -> None:
    ticket = leyden_app(desk).entities.ticket
    seen = ticket.create(org_id="acme", title="No coffee", requester="ada").go()
    ticket.patch(seen, title="No coffee at all").go()
    with pytest.raises(errors.VersionConflictError):
        ticket.patch(seen, status="solved").go()


def test_a_conversation_costs_one_request(leyden_app: AppFactory) -> None:
    service = leyden_app(desk)
    ticket, comment = service.entities.ticket, service.entities.comment
    made = ticket.create(org_id="acme", title="No coffee", requester="ada").go()
    for text in ("Since when?", "Since Monday."):
        comment.create(org_id="acme", ticket_id=made.ticket_id, author="bob", text=text).go()
    found = service.collections.conversation(org_id="acme", ticket_id=made.ticket_id).go()
    assert [each.text for each in found.comment] == ["Since when?", "Since Monday."]
    assert found.requests == 1
