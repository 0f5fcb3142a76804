"""Clients that send everything at once to one server, while its worker processes are killed.

Each client sends a request of a random kind, waits for the answer, pauses, and sends the next
request. It compares every answer with the answer of the model in Python.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from _project import ROOT  # noqa: F401

#: The kinds of requests, and how often each is chosen.
KINDS = {
    "single row": 70,
    "batch": 15,
    "explained row": 6,
    "large body": 2,
    "bad body": 3,
    "abandoned": 4,
}
#: The mean pause of a client between two requests, in seconds.
PAUSE = 0.05
#: The time after which a request without an answer is lost, and how often it is sent, if the
#: server is busy.
LONGEST, ATTEMPTS = 90.0, 6


@dataclass(frozen=True)
class Request:
    """A request with the answer that is right.

    Attributes
    ----------
    head, body : bytes
        What to send.
    status : int
        The right status.
    answer : dict or None
        The right answer; None if only the status counts.
    """

    head: bytes
    body: bytes
    status: int = 200
    answer: dict[str, Any] | None = None


@dataclass
class Found:
    """What the clients found.

    Attributes
    ----------
    seconds : dict of str to list
        The latencies of answered requests by kind.
    wrong, lost, busy, timeout, resent : Counter
        Numbers of requests by kind: with a wrong answer, without an answer, with status 503 (they
        are sent again), with status 504, and sent again because the server had closed an idle
        connection. A request that is answered by 504 counts as lost, too.
    killed : int
        How many worker processes were killed.
    late : list of float
        How much later than asked the client's own timers rang. This is the noise of the machine.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    wrong: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    busy: Counter[str] = field(default_factory=Counter)
    timeout: Counter[str] = field(default_factory=Counter)
    resent: Counter[str] = field(default_factory=Counter)
    late: list[float] = field(default_factory=list)
    killed: int = 0


def make_requests(folder: Path, url: str, seed: int) -> dict[str, list[Request]]:
    """Make requests of each kind, and their answers with the model in Python."""
    import numpy as np

    from fairrun import load_model
    from fairrun.data.census import load_census
    from fairrun.models.saved import load_saved

    model, explainer = load_model(str(folder)), load_saved(folder).model
    rows = load_census().dropna().reset_index(drop=True)[[*model.names]]
    rng = np.random.default_rng(seed)

    def head(body: bytes, query: str = "", kind: str = "application/json") -> bytes:
        parts = urlsplit(url)
        return (
            f"POST {parts.path}{query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()

    def request(n_rows: int, form: str = "records", **asked: Any) -> Request:
        chosen = rows.iloc[rng.choice(len(rows), n_rows)].reset_index(drop=True)
        if form == "csv":
            body = chosen.to_csv(index=False).encode()
        else:
            body = chosen.to_json(orient=form, double_precision=15).encode()
        answers = model.predict(chosen)
        right = {
            "predictions": answers["prediction"].tolist(),
            "probabilities": answers["probability"].tolist(),
            "decision_probabilities": answers["decision_probability"].tolist(),
        }
        if asked:
            right["explanations"] = explainer.explain(chosen).to_dicts(asked["top_k"])
        query = "?explain=true&top_k=3" if asked else ""
        kind = "text/csv" if form == "csv" else "application/json"
        return Request(head(body, query, kind), body, 200, right)

    good = request(1)
    large = [
        *(request(n, "records") for n in (1_000, 5_000)),
        *(request(n, "split") for n in (5_000, 20_000)),
        *(request(n, "csv") for n in (5_000, 20_000)),
    ]
    bad = [
        (good.body[:-1], 400),
        (good.body.replace(b'"age":', b'"age":"old","x":'), 422),
        (b"[{}]", 422),
        (b"[" + b"{}," * 300_000 + b"{}]", 422),
        (large[3].body[:-1], 400),
        (large[3].body.replace(b'"data":[', b'"data":[[],', 1), 422),
    ]
    return {
        "single row": [request(1) for _ in range(500)],
        "batch": [request(int(n)) for n in rng.integers(2, 41, 100)],
        "explained row": [request(1, top_k=3) for _ in range(200)],
        "large body": large,
        "bad body": [Request(head(body), body, status) for body, status in bad],
        "abandoned": [*large, request(5_000, top_k=3), *(request(1, top_k=3) for _ in range(4))],
    }


class _Client:
    """One client with one connection at a time."""

    def __init__(self, url: str, requests: dict[str, list[Request]], found: Found, seed: int):
        parts = urlsplit(url)
        self.address = parts.hostname or "", parts.port or 80
        self.requests, self.found = requests, found
        self.random = random.Random(seed)  # noqa: S311 - not for secrets
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def run(self, until: float) -> None:
        """Send requests until a time."""
        kinds, weights = [*KINDS], [*KINDS.values()]
        while time.monotonic() < until:
            (kind,) = self.random.choices(kinds, weights)
            request = self.random.choice(self.requests[kind])
            if kind == "abandoned":
                await self._abandon(request)
            else:
                await self._ask(kind, request)
            pause = self.random.expovariate(1 / PAUSE)
            before = time.perf_counter()
            await asyncio.sleep(pause)
            self.found.late.append(time.perf_counter() - before - pause)
        self._close()

    async def _abandon(self, request: Request) -> None:
        """Send a request, or most of it, and close the connection soon after."""
        await self._connect()
        assert self.writer is not None  # noqa: S101
        sent = request.head + request.body
        if self.random.random() < 0.2:
            sent = sent[: len(sent) * 4 // 5]
        with suppress(OSError):
            self.writer.write(sent)
            await asyncio.wait_for(self.writer.drain(), LONGEST)
            await asyncio.sleep(self.random.random() / 5)
        self._close()

    async def _ask(self, kind: str, request: Request) -> None:
        for attempt in range(ATTEMPTS):
            started = time.perf_counter()
            try:
                async with asyncio.timeout(LONGEST):
                    status, headers, body = await self._exchange(kind, request)
            except (OSError, EOFError, TimeoutError):
                self.found.lost[kind] += 1
                self._close()
                return
            if status != 503:
                break
            self.found.busy[kind] += 1
            await asyncio.sleep(int(headers[b"retry-after"]) * 2**attempt)
        else:
            self.found.lost[kind] += 1
            return
        if status == 504:
            self.found.timeout[kind] += 1
            self.found.lost[kind] += 1
            return
        self.found.seconds[kind].append(time.perf_counter() - started)
        right = request.answer is None or (status == 200 and orjson.loads(body) == request.answer)
        if status != request.status or not right:
            self.found.wrong[kind] += 1

    async def _exchange(self, kind: str, request: Request) -> tuple[int, dict[bytes, bytes], bytes]:
        fresh = self.writer is None
        try:
            return await self._once(request)
        except (OSError, EOFError):
            self._close()
            if fresh:
                raise
            # The server may close a connection on which nothing was sent for some seconds.
            self.found.resent[kind] += 1
            return await self._once(request)

    async def _once(self, request: Request) -> tuple[int, dict[bytes, bytes], bytes]:
        await self._connect()
        assert self.writer is not None  # noqa: S101
        assert self.reader is not None  # noqa: S101
        self.writer.write(request.head + request.body)
        first, *lines = (await self.reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        pairs = (line.lower().partition(b": ") for line in lines)
        headers = {name: value for name, _, value in pairs}
        body = await self.reader.readexactly(int(headers[b"content-length"]))
        if headers.get(b"connection") == b"close":
            self._close()
        return int(first.split(b" ")[1]), headers, body

    async def _connect(self) -> None:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(*self.address, limit=2**20)

    def _close(self) -> None:
        if self.writer is not None:
            self.writer.transport.abort()
            self.reader = self.writer = None


async def _kill(server: int, found: Found, seed: int) -> None:
    """End one of the worker processes every five to fifteen seconds, as a lack of memory does."""
    chosen = random.Random(seed)  # noqa: S311 - not for secrets
    while True:
        await asyncio.sleep(chosen.uniform(5, 15))
        if children := [*_workers_of(server)]:
            with suppress(ProcessLookupError):
                os.kill(chosen.choice(children), signal.SIGKILL)
                found.killed += 1


def _workers_of(server: int) -> Iterator[int]:
    for listed in Path(f"/proc/{server}/task").glob("*/children"):
        yield from map(int, listed.read_text("utf-8").split())


async def _all(
    url: str, requests: dict[str, list[Request]], seconds: float, server: int, clients: int
) -> Found:
    found = Found()
    until = time.monotonic() + seconds
    killing = asyncio.create_task(_kill(server, found, seed=0))
    await asyncio.gather(
        *(_Client(url, requests, found, seed).run(until) for seed in range(clients))
    )
    killing.cancel()
    return found


def run(url: str, folder: Path, seconds: float, server: int, clients: int = 32) -> Found:
    """Send requests from all clients for some seconds.

    Parameters
    ----------
    url : str
        The address for rows.
    folder : Path
        The folder of the model that the server has.
    seconds : float
        How long to send requests.
    server : int
        The id of the server's process, whose child processes are killed.
    clients : int
        The number of clients.
    """
    requests = make_requests(folder, url, seed=0)
    return asyncio.run(_all(url, requests, seconds, server, clients))
