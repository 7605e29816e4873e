"""What tests of the API begin with."""

import pytest
from fastapi.testclient import TestClient
from leyden.pytest_plugin import AppFactory

import desk
from app import make_api


@pytest.fixture
def client(leyden_app: AppFactory) -> TestClient:
    """The desk with one organization, called by its owner Ada."""
    api = make_api(leyden_app(desk))
    client = TestClient(api, headers={"X-Member": "ada@acme.example"})
    sign_up = {"org_id": "acme", "name": "Acme", "email": " Ada@Acme.example", "owner": "Ada"}
    assert client.post("/organizations", json=sign_up).status_code == 201
    return client
