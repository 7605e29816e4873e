"""The desk as its users meet it, over HTTP."""

from typing import Any

from fastapi.testclient import TestClient


def asked(client: TestClient, title: str = "The printer is on fire") -> dict[str, Any]:
    answer = client.post("/tickets", json={"title": title})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_an_address_signs_in_to_one_organization_however_it_is_written(client: TestClient) -> None:
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
    changed = client.patch(path, json=mine)
    assert changed.status_code == 200, changed.text
    assert client.get("/tickets").json()["tickets"] == []
    waiting = client.get("/tickets", params={"status": "waiting"}).json()
    assert [each["ticket_id"] for each in waiting["tickets"]] == [ticket["ticket_id"]]
    assert len(client.get("/to-do").json()) == 1
    solved = {"revision": changed.json()["revision"], "status": "solved"}
    assert client.patch(path, json=solved).status_code == 200
    assert client.get("/to-do").json() == []


def test_a_change_of_what_another_has_changed_is_refused(client: TestClient) -> None:
    ticket = asked(client)
    path = f"/tickets/{ticket['ticket_id']}"
    title = {"revision": ticket["revision"], "title": "The printer burns"}
    assert client.patch(path, json=title).json()["slug"] == "the-printer-burns"
    late = client.patch(path, json=title | {"title": "All is well"})
    assert (late.status_code, late.json()["code"]) == (409, "version.conflict")


def test_a_conversation_is_one_query(client: TestClient) -> None:
    ticket = asked(client)
    path = f"/tickets/{ticket['ticket_id']}"
    for text in ("Which printer?", "The red one."):
        assert client.post(f"{path}/comments", json={"text": text}).is_success
    for name in ("Hardware", "fire"):
        assert client.put(f"{path}/tags/{name}").is_success
    found = client.get(path).json()
    assert [each["text"] for each in found["comments"]] == ["Which printer?", "The red one."]
    assert found["tags"] == ["fire", "hardware"]
    assert len(client.get("/tags/HARDWARE/tickets").json()) == 1
    assert client.delete(f"{path}/tags/fire").status_code == 204
    assert client.get(path).json()["tags"] == ["hardware"]


def test_what_happened_is_kept_by_day(client: TestClient) -> None:
    ticket = asked(client)
    change = {"revision": ticket["revision"], "priority": "urgent"}
    client.patch(f"/tickets/{ticket['ticket_id']}", json=change)
    events = client.get(f"/events/{ticket['created_at'][:10]}").json()
    assert [each["action"] for each in events] == ["changed", "created"]
    assert events[0]["changes"] == change


def test_no_organization_sees_another(client: TestClient) -> None:
    ticket = asked(client)
    other = {"org_id": "globex", "name": "Globex", "email": "eve@globex.example", "owner": "Eve"}
    assert client.post("/organizations", json=other).status_code == 201
    eve = {"X-Member": "eve@globex.example"}
    assert client.get(f"/tickets/{ticket['ticket_id']}", headers=eve).status_code == 404
    assert client.get("/tickets", headers=eve).json()["tickets"] == []


def test_a_value_that_does_not_fit_is_told(client: TestClient) -> None:
    answer = client.post("/tickets", json={"title": ""})
    assert (answer.status_code, answer.json()["code"]) == (422, "input.invalid_value")
    assert "title" in answer.json()["detail"]
