"""The web app that serves one model over HTTP.

`create_app(uri)` returns the app. `uvicorn fairrun.serving.app:app` serves the model whose URI is
in the environment variable `FAIRRUN_MODEL`. `FAIRRUN_REASON_TEXTS` may have the path of a file with
the texts of adverse-decision notices.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import count
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from fairrun.errors import EXIT_BAD_REQUEST, RequestError
from fairrun.models.provenance import fetch
from fairrun.models.saved import SavedModel, load_saved
from fairrun.serving.answering import Reply, answer
from fairrun.serving.counting import CONTENT_TYPE, Counting
from fairrun.serving.errors import (
    FAILED,
    NO_METHOD,
    NO_PATH,
    NOT_READY,
    Refused,
    code_of,
    error_body,
    place_of,
)
from fairrun.serving.limits import Budget, ClientDisconnect, Limits, content_type, read_body
from fairrun.serving.openapi import openapi_document
from fairrun.serving.page import add_page
from fairrun.serving.parameters import read_parameters
from fairrun.serving.queue import LANES
from fairrun.serving.reason_file import read_texts
from fairrun.serving.reason_texts import ReasonTexts, texts_for
from fairrun.serving.refusal_log import RefusalLog
from fairrun.serving.responses import send_json, send_refusal
from fairrun.serving.security import Guard, token_of_environment
from fairrun.serving.workers import Workers

__all__ = ["create_app"]

_logger = logging.getLogger(__name__)

_MODEL_VARIABLE, _TEXTS_VARIABLE = "FAIRRUN_MODEL", "FAIRRUN_REASON_TEXTS"


class Predict:
    """The handler of `POST /predict`, as a plain ASGI app.

    A small body is answered at once, in the server's own process. A large body is answered by a
    worker process, so that it does not delay other requests. A request for explanations or
    counterfactuals also goes to a worker process, because it can take a thousand times as long.
    If the client closes its connection, a worker process does not go on with the request.

    Parameters
    ----------
    saved : SavedModel
        The model.
    limits : Limits
        The limits on size and time.
    counting : Counting
        The counters for `GET /metrics`.
    texts : ReasonTexts
        The texts of adverse-decision notices.
    """

    def __init__(
        self, saved: SavedModel, limits: Limits, counting: Counting, texts: ReasonTexts
    ) -> None:
        self.saved, self.limits, self.counting, self.texts = saved, limits, counting, texts
        self.workers: Workers | None = None
        self._budget = Budget(limits.all_bytes, limits.inline_bytes)
        counting.show_bytes(lambda: self._budget.held)
        self._number = count(1)
        #: Why the worker processes could not be started; None if they could.
        self.failure: RequestError | None = None
        self._refusals = RefusalLog(_logger)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        try:
            with self._budget.share() as share:
                query = scope.get("query_string", b"")
                quick = not read_parameters(query).slow
                kind = content_type(scope)
                body = await read_body(scope, receive, self.limits, share)
                if self.workers is None or (quick and len(body) <= self.limits.inline_bytes):
                    reply = answer(self.saved, body, query, kind, texts=self.texts)
                else:
                    reply = await self._ask(self.workers, body, query, kind, receive)
                await send_json(reply.status, reply.body, send)
        except Refused as refused:
            reply = Reply(refused.status, b"", code=refused.code)
            await send_refusal(refused, receive, send)
        except ClientDisconnect:
            self.counting.drop("client_gone")
            return
        seconds = time.perf_counter() - started
        self.counting.count(reply, seconds)
        number = next(self._number)
        if reply.code:
            self._refusals.add(reply.status, reply.code, f"request {number}")
        else:
            _logger.debug("request %d: %d rows in %.1f ms", number, reply.rows, 1000 * seconds)

    async def _ask(
        self, workers: Workers, body: bytes, query: bytes, kind: bytes, receive: Receive
    ) -> Reply:
        gone = asyncio.create_task(_wait_until_gone(receive))
        try:
            return await workers.ask(body, query, kind, gone=gone)
        finally:
            gone.cancel()


async def _wait_until_gone(receive: Receive) -> None:
    """Wait until the client closes its connection. Its body has been read before."""
    while (await receive())["type"] != "http.disconnect":
        pass


class App(FastAPI):
    """A FastAPI app in which `POST /predict` bypasses FastAPI's layers.

    These layers take as much time as the answer to a row.

    Parameters
    ----------
    predict : Predict
        The handler of `POST /predict`.
    guard : Guard
        The check of whether a request is allowed.
    **options
        The options of `fastapi.FastAPI`.
    """

    def __init__(self, predict: Predict, guard: Guard, **options: Any) -> None:
        super().__init__(**options)
        self.predict, self.guard = predict, guard
        #: Why the worker processes could not be started; None if they could.
        self.failure: RequestError | None = None
        self._refusals = RefusalLog(_logger)
        self.router.routes.append(Route("/predict", predict, methods=["POST"]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or handle a lifespan event."""
        if scope["type"] != "http":

            async def send_in_short(message: Message) -> None:
                if message["type"] == "lifespan.startup.failed" and self.failure is not None:
                    # The server would print the message, which is a traceback.
                    message = {"type": message["type"]}
                await send(message)

            await super().__call__(scope, receive, send_in_short)
            return
        try:
            if (refused := self.guard.refusal(scope)) is not None:
                self._refusals.add(refused.status, refused.code)
                await send_refusal(refused, receive, send)
            elif scope.get("path") == "/predict" and scope.get("method") == "POST":
                await self.predict(scope, receive, send)
            else:
                with suppress(Exception):  # `fail` has answered it, and Starlette raises it again.
                    await super().__call__(scope, receive, send)
        except asyncio.CancelledError:
            # The server cancels what is still running when its time to stop is over.
            await _send_instead(Refused(503, "the server is stopping; try again"), send)
        except Exception as error:
            _logger.error("internal error: %s", place_of(error))
            await _send_instead(FAILED, send)


async def _send_instead(refused: Refused, send: Send) -> None:
    """Send a refusal, unless an answer was already begun; the server then ends the connection."""
    with suppress(RuntimeError):
        await send_json(refused.status, refused.body, send)


def create_app(
    model: str,
    *,
    token: str | None = None,
    limits: Limits | None = None,
    processes: int = 2,
    reason_texts: str | None = None,
) -> App:
    """Return the app that serves a model.

    This function fetches, checks and loads the model. The worker processes start with the app's
    lifespan.

    Parameters
    ----------
    model : str
        The model URI, such as `runs:/<run id>/model`, or the path of a model.
    token : str, optional
        The bearer token that clients must send. Without a token, only requests over the loopback
        interface are answered, whatever address the server listens on.
    limits : Limits, optional
        The limits on the size and time of a request.
    processes : int, default 2
        The number of worker processes. One of them answers only requests for explanations of a few
        rows, the others large bodies.
    reason_texts : str, optional
        The path of a YAML file with the texts of adverse-decision notices; see `read_texts`.

    Returns
    -------
    App

    Raises
    ------
    RequestError
        If the model cannot be fetched or fails a check, or the texts cannot be used.
    """
    own_texts = None if reason_texts is None else read_texts(reason_texts)
    folder, provenance = fetch(model)
    try:
        saved = load_saved(folder)
    except RequestError as error:
        raise RequestError(f"model={model} is refused: {error}") from error
    texts = texts_for(saved, own_texts)
    for remark in texts.remarks:
        _logger.warning("%s", remark)
    limits = limits or Limits()
    counting = Counting()
    predict = Predict(saved, limits, counting, texts)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        workers = Workers(folder, processes, limits, counting, own_texts)
        for lane in LANES:
            counting.show_queue(lane, partial(workers.queue.length, lane))
        try:
            await workers.start()
        except RequestError as error:
            app.failure = error
            raise
        predict.workers = workers
        try:
            yield
        finally:
            predict.workers = None
            await workers.stop()

    # FastAPI's own documentation page loads scripts from a public CDN, so it is switched off.
    off: dict[str, Any] = {"openapi_url": None, "docs_url": None, "redoc_url": None}
    app = App(predict, Guard(token), lifespan=lifespan, redirect_slashes=False, **off)
    document = openapi_document(saved, provenance, limits, token=token is not None, texts=texts)
    app.openapi = lambda: document  # type: ignore[method-assign]

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> Response:
        if predict.workers is None:
            return Response(NOT_READY.body, NOT_READY.status, media_type="application/json")
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

    add_page(app)

    @app.exception_handler(HTTPException)
    async def refuse(_: Request, error: HTTPException) -> Response:
        known = {each.status: each.body for each in (NO_PATH, NO_METHOD)}
        body = known.get(error.status_code) or error_body(code_of(error.status_code), "refused")
        return Response(body, error.status_code, error.headers, "application/json")

    @app.exception_handler(Exception)
    async def fail(_: Request, error: Exception) -> Response:
        _logger.error("internal error: %s", place_of(error))
        return Response(FAILED.body, FAILED.status, media_type="application/json")

    return app


def __getattr__(name: str) -> App:
    """Return the app as the module's attribute `app`; it is created when uvicorn reads it."""
    if name != "app":
        raise AttributeError(name)
    try:
        if _MODEL_VARIABLE not in os.environ:
            raise RequestError(f"set {_MODEL_VARIABLE} to a model URI such as runs:/<run id>/model")
        return create_app(
            os.environ[_MODEL_VARIABLE],
            token=token_of_environment(),
            reason_texts=os.environ.get(_TEXTS_VARIABLE),
        )
    except RequestError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(EXIT_BAD_REQUEST) from error
