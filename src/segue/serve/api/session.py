"""Who is logged in."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import Response

from segue.serve.api import user_models as models
from segue.serve.http.callers import Caller
from segue.serve.http.clients import client_of
from segue.serve.http.errors import ApiError
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.http.security import COOKIE
from segue.serve.service import Service, ServiceDep, caller_of
from segue.users import SESSION_S

routes = APIRouter(tags=["session"])


@routes.get("/session", responses=openapi_responses(models.Session))
async def get_session(service: ServiceDep, request: Request) -> Response:
    """Whether the service wants a password, also a name, and whether and as whom this client is logged in."""
    return _session(service, caller_of(request.scope))


def _session(service: Service, caller: Caller) -> Response:
    return json_response(
        {
            "needed": service.guard.needs_login(),
            "logged_in": caller.is_logged_in,
            "by_name": service.guard.accounts() is not None,
            "user": caller.user and asdict(caller.user),
        }
    )


@routes.post("/session", responses=openapi_responses(models.Session, 429))
async def log_in(service: ServiceDep, request: Request, body: models.LoginRequest) -> Response:
    """Log in with the password, with users also with the name; a cookie keeps the session for thirty days."""
    if not service.guard.needs_login():
        return _session(service, Caller(is_logged_in=True))
    client, user = client_of(request.scope), None
    if service.guard.accounts() is None:
        service.logins.check("login", client)
        if not service.guard.accepts(body.password):
            service.logins.wrong("login", client)
            raise ApiError(401, "wrong_password", "wrong password")
        word = service.guard.new_session()
    else:
        name = body.name or ""
        user = await service.verified(client, lambda: service.users.log_in(name, body.password))
        if user is None:
            raise ApiError(401, "wrong_password", "wrong name or password")
        browser, start = request.headers.get("user-agent", ""), service.users.sessions.start
        word = await service.run(start, user.id, browser, client)
    service.logins.right(client)
    response = _session(service, Caller(is_logged_in=True, user=user))
    response.set_cookie(
        COOKIE,
        word,
        path=_place(request),
        max_age=SESSION_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


@routes.delete("/session", status_code=204, responses=openapi_responses(None))
async def log_out(service: ServiceDep, request: Request) -> Response:
    """Log out."""
    session = caller_of(request.scope).session
    if session is not None:
        await service.run(service.users.sessions.end, session.user, session.id)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path=_place(request), httponly=True, samesite="strict")
    return response


def _place(request: Request) -> str:
    """Where a browser sends the cookie: not to what else is on this host."""
    return f"{request.scope.get('root_path', '')}/"
