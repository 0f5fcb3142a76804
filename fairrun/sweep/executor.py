"""Run trials in this process or in worker processes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Protocol, Self

from fairrun.errors import RequestError
from fairrun.processes import worker_command, worker_environment
from fairrun.sweep.messages import read_result, write_problem, write_trials
from fairrun.sweep.trial import Problem, Trial, TrialResult, Trials

__all__ = ["Bundle", "Executor", "InProcess", "Processes", "make_executor"]

#: Trials that share a fit, and are therefore run one after the other in the same process.
Bundle = tuple[Trial, ...]
Ask = Callable[[], Bundle | None]
Tell = Callable[[TrialResult], None]


class Executor(Protocol):
    """The interface of executors.

    A trial needs only the problem and the trial itself, so an executor could run trials on another
    machine. An executor is entered as a context manager before the problem is known, so that
    processes start while the data are read.
    """

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def run(self, problem: Problem, ask: Ask, tell: Tell) -> Iterator[TrialResult]:
        """Run trials until there are no more.

        Parameters
        ----------
        problem : Problem
            The rows on which trials are fitted and measured.
        ask : callable
            ``ask()`` returns the next trials, or None if there are no more.
        tell : callable
            ``tell(result)`` is called with each result before the next call of `ask`.

        Yields
        ------
        TrialResult
            The result of each trial, in the order in which trials end.
        """


class InProcess:
    """An executor that runs trials in this process, one after the other."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Do nothing, because there is nothing to close."""

    def run(self, problem: Problem, ask: Ask, tell: Tell) -> Iterator[TrialResult]:
        """Run trials until there are no more."""
        trials = Trials(problem)
        while bundle := ask():
            for trial in bundle:
                result = trials.run(trial)
                tell(result)
                yield result


class Processes:
    """An executor that runs trials in worker processes.

    The workers end when this process ends, even if it is killed. A worker receives the problem once
    and imports its packages once. If a worker dies (for example because memory is short), its
    current trial fails and a new worker replaces it.

    Parameters
    ----------
    n_workers : int
        The number of processes.
    ahead : int
        The number of bundles that a worker has at a time. With 2, it does not wait for the next
        bundle.
    """

    def __init__(self, n_workers: int, *, ahead: int = 1) -> None:
        self._n_workers = n_workers
        self._ahead = ahead
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        try:
            for _ in range(self._n_workers):
                self._workers.append(_Worker(self._n_workers))
        except OSError as error:
            self.__exit__()
            raise RequestError(
                f"workers={self._n_workers} cannot be started ({error.strerror}); give fewer "
                "workers, such as workers=1, which needs no further process"
            ) from error
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers:
            worker.close()

    def run(self, problem: Problem, ask: Ask, tell: Tell) -> Iterator[TrialResult]:
        """Run trials until there are no more."""
        written = write_problem(problem)
        for worker in self._workers:
            worker.begin(written)
        while True:
            for _ in range(self._ahead):
                for worker in self._workers:
                    if len(worker.bundles) < self._ahead and (bundle := ask()):
                        worker.send(bundle)
            busy = {worker.results: worker for worker in self._workers if worker.bundles}
            if not busy:
                return
            ended: list[TrialResult] = []
            for ready in wait(list(busy)):
                ended += self._receive(busy[ready], written)  # type: ignore[index]
            for result in ended:
                tell(result)
            yield from ended

    def _receive(self, worker: _Worker, problem: Sequence[bytes]) -> list[TrialResult]:
        try:
            return [worker.receive()]
        except (EOFError, OSError):
            code = worker.close()
            lost, *others = worker.bundles[0]
            reason = f"the worker process ended with code {code} (out of memory?)"
            again = _Worker(self._n_workers)
            again.begin(problem)
            self._workers[self._workers.index(worker)] = again
            for bundle in (tuple(others), *worker.bundles[1:]):
                if bundle:
                    again.send(bundle)
            return [TrialResult(lost.number, lost.parameters, "failed", reason=reason)]


class _Worker:
    """A worker process, with a pipe for its tasks and a pipe for its results.

    It is not a `multiprocessing.Process`, which would import the program that started the sweep.
    """

    def __init__(self, n_workers: int) -> None:
        threads = max(1, (os.cpu_count() or 1) // n_workers)
        self._process = subprocess.Popen(
            worker_command("fairrun.sweep.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=worker_environment(os.environ, OMP_NUM_THREADS=str(threads)),
        )
        assert self._process.stdin and self._process.stdout  # noqa: PT018, S101  they are pipes
        self._tasks = Connection(os.dup(self._process.stdin.fileno()), readable=False)
        self.results = Connection(os.dup(self._process.stdout.fileno()), writable=False)
        self._process.stdin.close()
        self._process.stdout.close()
        #: The bundles that were sent, without the trials whose results were received.
        self.bundles: list[Bundle] = []

    def begin(self, problem: Sequence[bytes]) -> None:
        """Send the problem to the worker."""
        with suppress(BrokenPipeError):  # `receive` notices a worker that has died
            for message in problem:
                self._tasks.send_bytes(message)

    def send(self, bundle: Bundle) -> None:
        self.bundles.append(bundle)
        with suppress(BrokenPipeError):
            self._tasks.send_bytes(write_trials(bundle))

    def receive(self) -> TrialResult:
        result = read_result(self.results.recv_bytes())
        _, *rest = self.bundles[0]
        if rest:
            self.bundles[0] = tuple(rest)
        else:
            self.bundles.pop(0)
        return result

    def close(self) -> int:
        """End the process at once and return its exit code."""
        self._tasks.close()
        self.results.close()
        # A worker without tasks ends by itself; a running trial is stopped.
        self._process.terminate()
        return self._process.wait()


def make_executor(workers: int, *, ahead: int = 1) -> Executor:
    """Return the executor for a number of workers; a single worker is this process."""
    return InProcess() if workers == 1 else Processes(workers, ahead=ahead)
