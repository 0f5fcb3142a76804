from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from fairrun.errors import RequestError
from fairrun.models.saved import SavedModel
from fairrun.serving import workers as module
from fairrun.serving.answering import Reply, answer
from fairrun.serving.app import create_app
from fairrun.serving.counting import Counting
from fairrun.serving.errors import Refused
from fairrun.serving.limits import CSV, JSON, ClientDisconnect, Limits
from fairrun.serving.queue import LONG, SHORT
from fairrun.serving.worker import LENGTH, main, read_reply_head, reply_head
from fairrun.serving.workers import Workers
from tests.contract.conftest import Case
from tests.serving.conftest import records


@pytest.fixture
def bodies(rows: pd.DataFrame) -> list[bytes]:
    """Some that are answered, and some that are refused."""
    written = [json.dumps(records(rows.iloc[:n])).encode() for n in (0, 1, 240)]
    return [*written, b"{", b'[{"age": 1}]']


@pytest.mark.parametrize(
    "reply", [Reply(200, b"abc", 7, {"job": 3, "Ärztin": 1}), Reply(422, b"", code="x")]
)
def test_a_reply_is_read_as_it_was_written(reply: Reply) -> None:
    written = reply_head(reply)
    (length,) = LENGTH.unpack(written[: LENGTH.size])
    assert len(written) == LENGTH.size + length
    read, size = read_reply_head(written[LENGTH.size :])
    assert (read, size) == (
        Reply(reply.status, b"", reply.rows, reply.unseen, reply.code),
        len(reply.body),
    )


def test_a_worker_answers_until_its_input_ends(
    case: Case, saved: SavedModel, bodies: list[bytes]
) -> None:
    asked = [
        (query, JSON, body) for body in bodies for query in (b"", b"explain=true", b"explain=1")
    ]
    asked.append((b"", CSV, b"age\n1\n"))
    parts = (LENGTH.pack(len(part)) + part for each in asked for part in each)
    replies = io.BytesIO()
    main(case.folder, io.BytesIO(b"".join(parts)), replies)
    expected = [Reply(200, b""), *(answer(saved, body, query, kind) for query, kind, body in asked)]
    assert replies.getvalue() == b"".join(reply_head(reply) + reply.body for reply in expected)


@asynccontextmanager
async def started(folder: Path, size: int = 1, **limits: Any) -> AsyncIterator[Workers]:
    workers = Workers(folder, size, Limits(**limits), Counting())
    await workers.start()
    try:
        yield workers
    finally:
        await workers.stop()


def processes(workers: Workers) -> list[Process]:
    return [worker.process for worker in workers._workers if worker.process is not None]


def dropped(workers: Workers) -> dict[str, int]:
    """The counts of /metrics that are not 0."""
    found = re.findall(
        rb'^fairrun_dropped_requests_total{reason="(.*)"} (.*)$', workers.counting.text(), re.M
    )
    return {reason.decode(): int(float(n)) for reason, n in found if float(n)}


async def until_replaced(workers: Workers, process: Process) -> None:
    await process.wait()
    while process in processes(workers):
        await asyncio.sleep(0.01)


def test_processes_answer_as_the_model_does_and_are_replaced(
    case: Case, saved: SavedModel, bodies: list[bytes]
) -> None:
    large = b"[" + b",".join([bodies[2][1:-1]] * 100) + b"]"

    async def asked() -> None:
        async with started(case.folder) as workers:
            replies = await asyncio.gather(*(workers.ask(body) for body in bodies))
            assert replies == [answer(saved, body) for body in bodies]
            (process,) = processes(workers)
            for _ in range(3):  # The process itself stops with what nobody waits for.
                gone: asyncio.Future[None] = asyncio.Future()
                asking = asyncio.create_task(workers.ask(large, gone=gone))
                await asyncio.sleep(0.01)
                gone.set_result(None)
                with pytest.raises(ClientDisconnect):
                    await asking
                assert await workers.ask(bodies[1]) == replies[1]
            assert processes(workers) == [process]
            os.kill(process.pid, signal.SIGKILL)
            await until_replaced(workers, process)
            assert await workers.ask(bodies[2]) == replies[2]  # ended while idle: nobody notices
            assert dropped(workers) == {}
            last = processes(workers)
        assert [process.returncode for process in last] == [0]

    asyncio.run(asked())


def test_a_process_that_ends_with_a_request(case: Case, bodies: list[bytes]) -> None:
    """Few rows are asked again. Many may be what ended the process, so their client is told."""

    async def asked() -> None:
        async with started(case.folder, short_bytes=1000) as workers:
            for body, n_refused in ((bodies[1], 0), (bodies[2], 1)):
                (process,) = processes(workers)
                os.kill(process.pid, signal.SIGSTOP)
                asking = asyncio.create_task(workers.ask(body))
                await asyncio.sleep(0.01)
                assert workers.queue.length(SHORT) + workers.queue.length(LONG) == 0
                os.kill(process.pid, signal.SIGKILL)
                (reply,) = await asyncio.gather(asking, return_exceptions=True)
                assert isinstance(reply, Refused) == bool(n_refused)
                assert dropped(workers) == ({"worker_ended": 1} if n_refused else {})
            assert reply.status == 503
            # The second process may be starting.
            assert re.search(
                rb"^fairrun_worker_restarts_total [12]\.0$", workers.counting.text(), re.M
            )

    asyncio.run(asked())


def test_an_answer_comes_in_time_or_not_at_all_and_stopping_refuses_the_rest(
    case: Case, bodies: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time in the queue counts. A server waits for its requests before it stops the workers."""
    monkeypatch.setattr(module, "_STOP_SECONDS", 0.01)

    async def refusals(workers: Workers, status: int, stop: bool) -> set[str]:
        asking = [asyncio.create_task(workers.ask(bodies[2])) for _ in range(3)]
        await asyncio.sleep(0.01)
        if stop:
            await workers.stop()
        refused = await asyncio.gather(*asking, return_exceptions=True)
        assert [getattr(error, "status", None) for error in refused] == [status] * 3
        return {*map(str, refused)}

    async def asked() -> None:
        async with started(case.folder, answer_seconds=0.2) as workers:
            (process,) = processes(workers)
            os.kill(process.pid, signal.SIGSTOP)
            (said,) = await refusals(workers, 504, stop=False)
            assert said.startswith("no answer within 0.2 seconds; send fewer rows")
            assert dropped(workers) == {"timeout": 3}
            workers.limits = Limits()
            (said,) = await refusals(workers, 503, stop=True)
            assert said == "the server is stopping; try again"
            assert process.returncode == -signal.SIGKILL

    asyncio.run(asked())


def test_requests_of_clients_that_have_gone_are_dropped(
    case: Case, saved: SavedModel, bodies: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """30 clients hung up, and the next one waited for all of them: 137 s."""
    monkeypatch.setattr(module, "_SPARE_SECONDS", 0.01)

    async def asked() -> None:
        async with started(case.folder) as workers:
            (process,) = processes(workers)
            os.kill(process.pid, signal.SIGSTOP)  # the first request takes for ever
            clients: list[asyncio.Future[None]] = [asyncio.Future() for _ in range(30)]
            asking = [asyncio.create_task(workers.ask(bodies[2], gone=gone)) for gone in clients]
            await asyncio.sleep(0)
            last = asyncio.create_task(workers.ask(bodies[2]))
            await asyncio.sleep(0.01)
            assert workers.queue.length(SHORT) + workers.queue.length(LONG) == 30
            for gone in clients:
                gone.set_result(None)
            for error in await asyncio.gather(*asking, return_exceptions=True):
                assert isinstance(error, ClientDisconnect)
            assert workers.queue.length(SHORT) + workers.queue.length(LONG) <= 1
            assert await last == answer(saved, bodies[2])
            assert processes(workers) != [process]

    asyncio.run(asked())


def test_few_rows_do_not_wait_for_large_bodies_and_both_lanes_have_an_end(
    case: Case, saved: SavedModel, bodies: list[bytes]
) -> None:
    async def asked() -> None:
        limits = {"short_bytes": 1000, "queue_requests": 3}
        async with started(case.folder, 2, **limits) as workers:
            _, general = processes(workers)
            os.kill(general.pid, signal.SIGSTOP)  # a body that takes for ever
            large = [asyncio.create_task(workers.ask(bodies[2]))]
            await asyncio.sleep(0.01)
            large += [asyncio.create_task(workers.ask(bodies[2])) for _ in range(3)]
            await asyncio.sleep(0.01)
            assert workers.queue.length(LONG) == 3
            with pytest.raises(Refused, match="3 requests are waiting") as raised:
                await workers.ask(bodies[2])
            assert raised.value.status == 503
            assert dropped(workers) == {"queue_full": 1}
            assert await workers.ask(bodies[1], b"explain=true") == answer(
                saved, bodies[1], b"explain=true"
            )
            os.kill(general.pid, signal.SIGCONT)
            assert await asyncio.gather(*large) == [answer(saved, bodies[2])] * 4

    asyncio.run(asked())


def test_a_process_that_does_not_start(tmp_path: Path) -> None:
    async def start() -> None:
        async with started(tmp_path, 2):
            pass

    with pytest.raises(RequestError, match="did not start"):
        asyncio.run(start())


def test_large_bodies_are_answered_elsewhere_and_small_ones_meanwhile(
    case: Case, saved: SavedModel, rows: pd.DataFrame
) -> None:
    app = create_app(case.uri, limits=Limits(inline_bytes=5_000), processes=1)
    large, small = records(rows), records(rows.iloc[:1])
    order: list[str] = []

    async def asked() -> list[Any]:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
        ):
            assert (await client.get("/ready")).json() == {"status": "ready"}

            async def ask(name: str, body: Any) -> Any:
                response = await client.post("/predict", json=body)
                order.append(name)
                return response.json()

            # The process would answer a large body within milliseconds.
            (worker,) = app.predict.serving.now.workers._workers
            assert worker.process is not None
            worker.process.send_signal(signal.SIGSTOP)
            waiting = [asyncio.create_task(ask("large", large)) for _ in range(3)]
            while app.predict.serving.waiting(LONG) < 2:  # the process has the first one
                await asyncio.sleep(0.01)
            answered = await asyncio.gather(*(ask("small", small) for _ in range(3)))
            worker.process.send_signal(signal.SIGCONT)
            answers = [*await asyncio.gather(*waiting), *answered]
        assert app.predict.serving.now.running is None
        return answers

    answers = asyncio.run(asked())
    for answered, body in zip(answers, [large] * 3 + [small] * 3, strict=True):
        assert answered == json.loads(answer(saved, json.dumps(body).encode()).body)
    assert order == ["small"] * 3 + ["large"] * 3
