"""The parameters of a sweep: their defaults, checks, and the form in which they are saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from fairrun.data import Dataset, DatasetSpec
from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn
from fairrun.metrics import MIN_CELL
from fairrun.sweep.group_readers import ReadsGroup
from fairrun.sweep.methods import TRIALS, Method
from fairrun.sweep.objectives import (
    Constraint,
    Objective,
    check_choice,
    parse_objectives,
    read_constraint,
)
from fairrun.sweep.selection import Rule
from fairrun.sweep.space import Space
from fairrun.sweep.space_text import read_space
from fairrun.sweep.trial import Problem, make_classifier

__all__ = [
    "Plan",
    "Sweep",
    "SweepRequest",
    "checked_space",
    "plan_sweep",
    "saved_request",
]

#: A grid with more combinations than this needs its number as `trials`, as a confirmation.
_MOST_COMBINATIONS = 10_000


@dataclass(frozen=True)
class SweepRequest:
    """The parameters of a sweep in a request.

    Attributes
    ----------
    method : {"grid", "random", "bayesian", "nsga2"}
        The search method; see `fairrun.sweep.methods.METHODS`.
    trials : int or None
        The number of trials. None means 100, or the number of the sweep that is resumed. A grid
        tries all combinations; if there are more than 10,000, it needs their number here.
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
    trials_experiment : str or None
        The name of an experiment for the runs and models of the trials. None means that they are in
        the experiment of the sweep's run.
    workers : int or None
        The number of processes. None means the number of cores.
    min_frequency : int
        The fewest training rows of a named category; see `FairClassifier`.
    min_cell : int
        Numbers about fewer rows are not shown for the chosen model, and if the data are sensitive,
        not for the trials; 1 shows all.
    reads_group : {"any", "no"}
        "no" leaves out the mitigators that read a protected column in prediction.
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
    trials_experiment: str | None = None
    workers: int | None = None
    min_frequency: int = 5
    min_cell: int = MIN_CELL
    reads_group: ReadsGroup = "any"


@dataclass(frozen=True)
class Plan:
    """A checked request, with the defaults filled in.

    Attributes
    ----------
    request : SweepRequest
        The request.
    space : Space
        The parameters to try.
    objectives : tuple of Objective
        The metrics to improve.
    axes : tuple of Objective
        The two axes of the frontier.
    constraint : Constraint or None
        The conditions on trials.
    rule : {"constrained", "knee"}
        The rule of the choice.
    n_trials : int
        The number of trials.
    """

    request: SweepRequest
    space: Space
    objectives: tuple[Objective, ...]
    axes: tuple[Objective, ...]
    constraint: Constraint | None
    rule: Rule
    n_trials: int

    @property
    def constrained(self) -> tuple[str, ...]:
        """The names of the constrained metrics; none without a constraint."""
        return () if self.constraint is None else self.constraint.keys

    @property
    def shown(self) -> tuple[str, ...]:
        """The names of the two metrics of the frontier, and then of the constrained ones."""
        return tuple(dict.fromkeys([*(axis.key for axis in self.axes), *self.constrained]))


@dataclass(frozen=True)
class Sweep:
    """A sweep that has begun: what its trials and its end have in common.

    Attributes
    ----------
    plan : Plan
        The checked request.
    problem : Problem
        The rows on which trials are fitted and measured.
    dataset : Dataset
        The splits, with the test rows, which trials do not use.
    warnings : tuple of str
        Why no trial can be shown to meet the constraint; empty if it is not known to be so.
    min_cell : int
        Numbers of trials about fewer rows are not shown; 1, which shows all, unless the data are
        sensitive.
    """

    plan: Plan
    problem: Problem
    dataset: Dataset
    warnings: tuple[str, ...] = ()
    min_cell: int = 1


def checked_space(request: SweepRequest) -> Space:
    """Return the space of a request, before the data are read or a process is started.

    Raises
    ------
    RequestError
        If the space cannot be read, a grid has very many combinations, or a number is not possible.
    """
    for name, number in (
        ("folds", request.folds),
        ("trials", request.trials),
        ("min_frequency", request.min_frequency),
    ):
        if number is not None and number < 1:
            raise RequestError(f"{name}={number} is not possible; give 1 or more")
    space = read_space(request.space, request.reads_group)
    if request.method == "grid":
        n = space.n_combinations
        if n > max(_MOST_COMBINATIONS, request.trials or 0):
            raise RequestError(
                f"the grid of this space has {n:,} combinations, and a sweep tries more than "
                f"{_MOST_COMBINATIONS:,} only if trials={n} confirms it; give fewer values in "
                "space, or method=random with the number of trials"
            )
    return space


def plan_sweep(
    request: SweepRequest, space: Space, spec: DatasetSpec, protected: Sequence[ProtectedColumn]
) -> Plan:
    """Return the plan of a request for a data set.

    Raises
    ------
    RequestError
        If an objective, the constraint or the rule is not possible, or the data have weights that a
        method of the space cannot use.
    """
    if spec.weight is not None:
        _check_weights(spec, space)
    check_choice(request.objective, request.constraint, request.select)
    objectives = parse_objectives(request.objective, protected)
    constraint = read_constraint(request.constraint, protected) if request.constraint else None
    return Plan(
        request,
        space,
        objectives,
        _axes(objectives, constraint, protected),
        constraint,
        request.select or ("constrained" if constraint else "knee"),
        request.trials or TRIALS,
    )


def _check_weights(spec: DatasetSpec, space: Space) -> None:
    """Raise RequestError if a mitigator or a resampling of the space cannot use weights."""
    for name in (each for each in ("mitigator", "resample") if each in space.names):
        for value in space[name].values:
            make_classifier(spec, {name: value}, seed=0).recipe().check_weights()


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


def saved_request(plan: Plan) -> dict[str, object]:
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
