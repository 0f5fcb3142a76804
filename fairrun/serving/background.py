"""A thread for calls that block, such as those to a registry, so that the event loop need not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

__all__ = ["Background"]

_Result = TypeVar("_Result")


class Background:
    """One thread that makes blocking calls, one after the other.

    `asyncio.to_thread` would not do: the end of the process waits for its threads, and a registry
    that does not answer can block a call for minutes. Nothing waits for this thread. It is one
    thread for all calls, because MLflow keeps a connection to a database for each thread.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threading.Thread(target=self._work, name="fairrun-registry", daemon=True).start()

    async def run(self, function: Callable[..., _Result], *arguments: Any) -> _Result:
        """Return what the function returns, or raise what it raises."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[_Result] = loop.create_future()

        def settle(result: _Result | None, error: BaseException | None) -> None:
            if answered.cancelled():
                return
            if error is None:
                answered.set_result(result)  # type: ignore[arg-type]
            else:
                answered.set_exception(error)

        def call() -> None:
            result, raised = None, None
            try:
                result = function(*arguments)
            except BaseException as error:
                raised = error
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, result, raised)

        self._calls.put(call)
        return await answered

    async def close(self, seconds: float) -> None:
        """Let the thread end after the call that it makes now, and wait a while for this call."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.run(_nothing)
        self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            del call  # The arguments of the last call, such as a model, must not stay alive.


def _nothing() -> None:
    pass
