"""The app: one model over HTTP.

`create_app(uri)` makes it; `uvicorn fairrun.serving.app:app` takes the URI from `FAIRRUN_MODEL`.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from fairrun.errors import EXIT_BAD_REQUEST, RequestError
from fairrun.models.provenance import fetch
from fairrun.models.saved import SavedModel, load_saved
from fairrun.serving.answering import Reply, answer
from fairrun.serving.counting import CONTENT_TYPE, Counting
from fairrun.serving.errors import Refused, code_of, error_body
from fairrun.serving.limits import Budget, ClientDisconnect, Limits, read_body
from fairrun.serving.openapi import openapi_document
from fairrun.serving.parameters import read_parameters
from fairrun.serving.responses import send_json, send_refusal
from fairrun.serving.security import Guard, token_of_environment
from fairrun.serving.workers import Workers

__all__ = ["create_app"]

_logger = logging.getLogger(__name__)

_MODEL_VARIABLE = "FAIRRUN_MODEL"
_OWN = Path(__file__).parent / "static"
_SWAGGER = Path(str(files("fastapi_swagger"))) / "resources"
#: What the page at /docs consists of, all of it from here.
_PAGE = {
    "": (_OWN / "docs.html", "text/html"),
    "/page.js": (_OWN / "page.js", "text/javascript"),
    "/swagger-ui.css": (_SWAGGER / "swagger-ui.css", "text/css"),
    "/swagger-ui-bundle.js": (_SWAGGER / "swagger-ui-bundle.js", "text/javascript"),
}
#: A browser that keeps this asks nobody else for anything.
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"


class Predict:
    """`POST /predict`, as plain ASGI: nothing looks at a row but the model.

    A small body is answered at once; answers of many clients follow each other. A large one goes to
    another process, and so does one that is to be explained or asked for counterfactuals, which may
    take a thousand times as long.
    """

    def __init__(self, saved: SavedModel, limits: Limits, counting: Counting) -> None:
        self.saved, self.limits, self.counting = saved, limits, counting
        self.workers: Workers | None = None
        self._budget = Budget(limits.all_bytes)
        self._number = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        try:
            with self._budget.share() as share:
                query = scope.get("query_string", b"")
                quick = not read_parameters(query).slow
                body = await read_body(scope, receive, self.limits, share)
                if self.workers is None or (quick and len(body) <= self.limits.inline_bytes):
                    reply = answer(self.saved, body, query)
                else:
                    reply = await self.workers.ask(body, query)
                await send_json(reply.status, reply.body, send)
        except Refused as refused:
            reply = Reply(refused.status, b"", code=refused.code)
            await send_refusal(refused, receive, send)
        except ClientDisconnect:
            return
        seconds = time.perf_counter() - started
        self.counting.count(reply, seconds)
        number = next(self._number)
        if reply.code:
            _logger.info("request %d: %d %s", number, reply.status, reply.code)
        else:
            _logger.debug("request %d: %d rows in %.1f ms", number, reply.rows, 1000 * seconds)


class App(FastAPI):
    """FastAPI, but that rows go straight to the model: its layers cost as much as an answer.

    Parameters
    ----------
    predict : Predict
        What answers `POST /predict`.
    guard : Guard
        Who may ask.
    **options
        Those of FastAPI.
    """

    def __init__(self, predict: Predict, guard: Guard, **options: Any) -> None:
        super().__init__(**options)
        self.predict, self.guard = predict, guard
        self.router.routes.append(Route("/predict", predict, methods=["POST"]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run the lifespan."""
        if scope["type"] == "http" and (refused := self.guard.refusal(scope)) is not None:
            await send_refusal(refused, receive, send)
        elif scope.get("path") == "/predict" and scope.get("method") == "POST":
            await self.predict(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(
    model: str, *, token: str | None = None, limits: Limits | None = None, processes: int = 2
) -> App:
    """Make the app that serves a model.

    The model is fetched, checked and loaded here; its processes start with the app's lifespan.

    Parameters
    ----------
    model : str
        Any model URI.
    token : str, optional
        What clients must send as a bearer token. Without one, only requests that come by loopback
        are answered, whatever address the server is bound to.
    limits : Limits, optional
        What a request may cost.
    processes : int, default 2
        How many processes answer large bodies.

    Raises
    ------
    RequestError
        If the model cannot be had, or is refused.
    """
    folder, provenance = fetch(model)
    try:
        saved = load_saved(folder)
    except RequestError as error:
        raise RequestError(f"model={model} is refused: {error}") from error
    limits = limits or Limits()
    counting = Counting()
    predict = Predict(saved, limits, counting)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        workers = Workers(folder, processes, limits.answer_seconds)
        await workers.start()
        predict.workers = workers
        try:
            yield
        finally:
            predict.workers = None
            await workers.stop()

    # FastAPI's own page loads its scripts from elsewhere.
    off: dict[str, Any] = {"openapi_url": None, "docs_url": None, "redoc_url": None}
    app = App(predict, Guard(token), lifespan=lifespan, redirect_slashes=False, **off)
    document = openapi_document(
        saved.description,
        version=provenance.version or provenance.model_id or model,
        mitigator=provenance.mitigator,
        token=token is not None,
    )
    app.openapi = lambda: document  # type: ignore[method-assign]

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> Response:
        if predict.workers is None:
            body = error_body(code_of(503), "the model is not loaded yet, or not any more")
            return Response(body, 503, media_type="application/json")
        return Response(b'{"status":"ready"}', media_type="application/json")

    @app.get("/version")
    async def version() -> dict[str, Any]:
        return provenance.to_dict()

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(counting.text(), headers={"content-type": CONTENT_TYPE})

    @app.get("/openapi.json")
    async def openapi() -> dict[str, Any]:
        return app.openapi()

    @app.get("/docs{part:path}")
    async def docs(part: str) -> Response:
        if part not in _PAGE:
            raise HTTPException(404)
        path, kind = _PAGE[part]
        headers = {"content-security-policy": _POLICY, "x-content-type-options": "nosniff"}
        return FileResponse(path, media_type=kind, headers=headers)

    @app.exception_handler(HTTPException)
    async def refuse(_: Request, error: HTTPException) -> Response:
        said = {404: "there is nothing here; see /docs", 405: "another method is needed here"}
        body = error_body(code_of(error.status_code), said.get(error.status_code, "refused"))
        return Response(body, error.status_code, error.headers, "application/json")

    return app


def __getattr__(name: str) -> App:
    """Make `app` when uvicorn asks for it."""
    if name != "app":
        raise AttributeError(name)
    try:
        if _MODEL_VARIABLE not in os.environ:
            raise RequestError(f"set {_MODEL_VARIABLE} to a model URI such as runs:/<run id>/model")
        return create_app(os.environ[_MODEL_VARIABLE], token=token_of_environment())
    except RequestError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(EXIT_BAD_REQUEST) from error
