"""Turn signals that stop a command into an exception, at a moment that leaves the store intact."""

from __future__ import annotations

import _thread
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Interrupted", "interruptible", "uninterrupted"]

#: Ctrl-C, the end of a terminal, and what `kill`, systemd and `mlflow run` send.
_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

#: Modules that are on the stack during a transaction of a database.
_OF_TRANSACTIONS = (
    *("sqlalchemy.", "alembic.", "mlflow.store.db."),
    *(f"mlflow.store.{each}.sqlalchemy_store" for each in ("tracking", "model_registry")),
)
#: The time in seconds after which a signal comes again that came in a transaction.
_LATER = 0.02


class Interrupted(KeyboardInterrupt):
    """A signal asked this process to stop.

    Parameters
    ----------
    number : int
        The number of the signal.

    Examples
    --------
    >>> print(Interrupted(signal.SIGTERM), Interrupted(signal.SIGTERM).exit_code)
    SIGTERM 143
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number  # as a shell has it


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` in the block if a signal asks this process to stop.

    By default, SIGTERM and SIGHUP end a process at once, and its run would be RUNNING for ever.
    Signals that this process was started to ignore, as by `nohup`, stay ignored.

    Raises
    ------
    Interrupted
        If there was a signal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python handles signals only in the main thread
        return
    before = {each: signal.getsignal(each) for each in _SIGNALS}
    before = {each: handler for each, handler in before.items() if handler != signal.SIG_IGN}
    for each in before:
        signal.signal(each, _interrupt)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, signal.SIG_DFL if handler is None else handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise Interrupted, or send the signal again later if a transaction is open.

    Within a transaction, the exception would leave the store locked, and the end of the run could
    not be written.
    """
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith(_OF_TRANSACTIONS):
            # `threading.Thread` takes locks, which the interrupted code may hold.
            _thread.start_new_thread(_send_later, (number,))
            return
        frame = frame.f_back
    raise Interrupted(number)


def _send_later(number: int) -> None:
    time.sleep(_LATER)
    os.kill(os.getpid(), number)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay a signal to the end of the block, so that what the block writes belongs together.

    Raises
    ------
    KeyboardInterrupt
        At the end of the block, if there was an interrupt.

    Examples
    --------
    >>> with uninterrupted():
    ...     written = 1
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python handles signals only in the main thread
        return
    waiting: list[int] = []
    handlers = {
        each: signal.signal(each, lambda number, _: waiting.append(number)) for each in _SIGNALS
    }
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, signal.SIG_DFL if handler is None else handler)
        for number in waiting[:1]:
            signal.raise_signal(number)
