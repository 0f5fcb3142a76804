"""The web app that serves one model over HTTP.

`create_app(uri)` returns the app. `uvicorn fairrun.serving.app:app` serves the model whose URI is
in the environment variable `FAIRRUN_MODEL`. If the URI names an alias, the app follows it;
`FAIRRUN_POLL` has the seconds between two looks. `FAIRRUN_REASON_TEXTS` may have the path of a file
with the texts of adverse-decision notices.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from fairrun.errors import EXIT_BAD_REQUEST, RequestError
from fairrun.models.provenance import alias_of, look_up
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
from fairrun.serving.following import POLL_SECONDS, Follower
from fairrun.serving.limits import Limits
from fairrun.serving.page import add_page
from fairrun.serving.predict import Predict
from fairrun.serving.queue import LANES
from fairrun.serving.reason_file import read_texts
from fairrun.serving.refusal_log import RefusalLog
from fairrun.serving.responses import send_json, send_refusal
from fairrun.serving.security import Guard, token_of_environment
from fairrun.serving.serving_now import Loader, ServingNow
from fairrun.serving.version import State, version_of
from fairrun.serving.webhook import SECRET_VARIABLE, Webhook, secret_of_environment

__all__ = ["create_app"]

_logger = logging.getLogger(__name__)

_MODEL_VARIABLE, _POLL_VARIABLE = "FAIRRUN_MODEL", "FAIRRUN_POLL"
_TEXTS_VARIABLE = "FAIRRUN_REASON_TEXTS"


class App(FastAPI):
    """A FastAPI app in which `POST /predict` bypasses FastAPI's layers.

    These layers take as much time as the answer to a row.

    Parameters
    ----------
    predict : Predict
        The handler of `POST /predict`.
    guard : Guard
        The check of whether a request is allowed.
    webhook : Webhook, optional
        The handler of `POST /webhook`, which checks its requests itself.
    **options
        The options of `fastapi.FastAPI`.
    """

    def __init__(
        self, predict: Predict, guard: Guard, webhook: Webhook | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.predict, self.guard, self.webhook = predict, guard, webhook
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
            if self.webhook is not None and scope.get("path") == "/webhook":
                await self.webhook(scope, receive, send)
            elif (refused := self.guard.refusal(scope)) is not None:
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
    poll: float = POLL_SECONDS,
    webhook_secret: str | None = None,
    reason_texts: str | None = None,
) -> App:
    """Return the app that serves a model.

    This function fetches, checks and loads the model. The worker processes start with the app's
    lifespan.

    Parameters
    ----------
    model : str
        The model URI, such as `runs:/<run id>/model`, or the path of a model. If it names an alias,
        such as `models:/income@champion`, the app follows the alias.
    token : str, optional
        The bearer token that clients must send. Without a token, only requests over the loopback
        interface are answered, whatever address the server listens on.
    limits : Limits, optional
        The limits on the size and time of a request.
    processes : int, default 2
        The number of worker processes. One of them answers only requests for explanations of a few
        rows, the others large bodies.
    poll : float, default 10
        The seconds between two looks at the alias; 0 for none.
    webhook_secret : str, optional
        The secret of MLflow's webhook. With it, `POST /webhook` lets the app look at the alias.
    reason_texts : str, optional
        The path of a YAML file with the texts of adverse-decision notices; see `read_texts`.

    Returns
    -------
    App

    Raises
    ------
    RequestError
        If the model cannot be fetched or fails a check, or the texts or `poll` cannot be used.
    """
    if not 0 <= poll < math.inf:
        raise RequestError(f"poll={poll} is no number of seconds; give 10, or 0 for no look")
    own_texts = None if reason_texts is None else read_texts(reason_texts)
    limits = limits or Limits()
    counting = Counting()
    loader = Loader(model, limits, counting, processes, token is not None, own_texts)
    alias = alias_of(model) if poll or webhook_secret else None
    serving = ServingNow(loader.load(None if alias is None else look_up(alias)))
    counting.show_model(serving.now.provenance)
    follower = None if alias is None else Follower(serving, alias, loader, counting, poll)
    webhook = None
    if webhook_secret and follower and alias:
        webhook = Webhook(webhook_secret, alias.name, follower.look_soon, limits)
    elif webhook_secret:
        _logger.warning("%s is not used, because model=%s names no alias", SECRET_VARIABLE, model)
    predict = Predict(serving, limits, counting)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for lane in LANES:
            counting.show_queue(lane, partial(serving.waiting, lane))
        try:
            await serving.now.start()
        except RequestError as error:
            app.failure = error
            raise
        if follower is not None:
            follower.start()
        try:
            yield
        finally:
            # The follower ends first: after that, no other model takes over.
            stops = [] if follower is None else [follower.stop()]
            await asyncio.gather(*stops, serving.stop())

    # FastAPI's own documentation page loads scripts from a public CDN, so it is switched off.
    off: dict[str, Any] = {"openapi_url": None, "docs_url": None, "redoc_url": None}
    app = App(predict, Guard(token), webhook, lifespan=lifespan, redirect_slashes=False, **off)
    app.openapi = lambda: serving.now.document  # type: ignore[method-assign]

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> Response:
        if serving.now.running is None:
            return Response(NOT_READY.body, NOT_READY.status, media_type="application/json")
        return Response(b'{"status":"ready"}', media_type="application/json")

    @app.get("/version")
    async def version() -> dict[str, Any]:
        state = State() if follower is None else follower.state
        return version_of(serving.now.provenance, state)

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


def _poll_of_environment() -> int:
    given = os.environ.get(_POLL_VARIABLE) or str(POLL_SECONDS)
    if not (given.isascii() and given.isdigit() and len(given) <= 9):
        raise RequestError(f"{_POLL_VARIABLE}={given} is no number of seconds; give 10, or 0")
    return int(given)


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
            poll=_poll_of_environment(),
            webhook_secret=secret_of_environment(),
            reason_texts=os.environ.get(_TEXTS_VARIABLE),
        )
    except RequestError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(EXIT_BAD_REQUEST) from error
