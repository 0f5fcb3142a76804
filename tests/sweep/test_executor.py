from __future__ import annotations

import errno
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fairrun.errors import RequestError
from fairrun.sweep.executor import Bundle, Executor, InProcess, Processes, make_executor
from fairrun.sweep.trial import Problem, Trial, TrialResult

TRIALS = [
    Trial(n, {"mitigator": m, "C": 10.0**n}) for n, m in enumerate(["none", "reweighing"] * 3)
]


def run(executor: Executor, problem: Problem, bundles: list[Bundle]) -> dict[int, TrialResult]:
    waiting = list(bundles)
    told: list[int] = []
    with executor:
        results = {
            result.number: result
            for result in executor.run(
                problem,
                lambda: waiting.pop(0) if waiting else None,
                lambda r: told.append(r.number),
            )
        }
    assert sorted(told) == sorted(results)
    return results


@pytest.fixture(scope="module")
def in_process(problem: Problem) -> dict[int, TrialResult]:
    return run(make_executor(1), problem, [(trial,) for trial in TRIALS])


def test_one_worker_is_this_process() -> None:
    assert isinstance(make_executor(1), InProcess)
    assert isinstance(make_executor(2), Processes)


def same(a: TrialResult, b: TrialResult) -> bool:
    assert a.counts is not None
    assert b.counts is not None
    return a.metrics == b.metrics and bool((a.counts.table == b.counts.table).all())


def test_processes_give_the_same_results(
    problem: Problem, in_process: dict[int, TrialResult]
) -> None:
    bundles = [tuple(TRIALS[:3]), *((trial,) for trial in TRIALS[3:])]
    results = run(Processes(2, ahead=2), problem, bundles)
    assert sorted(results) == sorted(in_process) == list(range(6))
    assert all(same(results[number], in_process[number]) for number in results)


def test_a_process_that_dies_fails_its_trial_and_no_other(problem: Problem) -> None:
    executor = Processes(1, ahead=2)
    waiting = [tuple(TRIALS[:3]), (TRIALS[3],)]
    killed = False
    results = {}
    with executor:
        for result in executor.run(
            problem, lambda: waiting.pop(0) if waiting else None, lambda _: None
        ):
            results[result.number] = result
            if not killed:
                killed = True
                executor._workers[0]._process.kill()
    states = [results[number].state for number in range(4)]
    assert states.count("failed") == 1
    (failed,) = (result for result in results.values() if result.state == "failed")
    assert failed.number in (1, 2)
    assert "the worker process ended" in failed.reason


def test_workers_that_cannot_be_started_are_refused_in_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def start_one(*arguments: Any, **settings: Any) -> subprocess.Popen[bytes]:
        if started:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        started.append(start(*arguments, **settings))
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", start_one)
    with pytest.raises(RequestError, match=r"workers=2 cannot be started \(Resource .*workers=1"):
        Processes(2).__enter__()
    assert started[0].returncode is not None


def test_a_worker_ends_with_the_process_that_started_it_and_not_by_an_interruption(
    problem: Problem,
) -> None:
    """However that process ends: it holds the only other end of the worker's input."""
    waiting: list[Any] = [(TRIALS[0],), (TRIALS[1],)]
    results = []
    with Processes(1) as executor:
        worker = executor._workers[0]
        for result in executor.run(
            problem, lambda: waiting.pop(0) if waiting else None, lambda _: None
        ):
            os.kill(worker._process.pid, signal.SIGINT)
            results.append(result.state)
        assert results == ["complete", "complete"]
        worker._tasks.close()
        assert worker._process.wait(timeout=60) == 0


def test_what_libraries_print_does_not_come_between_results(
    problem: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that prints while it is imported stands for a library that does."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "def loud(event, args):\n"
        "    if event == 'import' and args[0] == 'fairrun.sweep.trial':\n"
        "        os.write(1, b'between results')\n"
        "sys.addaudithook(loud)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (result,) = run(Processes(1), problem, [(TRIALS[0],)]).values()
    assert result.state == "complete"
