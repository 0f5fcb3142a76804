"""Fit the models of a sweep's frontier again, log them, and compare them on the same rows."""

from __future__ import annotations

import logging
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data import Rows
from fairrun.errors import RequestError
from fairrun.inference import InferenceModel
from fairrun.metrics import compare_predictions, count_rows, hidden_groups
from fairrun.models.log import log_model
from fairrun.models.open import open_model
from fairrun.sweep.trial import Problem, TrialResult
from fairrun.text import n_of
from fairrun.tracking.names import FRONTIER_DIFFERENCES, SWEEP_MODEL
from fairrun.tracking.sweeps import put_table
from fairrun.tracking.trial_models import (
    MODEL_STEP,
    link_headlines,
    logged_model,
    model_of_trial,
)
from fairrun.tracking.trials import mark, read_counts, trial_name

__all__ = ["Refits"]

_logger = logging.getLogger(__name__)


class Refits:
    """The refitting of trials, whose models are logged to the runs of the trials.

    Rows are encoded once, and intermediate results that trials share are computed once.

    Parameters
    ----------
    problem : Problem
        The rows of the sweep. With cross-validation, the models are fitted on all of them.
    """

    def __init__(self, problem: Problem) -> None:
        fit_on, self._held_out = problem.rows, None
        if len(problem.parts) == 1:
            fit_on, self._held_out = (problem.rows.take(part) for part in problem.parts[0])
        self._problem = problem
        self._rows = problem.classifier({}).encode(fit_on.frame, fit_on.label, fit_on.sample_weight)
        self._memory: dict[str, Any] = {}
        self._labels: dict[int, NDArray[np.int64]] = {}
        self._logged: dict[int, str] = {}

    def log(self, trial: TrialResult, run_id: str, progress: str, *, chosen: bool) -> str:
        """Return the URI of a trial's model, and log it if an earlier process has not done so.

        The model has the name of its trial, so that a list of models tells them apart. It is in the
        experiment of its trial. The chosen one is in that of the sweep, because MLflow shows a
        model beside a sweep or an evaluation only if both are in one experiment.

        Parameters
        ----------
        trial : TrialResult
            The trial.
        run_id : str
            The run of the trial.
        progress : str
            The beginning of the line that says so.
        chosen : bool
            Whether this is the chosen trial.
        """
        before = mlflow.get_run(run_id)
        active = mlflow.active_run()
        assert active is not None  # noqa: S101  a sweep has an open run
        beside = active.info.experiment_id if chosen else before.info.experiment_id
        if uri := logged_model(before, beside):
            self._logged[trial.number] = uri
            return uri
        problem, mitigator = self._problem, str(trial.parameters.get("mitigator", "none"))
        name = trial_name(trial.number, mitigator)
        _logger.info("%s fitting %s again", progress, name)
        classifier = problem.classifier(trial.parameters)
        model = classifier.fit_encoded(self._rows, self._memory).inference_
        if self._held_out is not None:
            self._check(model, trial, run_id, self._held_out)
        constraint = classifier.recipe().mitigation.constraint
        with model_of_trial(before, beside):
            logged = log_model(
                *(model, problem.spec, problem.protected, mitigator, constraint),
                name=name,
                run_id=run_id,
                step=MODEL_STEP,
            )
            link_headlines(before, logged.model_id)
            mark(run_id, {SWEEP_MODEL: logged.uri})
        return logged.uri

    def _check(self, model: InferenceModel, trial: TrialResult, run_id: str, rows: Rows) -> None:
        """Log a warning if the refitted model gives other labels, as other versions may do."""
        labels = model.predict(rows.frame)["prediction"].to_numpy()
        self._labels[trial.number] = labels
        protected = self._problem.protected
        positions = [column.positions(rows.frame) for column in protected]
        again = count_rows(protected, positions, rows.label, labels, rows.weight)
        counts = trial.counts or read_counts(run_id)
        if (again.table != counts.table).any():
            _logger.warning(
                "warning: the refitted model of trial %d gives other labels than the trial; "
                "were packages updated since?",
                trial.number,
            )

    def compare_with(self, chosen: int, min_cell: int = 1) -> None:
        """Log how the other logged models differ from the chosen one on the same rows.

        Both labels of a row are counted together, so that errors which two models share cancel. It
        needs rows that did not fit the models. The differences are those of `compare_predictions`,
        which `compare` uses, too. The groups are not compared if a number about fewer than
        `min_cell` rows would be shown.
        """
        rows = self._held_out
        if rows is None:
            return
        labels = self._labels | self._labels_of_logged(rows)
        others = [number for number in sorted(labels) if number != chosen]
        if chosen not in labels or not others:
            return
        protected = self._problem.protected
        positions = [column.positions(rows.frame) for column in protected]
        counts = count_rows(protected, positions, rows.label, labels[chosen], rows.weight)
        hidden = hidden_groups(counts, min_cell, unknown=True)
        first = protected[0]
        is_compared = not hidden.reason(first.name, *first.group_names)
        found = []
        for number in others:
            differences = compare_predictions(
                *([first], positions[:1], rows.label, labels[number], labels[chosen]),
                weight=rows.weight,
                cluster=rows.cluster,
            )
            table = differences.rates.query("protected == '' and metric == 'accuracy'")
            if is_compared:
                parity = differences.compared.query("metric == 'statistical_parity'")
                table = pd.concat([table, parity])
            table = table[["metric", "value", "ci_low", "ci_high"]]
            found.append(table.assign(trial=number, chosen=chosen))
        table = pd.concat(found, ignore_index=True)
        put_table(FRONTIER_DIFFERENCES, table[["trial", "chosen", *table.columns[:4]]])
        accuracy = table[table["metric"] == "accuracy"]
        accuracy = accuracy[accuracy["ci_low"].notna()]
        alike = accuracy[(accuracy["ci_low"] <= 0) & (accuracy["ci_high"] >= 0)]
        if len(alike):
            _logger.info(
                "%d of %s cannot be told from the chosen one in "
                "accuracy (95 %% intervals of the differences on the same rows: %s.json)",
                *(len(alike), n_of(len(accuracy), "other logged model"), FRONTIER_DIFFERENCES),
            )

    def _labels_of_logged(self, rows: Rows) -> dict[int, NDArray[np.int64]]:
        """Return the labels that models give which an earlier process of the sweep has logged."""
        found = {}
        for number, uri in self._logged.items():
            try:
                found[number] = open_model(uri).predict(rows.frame)["prediction"].to_numpy()
            except RequestError as error:
                _logger.warning(
                    "warning: the model of trial %d is not compared with the chosen one, because "
                    "it cannot be opened: %s",
                    *(number, error),
                )
        return found
