"""OpenSubsonic: other players browse, stream and ask for similar songs."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from segue.errors import SegueError
from segue.serve.http.errors import ApiError, api_error
from segue.serve.service import ServiceDep
from segue.serve.subsonic import encoding, media
from segue.serve.subsonic.call import Call, SubsonicError
from segue.serve.subsonic.methods import METHODS, OPEN

routes = APIRouter(include_in_schema=False)
_MOST_FIELDS = 20_000  # of a form: a playlist is sent as one field a song


@routes.api_route("/rest/{method}", methods=["GET", "POST"])
async def rest(service: ServiceDep, request: Request, method: str) -> Response:
    """Any method, with or without ``.view``; errors have status 200, as players expect."""
    pairs = list(request.query_params.multi_items())
    if request.method == "POST" and "form" in request.headers.get("content-type", ""):
        async with request.form(max_files=0, max_fields=_MOST_FIELDS) as fields:
            pairs += [(name, value) for name, value in fields.multi_items() if isinstance(value, str)]
    call = Call(service, request, pairs)
    name = method.removesuffix(".view")
    try:
        call.check()
        service.presence.check()
        if name not in OPEN:
            call.log_in()
        if name in media.METHODS:
            return await media.METHODS[name](call)
        work = METHODS.get(name)
        if work is None:
            raise SubsonicError(0, f"there is no method {name[:40]!r} here")
        return encoding.answer(call, await service.run(work, call))
    except SubsonicError as error:
        return encoding.failure(call, error.code, str(error))
    except (ApiError, SegueError) as error:
        fault = error if isinstance(error, ApiError) else api_error(error, service.settings.library)
        if fault.status == 416:  # players that ask for ranges look at the status
            return fault.response()
        return encoding.failure(call, 70 if fault.status == 404 else 0, fault.message)
