"""One HTTP connection of the server: uvicorn's, with limits and with errors in the app's shape."""

from __future__ import annotations

import logging
from asyncio import BaseTransport, TimerHandle, Transport
from typing import Any, ClassVar, cast

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from fairrun.serving.errors import Refused
from fairrun.serving.refusal_log import RefusalLog
from fairrun.serving.responses import refusal_headers

_MOST = 500
#: The files that the process needs besides its connections.
_OTHER_FILES = 100
#: The number of connections that may be open while they are told that there are too many.
_SPARE = 50

__all__ = ["Connection", "most_connections"]


def most_connections() -> int:
    """Return the largest number of connections, for which the process may open enough files.

    Each connection needs a file. If there are none left, the event loop logs an error for each
    connection, and a worker process cannot be started.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit.
        return _MOST
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else max(1, min(_MOST, soft - _OTHER_FILES))


class Connection(HttpToolsProtocol):
    """A connection to one client.

    It differs from uvicorn's in these points:

    - A request that asks for another protocol, such as `Upgrade: h2c`, is answered as HTTP/1.1.
      The parser would drop the body of such a request.
    - A connection is closed if no whole head of a request arrives in time, or if the client does
      not read its answer.
    - The number of connections is limited, and so are the head of a request, everything else
      that is not its body, and the number of requests that wait on one connection.
    - A request that is not valid HTTP gets the same JSON as any other error.

    Give the class to uvicorn: `uvicorn.run(app, http=Connection, ws="none")`.

    Attributes
    ----------
    most_connections : int
        The largest number of open connections. Further ones are refused with status 503. It is 500,
        or less if the process may open fewer than 600 files.
    head_bytes : int
        The largest size of the head of a request, and of other bytes that are not its body.
    head_lines : int
        The largest number of headers.
    waiting_requests : int
        The largest number of requests that a client may send before it gets an answer.
    head_seconds : float
        The longest time for a head to arrive, from the start of the connection or the first byte
        after an answer.
    unread_seconds : float
        The longest time for a client to read an answer.
    farewell_seconds : float
        How long a refused client may go on sending. If the connection were closed at once, the
        client might never see the reason.
    """

    most_connections: ClassVar[int] = most_connections()
    head_bytes: ClassVar[int] = 64 * 2**10
    head_lines: ClassVar[int] = 100
    waiting_requests: ClassVar[int] = 64
    head_seconds: ClassVar[float] = 10.0
    unread_seconds: ClassVar[float] = 60.0
    farewell_seconds: ClassVar[float] = 1.0
    refusals: ClassVar[RefusalLog] = RefusalLog(logging.getLogger(__name__))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        #: The request that is being answered. `cycle` is the last one that was received.
        self._current: RequestResponseCycle | None = None
        self._in_head = False
        self._refused: Refused | None = None
        self._head_without_upgrade = b""
        #: Received bytes that are not part of a body, less 8 for each byte of a body, at least 0.
        self._extra = 0
        self._deadline: TimerHandle | None = None
        self._unread: TimerHandle | None = None

    # What the event loop calls.

    def connection_made(self, transport: BaseTransport) -> None:
        """Start to wait for a request, unless there are too many connections."""
        super().connection_made(cast(Transport, transport))
        too_many = len(self.connections) - self.most_connections
        if too_many > _SPARE:
            self.transport.abort()  # Even refused connections need a file each.
        elif too_many > 0:
            self._refuse(Refused(503, "the server has too many connections; try again in a second"))
        else:
            self._close_after(self.head_seconds)

    def data_received(self, data: bytes) -> None:
        """Read some bytes, which may be parts of several requests."""
        if self._refused is not None:
            return
        self._unset_keepalive_if_required()
        self._extra += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse(self._refused or Refused(400, _BROKEN, code="not_http"))
            return
        self._extra = max(self._extra, 0)
        if self._extra > self.head_bytes:
            self._refuse(self.head_too_large())
        elif self._current is None and self._deadline is None:
            self._close_after(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection, and tell the app that the client of its request is gone."""
        self._abandon_current()
        for timer in (self._deadline, self._unread, self.timeout_keep_alive_task):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Start to read a request."""
        super().on_message_begin()
        self._in_head = True
        if len(self.pipeline) >= self.waiting_requests:
            self._give_up(Refused(503, "too many requests wait on this connection; read answers"))

    def on_headers_complete(self) -> None:
        """Start to answer a request, or queue it behind the one that is being answered."""
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.head_bytes or len(self.headers) > self.head_lines:
            self._give_up(self.head_too_large())
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                self._give_up(Refused(405, "the server is no proxy; see /docs for the paths"))
            self._head_without_upgrade = self._head()
            return
        super().on_headers_complete()
        self._in_head = False
        self._stop_deadline()
        if self._current is None:
            self._current = self.cycle

    def on_body(self, body: bytes) -> None:
        """Hand a part of the body to the app. Each byte allows for 8 bytes around it, as chunks."""
        self._extra -= 9 * len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Tell the app that the body is complete."""
        self._extra = 0
        if not self.parser.should_upgrade():
            super().on_message_complete()

    # What the request and the server call.

    def on_response_complete(self) -> None:
        """Go on with the next request, or wait for one."""
        self._current = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()
        if self._unread is not None:
            self._unread.cancel()
        if self.transport.get_write_buffer_size():
            self._unread = self.loop.call_later(self.unread_seconds, self._stop_waiting_for_reader)
        if self._current is None and self._in_head and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self._close_after(self.head_seconds)

    # Our own.

    def _feed(self, data: bytes) -> None:
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                # The parser has stopped after the head, so another one reads the same head without
                # its upgrade, and then the body.
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
                self.parser.feed_data(self._head_without_upgrade)
                data = data[upgrade.args[0] :]
            else:
                return

    def _head(self) -> bytes:
        """Return the head of the request without its header `Upgrade`."""
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
        lines += [b"%s: %s" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    @classmethod
    def head_too_large(cls) -> Refused:
        """Return the refusal of a request whose head has too many bytes or headers."""
        return Refused(
            431,
            f"a head may have {cls.head_bytes:,} bytes and {cls.head_lines} headers; send fewer",
        )

    def _give_up(self, refused: Refused) -> None:
        """Stop the parser; `data_received` then sends the refusal."""
        self._refused = refused
        raise ValueError(refused.code)

    def _refuse(self, refused: Refused) -> None:
        """Refuse the request that is being read, and close the connection."""
        self._refused = refused
        self.refusals.add(refused.status, refused.code)
        self._stop_deadline()
        self.pipeline.clear()
        current = self._current
        if current is not None:
            if current is not self.cycle or not current.more_body or current.response_started:
                current.keep_alive = False  # Its answer comes first; then uvicorn closes.
                return
            self._abandon_current()  # The rest of its body will never come.
        body = refused.body
        headers = [*self.server_state.default_headers, *refusal_headers(refused)]
        lines = [b"%s: %s\r\n" % header for header in headers]
        self.transport.write(b"".join([STATUS_LINE[refused.status], *lines, b"\r\n", body]))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._close_after(self.farewell_seconds)

    def _abandon_current(self) -> None:
        """Let the app stop with its request. uvicorn tells only the last of several requests."""
        if self._current is not None:
            self._current.disconnected = True
            self._current.message_event.set()

    def _close_after(self, seconds: float) -> None:
        self._deadline = self.loop.call_later(seconds, self._close)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close(self) -> None:
        self._deadline = None
        if self._in_head and self._refused is None:
            self._refuse(Refused(408, "the head of the request took too long; send it at once"))
        else:
            self.transport.close()

    def _stop_waiting_for_reader(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()


_BROKEN = (
    "the request is not valid HTTP/1.1; send it with an HTTP client, over http:// and not https://"
)
