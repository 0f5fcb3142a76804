"""Tag a run with the process that works on it, and find out whether this process is gone.

The number of a process is used again after it has ended, so the time at which it started is noted,
too. The host's name is not enough, either: containers and virtual machines can share it. A process
is judged only where its number means the same process.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from fairrun.tracking.names import PROCESS_HOST, PROCESS_ID, PROCESS_START

__all__ = ["host", "is_gone", "process_tags"]

#: The namespace of process numbers outside of all containers, which Linux always gives this number.
_NO_CONTAINER = "pid:[4026531836]"


def process_tags() -> dict[str, str]:
    """Return the tags of a run of this process; none on systems other than Linux."""
    started = _start(os.getpid())
    if not host() or not started:
        return {}
    return {PROCESS_HOST: host(), PROCESS_ID: str(os.getpid()), PROCESS_START: started}


def is_gone(tags: Mapping[str, str]) -> bool:
    """Return whether the process of a run has ended.

    Parameters
    ----------
    tags : mapping of str to str
        The tags of the run.

    Returns
    -------
    bool
        False if the process is alive or belongs to another host, or it is unknown.

    Examples
    --------
    >>> mine = process_tags()
    >>> is_gone(mine), is_gone({}), is_gone(mine | {PROCESS_HOST: "other-0a1b2c3d"})
    (False, False, False)
    """
    number = tags.get(PROCESS_ID, "")
    if not host() or tags.get(PROCESS_HOST) != host() or not number.isdecimal():
        return False
    return _start(int(number)) != tags.get(PROCESS_START)


@cache
def host() -> str:
    """Return the name of this host, and a digest of what else tells it from others.

    Two processes have the same host only if each can see whether the other is alive. It is empty on
    systems other than Linux.
    """
    space = _link("/proc/self/ns/pid")
    machine = _text("/etc/machine-id")
    if not space or not _boot():
        return ""
    # A container may have the same name and numbers as one on another machine. Outside, a machine
    # keeps its id when it is started anew, and all processes from before are gone.
    known = [machine] if machine and space == _NO_CONTAINER else [machine, space, _boot()]
    digest = hashlib.blake2b("\n".join(known).encode(), digest_size=4, person=b"fairrun-host")
    return f"{socket.gethostname()}-{digest.hexdigest()}"


def _start(number: int) -> str:
    """Return when a process was started: the boot of the machine and the ticks since; or nothing.

    A process that has ended but was not waited for yet is gone, too.
    """
    # The name of the program is in parentheses, and may contain blanks and parentheses itself.
    fields = _text(f"/proc/{number}/stat").rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in ("Z", "X"):
        return ""
    return f"{_boot()}/{fields[19]}"


@cache
def _boot() -> str:
    return _text("/proc/sys/kernel/random/boot_id")


def _text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""
