from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from fairrun.errors import RequestError
from fairrun.models.saved import SavedModel
from fairrun.serving.answering import Reply, answer
from fairrun.serving.app import create_app
from fairrun.serving.errors import Refused
from fairrun.serving.limits import CSV, JSON, Limits
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


def test_processes_answer_as_the_model_does_and_are_replaced(
    case: Case, saved: SavedModel, bodies: list[bytes]
) -> None:
    async def asked() -> None:
        workers = Workers(case.folder, 1, 30.0)
        await workers.start()
        try:
            replies = await asyncio.gather(*(workers.ask(body) for body in bodies))
            assert replies == [answer(saved, body) for body in bodies]
            (process,) = workers._all
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
            assert await workers.ask(bodies[2]) == replies[2]  # ended while idle: nobody notices
            (process,) = workers._all
            os.kill(process.pid, signal.SIGSTOP)
            workers.seconds = 0.05
            with pytest.raises(Refused) as raised:
                await workers.ask(bodies[2])
            assert raised.value.status == 503
            await process.wait()
            workers.seconds = 30.0
            assert await workers.ask(bodies[2]) == replies[2]
            processes = [*workers._all]
        finally:
            await workers.stop()
        assert [process.returncode for process in processes] == [0]

    asyncio.run(asked())


def test_a_process_that_does_not_start(tmp_path: Path) -> None:
    async def started() -> None:
        await Workers(tmp_path, 2, 30.0).start()

    with pytest.raises(RequestError, match="did not start"):
        asyncio.run(started())


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

            answers = await asyncio.gather(
                *(ask("large", large) for _ in range(3)), *(ask("small", small) for _ in range(3))
            )
        assert app.predict.workers is None
        return list(answers)

    answers = asyncio.run(asked())
    for answered, body in zip(answers, [large] * 3 + [small] * 3, strict=True):
        assert answered == json.loads(answer(saved, json.dumps(body).encode()).body)
    assert order == ["small"] * 3 + ["large"] * 3
