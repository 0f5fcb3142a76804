"""Let a command fail at each of its points in a copy of its process, and check what is left.

At a point, the process of the command is copied (`fork`). The copy has the fault, and ends in the
way that fairrun ends; the original waits, puts all files back, and goes on to the next point. A
loop that starts the command anew for each point would find the same faults in a hundred times the
time.
"""

from __future__ import annotations

import atexit
import importlib
import itertools
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from _fault_points import KILLED, KINDS, Point, at_points, fault, unseen
from _fault_state import Model, Snapshot, State, lacking, smaller

from fairrun.errors import EXIT_BAD_REQUEST, EXIT_TRACKING_STORE

__all__ = ["Case", "Found", "try_command"]

#: The exit code of a command that SIGTERM stopped.
_STOPPED = 143
#: After this number of faults, a line says so.
_PROGRESS = 100
#: The longest time in seconds of a process.
_LONGEST = 300


@dataclass(frozen=True)
class Case:
    """A command of the benchmark.

    Attributes
    ----------
    name : str
        Its name in the table.
    arguments : tuple of str
        The command and its options. `RUN` stands for the run of the last command in `before`.
    before : tuple of tuple of str
        The commands that are run first.
    forks : bool
        Whether its process can be copied; not if it has workers of its own. Then only its processes
        are points.
    """

    name: str
    arguments: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()
    forks: bool = True


@dataclass
class Found:
    """What was found for a command.

    Attributes
    ----------
    points : Counter
        The number of points by kind.
    outcomes : Counter
        The number of faults by outcome.
    again : int
        How often the command was repeated after a fault.
    defects : list of str
        What did not hold, with point and kind of the fault.
    """

    points: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    again: int = 0
    defects: list[str] = field(default_factory=list)

    def add(self, other: Found) -> None:
        """Add what another part found. Each part has counted all points."""
        self.points |= other.points
        self.outcomes += other.outcomes
        self.again += other.again
        self.defects += other.defects


def try_command(
    case: Case,
    folder: Path,
    database: Path,
    *,
    every: int,
    part: tuple[int, int],
    again: int,
    kinds: Sequence[str],
) -> Found:
    """Let a command fail at each of its points, and check what it leaves.

    Parameters
    ----------
    case : Case
        The command.
    folder : Path
        An empty folder for its store, artifacts and temporary files.
    database : Path
        An SQLite database with MLflow's tables.
    every : int
        Every which point fails; 1 for all.
    part : tuple of (int, int)
        The number of a part of these points from 0 on, and the number of parts.
    again : int
        After every which fault the command is repeated.
    kinds : sequence of str
        The kinds of faults.

    Returns
    -------
    Found
    """
    return _Loop(case, folder, database, every, part, again, kinds).run()


class _Loop:
    def __init__(
        self,
        case: Case,
        folder: Path,
        database: Path,
        every: int,
        part: tuple[int, int],
        again: int,
        kinds: Sequence[str],
    ) -> None:
        self._case, self._folder = case, folder
        self._every, self._part, self._again, self._kinds = every, part, again, kinds
        self._found = Found()
        self._output = folder.parent / f"{folder.name}.output"
        shutil.copy(database, folder / "mlflow.db")
        (folder / "tmp").mkdir()

    def run(self) -> Found:
        self._alone(self._make_experiment)
        for command in self._case.before:
            self._must(command)
        self._arguments = self._resolved(self._case.arguments)
        self._before, self._prepared = State.of(self._folder), Snapshot(self._folder)
        self._code = self._command(self._arguments)
        self._whole = State.of(self._folder)
        self._names = {run.name: run for run in self._new(self._whole).runs.values()}
        self._models = {model.run: model for model in self._new(self._whole).models.values()}
        if self._code not in (0, 4, 5) or any(
            run.status != "FINISHED" for run in self._names.values()
        ):
            raise RuntimeError(f"{self._case.name} fails without a fault: {self._said()}")
        self._prepared.restore()
        if self._case.forks:
            self._walk()
            self._prepared.restore()
        if self._part[0] == 0:
            self._restart()
        return self._found

    # ---- the faults

    def _walk(self) -> None:
        """Copy the process at each point."""
        to_us, from_walker = os.pipe()
        to_walker, from_us = os.pipe()
        walker = os.fork()
        if walker == 0:
            os.close(to_us)
            os.close(from_us)
            _Walker(self, os.fdopen(from_walker, "w"), os.fdopen(to_walker)).run()
        os.close(from_walker)
        os.close(to_walker)
        with os.fdopen(to_us) as messages, os.fdopen(from_us, "w") as replies:
            for message in messages:
                self._heard(json.loads(message))
                print("checked", file=replies, flush=True)
        _, status = os.waitpid(walker, 0)
        if (code := os.waitstatus_to_exitcode(status)) != self._code:
            self._say(f"without a fault: exit code {code}: {self._said()}")

    def is_chosen(self, point: Point) -> bool:
        """Return whether a point fails in this part of the benchmark."""
        place, between = divmod(point.number, self._every)
        part, n_parts = self._part
        return between == 0 and place % n_parts == part

    def _heard(self, message: dict[str, Any]) -> None:
        if message["kind"] == "":
            self._found.points[message["what"]] += 1
        else:
            self._check(message)

    def _restart(self) -> None:
        """Start the command anew for each process that it starts.

        The copy of a process would share the pipes to its new process with the original.
        """
        reached = self._output.with_suffix(".reached")
        for kind in (kind for kind in KINDS["process"] if kind in self._kinds):
            for number in itertools.count(1):
                code = self._alone(lambda n=number, k=kind: self._fail_at(n, k, reached))
                if not reached.exists():
                    break
                message = {"what": "process", "label": reached.read_text("utf-8"), "kind": kind}
                reached.unlink()
                self._found.points["process"] = max(self._found.points["process"], number)
                self._check(message | {"number": number, "code": code})
                self._prepared.restore()
            self._prepared.restore()

    def _fail_at(self, number: int, kind: str, reached: Path) -> int:
        """Run the command, and let the process of a number fail."""
        seen = 0

        def at(point: Point) -> BaseException | None:
            nonlocal seen
            seen += point.what == "process"
            if point.what != "process" or seen != number:
                return None
            with unseen():
                reached.write_text(point.label, encoding="utf-8")
            return fault(point, kind)

        at_points(self._folder, at)
        return run_command(self._arguments)

    # ---- what must hold

    def _check(self, message: dict[str, Any]) -> None:
        kind, code, said = message["kind"], message["code"], self._said()
        self._found.outcomes[_outcome(kind, code, self._code)] += 1
        defects = [*self._wrong_end(kind, code, said), *self._wrong_state(message)]
        n_faults = sum(self._found.outcomes.values())
        if n_faults % self._again == 0:
            self._found.again += 1
            if (code := self._command(self._arguments)) != self._code:
                defects.append(f"again: exit code {code}: {self._said()}")
            else:
                defects += [f"again: {each}" for each in self._unlike(State.of(self._folder))]
        for defect in defects:
            self._say("{what} {number} ({label}), {kind}".format(**message) + f": {defect}")
        if n_faults % _PROGRESS == 0:
            print(f"{self._case.name}: {n_faults} faults", file=sys.stderr, flush=True)

    def _say(self, defect: str) -> None:
        """Keep a defect, and print it at once."""
        self._found.defects.append(defect)
        print(f"{self._case.name}: defect: {defect}", file=sys.stderr, flush=True)

    def _wrong_end(self, kind: str, code: int, said: str) -> list[str]:
        if kind == "kill":
            return [] if code == KILLED else [f"exit code {code}: {said}"]
        allowed = {self._code, EXIT_BAD_REQUEST, EXIT_TRACKING_STORE}
        if kind == "SIGTERM":
            # A signal may come when the command is done, and then ends the process as it is.
            allowed = {self._code, _STOPPED, -signal.SIGTERM}
        found = []
        errors = re.findall("^error: .*", said, re.MULTILINE)
        if code not in allowed or "Traceback" in said or "Exception ignored" in said:
            found.append(f"exit code {code}: {said}")
        elif len(errors) != (code not in (self._code, -signal.SIGTERM)):
            found.append(f"exit code {code} with {len(errors)} lines of error: {said}")
        return found

    def _wrong_state(self, message: dict[str, Any]) -> list[str]:
        if message["kind"] == "kill":
            code = message["reaped"] if "reaped" in message else self._command(["reap"])
            if code:
                return [f"reap ends with {code}: {self._said()}"]
        state = State.of(self._folder)
        found = [
            f"run {run.name} is {run.status}"
            for run in state.runs.values()
            if run.status not in ("FINISHED", "FAILED", "KILLED")
        ]
        found += [
            f"model of {model.run} is {model.status}"
            for model in state.models.values()
            if model.status not in ("READY", "FAILED")
        ]
        found += self._unlike(state)
        models = [each for each in self._new(state).models.values() if self._is_doubtful(each)]
        if models and self._alone(lambda: self._load(models)):
            found.append(f"models: {self._said()}")
        return found

    def _unlike(self, state: State) -> list[str]:
        """Return what is said to be finished, and is not."""
        found = []
        for run in self._new(state).runs.values():
            whole = self._names.get(run.name)
            if run.status == "FINISHED" and (whole is None or lacking(run, whole)):
                lacks = lacking(run, whole) if whole else "a run like it"
                found.append(f"run {run.name} is FINISHED without {lacks}")
        return found

    def _is_doubtful(self, model: Model) -> bool:
        """Return whether a model must be loaded, because it is not a whole one that is READY."""
        return model.status != "READY" or bool(smaller(model.files, self._models[model.run].files))

    def _load(self, models: Sequence[Model]) -> int:
        """Load each model in this process: a whole one can be loaded, another is refused."""
        from fairrun.errors import RequestError
        from fairrun.models.open import open_model

        for model in models:
            lacks = smaller(model.files, self._models[model.run].files)
            try:
                open_model(f"models:/{model.model_id}")
            except RequestError as error:
                if model.status == "READY":
                    print(f"error: a model that is READY is refused: {error}", file=sys.stderr)
                    return 1
                if "\n" in str(error):
                    print(f"error: more than a line: {error}", file=sys.stderr)
                    return 1
            else:
                if lacks:
                    print(f"error: a {model.status} model without {lacks}", file=sys.stderr)
                    return 1
        return 0

    def _new(self, state: State) -> State:
        return State(
            {key: run for key, run in state.runs.items() if key not in self._before.runs},
            {key: each for key, each in state.models.items() if key not in self._before.models},
        )

    # ---- processes

    def _command(self, arguments: Sequence[str]) -> int:
        return self._alone(lambda: run_command(arguments))

    def _must(self, command: Sequence[str]) -> None:
        if code := self._command(self._resolved(command)):
            raise RuntimeError(f"{command} ends with {code}: {self._said()}")

    def _resolved(self, arguments: Sequence[str]) -> list[str]:
        runs = list(State.of(self._folder).runs)
        return [word.replace("RUN", runs[-1]) if runs else word for word in arguments]

    def _said(self) -> str:
        return self._output.read_text("utf-8", "replace").strip()[-1500:]

    def _alone(self, function: Callable[[], int]) -> int:
        """Run a function in a process of its own; return its exit code."""
        pid = os.fork()
        if pid == 0:
            end_with(lambda: self.settle() or function())
        return wait_for(pid)

    def settle(self) -> None:
        """Turn this process into one of the command: its folder, store and output."""
        from mlflow.utils import thread_utils

        from fairrun.tracking import store

        # A killed process gives its locks back; the original of a killed copy still has them.
        store._alone_in = lambda _: nullcontext()
        # MLflow forgets the active runs of a process in its copies.
        thread_utils.os = SimpleNamespace(getpid=lambda: 0)
        redirect(self._output)
        os.chdir(self._folder)
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{self._folder}/mlflow.db"
        os.environ["MLFLOW_EXPERIMENT_NAME"] = "faults"
        os.environ["TMPDIR"] = tempfile.tempdir = str(self._folder / "tmp")

    def _make_experiment(self) -> int:
        import mlflow

        place = (self._folder / "artifacts").as_uri()
        mlflow.MlflowClient().create_experiment("faults", artifact_location=place)
        return 0


class _Walker:
    """The process of a command that is copied at each point."""

    def __init__(self, loop: _Loop, messages: Any, replies: Any) -> None:
        self._loop, self._messages, self._replies = loop, messages, replies
        self._is_copy = False

    def run(self) -> None:
        def walk() -> int:
            self._loop.settle()
            at_points(self._loop._folder, self._at)
            return run_command(self._loop._arguments)

        end_with(walk)

    def _at(self, point: Point) -> BaseException | None:
        from fairrun.tracking import store

        if self._is_copy:
            return None
        if point.what == "process":
            return None
        with unseen():
            self._ask({"what": point.what, "kind": ""})
            if not self._loop.is_chosen(point):
                return None
            snapshot = Snapshot(self._loop._folder)
            for kind in KINDS[point.what]:
                if kind not in self._loop._kinds:
                    continue
                pid = os.fork()
                if pid == 0:
                    self._is_copy = True
                    redirect(self._loop._output)
                    break
                facts = {"number": point.number, "what": point.what, "label": point.label}
                facts |= {"kind": kind, "code": wait_for(pid)}
                if kind == "kill" and store._opened:
                    facts["reaped"] = self._reap()
                self._ask(facts)
                snapshot.restore()
        return fault(point, kind) if self._is_copy else None

    def _reap(self) -> int:
        """Reap in another copy, which has opened the store, as if this process were gone."""
        from mlflow.tracking import fluent

        dead, pid = os.getpid(), os.fork()
        if pid == 0:
            self._is_copy = True
            redirect(self._loop._output)
            fluent._active_run_stack.set([])
            end_with(lambda: reap(dead))
        return wait_for(pid)

    def _ask(self, message: Mapping[str, Any]) -> None:
        print(json.dumps(message), file=self._messages, flush=True)
        self._replies.readline()


def run_command(arguments: Sequence[str]) -> int:
    """Run a command of fairrun in this process to its end; return its exit code.

    A server starts, and stops at once.
    """
    import uvicorn

    uvicorn.Server.main_loop = _stop_at_once
    sys.modules["uvloop"] = None  # It starts processes without Python.
    name, *options = arguments
    command = importlib.import_module(f"fairrun.entrypoints.{name}").main
    try:
        command.main(options, prog_name=name)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def reap(pid: int) -> int:
    """Reap in this process as if another process were gone; return the exit code."""
    from fairrun.tracking import owners

    start = owners._start
    owners._start = lambda number: "" if number == pid else start(number)
    return run_command(["reap"])


async def _stop_at_once(_: Any) -> None:
    """Stand for the main loop of a server, which would answer requests until a signal comes."""


def end_with(function: Callable[[], int]) -> None:
    """End this process as Python does, with the exit code that a function returns."""
    code = 1
    try:
        code = function()
    except BaseException:
        traceback.print_exc()
    finally:
        with unseen():
            # MLflow ends runs that are still active.
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def redirect(file: Path) -> None:
    """Write the output of this process to an empty file."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.close(handle)


def wait_for(pid: int) -> int:
    """Wait for a child process, and return its exit code; end it if it takes too long."""
    until = time.monotonic() + _LONGEST
    while time.monotonic() < until:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return -1


def _outcome(kind: str, code: int, passed: int) -> str:
    if kind == "kill":
        return "killed"
    stopped = dict.fromkeys((_STOPPED, -signal.SIGTERM), "stopped")
    return (stopped | {passed: "went on"}).get(code, f"exit code {code}")
