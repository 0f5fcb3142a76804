"""A fast closed-loop HTTP client with raw sockets, in one thread of one process.

    python benchmarks/_load.py URL BODIES --clients 8 --requests 20000 [--seconds 10]

Each client sends a request, waits for the whole answer, and sends the next request. BODIES is a
file of JSON bodies, one per line, which are sent in turn. The program prints requests per second
and latencies as JSON. With --answers, it writes each answer to that file as one line, in the order
of the requests.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


@dataclass
class _Client:
    """One connection and the request that is running on it."""

    socket: socket.socket
    number: int = -1
    sent: float = 0.0
    answer: bytearray = field(default_factory=bytearray)
    length: int = -1  # The length of the whole answer; -1 until its head has arrived.


def run(
    url: str, bodies: list[bytes], clients: int, requests: int, seconds: float
) -> tuple[list[float], list[bytes | None], float]:
    """Send requests until the number of requests or the time limit is reached.

    Returns
    -------
    latencies : list of float
        The latencies in seconds, in the order in which answers arrived.
    answers : list of bytes or None
        The bodies of the answers, in the order of the requests.
    elapsed : float
        The seconds from the first request to the last answer.
    """
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
    )
    messages = [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies]
    answers: list[bytes | None] = [None] * requests
    latencies: list[float] = []
    selector = selectors.DefaultSelector()
    now, next_number, open_ = time.perf_counter, 0, 0
    started = now()
    deadline = started + seconds

    def send(client: _Client) -> bool:
        nonlocal next_number
        if next_number >= requests or now() > deadline:
            return False
        client.number, next_number = next_number, next_number + 1
        client.answer.clear()
        client.length = -1
        client.sent = now()
        client.socket.sendall(messages[client.number % len(messages)])
        return True

    for _ in range(clients):
        connection = socket.create_connection((parts.hostname, parts.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = _Client(connection)
        selector.register(connection, selectors.EVENT_READ, client)
        open_ += send(client)
    while open_:
        for key, _ in selector.select():
            client = key.data
            got = client.socket.recv(2**20)
            if not got:
                raise ConnectionError("the server closed a connection")
            client.answer += got
            if client.length < 0:
                end = client.answer.find(b"\r\n\r\n")
                if end < 0:
                    continue
                answered = bytes(client.answer[:end]).lower()
                if not answered.startswith(b"http/1.1 200"):
                    raise ConnectionError(bytes(client.answer).decode())
                at = answered.index(b"content-length:") + 15
                client.length = end + 4 + int(answered[at:].split(b"\r\n", 1)[0])
            if len(client.answer) >= client.length:
                latencies.append(now() - client.sent)
                body = client.answer.index(b"\r\n\r\n") + 4
                answers[client.number] = bytes(client.answer[body:])
                if not send(client):
                    selector.unregister(client.socket)
                    client.socket.close()
                    open_ -= 1
    return latencies, answers[:next_number], now() - started


def main() -> None:
    """Send the requests that the command line describes, and print the results as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("bodies", type=Path)
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--requests", type=int, default=10**9)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--answers", type=Path)
    told = parser.parse_args()
    bodies = told.bodies.read_bytes().splitlines()
    requests = min(told.requests, 2_000_000)
    latencies, answers, elapsed = run(told.url, bodies, told.clients, requests, told.seconds)
    if told.answers:
        told.answers.write_bytes(b"\n".join(body or b"" for body in answers) + b"\n")
    latencies.sort()
    print(
        json.dumps(
            {
                "requests": len(latencies),
                "rate": len(latencies) / elapsed,
                "p50": latencies[len(latencies) // 2],
                "p99": latencies[int(len(latencies) * 0.99)],
                "max": latencies[-1],
            }
        )
    )


if __name__ == "__main__":
    main()
