"""The application: one process that serves a library to its player, to programs and to other players."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator
from types import FrameType
from typing import Any

import faiss
from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Lifespan

import segue
from segue.serve import subsonic
from segue.serve.api import (
    albums,
    clips,
    duplicates,
    feedback,
    folders,
    jobs,
    maps,
    play_queue,
    playlists,
    recommendations,
    search,
    session,
    sound,
    status,
    tracks,
    users,
)
from segue.serve.api import settings as settings_routes
from segue.serve.http import docs_page, player_page
from segue.serve.http.error_handlers import add_error_handlers
from segue.serve.http.methods import Methods
from segue.serve.http.middleware import PREFIX, Addresses, ServiceMiddleware
from segue.serve.http.uploads import Uploads
from segue.serve.http.validation import check_parameters
from segue.serve.max.api import MaxApi, max_uploads
from segue.serve.memory import give_memory_back, keep_memory_small
from segue.serve.service import Service
from segue.serve.settings import SETTINGS_VARIABLE, Settings

_PARTS = (
    session, users, status, albums, tracks, search, sound, recommendations, clips, playlists, play_queue,
    maps, feedback, folders, jobs, duplicates, settings_routes,
)  # fmt: skip
_SWEEP_EVERY_S = 60.0
_LOOK_EVERY_S = 1.0  # for the process that started this one
_ABOUT = 'Recommends music by how it sounds. Every error is `{"error": {"code", "message", "details"}}`.'


def make_app(settings: Settings) -> ASGIApp:
    """The application of one worker."""
    faiss.omp_set_num_threads(1)  # in this thread, which searches: the other cores are the other workers'
    service = Service(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        _stop_on_signals(service)
        service.watching.start()
        tasks = [asyncio.create_task(_sweep(service)), asyncio.create_task(_end_with_parent())]
        yield
        for task in tasks:
            task.cancel()
        service.close()

    app = make_api(lifespan)
    app.state.service = service
    add_error_handlers(app, settings)
    uploads = {f"{PREFIX}{clips.CLIPS}": Uploads(service.levels, "upload", settings.uploads_a_minute)}
    if settings.max_api:
        app.router.routes.extend(MaxApi(settings, service.decoding).routes())
        uploads |= max_uploads(settings, service.levels)
    app.include_router(subsonic.routes)
    app.add_route("/docs", docs_page.docs_page, include_in_schema=False)
    app.add_route("/{path:path}", player_page.page, methods=["GET"], include_in_schema=False)
    hot = {f"{PREFIX}{recommendations.SIMILAR}": recommendations.Similar(service)}
    addresses = Addresses(uploads, _methods(), hot)
    return ServiceMiddleware(
        app, settings, service.guard, service.logins, service.metrics, addresses, service.presence
    )


def _methods() -> Methods:
    routes = [(PREFIX, route) for part in _PARTS for route in part.routes.routes]
    routes += [("", route) for route in status.outside.routes]
    tables: dict[bool, list[tuple[str, set[str]]]] = {True: [], False: []}
    for prefix, route in routes:
        if isinstance(route, APIRoute):
            tables[route.include_in_schema].append((f"{prefix}{route.path}", route.methods or set()))
    return Methods(tables[True], tables[False])


def make_api(lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """The JSON API alone: what OpenAPI describes. To answer, it needs a service in ``app.state``."""
    app = FastAPI(
        title="Segue", version=segue.__version__, description=_ABOUT, lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name, docs_url=None, redoc_url=None,
    )  # fmt: skip
    checks = [Depends(check_parameters)]
    for part in _PARTS:
        app.include_router(part.routes, prefix=PREFIX, dependencies=checks)
    app.include_router(status.outside)
    return app


def _stop_on_signals(service: Service) -> None:
    """On Ctrl-C, first stop jobs and streams, which would hold the server up."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        usual = signal.getsignal(number)
        if callable(usual):

            def stop(number: int, frame: FrameType | None, usual: Any = usual) -> None:
                service.ending.set()
                service.watching.stop()
                service.jobs.stop()
                usual(number, frame)

            signal.signal(number, stop)


async def _sweep(service: Service) -> None:
    """Delete what has expired, and give back memory that nobody uses."""
    while True:
        await asyncio.sleep(_SWEEP_EVERY_S)
        await service.run(service.sweep)
        await service.run(give_memory_back)


async def _end_with_parent() -> None:
    """End this worker when the process that started it was killed: it would keep the port."""
    parent = multiprocessing.parent_process()
    while parent is not None:
        await asyncio.sleep(_LOOK_EVERY_S)
        if not parent.is_alive():
            signal.raise_signal(signal.SIGTERM)
            return


def make_worker_app() -> ASGIApp:
    """As ``make_app``, in a worker process: the settings come in an environment variable."""
    keep_memory_small()
    return make_app(Settings.from_json(os.environ[SETTINGS_VARIABLE]))
