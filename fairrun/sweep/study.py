"""Choose the trials of a sweep with Optuna's samplers."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from fairrun.gate import Verdict
from fairrun.sweep.executor import Bundle
from fairrun.sweep.methods import PLANNED, Method
from fairrun.sweep.objectives import Constraint, Objective
from fairrun.sweep.pruning import Incumbent
from fairrun.sweep.selection import on_frontier
from fairrun.sweep.space import Parameters, Space, shared_fit
from fairrun.sweep.trial import Trial, TrialResult

__all__ = ["Search", "to_optuna"]

#: After this number of repeated combinations in a row, the space counts as exhausted.
_MOST_REPEATS = 1000
#: The largest number of trials in a bundle, all of which share a fit. With larger bundles, some
#: workers might have no work.
_BUNDLE = 12


@dataclass
class Search:
    """The search of a sweep: its finished trials and the choice of the next ones.

    "grid" and "random" choose all trials at the start, so the trials do not depend on the workers.
    "bayesian" and "nsga2" choose a trial from the results that exist at that time. With several
    workers, their trials differ from run to run.

    Attributes
    ----------
    space : Space
        The parameters to try.
    method : {"grid", "random", "bayesian", "nsga2"}
        The method; see `fairrun.sweep.methods.METHODS`.
    n_trials : int
        The number of trials, including finished ones. "grid" and "random" replace it by the number
        of different combinations they found.
    objectives : sequence of Objective
        One or two objectives.
    constraint : Constraint or None
        The constraint on trials.
    seed : int
        The seed of the search.
    done : sequence of TrialResult
        The trials of earlier processes of the same sweep.
    notes : mapping of int to mapping, optional
        The results of `notes_of` for these trials, by number.
    prune : bool
        Whether a trial may be stopped before its last fold if it is far behind the best trials.
    """

    space: Space
    method: Method
    n_trials: int
    objectives: Sequence[Objective]
    constraint: Constraint | None = None
    seed: int = 0
    done: Sequence[TrialResult] = ()
    notes: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    prune: bool = False

    def __post_init__(self) -> None:
        self.results = list(self.done)
        self._open: dict[int, optuna.trial.Trial] = {}
        numbers = {result.number for result in self.done}
        if self.planned:
            self._bundles = _bundled(
                [
                    Trial(number, parameters)
                    for number, parameters in enumerate(self._plan())
                    if number not in numbers
                ]
            )
            self.n_trials = len(numbers) + sum(map(len, self._bundles))
        else:
            self._free = [n for n in range(self.n_trials) if n not in numbers]
            # Another seed than in the earlier process, whose random numbers would repeat.
            sampler = _sampler(self.method, self.n_trials, self.seed + len(numbers))
            frozen = [
                _frozen(each, self.space, self.objectives, self.constraint, self.notes)
                for each in self.done
            ]
            self.study = _study(self.objectives, sampler, frozen)

    @property
    def planned(self) -> bool:
        """Whether all trials are known at the start."""
        return self.method in PLANNED

    def _plan(self) -> list[Parameters]:
        if self.method == "grid":
            return list(self.space.grid())
        study = _study(self.objectives, RandomSampler(self.seed), ())
        plan: dict[tuple[tuple[str, object], ...], Parameters] = {}
        repeats = 0
        while len(plan) < self.n_trials and repeats < _MOST_REPEATS:
            parameters = self.space.suggest(study.ask())
            key = tuple(sorted(parameters.items()))
            repeats = repeats + 1 if key in plan else 0
            plan.setdefault(key, parameters)
        return list(plan.values())

    def ask(self) -> Bundle | None:
        """Return the next trials to run in the same process; None if there are none."""
        if self.planned:
            return self._bundles.pop(0) if self._bundles else None
        if not self._free:
            return None
        number, trial = self._free.pop(0), self.study.ask()
        self._open[number] = trial
        parameters = self.space.suggest(trial)
        return (Trial(number, parameters, self._incumbents() if self.prune else ()),)

    def tell(self, result: TrialResult) -> None:
        """Add a result to the search."""
        self.results.append(result)
        trial = self._open.get(result.number)
        if trial is None:
            return
        values = _values(result, self.objectives)
        if values is None:
            self.study.tell(trial, state=TrialState.FAIL)
            return
        if self.constraint is not None:
            for term, violation in self.constraint.violations(result.metrics).items():
                trial.set_constraint(term, violation)
        self.study.tell(trial, values)

    def notes_of(self, number: int) -> dict[str, Any]:
        """Return the notes of Optuna that a resume needs: the generation of a trial."""
        trial = self._open.get(number)
        if trial is None:
            return {}
        attributes = trial.storage.get_trial_system_attrs(trial._trial_id)
        return {name: value for name, value in attributes.items() if name.endswith("generation")}

    def _incumbents(self) -> tuple[Incumbent, ...]:
        """Return the lower limits of the gains of the best trials so far."""
        complete = [each for each in self.results if each.state == "complete"]
        if self.constraint is not None:
            verdict = self.constraint.verdict
            complete = [each for each in complete if verdict(each.metrics) is Verdict.PASS]
        gains = [[each.gain(r.metrics) for each in self.objectives] for r in complete]
        best = on_frontier([[value for value, _, _ in gain] for gain in gains])
        return tuple(
            tuple(low for _, low, _ in gain) for gain, kept in zip(gains, best, strict=True) if kept
        )


def _bundled(trials: Iterable[Trial]) -> list[Bundle]:
    """Return trials in bundles that share a fit, with the largest and slowest bundles first."""
    groups: dict[object, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(shared_fit(trial.parameters), []).append(trial)
    bundles = [
        tuple(group[start : start + _BUNDLE])
        for group in groups.values()
        for start in range(0, len(group), _BUNDLE)
    ]
    return sorted(bundles, key=len, reverse=True)


def _sampler(method: Method, n_trials: int, seed: int) -> BaseSampler:
    if method == "nsga2":
        # A small population, so that a sweep with few trials has several generations.
        return NSGAIISampler(population_size=min(50, max(10, n_trials // 8)), seed=seed)
    with warnings.catch_warnings():
        # `group` supports parameters that apply to some trials only; Optuna warns that it is
        # experimental.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return TPESampler(
            n_startup_trials=min(20, max(5, n_trials // 5)),
            multivariate=True,
            group=True,
            seed=seed,
        )


def _study(
    objectives: Sequence[Objective], sampler: BaseSampler, trials: Sequence[FrozenTrial]
) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=sampler, directions=["maximize"] * len(objectives))
    study.add_trials(trials)
    return study


def to_optuna(
    results: Sequence[TrialResult],
    space: Space,
    objectives: Sequence[Objective],
    constraint: Constraint | None = None,
) -> optuna.Study:
    """Return the trials of a sweep as an Optuna study, for Optuna's analyses and plots.

    Parameters
    ----------
    results : sequence of TrialResult
        The trials.
    space : Space
        The space of the sweep.
    objectives : sequence of Objective
        The objectives of the sweep. The study maximises their gains.
    constraint : Constraint, optional
        The constraint of the sweep.

    Returns
    -------
    optuna.Study
        A study in memory.
    """
    frozen = [_frozen(each, space, objectives, constraint, {}) for each in results]
    return _study(objectives, RandomSampler(0), frozen)


def _frozen(
    result: TrialResult,
    space: Space,
    objectives: Sequence[Objective],
    constraint: Constraint | None,
    notes: Mapping[int, Mapping[str, Any]],
) -> FrozenTrial:
    values = _values(result, objectives)
    unmet = constraint.violations(result.metrics) if constraint and values else None
    return create_trial(
        state=TrialState.FAIL if values is None else TrialState.COMPLETE,
        values=values,
        params=dict(result.parameters),
        distributions=space.distributions(result.parameters),
        system_attrs=dict(notes.get(result.number, {})),
        constraints=unmet,
    )


def _values(result: TrialResult, objectives: Sequence[Objective]) -> list[float] | None:
    """Return the gains of a trial, for a pruned trial those of its folds; None if it failed."""
    if result.state == "failed":
        return None
    return [each.gain(result.metrics)[0] for each in objectives]
