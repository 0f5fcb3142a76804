"""Sending answers and refusals as ASGI messages."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import Receive, Send

from fairrun.serving.errors import Refused
from fairrun.serving.limits import drain

__all__ = ["Header", "refusal_headers", "send_json", "send_refusal"]

Header = tuple[bytes, bytes]

_HEADERS = [
    (b"content-type", b"application/json"),
    # Answers are about people, so no cache may keep them and no browser may show them as a page.
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]
_EXTRA = {
    401: (b"www-authenticate", b"Bearer"),
    503: (b"retry-after", b"1"),
}


async def send_json(status: int, body: bytes, send: Send, more: Iterable[Header] = ()) -> None:
    """Send an answer with its status, a JSON body and perhaps more headers."""
    headers = [*_HEADERS, *more, (b"content-length", b"%d" % len(body))]
    if status in _EXTRA:
        headers.append(_EXTRA[status])
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def refusal_headers(refused: Refused) -> list[Header]:
    """Return the headers of a refusal, after which the connection is closed."""
    length = (b"content-length", b"%d" % len(refused.body))
    extra = [_EXTRA[refused.status]] if refused.status in _EXTRA else []
    return [*_HEADERS, length, (b"connection", b"close"), *extra]


async def send_refusal(
    refused: Refused, receive: Receive, send: Send, more: Iterable[Header] = ()
) -> None:
    """Send a refusal, and then close the connection; the client may still be sending its body."""
    body, headers = refused.body, [*refusal_headers(refused), *more]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await drain(receive)
    await send({"type": "http.response.body", "body": b""})
