"""Trials, whose results depend only on the problem, the seed and the parameters."""

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

from fairrun.data import Dataset, DatasetSpec, Rows, deal_clusters
from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn, group_lookup
from fairrun.metrics import AnyCounts, ClusterTables, count_rows
from fairrun.sweep.measure import measure_counts, measure_folds, measure_scores
from fairrun.sweep.objectives import Metrics, Objective
from fairrun.sweep.pruning import Incumbent, hopeless
from fairrun.training import ESTIMATOR_PARAMETERS, EncodedRows, FairClassifier, deal_folds

if TYPE_CHECKING:  # a worker need not import Optuna
    from fairrun.sweep.space import Value

__all__ = ["Problem", "State", "Trial", "TrialResult", "Trials", "make_classifier"]

State = Literal["complete", "failed", "pruned"]

#: The largest number of shared fits in memory; a bundle of trials needs fewer.
_KEPT = 24


@dataclass(frozen=True)
class Trial:
    """A combination of parameters to try.

    Attributes
    ----------
    number : int
        The number of the trial in the sweep, counted from 0.
    parameters : mapping
        The values of the parameters by name.
    incumbents : tuple of Incumbent
        The best trials so far. The trial is stopped early if it is far behind one of them.
    """

    number: int
    parameters: Mapping[str, Value]
    incumbents: tuple[Incumbent, ...] = ()


@dataclass(frozen=True)
class TrialResult:
    """The result of a trial.

    Attributes
    ----------
    number : int
        The number of the trial in the sweep.
    parameters : mapping
        The values of the parameters by name.
    state : {"complete", "failed", "pruned"}
        A pruned trial was stopped before its last fold.
    metrics : dict of str to float
        The metrics with their limits, on rows on which the trial was not fitted.
    counts : Counts, WeightedCounts or None
        The counts of these rows; None for a failed trial.
    reason : str
        The reason why the trial failed or was stopped, in one line.
    seconds : float
        The duration in seconds.
    """

    number: int
    parameters: Mapping[str, Value]
    state: State
    metrics: dict[str, float] = field(default_factory=dict)
    counts: AnyCounts | None = None
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Problem:
    """The rows and objectives that all trials of a sweep share.

    Attributes
    ----------
    spec : DatasetSpec
        The dataset spec.
    rows : Rows
        The training and validation rows, without test rows.
    protected : tuple of ProtectedColumn
        The protected columns with the values of the training rows.
    parts : tuple of (array of int, array of int)
        The positions of the rows to fit on and of the rows to measure on, for each fold. Without
        cross-validation there is one pair.
    objectives : tuple of Objective
        The objectives of the sweep.
    crossings : tuple of str
        Crossings of protected columns to measure too.
    seed : int
        The seed of the fits.
    min_frequency : int
        The fewest training rows of a named category; see `FairClassifier`.
    """

    spec: DatasetSpec
    rows: Rows
    protected: tuple[ProtectedColumn, ...]
    parts: tuple[tuple[NDArray[np.intp], NDArray[np.intp]], ...]
    objectives: tuple[Objective, ...]
    crossings: tuple[str, ...] = ()
    seed: int = 0
    min_frequency: int = 5

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        protected: Sequence[ProtectedColumn],
        objectives: Sequence[Objective],
        *,
        crossings: Sequence[str] = (),
        folds: int = 1,
        seed: int = 0,
        min_frequency: int = 5,
    ) -> Problem:
        """Return the problem for the training and validation rows of a data set.

        Parameters
        ----------
        dataset : Dataset
            The three splits.
        protected, objectives, crossings, seed, min_frequency
            See the attributes.
        folds : int
            With 1, trials are fitted on the training rows and measured on the validation rows. A
            larger number is the number of cross-validation folds of both, by label and group. The
            rows of a cluster are in the same fold.

        Returns
        -------
        Problem
        """
        train, validation = dataset.splits["train"], dataset.splits["validation"]
        rows = join_rows(train, validation)
        everyone = np.arange(len(rows))
        if folds == 1:
            parts = [(everyone[: len(train)], everyone[len(train) :])]
        else:
            groups = group_lookup(train.frame, dataset.spec.protected[0]).groups(rows.frame)
            if rows.cluster is None:
                fold = deal_folds(rows.label, groups, folds, seed)
            else:
                strata = 3 * rows.label + groups
                fold = deal_clusters(strata, rows.cluster, [1 / folds] * folds, seed)
            parts = [(everyone[fold != k], everyone[fold == k]) for k in range(folds)]
        given = (tuple(protected), tuple(parts), tuple(objectives), tuple(crossings))
        return cls(dataset.spec, rows, *given, seed, min_frequency)

    def classifier(self, parameters: Mapping[str, Value]) -> FairClassifier:
        """Return the unfitted classifier of a trial; see `make_classifier`."""
        return make_classifier(self.spec, parameters, self.seed, min_frequency=self.min_frequency)


def join_rows(*parts: Rows) -> Rows:
    """Return several sets of rows as one."""
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    weights = [part.weight for part in parts if part.weight is not None]
    weight = np.concatenate(weights) if len(weights) == len(parts) else None
    clusters = [part.cluster for part in parts if part.cluster is not None]
    cluster = np.concatenate(clusters) if len(clusters) == len(parts) else None
    return Rows(frame, np.concatenate([part.label for part in parts]), weight, cluster)


def make_classifier(
    spec: DatasetSpec, parameters: Mapping[str, Value], seed: int, *, min_frequency: int = 5
) -> FairClassifier:
    """Return the classifier of a trial, with defaults for parameters that it does not give.

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
        spec,
        mitigator_params=of_mitigators,
        estimator_params=of_estimator,
        min_frequency=min_frequency,
        seed=seed,
        **own,
    )


class _Part:
    """The encoded rows of a fold, with the intermediate results that trials share."""

    def __init__(self, problem: Problem, number: int) -> None:
        fit_on, measure_on = problem.parts[number]
        train = problem.rows.take(fit_on)
        self.held_out = problem.rows.take(measure_on)
        self.positions = [column.positions(self.held_out.frame) for column in problem.protected]
        self.encoded: EncodedRows = problem.classifier({}).encode(
            train.frame, train.label, train.sample_weight
        )
        self.memory: dict[str, Any] = {}

    def measure(
        self, problem: Problem, parameters: Mapping[str, Value]
    ) -> tuple[AnyCounts, dict[str, float]]:
        """Fit a trial, and return counts and metrics of the held-out rows."""
        if len(self.memory) > _KEPT:
            self.memory.clear()
        classifier = problem.classifier(parameters)
        model = classifier.fit_encoded(self.encoded, self.memory).inference_
        answers = model.predict(self.held_out.frame)
        label, probability = self.held_out.label, answers["probability"].to_numpy()
        weight, cluster = self.held_out.weight, self.held_out.cluster
        rows = (problem.protected, self.positions, label, answers["prediction"].to_numpy())
        counts = count_rows(*rows, weight)
        clusters = None
        # Intervals over folds come from the folds, each of which has whole clusters.
        if cluster is not None and len(problem.parts) == 1:
            clusters = ClusterTables.from_arrays(*rows, cluster, weight=weight)
        of_scores = measure_scores(label, probability, weight, clustered=clusters is not None)
        return counts, measure_counts(counts, problem.crossings, clusters) | of_scores


class Trials:
    """The trials of a problem, which are run one after the other in this process.

    Encoded rows and shared fits are kept between trials. They do not change the results.

    Parameters
    ----------
    problem : Problem
        The rows and objectives of the trials.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    @cached_property
    def _parts(self) -> list[_Part]:
        return [_Part(self.problem, number) for number in range(len(self.problem.parts))]

    def run(self, trial: Trial) -> TrialResult:
        """Run a trial and return its result; an exception makes it a failed trial."""
        started = time.perf_counter()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # hundreds of trials would repeat them
                counts, metrics, reason = self._run(trial)
        except Exception as error:  # mitigators and packages can raise any exception
            state: State = "failed"
            counts, metrics, reason = None, {}, _one_line(error)
        else:
            state = "pruned" if reason else "complete"
        seconds = time.perf_counter() - started
        return TrialResult(trial.number, trial.parameters, state, metrics, counts, reason, seconds)

    def _run(self, trial: Trial) -> tuple[AnyCounts, dict[str, float], str]:
        counts: AnyCounts | None = None
        found: list[dict[str, float]] = []
        for part in self._parts:
            of_part, metrics = part.measure(self.problem, trial.parameters)
            counts = of_part if counts is None else counts + of_part
            found.append(metrics)
            if len(found) < len(self._parts) and hopeless(
                _so_far(counts, found, self.problem), self.problem.objectives, trial.incumbents
            ):
                reason = (
                    f"stopped after {len(found)} of {len(self._parts)} folds, because another "
                    "trial is better"
                )
                return counts, _of_folds(found, counts), reason
        assert counts is not None  # noqa: S101  a problem has a part
        metrics = _of_folds(found, counts)
        for each in self.problem.objectives:
            if math.isnan(each.gain(metrics)[0]):
                raise RequestError(
                    f"{each} is undefined, for example because no row of a group is selected"
                )
        return counts, metrics, ""


def _so_far(counts: AnyCounts, found: list[dict[str, float]], problem: Problem) -> Metrics:
    """Return the metrics of all measured rows; their intervals are narrower than over few folds."""
    return found[0] | measure_counts(counts, problem.crossings)


def _of_folds(found: list[dict[str, float]], counts: AnyCounts) -> dict[str, float]:
    metrics = found[0] if len(found) == 1 else measure_folds(found)
    return metrics | {"n_rows": float(counts.n_rows), "n_folds": float(len(found))}


def _one_line(error: Exception) -> str:
    first = (str(error).strip().splitlines() or [""])[0]
    kind = type(error).__name__
    return first if kind == "RequestError" else f"{kind}: {first}"
