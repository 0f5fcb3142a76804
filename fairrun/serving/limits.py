"""Limits on requests: size, time, and the memory of all requests together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.types import Message, Receive, Scope

from fairrun.serving.errors import Refused

__all__ = [
    "CSV",
    "JSON",
    "Budget",
    "ClientDisconnect",
    "Limits",
    "content_type",
    "drain",
    "read_body",
    "wrong_type",
]

JSON, CSV = b"application/json", b"text/csv"


@dataclass(frozen=True)
class Limits:
    """The limits of an app.

    Attributes
    ----------
    body_bytes : int
        The largest size of a body, in bytes.
    all_bytes : int
        The largest total size of all bodies that are being read or answered, in bytes.
    body_seconds : float
        The longest time for a body to arrive, in seconds.
    answer_seconds : float
        The longest time from the arrival of a body to its answer, in seconds.
    inline_bytes : int
        The largest size of a body that the server's own process answers, in bytes. Worker processes
        answer larger bodies, and all requests for explanations or counterfactuals. An eighth of
        `all_bytes` is reserved for bodies of this size.
    short_bytes : int
        The largest size of a body whose explanations do not wait for large bodies, in bytes.
    queue_requests : int
        The largest number of requests that wait for a worker process. Requests for explanations of
        `short_bytes` or less have a queue of their own.
    """

    body_bytes: int = 32 * 2**20
    all_bytes: int = 128 * 2**20
    body_seconds: float = 30.0
    answer_seconds: float = 60.0
    inline_bytes: int = 64 * 2**10
    short_bytes: int = 16 * 2**10
    queue_requests: int = 64

    def too_large(self) -> Refused:
        """Return the refusal of a body with too many bytes."""
        return Refused(413, f"the body has more than {self.body_bytes:,} bytes; send fewer rows")

    def too_slow(self) -> Refused:
        """Return the refusal of a body that does not arrive in time."""
        return Refused(
            408, f"the body took longer than {self.body_seconds:g} seconds; send fewer rows"
        )

    def no_answer(self) -> Refused:
        """Return the refusal of a request whose answer takes too long."""
        return Refused(
            504,
            f"no answer within {self.answer_seconds:g} seconds; send fewer rows at a time, or try "
            "again later",
        )


class Budget:
    """The total size of all request bodies in memory, with an upper limit.

    Parameters
    ----------
    limit : int
        The largest total size, in bytes.
    small : int
        The largest size of a small body, in bytes. An eighth of the limit is reserved for small
        bodies, so that a few large ones do not keep them out.
    """

    def __init__(self, limit: int, small: int = 0) -> None:
        self.limit, self.small, self.held = limit, small, 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """Open the share of one request; leaving the context releases its bytes."""
        share = Share(self)
        try:
            yield share
        finally:
            self.held -= share.held


class Share:
    """The bytes of a budget that one request holds."""

    def __init__(self, budget: Budget) -> None:
        self.budget, self.held = budget, 0

    def take(self, size: int) -> None:
        """Add `size` bytes to the share; raise Refused (503) if the budget is exceeded."""
        self.held += size
        self.budget.held += size
        limit = self.budget.limit
        if self.held > self.budget.small > 0:
            limit -= limit // 8
        if self.budget.held > limit:
            raise Refused(503, "the server has too many large requests; try again in a second")


def content_type(scope: Scope) -> bytes:
    """Return the content type of a request, `JSON` or `CSV`.

    Raises
    ------
    Refused
        With status 415 if the request has another type, or another charset than UTF-8.

    Examples
    --------
    >>> content_type({"headers": [(b"content-type", b"text/csv; charset=utf-8")]})
    b'text/csv'
    """
    headers = dict(scope["headers"])
    given: bytes = headers.get(b"content-type", b"")
    kind, _, parameters = given.lower().partition(b";")
    charset = parameters.replace(b" ", b"").replace(b'"', b"")
    kind = kind.strip()
    if kind not in (JSON, CSV) or charset not in (b"", b"charset=utf-8"):
        raise wrong_type()
    return kind


def wrong_type() -> Refused:
    """Return the refusal of any other content type."""
    return Refused(415, "the content type must be application/json or text/csv, in UTF-8")


async def read_body(scope: Scope, receive: Receive, limits: Limits, share: Share) -> bytes:
    """Read the body of a request.

    Parameters
    ----------
    scope, receive
        The ASGI scope and the function that receives messages.
    limits : Limits
        The limits on size and time.
    share : Share
        The request's share of the memory budget.

    Raises
    ------
    Refused
        With status 408 if the body arrives too slowly, 413 if it is too large, 415 if it is
        compressed, and 503 if all requests together are too large.
    ClientDisconnect
        If the client closed the connection.
    """
    headers = dict(scope["headers"])
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Refused(415, "the body is compressed; send it uncompressed")
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > limits.body_bytes:
        raise limits.too_large()
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
                    raise limits.too_large()
                if not message.get("more_body", False):
                    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
    except TimeoutError:
        raise limits.too_slow() from None


async def drain(receive: Receive, seconds: float = 2.0) -> None:
    """Discard what a refused client still sends, for at most `seconds`.

    A connection that is closed with unread bytes is reset, and then the client may never see the
    reason for the refusal.
    """
    message: Message = {"type": "http.request", "more_body": True}
    try:
        async with asyncio.timeout(seconds):
            while message["type"] == "http.request" and message.get("more_body", False):
                message = await receive()
    except TimeoutError:
        pass


class ClientDisconnect(Exception):  # noqa: N818 - Starlette uses the same name
    """A connection that the client closed before the answer."""
