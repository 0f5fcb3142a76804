"""Worker processes for large bodies, so that large bodies do not delay requests of single rows."""

from __future__ import annotations

import asyncio
import logging
import os
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from fairrun.errors import RequestError
from fairrun.processes import worker_command, worker_environment
from fairrun.serving.answering import Reply
from fairrun.serving.errors import Refused
from fairrun.serving.limits import JSON
from fairrun.serving.worker import LENGTH, read_reply_head

__all__ = ["Workers"]

_logger = logging.getLogger(__name__)


class Workers:
    """A pool of worker processes; each has the model and answers one body at a time.

    The processes are started anew, not forked. They share no memory with the server, do not get its
    signals, and end when the server ends.

    Parameters
    ----------
    folder : Path
        The folder of the model.
    size : int
        The number of processes.
    seconds : float
        The longest time for an answer. After this time the process is ended and replaced.
    """

    def __init__(self, folder: Path, size: int, seconds: float) -> None:
        self.folder, self.size, self.seconds = folder, size, seconds
        self._idle: asyncio.LifoQueue[Process | None] = asyncio.LifoQueue()
        self._all: set[Process] = set()

    async def start(self) -> None:
        """Start the processes, and wait until each has loaded the model.

        Raises
        ------
        RequestError
            If a process does not start.
        """
        try:
            for process in await asyncio.gather(*(self._start_one() for _ in range(self.size))):
                self._idle.put_nowait(process)
        except (OSError, EOFError) as error:
            await self.stop()
            raise RequestError(
                "a worker process did not start; see the output above for its error"
            ) from error

    async def stop(self) -> None:
        """End the processes; a process that is answering gets `seconds` to finish."""
        for process in self._all:
            if process.stdin is not None:
                process.stdin.close()
        ends = [asyncio.ensure_future(process.wait()) for process in self._all]
        if ends:
            await asyncio.wait(ends, timeout=self.seconds)
        for process in [*self._all]:
            self._end(process)

    async def ask(self, body: bytes, query: bytes = b"", kind: bytes = JSON) -> Reply:
        """Return the answer of `answer` to a body, from the next process that is idle.

        Raises
        ------
        Refused
            With status 503 if the answer takes too long or a process ends, for example because it
            has too little memory.
        """
        process = await self._idle.get()
        try:
            async with asyncio.timeout(self.seconds):
                if process is None or process.returncode is not None:
                    self._end(process)
                    process = await self._start_one()
                reply = await _ask(process, query, kind, body)
        except BaseException as error:
            # The process may be in the middle of an answer, so it is ended. None makes the next
            # request start another process.
            self._idle.put_nowait(None)
            self._end(process)
            if not isinstance(error, TimeoutError | OSError | EOFError):
                raise
            _logger.warning("a worker process was ended after %s", type(error).__name__)
            raise Refused(
                503, "the rows took too much time or memory; send fewer rows at a time"
            ) from None
        self._idle.put_nowait(process)
        return reply

    def _end(self, process: Process | None) -> None:
        if process is not None:
            self._all.discard(process)
            with suppress(ProcessLookupError):
                process.kill()

    async def _start_one(self) -> Process:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FAIRRUN_")}
        process = await asyncio.create_subprocess_exec(
            *worker_command("fairrun.serving.worker", str(self.folder)),
            stdin=PIPE,
            stdout=PIPE,
            limit=2**20,
            env=worker_environment(kept),
            start_new_session=True,
        )
        self._all.add(process)
        await _read_reply(process)
        return process


async def _ask(process: Process, *parts: bytes) -> Reply:
    assert process.stdin is not None  # noqa: S101 - the process was started with pipes
    for part in parts:
        process.stdin.write(LENGTH.pack(len(part)))
        process.stdin.write(part)
    await process.stdin.drain()
    return await _read_reply(process)


async def _read_reply(process: Process) -> Reply:
    assert process.stdout is not None  # noqa: S101 - the process was started with pipes
    (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
    reply, size = read_reply_head(await process.stdout.readexactly(length))
    return replace(reply, body=await process.stdout.readexactly(size))
