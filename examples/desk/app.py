"""The desk over HTTP: `uvicorn app:api --reload --port 8080`."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from leyden import LeydenError, errors

import conversations
import desk
import history
import organizations
import tickets

STATUS_CODES: dict[type[LeydenError], int] = {
    errors.ItemNotFoundError: 404,
    errors.ConditionFailedError: 409,
    errors.TransactionCanceledError: 409,
    errors.InputError: 422,
}
"""What a caller hears of an error; of any other, that something is wrong here."""


def make_api(service: desk.Service) -> FastAPI:
    """The API of a service; tests hand in one on a table of their own."""
    api = FastAPI(title="Desk")
    api.state.service = service
    for part in (organizations, tickets, conversations, history):
        api.include_router(part.routes)
    api.add_exception_handler(LeydenError, tell)
    return api


def tell(request: Request, error: Exception) -> JSONResponse:
    """Answer with an error: its code is stable, and its message quotes no item."""
    assert isinstance(error, LeydenError)
    code = next((code for kind, code in STATUS_CODES.items() if isinstance(error, kind)), 500)
    return JSONResponse({"code": error.code, "detail": str(error)}, code)


api = make_api(desk.load())
