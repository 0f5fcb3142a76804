"""The log lines of refused requests."""

from __future__ import annotations

import time
from logging import Logger

__all__ = ["RefusalLog"]


class RefusalLog:
    """A log with at most one line a second for each error code.

    A client that sends thousands of bad requests can thus neither fill the disk nor hide other
    lines. `GET /metrics` has the exact numbers of `POST /predict`.

    Parameters
    ----------
    logger : logging.Logger
        The logger that gets the lines.
    seconds : float
        The shortest time between two lines of a code.
    """

    def __init__(self, logger: Logger, seconds: float = 1.0) -> None:
        self._logger, self._seconds = logger, seconds
        #: For each code the time of its last line, and the number of refusals since then.
        self._last: dict[str, tuple[float, int]] = {}

    def add(self, status: int, code: str, what: str = "refused") -> None:
        """Log a refusal, or count it for the next line of its code; `what` starts the line."""
        now = time.monotonic()
        last, more = self._last.get(code, (-self._seconds, 0))
        if now < last + self._seconds:
            self._last[code] = last, more + 1
            return
        self._last[code] = now, 0
        since = f" ({more:,} more since the last line)" if more else ""
        self._logger.info("%s: %d %s%s", what, status, code, since)
