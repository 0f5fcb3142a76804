"""Where trials run: in this process, or in others that each know the problem."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Protocol, Self

from fairrun.processes import worker_command, worker_environment
from fairrun.sweep.messages import read_result, write_problem, write_trials
from fairrun.sweep.trial import Problem, Trial, TrialResult, Trials

__all__ = ["Bundle", "Executor", "InProcess", "Processes", "make_executor"]

#: Trials that share a fit, and so are run one after the other in one place.
Bundle = tuple[Trial, ...]
Ask = Callable[[], Bundle | None]
Tell = Callable[[TrialResult], None]


class Executor(Protocol):
    """Runs trials somewhere.

    Everything a trial needs is in the problem and the trial: another executor may run them on
    another machine. It is entered before the problem is known, so that what takes time to start
    can do so meanwhile.
    """

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def run(self, problem: Problem, ask: Ask, tell: Tell) -> Iterator[TrialResult]:
        """Run trials until there are no more.

        Parameters
        ----------
        problem : Problem
            What they are trials of.
        ask : callable
            Gives the next trials, or None if there are no more to begin.
        tell : callable
            Takes each result, before anything else is asked for.

        Yields
        ------
        TrialResult
            Each result once, in the order in which they end.
        """


class InProcess:
    """Runs one trial after the other, here."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is to be closed."""

    def run(self, problem: Problem, ask: Ask, tell: Tell) -> Iterator[TrialResult]:
        """Run trials until there are no more."""
        trials = Trials(problem)
        while bundle := ask():
            for trial in bundle:
                result = trials.run(trial)
                tell(result)
                yield result


class Processes:
    """Runs trials in processes of their own, which end with this one, however it ends.

    Each is sent the problem once, and imports what it needs once. One that dies, as for want of
    memory, fails the trial it was at; another takes its place.

    Parameters
    ----------
    n_workers : int
        How many processes.
    ahead : int
        How many bundles one is given at a time; with 2, it need not wait for the next.
    """

    def __init__(self, n_workers: int, *, ahead: int = 1) -> None:
        self._n_workers = n_workers
        self._ahead = ahead
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        self._workers = [_Worker(self._n_workers) for _ in range(self._n_workers)]
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
            reason = f"its process ended with code {code} (out of memory?)"
            again = _Worker(self._n_workers)
            again.begin(problem)
            self._workers[self._workers.index(worker)] = again
            for bundle in (tuple(others), *worker.bundles[1:]):
                if bundle:
                    again.send(bundle)
            return [TrialResult(lost.number, lost.parameters, "failed", reason=reason)]


class _Worker:
    """A process that runs trials: what it is sent goes through one pipe, results through another.

    Not a `multiprocessing.Process`, which would import the program that started the sweep.
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
        #: What it was sent and has not answered, trial by trial.
        self.bundles: list[Bundle] = []

    def begin(self, problem: Sequence[bytes]) -> None:
        """Send it the problem."""
        with suppress(BrokenPipeError):  # one that is gone is noticed where its answer is awaited
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
        """End the process at once; give the code it ended with."""
        self._tasks.close()
        self.results.close()
        # Out of tasks it ends by itself; in a trial it is not waited for.
        self._process.terminate()
        return self._process.wait()


def make_executor(workers: int, *, ahead: int = 1) -> Executor:
    """Choose the executor: one worker needs no process of its own."""
    return InProcess() if workers == 1 else Processes(workers, ahead=ahead)
