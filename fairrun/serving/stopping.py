"""A uvicorn server that stops at more signals, and with the process that started it."""

from __future__ import annotations

import logging
import os
import signal

import uvicorn

__all__ = ["Server"]

_logger = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """A server that stops at a signal, or when the process that started it is gone.

    Parameters
    ----------
    config : uvicorn.Config
        The settings.
    parent : int, optional
        The id of the process that started this one. None if the server runs on without it.
    """

    def __init__(self, config: uvicorn.Config, parent: int | None = None) -> None:
        super().__init__(config)
        self.parent = parent

    @property
    def is_orphan(self) -> bool:
        """Return whether the parent is gone.

        One signal can end both: that of a group of processes reaches the server, too, and the
        server may stop before the parent is gone. So this has to be asked when it has stopped.
        """
        return self.parent is not None and os.getppid() != self.parent

    async def on_tick(self, counter: int) -> bool:
        """Return whether to stop; uvicorn asks ten times a second."""
        if self.is_orphan:
            _logger.warning("the process that started the server has ended, so the server stops")
            return True
        return await super().on_tick(counter)

    def stop_at_signals(self) -> None:
        """Stop also at SIGHUP, and let a requested stop end with exit code 0."""
        # uvicorn has handlers of its own while it runs. When it has stopped, it raises the signal
        # again. Without this handler, a requested stop would look like a failure.
        signal.signal(signal.SIGTERM, self.handle_exit)
        # A terminal that is closed sends SIGHUP. `nohup` makes processes ignore it.
        hangup = getattr(signal, "SIGHUP", None)  # Windows has none.
        if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
            signal.signal(hangup, self.handle_exit)
