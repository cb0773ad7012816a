"""The service of IBM's MAX Audio Embedding Generator (version 1.2.0), in its place.

A client that was written for it works unchanged. What that service answered with a fault of its own, or
ended on, is a 4xx with ``status`` and ``message`` here; and any audio is taken, not only WAV of 16 bits.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from segue.audio.peaks import TooLong, compute_peaks
from segue.errors import AudioError, DamagedAudioError, SegueError
from segue.serve.http.docs_page import describe_operations
from segue.serve.http.errors import ApiError, one_line, without_paths
from segue.serve.http.limits import Levels, make_levels
from segue.serve.http.logins import Logins
from segue.serve.http.metrics import Metrics
from segue.serve.http.middleware import Addresses, ServiceMiddleware
from segue.serve.http.player_page import plain_page
from segue.serve.http.security import Guard
from segue.serve.http.thread_pool import Pool
from segue.serve.http.uploads import Uploads
from segue.serve.memory import keep_memory_small
from segue.serve.settings import SETTINGS_VARIABLE, Settings
from segue.spec import Embedder

TITLE = "MAX Audio Embedding Generator"
LONGEST_S = 3600.0  # of sound in one request
_PATIENCE_S = 20.0  # of looking whether it is too long
_SR = 8_000  # Hz
_DECODERS = 2  # requests that are worked on at a time
_METADATA = {
    "id": "audio_embeddings-tf",
    "name": "audio_embeddings TensorFlow Model",
    "description": "Embeddings of sound by VGGish, 128 numbers of 8 bits for each 0.96 s",
    "type": "audio_embeddings",
    "license": "Apache 2.0",
    "source": "https://github.com/tensorflow/models/tree/master/research/audioset/vggish",
}
_PREDICT = "/model/predict"
_TIMES_AS_MANY = 10  # the classic client posts file after file
_SOUND = "a sound, as WAV or in any other format"


class MaxApi:
    """Its routes, answered by an embedder whose windows are frames of VGGish."""

    def __init__(self, settings: Settings, pool: Pool) -> None:
        self._settings, self._pool = settings, pool
        self._embedder: Embedder | None = None

    def routes(self) -> list[Route]:
        return [
            Route("/model/metadata", self.metadata, methods=["GET"]),
            Route(_PREDICT, self.predict, methods=["POST"]),
            Route("/swagger.json", self.swagger, methods=["GET"]),
        ]

    async def metadata(self, _: Request) -> Response:
        return _json(_METADATA)

    async def swagger(self, _: Request) -> Response:
        return _json(SWAGGER)

    async def predict(self, request: Request) -> Response:
        """``{"status": "ok", "embedding": [[128 numbers], ...]}``, or why not."""
        try:
            async with request.form(max_files=1, max_fields=8) as form:
                sound = form.get("audio")
                if not isinstance(sound, UploadFile):
                    return _error(400, f"the form has no file 'audio': send {_SOUND}")
                frames = await self._pool.run(self._frames, sound.file)
        except HTTPException as error:
            return _error(error.status_code, str(error.detail))
        except AudioError as error:
            return _error(400, without_paths(str(error), ""))
        except SegueError as error:
            return _error(503, without_paths(str(error), ""))
        return _json({"status": "ok", "embedding": frames.tolist()})

    def _frames(self, file: BinaryIO) -> np.ndarray[Any, Any]:
        from segue.embed.file_windows import embed_file

        if self._embedder is None:
            from segue.embed.registry import make_embedders

            (self._embedder,) = make_embedders([self._settings.embedder])
        # Decoders want a file with a place; it is gone before the answer leaves.
        with tempfile.TemporaryDirectory(dir=self._settings.scratch) as folder:
            path = Path(folder) / "sound"
            with path.open("wb") as out:
                while chunk := file.read(1 << 20):
                    out.write(chunk)
            if path.stat().st_size == 0:
                raise DamagedAudioError("the file is empty (0 bytes)")
            try:
                compute_peaks(path, _SR, longest_s=LONGEST_S, patience_s=_PATIENCE_S)
            except TooLong as error:
                raise HTTPException(413, f"{error}; at most {LONGEST_S:.0f} s are taken") from None
            return embed_file(path, self._embedder).windows


def max_uploads(settings: Settings, levels: Levels) -> dict[str, Uploads]:
    """Who may send sounds, by path."""
    return {_PREDICT: Uploads(levels, "predict", _TIMES_AS_MANY * settings.uploads_a_minute)}


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, "application/json")


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return _json({"status": "error", "message": one_line(message)}, status, headers)


def make_max_app(settings: Settings) -> ASGIApp:
    """The service without a library: its interface at ``/``."""
    pool = Pool("decode", _DECODERS)
    api = MaxApi(settings, pool)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        pool.close(lambda: None)

    async def start(_: Request) -> Response:
        return plain_page(TITLE, _FORM + describe_operations(SWAGGER, "/swagger.json"))

    async def of_http(_: Request, error: Exception) -> Response:
        http_error = error if isinstance(error, HTTPException) else HTTPException(500)
        return _error(http_error.status_code, str(http_error.detail))

    async def of_bug(_: Request, __: Exception) -> Response:
        return _error(500, "internal error; the service's log has the details")

    async def of_ours(_: Request, error: Exception) -> Response:
        api_error = error if isinstance(error, ApiError) else ApiError(500, "internal", "")
        return _error(api_error.status, api_error.message)

    handlers = {HTTPException: of_http, ApiError: of_ours, Exception: of_bug}
    app = Starlette(routes=[Route("/", start), *api.routes()], lifespan=lifespan, exception_handlers=handlers)
    levels = make_levels(settings.scratch, settings.workers)
    uploads = max_uploads(settings, levels)
    return ServiceMiddleware(app, settings, Guard(settings), Logins(levels), Metrics(), Addresses(uploads))


def make_max_worker_app() -> ASGIApp:
    """As ``make_max_app``, in a worker process."""
    keep_memory_small()
    return make_max_app(Settings.from_json(os.environ[SETTINGS_VARIABLE]))


_FORM = (
    '<form action="/model/predict" method="post" enctype="multipart/form-data"><p>Try it: '
    '<input type="file" name="audio" accept="audio/*" required> <button>Embed</button></p></form>'
)
_ERROR = {"type": "object", "properties": {"status": {"type": "string"}, "message": {"type": "string"}}}
SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "basePath": "/",
    "info": {
        "title": TITLE,
        "description": "Generate embedding vectors from audio files.",
        "version": "1.2.0",
    },
    "produces": ["application/json"],
    "consumes": ["application/json"],
    "tags": [{"name": "model", "description": "Model information and inference operations"}],
    "paths": {
        "/model/metadata": {
            "get": {
                "summary": "Return the metadata associated with the model",
                "operationId": "get_model_metadata",
                "tags": ["model"],
                "responses": {
                    "200": {"description": "Success", "schema": {"$ref": "#/definitions/ModelMetadata"}}
                },
            }
        },
        "/model/predict": {
            "post": {
                "summary": "Make a prediction given input data",
                "operationId": "predict",
                "tags": ["model"],
                "consumes": ["multipart/form-data"],
                "parameters": [
                    {
                        "name": "audio",
                        "in": "formData",
                        "type": "file",
                        "required": True,
                        "description": _SOUND,
                    }
                ],
                "responses": {
                    "200": {
                        "description": "Success",
                        "schema": {"$ref": "#/definitions/ModelPredictResponse"},
                    },
                    "400": {"description": "No sound, or none that can be used", "schema": _ERROR},
                    "413": {"description": "Too large", "schema": _ERROR},
                    "429": {"description": "Too often", "schema": _ERROR},
                },
            }
        },
    },
    "definitions": {
        "ModelMetadata": {
            "type": "object",
            "required": ["id", "license", "name", "type"],
            "properties": {name: {"type": "string"} for name in _METADATA},
        },
        "ModelPredictResponse": {
            "type": "object",
            "required": ["status"],
            "properties": {
                "status": {"type": "string", "description": "Response status message"},
                "embedding": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
            },
        },
    },
}
