"""The desk as its users meet it, on a table of the test's own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from leyden.pytest_plugin import AppFactory

import desk
from app import make_api

ADA = {"X-Member": "ada@acme.example"}


@pytest.fixture
def client(leyden_app: AppFactory) -> TestClient:
    client = TestClient(make_api(leyden_app(desk)))
    sign_up = {"org_id": "acme", "name": "Acme", "email": " Ada@Acme.example", "owner": "Ada"}
    assert client.post("/organizations", json=sign_up).status_code == 201
    return client


def asked(client: TestClient, title: str = "The printer is on fire") -> dict[str, object]:
    answer = client.post("/tickets", json={"title": title}, headers=ADA)
    assert answer.status_code == 201, answer.text
    made: dict[str, object] = answer.json()
    return made


def test_an_address_signs_in_to_one_organisation_however_it_is_written(client: TestClient) -> None:
    home = client.get("/organization", headers={"X-Member": "ADA@acme.example "}).json()
    assert home["organization"]["name"] == "Acme"
    assert [each["email"] for each in home["members"]] == ["ada@acme.example"]
    again = {"org_id": "other", "name": "Other", "email": "ada@ACME.example", "owner": "Ada"}
    assert client.post("/organizations", json=again).status_code == 409
    assert client.get("/organization", headers={"X-Member": "eve@acme.example"}).status_code == 401


def test_a_ticket_moves_through_the_queues(client: TestClient) -> None:
    ticket = asked(client)
    assert ticket["slug"] == "the-printer-is-on-fire"
    path = f"/tickets/{ticket['ticket_id']}"
    mine = {"revision": ticket["revision"], "assignee": ticket["requester"], "status": "waiting"}
    changed = client.patch(path, json=mine, headers=ADA)
    assert changed.status_code == 200, changed.text
    assert client.get("/tickets", headers=ADA).json()["tickets"] == []
    waiting = client.get("/tickets", params={"status": "waiting"}, headers=ADA).json()
    assert [each["ticket_id"] for each in waiting["tickets"]] == [ticket["ticket_id"]]
    assert len(client.get("/to-do", headers=ADA).json()) == 1
    solved = {"revision": changed.json()["revision"], "status": "solved"}
    assert client.patch(path, json=solved, headers=ADA).status_code == 200
    assert client.get("/to-do", headers=ADA).json() == []


def test_a_change_of_what_another_has_changed_is_refused(client: TestClient) -> None:
    ticket = asked(client)
    path = f"/tickets/{ticket['ticket_id']}"
    title = {"revision": ticket["revision"], "title": "The printer burns"}
    assert client.patch(path, json=title, headers=ADA).json()["slug"] == "the-printer-burns"
    late = client.patch(path, json=title | {"title": "All is well"}, headers=ADA)
    assert (late.status_code, late.json()["code"]) == (409, "version.conflict")


def test_a_conversation_is_one_query(client: TestClient) -> None:
    ticket = asked(client)
    path = f"/tickets/{ticket['ticket_id']}"
    for text in ("Which printer?", "The red one."):
        assert client.post(f"{path}/comments", json={"text": text}, headers=ADA).is_success
    for name in ("Hardware", "fire"):
        assert client.put(f"{path}/tags/{name}", headers=ADA).is_success
    found = client.get(path, headers=ADA).json()
    assert [each["text"] for each in found["comments"]] == ["Which printer?", "The red one."]
    assert found["tags"] == ["fire", "hardware"]
    assert len(client.get("/tags/HARDWARE/tickets", headers=ADA).json()) == 1
    assert client.delete(f"{path}/tags/fire", headers=ADA).status_code == 204
    assert client.get(path, headers=ADA).json()["tags"] == ["hardware"]


def test_what_happened_is_kept_by_day(client: TestClient) -> None:
    ticket = asked(client)
    change = {"revision": ticket["revision"], "priority": "urgent"}
    client.patch(f"/tickets/{ticket['ticket_id']}", json=change, headers=ADA)
    events = client.get(f"/events/{datetime.now(UTC):%Y-%m-%d}", headers=ADA).json()
    assert [each["action"] for each in events] == ["changed", "created"]
    assert events[0]["changes"] == change


def test_no_organisation_sees_another(client: TestClient) -> None:
    ticket = asked(client)
    other = {"org_id": "globex", "name": "Globex", "email": "eve@globex.example", "owner": "Eve"}
    assert client.post("/organizations", json=other).status_code == 201
    eve = {"X-Member": "eve@globex.example"}
    assert client.get(f"/tickets/{ticket['ticket_id']}", headers=eve).status_code == 404
    assert client.get("/tickets", headers=eve).json()["tickets"] == []


def test_a_value_that_does_not_fit_is_told(client: TestClient) -> None:
    answer = client.post("/tickets", json={"title": ""}, headers=ADA)
    assert (answer.status_code, answer.json()["code"]) == (422, "input.invalid_value")
    assert "title" in answer.json()["detail"]
