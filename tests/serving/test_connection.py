"""Raw bytes to the server, and what comes back. The app behind it tells the body that it got."""

from __future__ import annotations

import asyncio
import json
import select
import socket
import struct
import time
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from fairrun.serving.connection import Connection, most_connections
from fairrun.serving.responses import send_json
from tests.serving.running import in_a_thread

#: The paths of requests whose client was gone before the answer.
GONE: list[str] = []


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the path and the size of the body; /fast does not read the body."""
    if scope["type"] == "lifespan":
        while True:
            event = (await receive())["type"]
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return
    size, more = 0, scope["path"] != "/fast"
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    if scope["path"] == "/slow":
        await asyncio.sleep(0.3)
    if scope["path"] == "/gone":
        message = await asyncio.wait_for(receive(), timeout=3)
        assert message["type"] == "http.disconnect"
        GONE.append(scope["path"])
    padding = "x" * 2**24 if scope["path"] == "/large" else ""
    said = {"path": scope["path"], "size": size, "padding": padding}
    await send_json(200, json.dumps(said).encode(), send)


class Patient(Connection):
    """A connection with the usual times, so that a slow machine fails no test."""

    most_connections = 5
    waiting_requests = 10
    farewell_seconds = 0.2


class Impatient(Patient):
    """A connection that soon waits no longer."""

    head_seconds = 0.2
    unread_seconds = 0.2


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with in_a_thread(app, http=Patient) as url:
        yield "127.0.0.1", int(url.rpartition(":")[2])


@pytest.fixture(scope="module")
def impatient() -> Iterator[tuple[str, int]]:
    with in_a_thread(app, http=Impatient) as url:
        yield "127.0.0.1", int(url.rpartition(":")[2])


def talk(address: tuple[str, int], *parts: bytes, pause: float = 0.0) -> bytes:
    """Send parts, and return what comes until the server closes the connection."""
    answer = b""
    with socket.create_connection(address, timeout=10) as client:
        for part in parts:
            client.sendall(part)
            # The client must see that the server has closed before it sends more.
            if pause and select.select([client], [], [], pause)[0]:
                got = client.recv(2**16)
                if not got:
                    return answer
                answer += got
        while got := client.recv(2**16):
            answer += got
    return answer


def answers(said: bytes) -> list[dict[str, object]]:
    """Return the bodies of all answers."""
    found = []
    while said:
        head, _, rest = said.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        found.append(json.loads(rest[:length]))
        said = rest[length:]
    return found


def expect_refusal(said: bytes, status: int, code: str) -> None:
    assert said.startswith(b"HTTP/1.1 %d " % status), said[:200]
    head = said.partition(b"\r\n\r\n")[0]
    for header in (b"content-type: application/json", b"connection: close", b"no-store"):
        assert header in head
    (body,) = answers(said)
    error = body["error"]
    assert isinstance(error, dict)
    assert list(error) == ["code", "message", "row", "column"]
    assert error["code"] == code


# What Java's HttpClient sends on http://, unless its version is set to HTTP_1_1.
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: localhost\r\n"
BODY = b"Content-Length: 5\r\n\r\n12345"
CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n2\r\n12\r\n3\r\n345\r\n0\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("upgrade", [H2C, b"Connection: Upgrade\r\nUpgrade: websocket\r\n"])
@pytest.mark.parametrize("body", [BODY, CHUNKS, b"\r\n"])
def test_an_upgrade_is_ignored_and_the_body_kept(
    address: tuple[str, int], upgrade: bytes, body: bytes
) -> None:
    request = POST + upgrade + body
    size = 0 if body == b"\r\n" else 5
    whole = talk(address, request + request + LAST)
    by_byte = talk(address, *(bytes([byte]) for byte in request), LAST)
    assert [(each["path"], each["size"]) for each in answers(whole)] == [
        ("/echo", size),
        ("/echo", size),
        ("/last", 0),
    ]
    assert [each["size"] for each in answers(by_byte)] == [size, 0]


BROKEN = {
    "no HTTP": b"garbage\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no method": b"FOO / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no path": b"GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a header without a name": POST + b": x\r\n\r\n",
    "a negative length": POST + b"Content-Length: -5\r\n\r\n",
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
    "a length and chunks": POST + b"Content-Length: 5\r\n" + CHUNKS,
    "a wrong chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n12345",
    "a wrong chunk after an upgrade": POST + H2C + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n1",
}


@pytest.mark.parametrize("sent", BROKEN.values(), ids=BROKEN)
def test_what_is_not_http_is_refused_as_json(address: tuple[str, int], sent: bytes) -> None:
    expect_refusal(talk(address, sent), 400, "not_http")


def test_the_server_is_no_proxy(address: tuple[str, int]) -> None:
    sent = b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    expect_refusal(talk(address, sent), 405, "method_not_allowed")


LONG = b"x" * 2**16
ENDLESS = {
    "an address": [b"GET /", LONG, LONG],
    "a header": [POST, b"a: ", LONG, LONG],
    "headers": [POST, b"a: b\r\n" * 101, b"\r\n"],
    "empty lines": [b"\r\n" * 2**15, b"\r\n" * 2**15],
    "trailers": [POST, b"Transfer-Encoding: chunked\r\n\r\n0\r\na: ", LONG, LONG],
    "an extension of a chunk": [POST, b"Transfer-Encoding: chunked\r\n\r\n1;", LONG, LONG],
    "a header in one piece": [POST + b"a: " + LONG + b"\r\n\r\n"],
}


@pytest.mark.parametrize("sent", ENDLESS.values(), ids=ENDLESS)
def test_a_head_that_is_too_large_is_refused(address: tuple[str, int], sent: list[bytes]) -> None:
    expect_refusal(talk(address, *sent, pause=0.02), 431, "head_too_large")


def test_a_body_in_small_chunks_is_answered(address: tuple[str, int]) -> None:
    chunks = b"1\r\nx\r\n" * 50_000
    said = talk(address, POST + b"Transfer-Encoding: chunked\r\n\r\n", chunks, b"0\r\n\r\n", LAST)
    assert [each["size"] for each in answers(said)] == [50_000, 0]


def test_an_error_does_not_take_the_place_of_an_earlier_answer(address: tuple[str, int]) -> None:
    slow = b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"
    (said,) = answers(talk(address, slow + b"garbage\r\n\r\n"))
    assert said["path"] == "/slow"


def test_the_app_hears_that_the_client_is_gone_also_if_another_request_waits(
    address: tuple[str, int],
) -> None:
    with socket.create_connection(address, timeout=10) as client:
        client.sendall(b"GET /gone HTTP/1.1\r\nHost: localhost\r\n\r\n" + LAST)
        time.sleep(0.1)
        # As long as the server does not read, only a reset tells it that the client is gone.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    for _ in range(100):
        if GONE:
            return
        time.sleep(0.05)
    raise AssertionError


def test_requests_that_wait_on_a_connection_are_limited(address: tuple[str, int]) -> None:
    get = b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert len(answers(talk(address, get + LAST))) == 2
    (first,) = answers(talk(address, get * 1000 + LAST))
    assert first["path"] == "/slow"


@pytest.mark.parametrize("start", [b"GET /", POST + b"a: b\r\n"])
def test_a_head_that_comes_byte_by_byte_is_refused_by_its_time(
    impatient: tuple[str, int], start: bytes
) -> None:
    get = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    drops = [b"a"] * 10
    expect_refusal(talk(impatient, start, *drops, pause=0.05), 408, "too_slow")
    first, _, rest = talk(impatient, get + start, *drops, pause=0.05).partition(b"}")
    assert first.startswith(b"HTTP/1.1 200 ")
    expect_refusal(rest, 408, "too_slow")


@pytest.mark.parametrize(
    ("sent", "n_answers"),
    [
        ([], 0),
        ([b"\r\n"] * 10, 0),
        ([b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", *[b"\r\n"] * 10], 1),
        # The answer does not wait for the body, so the client could send it for ever.
        ([b"GET /fast HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n", *[b"x"] * 10], 1),
    ],
)
def test_an_idle_connection_is_closed(
    impatient: tuple[str, int], sent: list[bytes], n_answers: int
) -> None:
    assert len(answers(talk(impatient, *sent, pause=0.05))) == n_answers


def test_a_client_that_does_not_read_its_answer_is_dropped(impatient: tuple[str, int]) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(impatient)
        client.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(0.5)
        got = 0
        while part := client.recv(2**20):
            got += len(part)
    assert 0 < got < 2**24


def test_connections_are_limited(address: tuple[str, int]) -> None:
    get = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    idle = [socket.create_connection(address, timeout=10) for _ in range(5)]
    for client in idle:  # Then the server has counted it.
        client.sendall(get)
        assert client.recv(2**16).startswith(b"HTTP/1.1 200 ")
    said = talk(address, LAST)
    expect_refusal(said, 503, "overloaded")
    assert b"retry-after: 1" in said
    idle.pop().close()
    time.sleep(0.3)
    assert talk(address, LAST).startswith(b"HTTP/1.1 200 ")
    for client in idle:
        client.close()


@pytest.mark.parametrize(("files", "connections"), [(-1, 500), (10_000, 500), (256, 156), (50, 1)])
def test_few_files_allow_few_connections(
    monkeypatch: pytest.MonkeyPatch, files: int, connections: int
) -> None:
    resource = pytest.importorskip("resource")
    assert resource.RLIM_INFINITY == -1
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert most_connections() == connections
