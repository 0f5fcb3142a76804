"""Delay interrupts while something is written to the tracking store."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["uninterrupted"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay an interrupt to the end of the block.

    Python raises an interrupt at any line. Within a transaction of the tracking store, this would
    leave the store locked, so that the end of the run could not be written.

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
