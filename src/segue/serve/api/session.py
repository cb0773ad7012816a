"""Who is logged in."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from segue.serve.api import library_models as models
from segue.serve.api.request_models import LoginRequest
from segue.serve.http.clients import client_of
from segue.serve.http.errors import ApiError
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.http.security import COOKIE, SESSION_S
from segue.serve.service import ServiceDep

routes = APIRouter(tags=["session"])


@routes.get("/session", responses=openapi_responses(models.Session))
async def get_session(service: ServiceDep, request: Request) -> Response:
    """Whether the service wants a password, and whether this client is logged in."""
    needed = service.settings.has_secret
    return json_response(
        {"needed": needed, "logged_in": not needed or service.guard.is_logged_in(request.headers)}
    )


@routes.post("/session", responses=openapi_responses(models.Session, 429))
async def log_in(service: ServiceDep, request: Request, body: LoginRequest) -> Response:
    """Log in with the password; a cookie keeps the session for thirty days."""
    if not service.settings.has_secret:
        return json_response({"needed": False, "logged_in": True})
    client = client_of(request.scope)
    service.logins.check("login", client)
    if not service.guard.accepts(body.password):
        service.logins.wrong("login", client)
        raise ApiError(401, "wrong_password", "wrong password")
    service.logins.right(client)
    response = json_response({"needed": True, "logged_in": True})
    secure = request.url.scheme == "https"
    response.set_cookie(
        COOKIE,
        service.guard.new_session(),
        path=_place(request),
        max_age=SESSION_S,
        httponly=True,
        samesite="strict",
        secure=secure,
    )
    return response


@routes.delete("/session", status_code=204, responses=openapi_responses(None))
async def log_out(request: Request) -> Response:
    """Log out."""
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path=_place(request), httponly=True, samesite="strict")
    return response


def _place(request: Request) -> str:
    """Where a browser sends the cookie: not to what else is on this host."""
    return f"{request.scope.get('root_path', '')}/"
