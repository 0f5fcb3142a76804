"""Which trials come next: Optuna's samplers, asked and told in one process."""

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

#: So many draws that were there before, one after another, and the space is taken to be used up.
_MOST_REPEATS = 1000
#: At most so many trials that share a fit are run in one place, so that others have work as well.
_BUNDLE = 12


@dataclass
class Search:
    """A sweep's trials: those still to come, and what became of the others.

    Grid and random draw up their trials at the start, so that they are the same whatever runs
    them, and in which order. The other two see each result before the next trial is drawn up, or
    at least what there is by then: with several workers their trials differ from run to run.

    Parameters
    ----------
    space : Space
        What may be tried.
    method : {"grid", "random", "bayesian", "nsga2"}
        See `METHODS`.
    n_trials : int
        How many trials, those that are done among them; a grid has as many as it has.
    objectives : sequence of Objective
        One or two.
    constraint : Constraint or None
        What trials shall stay within.
    seed : int
        Seeds the draws.
    done : sequence of TrialResult
        What an earlier process of the same sweep did.
    notes : mapping of int to mapping, optional
        What `notes_of` gave for those.
    prune : bool
        Whether trials are sent the best ones so far, to be measured against before their last fold.
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
            # Not the draws of the process before.
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
        """Give the next trials to run in one place; None if there are none."""
        if self.planned:
            return self._bundles.pop(0) if self._bundles else None
        if not self._free:
            return None
        number, trial = self._free.pop(0), self.study.ask()
        self._open[number] = trial
        parameters = self.space.suggest(trial)
        return (Trial(number, parameters, self._incumbents() if self.prune else ()),)

    def tell(self, result: TrialResult) -> None:
        """Take a result in."""
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
        """Give what Optuna noted of a trial beside its values: the generation it belongs to."""
        trial = self._open.get(number)
        if trial is None:
            return {}
        attributes = trial.storage.get_trial_system_attrs(trial._trial_id)
        return {name: value for name, value in attributes.items() if name.endswith("generation")}

    def _incumbents(self) -> tuple[Incumbent, ...]:
        """List the best complete trials so far by the lower limits of what they gain."""
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
    """Put trials that share a fit together; the largest bundles first, so that none comes last."""
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
        # Some generations, however few trials there are.
        return NSGAIISampler(population_size=min(50, max(10, n_trials // 8)), seed=seed)
    with warnings.catch_warnings():
        # For parameters that apply to some trials only; Optuna calls it experimental.
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
    """Make an Optuna study of the trials of a sweep, for all that Optuna can do with one.

    Parameters
    ----------
    results : sequence of TrialResult
        The trials.
    space, objectives, constraint
        Those of the sweep; each objective is to be maximised, as `Objective.gain` gives it.

    Returns
    -------
    optuna.Study
        In memory.
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
    """Give what a trial gains; None where it failed. One that was given up gains what it has."""
    if result.state == "failed":
        return None
    return [each.gain(result.metrics)[0] for each in objectives]
