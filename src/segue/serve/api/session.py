"""Who is logged in."""

from __future__ import annotations

import math

from fastapi import APIRouter, Request
from fastapi.responses import Response

from segue.serve.api import library_models as models
from segue.serve.api.request_models import LoginRequest
from segue.serve.http.errors import ApiError
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.http.security import COOKIE, SESSION_S
from segue.serve.service import Service, ServiceDep

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
    limit_logins(service, request)
    if not service.guard.accepts(body.password):
        raise ApiError(401, "wrong_password", "wrong password")
    response = json_response({"needed": True, "logged_in": True})
    secure = request.url.scheme == "https"
    response.set_cookie(
        COOKIE,
        service.guard.new_session(),
        max_age=SESSION_S,
        httponly=True,
        samesite="strict",
        secure=secure,
    )
    return response


def limit_logins(service: Service, request: Request) -> None:
    """Refuse whoever tries too many passwords."""
    wait_s = service.logins.take(request.client.host if request.client else "")
    if wait_s:
        headers = {"retry-after": str(math.ceil(wait_s))}
        raise ApiError(429, "too_often", "too many attempts; try again in a moment", headers=headers)


@routes.delete("/session", status_code=204, responses=openapi_responses(None))
async def log_out() -> Response:
    """Log out."""
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response
