"""The people who share the library: one's own password and sessions, and for administrators all users."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import Response

from segue.advice import command
from segue.serve.api import user_models as models
from segue.serve.http.clients import client_of
from segue.serve.http.errors import ApiError
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.service import Service, ServiceDep, caller_of
from segue.users import User

routes = APIRouter(tags=["users"])


def _me(service: Service, request: Request) -> User:
    """Who asks. Raises ApiError where the library has no users."""
    user = caller_of(request.scope).user
    if user is None:
        add = command("users add NAME", library=service.settings.library)
        raise ApiError(
            409, "no_users", f"the library has no users; the first one is added in the shell: {add}"
        )
    return user


@routes.get("/me", responses=openapi_responses(models.UserAnswer))
async def get_me(service: ServiceDep, request: Request) -> Response:
    """Who is logged in; with a token, the owner."""
    return json_response({"user": asdict(_me(service, request))})


@routes.put("/me/password", status_code=204, responses=openapi_responses(None, 429))
async def change_own_password(
    service: ServiceDep, request: Request, body: models.OwnPasswordRequest
) -> Response:
    """Change one's own password, which ends one's other sessions."""
    user, session = _me(service, request), caller_of(request.scope).session

    def right() -> bool:
        return service.users.is_password(user, body.old)

    if not await service.verified(client_of(request.scope), right):
        raise ApiError(403, "wrong_password", "the old password is not right")
    but = session.id if session else None
    await service.run(lambda: service.users.set_password(user, body.new, but=but))
    return Response(status_code=204)


@routes.post("/me/app-password", status_code=201, responses=openapi_responses(models.AppPassword, status=201))
async def make_app_password(service: ServiceDep, request: Request) -> Response:
    """Make a random password for apps, in place of the one before; it opens OpenSubsonic and nothing else."""
    word = await service.run(service.users.new_app_password, _me(service, request))
    return json_response({"app_password": word}, 201, {"cache-control": "no-store"})


@routes.delete("/me/app-password", status_code=204, responses=openapi_responses(None))
async def drop_app_password(service: ServiceDep, request: Request) -> Response:
    """Let no app log in as this user any more."""
    await service.run(service.users.drop_app_password, _me(service, request))
    return Response(status_code=204)


@routes.get("/me/sessions", responses=openapi_responses(models.UserSessions))
async def list_own_sessions(service: ServiceDep, request: Request) -> Response:
    """In which browsers one is logged in, the one seen last first."""
    user, current = _me(service, request), caller_of(request.scope).session
    sessions = await service.run(service.users.sessions.of, user.id)
    records = [
        {
            "id": one.id, "app": one.app, "client": one.client, "created_at": one.created_at,
            "seen_at": one.seen_at, "current": current is not None and one.id == current.id,
        }
        for one in sessions
    ]  # fmt: skip
    return json_response({"sessions": records})


@routes.delete("/me/sessions", status_code=204, responses=openapi_responses(None))
async def end_other_sessions(service: ServiceDep, request: Request) -> Response:
    """Log out in all browsers but this one."""
    user, current = _me(service, request), caller_of(request.scope).session
    await service.run(lambda: service.users.sessions.end_all(user.id, but=current.id if current else None))
    return Response(status_code=204)


@routes.delete("/me/sessions/{session_id}", status_code=204, responses=openapi_responses(None, 404))
async def end_own_session(service: ServiceDep, request: Request, session_id: str) -> Response:
    """Log out in one browser."""
    user = caller_of(request.scope).user
    if user is None or not await service.run(service.users.sessions.end, user.id, session_id):
        raise ApiError(404, "session_not_found", "you have no such session")
    return Response(status_code=204)


@routes.get("/users", responses=openapi_responses(models.Users))
async def list_users(service: ServiceDep) -> Response:
    """Who shares the library, the owner first. For administrators, as all of `/users`."""
    return json_response({"users": list(map(asdict, await service.run(service.users.all)))})


@routes.post("/users", status_code=201, responses=openapi_responses(models.UserAnswer, status=201))
async def add_user(service: ServiceDep, request: Request, body: models.NewUserRequest) -> Response:
    """Add a user. The first one, who becomes the owner, is added in the shell."""
    _me(service, request)
    async with service.verifying:
        user = await service.run(lambda: service.users.add(body.name, body.password, admin=body.admin))
    return json_response({"user": asdict(user)}, 201)


@routes.put("/users/{user_id}", responses=openapi_responses(models.UserAnswer, 404))
async def change_rights(
    service: ServiceDep, request: Request, user_id: str, body: models.RightsRequest
) -> Response:
    """Make another user an administrator or a listener; the owner stays an administrator."""
    user = _other(service, request, user_id)
    return json_response({"user": asdict(await service.run(service.users.set_admin, user, body.admin))})


@routes.put("/users/{user_id}/password", status_code=204, responses=openapi_responses(None, 404))
async def change_password(
    service: ServiceDep, request: Request, user_id: str, body: models.PasswordRequest
) -> Response:
    """Give another user a password, which ends their sessions."""
    user = _other(service, request, user_id)
    async with service.verifying:
        await service.run(service.users.set_password, user, body.password)
    return Response(status_code=204)


@routes.delete("/users/{user_id}/sessions", status_code=204, responses=openapi_responses(None, 404))
async def end_sessions(service: ServiceDep, request: Request, user_id: str) -> Response:
    """Log another user out everywhere."""
    await service.run(service.users.sessions.end_all, _other(service, request, user_id).id)
    return Response(status_code=204)


@routes.delete("/users/{user_id}", status_code=204, responses=openapi_responses(None, 404))
async def remove_user(service: ServiceDep, request: Request, user_id: str) -> Response:
    """Remove another user, with their likes, plays, playlists and sessions."""
    await service.run(service.users.remove, _other(service, request, user_id))
    return Response(status_code=204)


def _other(service: Service, request: Request, user_id: str) -> User:
    """Raises ApiError where nobody has this id, or where it is oneself."""
    accounts = service.guard.accounts()
    user = accounts.users.get(user_id) if accounts else None
    if user is None:
        raise ApiError(404, "user_not_found", "there is no such user")
    if user.id == _me(service, request).id:
        raise ApiError(409, "oneself", "this is for other users; your own password is at /me/password")
    return user
