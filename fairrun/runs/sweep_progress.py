"""Show the progress of a sweep: a bar in a terminal, and lines where there is none."""

from __future__ import annotations

import logging
import math
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tqdm import tqdm

from fairrun.runs.sweep_description import STATES
from fairrun.sweep.trial import State
from fairrun.text import n_of

__all__ = ["Progress", "duration"]

_logger = logging.getLogger(__name__)

#: The fewest seconds between two lines.
_PAUSE = 60.0


class Progress:
    """The progress of the trials of a sweep.

    A terminal has a bar. Elsewhere, such as in the log of a job, there is a line after the first
    trial, and then at most one a minute. Both have the best trial so far and the time left.

    Parameters
    ----------
    total : int
        The number of trials, with those that earlier processes have done.
    done : int
        The number of trials that earlier processes have done.
    clock : callable
        Returns the time in seconds.
    """

    def __init__(self, total: int, done: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._before, self._clock = total, done, clock
        self._states: Counter[State] = Counter()
        self._begun = clock()
        self._last = -math.inf
        self._bar = tqdm(total=total, initial=done, unit="trial", disable=not _has_room())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()
        n = self._states.total()
        if error is None and n:
            states = ", ".join(f"{self._states[s]} {STATES[s]}" for s in STATES if self._states[s])
            took = duration(self._clock() - self._begun)
            _logger.info("tried %s in %s: %s", n_of(n, "trial"), took, states)

    def ended(self, state: State, best: Callable[[], str]) -> None:
        """Show that a trial has ended. `best` returns the best trial so far as text."""
        self._states[state] += 1
        if not self._bar.disable:
            self._bar.set_postfix_str(best(), refresh=False)
            self._bar.update()
            return
        now, n = self._clock(), self._states.total()
        left = self._total - self._before - n
        if not left or now - self._last < _PAUSE:
            return
        # The first trial comes late, because the workers start, and says little about the others.
        time_left = "" if n == 1 else f"; about {duration((now - self._begun) / n * left)} left"
        self._last = now
        _logger.info("%d of %d trials; %s%s", self._before + n, self._total, best(), time_left)


def _has_room() -> bool:
    """Return whether the output is a terminal in which a bar can be seen.

    A terminal that a container or `script` makes may have no size, and the bar would be invisible.
    """
    try:
        return min(os.get_terminal_size(sys.stderr.fileno())) > 0
    except (OSError, ValueError):  # no terminal, or not even a file
        return False


def duration(seconds: float) -> str:
    """Return a duration in words.

    Examples
    --------
    >>> duration(0.4), duration(75), duration(600), duration(4000)
    ('1 s', '1 min 15 s', '10 min', '1 h 7 min')
    """
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
