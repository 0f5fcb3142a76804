"""Ask a sweep for a less discriminatory alternative, and answer on the test rows."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import mlflow
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.figures import plot_alternatives, to_png
from fairrun.inference import load_model
from fairrun.models.open import open_model
from fairrun.models.seal import ARTIFACT
from fairrun.pages import AlternativesShown
from fairrun.runs.sweep_request import Sweep
from fairrun.sweep.alternatives import (
    Alternative,
    Baseline,
    best_alternative,
    candidates_for,
    choose_baseline,
    confidence_of_each,
)
from fairrun.sweep.alternatives_said import (
    alternatives_table,
    answer,
    how_compared,
    parameters_text,
    shown_table,
)
from fairrun.sweep.criteria import Criteria, criteria_of
from fairrun.sweep.paired import LabelledRows, compare_labels
from fairrun.sweep.trial import TrialResult
from fairrun.text import n_of
from fairrun.tracking.looks import log_looks_of
from fairrun.tracking.names import ALTERNATIVES, SWEEP_ALTERNATIVE, SWEEP_BASELINE
from fairrun.tracking.runs import log_pictures
from fairrun.tracking.sweeps import log_alternatives

__all__ = ["Answered", "Asked", "answer_alternatives", "ask_for_alternatives"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """What the validation rows have chosen for the comparison on the test rows.

    Attributes
    ----------
    criteria : Criteria
        The metrics.
    baseline : Baseline
        The baseline.
    candidates : tuple of int
        The numbers of the candidates.
    """

    criteria: Criteria
    baseline: Baseline
    candidates: tuple[int, ...]


@dataclass(frozen=True)
class Answered:
    """Whether a sweep has a less discriminatory alternative to its baseline.

    Attributes
    ----------
    sentence : str
        The answer, in a few sentences.
    how : str
        How the candidates were compared; empty without candidates.
    alternatives : tuple of Alternative
        The candidates, as they were compared.
    table : pandas.DataFrame
        The table of the candidates as texts; see `shown_table`.
    picture : bytes
        The figure as PNG; empty without a candidate that can be drawn.
    """

    sentence: str
    how: str = ""
    alternatives: tuple[Alternative, ...] = ()
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    picture: bytes = b""

    @property
    def shown(self) -> AlternativesShown:
        """What the page of the sweep shows."""
        return AlternativesShown(self.sentence, self.how, self.table, self.picture)


def ask_for_alternatives(
    sweep: Sweep, trials: Mapping[int, TrialResult], kept: Sequence[int]
) -> Asked:
    """Return the baseline and the candidates, as the validation rows choose them.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    trials : mapping of int to TrialResult
        The trials as they are shown, by number.
    kept : sequence of int
        The trials whose models are logged.
    """
    plan = sweep.plan
    criteria = criteria_of(plan.axes, plan.constraint, sweep.problem.protected)
    baseline = choose_baseline(trials, criteria.performance)
    candidates = candidates_for(trials, kept, baseline, criteria)
    return Asked(criteria, baseline, candidates)


def answer_alternatives(
    sweep: Sweep, asked: Asked, trials: Mapping[int, TrialResult], uris: Mapping[int, str]
) -> Answered:
    """Compare the candidates with the baseline on the test rows, and log what is found.

    The models answer as they are served. The run gets the table `alternatives.json`, the same as
    `audit/less_discriminatory_alternatives.csv`, a figure, and tags. The comparison is counted as a
    look at the test split.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    asked : Asked
        The baseline and the candidates.
    trials : mapping of int to TrialResult
        The trials, by number.
    uris : mapping of int to str
        The models of the baseline and of the candidates.
    """
    rows, criteria, baseline = sweep.dataset.splits["test"], asked.criteria, asked.baseline
    found: tuple[Alternative, ...] = ()
    how, picture = "", b""
    if asked.candidates:
        found = _compare(sweep, asked, trials, uris)
        ids = [uris[each].removeprefix("models:/") for each in (baseline.trial, *asked.candidates)]
        digest = rows.split_digest(sweep.dataset.spec.protected[0].column)
        looks = log_looks_of(digest, ids)
        how = how_compared(len(found), "" if looks is None else str(looks))
        picture = to_png(plot_alternatives(found, criteria, baseline))
        log_pictures({ALTERNATIVES: picture})
    reads_group = sweep.plan.request.reads_group
    sentence = answer(baseline, found, criteria, len(rows), reads_group=reads_group)
    log_alternatives(alternatives_table(baseline, found, criteria))
    best = best_alternative(found)
    mlflow.set_tags(
        {
            SWEEP_BASELINE: str(baseline.trial),
            SWEEP_ALTERNATIVE: "not shown" if best is None else str(best.trial),
        }
    )
    return Answered(sentence, how, found, shown_table(found, criteria), picture)


def _compare(
    sweep: Sweep, asked: Asked, trials: Mapping[int, TrialResult], uris: Mapping[int, str]
) -> tuple[Alternative, ...]:
    test, protected = sweep.dataset.splits["test"], sweep.problem.protected
    _logger.info(
        "comparing %s with the baseline, trial %d, on the test rows",
        *(n_of(len(asked.candidates), "candidate"), asked.baseline.trial),
    )
    positions = tuple(column.positions(test.frame) for column in protected)
    rows = LabelledRows(protected, positions, test.label, test.weight, test.cluster)
    of_baseline = _answers(uris[asked.baseline.trial], test.frame).label
    confidence = confidence_of_each(len(asked.candidates))
    found = []
    for number in asked.candidates:
        answers = _answers(uris[number], test.frame)
        performance, distances = compare_labels(
            rows.pair(answers.label, of_baseline),
            asked.criteria,
            confidence=confidence,
            min_cell=sweep.plan.request.min_cell,
        )
        parameters = trials[number].parameters
        found.append(
            Alternative(
                number,
                str(parameters.get("mitigator", "none")),
                parameters_text(parameters),
                answers.reads_group,
                answers.randomised,
                performance,
                distances,
            )
        )
    return tuple(found)


@dataclass(frozen=True, eq=False)
class _Answers:
    """The labels that a model gives as it is served, and what it needs for them."""

    label: NDArray[np.int64]
    reads_group: bool
    randomised: bool


def _answers(uri: str, frame: pd.DataFrame) -> _Answers:
    opened = open_model(uri)
    model = load_model(opened.folder / ARTIFACT)
    label = opened.predict(frame)["prediction"].to_numpy()
    return _Answers(label, model.groups is not None, model.draws is not None)
