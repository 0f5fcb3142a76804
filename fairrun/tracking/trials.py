"""Log the trials of a sweep as child runs, and read them when the sweep is resumed.

A child run is written once, when its trial has ended. The child runs contain everything that is
needed to resume a sweep, so no other file is needed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import mlflow
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.utils.mlflow_tags import (
    MLFLOW_PARENT_RUN_ID,
    MLFLOW_RUN_NOTE,
    MLFLOW_SOURCE_NAME,
    MLFLOW_USER,
)

from fairrun.data import DatasetSpec
from fairrun.errors import RequestError
from fairrun.metrics import AnyCounts, counts_from_dict
from fairrun.sweep.space import Value
from fairrun.sweep.trial import TrialResult, make_classifier
from fairrun.tracking.datasets import dataset_tags
from fairrun.tracking.descriptions import as_code, escaped
from fairrun.tracking.metric_names import loggable, metrics_by_name
from fairrun.tracking.names import (
    COUNTS,
    ESTIMATOR,
    MITIGATOR,
    STAGE,
    SWEEP_CHOSEN,
    SWEEP_EXPERIMENT,
    SWEEP_FRONTIER,
    SWEEP_NOTES,
    SWEEP_PARAMETERS,
    SWEEP_REASON,
    SWEEP_STATE,
    SWEEP_TRIAL,
    TRIAL_SECONDS,
    parameter,
)
from fairrun.tracking.owners import process_tags
from fairrun.tracking.runs import parameter_text
from fairrun.tracking.store import impatient

__all__ = ["ChildRuns", "ReadTrials", "mark", "read_counts", "run_link", "trial_name"]

_STATUS = {"complete": "FINISHED", "failed": "FAILED", "pruned": "KILLED"}
#: The largest length of the reason in a tag, which the stores of MLflow accept.
_LONGEST = 1000


@dataclass(frozen=True)
class ReadTrials:
    """The trials that earlier processes of a sweep have logged.

    Attributes
    ----------
    results : list of TrialResult
        The results in the order of their numbers. Their counts are None; see `read_counts`.
    notes : dict of int to mapping
        Optuna's notes by number of the trial; see `Search.notes_of`.
    run_ids : dict of int to str
        The ids of the child runs by number of the trial.
    """

    results: list[TrialResult]
    notes: dict[int, dict[str, Any]]
    run_ids: dict[int, str]


class ChildRuns:
    """The child runs of a sweep.

    Parameters
    ----------
    parent : mlflow.entities.Run
        The run of the sweep. The child runs are in its experiment, unless a tag names another one.
    spec : DatasetSpec
        The data set of the sweep.
    seed : int
        The seed of the sweep.
    """

    def __init__(self, parent: Run, spec: DatasetSpec, seed: int) -> None:
        self._client = mlflow.MlflowClient()
        self._parent = parent
        self._experiment = parent.data.tags.get(SWEEP_EXPERIMENT, parent.info.experiment_id)
        self._spec = spec
        self._column = spec.protected[0].column
        self._seed = seed
        given = {MLFLOW_USER, MLFLOW_SOURCE_NAME}
        self._tags = (
            {name: text for name, text in parent.data.tags.items() if name in given}
            | {
                MLFLOW_PARENT_RUN_ID: parent.info.run_id,
            }
            | dataset_tags(spec)
            | process_tags()
        )

    def log(self, result: TrialResult, notes: Mapping[str, Any]) -> str:
        """Log a trial as a child run.

        The tag of the state is written last. A run without it was interrupted and is incomplete.

        Parameters
        ----------
        result : TrialResult
            The result of the trial.
        notes : mapping of str to object
            Optuna's notes; see `Search.notes_of`.

        Returns
        -------
        str
            The id of the child run.
        """
        ended = int(time.time() * 1000)
        parameters, stage = trial_parameters(self._spec, result.parameters, self._seed)
        mitigator = str(parameters[parameter("mitigator", "name")])
        created = self._client.create_run(
            self._experiment,
            start_time=ended - int(1000 * result.seconds),
            run_name=trial_name(result.number, mitigator),
            tags={**self._tags, SWEEP_TRIAL: str(result.number)},
        )
        run_id: str = created.info.run_id
        try:
            self._write(run_id, result, parameters, stage, notes, ended)
            self._client.set_terminated(run_id, _STATUS[result.state], ended)
        except Exception:
            # A resumed sweep deletes this run, or keeps it if only its end could not be written.
            # Until then it shall not look as if it were running.
            with suppress(Exception), impatient():
                self._client.set_terminated(run_id, "FAILED")
            raise
        return run_id

    def _write(
        self,
        run_id: str,
        result: TrialResult,
        parameters: Mapping[str, object],
        stage: str,
        notes: Mapping[str, Any],
        ended: int,
    ) -> None:
        """Log the content of a child run."""
        if result.counts is not None:
            counts = result.counts
            kept = counts.suppressed() if self._spec.sensitive else counts.to_dict()
            self._client.log_text(run_id, json.dumps(kept), COUNTS)
        metrics = loggable(result.metrics | {TRIAL_SECONDS: result.seconds}, self._column)
        tags = {
            MITIGATOR: str(parameters[parameter("mitigator", "name")]),
            STAGE: stage,
            ESTIMATOR: str(parameters[parameter("estimator", "name")]),
            SWEEP_PARAMETERS: json.dumps(dict(result.parameters)),
            SWEEP_NOTES: json.dumps(dict(notes)),
            SWEEP_REASON: result.reason[:_LONGEST],
            MLFLOW_RUN_NOTE: self._note(result),
            SWEEP_STATE: result.state,
        }
        self._client.log_batch(
            run_id,
            [Metric(name, value, ended, 0) for name, value in metrics.items()],
            [Param(name, parameter_text(value)) for name, value in parameters.items()],
            [RunTag(name, text) for name, text in tags.items() if text],
        )

    def _note(self, result: TrialResult) -> str:
        """Return the description of the run of a trial."""
        parent = self._parent.info
        sweep = run_link(str(parent.run_name), parent.experiment_id, parent.run_id)
        given = ", ".join(as_code(f"{name}={value}") for name, value in result.parameters.items())
        ended = {
            "complete": "Its metrics are about rows that did not fit it, and none of them is a "
            "test row.",
            "failed": f"It failed: {escaped(result.reason[:_LONGEST])}",
            "pruned": "It was stopped early, because others were better in every objective.",
        }
        return (
            f"Trial {result.number} of {sweep}, with {given or 'defaults'}. {ended[result.state]}"
        )

    def read(self, keys: Iterable[str] = ()) -> ReadTrials:
        """Read the logged trials, and delete child runs that are incomplete.

        Parameters
        ----------
        keys : iterable of str
            Metrics of columns whose names MLflow does not allow; see `metrics_by_name`.

        Returns
        -------
        ReadTrials
        """
        keys, read = list(keys), ReadTrials([], {}, {})
        for run in self._runs():
            tags, run_id = run.data.tags, run.info.run_id
            if SWEEP_STATE not in tags:
                self._client.delete_run(run_id)
                continue
            if run.info.status != _STATUS[tags[SWEEP_STATE]]:  # killed before it was ended
                self._client.set_terminated(run_id, _STATUS[tags[SWEEP_STATE]])
            number = int(tags[SWEEP_TRIAL])
            metrics = metrics_by_name(run.data.metrics, self._column, keys)
            read.results.append(
                TrialResult(
                    number=number,
                    parameters=json.loads(tags[SWEEP_PARAMETERS]),
                    state=tags[SWEEP_STATE],  # type: ignore[arg-type]
                    seconds=metrics.pop(TRIAL_SECONDS),
                    metrics=metrics,
                    reason=tags.get(SWEEP_REASON, ""),
                )
            )
            read.notes[number] = json.loads(tags[SWEEP_NOTES])
            read.run_ids[number] = run_id
        read.results.sort(key=lambda result: result.number)
        return read

    def unmark(self) -> None:
        """Delete the tags of an earlier choice, because a resumed sweep chooses again."""
        for run in self._runs():
            for name in (SWEEP_CHOSEN, SWEEP_FRONTIER):
                if name in run.data.tags:
                    self._client.delete_tag(run.info.run_id, name)

    def _runs(self) -> Iterable[Run]:
        of_parent = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{self._parent.info.run_id}'"
        token = None
        while True:
            page = self._client.search_runs([self._experiment], of_parent, page_token=token)
            yield from (run for run in page if SWEEP_TRIAL in run.data.tags)
            token = page.token
            if not token:
                return


def trial_name(number: int, mitigator: str) -> str:
    """Return the name of the run and of the model of a trial.

    Examples
    --------
    >>> trial_name(17, "reweighing")
    'trial 17 · reweighing'
    """
    return f"trial {number} · {mitigator}"


def run_link(text: str, experiment_id: str, run_id: str) -> str:
    """Return a link to a run for the descriptions of runs, also from another experiment."""
    return f"[{escaped(text)}](#/experiments/{experiment_id}/runs/{run_id})"


def trial_parameters(
    spec: DatasetSpec, parameters: Mapping[str, Value], seed: int
) -> tuple[dict[str, object], str]:
    """Return all parameters of a trial under the names that `train` logs, and its stage.

    Parameters
    ----------
    spec, parameters, seed
        See `make_classifier`.

    Returns
    -------
    parameters : dict of str to object
        All parameters by name. For a trial whose classifier cannot be created, these are the
        parameters of the space.
    stage : str
        The stages of the mitigator, for example "pre+post".
    """
    try:
        recipe = make_classifier(spec, parameters, seed).recipe()
    except RequestError:  # the trial has failed, and its run shows the requested parameters
        named: dict[str, object] = {
            parameter("mitigator", "name"): parameters.get("mitigator", "none"),
            parameter("estimator", "name"): parameters.get("estimator", "logistic_regression"),
        }
        return named | {parameter("sweep", n): value for n, value in parameters.items()}, "none"
    return recipe.to_parameters(), recipe.mitigation.stage


def read_counts(run_id: str) -> AnyCounts:
    """Return the counts, weighted or not, that a child run has logged."""
    return counts_from_dict(mlflow.artifacts.load_dict(f"runs:/{run_id}/{COUNTS}"))


def mark(run_id: str, tags: Mapping[str, str]) -> None:
    """Set tags of a run, which need not be active."""
    client = mlflow.MlflowClient()
    client.log_batch(run_id, tags=[RunTag(name, text) for name, text in tags.items()])
