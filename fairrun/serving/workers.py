"""A few processes for large bodies, so that neither parsing nor scoring holds up single rows."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import fairrun
from fairrun.errors import RequestError
from fairrun.serving.answering import Reply
from fairrun.serving.errors import Refused
from fairrun.serving.halves import halve, join
from fairrun.serving.worker import LENGTH, read_reply_head

__all__ = ["Workers"]

_logger = logging.getLogger(__name__)

#: Bytes from which on a body is worth the work of two processes.
_WORTH_TWO = 2**20


class Workers:
    """Processes that each have the model and answer one body at a time.

    They are processes of their own and no forks: they share nothing with the server, hear none of
    its signals, and end when it does.

    Parameters
    ----------
    folder : Path
        The model.
    size : int
        How many.
    seconds : float
        How long one may take to answer; then it is ended, and another takes its place.
    """

    def __init__(self, folder: Path, size: int, seconds: float) -> None:
        self.folder, self.size, self.seconds = folder, size, seconds
        self._idle: asyncio.LifoQueue[Process | None] = asyncio.LifoQueue()
        self._all: set[Process] = set()

    async def start(self) -> None:
        """Start them, and wait until each has loaded the model.

        Raises
        ------
        RequestError
            If one does not.
        """
        try:
            for process in await asyncio.gather(*(self._start_one() for _ in range(self.size))):
                self._idle.put_nowait(process)
        except (OSError, EOFError) as error:
            await self.stop()
            raise RequestError("a process for large requests did not start") from error

    async def stop(self) -> None:
        """End them; one that still answers may finish."""
        for process in self._all:
            if process.stdin is not None:
                process.stdin.close()
        ends = [asyncio.ensure_future(process.wait()) for process in self._all]
        if ends:
            await asyncio.wait(ends, timeout=self.seconds)
        for process in [*self._all]:
            self._end(process)

    async def ask(self, body: bytes, query: bytes = b"") -> Reply:
        """Have a body answered, as `answer` does: by two that are idle, or by the next that is.

        Raises
        ------
        Refused
            503 if it took too long, or a process ended, for want of memory perhaps.
        """
        alone = query or len(body) < _WORTH_TWO or self._idle.qsize() < 2
        if not alone and (halves := halve(body)):
            replies = await asyncio.gather(*map(self._ask_one, halves))
            if joined := join(*replies):
                return joined
        return await self._ask_one(body, query)

    async def _ask_one(self, body: bytes, query: bytes = b"") -> Reply:
        process = await self._idle.get()
        try:
            async with asyncio.timeout(self.seconds):
                if process is None or process.returncode is not None:
                    self._end(process)
                    process = await self._start_one()
                reply = await _ask(process, body, query)
        except BaseException as error:
            # Whatever it is at, nobody waits for it any more; the next request starts another.
            self._idle.put_nowait(None)
            self._end(process)
            if not isinstance(error, TimeoutError | OSError | EOFError):
                raise
            _logger.warning("a process for large requests has ended: %s", type(error).__name__)
            raise Refused(
                503, "the rows took too long or too much memory; send fewer at a time"
            ) from None
        self._idle.put_nowait(process)
        return reply

    def _end(self, process: Process | None) -> None:
        if process is not None:
            self._all.discard(process)
            with suppress(ProcessLookupError):
                process.kill()

    async def _start_one(self) -> Process:
        root = str(Path(fairrun.__file__).parents[1])
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("FAIRRUN_")}
        path = os.pathsep.join(filter(None, [root, inherited.get("PYTHONPATH", "")]))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fairrun.serving.worker", str(self.folder)),
            stdin=PIPE,
            stdout=PIPE,
            limit=2**20,
            env=inherited | {"PYTHONPATH": path},
            start_new_session=True,
        )
        self._all.add(process)
        await _read_reply(process)
        return process


async def _ask(process: Process, body: bytes, query: bytes) -> Reply:
    assert process.stdin is not None  # noqa: S101 - it was started with a pipe
    for part in (query, body):
        process.stdin.write(LENGTH.pack(len(part)))
        process.stdin.write(part)
    await process.stdin.drain()
    return await _read_reply(process)


async def _read_reply(process: Process) -> Reply:
    assert process.stdout is not None  # noqa: S101
    (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
    reply, size = read_reply_head(await process.stdout.readexactly(length))
    return replace(reply, body=await process.stdout.readexactly(size))
