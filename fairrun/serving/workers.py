"""Worker processes for large bodies, so that large bodies do not delay requests of single rows."""

from __future__ import annotations

import asyncio
import logging
import os
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from fairrun.errors import RequestError
from fairrun.processes import worker_command, worker_environment
from fairrun.serving.answering import Reply
from fairrun.serving.counting import Counting
from fairrun.serving.errors import Refused
from fairrun.serving.limits import JSON, ClientDisconnect, Limits
from fairrun.serving.queue import LANES, LONG, SHORT, Job, Queue
from fairrun.serving.reason_texts import Document
from fairrun.serving.worker import LENGTH, WITHDRAWN, read_reply_head

__all__ = ["Workers"]

_logger = logging.getLogger(__name__)

#: How long a worker may go on with a request that nobody waits for, in seconds. It is told, but it
#: looks only between the pieces of a body. To start another process takes about as long.
_SPARE_SECONDS = 1.0
#: The longest time to start a process, and the longest pause after one that did not start.
_START_SECONDS, _LONGEST_PAUSE = 60.0, 30.0
#: The longest time for idle processes to end, in seconds.
_STOP_SECONDS = 2.0
_PART_BYTES = 2**18

_STOPPING = "the server is stopping; try again"
_ENDED = (
    "the worker process ended, perhaps because the rows need too much memory; try again, or send "
    "fewer rows at a time"
)


class Workers:
    """A pool of worker processes; each has the model and answers one body at a time.

    The first process answers only the short lane: explanations of a few rows. They therefore never
    wait for a large body. The other processes prefer the long lane.

    The processes are started anew, not forked. They share no memory with the server, do not get its
    signals, and end when the server ends. A process that ends is replaced at once.

    Parameters
    ----------
    folder : Path
        The folder of the model.
    size : int
        The number of processes. A single process answers both lanes.
    limits : Limits
        The limits on the queue and the time of an answer.
    counting : Counting
        The counters for `GET /metrics`.
    document : mapping, optional
        The texts of adverse-decision notices, as `read_texts` returned them. The processes get the
        texts and not the file, so that a process that is started later writes the same ones.
    """

    def __init__(
        self,
        folder: Path,
        size: int,
        limits: Limits,
        counting: Counting,
        document: Document | None = None,
    ) -> None:
        self.folder, self.limits, self.counting = folder, limits, counting
        self.texts = orjson.dumps(document)
        self.queue = Queue(limits.queue_requests)
        several = [(SHORT,), *[(LONG, SHORT)] * (size - 1)]
        lanes = several if size > 1 else [(SHORT, LONG)] * size
        self._workers = [_Worker(self, of_worker) for of_worker in lanes]

    async def start(self, at_once: int | None = None) -> None:
        """Start the processes, and wait until each has loaded the model.

        Parameters
        ----------
        at_once : int, optional
            How many processes may start at the same time. By default, all of them.

        Raises
        ------
        RequestError
            If a process does not start.
        """
        allowed = asyncio.Semaphore(at_once or len(self._workers))

        async def start(worker: _Worker) -> None:
            async with allowed:
                await worker.start()

        starts = map(start, self._workers)
        for error in await asyncio.gather(*starts, return_exceptions=True):
            if error is not None:
                await self.stop()
                why = error.strerror if isinstance(error, OSError) else None
                raise RequestError(
                    f"a worker process did not start ({why}); end other processes, and try again"
                    if why
                    else "a worker process did not start; see the output above for its error"
                ) from error
        for worker in self._workers:
            worker.task = asyncio.create_task(worker.run())

    async def stop(self) -> None:
        """End the processes within two seconds, and refuse the requests that are still there.

        A server calls this after it has waited for its requests.
        """
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        while (job := self.queue.take(LANES)) is not None:
            _refuse(job, _STOPPING)

    async def ask(
        self,
        body: bytes,
        query: bytes = b"",
        kind: bytes = JSON,
        *,
        gone: asyncio.Future[None] | None = None,
    ) -> Reply:
        """Return the answer of `answer` to a body, from the next process that is idle.

        Parameters
        ----------
        body, query, kind : bytes
            The arguments of `answer`.
        gone : asyncio.Future, optional
            It is done when the client has closed its connection.

        Raises
        ------
        Refused
            With status 503 if too many requests are waiting or the process ends, for example
            because it has too little memory. With status 504 if the time is over.
        ClientDisconnect
            If the client closed the connection.
        """
        seconds = self.limits.answer_seconds
        lane = SHORT if len(body) <= self.limits.short_bytes else LONG
        job = Job(body, query, kind, lane)
        try:
            self.queue.put(job)
        except Refused:
            self.counting.drop("queue_full")
            raise
        self.wake()
        try:
            wanted: set[asyncio.Future[Any]] = {job.reply} if gone is None else {job.reply, gone}
            done, _ = await asyncio.wait(
                wanted, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if job.reply in done:
                return job.reply.result()
            if done:
                raise ClientDisconnect
            self.counting.drop("timeout")
            raise self.limits.no_answer()
        finally:
            self.queue.drop(job)

    def wake(self) -> None:
        """Let idle workers look at the queue."""
        for worker in self._workers:
            worker.woken.set()


class _Worker:
    """One process of the pool, which is replaced when it ends."""

    def __init__(self, pool: Workers, lanes: tuple[str, ...]) -> None:
        self.pool, self.lanes = pool, lanes
        self.woken = asyncio.Event()
        self.process: Process | None = None
        self.task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FAIRRUN_")}
        self.process = await asyncio.create_subprocess_exec(
            *worker_command("fairrun.serving.worker", str(self.pool.folder)),
            stdin=PIPE,
            stdout=PIPE,
            limit=2**20,
            env=worker_environment(kept),
            start_new_session=True,
        )
        async with asyncio.timeout(_START_SECONDS):
            with suppress(ConnectionError):  # if the process has ended, there is no reply either
                await _send(self.process, self.pool.texts)
            await _read_reply(self.process)

    async def run(self) -> None:
        """Answer jobs for ever, and replace the process whenever it has ended."""
        while True:
            assert self.process is not None  # noqa: S101 - `start` has started it
            ended = asyncio.create_task(self.process.wait())
            ended.add_done_callback(lambda _: self.woken.set())
            while self.process.returncode is None:
                job = self.pool.queue.take(self.lanes)
                if job is None:
                    self.woken.clear()
                    await self.woken.wait()
                else:
                    await self._answer(self.process, job)
            await self._replace()

    async def _answer(self, process: Process, job: Job) -> None:
        asking = asyncio.create_task(_ask(process, job.query, job.kind, job.body))
        try:
            await asyncio.wait({asking, job.reply}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():  # nobody waits for the answer any more
                if WITHDRAWN is not None:
                    with suppress(ProcessLookupError):
                        process.send_signal(WITHDRAWN)
                await asyncio.wait({asking}, timeout=_SPARE_SECONDS)
            reply = asking.result()  # raises InvalidStateError if there is none
        except (OSError, EOFError, asyncio.InvalidStateError):
            # The process has ended, or is in the middle of an answer.
            await self._kill()
            self._give_up(job)
        except asyncio.CancelledError:
            _refuse(job, _STOPPING)
            raise
        else:
            if not job.reply.done():
                job.reply.set_result(reply)
        finally:
            asking.cancel()

    def _give_up(self, job: Job) -> None:
        if job.reply.done():
            return
        if job.lane == SHORT and not job.again:
            # Few rows cannot have needed too much memory, so something else ended the process.
            job.again = True
            self.pool.queue.put_back(job)
            self.pool.wake()
            return
        self.pool.counting.drop("worker_ended")
        _refuse(job, _ENDED)

    async def _replace(self) -> None:
        _logger.warning("a worker process has ended; another is started")
        pause = 1.0
        while True:
            self.pool.counting.replace_worker()
            try:
                await self.start()
            except (OSError, EOFError, TimeoutError) as error:
                name = type(error).__name__
                _logger.warning("a worker process did not start (%s)", name)
                await self._kill()
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                return

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait({self.task})
        if self.process is None:
            return
        if self.process.stdin is not None:
            self.process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await self.process.wait()
        await self._kill()

    async def _kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()


def _refuse(job: Job, message: str) -> None:
    if not job.reply.done():
        job.reply.set_exception(Refused(503, message))


async def _ask(process: Process, *parts: bytes) -> Reply:
    await _send(process, *parts)
    return await _read_reply(process)


async def _send(process: Process, *parts: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - the process was started with pipes
    for part in parts:
        process.stdin.write(LENGTH.pack(len(part)))
        for start in range(0, len(part), _PART_BYTES):
            # What the process does not read yet would be copied, so only a part is written.
            process.stdin.write(part[start : start + _PART_BYTES])
            await process.stdin.drain()


async def _read_reply(process: Process) -> Reply:
    assert process.stdout is not None  # noqa: S101 - the process was started with pipes
    (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
    reply, size = read_reply_head(await process.stdout.readexactly(length))
    return replace(reply, body=await process.stdout.readexactly(size))
