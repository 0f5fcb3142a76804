"""What a request may cost: size, time, and the memory of all requests together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.types import Message, Receive, Scope

from fairrun.serving.errors import Refused

__all__ = ["Budget", "ClientDisconnect", "Limits", "drain", "read_body"]


@dataclass(frozen=True)
class Limits:
    """The limits of an app.

    Attributes
    ----------
    body_bytes : int
        The largest body.
    all_bytes : int
        The largest sum of all bodies that are being read or answered.
    body_seconds : float
        How long a body may take to arrive.
    answer_seconds : float
        How long a large one may take to be answered.
    inline_bytes : int
        A body up to this is answered by the server itself; a larger one in another process.
    """

    body_bytes: int = 32 * 2**20
    all_bytes: int = 128 * 2**20
    body_seconds: float = 30.0
    answer_seconds: float = 60.0
    inline_bytes: int = 64 * 2**10


class Budget:
    """The bytes of all bodies that are in memory."""

    def __init__(self, limit: int) -> None:
        self.limit, self.held = limit, 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """Open the share of one request, given back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            self.held -= share.held


class Share:
    """What one request holds of a budget."""

    def __init__(self, budget: Budget) -> None:
        self.budget, self.held = budget, 0

    def take(self, size: int) -> None:
        """Hold more bytes; refuses with 503 if there are too many."""
        self.held += size
        self.budget.held += size
        if self.budget.held > self.budget.limit:
            raise Refused(503, "too many large requests at once; try again in a second")


async def read_body(scope: Scope, receive: Receive, limits: Limits, share: Share) -> bytes:
    """Read the body of a request.

    Raises
    ------
    Refused
        408, 413, 415 or 503: too slow, too large, not JSON, too many at once.
    ClientDisconnect
        If nobody waits for an answer any more.
    """
    headers = dict(scope["headers"])
    kind, _, parameters = headers.get(b"content-type", b"").lower().partition(b";")
    charset = parameters.replace(b" ", b"").replace(b'"', b"")
    if kind.strip() != b"application/json" or charset not in (b"", b"charset=utf-8"):
        raise Refused(415, "the content type must be application/json")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Refused(415, "the body must not be compressed")
    declared = headers.get(b"content-length", b"")
    too_large = Refused(413, f"the body has more than {limits.body_bytes:,} bytes; send fewer rows")
    if declared.isdigit() and int(declared) > limits.body_bytes:
        raise too_large
    chunks: list[bytes] = []
    try:
        async with asyncio.timeout(limits.body_seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                chunk: bytes = message.get("body", b"")
                share.take(len(chunk))
                chunks.append(chunk)
                if share.held > limits.body_bytes:
                    raise too_large
                if not message.get("more_body", False):
                    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
    except TimeoutError:
        raise Refused(
            408, f"the body did not arrive within {limits.body_seconds:g} seconds"
        ) from None


async def drain(receive: Receive, seconds: float = 2.0) -> None:
    """Take and forget what a refused client still sends, for a while.

    Closed with bytes unread, a connection is reset, and the client may never read the refusal.
    """
    message: Message = {"type": "http.request", "more_body": True}
    try:
        async with asyncio.timeout(seconds):
            while message["type"] == "http.request" and message.get("more_body", False):
                message = await receive()
    except TimeoutError:
        pass


class ClientDisconnect(Exception):  # noqa: N818 - as Starlette calls it
    """The client is gone."""
