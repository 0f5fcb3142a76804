"""The handler of `POST /predict`."""

from __future__ import annotations

import asyncio
import logging
import time
from itertools import count

from starlette.types import Receive, Scope, Send

from fairrun.serving.answering import Reply, answer
from fairrun.serving.counting import Counting
from fairrun.serving.errors import Refused
from fairrun.serving.limits import Budget, ClientDisconnect, Limits, content_type, read_body
from fairrun.serving.parameters import read_parameters
from fairrun.serving.refusal_log import RefusalLog
from fairrun.serving.responses import Header, send_json, send_refusal
from fairrun.serving.serving_now import ServingNow
from fairrun.serving.workers import Workers

__all__ = ["Predict"]

_logger = logging.getLogger(__name__)


class Predict:
    """The handler of `POST /predict`, as a plain ASGI app.

    A small body is answered at once, in the server's own process. A large body is answered by a
    worker process, so that it does not delay other requests. A request for explanations or
    counterfactuals also goes to a worker process, because it can take a thousand times as long.
    If the client closes its connection, a worker process does not go on with the request.

    The model that is served when the body of a request has arrived answers the whole request. A
    header of the answer names it.

    Parameters
    ----------
    serving : ServingNow
        The model.
    limits : Limits
        The limits on size and time.
    counting : Counting
        The counters for `GET /metrics`.
    """

    def __init__(self, serving: ServingNow, limits: Limits, counting: Counting) -> None:
        self.serving, self.limits, self.counting = serving, limits, counting
        self._budget = Budget(limits.all_bytes, limits.inline_bytes)
        counting.show_bytes(lambda: self._budget.held)
        self._number = count(1)
        self._refusals = RefusalLog(_logger)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        named: tuple[Header, ...] = ()
        try:
            with self._budget.share() as share:
                query = scope.get("query_string", b"")
                quick = not read_parameters(query).slow
                kind = content_type(scope)
                body = await read_body(scope, receive, self.limits, share)
                served = self.serving.now
                named = (served.header,)
                workers = served.running
                if workers is None or (quick and len(body) <= self.limits.inline_bytes):
                    reply = answer(served.saved, body, query, kind, texts=served.texts)
                else:
                    with served.used():
                        reply = await _ask(workers, body, query, kind, receive)
                await send_json(reply.status, reply.body, send, named)
        except Refused as refused:
            reply = Reply(refused.status, b"", code=refused.code)
            await send_refusal(refused, receive, send, named)
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


async def _ask(workers: Workers, body: bytes, query: bytes, kind: bytes, receive: Receive) -> Reply:
    gone = asyncio.create_task(_wait_until_gone(receive))
    try:
        return await workers.ask(body, query, kind, gone=gone)
    finally:
        gone.cancel()


async def _wait_until_gone(receive: Receive) -> None:
    """Wait until the client closes its connection. Its body has been read before."""
    while (await receive())["type"] != "http.disconnect":
        pass
