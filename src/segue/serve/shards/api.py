"""The service of an index in shards: what is nearest to a row or to a vector. It knows ids, and no tracks."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from html import escape
from typing import Annotated, Literal

import faiss
import numpy as np
from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat
from starlette.responses import Response
from starlette.types import ASGIApp

import segue
from segue.errors import UsageError, VectorError
from segue.serve.http import docs_page
from segue.serve.http.error_handlers import add_error_handlers
from segue.serve.http.errors import ApiError
from segue.serve.http.limits import make_levels
from segue.serve.http.logins import Logins
from segue.serve.http.metrics import Metrics
from segue.serve.http.middleware import PREFIX, Addresses, ServiceMiddleware
from segue.serve.http.player_page import plain_page
from segue.serve.http.security import Guard
from segue.serve.http.thread_pool import Pool
from segue.serve.http.validation import check_parameters
from segue.serve.memory import keep_memory_small
from segue.serve.settings import SETTINGS_VARIABLE, Settings
from segue.spark.shards import Shards
from segue.track import Vector

TITLE = "Segue: an index in shards"
_MOST_QUERIES, _MOST_NEIGHBORS, _LONGEST_VECTOR = 100, 1000, 100_000
_THREADS = 4  # questions that are answered at a time

routes = APIRouter()
_Vector = Annotated[list[FiniteFloat], Field(min_length=1, max_length=_LONGEST_VECTOR)]
_Id = Annotated[str, Field(min_length=1, max_length=4096)]


class Question(BaseModel):
    """What to look for: ids of rows, or vectors as the index has them."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"queries": ["song-17", [0.5, -0.25]], "k": 3}}
    )

    queries: Annotated[list[_Id | _Vector], Field(min_length=1, max_length=_MOST_QUERIES)]
    k: Annotated[int, Field(ge=1, le=_MOST_NEIGHBORS)] = 10
    recall: Annotated[
        float, Field(gt=0, le=1, description="Share of the truly nearest to find; 1 compares with every row")
    ] = 0.95


class Neighbor(BaseModel):
    id: str
    score: Annotated[float, Field(description="The cosine: 1 is the same direction")]


class Answers(BaseModel):
    """Of each query, in their order; nearest first. A row is its own nearest."""

    answers: list[list[Neighbor]]


class Extent(BaseModel):
    """How much is in the index."""

    rows: int
    dim: Annotated[int, Field(description="Numbers of a vector")]
    shards: int


@routes.post("/nearest")
async def nearest(question: Question, request: Request) -> Answers:
    """The rows nearest to some rows or vectors, by the cosine."""
    shards: Shards = request.app.state.shards
    pool: Pool = request.app.state.pool
    return await pool.run(_answer, shards, question)


class Health(BaseModel):
    status: Literal["ok"]
    version: str
    rows: int


@routes.get("/health")
async def get_health(request: Request) -> Health:
    """Whether the service is up."""
    shards: Shards = request.app.state.shards
    return Health(status="ok", version=segue.__version__, rows=len(shards))


@routes.get("/index")
async def extent(request: Request) -> Extent:
    """How many rows there are, and of what size."""
    shards: Shards = request.app.state.shards
    return Extent(rows=len(shards), dim=shards.dim, shards=shards.n_shards)


def _answer(shards: Shards, question: Question) -> Answers:
    faiss.omp_set_num_threads(1)  # in this thread: the other cores are for other questions
    lists = [shards.nearest(_vector(shards, q), question.k, recall=question.recall) for q in question.queries]
    return Answers(answers=[[Neighbor(id=name, score=score) for name, score in one] for one in lists])


def _vector(shards: Shards, query: str | list[float]) -> Vector:
    try:
        if isinstance(query, str):
            return shards.vector_of(query)
        return shards.checked(np.array(query, np.float32))
    except VectorError as error:
        raise ApiError(422, "invalid", str(error)) from None
    except UsageError as error:
        raise ApiError(404, "row_not_found", str(error)) from None


def make_shards_app(settings: Settings) -> ASGIApp:
    """The application of one worker. Raises UsageError where the folder holds no index."""
    assert settings.shards is not None
    pool = Pool("search", _THREADS)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        pool.close(lambda: None)

    app = FastAPI(
        title=TITLE, version=segue.__version__, lifespan=lifespan, docs_url=None, redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )  # fmt: skip
    app.state.shards, app.state.pool, app.state.metrics = Shards.open(settings.shards), pool, Metrics()
    app.include_router(routes, prefix=PREFIX, dependencies=[Depends(check_parameters)])
    app.add_route("/docs", docs_page.docs_page, include_in_schema=False)
    app.add_route("/metrics", _metrics, include_in_schema=False)
    app.add_route("/", _start, include_in_schema=False)
    add_error_handlers(app, settings)
    logins = Logins(make_levels(settings.scratch, settings.workers))
    return ServiceMiddleware(app, settings, Guard(settings), logins, app.state.metrics, Addresses({}))


async def _start(request: Request) -> Response:
    shards: Shards = request.app.state.shards
    n = "1 shard" if shards.n_shards == 1 else f"{shards.n_shards} shards"
    text = f"{len(shards):,} rows of {shards.dim} numbers in {n}"
    docs = f"{request.scope.get('root_path', '')}/docs"
    return plain_page(TITLE, f'<p>{escape(text)}. <a href="{docs}">The interface</a>.</p>')


async def _metrics(request: Request) -> Response:
    """How many requests there were and how long they took, as Prometheus reads it."""
    metrics: Metrics = request.app.state.metrics
    text = metrics.text({"rows": ("Rows of the index.", float(len(request.app.state.shards)))})
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def make_shards_worker_app() -> ASGIApp:
    """As ``make_shards_app``, in a worker process."""
    keep_memory_small()
    return make_shards_app(Settings.from_json(os.environ[SETTINGS_VARIABLE]))
