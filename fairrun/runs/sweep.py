"""The `sweep` run, which tries many parameters and chooses a model."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import mlflow
import pandas as pd
from mlflow.entities import Run

from fairrun.data import DataRequest, Dataset
from fairrun.errors import RequestError
from fairrun.gate import GateResult, Verdict
from fairrun.groups import ProtectedColumn
from fairrun.runs.findings import say_findings
from fairrun.runs.measure import protected_columns
from fairrun.runs.sweep_alternatives import Answered
from fairrun.runs.sweep_description import describe_resuming
from fairrun.runs.sweep_outcome import finish_sweep
from fairrun.runs.sweep_progress import Progress
from fairrun.runs.sweep_reach import say_out_of_reach
from fairrun.runs.sweep_request import (
    Plan,
    Sweep,
    SweepRequest,
    checked_space,
    plan_sweep,
    saved_request,
)
from fairrun.runs.sweep_session import sweep_run
from fairrun.sweep.executor import Executor, make_executor
from fairrun.sweep.group_readers import said_of_left_out
from fairrun.sweep.judge import trial_judge
from fairrun.sweep.measure import compared_keys
from fairrun.sweep.methods import PLANNED, TRIALS
from fairrun.sweep.objectives import interval_keys
from fairrun.sweep.selection import Selection, select
from fairrun.sweep.shown import shown_trial
from fairrun.sweep.table import trials_table
from fairrun.sweep.trial import Problem, TrialResult
from fairrun.text import n_of
from fairrun.tracking.datasets import (
    log_dropped,
    log_input,
    log_notes,
    log_spec,
    open_dataset,
    read_spec,
    say_notes,
)
from fairrun.tracking.interrupts import uninterrupted
from fairrun.tracking.names import SWEEP_RESUMES
from fairrun.tracking.runs import tracked_run
from fairrun.tracking.sweeps import log_sweep, read_sweep
from fairrun.tracking.trials import ChildRuns, read_counts

if TYPE_CHECKING:
    from fairrun.sweep.study import Search

__all__ = ["Swept", "run_sweep"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Swept:
    """The result of a `sweep` run.

    Attributes
    ----------
    run_id : str
        The id of the run of the sweep.
    table : pandas.DataFrame
        The table of trials; see `trials_table`.
    selection : Selection
        The frontier and the chosen trial.
    model_uri : str
        The URI of the chosen model.
    outcome : pandas.DataFrame
        The metrics of the chosen model; see `Outcome.metrics`.
    shown : tuple of str
        The two metrics of the frontier, and then the metrics of the constraint.
    groups : tuple of (str, str)
        The names of group_a and group_b.
    gate : GateResult or None
        The result of the constraint on the test rows; None without a constraint.
    commands : list of str
        The commands to type next.
    alternatives : Answered
        Whether there is a less discriminatory alternative to the baseline.
    """

    run_id: str
    table: pd.DataFrame
    selection: Selection
    model_uri: str
    outcome: pd.DataFrame
    shown: tuple[str, ...]
    groups: tuple[str, str]
    gate: GateResult | None
    commands: list[str]
    alternatives: Answered


def run_sweep(data: DataRequest, request: SweepRequest, resume: str | None = None) -> Swept:
    """Run trials, choose one on the validation rows, and evaluate it once on the test rows.

    Parameters
    ----------
    data : DataRequest
        The data and how to prepare them. It is ignored if a sweep is resumed.
    request : SweepRequest
        The parameters of the sweep. If a sweep is resumed, only `workers`, `trials` and `register`
        are used, the last two only if they are given.
    resume : str, optional
        The run id of an interrupted sweep. Its finished trials are not repeated.

    Returns
    -------
    Swept

    Raises
    ------
    RequestError
        If the data or a parameter cannot be used (before the first trial), no trial is complete, or
        the registry refuses the name of the model.
    KeyboardInterrupt
        If the sweep is interrupted. Finished trials are logged, and the run's status is KILLED.
    """
    if resume is None:
        with sweep_run(None, request) as run:
            return _sweep(run, request, lambda: open_dataset(data), is_new=True)
    # Earlier versions named every category, and did not save this field.
    saved = SweepRequest(**{"min_frequency": 1} | read_sweep(resume))
    request = replace(
        saved,
        workers=request.workers,
        trials=request.trials or saved.trials,
        register=request.register or saved.register,
    )
    spec = read_spec(resume)
    if spec.sensitive:
        raise RequestError(
            f"resume={resume} is a sweep of sensitive data, which does not store the counts of its "
            "trials, so it cannot be resumed; start a new one"
        )
    # `mlflow run` has created a run for this command, but the sweep continues in its first run.
    with tracked_run("resume sweep", {SWEEP_RESUMES: resume}):
        describe_resuming(mlflow.get_run(resume))
        with sweep_run(resume, request) as run:
            return _sweep(run, request, lambda: open_dataset(spec), is_new=False)


def _sweep(run: Run, request: SweepRequest, load: Callable[[], Dataset], *, is_new: bool) -> Swept:
    """Run the trials, end the worker processes, and choose."""
    space = checked_space(request)
    with _executor(request) as executor:
        dataset = load()
        columns = protected_columns(
            dataset.splits["train"].frame, dataset.spec.protected, request.min_frequency
        )
        plan = plan_sweep(request, space, dataset.spec, columns)
        if is_new:
            log_notes(dataset.notes, dataset.n_dropped)
            say_findings(dataset)
            log_spec(dataset.spec)
            if dataset.spec.sensitive:
                _logger.info("the data are sensitive, so this sweep cannot be resumed")
            for name in ("train", "validation"):
                log_input(dataset.splits[name], dataset.spec, context=name)
        else:
            say_notes(dataset.notes)
        log_sweep(saved_request(plan))
        if request.reads_group == "no":
            _logger.info("%s", said_of_left_out())
        # A resumed sweep reads the metrics of its trials, so they are complete unless the data are
        # sensitive, and the sweep cannot be resumed.
        min_cell = request.min_cell if dataset.spec.sensitive else 1
        warnings = say_out_of_reach(
            plan.constraint, dataset, columns, folds=request.folds, min_cell=min_cell
        )
        sweep = Sweep(plan, _problem(plan, dataset, columns), dataset, warnings, min_cell)
        tried = _try(run, sweep, executor)
    if not is_new:
        tried.children.unmark()
    return _choose(run, sweep, tried)


def _executor(request: SweepRequest) -> Executor:
    """Return the executor of a sweep. Its processes start while the data are read."""
    workers = min(request.workers or os.cpu_count() or 1, request.trials or TRIALS)
    return make_executor(workers, ahead=2 if request.method in PLANNED else 1)


def _problem(plan: Plan, dataset: Dataset, protected: tuple[ProtectedColumn, ...]) -> Problem:
    about = [axis.protected for axis in plan.axes]
    about += plan.constraint.abouts if plan.constraint is not None else ()
    return Problem.of(
        dataset,
        protected,
        plan.objectives,
        crossings=[crossing for crossing in dict.fromkeys(about) if ":" in crossing],
        folds=plan.request.folds,
        seed=plan.request.seed,
        min_frequency=plan.request.min_frequency,
    )


@dataclass(frozen=True)
class _Tried:
    """The finished search of a sweep.

    Attributes
    ----------
    children : ChildRuns
        The child runs of the sweep.
    search : Search
        The search with all results and all their metrics.
    shown : dict of int to TrialResult
        The trials as they are shown, by number.
    run_ids : dict of int to str
        The ids of the child runs by number of the trial.
    """

    children: ChildRuns
    search: Search
    shown: dict[int, TrialResult]
    run_ids: dict[int, str]


def _try(run: Run, sweep: Sweep, executor: Executor) -> _Tried:
    """Run the trials that have not been run yet."""
    from fairrun.sweep.study import Search  # imports Optuna

    plan, request = sweep.plan, sweep.plan.request
    children = ChildRuns(run, sweep.dataset.spec, request.seed)
    problem = sweep.problem
    others = [*(column.name for column in problem.protected[1:]), *problem.crossings]
    shown_keys = [name for key in plan.shown for name in interval_keys(key)]
    read = children.read(dict.fromkeys([*shown_keys, *compared_keys(others)]))
    search = Search(
        plan.space,
        request.method,
        plan.n_trials,
        plan.objectives,
        plan.constraint,
        request.seed,
        read.results,
        read.notes,
        prune=request.folds > 1 and request.method in ("bayesian", "nsga2"),
    )
    if search.n_trials != plan.n_trials:
        _logger.info("the space has %d different combinations; each is tried", search.n_trials)
    run_ids = dict(read.run_ids)
    shown = {each.number: each for each in read.results}
    _logger.info("%s", _to_do(search))
    with Progress(search.n_trials, len(search.done)) as progress:
        for result in executor.run(problem, search.ask, search.tell):
            number = result.number
            shown[number] = shown_trial(result, sweep.min_cell)
            with uninterrupted():
                run_ids[number] = children.log(shown[number], search.notes_of(number))
            progress.ended(result.state, lambda: _best(search, shown))
    return _Tried(children, search, shown, run_ids)


def _choose(run: Run, sweep: Sweep, tried: _Tried) -> Swept:
    """Choose a trial, and fit and evaluate its model."""
    results, plan, run_ids = tried.search.results, sweep.plan, tried.run_ids
    judge = None
    # Counts do not hold clusters. The intervals of the trials do, and are those of the gate.
    by_counts = plan.request.folds == 1 and sweep.dataset.spec.cluster is None
    if plan.constraint is not None and by_counts:
        judge = trial_judge(
            plan.constraint, lambda trial: trial.counts or read_counts(run_ids[trial.number])
        )
    selection = select(results, plan.axes, plan.constraint, plan.rule, judge)
    table = trials_table(results, run_ids, selection, plan.constraint, tried.shown)
    outcome = finish_sweep(run, sweep, tried.shown, table, selection)
    log_dropped(sweep.dataset.n_dropped)
    return Swept(
        run.info.run_id,
        table,
        selection,
        outcome.model_uri,
        outcome.metrics,
        plan.shown,
        sweep.dataset.spec.protected[0].group_names,
        outcome.gate,
        outcome.commands,
        outcome.alternatives,
    )


def _to_do(search: Search) -> str:
    """Return what the search will do as text."""
    done, n = len(search.done), search.n_trials
    if done >= n:
        return f"all {n} trials are done"
    if done:
        return f"{done} of {n} trials are done; trying {n_of(n - done, 'more trial')}"
    return f"trying {n_of(n, 'trial')}"


def _best(search: Search, shown: Mapping[int, TrialResult]) -> str:
    """Return the best trial so far as text."""
    first, constraint = search.objectives[0], search.constraint
    complete = [each for each in search.results if each.state == "complete"]
    if not complete:
        return "no trial is complete yet"
    if constraint is not None:
        complete = [e for e in complete if constraint.verdict(e.metrics) is Verdict.PASS]
    if not complete:
        return "no trial meets the constraint yet"
    best = max(complete, key=lambda each: first.gain(each.metrics)[0])
    value = shown[best.number].metrics[first.key]
    said = f" {value:.4f}" if math.isfinite(value) else ""
    return f"best {first}{said} (trial {best.number}, {best.parameters.get('mitigator', 'none')})"
