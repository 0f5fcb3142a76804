"""How fairrun starts a worker process of its own.

The app and the sweep each have a pool of their own, because `ProcessPoolExecutor` and
loky do not do what these pools promise. Both send tasks by pickle; fairrun pickles nothing. When
one process of a `ProcessPoolExecutor` dies, the whole pool is broken, and every task in it fails;
here only the task of that process fails, and another process takes its place. Neither can end the
one process that takes too long. The pools differ in what they wait for: the app waits in an event
loop, with a time limit for each request; the sweep waits for whichever trial ends first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["worker_command", "worker_environment"]

_ROOT = Path(__file__).resolve().parents[1]


def worker_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of fairrun with this Python."""
    return [sys.executable, "-m", module, *arguments]


def worker_environment(inherited: Mapping[str, str], **changes: str) -> dict[str, str]:
    """Return the environment of a worker, in which it finds this very fairrun.

    Parameters
    ----------
    inherited : mapping of str to str
        The variables to keep.
    **changes : str
        Variables to set.
    """
    path = os.pathsep.join(filter(None, [str(_ROOT), inherited.get("PYTHONPATH", "")]))
    return {**inherited, "PYTHONPATH": path, **changes}
