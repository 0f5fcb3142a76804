"""Interrupts wait until what was begun is written."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["uninterrupted"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put an interrupt off to the end of the block.

    Python raises it wherever it is. Within a transaction of the tracking store that would leave the
    store locked, and the run that is to be ended could not be written.

    Raises
    ------
    KeyboardInterrupt
        At the end, if there was an interrupt that raises one.

    Examples
    --------
    >>> with uninterrupted():
    ...     written = 1
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # no interrupt comes here
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
