"""The queue of requests for worker processes: two lanes, each of a limited length."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from fairrun.serving.answering import Reply
from fairrun.serving.errors import Refused

__all__ = ["LANES", "LONG", "SHORT", "Job", "Queue", "queue_full"]

#: The lane of a few rows whose explanations are requested, and the lane of all larger bodies.
SHORT, LONG = LANES = ("short", "long")


@dataclass(eq=False)
class Job:
    """A request for a worker process.

    Attributes
    ----------
    body, query, kind : bytes
        The arguments of `answer`.
    lane : str
        `SHORT` or `LONG`.
    reply : asyncio.Future
        The answer. It is cancelled when nobody waits for it any more.
    again : bool
        Whether the job came back to the queue because its first worker ended.
    """

    body: bytes
    query: bytes
    kind: bytes
    lane: str
    reply: asyncio.Future[Reply] = field(default_factory=lambda: asyncio.Future())
    again: bool = False


def queue_full(most: int) -> Refused:
    """Return the refusal of a request when as many as possible are waiting."""
    return Refused(503, f"{most} requests are waiting; try again in a second")


class Queue:
    """Jobs that wait for a worker, in the order of their arrival.

    Parameters
    ----------
    most : int
        The largest number of jobs in a lane. `Budget` limits the bytes of their bodies.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._jobs: dict[str, deque[Job]] = {lane: deque() for lane in LANES}

    def length(self, lane: str) -> int:
        """Return the number of jobs that wait in a lane."""
        return len(self._jobs[lane])

    def put(self, job: Job) -> None:
        """Add a job; raise Refused (503) if its lane is full."""
        if self.length(job.lane) >= self.most:
            raise queue_full(self.most)
        self._jobs[job.lane].append(job)

    def put_back(self, job: Job) -> None:
        """Add a job that was taken before, in front of the others."""
        self._jobs[job.lane].appendleft(job)

    def take(self, lanes: tuple[str, ...]) -> Job | None:
        """Remove and return the oldest job of the first of these lanes that has one."""
        for lane in lanes:
            if self._jobs[lane]:
                return self._jobs[lane].popleft()
        return None

    def drop(self, job: Job) -> None:
        """Remove a job that nobody waits for any more, whether it was taken or not."""
        if job in self._jobs[job.lane]:
            self._jobs[job.lane].remove(job)
        if not job.reply.cancel() and not job.reply.cancelled():
            job.reply.exception()  # asyncio would log one that nobody has looked at
