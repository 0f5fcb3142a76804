"""The `sweep` run, which tries many parameters and chooses a model."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Run
from tqdm import tqdm

import fairrun.training
from fairrun.data import DataRequest, Dataset, DatasetSpec
from fairrun.errors import RequestError
from fairrun.gate import GateResult, Verdict
from fairrun.groups import ProtectedColumn
from fairrun.metrics import MIN_CELL, check_min_cell, count_rows
from fairrun.runs.findings import say_findings
from fairrun.runs.measure import protected_columns
from fairrun.runs.sweep_outcome import Sweep, finish_sweep, keys_of
from fairrun.sweep.executor import Executor, make_executor
from fairrun.sweep.judge import out_of_reach, trial_judge
from fairrun.sweep.methods import PLANNED, Method
from fairrun.sweep.objectives import (
    Constraint,
    Objective,
    interval_keys,
    parse_objectives,
    read_constraint,
)
from fairrun.sweep.selection import Rule, Selection, select
from fairrun.sweep.space import Space
from fairrun.sweep.space_text import read_space
from fairrun.sweep.table import trials_table
from fairrun.sweep.trial import Problem, make_classifier
from fairrun.tracking.datasets import log_input, log_notes, log_spec, open_dataset, read_spec
from fairrun.tracking.interrupts import uninterrupted
from fairrun.tracking.names import SWEEP_REACHABLE, SWEEP_RESUMES
from fairrun.tracking.runs import reopened_run, tracked_run
from fairrun.tracking.sweeps import log_sweep, read_sweep
from fairrun.tracking.trials import ChildRuns, read_counts

if TYPE_CHECKING:
    from fairrun.sweep.study import Search

__all__ = ["SweepRequest", "Swept", "run_sweep"]

_logger = logging.getLogger(__name__)

#: The default number of trials.
TRIALS = 100


@dataclass(frozen=True)
class SweepRequest:
    """The parameters of a sweep in a request.

    Attributes
    ----------
    method : {"grid", "random", "bayesian", "nsga2"}
        The search method; see `fairrun.sweep.methods.METHODS`.
    trials : int or None
        The number of trials. None means 100, or the number of the sweep that is resumed. A grid
        ignores it and tries all combinations.
    space : str
        The parameters to try; see `read_space`.
    objective : str
        The metrics to improve; see `parse_objectives`.
    constraint : str or None
        The conditions on trials; see `read_constraint`.
    select : {"constrained", "knee"} or None
        The rule of the choice; see `fairrun.sweep.selection.RULES`. None means "constrained" with a
        constraint and "knee" without one.
    folds : int
        With 1, trials are measured on the validation rows. A larger number is the number of
        cross-validation folds of the training and validation rows.
    seed : int
        The seed of the search and of the fits.
    register : str or None
        The name under which to register the chosen model.
    workers : int or None
        The number of processes. None means the number of cores.
    min_frequency : int
        The fewest training rows of a named category; see `FairClassifier`.
    min_cell : int
        Numbers about fewer rows are not shown for the chosen model; 1 shows all.
    """

    method: Method = "random"
    trials: int | None = None
    space: str = "default"
    objective: str = "accuracy,statistical_parity"
    constraint: str | None = None
    select: Rule | None = None
    folds: int = 1
    seed: int = 0
    register: str | None = None
    workers: int | None = None
    min_frequency: int = 5
    min_cell: int = MIN_CELL


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
    """

    run_id: str
    table: pd.DataFrame
    selection: Selection
    model_uri: str
    outcome: pd.DataFrame
    shown: tuple[str, ...]
    groups: tuple[str, str]
    gate: GateResult | None


@dataclass(frozen=True)
class _Plan:
    """A checked request, with the defaults filled in."""

    request: SweepRequest
    space: Space
    objectives: tuple[Objective, ...]
    axes: tuple[Objective, ...]
    constraint: Constraint | None
    rule: Rule
    n_trials: int


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
        with _sweep_run(None, request.method) as run:
            return _sweep(run, request, lambda: open_dataset(data), is_new=True)
    # Earlier versions named every category, and did not save this field.
    saved = SweepRequest(**{"min_frequency": 1} | read_sweep(resume))
    request = replace(
        saved,
        workers=request.workers,
        trials=request.trials or saved.trials,
        min_cell=request.min_cell,
        register=request.register or saved.register,
    )
    spec = read_spec(resume)
    if spec.sensitive:
        raise RequestError(
            f"resume={resume} is a sweep of sensitive data, which does not store the counts of its "
            "trials, so it cannot be resumed; start a new one"
        )
    # `mlflow run` has created a run for this command, but the sweep continues in its first run.
    with (
        tracked_run("resume sweep", {SWEEP_RESUMES: resume}),
        _sweep_run(resume, request.method) as run,
    ):
        return _sweep(run, request, lambda: open_dataset(spec), is_new=False)


def _sweep(run: Run, request: SweepRequest, load: Callable[[], Dataset], *, is_new: bool) -> Swept:
    """Run the trials, end the worker processes, and choose."""
    _check_numbers(request)
    with _executor(request) as executor:
        dataset = load()
        columns = protected_columns(dataset.splits["train"], dataset.spec, request.min_frequency)
        plan = _resolve(request, columns)
        if dataset.spec.weight is not None:
            _check_weights(dataset.spec, plan.space)
        if is_new:
            log_notes(dataset.notes, dataset.n_dropped)
            say_findings(dataset)
            log_spec(dataset.spec)
            for name in ("train", "validation"):
                log_input(dataset.splits[name], dataset.spec, context=name)
        log_sweep(_saved(plan))
        if plan.constraint is not None and request.folds == 1:
            _say_out_of_reach(plan.constraint, dataset, columns)
        tried = _try(run, plan, dataset, columns, executor)
    return _choose(run, plan, dataset, tried)


@contextmanager
def _sweep_run(run_id: str | None, method: str) -> Iterator[Run]:
    """Open the run of a sweep, new or resumed; an interrupt sets its status to KILLED."""
    opened: AbstractContextManager[Run] = (
        tracked_run(f"sweep {method}") if run_id is None else reopened_run(run_id)
    )
    with opened as run, _quiet_fits():
        try:
            yield run
        except KeyboardInterrupt:
            mlflow.end_run("KILLED")
            _logger.warning(
                "interrupted; to resume the sweep: mlflow run … -e sweep -P resume=%s",
                run.info.run_id,
            )
            raise


def _executor(request: SweepRequest) -> Executor:
    """Return the executor of a sweep. Its processes start while the data are read."""
    workers = min(request.workers or os.cpu_count() or 1, request.trials or TRIALS)
    return make_executor(workers, ahead=2 if request.method in PLANNED else 1)


def _check_numbers(request: SweepRequest) -> None:
    """Raise RequestError if a number is not possible, before any process is started."""
    check_min_cell(request.min_cell)
    if request.folds < 1:
        raise RequestError(f"folds={request.folds} is not possible; give 1 or more")
    if request.trials is not None and request.trials < 1:
        raise RequestError(f"trials={request.trials} is not possible; give 1 or more")
    if request.min_frequency < 1:
        raise RequestError(f"min_frequency={request.min_frequency} is not possible; give 1 or more")


def _check_weights(spec: DatasetSpec, space: Space) -> None:
    """Raise RequestError if a mitigator or a resampling of the space cannot use weights."""
    for name in (each for each in ("mitigator", "resample") if each in space.names):
        for value in space[name].values:
            make_classifier(spec, {name: value}, seed=0).recipe().check_weights()


def _resolve(request: SweepRequest, protected: Sequence[ProtectedColumn]) -> _Plan:
    objectives = parse_objectives(request.objective, protected)
    constraint = read_constraint(request.constraint, protected) if request.constraint else None
    if request.select == "constrained" and constraint is None:
        raise RequestError(
            "select=constrained needs a constraint; give one, such as "
            "constraint='statistical_parity<=0.05'"
        )
    return _Plan(
        request,
        read_space(request.space),
        objectives,
        _axes(objectives, constraint, protected),
        constraint,
        request.select or ("constrained" if constraint else "knee"),
        request.trials or TRIALS,
    )


def _axes(
    objectives: tuple[Objective, ...],
    constraint: Constraint | None,
    protected: Sequence[ProtectedColumn],
) -> tuple[Objective, ...]:
    """Return the two axes of the frontier.

    With one objective, the second axis is the first fairness metric of the constraint, or else
    statistical parity (accuracy, if the objective is statistical parity).
    """
    if len(objectives) == 2:
        return objectives
    if constraint is not None:
        for term, key, about in zip(
            constraint.gate.terms, constraint.keys, constraint.abouts, strict=True
        ):
            if key != objectives[0].key and term.metric.kind != "performance":
                return (*objectives, Objective(term.metric, about, key))
    parity = "statistical_parity"
    other = "accuracy" if objectives[0].metric.name == parity else parity
    return (*objectives, *parse_objectives(other, protected))


def _saved(plan: _Plan) -> dict[str, object]:
    """Return the request as it is logged for a resume, with the content of files it refers to."""
    constraint = None if plan.constraint is None else str(plan.constraint)
    saved = replace(
        plan.request,
        space=str(plan.space),
        constraint=constraint,
        select=plan.rule,
        trials=plan.n_trials,
        workers=None,
    )
    return asdict(saved)


@dataclass(frozen=True)
class _Tried:
    """The finished search of a sweep.

    Attributes
    ----------
    problem : Problem
        The rows on which trials were fitted and measured.
    search : Search
        The search with all results.
    run_ids : dict of int to str
        The ids of the child runs by number of the trial.
    """

    problem: Problem
    search: Search
    run_ids: dict[int, str]


def _try(
    run: Run,
    plan: _Plan,
    dataset: Dataset,
    protected: tuple[ProtectedColumn, ...],
    executor: Executor,
) -> _Tried:
    """Run the trials that have not been run yet."""
    from fairrun.sweep.study import Search  # imports Optuna

    request, constraint = plan.request, plan.constraint
    about = [axis.protected for axis in plan.axes] + list(constraint.abouts if constraint else ())
    problem = Problem.of(
        dataset,
        protected,
        plan.objectives,
        crossings=[crossing for crossing in dict.fromkeys(about) if ":" in crossing],
        folds=request.folds,
        seed=request.seed,
        min_frequency=request.min_frequency,
    )
    children = ChildRuns(run, dataset.spec, request.seed)
    keys = [*(axis.key for axis in plan.axes), *keys_of(constraint)]
    read = children.read(name for key in keys for name in interval_keys(key))
    search = Search(
        plan.space,
        request.method,
        plan.n_trials,
        plan.objectives,
        constraint,
        request.seed,
        read.results,
        read.notes,
        prune=request.folds > 1 and request.method in ("bayesian", "nsga2"),
    )
    if search.n_trials != plan.n_trials:
        _logger.info("the space has %d different combinations; each is tried", search.n_trials)
    run_ids = dict(read.run_ids)
    with tqdm(total=search.n_trials, initial=len(search.done), unit="trial", disable=None) as bar:
        for result in executor.run(problem, search.ask, search.tell):
            with uninterrupted():
                run_ids[result.number] = children.log(result, search.notes_of(result.number))
            bar.set_postfix_str(_best(search), refresh=False)
            bar.update()
    return _Tried(problem, search, run_ids)


def _say_out_of_reach(
    constraint: Constraint, dataset: Dataset, protected: Sequence[ProtectedColumn]
) -> None:
    """Warn if the validation rows are too few for any trial to be shown to meet the constraint."""
    rows = dataset.splits["validation"]
    if rows.weight is not None:
        return  # The check supposes rows of weight 1, so the tag would be wrong.
    positions = [column.positions(rows.frame) for column in protected]
    counts = count_rows(protected, positions, rows.label, np.zeros(len(rows)), None)
    found = out_of_reach(constraint, counts)
    mlflow.set_tag(SWEEP_REACHABLE, "false" if found else "true")
    if found:
        first = found[0]
        why = first.reason or (
            f"with equal rates the interval would still be {first.ci_low:.3f} to "
            f"{first.ci_high:.3f}"
        )
        more = f", nor {len(found) - 1} more" if len(found) > 1 else ""
        _logger.warning(
            "warning: the %s validation rows are too few to show %s for %s (%s)%s; give more "
            "rows, or a wider limit",
            f"{len(rows):,}",
            first.term,
            first.subject,
            why,
            more,
        )


def _choose(run: Run, plan: _Plan, dataset: Dataset, tried: _Tried) -> Swept:
    """Choose a trial, and fit and evaluate its model."""
    results = tried.search.results
    judge = None
    if plan.constraint is not None and plan.request.folds == 1:
        judge = trial_judge(
            plan.constraint, lambda trial: trial.counts or read_counts(tried.run_ids[trial.number])
        )
    selection = select(results, plan.axes, plan.constraint, plan.rule, judge)
    table = trials_table(results, tried.run_ids, selection, plan.constraint)
    outcome = finish_sweep(
        Sweep(tried.problem, dataset, plan.axes, plan.constraint, plan.space),
        {result.number: result for result in results},
        table,
        selection,
        plan.request.register,
        plan.request.min_cell,
    )
    return Swept(
        run.info.run_id,
        table,
        selection,
        outcome.model_uri,
        outcome.metrics,
        tuple(dict.fromkeys([*(axis.key for axis in plan.axes), *keys_of(plan.constraint)])),
        dataset.spec.protected[0].group_names,
        outcome.gate,
    )


@contextmanager
def _quiet_fits() -> Iterator[None]:
    """Turn off the log lines of fits, because a sweep has hundreds of them."""
    logger = logging.getLogger(fairrun.training.__name__)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _best(search: Search) -> str:
    """Return the best trial so far as text for the progress bar."""
    first, constraint = search.objectives[0], search.constraint
    complete = [
        each
        for each in search.results
        if each.state == "complete"
        and (constraint is None or constraint.verdict(each.metrics) is Verdict.PASS)
    ]
    if not complete:
        return "none yet"
    best = max(complete, key=lambda each: first.gain(each.metrics)[0])
    return f"best {first} {best.metrics[first.key]:.4f} ({best.parameters.get('mitigator')})"
