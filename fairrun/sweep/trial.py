"""One trial: a pure function of the problem, the seed and the parameters."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data import Dataset, DatasetSpec, Rows
from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn, group_lookup
from fairrun.metrics import Counts
from fairrun.sweep.measure import measure_counts, measure_folds, measure_scores
from fairrun.sweep.objectives import Metrics, Objective
from fairrun.sweep.pruning import Incumbent, hopeless
from fairrun.training import ESTIMATOR_PARAMETERS, EncodedRows, FairClassifier, deal_folds

if TYPE_CHECKING:  # a worker need not import Optuna
    from fairrun.sweep.space import Value

__all__ = ["Problem", "State", "Trial", "TrialResult", "Trials", "make_classifier"]

State = Literal["complete", "failed", "pruned"]

#: Fits that trials share are kept for so many; a bundle of trials has fewer.
_KEPT = 24


@dataclass(frozen=True)
class Trial:
    """What is to be tried.

    Attributes
    ----------
    number : int
        Its place in the sweep, from 0.
    parameters : mapping
        Names and values of the space.
    incumbents : tuple of Incumbent
        The best trials so far: one that is behind all hope is given up. Empty: it runs to its end.
    """

    number: int
    parameters: Mapping[str, Value]
    incumbents: tuple[Incumbent, ...] = ()


@dataclass(frozen=True)
class TrialResult:
    """What became of a trial.

    Attributes
    ----------
    number : int
        Its place in the sweep.
    parameters : mapping
        What was tried.
    state : {"complete", "failed", "pruned"}
        Pruned: given up after some of the folds.
    metrics : dict of str to float
        On the rows it was not fitted on; with their intervals.
    counts : Counts or None
        The counts of those rows; None if it failed.
    reason : str
        Why it failed or was given up, in one line.
    seconds : float
        How long it took.
    """

    number: int
    parameters: Mapping[str, Value]
    state: State
    metrics: dict[str, float] = field(default_factory=dict)
    counts: Counts | None = None
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Problem:
    """What every trial of a sweep is fitted and measured on.

    Attributes
    ----------
    spec : DatasetSpec
        Which column is what.
    rows : Rows
        Training and validation rows; never test rows.
    columns : tuple of ProtectedColumn
        The protected columns as training saw them.
    parts : tuple of (ndarray of int, ndarray of int)
        Positions of the rows to fit on and of those to measure on: one pair, or one for each fold.
    crossings : tuple of str
        Crossings of protected columns that are measured as well.
    objectives : tuple of Objective
        What trials are compared by.
    seed : int
        Seeds the fits.
    """

    spec: DatasetSpec
    rows: Rows
    columns: tuple[ProtectedColumn, ...]
    parts: tuple[tuple[NDArray[np.intp], NDArray[np.intp]], ...]
    objectives: tuple[Objective, ...]
    crossings: tuple[str, ...] = ()
    seed: int = 0

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        columns: Sequence[ProtectedColumn],
        objectives: Sequence[Objective],
        *,
        crossings: Sequence[str] = (),
        folds: int = 1,
        seed: int = 0,
    ) -> Problem:
        """Take a data set's training and validation rows.

        Parameters
        ----------
        dataset : Dataset
            The three splits.
        columns, objectives, crossings, seed
            See the attributes.
        folds : int
            1: fit on train, measure on validation. More: that many folds of both, by label and
            group.
        """
        train, validation = dataset.splits["train"], dataset.splits["validation"]
        rows = join_rows(train, validation)
        everyone = np.arange(len(rows))
        if folds == 1:
            parts = [(everyone[: len(train)], everyone[len(train) :])]
        else:
            groups = group_lookup(train.frame, dataset.spec.protected[0]).groups(rows.frame)
            fold = deal_folds(rows.label, groups, folds, seed)
            parts = [(everyone[fold != k], everyone[fold == k]) for k in range(folds)]
        given = (tuple(columns), tuple(parts), tuple(objectives), tuple(crossings))
        return cls(dataset.spec, rows, *given, seed)


def join_rows(*parts: Rows) -> Rows:
    """Put rows under one another."""
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    return Rows(frame, np.concatenate([part.label for part in parts]))


def make_classifier(
    spec: DatasetSpec, parameters: Mapping[str, Value], seed: int
) -> FairClassifier:
    """Make the classifier of a trial: what is not in its parameters takes the default.

    Examples
    --------
    >>> from fairrun.data import KNOWN_DATASETS
    >>> tried = {"mitigator": "correlation_remover", "correlation_remover.alpha": 0.5, "C": 0.1}
    >>> make_classifier(KNOWN_DATASETS["census"], tried, seed=0).mitigator_params
    {'correlation_remover.alpha': 0.5}
    """
    of_mitigators = {name: value for name, value in parameters.items() if "." in name}
    of_estimator = {
        name: value for name, value in parameters.items() if name in ESTIMATOR_PARAMETERS
    }
    own = {
        name: value
        for name, value in parameters.items()
        if name not in {*of_mitigators, *of_estimator} and (name, value) != ("class_weight", "none")
    }
    return FairClassifier.for_dataset(
        spec, mitigator_params=of_mitigators, estimator_params=of_estimator, seed=seed, **own
    )


class _Part:
    """The rows of one fit, encoded once, with what trials share."""

    def __init__(self, problem: Problem, number: int) -> None:
        fit_on, measure_on = problem.parts[number]
        train = problem.rows.take(fit_on)
        self.held_out = problem.rows.take(measure_on)
        self.positions = [column.positions(self.held_out.frame) for column in problem.columns]
        self.encoded: EncodedRows = make_classifier(problem.spec, {}, problem.seed).encode(
            train.frame, train.label
        )
        self.memory: dict[str, Any] = {}

    def measure(
        self, problem: Problem, parameters: Mapping[str, Value]
    ) -> tuple[Counts, dict[str, float]]:
        """Fit on some rows, count and measure on the others."""
        if len(self.memory) > _KEPT:
            self.memory.clear()
        classifier = make_classifier(problem.spec, parameters, problem.seed)
        model = classifier.fit_encoded(self.encoded, self.memory).inference_
        answers = model.predict(self.held_out.frame)
        label, probability = self.held_out.label, answers["probability"].to_numpy()
        counts = Counts.from_arrays(
            problem.columns, self.positions, label, answers["prediction"].to_numpy()
        )
        found = measure_counts(counts, problem.crossings) | measure_scores(label, probability)
        return counts, found


class Trials:
    """Runs trials of one problem, one after the other; a worker has one.

    What it keeps between trials (encoded rows, fits that several share) changes no result.

    Parameters
    ----------
    problem : Problem
        What they are trials of.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    @cached_property
    def _parts(self) -> list[_Part]:
        return [_Part(self.problem, number) for number in range(len(self.problem.parts))]

    def run(self, trial: Trial) -> TrialResult:
        """Run a trial; whatever it raises makes it a failed one."""
        started = time.perf_counter()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a trial's metrics say what came of it
                counts, metrics, reason = self._run(trial)
        except Exception as error:  # every mitigator raises its own
            state: State = "failed"
            counts, metrics, reason = None, {}, _one_line(error)
        else:
            state = "pruned" if reason else "complete"
        seconds = time.perf_counter() - started
        return TrialResult(trial.number, trial.parameters, state, metrics, counts, reason, seconds)

    def _run(self, trial: Trial) -> tuple[Counts, dict[str, float], str]:
        counts: Counts | None = None
        found: list[dict[str, float]] = []
        for part in self._parts:
            of_part, metrics = part.measure(self.problem, trial.parameters)
            counts = of_part if counts is None else counts + of_part
            found.append(metrics)
            if len(found) < len(self._parts) and hopeless(
                _so_far(counts, found, self.problem), self.problem.objectives, trial.incumbents
            ):
                reason = f"given up after {len(found)} of {len(self._parts)} folds: behind the best"
                return counts, _of_folds(found, counts), reason
        assert counts is not None  # noqa: S101  a problem has a part
        metrics = _of_folds(found, counts)
        for each in self.problem.objectives:
            if math.isnan(each.gain(metrics)[0]):
                raise RequestError(f"{each} is undefined, as where nobody of a group is selected")
        return counts, metrics, ""


def _so_far(counts: Counts, found: list[dict[str, float]], problem: Problem) -> Metrics:
    """Measure the rows so far together: their interval is narrower than one over few folds."""
    return found[0] | measure_counts(counts, problem.crossings)


def _of_folds(found: list[dict[str, float]], counts: Counts) -> dict[str, float]:
    metrics = found[0] if len(found) == 1 else measure_folds(found)
    return metrics | {"n_rows": float(counts.n), "n_folds": float(len(found))}


def _one_line(error: Exception) -> str:
    first = (str(error).strip().splitlines() or [""])[0]
    kind = type(error).__name__
    return first if kind == "RequestError" else f"{kind}: {first}"
