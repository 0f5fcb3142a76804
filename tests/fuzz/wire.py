"""A connection of the server without a network: bytes go in, and answers come out."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import orjson
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from fairrun.errors import RequestError
from fairrun.serving.connection import Connection
from fairrun.serving.responses import send_json

__all__ = ["ask_connection"]


class _Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.written, self.closed, self.too_late = b"", False, b""

    def write(self, data: Any) -> None:
        if self.closed:
            self.too_late += bytes(data)
        else:
            self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    def write_eof(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as soon as the body has come."""
    while (message := await receive()).get("more_body", False):
        pass
    if message["type"] == "http.request":
        await send_json(200, b"{}", send)


@functools.cache
def _config() -> uvicorn.Config:
    config = uvicorn.Config(_app, http=Connection, ws="none", log_config=None, lifespan="off")
    config.load()
    return config


def ask_connection(asked: bytes) -> None:
    """Send bytes, whole and in parts; the last answer tells whether they were accepted."""
    for size in (len(asked) or 1, 7):
        asyncio.run(_send(asked, size))


async def _send(asked: bytes, size: int) -> None:
    faults: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, fault: faults.append(fault))
    wire, connection = _Wire(), Connection(_config(), ServerState(), {})
    connection.connection_made(wire)
    for start in range(0, len(asked), size):
        if not wire.closed:
            connection.data_received(asked[start : start + size])
        await asyncio.sleep(0)
    for _ in range(4):
        await asyncio.sleep(0)
    connection.connection_lost(None)
    await asyncio.sleep(0)
    assert not faults
    assert not wire.too_late
    left, error = wire.written.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b""), None
    while left:
        head, _, left = left.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 ")
        assert b"content-type: application/json" in head
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if left and not left.startswith(b"HTTP/1.1 "):  # The answer to HEAD has no body.
            error = orjson.loads(left[:length]).get("error")
            left = left[length:]
    if error is not None:
        raise RequestError(error["message"])
